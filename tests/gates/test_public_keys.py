"""
Where a gate has the public keys of passes from, when it asks for them anew, and what an outage of them does.
"""

import json
import sys
import threading
from pathlib import Path
from unittest.mock import patch

import pytest
from aiohttp import web

from tests.gates.fronts import Browser, front, in_aiohttp
from tests.gates.makings import NOW_MS, ROOM, admission, settings
from tests.gates.service import now_ms
from tests.gates.test_jwts import jwt
from tests.jwts.makings import EC, ED, ED25519
from tests.waiting import refusing, wait_until_sync
from waiting_room import wire
from waiting_room.errors import ConfigError, TokenError
from waiting_room.gates import jwks
from waiting_room.gates.jwks import MOST_BYTES, REFRESH_MS, RETRY_MS, PublicKeys
from waiting_room.gates.line import Reply
from waiting_room.jwts.claims import ISSUER
from waiting_room.jwts.keys import SigningKey, document_of

URL = "http://127.0.0.1:1/waiting-room/.well-known/jwks.json"
DAY_MS = 86_400_000


def keys(*named: SigningKey) -> Reply:
    """
    Return what the address of these keys answers.
    """
    return Reply(200, "", json.dumps(document_of(key.verifying for key in named)).encode())


def due(public_keys: PublicKeys, tick_ms: int) -> bool:
    """
    Tell whether the keys are asked for.
    """
    return public_keys.due(tick_ms) is not None


def test_keys_are_asked_for_once_and_then_every_five_minutes() -> None:
    """
    Never for a request.
    """
    of = PublicKeys(URL, ISSUER)
    call = of.due(DAY_MS)
    assert call is not None
    assert (call.method, call.url, call.body) == ("GET", URL, b"")
    of.heard(keys(ED), DAY_MS)

    assert of.verifier.admission(jwt(), ROOM, NOW_MS) == admission()
    assert not due(of, DAY_MS + REFRESH_MS - 1)
    assert due(of, DAY_MS + REFRESH_MS)


def test_unknown_key_is_asked_for_but_not_again_and_again() -> None:
    """
    However many passes name keys that nobody has.
    """
    of = PublicKeys(URL, ISSUER)
    of.due(0)
    of.heard(keys(EC), 0)
    asked = 0
    for tick_ms in range(0, 60_000, 100):
        with pytest.raises(TokenError):
            of.verifier.admission(jwt(), ROOM, NOW_MS)
        if due(of, tick_ms):
            asked += 1
            of.heard(keys(EC), tick_ms)

    assert asked == 60_000 // RETRY_MS - 1


def test_new_key_counts_as_soon_as_it_is_heard() -> None:
    """
    And the older one goes on to count.
    """
    of = PublicKeys(URL, ISSUER)
    of.heard(keys(EC), 0)
    of.heard(keys(ED, EC), 1)

    for key in (ED, EC):
        assert of.verifier.admission(jwt(key=key), ROOM, NOW_MS) == admission()


@pytest.mark.parametrize(
    "reply",
    [
        Reply(500, "", b""),
        Reply(302, "", b""),
        Reply(200, "", b""),
        Reply(200, "", b"<html>"),
        Reply(200, "", b"\xff"),
        Reply(200, "", b'{"keys": []}'),
        Reply(200, "", b'{"keys": [' + ED25519.encode() + b"]}"),
        Reply(200, "", b" " * MOST_BYTES + keys(EC).body),
    ],
)
def test_answer_without_keys_changes_nothing(reply: Reply) -> None:
    """
    Whatever stands at the address for a while; it is asked again soon.
    """
    of = PublicKeys(URL, ISSUER)
    of.due(0)
    of.heard(keys(ED), 0)
    assert due(of, REFRESH_MS)
    with pytest.raises(ValueError, match=r"."):
        of.heard(reply, REFRESH_MS)

    assert of.verifier.admission(jwt(), ROOM, NOW_MS) == admission()
    assert not due(of, REFRESH_MS + RETRY_MS - 1)
    assert due(of, REFRESH_MS + RETRY_MS)


