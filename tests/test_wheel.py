"""
What users install: the wheel, alone in a new environment, without the source beside it.
"""

import json
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from urllib.error import URLError
from urllib.request import Request, urlopen

import psutil
import pytest

from loadtests.rehearsal.processes import free_ports
from tests.beside import Stage, beside
from tests.source import PACKAGES, ROOT
from tests.waiting import PATIENCE_S, wait_until_sync

ROOM = """
[server]
secret_keys = ["k1:{key}"]
admin_token = "{key}"

[rooms.spring-sale]
capacity = 5
rate_per_minute = 600
target = "http://127.0.0.1/checkout"
allowed_hosts = ["127.0.0.1"]
"""


def install() -> tuple[Path, Path]:
    """
    Build the wheel, install it after the runtime lock into a new environment, and return both: wheel and programs.
    """
    folder = Path(mkdtemp(prefix="wheel"))
    run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder), folder=ROOT)
    (wheel,) = folder.glob("*.whl")
    run(sys.executable, "-m", "venv", "--without-pip", "venv", folder=folder)
    programs = folder / "venv" / "bin"
    pip = (sys.executable, "-m", "pip", "--python", str(programs / "python"), "--disable-pip-version-check", "install")
    run(*pip, "--require-hashes", "--requirement", str(ROOT / "requirements" / "runtime.txt"), folder=folder)
    run(*pip, "--no-deps", "--no-index", str(wheel), folder=folder)
    return wheel, programs


pytestmark = beside(install)


@pytest.fixture(scope="module")
def wheel(stage: Stage) -> Path:
    """
    Offer the wheel.
    """
    return stage.outcome(install)[0]


@pytest.fixture(scope="module")
def programs(stage: Stage) -> Path:
    """
    Offer the folder of the programs in an environment that holds the wheel and what it needs.
    """
    return stage.outcome(install)[1]


def run(*command: str, folder: Path) -> str:
    """
    Run a command in *folder*, in an environment without this project, and return what it printed.
    """
    done = subprocess.run(command, cwd=folder, env=bare_environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def bare_environment() -> dict[str, str]:
    """
    Return our environment without what points Python, or the service, at something of ours.
    """
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "WAITING_ROOM", "VIRTUAL"))
    }


@contextmanager
def serving(programs: Path, folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """
    Run `waiting-room serve` with the embedded Valkey, and hand out its process and address once it is ready.
    """
    config, log = folder / "waiting-room.toml", folder / "serve.log"
    config.write_text(ROOM.format(key="wheel-" * 8))
    [port] = free_ports(1)
    options = ("--config", str(config), "--host", "127.0.0.1", "--port", str(port))
    with log.open("wb") as messages:
        service = subprocess.Popen(
            [str(programs / "waiting-room"), "serve", *options],
            cwd=folder,
            env=bare_environment(),
            stdin=subprocess.DEVNULL,
            stdout=messages,
            stderr=messages,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until_sync(lambda: service.poll() is not None or is_ready(address), what="the service to be ready")
        assert service.poll() is None, log.read_text()
        yield service, address
    finally:
        if service.poll() is None:
            service.kill()
        service.wait()


def is_ready(address: str) -> bool:
    """
    Ask the service whether it is ready.
    """
    try:
        with urlopen(f"{address}/readyz", timeout=10) as answer:
            return bool(answer.status == 200)
    except (URLError, ConnectionError, TimeoutError):
        return False


def join(address: str) -> dict[str, object]:
    """
    Join the room as a client that keeps no cookies.
    """
    request = Request(f"{address}/waiting-room/spring-sale/join", data=b"", headers={"Accept": "application/json"})
    with urlopen(request, timeout=30) as answer:
        told = json.load(answer)
    assert isinstance(told, dict)
    return told


def test_the_wheel_holds_all_that_is_no_code() -> None:
    """
    The source folders hold nothing that the version control leaves out, which the wheel would leave out as well.
    """
    files = run("git", "ls-files", "--others", "--ignored", "--exclude-standard", *PACKAGES, folder=ROOT).splitlines()

    assert [name for name in files if "__pycache__" not in name] == []


def test_the_wheel_holds_every_file_of_the_packages(wheel: Path) -> None:
    """
    Templates, scripts, translations and type markers are in the wheel, and the licence is.
    """
    packed = set(zipfile.ZipFile(wheel).namelist())
    tracked = run("git", "ls-files", *PACKAGES, folder=ROOT).splitlines()

    assert [name for name in tracked if name not in packed and (ROOT / name).exists()] == []
    assert [name for name in packed if name.endswith("/licenses/LICENSE")]


def test_the_wheel_holds_the_openapi_document(wheel: Path) -> None:
    """
    As a file, for tools that read it where the package is installed.
    """
    with zipfile.ZipFile(wheel) as packed:
        assert packed.read("waiting_room/openapi.json") == (ROOT / "docs" / "openapi.json").read_bytes()


def test_the_installed_command_tells_its_verbs(programs: Path, tmp_path: Path) -> None:
    """
    `waiting-room --help` runs without the extras, and lists what it can do.
    """
    told = run(str(programs / "waiting-room"), "--help", folder=tmp_path)

    assert [verb for verb in ("serve", "room", "config", "rehearse", "demo") if verb not in told] == []


def test_a_rehearsal_without_its_extra_says_what_to_install(programs: Path, tmp_path: Path) -> None:
    """
    `waiting-room rehearse` needs Locust, and names the extra that brings it.
    """
    done = subprocess.run(
        [str(programs / "waiting-room"), "rehearse", "--out", str(tmp_path / "out")],
        cwd=tmp_path,
        env=bare_environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert "waiting-room[loadtests]" in done.stderr


def test_a_room_from_the_wheel_admits_and_stops_gracefully(programs: Path, tmp_path: Path) -> None:
    """
    A room served from the wheel with its embedded Valkey lets a visitor in, and SIGTERM ends all of it with code 0.
    """
    with serving(programs, tmp_path) as (service, address):
        # Where the store does not answer in time, a visitor is told to come again.
        told = wait_until_sync(lambda: joined if (joined := join(address))["pass"] else None, what="a pass")
        family = psutil.Process(service.pid).children(recursive=True)
        service.send_signal(signal.SIGTERM)
        code = service.wait(PATIENCE_S)
        _, left = psutil.wait_procs(family, timeout=PATIENCE_S)

    assert told is not None
    assert (told["state"], told["room"]) == ("admitted", "spring-sale")
    assert code == 0, (tmp_path / "serve.log").read_text()
    assert left == []
