"""
The command line: faults all at once, and the guard before strangers' shops.
"""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from loadtests.cli.demo import demo
from loadtests.cli.rehearse import rehearse
from loadtests.engine.header_file import HeaderFile
from loadtests.engine.hosts import is_loopback
from loadtests.rehearsal.holding import held
from loadtests.rehearsal.target import Target, target_faults


def refused(*arguments: str) -> str:
    """
    Return the message of a command line that must be refused as wrong usage.
    """
    done = CliRunner().invoke(rehearse, arguments)
    assert done.exit_code == 2, done.output
    return done.output


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    """
    Nobody mends one option only to learn of the next.
    """
    file = tmp_path / "taken"
    file.write_text("")
    text = refused("--out", str(file), "--seed", "x", "--target", "https://shop.example", "--capacity", "-3")
    for fault in ("--out", "--seed: 'x' is no whole number", "--allow-host shop.example", "--capacity: '-3'"):
        assert fault in text


def test_a_strangers_shop_is_not_loaded() -> None:
    """
    Only this machine, or what was named on purpose.
    """
    assert "--allow-host shop.example" in refused("--target", "http://shop.example", "--capacity", "5")
    assert not list(target_faults("https://shop.example", None, ["shop.example"]))


@pytest.mark.parametrize("command", [("--capacity", "5"), ("run", "baseline"), ("capacity",)])
def test_a_password_in_an_address_is_refused_and_not_repeated(command: tuple[str, ...]) -> None:
    """
    It would stand in the report; and no shop would have been asked with it.
    """
    text = refused(*command, "--target", "http://me:hunter2@127.0.0.1:9")
    assert "--target: has a user or a password in its address" in text
    assert "--header-file" in text
    assert "hunter2" not in text


@pytest.mark.parametrize("command", [("--capacity", "5"), ("run", "baseline"), ("capacity",)])
def test_a_file_that_holds_no_headers_is_refused_and_not_repeated(command: tuple[str, ...], tmp_path: Path) -> None:
    """
    Before anything is started, and by the line.
    """
    file = tmp_path / "headers"
    file.write_text("hunter2\n")
    text = refused(*command, "--target", "http://127.0.0.1:9", "--header-file", str(file))
    assert "headers:1: is no header" in text
    assert "hunter2" not in text


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://shop.example/waiting-room/sale/state.json", True),
        ("https://shop.example:443/clean-up", True),
        ("http://shop.example/clean-up", False),
        ("https://shop.example:8443/clean-up", False),
        ("https://room.example/waiting-room/sale", False),
        ("wp rehearsal clean", False),
    ],
)
def test_a_password_goes_to_the_shop_alone(url: str, sent: bool) -> None:
    """
    To its scheme, host and port, as in a browser.
    """
    file = HeaderFile("secrets", {"Authorization": "Basic bWU6cHc="})
    target = Target("https://Shop.example/", 5.0, None, header_file=file)

    assert target.headers_for(url) == (file.headers if sent else {})
    assert "bWU6cHc=" not in repr(target)


def test_the_rooms_host_is_guarded_as_well() -> None:
    """
    Those who wait are load, too.
    """
    faults = list(target_faults("http://127.0.0.1:1", "http://room.example/waiting-room/sale", []))
    assert [fault.where for fault in faults] == ["--room-url"]