def test_outage_of_the_keys_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """
    And its end.
    """
    of = PublicKeys(URL, ISSUER)
    for _ in range(3):
        of.unheard(OSError("refused"))
    of.heard(keys(ED), 0)
    of.heard(keys(ED), 0)

    assert [record.getMessage().partition(";")[0] for record in caplog.records] == [
        "the public keys of passes cannot be fetched",
        "the public keys of passes can be fetched again",
    ]


def test_keys_of_a_file_are_never_asked_for(tmp_path: Path) -> None:
    """
    Not for an unknown key either.
    """
    file = tmp_path / "jwks.json"
    file.write_bytes(keys(ED).body)
    of = settings(jwks=str(file)).public_keys()
    assert of is not None
    with pytest.raises(TokenError):
        of.verifier.admission(jwt(key=EC), ROOM, NOW_MS)

    assert of.verifier.admission(jwt(), ROOM, NOW_MS) == admission()
    assert not due(of, DAY_MS)


def test_missing_library_is_told_where_the_shop_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    With the extra that brings it, and not by a trace at the first visitor.
    """
    for name in ("waiting_room.gates.jwks", "waiting_room.jwts.keys", "waiting_room.jwts.seals"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "jwt", None)
    with pytest.raises(ConfigError, match=r"jwks: needs jwt.*waiting-room\[jwt\]"):
        settings(jwks=URL).public_keys()


def test_gate_has_no_public_keys_without_the_setting() -> None:
    """
    Nor needs a library.
    """
    assert settings().public_keys() is None


@pytest.mark.parametrize(("text", "what"), [(None, "cannot be read"), ("{}", "no public keys"), (ED25519, "private")])
def test_file_without_keys_is_a_fault(tmp_path: Path, text: str | None, what: str) -> None:
    """
    Told where the shop is loaded, with the remedy.
    """
    file = tmp_path / "jwks.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ConfigError, match=what) as refused:
        settings(jwks=str(file)).public_keys()

    assert refused.value.faults[0].where == "jwks"


@pytest.mark.parametrize("url", ["http://", "https://u:p@host/jwks", "http://host:99999/x", "https://host/?a=b"])
def test_address_that_is_none_is_a_fault(url: str) -> None:
    """
    With all others.
    """
    with pytest.raises(ConfigError, match="jwks"):
        settings(jwks=url)


@pytest.mark.parametrize("kind", ["aiohttp", "wsgi"])
def test_gate_asks_for_keys_until_it_has_them(kind: str) -> None:
    """
    In an event loop and in a thread. Until then a JWT lets nobody in; what a visitor sends asks for nothing.
    """
    asked: list[str] = []
    there = threading.Event()

    async def published(got: web.Request) -> web.Response:
        asked.append(got.method)
        return web.Response(body=keys(ED).body) if there.is_set() else web.Response(status=503)

    app = web.Application()
    app.router.add_get("/jwks.json", published)
    held = admission(issued_ms=0, hard_end_ms=now_ms() + DAY_MS)
    with in_aiohttp(app) as port, refusing() as away, patch.object(jwks, "RETRY_MS", 200):
        gate = settings(
            service_url=f"http://127.0.0.1:{away}", jwks=f"http://127.0.0.1:{port}/jwks.json", report_interval_s=0.05
        )
        with front(kind, gate) as shop:
            browser = Browser(shop, {wire.pass_cookie(ROOM): jwt(held)})
            before = browser.ask().status
            there.set()
            wait_until_sync(lambda: browser.ask().status == 200, what="the keys")
            # From here on the time between two questions is longer than all that follows, on any machine.
            with patch.object(jwks, "RETRY_MS", DAY_MS):
                until_then = len(asked)
                for _ in range(20):
                    browser.ask(Waiting_Room_Pass=jwt(held, EC))
                since_then = len(asked)

    assert before == 303
    # One may have been on its way.
    assert since_then <= until_then + 1
