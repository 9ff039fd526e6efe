"""
What is held between the verbs of the store: that positions count who is there, and that it goes on.
"""

from waiting_room.core.outcomes import Outcome, Waiting
from waiting_room.rooms import Room
from waiting_room.simulation.books import LaneBook
from waiting_room.simulation.promises import ON, THERE, Promises
from waiting_room.simulation.stall import LOOK_MS


class Watch:
    """
    Look on at every poll and every step of the clock, with the books of *promises*.
    """

    def __init__(self, promises: Promises) -> None:
        self._promises = promises
        self._witness: tuple[LaneBook, int] | None = None

    def heard(self, who: int, lane: str) -> None:
        """
        Note that a worker has heard of *who*.
        """
        self._promises.lanes[lane].seen_ms[self._promises.rank[who]] = self._promises.now_ms

    def asked(self, who: int, lane: str, outcome: Outcome, told_by: Room | None) -> None:
        """
        Note that *who* has asked, and check the position in the *outcome* that a worker told by what it holds.
        """
        promises = self._promises
        book, rank, present = promises.lanes[lane], promises.rank[who], promises.present
        book.seen_ms[rank] = promises.now_ms
        if type(outcome) is not Waiting or told_by is None:
            return
        position, told_from = outcome.position, told_by.view.snapshot
        bounds = None
        if promises.singly:
            bounds = present.bounds(book, lane, rank, told_from, promises.now_ms)
        if bounds is None:
            bounds = (1, len(promises.rank))
        least, most = bounds
        if not least <= position <= most:
            facts = f"{lane} {rank} was shown {position}, and between {least - 1} and {most - 1} others stand before it"
            raise promises.breach(THERE, facts)

    def goes_on(self, *, served: bool) -> None:
        """
        Check that somebody has been called lately, if one could be; *served* while a worker reaches the store.
        """
        promises = self._promises
        now_ms, stall = promises.now_ms, promises.stall
        if not (served and self._may_call()):
            stall.rest(now_ms)
        elif stall.idle_ms(now_ms) >= LOOK_MS:
            if not self._somebody_waits():
                stall.rest(now_ms)
                return
            assert promises.snapshot is not None
            if wrong := stall.over(promises.snapshot, now_ms):
                raise promises.breach(ON, wrong)

    def _may_call(self) -> bool:
        promises = self._promises
        seen, now_ms = promises.snapshot, promises.now_ms
        if seen is None or promises.unsettled or not (seen.rate_per_minute and seen.admits and promises.phase.admits):
            return False
        promises.seats.release_due(now_ms)
        # After a loss, seats that were given back meanwhile may have been put back, and are held until their idle end.
        held = max(promises.seats.held, seen.seats) if promises.has_lost else promises.seats.held
        return (
            held < min(promises.policy.capacity, seen.capacity)
            and now_ms >= seen.recover_until_ms
            and promises.door.has_room(now_ms)
        )

    def _somebody_waits(self) -> bool:
        """
        Tell whether anybody is there who has not been called; the one who was found last is looked at first.
        """
        if self._witness is not None and self._waits(*self._witness):
            return True
        books = self._promises.lanes.values()
        places = ((book, rank) for book in books for rank in range(book.frontier, book.last + 1))
        self._witness = next((place for place in places if self._waits(*place)), None)
        return self._witness is not None

    def _waits(self, book: LaneBook, rank: int) -> bool:
        promises, who = self._promises, book.who(rank)
        if rank < book.frontier or who < 0:
            return False
        return promises.present.waits(who, promises.now_ms) and promises.stands(who, book, rank)
