"""
Many callers, few round trips: what waits while one call is under way goes into the next as one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

Item = TypeVar("Item")
Reply = TypeVar("Reply")

RETRY_S: Final = 0.1
"""How often a held item is tried again: several times within a tick of the controller."""


class Coalescer(Generic[Item, Reply]):
    """
    Send items in batches, in the order in which they came, one batch at a time; each caller gets its own reply.

    *keep* says which replies are not final: their items are sent again until *hold_s* has passed, oldest first and each
    round all of them, in batches of at most *limit*. A failed batch fails all its callers; none is sent twice behind a
    caller's back, and none any more whose caller has given up. *again_s* says in how many seconds a kept reply may have
    become another; nobody waits for longer than `RETRY_S`.
    """

    def __init__(
        self,
        send: Callable[[Sequence[Item]], Awaitable[Sequence[Reply]]],
        limit: int,
        keep: Callable[[Reply], bool] = lambda _: False,
        hold_s: float = 0.0,
        again_s: Callable[[Reply], float] = lambda _: RETRY_S,
    ) -> None:
        self._send = send
        self._limit = limit
        self._keep = keep
        self._hold_s = hold_s
        self._again_s = again_s
        self._pause_s = RETRY_S
        self._waiting: list[tuple[Item, asyncio.Future[Reply], float]] = []
        self._task: asyncio.Task[None] | None = None

    async def submit(self, item: Item) -> Reply:
        """
        Return the reply to *item*.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Reply] = loop.create_future()
        self._waiting.append((item, future, loop.time() + self._hold_s))
        if self._task is None:
            self._task = loop.create_task(self._drain())
        return await future

    async def _drain(self) -> None:
        try:
            while self._waiting:
                round_, self._waiting = self._waiting, []
                self._pause_s = RETRY_S
                held = await self._send_round(round_)
                if held:
                    self._waiting = held + self._waiting
                    await asyncio.sleep(self._pause_s)
        finally:
            self._task = None

    async def _send_round(
        self, round_: list[tuple[Item, asyncio.Future[Reply], float]]
    ) -> list[tuple[Item, asyncio.Future[Reply], float]]:
        held = []
        for at in range(0, len(round_), self._limit):
            batch = [entry for entry in round_[at : at + self._limit] if not entry[1].done()]
            if batch:
                held += await self._send_batch(batch)
        return held

    async def _send_batch(
        self, batch: list[tuple[Item, asyncio.Future[Reply], float]]
    ) -> list[tuple[Item, asyncio.Future[Reply], float]]:
        try:
            replies = await self._send([item for item, _, _ in batch])
            answered = list(zip(batch, replies, strict=True))
        except Exception as error:  # noqa: BLE001 - each caller is to hear of it, whatever it is
            for _, future, _ in batch:
                if not future.done():
                    future.set_exception(error)
            return []
        now = asyncio.get_running_loop().time()
        held = []
        for entry, reply in answered:
            _, future, until = entry
            if self._keep(reply) and now < until and not future.done():
                held.append(entry)
                self._pause_s = min(self._pause_s, self._again_s(reply))
            elif not future.done():
                future.set_result(reply)
        return held
