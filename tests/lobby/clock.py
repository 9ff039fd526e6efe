"""
An event loop whose clock moves by itself to the next timer: what takes seconds takes none, and nothing is slept.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

Result = TypeVar("Result")
Given = ParamSpec("Given")


class _NoWait(selectors.DefaultSelector):
    """
    Look for events without waiting, and move the loop's clock by the time that was not waited.
    """

    now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is there; a loop that waits for nothing at all would wait for ever."""
        assert timeout is not None, "the loop waits for something that no timer and no task will bring"
        self.now_s += max(0.0, timeout)
        return super().select(0)


class TimelessLoop(asyncio.SelectorEventLoop):
    """
    Run tasks on a clock that is moved, never waited for.
    """

    def __init__(self) -> None:
        self._timeless = _NoWait()
        super().__init__(self._timeless)

    def time(self) -> float:
        """Return the moved clock, in seconds."""
        return self._timeless.now_s


def run(story: Coroutine[Any, Any, Result]) -> Result:
    """
    Run *story* to its end on a clock of its own.
    """
    with asyncio.Runner(loop_factory=TimelessLoop) as runner:
        return runner.run(story)


def timeless(test: Callable[Given, Coroutine[Any, Any, None]]) -> Callable[Given, None]:
    """
    Make a test of a story that runs on a moved clock.
    """

    @wraps(test)
    def told(*args: Given.args, **kwargs: Given.kwargs) -> None:
        run(test(*args, **kwargs))

    return told


async def trip(seconds: float) -> None:
    """
    Let *seconds* of the loop's own clock pass.
    """
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    loop.call_later(seconds, future.set_result, None)
    await future
