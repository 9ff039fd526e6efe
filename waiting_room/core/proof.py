"""
Hold an admission log against the promises: what is proven, and each flaw with its record.

The chain is followed line by line, and the journal is played again: every act must have been allowed at its moment, and
must lead to the state that its record states. What is not proven: that the log is true. An operator who wrote a false
one from the start, and published its heads, is not found out here; one who changed it afterwards is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from waiting_room.core.audit import ROOT, Broken, Head, Record, digest
from waiting_room.core.replay import WINDOWS_S, Replay, Stretch

_LISTED: Final = 1000
"""A file that is no log at all needs no flaw for each of its lines."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """
    Name what is wrong with the record at *line* of the log; *sequence* is 0 where it has none.
    """

    line: int
    sequence: int
    kind: str
    what: str

    def __str__(self) -> str:
        where = f"record {self.sequence}" if self.sequence else f"line {self.line}"
        return f"{where}: {self.what}" if self.line else self.what


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    Tell what a log proves.

    *from_ms* and *until_ms* are the times of the first and the last line that is a record, 0 where none is.
    *first* and *last* are the sequences of its records and *head* names the last one. *most* holds, for each window
    in seconds, the most admissions in any such window. *notes* are no flaws and yet worth knowing.
    In *stretches* less was promised than elsewhere, and so less is proven.
    """

    room: str
    records: int
    first: int
    last: int
    from_ms: int
    until_ms: int
    head: Head
    admitted: int
    ended: int
    most_seats: int
    most: dict[int, int]
    flaws: tuple[Flaw, ...]
    notes: tuple[str, ...]
    stretches: tuple[Stretch, ...]

    @property
    def proven(self) -> bool:
        """
        Return whether the chain is whole and every promise was kept.
        """
        return not self.flaws


def verify(lines: Iterable[str], heads: Iterable[Head] = ()) -> Verdict:
    """
    Return what the log of *lines*, without their line ends, proves; *heads* are those that the room has published.

    No line raises: what cannot be read is a flaw.
    """
    published: dict[int, set[str]] = {}
    for head in heads:
        published.setdefault(head.sequence, set()).add(head.hash)
    proof = _Proof(published)
    for number, line in enumerate(lines, 1):
        proof.read(number, line)
    return proof.verdict()


class _Proof:
    """
    Follow the chain, and play the journal of each record.
    """

    def __init__(self, heads: dict[int, set[str]]) -> None:
        self._heads = heads
        self._flaws: list[Flaw] = []
        self._notes: list[str] = []
        self._replay = Replay()
        self._first: Record | None = None
        self._last: Record | None = None
        self._head = Head()
        self._until_ms = 0
        self._records = 0

    def read(self, number: int, line: str) -> None:
        """
        Take the line *number* of the log.
        """
        self._records += 1
        hash_ = digest(line)
        try:
            record = Record.parse(line)
        except ValueError as error:
            self._add(number, 0, Broken.UNREADABLE, f"this is no record: {error}")
            self._replay.forget()
            self._last, self._head = None, Head(self._head.sequence + 1, hash_)
            return
        if self._first is None:
            self._begin(record)
        self._link(number, record)
        self._replay_record(number, record)
        if self._heads.get(record.sequence, {hash_}) != {hash_}:
            self._add(number, record.sequence, Broken.HEAD, "this is not the record whose hash was published")
        self._last, self._head = record, Head(record.sequence, hash_, record.at_ms)
        self._until_ms = record.at_ms

    def _begin(self, record: Record) -> None:
        self._first = record
        before = record.sequence - 1
        if self._records == 1 and before:
            self._notes.append(f"the log begins at record {record.sequence}; what was before is not told")
        published = self._heads.get(before, {ROOT if before == 0 else record.previous})
        if self._records == 1 and {record.previous} != published:
            self._add(1, record.sequence, Broken.CHANGED, "it does not follow what was before the log's beginning")

    def _link(self, number: int, record: Record) -> None:
        """
        Note how *record* does not follow the one before.
        """
        if self._records == 1:
            return
        due = self._head.sequence + 1
        if record.sequence > due:
            missing = (
                f"record {due} is" if record.sequence == due + 1 else f"records {due} to {record.sequence - 1} are"
            )
            self._add(number, record.sequence, Broken.MISSING, f"{missing} missing before it")
            self._replay.forget()
        elif record.sequence < due:
            self._add(number, record.sequence, Broken.ORDER, f"it stands where record {due} should")
            self._replay.forget()
        elif record.previous != self._head.hash:
            what = f"it does not follow record {due - 1} as that stands here: one of the two was changed"
            self._add(number, record.sequence, Broken.CHANGED, what)
        last = self._last
        if last is not None and record.room != last.room:
            self._add(number, record.sequence, Broken.FOREIGN, f"it is of the room {record.room!r}")
        if last is not None and (record.epoch, record.version) <= (last.epoch, last.version):
            what = f"it is of version {record.version} in epoch {record.epoch}, not later than the one before"
            self._add(number, record.sequence, Broken.ORDER, what)

    def _replay_record(self, number: int, record: Record) -> None:
        for kind, what in self._replay.play(record):
            self._add(number, record.sequence, kind, what)
        if record.lost:
            what = f"{record.lost} events were lost before it: nobody wrote them down in time"
            self._add(number, record.sequence, Broken.LOST, what)

    def _add(self, line: int, sequence: int, kind: Broken, what: str) -> None:
        if len(self._flaws) < _LISTED:
            self._flaws.append(Flaw(line, sequence, kind.value, what))

    def verdict(self) -> Verdict:
        """
        Return what was found, after the last line.
        """
        self._compare_heads()
        first, replay = self._first, self._replay
        return Verdict(
            room=first.room if first else "",
            records=self._records,
            first=first.sequence if first else 0,
            last=self._head.sequence,
            from_ms=first.at_ms if first else 0,
            until_ms=self._until_ms,
            head=self._head,
            admitted=replay.admissions,
            ended=replay.ended,
            most_seats=replay.most_seats,
            most=dict(zip(WINDOWS_S, replay.most, strict=True)),
            flaws=tuple(self._flaws),
            notes=(*self._notes, *replay.notes, *map(str, replay.stretches)),
            stretches=replay.stretches,
        )

    def _compare_heads(self) -> None:
        latest = max(self._heads, default=0)
        first = self._first.sequence if self._first else 0
        early = [sequence for sequence in sorted(self._heads) if sequence < first - 1]
        if early:
            self._notes.append(f"heads from before its beginning were not compared: {', '.join(map(str, early))}")
        if len(self._flaws) == _LISTED:
            self._notes.append(f"only the first {_LISTED:,} flaws are named")
        if latest > self._head.sequence:
            what = f"the log ends at record {self._head.sequence}, and record {latest} was published"
            self._add(0, 0, Broken.TAIL, what)
        elif not self._records:
            if not self._heads:
                self._add(0, 0, Broken.TAIL, "the log holds no record")
            self._notes.append("nothing was recorded yet")
