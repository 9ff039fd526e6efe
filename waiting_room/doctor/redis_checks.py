"""
Will Redis keep the rooms through a promotion? Read from what it says of itself. Pure.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from waiting_room.core.policy import Policy
from waiting_room.doctor.catalogue import found
from waiting_room.doctor.findings import Diagnosis, Finding, Severity, Untold

OLDEST_REDIS: Final = (7, 0)
OLDEST_VALKEY: Final = (8, 0)
COMMAND_TIME_OUT_MS: Final = 250.0
"""What a command has in service (`waiting_room.store.connection`); a test holds the two together."""
SLOW_MS: Final = 25.0
"""A tenth of it: a join is several commands, and a crowd queues behind them."""
SPARE_CLIENTS: Final = 200
"""A worker holds up to 8 connections, and during a restart both old and new workers do: 12 workers."""
CROWD: Final = 1_000_000
"""For how many waiting people memory is asked for; docs/redis-model.md has the figures below."""
BITS_EACH: Final = 3
JOINS_A_MINUTE: Final = 100_000
JOIN_BYTES: Final = 110
SEAT_BYTES: Final = 150
RECORD_BYTES: Final = 310
ADMISSION_BYTES: Final = 80
MB: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class RedisFacts:
    """
    Hold what Redis said of itself, and None for what it would not say; see `waiting_room.store.condition.Condition`.

    *url* is its address; *room* the one that was asked for, or nothing; *policies* its rooms. *believes* tells whether
    the service believes any proxy, None where its configuration is not known.
    """

    url: str
    info: Mapping[str, Any] | None
    config: Mapping[str, str] | None
    pings_ms: tuple[float, ...] = ()
    denied: tuple[str, ...] | None = ()
    keys: int = 0
    sampled: int = 0
    others: int = 0
    room: str = ""
    policies: Mapping[str, Policy] | None = None
    believes: bool | None = None

    def number(self, name: str) -> int | None:
        """
        Return a figure of INFO, or None.
        """
        value = (self.info or {}).get(name)
        return int(value) if isinstance(value, int | float) else None

    def text(self, name: str) -> str:
        """
        Return a text of INFO, or nothing.
        """
        return str((self.info or {}).get(name, ""))

    def setting(self, name: str) -> str | None:
        """
        Return a setting, or None where it could not be read.
        """
        return None if self.config is None else self.config.get(name)


def shown_address(url: str) -> str:
    """
    Return the address of Redis without user and password.
    """
    parts = urlsplit(url)
    return f"unix:{parts.path}" if parts.scheme == "unix" else f"{parts.hostname}:{parts.port or 6379}"


def check_redis(facts: RedisFacts) -> Diagnosis:
    """
    Return what is wrong with Redis.
    """
    findings = [
        *(*_kind(facts), *_eviction(facts), *_persistence(facts), *_memory(facts), *_speed(facts)),
        *(*_replicas(facts), *_access(facts), *_clients(facts), *_rooms(facts)),
    ]
    name = "Valkey" if facts.text("server_name") == "valkey" else "Redis"
    version = facts.text("valkey_version") or facts.text("redis_version") or "of unknown version"
    fine = [f"{name} {version} at {shown_address(facts.url)} answers"]
    if facts.pings_ms and not any(finding.code == "redis-slow" for finding in findings):
        fine[0] += f" within {_share(facts.pings_ms, 0.99):.1f} ms (99 of 100)"
    codes = {finding.code for finding in findings}
    if facts.denied == ():
        fine.append("our user may use every command that the rooms need")
    if facts.text("maxmemory_policy") == "noeviction":
        fine.append("no key is evicted (noeviction)")
    if facts.number("aof_enabled") and not codes & {"redis-fsync", "redis-write-error"}:
        fine.append("what is written is kept (append-only file)")
    return Diagnosis(tuple(findings), tuple(fine), tuple(_untold(facts)))


def bytes_needed(policy: Policy) -> int:
    """
    Return how many bytes a room of *policy* may take, by docs/redis-model.md, with `CROWD` waiting.
    """
    per_second = policy.rate_per_minute / 60
    audit = policy.audit_records * (RECORD_BYTES + ADMISSION_BYTES * per_second)
    waiting = CROWD * BITS_EACH / 8 + JOINS_A_MINUTE * JOIN_BYTES
    return round(audit + waiting + policy.capacity * SEAT_BYTES)


def _kind(facts: RedisFacts) -> Iterator[Finding]:
    where = shown_address(facts.url)
    other = next((name for name in ("dragonfly_version", "keydb_version") if facts.text(name)), "")
    if other:
        yield found("redis-unknown-kind", where, f"it is {other.removesuffix('_version').capitalize()}")
    elif facts.text("valkey_version"):
        if _version(facts.text("valkey_version")) < OLDEST_VALKEY:
            yield found("redis-old", where, f"Valkey {facts.text('valkey_version')}; 8 is the oldest that will do")
    elif facts.text("redis_version") and _version(facts.text("redis_version")) < OLDEST_REDIS:
        yield found("redis-old", where, f"Redis {facts.text('redis_version')}; 7.0 is the oldest that will do")
    if facts.number("cluster_enabled"):
        yield found("redis-cluster", where, "cluster_enabled is 1")
    if facts.text("role") == "slave":
        yield found("redis-replica", where, "its role is replica")
    if facts.number("loading"):
        yield found("redis-loading", where, "it is reading its data from the disk")


def _eviction(facts: RedisFacts) -> Iterator[Finding]:
    where, policy = shown_address(facts.url), facts.text("maxmemory_policy")
    if policy and policy != "noeviction":
        limit = facts.number("maxmemory") or 0
        severity = Severity.PROBLEM if limit else Severity.WARNING
        what = f"maxmemory-policy is {policy}" + ("" if limit else ", though without a limit of memory so far")
        yield found("redis-eviction", where, what, severity)
    if evicted := facts.number("evicted_keys"):
        yield found("redis-evicted", where, f"{evicted:,} keys were evicted since its start")


def _persistence(facts: RedisFacts) -> Iterator[Finding]:
    where, aof, save = shown_address(facts.url), facts.number("aof_enabled"), facts.setting("save")
    if aof == 0 and save == "":
        yield found("redis-not-kept", where, "neither appendonly nor save is set")
    elif aof == 0:
        what = f"save is {save!r}, appendonly no" if save else "appendonly is no; whether it saves cannot be read"
        yield found("redis-snapshots-only", where, what)
    fsync = facts.setting("appendfsync")
    if aof and fsync == "no":
        yield found("redis-fsync", where, "appendfsync is no")
    if aof and fsync == "always":
        yield found("redis-fsync", where, "appendfsync is always: each write waits for the disk", Severity.NOTE)
    stops = facts.setting("stop-writes-on-bgsave-error") != "no"
    if aof and facts.text("aof_last_write_status") not in {"ok", ""}:
        yield found("redis-write-error", where, f"aof_last_write_status is {facts.text('aof_last_write_status')}")
    if facts.text("rdb_last_bgsave_status") not in {"ok", ""}:
        what = f"rdb_last_bgsave_status is {facts.text('rdb_last_bgsave_status')}"
        yield found("redis-write-error", where, what, Severity.PROBLEM if stops else Severity.WARNING)
    if aof and facts.text("aof_last_bgrewrite_status") not in {"ok", ""}:
        what = f"aof_last_bgrewrite_status is {facts.text('aof_last_bgrewrite_status')}: the file only grows"
        yield found("redis-write-error", where, what, Severity.WARNING)


def _memory(facts: RedisFacts) -> Iterator[Finding]:
    where = shown_address(facts.url)
    limit, used, system = facts.number("maxmemory"), facts.number("used_memory"), facts.number("total_system_memory")
    if limit is None or used is None:
        return
    need = sum(bytes_needed(policy) for policy in (facts.policies or {}).values()) or bytes_needed(Policy())
    free = (limit or system or 0) - used
    if (limit or system) and free < need:
        whose = f"maxmemory is {limit / MB:,.0f} MB" if limit else f"the machine has {(system or 0) / MB:,.0f} MB"
        what = f"{whose}, {used / MB:,.0f} MB are in use, and the rooms may take {need / MB:,.0f} MB"
        yield found("redis-memory", where, what)


def _speed(facts: RedisFacts) -> Iterator[Finding]:
    if not facts.pings_ms:
        return
    middle, worst = _share(facts.pings_ms, 0.5), _share(facts.pings_ms, 0.99)
    if worst >= SLOW_MS:
        what = f"from here PING takes {middle:.1f} ms, and {worst:.1f} ms at worst, of {len(facts.pings_ms)}"
        severity = Severity.PROBLEM if worst >= COMMAND_TIME_OUT_MS / 2 else Severity.WARNING
        yield found("redis-slow", shown_address(facts.url), what, severity)


def _replicas(facts: RedisFacts) -> Iterator[Finding]:
    where, replicas = shown_address(facts.url), facts.number("connected_slaves")
    if facts.text("role") != "master" or replicas is None:
        return
    if replicas == 0:
        yield found("redis-no-replica", where, "no replica is connected")
        return
    lags = [_lag_s((facts.info or {}).get(f"slave{index}")) for index in range(replicas)]
    late = max((lag for lag in lags if lag is not None), default=0)
    if late > 1:
        yield found("redis-replica-late", where, f"a replica is {late} s behind")


def _lag_s(replica: Any) -> int | None:
    if not isinstance(replica, Mapping):
        return None
    lag = str(replica.get("lag", ""))
    return int(lag) if lag.isdigit() else None


def _access(facts: RedisFacts) -> Iterator[Finding]:
    parts, where = urlsplit(facts.url), shown_address(facts.url)
    if facts.denied:
        yield found("redis-rights", where, f"forbidden: {', '.join(facts.denied)}")
    if parts.scheme == "unix" or _nearby(parts.hostname or ""):
        return
    if parts.scheme == "redis":
        public = _is_public(parts.hostname or "")
        severity = Severity.PROBLEM if public else Severity.WARNING
        yield found("redis-plain", where, "the address is redis://, without TLS", severity)
    if not parts.password:
        yield found("redis-open", where, "it answers without a password")


def _clients(facts: RedisFacts) -> Iterator[Finding]:
    where, most, now = shown_address(facts.url), facts.number("maxclients"), facts.number("connected_clients")
    if most and now is not None and most - now < SPARE_CLIENTS:
        yield found("redis-clients", where, f"{now:,} of {most:,} connections are taken")
    if rejected := facts.number("rejected_connections"):
        yield found("redis-clients", where, f"{rejected:,} connections were refused since its start")
    timeout = facts.setting("timeout")
    if timeout and timeout != "0":
        yield found("redis-timeout", where, f"timeout is {timeout} s")
    if facts.sampled and facts.others * 2 > facts.sampled and facts.keys >= facts.sampled > 20:
        what = f"{facts.others} of {facts.sampled} keys looked at are not ours, of {facts.keys:,}"
        yield found("redis-shared", where, what)


def _rooms(facts: RedisFacts) -> Iterator[Finding]:
    if facts.room and facts.policies is not None and facts.room not in facts.policies:
        there = ", ".join(facts.policies) or "none"
        yield found("redis-room-missing", shown_address(facts.url), f"there is no room {facts.room!r} (there: {there})")
    for name, policy in (facts.policies or {}).items():
        if policy.joins_per_address and facts.believes is False:
            what = f"joins_per_address is {policy.joins_per_address}, and the service's trusted_proxies are empty"
            yield found("room-counts-the-proxy", f"room {name}", what)


def _untold(facts: RedisFacts) -> Iterator[Untold]:
    if facts.info is None:
        yield Untold("version, eviction, persistence, memory and replicas of Redis", "it forbids INFO")
    if facts.config is None:
        what = "appendfsync, save, timeout of Redis"
        yield Untold(what, "it forbids CONFIG, as managed ones do; look them up in the provider's console")
    if facts.denied is None:
        yield Untold("the rights of our user in Redis", "it forbids EVAL, or knows no redis.acl_check_cmd")


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:2] if part.isdigit())


def _share(values: tuple[float, ...], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def _nearby(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_public(host: str) -> bool:
    try:
        return ip_address(host).is_global
    except ValueError:
        return False
