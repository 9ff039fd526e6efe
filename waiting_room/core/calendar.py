"""
A room's schedule: what is to happen when, in the wall-clock time of the room's place.

Local times are what people agree on ("nine o'clock on Friday"), instants are what happens. They meet here, once: a
local time that the clocks skip in spring, or show twice in autumn, is refused with what to write instead, for no rule
of ours could know which instant was meant. With an offset (``2026-10-25T02:30+01:00``) every time is one instant.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo, available_timezones

from waiting_room.errors import Conflict, Fault

KINDS: Final = ("prequeue", "open", "pause", "drain", "close", "rate")
MAX_ENTRIES: Final = 200
"""Half a year of a daily opening and closing; a longer list is a programme of its own, and not a promotion."""
MAX_RATE: Final = 6_000_000
YEARS: Final = range(2000, 2200)
"""What lies outside is a slip of the pen, and at the ends of the calendar no clock could show it."""
_RATED: Final = frozenset({"open", "rate"})
_KEYS: Final = ("at", "do", "rate_per_minute")
_AT: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)?", re.ASCII)
_SPOKEN: Final = re.compile(r"(?P<at>\S+(?:\s+\d\d:\S+)?)\s+(?P<do>[a-z]+)(?:\s+(?P<rate>\d{1,9}))?", re.ASCII)
_HOW: Final = 'write "2026-11-27 09:00", or with an offset "2026-11-27T09:00+01:00"'
_MINUTE: Final = 60_000

# What may stand before an entry: "" for the beginning, where the room may be in any phase.
_AFTER: Final = {
    "prequeue": {"", "close", "drain"},
    "open": {"", *KINDS},
    "pause": {"", "open", "pause", "drain"},
    "drain": {"", "open", "pause", "drain"},
    "close": {"", "open", "pause", "drain", "close"},
}


@dataclass(frozen=True, slots=True)
class Entry:
    """
    Hold an entry as it is written: a local time or one with an offset, what to do, and the rate where there is one.
    """

    at: str
    do: str
    rate_per_minute: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """
        Return the entry as plain values.
        """
        rate = {} if self.rate_per_minute is None else {"rate_per_minute": self.rate_per_minute}
        return {"at": self.at, "do": self.do, **rate}


@dataclass(frozen=True, slots=True)
class Appointment:
    """
    Hold an entry with its instant, in ms since the epoch.
    """

    at_ms: int
    do: str
    rate_per_minute: int | None = None


Schedule = tuple[Entry, ...]


def read_schedule(value: Any, where: str, faults: list[Fault]) -> Schedule:
    """
    Return the schedule that *value* describes: a list of tables, or of texts as ``read_text`` gives them.

    What is wrong with an entry by itself is added to *faults*; what is wrong with their times is for `conflicts`.
    """
    if isinstance(value, str):
        value = [part for part in re.split(r"[;\n]", value) if part.strip()]
    if not isinstance(value, list | tuple):
        faults.append(
            Fault(where, f"{value!r} is no list of entries", 'write [{at = "2026-11-27 09:00", do = "open"}]')
        )
        return ()
    if len(value) > MAX_ENTRIES:
        faults.append(Fault(where, f"has {len(value)} entries", f"write {MAX_ENTRIES} at most"))
        return ()
    before = len(faults)
    entries = [_read_entry(entry, f"{where}[{number}]", faults) for number, entry in enumerate(value, start=1)]
    return () if len(faults) > before else tuple(entry for entry in entries if entry is not None)


def _read_entry(value: Any, where: str, faults: list[Fault]) -> Entry | None:
    if isinstance(value, Entry):
        return value
    if isinstance(value, str):
        value = _spoken(value) or value
    if not isinstance(value, dict):
        remedy = 'write {at = "2026-11-27 09:00", do = "open"}, or "2026-11-27 09:00 open"'
        faults.append(Fault(where, f"{value!r} is no entry", remedy))
        return None
    for name in value:
        if name not in _KEYS:
            near = get_close_matches(str(name), _KEYS, n=1)
            remedy = f"did you mean {near[0]}?" if near else f"known are {', '.join(_KEYS)}"
            faults.append(Fault(f"{where}.{name}", "unknown setting", remedy))
    at = _read_at(value.get("at"), f"{where}.at", faults)
    do = _read_do(value.get("do"), f"{where}.do", faults)
    rate = _read_rate(value.get("rate_per_minute"), do, f"{where}.rate_per_minute", faults)
    return Entry(at, do, rate)


def _spoken(text: str) -> dict[str, Any] | None:
    """
    Return the entry that a text such as ``2026-11-27 09:00 rate 1200`` names.
    """
    found = _SPOKEN.fullmatch(text.strip())
    if found is None:
        return None
    rate = {} if found["rate"] is None else {"rate_per_minute": int(found["rate"])}
    return {"at": found["at"], "do": found["do"], **rate}


def _read_at(value: Any, where: str, faults: list[Fault]) -> str:
    """
    Return the time in its one canonical form, so that equal schedules are equal texts.
    """
    if value is None:
        faults.append(Fault(where, "is missing", _HOW))
        return ""
    if isinstance(value, datetime):  # TOML knows times
        value = value.isoformat()
    if isinstance(value, str) and _AT.fullmatch(value.strip()):
        try:
            time = datetime.fromisoformat(value.strip())
        except ValueError:
            pass
        else:
            if time.year in YEARS:
                return _canonical(time)
            faults.append(Fault(where, f"{value} is not of this time", f"give a year from {YEARS[0]} to {YEARS[-1]}"))
            return ""
    faults.append(Fault(where, f"{value!r} is no time", _HOW))
    return ""


def _canonical(time: datetime) -> str:
    return time.isoformat(" ", "seconds" if time.second else "minutes")


def _read_do(value: Any, where: str, faults: list[Fault]) -> str:
    if isinstance(value, str) and value in KINDS:
        return value
    what = "is missing" if value is None else f"{value!r} is none of the choices"
    faults.append(Fault(where, what, f"use one of {', '.join(KINDS)}"))
    return ""


def _read_rate(value: Any, do: str, where: str, faults: list[Fault]) -> int | None:
    if value is None:
        if do == "rate":
            faults.append(Fault(where, "is missing", "say how many admissions per minute from then on"))
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_RATE:
        what = f"{value!r:.40} is no rate"
        faults.append(Fault(where, what, f"allowed are 0 to {MAX_RATE:,} admissions per minute"))
    elif do and do not in _RATED:
        faults.append(Fault(where, f"means nothing to {do!r}", "write it into an entry of its own, with do = 'rate'"))
    else:
        return value
    return None


def zone_faults(timezone: str, where: str) -> list[Fault]:
    """
    Return what is wrong with the name of a time zone.
    """
    if _zone(timezone) is not None:
        return []
    names = {name.lower(): name for name in available_timezones()}
    near = get_close_matches(timezone.lower(), names, n=1)
    remedy = f"did you mean {names[near[0]]}?" if near else "write a name such as Europe/Warsaw, or UTC"
    return [Fault(where, f"{timezone!r} is no time zone", remedy)]


@lru_cache(maxsize=64)
def _zone(timezone: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(timezone)
    except (KeyError, ValueError, OSError):  # unknown; no such name can be; a folder of zones
        return None


@lru_cache(maxsize=64)
def conflicts(schedule: Schedule, timezone: str, where: str) -> tuple[Fault, ...]:
    """
    Return every conflict of the schedule with the calendar of its place and within itself.

    Times that do not exist or exist twice, entries out of order or at one time, and what contradicts the entry before.
    """
    zone = _zone(timezone)
    if zone is None:
        return ()
    found: list[Fault] = []
    placed: list[tuple[int, int, Entry]] = []
    for number, entry in enumerate(schedule, start=1):
        time = datetime.fromisoformat(entry.at)
        fault = _twist(time, zone, timezone, f"{where}[{number}].at")
        if fault is None:
            placed.append((_ms(time, zone), number, entry))
        else:
            found.append(fault)
    for (before_ms, _, before), (at_ms, number, entry) in pairwise(placed):
        found.extend(_disorder(before, before_ms, entry, at_ms, f"{where}[{number}].at"))
    phases = [(number, entry) for _, number, entry in sorted(placed, key=lambda one: one[:2]) if entry.do != "rate"]
    for (_, before), (number, entry) in pairwise(phases):
        found.extend(_contradiction(before, entry, f"{where}[{number}].do"))
    return tuple(found)


def _twist(time: datetime, zone: ZoneInfo, timezone: str, where: str) -> Fault | None:
    """
    Return the fault of a local time that the clocks of its place skip, or show twice.
    """
    if time.tzinfo is not None:
        return None
    first, second = (time.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    early, late = first.utcoffset(), second.utcoffset()
    if early == late or early is None or late is None:
        return None
    shown = _canonical(time)
    options = [_canonical(moment).replace(" ", "T") for moment in (first, second)]
    if early < late:  # PEP 495: in a gap, fold=0 bears the offset from before it
        after = _canonical(time + (late - early))
        what = f"{shown} does not exist in {timezone}: the clocks go forward over it"
        return Conflict(where, what, f"write {after}, or the offset: {options[0]}")
    what = f"{shown} comes twice in {timezone}: the clocks go back"
    return Conflict(where, what, f"write the offset: {options[0]} for the first, {options[1]} for the second")


def _disorder(before: Entry, before_ms: int, entry: Entry, at_ms: int, where: str) -> Iterable[Fault]:
    if at_ms == before_ms:
        together = {before.do, entry.do} == {"open", "rate"}
        remedy = "write rate_per_minute into the opening" if together else "move one of them"
        yield Conflict(where, f"{entry.do} and {before.do} stand at one time, {entry.at}", remedy)
    elif at_ms < before_ms:
        is_end = before.do == "open" and entry.do in {"drain", "close"}
        remedy = "an end comes after the opening" if is_end else "write the entries in the order of their times"
        yield Conflict(where, f"{entry.do} at {entry.at} stands after {before.do} at {before.at}", remedy)


def _contradiction(before: Entry, entry: Entry, where: str) -> Iterable[Fault]:
    if before.do in _AFTER[entry.do]:
        return
    what = f"{entry.do} at {entry.at} follows {before.do} at {before.at}"
    if before.do == "prequeue":
        yield Conflict(where, f"{what}: the end comes before the opening", "let an open follow the prequeue")
    elif entry.do == "prequeue":
        yield Conflict(where, f"{what}: a prequeue comes before its opening", "close or drain the room first")
    else:
        yield Conflict(where, f"{what}, and a closed room lets nobody join", "open it first, or take this out")


def _ms(time: datetime, zone: ZoneInfo) -> int:
    aware = time if time.tzinfo is not None else time.replace(tzinfo=zone)
    return (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


@lru_cache(maxsize=64)
def appointments(schedule: Schedule, timezone: str) -> tuple[Appointment, ...]:
    """
    Return the instants of a schedule without `conflicts`, in order.
    """
    zone = _zone(timezone) or ZoneInfo("UTC")
    return tuple(
        Appointment(_ms(datetime.fromisoformat(entry.at), zone), entry.do, entry.rate_per_minute) for entry in schedule
    )


def due(planned: Sequence[Appointment], after_ms: int, now_ms: int) -> tuple[Appointment, ...]:
    """
    Return what was to happen after *after_ms* and until *now_ms*, in order: each instant falls into one such span.
    """
    return tuple(planned[_passed(planned, after_ms) : _passed(planned, now_ms)])


def upcoming(planned: Sequence[Appointment], now_ms: int) -> tuple[Appointment, ...]:
    """
    Return what is still to come after *now_ms*, in order.
    """
    return tuple(planned[_passed(planned, now_ms) :])


def _passed(planned: Sequence[Appointment], now_ms: int) -> int:
    return bisect_right(planned, now_ms, key=lambda appointment: appointment.at_ms)


def next_opening_ms(planned: Sequence[Appointment], now_ms: int) -> int | None:
    """
    Return when the room opens next, None where nothing of the kind is planned.
    """
    return next((appointment.at_ms for appointment in upcoming(planned, now_ms) if appointment.do == "open"), None)


def instants_of(time: datetime, timezone: str) -> tuple[int, ...]:
    """
    Return when the clocks of *timezone* show *time*, in ms: once, twice as they are turned back, never in a gap.
    """
    zone = _zone(timezone) or ZoneInfo("UTC")
    read = {_ms(time.replace(tzinfo=zone, fold=fold), zone) for fold in (0, 1)}
    return tuple(
        sorted(at_ms for at_ms in read if datetime.fromtimestamp(at_ms // 1000, zone).replace(tzinfo=None) == time)
    )


def local_text(at_ms: int, timezone: str) -> str:
    """
    Return an instant as the clocks of *timezone* show it, with the offset.
    """
    zone = _zone(timezone) or ZoneInfo("UTC")
    shown = datetime.fromtimestamp(at_ms // 1000, zone)
    return shown.isoformat(" ", "seconds" if at_ms % _MINUTE else "minutes")
