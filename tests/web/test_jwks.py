"""
Passes that are JWTs, as the service gives them, takes them and publishes their keys.
"""

import json
from dataclasses import replace

import jwt as library
import pytest

from tests.jwts.makings import EC, ED, header, signed
from tests.jwts.makings import claims as claims_of
from tests.web.desk import BASE, KEYS, ROOM, START_MS, cookies_of, open_desk, set_cookies
from tests.web.test_authorize import ENVOY, FORWARD, INLINE, NGINX, admitted, ask
from waiting_room import wire
from waiting_room.entrance import revoke
from waiting_room.jwts.claims import ISSUER, LIKELY
from waiting_room.jwts.keys import SigningKey
from waiting_room.jwts.seals import JwtOffice, JwtSigner
from waiting_room.tokens import Pass

PUBLIC = json.dumps(ED.verifying.as_jwk()).encode()
JWKS = "/waiting-room/.well-known/jwks.json"


def office(*keys: SigningKey, rooms: tuple[str, ...] = (ROOM,)) -> JwtOffice:
    """
    Return what the service does with these keys, or with one of each kind.
    """
    return JwtOffice.of(keys or (ED, EC), rooms, ISSUER, KEYS)


def proof(seat: int = 1) -> Pass:
    """
    Return a pass of the room.
    """
    return Pass(ROOM, "standard", seat, f"visitor-{seat}", f"standard.{seat}", START_MS, START_MS + 600_000)


@pytest.mark.parametrize("key", [ED, EC], ids=["EdDSA", "ES256"])
async def test_a_claim_gives_a_jwt_that_the_published_keys_verify(key: SigningKey) -> None:
    """
    In the cookie and in the answer, with what the compact one would bear.
    """
    async with open_desk(office=office(key)) as desk:
        (ticket,) = await desk.fill("ann")
        await desk.call()
        answer = await desk.post(f"{BASE}/claim", cookies_of(ticket))
        said = await answer.json()
        published = library.PyJWKSet.from_dict(await (await desk.get(JWKS)).json(content_type=None))

    text = said["pass"]
    found = library.decode(
        text,
        published[library.get_unverified_header(text)["kid"]],
        algorithms=[key.algorithm],
        audience=ROOM,
        issuer=ISSUER,
        options={"verify_iat": False, "verify_exp": False},
    )
    assert (found["sub"], found["waiting_room"]["seat"], found["waiting_room"]["number"]) == ("ann", "standard.1", 1)
    assert set_cookies(answer)[wire.pass_cookie(ROOM)].startswith(f"{wire.pass_cookie(ROOM)}={text};")


async def test_a_room_that_is_not_named_keeps_compact_passes() -> None:
    """
    Though the service has keys.
    """
    async with open_desk(office=office(rooms=("another",))) as desk:
        cookies = await admitted(desk)

    assert cookies[wire.pass_cookie(ROOM)].startswith("wr1.pass.")


async def test_who_goes_straight_in_gets_a_jwt() -> None:
    """
    Without a claim.
    """
    async with open_desk(office=office()) as desk:
        said = await (await desk.post(f"{BASE}/join")).json()

    assert said["state"] == "admitted"
    assert said["pass"].startswith(LIKELY)


async def test_tickets_and_visitors_stay_as_they_are() -> None:
    """
    Nobody but the service reads them.
    """
    async with open_desk(office=office()) as desk:
        said = await (await desk.post(f"{BASE}/join")).json()

    assert said["ticket"].startswith("wr1.ticket.")
    assert said["visitor"].startswith("wr1.visitor.")


