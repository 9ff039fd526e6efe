"""
Staff and crawlers at the gate of every framework, on sockets: the address is the proxy's word and nobody else's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.gates.fronts import SERVERS, front
from tests.gates.makings import BROWSER, settings
from tests.waiting import PATIENCE_S

STAFF, CRAWLER, STRANGER = "203.0.113.7", "66.249.64.9", "198.51.100.1"


@dataclass
class Shop:
    """
    Ask a shop that stands behind a proxy on this machine.
    """

    url: str

    def status(self, *forwarded: str, method: str = "GET", name: str = "X-Forwarded-For") -> int:
        """
        Return what a newcomer is answered, with these lines of the header.
        """
        address = urlsplit(self.url)
        connection = HTTPConnection(address.hostname or "", address.port, timeout=PATIENCE_S)
        try:
            connection.putrequest(method, "/checkout")
            for line in forwarded:
                connection.putheader(name, line)
            for header, value in BROWSER.items():
                connection.putheader(header, value)
            connection.putheader("Content-Length", "0")
            connection.endheaders()
            return connection.getresponse().status
        finally:
            connection.close()


@pytest.fixture(scope="module", params=list(SERVERS), name="shop")
def _shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    networks: Path = tmp_path_factory.mktemp("crawlers") / "googlebot.json"
    networks.write_text('{"prefixes": [{"ipv4Prefix": "66.249.64.0/27"}]}')
    gate = settings(
        report_interval_s=60,
        trusted_proxies=("127.0.0.0/8",),
        staff_networks=("203.0.113.0/24",),
        crawler_files=(str(networks),),
    )
    with front(request.param, gate) as url:
        yield Shop(url)


def test_staff_and_crawlers_pass(shop: Shop) -> None:
    """Staff with all they do, crawlers where they look."""
    assert [shop.status(STAFF, method=method) for method in ("GET", "POST")] == [200, 200]
    assert [shop.status(CRAWLER, method=method) for method in ("GET", "POST")] == [200, 303]


def test_what_a_visitor_writes_before_the_proxy_counts_for_nothing(shop: Shop) -> None:
    """On the same line or on one of its own, as HAProxy adds it."""
    assert shop.status(f"{STAFF}, {STRANGER}") == 303
    assert shop.status(STAFF, STRANGER) == 303
    assert shop.status(STAFF, STAFF, STRANGER) == 303
    assert shop.status(STRANGER, STAFF) == 200


@pytest.mark.parametrize("name", ["X-Real-IP", "Forwarded", "X-Client-IP", "True-Client-IP", "CF-Connecting-IP"])
def test_no_other_header_counts(shop: Shop, name: str) -> None:
    """A proxy that does not know one hands it on as the visitor wrote it."""
    assert shop.status(f"for={STAFF}" if name == "Forwarded" else STAFF, name=name) == 303
