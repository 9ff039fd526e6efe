"""
Who comes by a stream, step by step: the mean of all crowds, or the people of one seed, with the patience they have.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf

from loadtests.arrivals.rate import expected_count
from loadtests.crowd.shoppers import draw_shopper
from loadtests.crowd.streams import Arrival, Stream, in_order, instants_of, kind_of
from loadtests.forecast.places import Places, given, wanted
from loadtests.forecast.visits import DRAWN, HIDING
from waiting_room.core.policy import Policy


@dataclass(frozen=True, slots=True)
class People:
    """
    Hold who comes by a stream.

    Args:
        arrivals: how many come.
        kinds: how many of each kind.
        hides: how many of them have the waiting page in a hidden tab.
        taken: how many places in line those of each kind are given.
        places: for each step, how many places are given in it.
        patiences: for each step their holders' patience in seconds, rising; empty where it follows the stream's law.
    """

    arrivals: float
    kinds: Mapping[str, float]
    hides: float
    taken: Mapping[str, float]
    places: tuple[float, ...]
    patiences: tuple[tuple[float, ...], ...] = ()


def people_of(
    streams: Sequence[Stream], seed: int | None, step_s: float, count: int, policy: Policy, until_s: float = inf
) -> Iterator[People]:
    """
    Yield who comes by each of *streams*, in *count* steps of *step_s*, to a room of *policy* that is open *until_s*.

    Of a *seed* it is told person by person, as a run of it draws them, unless there are more than `DRAWN` by a stream:
    of so many the law of the stream tells the same. A room that bounds the places of an address has to be played with
    some crowd: where none is asked for, that of the seed 0 stands for all.
    """
    if seed is None and policy.joins_per_address:
        seed = 0
    if seed is None:
        edges = [k * step_s for k in range(count + 1)]
        for stream in streams:
            until = [expected_count(stream.rate, edge) for edge in edges]
            yield _by_law(stream, tuple(after - before for before, after in pairwise(until)), policy)
        return
    came = [instants_of(stream, seed) for stream in streams]
    # How many places an address gets, all of those decide who come from it.
    singly = [some if policy.joins_per_address or len(some) <= DRAWN else () for some in came]
    arrivals = in_order(singly)
    drawn: list[list[tuple[Arrival, Places]]] = [[] for _ in streams]
    for arrival, places in zip(arrivals, given(streams, arrivals, seed, policy, until_s), strict=True):
        drawn[arrival.stream].append((arrival, places))
    for stream, some, people in zip(streams, came, drawn, strict=True):
        if len(people) == len(some):
            yield _drawn(stream, people, seed, step_s, count)
        else:
            steps = Counter([min(count - 1, int(at_s / step_s)) for at_s in some])
            yield _by_law(stream, tuple(float(steps[k]) for k in range(count)), policy)


def _by_law(stream: Stream, came: tuple[float, ...], policy: Policy) -> People:
    whole, arrivals = sum(stream.journeys.values()), sum(came)
    kinds = {kind: arrivals * part / whole for kind, part in stream.journeys.items()}
    taken = {kind: wanted(kind, stream, policy) * people for kind, people in kinds.items()}
    each = sum(taken.values()) / arrivals if arrivals else 0.0
    hides = stream.behaviour.hidden_share * sum(people for kind, people in taken.items() if kind in HIDING)
    return People(arrivals, kinds, hides, taken, tuple(each * people for people in came))


def _drawn(stream: Stream, arrivals: Sequence[tuple[Arrival, Places]], seed: int, step_s: float, count: int) -> People:
    kinds, taken = Counter[str](), Counter[str]()
    hides, patiences = 0, defaultdict[int, list[float]](list)
    for arrival, places in arrivals:
        k = arrival.k % DRAWN
        kind, shopper = kind_of(stream, seed, k), draw_shopper(stream.behaviour, f"{seed}:{stream.name}:{k}", k)
        kinds[kind] += 1
        taken[kind] += len(places)
        hides += kind in HIDING and shopper.hides and bool(places)
        for at_s in places:
            patiences[min(count - 1, int(at_s / step_s))].append(shopper.room_patience_s)
    each = tuple(tuple(sorted(patiences[k])) for k in range(count))
    return People(len(arrivals), dict(kinds), hides, dict(taken), tuple(float(len(some)) for some in each), each)
