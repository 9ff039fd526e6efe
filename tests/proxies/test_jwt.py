"""
HAProxy checks passes that are JSON Web Tokens by itself, as docs/passes.md shows it.
"""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.gates.fronts import Browser
from tests.jwts.makings import EC, ED, GOOD, ROOM, header, signed
from tests.jwts.makings import claims as claims_of
from tests.proxies.peers import answers, free_port
from tests.source import ROOT
from tests.waiting import PATIENCE_S, wait_until_sync
from waiting_room import wire
from waiting_room.jwts.claims import ISSUER
from waiting_room.jwts.seals import JwtSigner

pytestmark = pytest.mark.peer("haproxy")

BEFORE = "defaults\n    mode http\n    timeout client 5s\n    timeout server 5s\n    timeout connect 1s\n"
ROOMS = "backend waiting_room\n    http-request return status 200 content-type text/plain string room\n"
SHOP = "backend shop\n    http-request return status 200 content-type text/plain string shop\n"
HELD = replace(GOOD, issued_ms=0, hard_end_ms=4_000_000_000_000)
GOOD_ONE = JwtSigner(EC, ISSUER).sign(HELD)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """
    Run HAProxy with the configuration of the page.
    """
    folder = tmp_path_factory.mktemp("haproxy")
    public = folder / "pass-1.pub"
    public.write_bytes(EC.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    page = (ROOT / "docs" / "passes.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```haproxy\n(.*?)```", page, re.DOTALL)
    port = free_port()
    text = (
        BEFORE
        + shown.replace("/etc/haproxy/pass-1.pub", str(public)).replace(":8081", f"127.0.0.1:{port}")
        + SHOP
        + ROOMS
    )
    (folder / "haproxy.cfg").write_text(text, encoding="utf-8")
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(["haproxy", "-f", folder / "haproxy.cfg"], stdout=log, stderr=log) as process,
    ):
        try:
            wait_until_sync(lambda: answers(port, process, folder), what="haproxy to answer")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def status(shop: str, text: str) -> int:
    """
    Return what who bears *text* as a pass gets.
    """
    return Browser(shop, {wire.pass_cookie(ROOM): text} if text else {}).ask().status


def test_holder_passes(shop: str) -> None:
    """
    To the shop.
    """
    assert status(shop, GOOD_ONE) == 200


def test_everybody_reaches_the_waiting_page(shop: str) -> None:
    """
    Who is sent there goes round no circle.
    """
    reply = Browser(shop).ask(f"/waiting-room/{ROOM}")

    assert (reply.status, reply.body) == (200, b"room")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param(GOOD_ONE[:-4] + "AAAA", id="altered"),
        pytest.param(JwtSigner(ED, ISSUER).sign(HELD), id="EdDSA"),
        pytest.param(JwtSigner(EC, "somebody").sign(HELD), id="another issuer's"),
        pytest.param(JwtSigner(EC, ISSUER).sign(replace(HELD, room="other-room")), id="another room's"),
        pytest.param(JwtSigner(EC, ISSUER).sign(replace(HELD, hard_end_ms=1)), id="over"),
        pytest.param(signed(claims_of(HELD), header(EC, typ="JWT"), EC), id="another type"),
        pytest.param(signed(claims_of(HELD), header(EC, alg="none"), EC), id="none"),
        pytest.param(signed(claims_of(HELD), header(EC, alg="HS256"), b"/etc/haproxy/pass-1.pub"), id="HMAC"),
    ],
)
def test_everybody_else_goes_to_the_waiting_page(shop: str, text: str) -> None:
    """
    Whatever is tried.
    """
    assert status(shop, text) == 303
