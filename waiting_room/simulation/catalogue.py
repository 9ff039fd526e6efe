"""
Scenarios by name: what happens during a promotion besides its spike, and what its figures must be like.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Final, NamedTuple

from waiting_room.core.calendar import Appointment
from waiting_room.core.lanes import STANDARD_LANE, Lane
from waiting_room.core.phase import Phase
from waiting_room.core.policy import Policy
from waiting_room.errors import Fault
from waiting_room.simulation import verdict
from waiting_room.simulation.customers import weather_of
from waiting_room.simulation.result import Result
from waiting_room.simulation.scenario import CALM, Change, Faults, Links, Scenario, ScenarioError, Spike, steady
from waiting_room.simulation.shop import IDLE_S
from waiting_room.simulation.verdict import Check, Judged

EVERYTHING: Final = Faults(skew_s=20, deaths=2, partitions=2, timeouts=0.01, promotions=1, wipes=1)
"""Clocks that are off, killed workers, lost lines, lost replies, a promoted replica, an empty store."""
_BEARS: Final = 0.5
"""Nobody has measured the shop: the ceiling of the rate is twice what it bears."""
WARSAW: Final = "Europe/Warsaw"
SPRING: Final = datetime(2027, 3, 28, 1, tzinfo=UTC)
AUTUMN: Final = datetime(2027, 10, 31, 1, tzinfo=UTC)
"""At one o'clock UTC the clocks of Warsaw go from two to three in spring, and from three to two in autumn."""
_WINTER: Final = timezone(timedelta(hours=1))
_SUMMER: Final = timezone(timedelta(hours=2))


class Named(NamedTuple):
    """
    Name what a scenario does to a promotion, in a line, and which of its figures are held to what.
    """

    says: str
    make: Callable[[Scenario], Scenario]
    demands: Callable[[Result], tuple[Check, ...]] | None = None


def spike_of(length_s: float) -> Spike:
    """
    Return a spike of *length_s*: a tenth calm, a tenth rise, two fifths plateau, two fifths decay.
    """
    return Spike(0.1 * length_s, 0.1 * length_s, 0.4 * length_s, 0.4 * length_s)


def _as_it_is(scenario: Scenario) -> Scenario:
    return scenario


def _steady(scenario: Scenario) -> Scenario:
    return replace(scenario, spike=steady(scenario.spike.length_s))


def _opening(scenario: Scenario) -> Scenario:
    return replace(scenario, spike=Spike(0, 0, 5, 5))


def _mass_leaving(scenario: Scenario) -> Scenario:
    at_s = 0.6 * scenario.spike.length_s
    return replace(scenario, changes=(*scenario.changes, Change(at_s, vanishes=0.9)))


def _live_limits(scenario: Scenario) -> Scenario:
    policy, length_s = scenario.policy, scenario.spike.length_s

    def limits(factor: float) -> dict[str, int]:
        return {
            "capacity": max(1, int(policy.capacity * factor)),
            "rate_per_minute": max(1, int(policy.rate_per_minute * factor)),
        }

    steps = ((0.3, 0.5), (0.6, 1.0), (0.8, 2.0), (1.2, 1.0))
    changes = (Change(share * length_s, limits(factor)) for share, factor in steps)
    return replace(scenario, changes=(*scenario.changes, *changes))


def _adaptation(scenario: Scenario) -> Scenario:
    length_s = scenario.spike.length_s
    settings = {"adaptive": True, "idle_timeout_s": IDLE_S}
    bears_per_s = _BEARS * scenario.policy.rate_per_minute / 60
    weather = weather_of(bears_per_s, (0.6 * length_s, 0.5), (1.6 * length_s, 1.0))
    return replace(scenario, policy=Policy.parse(scenario.policy.as_dict() | settings), weather=weather)


def _draw(scenario: Scenario) -> Scenario:
    """
    Gather from the beginning, open in the middle of the spike by a draw, and let the others stand behind.
    """
    gathering = Change(0, phase=Phase.PREQUEUE, until_s=scenario.spike.length_s / 2)
    return replace(scenario, changes=(gathering, *scenario.changes))


