"""
A room's settings: one way in, all faults at once.
"""

from dataclasses import fields, replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waiting_room.core import policy as settings
from waiting_room.core.calendar import Entry
from waiting_room.core.names import RESERVED_NAMES, name_faults
from waiting_room.core.policy import OUTAGE_RULES, Policy
from waiting_room.errors import Fault, PolicyError

NUMBERS = [entry for entry in fields(Policy) if "low" in entry.metadata]
FITTING = {"poll_max_s": 600, "max_session_s": 604_800, "claim_window_s": 300, "poll_min_s": 0.2, "idle_timeout_s": 1}
"""Settings that contradict none of the ends of the others' ranges."""


def faults_of(values: dict[str, Any], where: str = "rooms.toys") -> tuple[Fault, ...]:
    """
    Return all faults of *values*.
    """
    with pytest.raises(PolicyError) as caught:
        Policy.parse(values, where)
    return caught.value.faults


def test_nothing_said_is_the_default() -> None:
    """Every setting has a default, and the defaults are in order."""
    assert Policy.parse({}) == Policy()
    assert Policy().contradictions("room") == []


def test_all_faults_come_at_once() -> None:
    """Unknown names, wrong types and values out of range, each with its place."""
    found = faults_of({
        "capasity": 5,
        "rate_per_minute": "fast",
        "idle_timeout_s": -1,
        "poll_budget_per_s": 1.5,
        "on_redis_outage": "pray",
        "target": 7,
        "allowed_hosts": "shop.example",
        "message": None,
    })  # fmt: skip

    assert sorted(fault.where for fault in found) == sorted(
        f"rooms.toys.{name}"
        for name in (
            "capasity",
            "rate_per_minute",
            "idle_timeout_s",
            "poll_budget_per_s",
            "on_redis_outage",
            "target",
            "allowed_hosts",
            "message",
        )
    )
    assert all(fault.what and fault.remedy for fault in found)


def test_all_contradictions_come_at_once() -> None:
    """What no single field shows is found as well."""
    found = faults_of({"poll_min_s": 30, "poll_max_s": 5, "idle_timeout_s": 900, "max_session_s": 60})

    assert [fault.where.rpartition(".")[2] for fault in found] == ["poll_min_s", "idle_timeout_s"]
    assert faults_of({"claim_window_s": 3, "poll_min_s": 2})[0].where == "rooms.toys.claim_window_s"


@pytest.mark.parametrize(
    "values",
    [
        {"poll_min_s": 5, "poll_max_s": 5},
        {"idle_timeout_s": 60, "max_session_s": 60},
        {"claim_window_s": 4, "poll_min_s": 2},
        {"rate_floor_per_minute": 60, "rate_per_minute": 60, "adaptive": True},
        {"rate_floor_per_minute": 61, "rate_per_minute": 60},
    ],
)
def test_what_is_equal_or_of_no_use_is_no_contradiction(values: dict[str, Any]) -> None:
    """A floor counts only where the rate adapts or warms up."""
    assert Policy.parse(values) == Policy(**values)


def test_a_setting_bears_its_range_unit_and_help() -> None:
    """The reference of the configuration is made of them."""
    made = settings._setting(5, 0, 10, "seats", "how many")

    assert made.default == 5
    assert dict(made.metadata) == {"low": 0, "high": 10, "unit": "seats", "help": "how many"}


def test_a_whole_number_is_kept_as_one() -> None:
    """However it was written."""
    assert type(Policy.parse({"capacity": 5.0}).capacity) is int
    assert type(Policy.parse({"warm_up_s": 5}).warm_up_s) is float


@pytest.mark.parametrize(("factor", "stock", "seats"), [(1.0, 1000, 1000), (1.5, 7, 10), (0.001, 999, 0)])
def test_the_seats_for_a_stock_are_whole(factor: float, stock: int, seats: int) -> None:
    """Half a seat is none."""
    found = Policy(capacity=10_000, stock_factor=factor).seats_for(stock)

    assert (found, type(found)) == (seats, int)


@pytest.mark.parametrize(
    ("written", "meant"), [("capasity", "capacity"), ("rate_per_min", "rate_per_minute"), ("poll_min", "poll_min_s")]
)
def test_a_slip_of_the_pen_is_recognised(written: str, meant: str) -> None:
    """Near misses are told what was meant."""
    assert faults_of({written: 5})[0].remedy == f"did you mean {meant}?"


def test_a_name_like_no_other_is_told_all_names() -> None:
    """Where nothing is near, everything is listed."""
    assert "capacity" in faults_of({"xyz": 5})[0].remedy


@pytest.mark.parametrize("entry", NUMBERS, ids=lambda entry: entry.name)
def test_the_ends_of_a_range_are_in_it(entry: Any) -> None:
    """And one step outside is out, at both ends."""
    step = 1 if entry.type is int else 0.01
    low, high = entry.metadata["low"], entry.metadata["high"]
    for value in (low, high):
        values = {**FITTING, entry.name: value}
        if entry.name == "poll_min_s":
            values |= {"poll_max_s": 600, "claim_window_s": 300}
        if entry.name == "idle_timeout_s":
            values |= {"max_session_s": 604_800}
        assert getattr(Policy.parse(values), entry.name) == value
    for value in (low - step, high + step):
        found = faults_of({entry.name: value})
        assert [fault.where for fault in found] == [f"rooms.toys.{entry.name}"]
        assert "out of range" in found[0].what


