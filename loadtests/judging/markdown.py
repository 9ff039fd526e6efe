"""
The result of a rehearsal as Markdown, for a pull request or a chat. Pure.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]()#+!|~$@])")
_SIGNS: Final = {"pass": "✅ passed", "fail": "❌ failed", "invalid": "⚠️ invalid", "aborted": "⏹️ aborted"}


def markdown(result: Mapping[str, Any]) -> str:
    """
    Return the verdict, why, the limits that did not hold first, and what became of the shoppers.
    """
    scenario = result.get("scenario", {})
    name = scenario.get("name") or "rehearsal"
    lines = [f"## {escaped(str(name))}: {_SIGNS[result['verdict']]}", ""]
    if sentence := scenario.get("says", {}).get("en"):
        lines += [escaped(sentence), ""]
    lines += [*(f"* {escaped(reason)}" for reason in result["reasons"]), ""] if result["reasons"] else []
    lines += ["| | limit | measured | must be | of |", "|---|---|---|---|---|"]
    lines += [_row(check) for check in sorted(result["thresholds"], key=lambda check: bool(check["ok"]))]
    for run, figures in result["runs"].items():
        if figures:
            lines += ["", f"**{escaped(run)}**: {_people(figures)}", "", *_kinds(figures.get("by_kind", {}))]
    lines += ["", f"Seed {result['seed']}, {result['duration_s']:g} s, {_code(str(result['command']))}", ""]
    return "\n".join(lines)


def escaped(text: str) -> str:
    """
    Return text that Markdown shows as it is, on one line: no table, link, mention or tag can begin in it.
    """
    flat = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", flat)


def _row(check: Mapping[str, Any]) -> str:
    value = "not measured" if check["value"] is None else f"{check['value']:g}"
    where = f"{check['run']}, {check['phase']}" if check.get("phase") else check["run"]
    must = f"{check['comparator']} {check['limit']:g}"
    cells = ("✅" if check["ok"] else "❌", *(escaped(text) for text in (check["name"], value, must, where)))
    return f"| {' | '.join(cells)} |"


def _people(figures: Mapping[str, Any]) -> str:
    ends = ", ".join(f"{escaped(name)} {count}" for name, count in figures["outcomes"].items() if count)
    goodput = figures.get("goodput_ratio")
    sold = "" if goodput is None else f" Of what the shop can sell, {goodput:.0%} was sold."
    return f"{figures['arrivals']} came: {ends or 'nobody'}.{sold}"


def _kinds(kinds: Mapping[str, Mapping[str, Any]]) -> list[str]:
    lines = ["| who | came | bought | waited, half | waited, 95 % | tried | gained |", "|---|---|---|---|---|---|---|"]
    for kind, told in kinds.items():
        waits = (_seconds(told["waited_p50_s"]), _seconds(told["waited_p95_s"]))
        hostile = ("", "") if told["honest"] or told["gained"] is None else (str(told["tried"]), str(told["gained"]))
        cells = (escaped(kind), str(told["arrivals"]), str(told["outcomes"].get("bought", 0)), *waits, *hostile)
        lines.append(f"| {' | '.join(cells)} |")
    return lines if kinds else []


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} s"


def _code(text: str) -> str:
    # A fence of one backtick more than the longest run inside cannot be closed from within (CommonMark 6.1).
    flat = " ".join(text.split())
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", flat)), default=0))
    return f"{fence} {flat} {fence}"
