"""
What came of a run, in figures.
"""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from waiting_room.simulation import figures
from waiting_room.simulation.drawing import DrawResult
from waiting_room.simulation.figures import InvitationResult, LeavingResult, ScheduleResult
from waiting_room.simulation.promises import number_of
from waiting_room.simulation.visitors import DONE, INSIDE, LEFT, NO_SHOWN, TURNED

if TYPE_CHECKING:
    from waiting_room.simulation.play import Play

BYTES_A_WAITING: Final = 0.83
"""Measured by ``benchmarks/memory.py``: a million waiting in a Valkey."""
BYTES_A_JOIN: Final = 110
"""A join is remembered for a minute."""
BYTES_A_SEAT: Final = 150
_LONG: Final = frozenset({"series", "let_in_ms", "gave_up", "ordered_ms", "lanes"})
_FULL: Final = 0.99
_REMEMBERED_S: Final = 60


@dataclass(frozen=True, slots=True)
class LaneResult:
    """
    Hold the figures of one lane; *calls_share*: its part of the calls while people waited in every lane.
    """

    visitors: int
    admitted: int
    wait_p50_s: float | None
    wait_p95_s: float | None
    calls_share: float | None
    tau_called: float | None


@dataclass(frozen=True, slots=True)
class Result:
    """
    Hold the figures of a run; times in seconds, shares between 0 and 1, None where nothing was there to measure.

    *played_singly*: so many visitors were played poll by poll; of a crowd in bulk a sample. *waits_s*: p50, p95 and max
    of the time from coming to being let in. *seat_use*: the share of seats held, from the first time that all were
    until nobody waited any more. *rate_use*: the share of the rate used while people waited and seats were free.
    *eta_coverage*: the share of visitors whose true remaining wait lay in the range that was shown at a moment of their
    wait drawn at random, *eta_width*: how wide these ranges were, in relation to it. *tau_called*, *tau_admitted*:
    Kendall's tau between rank and the order of calls, and of admissions, of those who were there. *redis_bytes*:
    modelled from measured bytes, at the peak. *stall_s*: the longest time without a call while somebody waited, a seat
    was free and the pace allowed it. *lanes_behind*: by how many calls a lane was behind its part at most. *series*:
    what happened in each second. *let_in_ms*: when each visitor was let in, since the start; -1 for who was not.
    *gave_up*: whether each visitor lost patience, as a 1. *ordered_ms*: when each visitor's order was made, since the
    start; -1 for who made none, empty where no shop was played.
    """

    seed: int
    visitors: int
    played_singly: int
    admitted: int
    left: int
    no_shows: int
    turned_away: int
    unserved: int
    length_s: float
    wait_p50_s: float | None
    wait_p95_s: float | None
    wait_max_s: float | None
    waiting_peak: int
    seats_peak: int
    capacity: int
    rate_per_minute: int
    seat_use: float | None
    rate_use: float | None
    eta_coverage: float | None
    eta_judged: int
    eta_width: float | None
    tau_called: float | None
    tau_admitted: float | None
    polls: int
    polls_per_s_peak: int
    redis_bytes: int
    seats_lost: int
    steps: int
    positions_checked: int
    stall_s: float
    lanes_behind: float
    draws: tuple[DrawResult, ...]
    invitations: InvitationResult | None
    schedule: tuple[ScheduleResult, ...]
    leaving: LeavingResult | None
    lanes: Mapping[str, LaneResult]
    series: dict[str, Sequence[int]] = field(repr=False, compare=False, default_factory=dict)
    let_in_ms: Sequence[int] = field(repr=False, compare=False, default=())
    gave_up: bytes = field(repr=False, compare=False, default=b"")
    ordered_ms: Sequence[int] = field(repr=False, compare=False, default=())

    def as_dict(self) -> dict[str, Any]:
        """
        Return the figures as plain values, without the series.
        """
        plain = {name: _plain(getattr(self, name)) for name in self.__slots__ if name not in _LONG}
        return plain | {"lanes": {name: asdict(lane) for name, lane in self.lanes.items()}}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [asdict(entry) for entry in value]
    return value if value is None or isinstance(value, int | float) else asdict(value)


