"""
What real proxies tell of a visitor's address, and what they let pass unasked: each with a service that only listens.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.proxies.peers import free_port, proxy
from waiting_room.gates.networks import Proxies, Way
from waiting_room.proxies.settings import ProxySettings

ROOM = "spring-sale"
VISITOR = "127.0.0.2"
FORGED = "203.0.113.7"
UNASKING = ("nginx", "haproxy", "caddy")
KINDS = (*UNASKING, "envoy", "traefik")


@dataclass
class Heard:
    """
    Hold what the service was asked: all of X-Forwarded-For, and the address.
    """

    questions: list[str] = field(default_factory=list)


def _listening(heard: Heard, status: int) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if "/authorize/" in self.path:
                heard.questions.append(",".join(self.headers.get_all("X-Forwarded-For", [])))
            self.send_response(status if "/authorize/" in self.path else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
            pass

    return ThreadingHTTPServer(("127.0.0.1", 0), Handler)


@dataclass
class Front:
    """
    Ask through a proxy, as a visitor who makes their address up.
    """

    kind: str
    port: int
    heard: Heard

    def asked(self, path: str) -> tuple[int, list[str]]:
        """
        Return the status, and what the service was asked meanwhile.
        """
        self.heard.questions.clear()
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10, source_address=(VISITOR, 0))
        try:
            connection.putrequest("GET", path)
            for name in ("X-Forwarded-For", "X-Forwarded-For", "X-Real-IP"):
                connection.putheader(name, FORGED)
            connection.endheaders()
            return connection.getresponse().status, list(self.heard.questions)
        finally:
            connection.close()


@pytest.fixture(
    scope="module", params=[pytest.param(kind, marks=pytest.mark.peer(kind), id=kind) for kind in KINDS], name="front"
)
def _front(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    heard = Heard()
    with _listening(heard, 403) as service, _listening(Heard(), 200) as shop:
        for server in (service, shop):
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        settings = ProxySettings(
            room=ROOM,
            service=f"127.0.0.1:{service.server_port}",
            shop=f"127.0.0.1:{shop.server_port}",
            listen=free_port(),
            host="127.0.0.1",
            protect=("/checkout", "/wc-api", "/module"),
            never=("@payments:woocommerce", "@payments:prestashop") if request.param in UNASKING else (),
        )
        with proxy(request.param, settings, tmp_path_factory.mktemp("whence") / request.param):
            yield Front(request.param, settings.listen, heard)
        for server in (service, shop):
            server.shutdown()


def test_service_hears_the_visitors_address_and_not_what_they_make_up(front: Front) -> None:
    """
    Staff are known by it: with this, a visitor who writes the office's address is no staff.
    """
    status, questions = front.asked("/checkout")

    assert status == 403
    assert questions
    for forwarded in questions:
        assert str(Proxies(("127.0.0.1/32",)).visitor(Way("127.0.0.1", forwarded))) == VISITOR


@pytest.mark.parametrize("path", ["/wc-api/WC_Gateway_X/?order=1", "/module/przelewy24/paymentStatus", "/pl/toys"])
def test_calls_of_payment_providers_pass_unasked(front: Front, path: str) -> None:
    """
    Also while the service is ill. Other proxies ask, and the service says yes.
    """
    status, questions = front.asked(path)

    if front.kind in UNASKING or path == "/pl/toys":
        assert (status, questions) == (200, [])
    else:
        assert (status, bool(questions)) == (403, True)


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/wc-api/../checkout",
            "/wc-api/%2e%2e/checkout",
            "/checkout/../wc-api/x",
            "/wc-api%2f..%2fcheckout",
            "/WC-API/x",
        ),
        *("/wc-api/x?controller=order", "/wc-api/x?a=1&rest_route=/x", "/wc-api/x?%63ontroller=order", "/wc-api/x;a=b"),
        *("/module/payu/payment", "/wc-api/.hidden", "/wc-api/x."),
    ],
)
def test_no_odd_spelling_passes_unasked(front: Front, path: str) -> None:
    """
    What a shop could read as another page is asked about, or not let through at all.
    """
    status, questions = front.asked(path)

    assert status in {301, 307, 308, 400, 403, 404}
    assert questions or status != 403
