"""
After a rehearsal the shop is told which orders to remove.
"""

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from loadtests.rehearsal.cleanup import clean_up, clean_up_faults, fresh_run_id

HEADERS = {"tag": "Waiting-Room-Rehearsal", "secret": "Authorization"}


@contextmanager
def shop(status: int) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """
    Serve a shop's hook, and hand out its address and what it was told.
    """
    told: list[dict[str, Any]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            sent = {name: self.headers[header] for name, header in HEADERS.items() if header in self.headers}
            told.append({**json.loads(body), **sent})
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """
            Say nothing.
            """

    with HTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/clean-up", told
        thread.join()


def test_address_is_told_the_tags_and_the_domain() -> None:
    """
    All runs' tags, and by which e-mail addresses orders are known.
    """
    with shop(204) as (url, told):
        assert clean_up(url, ["without_room-1", "with_room-1"]).ok
    assert told == [
        {
            "rehearsals": ["without_room-1", "with_room-1"],
            "mail_domain": "rehearsal.example",
            "tag": "without_room-1",
        }
    ]


def test_address_is_sent_the_headers_that_are_meant_for_it() -> None:
    """
    A hook of a shop behind a password stands behind it as well.
    """
    with shop(204) as (url, told):
        clean_up(url, ["a"], headers={"Authorization": "Basic bWU6cHc="})
    assert told[0]["secret"] == "Basic bWU6cHc="


def test_address_that_refuses_is_told() -> None:
    """
    What was not cleaned up must not pass for clean.
    """
    with shop(403) as (url, _told):
        found = clean_up(url, ["a"])
    assert (found.ok, found.what) == (False, f"{url} answered 403")


def test_address_where_nobody_listens_is_told() -> None:
    """
    Nothing is raised.
    """
    assert not clean_up("http://127.0.0.1:1/", ["a"], within_s=5).ok


def test_command_gets_the_tags_as_its_last_arguments(tmp_path: Path) -> None:
    """
    Without a shell in between.
    """
    out = tmp_path / "told"
    script = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_text(' '.join(sys.argv[2:]))"

    assert clean_up(f'{sys.executable} -c "{script}" {out}', ["a", "b; c"]).ok
    assert out.read_text() == "a b; c"


def test_command_that_fails_is_told() -> None:
    """
    With its exit code.
    """
    assert clean_up(f'{sys.executable} -c "raise SystemExit(3)"', []).what.endswith("ended with 3")


def test_command_that_does_not_end_is_ended() -> None:
    """
    A hook must not hold up the report.
    """
    found = clean_up(f'{sys.executable} -c "import signal; signal.pause()"', [], within_s=0.3)

    assert (found.ok, "was ended" in found.what) == (False, True)


def test_command_that_is_not_there_is_told() -> None:
    """
    Nothing is raised.
    """
    assert "could not be started" in clean_up("/no/such/command", ["a"]).what


def test_no_two_rehearsals_have_the_same_id() -> None:
    """
    What one of them left is not taken for the other's.
    """
    assert fresh_run_id() != fresh_run_id()


@pytest.mark.parametrize(
    ("hook", "fault"),
    [
        ("https://shop.example/clean", "shop.example is not this machine"),
        ("", "must be an address or a command"),
        (7, "must be an address or a command"),
        ("https://me:pw@other.example/clean", "has a user or a password in its address"),
        ("tidy 'up", "is no command"),
        ("no-such-program --now", "'no-such-program' is no program on this machine"),
        ("/dev/null --now", "'/dev/null' is no program on this machine"),
        ("''", "'' is no program on this machine"),
    ],
)
def test_hook_that_must_not_be_called_is_refused(hook: object, fault: str) -> None:
    """
    A stranger's host, nothing at all, and what cannot be run.
    """
    [found] = clean_up_faults(hook, "shop.clean_up", ["other.example"])
    assert fault in found.what


@pytest.mark.parametrize(
    "hook", ["http://127.0.0.1:8081/clean", "https://shop.example/clean", f"{sys.executable} -c 1"]
)
def test_sound_hook_has_no_fault(hook: str) -> None:
    """
    On this machine, a host that was named, a command.
    """
    assert list(clean_up_faults(hook, "shop.clean_up", ["shop.example"])) == []