@pytest.mark.parametrize("path", [NGINX, FORWARD, INLINE, f"{ENVOY}/checkout"])
@pytest.mark.parametrize("rooms", [(ROOM,), ()], ids=["after the change", "before it"])
async def test_authorize_takes_both_formats(path: str, rooms: tuple[str, ...]) -> None:
    """
    Who holds a pass of the one keeps it when the room changes to the other, either way.
    """
    async with open_desk(office=office(rooms=rooms)) as desk:
        texts = (KEYS.sign(proof(1)), JwtSigner(ED, ISSUER).sign(proof(2)), JwtSigner(EC, ISSUER).sign(proof(3)))
        answers = [await ask(desk, path, {wire.pass_cookie(ROOM): text}) for text in texts]

    assert [answer.status for answer in answers] == [200, 200, 200]
    assert answers[1].headers[wire.VISITOR_ID_HEADER] == "visitor-2"
    assert answers[1].headers[wire.EXPIRES_HEADER] == str((START_MS + 600_000) // 1000)


@pytest.mark.parametrize("forth", [True, False], ids=["to JWTs", "and back"])
async def test_visitors_keep_pass_and_seat_while_the_format_changes(*, forth: bool) -> None:
    """
    The service is restarted with the other format: the pass still counts, and a second claim gives the same seat.
    """
    one, other = (office(rooms=()), office()) if forth else (office(), office(rooms=()))
    async with open_desk(office=one) as desk:
        cookies = await admitted(desk)
    async with open_desk(office=other, store=desk.store) as desk:
        after = await ask(desk, FORWARD, cookies)
        again = await (await desk.post(f"{BASE}/claim", cookies)).json()
        seats = desk.lobby.room(ROOM).view.snapshot.seats
        told = await ask(desk, FORWARD, {wire.pass_cookie(ROOM): again["pass"]})

    assert cookies[wire.pass_cookie(ROOM)].startswith(LIKELY) is not forth
    assert (again["state"], again["pass"].startswith(LIKELY)) == ("admitted", forth)
    assert (after.status, told.status, seats) == (200, 200, 1)
    assert told.headers[wire.EXPIRES_HEADER] == after.headers[wire.EXPIRES_HEADER]


async def test_an_older_key_still_verifies() -> None:
    """
    Passes are out while keys are changed.
    """
    async with open_desk(office=office(EC, ED)) as desk:
        answer = await ask(desk, FORWARD, {wire.pass_cookie(ROOM): JwtSigner(ED, ISSUER).sign(proof())})

    assert answer.status == 200


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(JwtSigner(ED, ISSUER).sign(replace(proof(), room="another")), id="another room's"),
        pytest.param(JwtSigner(ED, "somebody").sign(proof()), id="another issuer's"),
        pytest.param(JwtSigner(ED, ISSUER).sign(replace(proof(), hard_end_ms=START_MS)), id="over"),
        pytest.param(signed(claims_of(proof()), header(alg="none")), id="none"),
        pytest.param(signed(claims_of(proof()), header(alg="HS256"), PUBLIC), id="HMAC"),
    ],
)
async def test_authorize_refuses_what_is_no_pass(text: str) -> None:
    """
    Its bearer goes to the waiting page.
    """
    async with open_desk(office=office()) as desk:
        answer = await ask(desk, FORWARD, {wire.pass_cookie(ROOM): text})

    assert (answer.status, answer.headers[wire.STATUS_HEADER]) == (302, "wait")


async def test_a_revoked_jwt_is_refused_at_once() -> None:
    """
    Though its signature is remembered as good.
    """
    async with open_desk(office=office()) as desk:
        cookies = await admitted(desk)
        before = await ask(desk, FORWARD, cookies)
        await revoke(desk.lobby, ROOM, visitor="ann", for_ms=60_000)
        after = await ask(desk, FORWARD, cookies)

    assert (before.status, after.status) == (200, 403)
    assert after.headers[wire.REASON_HEADER] == "revoked"


async def test_jwts_count_nowhere_without_keys() -> None:
    """
    A service that has none knows no JWT.
    """
    async with open_desk() as desk:
        answer = await ask(desk, FORWARD, {wire.pass_cookie(ROOM): JwtSigner(ED, ISSUER).sign(proof())})

    assert answer.status == 302


async def test_keys_are_published_for_everybody_to_keep() -> None:
    """
    Public parts alone, for five minutes.
    """
    async with open_desk(office=office()) as desk:
        answer = await desk.get(JWKS)
        document = await answer.json(content_type=None)

    assert answer.headers["Content-Type"] == "application/jwk-set+json"
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert [key["kid"] for key in document["keys"]] == [ED.id, EC.id]
    assert all("d" not in key for key in document["keys"])


async def test_without_keys_the_set_is_empty() -> None:
    """
    A gateway that is set up first finds a set all the same.
    """
    async with open_desk() as desk:
        document = await (await desk.get(JWKS)).json(content_type=None)

    assert document == {"keys": []}


async def test_the_keys_are_counted_as_a_route_of_their_own() -> None:
    """
    And not as a room's page.
    """
    async with open_desk() as desk:
        await desk.get(JWKS)

    assert [route for route, _, _ in desk.observed] == ["jwks"]


async def test_the_keys_move_with_the_prefix() -> None:
    """
    As all routes for visitors do.
    """
    async with open_desk(office=office(), prefix="/queue") as desk:
        assert (await desk.get("/queue/.well-known/jwks.json")).status == 200
