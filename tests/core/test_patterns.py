"""
How path rules are written, what is wrong with them, and the names that stand for several.
"""

from typing import Any

import pytest

from waiting_room.core.patterns import STEERING, WRITTEN, pattern_faults
from waiting_room.core.platforms import GROUPS, NEVER, PAYMENTS, expanded
from waiting_room.errors import Fault

PLAIN = "begin with / (or a method and a blank), decoded, without query, ';', '//' or '\\'"
WHOLE = "* stands for one whole part between slashes, at the end for all that follows"


@pytest.mark.parametrize(
    "pattern", ["/", "/*", "/checkout/*", "/*/checkout", "POST /orders", "/?wc-api=*", "GET /a/?b_c-1=*", "@defaults"]
)
def test_what_a_rule_may_be(pattern: str) -> None:
    """A path, with a method before it, or in `never` a field after it; or the name of a group."""
    assert pattern_faults("never", (pattern,)) == []


@pytest.mark.parametrize(
    ("pattern", "fault"),
    [
        (5, Fault("never[1]", "5 is no path", PLAIN)),
        ("x", Fault("never[1]", "'x' is no path", PLAIN)),
        ("post /x", Fault("never[1]", "'post /x' is no path", PLAIN)),
        ("/a//b", Fault("never[1]", "'/a//b' is no path", PLAIN)),
        ("/x?a=1", Fault("never[1]", "'/x?a=1' is no path", PLAIN)),
        ("/*.css", Fault("never[1]", "'/*.css' has a * inside a part", WHOLE)),
        ("@default", Fault("never[1]", "@default is unknown", "did you mean @defaults?")),
        ("@shop", Fault("never[1]", "@shop is unknown", f"known are {', '.join(GROUPS)}")),
    ],
)
def test_a_fault_says_which_rule_and_what_to_write(pattern: Any, fault: Fault) -> None:
    """Those before and after it are read all the same."""
    assert pattern_faults("never", ["/ok", pattern, "@defaults"]) == [fault]
    assert pattern_faults("never", (pattern, pattern))[1] == fault


def test_a_field_of_the_query_protects_nothing() -> None:
    """It can be spelled in too many ways, wherever the list of what is protected stands."""
    what = "'/x?a=*' names a field of the query, which can be spelled in too many ways"

    assert pattern_faults("gate.protect", ("/x?a=*",)) == [Fault("gate.protect[0]", what, "protect the whole path")]


@pytest.mark.parametrize("patterns", ["/checkout", 7, {"/checkout": 1}])
def test_what_is_no_list_is_told_as_a_whole(patterns: Any) -> None:
    """A single text would be read letter by letter."""
    assert pattern_faults("never", patterns) == [
        Fault("never", f"{patterns!r} is no list of paths", 'write ["/checkout/*"]')
    ]


def test_a_rule_is_a_method_a_path_and_a_field() -> None:
    """Any of them but the path may be missing."""
    found = WRITTEN.fullmatch("POST /a/b?c=*")

    assert found is not None
    assert found.groups() == ("POST", "/a/b", "c")
    assert WRITTEN.fullmatch("/a").groups() == (None, "/a", None)  # type: ignore[union-attr]


def test_a_name_stands_for_its_rules_in_its_place() -> None:
    """Each once; others stay as they are."""
    assert expanded(("/a", "@defaults", "/robots.txt", "/b", "/a")) == ("/a", *NEVER, "/b")
    assert expanded(("@nobody",)) == ("@nobody",)


def test_every_group_is_written_as_rules_are() -> None:
    """In `never`, where they belong; and no callback has a field that steers a shop to another page."""
    for paths in GROUPS.values():
        assert pattern_faults("never", paths) == []
    fields = {found[3] for paths in PAYMENTS.values() for path in paths if (found := WRITTEN.fullmatch(path))}
    assert fields & set(STEERING) == set()
