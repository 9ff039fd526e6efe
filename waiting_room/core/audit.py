"""
The admission log: what happened in a room, in records that are chained by their hashes.

The store notes in a *journal* what it does, in the order in which it does it, each act within the script that does it.
Each step of the controller writes the journal down as one `Record`, with the state that it led to. A record is one line
of JSON and names the SHA-256 of the line before, so that any tool can follow the chain: ``sha256sum`` and ``jq`` do.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final, NamedTuple

from waiting_room.core.calendar import YEARS
from waiting_room.core.phase import Phase

FORM: Final = 1
"""Raised when the form of a record changes, so that an old log is read by its own rules."""
ROOT: Final = "0" * 64
"""What stands in the place of a hash where there is no record before."""

EARLIEST_MS: Final = int(datetime(YEARS.start, 1, 1, tzinfo=UTC).timestamp()) * 1000
"""Before it there was no room."""
LATEST_MS: Final = int(datetime(YEARS.stop, 1, 1, tzinfo=UTC).timestamp()) * 1000
"""A later time is no reading of a clock, and calendars end at some such number."""


class Act(StrEnum):
    """
    Name what can happen; an event is written as ``act:at_ms:value,value,…``.
    """

    CREATED = "created"
    """the room was made: no values"""
    LIMITS = "limits"
    """capacity and admissions per minute, from now on"""
    PHASE = "phase"
    """the phase, from now on"""
    CALLED = "called"
    """lane, first rank, the new frontier, how many of those between were present"""
    CLAIMED = "claimed"
    """seats that were given to called visitors"""
    STRAIGHT = "straight"
    """seats that were given to newcomers with nobody before them; the frontier passes over them"""
    BACK = "back"
    """seats that passes put back after a loss; no admissions"""
    EXPIRED = "expired"
    """seats that were idle for too long, or held for too long"""
    RELEASED = "released"
    """seats that the shop gave back"""
    LEFT = "left"
    """seats that visitors gave back"""
    REVOKED = "revoked"
    """seats that an operator took back"""
    EPOCH = "epoch"
    """the new epoch, after the store may have lost something; admissions rest"""
    REMEMBERED = "remembered"
    """sequence and hash of the last record that a worker knew of before a loss"""


class Broken(StrEnum):
    """
    Name what can be wrong with a log.
    """

    UNREADABLE = "unreadable"
    """a line is no record, or an event is none"""
    CHANGED = "changed"
    """a record is not the one that the next one follows"""
    MISSING = "missing"
    """records lack before this one"""
    ORDER = "order"
    """the record stands at the wrong place, or twice"""
    FOREIGN = "foreign"
    """the record is of another room"""
    HEAD = "head"
    """the record is not the one that was published"""
    TAIL = "tail"
    """the log ends before the record that was published last"""
    LOST = "lost"
    """the journal was full, and some events were not written down"""
    RATE = "rate"
    """more went in within some window than the rate allowed"""
    CAPACITY = "capacity"
    """somebody went in when every seat was taken"""
    OVERTAKEN = "overtaken"
    """somebody went in before they were called, or the frontier did not grow step by step"""
    TWICE = "twice"
    """a seat was given a second time"""
    REST = "rest"
    """somebody went in while the room let nobody in"""
    STATE = "state"
    """the state that a record states is not what its events lead to"""


ENDS: Final = frozenset({Act.EXPIRED, Act.RELEASED, Act.LEFT, Act.REVOKED})


_NO_TIME: Final = "at_ms: no time between the years 2000 and 2200, in milliseconds since 1970"


class Event(NamedTuple):
    """
    Hold one act of a journal; *values* as its act names them.
    """

    act: Act
    at_ms: int
    values: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> "Event":
        """
        Return the event that *text* stands for, or raise `ValueError`.
        """
        act, at_ms, values = text.split(":")
        event = cls(Act(act), int(at_ms), tuple(values.split(",")) if values else ())
        if not EARLIEST_MS <= event.at_ms < LATEST_MS:
            raise ValueError(_NO_TIME)
        return event

    def __str__(self) -> str:
        return f"{self.act.value}:{self.at_ms}:{','.join(self.values)}"


class Head(NamedTuple):
    """
    Name the last record of a chain by its *sequence* and its *hash*; *at_ms* is when it was written.

    Whoever holds a head can tell whether a log that is shown later is the one that there was.
    """

    sequence: int = 0
    hash: str = ROOT
    at_ms: int = 0

    @classmethod
    def parse(cls, text: str) -> "Head":
        """
        Return the head that ``SEQUENCE:HASH`` stands for, or raise `ValueError`.
        """
        sequence, _, digits = text.strip().partition(":")
        if len(digits) != len(ROOT) or not set(digits) <= set("0123456789abcdef"):
            raise ValueError(f"{text!r} is no head: write SEQUENCE:HASH, as in state.json")
        return cls(int(sequence), digits)

    def __str__(self) -> str:
        return f"{self.sequence}:{self.hash}"


NO_HEAD: Final = Head()


@dataclass(frozen=True, slots=True)
class Record:
    """
    Hold what happened since the record before, and the state that it led to.

    *events* stand in their order. *lost* others came while the journal was full and are not told. All
    else is the state after the events: *seats* held, and the *frontier* of each lane. *previous* is the hash of the
    record before.
    """

    room: str
    sequence: int
    at_ms: int
    epoch: int
    version: int
    phase: str
    capacity: int
    rate_per_minute: int
    seats: int
    frontier: Mapping[str, int]
    events: tuple[str, ...]
    previous: str
    lost: int = 0
    form: int = FORM

    @property
    def text(self) -> str:
        """
        Return the one text of this record: JSON with sorted keys, without blanks, in ASCII.
        """
        values = {name: getattr(self, name) for name in _KINDS}
        return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=True)

    @classmethod
    def parse(cls, line: str) -> "Record":
        """
        Return the record that *line* is the text of, or raise `ValueError` that says why it is none.
        """
        try:
            values = json.loads(line)
        except RecursionError as error:
            raise ValueError("it is no JSON of ours") from error
        if not isinstance(values, dict) or set(values) != set(_KINDS):
            raise ValueError("it has not the fields of a record")
        wrong = [name for name, value in values.items() if not _fits(value, _KINDS[name])]
        if wrong:
            raise ValueError(f"{', '.join(sorted(wrong))}: not the right kind of value")
        if values["form"] != FORM:
            raise ValueError(f"it is of form {values['form']}, and this program knows form {FORM}")
        if not EARLIEST_MS <= values["at_ms"] < LATEST_MS:
            raise ValueError(_NO_TIME)
        Phase(values["phase"])
        record = cls(**values | {"events": tuple(values["events"])})
        if record.text != line:
            raise ValueError("it is not written in the one form of a record")
        return record


_KINDS: Final[dict[str, Any]] = {entry.name: entry.type for entry in fields(Record)}


def _fits(value: Any, kind: Any) -> bool:
    if kind in {int, str}:
        return type(value) is kind
    if kind == tuple[str, ...]:
        return isinstance(value, list) and all(isinstance(part, str) for part in value)
    return isinstance(value, dict) and all(type(part) is int for part in value.values())


def digest(text: str) -> str:
    """
    Return the hash of a record's text, which the next record names: SHA-256, in hexadecimal.
    """
    return sha256(text.encode()).hexdigest()
