"""
A bare HTTP/1.1 client that costs little, so that on two cores the server is what is measured.

Each connection sends one prepared request after another and reads answers by their Content-Length.
"""

import asyncio
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import cast

PACED = 64
"""Connections of a paced stream: at 2,000 requests a second each is used every 32 ms."""


@dataclass(slots=True)
class Result:
    """
    Count answers by status and keep the time of each, in seconds.
    """

    statuses: dict[int, int] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    elapsed_s: float = 0.0

    def note(self, status: int, seconds: float) -> None:
        """
        Count an answer.
        """
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.seconds.append(seconds)

    @property
    def rate(self) -> float:
        """
        Return answers per second.
        """
        return len(self.seconds) / self.elapsed_s

    def quantile_ms(self, share: float) -> float:
        """
        Return the time in ms below which *share* of the answers stayed.
        """
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class _Connection(asyncio.Protocol):
    """
    Send a request when told to, and say when its whole answer is there.
    """

    def __init__(self, answered: "Callable[[_Connection, int, bytes], None]") -> None:
        self._answered = answered
        self._buffer = b""
        self.begun = 0.0
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def send(self, request: bytes, begun: float) -> None:
        """
        Send *request*, which was due at *begun*.
        """
        self.begun = begun
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head_end = self._buffer.find(b"\r\n\r\n")
        if head_end < 0:
            return
        head = self._buffer[:head_end]
        at = head.lower().index(b"content-length: ") + 16
        length = int(head[at:].partition(b"\r")[0])
        if len(self._buffer) < head_end + 4 + length:
            return
        answer, self._buffer = self._buffer, b""
        self._answered(self, int(head[9:12]), answer)


async def hammer(
    host: str,
    port: int,
    requests: Iterator[bytes],
    connections: int,
    seen: Callable[[bytes], None] | None = None,
) -> Result:
    """
    Send *requests* over *connections*, one after the other on each, until they are used up; *seen* gets every answer.
    """
    loop = asyncio.get_running_loop()
    result, open_connections, done = Result(), connections, loop.create_future()

    def answered(connection: _Connection, status: int, answer: bytes) -> None:
        result.note(status, time.perf_counter() - connection.begun)
        if seen is not None:
            seen(answer)
        go_on(connection)

    def go_on(connection: _Connection) -> None:
        nonlocal open_connections
        request = next(requests, None)
        if request is not None:
            connection.send(request, time.perf_counter())
            return
        connection.transport.close()
        open_connections -= 1
        if open_connections == 0:
            done.set_result(None)

    made = [await loop.create_connection(lambda: _Connection(answered), host, port) for _ in range(connections)]
    begun = time.perf_counter()
    for _, connection in made:
        go_on(connection)
    await done
    result.elapsed_s = time.perf_counter() - begun
    return result


async def pace(host: str, port: int, requests: Iterator[bytes], per_s: float, seconds: float) -> Result:
    """
    Send *requests* by the clock, *per_s* of them for *seconds*, whether or not earlier ones are answered.

    Times count from the instant at which a request was due, so that a server that stalls is not let off; where all
    connections are taken, a request waits for one. It never sleeps, for an event loop's timers are off by up to 2 ms,
    and yields its core each time round to whoever else wants it.
    """
    loop = asyncio.get_running_loop()
    result, free, late = Result(), list[_Connection](), deque[float]()

    def answered(connection: _Connection, status: int, _: bytes) -> None:
        result.note(status, time.perf_counter() - connection.begun)
        if late:
            connection.send(next(requests), late.popleft())
        else:
            free.append(connection)

    made = [await loop.create_connection(lambda: _Connection(answered), host, port) for _ in range(PACED)]
    free.extend(connection for _, connection in made)
    begun, sent = time.perf_counter(), 0
    while (now := time.perf_counter()) < begun + seconds:
        while sent < (now - begun) * per_s:
            due = begun + sent / per_s
            if free:
                free.pop().send(next(requests), due)
            else:
                late.append(due)
            sent += 1
        os.sched_yield()
        await asyncio.sleep(0)
    while len(result.seconds) < sent:  # noqa: ASYNC110 - the answers come in by callbacks
        await asyncio.sleep(0.01)
    result.elapsed_s = time.perf_counter() - begun
    for connection in free:
        connection.transport.close()
    return result
