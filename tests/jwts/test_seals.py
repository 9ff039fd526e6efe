"""
Passes that are JWTs, signed and verified, and what an attacker tries.
"""

import json
from dataclasses import replace

import jwt as library
import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.jwts.makings import EC, ED, GOOD, KEYS, NOW_MS, ROOM, base64, claims, header, signed
from waiting_room.core.reasons import Reason
from waiting_room.errors import TokenError
from waiting_room.jwts.claims import ISSUER, LIKELY
from waiting_room.jwts.keys import SigningKey, VerifyingKey, make, signing_key
from waiting_room.jwts.seals import JwtSigner, JwtVerifier, PassWriter
from waiting_room.tokens import MAX_LENGTH, Keyring

BOTH = pytest.mark.parametrize("key", [ED, EC], ids=["EdDSA", "ES256"])


def refusal(text: str, room: str = ROOM, now_ms: int = NOW_MS) -> str:
    """
    Return why *text* is refused.
    """
    with pytest.raises(TokenError) as refused:
        JwtVerifier(KEYS, ISSUER).admission(text, room, now_ms)
    return refused.value.reason


@BOTH
def test_a_signed_pass_is_verified(key: SigningKey) -> None:
    """
    By either algorithm, and it fits a cookie.
    """
    text = JwtSigner(key, ISSUER).sign(GOOD)

    assert JwtVerifier(KEYS, ISSUER).admission(text, ROOM, NOW_MS) == GOOD
    assert text.startswith(LIKELY)
    assert len(text) < MAX_LENGTH // 2


@BOTH
def test_an_ordinary_library_verifies_a_pass(key: SigningKey) -> None:
    """
    With the published key alone, by its usual call.
    """
    text = JwtSigner(key, ISSUER).sign(replace(GOOD, issued_ms=0, hard_end_ms=4_000_000_000_000))
    published = library.PyJWK(dict(key.verifying.as_jwk()))

    found = library.decode(text, published, algorithms=[key.algorithm], audience=ROOM, issuer=ISSUER)

    assert found["sub"] == GOOD.visitor


@BOTH
def test_a_token_made_by_hand_is_verified(key: SigningKey) -> None:
    """
    So that the refusals below are for what they change.
    """
    assert JwtVerifier(KEYS, ISSUER).admission(signed(claims(), key=key), ROOM, NOW_MS) == GOOD


def test_what_is_over_is_expired() -> None:
    """
    At its hard end.
    """
    assert refusal(signed(claims()), now_ms=GOOD.hard_end_ms) == Reason.PASS_EXPIRED


