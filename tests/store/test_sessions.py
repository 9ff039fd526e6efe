"""
Seats while somebody pays, rights to come back, limits that change while people are inside: held against each store.
"""

from dataclasses import replace

import pytest

from tests.store.acts import POLICY, ROOM, call, claim, lose, pass_time, visitors
from tests.store.conftest import AnyStore
from waiting_room.core.phase import Phase
from waiting_room.ports import JoinCode, Stage
from waiting_room.store.redis import RedisStore

CAP_MS, IDLE_MS, SESSION_MS = 60_000, 10_000, 40_000
PAYING = {"standard.1": Stage("payment")}
BASKET = {"standard.1": Stage("basket")}


@pytest.fixture(autouse=True)
async def _room(store: AnyStore) -> None:
    await store.configure(ROOM, replace(POLICY, payment_cap_s=CAP_MS / 1000, return_window_s=30))


async def enter(store: AnyStore, visitor: str = "v1") -> int:
    """
    Let a visitor straight in; return the hard end of the pass.
    """
    reply = (await store.join(ROOM, "standard", [visitor]))[0]
    assert reply.code is JoinCode.STRAIGHT
    return reply.hard_end_ms


async def seats(store: AnyStore) -> int:
    """
    Return how many seats are held.
    """
    return (await store.snapshot(ROOM)).seats


async def test_who_pays_is_held_beyond_idle_and_hard_end_up_to_the_cap(store: AnyStore) -> None:
    """Nothing is heard of them for a minute; at the cap the seat ends."""
    end_ms = await enter(store)
    await store.touch(ROOM, {"standard.1": end_ms}, [], PAYING)
    pass_time(store, CAP_MS - 1)
    assert await seats(store) == 1
    pass_time(store, 1)

    assert await seats(store) == 0


