"""
Which joins are remembered: held against each store.
"""

import pytest

from tests.store.acts import POLICY, ROOM
from tests.store.conftest import AnyStore
from waiting_room.core.phase import Phase


@pytest.fixture(autouse=True)
async def _room(store: AnyStore) -> None:
    await store.configure(ROOM, POLICY)


async def remembered(store: AnyStore, *visitors: str) -> list[bool]:
    """
    Tell who of *visitors* would get what their last join gave.
    """
    return await store.remembers(ROOM, "standard", visitors)


async def test_a_place_is_remembered_and_nobody_elses(store: AnyStore) -> None:
    """As a join that is sent again finds it."""
    await store.set_phase(ROOM, Phase.PAUSED)
    await store.join(ROOM, "standard", ["v1"])

    assert await remembered(store, "v1", "v2") == [True, False]


async def test_a_seat_is_remembered_until_it_is_given_back(store: AnyStore) -> None:
    """Of two who went straight in, the one who is still inside."""
    await store.join(ROOM, "standard", ["v1", "v2"])
    await store.touch(ROOM, {}, ["standard.1"])

    assert await remembered(store, "v1", "v2") == [False, True]
