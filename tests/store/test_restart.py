"""
A real server that is killed and comes back empty while one worker remembers and another starts.
"""

import asyncio
import time

import pytest

from tests.store.acts import POLICY, ROOM, visitors
from tests.waiting import wait_until
from waiting_room.app import end
from waiting_room.controller import Controller
from waiting_room.core import plan
from waiting_room.core.phase import Phase
from waiting_room.core.plan import MARK_STEP
from waiting_room.errors import StoreEmptyError
from waiting_room.lobby import Lobby
from waiting_room.patience import patiently
from waiting_room.ports import JoinCode
from waiting_room.store.connection import Connection
from waiting_room.store.embedded import EmbeddedValkey
from waiting_room.store.redis import RedisStore


def worker(url: str, name: str) -> tuple[Lobby, Controller]:
    """
    Return a worker's lobby and controller.
    """
    lobby = Lobby(RedisStore(Connection(url, time_out_s=10)), lambda: time.time_ns() // 1_000_000)
    return lobby, Controller(lobby, name, {ROOM: POLICY})


async def test_a_worker_that_starts_on_an_emptied_server_makes_no_room_of_its_own(
    valkey_of_its_own: EmbeddedValkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    It asks before anybody else has come back, and is sent away until the one that remembers has put the room back.
    """
    # However late the one that remembers is: a room that was missed for this long is made anew.
    monkeypatch.setattr(plan, "PATIENCE_MS", 60_000)
    (old, keeps), (new, starts) = (worker(valkey_of_its_own.url, name) for name in ("old", "new"))
    await keeps.open_rooms()
    await old.set_phase(ROOM, Phase.PAUSED)
    await old.store.join(ROOM, "standard", visitors(5))
    await keeps.step()
    valkey_of_its_own.kill()
    await asyncio.to_thread(valkey_of_its_own.restart)
    with pytest.raises(StoreEmptyError):
        await starts.open_rooms()
    opening = asyncio.create_task(patiently(starts.open_rooms))
    keeping = asyncio.create_task(keeps.run())
    await opening
    await wait_until(lambda: old.known[ROOM].view.snapshot.epoch == 2, what="the room to be put back")
    await end([keeping])
    seen = new.known[ROOM].view.snapshot
    joined = (await new.store.join(ROOM, "standard", ["v6"]))[0]
    for lobby in (old, new):
        await lobby.store.close()

    assert (seen.phase, seen.epoch, seen.waiting, seen.standard.issued) == (Phase.PAUSED, 2, 5, MARK_STEP)
    # On a busy machine the room has recovered by now, and goes on above the mark.
    assert joined.code is JoinCode.RECOVERING or joined.number > MARK_STEP
