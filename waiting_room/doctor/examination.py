"""
The order in which a shop is asked; what is made of the answers is decided in the checks.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from waiting_room import wire
from waiting_room.doctor.answers import Answer, Mark, Reply, mark_of, room_of, waiting_url
from waiting_room.doctor.asker import QUIET, USER_AGENT, Asker
from waiting_room.doctor.catalogue import found
from waiting_room.doctor.entrances import (
    FREE,
    SHARED,
    Entrance,
    callbacks,
    entrances,
    platform_of,
    spellings,
)
from waiting_room.doctor.findings import TOPICS, Diagnosis, joined
from waiting_room.doctor.gate_checks import FORGED_HOST, GateFacts, check_gate
from waiting_room.doctor.judging import Fate, Judged, Tried, fates, judge, respelled
from waiting_room.doctor.page_checks import COOKIES_BYTES, PageFacts, check_page
from waiting_room.doctor.site_checks import Clock, SiteFacts, check_site, clock_of
from waiting_room.errors import WaitingRoomError

NOWHERE: Final = "/waiting-room-doctor-asks-for-nothing"
"""No shop has it: so it is seen what a shop answers to anything."""
MOST_HOPS: Final = 3
QUESTIONS: Final = 10
FORGED: Final = (
    {"X-Original-URL": "/robots.txt", "X-Rewrite-URL": "/robots.txt"},
    {"X-Forwarded-Uri": "/robots.txt", "X-Forwarded-Prefix": "/robots.txt"},
    {"X-Original-Method": "OPTIONS", "X-Forwarded-Method": "OPTIONS", "X-HTTP-Method-Override": "OPTIONS"},
    {"Waiting-Room-Status": "admitted", "Waiting_Room_Status": "admitted"},
    {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1", "Forwarded": "for=127.0.0.1"},
    {"X-Forwarded-For": "66.249.66.1", "User-Agent": f"Mozilla/5.0 (compatible; Googlebot/2.1; {USER_AGENT})"},
)
"""What a proxy tells a gate, and a visitor may make up."""


class ShopAwayError(WaitingRoomError):
    """
    Say that the shop cannot be examined at all, and why.
    """


@dataclass(frozen=True, slots=True)
class Order:
    """
    Hold what to examine: the shop's *url*, and what the operator said of it.

    *room*, *platform* and *service_url* may be empty; *wanted* are paths that must be gated, *free* such that must not.
    """

    url: str
    room: str = ""
    prefix: str = wire.PREFIX
    platform: str = ""
    service_url: str = ""
    wanted: tuple[str, ...] = ()
    free: tuple[str, ...] = ()
    topics: tuple[str, ...] = TOPICS


@dataclass(frozen=True, slots=True)
class Examined:
    """
    Hold what an examination came to: of which *url*, *room* and *platform*, and how many requests it took.

    *clocks* are those that were seen, for who knows more of them.
    """

    url: str
    room: str
    platform: str
    requests: int
    diagnosis: Diagnosis
    clocks: tuple[Clock, ...] = ()


def hosts_of(order: Order) -> frozenset[str]:
    """
    Return the hosts that an examination may talk to: the shop's, with and without ``www``, and the service's.
    """
    shop = urlsplit(order.url).hostname or ""
    bare = _bare(shop)
    return frozenset({bare, f"www.{bare}", urlsplit(order.service_url).hostname or bare})


async def examine(order: Order, asker: Asker) -> Examined:
    """
    Return what is wrong with a shop, seen from outside; raises `ShopAwayError` where it does not answer.
    """
    shop = await _Shop.found(order, asker)
    if shop.failing:
        ill = found("shop-failing", shop.base, f"its first page answers {shop.home.status}")
        return Examined(shop.base, order.room, shop.platform, asker.asked, Diagnosis((ill,)))
    nowhere = {method: await shop.ask(NOWHERE, method) for method in ("GET", "OPTIONS")}
    seeks_room = "page" in order.topics and not order.room
    judged = await shop.entrances(nowhere) if "gate" in order.topics or seeks_room else ()
    room = order.room or next((led for one in judged if one.answer and (led := shop.room_of(one.answer))), "")
    page = await shop.page(room, judged)
    parts: list[Diagnosis] = []
    if "gate" in order.topics:
        parts.append(check_gate(await shop.gate(judged, page, nowhere["GET"])))
    if "page" in order.topics:
        parts.append(check_page(page))
    if "site" in order.topics:
        parts.append(check_site(await shop.site(room)))
    return Examined(shop.base, room, shop.platform, asker.asked, joined(parts), shop.clocks(page))


@dataclass(frozen=True, slots=True)
class _Shop:
    """
    Ask one shop, whose first page is *home*, at *base*, with its pages under *below*.
    """

    order: Order
    asker: Asker
    base: str
    below: str
    home: Answer
    platform: str

    @classmethod
    async def found(cls, order: Order, asker: Asker) -> "_Shop":
        url = order.url
        for _ in range(MOST_HOPS):
            reply = await asker.ask(url, headers=QUIET)
            if not isinstance(reply, Answer):
                raise ShopAwayError(f"{url} cannot be examined: {reply.why}")
            if not reply.moved or room_of(reply, order.prefix):
                break
            there = urljoin(url, reply.moved)
            if urlsplit(there).hostname not in hosts_of(order):
                raise ShopAwayError(f"{url} leads to {there}; if that is the shop, give it as --url")
            url = there
        else:
            raise ShopAwayError(f"{order.url} leads from one address to the next, at last to {url}")
        if reply.status == 401 and mark_of(reply, order.prefix) is Mark.NONE:
            raise ShopAwayError(f"{url} asks for a password; give it in the address, as https://USER:PASSWORD@…")
        parts = urlsplit(url)
        base = urlunsplit((parts.scheme, parts.netloc, "", "", ""))
        below = parts.path.rstrip("/")
        return cls(order, asker, base, below, reply, order.platform or platform_of(reply))

    @property
    def failing(self) -> bool:
        """
        Tell whether not even the first page comes; a gate that is without its room is another matter.
        """
        return self.home.status >= 500 and mark_of(self.home, self.order.prefix) is Mark.NONE

    def room_of(self, answer: Answer) -> str:
        return room_of(answer, self.order.prefix)

    async def ask(self, path: str, method: str = "GET", **headers: str) -> Reply:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.asker.ask(f"{self.base}{path}", method, QUIET | named)

    async def entrances(self, nowhere: Mapping[str, Reply]) -> tuple[Judged, ...]:
        every = entrances(self.platform, self.below, self.order.wanted, self.order.free)
        unknown = nowhere["GET"]
        if isinstance(unknown, Answer) and mark_of(unknown, self.order.prefix) is Mark.WAITS:
            # Where only some paths are gated the shop would hear of it, for nothing.
            every += callbacks(self.platform)
        tried = await asyncio.gather(*(self._try(entrance) for entrance in every))
        return tuple(judge(one, nowhere, self.platform, self.order.prefix) for one in tried)

    async def _try(self, entrance: Entrance) -> Tried:
        reply = await self.ask(entrance.path, entrance.method)
        replies = [reply]
        while isinstance(reply, Answer) and len(replies) <= MOST_HOPS:
            there = "" if self.room_of(reply) else respelled(reply.url, reply)
            if not there:
                break
            reply = await self.asker.ask(there, entrance.method, QUIET)
            replies.append(reply)
        return Tried(entrance, tuple(replies))

    async def gate(self, judged: Sequence[Judged], page: PageFacts, nowhere: Reply) -> GateFacts:
        state = page.state.document if isinstance(page.state, Answer) else {}
        mode = str(state.get("mode", ""))
        facts = GateFacts(tuple(judged), page.room, mode, self.order.prefix, self.home, nowhere)
        gated = [one for one in fates(judged, Fate.GATED) if one.entrance.kind not in {FREE, SHARED}]
        pages = [one for one in gated if one.entrance.method == "GET" and "?" not in one.entrance.path]
        if not pages:
            return facts
        assert pages[0].answer is not None
        path = pages[0].answer.path
        # A cache that ignores the language hands one's answer to the other; by an address that it has not seen before.
        both = f"{path}?waiting-room-doctor=language"
        polish = await self.ask(both, Accept_Language="pl")
        asked = [self.asker.ask(f"{self.base}{path}", "GET", QUIET | forged) for forged in FORGED]
        forged = await asyncio.gather(*asked)
        hosted = await self.ask(path, X_Forwarded_Host=FORGED_HOST, X_Host=FORGED_HOST)
        return replace(
            facts,
            spelled=tuple(await asyncio.gather(*(self.ask(other) for other in spellings(path)))),
            forged=tuple((" and ".join(sent), reply) for sent, reply in zip(FORGED, forged, strict=True)),
            hosted=hosted,
            head=await self.ask(path, "HEAD"),
            polish=polish,
            english=await self.ask(both, Accept_Language="en"),
        )

    async def page(self, room: str, judged: Sequence[Judged]) -> PageFacts:
        told = next((url for one in judged if one.answer and (url := waiting_url(one.answer))), "")
        named = urlsplit(told)
        question, asked_ms = await self._question(room)
        if named.hostname and _bare(named.hostname) != _bare(urlsplit(self.base).hostname):
            elsewhere = urlunsplit((named.scheme, named.netloc, named.path, "", ""))
            return PageFacts(room, elsewhere=elsewhere, question=question, asked_ms=asked_ms)
        base = urlunsplit((named.scheme, named.netloc, "", "", "")) if named.hostname else self.base
        url = f"{base}{self.order.prefix}/{quote(room)}"
        facts = PageFacts(room, url, question=question, asked_ms=asked_ms)
        if not room or not {"gate", "page", "clocks"} & set(self.order.topics):
            return facts
        facts = replace(facts, state=await self.asker.ask(f"{url}/state.json"))
        if "page" not in self.order.topics:
            return facts
        first = await self.asker.ask(url, headers={"Accept": "text/html"})
        second = await self.asker.ask(url, headers={"Accept": "text/html"})
        cookie = first.cookie(wire.VISITOR_COOKIE).partition(";")[0] if isinstance(first, Answer) else ""
        filler = f"wr_doctor={'x' * COOKIES_BYTES}"
        known = await self.asker.ask(url, "HEAD", {"Cookie": cookie}) if cookie else None
        heavy = await self.asker.ask(url, "HEAD", {"Cookie": f"{cookie}; {filler}" if cookie else filler})
        return replace(facts, first=first, second=second, known=known, heavy=heavy)

    async def _question(self, room: str) -> tuple[Reply | None, tuple[float, ...]]:
        if not self.order.service_url or not room or "page" not in self.order.topics:
            return None, ()
        url = f"{self.order.service_url.rstrip('/')}{self.order.prefix}/authorize/forward/{quote(room)}"
        replies = [await self.asker.ask(url, headers=QUIET) for _ in range(QUESTIONS)]
        # The first opens the connection, which a proxy keeps.
        return replies[0], tuple(reply.took_ms for reply in replies[1:] if isinstance(reply, Answer))

    async def site(self, room: str) -> SiteFacts:
        parts = urlsplit(self.base)
        plain: Reply | None = None
        if parts.scheme == "https":
            plain = await self.asker.ask(urlunsplit(("http", parts.hostname or "", "/", "", "")))
        asked = [f"{self.order.prefix}/authorize/nginx/{quote(room)}"] if room else []
        asked += ["/admin/api/v1/rooms", "/metrics"]
        private = [await self.ask(path) for path in asked]
        return SiteFacts(self.base, self.home, plain, tuple(private))

    def clocks(self, page: PageFacts) -> tuple[Clock, ...]:
        state = page.state if isinstance(page.state, Answer) and page.state.document.get("room") else None
        found = (clock_of("the shop", self.home), clock_of("the service", state))
        return tuple(clock for clock in found if clock is not None)


def _bare(host: str | None) -> str:
    return (host or "").removeprefix("www.")
