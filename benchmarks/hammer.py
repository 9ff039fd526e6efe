"""
A bare HTTP/1.1 client that costs little, so that on two cores the server is what is measured.

Each connection sends one prepared request after another and reads answers by their Content-Length.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import cast


@dataclass(slots=True)
class Result:
    """
    Count answers by status and keep the time of each, in seconds.
    """

    statuses: dict[int, int] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    elapsed_s: float = 0.0

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
    def __init__(self, requests: Iterator[bytes], result: Result, seen: Callable[[bytes], None] | None) -> None:
        self.requests = requests
        self.result = result
        self.seen = seen
        self.done = asyncio.get_running_loop().create_future()
        self.buffer = b""
        self.begun = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._next()

    def _next(self) -> None:
        request = next(self.requests, None)
        if request is None:
            self.transport.close()
            return
        self.begun = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head_end = self.buffer.find(b"\r\n\r\n")
        if head_end < 0:
            return
        head = self.buffer[:head_end]
        at = head.lower().find(b"content-length: ")
        length = int(head[at + 16 : head.find(b"\r", at) if head.find(b"\r", at) > 0 else head_end])
        if len(self.buffer) < head_end + 4 + length:
            return
        self.result.seconds.append(time.perf_counter() - self.begun)
        status = int(head[9:12])
        self.result.statuses[status] = self.result.statuses.get(status, 0) + 1
        if self.seen is not None:
            self.seen(self.buffer)
        self.buffer = b""
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


async def hammer(
    host: str,
    port: int,
    requests: Iterator[bytes],
    connections: int,
    seen: Callable[[bytes], None] | None = None,
) -> Result:
    """
    Send *requests* over *connections* until they are used up; *seen* gets every answer.
    """
    loop = asyncio.get_running_loop()
    result = Result()
    begun = time.perf_counter()
    made = [
        await loop.create_connection(lambda: _Connection(requests, result, seen), host, port)
        for _ in range(connections)
    ]
    await asyncio.gather(*(protocol.done for _, protocol in made))
    result.elapsed_s = time.perf_counter() - begun
    return result
