"""
Who pays is not put out, at whichever gate, and the shop says when that begins and ends.
"""

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler
from hypothesis import given
from hypothesis import strategies as st

from tests.gates.makings import BROWSER, HARD_END_MS, KEYRING, NOW_MS, ROOM, admission, pass_text, request, settings
from tests.gates.makings import stage_text as stage
from tests.gates.service import Service, get, good_pass, now_ms, scene
from tests.waiting import wait_until
from waiting_room import wire
from waiting_room.core.reasons import Reason
from waiting_room.gates.aiohttp import WaitingRoomGate
from waiting_room.gates.commands import stage_of, stock_of, words_of
from waiting_room.gates.core import Allow, GateCore, Outcome, SendToWait
from waiting_room.gates.ledger import PAYMENT_CAP_MS, Gone, RoomState

GRACE_MS = 300_000
LAST_MS = HARD_END_MS - 1
"""The last moment of the pass, when the payments of these tests begin."""
CAP_END_MS = LAST_MS + PAYMENT_CAP_MS
BUSY = RoomState(phase="open")
PASS, STAGE, TICKET = wire.pass_cookie(ROOM), wire.stage_cookie(ROOM), wire.ticket_cookie(ROOM)


def _decide(now_ms: int, state: RoomState = BUSY, method: str = "GET", stage_text: str = stage(LAST_MS)) -> Outcome:
    asked = request(method=method, pass_=pass_text(), stage=stage_text)
    return GateCore(settings(), KEYRING).decide(asked, state, now_ms)


def test_payer_is_let_in_beyond_the_hard_end_up_to_the_cap() -> None:
    """
    A gate that has never heard of the visit knows from the signed beginning alone.
    """
    for at_ms in (HARD_END_MS, CAP_END_MS - 1):
        assert _decide(at_ms) == Allow(admission(), paying_until_ms=CAP_END_MS)
    assert isinstance(_decide(CAP_END_MS), SendToWait)


def test_late_form_of_a_payer_is_kept() -> None:
    """
    The grace time begins when the payment's cap has come.
    """
    kept = Allow(admission(), late=True, paying_until_ms=CAP_END_MS)

    assert _decide(CAP_END_MS + GRACE_MS - 1, method="POST") == kept
    assert isinstance(_decide(CAP_END_MS + GRACE_MS, method="POST"), SendToWait)


def test_cap_is_the_room_s() -> None:
    """
    What the service said last counts, for payments that have begun as well.
    """
    short = RoomState(phase="open", payment_cap_ms=60_000)

    assert isinstance(_decide(LAST_MS + 59_999, short), Allow)
    assert isinstance(_decide(LAST_MS + 60_000, short), SendToWait)


@pytest.mark.parametrize(
    "text",
    [
        stage(LAST_MS, seat="standard.8"),
        stage(LAST_MS, room="other"),
        stage(HARD_END_MS),
        stage(LAST_MS)[:-2] + "xx",
        pass_text(),
        "rubbish",
    ],
    ids=["other seat", "other room", "begun too late", "forged", "no stage", "rubbish"],
)
def test_what_proves_no_payment_of_this_visit_prolongs_nothing(text: str) -> None:
    """
    The pass then ends as it would have ended.
    """
    outcome = _decide(HARD_END_MS, stage_text=text)

    assert isinstance(outcome, SendToWait)
    assert outcome.reason is Reason.PASS_EXPIRED


def test_payment_revives_no_seat_that_is_gone() -> None:
    """
    Given back, taken back or over by the room's own count: the cookie of a payment changes nothing.
    """
    gone = RoomState(phase="open", gone={"standard.7": Gone(NOW_MS, CAP_END_MS, released=True)})

    assert isinstance(_decide(NOW_MS, gone), SendToWait)


@given(
    st.integers(-10_000, 10_000).map(lambda at: HARD_END_MS + at),
    st.integers(0, 3 * PAYMENT_CAP_MS).map(lambda at: HARD_END_MS - 20_000 + at),
)
def test_no_stage_keeps_a_visit_beyond_its_hard_end_and_the_cap(entered_ms: int, now_ms: int) -> None:
    """
    Whenever a payment began: the visit is over at the latest a cap after the hard end, and never before the hard end.
    """
    allowed = isinstance(_decide(now_ms, stage_text=stage(entered_ms)), Allow)

    if now_ms < HARD_END_MS:
        assert allowed
    if now_ms >= HARD_END_MS + PAYMENT_CAP_MS or entered_ms >= HARD_END_MS:
        assert allowed == (now_ms < HARD_END_MS)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["payment"], ("payment",)),
        ([" Payment , release"], ("payment", "release")),
        (["basket", "RELEASE"], ("basket", "release")),
        (["", " , "], ()),
        ([], ()),
    ],
)
def test_commands_stand_on_one_line_or_several(lines: list[str], words: tuple[str, ...]) -> None:
    """
    With commas, blanks and capitals as they come.
    """
    assert words_of(lines) == words


def test_last_stage_named_is_the_stage() -> None:
    """
    Words that are no stage are passed over.
    """
    assert stage_of(("basket", "payment", "release")) == "payment"
    assert stage_of(("release", "unheard-of")) == ""


