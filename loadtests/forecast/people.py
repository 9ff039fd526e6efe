"""
Who comes by a stream, step by step: the mean of all crowds, or the people of one seed, with the patience they have.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from loadtests.arrivals.rate import expected_count
from loadtests.crowd.shoppers import draw_shopper
from loadtests.crowd.streams import Arrival, Stream, arrivals_of, kind_of
from loadtests.forecast.visits import DRAWN, HIDING, places_of


@dataclass(frozen=True, slots=True)
class People:
    """
    Hold who comes by a stream.

    Args:
        arrivals: how many come.
        kinds: how many of each kind.
        hides: how many of them have the waiting page in a hidden tab.
        places: for each step, how many places in line those take who come in it.
        patiences: for each step their patience in seconds, rising; empty where it follows the stream's law.
    """

    arrivals: float
    kinds: Mapping[str, float]
    hides: float
    places: tuple[float, ...]
    patiences: tuple[tuple[float, ...], ...] = ()


def people_of(streams: Sequence[Stream], seed: int | None, step_s: float, count: int) -> Iterator[People]:
    """
    Yield who comes by each of *streams*, in *count* steps of *step_s*.

    Of a *seed* it is told person by person, as a run of it draws them, unless there are more than `DRAWN` by a stream:
    of so many the law of the stream tells the same.
    """
    if seed is None:
        edges = [k * step_s for k in range(count + 1)]
        for stream in streams:
            until = [expected_count(stream.rate, edge) for edge in edges]
            yield _by_law(stream, tuple(after - before for before, after in pairwise(until)))
        return
    came: list[list[Arrival]] = [[] for _ in streams]
    for arrival in arrivals_of(streams, seed):
        came[arrival.stream].append(arrival)
    for stream, arrivals in zip(streams, came, strict=True):
        if len(arrivals) <= DRAWN:
            yield _drawn(stream, arrivals, seed, step_s, count)
        else:
            steps = Counter(min(count - 1, int(arrival.at_s / step_s)) for arrival in arrivals)
            yield _by_law(stream, tuple(float(steps[k]) for k in range(count)))


def _by_law(stream: Stream, came: tuple[float, ...]) -> People:
    whole, arrivals = sum(stream.journeys.values()), sum(came)
    kinds = {kind: arrivals * part / whole for kind, part in stream.journeys.items()}
    each = sum(places_of(kind) * people for kind, people in kinds.items()) / arrivals if arrivals else 0.0
    hides = stream.behaviour.hidden_share * sum(people for kind, people in kinds.items() if kind in HIDING)
    return People(arrivals, kinds, hides, tuple(each * people for people in came))


def _drawn(stream: Stream, arrivals: Sequence[Arrival], seed: int, step_s: float, count: int) -> People:
    kinds: Counter[str] = Counter()
    hides, patiences = 0, defaultdict[int, list[float]](list)
    for arrival in arrivals:
        kind = kind_of(stream, seed, arrival.k)
        shopper = draw_shopper(stream.behaviour, f"{seed}:{stream.name}:{arrival.k}", arrival.k)
        kinds[kind] += 1
        hides += kind in HIDING and shopper.hides
        step = min(count - 1, int(arrival.at_s / step_s))
        patiences[step] += [shopper.room_patience_s] * places_of(kind)
    each = tuple(tuple(sorted(patiences[k])) for k in range(count))
    return People(len(arrivals), dict(kinds), hides, tuple(float(len(some)) for some in each), each)