def _invitations(scenario: Scenario) -> Scenario:
    """
    Let half of all try one of ten links to a lane of their own: eight for one visitor, two for a few.
    """
    lane, count = Lane("invited", 3.0, entry="invitation"), scenario.visitors
    links = Links(lane.name, (*(1,) * 8, max(2, count // 100), max(3, count // 50)), 0.5)
    return replace(scenario, links=links, policy=replace(scenario.policy, lanes=(*scenario.policy.lanes, lane)))


WEIGHTED: Final = (Lane(STANDARD_LANE, 1.0, 0.1), Lane("loyal", 3.0))
STRICT: Final = (Lane("loyal"), Lane(STANDARD_LANE, floor=0.2))


def _lanes(lanes: tuple[Lane, ...], order: str) -> Callable[[Scenario], Scenario]:
    def make(scenario: Scenario) -> Scenario:
        if len(scenario.policy.lanes) > 1:
            raise ScenarioError((Fault("lanes", "the scenario has lanes of its own", "leave yours out"),))
        people = replace(scenario.people, lanes={"loyal": 0.6})
        policy = replace(scenario.policy, lanes=lanes, lane_order=order)
        return replace(scenario, policy=policy, people=people)

    return make


def _clocks(change: datetime, before: timezone, after: timezone) -> Callable[[Scenario], Scenario]:
    """
    Return a scenario whose spike has the *change* of the clocks in its middle, with a schedule around it.

    The local times are worked out from the two offsets alone, and so are the instants that they must come to. A time
    that comes twice is written with its offset, as a schedule demands.
    """

    def make(scenario: Scenario) -> Scenario:
        length_s, rate = scenario.spike.length_s, scenario.policy.rate_per_minute
        start = change - timedelta(seconds=round(length_s / 2))
        steps = (
            (0.1, "prequeue", None), (0.3, "open", max(1, rate // 2)), (0.5, "rate", rate), (0.7, "rate", 2 * rate),
            (0.9, "drain", None), (3.0, "close", None),
        )  # fmt: skip
        entries, plan = [], []
        for share, do, limit in steps:
            at = change if share == 0.5 else start + timedelta(seconds=round(share * length_s))
            local = at.astimezone(before if at < change else after)
            twice = before == _SUMMER and local.hour == 2
            written = local.isoformat() if twice else local.strftime("%Y-%m-%d %H:%M:%S")
            entries.append({"at": written, "do": do} | ({} if limit is None else {"rate_per_minute": limit}))
            plan.append(Appointment(int(at.timestamp()) * 1000, do, limit))
        policy = Policy.parse(scenario.policy.as_dict() | {"timezone": WARSAW, "schedule": entries})
        return replace(scenario, policy=policy, plan=tuple(plan), start_ms=int(start.timestamp()) * 1000)

    return make


SCENARIOS: Final[Mapping[str, Named]] = MappingProxyType(
    {
        "spike": Named("nothing else", _as_it_is),
        "steady": Named("people come at one rate", _steady),
        "opening": Named("all come within ten seconds", _opening),
        "mass-leaving": Named("nine of ten of those who wait vanish at once", _mass_leaving, verdict.left),
        "live-limits": Named(
            "seats and rate are halved, put back, doubled and put back while people wait and shop", _live_limits
        ),
        "adaptation": Named(
            "the room follows a shop that bears half of the rate, loses half of that and has it back later", _adaptation
        ),
        "draw": Named(
            "people gather before the opening, which draws their order; the others follow", _draw, verdict.drawn
        ),
        "invitations": Named(
            "half of all try one of ten links to a lane; eight are for one visitor", _invitations, verdict.invited
        ),
        "lanes": Named(
            "two lanes are overcrowded, of weights 3 and 1",
            _lanes(WEIGHTED, "weighted"),
            lambda result: verdict.shared(result, {"loyal": 0.75, STANDARD_LANE: 0.25}),
        ),
        "lanes-strict": Named(
            "two lanes are overcrowded, one strictly after the other, with a floor of a fifth",
            _lanes(STRICT, "strict"),
            lambda result: verdict.shared(result, {"loyal": 0.8, STANDARD_LANE: 0.2}),
        ),
        "clocks-forward": Named(
            "a schedule, while the clocks of Warsaw go from two to three",
            _clocks(SPRING, _WINTER, _SUMMER),
            lambda result: verdict.kept(result, 6),
        ),
        "clocks-back": Named(
            "a schedule, while the clocks of Warsaw go from three to two",
            _clocks(AUTUMN, _SUMMER, _WINTER),
            lambda result: verdict.kept(result, 6),
        ),
    }
)
"""What each name makes of a scenario, and what its figures are held to."""


def judged(name: str, result: Result) -> Judged:
    """
    Return the verdict on a run of the scenario *name*.
    """
    demands = SCENARIOS[name].demands
    return Judged(name, () if demands is None else demands(result))


__all__ = ["CALM", "EVERYTHING", "SCENARIOS", "Named", "judged", "spike_of"]
