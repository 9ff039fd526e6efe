"""
How a consultation is told: to a person who is tired, and to a program. Pure.
"""

from collections.abc import Iterator
from dataclasses import asdict
from itertools import groupby
from textwrap import wrap
from typing import Any, Final

from waiting_room.doctor.findings import Diagnosis, Finding, Severity

WIDTH: Final = 100
_HEADS: Final = {Severity.PROBLEM: "PROBLEMS", Severity.WARNING: "WARNINGS", Severity.NOTE: "NOTES"}


def told(diagnosis: Diagnosis) -> str:
    """
    Return the findings by how bad they are, then what was fine, then what could not be told.
    """
    parts = [
        "\n\n".join((_HEADS[severity], *("\n".join(_finding(one)) for one in group)))
        for severity, group in groupby(_gathered(diagnosis.findings), key=lambda group: group[0].severity)
    ]
    if diagnosis.fine:
        parts.append("\n".join(("FINE", *(line for text in diagnosis.fine for line in _lines(text, "  ")))))
    if diagnosis.untold:
        lines = (line for one in diagnosis.untold for line in _lines(f"{one.what}: {one.why}", "  "))
        parts.append("\n".join(("COULD NOT BE TOLD", *lines)))
    counts = [sum(one.severity is severity for one in diagnosis.findings) for severity in Severity]
    parts.append(", ".join(_count(count, str(severity)) for count, severity in zip(counts, Severity, strict=True)))
    return "\n\n".join(parts)


def as_document(diagnosis: Diagnosis) -> dict[str, Any]:
    """
    Return the same for a program.
    """
    counts = {str(severity): sum(one.severity is severity for one in diagnosis.findings) for severity in Severity}
    return {
        "findings": [asdict(one) for one in diagnosis.findings],
        "fine": list(diagnosis.fine),
        "could_not_be_told": [asdict(one) for one in diagnosis.untold],
        "counts": counts,
    }


def _gathered(findings: tuple[Finding, ...]) -> list[list[Finding]]:
    """
    Return findings of one code together, where the first of them stood: their remedy is told once.
    """
    by_code: dict[tuple[Severity, str], list[Finding]] = {}
    for one in findings:
        by_code.setdefault((one.severity, one.code), []).append(one)
    return list(by_code.values())


def _finding(group: list[Finding]) -> Iterator[str]:
    first = group[0]
    yield f"  {first.code}"
    for one in group:
        yield from _lines(f"{one.where}: {one.what}", "    ")
    yield from _lines(f"why: {first.why}", "      ")
    yield from _lines(f"do:  {first.remedy}", "      ")


def _lines(text: str, indent: str) -> list[str]:
    return wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=f"{indent}     ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _count(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
