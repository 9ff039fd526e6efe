"""
A visitor's way through a room, as one table.

Two rules: every transition stands here and nowhere else; an event that the table does not know in a state
changes nothing. The states are those of the promises: a place is only lost by leaving or by its ticket's end,
a ghost keeps its place (it comes back as waiting or called), and a seat ends once.
"""

from enum import StrEnum
from types import MappingProxyType
from typing import Final

from waiting_room.errors import WaitingRoomError


class State(StrEnum):
    """
    Tell where a visitor stands.
    """

    NEW = "new"
    WAITING = "waiting"
    GHOST = "ghost"
    CALLED = "called"
    ADMITTED = "admitted"
    LEFT = "left"
    FINISHED = "finished"


class Event(StrEnum):
    """
    Name what can happen to a visitor.
    """

    JOIN = "join"
    STRAIGHT = "straight"
    CHECK_IN = "check_in"
    FALL_SILENT = "fall_silent"
    FRONTIER_PASSES = "frontier_passes"
    CLAIM = "claim"
    LEAVE = "leave"
    RELEASE = "release"
    IDLE_END = "idle_end"
    HARD_END = "hard_end"


class TransitionError(WaitingRoomError):
    """
    Say that *event* means nothing in *state*.
    """

    def __init__(self, state: State, event: Event) -> None:
        self.state = state
        self.event = event
        super().__init__(f"{event} means nothing to a visitor who is {state}")


TRANSITIONS: Final = MappingProxyType(
    {
        (State.NEW, Event.JOIN): State.WAITING,
        (State.NEW, Event.STRAIGHT): State.ADMITTED,
        (State.WAITING, Event.JOIN): State.WAITING,
        (State.WAITING, Event.CHECK_IN): State.WAITING,
        (State.WAITING, Event.FALL_SILENT): State.GHOST,
        (State.WAITING, Event.FRONTIER_PASSES): State.CALLED,
        (State.WAITING, Event.LEAVE): State.LEFT,
        (State.GHOST, Event.JOIN): State.WAITING,
        (State.GHOST, Event.CHECK_IN): State.WAITING,
        (State.GHOST, Event.FRONTIER_PASSES): State.CALLED,
        (State.GHOST, Event.LEAVE): State.LEFT,
        (State.CALLED, Event.JOIN): State.CALLED,
        (State.CALLED, Event.CHECK_IN): State.CALLED,
        (State.CALLED, Event.CLAIM): State.ADMITTED,
        (State.CALLED, Event.LEAVE): State.LEFT,
        (State.ADMITTED, Event.JOIN): State.ADMITTED,
        (State.ADMITTED, Event.CLAIM): State.ADMITTED,
        (State.ADMITTED, Event.CHECK_IN): State.ADMITTED,
        (State.ADMITTED, Event.LEAVE): State.FINISHED,
        (State.ADMITTED, Event.RELEASE): State.FINISHED,
        (State.ADMITTED, Event.IDLE_END): State.FINISHED,
        (State.ADMITTED, Event.HARD_END): State.FINISHED,
        (State.LEFT, Event.JOIN): State.WAITING,
        (State.FINISHED, Event.JOIN): State.WAITING,
    }
)


def follow(state: State, event: Event) -> State:
    """
    Return the state after *event*, or raise `TransitionError` and change nothing.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise TransitionError(state, event) from None


def diagram() -> str:
    """
    Return the table as a Mermaid state diagram, for the documentation.
    """
    names: dict[tuple[State, State], list[str]] = {}
    for (before, event), after in TRANSITIONS.items():
        if before is not after:
            names.setdefault((before, after), []).append(event.value)
    lines = [f"    {before} --> {after}: {', '.join(events)}" for (before, after), events in names.items()]
    return "\n".join(["stateDiagram-v2", f"    [*] --> {State.NEW}", *lines])
