"""
The command line as a whole: its help, its exit codes, its plug-ins.
"""

import json
import subprocess
import sys
from importlib.metadata import EntryPoint, EntryPoints

import click
import pytest

from tests.cli.command import run, run_process
from waiting_room import __version__
from waiting_room.cli import COMMANDS, main
from waiting_room.cli.lazy import PLUGIN_SUMMARIES, exit_code
from waiting_room.errors import (
    ConfigError,
    Fault,
    PolicyError,
    RoomUnknownError,
    StoreEmptyError,
    StoreUnavailableError,
    WaitingRoomError,
)

HELPED = """
import sys
slow = {"socket", "subprocess", "os.fork", "os.posix_spawn", "os.system"}
heard = []
sys.addaudithook(lambda event, _: heard.append(event) if {event, event.partition(".")[0]} & slow else None)
import waiting_room.cli
try:
    waiting_room.cli.main(["--help"])
except SystemExit:
    print(sorted({"pydantic", "aiohttp", "redis", "asyncio"} & set(sys.modules)), file=sys.stderr)
    print(heard, file=sys.stderr)
"""


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_lists_the_commands(flag: str) -> None:
    """
    The help names our own commands, examples and exit codes, on standard output.
    """
    shown = run(flag)

    assert shown.code == 0
    assert all(f"\n  {name} " in shown.out for name in COMMANDS)
    assert "Exit codes: 0 fine" in shown.out


def test_the_version_is_the_package_s() -> None:
    """
    --version prints one line for programs to read.
    """
    assert run("--version").out == f"waiting-room {__version__}\n"


def test_help_is_quick() -> None:
    """
    Nothing heavy is imported for it, no address is looked up, no server waited for and no program started.
    """
    done = subprocess.run([sys.executable, "-c", HELPED], capture_output=True, text=True, check=True)

    assert done.stderr.splitlines() == ["[]", "[]"]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_what_the_command_says(name: str) -> None:
    """
    The line in the list of commands, written apart so that nothing is imported, begins the command's own help.
    """
    command = main.get_command(click.Context(main), name)

    assert command is not None
    assert (command.help or "").split("\n\n")[0].replace("\n", " ").strip() == COMMANDS[name].summary


def test_no_command_is_a_usage_error_with_help() -> None:
    """
    The bare command shows its help and ends with 2.
    """
    shown = run()

    assert shown.code == 2
    assert "Commands:" in shown.out + shown.err


@pytest.mark.parametrize("arguments", [("nonsense",), ("serve", "--nonsense"), ("room", "create")])
def test_wrong_usage_ends_with_2(arguments: tuple[str, ...]) -> None:
    """
    Unknown commands, unknown options and missing arguments are told on standard error.
    """
    shown = run(*arguments)

    assert (shown.code, shown.out) == (2, "")
    assert "Usage: waiting-room" in shown.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError((Fault("a", "b"),)), 3),
        (StoreUnavailableError("refused", "x"), 4),
        (StoreEmptyError("sale"), 1),
        (RoomUnknownError("sale"), 1),
        (PolicyError((Fault("a", "b"),)), 1),
        (WaitingRoomError("x"), 1),
    ],
)
def test_every_error_has_its_exit_code(error: WaitingRoomError, code: int) -> None:
    """
    3 stands for the configuration, 4 for Redis, 1 for what could not be done.
    """
    assert exit_code(error) == code


def test_an_interrupted_command_ends_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Ctrl-C is no stack trace.
    """

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("waiting_room.cli.config.read_settings", interrupted)
    shown = run("config", "check")

    assert shown.code == 130
    assert shown.err.strip() == "interrupted"


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Stand in for installed entry points: one that loads, one whose packages are missing.
    """
    found = EntryPoints(
        [
            EntryPoint("demo", "tests.cli.plugin:demo", "waiting_room.commands"),
            EntryPoint("rehearse", "no_such_package.cli:rehearse", "waiting_room.commands"),
        ]
    )
    monkeypatch.setattr("waiting_room.cli.lazy.entry_points", lambda group: found.select(group=group))


@pytest.mark.usefixtures("plugins")
def test_plugins_are_listed_without_being_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The help names the commands of other packages, also those that cannot be imported.
    """
    monkeypatch.delitem(sys.modules, "tests.cli.plugin", raising=False)
    shown = run("--help").out

    assert f"rehearse  {PLUGIN_SUMMARIES['rehearse']}" in shown
    assert "tests.cli.plugin" not in sys.modules


@pytest.mark.usefixtures("plugins")
def test_a_plugin_runs() -> None:
    """
    A command of another package is called with its arguments.
    """
    assert run("demo", "--loud").out == "demo loud\n"


@pytest.mark.usefixtures("plugins")
@pytest.mark.parametrize("arguments", [("rehearse",), ("rehearse", "--out", "x", "-q"), ("rehearse", "--help")])
def test_a_plugin_that_lacks_its_packages_says_what_to_install(arguments: tuple[str, ...]) -> None:
    """
    Whatever its arguments, the answer is what to install.
    """
    shown = run(*arguments)

    assert shown.code == 1
    assert "pip install 'waiting-room[loadtests]'" in shown.err
    assert "no_such_package" in shown.err


def test_the_module_is_the_command() -> None:
    """
    ``python -m waiting_room`` is the same program.
    """
    shown = run_process("config", "schema")

    assert json.loads(shown.out)["title"] == "waiting-room"
    assert shown.err == ""
