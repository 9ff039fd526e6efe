"""
A room's coming entries, for people and for programs.
"""

from typing import Any, Final

from waiting_room.core.calendar import Appointment, local_text, upcoming
from waiting_room.core.policy import Policy

HEAD: Final = ("LOCAL TIME", "UTC", "DO", "RATE/MIN", "IN")


def coming(policy: Policy, now_ms: int) -> list[dict[str, Any]]:
    """
    Return what is still to come after *now_ms*, in order, as plain values.
    """
    return [_told(entry, policy.timezone, now_ms) for entry in upcoming(policy.planned, now_ms)]


def _told(entry: Appointment, timezone: str, now_ms: int) -> dict[str, Any]:
    return {
        "at": local_text(entry.at_ms, timezone),
        "at_utc": local_text(entry.at_ms, "UTC").replace("+00:00", "Z"),
        "at_ms": entry.at_ms,
        "do": entry.do,
        "rate_per_minute": entry.rate_per_minute,
        "in_s": (entry.at_ms - now_ms) // 1000,
    }


def row(entry: dict[str, Any]) -> tuple[str, ...]:
    """
    Return a line of the table that `HEAD` stands on.
    """
    rate = entry["rate_per_minute"]
    return (entry["at"], entry["at_utc"], entry["do"], "" if rate is None else str(rate), span_text(entry["in_s"]))


def span_text(seconds: int) -> str:
    """
    Return a span as days, hours, minutes and seconds, the two largest that are not zero.
    """
    parts: list[str] = []
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, length)
        if count or (unit == "s" and not parts):
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])
