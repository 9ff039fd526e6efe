"""
All that is wrong in a scenario's file is told at once, what would only show in mid-run among it.
"""

from pathlib import Path

import pytest

from loadtests.scenario.read import read
from tests.loadtests.scenario.files import SOUND, faults_of

EACH_KIND = """
name = "../evil"
drain_s = 5
speed = -1
drainn = 1
unsure = {rate = 1.5, foo = 0.1}
[says]
pl = "Próba."
[behaviour]
reloads = "x"
leave_share = 2
[[streams]]
name = "people"
model = "constant"
per_s = "many"
for_s = 20
starts_s = 10
day_spread = 9
[streams.journeys]
buyer = -0.5
widow = 1
[streams.behaviour]
room_patience_s = 0
[[streams]]
name = "people"
model = "rmap"
for_s = 20
addresses = -1
[[streams]]
name = "slow"
model = "blast"
recipients = -10
click_share = 4
delay_sgma = 1
for_s = 20
invited = "yes"
[[streams]]
name = "again"
model = "history"
file = "none.csv"
scale = 0
for_s = 20
[room]
capasity = 1
rate_per_minute = -1
[shop]
stok = 5
stock = "five"
db_connections = 0
[[changes]]
at_s = 99
do = "rate"
[[changes]]
at_s = 15
do = "explode"
to = -1
[[changes]]
at_s = 14
do = "open"
for_s = "x"
[[criteria]]
name = "sells"
figure = "goodput"
comparator = "=<"
limit = 1
phase = "pek"
[[criteria]]
name = "sells"
figure = "goodput_ratio"
comparator = ">="
limit = 0.9
grace_s = -1
"""
ITS_FAULTS = """
name speed drainn unsure.foo.[key] unsure.rate says.en behaviour.reloads behaviour.leave_share
streams[0].per_s streams[0].day_spread streams[0].journeys.buyer streams[0].journeys.widow
streams[0].behaviour.room_patience_s streams[1].name streams[1].model streams[1].addresses
streams[2].recipients streams[2].delay_median_s streams[2].click_share streams[2].delay_sgma streams[2].invited
streams[3].file streams[3].scale streams[3].for_s
room.capasity room.rate_per_minute shop.stok shop.stock shop.db_connections
changes[0].at_s changes[0].to changes[1].do changes[1].to changes[2].for_s changes[2]
criteria[0].comparator criteria[0].phase criteria[1].name criteria[1].grace_s
"""


def test_no_fault_hides_another(tmp_path: Path) -> None:
    """
    One of each kind: values of the wrong kind or size, unknown names, doubles, contradictions. Mended once, all is.
    """
    told = [fault.partition(": ")[0] for fault in faults_of(tmp_path, EACH_KIND)]

    assert sorted(told) == sorted(ITS_FAULTS.split())


@pytest.mark.parametrize("name", ["", "../../../evil", "a/b", ".hidden", "ends.", " x", "x" * 61, "two\\nlines"])
def test_a_name_that_no_folder_can_have_is_refused(tmp_path: Path, name: str) -> None:
    """
    Results are written into a folder of this name, and nowhere else.
    """
    assert [fault[:6] for fault in faults_of(tmp_path, SOUND.replace('"mine"', f'"{name}"'))] == ["name: "]


@pytest.mark.parametrize("name", ["spring sale", "Wyprzedaż_2026", "v1.2-b", "7"])
def test_a_name_may_have_letters_of_any_language_digits_and_spaces(tmp_path: Path, name: str) -> None:
    """
    As people call their promotions.
    """
    (tmp_path / "mine.toml").write_text(SOUND.replace('"mine"', f'"{name}"'))

    assert read(tmp_path / "mine.toml").name == name


KILL = "for_s = 3\ndo = 'kill-redis'\n"


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ("at_s = 5\ndo = 'slow-shop'\nfor_s = 1\nto = 0", "changes[0].to"),
        ("at_s = 5\ndo = 'slow-shop'\nfor_s = 1\nto = 101", "changes[0].to"),
        ("at_s = 5\ndo = 'shop-capacity'\nfor_s = 1\nto = 7", "changes[0].to"),
        ("at_s = 5\ndo = 'rate'\nto = 1e9", "changes[0].to"),
        ("at_s = 5\ndo = 'rate'\nto = 50", "changes[0].to"),  # beneath the floor of an adaptive room
        ("at_s = 5\ndo = 'sell-out'\nto = 3", "changes[0].to"),
        ("at_s = 5\ndo = 'sell-out'\nfor_s = 3", "changes[0].for_s"),
        ("at_s = 5\ndo = 'open'\nfor_s = 3", "changes[0].for_s"),
        ("at_s = 5\ndo = 'break'\nfor_s = 700000", "changes[0].for_s"),
        ("at_s = 8\ndo = 'open'", "changes[0]"),
        (f"at_s = 7\n{KILL}[[changes]]\nat_s = 5\n{KILL}", "changes[0]"),
        (f"at_s = 5\n{KILL}[[changes]]\nat_s = 6\ndo = 'break'\nfor_s = 5", "changes[1]"),
        (f"at_s = 5\n{KILL}[[changes]]\nat_s = 2\ndo = 'seats'\nto = 5\nfor_s = 4", "changes[1]"),
    ],
)
def test_what_could_not_be_done_in_the_run_is_refused_before_it(tmp_path: Path, changes: str, where: str) -> None:
    """
    By the bounds of each deed, by the room's own, by what else happens, and by when the room opens.
    """
    text = SOUND.replace("speed = 2", "pre_queue_s = 8").replace('at_s = 15\ndo = "rate"\nto = 60', changes)
    text = text.replace("capacity = 10", "capacity = 10\nadaptive = true\nrate_floor_per_minute = 100")

    assert [fault.partition(":")[0] for fault in faults_of(tmp_path, text)] == [where]


def test_changes_one_after_the_other_are_a_time_line(tmp_path: Path) -> None:
    """
    What begins as another ends is not beside it, and what lasts to the end may be changed again.
    """
    changes = f"at_s = 2\n{KILL}[[changes]]\nat_s = 5\n{KILL}" + "".join(
        f"[[changes]]\nat_s = {at_s}\ndo = 'rate'\nto = {at_s}\n" for at_s in (9, 10)
    )
    (tmp_path / "mine.toml").write_text(SOUND.replace('at_s = 15\ndo = "rate"\nto = 60', changes))

    assert len(read(tmp_path / "mine.toml").changes) == 4
