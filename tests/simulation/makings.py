"""
Scenarios that tests share.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import pytest

from waiting_room.core import plan
from waiting_room.core.policy import Policy
from waiting_room.simulation import Faults, People, Scenario, Spike

POLICY: Final = Policy(capacity=30, rate_per_minute=600, idle_timeout_s=40, max_session_s=120, claim_window_s=20)
PEOPLE: Final = People(
    no_shows=0.2,
    leaving_per_minute=0.1,
    hidden=0.1,
    doubles=0.1,
    lost_replies=0.05,
    session_s=15,
    page_s=8,
)
EVERYTHING: Final = Faults(skew_s=20, deaths=2, partitions=2, timeouts=0.02, promotions=1, wipes=1)
RUSH: Final = Scenario(
    POLICY, visitors=200, spike=Spike(5, 5, 20, 20), people=PEOPLE, faults=EVERYTHING, workers=3, limit_s=1200
)
"""Two hundred people within fifty seconds to thirty seats, three workers, and everything that can fail."""


def rush(seed: int, **changes: Any) -> Scenario:
    """
    Return the rush of *seed*.
    """
    return replace(RUSH, seed=seed, **changes)


def favour_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Call nobody of a lane while anybody waits in the one before it."""

    def share(due: int, lanes: Any, order: str, waiting: Mapping[str, int], owed: Any) -> Any:
        calls = {}
        for lane in lanes:
            calls[lane.name] = min(due, waiting.get(lane.name, 0))
            due -= calls[lane.name]
        return calls, dict.fromkeys(calls, 0.0)

    monkeypatch.setattr(plan, "share", share)
