"""
Cores of their own for what is measured and for what measures it: sharing one, both would be measured.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_PINS: Final = hasattr(os, "sched_setaffinity")
"""Not every system can: there, all processes share all cores, and figures are noisier."""
_USABLE: Final = sorted(os.sched_getaffinity(0)) if _PINS else [0]
SERVERS_CORE: Final = frozenset({_USABLE[0]})
CLIENTS_CORE: Final = frozenset({_USABLE[-1]})
"""
Read once: who is pinned sees one core only, and would put all it starts beside itself. One, where there is no second.
"""


def pin(pid: int, core: frozenset[int]) -> None:
    """
    Keep a process on *core* from now on, where the system can.
    """
    if _PINS:
        os.sched_setaffinity(pid, core)


@contextmanager
def on_clients_core() -> Iterator[None]:
    """
    Keep this process, and what it starts, on the clients' core until the block ends.
    """
    allowed = frozenset(os.sched_getaffinity(0)) if _PINS else SERVERS_CORE
    pin(0, CLIENTS_CORE)
    try:
        yield
    finally:
        pin(0, allowed)
