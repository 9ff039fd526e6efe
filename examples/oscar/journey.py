"""
A guest who comes to buy one thing in an Oscar shop, as its pages stand.
"""

from loadtests.journeys.shopping import Shopping
from loadtests.journeys.table import Edge, Table, Thought

TO = {"first_name": "R", "last_name": "S", "line1": "Prosta 1", "line4": "Warszawa", "postcode": "00-838"}
WAY = {
    "product": (Edge("basket"),),
    "basket": (Edge("checkout"),),
    "checkout": (Edge("shipping", thought=Thought.FILL),),
    "shipping": (Edge("preview", thought=Thought.FILL),),
    "preview": (Edge("thanks"),),
    "thanks": (Edge("bought", thought=Thought.NONE),),
}


class Guest(Shopping):
    table = Table(WAY, start="product")

    def product(self) -> None:
        self.open(self.choose(()))  # the message leads to a product; the scenario names them

    def basket(self) -> None:
        self.send("/basket/add/", {"quantity": self.behaviour.quantity})

    def checkout(self) -> None:
        self.open("/checkout/")

    def shipping(self) -> None:
        self.send("/checkout/", {"username": self.contact()["email"], "options": "anonymous"}, leads_to="/shipping-")

    def preview(self) -> None:
        self.send("/shipping-address", TO)
        self.open("/checkout/preview/")

    def thanks(self) -> None:
        self.send("/preview", leads_to="/thank-you")
        self.ordered()
