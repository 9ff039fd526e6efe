"""
Many callers, few round trips: order, one flight at a time, held items, failures and callers who give up.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from tests.lobby.clock import run, trip
from waiting_room.coalesce import RETRY_S, Coalescer

HELD = "not yet"


@dataclass
class Wire:
    """
    Answer each batch after a tenth of a second, remember what was sent when, and hold items until their time.
    """

    ready_at: dict[str, float] = field(default_factory=dict)
    failures: list[Exception] = field(default_factory=list)
    sent: list[tuple[float, list[str]]] = field(default_factory=list)
    flights: int = 0
    most_flights: int = 0

    async def send(self, items: Sequence[str]) -> list[str]:
        """Reply to each item by its own name, or HELD before its time."""
        loop = asyncio.get_running_loop()
        self.sent.append((round(loop.time(), 3), list(items)))
        self.flights += 1
        self.most_flights = max(self.most_flights, self.flights)
        await trip(0.1)
        self.flights -= 1
        if self.failures:
            raise self.failures.pop(0)
        return [HELD if loop.time() < self.ready_at.get(item, 0.0) else f"re {item}" for item in items]


def desk(wire: Wire, limit: int = 100, hold_s: float = 0.0) -> Coalescer[str, str]:
    """
    Return a coalescer over *wire*.
    """
    return Coalescer(wire.send, limit, lambda reply: reply == HELD, hold_s)


def test_what_comes_during_a_flight_goes_together_into_the_next() -> None:
    """The first goes alone, all others in one, in the order in which they came."""
    wire = Wire()

    async def story() -> list[str]:
        joins = desk(wire)
        first = asyncio.create_task(joins.submit("a"))
        await trip(0.05)
        return await asyncio.gather(first, *(joins.submit(name) for name in "bcde"))

    assert run(story()) == ["re a", "re b", "re c", "re d", "re e"]
    assert [items for _, items in wire.sent] == [["a"], ["b", "c", "d", "e"]]


def test_there_is_one_flight_at_a_time() -> None:
    """However many callers and batches there are."""
    wire = Wire()

    async def story() -> None:
        joins = desk(wire, limit=3)
        await asyncio.gather(*(joins.submit(f"{number}") for number in range(20)))

    run(story())

    assert wire.most_flights == 1
    assert [item for _, items in wire.sent for item in items] == [f"{number}" for number in range(20)]
    assert max(len(items) for _, items in wire.sent) == 3


def test_a_failure_reaches_every_caller_of_its_batch() -> None:
    """And nobody else: the next batch is sent."""
    wire = Wire(failures=[ConnectionError("gone")])

    async def story() -> list[str | BaseException]:
        joins = desk(wire)
        early = [asyncio.create_task(joins.submit(name)) for name in "ab"]
        await trip(0.05)
        late = asyncio.create_task(joins.submit("c"))
        return await asyncio.gather(*early, late, return_exceptions=True)

    first, second, third = run(story())

    assert (type(first), type(second), third) == (ConnectionError, ConnectionError, "re c")


def test_a_reply_that_is_short_reaches_every_caller_too() -> None:
    """A broken answer leaves nobody waiting for ever."""

    async def too_short(items: Sequence[str]) -> list[str]:
        return list(items)[1:]

    async def story() -> Sequence[str | BaseException]:
        joins: Coalescer[str, str] = Coalescer(too_short, 10)
        return await asyncio.gather(joins.submit("a"), joins.submit("b"), return_exceptions=True)

    assert [type(reply) for reply in run(story())] == [ValueError, ValueError]


def test_nothing_is_sent_twice_after_a_failure() -> None:
    """A lost reply may have been a success: the caller decides what to do."""
    wire = Wire(failures=[ConnectionError("gone")])

    async def story() -> None:
        with pytest.raises(ConnectionError):
            await desk(wire).submit("a")

    run(story())

    assert [items for _, items in wire.sent] == [["a"]]


def test_held_items_are_tried_again_until_it_is_their_turn() -> None:
    """Every tenth of a second, and the caller hears of the success alone."""
    wire = Wire(ready_at={"a": 0.55})

    async def story() -> str:
        return await desk(wire, hold_s=1.5).submit("a")

    assert run(story()) == "re a"
    assert [at for at, _ in wire.sent] == pytest.approx([0.0, 0.2, 0.4, 0.6])
    assert pytest.approx(0.1) == RETRY_S


def test_held_items_go_before_those_that_came_later() -> None:
    """Oldest first: nobody overtakes by trying again."""
    wire = Wire(ready_at={"a": 0.3, "b": 0.3})

    async def story() -> None:
        door = desk(wire, hold_s=1.5)
        early = [asyncio.create_task(door.submit(name)) for name in "ab"]
        await trip(0.15)
        await asyncio.gather(*early, door.submit("c"))

    run(story())

    assert [items for _, items in wire.sent] == [["a", "b"], ["a", "b", "c"]]


def test_the_hold_ends() -> None:
    """Whoever's turn does not come hears so, within a flight of the hold's end."""
    wire = Wire(ready_at={"a": 99.0})

    async def story() -> tuple[str, float]:
        reply = await desk(wire, hold_s=1.5).submit("a")
        return reply, asyncio.get_running_loop().time()

    reply, at = run(story())

    assert reply == HELD
    assert 1.5 <= at <= 1.5 + 0.1 + RETRY_S


def test_a_full_door_holds_nobody_longer() -> None:
    """
    With more callers than a batch takes, each still hears within the hold.

    The first five hundred were once tried alone until their hold was over, and the next ones waited behind them.
    """
    wire = Wire(ready_at={f"{number}": 99.0 for number in range(12)})

    async def story() -> list[float]:
        door = desk(wire, limit=2, hold_s=1.5)

        async def ask(number: int) -> float:
            await door.submit(f"{number}")
            return asyncio.get_running_loop().time()

        return await asyncio.gather(*(ask(number) for number in range(12)))

    assert max(run(story())) <= 1.5 + 6 * 0.1 + RETRY_S + 1e-6


def test_a_caller_who_gives_up_is_not_sent_any_more() -> None:
    """A claim that nobody waits for takes no seat; the others get theirs."""
    wire = Wire(ready_at={"gone": 0.5, "a": 0.5})

    async def story() -> str:
        door = desk(wire, hold_s=1.5)
        gone = asyncio.create_task(door.submit("gone"))
        there = asyncio.create_task(door.submit("a"))
        await trip(0.25)
        gone.cancel()
        return await there

    assert run(story()) == "re a"
    assert [items for at, items in wire.sent if at > 0.25] == [["a"]]


def test_a_caller_who_gives_up_during_a_flight_breaks_nothing() -> None:
    """The reply for nobody is dropped; the caller beside and the next one are answered."""
    wire = Wire()

    async def story() -> tuple[str, str]:
        joins = desk(wire)
        gone = asyncio.create_task(joins.submit("gone"))
        there = asyncio.create_task(joins.submit("a"))
        await trip(0.05)
        gone.cancel()
        return await there, await joins.submit("b")

    assert run(story()) == ("re a", "re b")


def test_a_desk_that_fell_idle_goes_on() -> None:
    """A second crowd finds it as the first did."""
    wire = Wire()

    async def story() -> tuple[str, str]:
        joins = desk(wire)
        first = await joins.submit("a")
        await trip(5)
        return first, await joins.submit("b")

    assert run(story()) == ("re a", "re b")