def judge(play: "Play") -> Result:
    """
    Return the figures of a run that is over.
    """
    promises, tally, visitors = play.promises, play.tally, play.visitors
    state, policy = visitors.state, play.scenario.policy
    series = _series(tally.seconds)
    waits = sorted(
        promises.admitted_ms[who] - visitors.arrived_ms(who) for who in range(len(state)) if promises.admitted_ms[who]
    )
    admitted = _by_admission(promises.admitted_ms, promises.rank)
    return Result(
        seed=play.scenario.seed,
        visitors=len(state),
        played_singly=-(-len(state) // play.stride),
        admitted=promises.admitted,
        left=state.count(LEFT),
        no_shows=state.count(NO_SHOWN),
        turned_away=state.count(TURNED),
        unserved=len(state) - sum(state.count(end) for end in (LEFT, NO_SHOWN, TURNED, DONE, INSIDE)),
        length_s=(play.now_ms - promises.start_ms) / 1000,
        wait_p50_s=_quantile(waits, 0.5),
        wait_p95_s=_quantile(waits, 0.95),
        wait_max_s=_quantile(waits, 1.0),
        waiting_peak=max(series["waiting"], default=0),
        seats_peak=max(series["seats"], default=0),
        capacity=policy.capacity,
        rate_per_minute=policy.rate_per_minute,
        seat_use=seat_use(series),
        rate_use=None if play.policy.adaptive else rate_use(series, policy.rate_per_s),
        eta_coverage=tally.coverage(),
        eta_judged=len(tally.judged),
        eta_width=tally.width(),
        tau_called=min(
            (tau for book in promises.lanes.values() if (tau := kendall_tau(book.calls)) is not None), default=None
        ),
        tau_admitted=kendall_tau(admitted),
        polls=tally.polls,
        polls_per_s_peak=max(series["polls"], default=0),
        redis_bytes=redis_bytes(series),
        seats_lost=promises.seats_lost,
        steps=promises.step,
        positions_checked=promises.present.checked,
        stall_s=promises.stall.longest_ms / 1000,
        lanes_behind=promises.parts.behind,
        draws=figures.draws(play),
        invitations=figures.invitations(play),
        schedule=figures.schedule(play, series["admitted"]),
        leaving=figures.leaving(play),
        lanes=_lanes(play),
        series=series,
        let_in_ms=array("q", (at_ms - promises.start_ms if at_ms else -1 for at_ms in promises.admitted_ms)),
        gave_up=bytes(each == LEFT for each in state),
        ordered_ms=() if play.customers is None else play.customers.ordered_ms,
    )


def _lanes(play: "Play") -> dict[str, LaneResult]:
    promises, crowd, visitors = play.promises, play.crowd, play.visitors
    shares, lanes = promises.parts.shares(), _lanes_of(play)
    found = {}
    for index, name in enumerate(crowd.lanes):
        mine = [who for who, lane in enumerate(lanes) if lane == index]
        admitted_ms = promises.admitted_ms
        waits = sorted(admitted_ms[who] - visitors.arrived_ms(who) for who in mine if admitted_ms[who])
        tau = kendall_tau(promises.lanes[name].calls)
        p50, p95 = _quantile(waits, 0.5), _quantile(waits, 0.95)
        found[name] = LaneResult(len(mine), len(waits), p50, p95, shares.get(name), tau)
    return found


def _lanes_of(play: "Play") -> Sequence[int]:
    """
    Return the lane in which each visitor stands by now, as the crowd's index: an invitation leads to another one.
    """
    crowd, links = play.crowd, play.scenario.links
    if links is None:
        return crowd.lane
    found, invited = bytearray(crowd.lane), crowd.lanes.index(links.lane)
    for visitor in play.promises.guests.joined:
        found[number_of(visitor)] = invited
    return found


def _series(seconds: dict[str, "array[int]"]) -> dict[str, Sequence[int]]:
    """
    Return running totals as counts of each second; levels stay as they are.
    """
    found: dict[str, Sequence[int]] = dict(seconds)
    for name in ("arrivals", "polls", "called", "admitted"):
        totals = seconds[name]
        found[name] = array("q", (b - a for a, b in zip([0, *totals], totals, strict=False)))
    return found


def _quantile(ordered_ms: Sequence[int], share: float) -> float | None:
    if not ordered_ms:
        return None
    return ordered_ms[min(len(ordered_ms) - 1, int(share * len(ordered_ms)))] / 1000


def seat_use(series: dict[str, Sequence[int]]) -> float | None:
    """
    Return the share of seats held from the first second in which all but a hundredth were, to the last in which as many
    waited as there are seats: afterwards there is nobody to fill them.
    """
    seats, capacity, waiting = series["seats"], series["capacity"], series["waiting"]
    full = [at for at, held in enumerate(seats) if capacity[at] and held >= _FULL * capacity[at]]
    crowded = [at for at, people in enumerate(waiting) if people > 0]
    if not full or not crowded or full[0] >= crowded[-1]:
        return None
    span = range(full[0], crowded[-1])
    return sum(min(seats[at], capacity[at]) for at in span) / max(1, sum(capacity[at] for at in span))


def rate_use(series: dict[str, Sequence[int]], rate_per_s: float) -> float | None:
    """
    Return the share of the rate that was used in the seconds in which people waited and seats were free.
    """
    seats, capacity, waiting = series["seats"], series["capacity"], series["waiting"]
    free = [
        at
        for at in range(1, len(seats))
        if waiting[at] > rate_per_s and waiting[at - 1] > rate_per_s and seats[at] + 2 * rate_per_s < capacity[at]
    ]
    if not free or not rate_per_s:
        return None
    return sum(series["admitted"][at] for at in free) / (rate_per_s * len(free))


def redis_bytes(series: dict[str, Sequence[int]]) -> int:
    """
    Return what the room costs in Redis at its peak: a model from measured bytes.
    """
    most, recent = 0, 0
    arrivals = series["arrivals"]
    for at, joins in enumerate(arrivals):
        recent += joins - (arrivals[at - _REMEMBERED_S] if at >= _REMEMBERED_S else 0)
        bytes_ = BYTES_A_WAITING * series["waiting"][at] + BYTES_A_JOIN * recent + BYTES_A_SEAT * series["seats"][at]
        most = max(most, int(bytes_))
    return most


def _by_admission(admitted_ms: Sequence[int], numbers: Sequence[int]) -> list[int]:
    inside = [who for who, at_ms in enumerate(admitted_ms) if at_ms]
    inside.sort(key=lambda who: (admitted_ms[who], numbers[who]))
    return [numbers[who] for who in inside]


def kendall_tau(ranks: Sequence[int]) -> float | None:
    """
    Return Kendall's tau between distinct *ranks* in their order and the rising order: 1 where they only rise.
    """
    count = len(ranks)
    if count < 2:
        return None
    return 1 - 4 * _inversions(list(ranks)) / (count * (count - 1))


def _inversions(values: list[int]) -> int:
    """
    Return how many pairs stand the wrong way round, by merging sorted runs from the bottom up.
    """
    found, width, count = 0, 1, len(values)
    if all(a <= b for a, b in pairwise(values)):
        return 0
    while width < count:
        merged: list[int] = []
        for start in range(0, count, 2 * width):
            left, right = values[start : start + width], values[start + width : start + 2 * width]
            at = 0
            for value in right:
                while at < len(left) and left[at] <= value:
                    merged.append(left[at])
                    at += 1
                merged.append(value)
                found += len(left) - at
            merged += left[at:]
        values, width = merged, 2 * width
    return found
