"""
What holds of the shop's host as a whole: its encryption, what it should hide, and whether the clocks agree. Pure.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from statistics import median
from typing import Final
from urllib.parse import urljoin, urlsplit

from waiting_room import wire
from waiting_room.doctor.answers import Answer, Reply
from waiting_room.doctor.catalogue import found
from waiting_room.doctor.findings import Diagnosis, Finding, Severity, Untold

TOLERATED_MS: Final = 2_000
"""A ``Date`` is to the second, and an answer takes its time."""
BAD_MS: Final = 30_000
LOCAL: Final = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """
    Hold what was seen of the host: its first page as *home*, the same by plain http as *plain*, and what came from
    addresses of the service that are not for visitors as *private*.
    """

    url: str
    home: Reply | None = None
    plain: Reply | None = None
    private: tuple[Reply, ...] = ()


@dataclass(frozen=True, slots=True)
class Clock:
    """
    Hold whose clock is ahead of this machine's by how much.
    """

    whose: str
    ahead_ms: int


def check_site(facts: SiteFacts) -> Diagnosis:
    """
    Return what is wrong with the host as a whole.
    """
    findings = [*_encryption(facts), *_private(facts)]
    hidden = facts.private and not any(finding.code == "private-reachable" for finding in findings)
    fine = ("what is not for visitors is not reachable",) if hidden else ()
    return Diagnosis(tuple(findings), fine)


def _encryption(facts: SiteFacts) -> Iterator[Finding]:
    parts = urlsplit(facts.url)
    if parts.scheme == "http":
        if parts.hostname not in LOCAL:
            yield found("no-https", facts.url, "the shop is asked by plain http")
        return
    plain = facts.plain
    if isinstance(plain, Answer) and not urljoin(plain.url, plain.moved).startswith("https:"):
        yield found("http-served", plain.url, f"answers {plain.status} by plain http")
    if isinstance(facts.home, Answer) and not facts.home.header("strict-transport-security"):
        yield found("no-hsts", facts.url, "no Strict-Transport-Security")


def _private(facts: SiteFacts) -> Iterator[Finding]:
    for reply in facts.private:
        if not isinstance(reply, Answer):
            continue
        reason = str(reply.document.get("reason", ""))
        asks = "/authorize/" in reply.url and reply.header(wire.STATUS_HEADER.lower())
        orders = "/admin/" in reply.url and reason.startswith("admin_")
        if asks or orders or (reply.path == "/metrics" and "waiting_room_" in reply.text):
            yield found("private-reachable", reply.path, f"answers {reply.status}")


def clock_of(whose: str, reply: Reply | None) -> Clock | None:
    """
    Return the clock that wrote the ``Date`` of an answer; None where there is none, or a cache kept it.
    """
    if not isinstance(reply, Answer) or reply.stored:
        return None
    try:
        then = parsedate_to_datetime(reply.header("date"))
    except ValueError:
        return None
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    # A Date is cut off to the second: half of one later on average.
    return Clock(whose, round(then.timestamp() * 1000) + 500 - reply.at_ms)


def check_clocks(clocks: list[Clock]) -> Diagnosis:
    """
    Return whose clock is off. With two others that agree, this machine's can be told to be the wrong one.
    """
    if not clocks:
        return Diagnosis(untold=(Untold("the clocks", "no answer bore a Date that no cache had kept"),))
    every = [Clock("this machine", 0), *clocks]
    right = median(clock.ahead_ms for clock in every) if len(every) > 2 else clocks[0].ahead_ms
    if len(every) == 2 and abs(right) > TOLERATED_MS:
        return Diagnosis((found("clock-off", clocks[0].whose, f"{_span(right)} this machine, or that is wrong"),))
    off = [clock for clock in every if abs(clock.ahead_ms - right) > TOLERATED_MS]
    findings = [_off(clock, round(clock.ahead_ms - right)) for clock in off]
    agreed = [clock.whose for clock in every if clock not in off]
    fine = (f"the clocks of {', '.join(agreed)} agree",) if len(agreed) > 1 else ()
    return Diagnosis(tuple(findings), fine)


def _off(clock: Clock, by_ms: int) -> Finding:
    here = clock.whose == "this machine"
    severity = Severity.NOTE if here else Severity.PROBLEM if abs(by_ms) > BAD_MS else Severity.WARNING
    return found("clock-off", clock.whose, f"{_span(by_ms)} the others", severity)


def _span(by_ms: float) -> str:
    return f"{abs(by_ms) / 1000:.1f} s {'ahead of' if by_ms > 0 else 'behind'}"
