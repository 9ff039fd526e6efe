"""
A gate's report, read from JSON with all its faults at once.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from waiting_room.errors import Fault, FaultsError


class ReportError(FaultsError):
    """
    Refuse a gate's report.
    """


@dataclass(frozen=True, slots=True)
class Report:
    """
    Hold the seats that a gate saw in use (with their hard ends in ms), those that are done, and the shop's health.
    """

    touched: Mapping[str, int]
    released: tuple[str, ...]
    health: Mapping[str, Any]


def read_report(body: bytes) -> Report:
    """
    Return the report in *body*, or raise `ReportError`.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ReportError((Fault("body", f"is no JSON: {error}", "send an object"),)) from error
    if not isinstance(document, dict):
        raise ReportError((Fault("body", "is no object", "send an object"),))
    touched, released, health = document.get("touched", {}), document.get("released", []), document.get("health", {})
    faults = []
    if not isinstance(touched, dict) or not all(_is_time(end) for end in touched.values()):
        faults.append(Fault("touched", "is no object of seat: hard end in ms", 'send {"standard.7": 1760000000000}'))
    if not isinstance(released, list) or not all(isinstance(seat, str) for seat in released):
        faults.append(Fault("released", "is no list of seats", 'send ["standard.7"]'))
    if not isinstance(health, dict):
        faults.append(Fault("health", "is no object", "send the aggregate of the last seconds, or leave it out"))
    if faults:
        raise ReportError(tuple(faults))
    return Report(touched, tuple(released), health)


def _is_time(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
