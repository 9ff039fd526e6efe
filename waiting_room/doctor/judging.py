"""
Whether an entrance is gated, by what came back from it. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urljoin, urlsplit

from waiting_room import wire
from waiting_room.doctor.answers import Answer, Mark, Reply, Silence, alike, mark_of
from waiting_room.doctor.entrances import Entrance


class Fate(StrEnum):
    """
    Say what became of a request that bears no pass.
    """

    GATED = "gated"
    OPEN = "open"
    AWAY = "away"
    """gated, by a gate that cannot reach the room"""
    ABSENT = "absent"
    """the shop has nothing there"""
    UNTOLD = "untold"


@dataclass(frozen=True, slots=True)
class Tried:
    """
    Hold an entrance and what came back, redirects to another spelling of it followed: the last is what counts.
    """

    entrance: Entrance
    replies: tuple[Reply, ...]

    @property
    def last(self) -> Reply:
        """
        Return what counts.
        """
        return self.replies[-1]


@dataclass(frozen=True, slots=True)
class Judged:
    """
    Hold an entrance, its fate, and *what* was seen.
    """

    entrance: Entrance
    fate: Fate
    what: str
    answer: Answer | None = None


def respelled(asked: str, answer: Answer) -> str:
    """
    Return where *answer* leads if that is the same page, spelled otherwise (scheme, ``www``, closing slash, language).

    A redirect to elsewhere is the shop's own word: it has been asked, and is not behind the gate.
    """
    if not answer.moved:
        return ""
    there = urljoin(asked, answer.moved)
    old, new = urlsplit(asked), urlsplit(there)
    same = _bare(old.path) in {_bare(new.path), _bare(_without_language(new.path))}
    return there if same and _host(old.hostname) == _host(new.hostname) and new.query in {old.query, ""} else ""


def judge(tried: Tried, nowhere: Mapping[str, Reply], platform: str = "", prefix: str = wire.PREFIX) -> Judged:
    """
    Return the fate of an entrance; *nowhere* is, by method, what a path that no shop has comes to.

    *platform* is the shop's, where it was recognized: then what it has for sure counts as there, even if the shop
    answers all alike.
    """
    entrance, last = tried.entrance, tried.last
    if isinstance(last, Silence):
        return Judged(entrance, Fate.UNTOLD, last.why)
    said = f"answers {last.status}"
    mark = mark_of(last, prefix)
    if mark in {Mark.WAITS, Mark.AWAY}:
        return Judged(entrance, Fate.GATED if mark is Mark.WAITS else Fate.AWAY, said, last)
    if mark is Mark.PASSES:
        status = last.header(wire.STATUS_HEADER.lower())
        return Judged(entrance, Fate.OPEN, f"{said}, and the gate says {status!r}", last)
    if last.status in {403, 429, 451} or last.status >= 500:
        return Judged(
            entrance, Fate.UNTOLD, f"{said}, not by a gate of ours: a firewall, or the shop is not well", last
        )
    if not entrance.named and _is_absent(entrance, last, nowhere.get(entrance.method), platform):
        return Judged(entrance, Fate.ABSENT, said, last)
    return Judged(entrance, Fate.OPEN, f"{said}, leading to {last.moved}" if last.moved else said, last)


def _is_absent(entrance: Entrance, last: Answer, nowhere: Reply | None, platform: str) -> bool:
    if any(word in last.text for word in entrance.absent):
        return True
    if last.status in {404, 410}:
        return not (last.document and any(word in last.text for word in entrance.answers))
    if last.moved and urlsplit(urljoin(last.url, last.moved)).path in {"", "/"}:
        return True
    sure = entrance.platform and entrance.platform == platform
    return isinstance(nowhere, Answer) and alike(last, nowhere) and not sure


def fates(judged: Sequence[Judged], *wanted: Fate) -> list[Judged]:
    """
    Return those with one of the *wanted* fates.
    """
    return [one for one in judged if one.fate in wanted]


def _bare(path: str) -> str:
    return path.rstrip("/").lower()


def _without_language(path: str) -> str:
    first, _, rest = path.lstrip("/").partition("/")
    short = len(first) == 2 or (len(first) == 5 and first[2] in "-_")
    return f"/{rest}" if short else path


def _host(name: str | None) -> str:
    return (name or "").removeprefix("www.")
