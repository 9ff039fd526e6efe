"""
The figures of what scenarios do besides: draws, invitations, schedules, crowds that leave.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from waiting_room.core.calendar import local_text
from waiting_room.simulation import drawing
from waiting_room.simulation.drawing import DrawResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from waiting_room.simulation.play import Play


@dataclass(frozen=True, slots=True)
class InvitationResult:
    """
    Hold what came of invitations: how many links bore how many visitors, for how many uses they are, how often they
    were tried by how many, how many uses they must have come to (*due*) and came to (*used*), and how many visitors got
    a place in the lane. *most*: of the link that was tried by most, its uses and those who tried it.
    """

    links: int
    uses: int
    tries: int
    tried_by: int
    due: int
    used: int
    joined: int
    most_uses: int
    most_tried_by: int


@dataclass(frozen=True, slots=True)
class ScheduleResult:
    """
    Hold what came of an entry of the schedule: its instant as the clocks of the room show it, by how much it was late,
    and how many went in from then to the next one.
    """

    at: str
    do: str
    rate_per_minute: int | None
    late_s: float | None
    admitted: int


@dataclass(frozen=True, slots=True)
class LeavingResult:
    """
    Hold what a crowd's leaving did: how many *waited* and *vanished*, when the next one who is there was called, and
    the longest time without such a call while one waited, a seat was free and the pace allowed it.
    """

    waited: int
    vanished: int
    next_call_s: float | None
    longest_pause_s: float


def draws(play: "Play") -> tuple[DrawResult, ...]:
    """
    Return the figures of each draw and lane in which enough were drawn to tell.
    """
    promises = play.promises
    found = []
    for (round_, lane), (first, ranks) in promises.draws.ranks.items():
        book, at_ms = promises.lanes[lane], promises.draws.held[round_].at_ms
        last = first + len(ranks) - 1
        late = sum(who >= 0 for who in book.holder[last + 1 : book.last + 1])
        called = [promises.called_ms[who] for who in book.holder[first : last + 1] if who >= 0]
        first_ms = min((ms for ms in called if ms >= at_ms), default=None)
        first_call_s = None if first_ms is None else (first_ms - at_ms) / 1000
        found.append(drawing.figures(lane, first, ranks, late, first_call_s))
    return tuple(draw for draw in found if draw is not None)


def invitations(play: "Play") -> InvitationResult | None:
    """
    Return the figures of the invitations, None where there were none.
    """
    links, guests = play.scenario.links, play.promises.guests
    if links is None:
        return None
    most = max(guests.tried, key=lambda link: len(guests.tried[link]) / guests.uses[link], default="")
    return InvitationResult(
        links=len(links.uses),
        uses=sum(links.uses),
        tries=guests.asked,
        tried_by=len(frozenset().union(*guests.tried.values())),
        due=guests.due(),
        used=sum(map(len, guests.used.values())),
        joined=len(guests.joined),
        most_uses=guests.uses.get(most, 0),
        most_tried_by=len(guests.tried[most]) if most else 0,
    )


def schedule(play: "Play", admitted: "Sequence[int]") -> tuple[ScheduleResult, ...]:
    """
    Return what came of each entry of the schedule; *admitted* are the admissions of each second.
    """
    kept, start_ms = play.promises.timetable.kept(), play.scenario.start_ms
    ends_ms = [entry.at_ms for entry in kept[1:]] + [play.now_ms] * bool(kept)
    return tuple(
        ScheduleResult(
            local_text(entry.at_ms, play.policy.timezone),
            entry.do,
            entry.rate_per_minute,
            None if entry.late_ms is None else entry.late_ms / 1000,
            sum(admitted[(entry.at_ms - start_ms) // 1000 : max(0, end_ms - start_ms) // 1000]),
        )
        for entry, end_ms in zip(kept, ends_ms, strict=True)
    )


def leaving(play: "Play") -> LeavingResult | None:
    """
    Return what the last crowd that left at once has done, None where none did.
    """
    if play.left is None:
        return None
    waited, vanished = play.left
    next_ms, pause_ms = play.promises.stall.since_mark()
    return LeavingResult(waited, vanished, None if next_ms is None else next_ms / 1000, pause_ms / 1000)
