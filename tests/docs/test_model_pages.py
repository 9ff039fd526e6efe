"""
The pages about admission and about Redis say what the code does.
"""

import re

from tests.source import ROOT
from waiting_room.core.lanes import Lane, share
from waiting_room.core.lifecycle import diagram
from waiting_room.core.plan import MARK_STEP
from waiting_room.core.presence import CHUNK_RANKS
from waiting_room.core.recording import EVENTS_KEPT
from waiting_room.store import keys, scripts
from waiting_room.store.keys import RoomKeys

MODEL = (ROOT / "docs" / "redis-model.md").read_text()
ADMISSION = (ROOT / "docs" / "how-admission-works.md").read_text()


def test_the_diagram_is_drawn_from_the_table() -> None:
    """What stands between the marks is what the lifecycle draws."""
    found = re.search(r"<!-- lifecycle -->\n```mermaid\n(.*?)\n```\n<!-- end -->", ADMISSION, re.DOTALL)

    assert found is not None
    assert found[1] == diagram()


def test_the_example_of_two_lanes_is_what_the_code_does() -> None:
    """Step by step: calls, and what is owed after them."""
    line_up, owed = (Lane("loyal", 3), Lane("standard")), dict[str, float]()
    for _, _, calls_told, owed_told in rows(ADMISSION, "step"):
        calls, owed = share(2, line_up, "weighted", {"loyal": 99, "standard": 99}, owed)

        assert calls_told == "{loyal} and {standard}".format(**calls)
        assert owed_told.replace("−", "-") == "{loyal:g} and {standard:g}".format(**owed)


def rows(page: str, head: str) -> list[list[str]]:
    """
    Return the cells of the table whose first column is called *head*.
    """
    table = page.partition(f"| {head} |")[2].partition("\n\n")[0]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def named() -> set[str]:
    """
    Return every key that the code can name, with the words of the page for what varies.
    """
    room = RoomKeys("room")
    plain = {getattr(room, name) for name in RoomKeys.__slots__ if not name.startswith("_")}
    chunked = {room.present("LANE", 5), room.present_before("LANE", 5), room.claimed("LANE", 5)}
    chunked |= {room.present("LANE", 5, 7), room.present_before("LANE", 5, 7)}
    varying = {
        name.replace("LANE", "{lane}").replace(".7:", ".{round}:").removesuffix("5") + "{chunk}" for name in chunked
    }
    listed = {
        key
        for lane in ("standard", "{lane}")
        for key in (room.cohorts(lane), room.door(lane), room.joined(lane, "{visitor}"))
    }
    return {keys.ROOMS, keys.BEGUN, room.invitation("{id}")} | plain | varying | listed


def test_the_page_names_every_key_and_no_other() -> None:
    """Both ways."""
    assert {cells[0] for cells in rows(MODEL, "key")} == named()


def test_what_lives_for_good_is_on_the_short_list() -> None:
    """The page, the list in the code and the check after each test say the same."""
    lasting = {cells[0] for cells in rows(MODEL, "key") if cells[3] == "for good"}

    assert lasting == {pattern.replace("*", "room") for pattern in keys.PERMANENT}


def test_every_script_is_told_and_no_other() -> None:
    """In the order in which they are loaded."""
    assert [cells[0] for cells in rows(MODEL, "script")] == list(scripts.NAMES)


def test_the_numbers_of_the_page_are_those_of_the_code() -> None:
    """A chunk's ranks, and the step of the mark."""
    assert f"{CHUNK_RANKS:,} ranks" in MODEL
    assert f"steps of {MARK_STEP:,}" in MODEL


def test_each_life_is_the_one_that_the_scripts_set() -> None:
    """A minute for joins and the door, a session and a minute for seats, a day for bitmaps, a month for the log."""
    sources = {name: scripts.load(name) for name in scripts.NAMES}
    lives = {cells[0].removeprefix("wr:{room}:").partition(":")[0]: cells[3] for cells in rows(MODEL, "key")}

    assert "redis.call('PEXPIRE', KEYS[i], 86400000)" in sources["join"]
    assert "redis.call('PEXPIRE', KEYS[i], 86400000)" in sources["flush"]
    assert "redis.call('PEXPIRE', bitmap, 86400000)" in sources["claim"]
    assert "redis.call('PEXPIRE', key, 86400000)" in sources["advance"]
    assert lives["present"] == lives["claimed"] == lives["cohorts"] == "a day"
    assert "'PX', 60000" in sources["join"]
    assert "redis.call('PEXPIRE', KEYS[5 + place], 60000)" in sources["claim"]
    assert lives["joined"] == lives["door"] == "a minute"
    assert "keep(seats, room.session_ms + 60000)" in sources["claim"]
    assert "keep(seats, latest - now + 60000)" in sources["touch"]
    assert lives["seats"] == lives["holders"] == "the longest session or payment, and a minute"
    assert "keep(ended, window + 60000)" in sources["claim"]
    assert lives["ended"] == "the return window and a minute"
    assert "redis.call('PEXPIRE', key, left + 60000)" in sources["redeem"]
    assert lives["invitation"] == "as long as the invitation, and a minute"
    assert "last[2] - now + 60000" in sources["revoke"]
    assert lives["revoked"] == "the longest revocation and a minute"
    assert "'PX', 1000" in sources["flush"]
    assert lives["scratch"] == "a second"
    assert "redis.call('PEXPIRE', events, 2592000000)" in sources["join"]
    assert "redis.call('PEXPIRE', audit, 2592000000)" in sources["advance"]
    assert lives["events"] == lives["audit"] == "a month"
    assert f">= {EVENTS_KEPT} then" in sources["claim"]
