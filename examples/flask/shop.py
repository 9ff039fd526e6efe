"""
A toy shop on Flask whose checkout stands behind a waiting room.

Everything above the line is a shop like any other, but for three headers; below it stands the gate.
"""

from secrets import token_hex

import toys
from flask import Flask, Response, abort, redirect, request
from flask.typing import ResponseReturnValue

from waiting_room.gates.wsgi import GateSettings, WaitingRoomGate

app = Flask(__name__)
orders: dict[str, toys.Order] = {}  # a real shop has a database, and may then run as several processes


def read_basket() -> toys.Basket:
    return toys.read_basket(request.cookies.get("basket", ""))


def find_order(number: str) -> toys.Order:
    return orders.get(number) or abort(404)


@app.get("/")
def products() -> str:
    return toys.product_page()


@app.get("/basket")
def basket() -> str:
    return toys.basket_page(read_basket())


@app.post("/basket")
def add() -> ResponseReturnValue:
    response = redirect("/basket", 303)
    filled = toys.add_to_basket(request.cookies.get("basket", ""), request.form.get("toy", ""))
    response.set_cookie("basket", filled, samesite="Lax")
    return response


@app.get("/api/cart")
def cart() -> dict[str, object]:
    return toys.cart(read_basket())


@app.get("/checkout")
def checkout() -> ResponseReturnValue:
    basket = read_basket()
    if not basket:
        return redirect("/basket", 303)
    return Response(toys.checkout_page(basket), headers={"Waiting-Room-Command": "basket"})


@app.post("/checkout")
def place_order() -> ResponseReturnValue:
    basket, name, email = read_basket(), request.form.get("name", ""), request.form.get("email", "")
    if not (basket and name and email):
        return Response(toys.checkout_page(basket, hint="Please tell us your name and e-mail."), 422)
    number = token_hex(8)
    orders[number] = toys.Order(name, email, basket)
    response = redirect(f"/bank/{number}", 303)
    response.headers["Waiting-Room-Command"] = "payment"
    return response


@app.get("/bank/<number>")
def bank(number: str) -> str:
    return toys.bank_page(number, find_order(number))


@app.post("/checkout/callback/<number>")
def callback(number: str) -> ResponseReturnValue:
    find_order(number).paid = True
    return redirect(f"/order/{number}", 303)


@app.get("/order/<number>")
def order_done(number: str) -> Response:
    order = find_order(number)
    response = Response(toys.order_page(number, order))
    if order.paid and not order.confirmed:
        order.confirmed = True
        response.delete_cookie("basket")
        response.headers["Waiting-Room-Command"] = "release"
    return response


# ----------------------------------------------------------------------------------------------------------------------
settings = GateSettings(
    room="flask-shop",
    service_url="http://127.0.0.1:8080",
    page_url="http://127.0.0.1:8080/waiting-room/flask-shop",
    secret_keys_file="waiting-room.keys",
    protect=("/checkout/*", "/api/cart"),
    never=("@defaults", "/checkout/callback/*"),
)
app.wsgi_app = WaitingRoomGate(app.wsgi_app, settings)
