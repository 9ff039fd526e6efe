"""
Coroutines without an event loop: those of the lobby run until they wait for a round trip, and go on when it is done.
"""

from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from typing import Any, Final, Generic, TypeVar

from waiting_room.coalesce import RETRY_S, Coalescer
from waiting_room.errors import StoreError, WaitingRoomError

Item = TypeVar("Item")
Reply = TypeVar("Reply")
Result = TypeVar("Result")

_PAUSE_MS: Final = round(RETRY_S * 1000)
PROBE: Final = 8
"""So many of those who are held are tried at a time."""


class SuspendedError(WaitingRoomError):
    """
    Say that a coroutine waits which nobody will wake.
    """

    def __init__(self, what: object) -> None:
        super().__init__(f"{what!r} waits for something outside of the simulation")


def run(coroutine: Coroutine[Any, Any, Result] | Awaitable[Result]) -> Result:
    """
    Return the result of a coroutine that never waits, as those of the store in memory.
    """
    assert isinstance(coroutine, Coroutine)
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: Result = end.value
        return result
    raise SuspendedError(coroutine)


class Slot(Generic[Item, Reply]):
    """
    Hold one item on its way, and who waits for its reply: the visitor *who*, to be told through *done*.
    """

    __slots__ = ("coroutine", "done", "error", "item", "reply", "tried", "until_ms", "who")

    coroutine: Coroutine[Any, Any, Any]
    done: Callable[[int, Any], None]
    who: int
    reply: Reply

    def __init__(self, item: Item, until_ms: int) -> None:
        self.item = item
        self.until_ms = until_ms
        self.error: StoreError | None = None
        self.tried = False

    def __await__(self) -> Generator[Any, None, Reply]:
        yield self
        if self.error is not None:
            raise self.error
        return self.reply

    def resume(self) -> None:
        """
        Let the coroutine go on, to its end or to the next round trip; at its end tell what came of it.
        """
        try:
            slot = self.coroutine.send(None)
        except StopIteration as end:
            self.done(self.who, end.value)
            return
        if not isinstance(slot, Slot):
            raise SuspendedError(self.coroutine)
        slot.coroutine, slot.who, slot.done = self.coroutine, self.who, self.done


def begin(coroutine: Coroutine[Any, Any, Result], who: int, done: Callable[[int, Result], None]) -> None:
    """
    Start a use case for the visitor *who*; *done* hears the result, now or after the round trip it waits for.
    """
    try:
        slot = coroutine.send(None)
    except StopIteration as end:
        done(who, end.value)
    else:
        slot.coroutine, slot.who, slot.done = coroutine, who, done


class Desk(Coalescer[Item, Reply]):
    """
    Send items in batches as the coalescer does, one round a step of the simulation instead of a task of a loop.
    """

    clock_ms: Callable[[], int]

    def __init__(
        self,
        send: Callable[[Sequence[Item]], Awaitable[Sequence[Reply]]],
        limit: int,
        keep: Callable[[Reply], bool] = lambda _: False,
        hold_s: float = 0.0,
        again_s: Callable[[Reply], float] = lambda _: RETRY_S,
    ) -> None:
        super().__init__(send, limit, keep, hold_s, again_s)
        self._hold_ms = round(hold_s * 1000)
        self._ready_ms = 0
        self._pause_ms = _PAUSE_MS
        self.slots: list[Slot[Item, Reply]] = []

    async def submit(self, item: Item) -> Reply:
        """
        Return the reply to *item*.
        """
        slot: Slot[Item, Reply] = Slot(item, self.clock_ms() + self._hold_ms)
        self.slots.append(slot)
        return await slot

    def round(self) -> None:
        """
        Send what waits, and let those go on who have their reply; the others are sent again after a pause.

        Of those who were held before, no more are sent than until a batch brings nobody further: at one moment, who is
        behind fares no better. The coalescer sends them all, to the same end.
        """
        now_ms = self.clock_ms()
        if not self.slots or now_ms < self._ready_ms:
            return
        held, self.slots = self.slots, []
        self._pause_ms = _PAUSE_MS
        older = [slot for slot in held if slot.tried and now_ms < slot.until_ms]
        fresh = [slot for slot in held if not slot.tried or now_ms >= slot.until_ms]
        kept: list[Slot[Item, Reply]] = []
        for at in range(0, len(older), PROBE):
            still = self._send_slots(older[at : at + PROBE], now_ms)
            kept += still
            if len(still) == len(older[at : at + PROBE]):
                kept += older[at + PROBE :]
                break
        for at in range(0, len(fresh), self._limit):
            kept += self._send_slots(fresh[at : at + self._limit], now_ms)
        if kept:
            self.slots[:0] = kept
            self._ready_ms = now_ms + self._pause_ms

    def _send_slots(self, batch: list[Slot[Item, Reply]], now_ms: int) -> list[Slot[Item, Reply]]:
        """
        Send one batch, and return those who are held.
        """
        try:
            replies = run(self._send([slot.item for slot in batch]))
        except StoreError as error:
            for slot in batch:
                slot.error = error
                slot.resume()
            return []
        held = []
        for slot, reply in zip(batch, replies, strict=True):
            if now_ms < slot.until_ms and self._keep(reply):
                slot.tried = True
                held.append(slot)
                self._pause_ms = min(self._pause_ms, int(1000 * self._again_s(reply)))
            else:
                slot.reply = reply
                slot.resume()
        return held

    def drop(self) -> list[Slot[Item, Reply]]:
        """
        Forget all that waits, as a worker that dies does; return it.
        """
        slots, self.slots = self.slots, []
        for slot in slots:
            slot.coroutine.close()
        return slots
