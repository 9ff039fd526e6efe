"""
A result in words and plain characters, for a terminal and for those who cannot see a picture.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from waiting_room.simulation.result import LaneResult, Result
from waiting_room.simulation.verdict import Judged

WIDTH: Final = 60
HEIGHT: Final = 8


class Curve(NamedTuple):
    """
    Name a series of a result: its title, the word for one of what it counts, and whether it is a level or a flow.
    """

    name: str
    title: str
    unit: str
    level: bool


CURVES: Final = (
    Curve("waiting", "People waiting", "waiting", level=True),
    Curve("seats", "Seats held", "seats held", level=True),
    Curve("admitted", "Let in per second", "let in per second", level=False),
    Curve("polls", "Polls per second", "polls per second", level=False),
)


def duration(seconds: float | None) -> str:
    """
    Return a time as people say it.
    """
    if seconds is None:
        return "nobody waited"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def share(value: float | None, digits: int = 1) -> str:
    """
    Return a share in percent.
    """
    return "not measured" if value is None else f"{100 * value:.{digits}f} %"


def size(count: int) -> str:
    """
    Return a number of bytes as people say it.
    """
    for unit, bytes_ in (("MB", 1_000_000), ("kB", 1000)):
        if count >= bytes_:
            return f"{count / bytes_:.1f} {unit}"
    return f"{count} bytes"


def rows(result: Result) -> list[tuple[str, str]]:
    """
    Return what a promotion like this would look like, as pairs of what and how much.
    """
    of_all = _of(result.visitors)
    singly = result.played_singly
    return [
        *([("played poll by poll, the others in bulk", of_all(singly))] if singly < result.visitors else []),
        ("let in", of_all(result.admitted)),
        ("gave up waiting", of_all(result.left)),
        ("called and never came", of_all(result.no_shows)),
        *([("turned away", of_all(result.turned_away))] if result.turned_away else []),
        *([("not served at the end", of_all(result.unserved))] if result.unserved else []),
        ("half of those let in waited at most", duration(result.wait_p50_s)),
        ("19 of 20 waited at most", duration(result.wait_p95_s)),
        ("the longest wait", duration(result.wait_max_s)),
        ("most people waiting at once", f"{result.waiting_peak:,}"),
        ("most seats held at once", f"{result.seats_peak:,} of {result.capacity:,}"),
        ("seats in use while people waited", share(result.seat_use)),
        ("rate in use while seats were free", share(result.rate_use)),
        ("the time shown was right for", share(result.eta_coverage)),
        ("order of calls (Kendall's tau)", "not measured" if result.tau_called is None else f"{result.tau_called:.4f}"),
        ("most polls in a second", f"{result.polls_per_s_peak:,}"),
        ("most memory in Redis", size(result.redis_bytes)),
        ("longest time without a call that could be", f"{result.stall_s:.1f} s"),
        ("positions compared with who was there", f"{result.positions_checked:,}"),
        ("until everybody was through", duration(result.length_s)),
        *(_lane_row(name, lane) for name, lane in result.lanes.items() if len(result.lanes) > 1),
        *_special_rows(result),
    ]


def _special_rows(result: Result) -> Iterator[tuple[str, str]]:
    """
    Yield what draws, invitations, schedules, and crowds that leave came to.
    """
    for draw in result.draws:
        chance = (
            f"chi-square {draw.chi_square:.1f} of {draw.freedom} degrees, as large by chance in {share(draw.chance)}"
        )
        yield f"draw of {draw.lane}", f"{draw.drawn:,} drawn, {draw.late:,} came later and stood behind"
        yield "  arrival and place", f"correlation {draw.correlation:+.4f}; {chance}"
        first = "never" if draw.first_call_s is None else f"{draw.first_call_s:.2f} s after the opening"
        yield "  the first call", first
    if (invited := result.invitations) is not None:
        tried = f"tried {invited.tries:,} times by {invited.tried_by:,}"
        yield f"{invited.links} invitations for {invited.uses:,}", f"{tried}, used {invited.used:,} times"
        yield "  the one most tried", f"by {invited.most_tried_by:,}, for {invited.most_uses:,}"
    for entry in result.schedule:
        rate = "" if entry.rate_per_minute is None else f" {entry.rate_per_minute:,}"
        late = "not carried out" if entry.late_s is None else f"{entry.late_s:.2f} s later"
        yield f"{entry.at} {entry.do}{rate}", f"{late}, then {entry.admitted:,} let in"
    if (crowd := result.leaving) is not None:
        next_call = "none" if crowd.next_call_s is None else f"{crowd.next_call_s:.2f} s later"
        yield "vanished at once", f"{crowd.vanished:,} of {crowd.waited:,}; the next call of one who stayed {next_call}"
        yield "  the longest pause after", f"{crowd.longest_pause_s:.1f} s in which one who stayed could be called"


def _lane_row(name: str, lane: LaneResult) -> tuple[str, str]:
    part = share(lane.calls_share, 0)
    return (
        f"lane {name}",
        f"{lane.admitted:,} let in, half waited at most {duration(lane.wait_p50_s)}, {part} of calls",
    )


def _of(whole: int) -> Callable[[int], str]:
    return lambda part: f"{part:,} ({100 * part / whole:.0f} %)"


def headline(result: Result) -> str:
    """
    Return what was played.
    """
    return (
        f"{result.visitors:,} visitors, {result.capacity:,} seats, {result.rate_per_minute:,} admissions a minute "
        f"(seed {result.seed})"
    )


def summary(result: Result, judged: Judged) -> str:
    """
    Return the whole result for a terminal: figures, the verdict, then each curve as a picture with a sentence.
    """
    width = max(len(name) for name, _ in rows(result)) + 2
    figures = [f"  {name:<{width}}{value}" for name, value in rows(result)]
    pictures = [picture(curve, result.series[curve.name]) for curve in CURVES]
    return "\n".join([headline(result), "", *figures, "", *verdict_lines(judged), "", *pictures])


def verdict_lines(judged: Judged) -> list[str]:
    """
    Return the verdict on a scenario, with a line for each figure that is held to something.
    """
    checks = [
        f"  {'ok  ' if check.ok else 'FAIL'} {check.name}: {check.value} (demanded: {check.limit})"
        for check in judged.checks
    ]
    return [f"{judged.scenario}: every promise held; {judged.verdict}", *checks]


def columns(values: Sequence[float], count: int, *, level: bool) -> list[float]:
    """
    Return *values* as at most *count* columns: the most of each for a level, the mean for a flow.
    """
    if not values:
        return [0.0]
    count = min(count, len(values))
    edges = [len(values) * at // count for at in range(count + 1)]
    parts = [values[low:high] for low, high in pairwise(edges)]
    return [float(max(part)) if level else sum(part) / len(part) for part in parts]


def sentence(curve: Curve, values: Sequence[float]) -> str:
    """
    Return a curve in words.
    """
    if not values or not max(values):
        return f"{curve.title}: none at any time."
    most = max(values)
    peak = list(values).index(most)
    last = max(at for at, value in enumerate(values) if value)
    half = [at for at, value in enumerate(values) if value >= most / 2]
    return (
        f"{curve.title}: at most {most:,.0f}, at {duration(peak)}; half of that or more between {duration(half[0])} "
        f"and {duration(half[-1])}; none after {duration(last)}."
    )


def picture(curve: Curve, values: Sequence[float]) -> str:
    """
    Return a curve as a picture of plain characters, and below it what it shows in words.
    """
    bars = columns(values, WIDTH, level=curve.level)
    top = max(*bars, 1.0)
    label = max(len(f"{top:,.0f}"), 1)
    lines = []
    for row in range(HEIGHT, 0, -1):
        edge = f"{top:,.0f}" if row == HEIGHT else "0" if row == 1 else ""
        cells = ("#" if bar >= top * (row - 0.5) / HEIGHT else " " for bar in bars)
        lines.append(f"  {edge:>{label}} |{''.join(cells)}".rstrip())
    end = duration(len(values))
    axis = f"  {'':>{label}} +{'-' * len(bars)}"
    times = f"  {'':>{label}}  0{end:>{max(1, len(bars) - 1)}}"
    return "\n".join([curve.title, *lines, axis, times, sentence(curve, values), ""])
