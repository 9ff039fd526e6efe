"""
Put the report together: a pure function from the results to one HTML page.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from loadtests.report import charts, waits, words
from loadtests.report.charts import Figure, Measured, Table

HERE = Path(__file__).parent
TILES = (
    ("Orders per second", "orders_per_s"),
    ("Of what the shop can sell", "goodput_ratio"),
    ("95 % of pages within", "shop_p95_ms"),
    ("Requests that failed", "error_ratio"),
)
PARTICULARS = (
    ("arrivals", "Shoppers who came"),
    ("orders", "Orders over the overload"),
    ("orders_total", "Orders in the whole run"),
    ("orders_per_s", "Orders per second over the overload"),
    ("shop_capacity_per_s", "What the shop can sell"),
    ("goodput_ratio", "Share of it that was sold"),
    ("shop_p95_ms", "95 % of pages within, as shoppers felt it"),
    ("shop_service_p95_ms", "95 % of pages within, from sending the request"),
    ("error_ratio", "Requests that failed"),
    ("oversold", "Pieces sold beyond the stock"),
    ("waited_p50_s", "Half waited up to"),
    ("waited_p95_s", "95 % waited up to"),
    ("eta_coverage", "Announced times that held"),
    ("position_rises", "Positions that went up"),
    ("seats_max", "Most seats taken at once"),
    ("capacity", "Seats there are"),
    ("rate_per_s", "Let in at most"),
    ("over_admissions", "Let in beyond rate or seats"),
    ("order_inversions", "Overtaken in the queue"),
    ("places_lost", "Places lost"),
)
HEALTH = (
    ("start_lag_p50_ms", "Half of the shoppers started late by up to"),
    ("start_lag_p99_ms", "99 % started late by up to"),
    ("start_lag_max_ms", "The latest started late by"),
    ("not_started", "Shoppers who could not start"),
    ("generator_cpu_share", "Generator's processor time, of one core"),
    ("generator_cpu_peak", "Likewise in its busiest 5 seconds"),
)


def render(result: Mapping[str, Any], measures: Mapping[str, Measured]) -> str:
    """
    Return the whole report as HTML that needs nothing else.

    Args:
        result: what `rehearsal.json` holds.
        measures: the measures of each run by its name, as the load generator wrote them.
    """
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    word, meaning = words.VERDICTS[result["verdict"]]
    played = [
        (name, title if run.get("complete", True) else f"{title} (stopped early)")
        for name, title in words.RUNS
        if (run := result["runs"].get(name))
    ]
    return environment.get_template("report.html.j2").render(
        style=(HERE / "report.css").read_text(),
        result=result,
        verdict_word=word,
        verdict_meaning=meaning,
        headline=words.headline(result),
        played=played,
        tiles=[(label, [(title, words.amount(field, result["runs"][name].get(field))) for name, title in played])
               for label, field in TILES],
        checks=list(_checks(result)),
        rows_of_figures=list(_paired(result, measures, played)),
        waiting=list(_waiting(result, measures)),
        outcomes=_outcomes(result, played),
        particulars=_particulars(result, played, PARTICULARS),
        health=_particulars(result, played, HEALTH),
        settings=list(_settings(result)),
    )  # fmt: skip


def _checks(result: Mapping[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    runs = dict(words.RUNS)
    for kind, title in words.KINDS.items():
        rows = [
            {
                **_state(check, aborted=result["verdict"] == "aborted"),
                "what": words.CHECKS.get(check["name"].partition(".")[0], check["name"]),
                "run": runs[check["run"]] if kind == "validity" else "",
                "why": check["why"],
                "limit": words.unbroken(words.comparison(check["comparator"], check["field"], check["limit"])),
                "value": words.amount(check["field"], check["value"]),
            }
            for check in result["thresholds"]
            if check["kind"] == kind
        ]
        if rows:
            yield title, rows


def _state(check: Mapping[str, Any], *, aborted: bool) -> dict[str, str]:
    if check["ok"]:
        return {"state": "ok", "mark": "✓", "state_words": "held"}
    if aborted and check["value"] is None:
        return {"state": "unknown", "mark": "–", "state_words": "not reached"}
    return {"state": "bad", "mark": "✗", "state_words": "did not hold"}


def _paired(
    result: Mapping[str, Any], measures: Mapping[str, Measured], played: list[tuple[str, str]]
) -> Iterator[list[tuple[str, Figure]]]:
    there = [(name, title) for name, title in played if name in measures and measures[name]["seconds"]]
    if not there:
        return
    known = [measures[name] for name, _ in there]
    x_max = max(charts.length_s(measured) for measured in known)
    peaks = (
        (charts.demand, lambda m: max(charts.smoothed(charts.column(m, "arrivals")), default=0)),
        (charts.latency, lambda m: max(charts.column(m, "shop_p95_ms"), default=0)),
        (charts.people, lambda m: max(charts.column(m, "waiting") + charts.column(m, "in_shop"), default=0)),
        (charts.errors, lambda m: max(charts.smoothed(charts.column(m, "shop_requests")), default=0)),
    )
    for chart, peak in peaks:
        y_max = charts.pair_max(known, peak)
        if chart is charts.latency:
            y_max = max(y_max, 2000.0)
        yield [(title, chart(result["runs"][name], measures[name], y_max, x_max)) for name, title in there]


def _waiting(result: Mapping[str, Any], measures: Mapping[str, Measured]) -> Iterator[Figure]:
    run, measured = result["runs"].get("with_room"), measures.get("with_room")
    if not run or not measured:
        return
    figures = (
        waits.waits(measured),
        waits.announced(measured),
        waits.seats(run, measured, charts.length_s(measured)),
        waits.order(measured),
    )
    yield from (figure for figure in figures if figure is not None)


def _outcomes(result: Mapping[str, Any], played: list[tuple[str, str]]) -> dict[str, Any]:
    columns = []
    for name, title in played:
        run = result["runs"][name]
        total = max(1, int(run["arrivals"]))
        queued = int(run.get("still_waiting") or 0)
        counts = {key: int(run["outcomes"].get(key, 0)) for key, _ in words.OUTCOMES}
        counts |= {"still_waiting": queued, "unfinished": counts["unfinished"] - queued}
        columns.append({"title": title, "total": sum(counts.values()), "counts": counts, "shares": {
            key: count / total for key, count in counts.items()}})  # fmt: skip
    return {"words": words.OUTCOMES, "columns": columns}


def _particulars(
    result: Mapping[str, Any], played: list[tuple[str, str]], fields: tuple[tuple[str, str], ...]
) -> Table:
    rows = []
    for field, label in fields:
        values = [result["runs"][name].get(field) for name, _ in played]
        if any(value is not None for value in values):
            rows.append((label, *("–" if value is None else words.amount(field, value) for value in values)))
    return Table(("", *(title for _, title in played)), tuple(rows))


def _settings(result: Mapping[str, Any]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    first = {"Command": result["command"], "Seed": result["seed"], "Started": result["started_at"]}
    first |= {"Lasted": words.amount("_s", result["duration_s"])}
    yield "This rehearsal", [(key, str(value)) for key, value in first.items()]
    for title, values in result["settings"].items():
        yield title, [(key, _plain(value)) for key, value in values.items()]
    yield "Versions", [(key, str(value)) for key, value in result["versions"].items()]


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_plain(part)}" for key, part in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_plain, value)) or "–"
    return "–" if value in {None, ""} else str(value)
