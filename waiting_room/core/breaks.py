"""
How long a break lasts, as an operator says it: until a time of the room's place, or for a span.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from waiting_room.core import calendar
from waiting_room.core.reading import can_be_sent
from waiting_room.errors import Fault, PolicyError

LONGEST_MS: Final = 7 * 86_400_000
"""A week: longer, and the tickets of those who wait have ended many times over."""
_CLOCK: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)
_SPAN: Final = re.compile(r"(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,6})s)?", re.ASCII)
_UNITS_MS: Final = (3_600_000, 60_000, 1000)


def span_ms(text: str, where: str) -> int:
    """
    Return the ms of a span such as ``15m``, ``1h30m`` or ``90s``; raises `PolicyError` where it is none.
    """
    found = _SPAN.fullmatch(text.strip().lower().replace(" ", ""))
    total = sum(int(part or 0) * unit for part, unit in zip(found.groups(), _UNITS_MS, strict=True)) if found else 0
    if not 0 < total <= LONGEST_MS:
        raise PolicyError((Fault(where, f"{text!r} is no span of up to a week", "write 15m, 1h30m or 90s"),))
    return total


def resume_ms(text: str, timezone: str, now_ms: int, where: str) -> int:
    """
    Return the instant that *text* names: the next ``HH:MM`` of *timezone* after *now_ms*, or a date with a time.

    Raises `PolicyError` for what is no time, has passed, is too far away, or is no single instant in that place.
    """
    clock = _CLOCK.fullmatch(text.strip())
    written = _next(int(clock[1]), int(clock[2]), timezone, now_ms) if clock else text
    faults: list[Fault] = []
    schedule = calendar.read_schedule([{"at": written, "do": "open"}], where, faults)
    faults = [Fault(where, fault.what, f"write 14:30, or {fault.remedy.removeprefix('write ')}") for fault in faults]
    faults += [type(fault)(where, fault.what, fault.remedy) for fault in calendar.conflicts(schedule, timezone, where)]
    if faults:
        raise PolicyError(tuple(faults))
    at_ms = calendar.appointments(schedule, timezone)[0].at_ms
    if not now_ms < at_ms <= now_ms + LONGEST_MS:
        what = f"{written} has passed" if at_ms <= now_ms else f"{written} is more than a week away"
        raise PolicyError((Fault(where, what, "write a time to come, or how long the break lasts"),))
    return at_ms


def _next(hour: int, minute: int, timezone: str, now_ms: int) -> str:
    """
    Return the next time at which the clocks of *timezone* show *hour* and *minute*, as a schedule writes it.

    Where the clocks are turned back and one of the two such times has passed, it is the other; with both to come, and
    where the clocks are to leave it out, it is written without an offset, for a schedule to refuse it.
    """
    now = datetime.fromisoformat(calendar.local_text(now_ms, timezone)).replace(tzinfo=None)
    wanted = now.replace(hour=hour, minute=minute, second=0)
    written = f"{wanted:%Y-%m-%d %H:%M}"
    shown = calendar.instants_of(wanted, timezone)
    left = [at_ms for at_ms in shown if at_ms > now_ms]
    if len(left) == 1:
        return calendar.local_text(left[0], timezone)
    if left or (not shown and wanted > now):
        return written
    return f"{wanted + timedelta(days=1):%Y-%m-%d %H:%M}"


def read_break(values: Mapping[str, Any], timezone: str, now_ms: int) -> tuple[int, str]:
    """
    Return when the break that *values* describe is over (0: nobody knows), and the operator's words for it.

    Known are ``resume_at`` (a time), ``for_s`` (seconds) or ``for`` (a span), and ``message``; one of the first three.
    Raises `PolicyError` with all faults.
    """
    faults = [Fault(name, "unknown setting", f"known are {', '.join(_KNOWN)}") for name in values if name not in _KNOWN]
    given = [name for name in _ENDS if values.get(name) is not None]
    if len(given) > 1:
        faults.append(Fault(given[1], f"contradicts {given[0]}", "say either when it goes on, or how long it lasts"))
    message = values.get("message") or ""
    if not isinstance(message, str):
        faults.append(Fault("message", f"{message!r:.40} is no text", "put it in quotes"))
    elif not can_be_sent(message):
        faults.append(Fault("message", f"{message!r:.40} holds half a character", "write the character as it is"))
    at_ms = 0
    for name in given:
        try:
            at_ms = _end_ms(name, values[name], timezone, now_ms)
        except PolicyError as error:
            faults.extend(error.faults)
    if faults:
        raise PolicyError(tuple(faults))
    return at_ms, message


_ENDS: Final = ("resume_at", "for", "for_s")
_KNOWN: Final = (*_ENDS, "message")


def _end_ms(name: str, value: Any, timezone: str, now_ms: int) -> int:
    if name == "for_s":
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= LONGEST_MS / 1000:
            raise PolicyError((Fault(name, f"{value!r:.40} is no span of up to a week", "write seconds, such as 900"),))
        return now_ms + int(value * 1000)
    if not isinstance(value, str):
        raise PolicyError((Fault(name, f"{value!r:.40} is no text", "write 14:30, or 15m for a span"),))
    return now_ms + span_ms(value, name) if name == "for" else resume_ms(value, timezone, now_ms, name)


def utc_text(at_ms: int) -> str:
    """
    Return an instant in UTC, as JSON and logs have it.
    """
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
