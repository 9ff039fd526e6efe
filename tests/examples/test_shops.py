"""
The example shops in Python: each is started as its README says, and shopped at by three people.
"""

import ast
import re
from importlib.metadata import version

import pytest

from tests.beside import Stage, beside
from tests.examples.shoppers import Answer
from tests.examples.stories import NAMES, Readme, play
from tests.source import ROOT

EXAMPLES = ROOT / "examples"
LINES = 150
EVERY_SHOP = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(params=NAMES)
def story(request: pytest.FixtureRequest, stage: Stage) -> dict[str, Answer]:
    """
    Hand out what came of one shop.
    """
    return stage.outcome(play)[request.param]


@beside(play)
class TestStory:
    """
    Anna buys, Ben waits and dawdles, Cleo gets the seat that he has lost.
    """

    def test_checkout_is_open_while_nobody_waits(self, story: dict[str, Answer]) -> None:
        """
        Anna sees the checkout at once, with her basket and a pass; nothing of the room is shown.
        """
        inside = story["straight in"]

        assert inside.status == 200
        assert "Wooden train" in inside.text
        assert story["cart inside"].document["total"] == 39

    def test_all_but_the_checkout_is_open_while_it_is_full(self, story: dict[str, Answer]) -> None:
        """
        Ben looks at toys and fills his basket without a pass, and gets no cookie of the room.
        """
        for step in ("products while full", "basket while full"):
            assert story[step].status == 200
            assert "wr_" not in "".join(story[step].cookies)
        assert "Paper kite" in story["basket while full"].text

    def test_second_shopper_waits_for_the_checkout(self, story: dict[str, Answer]) -> None:
        """
        Ben is sent to the room's page, which knows where he wants to go, and is the next one.
        """
        sent = story["sent to wait"]

        assert sent.status == 303
        assert re.match(r"http://127\.0\.0\.1:\d+/waiting-room/[a-z]+-shop\?target=http.*%2Fcheckout$", sent.location)
        assert story["waiting page"].status == 200
        assert (story["ben's place"].document["state"], story["ben's place"].document["position"]) == ("waiting", 1)

    def test_script_without_a_pass_is_told_and_not_redirected(self, story: dict[str, Answer]) -> None:
        """
        The checkout's script gets 429 and a problem document, whose address leads back to the checkout.
        """
        answer = story["cart outside"]

        assert answer.status == 429
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.document["waiting_room_url"].endswith("%2Fcheckout")

    def test_form_that_lacks_something_is_shown_again(self, story: dict[str, Answer]) -> None:
        """
        As in any shop.
        """
        assert story["empty form"].status == 422
        assert "Please tell us" in story["empty form"].text

    def test_payment_begins_with_the_order(self, story: dict[str, Answer]) -> None:
        """
        The gate signs the stage into a cookie, and shows the visitor nothing of the command.
        """
        order = story["order"]

        assert order.status == 303
        assert any(cookie.startswith("wr_stage_") for cookie in order.cookies)
        assert "Waiting-Room-Command" not in order.headers
        assert "39 €" in story["bank"].text

    def test_bank_needs_no_pass(self, story: dict[str, Answer]) -> None:
        """
        Its call comes without cookies, to a path below the checkout, while the room is full.
        """
        assert story["callback"].status == 303

    def test_first_confirmation_gives_the_seat_back(self, story: dict[str, Answer]) -> None:
        """
        The pass is taken away with the page that thanks, and not by a page before; that page can be loaded again.
        """
        taken = [cookie for cookie in story["thanks"].cookies if cookie.startswith("wr_pass_")]

        assert story["unpaid"].cookies == ()
        assert "Thank you, Anna!" in story["thanks"].text
        assert len(taken) == 1
        assert "Max-Age=0" in taken[0]
        assert (story["thanks again"].status, story["thanks again"].cookies) == (200, ())
        assert story["checkout after"].status == 303

    def test_unknown_order_is_not_found(self, story: dict[str, Answer]) -> None:
        """
        As in any shop.
        """
        assert story["unknown order"].status == 404

    def test_seat_goes_to_who_waited(self, story: dict[str, Answer]) -> None:
        """
        Ben claims it, is led to the checkout, and finds his basket there.
        """
        assert story["ben's turn"].document["state"] == "admitted"
        assert story["ben inside"].status == 200
        assert "Paper kite" in story["ben inside"].text

    def test_form_is_taken_after_its_seat_has_gone(self, story: dict[str, Answer]) -> None:
        """
        Ben was idle and Cleo has his seat: he would have to queue for a page, but what he typed in counts.
        """
        assert story["cleo's place"].document["state"] == "waiting"
        assert (story["ben ended"].status, story["ben ended"].document["reason"]) == (429, "pass_ended")
        assert story["late form"].status == 303
        assert "Thank you, Ben!" in story["late thanks"].text

    def test_room_hears_how_the_shop_fares(self, story: dict[str, Answer]) -> None:
        """
        The gate has reported the shop's latency and errors.
        """
        shop = story["room"].document["shop"]

        assert shop["p95_ms"] > 0
        assert shop["error_share"] == 0

    def test_looks_from_outside_show_what_the_readme_says(self, story: dict[str, Answer]) -> None:
        """
        Its lines with curl: a problem document, seats and people who wait, and how the shop fares.
        """
        script, state, metrics = (answer for step, answer in story.items() if step.startswith("curl"))

        assert (script.status, script.document["status"]) == (429, 429)
        assert (state.document["seats"], state.document["capacity"]) == (1, 1)
        assert re.search(r"^waiting_room_shop_latency_seconds\{", metrics.text, re.MULTILINE)


