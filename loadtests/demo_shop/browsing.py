"""
The pages before the till: the shelf, one toy, and the basket.
"""

from functools import partial
from http import HTTPStatus

from aiohttp import web

from loadtests.demo_shop import counter
from loadtests.demo_shop.catalogue import BY_SLUG, MAX_PER_TOY, TOYS
from loadtests.demo_shop.views import VISITOR, Desk, Section, see_other

COMPANIONS = 4
SCARCE = 10
"""From this many pieces downwards the shop says how many are left."""


class Browsing(Section):
    """
    Answer the pages that cost little and that everybody opens.
    """

    def routes(self) -> list[web.RouteDef]:
        """
        List the addresses with their handlers.
        """
        return [
            web.get("/", self.home),
            web.get("/product/{slug}", self.product),
            web.get("/basket", self.basket),
            web.post("/basket", self.change_basket),
        ]

    async def home(self, request: web.Request) -> web.Response:
        """
        Show the promotion and all toys.
        """
        found = await self._desk.work(request, self._costs.home, counter.shelf)
        return self._desk.page(request, "home.html", lines=found.lines, scarce=SCARCE, basket_units=found.basket_units)

    async def product(self, request: web.Request) -> web.Response:
        """
        Show one toy with its stock, and some that go well with it.
        """
        slug = request.match_info["slug"]
        if slug not in BY_SLUG:
            raise web.HTTPNotFound
        found = await self._desk.work(request, self._costs.product, counter.shelf)
        at = next(place for place, toy in enumerate(TOYS) if toy.slug == slug)
        ring = found.lines[at:] + found.lines[:at]
        return self._desk.page(
            request,
            "product.html",
            line=ring[0],
            companions=ring[1 : COMPANIONS + 1],
            scarce=SCARCE,
            basket_units=found.basket_units,
        )

    async def basket(self, request: web.Request) -> web.Response:
        """
        Show the basket, or that it is empty.
        """
        found = await self._desk.work(request, self._costs.basket, counter.basket)
        return self._desk.page(request, "basket.html", basket=found, basket_units=found.units)

    async def change_basket(self, request: web.Request) -> web.Response:
        """
        Add pieces (`product`, `quantity`), or with `action=set` change how many there are; zero takes a toy out.
        """
        form = await request.post()
        slug = str(form.get("product", ""))
        quantity = _quantity(str(form.get("quantity", "1")))
        if slug not in BY_SLUG or quantity is None:
            return self._desk.notice(request, "wrong", HTTPStatus.BAD_REQUEST)
        if form.get("action") == "set":
            change = partial(counter.change, slug=slug, quantity=quantity)
            await self._desk.work(request, self._costs.basket_add, change)
            return see_other("/basket")
        add = partial(counter.add, slug=slug, quantity=max(1, quantity))
        added = await self._desk.work(request, self._costs.basket_add, add)
        return sold_out(self._desk, request, added) if isinstance(added, counter.SoldOut) else see_other("/basket")


def sold_out(desk: Desk, request: web.Request, outcome: counter.SoldOut) -> web.Response:
    """
    Say which toys are gone, with 409: the request was fine, the shelf is not.
    """
    language = request[VISITOR].language
    names = ", ".join(BY_SLUG[slug].name(language) for slug in outcome.slugs)
    return desk.page(request, "notice.html", HTTPStatus.CONFLICT, name="sold_out", names=names)


def _quantity(text: str) -> int | None:
    if not text.isascii() or not text.isdecimal() or len(text) > 4:
        return None
    return min(int(text), MAX_PER_TOY)
