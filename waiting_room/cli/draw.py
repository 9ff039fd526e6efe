"""
``waiting-room draw verify``: anybody recomputes a place from what a room published, without asking the room's operator.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.request import urlopen

import click

from waiting_room.cli.lazy import EXIT_FAILED
from waiting_room.cli.options import json_option
from waiting_room.core.draw import Draw, DrawError, verify
from waiting_room.core.lanes import STANDARD_LANE
from waiting_room.core.prequeue import source_faults
from waiting_room.errors import Fault, TokenError, WaitingRoomError
from waiting_room.tokens import peek

PATIENCE_S: Final = 10
MOST_BYTES: Final = 1_000_000


class SourceError(WaitingRoomError):
    """
    Say that the published values cannot be read from where they should be.
    """

    def __init__(self, source: str, why: object) -> None:
        super().__init__(f"{source}: {why}; give the address of a room's state.json, or a file with what it said")


@click.group()
def draw() -> None:
    """
    Check a draw from what was published.
    """


@draw.command(name="verify")
@click.argument("source", required=False)
@click.option("--number", type=click.IntRange(1), metavar="N", help="The number of the place, as the page shows it.")
@click.option("--ticket", metavar="TOKEN", help="A ticket instead of number and lane; its signature is not checked.")
@click.option("--lane", metavar="LANE", help=f"The lane of the number [{STANDARD_LANE}].")
@click.option("--seed", metavar="HEX", help="The seed that was published after the opening.")
@click.option("--commitment", metavar="HEX", help="The hash that was published before it; best the one you noted then.")
@click.option("--beacon", metavar="TEXT", help="The public beacon's value; best from its own source.")
@click.option("--first", type=click.IntRange(1), metavar="N", help="The first number that was drawn [1].")
@click.option("--size", type=click.IntRange(0), metavar="N", help="How many of the lane were drawn.")
@json_option
def verify_(
    source: str | None,
    number: int | None,
    ticket: str | None,
    lane: str | None,
    as_json: bool,
    **named: str | int | None,
) -> None:
    """
    Work out a place in a draw, and check that the draw is the promised one.

    SOURCE is the address of a room's state.json, a file that holds what it said, or - for standard input. What is
    given as an option counts before what the source says; with --seed, --commitment and --size none is needed.

    A beacon's value that was announced and not mixed in is a fault, and so is one that nobody announced.

    Exit code 0: the values hold together, and the place is printed. 1: they do not, or cannot be read.
    """
    state = _published(source) if source else {}
    faults: list[Fault] = []
    if ticket is not None:
        if number is not None or lane is not None:
            raise click.UsageError("a --ticket bears its number and its lane: give it alone")
        number, lane = _ticket(ticket, state.get("room"), faults)
    if number is None:
        raise click.UsageError("say whose place to work out: --number N, or --ticket TOKEN")
    if not source:
        missing = [f"--{name}" for name in ("seed", "commitment", "size") if named[name] is None]
        if missing:
            raise click.UsageError(f"give a SOURCE, or {' and '.join(missing)} as well")
    published, span = _of_number(state.get("draws", ()), lane or STANDARD_LANE, number)
    values = _values(published, span, lane or STANDARD_LANE, named, faults)
    if source and values is not None:
        faults += _beacon_faults(published, values.beacon)
    rank = 0
    if values is not None:
        try:
            rank = verify(values, number)
        except DrawError as error:
            faults += error.faults
    if faults or values is None:
        _refuse(faults, as_json)
        return
    _tell(values, number, rank, published.get("beacon_source"), as_json)


def _published(source: str) -> dict[str, Any]:
    """
    Return the document that *source* holds.
    """
    try:
        if source == "-":
            text: str | bytes = sys.stdin.read(MOST_BYTES)
        elif source.startswith(("http://", "https://")):
            with urlopen(source, timeout=PATIENCE_S) as answer:  # noqa: S310 - the scheme is one of two
                text = answer.read(MOST_BYTES)
        else:
            text = Path(source).read_bytes()[:MOST_BYTES]
        document: Any = json.loads(text)
    except (OSError, URLError, ValueError, RecursionError) as error:
        raise SourceError(source, error) from error
    published: dict[str, Any] = document if isinstance(document, dict) else {}
    draws = published.get("draws")
    if not isinstance(draws, list) or not draws or not all(isinstance(entry, dict) for entry in draws):
        raise SourceError(source, "no draw is published there")
    return published


def _ticket(text: str, room: object, faults: list[Fault]) -> tuple[int, str]:
    """
    Return the number and the lane that a ticket bears.
    """
    try:
        claims = peek(text)
    except TokenError as error:
        raise click.UsageError(f"--ticket: {error.detail}") from error
    number, lane = claims.get("n"), claims.get("l")
    if not isinstance(number, int) or not isinstance(lane, str):
        raise click.UsageError("--ticket: this token is no ticket")
    if room is not None and claims.get("r") != room:
        faults.append(Fault("ticket", f"is of the room {claims.get('r')!r}", f"the values are those of {room!r}"))
    return number, lane


def _values(
    published: Mapping[str, Any],
    span: Mapping[str, Any],
    lane: str,
    named: Mapping[str, str | int | None],
    faults: list[Fault],
) -> Draw | None:
    """
    Return what fixes the draw: an option where there is one, else what was published.
    """
    found: dict[str, Any] = {name: published.get(name) for name in ("seed", "commitment", "beacon")}
    found |= {"first": span.get("first", 1), "size": span.get("size")}
    found |= {name: value for name, value in named.items() if value is not None}
    if found["seed"] is None:
        faults.append(Fault("seed", "is not published yet", "it is at the opening; until then only its hash is"))
    elif found["size"] is None:
        what = f"is not published for the lane {lane!r}"
        faults.append(Fault("size", what, "take the lane that stands in the ticket"))
    else:
        kinds = (("seed", str), ("commitment", str), ("first", int), ("size", int), ("beacon", str | None))
        for name, kind in kinds:
            if not isinstance(found[name], kind) or isinstance(found[name], bool):
                faults.append(Fault(name, f"is {found[name]!r}", "take it as it was published"))
    if faults:
        return None
    return Draw(found["seed"], found["commitment"], found["beacon"] or "", lane, found["first"], found["size"])


def _beacon_faults(published: Mapping[str, Any], beacon: str) -> list[Fault]:
    """
    Return how the value *beacon* (empty: none) is not the one that was announced before the draw.
    """
    announced, mixed = published.get("beacon_source"), published.get("beacon")
    if announced is not None and (not isinstance(announced, str) or source_faults(announced)):
        return [Fault("beacon_source", f"is {announced!r}", "take it as it was published")]
    if not announced:
        if not beacon:
            return []
        what = "was not announced beforehand: whoever opened the room could choose a value that suited"
        return [Fault("beacon", what, "a value that nobody expected proves nothing; ask the operator for its source")]
    if not beacon or (not mixed and published.get("seed")):
        what = f"was announced ({announced}) and never mixed in: whoever knew the seed knew every place beforehand"
        return [Fault("beacon", what, "ask the operator why the room opened without it")]
    if mixed and mixed != beacon:
        what = f"is {beacon!r} as you give it, and the room mixed in {mixed!r}"
        return [Fault("beacon", what, f"look up the announced value ({announced}) at its source again")]
    return []


def _of_number(draws: Sequence[Mapping[str, Any]], lane: str, number: int) -> tuple[Mapping[str, Any], dict[str, Any]]:
    """
    Return the draw that *number* took part in, else the latest, and what it says of *lane*.
    """
    spans = [(draw, _span(draw, lane)) for draw in draws]
    for draw, span in reversed(spans):
        first, size = span.get("first"), span.get("size")
        if isinstance(first, int) and isinstance(size, int) and 0 <= number - first < size:
            return draw, span
    return spans[-1] if spans else ({}, {})


def _span(draw: Mapping[str, Any], lane: str) -> dict[str, Any]:
    lanes = draw.get("lanes")
    span = lanes.get(lane) if isinstance(lanes, dict) else None
    return span if isinstance(span, dict) else {}


def _refuse(faults: list[Fault], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"ok": False, "faults": [asdict(fault) for fault in faults]}, ensure_ascii=False))
    else:
        click.echo("\n".join(["The draw does not verify:", *(f"  {fault}" for fault in faults)]), err=True)
    click.get_current_context().exit(EXIT_FAILED)


def _tell(values: Draw, number: int, rank: int, announced: str | None, as_json: bool) -> None:
    drawn = values.holds(number)
    if as_json:
        place = {"lane": values.lane, "number": number, "rank": rank, "drawn": drawn}
        place |= {"first": values.first, "size": values.size}
        place |= {"beacon_source": announced or None, "beacon": values.beacon or None}
        click.echo(json.dumps({"ok": True, **place, "faults": []}, ensure_ascii=False))
        return
    click.echo(rank)
    how = f"was drawn to place {rank - values.first + 1} of {values.size}"
    if not drawn:
        how = f"came {'after' if number >= values.first else 'before'} the {values.size} who were drawn"
    beacon = ", and no beacon was mixed in"
    if values.beacon:
        beacon = (
            f", mixed with the value of the beacon {f'that was announced: {announced}' if announced else 'you gave'}"
        )
    click.echo(f"Number {number} in the lane {values.lane} {how}; the seed is the promised one{beacon}.", err=True)
