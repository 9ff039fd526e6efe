"""
Gates that take passes which are JSON Web Tokens: where their keys come from, and what an attacker or an outage does.
"""

import json
import sys
from pathlib import Path
from unittest.mock import patch

import pytest
from aiohttp import web
from aiohttp.test_utils import unused_port
from jwt.api_jws import PyJWS

from tests.gates.fronts import SERVERS, Browser, front, in_aiohttp
from tests.gates.makings import (
    HARD_END_MS,
    KEYRING,
    NOW_MS,
    ROOM,
    SECRET,
    admission,
    pass_text,
    request,
    settings,
    visitor_text,
)
from tests.gates.service import good_pass, now_ms
from tests.jwts.makings import EC, ED, ED25519, KEYS, header, signed
from tests.jwts.makings import claims as claims_of
from tests.waiting import wait_until_sync
from waiting_room import wire
from waiting_room.core.reasons import Reason
from waiting_room.core.revoked import Revoked
from waiting_room.errors import ConfigError, TokenError
from waiting_room.gates import trust
from waiting_room.gates.core import Allow, GateCore, SendToWait
from waiting_room.gates.ledger import RoomState
from waiting_room.gates.line import Reply
from waiting_room.gates.passes import COMPLAINT_MS, PassBook
from waiting_room.gates.trust import MOST_BYTES, REFRESH_MS, RETRY_MS, Trust
from waiting_room.jwts.claims import ISSUER, LIKELY
from waiting_room.jwts.keys import SigningKey, document_of
from waiting_room.jwts.seals import JwtSigner, JwtVerifier
from waiting_room.tokens import Pass

URL = "http://127.0.0.1:1/waiting-room/.well-known/jwks.json"
DAY_MS = 86_400_000


def jwt(held: Pass | None = None, key: SigningKey = ED) -> str:
    """
    Return a pass for the room, signed.
    """
    return JwtSigner(key, ISSUER).sign(held or admission())


def book(verifier: JwtVerifier | None = None, size: int = 10) -> PassBook:
    """
    Return a book that knows both formats.
    """
    return PassBook(KEYRING, ROOM, 0, size, verifier or JwtVerifier(KEYS, ISSUER))


def keys(*named: SigningKey) -> Reply:
    """
    Return what the address of these keys answers.
    """
    return Reply(200, "", json.dumps(document_of(key.verifying for key in named)).encode())


def due(trust: Trust, tick_ms: int) -> bool:
    """
    Tell whether the keys are asked for.
    """
    return trust.due(tick_ms) is not None


def decided(text: str, state: RoomState | None = None, method: str = "GET", at_ms: int = NOW_MS) -> object:
    """
    Return what becomes of a request with this pass.
    """
    core = GateCore(settings(), KEYRING, JwtVerifier(KEYS, ISSUER))
    return core.decide(request(method=method, pass_=text), state or RoomState(phase="open"), at_ms)


@pytest.mark.parametrize("text", [jwt(), jwt(key=EC), pass_text()], ids=["EdDSA", "ES256", "compact"])
def test_gate_takes_both_formats(text: str) -> None:
    """
    Visitors keep the pass they have while the room changes over.
    """
    assert decided(text) == Allow(admission())


def test_gate_without_keys_takes_no_jwt() -> None:
    """
    Its bearer waits, as with any pass that is none.
    """
    outcome = GateCore(settings(), KEYRING).decide(request(pass_=jwt()), RoomState(phase="open"), NOW_MS)

    assert isinstance(outcome, SendToWait)
    assert outcome.reason is Reason.PASS_INVALID


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(jwt(admission(room="other")), id="another room's"),
        pytest.param(JwtSigner(ED, "somebody").sign(admission()), id="another issuer's"),
        pytest.param(signed(claims_of(admission()), header(alg="none")), id="none"),
        pytest.param(signed(claims_of(admission()), header(alg="HS256"), SECRET.encode()), id="HMAC"),
        pytest.param(jwt()[:-3] + "AAA", id="altered"),
        pytest.param(f"wr1.pass.k1.{jwt()}", id="both"),
    ],
)
def test_gate_lets_no_forged_jwt_in(text: str) -> None:
    """
    Nor a form with one.
    """
    for method in ("GET", "POST"):
        outcome = decided(text, method=method)
        assert isinstance(outcome, SendToWait)
        assert outcome.reason is Reason.PASS_INVALID


