"""
A gate's report, read from JSON with all its faults at once.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

from waiting_room.core.health import read_health
from waiting_room.core.names import NAME_PATTERN
from waiting_room.core.shop import MOST_STOCK, NOTHING_SAID, ShopWord
from waiting_room.errors import Fault, FaultsError
from waiting_room.wire import BASKET, PAYMENT

STAGES: Final = (BASKET, PAYMENT)
SEAT_PATTERN: Final = rf"{NAME_PATTERN}\.[0-9]{{1,15}}"
"""A lane and a rank in it: all that a seat is ever called, and nothing that Redis or Lua could stumble over."""
MOST_SEAT: Final = 79
MOST_MS: Final = 253_402_300_799_999
"""The end of the year 9999."""
_SEAT: Final = re.compile(SEAT_PATTERN)


class ReportError(FaultsError):
    """
    Refuse a gate's report.
    """


@dataclass(frozen=True, slots=True)
class Report:
    """
    Hold the seats that a gate saw in use (with the ends of their passes in ms), the stages that the shop put visits in,
    the seats that are done, which list of those turned away the gate has, and what it says of the shop.
    """

    touched: Mapping[str, int]
    released: tuple[str, ...]
    stages: Mapping[str, str]
    revoked_version: str
    shop: ShopWord


def read_report(body: bytes) -> Report:
    """
    Return the report in *body*, or raise `ReportError`.
    """
    try:
        document = json.loads(body, parse_float=_number)
    except (ValueError, RecursionError) as error:
        raise ReportError((Fault("body", f"is no JSON: {error}", "send an object"),)) from error
    if not isinstance(document, dict):
        raise ReportError((Fault("body", "is no object", "send an object"),))
    touched, released = document.get("touched", {}), document.get("released", [])
    stages, version = document.get("stages", {}), document.get("revoked_version", "")
    faults: list[Fault] = []
    if not isinstance(document.get("gate", ""), str):
        faults.append(Fault("gate", "is no text", "send what this gate calls itself, or leave it out"))
    if not isinstance(stages, dict) or not _are_seats(stages) or not all(said in STAGES for said in stages.values()):
        faults.append(Fault("stages", "is no object of seat: stage", 'send {"standard.7": "payment"} or "basket"'))
    if not isinstance(version, str):
        faults.append(Fault("revoked_version", "is no text", "send the one that was answered last, or none"))
    if not isinstance(touched, dict) or not _are_seats(touched) or not all(map(_is_time, touched.values())):
        faults.append(Fault("touched", "is no object of seat: hard end in ms", 'send {"standard.7": 1760000000000}'))
    if not isinstance(released, list) or not _are_seats(released):
        faults.append(Fault("released", "is no list of seats", 'send ["standard.7"]'))
    word = _read_shop(document, faults)
    if faults:
        raise ReportError(tuple(faults))
    return Report(touched, tuple(released), stages, version, word)


def _read_shop(document: Mapping[str, Any], faults: list[Fault]) -> ShopWord:
    """
    Return what *document* says of the shop; what is wrong with it is added to *faults*.
    """
    stock, sold_out, health = document.get("stock"), document.get("sold_out", False), document.get("health", {})
    if stock is not None and not (_is_whole(stock) and stock <= MOST_STOCK):
        faults.append(Fault("stock", "is no number of units", f"send 0 to {MOST_STOCK:,}, or leave it out"))
    if not isinstance(sold_out, bool):
        faults.append(Fault("sold_out", "is neither true nor false", "send true once, when the last unit is sold"))
    if not isinstance(health, dict):
        faults.append(Fault("health", "is no object", "send the aggregate of the last seconds, or leave it out"))
        return NOTHING_SAID
    seen, unhealthy = read_health(health)
    faults += unhealthy
    return ShopWord(seen, stock, sold_out)


def _number(text: str) -> float:
    """
    Return what *text* says; JSON knows no whole numbers of its own, and some languages write 5.0 for 5.
    """
    number = float(text)
    return int(number) if number.is_integer() else number


def _are_seats(names: Iterable[object]) -> bool:
    return all(isinstance(name, str) and _SEAT.fullmatch(name) for name in names)


def _is_time(value: object) -> bool:
    return _is_whole(value) and value <= MOST_MS


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
