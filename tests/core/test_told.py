"""
What is told of a room as plain values: every key with its value, for others read them.
"""

from dataclasses import replace

from tests.core.makings import NOW_MS, POLICY, lane, lanes
from waiting_room.core.agenda import Agenda
from waiting_room.core.audit import Head
from waiting_room.core.draw import commitment
from waiting_room.core.phase import Phase
from waiting_room.core.prequeue import Drawn, Promise
from waiting_room.core.shadow import Shadow
from waiting_room.core.shop import Shop
from waiting_room.core.snapshot import Snapshot
from waiting_room.core.told import admin_state, public_state

SEED, LATER = "5" * 64, "6" * 64
HELD = Drawn(1, NOW_MS - 5000, SEED, "drand 7", "abc", (("standard", 1, 4),))
ROOM: Snapshot = replace(
    lanes(
        replace(POLICY, message="Two per customer"),
        standard=lane(range(5, 8), frontier=5, credit=0.12345),
        vip=lane(range(2, 4), frontier=2, high_water=70_000),
    ),
    rate_per_minute=480,
    seats=42,
    seats_peak=77,
    admitted=1234,
    expected=2.34567,
    no_show=0.123456,
    leaving_per_s=0.00123456,
    epoch=3,
    owner="w1",
    head=Head(9, "ab" * 32, NOW_MS - 500),
    promise=Promise(LATER),
    draws=(HELD,),
    shop=Shop(override=480, stock=50, sold_out=True),
)
PUBLIC = {
    "room": "toys",
    "phase": "open",
    "mode": "queue",
    "rate_per_minute": 600,
    "capacity": 50,
    "seats": 42,
    "frontier": 5,
    "issued": 7,
    "waiting": 5,
    "lanes": {
        "standard": {"waiting": 3, "frontier": 5, "issued": 7},
        "vip": {"waiting": 2, "frontier": 2, "issued": 3},
    },
    "admitted_total": 1234,
    "sold_out": True,
    "message": "Two per customer",
    "opens_in_s": None,
    "resumes_in_s": None,
    "audit_head": f"9:{'ab' * 32}",
    "draws": [
        {
            "commitment": commitment(SEED),
            "beacon_source": "drand 7",
            "drawn_at_ms": NOW_MS - 5000,
            "seed": SEED,
            "beacon": "abc",
            "lanes": {"standard": {"first": 1, "size": 4}},
        },
        {
            "commitment": commitment(LATER),
            "beacon_source": None,
            "drawn_at_ms": None,
            "seed": None,
            "beacon": None,
            "lanes": None,
        },
    ],
    "as_of_ms": NOW_MS,
}


def test_all_that_anybody_may_know() -> None:
    """Figures of the room, the log's head, and of a draw to come the commitment alone."""
    assert public_state(ROOM) == PUBLIC


def test_all_that_an_operator_may_know_beside_that() -> None:
    """The settings, what was measured, and what the shop has told."""
    told = admin_state(ROOM)

    assert {name: told[name] for name in PUBLIC} == PUBLIC
    assert {name: value for name, value in told.items() if name not in PUBLIC} == {
        "policy": ROOM.policy.as_dict(),
        "seats_peak": 77,
        "expected": 2.346,
        "no_show": 0.1235,
        "leaving_per_s": 0.001235,
        "version": 7,
        "epoch": 3,
        "recovering": False,
        "rate_in_force": 480,
        "shop": {
            "mode": "overridden",
            "override": 480,
            "limit": 50,
            "p95_ms": None,
            "error_share": None,
            "stock": 50,
            "sold_out": True,
        },
        "high_water": {"standard": 50_000, "vip": 70_000},
        "owed_calls": {"standard": 0.123, "vip": 0.0},
        "owner": "w1",
        "crowded": False,
        "shadow": None,
    }


def test_what_is_to_come_is_told_in_seconds() -> None:
    """A break that lasts for another minute and a half, and an opening in a second and a half."""
    paused = replace(ROOM, phase=Phase.PAUSED, agenda=Agenda(resume_at_ms=NOW_MS + 90_000))
    early = lanes(POLICY, standard=lane([1], early_from=1))
    gathering = replace(early, phase=Phase.PREQUEUE, opens_at_ms=NOW_MS + 1500)

    assert public_state(paused)["resumes_in_s"] == 90.0
    assert public_state(gathering)["opens_in_s"] == 1.5


def test_a_crowded_room_and_one_that_recovers_are_told_as_such() -> None:
    """To operators only."""
    told = admin_state(replace(ROOM, crowded_ms=1, recover_until_ms=NOW_MS + 1))

    assert (told["crowded"], told["recovering"]) == (True, True)


def test_an_operator_is_told_what_the_shadow_found() -> None:
    """In a room that watches."""
    found = Shadow(NOW_MS, NOW_MS, 5, 5, 5.0)

    assert admin_state(replace(ROOM, shadow=found))["shadow"] == found.as_dict()
