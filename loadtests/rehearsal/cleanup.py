"""
Clean up after a rehearsal: tell the shop to remove the orders that it made, by an address or by a command of its own.

What the orders are known by is the run's tag (every request bore it in the header Waiting-Room-Rehearsal) and the
e-mail addresses at rehearsal.example.
"""

import json
import os
import secrets
import shlex
import shutil
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from loadtests.engine.hosts import may_load
from waiting_room.errors import Fault
from waiting_room.wire import REHEARSAL_HEADER

MAIL_DOMAIN: Final = "rehearsal.example"
WITHIN_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class CleanedUp:
    """
    Say what came of a cleaning up.

    Args:
        ok: whether the shop said that it was done.
        what: in words, for the report.
    """

    ok: bool
    what: str


def fresh_run_id() -> str:
    """
    Return what tells a rehearsal's orders from those of every other one, also of the same seed: a clean-up goes by it.
    """
    return secrets.token_hex(4)


def clean_up_faults(hook: Any, where: str, allowed: Sequence[str]) -> Iterator[Fault]:
    """
    Yield what forbids the hook: an address is only called on this machine and on hosts that were named on purpose.
    """
    if not isinstance(hook, str) or not hook.strip():
        yield Fault(where, f"must be an address or a command, is {hook!r}", "for example https://shop.example/clean-up")
        return
    if _is_address(hook):
        host = urlsplit(hook).hostname or ""
        if "@" in urlsplit(hook).netloc:
            remedy = "leave it out; a hook at --target's own address is sent what stands in --header-file"
            yield Fault(where, "has a user or a password in its address", remedy)
        elif not may_load(host, allowed):
            yield Fault(where, f"{host} is not this machine", f"if it is yours, say --allow-host {host}")
        return
    try:
        program = shlex.split(hook)[0]
    except ValueError as error:
        yield Fault(where, f"is no command ({error})", "mind the quotes")
        return
    if shutil.which(program) is None:
        yield Fault(where, f"{program!r} is no program on this machine", "give its path, and make it executable")


def clean_up(
    hook: str, tags: Sequence[str], within_s: float = WITHIN_S, headers: Mapping[str, str] | None = None
) -> CleanedUp:
    """
    Return what the shop said to cleaning up after the runs with these *tags*; nothing is raised.

    An address is sent a POST of {"rehearsals": [tag, …], "mail_domain": "rehearsal.example"}, with the first tag in the
    header Waiting-Room-Rehearsal. A command is run without a shell, with the tags as its last arguments.

    Args:
        hook: an http(s) address, or a command line.
        tags: the values of the header Waiting-Room-Rehearsal that the runs bore.
        within_s: how long it may take; a command is ended then.
        headers: what an address is sent besides, and nobody to whom it leads on.
    """
    return _call(hook, tags, within_s, headers or {}) if _is_address(hook) else _command(hook, tags, within_s)


def _is_address(hook: str) -> bool:
    return hook.startswith(("http://", "https://"))


def _call(url: str, tags: Sequence[str], within_s: float, more: Mapping[str, str]) -> CleanedUp:
    body = json.dumps({"rehearsals": list(tags), "mail_domain": MAIL_DOMAIN}).encode()
    headers = {"Content-Type": "application/json", REHEARSAL_HEADER: tags[0] if tags else ""}
    request = urllib.request.Request(url, body, headers, method="POST")  # noqa: S310 - http(s), as checked
    for name, value in more.items():
        request.add_unredirected_header(name, value)
    try:
        with urllib.request.urlopen(request, timeout=within_s) as answer:  # noqa: S310
            return CleanedUp(ok=True, what=f"{url} answered {answer.status}")
    except urllib.error.HTTPError as error:
        error.close()
        return CleanedUp(ok=False, what=f"{url} answered {error.code}")
    except (OSError, ValueError) as error:
        return CleanedUp(ok=False, what=f"{url} did not answer ({error})")


def _command(line: str, tags: Sequence[str], within_s: float) -> CleanedUp:
    try:
        process = subprocess.Popen([*shlex.split(line), *tags], stdin=subprocess.DEVNULL, start_new_session=True)
    except (OSError, ValueError) as error:
        return CleanedUp(ok=False, what=f"{line} could not be started ({error})")
    try:
        code = process.wait(within_s)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return CleanedUp(ok=False, what=f"{line} was not done within {within_s:g} s, and was ended")
    return CleanedUp(ok=code == 0, what=f"{line} ended with {code}")