def test_a_target_needs_a_capacity() -> None:
    """
    Nothing is assumed about a shop of the user's: it is told or measured.
    """
    assert "--measure-capacity" in refused("--target", "http://127.0.0.1:9")
    assert "contradicts" in refused("--target", "http://127.0.0.1:9", "--capacity", "5", "--measure-capacity")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--capacity", "3"),
        ("--measure-capacity",),
        ("--room-url", "http://127.0.0.1/waiting-room/x"),
        ("--allow-host", "a"),
        ("--header-file", __file__),
    ],
)
def test_options_for_a_target_need_one(arguments: tuple[str, ...]) -> None:
    """
    Where they would be ignored they are refused.
    """
    assert "goes with --target" in refused(*arguments)


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("localhost", True),
        ("localhost.example", False),
        ("127.0.0.1.example", False),
        ("10.0.0.1", False),
        ("0.0.0.0", False),  # noqa: S104 -- it is refused
    ],
)
def test_loopback_is_told_by_address_not_by_look(host: str, ours: bool) -> None:
    """
    A name that only begins like this machine is another one.
    """
    assert is_loopback(host) is ours


def test_the_demo_refuses_no_seats() -> None:
    """
    A shop without seats would show nothing but waiting.
    """
    done = CliRunner().invoke(demo, ["--seats", "0"])
    assert done.exit_code == 2
    assert "--seats" in done.output


def test_help_says_what_the_exit_codes_mean() -> None:
    """
    A pipeline's author finds them where the options are.
    """
    text = CliRunner().invoke(rehearse, ["--help"]).output
    for code in ("0 all limits held", "6", "130"):
        assert code in text


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "baseline", "--out"),
        ("compare", ".", ".", "--html"),
        ("calibrate", "--out"),
        ("capacity", "--out"),
        ("--out",),
    ],
)
def test_a_place_below_a_file_is_refused_before_anything_is_started(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Whoever mistypes a folder learns of it at once, not from a traceback after the run.
    """
    result = {"runs": {}, "verdict": "pass", "thresholds": [], "reasons": [], "settings": {}, "versions": {}}
    (tmp_path / "rehearsal.json").write_text(json.dumps(result))
    monkeypatch.chdir(tmp_path)

    assert "rehearsal.json" in refused(*arguments, "rehearsal.json/below/it")


@pytest.mark.parametrize(
    "arguments", [("run", "baseline", "--capacity", "9"), ("--quick",), ("capacity",), ("calibrate",)]
)
def test_a_place_that_exists_and_takes_no_file_is_refused_before_anything_is_started(
    arguments: tuple[str, ...],
) -> None:
    """
    It once ended in a traceback, with the exit code of a limit that did not hold.
    """
    file = "/x" if arguments == ("calibrate",) else ""
    text = refused(*arguments, "--out", f"/proc/self{file}")
    assert "--out: /proc/self cannot be written to" in text
    assert "name a directory that you may write to" in text


@pytest.mark.parametrize("arguments", [("run", "baseline", "--capacity", "9"), ("--quick",), ("capacity",)])
def test_a_folder_in_which_another_rehearsal_writes_is_refused(arguments: tuple[str, ...], tmp_path: Path) -> None:
    """
    Two in one folder would write over each other's databases and results.
    """
    with held(tmp_path):
        text = refused(*arguments, "--out", str(tmp_path))
    assert f"another rehearsal writes there (pid {os.getpid()})" in text
    assert [file.name for file in tmp_path.iterdir()] == [".lock"]


def test_a_lock_that_was_left_behind_keeps_nobody_out(tmp_path: Path) -> None:
    """
    It ends with the process that held it, and who comes next needs to remove nothing.
    """
    (tmp_path / ".lock").write_text("1\n")
    with held(tmp_path):
        assert (tmp_path / ".lock").read_text() == f"{os.getpid()}\n"
    with held(tmp_path):
        pass


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("run", ()),
        ("show", ()),
        ("simulate", ()),
        ("predict", ("--seed", "1")),
    ],
)
def test_more_people_than_can_be_drawn_are_refused(command: str, options: tuple[str, ...]) -> None:
    """
    By every command that draws them one by one; the mean of all crowds has no limit.
    """
    done = CliRunner().invoke(rehearse, (command, "baseline", "--scale", "1e9", *options))

    assert done.exit_code == 2
    assert "asks for 480,000,000,000 shoppers, more than 2,000,000" in done.output
