"""
Invitations that are used and people who are turned away: held against each store.
"""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.store.acts import POLICY, ROOM, pass_time, visitors
from tests.store.conftest import START_MS, AnyStore
from waiting_room.core.revoked import MOST_REVOKED, Revoked
from waiting_room.errors import RevokedFullError, StoreEmptyError
from waiting_room.ports import RedeemCode, Redemption
from waiting_room.store.memory import MemoryStore

EXPIRES_MS = START_MS + 60_000


@pytest.fixture(autouse=True)
async def _room(store: AnyStore) -> None:
    await store.configure(ROOM, POLICY)


async def redeem(store: AnyStore, visitor: str, uses: int = 1, invitation: str = "x") -> RedeemCode:
    """
    Use an invitation.
    """
    return (await store.redeem(ROOM, [Redemption(invitation, uses, EXPIRES_MS, visitor)]))[0]


async def test_an_invitation_is_used_as_often_as_it_is_for(store: AnyStore) -> None:
    """Two uses, three visitors."""
    codes = [await redeem(store, visitor, uses=2) for visitor in visitors(3)]

    assert codes == [RedeemCode.NEW, RedeemCode.NEW, RedeemCode.USED]


async def test_the_same_visitor_again_is_the_same_use(store: AnyStore) -> None:
    """A join that is tried again costs nothing, also when the invitation is used up."""
    codes = [await redeem(store, visitor) for visitor in ("v1", "v1", "v2", "v1")]

    assert codes == [RedeemCode.NEW, RedeemCode.SAME, RedeemCode.USED, RedeemCode.SAME]


async def test_invitations_are_counted_apart(store: AnyStore) -> None:
    """Each by its id."""
    assert await redeem(store, "v1", invitation="x") is RedeemCode.NEW
    assert await redeem(store, "v2", invitation="y") is RedeemCode.NEW


async def test_an_invitation_is_over_at_its_end(store: AnyStore) -> None:
    """By the store's clock, for those as well who used it before."""
    pass_time(store, 59_999)
    assert await redeem(store, "v1") is RedeemCode.NEW
    pass_time(store, 1)

    assert await redeem(store, "v1") is RedeemCode.EXPIRED


@pytest.mark.parametrize("uses", [1, 7])
async def test_fifty_at_once_are_as_many_as_it_is_for(store: AnyStore, uses: int) -> None:
    """Fifty visitors use one invitation at the same moment, each twice, through two workers."""
    asked = [Redemption("x", uses, EXPIRES_MS, visitor) for visitor in visitors(50) * 2]
    batches = await asyncio.gather(*(store.redeem(ROOM, asked[at::2]) for at in (0, 1)))
    codes = [code for batch in batches for code in batch]

    assert codes.count(RedeemCode.NEW) == codes.count(RedeemCode.SAME) == uses
    assert codes.count(RedeemCode.USED) == 100 - 2 * uses


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("uvwxyz"))), st.integers(0, 4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_order_of_uses_admits_more_visitors(story: list[tuple[str, str]], uses: int) -> None:
    """Whoever asks for whatever, as often as they like: each invitation has at most its uses, the first who came."""

    async def play() -> None:
        store = MemoryStore(START_MS)
        await store.configure(ROOM, POLICY)
        let_in: dict[str, list[str]] = {}
        for invitation, visitor in story:
            code = await redeem(store, visitor, uses, invitation)
            who = let_in.setdefault(invitation, [])
            if code is RedeemCode.NEW:
                who.append(visitor)
            assert (code is RedeemCode.USED) == (visitor not in who)
        assert all(len(who) == len(set(who)) <= uses for who in let_in.values())

    asyncio.run(play())


async def test_a_revoked_seat_is_free_and_on_the_list(store: AnyStore) -> None:
    """Until its time is over."""
    await store.join(ROOM, "standard", ["v1"])

    assert await store.revoke(ROOM, "standard.1", "", 5000) == 1
    assert (await store.snapshot(ROOM)).seats == 0
    assert await store.revoked(ROOM) == Revoked("1.1", {"standard.1": START_MS + 5000})
    pass_time(store, 5000)
    assert not await store.revoked(ROOM)


async def test_a_revoked_visitor_s_seats_are_free(store: AnyStore) -> None:
    """All of them, and nobody else's."""
    await store.join(ROOM, "standard", ["v1"])
    pass_time(store, 1000)
    await store.join(ROOM, "standard", ["v2"])

    assert await store.revoke(ROOM, "", "v1", 5000) == 1
    assert (await store.snapshot(ROOM)).seats == 1
    assert (await store.touch(ROOM, {"standard.1": 2**43, "standard.2": 2**43}, [])).gone == ("standard.1",)
    assert (await store.revoked(ROOM)).visitors == {"v1": START_MS + 6000}


async def test_revoking_twice_is_revoking_once_more(store: AnyStore) -> None:
    """A command that is tried again does no harm; the later end counts."""
    await store.revoke(ROOM, "", "v1", 5000)
    await store.revoke(ROOM, "", "v1", 9000)

    assert await store.revoked(ROOM) == Revoked("1.2", {}, {"v1": START_MS + 9000})


async def test_for_no_time_at_all_takes_it_back(store: AnyStore) -> None:
    """And changes the version, so that every gate hears of it."""
    await store.revoke(ROOM, "", "v1", 5000)

    assert await store.revoke(ROOM, "", "v1", 0) == 0
    assert await store.revoke(ROOM, "standard.9", "", 0) == 0
    assert await store.revoked(ROOM) == Revoked("1.2")


async def test_every_report_tells_the_version_of_the_list(store: AnyStore) -> None:
    """The snapshot's is the same: a gate and a worker see from a number whether they must ask."""
    before = await store.touch(ROOM, {}, [])
    await store.revoke(ROOM, "", "v1", 5000)
    after = await store.touch(ROOM, {}, [])

    assert (before.revoked_version, after.revoked_version) == ("1.0", "1.1")
    assert (await store.snapshot(ROOM)).revoked_version == (await store.revoked(ROOM)).version == "1.1"


async def test_the_list_is_bounded_and_says_so(store: AnyStore) -> None:
    """A full list refuses, and loses nobody who is on it; who is on it may be prolonged."""
    for number in range(MOST_REVOKED):
        await store.revoke(ROOM, "", f"v{number}", 60_000)
    with pytest.raises(RevokedFullError, match="1,000 seats and visitors"):
        await store.revoke(ROOM, "", "late", 60_000)
    await store.revoke(ROOM, "", "v0", 90_000)

    assert len((await store.revoked(ROOM)).visitors) == MOST_REVOKED


async def test_a_lost_room_says_so(store: AnyStore) -> None:
    """None of the verbs makes half a room."""
    for verb in (
        store.redeem("lost", [Redemption("x", 1, EXPIRES_MS, "v1")]),
        store.revoke("lost", "", "v1", 1000),
        store.revoked("lost"),
        store.come_back("lost", ["v1"]),
    ):
        with pytest.raises(StoreEmptyError):
            await verb
