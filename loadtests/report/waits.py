"""
The pictures of the waiting itself: how long, as announced, in which order, for whom.
"""

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from loadtests.crowd.kinds import called
from loadtests.measuring.fairness import quantile
from loadtests.measuring.measures import Measures, ShopperRecord
from loadtests.report import svg
from loadtests.report.figures import MAX_ROWS, Figure, Seen, Table
from loadtests.report.language import Language

BINS: Final = 24
MAX_RANGES: Final = 240
MAX_DOTS: Final = 1500
MAX_SEGMENTS: Final = 12


def admitted(measures: Measures) -> list[ShopperRecord]:
    """
    Return those who were let in and for whom it is known how long they waited.
    """
    return [s for s in measures.shoppers if s.admitted_s is not None and s.waited_s is not None]


def waits(seen: Seen) -> Figure | None:
    """
    Draw how many shoppers waited how long, of those who were let in.
    """
    say, waited = seen.say, [s.waited_s or 0.0 for s in admitted(seen.measures)]
    if not waited:
        return None
    top = svg.nice_ceiling(max(waited))
    counts = [0] * BINS
    for wait in waited:
        counts[min(BINS - 1, int(wait / top * BINS))] += 1
    told = {"p50": say.amount("_s", quantile(waited, 0.5)), "p95": say.amount("_s", quantile(waited, 0.95)),
            "count": say.number(len(waited))}  # fmt: skip
    field = svg.frame(say("waits.title"), say("waits.desc", **told), say, x_max=top,
                      y_max=svg.nice_ceiling(max(counts)))  # fmt: skip
    bars, rows = [], []
    for i, count in enumerate(counts):
        low, high = i * top / BINS, (i + 1) * top / BINS
        words = say("waits.bin", low=say.number(low, 1), high=say.number(high, 1))
        rows.append((words, str(count)))
        bars.append(
            svg.rect(
                field.x(low) + 0.5, field.y(count), field.x(high) - field.x(low) - 1,
                field.y.from_px - field.y(count), "bar c-waiting", f"{words}: {count}",
            )
        )  # fmt: skip
    return Figure(
        field.title,
        Markup(svg.draw(field, bars)),  # noqa: S704 -- built from numbers and our own words
        (("c-waiting", say("shoppers")),),
        Table((say("waits.wait"), say("shoppers")), tuple(rows)),
        say("waits.note", **told),
    )


