"""
How a worker starts and ends.
"""

import asyncio
from contextlib import suppress

import pytest

from waiting_room import app, patience
from waiting_room.errors import StoreUnavailableError


class _Store:
    """Fail in these ways, one after the other, then answer."""

    def __init__(self, *kinds: str) -> None:
        self.kinds = list(kinds)

    async def answer(self) -> str:
        if self.kinds:
            raise StoreUnavailableError(self.kinds.pop(0), "snapshot")
        return "rooms"


@pytest.fixture
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "AGAIN_S", 0)


@pytest.mark.usefixtures("_at_once")
async def test_a_start_outlives_a_store_that_answers_late() -> None:
    """A machine that stands still for longer than a command's time-out is no store that is away."""
    store = _Store("timeout", "circuit_open", "timeout")

    assert await patience.patiently(store.answer, starting=True) == "rooms"


@pytest.mark.usefixtures("_at_once")
async def test_a_start_without_an_answer_tells_of_the_time_out() -> None:
    """And not of the circuit, which was opened by it."""
    store = _Store("timeout", *["circuit_open"] * 100)

    with pytest.raises(StoreUnavailableError, match=r"\(timeout\)"):
        await patience.patiently(store.answer, starting=True)


@pytest.mark.parametrize(("kind", "starting"), [("refused", True), ("timeout", False)])
async def test_nobody_else_is_kept_waiting(kind: str, starting: bool) -> None:
    """A store that refuses is told at once, and so is any failure to an operator who asks a running service."""
    with pytest.raises(StoreUnavailableError):
        await patience.patiently(_Store(kind).answer, starting=starting)


async def _hides_one_cancellation() -> None:
    with suppress(asyncio.CancelledError):
        await asyncio.Event().wait()
    await asyncio.Event().wait()


async def test_a_task_that_hides_a_cancellation_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a command to Redis does on Python 3.11: the worker would be killed instead of stopping in peace."""
    monkeypatch.setattr(app, "CANCEL_AGAIN_S", 0.001)
    task = asyncio.create_task(_hides_one_cancellation())
    await asyncio.sleep(0)

    await app.end([task])

    assert task.cancelled()


async def test_a_task_that_has_failed_holds_nobody_up() -> None:
    """Its error was told when it ended."""

    async def fails() -> None:
        raise RuntimeError

    task = asyncio.create_task(fails())
    await asyncio.wait([task])

    await app.end([task])

    assert isinstance(task.exception(), RuntimeError)
