"""
The answer that goes out in one write: nobody can tell it from another, and who wants less than HTTP/1.1 gets it.
"""

import asyncio
from email.utils import parsedate_to_datetime

import pytest

from tests.web.desk import BASE, Desk, cookies_of, open_desk

CLOSING = ["HTTP/1.0\r\n", "HTTP/1.1\r\nConnection: close\r\n"]


async def _raw(desk: Desk, request_end: str, more: bytes = b"") -> bytes:
    """Send a join whose request line ends like this, and then *more*; return all that comes until the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", desk.client.port)
    host = "Host: shop\r\nContent-Length: 0\r\n\r\n"
    writer.write(f"POST {BASE}/join {request_end}{host}".encode() + more)
    answer = await reader.read()
    writer.close()
    return answer


@pytest.mark.parametrize("verb", ["status", "join"])
async def test_its_head_is_that_of_a_routed_answer(verb: str) -> None:
    """The same names, in whatever order, and the same values but for what differs from visitor to visitor."""
    heads = []
    for quick in (True, False):
        async with open_desk(quick=quick) as desk:
            (ticket,) = await desk.fill("ann")
            answer = await (
                desk.post(f"{BASE}/join") if verb == "join" else desk.get(f"{BASE}/status", cookies_of(ticket))
            )
            assert answer.status == 200
            heads.append({name: value for name, value in answer.headers.items() if name not in {"Set-Cookie", "Date"}})

    assert heads[0] == heads[1]


async def test_it_bears_the_date() -> None:
    """As RFC 9110 section 6.6.1 asks of a server with a clock."""
    async with open_desk() as desk:
        (ticket,) = await desk.fill("ann")
        answer = await desk.get(f"{BASE}/status", cookies_of(ticket))

    assert parsedate_to_datetime(answer.headers["Date"]).tzinfo is not None


@pytest.mark.parametrize("request_end", CLOSING, ids=["1.0", "close"])
async def test_who_wants_the_connection_closed_gets_it_closed(request_end: str) -> None:
    """Or a proxy that speaks HTTP/1.0 would wait for an end that never comes."""
    async with open_desk() as desk:
        await desk.fill("ann")
        head, _, body = (await asyncio.wait_for(_raw(desk, request_end), 5)).partition(b"\r\n\r\n")

    assert b" 200 OK" in head
    assert body.startswith(b'{"state":"waiting"')


async def test_two_requests_in_one_packet_get_two_answers() -> None:
    """In their order, the second of them the last on its connection."""
    last = f"GET {BASE}/state.json HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n".encode()
    async with open_desk() as desk:
        await desk.fill("ann")
        answers = await asyncio.wait_for(_raw(desk, "HTTP/1.1\r\n", last), 5)

    assert answers.count(b"HTTP/1.1 200 OK") == 2
    assert answers.index(b'{"state":"waiting"') < answers.index(b'"issued"')
