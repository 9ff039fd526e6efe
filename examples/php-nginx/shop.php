<?php

declare(strict_types=1);

// A toy shop in PHP whose checkout stands behind a waiting room: nginx asks the room about each request, so nothing in
// here sends anybody to the queue. Three lines belong to the room; they bear its name.

require __DIR__ . '/toys.php';
require __DIR__ . '/../passes/waiting_room_pass.php';
require __DIR__ . '/../passes/waiting_room_commands.php';

const ROOM = 'php-shop';
const ROOM_SERVICE = 'http://127.0.0.1:8080';
const LATE_MS = 300_000;   // a form is taken for so long after the end of a pass, as nginx takes it

function answer(string $page, int $status = 200): void
{
    http_response_code($status);
    header('Content-Type: text/html; charset=utf-8');
    echo $page;
}

/** Returns a field of a form, or a cookie, or nothing: a visitor may have made a list of it. */
function text(array $given, string $name): string
{
    return is_string($given[$name] ?? null) ? trim($given[$name]) : '';
}

function move_on(string $address): void
{
    header("Location: $address", true, 303);
}

/** Tells the room what becomes of this visit, and gives its visitor what the room answers. */
function tell_room(string $command): void
{
    $room = new WaitingRoomCommands(ROOM, ROOM_SERVICE, room_keys()[0]);
    foreach ($room->say($command, $_COOKIE) as $cookie) {
        header("Set-Cookie: $cookie", false);
    }
}

/** Returns the pass of this visit, or null: whoever came past nginx, whichever way, orders nothing. */
function room_pass(): ?array
{
    $passes = new WaitingRoomPasses(ROOM, room_keys());
    try {
        return $passes->verify(text($_COOKIE, 'wr_pass_' . ROOM), (int) (microtime(true) * 1000) - LATE_MS);
    } catch (WaitingRoomRefusal) {
        return null;
    }
}

/** @return list<string> */
function room_keys(): array
{
    return file(__DIR__ . '/waiting-room.keys', FILE_IGNORE_NEW_LINES | FILE_SKIP_EMPTY_LINES);
}

function place_order(array $basket): void
{
    [$name, $email] = [text($_POST, 'name'), text($_POST, 'email')];
    $pass = room_pass();
    if ($pass === null) {
        answer(page('Checkout', '<p>Please <a href="/checkout">go to the checkout</a> first.</p>'), 403);
    } elseif (!$basket || $name === '' || $email === '') {
        answer(checkout_page($basket, 'Please tell us your name and e-mail.'), 422);
    } else {
        $number = bin2hex(random_bytes(8));
        $order = ['name' => $name, 'email' => $email, 'basket' => $basket, 'paid' => false, 'confirmed' => false];
        save_order($number, $order + ['seat' => $pass['seat']]);
        tell_room('payment');
        move_on("/bank/$number");
    }
}

function fill_basket(): void
{
    $cookie = add_to_basket(text($_COOKIE, 'basket'), text($_POST, 'toy'));
    setcookie('basket', $cookie, ['path' => '/', 'samesite' => 'Lax']);
    move_on('/basket');
}

function tell_cart(array $basket): void
{
    header('Content-Type: application/json');
    echo json_encode(cart($basket));
}

function show_checkout(array $basket): void
{
    if (isset($_COOKIE['wr_stage_' . ROOM])) {
        tell_room('basket');   // back from the bank, without having paid
    }
    $basket ? answer(checkout_page($basket)) : move_on('/basket');
}

function pay_order(string $number, array $order): void
{
    save_order($number, ['paid' => true] + $order);
    move_on("/order/$number");
}

function show_order(string $number, array $order): void
{
    if ($order['paid'] && !$order['confirmed']) {
        save_order($number, ['confirmed' => true] + $order);
        setcookie('basket', '', ['expires' => 1, 'path' => '/']);
        tell_room('release');
    }
    answer(order_page($number, $order));
}

$method = $_SERVER['REQUEST_METHOD'];
$path = explode('?', $_SERVER['REQUEST_URI'], 2)[0];
$basket = read_basket(text($_COOKIE, 'basket'));
[, $area, $number] = explode('/', $path, 3) + ['', '', ''];
$order = $number === '' ? null : find_order($number);

header('Cache-Control: private');   // each page shows one visitor's basket: no cache in front may show it to another
match (true) {
    "$method $path" === 'GET /' => answer(product_page()),
    "$method $path" === 'GET /basket' => answer(basket_page($basket)),
    "$method $path" === 'POST /basket' => fill_basket(),
    "$method $path" === 'GET /api/cart' => tell_cart($basket),
    "$method $path" === 'GET /checkout' => show_checkout($basket),
    "$method $path" === 'POST /checkout' => place_order($basket),
    $order && "$method $area" === 'GET bank' => answer(bank_page($number, $order)),
    $order && "$method $area" === 'POST payment' => pay_order($number, $order),
    $order && "$method $area" === 'GET order' => show_order($number, $order),
    default => answer(page('There is nothing here', ''), 404),
};
