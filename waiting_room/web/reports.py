"""
A gate's report, read from JSON with all its faults at once.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from waiting_room.core.health import read_health
from waiting_room.core.shop import MOST_STOCK, NOTHING_SAID, ShopWord
from waiting_room.errors import Fault, FaultsError
from waiting_room.wire import BASKET, PAYMENT

STAGES: Final = (BASKET, PAYMENT)


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
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ReportError((Fault("body", f"is no JSON: {error}", "send an object"),)) from error
    if not isinstance(document, dict):
        raise ReportError((Fault("body", "is no object", "send an object"),))
    touched, released = document.get("touched", {}), document.get("released", [])
    stages, version = document.get("stages", {}), document.get("revoked_version", "")
    faults: list[Fault] = []
    if not isinstance(stages, dict) or not all(stage in STAGES for stage in stages.values()):
        faults.append(Fault("stages", "is no object of seat: stage", 'send {"standard.7": "payment"} or "basket"'))
    if not isinstance(version, str):
        faults.append(Fault("revoked_version", "is no text", "send the one that was answered last, or none"))
    if not isinstance(touched, dict) or not all(_is_time(end) for end in touched.values()):
        faults.append(Fault("touched", "is no object of seat: hard end in ms", 'send {"standard.7": 1760000000000}'))
    if not isinstance(released, list) or not all(isinstance(seat, str) for seat in released):
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
    if stock is not None and not (_is_time(stock) and stock <= MOST_STOCK):
        faults.append(Fault("stock", "is no number of units", f"send 0 to {MOST_STOCK:,}, or leave it out"))
    if not isinstance(sold_out, bool):
        faults.append(Fault("sold_out", "is neither true nor false", "send true once, when the last unit is sold"))
    if not isinstance(health, dict):
        faults.append(Fault("health", "is no object", "send the aggregate of the last seconds, or leave it out"))
        return NOTHING_SAID
    seen, unhealthy = read_health(health)
    faults += unhealthy
    return ShopWord(seen, stock, sold_out)


def _is_time(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
