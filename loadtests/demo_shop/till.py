"""
The till: the address, the payment, and the order that comes of it.
"""

import re
from functools import partial
from http import HTTPStatus

from aiohttp import web

from loadtests.demo_shop import counter
from loadtests.demo_shop.browsing import sold_out
from loadtests.demo_shop.counter import Address, Order, SoldOut, Unknown
from loadtests.demo_shop.views import Section, now_ms, see_other

FIELDS = ("name", "email", "street", "city")
METHODS = ("card", "blik")
MAX_FIELD = 80
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")

RELEASE_HEADERS = {"Waiting-Room-Command": "release"}
"""Tell the gate that this shopper is done, so that the next one may enter."""
PAYMENT_HEADERS = {"Waiting-Room-Command": "payment"}
"""Tell the gate that this shopper pays, so that the visit does not end meanwhile."""
BASKET_HEADERS = {"Waiting-Room-Command": "basket"}
"""Tell the gate that the payment came to nothing, and the visit goes on like any other."""


def address_faults(given: Address) -> tuple[str, ...]:
    """
    Name the fields that cannot be sent to, in the order of the form.
    """
    empty = [name for name in FIELDS if not getattr(given, name) or len(getattr(given, name)) > MAX_FIELD]
    if "email" not in empty and not EMAIL.fullmatch(given.email):
        empty.append("email")
    return tuple(name for name in FIELDS if name in empty)


class Till(Section):
    """
    Answer the pages that cost most: whoever is here must not be thrown out by those who only look.
    """

    def routes(self) -> list[web.RouteDef]:
        """
        List the addresses with their handlers.
        """
        return [
            web.get("/checkout", self.checkout),
            web.post("/checkout", self.place_order),
            web.get("/payment/{number}", self.payment),
            web.post("/payment/{number}", self.pay),
            web.get("/order/{number}", self.order),
        ]

    async def checkout(self, request: web.Request) -> web.Response:
        """
        Ask for the address; an empty basket goes back to the basket page.
        """
        found = await self._desk.work(request, self._costs.checkout, counter.basket)
        if not found.lines:
            return see_other("/basket")
        blank = Address("", "", "", "")
        return self._desk.page(request, "checkout.html", basket=found, given=blank, faults=(), basket_units=found.units)

    async def place_order(self, request: web.Request) -> web.Response:
        """
        Keep the order and go on to paying; with unusable fields show the form again (422), with what was written.
        """
        form = await request.post()
        given = Address(*(str(form.get(name, "")).strip() for name in FIELDS))
        if faults := address_faults(given):
            found = await self._desk.work(request, self._costs.checkout, counter.basket)
            return self._desk.page(
                request,
                "checkout.html",
                HTTPStatus.UNPROCESSABLE_ENTITY,
                basket=found,
                given=given,
                faults=faults,
                basket_units=found.units,
            )
        number = await self._desk.work(
            request,
            self._costs.checkout_submit,
            lambda connection, session: counter.place_order(connection, session, given, now_ms()),
        )
        return see_other("/basket" if number is None else f"/payment/{number}")

    async def payment(self, request: web.Request) -> web.Response:
        """
        Offer the ways to pay, and keep the shopper's seat meanwhile; an order that is paid already goes on to its
        confirmation.
        """
        number = request.match_info["number"]
        found = await self._desk.work(request, self._costs.payment, partial(counter.order, number=number))
        if isinstance(found, Unknown):
            raise web.HTTPNotFound
        if found.paid_ms is not None:
            return see_other(f"/order/{found.number}")
        answer = self._desk.page(request, "payment.html", order=found, basket_units=found.basket.units)
        answer.headers.update(PAYMENT_HEADERS)
        return answer

    async def pay(self, request: web.Request) -> web.Response:
        """
        Take the stock and the (toy) money, and go on to the confirmation; where the stock is gone, the payment is over.
        """
        form = await request.post()
        method = str(form.get("method", METHODS[0]))
        if method not in METHODS:
            return self._desk.notice(request, "wrong", HTTPStatus.BAD_REQUEST)
        number = request.match_info["number"]
        outcome = await self._desk.work(
            request,
            self._costs.pay,
            lambda connection, session: counter.pay(connection, session, number, method, now_ms()),
        )
        match outcome:
            case Order():
                return see_other(f"/order/{outcome.number}")
            case SoldOut():
                answer = sold_out(self._desk, request, outcome)
                answer.headers.update(BASKET_HEADERS)
                return answer
            case Unknown():
                raise web.HTTPNotFound

    async def order(self, request: web.Request) -> web.Response:
        """
        Confirm a paid order and, the first time, free the shopper's seat; an unpaid order goes back to paying.

        Not the payment frees it: whoever pays impatiently twice still needs the seat for the second time. And not a
        later look at the confirmation: by then the shopper may hold a new seat.
        """
        number = request.match_info["number"]
        found, first = await self._desk.work(
            request,
            self._costs.order,
            lambda connection, session: counter.confirm(connection, session, number, now_ms()),
        )
        if isinstance(found, Unknown):
            raise web.HTTPNotFound
        if found.paid_ms is None:
            return see_other(f"/payment/{found.number}")
        answer = self._desk.page(request, "order.html", order=found)
        if first:
            answer.headers.update(RELEASE_HEADERS)
        return answer
