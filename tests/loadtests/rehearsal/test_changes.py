"""
The time line: each change once, when it is due, ended when it is over, and taken down as it happened.
"""

from dataclasses import dataclass, field

import pytest

from loadtests.rehearsal.asking import RefusedError
from loadtests.rehearsal.changes import TimeLine
from loadtests.rehearsal.play import changes_of
from loadtests.scenario.spec import Change
from tests.loadtests.rehearsal.crowd import scenario


@dataclass
class Told:
    """
    Note what a time line asks for; *refuses* is what it does not do.
    """

    refuses: str = ""
    missing: int = 0
    done: list[str] = field(default_factory=list)
    rate: float = 900.0

    def _do(self, what: str) -> None:
        if what == self.refuses:
            raise RefusedError(f"{what} is not done.")
        self.done.append(what)

    def kill_store(self) -> None:
        """
        Note it.
        """
        self._do("kill_store")

    def start_store(self) -> None:
        """
        Note it.
        """
        self._do("start_store")

    def kill_worker(self) -> None:
        """
        Note it.
        """
        self._do("kill_worker")

    def keep_worker_away(self) -> None:
        """
        Note it.
        """
        self._do("keep_worker_away")

    def workers_complete(self) -> bool:
        """
        Be complete after so many times.
        """
        self.missing -= 1
        return self.missing < 0

    def slow_shop(self, factor: float) -> None:
        """
        Note it.
        """
        self._do(f"slow {factor:g}")

    def shrink_shop(self, share: float) -> None:
        """
        Note it.
        """
        self._do(f"shrink {share:g}")

    def sell_out(self) -> None:
        """
        Note it.
        """
        self._do("sell_out")

    def pause_room(self, for_s: float) -> None:
        """
        Note it.
        """
        self._do(f"pause {for_s:g}")

    def set_room(self, setting: str, value: float) -> float:
        """
        Note it.
        """
        self._do(f"{setting} {value:g}")
        was, self.rate = self.rate, value
        return was

    def open_room(self) -> None:
        """
        Note it.
        """
        self._do("open")


def played(hands: Told, *changes: Change, until_s: float = 20.0) -> TimeLine:
    """
    Return a time line that was advanced four times a second until a moment.
    """
    now = [0.0]
    line = TimeLine(changes, hands, clock=lambda: now[0])
    line.begin(0.0)
    while now[0] <= until_s:
        line.advance()
        now[0] += 0.25
    line.finish(complete=True)
    return line


@pytest.mark.parametrize(
    ("change", "done"),
    [
        (Change(2, "kill-redis", for_s=3), ["kill_store", "start_store"]),
        (Change(2, "slow-shop", for_s=3, to=4), ["slow 4", "slow 1"]),
        (Change(2, "shop-capacity", for_s=3, to=0.5), ["shrink 0.5", "shrink 1"]),
        (Change(2, "rate", for_s=3, to=300), ["rate_per_minute 300", "rate_per_minute 900"]),
        (Change(2, "seats", to=50), ["capacity 50"]),
        (Change(2, "break", for_s=3), ["pause 3"]),
        (Change(2, "sell-out"), ["sell_out"]),
        (Change(2, "open"), ["open"]),
    ],
)
def test_a_change_is_made_and_ended(change: Change, done: list[str]) -> None:
    """
    Once each, whatever it is, and nothing more.
    """
    hands = Told()
    line = played(hands, change)
    assert hands.done == done
    [told] = [deed.to_json() for deed in line.deeds]
    assert (told["at_s"], told["ok"]) == (2.0, True)


def test_what_lasts_is_told_with_its_end() -> None:
    """
    A report shades it from when it began until when it was over.
    """
    [deed] = played(Told(), Change(2, "kill-redis", for_s=3)).deeds
    assert (deed.at_s, deed.until_s) == (2.0, 5.0)


def test_without_a_length_a_change_of_the_shop_lasts_to_the_end() -> None:
    """
    Nothing is put back that was to stay.
    """
    hands = Told()
    [deed] = played(hands, Change(2, "slow-shop", to=4)).deeds
    assert hands.done == ["slow 4"]
    assert deed.until_s is None


def test_a_killed_worker_stays_away_as_long_as_planned() -> None:
    """
    The service starts another at once; the fault lasts until the time is over and the workers are complete.
    """
    hands = Told(missing=3)
    [deed] = played(hands, Change(2, "kill-worker", for_s=1)).deeds
    assert hands.done == ["kill_worker", *["keep_worker_away"] * 3]
    assert deed.until_s == 3.75


def test_a_change_that_fails_is_told_with_its_reason_and_tried_once() -> None:
    """
    A rehearsal of a fault that did not happen proves nothing.
    """
    hands = Told(refuses="sell_out")
    line = played(hands, Change(2, "sell-out"))
    assert line.deeds[0].to_json()["why"] == "sell_out is not done"
    assert line.failures() == ["The change sell-out at 2 s was not done as planned: sell_out is not done."]


def test_an_end_that_fails_makes_the_change_fail() -> None:
    """
    A store that does not come back is not the blip that was planned.
    """
    assert played(Told(refuses="start_store"), Change(2, "kill-redis", for_s=3)).failures()


def test_what_the_run_did_not_reach_has_failed_where_the_run_was_complete() -> None:
    """
    The crowd may be gone before; somebody who stopped the run knows that there was more.
    """
    line = TimeLine((Change(50, "sell-out"),), Told())
    line.finish(complete=False)
    assert line.failures() == []
    line.finish(complete=True)
    assert "the run had ended" in line.failures()[0]


def test_nothing_happens_before_the_run_has_begun() -> None:
    """
    Its zero is known from the generator's first word.
    """
    hands = Told()
    TimeLine((Change(0, "sell-out"),), hands).advance()
    assert hands.done == []


def test_a_lower_rate_counts_later_than_a_higher_one() -> None:
    """
    A worker that has not heard of it yet breaks no promise within a second.
    """
    line = played(Told(), Change(2, "rate", to=300), Change(6, "rate", to=1200))
    assert line.rates == [(3.0, 5.0), (6.0, 20.0)]


def test_a_room_that_gathers_is_opened_and_the_shop_alone_has_no_room_to_be_changed() -> None:
    """
    The opening is one more change; without a room only what is done to the shop remains.
    """
    told = scenario(pre_queue_s=4.0, changes=(Change(6, "rate", to=60), Change(7, "slow-shop", for_s=1, to=2)))
    assert [change.do for change in changes_of(told, gated=True)] == ["open", "rate", "slow-shop"]
    assert [change.do for change in changes_of(told, gated=False)] == ["slow-shop"]