@pytest.mark.parametrize(
    "value", [True, None, "5", [5], {}, float("nan"), float("inf"), float("-inf"), 10**400, -(10**400)]
)
@pytest.mark.parametrize("entry", NUMBERS, ids=lambda entry: entry.name)
def test_what_is_no_number_is_a_fault(entry: Any, value: object) -> None:
    """TOML and JSON both know values that no setting can be; none of them is a crash."""
    assert [fault.where for fault in faults_of({entry.name: value})] == [f"rooms.toys.{entry.name}"]


@pytest.mark.parametrize("name", ["target", "message"])
def test_half_a_character_is_no_text(name: str) -> None:
    r"""JSON can say ``"\ud800"``; a message that no encoding takes would break the answer to every poll."""
    assert [fault.where for fault in faults_of({name: "sale \ud800"})] == [f"rooms.toys.{name}"]


@pytest.mark.parametrize("hosts", ["shop.example", [""], [5], {"shop.example": 1}, [["a"]]])
def test_hosts_are_a_list_of_texts(hosts: object) -> None:
    """A single text is no list, although Python would take its letters."""
    assert faults_of({"allowed_hosts": hosts})[0].where == "rooms.toys.allowed_hosts"


def test_hosts_are_kept_in_lower_case() -> None:
    """As browsers send them."""
    assert Policy.parse({"allowed_hosts": ["Shop.Example"]}).allowed_hosts == ("shop.example",)


POLICIES = st.builds(
    Policy,
    capacity=st.integers(0, 10_000_000),
    rate_per_minute=st.integers(0, 6_000_000),
    idle_timeout_s=st.floats(1, 10),
    max_session_s=st.floats(10, 604_800),
    claim_window_s=st.floats(20, 300),
    poll_min_s=st.floats(0.2, 10),
    poll_max_s=st.floats(10, 600),
    poll_budget_per_s=st.integers(0, 1_000_000),
    on_redis_outage=st.sampled_from(OUTAGE_RULES),
    target=st.text(max_size=40),
    allowed_hosts=st.lists(st.text(min_size=1, max_size=20).map(str.lower)).map(tuple),
    message=st.text(max_size=40),
    timezone=st.sampled_from(["UTC", "Europe/Warsaw"]),
    schedule=st.lists(st.dates(date(2026, 1, 1), date(2030, 1, 1)), unique=True, max_size=4).map(
        lambda days: tuple(Entry(f"{day} 09:00", "rate", day.day) for day in sorted(days))
    ),
)


@given(POLICIES)
def test_what_is_written_is_read_again(policy: Policy) -> None:
    """Settings go to the store and come back as they were."""
    assert replace(Policy.parse(policy.as_dict()), allowed_hosts=()) == replace(policy, allowed_hosts=())


@given(POLICIES)
def test_equal_settings_are_equal_texts(policy: Policy) -> None:
    """So that a policy's text can be compared."""
    assert policy.to_json() == replace(policy).to_json()


@pytest.mark.parametrize("name", ["a", "spring-sale", "0", "a" * 63, "x-1"])
def test_a_good_name_has_no_fault(name: str) -> None:
    """Letters, digits and hyphens within."""
    assert name_faults(name) == ()


@pytest.mark.parametrize(
    "name",
    ["", "-a", "a-", "A", "a" * 64, "a b", "a/b", "a_b", "ż", "a\n", "a.b", "{a}", *sorted(RESERVED_NAMES)],
)
def test_a_bad_name_is_told_its_place(name: str) -> None:
    """It stands in addresses, cookies, keys and metrics."""
    assert [fault.where for fault in name_faults(name, "rooms")] == ["rooms"]


def test_only_what_was_changed_is_written() -> None:
    """As compact JSON, by name: an older worker goes on reading it."""
    changed = Policy(capacity=7, rate_per_minute=60, message="ż", allowed_hosts=("a.example",))

    assert Policy().to_json() == "{}"
    assert changed.to_json() == (
        '{"allowed_hosts":["a.example"],"capacity":7,"message":"\\u017c","rate_per_minute":60}'
    )


@pytest.mark.parametrize(
    ("policy", "polls"),
    [
        (Policy(poll_budget_per_s=7, rate_per_minute=600), 7),
        (Policy(rate_per_minute=0), 2000),
        (Policy(rate_per_minute=4000), 2000),
        (Policy(rate_per_minute=4002), 2001),
        (Policy(rate_per_minute=60_000), 30_000),
        (Policy(rate_per_minute=60, schedule=(Entry("2026-11-27 09:00", "rate", 60_000),)), 30_000),
        (Policy(rate_per_minute=60, schedule=(Entry("2026-11-27 09:00", "open"),)), 2000),
    ],
)
def test_who_sets_no_poll_budget_has_what_the_highest_rate_needs(policy: Policy, polls: float) -> None:
    """Two thousand at least, and thirty for each admission a second, now or by the schedule."""
    assert policy.polls_per_s == polls
