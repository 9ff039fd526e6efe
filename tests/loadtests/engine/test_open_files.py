"""
A generator whose crowd takes every file still has some for itself.
"""

import os
import resource
from dataclasses import replace
from pathlib import Path

import pytest

from loadtests.arrivals.rate import Rate
from loadtests.engine.open_files import OWN, OpenFiles
from loadtests.engine.plan import RunName
from tests.loadtests.engine.generator import CROWD, look_inside, run, served
from tests.loadtests.engine.stub import Script, Stub


def take_all() -> list[int]:
    """
    Open files until there is none left, and return them.
    """
    taken = []
    while True:
        try:
            taken.append(os.open(os.devnull, os.O_RDONLY))
        except OSError:
            return taken


def test_what_was_held_back_can_be_opened_when_all_else_is_taken(file_limits: tuple[int, int]) -> None:
    """
    The measures are written at the end, when thousands of connections are open still.
    """
    files = OpenFiles(10)
    left = os.dup(0)
    os.close(left)
    resource.setrlimit(resource.RLIMIT_NOFILE, (left + 8, file_limits[1]))
    taken = take_all()
    files.give_back()
    again = take_all()
    for each in (*taken, *again):
        os.close(each)

    assert len(taken) <= 8
    assert len(again) >= 8


def test_some_files_are_no_shoppers(file_limits: tuple[int, int]) -> None:
    """
    As many shoppers may be under way as connections are left beside what the process needs itself.
    """
    files = OpenFiles(10)
    files.give_back()

    assert 0 < files.shoppers < files.limit - OWN


def test_what_is_given_back_twice_is_given_back_once() -> None:
    """
    A run that is ended by two gives its files back once: their numbers may be others' by then.
    """
    files = OpenFiles(1)
    files.give_back()
    after = os.open(os.devnull, os.O_RDONLY)
    files.give_back()

    os.close(after)


@pytest.mark.parametrize(("name", "come"), [("without_room", 40), ("with_room", 20)])
async def test_a_crowd_beyond_the_open_files_leaves_the_measures_whole(
    tmp_path: Path, name: RunName, come: int
) -> None:
    """
    Of a hundred and eighty shoppers under a limit of 120 the first 40 come, or 20 where each has a connection to shop
    and room; nobody's file is missing, the measures' own least of all.
    """
    crowd = replace(CROWD, rate=Rate(((0.0, 120.0), (1.5, 120.0))))
    measures = (await run(tmp_path, Script(polls=10_000), files=120, streams=(crowd,), drain_s=1.0, name=name)).measures
    [(why, count)] = [told for told in measures.problems.items() if "not started" in told[0]]

    assert measures.arrivals == come
    assert measures.arrivals + measures.not_started == measures.scheduled > 100
    assert (measures.unsent, count) == (0, measures.not_started)
    assert why.endswith("of 120 open files there was none left (raise the limit: ulimit -n)")


async def test_what_cannot_be_sent_for_want_of_files_is_counted() -> None:
    """
    The shop never saw those requests: by HTTP and over a bare line they are the generator's, and make a run invalid.
    """
    async with served(Stub(Script())) as url:
        told = await look_inside("no_file_left", url)

    assert told == ["200", "Unsent:-this-machine-had-no-open-file-left", "None", "2"]


async def test_connections_are_reused_beyond_a_thousand_open_files() -> None:
    """
    A crowd of thousands keeps its connections: three requests of a shopper are one connection, whatever its number.
    """
    stub = Stub()
    async with served(stub) as url:
        assert await look_inside("many_files", url) == ["200", "200", "200", "1100"]

    assert len(stub.connections) == 1
