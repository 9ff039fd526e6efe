"""
A toy shop on Django whose checkout stands behind a waiting room.

Everything in here is a shop like any other, but for three headers; the gate stands in the settings.
"""

from secrets import token_hex

import toys
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.middleware.csrf import get_token
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST, require_safe

orders: dict[str, toys.Order] = {}  # a real shop has a database, and may then run as several processes


class SeeOther(HttpResponseRedirect):
    status_code = 303


def read_basket(request: HttpRequest) -> toys.Basket:
    return toys.read_basket(request.COOKIES.get("basket", ""))


def find_order(number: str) -> toys.Order:
    if number not in orders:
        raise Http404
    return orders[number]


def csrf_field(request: HttpRequest) -> str:
    return f'<input type="hidden" name="csrfmiddlewaretoken" value="{get_token(request)}">'


@require_safe
def products(request: HttpRequest) -> HttpResponse:
    return HttpResponse(toys.product_page(csrf_field(request)))


def basket(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return HttpResponse(toys.basket_page(read_basket(request)))
    response = SeeOther("/basket")
    filled = toys.add_to_basket(request.COOKIES.get("basket", ""), request.POST.get("toy", ""))
    response.set_cookie("basket", filled, samesite="Lax")
    return response


@require_safe
def cart(request: HttpRequest) -> HttpResponse:
    return JsonResponse(toys.cart(read_basket(request)))


def checkout(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return place_order(request)
    basket = read_basket(request)
    if not basket:
        return SeeOther("/basket")
    page = toys.checkout_page(basket, csrf_field(request))
    return HttpResponse(page, headers={"Waiting-Room-Command": "basket"})


def place_order(request: HttpRequest) -> HttpResponse:
    basket, name, email = read_basket(request), request.POST.get("name", ""), request.POST.get("email", "")
    if not (basket and name and email):
        page = toys.checkout_page(basket, csrf_field(request), "Please tell us your name and e-mail.")
        return HttpResponse(page, status=422)
    number = token_hex(8)
    orders[number] = toys.Order(name, email, basket)
    return SeeOther(f"/bank/{number}", headers={"Waiting-Room-Command": "payment"})


@require_GET
def bank(request: HttpRequest, number: str) -> HttpResponse:
    return HttpResponse(toys.bank_page(number, find_order(number)))


@csrf_exempt
@require_POST
def callback(request: HttpRequest, number: str) -> HttpResponse:
    find_order(number).paid = True
    return SeeOther(f"/order/{number}")


@require_GET
def order_done(request: HttpRequest, number: str) -> HttpResponse:
    order = find_order(number)
    response = HttpResponse(toys.order_page(number, order))
    if order.paid and not order.confirmed:
        order.confirmed = True
        response.delete_cookie("basket")
        response.headers["Waiting-Room-Command"] = "release"
    return response


urlpatterns = [
    path("", products),
    path("basket", basket),
    path("api/cart", cart),
    path("checkout", checkout),
    path("bank/<slug:number>", bank),
    path("checkout/callback/<slug:number>", callback),
    path("order/<slug:number>", order_done),
]
