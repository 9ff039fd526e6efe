"""
What differs between two rehearsals: each figure's effect with its interval, and one sentence on the whole.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from loadtests.compare.bootstrap import spread, student
from loadtests.compare.figures import Kind, Look, Observed, Pair, Scale, looks

State = Literal["worse", "better", "none", "unknown"]
RUNS: Final = ("without_room", "with_room")
CONFIDENCE: Final = 0.98
"""All intervals of a comparison hold together so often: looking at twenty figures must not find one by chance. Two
equal runs are called different far more seldom, since an interval must also lie beyond the margin."""
FIRST: Final = 0.5
BUSY_MS: Final = 8.0
"""A quiet machine starts 99 % of the shoppers within some 3 ms; beyond this, and twice the other run, it was busy."""
CAPACITY_ERROR: Final = 0.02
"""What a measured capacity is off by, as a share: see `loadtests.judging.verdict.steady_rate`, and twice its 1 %."""


@dataclass(frozen=True, slots=True)
class Difference:
    """
    One figure of one run in both rehearsals.

    Args:
        run, kind: which figure of which run.
        a, b: its value in either.
        effect: b against a: a share of a for ratios, else b - a; None where it cannot be told.
        low, high: the interval of the effect.
        paired: whether the same shoppers or seconds were held against each other.
        block: how many neighbours were drawn together.
        state: what it comes to.
    """

    run: str
    kind: Kind
    a: float
    b: float
    effect: float | None
    low: float | None
    high: float | None
    paired: bool
    block: int
    state: State

    @property
    def at_most(self) -> float | None:
        """
        Return what a difference that was not shown is smaller than.
        """
        return None if self.low is None or self.high is None else max(abs(self.low), abs(self.high))

    def to_json(self) -> dict[str, Any]:
        """
        Return it for machines.
        """
        facts = asdict(self) | {"figure": self.kind.name, "scale": self.kind.scale, "better": self.kind.better}
        del facts["kind"]
        return facts


@dataclass(frozen=True, slots=True)
class Comparison:
    """
    Two rehearsals held against each other.

    Args:
        differences: every figure that both have, the most telling first.
        configuration: what was set differently: where, in the first, in the second.
        warnings: by name, what makes the comparison weaker than it looks, and what that is about.
    """

    differences: tuple[Difference, ...]
    configuration: tuple[tuple[str, str, str], ...]
    warnings: tuple[tuple[str, str], ...] = ()

    @property
    def worse(self) -> tuple[Difference, ...]:
        """
        Return what became worse.
        """
        return tuple(each for each in self.differences if each.state == "worse")

    @property
    def better(self) -> tuple[Difference, ...]:
        """
        Return what became better.
        """
        return tuple(each for each in self.differences if each.state == "better")

    def to_json(self) -> dict[str, Any]:
        """
        Return it for machines.
        """
        return {
            "worse": [f"{each.run}.{each.kind.name}" for each in self.worse],
            "better": [f"{each.run}.{each.kind.name}" for each in self.better],
            "confidence": CONFIDENCE,
            "differences": [each.to_json() for each in self.differences],
            "configuration": [{"where": where, "a": a, "b": b} for where, a, b in self.configuration],
            "warnings": [{"name": name, "about": about} for name, about in self.warnings],
        }


def compare(
    a: Mapping[str, Any], b: Mapping[str, Any], ours: Mapping[str, Observed], theirs: Mapping[str, Observed]
) -> Comparison:
    """
    Return what differs between two rehearsals.

    Args:
        a: what `rehearsal.json` of the first holds.
        b: that of the second.
        ours: the runs of the first, by name.
        theirs: those of the second.
    """
    pairs = {name: Pair.of(ours[name], theirs[name]) for name in RUNS if name in ours and name in theirs}
    found = [(name, look) for name, pair in pairs.items() for look in looks(pair)]
    shares = _shares([(name, look) for name, look in found if look.a != look.b])
    differences = [_difference(name, look, shares.get((name, look.kind.name), CONFIDENCE)) for name, look in found]
    return Comparison(
        tuple(sorted(differences, key=lambda each: each.run != "with_room")),
        tuple(configuration(a, b)),
        tuple(_warnings(a, b, pairs)),
    )


def _shares(questions: Sequence[tuple[str, Look]]) -> dict[tuple[str, str], float]:
    """
    Return up to which quantile each interval reaches, so that all of them hold together as often as was said.

    What may go wrong is split unevenly (Bonferroni with weights): half of it goes to the sharpest figure, the time of a
    page in the same visits, where a slower shop shows first; the others share the rest.
    """
    firsts = sum(look.kind.first for _, look in questions)
    others = len(questions) - firsts
    parts = {True: FIRST if others else 1.0, False: 1 - FIRST if firsts else 1.0}
    counts = {True: firsts, False: others}
    return {
        (name, look.kind.name): 1 - (1 - CONFIDENCE) * parts[look.kind.first] / counts[look.kind.first] / 2
        for name, look in questions
    }


def _difference(run: str, look: Look, share: float) -> Difference:
    kind, scale = look.kind, look.kind.scale
    a, b = (sample.value() or 0.0 for sample in (look.a, look.b))
    shown = (a * look.times, b * look.times)
    if look.a == look.b:
        return Difference(run, kind, *shown, 0.0, 0.0, 0.0, look.paired, 0, "none")
    found = spread(look.a, look.b, _EFFECTS[scale], paired=look.paired, seed=f"compare:{run}:{kind.name}")
    if found is None or (scale == "ratio" and not (a > 0 and b > 0)):
        return Difference(run, kind, *shown, None, None, None, look.paired, 0, "unknown")
    error = math.hypot(found.error, a * CAPACITY_ERROR) if kind.name == "goodput" else found.error
    reach = student(share, found.blocks - 1) * error
    middle = _EFFECTS[scale](a, b)
    effect, low, high = (_told(scale, value) for value in (middle, middle - reach, middle + reach))
    return Difference(run, kind, *shown, effect, low, high, look.paired, found.length, _state(kind, low, high))


def _ratio(ours: float, theirs: float) -> float:
    return math.log(theirs / ours) if ours > 0 and theirs > 0 else math.inf


def _plain(ours: float, theirs: float) -> float:
    return theirs - ours


_EFFECTS: Final = {"ratio": _ratio, "seconds": _plain, "share": _plain}


def _told(scale: Scale, effect: float) -> float:
    return math.expm1(effect) if scale == "ratio" else effect


def _state(kind: Kind, low: float, high: float) -> State:
    if low > kind.margin:
        return "worse" if kind.better == "less" else "better"
    if high < -kind.margin:
        return "better" if kind.better == "less" else "worse"
    return "none"


def configuration(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """
    Yield what was set or installed differently: where, what in *a*, what in *b*; a dash where it is absent.
    """
    ours, theirs = dict(_settings(a)), dict(_settings(b))
    for where in (*ours, *(where for where in theirs if where not in ours)):
        one, other = ours.get(where, "–"), theirs.get(where, "–")
        if one != other:
            yield where, one, other


_MEASURED: Final = ("What the shop can do",)
"""Groups of settings that are no settings, but were measured: two runs never agree in them."""


def _settings(result: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "seed", str(result.get("seed"))
    for group in ("scenario", "versions"):
        yield from _flat(group, result.get(group) or {})
    for title, values in (result.get("settings") or {}).items():
        if title not in _MEASURED:
            yield from _flat(title, values)


def _flat(where: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _flat(f"{where} / {key}", part)
    elif isinstance(value, float):
        yield where, f"{value:.6g}"
    elif isinstance(value, list | tuple):
        yield where, ", ".join(f"{part:.6g}" if isinstance(part, float) else str(part) for part in value)
    else:
        yield where, str(value)


def _warnings(a: Mapping[str, Any], b: Mapping[str, Any], pairs: Mapping[str, Pair]) -> Iterator[tuple[str, str]]:
    for name, result in (("A", a), ("B", b)):
        if result.get("verdict") in {"invalid", "aborted"}:
            yield result["verdict"], name
    if not pairs:
        yield "nothing_in_common", ""
    for run, pair in pairs.items():
        if not pair.same_crowd:
            yield "other_crowd", run
        if pair.a.stopped or pair.b.stopped:
            yield "stopped", run
        lags = sorted(seen.measures.start_lag_p99_ms or 0.0 for seen in (pair.a, pair.b))
        if lags[1] > max(BUSY_MS, 2 * lags[0]):
            yield "busy", run