@pytest.mark.parametrize(
    ("verifier", "why"),
    [
        (None, "no public keys are set"),
        (JwtVerifier({EC.id: EC.verifying}, ISSUER), "signed with the unknown key"),
        (JwtVerifier(KEYS, "https://shop.example"), "issued by 'waiting-room', not 'https://shop.example'"),
    ],
    ids=["no keys", "other keys", "other issuer"],
)
def test_gate_that_is_set_up_wrongly_says_so(
    verifier: JwtVerifier | None, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    """
    Now and then: its visitors would go round between shop and waiting page, and nobody would know why.
    """
    read = PassBook(KEYRING, ROOM, 0, jwts=verifier)
    for at_ms in (NOW_MS, NOW_MS + 1, NOW_MS + 2, NOW_MS + COMPLAINT_MS):
        with pytest.raises(TokenError):
            read.read(jwt(), "", at_ms)

    assert [why in record.getMessage() for record in caplog.records] == [True, True]


def test_what_anybody_sends_makes_no_long_log(caplog: pytest.LogCaptureFixture) -> None:
    """
    Nor a line of theirs.
    """
    read = book()
    for names in ("\n" * 500, "x" * 1000):
        with pytest.raises(TokenError):
            read.read(signed(claims_of(admission()), header() | {names: 1}), "", NOW_MS)

    (line,) = [record.getMessage() for record in caplog.records]
    assert "\n" not in line
    assert len(line) < 400


def test_late_form_of_a_jwt_is_taken() -> None:
    """
    As with any pass: no form is lost.
    """
    assert decided(jwt(), method="POST", at_ms=HARD_END_MS + 1000) == Allow(admission(), late=True)
    assert isinstance(decided(jwt(), at_ms=HARD_END_MS + 1000), SendToWait)


def test_revocation_counts_at_once_for_a_remembered_jwt() -> None:
    """
    Only the signature is remembered.
    """
    core = GateCore(settings(), KEYRING, JwtVerifier(KEYS, ISSUER))
    asked = request(pass_=jwt())
    before = core.decide(asked, RoomState(phase="open"), NOW_MS)
    revoked = Revoked("1.1", visitors={"anna": NOW_MS + 1000})
    after = core.decide(asked, RoomState(phase="open", revoked=revoked), NOW_MS)

    assert isinstance(before, Allow)
    assert isinstance(after, SendToWait)
    assert after.reason is Reason.REVOKED


def test_known_jwt_is_not_verified_again() -> None:
    """
    The second look costs no signature, until its hard end.
    """
    read = book()
    read.read(jwt(), "", NOW_MS)

    with patch.object(PyJWS, "decode", side_effect=AssertionError("verified again")):
        assert read.read(jwt(), "", NOW_MS) == admission()
    with pytest.raises(TokenError):
        read.read(jwt(), "", HARD_END_MS)


def test_jwt_of_another_visitor_is_refused() -> None:
    """
    A pass that was passed on does not go with the identity of who took it.
    """
    with pytest.raises(TokenError) as refused:
        book().read(jwt(), visitor_text("ben"), NOW_MS)

    assert refused.value.reason == Reason.TICKET_OTHER_VISITOR


def test_what_a_key_verified_is_forgotten_when_it_is_taken_away() -> None:
    """
    A key that leaked opens nothing any more, remembered or not.
    """
    verifier = JwtVerifier(KEYS, ISSUER)
    read = book(verifier)
    read.read(jwt(), "", NOW_MS)
    verifier.know({EC.id: EC.verifying})

    with pytest.raises(TokenError):
        read.read(jwt(), "", NOW_MS)


def test_keys_are_asked_for_once_and_then_every_five_minutes() -> None:
    """
    Never for a request.
    """
    of = Trust(URL, ISSUER)
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
    of = Trust(URL, ISSUER)
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
    of = Trust(URL, ISSUER)
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
    of = Trust(URL, ISSUER)
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
    of = Trust(URL, ISSUER)
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
    of = settings(jwks=str(file)).trust()
    assert of is not None
    with pytest.raises(TokenError):
        of.verifier.admission(jwt(key=EC), ROOM, NOW_MS)

    assert of.verifier.admission(jwt(), ROOM, NOW_MS) == admission()
    assert not due(of, DAY_MS)


def test_missing_library_is_told_where_the_shop_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    With the extra that brings it, and not by a trace at the first visitor.
    """
    for name in ("waiting_room.gates.trust", "waiting_room.jwts.keys", "waiting_room.jwts.seals"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "jwt", None)
    with pytest.raises(ConfigError, match=r"jwks: needs jwt.*waiting-room\[jwt\]"):
        settings(jwks=URL).trust()


def test_gate_has_no_trust_without_the_setting() -> None:
    """
    Nor needs a library.
    """
    assert settings().trust() is None


@pytest.mark.parametrize(("text", "what"), [(None, "cannot be read"), ("{}", "no public keys"), (ED25519, "private")])
def test_file_without_keys_is_a_fault(tmp_path: Path, text: str | None, what: str) -> None:
    """
    Told where the shop is loaded, with the remedy.
    """
    file = tmp_path / "jwks.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ConfigError, match=what) as refused:
        settings(jwks=str(file)).trust()

    assert refused.value.faults[0].where == "jwks"


@pytest.mark.parametrize("url", ["http://", "https://u:p@host/jwks", "http://host:99999/x", "https://host/?a=b"])
def test_address_that_is_none_is_a_fault(url: str) -> None:
    """
    With all others.
    """
    with pytest.raises(ConfigError, match="jwks"):
        settings(jwks=url)


@pytest.mark.parametrize("kind", list(SERVERS))
def test_jwts_are_given_and_taken_in_every_framework(kind: str, service_url: str) -> None:
    """
    By the real service, whose published keys the gate fetches: straight in, in again, a forged one and another's not.
    """
    room = f"{kind}-jwt"
    address = f"{service_url}/waiting-room/.well-known/jwks.json"
    gate = settings(room=room, service_url=service_url, report_interval_s=0.05, jwks=address)
    with front(kind, gate) as shop:
        anna = Browser(shop)
        first, again = anna.ask(), anna.ask()
        text = anna.cookies[wire.pass_cookie(room)]
        compact = good_pass(room=room, visitor="ben")
        others = [text[:-4] + "AAAA", jwt(admission(room=room, hard_end_ms=now_ms() - DAY_MS)), jwt()]
        refused = [Browser(shop, {wire.pass_cookie(room): other}).ask().status for other in others]
        taken = Browser(shop, {wire.pass_cookie(room): compact}).ask().status

    assert (first.status, again.status, taken, text.startswith(LIKELY)) == (200, 200, 200, True)
    assert refused == [303, 303, 303]


@pytest.mark.parametrize("kind", ["aiohttp", "wsgi"])
def test_gate_asks_for_keys_until_it_has_them(kind: str) -> None:
    """
    In an event loop and in a thread. Until then a JWT lets nobody in; what a visitor sends asks for nothing.
    """
    answers = [web.Response(status=503), web.Response(body=keys(ED).body)]
    asked: list[str] = []

    async def published(got: web.Request) -> web.Response:
        asked.append(got.method)
        return answers[min(len(asked), len(answers)) - 1]

    app = web.Application()
    app.router.add_get("/jwks.json", published)
    held = admission(issued_ms=0, hard_end_ms=now_ms() + DAY_MS)
    with in_aiohttp(app) as port, patch.object(trust, "RETRY_MS", 200):
        away = f"http://127.0.0.1:{unused_port()}"
        gate = settings(service_url=away, jwks=f"http://127.0.0.1:{port}/jwks.json", report_interval_s=0.05)
        with front(kind, gate) as shop:
            browser = Browser(shop, {wire.pass_cookie(ROOM): jwt(held)})
            before = browser.ask().status
            wait_until_sync(lambda: browser.ask().status == 200, what="the keys")
            for _ in range(20):
                browser.ask(Waiting_Room_Pass=jwt(held, EC))

    assert before == 303
    assert len(asked) <= 4
