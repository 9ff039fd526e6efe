"""
What a check says: findings with their remedy, what was fine, and what could not be told. Pure.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

TOPICS: Final = ("gate", "page", "site", "clocks", "redis")
"""What may be asked for on its own, in the order in which it is told."""


class Severity(StrEnum):
    """
    Say how bad a finding is.
    """

    PROBLEM = "problem"
    """the room does not hold, or loses people or places: not a state for a promotion"""
    WARNING = "warning"
    """it bites under load, in an outage, or some of the visitors"""
    NOTE = "note"
    """worth knowing, and often meant so"""


@dataclass(frozen=True, slots=True)
class Kind:
    """
    Hold what all findings of one *code* have in common: what it is about, why it bites, and the remedy.
    """

    code: str
    topic: str
    severity: Severity
    title: str
    why: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Finding:
    """
    Hold one thing that is wrong: *where*, *what* was seen, why it bites, and what to do.
    """

    code: str
    severity: Severity
    where: str
    what: str
    why: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Untold:
    """
    Hold *what* could not be told, and *why*.
    """

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """
    Hold what one or several checks came to. *fine* are sentences on what was looked at and is as it should be.
    """

    findings: tuple[Finding, ...] = ()
    fine: tuple[str, ...] = ()
    untold: tuple[Untold, ...] = ()

    @property
    def ill(self) -> bool:
        """
        Tell whether there is a problem.
        """
        return any(finding.severity is Severity.PROBLEM for finding in self.findings)


def joined(parts: Iterable[Diagnosis]) -> Diagnosis:
    """
    Return all of *parts* as one; the worst findings first, otherwise in their order.
    """
    every = tuple(parts)
    order = list(Severity)
    findings = sorted((one for part in every for one in part.findings), key=lambda one: order.index(one.severity))
    fine = tuple(one for part in every for one in part.fine)
    return Diagnosis(tuple(findings), fine, tuple(one for part in every for one in part.untold))
