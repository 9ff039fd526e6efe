"""
A forecast and its inverse answers as text for a terminal.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import Any, Final

from loadtests.forecast.inverse import Answer
from loadtests.forecast.plot import clock, plotted
from loadtests.forecast.result import Forecast
from loadtests.scenario.spec import Scenario

_HINDRANCES: Final[Mapping[str, str]] = {
    "shop": "no rate will do: the shop serves too few, however fast they are let in",
    "time line": "no rate will do: it is the scenario's breaks, its opening or its changes that people wait for",
}
_SEND_HINDRANCES: Final[Mapping[str, str]] = {
    "others": "nor does slower sending help: those who were not written to are too many already",
    "time line": "nor does slower sending help",
}


def told(scenario: Scenario, forecast: Forecast, answers: Sequence[Answer], width: int) -> str:
    """
    Return the forecast as lines: what comes, what is to be expected, the line as a plot, and the answers.
    """
    says = scenario.says.get("en", "")
    come = (
        f"{forecast.arrivals:,.0f} shoppers come within {clock(scenario.length_s)}; "
        f"the room lets in {forecast.admits_per_s:.1f} a second."
    )
    lines = [f"{scenario.name}: {says}" if says else scenario.name, come, ""]
    rows = list(_rows(forecast))
    widths = [max(len(row[place]) for row in rows) for place in (0, 1)]
    lines += [f"  {name:<{widths[0]}}  {value:>{widths[1]}}  {more}".rstrip() for name, value, more in rows]
    if plot := plotted(forecast.t, forecast.waiting, width - 2):
        lines += ["", "  People waiting:", *(f"  {line}" for line in plot)]
    for answer in answers:
        lines += ["", *_answered(answer)]
    return "\n".join(lines)


def beside(scenario: Scenario, figures: Mapping[str, Any], forecast: Forecast) -> str:
    """
    Return what was simulated beside what was forecast, as lines.
    """
    end = clock(scenario.length_s + scenario.drain_s)
    outcomes = figures["outcomes"]
    waits = "{:.0f} to {:.0f} s".format(*forecast.wait_max_band)
    leave = "{:,.0f} to {:,.0f}".format(*forecast.abandoned_band)
    rows = [
        ("", "simulated", "forecast", ""),
        ("shoppers", f"{figures['arrivals']:,}", f"{forecast.arrivals:,.0f}", ""),
        ("let in", f"{figures['admitted']:,}", f"{forecast.admitted:,.0f}", ""),
        ("half wait at most", _seconds(figures["waited_p50_s"]), _seconds(forecast.waited_p50_s), ""),
        ("95 of 100 at most", _seconds(figures["waited_p95_s"]), _seconds(forecast.waited_p95_s), ""),
        ("longest wait", _seconds(figures["waited_max_s"]), _seconds(forecast.wait_max_s), waits),
        ("lose patience", f"{outcomes['gave_up_waiting']:,}", f"{forecast.abandoned:,.0f}", leave),
        ("called, did not come", f"{outcomes['no_show']:,}", "", ""),
        ("sent away", f"{outcomes['refused']:,}", "", ""),
        ("still wait at the end", f"{figures['still_waiting']:,}", f"{forecast.still_waiting:,.0f}", ""),
        ("orders", f"{figures['orders_total']:,}", f"{forecast.orders:,.0f}", ""),
        ("seats at most", f"{figures['seats_max']:,}", "", f"of {figures['capacity']:,}"),
        ("status polls", f"{figures['polls_per_s_max']:,}/s", f"{forecast.polls_per_s_max:,.0f}/s", ""),
    ]  # fmt: skip
    widths = [max(len(row[place]) for row in rows) for place in range(3)]
    lines = [f"{scenario.name}, up to {end}", ""]
    lines += [
        f"  {name:<{widths[0]}}  {one:>{widths[1]}}  {other:>{widths[2]}}  {band}".rstrip()
        for name, one, other, band in rows
    ]
    if figures["left_out"]:
        lines += ["", f"Not simulated: {', '.join(figures['left_out'])}."]
    return "\n".join(lines)


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} s"


def _rows(forecast: Forecast) -> Iterator[tuple[str, str, str]]:
    low, high = forecast.wait_max_band
    came = f"{low:.0f} to {high:.0f} s, of who comes at {clock(forecast.wait_max_at_s)}"
    yield (
        "longest wait",
        f"{forecast.wait_max_s:.1f} s",
        came if forecast.wait_max_s else f"up to {high:.0f} s by chance",
    )
    if forecast.waited_p50_s is not None and forecast.waited_p95_s is not None:
        yield "half wait at most", f"{forecast.waited_p50_s:.1f} s", f"and 95 of 100 {forecast.waited_p95_s:.1f} s"
    left_low, left_high = forecast.abandoned_band
    left = f"{left_low:,.0f} to {left_high:,.0f}, {100 * forecast.abandoned_share:.1f} % of all"
    yield "lose patience", f"{forecast.abandoned:,.0f}", left
    yield "longest line", f"{forecast.waiting_max:,.0f}", f"at {clock(forecast.waiting_max_at_s)}"
    if forecast.cleared_s is None:
        yield "cleared", "never", f"{forecast.still_waiting:,.0f} still wait at the end"
    else:
        yield "cleared", clock(forecast.cleared_s) if forecast.cleared_s else "no line", ""
    yield "status polls", f"{forecast.polls_per_s_max:,.0f}/s", "at the busiest moment"
    yield "orders", f"{forecast.orders:,.0f}", "if no page fails, as far as the stock goes"


def _answered(answer: Answer) -> Iterator[str]:
    limit = answer.target.limit
    if answer.target.figure == "wait":
        yield f"For a longest wait of {limit:g} s (now {_number(answer.now, ' s')}):"
    else:
        now = f"{100 * answer.now:.1f} %" if isfinite(answer.now) else "all"
        yield f"For at most {100 * limit:g} % who lose patience (now {now}):"
    if answer.now <= limit:
        yield "  it is met as things are."
    if answer.rate_per_minute is None:
        yield f"  {_HINDRANCES[answer.hindrance]}."
    else:
        per_s = answer.rate_per_minute / 60
        seats = f", with at least {answer.capacity:,} seats" if answer.capacity else ""
        yield f"  let in at least {answer.rate_per_minute:,} a minute ({per_s:.1f} a second){seats};"
        if answer.band is not None:
            yield f"  that is the mean of such crowds: chance makes it {_between(answer)};"
        if per_s > answer.shop_per_s:
            yield f"  but the shop serves about {answer.shop_per_s:.1f} a second: its pages would become slow;"
    if answer.send_hindrance == "nothing sent":
        return
    if answer.send_s is None:
        yield f"  {_SEND_HINDRANCES[answer.send_hindrance]}."
    elif answer.send_s:
        yield f"  or send over at least {clock(answer.send_s)} more than now."


def _between(answer: Answer) -> str:
    low, high = answer.band or (0.0, 0.0)
    return f"{low:.1f} to {high:.1f} s" if answer.target.figure == "wait" else f"{100 * low:.1f} to {100 * high:.1f} %"


def _number(value: float, unit: str) -> str:
    return f"{value:.1f}{unit}" if isfinite(value) else "without end"
