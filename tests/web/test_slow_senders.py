"""
Who sends a byte of a request now and then holds no connection; who asks as usual never notices.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.waiting import wait_until
from tests.web.desk import BASE, Desk, open_desk
from waiting_room.web.slow_senders import WHOLE_WITHIN_S

ASKED = b"GET /healthz HTTP/1.1\r\nHost: shop\r\n\r\n"
ANSWERED = b"\r\n\r\nok\n"
LENGTH = b" HTTP/1.1\r\nHost: shop\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 12\r\n\r\nact"
LEAVING = b"POST " + BASE.encode() + LENGTH
JOINING = b"POST " + BASE.encode() + b"/join" + LENGTH

Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def connected(desk: Desk, sent: bytes) -> AsyncIterator[Line]:
    """
    Connect to the service over a real socket, and send something.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", desk.client.port)
    await wait_until(lambda: len(desk.slow._server.connections) == 1, what="the service to take the connection")
    writer.write(sent)
    yield reader, writer
    writer.close()


async def told(reader: asyncio.StreamReader) -> bytes:
    """
    Return what comes until the connection is closed; a close may be a reset, where not all was read that was sent.
    """
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""


def look(desk: Desk, times: int) -> None:
    """
    Let the service look at its connections.
    """
    for _ in range(times):
        desk.slow.look()


@pytest.mark.parametrize("sent", [b"", ASKED[:-2]], ids=["nothing", "half a head"])
async def test_a_connection_without_a_whole_request_is_closed(sent: bytes) -> None:
    """And nothing is said to it."""
    async with open_desk() as desk, connected(desk, sent) as (reader, _):
        look(desk, WHOLE_WITHIN_S + 1)

        assert await told(reader) == b""


async def test_a_head_that_comes_late_and_in_time_is_answered() -> None:
    """As after a packet that was lost."""
    async with open_desk() as desk, connected(desk, ASKED[:9]) as (reader, writer):
        look(desk, WHOLE_WITHIN_S)
        writer.write(ASKED[9:])

        assert (await reader.readuntil(ANSWERED)).startswith(b"HTTP/1.1 200")


async def test_a_connection_that_is_kept_is_left_alone() -> None:
    """Between two polls nothing is due; its idle time has a bound of its own."""
    async with open_desk() as desk, connected(desk, ASKED) as (reader, writer):
        await reader.readuntil(ANSWERED)
        look(desk, 3 * WHOLE_WITHIN_S)
        writer.write(ASKED)

        assert await reader.readuntil(ANSWERED)


@pytest.mark.parametrize("sent", [LEAVING, JOINING], ids=["awaited", "not awaited"])
async def test_a_body_that_does_not_come_is_not_waited_for(sent: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """Whether the answer needs it or not; and a flood of such leaves no line in the log."""
    async with open_desk() as desk, connected(desk, sent) as (reader, _):
        await wait_until(lambda: len(desk.slow._bodies) == 1, what="the head")
        with caplog.at_level(logging.INFO):
            look(desk, WHOLE_WITHIN_S + 1)
            await told(reader)

        await wait_until(lambda: not desk.slow._server.connections, what="the connection to be gone")
        assert caplog.messages == []
