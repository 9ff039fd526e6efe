"""
A visitor's way through a room, walked along the table.
"""

import re
from itertools import product

import pytest

from waiting_room.core.lifecycle import TRANSITIONS, Event, State, TransitionError, diagram, follow
from waiting_room.core.phase import ACTIONS, Phase
from waiting_room.core.reasons import Reason


@pytest.mark.parametrize(("state", "event"), TRANSITIONS, ids=lambda part: part.value)
def test_every_transition_leads_where_the_table_says(state: State, event: Event) -> None:
    """The table is the only place that knows."""
    assert follow(state, event) is TRANSITIONS[state, event]


@pytest.mark.parametrize(
    ("state", "event"), [pair for pair in product(State, Event) if pair not in TRANSITIONS], ids=lambda part: part.value
)
def test_an_event_that_means_nothing_is_refused(state: State, event: Event) -> None:
    """The error names both, and there is no new state."""
    with pytest.raises(TransitionError) as caught:
        follow(state, event)

    assert (caught.value.state, caught.value.event) == (state, event)


def test_every_state_can_be_reached() -> None:
    """From the first visit on."""
    reached = {State.NEW}
    while more := {after for (before, _), after in TRANSITIONS.items() if before in reached} - reached:
        reached |= more

    assert reached == set(State)


def test_every_event_means_something_somewhere() -> None:
    """No event is dead."""
    assert {event for _, event in TRANSITIONS} == set(Event)


def test_a_joined_visitor_loses_the_place_by_leaving_alone() -> None:
    """No silence, no retry and no call takes a place; that takes leaving, or a claim that turns it into a seat."""
    placed = {State.WAITING, State.GHOST, State.CALLED}
    lost = {event for (before, event), after in TRANSITIONS.items() if before in placed and after not in placed}

    assert lost == {Event.LEAVE, Event.CLAIM}


@pytest.mark.parametrize("state", [state for state in State if state not in {State.NEW, State.LEFT, State.FINISHED}])
def test_a_retried_join_changes_nothing_but_a_ghost(state: State) -> None:
    """Whoever has a place or a seat keeps it; a ghost that joins again is there again."""
    assert follow(state, Event.JOIN) is (State.WAITING if state is State.GHOST else state)


@pytest.mark.parametrize("state", [State.WAITING, State.GHOST, State.CALLED, State.ADMITTED])
def test_whoever_has_something_can_give_it_back(state: State) -> None:
    """A place or a seat, also after a long silence."""
    assert follow(state, Event.LEAVE) in {State.LEFT, State.FINISHED}


def test_a_seat_ends_once() -> None:
    """Nothing but a new join follows the end of a visit."""
    assert [event for state, event in TRANSITIONS if state is State.FINISHED] == [Event.JOIN]


def test_the_diagram_draws_every_change_of_state() -> None:
    """Each arrow of the table and no other."""
    drawn = {
        (before, event, after)
        for before, after, events in re.findall(r"^    (\w+) --> (\w+): (.+)$", diagram(), re.MULTILINE)
        for event in events.split(", ")
    }

    assert drawn == {
        (before.value, event.value, after.value)
        for (before, event), after in TRANSITIONS.items()
        if before is not after
    }


@pytest.mark.parametrize(
    ("phase", "admits"),
    [(Phase.OPEN, True), (Phase.PAUSED, False), (Phase.DRAINING, True), (Phase.CLOSED, False)],
)
def test_a_phase_admits_or_not(phase: Phase, admits: bool) -> None:
    """Draining serves those who wait."""
    assert phase.admits is admits


def test_every_phase_can_be_reached_by_an_operator() -> None:
    """And resume is open by another name."""
    assert set(ACTIONS.values()) == set(Phase)
    assert ACTIONS["resume"] is ACTIONS["open"]


def test_reasons_are_their_own_codes() -> None:
    """A code is the name in lower case, so that logs, metrics and answers say the same."""
    assert all(reason.value == reason.name.lower() for reason in Reason)


def test_the_diagram_begins_as_mermaid_wants_it() -> None:
    """And every visitor is new at first."""
    assert diagram().splitlines()[:2] == ["stateDiagram-v2", "    [*] --> new"]


def test_what_means_nothing_is_told_with_both_names() -> None:
    """The event and the state, in words and as values."""
    with pytest.raises(TransitionError, match=r"^release means nothing to a visitor who is waiting$") as caught:
        follow(State.WAITING, Event.RELEASE)

    assert (caught.value.state, caught.value.event) == (State.WAITING, Event.RELEASE)
