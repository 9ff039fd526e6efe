"""
What the room would have done while it lets everybody pass: a fluid model, fed by the real admissions.

Those who come go into a queue, in lumps of one step; each step lets in what rate and seats allow, the oldest first.
Those inside go with the same chance as the real ones do in the same time. Who would have given up waiting is not in the
model: it tells of the longest queue that the same crowd could have made.
"""

import json
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

MOST_LUMPS: Final = 48
"""Beyond so many, neighbours become one: a wait is then told to within some hundredths of the longest."""
_LEAST: Final = 1e-9


class Look(NamedTuple):
    """
    Hold what is seen of the real room: how many were ever admitted, how many are inside, and what the door would keep.
    """

    now_ms: int
    admitted: int
    seats: int
    capacity: int
    rate_per_s: float
    burst: float


class Lump(NamedTuple):
    """
    Hold how many came in one step.
    """

    at_ms: int
    people: float


@dataclass(frozen=True, slots=True)
class Shadow:
    """
    Hold the model between two steps, and what it found since *since_ms*.

    *admitted* and *seats* are those of the real room at the last step; *inside* and *queue* are the model's.
    *came*, *waited*: how many came, and how many of them would have waited. Times in ms.
    """

    since_ms: int
    at_ms: int
    admitted: int
    seats: int
    inside: float
    tokens: float = 1.0
    came: int = 0
    waited: float = 0.0
    longest_queue: float = 0.0
    longest_wait_ms: int = 0
    queue: tuple[Lump, ...] = ()

    @property
    def waiting(self) -> float:
        """
        Return how many would wait at this moment.
        """
        return sum(lump.people for lump in self.queue)

    @property
    def wait_ms(self) -> int:
        """
        Return how long the first of those who would wait would have waited so far.
        """
        return self.at_ms - self.queue[0].at_ms if self.queue else 0

    def as_dict(self) -> dict[str, Any]:
        """
        Return what was found, for operators: people in whole numbers, times in seconds.
        """
        return {
            "since_ms": self.since_ms,
            "came": self.came,
            "would_have_waited": round(self.waited),
            "waiting": round(self.waiting),
            "wait_s": self.wait_ms / 1000,
            "longest_queue": round(self.longest_queue),
            "longest_wait_s": self.longest_wait_ms / 1000,
        }

    def to_text(self) -> str:
        """
        Return the model as compact JSON; `read` of it gives an equal one, to a thousandth of a person.
        """
        numbers = [self.since_ms, self.at_ms, self.admitted, self.seats, self.came, self.longest_wait_ms]
        people = [round(part, 3) for part in (self.inside, self.tokens, self.waited, self.longest_queue)]
        lumps = [[lump.at_ms, round(lump.people, 3)] for lump in self.queue]
        return json.dumps([*numbers, *people, lumps], separators=(",", ":"))


def read(text: str) -> Shadow | None:
    """
    Return the model that `Shadow.to_text` gave, None for nothing.
    """
    if not text:
        return None
    since, at, admitted, seats, came, longest_wait, inside, tokens, waited, longest, lumps = json.loads(text)
    queue = tuple(Lump(at_ms, people) for at_ms, people in lumps)
    return Shadow(since, at, admitted, seats, inside, tokens, came, waited, longest, longest_wait, queue)


def watch(shadow: Shadow | None, seen: Look) -> Shadow:
    """
    Return the model after one more look at the room; without one before, it begins with those who are inside.
    """
    now_ms = seen.now_ms
    if shadow is None or now_ms < shadow.at_ms or seen.admitted < shadow.admitted:
        return Shadow(now_ms, now_ms, seen.admitted, seen.seats, float(min(seen.seats, seen.capacity)))
    came = seen.admitted - shadow.admitted
    inside = shadow.inside * _staying(shadow.seats + came, seen.seats)
    allowed = shadow.tokens + seen.rate_per_s * (now_ms - shadow.at_ms) / 1000
    before = shadow.waiting
    entering = max(0.0, min(before + came, allowed, seen.capacity - inside))
    queue = _served((*shadow.queue, Lump(now_ms, came)), entering)
    oldest_ms = now_ms - shadow.queue[0].at_ms if before > _LEAST else 0
    return Shadow(
        since_ms=shadow.since_ms,
        at_ms=now_ms,
        admitted=seen.admitted,
        seats=seen.seats,
        inside=inside + entering,
        tokens=min(allowed - entering, seen.burst),
        came=shadow.came + came,
        waited=shadow.waited + came - min(came, max(0.0, entering - before)),
        longest_queue=max(shadow.longest_queue, before + came - entering),
        longest_wait_ms=max(shadow.longest_wait_ms, oldest_ms),
        queue=_fewer(queue),
    )


def _staying(there: int, now: int) -> float:
    """
    Return the share of *there* people who are still inside when *now* are.
    """
    return min(1.0, now / there) if there else 1.0


def _served(queue: tuple[Lump, ...], entering: float) -> tuple[Lump, ...]:
    left = []
    for lump in queue:
        served = min(lump.people, entering)
        entering -= served
        if lump.people - served > _LEAST:
            left.append(Lump(lump.at_ms, lump.people - served))
    return tuple(left)


def _fewer(queue: tuple[Lump, ...]) -> tuple[Lump, ...]:
    """
    Return the queue with neighbours taken together where it has too many lumps; the oldest stays as it is.
    """
    if len(queue) <= MOST_LUMPS:
        return queue
    first, *rest = queue
    pairs = [rest[at : at + 2] for at in range(0, len(rest), 2)]
    return (first, *(Lump(pair[0].at_ms, sum(lump.people for lump in pair)) for pair in pairs))
