"""
From which network a request comes, where that can be told and counts.
"""

import logging
from collections.abc import Iterable

from aiohttp import web

from waiting_room.core.newcomers import Whence, network_of
from waiting_room.gates.networks import Proxies, Way
from waiting_room.gates.requests import FORWARDED_HEADER
from waiting_room.web.identity import Identity

_log = logging.getLogger(__name__)


class Origins:
    """
    Tell the network of who asks for a place, given the networks of the *proxies* that are believed.

    It is kept in memory to count by, and written nowhere. Where no proxy is believed and somebody seems to be one, that
    is logged once, without their address.
    """

    def __init__(self, proxies: Iterable[str] = ()) -> None:
        proxies = tuple(proxies)
        self._proxies = Proxies(proxies)
        self._wonders = not proxies

    def of(self, request: web.BaseRequest, identity: Identity) -> Whence | None:
        """
        Return whence *request* comes, or None where a believed proxy has not told, or there is no address.
        """
        way = way_of(request)
        if self._wonders and way.forwarded:
            self._wonders = False
            _log.warning(
                "joins_per_address counts by address, and a join bears X-Forwarded-For, which is not believed: if your "
                "proxy wrote it, name that in server.trusted_proxies, or all behind it share the places of one address"
            )
        address = self._proxies.beyond(way)
        return None if address is None else Whence(network_of(address), identity.visitor is not None)


def way_of(request: web.BaseRequest) -> Way:
    """
    Return how *request* came: the other end of its connection, and what is said of those before it.
    """
    return Way(request.remote or "", ",".join(request.headers.getall(FORWARDED_HEADER, ())))
