"""
From which network a request comes, where that can be told and counts.
"""

from collections.abc import Iterable

from aiohttp import web

from waiting_room.core.newcomers import Whence, network_of
from waiting_room.gates.networks import Proxies, Way
from waiting_room.gates.requests import FORWARDED_HEADER
from waiting_room.web.identity import Identity


class Origins:
    """
    Tell the network of who asks for a place, given the networks of the *proxies* that are believed.

    It is kept in memory to count by, and written nowhere.
    """

    def __init__(self, proxies: Iterable[str] = ()) -> None:
        self._proxies = Proxies(proxies)

    def of(self, request: web.BaseRequest, identity: Identity) -> Whence | None:
        """
        Return whence *request* comes, or None where a believed proxy has not told, or there is no address.
        """
        address = self._proxies.beyond(way_of(request))
        return None if address is None else Whence(network_of(address), identity.visitor is not None)


def way_of(request: web.BaseRequest) -> Way:
    """
    Return how *request* came: the other end of its connection, and what is said of those before it.
    """
    return Way(request.remote or "", ",".join(request.headers.getall(FORWARDED_HEADER, ())))
