"""
The example shops in PHP behind nginx and on Node: each is started as its README says, and shopped at by three people.
"""

import re

import pytest

from tests.beside import Stage, beside
from tests.examples.edges import ROOMS, Readme, play
from tests.examples.shoppers import Answer
from tests.examples.stories import Readme as PythonReadme
from tests.source import ROOT

EXAMPLES = ROOT / "examples"
PEERS = {"php-nginx": ("php", "nginx"), "node": ("node",)}
LINES = 150


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=(pytest.mark.peer(*PEERS[name]), beside(play, name))) for name in ROOMS],
)
def name(request: pytest.FixtureRequest) -> str:
    """
    Name the example.
    """
    return str(request.param)


@pytest.fixture(scope="module")
def story(name: str, stage: Stage) -> dict[str, Answer]:
    """
    Hand out what came of it, played once for all facts.
    """
    return stage.outcome(play, name)


def heads(answer: Answer) -> dict[str, str]:
    """
    Return the headers of an answer by their names in small letters, as Node writes them.
    """
    return {name.lower(): value for name, value in answer.headers.items()}


def test_checkout_is_open_while_nobody_waits(story: dict[str, Answer]) -> None:
    """
    Anna is led over the room's page and back without doing anything, and finds her basket.
    """
    assert (story["sent to the page"].status, story["straight in"].status) == (302, 303)
    assert story["straight in"].location.endswith("/checkout")
    assert story["anna inside"].status == 200
    assert "Wooden train" in story["anna inside"].text
    assert story["cart inside"].document["total"] == 39


def test_all_but_the_checkout_is_open_while_it_is_full(story: dict[str, Answer]) -> None:
    """
    Ben looks at toys and fills his basket without a pass, and gets no cookie of the room.
    """
    for step in ("products while full", "basket while full"):
        assert story[step].status == 200
        assert "wr_" not in "".join(story[step].cookies)
    assert "Paper kite" in story["basket while full"].text


def test_second_shopper_waits_for_the_checkout(story: dict[str, Answer]) -> None:
    """
    Ben is sent to the room's page, whatever he writes into his headers; his form as well, by a GET.
    """
    assert story["sent to wait"].status == 302
    assert re.fullmatch(
        r"http://127\.0\.0\.1:\d+/waiting-room/[a-z]+-shop\?target=http.*%2Fcheckout", story["sent to wait"].location
    )
    assert story["form without a pass"].status == 303
    assert story["waiting page"].status == 200
    assert story["ben's place"].document["state"] == "waiting"


def test_script_without_a_pass_is_told_and_not_redirected(story: dict[str, Answer]) -> None:
    """
    It gets 429 and a problem document that names the waiting page.
    """
    answer = story["cart outside"]

    assert (answer.status, heads(answer)["content-type"]) == (429, "application/problem+json")
    assert answer.document["waiting_room_url"] == heads(answer)["waiting-room-url"]


def test_form_that_lacks_something_is_shown_again(story: dict[str, Answer]) -> None:
    """
    As in any shop.
    """
    assert story["empty form"].status == 422
    assert "Please tell us" in story["empty form"].text


def test_payment_begins_with_the_order_and_ends_with_the_way_back(story: dict[str, Answer]) -> None:
    """
    The shop tells the room, and gives the visitor what the room answers.
    """
    assert [cookie.partition("=")[0][:8] for cookie in story["order"].cookies] == ["wr_stage"]
    assert "39 €" in story["bank"].text
    assert "Max-Age=0" in story["back from the bank"].cookies[0]
    assert [cookie.partition("=")[0][:8] for cookie in story["second order"].cookies] == ["wr_stage"]


def test_bank_needs_no_pass(story: dict[str, Answer]) -> None:
    """
    Its call comes without cookies while the room is full.
    """
    assert story["payment"].status == 303


