"""
What a rehearsal must reach to pass: a table of limits, and its evaluation.

A threshold is data. It names a run, a field of that run's result, a comparison and a limit, and says in a sentence why.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from loadtests.arrivals.check import LEVEL
from loadtests.judging.validity import CPU_PEAK, START_LAG_MS
from loadtests.judging.visits import ERRORS_MOST
from loadtests.scenario.spec import Comparator

WITHOUT = "without_room"
WITH = "with_room"

Kind = Literal["criterion", "meaning", "validity"]
COMPARE: dict[Comparator, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}


@dataclass(frozen=True, slots=True)
class Threshold:
    """
    One limit that a run is held to.

    Args:
        name: what the verdict calls it; unique.
        run: `without_room` or `with_room`.
        field: the field of that run's result.
        comparator: how the value stands to the limit when all is well.
        limit: the limit, in the field's unit.
        why: one sentence for people: what it means when it holds.
        why_pl: the same in Polish, where a scenario says it; of limits that every rehearsal has the report knows it.
        kind: `criterion` decides pass or fail, `validity` whether the run may be judged at all, and `meaning` whether
            there was an overload to be rescued from.
        phase: over which phase of the run the field is taken; empty for the whole of it.
    """

    name: str
    run: str
    field: str
    comparator: Comparator
    limit: float
    why: str
    kind: Kind = "criterion"
    phase: str = ""
    why_pl: str = ""

    def check(self, runs: Mapping[str, Mapping[str, Any] | None]) -> "Check":
        """
        Hold the run's value against the limit; a value that is missing never passes.
        """
        figures = runs.get(self.run) or {}
        value = (figures.get("by_phase", {}).get(self.phase, {}) if self.phase else figures).get(self.field)
        number = float(value) if isinstance(value, (int, float)) else None
        ok = number is not None and COMPARE[self.comparator](number, self.limit)
        return Check(self, value if number is not None else None, ok)


@dataclass(frozen=True, slots=True)
class Check:
    """
    A threshold with what was measured.
    """

    threshold: Threshold
    value: float | None
    ok: bool

    def to_json(self) -> dict[str, Any]:
        """
        Return the check as the result file holds it: `name`, `limit`, `value`, `ok` and where they come from.
        """
        facts = asdict(self.threshold)
        return {
            "name": facts.pop("name"),
            "limit": facts.pop("limit"),
            "value": self.value,
            "ok": self.ok,
            **facts,
        }


@dataclass(frozen=True, slots=True)
class Symptom:
    """
    One sign that a shop is overloaded, to its visitors' pain.
    """

    field: str
    comparator: Comparator
    limit: float

    def shown_by(self, run: Mapping[str, Any]) -> bool:
        """
        Tell whether the run shows it.
        """
        value = run.get(self.field)
        return isinstance(value, (int, float)) and COMPARE[self.comparator](float(value), self.limit)


SYMPTOMS = (
    Symptom("goodput_ratio", "<", 0.5),
    Symptom("shop_p95_ms", ">", 5000),
    Symptom("error_ratio", ">", 0.2),
)


def symptoms(run: Mapping[str, Any]) -> int:
    """
    Count the signs of overload in a run: less than half of the sales, pages beyond 5 s, or more than 20 % errors.
    """
    return sum(symptom.shown_by(run) for symptom in SYMPTOMS)


def _visits(run: str, suffix: str = "") -> tuple[Threshold, ...]:
    through = "a visit goes through, or ends as the shopper likes"
    return (
        Threshold(f"visit_errors{suffix}", run, "visit_error_ratio", "<=", ERRORS_MOST, through),
        # A criterion, and not whether the run may be judged: it is well known what it says, that nobody could buy.
        Threshold(f"sales{suffix}", run, "sold_nothing", "==", 0, "those who came to buy could"),
    )


SERVICE: tuple[Threshold, ...] = (
    Threshold("goodput", WITH, "goodput_ratio", ">=", 0.90, "the shop sells nearly all that it can"),
    Threshold("shop_p95", WITH, "shop_p95_ms", "<=", 1000, "pages of the shop stay quick for those inside"),
    Threshold("errors", WITH, "error_ratio", "<=", 0.01, "shoppers inside see no errors"),
)
"""What a plain rehearsal demands of the shop behind the room; a scenario has criteria of its own."""

PROMISES: tuple[Threshold, ...] = (
    Threshold("oversold", WITH, "oversold", "==", 0, "nothing is sold that is not there"),
    Threshold(
        "over_admissions", WITH, "over_admissions", "==", 0, "never more let in than the rate and the seats allow"
    ),
    Threshold("order_inversions", WITH, "order_inversions", "==", 0, "nobody is overtaken in the queue"),
    Threshold("places_lost", WITH, "places_lost", "==", 0, "everyone keeps the place they were given"),
    *_visits(WITH),
)
"""What holds behind the room whatever happens."""

WITHOUT_ROOM: tuple[Threshold, ...] = (
    Threshold(
        "overload", WITHOUT, "demand_ratio", ">", 4, "many times more shoppers come than can be served", "meaning"
    ),
    Threshold(
        "collapse",
        WITHOUT,
        "symptoms",
        ">=",
        1,
        "without a room it hurts: sales halved, pages beyond 5 s or errors beyond 20 %",
        "meaning",
    ),
)


VISITS_OWN: tuple[Threshold, ...] = _visits(WITHOUT, ".own")
"""What holds in a shop of the user's without a room as well, whatever a scenario demands."""

