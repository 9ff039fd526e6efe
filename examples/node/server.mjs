// A toy shop on Node, laid out as Next.js would: proxy.mjs runs first where its matcher says so, then a page or a route
// of the API answers. Nothing in here sends anybody to the queue; the lines with `commands` tell the room of a visit.
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { config, proxy } from "./proxy.mjs";
import { commands, cookiesOf, passOf, ROOM } from "./room.mjs";
import { addToBasket, bankPage, basketPage, cart, checkoutPage, orderPage, page, productPage, readBasket } from "./toys.mjs";

const PORT = 8000;
const LONGEST_FORM = 10_000;
const orders = new Map();

const routes = {
  "GET /": () => html(productPage()),
  "GET /basket": ({ basket }) => html(basketPage(basket)),
  "POST /basket": async ({ cookies, form }) => {
    const basket = addToBasket(cookies.basket ?? "", (await form()).get("toy") ?? "");
    return moveOn("/basket", [`basket=${basket}; Path=/; SameSite=Lax`]);
  },
  "GET /api/cart": ({ basket }) => Response.json(cart(basket), { headers: { "Cache-Control": "private" } }),
  "GET /checkout": showCheckout,
  "POST /checkout": placeOrder,
  "GET /bank/*": ({ number, order }) => html(bankPage(number, order)),
  "POST /payment/*": ({ number, order }) => {
    order.paid = true;
    return moveOn(`/order/${number}`);
  },
  "GET /order/*": showOrder,
};

async function showCheckout({ basket, cookies }) {
  // Whoever bears this cookie comes back from the bank without having paid.
  const said = cookies[`wr_stage_${ROOM}`] ? await commands.say("basket", cookies) : [];
  return basket.size ? html(checkoutPage(basket), 200, said) : moveOn("/basket", said);
}

async function placeOrder({ basket, cookies, form }) {
  // A second look, without asking anybody: a matcher that misses a path must not sell anything.
  const pass = await passOf(cookies, { late: true });
  if (!pass) return html(page("Checkout", '<p>Please <a href="/checkout">go to the checkout</a> first.</p>'), 403);
  const fields = await form();
  const [name, email] = [fields.get("name") ?? "", fields.get("email") ?? ""];
  if (!basket.size || !name || !email) return html(checkoutPage(basket, "Please tell us your name and e-mail."), 422);
  const number = randomBytes(8).toString("hex");
  orders.set(number, { name, email, basket, seat: pass.seat, paid: false, confirmed: false });
  return moveOn(`/bank/${number}`, await commands.say("payment", cookies));
}

async function showOrder({ number, order, cookies }) {
  const first = order.paid && !order.confirmed;
  order.confirmed = order.paid;
  const said = first ? ["basket=; Path=/; Max-Age=0", ...(await commands.say("release", cookies))] : [];
  return html(orderPage(number, order), 200, said);
}

function html(text, status = 200, cookies = []) {
  // Each page shows one visitor's basket: no cache in front may show it to another.
  const headers = new Headers({ "Content-Type": "text/html; charset=utf-8", "Cache-Control": "private" });
  for (const cookie of cookies) headers.append("Set-Cookie", cookie);
  return new Response(text, { status, headers });
}

function moveOn(address, cookies = []) {
  const answer = html("", 303, cookies);
  answer.headers.set("Location", address);
  return answer;
}

/** Tells whether a path is one of the matcher's: Next.js' patterns, of which this shop needs two kinds. */
function matches(path) {
  return config.matcher.some((pattern) => {
    const start = pattern.replace("/:path*", "");
    return path === start || (start !== pattern && path.startsWith(`${start}/`));
  });
}

async function answerTo(request, body) {
  const { pathname } = new URL(request.url);
  const refused = matches(pathname) ? await proxy(request) : undefined;
  if (refused) return refused;
  const [, area, number] = pathname.split("/");
  const order = orders.get(number);
  const method = request.method === "HEAD" ? "GET" : request.method;
  const route = routes[`${method} ${pathname}`] ?? (order && routes[`${method} /${area}/*`]);
  if (!route) return html(page("There is nothing here", ""), 404);
  const cookies = cookiesOf(request.headers.get("cookie"));
  const form = async () => new URLSearchParams(await body());
  return route({ cookies, basket: readBasket(cookies.basket ?? ""), number, order, form });
}

async function text(incoming) {
  let text = "";
  for await (const piece of incoming.setEncoding("utf8")) {
    text += piece;
    if (text.length > LONGEST_FORM) throw new Error("the form is too long");
  }
  return text;
}

/** Returns what came as the standard's Request, or nothing where it is none. */
function asRequest(incoming) {
  const url = `http://${incoming.headers.host ?? "127.0.0.1"}${incoming.url}`;
  // Nobody stands in front who could have told the visitor's address; what they write of it themselves does not count.
  const told = { ...incoming.headers, "x-forwarded-for": incoming.socket.remoteAddress };
  const headers = Object.entries(told).map(([name, value]) => [name, String(value)]);
  try {
    return new Request(url, { method: incoming.method, headers });
  } catch {
    return undefined;
  }
}

const server = createServer(async (incoming, outgoing) => {
  try {
    const request = asRequest(incoming);
    const answer = request ? await answerTo(request, () => text(incoming)) : html("", 400);
    outgoing.statusCode = answer.status;
    for (const [name, value] of answer.headers) outgoing.appendHeader(name, value);
    outgoing.end(incoming.method === "HEAD" ? undefined : Buffer.from(await answer.arrayBuffer()));
  } catch (error) {
    console.error(error);
    outgoing.writeHead(500).end();
  }
});
server.listen(PORT, "127.0.0.1", () => console.log(`toys on http://127.0.0.1:${PORT}`));
