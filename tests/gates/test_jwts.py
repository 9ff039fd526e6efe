"""
Gates that take passes which are JSON Web Tokens, and what an attacker tries with them.
"""

from unittest.mock import patch

import pytest
from jwt.api_jws import PyJWS

from tests.gates.fronts import SERVERS, Browser, front
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
from tests.jwts.makings import EC, ED, KEYS, header, signed
from tests.jwts.makings import claims as claims_of
from tests.waiting import wait_until_sync
from waiting_room import wire
from waiting_room.core.reasons import Reason
from waiting_room.core.revoked import Revoked
from waiting_room.errors import TokenError
from waiting_room.gates.core import Allow, GateCore, SendToWait
from waiting_room.gates.ledger import RoomState
from waiting_room.gates.passes import COMPLAINT_MS, PassBook
from waiting_room.jwts.claims import ISSUER, LIKELY
from waiting_room.jwts.keys import SigningKey
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
        wait_until_sync(lambda: anna.ask().status == 200, what="Anna to be let in")
        again = anna.ask()
        text = anna.cookies[wire.pass_cookie(room)]
        compact = good_pass(room=room, visitor="ben")
        others = [text[:-4] + "AAAA", jwt(admission(room=room, hard_end_ms=now_ms() - DAY_MS)), jwt()]
        refused = [Browser(shop, {wire.pass_cookie(room): other}).ask().status for other in others]
        taken = Browser(shop, {wire.pass_cookie(room): compact}).ask().status

    assert (again.status, again.header("Set-Cookie"), taken, text.startswith(LIKELY)) == (200, None, 200, True)
    assert refused == [303, 303, 303]
