"""
Who comes: arrivals and habits, drawn beforehand from the seed, so that the same people meet any engine.
"""

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, pairwise
from math import exp, log, sqrt
from random import Random
from typing import Final

from waiting_room.core.lanes import STANDARD_LANE
from waiting_room.simulation.scenario import Links, People, Scenario, Spike
from waiting_room.simulation.shop import Walk

HIDDEN: Final = 1
NO_SHOW: Final = 2
GOODBYE: Final = 4
DOUBLE: Final = 8
RELEASES: Final = 16
FOR_EVER: Final = 0
"""The patience of those who stay."""


class Crowd:
    """
    Hold, for each visitor in order of arrival, when they come, how long they stay, and their habits as bits.

    *lane* is an index into *lanes*, *link* one into the invitations (0: none, 1 for the first). *line_ms*: how long a
    request is on its way to the room. *walks*: what each one does in a shop that is played, where that was told. A
    visitor costs 32 bytes. All times in ms.
    """

    __slots__ = ("arrival_ms", "habits", "lane", "lanes", "line_ms", "link", "patience_ms", "session_ms", "walks")

    def __init__(self, scenario: Scenario) -> None:
        random = Random(f"crowd:{scenario.seed}")
        count, people = scenario.visitors, scenario.people
        self.arrival_ms = arrivals(scenario.spike, count, random)
        self.patience_ms = _patience(people, count, random)
        self.session_ms = _sessions(people, count, random)
        self.habits = _habits(people, count, random)
        joined = tuple(name for name in people.lanes if name != STANDARD_LANE)
        invited = () if scenario.links is None or scenario.links.lane in joined else (scenario.links.lane,)
        self.lanes = (STANDARD_LANE, *joined, *invited)
        self.lane = _lanes(people, (STANDARD_LANE, *joined), count, random)
        self.link = _links(scenario.links, count, random)
        self.line_ms = array("I", [0]) * count
        self.walks: Sequence[Walk] = ()

    @classmethod
    def given(
        cls,
        arrival_ms: Sequence[int],
        patience_ms: Sequence[int],
        session_ms: Sequence[int],
        habits: bytes,
        walks: Sequence[Walk] = (),
        line_ms: Sequence[int] = (),
    ) -> "Crowd":
        """
        Return the crowd of visitors that were drawn elsewhere, in order of arrival, all in the standard lane; without
        *line_ms* all are as near to the room as can be.
        """
        crowd, count = cls.__new__(cls), len(arrival_ms)
        crowd.arrival_ms = array("q", arrival_ms)
        crowd.patience_ms = array("q", patience_ms)
        crowd.session_ms = array("L", session_ms)
        crowd.habits = bytearray(habits)
        crowd.lanes, crowd.lane, crowd.link = (STANDARD_LANE,), bytearray(count), array("H", [0]) * count
        crowd.line_ms, crowd.walks = array("I", line_ms or [0] * count), walks
        return crowd

    def asks_as_told(self, who: int) -> bool:
        """
        Return whether *who* asks when told to: neither from a hidden tab nor over a slow line.
        """
        return not (self.habits[who] & HIDDEN or self.line_ms[who])

    def asks_in_ms(self, who: int, told_ms: int, hidden_ms: int) -> int:
        """
        Return when the room hears again of *who*, told to ask in *told_ms*; a hidden tab is woken every *hidden_ms*.

        It counts these from when it asked, and so does not wait for the line as well.
        """
        return max(hidden_ms if self.habits[who] & HIDDEN else 0, self.line_ms[who] + told_ms)


def arrivals(spike: Spike, count: int, random: Random) -> "array[int]":
    """
    Return *count* arrivals in ms, rising: an inhomogeneous Poisson process given its number of events, for which the
    events are drawn independently from the normalised rate, here by inversion of its integral.
    """
    corners = spike.corners()
    areas = [0.0]
    for (start, low), (end, high) in pairwise(corners):
        areas.append(areas[-1] + (end - start) * (low + high) / 2)
    total, found = areas[-1], array("q", [0]) * count
    for index, share in enumerate(sorted(random.random() for _ in range(count))):
        area = share * total
        piece = min(len(corners) - 2, max(0, bisect_right(areas, area) - 1))
        (start, low), (end, high) = corners[piece], corners[piece + 1]
        found[index] = int(1000 * (start + _crossing(area - areas[piece], low, high, end - start)))
    return found


def _crossing(area: float, low: float, high: float, length: float) -> float:
    """
    Return after what time a rate that goes from *low* to *high* in *length* has covered *area*.
    """
    slope = (high - low) / length
    root = sqrt(max(0.0, low * low + 2 * slope * area))
    return min(length, 2 * area / (low + root)) if low + root > 0 else 0.0


def _patience(people: People, count: int, random: Random) -> "array[int]":
    if not people.leaving_per_minute:
        return array("q", [FOR_EVER]) * count
    per_ms = -log(1 - people.leaving_per_minute) / 60_000
    return array("q", (1 + int(random.expovariate(per_ms)) for _ in range(count)))


def _sessions(people: People, count: int, random: Random) -> "array[int]":
    sigma = people.session_sigma
    scale = people.session_s * 1000 * exp(-sigma * sigma / 2)
    return array("L", (1 + int(scale * exp(sigma * random.gauss(0.0, 1.0))) for _ in range(count)))


def _lanes(people: People, lanes: tuple[str, ...], count: int, random: Random) -> bytearray:
    """
    Return the lane of each visitor: the standard one for all to whom no share falls.
    """
    found = bytearray(count)
    edges = list(accumulate(people.lanes.get(name, 0.0) for name in lanes[1:]))
    if edges:
        for index in range(count):
            found[index] = (bisect_right(edges, random.random()) + 1) % len(lanes)
    return found


def _links(links: Links | None, count: int, random: Random) -> "array[int]":
    """
    Return which invitation each visitor bears.
    """
    found = array("H", [0]) * count
    if links is not None:
        for index in range(count):
            if random.random() < links.share:
                found[index] = random.randint(1, len(links.uses))
    return found


def _habits(people: People, count: int, random: Random) -> bytearray:
    habits = bytearray(count)
    shares = (
        (HIDDEN, people.hidden),
        (NO_SHOW, people.no_shows),
        (GOODBYE, people.goodbye),
        (DOUBLE, people.doubles),
        (RELEASES, people.releases),
    )
    draw = random.random
    for bit, share in shares:
        if share > 0:
            for index in range(count):
                if draw() < share:
                    habits[index] |= bit
    return habits
