"""
Last year's files: opened, unpacked, and read as counts of people.
"""

import gzip
import zlib
from pathlib import Path
from typing import TextIO, cast

from loadtests.arrivals.history import History
from loadtests.arrivals.records import RecordsError, history_of_counts, history_of_log
from waiting_room.errors import Fault


def history(path: Path, every_s: float) -> History:
    """
    Return when people came by a file: a table of counts if its name ends in `.csv`, else an access log; both may be
    packed (`.gz`).

    Raises:
        RecordsError: it cannot be read, or holds something else.
    """
    of = history_of_counts if path.name.removesuffix(".gz").endswith(".csv") else history_of_log
    try:
        with _opened(path) as lines:
            return of(lines, path.name, every_s)
    except (OSError, EOFError, ValueError, zlib.error) as error:  # no path at all is a ValueError
        why = getattr(error, "strerror", None) or error
        raise RecordsError(
            (Fault(path.name, f"cannot be read: {why}", "paths begin at the scenario's folder"),)
        ) from None


def _opened(path: Path) -> TextIO:
    # A log holds what visitors sent, which need not be UTF-8.
    if path.suffix == ".gz":
        return cast("TextIO", gzip.open(path, "rt", encoding="utf-8", errors="replace"))
    return path.open(encoding="utf-8", errors="replace")