OWN_SHOP: tuple[Threshold, ...] = (
    Threshold("shop_p95.own", WITHOUT, "shop_p95_ms", "<=", 1000, "pages of the shop stay quick under the crowd"),
    Threshold("errors.own", WITHOUT, "error_ratio", "<=", 0.01, "shoppers see no errors"),
    *VISITS_OWN,
)
"""What a shop of the user's must stand by itself, where no waiting room protects it."""


_ON_TIME = "shoppers arrived when they should have"
_SPARE = "the generator had time to spare"


def _validity(run: str) -> tuple[Threshold, ...]:
    return (
        Threshold(f"start_lag.{run}", run, "start_lag_p99_ms", "<=", START_LAG_MS, _ON_TIME, "validity"),
        Threshold(f"not_started.{run}", run, "not_started", "==", 0, "every shopper of the plan arrived", "validity"),
        Threshold(f"unsent.{run}", run, "unsent", "==", 0, "whatever shoppers asked for was sent", "validity"),
        Threshold(
            f"arrivals_ks.{run}",
            run,
            "arrivals_ks_p",
            ">=",
            LEVEL,
            "they came at the rate that was asked for",
            "validity",
        ),
        Threshold(f"generator_cpu.{run}", run, "generator_cpu_peak", "<", CPU_PEAK, _SPARE, "validity"),
        Threshold(f"conservation.{run}", run, "unaccounted", "==", 0, "everybody who came has one outcome", "validity"),
    )


def _changes(run: str) -> Threshold:
    why = "everything on the time line happened as planned"
    return Threshold(f"changes.{run}", run, "changes_failed", "==", 0, why, "validity")


DEFAULTS: tuple[Threshold, ...] = (*SERVICE, *PROMISES, *WITHOUT_ROOM, *_validity(WITHOUT), *_validity(WITH))


def evaluate(
    runs: Mapping[str, Mapping[str, Any] | None], thresholds: tuple[Threshold, ...] = DEFAULTS
) -> tuple[Check, ...]:
    """
    Hold every threshold against the runs, in the table's order.
    """
    return tuple(threshold.check(runs) for threshold in thresholds)


def applicable(
    *,
    with_room: bool,
    without_room: bool,
    ledger: bool,
    own_shop: bool,
    criteria: tuple[Threshold, ...] | None = None,
) -> tuple[Threshold, ...]:
    """
    Return the thresholds that a rehearsal of this kind can measure, so that nothing unmeasured is judged.

    Args:
        with_room: whether the run behind a room takes place.
        without_room: whether the run without one takes place.
        ledger: whether the shop's database can be read (stock, hence overselling).
        own_shop: whether the shop is the user's. It need not collapse without a room, but is to stand the crowd.
        criteria: those of a scenario, which take the place of what a plain rehearsal demands of the shop. A promise
            that one of them demands word for word is judged under its name alone; a laxer one replaces none.
    """
    played = {WITH: with_room, WITHOUT: without_room}
    validity = (*_validity(WITHOUT), *_validity(WITH))
    if criteria is not None:
        held = (*PROMISES, *VISITS_OWN) if own_shop else PROMISES
        promised = (promise for promise in held if not any(_same(promise, own) for own in criteria))
        table = (*criteria, *promised, *validity, *(_changes(run) for run in (WITHOUT, WITH)))
    else:
        table = (*DEFAULTS, *OWN_SHOP) if own_shop else DEFAULTS
    return tuple(
        threshold
        for threshold in table
        if played[threshold.run]
        and (ledger or threshold.field != "oversold")
        and not (own_shop and threshold.kind == "meaning")
    )


def _same(promise: Threshold, own: Threshold) -> bool:
    told = (own.run, own.phase, own.field, own.comparator, own.limit)
    return told == (promise.run, promise.phase, promise.field, promise.comparator, promise.limit)
