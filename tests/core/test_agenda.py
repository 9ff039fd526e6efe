"""
What schedule and break ask of a step: each entry once, late where it must be, and never over an operator's word.
"""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waiting_room.core.agenda import NO_RATE, PHASES, Agenda, first_phase, first_rate, orders
from waiting_room.core.calendar import KINDS, Appointment
from waiting_room.core.phase import Phase

T = 1_800_000_000_000
MINUTE = 60_000


def at(minutes: float, do: str, rate: int | None = None) -> Appointment:
    """
    Return an entry some minutes after `T`.
    """
    return Appointment(T + int(minutes * MINUTE), do, rate)


DAY = (at(0, "open", 300), at(10, "rate", 600), at(60, "pause"), at(75, "open"), at(90, "drain"), at(100, "close"))


def asked(minutes: float, since: float, phase: Phase = Phase.OPEN, **more: Any) -> tuple[Phase | None, int]:
    """
    Return phase and rate that are asked for at *minutes*, the schedule having been carried out until *since*.
    """
    agenda = Agenda(scheduled_ms=T + int(since * MINUTE), **more)
    found = orders(agenda, DAY, phase, T + int(minutes * MINUTE))
    return found.phase, found.rate_step


def test_an_entry_is_carried_out_at_its_time() -> None:
    """Not before, at its instant, and not again."""
    assert asked(89.99, 80) == (None, NO_RATE)
    assert asked(90, 89.99) == (Phase.DRAINING, NO_RATE)
    assert asked(90.01, 90) == (None, NO_RATE)


def test_an_opening_can_bring_its_rate() -> None:
    """Phase and rate change in one step."""
    assert asked(0, -1, Phase.CLOSED) == (Phase.OPEN, 300)


def test_what_was_missed_is_carried_out_late_and_in_order() -> None:
    """After an hour and a half without a service the room drains, at the rate of the last step."""
    assert asked(95, -1, Phase.CLOSED) == (Phase.DRAINING, 600)
    assert asked(70, 5) == (Phase.PAUSED, 600)


def test_an_operators_action_stands_until_the_next_entry() -> None:
    """Who opened by hand after the time of an entry is not closed by it, late as it comes; the next one counts."""
    assert asked(101, 95, phase_set_ms=T + 100 * MINUTE + 1) == (None, NO_RATE)
    assert asked(101, 95, phase_set_ms=T + 100 * MINUTE - 1) == (Phase.CLOSED, NO_RATE)
    assert asked(11, 5, rate_set_ms=T + 10 * MINUTE + 1) == (None, NO_RATE)


def test_an_entry_of_the_moment_of_an_operators_action_is_over() -> None:
    """What was done by hand in the same millisecond stands."""
    assert asked(100, 95, phase_set_ms=T + 100 * MINUTE) == (None, NO_RATE)
    assert asked(10, 5, rate_set_ms=T + 10 * MINUTE) == (None, NO_RATE)


@pytest.mark.parametrize(
    ("minutes", "phase", "ordered", "resume_at_ms"),
    [
        (5, Phase.OPEN, None, 0),
        (75, Phase.OPEN, None, 0),
        (0, Phase.CLOSED, Phase.OPEN, 0),
        (90, Phase.OPEN, Phase.DRAINING, 0),
    ],
)
def test_only_what_changes_is_ordered_and_only_a_pause_has_an_end(
    minutes: int, phase: Phase, ordered: Phase | None, resume_at_ms: int
) -> None:
    """An opening leads to no other opening, though one is planned."""
    found = orders(Agenda(scheduled_ms=T + minutes * MINUTE - 1), DAY, phase, T + minutes * MINUTE)

    assert (found.phase, found.resume_at_ms) == (ordered, resume_at_ms)


def test_a_planned_pause_that_nothing_follows_has_no_end() -> None:
    """Nobody knows when it goes on."""
    found = orders(Agenda(scheduled_ms=T), (at(1, "pause"),), Phase.OPEN, T + MINUTE)

    assert (found.phase, found.resume_at_ms) == (Phase.PAUSED, 0)


def test_a_pause_without_words_has_none() -> None:
    """Those of the last one are gone."""
    assert Agenda(notice="back soon").changed(Phase.OPEN, Phase.PAUSED, T, 1000).notice == ""


def test_a_rate_step_stays_when_the_phase_is_set_by_hand() -> None:
    """They are two things."""
    assert asked(11, 5, phase_set_ms=T + 11 * MINUTE) == (None, 600)


