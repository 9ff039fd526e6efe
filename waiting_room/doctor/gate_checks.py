"""
Is every entrance gated, whatever its spelling, and does nothing that a visitor makes up open it? Pure.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from waiting_room import wire
from waiting_room.doctor.answers import Answer, Mark, Reply, alike, mark_of, room_of, waiting_url
from waiting_room.doctor.catalogue import found
from waiting_room.doctor.entrances import CALLBACK, CHECKOUT, FREE, SHARED
from waiting_room.doctor.findings import Diagnosis, Finding, Severity, Untold
from waiting_room.doctor.judging import Fate, Judged, fates

FORGED_HOST: Final = "forged.invalid"
"""No host has this name (RFC 6761), so that nobody is led there."""

_FEW: Final = 3


@dataclass(frozen=True, slots=True)
class GateFacts:
    """
    Hold what was tried at the gate.

    *judged* are all entrances. Of one gated entrance: *spelled* in other ways, *forged* with headers by which proxies
    tell the path, *hosted* with another host in such headers, its *head*, and in two languages (*polish*, *english*).
    *home* and *nowhere* are what the shop's first page and an unknown path come to. *room* is what the operator named,
    *mode* the room's, as far as it is known.
    """

    judged: tuple[Judged, ...]
    room: str = ""
    mode: str = ""
    prefix: str = wire.PREFIX
    home: Reply | None = None
    nowhere: Reply | None = None
    spelled: tuple[Reply, ...] = ()
    forged: tuple[tuple[str, Reply], ...] = ()
    hosted: Reply | None = None
    head: Reply | None = None
    polish: Reply | None = None
    english: Reply | None = None

    @property
    def everything(self) -> bool:
        """
        Tell whether even a path that the shop does not have is gated.
        """
        return isinstance(self.nowhere, Answer) and mark_of(self.nowhere, self.prefix) is Mark.WAITS


def check_gate(facts: GateFacts) -> Diagnosis:
    """
    Return what is wrong with the gate.
    """
    paid = [one for one in facts.judged if one.entrance.kind not in {FREE, CALLBACK}]
    gated, opened = fates(paid, Fate.GATED), fates(paid, Fate.OPEN)
    findings = [*_free(facts), *_away(paid)]
    fine: list[str] = []
    if facts.mode == "shadow":
        untold = (Untold("whether entrances are gated", "the room is in shadow and keeps nobody out"),)
        return Diagnosis((*findings, found("room-shadow", facts.room, "mode is shadow")), (), untold)
    if not fates(paid, Fate.GATED, Fate.OPEN, Fate.AWAY):
        unknown = fates(paid, Fate.UNTOLD)
        what = "no entrance could be examined" if unknown else "the shop has none under the usual names"
        findings.append(found("gate-unseen", _listed(unknown, _FEW) or "the shop", what))
    elif not gated and not fates(paid, Fate.AWAY):
        findings += [found("gate-missing", _listed(opened), f"none of {len(opened)} entrances leads to a waiting room")]
    else:
        findings += [finding for one in opened if (finding := _opened(one)) is not None]
    if gated:
        fine.append("gated: every path, even unknown ones" if facts.everything else f"gated: {_listed(gated)}")
        findings += [*_ways_around(facts), *_manners(facts, gated)]
    free = [one for one in facts.judged if one.entrance.kind == FREE and one.fate in {Fate.OPEN, Fate.ABSENT}]
    if free:
        fine.append(f"reached without a pass: {_listed(free)}")
    return Diagnosis(tuple(findings), tuple(fine), tuple(_untold(facts)))


def _opened(one: Judged) -> Finding | None:
    where, kind = str(one.entrance), one.entrance.kind
    if kind == SHARED:
        return found("entrance-shared", where, one.what)
    stored = one.answer.stored if one.answer else ""
    if stored and kind == CHECKOUT:
        return found("entrance-cached", where, f"{one.what}, out of a cache ({stored})")
    return found("entrance-open" if kind == CHECKOUT else "cart-open", where, one.what)


def _free(facts: GateFacts) -> Iterator[Finding]:
    for one in facts.judged:
        if one.entrance.kind == FREE and one.fate in {Fate.GATED, Fate.AWAY}:
            severity = Severity.PROBLEM if one.entrance.named else Severity.WARNING
            yield found("free-gated", str(one.entrance), one.what, severity)
    called = [one for one in fates(facts.judged, Fate.GATED) if one.entrance.kind == CALLBACK]
    if called:
        yield found("payments-gated", _listed(called), f"of {called[0].entrance.platform}, {called[0].what}")


def _away(paid: list[Judged]) -> Iterator[Finding]:
    away = fates(paid, Fate.AWAY)
    if away:
        yield found("gate-without-room", _listed(away), away[0].what)


def _ways_around(facts: GateFacts) -> Iterator[Finding]:
    for reply in facts.spelled:
        if _lets_in(reply, facts):
            assert isinstance(reply, Answer)
            yield found("spelling-open", reply.path, f"answers {reply.status}")
    for header, reply in facts.forged:
        if _lets_in(reply, facts):
            assert isinstance(reply, Answer)
            yield found("forged-header", reply.path, f"answers {reply.status} to a request with {header}")
    if isinstance(facts.hosted, Answer) and FORGED_HOST in waiting_url(facts.hosted):
        yield found("forged-host", facts.hosted.path, f"leads to {waiting_url(facts.hosted)}")
    if _lets_in(facts.head, facts):
        assert isinstance(facts.head, Answer)
        yield found("head-open", f"HEAD {facts.head.path}", f"answers {facts.head.status}")


def _lets_in(reply: Reply | None, facts: GateFacts) -> bool:
    """
    Tell whether the shop served what is behind the gate: with a page, and not with one that it has for everything.
    """
    if not isinstance(reply, Answer) or not 200 <= reply.status < 300 or mark_of(reply, facts.prefix) is not Mark.NONE:
        return False
    others = [other for other in (facts.home, facts.nowhere) if isinstance(other, Answer)]
    return reply.method == "HEAD" or not any(alike(reply, other) for other in others)


def _manners(facts: GateFacts, gated: list[Judged]) -> Iterator[Finding]:
    """
    Yield what is wrong with how those are told who have to wait.
    """
    sent = [one for one in gated if one.answer and one.answer.moved]
    if sent:
        yield found("program-redirected", _listed(sent), "a request that a script makes is redirected to a page")
    answers = [one.answer for one in gated if one.answer]
    storable = [one for one in gated if one.answer and "no-store" not in one.answer.header("cache-control")]
    if storable:
        assert storable[0].answer is not None
        said = storable[0].answer.header("cache-control") or "nothing"
        yield found("refusal-storable", _listed(storable), f"Cache-Control is {said}")
    stored = next((answer for answer in answers if answer.stored), None)
    if stored is not None:
        yield found("refusal-cached", stored.path, stored.stored)
    elif _same_words(facts):
        assert isinstance(facts.english, Answer)
        yield found("refusal-cached", facts.english.path, "who asked in English got what was told to a Pole before")
    rooms = {room for one in gated if one.answer and (room := room_of(one.answer, facts.prefix))}
    if facts.room and rooms and facts.room not in rooms:
        yield found("other-room", _listed(gated), f"lead to {', '.join(sorted(rooms))}, not to {facts.room}")


def _same_words(facts: GateFacts) -> bool:
    polish, english = facts.polish, facts.english
    if not isinstance(polish, Answer) or not isinstance(english, Answer):
        return False
    return polish.header("content-language") == english.header("content-language") == "pl"


def _untold(facts: GateFacts) -> Iterator[Untold]:
    for why in sorted({one.what for one in fates(facts.judged, Fate.UNTOLD)}):
        which = [one for one in fates(facts.judged, Fate.UNTOLD) if one.what == why]
        yield Untold(_listed(which, _FEW), why)
    if facts.everything and not any(one.entrance.kind == CALLBACK or one.entrance.named for one in facts.judged):
        why = "all is gated, and the shop's platform is not known; name it with --platform, or the path with --open"
        yield Untold("whether payment providers get through", why)


def _listed(judged: list[Judged], most: int = 0) -> str:
    shown = [str(one.entrance) for one in judged]
    if most and len(shown) > most + 1:
        shown[most:] = [f"{len(shown) - most} more"]
    return ", ".join(shown)
