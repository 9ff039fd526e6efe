"""
A toy shop on aiohttp whose checkout stands behind a waiting room.

Everything above the line is a shop like any other, but for three headers; below it stands the gate.
"""

from secrets import token_hex

import toys
from aiohttp import web

from waiting_room.gates.aiohttp import GateSettings, WaitingRoomGate

routes = web.RouteTableDef()
orders: dict[str, toys.Order] = {}  # a real shop has a database, and may then run as several processes


def read_basket(request: web.Request) -> toys.Basket:
    return toys.read_basket(request.cookies.get("basket", ""))


def find_order(request: web.Request) -> tuple[str, toys.Order]:
    number = request.match_info["number"]
    if number not in orders:
        raise web.HTTPNotFound
    return number, orders[number]


def html(text: str, status: int = 200) -> web.Response:
    return web.Response(text=text, status=status, content_type="text/html")


def see_other(address: str) -> web.Response:
    return web.Response(status=303, headers={"Location": address})


@routes.get("/")
async def products(request: web.Request) -> web.Response:
    return html(toys.product_page())


@routes.get("/basket")
async def basket(request: web.Request) -> web.Response:
    return html(toys.basket_page(read_basket(request)))


@routes.post("/basket")
async def add(request: web.Request) -> web.Response:
    form = await request.post()
    response = see_other("/basket")
    filled = toys.add_to_basket(request.cookies.get("basket", ""), str(form.get("toy", "")))
    response.set_cookie("basket", filled, samesite="Lax")
    return response


@routes.get("/api/cart")
async def cart(request: web.Request) -> web.Response:
    return web.json_response(toys.cart(read_basket(request)))


@routes.get("/checkout")
async def checkout(request: web.Request) -> web.Response:
    basket = read_basket(request)
    if not basket:
        return see_other("/basket")
    response = html(toys.checkout_page(basket))
    response.headers["Waiting-Room-Command"] = "basket"
    return response


@routes.post("/checkout")
async def place_order(request: web.Request) -> web.Response:
    form = await request.post()
    basket, name, email = read_basket(request), str(form.get("name", "")), str(form.get("email", ""))
    if not (basket and name and email):
        return html(toys.checkout_page(basket, hint="Please tell us your name and e-mail."), 422)
    number = token_hex(8)
    orders[number] = toys.Order(name, email, basket)
    response = see_other(f"/bank/{number}")
    response.headers["Waiting-Room-Command"] = "payment"
    return response


@routes.get("/bank/{number}")
async def bank(request: web.Request) -> web.Response:
    return html(toys.bank_page(*find_order(request)))


@routes.post("/checkout/callback/{number}")
async def callback(request: web.Request) -> web.Response:
    number, order = find_order(request)
    order.paid = True
    return see_other(f"/order/{number}")


@routes.get("/order/{number}")
async def order_done(request: web.Request) -> web.Response:
    number, order = find_order(request)
    response = html(toys.order_page(number, order))
    if order.paid and not order.confirmed:
        order.confirmed = True
        response.del_cookie("basket")
        response.headers["Waiting-Room-Command"] = "release"
    return response


app = web.Application()
app.add_routes(routes)

# ----------------------------------------------------------------------------------------------------------------------
settings = GateSettings(
    room="aiohttp-shop",
    service_url="http://127.0.0.1:8080",
    page_url="http://127.0.0.1:8080/waiting-room/aiohttp-shop",
    secret_keys_file="waiting-room.keys",
    protect=("/checkout/*", "/api/cart"),
    never=("@defaults", "/checkout/callback/*"),
)
WaitingRoomGate(settings).setup(app)

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=8000)