def test_first_confirmation_gives_the_seat_back(story: dict[str, Answer]) -> None:
    """
    The pass is taken away with the page that thanks, and not by a page before; that page can be loaded again.
    """
    taken = {cookie.partition("=")[0].rpartition("_")[0] for cookie in story["thanks"].cookies if "wr_" in cookie}

    assert story["unpaid"].cookies == ()
    assert "Thank you, " in story["thanks"].text
    assert "<Anna>" not in story["thanks"].text
    assert taken == {"wr_pass", "wr_ticket", "wr_stage"}
    assert (story["thanks again"].status, story["thanks again"].cookies) == (200, ())
    assert story["checkout after"].status == 302


def test_unknown_order_is_not_found(story: dict[str, Answer]) -> None:
    """
    Neither to look at nor to pay.
    """
    assert (story["unknown order"].status, story["unknown payment"].status) == (404, 404)


def test_seat_goes_to_who_waited(story: dict[str, Answer]) -> None:
    """
    Ben claims it, is led to the checkout, and finds his basket there.
    """
    assert story["ben's turn"].document["state"] == "admitted"
    assert story["ben inside"].status == 200
    assert "Paper kite" in story["ben inside"].text


def test_form_is_taken_after_its_seat_has_gone(story: dict[str, Answer]) -> None:
    """
    Ben was idle: he would have to queue for a page, but what he typed in counts.
    """
    assert (story["ben ended"].status, story["ben ended"].document["reason"]) == (429, "pass_ended")
    assert story["late form"].status == 303
    assert "Thank you, Ben!" in story["late thanks"].text


def test_shop_outlives_its_room(story: dict[str, Answer], name: str) -> None:
    """
    While it is away, all but the checkout is open; whoever is inside goes on where the shop looks at the pass itself.
    """
    assert story["cleo inside"].status == 200
    assert story["cleo while the room is away"].status == (200 if name == "node" else 503)
    assert story["newcomer while the room is away"].status == 503
    assert heads(story["newcomer while the room is away"])["refresh"] == "5"
    assert story["products while the room is away"].status == 200


def test_order_never_fails_by_its_room(story: dict[str, Answer]) -> None:
    """
    What the shop cannot tell the room just then is left out.
    """
    order = story["order while the room is away"]

    assert (order.status, order.location.rpartition("/")[0], order.cookies) == (303, "/bank", ())


def test_pages_of_one_visitor_are_kept_by_no_other(story: dict[str, Answer]) -> None:
    """
    Whatever cache stands in front: the shop says so of its own, the room of its own.
    """
    kept = {step: heads(answer).get("cache-control") for step, answer in story.items() if "state.json" not in step}

    assert {step for step, life in kept.items() if life not in {"private", "no-store"}} == set()


def test_looks_from_outside_show_what_the_readme_says(story: dict[str, Answer], name: str) -> None:
    """
    Its lines with curl: a problem document, seats and people who wait, and no way round the proxy.
    """
    script, state, *round_it = (answer for step, answer in story.items() if step.startswith("curl"))

    assert (script.status, script.document["status"]) == (429, 429)
    assert (state.document["seats"], state.document["capacity"]) == (1, 1)
    assert [answer.status for answer in round_it] == ([403] if name == "php-nginx" else [])


@pytest.mark.parametrize("example", ROOMS)
def test_readme_installs_and_starts_the_room_as_all_of_them(example: str) -> None:
    """
    With the lines that are tried in Python's examples as well.
    """
    python, here = PythonReadme.of("flask"), Readme.of(example)
    room = (EXAMPLES / example / "waiting-room.toml").read_text(encoding="utf-8")

    assert here.install == python.install.replace("flask", example)
    assert here.terminals[0] == python.room
    assert (EXAMPLES / example / "requirements.txt").read_text(encoding="utf-8").splitlines()[1:] == ["../.."]
    assert f"[rooms.{ROOMS[example]}]" in room


@pytest.mark.parametrize("example", ROOMS)
def test_files_of_a_shop_are_short(example: str) -> None:
    """
    They can be read in a few minutes.
    """
    files = [file for ending in ("php", "mjs", "conf") for file in (EXAMPLES / example).glob(f"*.{ending}")]
    lengths = {file.name: len(file.read_text(encoding="utf-8").splitlines()) for file in files}

    assert {name: length for name, length in lengths.items() if length > LINES and "toys" not in name} == {}
