"""
What the toy shop sells, and its pages as HTML: nothing in here knows of a web framework or of the waiting room.
"""

from dataclasses import dataclass
from html import escape

TOYS = {"train": ("Wooden train", 39), "robot": ("Tin robot", 24), "kite": ("Paper kite", 15)}
MOST_OF_ONE = 9

Basket = dict[str, int]


@dataclass
class Order:
    name: str
    email: str
    basket: Basket
    paid: bool = False
    confirmed: bool = False


def read_basket(cookie: str) -> Basket:
    """Return the basket that the cookie keeps; what we do not sell is dropped."""
    parts = [part.partition(".") for part in cookie.split("-")]
    return {toy: min(int(n), MOST_OF_ONE) for toy, _, n in parts if toy in TOYS and n in set("123456789")}


def add_to_basket(cookie: str, toy: str) -> str:
    """Return the cookie for a basket with one *toy* more."""
    basket = read_basket(cookie)
    if toy in TOYS:
        basket[toy] = min(basket.get(toy, 0) + 1, MOST_OF_ONE)
    return "-".join(f"{toy}.{n}" for toy, n in basket.items())


def cart(basket: Basket) -> dict[str, object]:
    """Return the basket for programs."""
    items = [{"toy": toy, "name": TOYS[toy][0], "pieces": n} for toy, n in basket.items()]
    return {"items": items, "total": sum(TOYS[toy][1] * n for toy, n in basket.items())}


def product_page(hidden: str = "") -> str:
    """Return the toys, each with a button; *hidden* are a framework's own fields of the form."""
    rows = [
        f'<li>{name}<b>{price} €</b><button name="toy" value="{toy}">Add</button></li>'
        for toy, (name, price) in TOYS.items()
    ]
    return _page("Toys", f'<form method="post" action="/basket">{hidden}<ul>{"".join(rows)}</ul></form>')


def basket_page(basket: Basket) -> str:
    go_on = '<p><a class="go" href="/checkout">To the checkout</a></p>' if basket else "<p>Nothing yet.</p>"
    return _page("Your basket", _lines(basket) + go_on)


def checkout_page(basket: Basket, hidden: str = "", hint: str = "") -> str:
    form = """<form method="post" action="/checkout">HIDDEN
<label>Name <input name="name" autocomplete="name" required></label>
<label>E-mail <input name="email" type="email" autocomplete="email" required></label>
<button class="go">Order and pay</button></form>
<p id="news" role="status"></p>
<script>
// Another tab may have changed the basket. A script that may not come in is never redirected: it gets 429 and the
// address of the waiting page, and can leave alone what has been typed (the gate still takes this form for a while).
document.addEventListener("visibilitychange", async () => {
  if (document.hidden) return;
  const answer = await fetch("/api/cart"), cart = await answer.json(), news = document.querySelector("#news");
  if (answer.ok) document.querySelector("#total").textContent = cart.total + " €";
  else { news.textContent = cart.detail + " "; news.append(
    Object.assign(document.createElement("a"), { href: cart.waiting_room_url, textContent: "To the queue" })); }
});
</script>""".replace("HIDDEN", hidden)
    return _page("Checkout", _lines(basket) + f"<p>{escape(hint)}</p>" * bool(hint) + form)


def bank_page(number: str, order: Order) -> str:
    return _page(
        "The bank",
        f"""<p>This page stands for your payment provider's. It asks you to pay {cart(order.basket)["total"]} €.</p>
<form method="post" action="/checkout/callback/{number}"><button class="go">Pay</button></form>
<p><a href="/checkout">Back to the shop without paying</a></p>""",
    )


def order_page(number: str, order: Order) -> str:
    paid = f"Thank you, {order.name}! Your toys are on their way." if order.paid else "It has not been paid yet."
    return _page(f"Order {number}", f"<p>{escape(paid)}</p>" + _lines(order.basket))


def _lines(basket: Basket) -> str:
    rows = [f"<li>{TOYS[toy][0]}<b>{n} × {TOYS[toy][1]} €</b></li>" for toy, n in basket.items()]
    return f'<ul>{"".join(rows)}</ul><p>Together <b id="total">{cart(basket)["total"]} €</b></p>'


def _page(title: str, body: str) -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} – The Toy Shop</title>
<link rel="icon" href="data:,">
<style>
body {{ max-width: 34rem; margin: 0 auto; padding: 1rem; font: 1.125rem/1.5 system-ui, sans-serif; color: #23211c }}
nav {{ display: flex; justify-content: space-between }} a {{ color: #a8281e }}
h1 {{ overflow-wrap: anywhere }} ul {{ padding: 0 }}
li {{ display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; padding: .75rem 0;
  border-bottom: 1px solid #ddd }} li b {{ margin-left: auto }}
label {{ display: block; margin: 1rem 0 }}
input {{ display: block; box-sizing: border-box; width: 100%; padding: .75rem; font: inherit }}
button, .go {{ padding: .75rem 1rem; border: 0; border-radius: .5rem; background: #23211c; color: #fff; font: inherit;
  text-decoration: none; cursor: pointer }} .go {{ display: inline-block; background: #a8281e }}
</style>
</head>
<body>
<nav><a href="/">The Toy Shop</a><a href="/basket">Basket</a></nav>
<h1>{title}</h1>
{body}
</body>
</html>
"""
