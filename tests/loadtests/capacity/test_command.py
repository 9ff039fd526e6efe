"""
The command `rehearse capacity`: what it refuses, what it writes, what it prints; and one short search for real.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from click.testing import CliRunner, Result

from loadtests.cli.rehearse import rehearse
from loadtests.forecast.knee import Objective, Step
from loadtests.rehearsal.capacity import Found, Recovery
from loadtests.rehearsal.capacity_story import CapacityStory, Searched, Wish, result_of
from loadtests.rehearsal.capacity_table import summary
from loadtests.rehearsal.processes import Interrupts
from loadtests.rehearsal.progress import Progress
from tests.beside import Stage, beside


def asked(*options: str) -> Result:
    """
    Run the command with options that it refuses.
    """
    return CliRunner().invoke(rehearse, ["capacity", *options])


def test_every_fault_of_the_command_line_is_told_at_once(tmp_path: Path) -> None:
    """
    Nobody corrects one option to learn of the next.
    """
    found = asked(
        *("--seed", "x", "--target", "http://shop.example", "--page-p95-ms", "0", "--write-room", "http://a/b"),
        *("--write", str(tmp_path / "none.toml"), "--most-shoppers", "many"),
    )

    assert found.exit_code == 2
    for option in ("--seed", "--allow-host shop.example", "--page-p95-ms", "--write-room", "--write:"):
        assert option in found.output
    assert "--most-shoppers" in found.output


def test_a_file_with_several_rooms_needs_a_name(tmp_path: Path) -> None:
    """
    The wrong room is never set by guessing.
    """
    file = tmp_path / "waiting-room.toml"
    file.write_text("[rooms.a]\n[rooms.b]\n")

    assert "has several rooms: a, b; name one of its rooms with --room NAME" in asked("--write", str(file)).output


def test_a_room_that_cannot_be_set_is_told_beforehand(tmp_path: Path) -> None:
    """
    Not after the shop was loaded to its limit for a minute.
    """
    (tmp_path / "token").write_text("t")
    room, token = "http://127.0.0.1:1/admin/api/v1/rooms/sale", str(tmp_path / "token")

    assert f"nobody answers at {room}" in asked("--write-room", room, "--token-file", token).output


def test_a_file_that_cannot_be_changed_is_told_beforehand(tmp_path: Path) -> None:
    """
    Likewise, with how to write the room so that it can be.
    """
    file = tmp_path / "waiting-room.toml"
    file.write_text("rooms = {sale = {capacity = 5}}\n")

    assert "line by line; write it as a table, [rooms.sale]," in asked("--write", str(file)).output


def test_a_demo_shop_that_cannot_be_is_refused_beforehand(tmp_path: Path) -> None:
    """
    Not after the programs have started.
    """
    file = tmp_path / "scenario.toml"
    file.write_text(
        'name = "a"\nsays = {en = "A.", pl = "A."}\n[[streams]]\nname = "c"\nmodel = "constant"\nper_s = 1\nfor_s = 9\n'
        "[shop]\ndb_connections = 0\n"
    )

    found = asked("--scenario", str(file))
    assert found.exit_code == 3
    assert "shop.db_connections: must be 1 to 256" in found.output


def result(*steps: Step, recovery: Recovery | None = None, cpu: float = 0.2) -> dict[str, Any]:
    """
    Return what such steps come to.
    """
    outline = Searched(found=Found(list(steps), recovery, cpu))
    return result_of(Wish(Path(), 1, "waiting-room rehearse capacity", Objective()), outline)


POOL = tuple(
    Step(n, per_s, 40, 90, 0, 5, settled=True)
    for n, per_s in ((1, 2.3), (2, 4.6), (4, 9.2), (8, 18.2), (16, 20.1), (32, 19.9))
)


def test_a_pool_that_was_measured_sets_the_room() -> None:
    """
    Exit code 0, with rate, seats and poll budget.
    """
    found = result(*POOL, recovery=Recovery(50, 1500, 0, 4))

    assert found["exit_code"] == 0
    assert found["recommended"].keys() == {"rate_per_minute", "capacity", "poll_budget_per_s"}


def test_a_shop_that_does_not_recover_is_told_by_the_exit_code() -> None:
    """
    A peak would be the end of its day.
    """
    found = result(*POOL, recovery=Recovery(50, 9000, 300, None))

    assert found["exit_code"] == 1
    assert "not well again" in " ".join(found["reasons"])


def test_a_generator_that_measured_itself_sets_nothing() -> None:
    """
    A figure that is no property of the shop must not reach a room.
    """
    found = result(*POOL, cpu=0.9)

    assert found["exit_code"] == 6
    assert found["recommended"] == {}


def test_a_shop_that_sells_nothing_sets_nothing() -> None:
    """
    And the result says where to look.
    """
    found = result(Step(1, 0, None, None, 1.0, 5, settled=False))

    assert found["exit_code"] == 1
    assert "sold nothing" in " ".join(found["reasons"])


def test_a_search_without_a_step_is_no_error() -> None:
    """
    It may have been stopped by hand before the first one ended.
    """
    assert result()["recommended"] == {}


def test_the_table_shows_steps_laws_and_settings() -> None:
    """
    With the quality of each fit in words.
    """
    shown = summary(result(*POOL, recovery=Recovery(50, 1500, 0, 4)))

    assert "a good fit" in shown
    assert "a bad fit, not to be relied on" in shown
    assert "rate_per_minute = " in shown
    assert "well again 4 s after it" in shown


def test_the_summary_of_nothing_says_why() -> None:
    """
    The reasons alone, without a table.
    """
    assert "sold nothing" in summary(result(Step(1, 0, None, None, 1.0, 5, settled=False)))


def searched() -> dict[str, Any]:
    """
    Search the demo shop for one step, without the surge.
    """
    with TemporaryDirectory(prefix="capacity-") as folder:
        wish = Wish(Path(folder), 1, "", Objective(), most_shoppers=1, most_judged_s=3, surge=False)
        with Interrupts().installed() as interrupts:
            return CapacityStory(wish, Progress(), interrupts).run()


@beside(searched, takes_s=8)
def test_one_shopper_alone_buys_about_what_the_model_says(stage: Stage) -> None:
    """
    Forty-four milliseconds a page and nine pages an order: a little above two orders a second on any machine, and
    fewer on a busy one.
    """
    (step,) = stage.outcome(searched)["steps"]

    assert 0.5 < step["orders_per_s"] < 2.6


@beside(searched, takes_s=8)
def test_a_search_that_ended_early_says_so(stage: Stage) -> None:
    """
    One step is no knee: the shop can do more.
    """
    found = stage.outcome(searched)

    assert "still rising" in " ".join(found["reasons"])
    assert found["exit_code"] in {0, 6}  # 6: the machine has too much else to do
