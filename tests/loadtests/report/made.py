"""
A rehearsal with everything that a report can show: phases, changes, a forecast, findings, attackers, cells.
"""

from dataclasses import replace
from functools import cache
from typing import Any

from loadtests.measuring.cells import Cell, Result
from loadtests.measuring.histogram import Histogram
from loadtests.measuring.measures import Measures, Outcome, ShopperRecord
from tests.loadtests.rehearsal.crowd import LENGTH_S, sample

PHASES = (("calm", 0, 5), ("rise", 5, 7), ("peak", 7, 16), ("drain", 16, 45), ("recovery", 45, 60))

SAYS = {"en": "The queue was as predicted.", "pl": "Kolejka była jak w prognozie."}


@cache
def cells(*, room: bool) -> tuple[Cell, ...]:
    """
    Return requests of every second, slow without a room.
    """
    found = []
    for t in range(LENGTH_S):
        times = Histogram.of(30 + i * (5 if room else 90) for i in range(20))
        found.append(Cell(t, "GET home", Result.FINE, 20, times, times))
        found.append(Cell(t, "GET home", Result.TO_ROOM, 5, times, times))
        if not room:
            found.append(Cell(t, "POST pay", Result.ERROR, 3, Histogram(), Histogram()))
            found.append(Cell(t, "POST pay", Result.ABANDONED, 4, times, times))
    return tuple(found)


def attacker(i: int, kind: str, gained: int) -> ShopperRecord:
    """
    Return one who means no good.
    """
    end = Outcome.SLIPPED_BY if gained else Outcome.TURNED_AWAY
    return ShopperRecord(i, 6.0, 0.3, end, "attack", kind, ended_s=9.0, tried=40, gained=gained)


def full() -> tuple[dict[str, Any], dict[str, Measures]]:
    """
    Return a result and its measures with all that there may be.
    """
    result, measures = sample()
    result["scenario"] = {
        "name": "push-blast",
        "says": {"en": "A push message to everybody.", "pl": "Powiadomienie do wszystkich."},
        "seed": 1,
        "speed": 1.0,
        "order_value": 120.0,
        "currency": "PLN",
    }
    for name, run in result["runs"].items():
        room = name == "with_room"
        run["phases"] = [{"name": phase, "from_s": from_s, "to_s": to_s} for phase, from_s, to_s in PHASES]
        run["by_phase"] = {phase: {"arrivals_per_s": 4.2, "shop_p95_ms": 310.0} for phase, _, _ in PHASES}
        run["problems"] = {} if room else {"GET home: <timeout>": 12}
        run["changes"] = [
            {"at_s": 20.0, "until_s": 26.0, "do": "kill-redis", "ok": True},
            {"at_s": 21.0, "until_s": None, "do": "rate", "to": 300.0, "ok": True},
        ]
        found = measures[name]
        shoppers = found.shoppers + ((attacker(9001, "bot", 0), attacker(9002, "forger", 2)) if room else ())
        gains = {"forger": {"page": 2}} if room else {}
        measures[name] = replace(found, cells=cells(room=room), shoppers=shoppers, gains=gains)
    t = list(range(0, LENGTH_S, 2))
    line = [max(0.0, 300.0 - abs(16 - at) * 12) for at in t]
    result["runs"]["with_room"] |= {
        "forecast": {"t": t, "waiting": line, "low": [0.9 * n for n in line], "high": [1.1 * n for n in line]},
        "visit_ratios": {
            "buyer": [
                {
                    "state": "product",
                    "predicted": 1.0,
                    "measured": 0.42,
                    "visits": 42,
                    "expected": 41,
                    "z": 0.3,
                    "ok": True,
                }
            ]
        },
        "findings": [
            {
                "name": "as_predicted",
                "says": {"en": "The queue was as predicted.", "pl": "Kolejka była jak w prognozie."},
            }
        ],
    }
    return result, measures
