"""
How a worker ends.
"""

import asyncio
from contextlib import suppress

import pytest

from waiting_room import app


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
