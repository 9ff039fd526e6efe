"""
What is said of Redis, by what it says of itself.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.doctor.makings import codes
from waiting_room.core.policy import Policy
from waiting_room.doctor import redis_checks
from waiting_room.doctor.findings import Severity
from waiting_room.doctor.redis_checks import RedisFacts, bytes_needed, check_redis
from waiting_room.store import connection

INFO: Mapping[str, Any] = {
    "redis_version": "7.2.4",
    "role": "master",
    "maxmemory_policy": "noeviction",
    "maxmemory": 1_000_000_000,
    "used_memory": 2_000_000,
    "aof_enabled": 1,
    "aof_last_write_status": "ok",
    "aof_last_bgrewrite_status": "ok",
    "rdb_last_bgsave_status": "ok",
    "connected_slaves": 1,
    "slave0": {"ip": "10.0.0.7", "lag": 0},
    "maxclients": 10_000,
    "connected_clients": 20,
}
CONFIG = {"appendfsync": "everysec", "save": "3600 1", "timeout": "0", "stop-writes-on-bgsave-error": "yes"}
WELL = RedisFacts("rediss://app:secret@10.0.0.5:6379/0", INFO, CONFIG, (0.4,) * 40)
BOUNDED = Policy(joins_per_address=10)


def told(**changed: Any) -> RedisFacts:
    """
    Return facts of a server that is well but for some figures of INFO.
    """
    return replace(WELL, info={**INFO, **changed})


def set_to(**changed: str) -> RedisFacts:
    """
    Return facts of a server that is well but for some settings.
    """
    return replace(WELL, config={**CONFIG, **{name.replace("_", "-"): value for name, value in changed.items()}})


def test_a_server_that_is_well_has_no_findings() -> None:
    """
    And what was looked at is said, without the password.
    """
    found = check_redis(WELL)

    assert (codes(found), found.untold) == ([], ())
    assert found.fine[0] == "Redis 7.2.4 at 10.0.0.5:6379 answers within 0.4 ms (99 of 100)"


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        (told(redis_version="6.2.14"), ["redis-old"]),
        (told(server_name="valkey", valkey_version="7.2.5", redis_version="7.2.4"), ["redis-old"]),
        (told(server_name="valkey", valkey_version="8.1.0", redis_version="7.2.4"), []),
        (told(dragonfly_version="df-1.20"), ["redis-unknown-kind"]),
        (told(cluster_enabled=1), ["redis-cluster"]),
        (told(role="slave"), ["redis-replica"]),
        (told(loading=1), ["redis-loading"]),
        (told(maxmemory_policy="allkeys-lru"), ["redis-eviction"]),
        (told(evicted_keys=12), ["redis-evicted"]),
        (replace(set_to(save=""), info={**INFO, "aof_enabled": 0}), ["redis-not-kept"]),
        (told(aof_enabled=0), ["redis-snapshots-only"]),
        (set_to(appendfsync="no"), ["redis-fsync"]),
        (set_to(appendfsync="always"), ["redis-fsync"]),
        (told(aof_last_write_status="err"), ["redis-write-error"]),
        (told(rdb_last_bgsave_status="err"), ["redis-write-error"]),
        (told(maxmemory=20_000_000), ["redis-memory"]),
        (told(maxmemory=0, total_system_memory=20_000_000), ["redis-memory"]),
        (replace(WELL, pings_ms=(0.4,) * 38 + (30.0, 40.0)), ["redis-slow"]),
        (told(connected_slaves=0), ["redis-no-replica"]),
        (told(slave0={"lag": 9}), ["redis-replica-late"]),
        (replace(WELL, denied=("BITOP",)), ["redis-rights"]),
        (replace(WELL, url="redis://app:secret@10.0.0.5"), ["redis-plain"]),
        (replace(WELL, url="rediss://10.0.0.5"), ["redis-open"]),
        (replace(WELL, url="redis://127.0.0.1"), []),
        (replace(WELL, url="unix:///run/redis.sock"), []),
        (told(connected_clients=9_900), ["redis-clients"]),
        (told(rejected_connections=3), ["redis-clients"]),
        (set_to(timeout="30"), ["redis-timeout"]),
        (replace(WELL, keys=9_000, sampled=500, others=450), ["redis-shared"]),
        (replace(WELL, keys=9_000, sampled=500, others=50), []),
        (replace(WELL, room="sale", policies={}), ["redis-room-missing"]),
        (replace(WELL, room="sale", policies={"sale": Policy()}), []),
        (replace(WELL, policies={"sale": BOUNDED}, believes=False), ["room-counts-the-proxy"]),
        (replace(WELL, policies={"sale": BOUNDED}, believes=True), []),
        (replace(WELL, policies={"sale": BOUNDED}, believes=None), []),
        (replace(WELL, policies={"sale": Policy()}, believes=False), []),
    ],
)
def test_what_is_wrong_with_redis_is_found(facts: RedisFacts, found: list[str]) -> None:
    """
    Each fault by its own code, and nothing else with it.
    """
    assert codes(check_redis(facts)) == found


@pytest.mark.parametrize(
    ("facts", "severity"),
    [
        (told(maxmemory_policy="allkeys-lru"), Severity.PROBLEM),
        (told(maxmemory_policy="allkeys-lru", maxmemory=0), Severity.WARNING),
        (replace(WELL, pings_ms=(200.0,) * 9), Severity.PROBLEM),
        (replace(WELL, url="redis://app:secret@8.8.8.8"), Severity.PROBLEM),
    ],
)
def test_how_bad_it_is_depends(facts: RedisFacts, severity: Severity) -> None:
    """
    Nothing is evicted where memory has no limit yet; a public address is worse than a private one.
    """
    assert check_redis(facts).findings[0].severity is severity


def test_a_managed_server_that_forbids_config_is_read_by_info() -> None:
    """
    What could not be told is said, with where to look; what INFO tells is still judged.
    """
    found = check_redis(replace(told(maxmemory_policy="volatile-lru"), config=None))

    assert codes(found) == ["redis-eviction"]
    assert "provider's console" in found.untold[0].why


def test_a_server_that_forbids_all_is_not_called_well() -> None:
    """
    Three things could not be told.
    """
    found = check_redis(RedisFacts(WELL.url, None, None, (0.4,), denied=None))

    assert (codes(found), len(found.untold)) == ([], 3)


def test_memory_follows_the_settings() -> None:
    """
    Ten admissions a second and the usual log are some 20 MB, as docs/redis-model.md says, and a crowd comes on top.
    """
    assert 30e6 < bytes_needed(Policy()) < 40e6
    assert bytes_needed(Policy(rate_per_minute=12_000)) > 300e6


def test_the_time_out_is_the_store_s() -> None:
    """
    What counts as slow is measured by what a command has in service.
    """
    assert redis_checks.COMMAND_TIME_OUT_MS == connection.COMMAND_TIME_OUT_S * 1000
