"""
Counts of people out of what a shop has: an access log, or a table of counts.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from itertools import pairwise
from typing import Final

from loadtests.arrivals.history import History
from waiting_room.errors import Fault, FaultsError

VISIT_ENDS_S: Final = 1800
"""Who asks for nothing for so long and then again has come anew: the half hour of web analytics."""
MOST_INTERVALS: Final = 100_000
MOST_FAULTS: Final = 10
_LOG: Final = re.compile(
    r'(?P<host>\S+) \S+ \S+ \[(?P<minute>\d\d/\w{3}/\d{4}:\d\d:\d\d):(?P<second>\d\d) (?P<zone>[+-]\d{4})\]'
    r' "(?:[^"\\]|\\.)*" \d{3} \S+(?: "(?:[^"\\]|\\.)*" "(?P<agent>(?:[^"\\]|\\.)*)")?'
)  # fmt: skip


class RecordsError(FaultsError):
    """
    Refuse records, with what is wrong in them.
    """


def history_of_log(lines: Iterable[str], where: str, every_s: float = 60.0) -> History:
    """
    Return when people came by an access log in the common or the combined format.

    Requests are no people: who asks for thirty pictures has come once. Somebody is an address with a program's name
    (the common format has the address alone, so that those behind one address count as one), and has come anew after
    half an hour without a request. Lines that are none of the format are left out, as long as they are a few.

    Raises:
        RecordsError: most lines are of another format.
    """
    seen: dict[tuple[str, str], float] = {}
    came: Counter[int] = Counter()
    read, foreign = 0, 0
    for line in lines:
        found = _LOG.match(line)
        if found is None:
            foreign += bool(line.strip())
            continue
        read += 1
        at_s = _minute_s(found["minute"], found["zone"]) + int(found["second"])
        who = (found["host"], found["agent"] or "")
        if at_s - seen.get(who, float("-inf")) > VISIT_ENDS_S:
            came[int(at_s // every_s)] += 1
        seen[who] = at_s
    if foreign > read:
        what = f"{foreign} of {foreign + read} lines are no access log in the common or combined format"
        raise RecordsError((Fault(where, what, "a line is: address - - [10/Oct/2026:13:55:36 +0200] …"),))
    return _filled(came, every_s, where)


def history_of_counts(lines: Iterable[str], where: str, every_s: float = 60.0) -> History:
    """
    Return when people came by a table: a count on each line, or an instant and a count, with or without a head.

    Instants are ISO 8601 or seconds; the interval is then the smallest distance of two, gaps are nobody, and *every_s*
    is of no account.

    Raises:
        RecordsError: lines that are neither, or two for one instant; each is told.
    """
    faults: list[Fault] = []
    rows = list(_rows(lines, where, faults))
    instants = [at_s for at_s, _ in rows if at_s is not None]
    if instants and len(instants) < len(rows):
        faults.append(Fault(where, "has instants on some lines only", "on each or on none"))
    gaps = [after - before for before, after in pairwise(sorted(instants))]
    if 0 in gaps:
        faults.append(Fault(where, "has several counts of one instant", "sum them up"))
    if faults:
        raise RecordsError(tuple(faults[:MOST_FAULTS]))
    if not instants:
        return History(tuple(count for _, count in rows), every_s)
    step_s = min(gaps, default=every_s)
    counts = Counter({round((at_s - instants[0]) / step_s): count for at_s, count in rows if at_s is not None})
    return _filled(counts, step_s, where)


def _rows(lines: Iterable[str], where: str, faults: list[Fault]) -> Iterator[tuple[float | None, int]]:
    for number, line in enumerate(lines, start=1):
        cells = [cell.strip().strip('"') for cell in re.split(r"[,;\t]", line.strip().lstrip("\ufeff"))]
        if cells == [""]:
            continue
        count = int(cells[-1]) if cells[-1].isdecimal() else None
        at_s = None if len(cells) == 1 else _instant_s(cells[0])
        if len(cells) > 2 or count is None or (len(cells) == 2 and at_s is None):
            if number > 1:  # the first line may be the head
                faults.append(Fault(f"{where}:{number}", f"{line.strip()!r:.60} is no count", "instant,count"))
            continue
        yield at_s, count


def _instant_s(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _filled(counts: Counter[int], every_s: float, where: str) -> History:
    if not counts:
        raise RecordsError((Fault(where, "holds nobody who came"),))
    first, last = min(counts), max(counts)
    if last - first >= MOST_INTERVALS:
        what = f"spans {last - first + 1:,} intervals of {every_s:g} s"
        raise RecordsError((Fault(where, what, "cut the days of the spike out, or count in longer intervals"),))
    return History(tuple(counts[place] for place in range(first, last + 1)), every_s)


@lru_cache(maxsize=4096)
def _minute_s(minute: str, zone: str) -> float:
    # Thousands of lines share a minute, and reading one takes ten times as long as all else of a line.
    return datetime.strptime(f"{minute} {zone}", "%d/%b/%Y:%H:%M %z").timestamp()
