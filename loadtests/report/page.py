"""
Put the report together: a pure function from the results to one HTML page.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from loadtests.measuring.measures import Measures
from loadtests.report import heat, people, timeline, waits
from loadtests.report.figures import DASH, Figure, Run, Seen, Table, length_s, shared
from loadtests.report.language import Language, language, unbroken

HERE = Path(__file__).parent
RUNS: Final = ("without_room", "with_room")
TILES: Final = ("orders_per_s", "goodput_ratio", "shop_p95_ms", "error_ratio")
KINDS: Final = ("criterion", "meaning", "validity")
PARTICULARS: Final = (
    *("arrivals", "orders", "orders_total", "orders_per_s", "shop_capacity_per_s", "goodput_ratio", "shop_p95_ms"),
    *("shop_service_p95_ms", "error_ratio", "oversold", "waited_p50_s", "waited_p95_s", "waited_max_s"),
    *("eta_coverage", "position_rises", "seats_max", "capacity", "rate_per_s", "over_admissions", "order_inversions"),
    *("places_lost", "recovery_s"),
)
HEALTH: Final = (
    *("start_lag_p50_ms", "start_lag_p99_ms", "start_lag_max_ms", "not_started", "unsent"),
    *("generator_cpu_share", "generator_cpu_peak"),
)
BY_PHASE: Final = (
    *("arrivals_per_s", "admitted_per_s", "shop_p95_ms", "error_ratio", "waited_p50_s", "waited_p95_s"),
    "abandoned_ratio",
)


@dataclass(frozen=True, slots=True)
class Played:
    """
    One run as the report shows it.

    Args:
        name: which.
        title: what it is called.
        run: its result.
    """

    name: str
    title: str
    run: Run


def render(result: Mapping[str, Any], measures: Mapping[str, Measures], lang: str = "en") -> str:
    """
    Return the whole report as HTML that needs nothing else.

    Args:
        result: what `rehearsal.json` holds.
        measures: the measures of each run by its name.
        lang: the language, `en` or `pl`.
    """
    say = language(lang)
    played = list(_played(result, say))
    known = {each.name: measures[each.name] for each in played if each.name in measures}
    x_max = max((length_s(found) for found in known.values()), default=1.0)
    seen = {each.name: Seen(each.run, known[each.name], say, x_max) for each in played if each.name in known}
    return page(
        "report.html.j2",
        say,
        result=result,
        headline=headline(result, say),
        reasons=_sentences(result, "reasons", say),
        not_measured=_sentences(result, "not_measured", say),
        played=played,
        tiles=[
            (say(f"tile.{field}"), [(each.title, _figure(each.run.get(field), field, say)) for each in played])
            for field in TILES
        ],
        checks=list(_checks(result, say)),
        findings=[(each.title, [say.said(found["says"]) for found in each.run.get("findings") or []])
                  for each in played],
        funnels=[(each.title, people.funnel(known[each.name], gated=seen[each.name].gated),
                  people.losses(result, known[each.name], say)) for each in played if each.name in known],
        rows_of_figures=list(_paired(played, seen)),
        causes=[(each.title, _causes(each.run, say)) for each in played if each.run.get("problems")],
        waiting=[figure for each in seen.values() if each.gated for figure in _waiting(each)],
        attackers=[(each.title, table) for each in played if each.name in known
                   if (table := people.attackers(known[each.name], say))],
        outcomes=people.outcomes(((each.title, each.run) for each in played), say),
        walks=[(each.title, people.walks(each.run, say)) for each in played if each.run.get("visit_ratios")],
        by_phase=[(each.title, _by_phase(each.run, say)) for each in played if each.run.get("by_phase")],
        particulars=_particulars(played, PARTICULARS, say),
        health=_particulars(played, HEALTH, say),
        strips=[(each.title, timeline.generator(seen[each.name])) for each in played
                if each.name in seen and known[each.name].seconds],
        settings=list(_settings(result, say)),
    )  # fmt: skip


def page(template: str, say: Language, **values: Any) -> str:
    """
    Return a page made from a template, with the style in it.
    """
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    style = (HERE / "report.css").read_text(encoding="utf-8")
    return environment.get_template(template).render(style=style, say=say, **values)


def _figure(value: Any, field: str, say: Language) -> str:
    # The tile's own title says per second: its figure is to stay on one line.
    return say.amount(field, value) if value is None or field != "orders_per_s" else say.number(float(value), 1)


def headline(result: Mapping[str, Any], say: Language) -> str:
    """
    Return what happened, in one or two sentences for people who were not there.
    """
    without, room = (result["runs"].get(name) for name in RUNS)
    sentences = [_sentence(without, say("headline.without_room"), say)] if without else []
    if room:
        sentences.append(_sentence(room, say("headline.both" if without else "headline.with_room"), say))
    return unbroken(" ".join(sentences)) or say("headline.nothing")


def _sentence(run: Run, who: str, say: Language) -> str:
    sold = run.get("orders_per_s")
    share = run.get("goodput_ratio")
    return say(
        "headline.sentence" if share is not None else "headline.unknown",
        who=who,
        sold=say("not_measured") if sold is None else say.number(float(sold), 1),
        share="" if share is None else say.percent(float(share)),
        slow=say.amount("shop_p95_ms", run.get("shop_p95_ms")),
        wrong=say.amount("error_ratio", run.get("error_ratio")),
    )


def _played(result: Mapping[str, Any], say: Language) -> Iterator[Played]:
    for name in RUNS:
        run = result["runs"].get(name)
        if run:
            title = say(f"run.{name}")
            yield Played(name, title if run.get("complete", True) else say("run.stopped", run=title), run)


def _sentences(result: Mapping[str, Any], name: str, say: Language) -> list[tuple[str, str]]:
    """
    Return the sentences of a list in the result, each with its language: what a program said of its failure is English.
    """
    known = result.get("in_polish") or {}
    told = result.get(name) or []
    return [(known[text], "pl") if say.code == "pl" and text in known else (text, "en") for text in told]


def _checks(result: Mapping[str, Any], say: Language) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for kind in KINDS:
        rows = [
            {
                **_state(check, say, aborted=result["verdict"] == "aborted"),
                "what": _what(check, say),
                "run": say(f"run.short.{check['run']}") if kind == "validity" else "",
                "phase": say("checks.phase", phase=say.known("phase", check["phase"])) if check.get("phase") else "",
                "why": _why(check, say),
                "limit": say.comparison(check["comparator"], check["field"], check["limit"]),
                "value": say.amount(check["field"], check["value"]),
            }
            for check in result["thresholds"]
            if check["kind"] == kind
        ]
        if rows:
            yield say(f"kind.{kind}"), rows


def _what(check: Mapping[str, Any], say: Language) -> str:
    name, field = check["name"].partition(".")[0], check["field"]
    for key in (f"check.{name}", f"figure.{field}"):
        if say.has(key):
            return say(key)
    return str(check["name"]).replace("_", " ")


def _why(check: Mapping[str, Any], say: Language) -> str:
    # A scenario's own reasons stand in the languages that its author wrote.
    key, why = f"why.{check['name'].partition('.')[0]}", str(check.get("why") or "")
    if say.code == "en":
        return why
    return str(check.get("why_pl") or (say(key) if say.has(key) else why))


def _state(check: Mapping[str, Any], say: Language, *, aborted: bool) -> dict[str, str]:
    if check["ok"]:
        return {"state": "ok", "mark": "✓", "state_words": say("checks.held")}
    if aborted and check["value"] is None:
        return {"state": "unknown", "mark": DASH, "state_words": say("checks.unknown")}
    return {"state": "bad", "mark": "✗", "state_words": say("checks.bad")}


def _paired(played: Sequence[Played], seen: Mapping[str, Seen]) -> Iterator[list[tuple[str, Figure]]]:
    there = [(each.title, seen[each.name]) for each in played if each.name in seen and seen[each.name].measures.seconds]
    if not there:
        return
    charts: list[tuple[Callable[[Seen, float], Figure], Callable[[Seen], float]]] = [
        (timeline.demand, timeline.demand_peak),
        (timeline.people, timeline.people_peak),
    ]
    if any(each.measures.cells for _, each in there):
        charts += [(partial(heat.heat, clock="latency"), heat.heat_peak),
                   (partial(heat.heat, clock="service"), heat.heat_peak)]  # fmt: skip
    charts.append((timeline.errors, timeline.errors_peak))
    for chart, peak in charts:
        y_max = shared([each for _, each in there], peak)
        yield [(title, chart(each, y_max)) for title, each in there]


def _waiting(seen: Seen) -> Iterator[Figure]:
    if seen.measures.seconds and (figure := timeline.seats(seen)):
        yield figure
    yield from waits.pictures(seen)


def _causes(run: Run, say: Language) -> Table:
    rows = sorted(run["problems"].items(), key=lambda item: (-item[1], item[0]))
    return Table((say("causes.cause"), say("causes.count")), tuple((what, say.number(n)) for what, n in rows[:20]))


def _by_phase(run: Run, say: Language) -> Table:
    parts = run["by_phase"]
    spans: dict[str, list[str]] = {}
    for phase in run.get("phases") or []:
        span = f"{say.number(round(phase['from_s']))}–{say.number(round(phase['to_s']))} s"
        spans.setdefault(phase["name"], []).append(span)
    fields = [field for field in BY_PHASE if any(figures.get(field) is not None for figures in parts.values())]
    rows = tuple(
        (
            say.known("phase", name),
            ", ".join(spans.get(name, [DASH])),
            *(DASH if figures.get(field) is None else say.amount(field, figures[field]) for field in fields),
        )
        for name, figures in parts.items()
    )
    return Table((say("phases.phase"), say("phases.when"), *(say(f"figure.{field}") for field in fields)), rows)


def _particulars(played: Sequence[Played], fields: Sequence[str], say: Language) -> Table:
    rows = []
    for field in fields:
        values = [each.run.get(field) for each in played]
        if any(value is not None for value in values):
            cells = (DASH if value is None else say.amount(field, value) for value in values)
            rows.append((say(f"figure.{field}"), *cells))
    return Table((say("particulars.figure"), *(each.title for each in played)), tuple(rows))


def _settings(result: Mapping[str, Any], say: Language) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    first = {"command": result["command"], "seed": result["seed"], "started": result["started_at"]}
    first |= {"lasted": say.amount("_s", result["duration_s"])}
    yield say("again.this"), [(say(f"again.{key}"), str(value)) for key, value in first.items()]
    scenario = {key: value for key, value in (result.get("scenario") or {}).items() if key not in {"says", "sources"}}
    if scenario:
        yield say("again.scenario"), [(key, _plain(value, say)) for key, value in scenario.items()]
    for title, values in result["settings"].items():
        yield say.known("settings", title), [(key, _plain(value, say)) for key, value in values.items()]
    yield say("again.versions"), [(key, str(value)) for key, value in result["versions"].items()]


def _plain(value: Any, say: Language) -> str:
    if isinstance(value, bool):
        return say("yes" if value else "no")
    if isinstance(value, int | float):
        return say.number(float(f"{value:.4g}")) if isinstance(value, float) else str(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_plain(part, say)}" for key, part in value.items()) or DASH
    if isinstance(value, list | tuple):
        return ", ".join(_plain(part, say) for part in value) or DASH
    return str(value) or DASH if value is not None else DASH
