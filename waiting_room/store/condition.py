"""
The condition that Redis is in: read for somebody who looks before a promotion. Nothing is written.

Managed servers forbid some of what is asked (``CONFIG`` in ElastiCache and Memorystore, more elsewhere): what is
refused is None, and the rest is read all the same.
"""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from redis import exceptions as failures
from redis.asyncio import Redis

from waiting_room.store import keys, scripts
from waiting_room.store.connection import Connection

PINGS: Final = 40
TIME_OUT_S: Final = 2.0
"""Longer than in service: a slow server shall be described, not given up."""
SAMPLE: Final = 500
"""So many keys say whose the server is."""
SETTINGS: Final = (
    "appendfsync",
    "save",
    "stop-writes-on-bgsave-error",
    "timeout",
)

_RIGHTS: Final = """
local denied = {}
for i = 1, #ARGV do
  local words = {}
  for word in string.gmatch(ARGV[i], '[^ ]+') do words[#words + 1] = word end
  if not redis.acl_check_cmd(unpack(words)) then denied[#denied + 1] = words[1] end
end
return denied
"""
_KEY: Final = "wr:{doctor}:key"
_WORDS: Final[Mapping[str, str]] = {
    "BITOP": f"BITOP OR {_KEY} {_KEY}",
    "DEL": f"DEL {_KEY}",
    "EVALSHA": f"EVALSHA 0 1 {_KEY}",
    "EXISTS": f"EXISTS {_KEY}",
    "INFO": "INFO",
    "MGET": f"MGET {_KEY}",
    "PING": "PING",
    "RENAME": f"RENAME {_KEY} {_KEY}",
    "SCRIPT": "SCRIPT LOAD 1",
    "TIME": "TIME",
    "WAIT": "WAIT 1 1",
    "XADD": f"XADD {_KEY} * a b",
    "XRANGE": f"XRANGE {_KEY} - +",
}
"""How a command is spelled that does not take a key and then two values."""
PLAIN: Final = (
    *("EVALSHA", "EXISTS", "INFO", "MGET", "PING", "SADD", "SCRIPT", "SET", "SISMEMBER", "SMEMBERS", "TIME", "WAIT"),
    "XRANGE",
)
"""What the store asks for without a script."""


class Condition(NamedTuple):
    """
    Hold what Redis said of itself; None is what it would not say.

    *ahead_ms* is by how much its clock is ahead of this machine's, *denied* are commands that our user may not use,
    *others* how many of *sampled* keys are not ours, *policies* the settings of its rooms as JSON, by their names.
    """

    info: Mapping[str, Any] | None
    config: Mapping[str, str] | None
    pings_ms: tuple[float, ...]
    ahead_ms: int
    denied: tuple[str, ...] | None
    keys: int
    sampled: int
    others: int
    policies: Mapping[str, str] | None


async def condition(url: str, time_out_s: float = TIME_OUT_S) -> Condition:
    """
    Return the condition of the server at *url*; raises `StoreUnavailableError` where it does not answer.
    """
    connection = Connection(url, time_out_s=time_out_s)
    try:
        client = connection.client
        await connection.run("ping", client.ping)
        pings_ms = tuple([await _took_ms(connection) for _ in range(PINGS)])
        info = await _allowed(connection, client.info)
        config = await _allowed(connection, lambda: client.config_get(*SETTINGS))
        denied = await _allowed(connection, lambda: client.eval(_RIGHTS, 0, *_asked()))
        sampled = await _allowed(connection, lambda: _sample(client)) or ()
        return Condition(
            info=info,
            config=config and {_text(name): _text(value) for name, value in config.items()},
            pings_ms=pings_ms,
            ahead_ms=await _ahead_ms(connection),
            denied=None if denied is None else tuple(sorted(map(_text, denied))),
            keys=await _allowed(connection, client.dbsize) or 0,
            sampled=len(sampled),
            others=sum(not name.startswith("wr:") for name in sampled),
            policies=await _allowed(connection, lambda: _policies(client)),
        )
    finally:
        await connection.close()


async def _allowed(connection: Connection, call: Callable[[], Awaitable[Any]]) -> Any:
    """
    Return what *call* gives, or None where the server refuses it.
    """

    async def tried() -> Any:
        try:
            return await call()
        except failures.BusyLoadingError:
            raise
        except failures.ResponseError:
            return None

    return await connection.run("condition", tried)


async def _took_ms(connection: Connection) -> float:
    began = time.perf_counter()
    await connection.run("ping", connection.client.ping)
    return (time.perf_counter() - began) * 1000


async def _ahead_ms(connection: Connection) -> int:
    before = time.time()
    told = await _allowed(connection, connection.client.time)
    return 0 if told is None else round((told[0] + told[1] / 1e6 - (before + time.time()) / 2) * 1000)


async def _sample(client: Redis) -> Sequence[str]:
    found: list[bytes | str] = []
    cursor, rounds = 0, 0
    while len(found) < SAMPLE and rounds < 5:
        cursor, more = await client.scan(cursor, count=SAMPLE)
        found += more
        rounds += 1
        if cursor == 0:
            break
    return [_text(name) for name in found]


async def _policies(client: Redis) -> dict[str, str]:
    rooms = sorted(_text(name) for name in await client.smembers(keys.ROOMS))
    if not rooms:
        return {}
    # One by one: in a cluster each room is on a node of its own.
    texts = {room: await client.get(keys.RoomKeys(room).policy) for room in rooms}
    return {room: _text(text) for room, text in texts.items() if text is not None}


def _asked() -> list[str]:
    return [_WORDS.get(name, f"{name} {_KEY} 1 1") for name in sorted({*PLAIN, *scripts.commands()})]


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
