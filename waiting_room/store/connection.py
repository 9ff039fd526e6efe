"""
The one place where a Redis client is built, its failures are named and its time is bounded.

redis-py's defaults (ten retries, 5 s time-outs, a pool that raises when full) turn one lost reply into ten lost places
and a hung server into a page that hangs for a minute. Here a command is tried once and has 250 ms; every script is
idempotent, so that the caller may repeat what timed out.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Protocol

from redis import exceptions as failures
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from waiting_room.errors import StoreUnavailableError
from waiting_room.store import scripts
from waiting_room.store.circuit import Circuit

COMMAND_TIME_OUT_S: Final = 0.25
POOL_SIZE: Final = 8
"""Joins, claims and check-ins are coalesced: a worker has a handful of commands under way, not one a visitor."""
POOL_WAIT_S: Final = 0.05


class Observer(Protocol):
    """
    Hear of every command.
    """

    def command(self, verb: str, seconds: float) -> None:
        """
        Note a command that was answered.
        """

    def failure(self, verb: str, kind: str) -> None:
        """
        Note a command that was not.
        """


class Silent:
    """
    Hear nothing.
    """

    def command(self, verb: str, seconds: float) -> None:
        """
        Ignore it.
        """

    def failure(self, verb: str, kind: str) -> None:
        """
        Ignore it.
        """


class Connection:
    """
    Run commands and scripts within bounded time; raise `StoreUnavailableError` and nothing else of Redis' own.
    """

    def __init__(self, url: str, observer: Observer | None = None, time_out_s: float = COMMAND_TIME_OUT_S) -> None:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=POOL_SIZE,
            timeout=POOL_WAIT_S,
            socket_timeout=time_out_s,
            socket_connect_timeout=time_out_s,
            retry=Retry(NoBackoff(), 0),
        )
        self._client = Redis.from_pool(pool)
        self._observer = observer or Silent()
        self._scripts = {name: self._client.register_script(scripts.load(name)) for name in scripts.NAMES}
        self._run: str | None = None
        self.circuit = Circuit()

    async def script(self, name: str, keys: Sequence[str], arguments: Sequence[str | int | float | bytes]) -> Any:
        """
        Run the script *name* and return its reply.
        """
        return await self.run(name, lambda: self._scripts[name](keys, arguments))

    async def run(self, verb: str, call: Callable[[], Awaitable[Any]]) -> Any:
        """
        Await *call*; any failure of Redis or of the way to it becomes `StoreUnavailableError`.
        """
        begun = time.monotonic()
        if not self.circuit.allows(int(begun * 1000)):
            raise StoreUnavailableError("circuit_open", "the last try failed a moment ago")
        try:
            reply = await call()
        except (failures.RedisError, OSError, TimeoutError) as error:
            kind = kind_of(error)
            self._run = None
            self.circuit.failed(int(time.monotonic() * 1000))
            self._observer.failure(verb, kind)
            raise StoreUnavailableError(kind, f"{verb}: {error}") from error
        except asyncio.CancelledError:
            self._observer.failure(verb, "cancelled")
            raise
        self.circuit.succeeded()
        self._observer.command(verb, time.monotonic() - begun)
        return reply

    async def many(self, verb: str, keys: Sequence[str]) -> list[bytes | None]:
        """
        Return the values of *keys*.
        """
        return list(await self.run(verb, lambda: self._client.mget(keys))) if keys else []

    @property
    def client(self) -> Redis:
        """
        Return the client, for the few plain commands; always within `run`.
        """
        return self._client

    async def run_marker(self) -> str:
        """
        Return what names this life of the server: another one after a restart or a fail-over.
        """
        if self._run is None:
            info = await self.run("info", lambda: self._client.info("server"))
            self._run = str(info.get("run_id", ""))
        return self._run

    async def wait_for_replica(self) -> None:
        """
        Wait until a replica, where there is one, has what was written; at most 100 ms.
        """
        info = await self.run("info", lambda: self._client.info("replication"))
        if int(info.get("connected_slaves", 0)):
            await self.run("wait", lambda: self._client.wait(1, 100))

    async def close(self) -> None:
        """
        Close every connection.
        """
        await self._client.aclose()
        await self._client.connection_pool.disconnect()


_KINDS: Final[tuple[tuple[type[BaseException], str], ...]] = (
    (failures.BusyLoadingError, "loading"),
    (failures.ReadOnlyError, "read_only"),
    (failures.OutOfMemoryError, "full"),
    (failures.AuthenticationError, "refused"),
    (failures.TimeoutError, "timeout"),
    (failures.MaxConnectionsError, "busy"),
    (failures.ConnectionError, "refused"),
    (TimeoutError, "timeout"),
    (OSError, "refused"),
)


def kind_of(error: BaseException) -> str:
    """
    Return the class of a failure, for metrics and logs: a closed set.
    """
    return next((kind for type_, kind in _KINDS if isinstance(error, type_)), "other")
