"""
The programs of a rehearsal as the system sees them.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from tests.waiting import wait_until_sync

GONE_WITHIN_S: Final = 15.0
"""A moment is enough; a load generator that was forgotten would end by itself after its run, which takes longer."""


def programs(folder: Path) -> Iterator[tuple[int, str]]:
    """
    Yield the processes whose command line names the folder, or whose working configuration does.
    """
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if str(folder) in line and int(entry.name) != os.getpid():
                yield int(entry.name), line


def left_behind(folder: Path) -> list[str]:
    """
    Return which of them do not end: those that were killed are gone when the kernel has got round to it.
    """
    with suppress(AssertionError):
        wait_until_sync(lambda: not any(programs(folder)), GONE_WITHIN_S)
    return [line for _, line in programs(folder)]
