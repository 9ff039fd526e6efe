"""
``waiting-room audit``: check a room's admission log, and take it away.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

import click

from waiting_room.cli.lazy import EXIT_FAILED
from waiting_room.cli.lobbies import run_with_lobby
from waiting_room.cli.options import AnyFunction, config_option, json_option, read_settings, redis_option
from waiting_room.core.audit import Head
from waiting_room.core.proof import Verdict, verify
from waiting_room.errors import RoomUnknownError, WaitingRoomError
from waiting_room.lobby import Lobby

PATIENCE_S: Final = 10
_SHOWN: Final = 50
"""So many flaws are shown to people; --json names more."""


class SourceError(WaitingRoomError):
    """
    Say that a log cannot be read from where it should be.
    """

    def __init__(self, source: str, why: object) -> None:
        super().__init__(f"{source}: {why}")


class Log(NamedTuple):
    """
    Hold the lines of a room's log, and the head that the room states.
    """

    lines: list[str]
    head: Head


@click.group()
def audit() -> None:
    """
    Check a room's admission log, and take it away.
    """


def source_options(function: AnyFunction) -> AnyFunction:
    """
    Add the options that lead to the log of a live room.
    """
    function = click.option(
        "--url", metavar="URL", help="Ask the service at this address instead of Redis, with server.admin_token."
    )(function)
    return config_option(redis_option(function))


@audit.command(name="verify")
@click.option("--file", "file", metavar="FILE", help="The log, as `audit export` wrote it; - is standard input.")
@click.option("--room", metavar="NAME", help="The room whose log is checked where it stands.")
@click.option(
    "--head",
    "heads",
    multiple=True,
    metavar="SEQUENCE:HASH",
    help="A head that the room has published, as `audit_head` in its state.json; may be given many times.",
)
@source_options
@json_option
def verify_(
    file: str | None,
    room: str | None,
    heads: tuple[str, ...],
    config_file: str | None,
    redis_url: str | None,
    url: str | None,
    as_json: bool,
) -> None:
    """
    Prove that no window exceeded the rate, no seat the capacity, and that nobody overtook; or name what is broken.

    With --room the log is read where the room stands, and held against the head that it states. With --file nothing is
    asked of anybody: give the heads that you noted while the sale went on.

    What went in while the room was in shadow, without any bound, or in a calm standby, with a burst of ten seconds, is
    named as such.

    Exit code 0: proven. 1: broken, with every flaw. 4: Redis cannot be reached.
    """
    if (file is None) == (room is None):
        raise click.UsageError("say which log: --file FILE, or --room NAME")
    published = [_head(text) for text in heads]
    if room is not None:
        log = _read(room, config_file, redis_url, url)
        verdict = verify(log.lines, [*published, log.head])
    else:
        with _opened(str(file)) as lines:
            verdict = verify(lines, published)
    if as_json:
        head = str(verdict.head)
        click.echo(json.dumps({"ok": verdict.proven, **asdict(verdict), "head": head}, ensure_ascii=False))
    else:
        click.echo("\n".join(_told(verdict)))
    if not verdict.proven:
        click.get_current_context().exit(EXIT_FAILED)


@audit.command()
@click.option("--room", metavar="NAME", required=True, help="The room whose log is written.")
@source_options
def export(room: str, config_file: str | None, redis_url: str | None, url: str | None) -> None:
    """
    Write a room's log to standard output, a record a line, and its head to standard error.

    Each line names the SHA-256 of the line before.
    """
    log = _read(room, config_file, redis_url, url)
    for line in log.lines:
        click.echo(line)
    click.echo(f"{len(log.lines)} records of {room}; the head is {log.head}", err=True)


def _head(text: str) -> Head:
    try:
        return Head.parse(text)
    except ValueError as error:
        raise click.UsageError(f"--head: {error}") from error


@contextmanager
def _opened(file: str) -> Iterator[Iterable[str]]:
    """
    Open a log; what cannot be decoded cannot be a record, and is found as such.
    """
    try:
        with click.open_file(file, encoding="utf-8", errors="replace") as lines:
            yield (line.removesuffix("\n") for line in lines)
    except OSError as error:
        raise SourceError(file, error.strerror or error) from error


def _read(room: str, config_file: str | None, redis_url: str | None, url: str | None) -> Log:
    """
    Return the log of a live room.
    """
    if url is not None and redis_url is not None:
        raise click.UsageError("--url or --redis-url: one of the two")
    if url is not None:
        return _fetch(room, url, read_settings(config_file).server.admin_token)
    return run_with_lobby(lambda lobby: _take(lobby, room), config_file, redis_url)


async def _take(lobby: Lobby, room: str) -> Log:
    if room not in await lobby.store.rooms():
        raise RoomUnknownError(room)
    await lobby.refresh(room)
    lines, after = list[str](), 0
    while page := await lobby.audit(room, after):
        lines += (text for _, text in page)
        after = page[-1][0]
    return Log(lines, lobby.room(room).view.snapshot.head)


def _fetch(room: str, url: str, token: str | None) -> Log:
    """
    Return the log as the service at *url* tells it, page after page.
    """
    if token is None:
        raise click.UsageError(
            "--url needs server.admin_token, as WAITING_ROOM_SERVER__ADMIN_TOKEN or in --config FILE"
        )
    if not url.startswith(("http://", "https://")):
        raise click.UsageError("--url: give an address that begins with https:// or http://")
    base = f"{url.rstrip('/')}/admin/api/v1/rooms/{quote(room, safe='')}/audit"
    lines, head, after = list[str](), None, 0
    while True:
        page = _get(f"{base}?after={after}", token)
        head = head or Head.parse(page["head"])
        lines += page["records"]
        if page["next"] is None:
            return Log(lines, head)
        after = page["next"]


def _get(address: str, token: str) -> dict[str, Any]:
    request = Request(address, headers={"Authorization": f"Bearer {token}"})  # noqa: S310 - http or https, see above
    try:
        with urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310
            document: dict[str, Any] = json.load(answer)
    except (OSError, URLError, ValueError) as error:
        raise SourceError(address, error) from error
    return document


def _told(verdict: Verdict) -> Iterator[str]:
    """
    Yield the verdict in words.
    """
    name = verdict.room or "the log"
    count = len(verdict.flaws)
    what = f"proven{_exceptions(verdict)}" if verdict.proven else f"BROKEN, {count} {'flaw' if count == 1 else 'flaws'}"
    yield f"{name}: {what}; {_extent(verdict)}"
    most = ", ".join(f"{number:,} in any {seconds} s" for seconds, number in verdict.most.items())
    yield f"{verdict.admitted:,} were let in: at most {most}; at most {verdict.most_seats:,} were inside"
    yield f"head {verdict.head}"
    yield from (f"note: {note}" for note in verdict.notes)
    yield from (f"flaw: {flaw}" for flaw in verdict.flaws[:_SHOWN])
    if count > _SHOWN:
        yield f"and {count - _SHOWN:,} more: --json names them"


def _exceptions(verdict: Verdict) -> str:
    """
    Return for how many the bounds are not proven that a room keeps in a queue; the notes say where.
    """
    parts: list[str] = []
    for depth_ms in sorted({stretch.depth_ms for stretch in verdict.stretches}):
        admitted = sum(stretch.admitted for stretch in verdict.stretches if stretch.depth_ms == depth_ms)
        bound = f"with a burst of {depth_ms / 1000:g} s" if depth_ms else "without any bound"
        parts += [f"{admitted:,} let in {bound}"] if admitted else []
    return f", but for {' and '.join(parts)}" if parts else ""


def _extent(verdict: Verdict) -> str:
    """
    Return which records there are, and of which time.
    """
    if not verdict.records:
        return "the log is empty"
    if not verdict.from_ms:
        return "no line of it is a record"
    when = f"{_time(verdict.from_ms)} to {_time(verdict.until_ms)}"
    return f"records {verdict.first} to {verdict.last}, {when}"


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
