"""
What stands in a pass that is a JWT, by values and without a library.
"""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.jwts.makings import ED, GOOD, NOW_MS, ROOM, base64, claims, header
from waiting_room.core.reasons import Reason
from waiting_room.errors import TokenError
from waiting_room.jwts.claims import ISSUER, LIKELY, header_of, pass_of, payload_of
from waiting_room.tokens import MAX_LENGTH, Pass

TWICE = b'"alg":"none",'


def reason_for(payload: bytes, now_ms: int = NOW_MS) -> str:
    """
    Return why the claims prove nothing.
    """
    with pytest.raises(TokenError) as refused:
        pass_of(payload, ISSUER, ROOM, now_ms)
    return refused.value.reason


def test_claims_are_those_that_any_library_checks() -> None:
    """
    And ours in one object beside them.
    """
    assert json.loads(payload_of(GOOD, "https://shop.example")) == {
        "iss": "https://shop.example",
        "aud": ROOM,
        "sub": "visitor-ą-1",
        "iat": 1_799_999_939,
        "exp": 1_800_003_540,
        "jti": f"{ROOM}.standard.7.{NOW_MS - 60_500}",
        "waiting_room": {
            "lane": "standard",
            "number": 7,
            "seat": "standard.7",
            "issued_ms": NOW_MS - 60_500,
            "hard_end_ms": NOW_MS + 3_540_250,
        },
    }


@settings(max_examples=50)
@given(
    st.builds(
        Pass,
        room=st.just(ROOM),
        lane=st.text(),
        number=st.integers(0, 2**53),
        visitor=st.text(),
        seat=st.text(),
        issued_ms=st.integers(0, 2**45),
        hard_end_ms=st.integers(1, 2**45),
    )
)
def test_what_is_written_is_read_again(held: Pass) -> None:
    """
    To the millisecond, whatever the texts.
    """
    held = replace(held, lane=held.lane.encode(errors="replace").decode())
    assert pass_of(payload_of(held, ISSUER), ISSUER, ROOM, held.hard_end_ms - 1) == held


def test_hard_end_counts_to_the_millisecond() -> None:
    """
    Not to the second, as `exp` does.
    """
    assert pass_of(payload_of(GOOD, ISSUER), ISSUER, ROOM, GOOD.hard_end_ms - 1) == GOOD
    assert reason_for(payload_of(GOOD, ISSUER), GOOD.hard_end_ms) == Reason.PASS_EXPIRED


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "somebody"},
        {"iss": None},
        {"aud": "other-room"},
        {"aud": None},
        {"aud": [ROOM, "other-room"]},
        {"sub": None},
        {"sub": 7},
        {"exp": None},
        {"exp": str(GOOD.hard_end_ms // 1000)},
        {"exp": GOOD.hard_end_ms / 1000},
        {"exp": GOOD.hard_end_ms // 1000 + 86_400},
        {"nbf": NOW_MS // 1000 + 1},
        {"nbf": "soon"},
        {"waiting_room": None},
        {"waiting_room": []},
        {"waiting_room": {}},
        {"waiting_room": claims()["waiting_room"] | {"number": True}},
        {"waiting_room": claims()["waiting_room"] | {"number": -1}},
        {"waiting_room": claims()["waiting_room"] | {"hard_end_ms": 1.5}},
        {"waiting_room": claims()["waiting_room"] | {"seat": None}},
    ],
)
def test_claims_that_are_not_a_pass_are_refused(changed: dict[str, Any]) -> None:
    """
    Also where one claim says the right thing and another contradicts it.
    """
    assert reason_for(json.dumps(claims(**changed)).encode()) == Reason.PASS_INVALID


def test_a_pass_that_has_begun_is_valid() -> None:
    """
    Whatever of `nbf` we never write.
    """
    assert pass_of(json.dumps(claims(nbf=NOW_MS // 1000)).encode(), ISSUER, ROOM, NOW_MS) == GOOD


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b"{",
        b"\xff",
        b"[" * 2000,
        json.dumps(claims())[:-1].encode() + b',"aud":"other-room"}',
        json.dumps(claims()).replace('"lane"', '"seat":"standard.1","lane"').encode(),
        json.dumps(claims()).replace(str(GOOD.hard_end_ms), "9" * 1900).encode(),
    ],
)
def test_claims_that_can_be_read_in_two_ways_are_refused(payload: bytes) -> None:
    """
    No name may stand twice, on any level: one reader takes the first, another the last.
    """
    assert reason_for(payload) == Reason.PASS_INVALID


@pytest.mark.parametrize(
    "head",
    [
        header(typ=None),
        header(typ="JWT"),
        header(typ="at+jwt"),
        header(kid=None),
        header(kid=7),
        header(kid=["a"]),
        header(alg=None),
        header(alg="none"),
        header(alg="None"),
        header(alg="HS256"),
        header(alg="RS256"),
        header(alg=["EdDSA"]),
        header(crit=["exp"]),
        header(crit=["b64"], b64=False),
        header(jwk={"kty": "OKP"}),
        header(jku="https://evil.example/jwks.json"),
        header(x5u="https://evil.example/"),
        header(zip="DEF"),
        {},
    ],
)
def test_header_says_algorithm_key_and_type_and_nothing_else(head: dict[str, object]) -> None:
    """
    No algorithm but ours, no critical extension, no key that comes along.
    """
    with pytest.raises(TokenError) as refused:
        header_of(f"{base64(json.dumps(head).encode())}.e30.AAAA")

    assert refused.value.reason == Reason.PASS_INVALID


@pytest.mark.parametrize(
    "text",
    [
        "",
        "eyJ",
        "a.b",
        "a.b.c.d",
        "..",
        "a.b.c",
        f"{base64(json.dumps(header()).encode())}.e30.",
        f"{base64(json.dumps(header()).encode())}=.e30.AAAA",
        f" {base64(json.dumps(header()).encode())}.e30.AAAA",
        f"{base64(b'[1]')}.e30.AAAA",
        f"{base64(b'[' * 1000)}.e30.AAAA",
        f"{base64(json.dumps(header()).encode())}.e30.{'A' * MAX_LENGTH}",
        f"{base64(b'{' + TWICE + json.dumps(header()).encode()[1:])}.e30.AAAA",
        "wr1.pass.k1.e30.AAAA",
    ],
)
def test_text_that_is_no_jwt_is_refused(text: str) -> None:
    """
    Oversize ones unread.
    """
    with pytest.raises(TokenError) as refused:
        header_of(text)

    assert refused.value.reason == Reason.PASS_INVALID


def test_header_of_a_pass_is_told() -> None:
    """
    And begins as gates know it.
    """
    text = f"{base64(json.dumps(header()).encode())}.e30.AAAA"

    assert header_of(text) == ("EdDSA", ED.id)
    assert text.startswith(LIKELY)
