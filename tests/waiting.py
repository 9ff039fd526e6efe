"""
Waiting in tests for what will happen, instead of sleeping and hoping that it has.
"""

import asyncio
import inspect
import socket
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar, cast, overload

Seen = TypeVar("Seen")

LOOK_AGAIN_S = 0.01
PATIENCE_S = 60.0
"""A moment is enough on a machine that does nothing else; who waits in vain has found a fault, however soon."""


@overload
async def wait_until(predicate: Callable[[], Awaitable[Seen]], timeout_s: float = ..., what: str = ...) -> Seen: ...
@overload
async def wait_until(predicate: Callable[[], Seen], timeout_s: float = ..., what: str = ...) -> Seen: ...


async def wait_until(
    predicate: Callable[[], object], timeout_s: float = PATIENCE_S, what: str = "the condition"
) -> object:
    """
    Return the first truthy answer of *predicate*, plain or awaitable, as soon as there is one.

    Raises:
        AssertionError: after *timeout_s* seconds, naming *what* was waited for and the last answer seen.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        answer = predicate()
        seen = await cast("Awaitable[object]", answer) if inspect.isawaitable(answer) else answer
        if seen:
            return seen
        if time.monotonic() >= deadline:
            raise AssertionError(f"waited {timeout_s:g} s for {what}; last seen: {seen!r}")
        await asyncio.sleep(LOOK_AGAIN_S)


def wait_until_sync(predicate: Callable[[], Seen], timeout_s: float = PATIENCE_S, what: str = "the condition") -> Seen:
    """
    Return the first truthy answer of *predicate*, for tests that have no event loop.

    Raises:
        AssertionError: as :func:`wait_until` does.
    """
    return asyncio.run(wait_until(predicate, timeout_s, what))


def patient(redis_url: str) -> str:
    """
    Return the address with which a service gives each command of Redis `PATIENCE_S`.

    Of its own accord it gives up after 250 ms, and answers as in an outage: where that is not what a test is about, a
    machine that stood still for a moment must not bring it about.
    """
    return f"{redis_url}?socket_timeout={PATIENCE_S:g}&socket_connect_timeout={PATIENCE_S:g}"


@contextmanager
def refusing() -> Iterator[int]:
    """
    Hand out a port of the loopback that refuses every connection, and that nobody else is given meanwhile.
    """
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]
