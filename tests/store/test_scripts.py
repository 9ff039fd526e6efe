"""
The scripts as source code: short, honest about their keys, and never looking over the whole key space.
"""

import re
from importlib import resources

import pytest

from waiting_room.store import scripts

SOURCES = {
    path.name.removesuffix(".lua"): path.read_text(encoding="utf-8")
    for path in resources.files("waiting_room.store.scripts").iterdir()
    if path.name.endswith(".lua")
}


def test_every_script_is_known_by_name() -> None:
    """No file is dead, no name is missing."""
    assert set(SOURCES) == set(scripts.NAMES)


@pytest.mark.parametrize("name", scripts.NAMES)
def test_the_header_names_every_key(name: str) -> None:
    """The numbers of the KEYS line reach the highest KEYS index that is written out."""
    source = SOURCES[name]
    header = re.search(r"^-- KEYS (.+)$", source, re.MULTILINE)
    assert header is not None
    named = [int(number) for number in re.findall(r"(?:^|, )(?:\d+-)?(\d+)", header[1])]
    used = [int(number) for number in re.findall(r"KEYS\[(\d+)\]", source)]

    assert max(used, default=1) <= max(named)


@pytest.mark.parametrize("name", scripts.NAMES)
def test_no_script_looks_over_the_key_space(name: str) -> None:
    """KEYS, SCAN and friends would block the server for all rooms."""
    assert not re.search(r"call\('(KEYS|SCAN|FLUSHALL|FLUSHDB|RANDOMKEY)'", scripts.load(name))


@pytest.mark.parametrize("name", scripts.NAMES)
def test_every_include_is_put_in(name: str) -> None:
    """What is sent to Redis holds no include line."""
    assert "@include" not in scripts.load(name)


@pytest.mark.parametrize("name", scripts.NAMES)
def test_the_contract_stands_above_the_code(name: str) -> None:
    """Guarantee, KEYS, ARGV where there are any, Returns."""
    head = SOURCES[name].split("\nlocal ")[0]

    assert "-- KEYS " in head
    assert "-- Returns " in head
    assert ("ARGV" in SOURCES[name]) == ("-- ARGV " in head)


@pytest.mark.parametrize("name", scripts.NAMES)
def test_no_seat_is_given_or_ended_behind_the_journals_back(name: str) -> None:
    """Seats end in `end_seats` and `held_seats`, which note it; who gives one or puts one back notes it as well."""
    source = SOURCES[name]
    ended = re.search(r"'(ZREM|ZREMRANGEBYSCORE|ZPOPMIN|DEL)', seats", source)
    given = re.findall(r"give_seat\(|'ZADD', seats, math", source)

    assert ended is None
    assert len(given) <= len(re.findall(r"note\(meta, events, '(?:straight|claimed|back)'", source))
