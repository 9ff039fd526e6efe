"""
Requests that nobody honest sends: odd paths, torn and forged headers, cookies of every make.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.fuzzing.material import Material, Minted, tampered
from waiting_room import wire

MARK: Final = "<svg/onload=x>"
"""If it stands in an answer as it is, what a visitor writes becomes part of a page."""
EVIL: Final = "evil.example"
METHODS: Final = (
    "GET",
    "GET",
    "GET",
    "POST",
    "HEAD",
    "OPTIONS",
    "PUT",
    "DELETE",
    "PATCH",
    "TRACE",
    "BREW",
    "get",
    "G-T",
)
HANDSHAKE: Final = (
    *(("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13")),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
)
STAFF, CRAWLER, STRANGER, PROXY = "203.0.113.7", "66.249.64.5", "198.51.100.9", "10.0.0.1"

_PATHS: Final = (
    *("/", "/checkout", "/checkout/pay", "/cart/add/7", "/wp-json/wc/store/v1/checkout", "/kasa", "/index.php"),
    *("/static/app.js", "/assets/a/b.css", "/robots.txt", "/.well-known/acme-challenge/x", "/healthz", "/wc-api/WC_X"),
    *("/assets/../checkout", "/static/%2e%2e/checkout", "/robots.txt/..;/checkout", "/healthz%00", "/static//x"),
)
_BITS: Final = (
    *("/", "//", "/./", "/../", "\\", "..", ".", ";a=b", ";", "%2f", "%2e", "%2E%2e", "%252f", "%25252e", "%5c", "%00"),
    *("%0d%0aSet-Cookie:%20evil=1", "%0a", "%09", "%20", "%ff", "%c0%af", "%c0%ae", "%e0%80%af", "%u002f", "%", "%zz"),
    *(
        "\u00e9",
        "\u212a",
        "\uff0f",
        "\uff43heckout",
        "?",
        "#",
        "&",
        "=",
        "+",
        "~",
        ":",
        "@",
        f"//{EVIL}/",
        MARK,
        '"><b>',
    ),
    *("/static/", "/checkout", "CHECKOUT", "/assets", "%63", "%43", "*", "http://", "\x7f", "'", "`", "{", "|", "\x01"),
)
_QUERIES: Final = (
    *("", "", "a=1", "v=2&utm_source=x", "controller=order", "%63ontroller=order", "rest_route=/x", "wc-api=wc_stripe"),
    *("wc-api=a&wc-api=", "wc-api[]=x", "lang=pl", "lang=en%0d%0aX:1", f"target=//{EVIL}", f"target=https://{EVIL}/"),
    *(f"q={MARK}", "%0d%0aLocation:%20//evil", "a=%ff%fe", "&&&&", "=" * 50, "a[]=1&a[]=2", ";a=b", "p=7", "%"),
)
_TEXTS: Final = (
    *(
        "",
        "1",
        "text/html",
        "application/json",
        "*/*",
        "text/html,*/*;q=0.8",
        "navigate",
        "cors",
        "no-cors",
        "websocket",
    ),
    *("prefetch", "XMLHttpRequest", "pl", "en-GB,en;q=0.9", "x" * 300, "de;q=,*;;q=2", f"https://{EVIL}/checkout"),
    *(
        f"https://shop.example/a?{MARK}",
        "https://shop.example:99999/",
        "http://[::1",
        "chunked",
        "gzip",
        "\u00e9\u0142",
    ),
    *("admitted", "bypass", "0", "-1", "9" * 30, "\t", '"', ",", ";;;", "=", "null", f"shop.example@{EVIL}", "\x0b"),
)
_NAMES: Final = (
    *("Accept", "Accept", "Accept-Language", "Content-Type", "Origin", "Access-Control-Request-Method", "Purpose"),
    *("Referer", "Sec-Fetch-Mode", "Sec-Fetch-Mode", "Sec-Purpose", "Upgrade", "X-Requested-With", "Authorization"),
    *("X-Forwarded-Host", "X-Forwarded-Uri", "X-Forwarded-Proto", "X-Forwarded-Method", "X-Original-URL", "Forwarded"),
    *("X-Original-Method", "X-Real-IP", "X-Rewrite-URL", "X-HTTP-Method-Override", "X-Forwarded-Prefix", "User-Agent"),
    *wire.VERDICT_HEADERS,
    *(wire.COMMAND_HEADER, wire.STOCK_HEADER, wire.TICKET_HEADER, "Waiting_Room_Pass", "X-Forwarded-Port", "Range"),
)
_HOSTS: Final = (
    "shop.example",
    "shop.example",
    EVIL,
    "",
    "shop.example:80",
    "[::1]",
    "a b",
    "shop.example\t",
    "\u00e9",
)


@dataclass(slots=True)
class Case:
    """
    Hold one request: its target as it would stand in the request line, and headers in their order.

    *clean* ones are as honest people send them with a good pass, and must get in. *peer* is the other end.
    """

    method: str
    path: str
    query: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    peer: str = STRANGER
    clean: bool = False

    def values(self, name: str) -> list[str]:
        """
        Return the values of a header, in their order.
        """
        return [value for found, value in self.headers if found.lower() == name.lower()]


def case(chance: random.Random, material: Material) -> Case:
    """
    Return any request.
    """
    if chance.random() < 0.08:
        return clean_case(chance, material)
    path = _path(chance)
    query = chance.choice(_QUERIES) if chance.random() < 0.8 else _mixed(chance, _QUERIES + _BITS)
    made = Case(chance.choice(METHODS), path, query.replace("#", "%23"), peer=_peer(chance))
    made.headers.append(("Host", chance.choice(_HOSTS)))
    for _ in range(chance.randrange(7)):
        value = chance.choice(_TEXTS) if chance.random() < 0.85 else path
        made.headers.append((chance.choice(_NAMES), value))
    _bear(chance, material, made)
    if chance.random() < 0.4:
        for _ in range(chance.choice((1, 1, 2))):
            made.headers.append(("X-Forwarded-For", _hops(chance)))
    if chance.random() < 0.01:
        made.headers.append((chance.choice(_NAMES), "y" * chance.choice((4_000, 8_000, 40_000))))
    if chance.random() < 0.03:
        made.method = "GET"
        made.headers += [*HANDSHAKE]
    elif chance.random() < 0.3:
        made.body = chance.choice((b"a=1", b"{}", b"x" * 2_000, b"\0\xff"))
    chance.shuffle(made.headers)
    return made


def clean_case(chance: random.Random, material: Material) -> Case:
    """
    Return a request of a holder, in cookies or in the headers of those who have none.
    """
    held, bearer = material.holder(chance)
    made = Case(chance.choice(("GET", "POST", "PUT")), chance.choice(("/checkout", "/", "/cart/add/7")), "", clean=True)
    made.headers = [("Host", "shop.example"), ("Accept", "text/html")]
    if chance.random() < 0.3:
        made.headers += [(wire.PASS_HEADER, held.text), (wire.VISITOR_HEADER, bearer.text)]
    else:
        noise = [("theme", "dark"), ("a", "b=c"), ("session", "x" * 40)]
        pairs = [(wire.pass_cookie(material.room), held.text), (wire.VISITOR_COOKIE, bearer.text), *noise]
        chance.shuffle(pairs)
        made.headers.append(("Cookie", "; ".join(f"{name}={value}" for name, value in pairs)))
    return made


def _path(chance: random.Random) -> str:
    path = chance.choice(_PATHS)
    for _ in range(chance.choice((0, 0, 1, 1, 2, 3, 5))):
        path = chance.choice(_TWISTS)(chance, path)
    if chance.random() < 0.005:
        path += "/a" * chance.choice((600, 3_000, 9_000))
    return path if path.startswith("/") else f"/{path}"


def _coded(chance: random.Random, path: str) -> str:
    at = chance.randrange(1, max(2, len(path)))
    letters = path[at : at + chance.randrange(1, 4)]
    form = chance.choice(("%{:02x}", "%{:02X}", "%25{:02x}"))
    return (
        path[:at] + "".join(form.format(byte) for byte in letters.encode(errors="replace")) + path[at + len(letters) :]
    )


def _spliced(chance: random.Random, path: str) -> str:
    at = chance.randrange(len(path) + 1)
    return path[:at] + chance.choice(_BITS) + path[at:]


def _cased(chance: random.Random, path: str) -> str:
    return "".join(letter.upper() if chance.random() < 0.3 else letter for letter in path)


def _joined(chance: random.Random, path: str) -> str:
    return path + chance.choice(("", "/..", "/../..", "/%2e%2e", "/..;", "\\..", "/./..")) + chance.choice(_PATHS)


def _cut(chance: random.Random, path: str) -> str:
    return path[: chance.randrange(1, len(path) + 1)]


_TWISTS: Final[Sequence[Callable[[random.Random, str], str]]] = (
    _coded,
    _coded,
    _spliced,
    _spliced,
    _cased,
    _joined,
    _cut,
)


def _mixed(chance: random.Random, bits: Sequence[str]) -> str:
    return "".join(chance.choice(bits) for _ in range(chance.randrange(1, 5)))


def _peer(chance: random.Random) -> str:
    return chance.choice((PROXY, PROXY, PROXY, STRANGER, STRANGER, f"::ffff:{PROXY}", "", "nonsense", "2001:db8::9"))


def _hops(chance: random.Random) -> str:
    pool = (STAFF, CRAWLER, STRANGER, STRANGER, PROXY, "unknown", "", "10.0.0.2", f"{STAFF}:443", f"[{STAFF}]", "::1")
    hops = [chance.choice(pool) for _ in range(chance.choice((1, 1, 2, 3, 5)))]
    if chance.random() < 0.5:
        hops.append(STRANGER)
    return chance.choice((", ", ",", " ,\t")).join(hops)


def _bear(chance: random.Random, material: Material, made: Case) -> None:
    """
    Put tokens into *made*: in cookies and headers, good ones among torn ones, once or several times.
    """
    pairs: list[tuple[str, str]] = []
    room = material.room
    cookies = {"pass": wire.pass_cookie(room), "visitor": wire.VISITOR_COOKIE, "stage": wire.stage_cookie(room)}
    headers = {"pass": wire.PASS_HEADER, "visitor": wire.VISITOR_HEADER, "stage": wire.STAGE_HEADER}
    for kind, share in (("pass", 0.75), ("visitor", 0.5), ("stage", 0.3)):
        while chance.random() < share:
            text = _token(chance, material, kind)
            if chance.random() < 0.25:
                made.headers.append((headers[kind], text))
            else:
                name = cookies[kind] if chance.random() < 0.93 else _spoiled(chance, cookies[kind])
                pairs.append((name, f'"{text}"' if chance.random() < 0.05 else text))
            share *= 0.3  # noqa: PLW2901 - a second one is rarer
    while chance.random() < 0.3:
        pairs.append(
            (chance.choice(("a", "", "wr_pass_other", "$Version", "wr_lang", "__Host-x")), chance.choice(_TEXTS))
        )
    if not pairs:
        return
    chance.shuffle(pairs)
    if chance.random() < 0.01:
        pairs.insert(chance.randrange(len(pairs)), ("big", "z" * chance.choice((3_000, 7_000, 60_000))))
    lines = [pairs] if chance.random() < 0.85 else [[pair] for pair in pairs]
    glue, equals = (
        chance.choice(("; ", "; ", "; ", ";", " ; ", ", ", ";;", "\t;")),
        chance.choice(("=", "=", "=", " = ")),
    )
    for line in lines:
        made.headers.append(("Cookie", glue.join(f"{name}{equals}{value}" for name, value in line)))


def _token(chance: random.Random, material: Material, kind: str) -> str:
    of: Sequence[Minted] = material.of_kind[kind] if chance.random() < 0.9 else material.all
    text = chance.choice(of).text
    return text if chance.random() < 0.45 else tampered(chance, text, material.all)


def _spoiled(chance: random.Random, name: str) -> str:
    return chance.choice((name.upper(), f" {name}", f"{name}\u00a0", f"x{name}", f"{name}[]", name.replace("_", "-")))
