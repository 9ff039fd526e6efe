"""
What became of the shoppers: how far they came, where they were lost and what that cost; and what attackers got.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from loadtests.crowd.kinds import called, means_well
from loadtests.judging.gains import GAINS
from loadtests.measuring.measures import Measures, Outcome, ShopperRecord
from loadtests.report.figures import DASH, Run, Table
from loadtests.report.language import Language

LOST: Final = (Outcome.GAVE_UP_WAITING, Outcome.GAVE_UP_SHOP, Outcome.REFUSED, Outcome.EXPIRED, Outcome.ERROR)
"""Who ended so was kept from buying; sold out is nobody's fault, and who only looked was no buyer."""
SHOPPED: Final = (Outcome.BOUGHT, Outcome.BROWSED, Outcome.LEFT_BASKET, Outcome.SOLD_OUT)
ENDS: Final = (
    "bought",
    "browsed",
    "left_basket",
    "no_show",
    "gave_up_waiting",
    "still_waiting",
    "unfinished",
    "sold_out",
    "refused",
    "expired",
    "gave_up_shop",
    "error",
    "turned_away",
    "slipped_by",
)


@dataclass(frozen=True, slots=True)
class Stage:
    """
    One step of the way to an order.

    Args:
        name: which.
        count: how many came so far.
        share: of those who came at all.
        losses: how those ended who came so far and no further, with how many.
    """

    name: str
    count: int
    share: float
    losses: tuple[tuple[str, int], ...]


def honest(measures: Measures) -> list[ShopperRecord]:
    """
    Return those who mean well.
    """
    return [s for s in measures.shoppers if means_well(s.kind)]


def funnel(measures: Measures, *, gated: bool) -> tuple[Stage, ...]:
    """
    Return how far shoppers came, and how those ended who came no further; attackers are no shoppers.
    """
    came = honest(measures)
    inside = [s for s in came if (s.admitted_s is not None if gated else s.pages or s.outcome in SHOPPED)]
    bought = [s for s in inside if s.outcome is Outcome.BOUGHT]
    steps = [("came", came, inside), ("inside", inside, bought), ("bought", bought, bought)]
    total = max(1, len(came))
    return tuple(Stage(name, len(there), len(there) / total, _lost(there, on)) for name, there, on in steps)


def _lost(there: Sequence[ShopperRecord], on: Sequence[ShopperRecord]) -> tuple[tuple[str, int], ...]:
    further = {s.i for s in on}
    counts: dict[str, int] = {}
    for shopper in there:
        if shopper.i not in further:
            queued = (
                shopper.outcome is Outcome.UNFINISHED and shopper.admitted_s is None and shopper.joined_s is not None
            )
            name = "still_waiting" if queued else shopper.outcome.value
            counts[name] = counts.get(name, 0) + 1
    return tuple((name, counts[name]) for name in ENDS if name in counts)


def lost_orders(measures: Measures) -> int:
    """
    Return about how many orders were lost: of those kept from buying, the share that buys among those who were not.
    """
    came = honest(measures)
    ended = [s for s in came if s.outcome in (Outcome.BOUGHT, Outcome.BROWSED, Outcome.LEFT_BASKET)]
    buys = sum(s.outcome is Outcome.BOUGHT for s in ended) / len(ended) if ended else 1.0
    return round(buys * sum(s.outcome in LOST for s in came))


def losses(result: Mapping[str, Any], measures: Measures, say: Language) -> str:
    """
    Return what was lost, in words: orders, and money where it is known what an order is worth.
    """
    orders = lost_orders(measures)
    if not orders:
        return say("funnel.lost.none")
    scenario = result.get("scenario") or {}
    value = scenario.get("order_value")
    if not value:
        return say.counted("funnel.lost.orders", orders)
    money = f"{say.number(round(orders * float(value)))} {scenario.get('currency', '')}".strip()
    each = f"{say.short(float(value), 2)} {scenario.get('currency', '')}".strip()
    return say.counted("funnel.lost.money", orders, money=money, each=each)


def outcomes(runs: Iterable[tuple[str, Run]], say: Language) -> dict[str, Any]:
    """
    Return how visits ended, for each run side by side; the sums are the arrivals.
    """
    columns: list[dict[str, Any]] = []
    for title, run in runs:
        total = max(1, int(run["arrivals"]))
        queued = int(run.get("still_waiting") or 0)
        counts = {key: int(run["outcomes"].get(key, 0)) for key in ENDS}
        counts |= {"still_waiting": queued, "unfinished": counts["unfinished"] - queued}
        shares = {key: say.percent(count / total, 1) if count else "" for key, count in counts.items()}
        shown = {key: say.number(count) for key, count in counts.items()}
        columns.append({"title": title, "total": say.number(sum(counts.values())), "counts": counts, "shown": shown,
                        "shares": shares})  # fmt: skip
    used = [key for key in ENDS if any(column["counts"][key] for column in columns)]
    return {"words": [(key, say(f"outcome.{key}")) for key in used], "columns": columns}


def attackers(measures: Measures, say: Language) -> Table | None:
    """
    Return what those who mean no good tried and got, by kind; nothing where there were none.
    """
    by_kind: dict[str, list[ShopperRecord]] = {}
    for shopper in measures.shoppers:
        if not means_well(shopper.kind):
            by_kind.setdefault(shopper.kind, []).append(shopper)
    if not by_kind:
        return None
    rows = []
    for kind, who in by_kind.items():
        got = measures.gains.get(kind, {})
        what = ", ".join(
            f"{words[say.code]}: {say.number(got[gain])}" for gain, words in GAINS.items() if got.get(gain)
        )
        gained = sum(s.gained for s in who)
        rows.append((called(kind, say.code), say.number(len(who)), say.number(sum(s.tried for s in who)),
                     say.number(gained) if gained else say("attackers.nothing"), what or DASH))  # fmt: skip
    head = ("who", "came", "tried", "gained", "what")
    return Table(tuple(say(f"attackers.{name}") for name in head), tuple(rows))


def walks(run: Run, say: Language) -> Table:
    """
    Return how often each kind opened each page, foretold and measured, and whether chance explains the difference.
    """
    rows = tuple(
        (
            called(kind, say.code),
            say.known("outcome", ratio["state"]),
            say.short(ratio["predicted"], 2),
            say.short(ratio["measured"], 2),
            say("walks.ok" if ratio["ok"] else "walks.off"),
        )
        for kind, ratios in run["visit_ratios"].items()
        for ratio in ratios
    )
    return Table(tuple(say(f"walks.{name}") for name in ("who", "page", "foretold", "measured", "as_table")), rows)
