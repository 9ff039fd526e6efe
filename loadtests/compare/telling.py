"""
What a comparison says: sentences, and a table for a terminal.
"""

from collections.abc import Iterator, Sequence

from loadtests.compare.difference import CONFIDENCE, Comparison, Difference
from loadtests.report.language import Language, typed


def value(each: Difference, figure: float, say: Language) -> str:
    """
    Return a figure of one rehearsal with its unit.
    """
    unit = each.kind.unit
    if unit == "_ms" and figure < 1000:
        return f"{say.number(figure, 1)}\u00a0ms"
    return say.percent(figure, 1) if unit == "_ratio" else say.amount(unit, figure)


def size(each: Difference, effect: float, say: Language) -> str:
    """
    Return how big a difference is, without its direction.
    """
    match each.kind.scale:
        case "ratio":
            return say.percent(abs(effect), 1)
        case "seconds":
            return f"{say.number(abs(effect), 1)}\u00a0s"
    return say("compare.points", value=say.number(abs(effect) * 100, 1))


def effect(each: Difference, say: Language) -> str:
    """
    Return what became of a figure, plainly: by how much with its interval, or that nothing was shown.
    """
    if each.effect is None or each.low is None or each.high is None or each.at_most is None:
        return say("compare.unknown")
    if each.state == "none":
        return say("compare.none", at_most=size(each, each.at_most, say)) if each.at_most else say("compare.same")
    near, far = sorted((each.low, each.high), key=abs)
    word = say(f"compare.{'more' if each.effect > 0 else 'less'}.{each.kind.name}")
    return say("compare.by", word=word, effect=size(each, each.effect, say),
               low=size(each, near, say), high=size(each, far, say))  # fmt: skip


def headline(found: Comparison, say: Language) -> str:
    """
    Return the whole in a sentence or two.
    """
    if not found.differences:
        return say("compare.headline.nothing")
    if found.worse and found.better:
        both = (*found.worse[:1], *found.better[:1])
        return " ".join(
            (say("compare.headline.mixed"), *(f"{figure(each, say)}: {effect(each, say)}." for each in both))
        )
    for name, differing in (("worse", found.worse), ("better", found.better)):
        if differing:
            return say(f"compare.headline.{name}", figure=figure(differing[0], say), effect=effect(differing[0], say))
    first = next((each for each in found.differences if each.at_most), None)
    if first is None or first.at_most is None:
        return say("compare.headline.none")
    limit = say("compare.limit", figure=figure(first, say), at_most=size(first, first.at_most, say))
    return f"{say('compare.headline.none')} {limit}"


def figure(each: Difference, say: Language) -> str:
    """
    Return what a figure is called.
    """
    return say(f"compare.figure.{each.kind.name}")


def warnings(found: Comparison, say: Language) -> Iterator[str]:
    """
    Yield what makes the comparison weaker than it looks.
    """
    for name, about in found.warnings:
        yield say(f"compare.warning.{name}", about=say.known("run", about) or "–")
    if found.configuration:
        yield say("compare.warning.configuration")


def notes(found: Comparison, say: Language) -> Iterator[str]:
    """
    Yield how the comparison was made.
    """
    if found.differences:
        yield say("compare.paired" if all(each.paired for each in found.differences) else "compare.unpaired")
        yield say("compare.how", confidence=say.number(round(CONFIDENCE * 100)))


def by_run(found: Comparison) -> Iterator[tuple[str, list[Difference]]]:
    """
    Yield each run with its figures.
    """
    for run in dict.fromkeys(each.run for each in found.differences):
        yield run, [each for each in found.differences if each.run == run]


def table(found: Comparison, say: Language) -> str:
    """
    Return the comparison for a terminal.
    """
    lines = [headline(found, say), *(f"  {warning}" for warning in warnings(found, say))]
    for run, differences in by_run(found):
        rows = [(say(f"run.{run}"), "A", "B", say("compare.column.effect"))]
        rows += [
            (figure(each, say), value(each, each.a, say), value(each, each.b, say), effect(each, say))
            for each in differences
        ]
        lines += ["", *_aligned(rows)]
    if found.configuration:
        rows4 = [(say("compare.configuration"), "A", "B", ""), *((*row, "") for row in found.configuration)]
        lines += ["", *_aligned(rows4)]
    return typed("\n".join((*lines, "", *notes(found, say))))


def _aligned(rows: Sequence[tuple[str, str, str, str]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    return [
        f"{first.ljust(widths[0])}  {a.rjust(widths[1])}  {b.rjust(widths[2])}  {last}".rstrip()
        for first, a, b, last in rows
    ]
