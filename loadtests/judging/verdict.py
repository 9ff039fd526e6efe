"""
Turn what was measured into the result of a rehearsal: figures per run, checks, and one verdict.

Pure: it gets the generator's measures, the shop's books and the room's own counts, and returns plain data, the content
of `rehearsal.json`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal

from loadtests.arrivals.rate import together
from loadtests.judging.doubts import doubts
from loadtests.judging.facts import Circumstances, Played
from loadtests.judging.figures import figures_of, orders_by_s, orders_of, phases_in
from loadtests.judging.gains import by_kind
from loadtests.judging.room import room_result
from loadtests.judging.thresholds import Check, Threshold, evaluate, symptoms
from loadtests.judging.validity import generator_of
from loadtests.judging.visits import in_words, visits_of
from loadtests.judging.words import STOPPED, UNFINISHED, Words, polish_of
from loadtests.measuring.measures import Measures
from loadtests.measuring.walks import check_ratios

Verdict = Literal["pass", "fail", "invalid", "aborted"]
EXIT_CODES: Mapping[Verdict, int] = {"pass": 0, "fail": 1, "invalid": 6, "aborted": 130}
VISITS = ("visit_error_ratio", "sold_nothing")
PROMISED = ("without_room", "with_room")


def run_result(played: Played) -> dict[str, Any]:
    """
    Return one run's figures under the names that the result file promises.
    """
    measures, capacity = played.measures, played.capacity
    from_s, to_s = measures.overload
    orders, by_s = orders_of(played, [(from_s, to_s)]), orders_by_s(played)
    per_s = orders / (to_s - from_s) if to_s > from_s else 0.0
    rate = together(stream.rate for stream in played.scenario.streams) if played.scenario else None
    result: dict[str, Any] = {
        # Together they tell one run from every other: whose measures are read beside this result is held against them.
        "seed": measures.seed,
        "started_at_ms": measures.started_at_ms,
        "complete": not measures.interrupted,
        "arrivals": measures.arrivals,
        "demand_ratio": _demand(played),
        "orders": orders,
        "orders_total": len(played.books.paid_ms) if played.books else sum(by_s),
        "orders_from": "the shop's database" if played.books else "confirmations seen by shoppers",
        "orders_per_s": round(per_s, 4),
        "orders_by_s": by_s,
        "shop_capacity_per_s": round(capacity.orders_per_s, 4) if capacity.orders_per_s > 0 else None,
        "goodput_ratio": round(per_s / capacity.orders_per_s, 4) if capacity.orders_per_s > 0 else None,
        "shop_p95_ms": measures.shop_p95_ms,
        "shop_service_p95_ms": measures.shop_service_p95_ms,
        "error_ratio": measures.error_ratio,
        "oversold": played.books.oversold if played.books else None,
        "start_lag_p50_ms": measures.start_lag_p50_ms,
        "start_lag_p99_ms": measures.start_lag_p99_ms,
        "start_lag_max_ms": measures.start_lag_max_ms,
        "not_started": measures.not_started,
        "unsent": measures.unsent,
        "generator_cpu_share": measures.generator_cpu_share,
        "generator_cpu_peak": measures.generator_cpu_peak,
        "overload_s": [from_s, to_s],
        "duration_s": measures.duration_s,
        "outcomes": asdict(measures.outcomes),
        "conservation": conservation(measures),
        "generator": generator_of(measures, rate, played.ceiling_share).to_json(),
        "changes": [dict(change) for change in played.changes],
        "changes_failed": sum(not change["ok"] for change in played.changes),
        "by_kind": by_kind(measures, gated=played.room is not None),
        "visit_ratios": {
            kind: [asdict(check) for check in check_ratios(walked)] for kind, walked in measures.walks.items()
        },
        "problems": dict(measures.problems),
    }
    result["arrivals_ks_p"] = result["generator"]["arrivals_ks_p"]
    result["unaccounted"] = result["conservation"]["unaccounted"]
    result["symptoms"] = symptoms(result)
    result |= visits_of(measures, result["orders_total"])
    result |= room_result(measures, played.room, played.changes) if played.room else {}
    whole, by_phase = figures_of(played)
    # What has a name in the result already is taken over its own span, such as the overload.
    return {**whole, **result, "phases": [asdict(phase) for phase in phases_in(played)], "by_phase": by_phase}


def conservation(measures: Measures) -> dict[str, Any]:
    """
    Return whether everybody is accounted for: who set out has one outcome, and who was due set out or is missed.
    """
    came = sum(second.arrivals for second in measures.seconds)
    ended = measures.outcomes.total
    unaccounted = abs(came - ended) + abs(ended - len(measures.shoppers))
    if not measures.interrupted:
        unaccounted += abs(measures.scheduled - came - measures.not_started)
    return {
        "arrivals": came,
        "outcomes_sum": ended,
        "not_started": measures.not_started,
        "unaccounted": unaccounted,
        "ok": unaccounted == 0,
    }


def judge(checks: Sequence[Check], *, aborted: bool, broken: bool = False, failed: bool = False) -> Verdict:
    """
    Return the verdict: an aborted or dishonest run proves nothing, whatever its figures.

    Args:
        checks: what was held against the limits, of the runs that took place.
        aborted: whether somebody stopped it.
        broken: whether one of its programs failed.
        failed: whether a criterion ended it.
    """
    if aborted:
        return "aborted"
    kinds = {check.threshold.kind for check in checks if not check.ok}
    if broken or "validity" in kinds:
        return "invalid"
    return "fail" if kinds or failed else "pass"


def result_of(
    runs: Mapping[str, Played],
    thresholds: tuple[Threshold, ...],
    circumstances: Circumstances,
    *,
    aborted: bool = False,
    broken: bool = False,
    failed: bool = False,
) -> dict[str, Any]:
    """
    Return the whole result, ready for `rehearsal.json`.

    Args:
        runs: what was played, by name; a run that is missing was not reached.
        thresholds: what the rehearsal is held to.
        circumstances: how it was made.
        aborted: whether somebody stopped it.
        broken: whether one of its programs failed, so that it proves nothing.
        failed: whether a criterion ended it; what was not reached any more is not held against it.
    """
    results = {name: run_result(runs[name]) if name in runs else None for name in PROMISED}
    checks = evaluate(results, thresholds)
    reached = [check for check in checks if not failed or check.threshold.run in runs]
    verdict = judge(reached, aborted=aborted, broken=broken, failed=failed)
    reasons = tuple(_reasons(checks, verdict, results, broken=broken))
    return {
        "verdict": verdict,
        "exit_code": EXIT_CODES[verdict],
        "seed": circumstances.seed,
        "scenario": dict(circumstances.scenario),
        "thresholds": [check.to_json() for check in checks],
        "runs": results,
        "reasons": [*circumstances.reasons, *(said["en"] for said in reasons)],
        "not_measured": [said["en"] for said in circumstances.not_measured],
        "in_polish": polish_of((STOPPED, UNFINISHED, *reasons, *circumstances.not_measured)),
        "started_at": circumstances.started_at,
        "duration_s": round(circumstances.duration_s, 1),
        "command": circumstances.command,
        "settings": {title: dict(values) for title, values in circumstances.settings.items()},
        "versions": dict(circumstances.versions),
    }


def _reasons(
    checks: Sequence[Check], verdict: Verdict, results: Mapping[str, dict[str, Any] | None], *, broken: bool
) -> Iterable[Words]:
    spoilt = {check.threshold.run for check in checks if check.threshold.field in VISITS and not check.ok}
    if verdict != "aborted":
        told = [run for name, run in results.items() if run is not None and name in spoilt]
        yield from (in_words(run, ended=broken) for run in told)
    if verdict == "invalid":
        yield from doubts(checks)


def _demand(played: Played) -> float | None:
    from_s, to_s = played.plateau_s
    came = sum(1 for shopper in played.measures.shoppers if from_s <= shopper.arrival_s < to_s)
    if played.capacity.journeys_per_s <= 0 or to_s <= from_s or played.measures.duration_s < to_s:
        return None
    return round(came / (to_s - from_s) / played.capacity.journeys_per_s, 3)
