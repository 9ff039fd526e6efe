"""
Streams of shoppers: who comes together, when, and of which kinds; and the one list of arrivals that they make.

Shopper number k of a stream is the same person in every run of a seed, whatever other streams there are: two runs, of
which one has bots, meet the same honest people.
"""

import random
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import ClassVar, Final, NamedTuple

from loadtests.arrivals.rate import Rate, draw_arrivals, together
from loadtests.crowd.shoppers import Behaviour
from loadtests.documents import STRICT
from waiting_room.errors import Fault

MAX_DAY_SPREAD: Final = 2.0
"""Beyond that most days would bring nobody, and a few a multitude."""


@dataclass(frozen=True, slots=True)
class Stream:
    """
    Describe shoppers who come by one rate.

    Args:
        name: what reports call them.
        rate: how many come per second.
        journeys: the kinds of shoppers among them, with their parts; only the proportions count.
        behaviour: how they behave.
        day_spread: deviation of the day's luck, as a share of the rate: one gamma-distributed factor of mean 1 for the
            whole run. Real arrivals are Poisson within a day, and more scattered than that from day to day (Kim and
            Whitt, 2014); 0 for a day like any other.
        model: the name of the model behind the rate, as scenarios have it; empty where there is none.
        says: the model and its numbers, in a line for people.
        addresses: how many network addresses they share, each drawn by chance; 0 where everybody has one of their own.
        invited: whether each of them holds an invitation to the room, for one visitor.
    """

    name: str
    rate: Rate
    journeys: Mapping[str, float] = field(default_factory=lambda: {"buyer": 1.0})
    behaviour: Behaviour = field(default_factory=Behaviour)
    day_spread: float = 0.0
    model: str = ""
    says: str = ""
    addresses: int = 0
    invited: bool = False

    __pydantic_config__: ClassVar = STRICT

    def faults(self, where: str) -> Iterator[Fault]:
        """
        Yield everything that makes the stream senseless.
        """
        yield from self.rate.faults(f"{where}.rate")
        yield from self.behaviour.faults(f"{where}.behaviour")
        if not 0 <= self.day_spread <= MAX_DAY_SPREAD:
            yield Fault(f"{where}.day_spread", f"must be at least 0, at most {MAX_DAY_SPREAD:g}, is {self.day_spread}")
        if self.addresses < 0:
            yield Fault(f"{where}.addresses", f"must be at least 0, is {self.addresses}", "0 gives each one of its own")
        for kind, part in self.journeys.items():
            if not 0 <= part < float("inf"):
                yield Fault(f"{where}.journeys.{kind}", f"must be a finite number of at least 0, is {part}")
        if not sum(self.journeys.values()) > 0:
            yield Fault(f"{where}.journeys", "names no kind of shopper", 'for example {"buyer": 1}')


class Arrival(NamedTuple):
    """
    Say who comes when.

    Args:
        at_s: the intended start, in seconds from the run's zero.
        stream: the stream, by its place among the streams.
        k: the place in the stream's own order of arrival, from 0.
    """

    at_s: float
    stream: int
    k: int


def rate_of(streams: Sequence[Stream], seed: int | None = None) -> Rate:
    """
    Return how many come per second in all: on the day of *seed*, or on a day like any other (None).
    """
    return together(stream.rate if seed is None else _on_the_day(stream, seed) for stream in streams)


def instants_of(stream: Stream, seed: int) -> list[float]:
    """
    Return when the people of *stream* come, in seconds, rising.
    """
    return draw_arrivals(_on_the_day(stream, seed), f"{seed}:{stream.name}")


def in_order(instants: Iterable[Sequence[float]]) -> list[Arrival]:
    """
    Return the arrivals of all streams, of which each has its own *instants*, in one order.
    """
    return sorted(Arrival(at_s, place, k) for place, some in enumerate(instants) for k, at_s in enumerate(some))


def arrivals_of(streams: Sequence[Stream], seed: int, until_s: float = float("inf")) -> list[Arrival]:
    """
    Return everybody who comes before *until_s*, in order; the i-th is shopper number i of the run.
    """
    arrivals = in_order(instants_of(stream, seed) for stream in streams)
    return arrivals[: bisect_left(arrivals, until_s, key=attrgetter("at_s"))]


def _on_the_day(stream: Stream, seed: int) -> Rate:
    if stream.day_spread == 0:
        return stream.rate
    shape = stream.day_spread**-2
    return stream.rate.scaled(random.Random(f"day:{seed}:{stream.name}").gammavariate(shape, 1 / shape))


def kind_of(stream: Stream, seed: int, k: int) -> str:
    """
    Return the kind of shopper number *k* of a stream; the same for the same seed.
    """
    if len(stream.journeys) == 1:
        return next(iter(stream.journeys))
    left = random.Random(f"kind:{seed}:{stream.name}:{k}").random() * sum(stream.journeys.values())
    for kind, part in stream.journeys.items():
        left -= part
        if left < 0:
            return kind
    return list(stream.journeys)[-1]
