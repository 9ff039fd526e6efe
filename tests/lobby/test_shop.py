"""
What gates and operators tell of the shop, and what the room makes of it.
"""

from tests.lobby.clock import timeless
from tests.lobby.house import ROOM, House, house, names
from waiting_room.core.health import BOUNDS_MS, Health
from waiting_room.core.outcomes import Closed, Waiting
from waiting_room.core.phase import Phase
from waiting_room.core.reasons import Reason
from waiting_room.core.shop import ShopWord

DOWN = Health(0, 1000, 50, 50, 5000, 5000, tuple(50 if bound == 100 else 0 for bound in (*BOUNDS_MS, None)))
WELL = DOWN._replace(errors=0)


async def tell(home: House, health: Health, seconds: int) -> None:
    """
    Let a gate report to each worker once a second.
    """
    for _ in range(seconds):
        for worker in home.workers:
            await worker.lobby.report(ROOM, {}, (), shop=ShopWord(health))
        await home.live(1)


@timeless
async def test_a_room_holds_while_the_shop_is_down_and_goes_on_after() -> None:
    """Gates tell both workers; the leader decides, and nobody operates."""
    home = await house(size=2, adaptive=True)
    await tell(home, DOWN, 3)
    held = await home.see()
    await tell(home, WELL, 8)
    after = await home.see()

    assert (held.rate_per_minute, held.shop.adaptation.mode) == (0, "holding")  # type: ignore[union-attr]
    assert after.rate_per_minute > 0


@timeless
async def test_the_next_leader_goes_on_where_the_last_one_stopped() -> None:
    """What the law remembers stands in the store."""
    home = await house(size=2, adaptive=True)
    await tell(home, DOWN, 3)
    before = (await home.see()).shop.adaptation
    del home.workers[0]
    await home.live(4)
    after = await home.see()

    assert before is not None
    assert after.shop.adaptation is not None
    assert after.owner == "worker 1"
    assert after.shop.adaptation.opened_ms == before.opened_ms
    assert after.shop.adaptation.mode is before.mode


@timeless
async def test_an_override_holds_until_it_is_taken_back() -> None:
    """The operator's word, through a worker, within a step."""
    home = await house()
    lobby = home.workers[0].lobby
    await lobby.override(ROOM, 30)
    await home.live(0.5)
    slow = (await home.see()).rate_per_minute
    await lobby.override(ROOM, None)
    await home.live(0.5)

    assert (slow, (await home.see()).rate_per_minute) == (30, 600)


@timeless
async def test_who_waits_is_told_that_all_is_sold() -> None:
    """Closed, with the reason; newcomers hear the same."""
    home = await house()
    (ticket,) = await home.fill(names(1))
    worker = home.workers[0]
    await worker.lobby.report(ROOM, {}, (), shop=ShopWord(sold_out=True))

    assert worker.lobby.status(ROOM, ticket) == Closed(Reason.SOLD_OUT)
    assert await worker.join("late") == (Closed(Reason.SOLD_OUT), None)


@timeless
async def test_a_room_opened_again_is_sold_out_no_more() -> None:
    """Something came back, and the operator says so."""
    home = await house()
    (ticket,) = await home.fill(names(1))
    lobby = home.workers[0].lobby
    await lobby.sell_out(ROOM)
    await lobby.set_phase(ROOM, Phase.OPEN)

    assert isinstance(lobby.status(ROOM, ticket), Waiting)
    assert not lobby.public_state(ROOM)["sold_out"]


@timeless
async def test_no_more_go_in_than_can_buy() -> None:
    """Three units, and ten seats free: the door itself lets in three."""
    home = await house(capacity=10)
    worker = home.workers[0]
    await worker.lobby.report(ROOM, {}, (), shop=ShopWord(stock=3))
    await home.live(1)
    for name in names(6):
        await worker.join(name)
        await home.live(0.5)

    assert (await home.see()).seats == 3


@timeless
async def test_a_report_that_could_not_be_kept_is_told_again() -> None:
    """The store is away: the gate hears that nothing was taken."""
    home = await house()
    worker = home.workers[0]
    worker.line.cut = True

    assert (await worker.lobby.report(ROOM, {}, (), shop=ShopWord(sold_out=True))).degraded
