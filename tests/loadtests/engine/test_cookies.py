"""
Cookies go where a browser sends them, and nowhere else.
"""

from http.cookiejar import CookieJar
from urllib.request import Request

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.engine.cookies import Cookies

HOST = "shop.example"


def jar(*lines: str, host: str = HOST, path: str = "/") -> Cookies:
    """
    Return the cookies of a browser that got these lines.
    """
    cookies = Cookies()
    cookies.take(host, path, lines)
    return cookies


@pytest.mark.parametrize(
    ("line", "host", "path", "sent"),
    [
        ("a=1", HOST, "/any/where", "a=1"),
        ("a=1; HttpOnly; SameSite=Lax", HOST, "/", "a=1"),
        ("a=x=y==", HOST, "/", "a=x=y=="),
        ("a=", HOST, "/", "a="),
        ("a=1", "other.example", "/", ""),
        ("a=1", "www.shop.example", "/", ""),
        ("a=1; Domain=shop.example", "www.shop.example", "/", "a=1"),
        ("a=1; Domain=.shop.example", HOST, "/", "a=1"),
        ("a=1; Domain=shop.example", "bookshop.example", "/", ""),
        ("a=1; Domain=other.example", "other.example", "/", ""),
        ("a=1; Path=/basket", HOST, "/basket", "a=1"),
        ("a=1; Path=/basket", HOST, "/basket/2", "a=1"),
        ("a=1; Path=/basket", HOST, "/basketball", ""),
        ("a=1; Path=/basket/", HOST, "/basket/2", "a=1"),
        ("a=1; Path=relative", HOST, "/", "a=1"),
        ("a=1; Max-Age=60", HOST, "/", "a=1"),
        ("a=1; Max-Age=0", HOST, "/", ""),
        ("a=1; Max-Age=-1", HOST, "/", ""),
        ("a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", HOST, "/", ""),
        ("a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=60", HOST, "/", "a=1"),
        ("a=1; Expires=nonsense", HOST, "/", "a=1"),
        ("nonsense", HOST, "/", ""),
        ("=1", HOST, "/", ""),
    ],
)
def test_cookie_is_sent_where_it_belongs(line: str, host: str, path: str, sent: str) -> None:
    """
    Host, domain, path and end decide (RFC 6265, sections 5.1 to 5.4).
    """
    assert jar(line).header(host, path, tls=True) == sent


def test_secure_cookie_goes_over_tls_or_to_this_machine() -> None:
    """
    As browsers do: loopback is as safe as TLS.
    """
    assert jar("a=1; Secure").header(HOST, "/", tls=False) == ""
    assert jar("a=1; Secure").header(HOST, "/", tls=True) == "a=1"
    assert jar("a=1; Secure", host="127.0.0.1").header("127.0.0.1", "/", tls=False) == "a=1"


def test_later_cookie_of_a_name_replaces_the_earlier() -> None:
    """
    One value per name, host and path; a cookie that is over removes it.
    """
    cookies = jar("a=1", "b=2", "a=3")
    cookies.take(HOST, "/", ["b=; Max-Age=0"])

    assert cookies.header(HOST, "/", tls=True) == "a=3"


def test_cookie_without_a_path_belongs_to_the_folder() -> None:
    """
    What /basket/add sets goes to /basket, and what /basket sets everywhere.
    """
    assert jar("a=1", path="/basket/add").header(HOST, "/basket/2", tls=True) == "a=1"
    assert jar("a=1", path="/basket/add").header(HOST, "/", tls=True) == ""
    assert jar("a=1", path="/basket").header(HOST, "/", tls=True) == "a=1"


def test_longer_paths_come_first() -> None:
    """
    The more specific cookie of a name is the first that a shop reads.
    """
    assert jar("a=1", "a=2; Path=/basket").header(HOST, "/basket", tls=True) == "a=2; a=1"


def test_first_of_a_prefix_is_found() -> None:
    """
    A pass is found whatever its room is called.
    """
    cookies = jar("shop_session=s", "wr_pass_sale=p")

    assert (cookies.first("wr_pass_"), cookies.first("wr_ticket_")) == ("p", None)


names = st.text("abc", min_size=1, max_size=3)
settings = st.lists(
    st.builds(
        lambda name, value, path, age: f"{name}={value}; Path={path}{age}",
        names,
        st.text("xyz019", max_size=4),
        st.sampled_from(("/", "/basket", "/basket/add")),
        st.sampled_from(("", "; Max-Age=60", "; Max-Age=0")),
    ),
    max_size=6,
)


@given(settings, st.sampled_from(("/", "/basket", "/basket/add", "/order")))
def test_cookies_are_those_of_the_standard_librarys_jar(lines: list[str], path: str) -> None:
    """
    For what shops set, the standard library's jar, which is far slower, sends the same.
    """
    standard = CookieJar()
    cookies = Cookies()
    for line in lines:
        cookies.take(HOST, "/basket/add", [line])
        standard.extract_cookies(_Answer(line), Request(f"http://{HOST}/basket/add"))  # type: ignore[arg-type]
    request = Request(f"http://{HOST}{path}")
    standard.add_cookie_header(request)

    assert sorted(cookies.header(HOST, path, tls=False).split("; ")) == sorted(
        (request.get_header("Cookie") or "").split("; ")
    )


class _Answer:
    """
    Be an answer with one Set-Cookie line.
    """

    def __init__(self, line: str) -> None:
        self._line = line

    def info(self) -> "_Answer":
        """
        Return the headers.
        """
        return self

    def get_all(self, name: str, default: list[str]) -> list[str]:
        """
        Return the lines of a name.
        """
        return [self._line] if name == "Set-Cookie" else default
