"""
What the store in memory counts as it comes is what a count of the whole would find.
"""

from hypothesis import given
from hypothesis import strategies as st

from tests.store.conftest import START_MS
from waiting_room.core.pacing import DOOR_MS
from waiting_room.core.snapshot import Cohort
from waiting_room.store.bitmap import Bitmap
from waiting_room.store.memory_calls import COHORTS_KEPT, MemoryCalls
from waiting_room.store.replies import counted

ACTS = st.lists(
    st.tuples(
        st.sampled_from(["call", "straight", "wait", "wait", "claim", "look"]),
        st.integers(0, 30),
        st.sampled_from([0, 0, 1, 300, 1000, DOOR_MS]),
    ),
    max_size=60,
)


class Recount:
    """Do the same by counting everything at every look."""

    def __init__(self) -> None:
        self.claimed = Bitmap()
        self.door: dict[int, int] = {}
        self.steps: list[Cohort] = []

    def note(self, step: Cohort) -> None:
        """Join the steps of a second."""
        last = self.steps[-1] if self.steps else None
        if last is not None and last.at_ms // 1000 == step.at_ms // 1000:
            self.steps[-1] = last._replace(high=step.high, present=last.present + step.present)
        else:
            self.steps.append(step)

    def cohorts(self, now_ms: int) -> tuple[Cohort, ...]:
        """Count the bitmap and the list of those at the door."""
        at_door = sorted(rank for rank, seen_ms in self.door.items() if seen_ms > now_ms - DOOR_MS)
        return tuple(counted(step, self.claimed.bits, 0, at_door) for step in self.steps)


@given(ACTS)
def test_claims_and_people_at_the_door_are_counted_as_they_come(acts: list[tuple[str, int, int]]) -> None:
    """Whatever comes, also claims of ranks that no step has called, and newcomers who go in between two steps."""
    calls, recount, frontier, now_ms = MemoryCalls(), Recount(), 1, START_MS
    for act, number, passed_ms in acts:
        now_ms += passed_ms
        rank = 1 + number % frontier
        if act == "call":
            step = Cohort(now_ms, frontier, frontier + number, number)
            calls.note(step)
            recount.note(step)
            frontier += number
        elif act == "straight":
            calls.claim(frontier)
            recount.claimed.add(frontier)
            frontier += 1
        elif rank >= frontier or rank in calls.claimed:
            continue
        elif act == "wait":
            calls.wait(rank, now_ms)
            recount.door[rank] = now_ms
        elif act == "claim":
            calls.claim(rank)
            recount.claimed.add(rank)
            recount.door.pop(rank, None)

        if act == "look":
            assert calls.cohorts(now_ms) == recount.cohorts(now_ms)
    assert calls.cohorts(now_ms) == recount.cohorts(now_ms)


def test_the_oldest_cohorts_are_forgotten() -> None:
    """As many are kept as Redis keeps, and claims of the others are still known."""
    calls = MemoryCalls()
    for second in range(COHORTS_KEPT + 2):
        calls.note(Cohort(START_MS + second * 1000, 1 + second, 2 + second, 1))
    calls.claim(1)
    calls.claim(3)
    found = calls.cohorts(START_MS)

    assert (len(found), found[0].low, found[0].claimed, 1 in calls.claimed) == (COHORTS_KEPT, 3, 1, True)
