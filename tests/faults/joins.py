"""
Joins by the clock, from a process of their own: a crowd in the same one would be measured with them.
"""

import asyncio
import json
from concurrent.futures import Executor, ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context
from urllib.parse import urlsplit

from benchmarks.hammer import Result, hammer, pace
from tests.faults.service import Service
from tests.faults.visitors import TOKENS, Visitor

CONNECTIONS = 64


def outside() -> Executor:
    """
    Return a process beside this one, in which joins are measured; it ends with its ``with`` block.
    """
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"))


async def measure(executor: Executor, service: Service, per_s: float, seconds: float) -> Result:
    """
    Return how joins were answered, so many a second for some seconds.
    """
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(executor, paced, *address(service), per_s, seconds)


def paced(host: str, port: int, request: bytes, per_s: float, seconds: float) -> Result:
    """
    Send joins by the clock in an event loop of its own.
    """
    return asyncio.run(pace(host, port, repeat(request), per_s, seconds))


async def join(service: Service, count: int) -> list[Visitor]:
    """
    Let so many visitors join, as fast as they are taken, and return them in the order of their numbers.

    Where a busy machine kept the store's answer back, a visitor is told to come again: another one comes instead.
    """
    made: list[Visitor] = []

    def seen(answer: bytes) -> None:
        told = json.loads(answer[answer.index(b"\r\n\r\n") + 4 :])
        if told["number"] is None:
            return
        visitor = Visitor(stays_s=600, numbers={told["number"]})
        visitor.headers |= {header: told[name] for name, header in TOKENS.items() if told[name]}
        made.append(visitor)

    host, port, request = address(service)
    while len(made) < count:
        await hammer(host, port, iter([request] * (count - len(made))), CONNECTIONS, seen)
    return sorted(made, key=lambda visitor: visitor.number)


def address(service: Service) -> tuple[str, int, bytes]:
    """
    Return where the service is, and a join as it goes over the wire.
    """
    parts = urlsplit(service.room_url)
    assert parts.hostname is not None
    assert parts.port is not None
    head = f"POST {parts.path}/join HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: 0\r\n\r\n"
    return parts.hostname, parts.port, head.encode()
