"""
How a room is asked for that may be lost and on its way back, and a store that answers late.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from waiting_room.errors import StoreEmptyError, StoreUnavailableError

AGAIN_S: Final = 0.25
TRIES: Final = 12
"""Three seconds: a store makes a room anew when it has been missed for two."""
CIRCUIT_OPEN: Final = "circuit_open"
LATE: Final = frozenset({"timeout", CIRCUIT_OPEN})

Result = TypeVar("Result")


async def patiently(call: Callable[[], Awaitable[Result]], *, starting: bool = False) -> Result:
    """
    Return what *call* brings, tried again while the store says that a room may be lost, until it is back or made anew.

    Where a process is *starting* it is tried again as well while the store does not answer in time: a machine that
    stood still for a moment is no reason to end. A store that refuses is.
    """
    late: StoreUnavailableError | None = None
    for _ in range(TRIES):
        try:
            return await call()
        except StoreEmptyError:
            pass
        except StoreUnavailableError as error:
            if not starting or error.kind not in LATE:
                raise
            late = error if error.kind != CIRCUIT_OPEN else late
        await asyncio.sleep(AGAIN_S)
    try:
        return await call()
    except StoreUnavailableError as error:
        raise (late or error) from error
