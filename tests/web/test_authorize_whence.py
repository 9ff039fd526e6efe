"""
Who and what passes at the authorize endpoint without a pass: by the path, and by the address that the proxy tells.
"""

from pathlib import Path
from typing import Any

import pytest

from tests.web.desk import open_desk
from tests.web.test_authorize import ENVOY, FORWARD, INLINE, NGINX, SHOP, ask
from waiting_room import wire

STAFF: dict[str, Any] = {"trusted_proxies": ("127.0.0.0/8",), "staff_networks": ("203.0.113.0/24",)}
ENDPOINTS = [NGINX, FORWARD, INLINE, f"{ENVOY}/checkout?step=2"]


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize(
    ("forwarded", "word"),
    [("203.0.113.7", "bypass"), ("203.0.113.7, 198.51.100.1", "wait"), ("198.51.100.1", "wait"), ("", "wait")],
)
async def test_staff_pass_by_the_address_that_the_proxy_tells(path: str, forwarded: str, word: str) -> None:
    """And by none that the visitor has written before it."""
    async with open_desk(**STAFF) as desk:
        await desk.fill("ann", "ben")
        answer = await ask(desk, path, None, "GET", X_Forwarded_For=forwarded)

    assert answer.headers[wire.STATUS_HEADER] == word


@pytest.mark.parametrize("path", ENDPOINTS)
async def test_proxy_that_is_not_trusted_is_not_believed(path: str) -> None:
    """Whoever reaches the endpoint could else be staff."""
    async with open_desk(staff_networks=("203.0.113.0/24",), trusted_proxies=("10.0.0.0/8",)) as desk:
        await desk.fill("ann", "ben")
        answer = await ask(desk, path, None, "GET", X_Forwarded_For="203.0.113.7")

    assert answer.headers[wire.STATUS_HEADER] == "wait"


@pytest.mark.parametrize(("method", "word"), [("GET", "bypass"), ("POST", "wait")])
async def test_crawler_may_look(tmp_path: Path, method: str, word: str) -> None:
    """By the networks that its owner has published."""
    (tmp_path / "bots.txt").write_text("66.249.64.0/27\n")
    async with open_desk(trusted_proxies=("127.0.0.0/8",), crawler_files=(str(tmp_path / "bots.txt"),)) as desk:
        await desk.fill("ann", "ben")
        answer = await ask(
            desk, FORWARD, None, "GET", X_Forwarded_For="66.249.64.9", X_Forwarded_Method=method, Accept="text/html"
        )

    assert answer.headers[wire.STATUS_HEADER] == word


@pytest.mark.parametrize(
    ("address", "word"), [("/wc-api/WC_Gateway_X/", "bypass"), ("/wc-api/../checkout", "wait"), ("/checkout", "wait")]
)
async def test_callback_passes_where_the_proxy_asks_about_it(address: str, word: str) -> None:
    """The proxy's rules decide what is asked about; what may pass all the same is the service's to know."""
    async with open_desk(never=("@payments:woocommerce",)) as desk:
        await desk.fill("ann", "ben")
        answers = [
            await ask(desk, NGINX, None, "GET", X_Original_URL=f"{SHOP}{address}"),
            await ask(desk, FORWARD, None, "GET", X_Forwarded_Uri=address),
        ]

    assert [answer.headers[wire.STATUS_HEADER] for answer in answers] == [word, word]
