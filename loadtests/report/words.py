"""
The report's words: what each figure is called, and what it means to somebody who runs a shop.
"""

import re
from collections.abc import Mapping
from typing import Any

from loadtests.report.svg import number

RUNS = (("without_room", "Without the waiting room"), ("with_room", "With the waiting room"))

VERDICTS = {
    "pass": ("Passed", "The shop is ready for this crowd."),
    "fail": ("Failed", "At least one limit did not hold. Do not go live like this."),
    "invalid": ("Invalid", "This rehearsal may not be judged: it was not the test that it was meant to be."),
    "aborted": ("Aborted", "The rehearsal was stopped before its end. The figures are what there was until then."),
}

OUTCOMES = (
    ("bought", "Bought"),
    ("browsed", "Looked around, as they meant to"),
    ("gave_up_waiting", "Gave up in the queue"),
    ("still_waiting", "Still in the queue when the run ended, place kept"),
    ("unfinished", "Still in the shop when the run ended"),
    ("sold_out", "Found it sold out"),
    ("left_basket", "Left a full basket, as they meant to"),
    ("no_show", "Were called and did not come, as they meant to"),
    ("expired", "Their time in the shop ended too early"),
    ("turned_away", "Meant no good, and gained nothing"),
    ("slipped_by", "Meant no good, and got what was not theirs"),
    ("refused", "Turned away by the room"),
    ("gave_up_shop", "Gave up on a slow or failing shop"),
    ("error", "Ended in an error"),
)

KINDS = {"criterion": "With the room", "meaning": "Was it a test at all?", "validity": "Was the generator honest?"}

CHECKS = {
    "goodput": "Orders sold, of what the shop can sell",
    "shop_p95": "95 % of the shop's pages come within",
    "errors": "Requests to the shop that fail",
    "oversold": "Pieces sold beyond the stock",
    "over_admissions": "Let in beyond rate or seats",
    "order_inversions": "Overtaken in the queue",
    "places_lost": "Places lost",
    "overload": "Shoppers who come, in multiples of what the shop can serve",
    "collapse": "Signs of collapse without a room, of three",
    "start_lag": "Shoppers came late by at most (99 %)",
    "not_started": "Shoppers who could not come",
    "arrivals_ks": "How probable it is that they came by the rate that was asked for",
    "generator_cpu": "The generator's processor time, of a core",
    "arrivals": "How well chance explains when shoppers started",
    "conservation": "Shoppers who are not accounted for",
    "changes": "Changes on the time line that were not made",
}

_SHARES = ("goodput_ratio", "error_ratio", "eta_coverage", "generator_cpu_share", "generator_cpu_peak")


def amount(field: str, value: Any) -> str:
    """
    Return a figure with its unit, as people read it.
    """
    if value is None:
        return "not measured"
    figure = float(value)
    if field in _SHARES:
        return percent(figure)
    if field.endswith("_ms") and figure < 1000:
        return f"{number(round(figure, 1 if figure < 10 else 0))} ms"
    if field.endswith("_ms"):
        return f"{number(round(figure / 1000, 1))} s"
    if field == "demand_ratio":
        return f"{round(figure, 1):g} ×"
    for ending, unit in (("_per_s", " per s"), ("_s", " s")):
        if field.endswith(ending):
            return f"{figure:.1f}{unit}"
    return number(figure)


def percent(share: float) -> str:
    """
    Return a share in per cent; a small one keeps a decimal, so that a little is never shown as nothing.
    """
    return f"{round(share * 100, 1 if share < 0.1 else 0):g} %"


def comparison(comparator: str, field: str, limit: Any) -> str:
    """
    Return a limit in words.
    """
    if comparator == "==" and limit == 0:
        return "none"
    words = {">=": "at least ", "<=": "at most ", ">": "more than ", "<": "less than ", "==": ""}
    return words[comparator] + amount(field, limit)


def headline(result: Mapping[str, Any]) -> str:
    """
    Return what happened, in one or two sentences for people who were not there.
    """
    without, room = (result["runs"].get(name) for name, _ in RUNS)
    sentences = [_sentence(without, "Without the waiting room")] if without else []
    if room:
        sentences.append(_sentence(room, "With it, and the same crowd," if without else "With the waiting room"))
    return unbroken(" ".join(sentences)) or "No run came to its end."


def unbroken(sentence: str) -> str:
    """
    Return a sentence whose figures stay on one line with their units.
    """
    return re.sub(r"(\d) (%|ms|s|×)", "\\1\u00a0\\2", sentence)


def _sentence(run: Mapping[str, Any], who: str) -> str:
    sold = amount("orders_per_s", run.get("orders_per_s")).replace(" per s", "")
    of = percent(float(run["goodput_ratio"])) if run.get("goodput_ratio") is not None else "an unknown share"
    slow, wrong = amount("shop_p95_ms", run.get("shop_p95_ms")), amount("error_ratio", run.get("error_ratio"))
    return (
        f"{who} the shop sold {sold} orders a second, {of} of what it can sell; "
        f"95 % of its pages came within {slow}, and {wrong} of the requests failed."
    )
