"""
One rehearsal at a time in a folder: two would write over each other's logs, databases and results.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from waiting_room.errors import WaitingRoomError

LOCK: Final = ".lock"
_WITHOUT_LOCKS: Final = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP})
"""What file systems say that know no locks."""


class HeldError(WaitingRoomError):
    """
    Say who writes into the folder already.
    """


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """
    Keep other rehearsals out of *folder* inside the block, or raise `HeldError` where one is at work there.

    The lock ends with the process, however that ends; the file that stays behind keeps nobody out.

    Raises:
        OSError: nothing can be written there.
    """
    # Children do not inherit it: one that outlived us would keep it.
    file = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        _lock(file)
        os.ftruncate(file, 0)
        os.pwrite(file, b"%d\n" % os.getpid(), 0)
        yield
        os.ftruncate(file, 0)
    finally:
        os.close(file)


def _lock(file: int) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.pread(file, 20, 0).decode(errors="replace").strip()
        raise HeldError(f"another rehearsal writes there{pid and f' (pid {pid})'}") from None
    except OSError as error:
        if error.errno not in _WITHOUT_LOCKS:
            raise