def announced(seen: Seen) -> Figure | None:
    """
    Draw the range that each shopper was shown against the wait that followed.
    """
    say = seen.say
    told = [(s.eta.low_s, s.eta.high_s, s.eta.remaining_s) for s in seen.measures.shoppers if s.eta is not None]
    if not told:
        return None
    kept = sum(low <= real <= high for low, high, real in told)
    top = svg.nice_ceiling(max(max(high, real) for _, high, real in told))
    count = {"kept": say.number(kept), "count": say.number(len(told)), "share": say.percent(kept / len(told))}
    field = svg.frame(say("announced.title"), say("announced.desc", **count), say, x_max=top, y_max=top,
                      y_text=lambda value: f"{say.number(value)} s")  # fmt: skip
    x, y = field.x, field.y
    marks = [f'<path class="diagonal" d="M{x(0)} {y(0)}L{x(top)} {y(top)}"/>']
    for low, high, real in told[:: max(1, len(told) // MAX_RANGES)]:
        css = "c-kept" if low <= real <= high else "c-missed"
        marks.append(f'<path class="range {css}" d="M{x(real):g} {y(low):g}V{y(high):g}"/>')
    every = len(told) // MAX_ROWS + 1
    rows = tuple(tuple(f"{say.number(value, 1)} s" for value in each) for each in told[::every])
    return Figure(
        field.title,
        Markup(svg.draw(field, marks)),  # noqa: S704 -- built from numbers and our own words
        (("c-kept", say("announced.kept")), ("c-missed", say("announced.missed"))),
        Table((say("announced.from"), say("announced.to"), say("announced.real")), rows),
        say("announced.note", **count),
    )


def order(seen: Seen) -> Figure | None:
    """
    Draw the order in which people joined against the order in which they were called: fair is a thin rising line.
    """
    say = seen.say
    called = [s for s in seen.measures.shoppers if s.joined_s is not None and s.called_s is not None]
    if not called:
        return None
    rank = {s.i: place for place, s in enumerate(sorted(called, key=lambda s: s.joined_s or 0.0), 1)}
    called.sort(key=lambda s: s.called_s or 0.0)
    overtaken = seen.run.get("order_inversions")
    field = svg.frame(
        say("order.title"), say("order.desc", overtaken=say.amount("order_inversions", overtaken)), say,
        x_max=svg.nice_ceiling(len(called)), y_max=svg.nice_ceiling(len(called)), x_unit="", height=250,
    )  # fmt: skip
    every = max(1, len(called) // MAX_DOTS)
    dots = list(enumerate(called, 1))[::every]
    way = "".join(f"M{field.x(rank[s.i]):g} {field.y(place):g}h.01" for place, s in dots)
    lane = [(str(rank[s.i]), str(place), f"{say.number(s.called_s or 0.0, 1)} s", s.lane or "") for place, s in dots]
    return Figure(
        field.title,
        Markup(svg.draw(field, [f'<path class="dots c-admitted" d="{way}"/>'])),  # noqa: S704 -- built from numbers
        (("c-admitted", say("order.dot") if every == 1 else say("order.dots", every=every)),),
        Table((say("order.came"), say("order.called"), say("order.at"), say("order.lane")),
              tuple(lane[:: len(lane) // MAX_ROWS + 1])),
        say("order.note"),
    )  # fmt: skip


def segments(seen: Seen) -> Figure | None:
    """
    Draw how long each kind of shoppers of each stream waited: from the middle to the 95 %.
    """
    say = seen.say
    groups: dict[tuple[str, str], list[float]] = {}
    for shopper in admitted(seen.measures):
        groups.setdefault((shopper.stream, shopper.kind), []).append(shopper.waited_s or 0.0)
    if not groups:
        return None
    shown = sorted(groups.items(), key=lambda item: -len(item[1]))[:MAX_SEGMENTS]
    told = [(_called(key, len({stream for stream, _ in groups}) > 1, say), waited) for key, waited in shown]
    p95 = [quantile(waited, 0.95) or 0.0 for _, waited in told]
    tall = 26
    field = svg.frame(
        say("segments.title"), say("segments.desc"), say, x_max=svg.nice_ceiling(max([*p95, 1.0])), y_max=len(told),
        height=svg.TOP + svg.BOTTOM + tall * 2 * len(told), y_text=lambda _: "",
    )  # fmt: skip
    marks, rows = [], []
    for i, ((label, waited), high) in enumerate(zip(told, p95, strict=True)):
        middle, y = quantile(waited, 0.5) or 0.0, svg.TOP + tall * 2 * i
        marks.append(svg.text(svg.LEFT, y + 16, f"{label} ({say.number(len(waited))})", "limit-label"))
        width = field.x(high) - field.x(0)
        marks.append(svg.rect(svg.LEFT, y + tall - 2, width, 14, "bar soft c-waiting", say.amount("_s", high)))
        marks.append(svg.rect(svg.LEFT, y + tall - 2, field.x(middle) - field.x(0), 14, "bar c-waiting",
                              say.amount("_s", middle)))  # fmt: skip
        rows.append((label, say.number(len(waited)), say.amount("_s", middle), say.amount("_s", high)))
    return Figure(
        field.title,
        Markup(svg.draw(field, marks)),  # noqa: S704 -- built from numbers and escaped words
        (("c-waiting", say("segments.p50")), ("c-waiting soft", say("segments.p95"))),
        Table((say("segments.who"), say("shoppers"), say("segments.p50"), say("segments.p95")), tuple(rows)),
        say("segments.note"),
    )


def _called(key: tuple[str, str], several: bool, say: Language) -> str:
    stream, kind = key
    return f"{stream}: {called(kind, say.code)}" if several else called(kind, say.code)


def pictures(seen: Seen) -> Sequence[Figure]:
    """
    Return all there are.
    """
    found = (waits(seen), announced(seen), segments(seen), order(seen))
    return [figure for figure in found if figure is not None]
