"""
Counts of people out of what a shop has: an access log, or a table of counts.
"""

import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from itertools import pairwise
from math import isfinite
from typing import Final, NamedTuple

from loadtests.arrivals.history import History
from loadtests.arrivals.model import MOST
from waiting_room.errors import Fault, FaultsError

VISIT_ENDS_S: Final = 1800
"""Who asks for nothing for so long and then again has come anew: the half hour of web analytics."""
MOST_INTERVALS: Final = 100_000
MOST_FAULTS: Final = 10
LATEST_S: Final = 1e11
"""The year 5138; what is later was written in milliseconds."""
LAX: Final = 0.01
"""How far an instant may lie off the beginning of its interval, as a share of it: a clock's jitter moves nobody."""
_NO_INSTANT: Final = "no instant"
_LAST_SECOND: Final = 60
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
    half an hour without a request; in which order the lines stand does not matter. Lines that are none of the format,
    such as those of a day that no month has, are left out as long as they are a few; the history knows how many.

    Raises:
        RecordsError: most lines are of another format.
    """
    asked: defaultdict[tuple[str, str], array[float]] = defaultdict(lambda: array("d"))
    read, foreign = 0, 0
    for line in lines:
        found = _LOG.match(line)
        at_s = None if found is None else _moment_s(found)
        if found is None or at_s is None:
            foreign += bool(line.strip())
            continue
        read += 1
        asked[found["host"], found["agent"] or ""].append(at_s)
    if foreign > read:
        what = f"{foreign} of {foreign + read} lines are no access log in the common or combined format"
        raise RecordsError((Fault(where, what, "a line is: address - - [10/Oct/2026:13:55:36 +0200] …"),))
    came = Counter(int(at_s // every_s) for times in asked.values() for at_s in _visits(times))
    return _filled(came, every_s, where, left_out=foreign)


def _visits(times: Iterable[float]) -> Iterator[float]:
    # Logs of several servers, one after the other, are in no order.
    before = float("-inf")
    for at_s in sorted(times):
        if at_s - before > VISIT_ENDS_S:
            yield at_s
        before = at_s


class _Row(NamedTuple):
    # A count with its line, and its instant where it has one: in seconds, and as what it was written.
    line: int
    people: int
    at_s: float = 0.0
    sort: str = ""


def history_of_counts(lines: Iterable[str], where: str, every_s: float = 60.0) -> History:
    """
    Return when people came by a table: a count on each line, or an instant and a count, with or without a head.

    Instants are ISO 8601 or seconds. The interval is then the distance that most neighbours have, gaps are nobody,
    counts of one instant (of two servers, say) are summed, and *every_s* is of no account.

    Raises:
        RecordsError: lines that are neither, or instants that are the beginning of no interval; each is told.
    """
    faults: list[Fault] = []
    rows = list(_rows(lines, where, faults))
    sorts = sorted({row.sort for row in rows})
    if len(sorts) > 1:
        what = f"has some lines with {' and some with '.join(sorts)}"
        faults.append(Fault(where, what, "write the same on each"))
    if not faults and sorts == [_NO_INSTANT]:
        return _filled(Counter(dict(enumerate(row.people for row in rows))), every_s, where)
    step_s = every_s if faults else _step_s([row.at_s for row in rows], every_s)
    counts: Counter[int] = Counter()
    first_s = min((row.at_s for row in rows), default=0.0)
    for row in () if faults else rows:
        place = (row.at_s - first_s) / step_s
        counts[round(place)] += row.people
        if abs(place - round(place)) > LAX:
            what = f"is {row.at_s - first_s:.10g} s after the first instant, no multiple of the usual {step_s:g} s"
            remedy = "put it where its interval begins; where nobody came, write a line with 0"
            faults.append(Fault(f"{where}:{row.line}", what, remedy))
    if faults:
        raise RecordsError(tuple(faults[:MOST_FAULTS]))
    return _filled(counts, step_s, where)


def _step_s(instants: list[float], every_s: float) -> float:
    # The commonest distance, of several the smallest: one stray line must not shorten everybody's interval.
    gaps = Counter(round(after - before, 6) for before, after in pairwise(sorted(instants)))
    del gaps[0.0]
    return max(gaps, key=lambda gap: (gaps[gap], -gap), default=every_s)


def _rows(lines: Iterable[str], where: str, faults: list[Fault]) -> Iterator[_Row]:
    first = True
    for number, line in enumerate(lines, start=1):
        text = line.strip().lstrip("\ufeff")
        if not text:
            continue
        cells = [cell.strip() for cell in re.split(r"[,;\t]", text)]
        row = _row(number, cells)
        if isinstance(row, str):
            # The first line may be the head: words, and no number.
            if not (first and cells[-1].lstrip('"#(')[:1].isalpha()):
                faults.append(Fault(f"{where}:{number}", f"{text!r:.60} {row}", "a line is: count, or instant,count"))
        else:
            yield row
        first = False


def _row(number: int, cells: list[str]) -> _Row | str:
    # What a line says, or what is wrong with it.
    bare = [cell.strip('"') for cell in cells]
    if len(cells) > 2 or any(cell.count('"') % 2 for cell in cells):
        return "has more than an instant and a count"
    if not bare[-1].isdecimal():
        return "has no count, a whole number of people"
    if len(bare[-1]) > len(f"{MOST:.0f}") or int(bare[-1]) > MOST:
        return f"has more people than {MOST:,.0f}"
    if len(cells) == 1:
        return _Row(number, int(bare[0]), sort=_NO_INSTANT)
    instant = _instant_s(bare[0])
    if instant is None or abs(instant[0]) > LATEST_S:
        return "has no instant, in seconds or as 2026-11-27T08:00+01:00"
    return _Row(number, int(bare[1]), *instant)


def _instant_s(text: str) -> tuple[float, str] | None:
    try:
        at_s = float(text)
    except ValueError:
        pass
    else:
        return (at_s, "seconds") if isfinite(at_s) else None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo:
        return moment.timestamp(), "times of a zone"
    return moment.replace(tzinfo=UTC).timestamp(), "times without a zone"


def _filled(counts: Counter[int], every_s: float, where: str, left_out: int = 0) -> History:
    if not counts:
        raise RecordsError((Fault(where, "holds nobody who came"),))
    first, last = min(counts), max(counts)
    if last - first >= MOST_INTERVALS:
        what = f"spans {last - first + 1:,} intervals of {every_s:g} s"
        raise RecordsError((Fault(where, what, "cut the days of the spike out, or count in longer intervals"),))
    return History(tuple(counts[place] for place in range(first, last + 1)), every_s, left_out=left_out)


def _moment_s(found: re.Match[str]) -> float | None:
    minute_s, second = _minute_s(found["minute"], found["zone"]), int(found["second"])
    return None if minute_s is None or second > _LAST_SECOND else minute_s + second


@lru_cache(maxsize=4096)
def _minute_s(minute: str, zone: str) -> float | None:
    # Thousands of lines share a minute, and reading one takes ten times as long as all else of a line.
    try:
        return datetime.strptime(f"{minute} {zone}", "%d/%b/%Y:%H:%M %z").timestamp()
    except ValueError:  # 32/Oct, or another language's month
        return None