async def test_payment_said_again_keeps_its_beginning(store: AnyStore) -> None:
    """Each page of a payment says so; the cap counts from the first."""
    await enter(store)
    for _ in range(6):
        await store.touch(ROOM, {}, [], PAYING)
        pass_time(store, CAP_MS // 6)

    assert await seats(store) == 0


async def test_payment_shortens_nothing(store: AnyStore) -> None:
    """A cap below the idle time changes nothing for who is in use."""
    await store.configure(ROOM, replace(POLICY, payment_cap_s=10, idle_timeout_s=30))
    await enter(store)
    await store.touch(ROOM, {}, [], PAYING)
    pass_time(store, 29_999)

    assert await seats(store) == 1


async def test_use_without_a_word_does_not_end_the_payment(store: AnyStore) -> None:
    """Another gate that sees a picture of the till page loaded knows of no stage, and changes none."""
    end_ms = await enter(store)
    await store.touch(ROOM, {}, [], PAYING)
    pass_time(store, 1000)
    await store.touch(ROOM, {"standard.1": end_ms}, [])
    pass_time(store, IDLE_MS + 1)

    assert await seats(store) == 1


async def test_basket_ends_the_payment(store: AnyStore) -> None:
    """Back at the basket the visit ends like any other: by being idle, and at its hard end."""
    await enter(store)
    await store.touch(ROOM, {}, [], PAYING)
    await store.touch(ROOM, {}, [], BASKET)
    pass_time(store, IDLE_MS)

    assert await seats(store) == 0


async def test_basket_after_the_hard_end_is_the_end(store: AnyStore) -> None:
    """A visit cannot be prolonged for ever by going to and fro between basket and till."""
    await enter(store)
    pass_time(store, IDLE_MS - 1)
    await store.touch(ROOM, {}, [], PAYING)
    pass_time(store, SESSION_MS)
    await store.touch(ROOM, {}, [], BASKET)
    await store.touch(ROOM, {}, [], PAYING)

    assert await seats(store) == 0


async def test_second_payment_of_a_visit_has_a_cap_of_its_own(store: AnyStore) -> None:
    """The first was broken off; within the visit's own time another begins."""
    await enter(store)
    await store.touch(ROOM, {}, [], PAYING)
    await store.touch(ROOM, {}, [], BASKET)
    pass_time(store, IDLE_MS - 1)
    await store.touch(ROOM, {}, [], PAYING)
    pass_time(store, CAP_MS - 1)

    assert await seats(store) == 1


async def test_release_frees_the_seat_of_who_paid(store: AnyStore) -> None:
    """The order is done; whatever else the report says of that seat."""
    await enter(store)
    await store.touch(ROOM, {}, ["standard.1"], PAYING)

    assert await seats(store) == 0


async def test_stage_of_a_seat_that_is_not_held_gives_none(store: AnyStore) -> None:
    """A late word about a visit that is over revives nothing."""
    await enter(store)
    await store.touch(ROOM, {}, ["standard.1"])
    await store.touch(ROOM, {}, [], PAYING)

    assert await seats(store) == 0


async def test_a_payer_is_put_back_with_the_time_that_is_left(store: AnyStore) -> None:
    """After a loss of state a worker tells since when somebody pays: the cap is no longer for it."""
    end_ms = await enter(store)
    await store.touch(ROOM, {}, [], PAYING)
    began_ms, last = end_ms - SESSION_MS, await store.snapshot(ROOM)
    await lose(store)
    await store.restore(last, {"standard": 1})
    reply = await store.touch(ROOM, {"standard.1": began_ms + CAP_MS}, [], {"standard.1": Stage("payment", began_ms)})
    pass_time(store, CAP_MS - 1)
    assert (reply.gone, await seats(store)) == ((), 1)
    pass_time(store, 1)

    assert await seats(store) == 0


async def test_a_hundred_payers_over_their_hard_end_are_all_kept_up_to_the_cap(store: AnyStore) -> None:
    """And not one of them a moment longer; no seat beyond them is given meanwhile."""
    policy = replace(POLICY, capacity=100, rate_per_minute=60_000, payment_cap_s=CAP_MS / 1000)
    await store.configure(ROOM, policy)
    await store.set_phase(ROOM, Phase.PAUSED)
    await store.join(ROOM, "standard", visitors(101))
    await store.set_phase(ROOM, Phase.OPEN)
    await call(store, 101)
    pass_time(store, 2000)
    names = [f"standard.{rank}" for rank in range(1, 101)]
    for rank in range(1, 101):
        pass_time(store, 1)
        assert await claim(store, rank) == 1
    await store.touch(ROOM, {}, [], dict.fromkeys(names, Stage("payment")))
    held = []
    for _ in range(4):
        pass_time(store, CAP_MS // 4 - 1)
        held.append((await seats(store), await claim(store, 101)))
    pass_time(store, 4)

    assert held == [(100, -2)] * 4
    assert (await seats(store), await claim(store, 101)) == (0, 1)
    assert (await store.snapshot(ROOM)).seats_over == 0


@pytest.mark.parametrize("stage", ["basket", "payment"])
async def test_who_lost_a_seat_with_a_basket_may_come_back_once(store: AnyStore, stage: str) -> None:
    """The right is used by asking; it lasts a minute more for a join that is tried again, and no longer."""
    await enter(store)
    await store.touch(ROOM, {}, [], {"standard.1": Stage(stage)})
    assert await store.come_back(ROOM, ["v1"]) == [False]
    pass_time(store, CAP_MS)
    await seats(store)

    assert await store.come_back(ROOM, ["v1", "v2"]) == [True, False]
    assert await store.come_back(ROOM, ["v1"]) == [True]


async def test_the_right_to_come_back_is_used_within_a_minute(store: AnyStore) -> None:
    """A long window is cut by the first use."""
    await store.configure(ROOM, replace(POLICY, return_window_s=3600))
    await enter(store)
    await store.touch(ROOM, {}, [], BASKET)
    pass_time(store, IDLE_MS)
    await seats(store)
    used = await store.come_back(ROOM, ["v1"])
    pass_time(store, 60_000)

    assert (used, await store.come_back(ROOM, ["v1"])) == ([True], [False])


async def test_the_right_to_come_back_ends_with_its_window(store: AnyStore) -> None:
    """Half a minute in this room."""
    await enter(store)
    await store.touch(ROOM, {}, [], BASKET)
    pass_time(store, IDLE_MS)
    await seats(store)
    pass_time(store, 30_000)

    assert await store.come_back(ROOM, ["v1"]) == [False]


@pytest.mark.parametrize("way", ["no basket", "released", "left", "revoked", "no window"])
async def test_who_ended_otherwise_has_no_right_to_come_back(store: AnyStore, way: str) -> None:
    """Only a seat that ran out with a basket gives one."""
    if way == "no window":
        await store.configure(ROOM, replace(POLICY, return_window_s=0))
    await enter(store)
    if way != "no basket":
        await store.touch(ROOM, {}, [], BASKET)
    if way == "released":
        await store.touch(ROOM, {}, ["standard.1"])
    if way == "left":
        await store.leave(ROOM, "standard", 1, "v1")
    if way == "revoked":
        await store.revoke(ROOM, "standard.1", "", 1000)
    pass_time(store, IDLE_MS)
    await seats(store)

    assert await store.come_back(ROOM, ["v1"]) == [False]


async def test_a_lowered_capacity_puts_nobody_out(store: AnyStore) -> None:
    """Those inside shop on, and are kept in use; nobody new comes in until seats are free."""
    end_ms = await enter(store)
    await store.configure(ROOM, replace(POLICY, capacity=0))
    for _ in range(3):
        pass_time(store, IDLE_MS - 1)
        assert (await store.touch(ROOM, {"standard.1": end_ms}, [])).gone == ()

    assert await seats(store) == 1
    assert (await store.join(ROOM, "standard", ["v2"]))[0].code is JoinCode.NEW


async def test_a_new_idle_time_applies_from_the_next_use(store: AnyStore) -> None:
    """Who was last seen under the old one has the time that was promised then."""
    end_ms = await enter(store)
    await store.configure(ROOM, replace(POLICY, idle_timeout_s=2))
    pass_time(store, IDLE_MS - 1)
    assert await seats(store) == 1
    await store.touch(ROOM, {"standard.1": end_ms}, [])
    pass_time(store, 2000)

    assert await seats(store) == 0


async def test_a_longer_idle_time_applies_from_the_next_use(store: AnyStore) -> None:
    """And helps who is in use."""
    end_ms = await enter(store)
    await store.configure(ROOM, replace(POLICY, idle_timeout_s=30))
    await store.touch(ROOM, {"standard.1": end_ms}, [])
    pass_time(store, 29_999)

    assert await seats(store) == 1


@pytest.mark.parametrize("session_s", [20, 400])
async def test_a_new_longest_session_applies_to_new_passes_only(store: AnyStore, session_s: int) -> None:
    """A pass is a promise with an end: it is neither cut nor prolonged."""
    end_ms = await enter(store)
    await store.configure(ROOM, replace(POLICY, max_session_s=session_s))
    for _ in range(4):
        pass_time(store, IDLE_MS - 1)
        assert (await store.touch(ROOM, {"standard.1": end_ms}, [])).gone == ()
    pass_time(store, 4)
    assert (await store.touch(ROOM, {"standard.1": end_ms}, [])).gone == ("standard.1",)
    later = (await store.join(ROOM, "standard", ["v2"]))[0]

    assert later.hard_end_ms - later.issued_ms == session_s * 1000


async def test_a_new_cap_applies_to_payments_that_last(store: AnyStore) -> None:
    """From the next use on, counted from their beginning: the cap is the shop's protection, not a promise."""
    end_ms = await enter(store)
    await store.touch(ROOM, {}, [], PAYING)
    await store.configure(ROOM, replace(POLICY, payment_cap_s=2 * CAP_MS / 1000))
    await store.touch(ROOM, {"standard.1": end_ms}, [])
    pass_time(store, 2 * CAP_MS - 1)

    assert await seats(store) == 1


async def test_a_gate_cannot_prolong_a_seat(store: AnyStore) -> None:
    """The store's own hard end counts, whatever a report says."""
    await enter(store)
    for _ in range(4):
        pass_time(store, IDLE_MS - 1)
        await store.touch(ROOM, {"standard.1": 2**43}, [])
    pass_time(store, 4)

    assert await seats(store) == 0


async def test_shorter_settings_shorten_no_key_that_is_in_use(redis_store: RedisStore) -> None:
    """
    A key with seats lives as long as the longest of them.

    A lowered max_session_s once let the next admission cut the life of all seats short: Redis dropped them together
    while people were inside, and gave them away a second time.
    """
    await redis_store.configure(ROOM, replace(POLICY, idle_timeout_s=3000, max_session_s=3600, rate_per_minute=60_000))
    await redis_store.join(ROOM, "standard", ["v1"])
    await redis_store.configure(ROOM, replace(POLICY, idle_timeout_s=10, max_session_s=10, rate_per_minute=60_000))
    pass_time(redis_store, 1000)
    assert (await redis_store.join(ROOM, "standard", ["v2"]))[0].code is JoinCode.STRAIGHT
    client = redis_store._connection.client

    for key in ("seats", "holders"):
        assert await client.pttl(f"wr:{{{ROOM}}}:{key}") > 3_600_000


async def test_seats_written_by_an_older_version_are_understood(redis_store: RedisStore) -> None:
    """While the version is changed, workers of both share the holders: an old entry has no stage and no visitor."""
    await redis_store.configure(ROOM, POLICY)
    assert (await redis_store.join(ROOM, "standard", ["v1"]))[0].code is JoinCode.STRAIGHT
    client, now_ms = redis_store._connection.client, redis_store.now_ms
    assert now_ms is not None
    await client.hset(f"wr:{{{ROOM}}}:holders", "standard.1", f"{now_ms}:{now_ms + SESSION_MS}")

    assert (await redis_store.touch(ROOM, {"standard.1": 1}, [], PAYING)).gone == ()
    pass_time(redis_store, SESSION_MS + 1)
    assert await seats(redis_store) == 1
