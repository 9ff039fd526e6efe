"""
What a rehearsal writes for its programs, reads of them, and says where one does not start.
"""

import tomllib
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.arrivals.rate import Rate
from loadtests.crowd.streams import Stream, arrivals_of
from loadtests.engine.plan import RunPlan
from loadtests.rehearsal.brief import brief_of_scenario
from loadtests.rehearsal.hands import workers_of
from loadtests.rehearsal.play import Rehearsal, invitations_for
from loadtests.rehearsal.processes import Child, Family, Interrupts, ProcessError, Program
from loadtests.rehearsal.progress import Progress
from loadtests.rehearsal.stack import Ports, Secrets, Stack, table
from loadtests.rehearsal.watch import draws_of
from tests.loadtests.rehearsal.crowd import scenario
from waiting_room.core.draw import Draw

TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
VALUES = st.recursive(
    st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(values=st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), VALUES, max_size=4))
def test_settings_of_any_shape_reach_the_service_as_they_are(values: dict[str, Any]) -> None:
    """
    Lanes are tables in a room's table, a schedule is a list of them.
    """
    assert tomllib.loads(table("rooms.promotion", values)) == {"rooms": {"promotion": values}}


def test_the_service_believes_who_it_is_that_the_generator_plays(tmp_path: Path) -> None:
    """
    As it believes a proxy in front of it: else all shoppers would come from one address.
    """
    stack = Stack(Family(tmp_path, Interrupts()), tmp_path, Ports(1, 2, 3, 4), Secrets.fresh())

    assert tomllib.loads(stack.room_config({}))["server"]["trusted_proxies"] == ["127.0.0.1/32"]


def test_as_many_invitations_are_made_as_people_are_invited() -> None:
    """
    For each stream its own, and none where nobody is.
    """
    rate = Rate(((0.0, 3.0), (9.0, 3.0)))
    some, others = Stream("some", rate, invited=True), Stream("others", rate)
    plan = RunPlan("with_room", "open", "http://127.0.0.1:1", 1, (some, others))
    made = invitations_for(plan, lambda count: ("link",) * count)

    assert {name: len(links) for name, links in made.items()} == {"some": len(arrivals_of((some,), 1))}
    assert invitations_for(replace(plan, streams=(others,)), lambda _count: ("link",)) == {}


def test_a_store_that_does_not_start_has_an_exit_code_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Nothing is wrong with shop or room, and a pipeline can tell.
    """

    def refused(_stack: Stack, *, durable: bool = False) -> None:
        raise ProcessError(f"valkey: ended unexpectedly ({durable}).", name="valkey")

    monkeypatch.setattr(Stack, "start_store", refused)
    brief = brief_of_scenario(scenario(), tmp_path, 1, "waiting-room rehearse run", capacity_per_s=9.0)
    interrupts = Interrupts()
    result = Rehearsal(brief, Progress(StringIO()), interrupts).run()
    assert (result["verdict"], result["exit_code"]) == ("invalid", 4)
    assert result["scenario"]["name"] == "made-up"
    assert (tmp_path / "summary.md").read_text(encoding="utf-8").startswith("## made-up")


@pytest.mark.parametrize("again", [False, True])
def test_a_store_keeps_its_data_over_a_kill_and_none_of_an_earlier_rehearsal(tmp_path: Path, again: bool) -> None:
    """
    With the same folder, the second rehearsal once counted the first one's admissions as its own.
    """
    kept = tmp_path / "store" / "appendonlydir" / "kept"
    kept.parent.mkdir(parents=True)
    kept.touch()
    stack = Stack(_NoFamily(), tmp_path, Ports(1, 2, 3, 4), Secrets("k", "a", "c"))
    with pytest.raises(ProcessError):
        stack.start_store(durable=True, again=again)
    assert kept.exists() is again


class _NoFamily(Family):
    """
    Start nothing.
    """

    def __init__(self) -> None:
        """
        Need nothing.
        """

    def start(self, program: Program) -> Child:
        """
        Refuse.
        """
        raise ProcessError("not here", name=program.name)


def test_a_draw_is_read_once_its_seed_is_published() -> None:
    """
    Before the opening there is a promise only.
    """
    told = {"seed": "ab" * 32, "commitment": "cd" * 32, "beacon": None, "lanes": {"standard": {"first": 1, "size": 7}}}
    promised = {"seed": None, "commitment": "ef" * 32, "beacon": None, "lanes": None}
    assert draws_of({"draws": [told, promised]}) == (Draw("ab" * 32, "cd" * 32, "", "standard", 1, 7),)
    assert draws_of({}) == ()


def test_a_process_without_workers_has_none() -> None:
    """
    Other processes of the machine are not taken for workers of the service.
    """
    assert workers_of(1) == []