async def test_payment_sets_the_signed_beginning_and_prolongs_the_pass_cookie() -> None:
    """
    Both outlive the cap by the grace time, so that even a late form bears them; and the service hears of it.
    """
    async with scene() as at:
        text = good_pass()
        at.client.session.cookie_jar.update_cookies({PASS: text})
        begun_ms = now_ms()
        answer = await get(at.client, "/says/payment")
        await wait_until(lambda: _stages(at.service) == {"standard.7": "payment"}, what="the stage")

        assert wire.COMMAND_HEADER not in answer.headers
        began = KEYRING.stage(answer.cookies[STAGE].value, ROOM)
        assert began.seat == "standard.7"
        # The gate's clock is the service's as far as it can tell: milliseconds ahead or behind.
        assert abs(began.entered_ms - begun_ms) < 5000
        assert answer.cookies[PASS].value == text
        cap_and_grace_s = (PAYMENT_CAP_MS + GRACE_MS) // 1000
        assert {int(answer.cookies[name]["max-age"]) for name in (PASS, STAGE)} == {cap_and_grace_s}


async def test_payment_that_lasts_keeps_its_beginning() -> None:
    """
    The second page of a payment does not begin it anew: the cap counts from the first.
    """
    async with scene() as at:
        await at.admitted()
        await get(at.client, "/says/payment")
        again = await get(at.client, "/says/payment")

        assert STAGE not in again.cookies


async def test_basket_ends_the_payment() -> None:
    """
    The cookie is taken back, and the service hears that the visit ends like any other again.
    """
    async with scene() as at:
        await at.admitted()
        await get(at.client, "/says/payment")
        answer = await get(at.client, "/says/basket")
        await wait_until(lambda: _stages(at.service) == {"standard.7": "basket"}, what="the stage")

        assert answer.cookies[STAGE]["max-age"] == "0"


async def test_release_ends_the_payment_for_good() -> None:
    """
    Order done: pass, ticket and beginning are taken back, and a copy of them opens nothing.
    """
    async with scene() as at:
        await at.admitted()
        paid = await get(at.client, "/says/payment")
        kept = {PASS: paid.cookies[PASS].value, STAGE: paid.cookies[STAGE].value}
        answer = await get(at.client, "/says/payment,release")
        await wait_until(lambda: at.service.told("released") == {"standard.7"}, what="the release")
        at.client.session.cookie_jar.update_cookies(kept)

        assert {answer.cookies[name]["max-age"] for name in (PASS, TICKET, STAGE)} == {"0"}
        assert (await get(at.client)).status == 303


async def test_payer_at_another_gate_is_let_in_after_the_hard_end() -> None:
    """
    Two processes of the shop share nothing: the second knows the payer by the cookies of the first.
    """
    ended = {"issued_ms": now_ms() - 100_000, "hard_end_ms": now_ms() - 1000}
    async with scene() as second:
        second.client.session.cookie_jar.update_cookies({PASS: good_pass(**ended)})
        assert (await get(second.client)).status == 303
        second.client.session.cookie_jar.update_cookies({STAGE: stage(now_ms() - 2000)})

        assert (await get(second.client)).status == 200


async def test_app_without_cookies_bears_the_stage_in_a_header() -> None:
    """
    The answer to a request that bore its pass as a header tells the beginning as a header too.
    """
    async with scene() as at:
        headers = {wire.PASS_HEADER: good_pass()}
        answer = await get(at.client, "/says/payment", **headers)

        assert KEYRING.stage(answer.headers[wire.STAGE_HEADER], ROOM).seat == "standard.7"
        ended = {wire.PASS_HEADER: good_pass(hard_end_ms=now_ms() - 1000)}
        began = {wire.STAGE_HEADER: stage(now_ms() - 2000)}
        assert (await get(at.client, **ended)).status == 303
        assert (await get(at.client, **(ended | began))).status == 200


async def test_late_form_begins_no_payment() -> None:
    """
    The visit is over, the form was kept; nothing of it lives on.
    """
    async with scene() as at:
        headers = BROWSER | {wire.PASS_HEADER: good_pass(hard_end_ms=now_ms() - 1000)}
        answer = await at.client.post("/says/payment", headers=headers)

        assert answer.status == 200
        assert STAGE not in answer.cookies


async def test_handler_may_say_it_by_a_call() -> None:
    """
    Where headers cannot be set, `command` does the same; a word that is none is a mistake of the shop's.
    """
    gates: list[WaitingRoomGate] = []

    @web.middleware
    async def pay(request: web.Request, handler: Handler) -> web.StreamResponse:
        with pytest.raises(ValueError, match="payment, basket and release"):
            gates[0].command(request, "paying")
        gates[0].command(request, "payment")
        return await handler(request)

    def prepare(app: web.Application) -> None:
        app.middlewares.append(pay)

    async with scene(prepare=prepare) as at:
        gates.append(at.gate)
        await at.admitted()

        assert STAGE in (await get(at.client)).cookies


def _stages(service: Service) -> dict[str, str]:
    told: dict[str, str] = {}
    for report in service.reports:
        told |= report["stages"]
    return told


@pytest.mark.parametrize(
    ("values", "stock"), [([], None), (["12"], 12), (["12", " 7 "], 7), (["-1"], None), (["٣"], None), (["many"], None)]
)
def test_the_last_stock_that_can_be_read_counts(values: list[str], stock: int | None) -> None:
    """
    What cannot be read is as if nothing had been said.
    """
    assert stock_of(values) == stock


async def test_the_shop_tells_its_stock_with_any_answer() -> None:
    """
    The header goes to the service and not to the visitor.
    """

    async def last(_request: web.Request) -> web.Response:
        return web.Response(headers={wire.STOCK_HEADER: "0", wire.COMMAND_HEADER: wire.SOLD_OUT})

    async with scene(prepare=lambda app: app.router.add_get("/last", last)) as there:
        await there.admitted()
        answer = await get(there.client, "/last")
        await there.reported()
        told = {(report["stock"], report["sold_out"]) for report in there.service.reports if "stock" in report}

        assert not {wire.STOCK_HEADER, wire.COMMAND_HEADER} & set(answer.headers)
        assert told == {(0, True)}
