"""
What a proxy's configuration depends on, and how its text is put together.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from waiting_room import wire
from waiting_room.core.names import name_faults
from waiting_room.core.patterns import pattern_faults
from waiting_room.core.platforms import expanded
from waiting_room.errors import Fault, FaultsError

OUTAGES: Final = ("open", "share", "closed")
AWAY_PAGE: Final = (
    "<!doctype html><meta charset=utf-8><meta name=viewport content=width=device-width><title>Sklep / The shop</title>"
    "<p lang=pl>Kolejka przed sklepem chwilowo nie odpowiada. Ta strona za moment spróbuje sama jeszcze raz.</p>"
    "<p lang=en>The queue in front of the shop does not answer just now. This page soon tries again by itself.</p>"
)
"""What a proxy says itself while nobody passes; without quotes, so that it may stand in any of them."""
QUESTIONS: Final = "127.0.0.1:8079"
"""Where a proxy asks by way of itself, if only its own routes have time-outs."""
_ADDRESS: Final = re.compile(r"([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]):[0-9]{1,5}", re.IGNORECASE)
_PATH: Final = re.compile(r"/[\w./~-]*", re.ASCII)
_PATTERN: Final = re.compile(r"/(?:[\w.~-]+|\*|/)*(?:\?[\w-]+=\*)?", re.ASCII)
_TOKEN: Final = re.compile(r"@[A-Z_]+@")


class ProxyError(FaultsError):
    """
    Refuse settings of a proxy.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxySettings:
    """
    Hold the settings of one proxy's configuration; making one raises `ProxyError` with all faults at once.

    *service* and *shop* are ``host:port`` as the proxy reaches them, *listen* the port it answers on. *protect* are
    paths, each with all that begins with it; *never* are patterns, as those of a gate, of what passes unasked.
    *on_outage* is what becomes of requests while the service does not answer:
    all pass (open), holders of a pass and *share_percent* of the others (share), or none (closed). *inline* shows the
    waiting page in place of the shop's, without a redirect.
    """

    room: str
    service: str = "127.0.0.1:8080"
    shop: str = "127.0.0.1:9000"
    listen: int = 80
    host: str = "shop.example"
    prefix: str = wire.PREFIX
    protect: tuple[str, ...] = ("/checkout",)
    never: tuple[str, ...] = ()
    on_outage: str = "closed"
    share_percent: int = 10
    inline: bool = False

    def __post_init__(self) -> None:
        faults = tuple(_faults(self))
        if faults:
            raise ProxyError(faults)

    @property
    def waiting(self) -> str:
        """
        Return the dialect that answers those who wait.
        """
        return "forward-inline" if self.inline else "forward"


def _faults(settings: ProxySettings) -> Iterator[Fault]:
    yield from name_faults(settings.room)
    for name, value in (("service", settings.service), ("shop", settings.shop)):
        if not _ADDRESS.fullmatch(value):
            yield Fault(name, f"{value!r} is no address", "write host:port, such as 127.0.0.1:8080")
    if not re.fullmatch(r"[a-z0-9.*-]+|_", settings.host, re.IGNORECASE):
        yield Fault("host", f"{settings.host!r} is no host", "write the shop's name, such as shop.example")
    if not 0 < settings.listen < 65_536:
        yield Fault("listen", f"{settings.listen} is no port", "use 1 to 65535")
    yield from _protect_faults(settings)
    yield from _never_faults(settings.never)
    if settings.on_outage not in OUTAGES:
        yield Fault("on_outage", f"{settings.on_outage!r} is none of the choices", f"use one of {', '.join(OUTAGES)}")
    if not 0 < settings.share_percent < 100:
        yield Fault("share_percent", f"{settings.share_percent} is out of range", "use 1 to 99")


def _protect_faults(settings: ProxySettings) -> Iterator[Fault]:
    if not settings.protect:
        yield Fault("protect", "is empty", "name at least one path, such as /checkout")
    for path in (settings.prefix, *settings.protect):
        if not _PATH.fullmatch(path) or "//" in path:
            yield Fault("protect", f"{path!r} is no path", "begin with /; letters, digits, and ./_~- may follow")
    for path in settings.protect:
        if f"{path.lower()}/".startswith(f"{settings.prefix.lower()}/"):
            what = f"{path!r} is the waiting room's own, where those wait who have no pass yet"
            yield Fault("protect", what, "leave it out: / alone protects all of the shop")


def _never_faults(never: tuple[str, ...]) -> Iterator[Fault]:
    yield from pattern_faults("never", never)
    for pattern in expanded(never):
        if not pattern.startswith("@") and not _PATTERN.fullmatch(pattern):
            what = f"{pattern!r} cannot be had: a proxy's rules know no methods, and no letters but a-z, 0-9 and ._~-"
            yield Fault("never", what, "name the path alone")


def all_asked(settings: ProxySettings, proxy: str) -> None:
    """
    Raise `ProxyError` where something is to pass unasked: in *proxy* the service says so of each request.
    """
    if settings.never:
        what = f"cannot be had: {proxy} asks about all that is protected"
        raise ProxyError((Fault("never", what, "set server.never of the service, which then answers yes"),))


def only_closed(settings: ProxySettings, proxy: str, why: str) -> None:
    """
    Raise `ProxyError` for any rule but ``closed``, where *proxy* has no other: the operator is to know it beforehand.
    """
    if settings.on_outage != "closed":
        what = f"{settings.on_outage!r} cannot be had: {proxy} has no rule for an outage, {why}"
        raise ProxyError((Fault("on_outage", what, "use closed, or another proxy in front"),))


def fill(text: str, settings: ProxySettings, **more: str) -> str:
    """
    Return *text* with every ``@NAME@`` in it replaced by a setting of that name, or by one of *more*, which may bear
    names themselves.
    """
    values = {
        "ROOM": settings.room,
        "SERVICE": settings.service,
        "SHOP": settings.shop,
        "LISTEN": str(settings.listen),
        "HOST": settings.host,
        "PREFIX": settings.prefix,
        "WAITING": settings.waiting,
        "SERVICE_HOST": settings.service.rpartition(":")[0].strip("[]"),
        "SERVICE_PORT": settings.service.rpartition(":")[2],
        "SHOP_HOST": settings.shop.rpartition(":")[0].strip("[]"),
        "SHOP_PORT": settings.shop.rpartition(":")[2],
        "AWAY_PAGE": AWAY_PAGE,
        "QUESTIONS": QUESTIONS,
        "SHARE": str(settings.share_percent),
        **more,
    }
    while _TOKEN.search(text):
        text = _TOKEN.sub(lambda found: values[found[0].strip("@")], text)
    return text
