"""
How a diagnosis is told, and that every kind of finding is used and described.
"""

import json
import re

import pytest

from tests.source import ROOT
from waiting_room.doctor.catalogue import KINDS, found
from waiting_room.doctor.findings import TOPICS, Diagnosis, Severity, Untold, joined
from waiting_room.doctor.report import as_document, told

SOURCES = "\n".join(
    path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "waiting_room" / "doctor").glob("*.py"))
    if not path.name.startswith("remedies_")
)
BOTH = joined((
    Diagnosis((found("cart-open", "/cart", "answers 200"),), ("all well",), (Untold("Redis", "no address"),)),
    Diagnosis((found("entrance-open", "/kasa", "answers 200"), found("entrance-open", "/checkout", "answers 200"))),
))  # fmt: skip


def test_the_worst_comes_first_and_a_remedy_once() -> None:
    """
    Two open entrances have one remedy.
    """
    text = told(BOTH)

    assert text.index("PROBLEMS") < text.index("/kasa") < text.index("/checkout") < text.index("NOTES")
    assert text.index("NOTES") < text.index("FINE") < text.index("COULD NOT BE TOLD")
    assert text.count("why:") == 2
    assert text.endswith("2 problems, 0 warnings, 1 note")
    assert max(map(len, text.splitlines())) <= 100


def test_a_program_gets_all_of_it() -> None:
    """
    As JSON that needs nothing else.
    """
    document = json.loads(json.dumps(as_document(BOTH)))

    assert document["counts"] == {"problem": 2, "warning": 0, "note": 1}
    assert document["findings"][0]["severity"] == "problem"
    assert set(document["findings"][0]) == {"code", "severity", "where", "what", "why", "remedy"}
    assert document["could_not_be_told"] == [{"what": "Redis", "why": "no address"}]


def test_only_a_problem_makes_ill() -> None:
    """
    Warnings and notes let a script go on.
    """
    assert BOTH.ill
    assert not Diagnosis((found("cart-open", "", ""), found("redis-plain", "", ""))).ill


@pytest.mark.parametrize("code", KINDS)
def test_every_kind_can_be_found_and_is_whole(code: str) -> None:
    """
    A kind that no check uses is not in the book, and each says why and what to do.
    """
    kind = KINDS[code]

    assert f'"{code}"' in SOURCES
    assert kind.topic in TOPICS
    assert kind.severity in Severity
    assert kind.why.endswith((".", ")"))
    assert kind.remedy.endswith((".", ")"))
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", code)
