"""
How a room is asked for that may be lost and on its way back.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from waiting_room.errors import StoreEmptyError

AGAIN_S: Final = 0.25
TRIES: Final = 12
"""Three seconds: a store makes a room anew when it has been missed for two."""

Result = TypeVar("Result")


async def patiently(call: Callable[[], Awaitable[Result]]) -> Result:
    """
    Return what *call* brings, tried again while the store says that a room may be lost, until it is back or made anew.
    """
    for _ in range(TRIES):
        try:
            return await call()
        except StoreEmptyError:
            await asyncio.sleep(AGAIN_S)
    return await call()
