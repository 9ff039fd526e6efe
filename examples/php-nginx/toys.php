<?php

declare(strict_types=1);

// What the toy shop sells, its orders, and its pages as HTML: nothing in here knows of the waiting room.

const TOYS = ['train' => ['Wooden train', 39], 'robot' => ['Tin robot', 24], 'kite' => ['Paper kite', 15]];
const MOST_OF_ONE = 9;
const ORDERS = __DIR__ . '/orders';

/** Returns the basket that the cookie keeps; what we do not sell is dropped. */
function read_basket(string $cookie): array
{
    preg_match_all('/(\w+)\.([1-9])(?=-|$)/', $cookie, $found, PREG_SET_ORDER);
    $basket = [];
    foreach ($found as [, $toy, $pieces]) {
        if (isset(TOYS[$toy])) {
            $basket[$toy] = (int) $pieces;
        }
    }
    return $basket;
}

/** Returns the cookie for a basket with one toy more. */
function add_to_basket(string $cookie, string $toy): string
{
    $basket = read_basket($cookie);
    if (isset(TOYS[$toy])) {
        $basket[$toy] = min(($basket[$toy] ?? 0) + 1, MOST_OF_ONE);
    }
    return implode('-', array_map(fn ($toy, $pieces) => "$toy.$pieces", array_keys($basket), $basket));
}

/** Returns the basket for programs. */
function cart(array $basket): array
{
    $items = $total = [];
    foreach ($basket as $toy => $pieces) {
        $items[] = ['toy' => $toy, 'name' => TOYS[$toy][0], 'pieces' => $pieces];
        $total[] = TOYS[$toy][1] * $pieces;
    }
    return ['items' => $items, 'total' => array_sum($total)];
}

/** Keeps an order, for the process that serves the next page is another one. */
function save_order(string $number, array $order): void
{
    if (!is_dir(ORDERS)) {
        mkdir(ORDERS, 0700, true);
    }
    file_put_contents(ORDERS . "/$number.json", json_encode($order), LOCK_EX);
}

function find_order(string $number): ?array
{
    $text = preg_match('/^[0-9a-f]{16}$/', $number) ? @file_get_contents(ORDERS . "/$number.json") : false;
    return $text === false ? null : json_decode($text, true);
}

function product_page(): string
{
    $rows = '';
    foreach (TOYS as $toy => [$name, $price]) {
        $rows .= "<li>$name<b>$price €</b><button name=\"toy\" value=\"$toy\">Into the basket</button></li>";
    }
    return page('Toys', "<form method=\"post\" action=\"/basket\"><ul>$rows</ul></form>");
}

function basket_page(array $basket): string
{
    $on = $basket ? '<p><a class="go" href="/checkout">To the checkout</a></p>' : '<p>Nothing yet.</p>';
    return page('Your basket', lines($basket) . $on);
}

function checkout_page(array $basket, string $hint = ''): string
{
    $said = $hint === '' ? '' : '<p>' . htmlspecialchars($hint) . '</p>';
    return page('Checkout', lines($basket) . $said . <<<'HTML'
        <form method="post" action="/checkout">
        <label>Name <input name="name" autocomplete="name" required></label>
        <label>E-mail <input name="email" type="email" autocomplete="email" required></label>
        <button class="go">Order and pay</button></form>
        <p id="news" role="status"></p>
        <script>
        // Another tab may have changed the basket. A script that may not come in is never redirected: it gets 429 and
        // the address of the waiting page, and can leave alone what has been typed (this form is still taken for a while).
        document.addEventListener("visibilitychange", async () => {
          if (document.hidden) return;
          const answer = await fetch("/api/cart"), cart = await answer.json(), news = document.querySelector("#news");
          if (answer.ok) document.querySelector("#total").textContent = cart.total + " €";
          else { news.textContent = cart.detail + " "; news.append(
            Object.assign(document.createElement("a"), { href: cart.waiting_room_url, textContent: "To the queue" })); }
        });
        </script>
        HTML);
}

function bank_page(string $number, array $order): string
{
    $total = cart($order['basket'])['total'];
    return page('The bank', <<<HTML
        <p>This page stands for your payment provider's. It asks you to pay $total €.</p>
        <form method="post" action="/payment/$number"><button class="go">Pay</button></form>
        <p><a href="/checkout">Back to the shop without paying</a></p>
        HTML);
}

function order_page(string $number, array $order): string
{
    $name = htmlspecialchars($order['name']);
    $said = $order['paid'] ? "Thank you, $name! Your toys are on their way." : 'It has not been paid yet.';
    return page("Order $number", "<p>$said</p>" . lines($order['basket']));
}

function lines(array $basket): string
{
    $rows = '';
    foreach ($basket as $toy => $pieces) {
        [$name, $price] = TOYS[$toy];
        $rows .= "<li>$name<b>$pieces × $price €</b></li>";
    }
    $total = cart($basket)['total'];
    return "<ul>$rows</ul><p>Together <b id=\"total\">$total €</b></p>";
}

function page(string $title, string $body): string
{
    return <<<HTML
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>$title – The Toy Shop</title>
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
        <h1>$title</h1>
        $body
        </body>
        </html>
        HTML;
}