def test_a_planned_pause_ends_at_the_next_opening() -> None:
    """So that visitors can be told when."""
    found = orders(Agenda(scheduled_ms=T + 59 * MINUTE), DAY, Phase.OPEN, T + 60 * MINUTE)

    assert (found.phase, found.resume_at_ms) == (Phase.PAUSED, T + 75 * MINUTE)


@pytest.mark.parametrize("before", [Phase.OPEN, Phase.DRAINING])
def test_a_break_ends_by_itself_with_the_phase_before_it(before: Phase) -> None:
    """A room that was draining goes on draining."""
    agenda = Agenda(scheduled_ms=T, resume_at_ms=T + 5, resume_to=before)

    assert orders(agenda, (), Phase.PAUSED, T + 4).phase is None
    assert orders(agenda, (), Phase.PAUSED, T + 5).phase is before


def test_a_pause_without_an_end_does_not_end() -> None:
    """Somebody must resume."""
    assert orders(Agenda(scheduled_ms=T), (), Phase.PAUSED, T + 10**9).phase is None


def test_a_room_of_an_older_version_begins_from_now() -> None:
    """It has carried out nothing, and last year's entries are not for today."""
    found = orders(Agenda(), DAY, Phase.OPEN, T + 200 * MINUTE)

    assert (found.phase, found.done, found.scheduled_ms) == (None, (), T + 200 * MINUTE)


@pytest.mark.parametrize(
    ("minutes", "phase", "rate"),
    [(-1, Phase.CLOSED, NO_RATE), (0, Phase.OPEN, 300), (20, Phase.OPEN, 600), (99, Phase.DRAINING, 600)],
)
def test_a_new_room_begins_as_its_schedule_says(minutes: int, phase: Phase, rate: int) -> None:
    """Closed before the first opening; in the middle of the day as if it had been there from the start."""
    assert (first_phase(DAY, T + minutes * MINUTE), first_rate(DAY, T + minutes * MINUTE)) == (phase, rate)


def test_a_new_room_without_a_plan_is_open() -> None:
    """And one whose first entry is an end is open until then."""
    assert first_phase((), T) is Phase.OPEN
    assert first_phase((at(5, "close"),), T) is Phase.OPEN


def test_every_kind_of_entry_has_a_phase_but_the_rate() -> None:
    """A kind that the calendar takes is one that can be carried out."""
    assert set(PHASES) == set(KINDS) - {"rate"}


ENTRIES = st.lists(
    st.tuples(st.integers(0, 10_000), st.sampled_from(KINDS), st.integers(0, 900)),
    max_size=10,
    unique_by=lambda entry: entry[0],
).map(
    lambda found: tuple(Appointment(T + at_ms, do, rate if do == "rate" else None) for at_ms, do, rate in sorted(found))
)


@given(ENTRIES, st.lists(st.integers(1, 10_000), max_size=12), st.sampled_from(Phase))
def test_the_end_is_the_same_however_often_one_looks(
    planned: tuple[Appointment, ...], looks: list[int], begun: Phase
) -> None:
    """One look in the end leads to the phase and the rate that looks at every moment lead to, without breaks."""
    plain = tuple(entry for entry in planned if entry.do not in {"pause", "prequeue"})
    handed: list[Appointment] = []
    phase, agenda = begun, Agenda(scheduled_ms=T - 1)
    for _, now in pairwise([0, *sorted(looks), 10_000]):
        found = orders(agenda, plain, phase, T + now)
        phase, agenda = found.phase or phase, Agenda(scheduled_ms=found.scheduled_ms, rate_step=found.rate_step)
        handed += found.done
    once = orders(Agenda(scheduled_ms=T - 1), plain, begun, T + 10_000)

    assert (phase, agenda.rate_step, tuple(handed)) == (once.phase or begun, once.rate_step, plain)


def test_a_break_stops_the_idle_clock_until_every_seat_has_had_its_idle_time_after_it() -> None:
    """The clock stands at the beginning of the break, and goes on once the visitors had five minutes to come back."""
    begun = Agenda().changed(Phase.OPEN, Phase.PAUSED, T, 5 * MINUTE, resume_at_ms=T + 15 * MINUTE, notice="Back soon")
    over = begun.changed(Phase.PAUSED, Phase.OPEN, T + 15 * MINUTE, 5 * MINUTE)

    assert (begun.resume_at_ms, begun.notice, begun.resume_to) == (T + 15 * MINUTE, "Back soon", Phase.OPEN)
    assert [begun.idle_clock_ms(T + minutes * MINUTE) for minutes in (-1, 0, 1, 600)] == [T - MINUTE, T, T, T]
    assert (over.resume_at_ms, over.notice, over.rest_until_ms) == (0, "", T + 20 * MINUTE)
    assert over.idle_clock_ms(T + 20 * MINUTE - 1) == T
    assert over.idle_clock_ms(T + 20 * MINUTE) == T + 20 * MINUTE


