"""
A toy shop on FastAPI whose checkout stands behind a waiting room.

Everything above the line is a shop like any other, but for three headers; below it stands the gate.
"""

from secrets import token_hex
from typing import Annotated
from urllib.parse import parse_qsl

import toys
from fastapi import Cookie, Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from waiting_room.gates.asgi import GateSettings, WaitingRoomGate

shop = FastAPI()
orders: dict[str, toys.Order] = {}  # a real shop has a database, and may then run as several processes


async def read_form(request: Request) -> dict[str, str]:
    # With python-multipart installed, FastAPI's own Form() does this.
    return dict(parse_qsl((await request.body()).decode()))


def find_order(number: str) -> toys.Order:
    if number not in orders:
        raise HTTPException(404)
    return orders[number]


BasketCookie = Annotated[str, Cookie(alias="basket")]
Form = Annotated[dict[str, str], Depends(read_form)]
KnownOrder = Annotated[toys.Order, Depends(find_order)]


@shop.get("/")
async def products() -> HTMLResponse:
    return HTMLResponse(toys.product_page())


@shop.get("/basket")
async def basket(cookie: BasketCookie = "") -> HTMLResponse:
    return HTMLResponse(toys.basket_page(toys.read_basket(cookie)))


@shop.post("/basket")
async def add(form: Form, cookie: BasketCookie = "") -> Response:
    response = RedirectResponse("/basket", 303)
    response.set_cookie("basket", toys.add_to_basket(cookie, form.get("toy", "")), samesite="lax")
    return response


@shop.get("/api/cart")
async def cart(cookie: BasketCookie = "") -> dict[str, object]:
    return toys.cart(toys.read_basket(cookie))


@shop.get("/checkout")
async def checkout(cookie: BasketCookie = "") -> Response:
    basket = toys.read_basket(cookie)
    if not basket:
        return RedirectResponse("/basket", 303)
    return HTMLResponse(toys.checkout_page(basket), headers={"Waiting-Room-Command": "basket"})


@shop.post("/checkout")
async def place_order(form: Form, cookie: BasketCookie = "") -> Response:
    basket, name, email = toys.read_basket(cookie), form.get("name", ""), form.get("email", "")
    if not (basket and name and email):
        return HTMLResponse(toys.checkout_page(basket, hint="Please tell us your name and e-mail."), 422)
    number = token_hex(8)
    orders[number] = toys.Order(name, email, basket)
    return RedirectResponse(f"/bank/{number}", 303, headers={"Waiting-Room-Command": "payment"})


@shop.get("/bank/{number}")
async def bank(number: str, order: KnownOrder) -> HTMLResponse:
    return HTMLResponse(toys.bank_page(number, order))


@shop.post("/checkout/callback/{number}")
async def callback(number: str, order: KnownOrder) -> Response:
    order.paid = True
    return RedirectResponse(f"/order/{number}", 303)


@shop.get("/order/{number}")
async def order_done(number: str, order: KnownOrder) -> Response:
    response = HTMLResponse(toys.order_page(number, order))
    if order.paid and not order.confirmed:
        order.confirmed = True
        response.delete_cookie("basket")
        response.headers["Waiting-Room-Command"] = "release"
    return response


# ----------------------------------------------------------------------------------------------------------------------
settings = GateSettings(
    room="fastapi-shop",
    service_url="http://127.0.0.1:8080",
    page_url="http://127.0.0.1:8080/waiting-room/fastapi-shop",
    secret_keys_file="waiting-room.keys",
    protect=("/checkout/*", "/api/cart"),
    never=("@defaults", "/checkout/callback/*"),
)
app = WaitingRoomGate(shop, settings)
