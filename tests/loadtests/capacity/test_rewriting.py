"""
Settings are put into a TOML file line by line, and whatever else stands there stays.
"""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.rehearsal.rewriting import RewritingError, rewritten, room_tables

SETTINGS = {"rate_per_minute": 644, "capacity": 146}
ROOM = ("room",)


def test_a_value_is_replaced_and_its_comment_stays() -> None:
    """
    What somebody wrote beside a setting is why it is there.
    """
    text = "# head\n[room]  # ours\nrate_per_minute = 600  # a guess\ncapacity=5\n\n[shop]\nstock = 1\n"

    assert rewritten(text, ROOM, SETTINGS, "f") == (
        "# head\n[room]  # ours\nrate_per_minute = 644  # a guess\ncapacity=146\n\n[shop]\nstock = 1\n"
    )


def test_a_missing_setting_comes_after_the_last_one_of_its_table() -> None:
    """
    Not into the next table, and not below the blank line before it.
    """
    text = "[room]\ncapacity = 5\n\n# the shop\n[shop]\nstock = 1\n"

    assert rewritten(text, ROOM, SETTINGS, "f") == (
        "[room]\ncapacity = 146\nrate_per_minute = 644\n\n# the shop\n[shop]\nstock = 1\n"
    )


def test_a_missing_table_is_added_at_the_end() -> None:
    """
    A scenario without a room gets one.
    """
    assert rewritten('name = "a"', ROOM, {"capacity": 3}, "f") == 'name = "a"\n\n[room]\ncapacity = 3\n'


def test_a_quoted_table_of_a_configuration_is_found() -> None:
    """
    However its name is written.
    """
    text = '[rooms.a]\ncapacity = 1\n[rooms."spring-sale"]\ncapacity = 2\n'

    assert rewritten(text, ("rooms", "spring-sale"), {"capacity": 9}, "f") == (
        '[rooms.a]\ncapacity = 1\n[rooms."spring-sale"]\ncapacity = 9\n'
    )


def test_the_same_name_in_another_table_is_left_alone() -> None:
    """
    Lanes and shops may have settings of the same names.
    """
    text = "[shop]\ncapacity = 1\n[room]\ncapacity = 2\n[room.lanes.loyal]\ncapacity = 3\n"

    assert rewritten(text, ROOM, {"capacity": 9}, "f") == (
        "[shop]\ncapacity = 1\n[room]\ncapacity = 9\n[room.lanes.loyal]\ncapacity = 3\n"
    )


@pytest.mark.parametrize(
    "text",
    ["room = {capacity = 3}\n", "room.capacity = 3\n", '[room]\nsays = """\ncapacity = 3\n"""\n'],
    ids=["inline", "dotted", "in a text"],
)
def test_a_table_that_is_written_otherwise_is_refused(text: str) -> None:
    """
    It is never half changed, and the figures are told, so that nothing has to be measured again.
    """
    with pytest.raises(RewritingError, match="put in by hand: rate_per_minute = 644, capacity = 146"):
        rewritten(text, ROOM, SETTINGS, "f")


def test_a_list_over_several_lines_is_no_hindrance() -> None:
    """
    The settings come before it or after it, but never into it.
    """
    text = "[room]\nhosts = [\n  'a',\n]\ncapacity = 3\n"

    assert tomllib.loads(rewritten(text, ROOM, SETTINGS, "f"))["room"] == {"hosts": ["a"], **SETTINGS}


@given(
    st.lists(st.sampled_from(["", "# c", "capacity = 1", "rate_per_minute = 2 # c", "[shop]", "x = 1"]), max_size=6),
    st.booleans(),
)
def test_all_other_lines_stay(lines: list[str], ends: bool) -> None:
    """
    Blanks and comments included, whatever stands around the settings.
    """
    text = "\n".join(["[room]", *lines]) + ("\n" if ends else "")
    try:
        changed = rewritten(text, ROOM, SETTINGS, "f")
    except RewritingError:  # the lines made no sense as a file
        return
    kept = [line for line in text.splitlines() if not line.startswith(("capacity", "rate_per_minute"))]

    assert [line for line in changed.splitlines() if not line.startswith(("capacity", "rate_per_minute"))] == kept


def test_what_is_no_toml_is_refused() -> None:
    """
    With its name and the place of the mistake.
    """
    with pytest.raises(RewritingError, match=r"scenario\.toml: is no TOML"):
        room_tables("[room\n", "scenario.toml")


@pytest.mark.parametrize(
    ("text", "tables"),
    [
        ("[[streams]]\n", [("room",)]),
        ("[room]\n", [("room",)]),
        ("[rooms.a]\n[rooms.b]\n", [("rooms", "a"), ("rooms", "b")]),
        ("[server]\n", []),
    ],
)
def test_the_tables_with_a_room_are_found(text: str, tables: list[tuple[str, ...]]) -> None:
    """
    A scenario has one room, with or without a table for it; a configuration has those that it names.
    """
    assert room_tables(text, "f") == tables
