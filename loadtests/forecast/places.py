"""
Which places in line the room gives to whom, and when: to whom it must, and no faster to one address than it may.
"""

from collections.abc import Sequence
from functools import cache
from heapq import heapify, heappop, heappush
from typing import Final

from loadtests.crowd.addresses import household_of
from loadtests.crowd.kinds import means_well
from loadtests.crowd.shoppers import draw_shopper
from loadtests.crowd.streams import Arrival, Stream, kind_of
from loadtests.forecast.visits import DRAWN, places_of
from waiting_room.core.newcomers import Newcomers
from waiting_room.core.policy import Policy

APART_S: Final = 0.5
"""One who takes several places joins again so soon."""
_OF_A_STREAM: Final = 40
"""So many bits tell the addresses of a stream apart."""
Places = tuple[float, ...]
"""When the places of one shopper are given, in seconds."""


def wanted(kind: str, stream: Stream, policy: Policy) -> int:
    """
    Return how many places one of a *kind* gets who asks for as many as that kind does, and is never put off.
    """
    places = places_of(kind)
    if not policy.invite_only:
        return places
    return min(places, int(stream.invited))


def given(
    streams: Sequence[Stream], arrivals: Sequence[Arrival], seed: int, policy: Policy, until_s: float
) -> list[Places]:
    """
    Return when each of *arrivals* is given places, until *until_s*; the room's own count of newcomers decides.
    """

    @cache
    def asking(place: int, k: int) -> tuple[str, int]:
        kind = kind_of(streams[place], seed, k)
        return kind, wanted(kind, streams[place], policy)

    asked = [asking(each.stream, each.k % DRAWN) for each in arrivals]
    if not policy.joins_per_address:
        pairs = zip(arrivals, asked, strict=True)
        return [tuple([each.at_s + APART_S * nth for nth in range(wish)]) for each, (_, wish) in pairs]
    return _Door(streams, arrivals, seed, policy.joins_per_address).given(asked, until_s)


class _Door:
    # Plays the room's door, join by join, in the order of time.

    def __init__(self, streams: Sequence[Stream], arrivals: Sequence[Arrival], seed: int, per_minute: float) -> None:
        self._streams = streams
        self._arrivals = arrivals
        self._seed = seed
        self._per_minute = per_minute
        self._newcomers = Newcomers()

    def given(self, asked: Sequence[tuple[str, int]], until_s: float) -> list[Places]:
        left, places = [wish for _, wish in asked], [list[float]() for _ in asked]
        due = [(each.at_s, i) for i, each in enumerate(self._arrivals) if left[i]]
        heapify(due)
        while due:
            at_s, i = heappop(due)
            put_off_s = self._put_off_s(i, at_s, known=means_well(asked[i][0]))
            if put_off_s is None:
                places[i].append(at_s)
                left[i] -= 1
                again_s = at_s + APART_S
            else:
                again_s = at_s + put_off_s
            if left[i] and again_s < min(until_s, self._until_s(i)):
                heappush(due, (again_s, i))
        return [tuple(some) for some in places]

    def _put_off_s(self, i: int, at_s: float, *, known: bool) -> float | None:
        arrival = self._arrivals[i]
        household = household_of(self._streams[arrival.stream], self._seed, arrival.k)
        network = arrival.stream << _OF_A_STREAM | household
        delay = self._newcomers.take(network, str(i) if known else "", self._per_minute, round(at_s * 1000))
        return None if delay is None else delay.wait_ms / 1000

    def _until_s(self, i: int) -> float:
        arrival = self._arrivals[i]
        stream, k = self._streams[arrival.stream], arrival.k % DRAWN
        return arrival.at_s + draw_shopper(stream.behaviour, f"{self._seed}:{stream.name}:{k}", k).room_patience_s
