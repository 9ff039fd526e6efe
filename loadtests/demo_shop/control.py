"""
The shop's live control, for drills and rehearsals: its capacity halves, it gets slower, its database goes away.
"""

import hmac
from http import HTTPStatus
from typing import Any

from aiohttp import web

from loadtests.demo_shop.model import CONTROL_PATH, MOST_SLOWER, ShopModel
from loadtests.demo_shop.pool import ConnectionPool

LOOPBACK = ("127.0.0.1", "::1")
MOST_CONNECTIONS = 256


class Control:
    """
    Change the running shop for whoever asks from this machine and knows the model's `control_token`.
    """

    def __init__(self, model: ShopModel, pool: ConnectionPool) -> None:
        self._token = model.control_token.encode()
        self._pool = pool

    def routes(self) -> list[web.RouteDef]:
        """
        List the address with its handlers; none without a token, so that a shop cannot be changed by chance.
        """
        if not self._token:
            return []
        return [web.get(CONTROL_PATH, self.tell), web.post(CONTROL_PATH, self.change)]

    async def tell(self, request: web.Request) -> web.Response:
        """
        Tell how many connections serve, by what factor pages are slower than the model says, and for how long a busy
        machine has kept connections from their next page, all together.
        """
        self._must_know_the_token(request)
        return self._state()

    async def change(self, request: web.Request) -> web.Response:
        """
        Take `db_connections` (0: the database is away) and `slower`; what is not named stays.
        """
        self._must_know_the_token(request)
        try:
            asked = await request.json()
        except ValueError:
            asked = None
        if faults := change_faults(asked):
            return web.json_response({"faults": faults}, status=HTTPStatus.BAD_REQUEST)
        self._pool.change(size=asked.get("db_connections"), slower=asked.get("slower"))
        return self._state()

    def _state(self) -> web.Response:
        lost_s = round(self._pool.lost_s, 3)
        return web.json_response({"db_connections": self._pool.size, "slower": self._pool.slower, "lost_s": lost_s})

    def _must_know_the_token(self, request: web.Request) -> None:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
        if request.remote not in LOOPBACK or not hmac.compare_digest(given, self._token):
            # As if there were no such page: strangers learn nothing.
            raise web.HTTPNotFound


def change_faults(asked: Any) -> list[str]:
    """
    List what is wrong with a wish to change the shop; an empty list means that it can be done.
    """
    if not isinstance(asked, dict):
        return ["send a JSON object with db_connections, slower, or both"]
    faults = [f"{name} is unknown; there are db_connections and slower" for name in asked if name not in _RULES]
    return faults + [rule for name, (fits, rule) in _RULES.items() if name in asked and not fits(asked[name])]


def _fits_connections(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_CONNECTIONS


def _fits_slower(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= MOST_SLOWER


_RULES = {
    "db_connections": (_fits_connections, f"db_connections must be a whole number from 0 to {MOST_CONNECTIONS}"),
    "slower": (_fits_slower, f"slower must be a number above 0, at most {MOST_SLOWER:g}"),
}