def test_a_pause_without_an_end_leaves_the_idle_clock_going() -> None:
    """Nobody knows how long seats would be kept."""
    paused = Agenda().changed(Phase.OPEN, Phase.PAUSED, T, MINUTE, notice="Something is wrong")

    assert (paused.notice, paused.resume_at_ms, paused.rest_until_ms) == ("Something is wrong", 0, 0)
    assert paused.idle_clock_ms(T + 5) == T + 5


def test_a_break_that_is_prolonged_goes_on_as_it_began() -> None:
    """The clock still stands at its first minute, and the phase to go back to is the one before it."""
    begun = Agenda().changed(Phase.DRAINING, Phase.PAUSED, T, MINUTE, resume_at_ms=T + 10 * MINUTE)
    longer = begun.changed(Phase.PAUSED, Phase.PAUSED, T + MINUTE, MINUTE, resume_at_ms=T + 30 * MINUTE)

    assert (longer.resume_at_ms, longer.resume_to) == (T + 30 * MINUTE, Phase.DRAINING)
    assert longer.idle_clock_ms(T + 20 * MINUTE) == T


def test_a_second_break_counts_from_the_rest_of_the_first_one() -> None:
    """Seats that still rest from the first go on resting; after that a break rests from its own beginning."""
    first = Agenda().changed(Phase.OPEN, Phase.PAUSED, T, 5 * MINUTE, resume_at_ms=T + MINUTE)
    over = first.changed(Phase.PAUSED, Phase.OPEN, T + MINUTE, 5 * MINUTE)
    soon = over.changed(Phase.OPEN, Phase.PAUSED, T + 3 * MINUTE, 5 * MINUTE, resume_at_ms=T + 9 * MINUTE)
    late = over.changed(Phase.OPEN, Phase.PAUSED, T + 6 * MINUTE, 5 * MINUTE, resume_at_ms=T + 9 * MINUTE)

    assert soon.idle_clock_ms(T + 7 * MINUTE) == T
    assert late.idle_clock_ms(T + 7 * MINUTE) == T + 6 * MINUTE


def test_a_closed_room_that_is_paused_opens_after_it() -> None:
    """Who plans a break of a closed room wants it open then; a room that never rested has no rest to begin."""
    paused = Agenda().changed(Phase.CLOSED, Phase.PAUSED, T, MINUTE, resume_at_ms=T + MINUTE)
    opened = Agenda(rest_until_ms=T - 1).changed(Phase.CLOSED, Phase.OPEN, T, MINUTE)

    assert paused.resume_to is Phase.OPEN
    assert opened.rest_until_ms == T - 1


def test_a_new_room_begins_with_the_last_entry_that_has_passed() -> None:
    """Rates that were set before it count too, and the instant of an entry belongs to it."""
    assert [first_phase(DAY, T + int(minutes * MINUTE)) for minutes in (-0.001, 0, 59, 60, 90, 100)] == [
        Phase.CLOSED, Phase.OPEN, Phase.OPEN, Phase.PAUSED, Phase.DRAINING, Phase.CLOSED,
    ]  # fmt: skip
    assert [first_rate(DAY, T + int(minutes * MINUTE)) for minutes in (-1, 0, 9, 10, 80)] == [
        NO_RATE, 300, 300, 600, 600,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("planned", "phase"),
    [
        ((at(5, "prequeue"),), Phase.CLOSED),
        ((at(5, "open"),), Phase.CLOSED),
        ((at(5, "rate", 60), at(6, "open")), Phase.CLOSED),
        ((at(5, "pause"), at(6, "open")), Phase.OPEN),
        ((at(-5, "rate", 60),), Phase.OPEN),
    ],
)
def test_before_its_first_entry_a_room_is_closed_where_that_opens_it(
    planned: tuple[Appointment, ...], phase: Phase
) -> None:
    """Else it is open; a rate is no phase."""
    assert first_phase(planned, T) is phase
