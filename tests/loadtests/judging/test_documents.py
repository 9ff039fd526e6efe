"""
JUnit and Markdown: what pipelines and pull requests show of a result, whatever stands in it.
"""

from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.judging.junit import junit
from loadtests.judging.markdown import escaped, markdown
from tests.loadtests.judging.runs import result

EVIL = "<b>\"&']]> | `x` [a](b) \x00 \ud800 @all #1 ok"


def broken(**changes: Any) -> dict[str, Any]:
    """
    Return a result with one limit that did not hold.
    """
    found = result()
    found["thresholds"] = [{**found["thresholds"][0], "ok": False, "value": 0.5, **changes}, *found["thresholds"][1:]]
    return {**found, "verdict": "fail"}


def suite(found: dict[str, Any]) -> ET.Element:
    """
    Return the JUnit document as a parser reads it.
    """
    return ET.fromstring(junit(found).encode())  # noqa: S314 - our own document


def test_every_limit_is_a_case_and_the_rehearsal_one_more() -> None:
    """
    The counts in the head are those of the cases.
    """
    found = suite(result())
    assert len(found.findall("testcase")) == int(found.attrib["tests"]) == len(result()["thresholds"]) + 1
    assert (found.attrib["failures"], found.attrib["errors"], found.attrib["skipped"]) == ("0", "0", "0")


def test_a_limit_that_did_not_hold_is_a_failure_with_its_figures() -> None:
    """
    A pipeline's page says what was measured and what it had to be.
    """
    [failure] = suite(broken()).iter("failure")
    assert failure.attrib["message"] == "goodput_ratio is 0.5, must be >= 0.9"


def test_a_dishonest_generator_is_an_error() -> None:
    """
    It is not the shop that failed.
    """
    found = suite(broken(kind="validity"))
    assert (found.attrib["failures"], found.attrib["errors"]) == ("0", "1")


def test_what_did_not_take_place_was_skipped() -> None:
    """
    Neither passed nor failed.
    """
    found = suite({**broken(), "verdict": "aborted", "reasons": ["It was stopped."]})
    assert int(found.attrib["skipped"]) == len(result()["thresholds"])
    assert "It was stopped." in "".join(found.itertext())


@pytest.mark.parametrize("field", ["name", "why", "phase"])
def test_no_text_breaks_the_junit_document(field: str) -> None:
    """
    Signs of XML, control characters and lone surrogates come out readable or replaced.
    """
    whole = "".join([*suite(broken(**{field: EVIL})).itertext(), junit(broken(**{field: EVIL}))])
    assert "\x00" not in whole


@given(st.text())
def test_any_name_makes_a_readable_junit_document(name: str) -> None:
    """
    A scenario may be called anything.
    """
    suite(result(scenario={"name": name}, command=name))


def test_the_summary_begins_with_the_verdict_and_what_failed() -> None:
    """
    The first row of the table is the broken limit.
    """
    lines = markdown(broken()).splitlines()
    assert lines[0] == "## rehearsal: ❌ failed"
    rows = [row for row in lines if row.startswith("| ")]
    assert rows[1].startswith("| ❌ | goodput | 0.5 |")


def test_the_summary_tells_what_came_of_each_kind() -> None:
    """
    Waits and orders of those who mean well, tries and gains of the others.
    """
    figures = {
        "arrivals": 3,
        "outcomes": {"bought": 1},
        "waited_p50_s": 2.04,
        "waited_p95_s": None,
        "tried": 8,
        "gained": 0,
    }
    kinds = {"buyer": {**figures, "honest": True}, "storm": {**figures, "honest": False}}
    run = {"arrivals": 6, "outcomes": {}, "goodput_ratio": 0.94, "by_kind": kinds}
    lines = markdown(result(runs={"with_room": run})).splitlines()

    assert "| buyer | 3 | 1 | 2.0 s |  |  |  |" in lines
    assert "| storm | 3 | 1 | 2.0 s |  | 8 | 0 |" in lines
    assert any("94%" in line for line in lines)


@given(st.text())
def test_no_text_leaves_its_cell(text: str) -> None:
    """
    No pipe, line break, tag, link or mention begins inside a cell.
    """
    shown = escaped(text)
    assert "\n" not in shown
    assert "<" not in shown
    for sign in "|`[@*":
        assert shown.count(sign) == shown.count(f"\\{sign}")


def test_a_command_with_backticks_stays_code() -> None:
    """
    The fence is longer than any run inside it.
    """
    assert "`` waiting-room `x` ``" in markdown(result(command="waiting-room `x`"))