@EVERY_SHOP
def test_readme_installs_what_its_commands_need(name: str) -> None:
    """
    The lines are those for every example, and all that they install is what the tests run with.
    """
    wanted = ["cd examples/" + name, "python3 -m venv .venv", ".venv/bin/pip install -r requirements.txt"]
    lines = (EXAMPLES / name / "requirements.txt").read_text().splitlines()
    packages = [line for line in lines if not line.startswith("#")]

    assert Readme.of(name).install.splitlines() == wanted
    assert packages[0] == "../.."
    assert all(version(package) for package in packages[1:])


@EVERY_SHOP
def test_room_is_started_the_same_way_everywhere(name: str) -> None:
    """
    So that the one which the tests start stands for all, but for the room's name.
    """
    room = (EXAMPLES / name / "waiting-room.toml").read_text()

    assert Readme.of(name).room == Readme.of(NAMES[0]).room
    assert room.replace(name, NAMES[0]) == (EXAMPLES / NAMES[0] / "waiting-room.toml").read_text()


@EVERY_SHOP
def test_shop_differs_from_the_others_by_its_framework_alone(name: str) -> None:
    """
    Toys and pages are the same file, and the gate's settings have the same values.
    """
    assert (EXAMPLES / name / "toys.py").read_text() == (EXAMPLES / NAMES[0] / "toys.py").read_text()
    assert gate_of(name) == gate_of(NAMES[0])


@EVERY_SHOP
def test_files_of_a_shop_are_short(name: str) -> None:
    """
    They can be read in a few minutes.
    """
    assert [file.name for file in (EXAMPLES / name).glob("*.py") if len(file.read_text().splitlines()) > LINES] == []


def gate_of(name: str) -> dict[str, object]:
    """
    Return the gate's settings in an example, the framework's name taken out.
    """
    file = EXAMPLES / name / ("settings.py" if name == "django" else "shop.py")
    found: dict[str, object] = {}
    for node in ast.walk(ast.parse(file.read_text().replace(name, "NAME"))):
        match node:
            case ast.Call(func=ast.Name(id="GateSettings"), keywords=keywords):
                found = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in keywords}
            case ast.Assign(targets=[ast.Name(id="WAITING_ROOM")], value=value):
                found = ast.literal_eval(value)
    assert found, f"{file} has no gate"
    return {key: list(value) if isinstance(value, tuple) else value for key, value in found.items()}
