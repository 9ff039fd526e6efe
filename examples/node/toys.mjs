// What the toy shop sells, and its pages as HTML: nothing in here knows of the waiting room.

const TOYS = { train: ["Wooden train", 39], robot: ["Tin robot", 24], kite: ["Paper kite", 15] };
const MOST_OF_ONE = 9;

/** Returns the basket that the cookie keeps; what we do not sell is dropped. */
export function readBasket(cookie) {
  const basket = new Map();
  for (const [, toy, pieces] of cookie.matchAll(/(\w+)\.([1-9])(?=-|$)/g)) {
    if (Object.hasOwn(TOYS, toy)) basket.set(toy, Number(pieces));
  }
  return basket;
}

/** Returns the cookie for a basket with one toy more. */
export function addToBasket(cookie, toy) {
  const basket = readBasket(cookie);
  if (Object.hasOwn(TOYS, toy)) basket.set(toy, Math.min((basket.get(toy) ?? 0) + 1, MOST_OF_ONE));
  return [...basket].map(([name, pieces]) => `${name}.${pieces}`).join("-");
}

/** Returns the basket for programs. */
export function cart(basket) {
  const items = [...basket].map(([toy, pieces]) => ({ toy, name: TOYS[toy][0], pieces }));
  const total = [...basket].reduce((sum, [toy, pieces]) => sum + TOYS[toy][1] * pieces, 0);
  return { items, total };
}

export function productPage() {
  const rows = Object.entries(TOYS).map(
    ([toy, [name, price]]) => `<li>${name}<b>${price} €</b><button name="toy" value="${toy}">Into the basket</button></li>`,
  );
  return page("Toys", `<form method="post" action="/basket"><ul>${rows.join("")}</ul></form>`);
}

export function basketPage(basket) {
  const on = basket.size ? '<p><a class="go" href="/checkout">To the checkout</a></p>' : "<p>Nothing yet.</p>";
  return page("Your basket", lines(basket) + on);
}

export function checkoutPage(basket, hint = "") {
  return page("Checkout", `${lines(basket)}${hint && `<p>${escaped(hint)}</p>`}<form method="post" action="/checkout">
<label>Name <input name="name" autocomplete="name" required></label>
<label>E-mail <input name="email" type="email" autocomplete="email" required></label>
<button class="go">Order and pay</button></form>
<p id="news" role="status"></p>
<script>
// Another tab may have changed the basket. A script that may not come in is never redirected: it gets 429 and the
// address of the waiting page, and can leave alone what has been typed (this form is still taken for a while).
document.addEventListener("visibilitychange", async () => {
  if (document.hidden) return;
  const answer = await fetch("/api/cart"), cart = await answer.json(), news = document.querySelector("#news");
  if (answer.ok) document.querySelector("#total").textContent = cart.total + " €";
  else { news.textContent = cart.detail + " "; news.append(
    Object.assign(document.createElement("a"), { href: cart.waiting_room_url, textContent: "To the queue" })); }
});
</script>`);
}

export function bankPage(number, order) {
  return page("The bank", `<p>This page stands for your payment provider's. It asks you to pay ${cart(order.basket).total} €.</p>
<form method="post" action="/payment/${number}"><button class="go">Pay</button></form>
<p><a href="/checkout">Back to the shop without paying</a></p>`);
}

export function orderPage(number, order) {
  const said = order.paid ? `Thank you, ${order.name}! Your toys are on their way.` : "It has not been paid yet.";
  return page(`Order ${number}`, `<p>${escaped(said)}</p>${lines(order.basket)}`);
}

function lines(basket) {
  const rows = [...basket].map(([toy, pieces]) => `<li>${TOYS[toy][0]}<b>${pieces} × ${TOYS[toy][1]} €</b></li>`);
  return `<ul>${rows.join("")}</ul><p>Together <b id="total">${cart(basket).total} €</b></p>`;
}

function escaped(text) {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

export function page(title, body) {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} – The Toy Shop</title>
<link rel="icon" href="data:,">
<style>
body { max-width: 34rem; margin: 0 auto; padding: 1rem; font: 1.125rem/1.5 system-ui, sans-serif; color: #23211c }
nav { display: flex; justify-content: space-between } a { color: #a8281e }
ul { padding: 0 } li { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; padding: .75rem 0;
  border-bottom: 1px solid #ddd } li b { margin-left: auto }
label { display: block; margin: 1rem 0 }
input { display: block; box-sizing: border-box; width: 100%; padding: .75rem; font: inherit }
button, .go { padding: .75rem 1rem; border: 0; border-radius: .5rem; background: #23211c; color: #fff; font: inherit;
  text-decoration: none; cursor: pointer } .go { display: inline-block; background: #a8281e }
</style>
</head>
<body>
<nav><a href="/">The Toy Shop</a><a href="/basket">Basket</a></nav>
<h1>${title}</h1>
${body}
</body>
</html>
`;
}