def public_pem(key: SigningKey) -> bytes:
    """
    Return the public key as text, which everybody knows.
    """
    return key.private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def public_raw(key: VerifyingKey) -> bytes:
    """
    Return the published key's own bytes.
    """
    return library.utils.base64url_decode(key.as_jwk()["x"])


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(signed(claims(), header(alg="none")).rpartition(".")[0] + ".", id="none"),
        pytest.param(signed(claims(), header(alg="none")), id="none, with a signature"),
        pytest.param(signed(claims(), header(alg="HS256"), public_pem(ED)), id="HMAC with the public key's PEM"),
        pytest.param(signed(claims(), header(alg="HS256"), public_raw(ED.verifying)), id="HMAC with the public key"),
        pytest.param(signed(claims(), header(), public_pem(ED)), id="HMAC that says EdDSA"),
        pytest.param(signed(claims(), header(ED, alg="ES256"), EC), id="another algorithm than the key's"),
        pytest.param(signed(claims(), header(EC), ED), id="another key of ours under this id"),
        pytest.param(signed(claims(), header(kid="unknown")), id="unknown key"),
        pytest.param(signed(claims(), header(ED), signing_key(make("EdDSA"))), id="a stranger's key under our id"),
        pytest.param(signed(claims(), header(crit=["waiting"], waiting=1)), id="critical extension"),
        pytest.param(signed(claims(), header(crit=[])), id="empty crit"),
        pytest.param(signed(claims(), header(jwk=json.loads("{}"))), id="brings a key along"),
        pytest.param(signed(claims(), header(typ="JWT")), id="another type"),
        pytest.param(signed(claims(aud="other-room")), id="another room's"),
        pytest.param(signed(claims(iss="somebody")), id="another issuer's"),
        pytest.param(signed(claims(nbf=NOW_MS // 1000 + 60)), id="not valid yet"),
        pytest.param(signed(json.dumps(claims()).encode()[:-1] + b',"aud":"spring-sale"}'), id="a claim twice"),
        pytest.param(signed(claims(more="x" * MAX_LENGTH)), id="oversize"),
        pytest.param(signed(claims())[:-1], id="signature cut"),
        pytest.param(signed(claims()) + "=", id="signature padded"),
        pytest.param(signed(claims()) + ".AAAA", id="a part too many"),
    ],
)
def test_forgery_is_refused(text: str) -> None:
    """
    Whatever is tried.
    """
    assert refusal(text) == Reason.PASS_INVALID


@BOTH
def test_no_other_spelling_of_a_signature_counts(key: SigningKey) -> None:
    """
    Base64 leaves bits unused at its end, and lenient readers take whatever stands there.
    """
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    text = signed(claims(), key=key)
    others = [f"{text[:-1]}{character}" for character in alphabet if character != text[-1]]

    assert {refusal(other) for other in others} == {Reason.PASS_INVALID}


def test_an_altered_payload_is_refused() -> None:
    """
    Byte by byte.
    """
    head, _, signature = signed(claims()).split(".")
    later = claims(exp=GOOD.hard_end_ms // 1000 + 86_400)

    assert refusal(f"{head}.{base64(json.dumps(later).encode())}.{signature}") == Reason.PASS_INVALID


VALUE = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
JSON = VALUE | st.lists(VALUE, max_size=2) | st.dictionaries(st.sampled_from([*claims()["waiting_room"], "x"]), VALUE)


@settings(max_examples=50)
@given(st.text() | st.from_regex(r"[\w-]{0,40}\.[\w-]{0,40}\.[\w-]{0,90}", fullmatch=True))
def test_any_text_is_refused_in_peace(text: str) -> None:
    """
    With a reason, whatever it is.
    """
    assert refusal(text) == Reason.PASS_INVALID


@settings(max_examples=50)
@given(st.dictionaries(st.sampled_from([*claims(), "nbf"]), JSON, min_size=1), st.sampled_from([ED, EC]))
def test_any_signed_claims_are_a_pass_or_refused_in_peace(changed: dict[str, object], key: SigningKey) -> None:
    """
    Never an error of another kind: a slip of whoever signs is no crash of those who verify.
    """
    try:
        found = JwtVerifier(KEYS, ISSUER).admission(signed(claims() | changed, key=key), ROOM, NOW_MS)
    except TokenError as error:
        assert error.reason in {Reason.PASS_INVALID, Reason.PASS_EXPIRED}  # noqa: PT017 - either may be
    else:
        assert (found.room, found.hard_end_ms > NOW_MS) == (ROOM, True)


@settings(max_examples=25)
@given(st.binary(max_size=100), st.sampled_from([ED, EC]))
def test_any_bytes_for_a_signature_are_refused(signature: bytes, key: SigningKey) -> None:
    """
    Of whatever length.
    """
    head, payload, _ = signed(claims(), key=key).split(".")

    assert refusal(f"{head}.{payload}.{base64(signature)}") == Reason.PASS_INVALID


def test_an_older_key_verifies_while_it_is_known() -> None:
    """
    A new one signs meanwhile.
    """
    old, new = ED, signing_key(make("EdDSA"))
    verifier = JwtVerifier({key.id: key.verifying for key in (new, old)}, ISSUER)

    for key in (new, old):
        assert verifier.admission(JwtSigner(key, ISSUER).sign(GOOD), ROOM, NOW_MS) == GOOD


def test_a_key_that_is_taken_away_verifies_no_more() -> None:
    """
    And those who remember what it verified are told.
    """
    verifier = JwtVerifier(KEYS, ISSUER)
    verifier.know({EC.id: EC.verifying})

    assert verifier.generation == 1
    with pytest.raises(TokenError):
        verifier.admission(signed(claims()), ROOM, NOW_MS)


def test_a_key_that_comes_along_takes_nothing_away() -> None:
    """
    What is remembered stays good.
    """
    verifier = JwtVerifier({ED.id: ED.verifying}, ISSUER)
    verifier.know(KEYS)

    assert verifier.generation == 0


def test_another_key_under_a_known_id_is_another_key() -> None:
    """
    As where somebody names their keys by hand.
    """
    verifier = JwtVerifier({ED.id: ED.verifying}, ISSUER)
    verifier.know({ED.id: replace(EC.verifying, id=ED.id)})

    assert verifier.generation == 1


def test_an_unknown_key_is_missed_until_keys_are_told() -> None:
    """
    Nothing else is: who sends rubbish makes nobody fetch keys.
    """
    verifier = JwtVerifier({EC.id: EC.verifying}, ISSUER)
    missed = []
    rubbish = ("eyJ.rubbish.x", signed(claims(), header(typ="JWT")), signed(claims(), header(EC), ED))
    for text in (*rubbish, signed(claims())):
        with pytest.raises(TokenError):
            verifier.admission(text, ROOM, NOW_MS)
        missed.append(verifier.missed)
    verifier.know(KEYS)

    assert [*missed, verifier.missed] == [False, False, False, True, False]


@pytest.mark.parametrize(("rooms", "is_jwt"), [((ROOM,), True), (("*",), True), (("other-room",), False)])
def test_each_room_has_its_format(rooms: tuple[str, ...], *, is_jwt: bool) -> None:
    """
    Those that are not named keep the compact one.
    """
    text = PassWriter(Keyring(["k1:" + "s" * 32]), JwtSigner(ED, ISSUER), rooms).sign(GOOD)

    assert text.startswith(LIKELY) is is_jwt
