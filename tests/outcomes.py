"""
What a visitor gets, by what stands in front of the shop and by what the service does.

The table is data: the tests of the proxies and of the gates hold each cell against what really came back, and
``python -m tests.docs.references`` writes it into docs/proxies.md.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

PROXIES: Final = ("nginx", "haproxy", "caddy", "envoy", "traefik")
GATES: Final = ("asgi", "wsgi", "django", "django-in-loop", "aiohttp")
NAMES: Final = MappingProxyType({
    "nginx": "nginx",
    "haproxy": "HAProxy",
    "caddy": "Caddy",
    "envoy": "Envoy",
    "traefik": "Traefik",
    "asgi": "ASGI",
    "wsgi": "WSGI",
    "django": "Django",
    "django-in-loop": "Django, async",
    "aiohttp": "aiohttp",
})  # fmt: skip
SLOW_S: Final = 0.5
"""How long a visitor waits at the most for a service that does not answer: the time-out of all of them."""


class Cell(NamedTuple):
    """
    Hold what comes back: the *status*, and *what* it is.
    """

    status: int
    what: str


SHOP: Final = Cell(200, "the shop")
FOUND: Final = Cell(302, "to the waiting page")
SENT: Final = Cell(303, "to the waiting page")
TOLD: Final = Cell(429, "problem document")
REFUSED: Final = Cell(403, "page that says so")
AWAY: Final = Cell(503, "page that looks again")
BARE: Final = "the status alone"


def cell_of(status: int, headers: Mapping[str, str], body: str, *, shop: bool) -> Cell:
    """
    Return the cell that an answer belongs into; *headers* have small names, and *shop* says that it is the shop's.
    """
    kind = headers.get("content-type", "")
    if shop:
        what = SHOP.what
    elif "/waiting-room/" in headers.get("location", "").partition("?")[0]:
        what = SENT.what
    elif kind == "application/problem+json":
        what = TOLD.what
    elif not kind.startswith("text/html") or not body:
        what = BARE
    else:
        what = REFUSED.what if status == REFUSED.status else AWAY.what
    return Cell(status, what)


def _both(proxy: Cell, gate: Cell) -> dict[str, Cell]:
    return dict.fromkeys(PROXIES, proxy) | dict.fromkeys(GATES, gate)


_CLOSED: Final = _both(AWAY, AWAY)
_OPEN: Final = {name: SHOP for name in NAMES if name != "traefik"}
_STATIC: Final = dict.fromkeys(GATES, SENT)
_HOLDER: Final = dict.fromkeys(("nginx", "haproxy", *GATES), SHOP)
TABLE: Final[Mapping[str, Mapping[str, Cell]]] = MappingProxyType({
    "allow": _both(SHOP, SHOP),
    "allow-form": _both(SHOP, SHOP),
    "wait": _both(FOUND, SENT),
    "wait-form": _both(SENT, SENT),
    "wait-program": _both(TOLD, TOLD),
    "refuse": _both(REFUSED, SENT),
    "refuse-program": _both(TOLD._replace(status=403), TOLD),
    "error-closed": _CLOSED | {"traefik": Cell(503, BARE)},
    "error-open": _OPEN,
    "error-static": _STATIC,
    "error-holder": dict.fromkeys(GATES, SHOP),
    "down-closed": _CLOSED | {"traefik": Cell(502, BARE)},
    "down-open": _OPEN,
    "down-static": _STATIC,
    "down-holder": _HOLDER,
    "slow-closed": _CLOSED | {"traefik": Cell(504, BARE)},
    "slow-open": _OPEN,
    "slow-static": _STATIC,
    "slow-holder": _HOLDER,
    "slow-join": _STATIC,
    "cut-join": _STATIC,
})  # fmt: skip
"""Rows that a column has no such rule or case for are left out of it."""

ROWS: Final = MappingProxyType({
    "allow": "allow: a page, with a pass",
    "allow-form": "allow: a form, with a pass",
    "wait": "wait: a page",
    "wait-form": "wait: a form",
    "wait-program": "wait: a program's call",
    "refuse": "refuse (revoked): a page",
    "refuse-program": "refuse (revoked): a program's call",
    "error-closed": "error, rule closed",
    "error-open": "error, rule open",
    "error-static": "error, rule static",
    "error-holder": "error, with a pass",
    "down-closed": "down, rule closed",
    "down-open": "down, rule open",
    "down-static": "down, rule static",
    "down-holder": "down, with a pass",
    "slow-closed": "slow, rule closed",
    "slow-open": "slow, rule open",
    "slow-static": "slow, rule static",
    "slow-holder": "slow, with a pass",
    "slow-join": "slow while a newcomer joins",
    "cut-join": "restarted while a newcomer joins",
})  # fmt: skip


def rows_of(column: str) -> list[str]:
    """
    Return the rows that say something of *column*.
    """
    return [row for row, cells in TABLE.items() if column in cells]
