"""
The result of a rehearsal as a table for a terminal. Pure.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from loadtests.report.language import language, typed
from loadtests.report.page import RUNS

ROWS = (
    ("arrivals", "Shoppers who came"),
    ("demand_ratio", "At the peak, of what it can serve"),
    ("orders", "Orders over the overload"),
    ("orders_per_s", "Orders per second"),
    ("goodput_ratio", "Of what the shop can sell"),
    ("shop_p95_ms", "95 % of its pages within"),
    ("error_ratio", "Requests that failed"),
    ("oversold", "Pieces oversold"),
    ("waited_p50_s", "Half waited up to"),
    ("waited_p95_s", "95 % waited up to"),
    ("eta_coverage", "Announced times that held"),
    ("seats_max", "Most seats taken"),
    ("over_admissions", "Let in beyond rate or seats"),
    ("order_inversions", "Overtaken in the queue"),
    ("places_lost", "Places lost"),
    ("start_lag_p99_ms", "Generator late by (99 %)"),
    ("not_started", "Shoppers not started"),
)
SAY = language("en")
_SHORT = {"without_room": "without room", "with_room": "with room"}


def table(result: Mapping[str, Any]) -> str:
    """
    Return both runs side by side, with the limits and whether they held.
    """
    played = [name for name in RUNS if result["runs"].get(name)]
    rows = [("", *(_SHORT[name] for name in played), "", "limit")]
    for field, label in ROWS:
        values = [result["runs"][name].get(field) for name in played]
        if all(value is None for value in values):
            continue
        shown = ("–" if value is None else SAY.amount(field, value) for value in values)
        rows.append((label, *shown, *_limit(result, field)))
    return typed("\n".join(_aligned(rows))) if played else ""


def _limit(result: Mapping[str, Any], field: str) -> tuple[str, str]:
    checks = [
        check
        for check in result["thresholds"]
        if check["field"] == field and not check["phase"] and result["runs"].get(check["run"])
    ]
    if not checks or result["verdict"] == "aborted":
        return "", ""
    limit = SAY.comparison(checks[0]["comparator"], field, checks[0]["limit"])
    return "ok" if all(check["ok"] for check in checks) else "FAILED", limit


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    last = len(widths) - 1
    lines = []
    for row in rows:
        cells = [
            cell.ljust(widths[i]) if i in {0, last - 1, last} else cell.rjust(widths[i]) for i, cell in enumerate(row)
        ]
        lines.append("  ".join(cells).rstrip())
    return lines


def summary(result: Mapping[str, Any], out: Path) -> str:
    """
    Return what is printed at the end: the table, the verdict in words, what is wrong, and where the report is.
    """
    word, meaning = SAY(f"verdict.{result['verdict']}"), SAY(f"meaning.{result['verdict']}")
    parts = [table(result), f"{word.upper()}. {meaning}", *(f"  {told}" for told in _goodput(result))]
    broken = [check for check in result["thresholds"] if not check["ok"] and result["runs"].get(check["run"])]
    if result["verdict"] != "aborted":
        parts += [f"  FAILED {_check_words(check)}" for check in broken]
    parts += [f"  {reason}" for reason in result["reasons"]]
    parts += [f"  {told}" for told in _attackers(result)]
    if result["not_measured"]:
        parts += ["Not measured:", *(f"  {sentence}" for sentence in result["not_measured"])]
    parts.append(f"Report: {out / 'report.html'}")
    return typed("\n".join(part for part in parts if part))


def _goodput(result: Mapping[str, Any]) -> Iterator[str]:
    for name in RUNS:
        run = result["runs"].get(name) or {}
        if run.get("goodput_ratio") is None or (run.get("demand_ratio") or 0) <= 1:
            continue
        share, orders = (SAY.amount(field, run[field]) for field in ("goodput_ratio", "orders_per_s"))
        yield f"Goodput while too many came, {_SHORT[name]}: {share} of what the shop can sell ({orders})"


def _attackers(result: Mapping[str, Any]) -> Iterator[str]:
    for name in RUNS:
        for told in (result["runs"].get(name) or {}).get("by_kind", {}).values():
            if "says" in told:
                yield told["says"]["en"]


def _check_words(check: Mapping[str, Any]) -> str:
    what = SAY.known("check", check["name"].partition(".")[0])
    value = SAY.amount(check["field"], check["value"])
    limit = SAY.comparison(check["comparator"], check["field"], check["limit"])
    where = f"{_SHORT[check['run']]}, {check['phase']}" if check["phase"] else _SHORT[check["run"]]
    return f"{what}: {value}, must be {limit} ({where})"
