"""
Connections whose request does not come to its end are closed.

Whoever opens connections and sends a byte of a request now and then ("slowloris") holds a file of this process for each
of them. aiohttp ends such a connection by its keep-alive time-out alone, and one whose body does not come never.
"""

import asyncio
from typing import Final

from aiohttp import StreamReader, web
from aiohttp.web_protocol import RequestHandler

WHOLE_WITHIN_S: Final = 5
"""What a request may take: its first head from the connection on, its body from the head on. Both fit into a packet or
two, and a lost packet comes again after one second, and after three."""
LOOK_S: Final = 1.0


class SlowSenders:
    """
    Look through the connections of *server* again and again, and close those that *looks* looks found unchanged.

    Looks are counted, and no time is measured: a process that stood still meanwhile would take everybody for slow. A
    request costs two look-ups and no timer. What follows on a connection that is kept open is bounded by the
    keep-alive time-out, as its silence is.
    """

    def __init__(self, server: web.Server, looks: int = WHOLE_WITHIN_S) -> None:
        self._server = server
        self._looks = looks
        self._heard: set[RequestHandler] = set()
        self._bodies: dict[RequestHandler, StreamReader] = {}
        self._seen: dict[RequestHandler, int] = {}

    def heard(self, request: web.BaseRequest) -> None:
        """
        Take note that the head of *request* is here, and of its body if that is not.
        """
        self._heard.add(request.protocol)
        if not request.content.is_eof():
            self._bodies[request.protocol] = request.content
            self._seen.pop(request.protocol, None)

    async def run(self) -> None:
        """
        Look about once a second, until cancelled.
        """
        while True:
            await asyncio.sleep(LOOK_S)
            self.look()

    def look(self) -> None:
        """
        Close what has been late at so many looks before this one.
        """
        connections = self._server.connections
        self._heard.intersection_update(connections)
        self._bodies = {
            connection: body
            for connection, body in self._bodies.items()
            if connection in self._heard and not body.is_eof()
        }
        late = [each for each in connections if each not in self._heard or each in self._bodies]
        self._seen = {each: self._seen.get(each, 0) + 1 for each in late}
        for connection, seen in self._seen.items():
            if seen > self._looks:
                connection.force_close()
