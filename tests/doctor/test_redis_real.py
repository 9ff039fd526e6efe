"""
The doctor at a real Valkey: well kept, badly kept, and one that does not tell everything.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.doctor.makings import lasting
from tests.waiting import refusing
from waiting_room.core.policy import Policy
from waiting_room.doctor.consultation import Consultation, consult
from waiting_room.store.connection import Connection
from waiting_room.store.embedded import EmbeddedValkey
from waiting_room.store.redis import RedisStore

EVIL = {"maxmemory": "10mb", "maxmemory-policy": "allkeys-lru", "timeout": "30", "maxclients": "100"}


def seen(url: str, room: str = "") -> Consultation:
    """
    Examine a Redis alone.
    """
    return asyncio.run(consult(None, url, room, ("redis", "clocks")))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedValkey]:
    """
    Run a Valkey as it should be, with one room in it.
    """

    async def make(url: str) -> None:
        store = RedisStore(Connection(url, time_out_s=10))
        await store.configure("sale", Policy())
        await store.close()

    with EmbeddedValkey(append_only=True, folder=tmp_path_factory.mktemp("kept")) as server:
        asyncio.run(make(server.url))
        yield server


@pytest.fixture(scope="module")
def evil() -> Iterator[EmbeddedValkey]:
    """
    Run a Valkey as it should not be, which others use as well.
    """
    with EmbeddedValkey() as server, redis.Redis.from_url(server.url, socket_timeout=5) as client:
        for name, value in EVIL.items():
            client.config_set(name, value)
        client.mset({f"session:{number}": "x" for number in range(50)})
        yield server


def test_a_valkey_that_is_well_kept_has_no_problem(kept: EmbeddedValkey) -> None:
    """
    It has no replica, and that is only noted; the room is there.
    """
    found = seen(kept.url, "sale")

    assert lasting(found.diagnosis) == ["redis-no-replica"]
    assert found.diagnosis.untold == ()
    assert "our user may use every command that the rooms need" in found.diagnosis.fine


def test_looking_writes_nothing(kept: EmbeddedValkey) -> None:
    """
    Neither keys nor settings.
    """
    with redis.Redis.from_url(kept.url, socket_timeout=5) as client:
        before = (client.info("persistence")["rdb_changes_since_last_save"], client.config_get("*"))
        seen(kept.url, "sale")

        assert (client.info("persistence")["rdb_changes_since_last_save"], client.config_get("*")) == before


def test_a_valkey_that_is_badly_kept_is_found_out(evil: EmbeddedValkey) -> None:
    """
    It throws keys away, keeps nothing, is small, and is not ours alone.
    """
    found = lasting(seen(evil.url).diagnosis)

    assert {"redis-eviction", "redis-not-kept", "redis-memory", "redis-clients", "redis-timeout"} <= set(found)
    assert "redis-shared" in found


def test_a_room_that_is_elsewhere_is_missed(evil: EmbeddedValkey) -> None:
    """
    The address may be that of another Redis than the service's.
    """
    assert "redis-room-missing" in lasting(seen(evil.url, "sale").diagnosis)


def test_a_user_with_too_few_rights_is_told_which(kept: EmbeddedValkey) -> None:
    """
    And where CONFIG is forbidden, as in managed servers, the rest is still told.
    """
    with redis.Redis.from_url(kept.url, socket_timeout=5) as client:
        rights = ("on", ">pw", "~wr:*", "+@all", "-@admin", "-@dangerous", "+info")
        client.execute_command("ACL", "SETUSER", "app", *rights)
        client.execute_command("ACL", "SETUSER", "poor", *rights, "-bitop", "-xadd")
    enough = seen(kept.url.replace("redis://", "redis://app:pw@"), "sale").diagnosis
    poor = seen(kept.url.replace("redis://", "redis://poor:pw@"), "sale").diagnosis

    assert lasting(enough) == ["redis-no-replica"]
    assert ["CONFIG" in one.why for one in enough.untold] == [True]
    rights_found = next(one for one in poor.findings if one.code == "redis-rights")
    assert rights_found.what == "forbidden: BITOP, XADD"


def test_a_redis_that_is_away_is_a_finding() -> None:
    """
    With the address, and without its password.
    """
    with refusing() as port:
        found = seen(f"redis://:secret@127.0.0.1:{port}/0")

    assert found.redis_away
    assert lasting(found.diagnosis) == ["redis-unreachable"]
    assert "secret" not in str(found)


def test_a_wrong_password_is_no_answer(kept: EmbeddedValkey, tmp_path: Path) -> None:
    """
    The service would not get in either.
    """
    assert seen(kept.url.replace("redis://", "redis://nobody:pw@")).redis_away
