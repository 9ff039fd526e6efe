"""
What happens on the time line, done for real, and taken down as it happened.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from loadtests.scenario.spec import Change
from waiting_room.errors import WaitingRoomError


class Hands(Protocol):
    """
    Do to the programs of a rehearsal what a time line asks for; what cannot be done raises a `WaitingRoomError`.
    """

    def kill_store(self) -> None:
        """
        End the store with SIGKILL.
        """

    def start_store(self) -> None:
        """
        Start it again, with its data.
        """

    def kill_worker(self) -> None:
        """
        End one of the service's workers with SIGKILL.
        """

    def keep_worker_away(self) -> None:
        """
        End what the service has started in its place.
        """

    def workers_complete(self) -> bool:
        """
        Tell whether the service has as many as before.
        """

    def slow_shop(self, factor: float) -> None:
        """
        Make every page so many times as slow as the model says.
        """

    def shrink_shop(self, share: float) -> None:
        """
        Leave the shop this share of its connections.
        """

    def sell_out(self) -> None:
        """
        Sell all that is left, and tell the room.
        """

    def pause_room(self, for_s: float) -> None:
        """
        Begin a technical break.
        """

    def set_room(self, setting: str, value: float) -> float:
        """
        Change a setting of the room, and return what it was before.
        """

    def open_room(self) -> None:
        """
        Open the room.
        """


@dataclass(slots=True)
class Deed:
    """
    Take one change down.

    Args:
        change: what was planned.
        at_s: when it was done, seconds from the run's zero; None before.
        until_s: when its end was done.
        failed: why it could not be done; empty where it could.
        meanwhile: what keeps it up, called again and again.
        undo: what ends it.
        over: tells whether it has ended by itself.
    """

    change: Change
    at_s: float | None = None
    until_s: float | None = None
    failed: str = ""
    meanwhile: Callable[[], None] | None = None
    undo: Callable[[], None] | None = None
    over: Callable[[], bool] | None = None

    def to_json(self) -> dict[str, Any]:
        """
        Return it as the result holds it.
        """
        facts = {"at_s": _rounded(self.at_s), "until_s": _rounded(self.until_s), "do": self.change.do}
        more = {} if self.change.to is None else {"to": self.change.to}
        why = {"why": self.failed} if self.failed else {}
        return {**facts, **more, "planned_s": self.change.at_s, "ok": not self.failed, **why}


@dataclass(slots=True)
class TimeLine:
    """
    Do each change when its time has come.

    Args:
        changes: what is planned.
        hands: who does it.
        clock: seconds from anywhere, rising.
    """

    changes: Sequence[Change]
    hands: Hands
    clock: Callable[[], float] = time.monotonic
    deeds: list[Deed] = field(default_factory=list)
    rates: list[tuple[float, float]] = field(default_factory=list)
    _zero_s: float | None = None

    def __post_init__(self) -> None:
        self.deeds = [Deed(change) for change in sorted(self.changes, key=lambda change: change.at_s)]

    def begin(self, at_s: float) -> None:
        """
        Learn that the run is at *at_s* just now; only the first word counts.
        """
        if self._zero_s is None:
            self._zero_s = self.clock() - at_s

    def advance(self) -> None:
        """
        Do what is due, and end what is over.
        """
        if self._zero_s is None:
            return
        for deed in self.deeds:
            if deed.at_s is None and not deed.failed and self._now_s() >= deed.change.at_s:
                self._attempt(deed, self._do)
            elif deed.at_s is not None and deed.until_s is None and not deed.failed:
                self._attempt(deed, self._end)

    def finish(self, *, complete: bool) -> None:
        """
        Take for failed what was never done, in a run that came to its end.
        """
        for deed in self.deeds:
            if deed.at_s is None and not deed.failed and complete:
                deed.failed = "the run had ended before its time came"

    def failures(self) -> list[str]:
        """
        Return a sentence on each change that failed.
        """
        return [
            f"The change {deed.change.do} at {deed.change.at_s:g} s was not done as planned: {deed.failed}."
            for deed in self.deeds
            if deed.failed
        ]

    def _now_s(self) -> float:
        return self.clock() - (self._zero_s or 0.0)

    def _attempt(self, deed: Deed, act: Callable[[Deed], None]) -> None:
        try:
            act(deed)
        except (WaitingRoomError, OSError) as error:
            deed.failed = str(error).rstrip(".") or type(error).__name__

    def _do(self, deed: Deed) -> None:
        begun_s = self._now_s()
        self._act(deed)
        deed.at_s = begun_s
        if deed.undo is None and deed.over is None:
            deed.until_s = begun_s + deed.change.for_s

    def _end(self, deed: Deed) -> None:
        assert deed.at_s is not None
        if self._now_s() < deed.at_s + deed.change.for_s:
            if deed.meanwhile is not None:
                deed.meanwhile()
            return
        if deed.undo is not None:
            deed.undo()
        elif deed.over is None or not deed.over():
            return
        deed.until_s = self._now_s()

    def _act(self, deed: Deed) -> None:
        hands, change = self.hands, deed.change
        to = 0.0 if change.to is None else change.to
        match change.do:
            case "kill-redis":
                hands.kill_store()
                deed.undo = hands.start_store
            case "kill-worker":
                hands.kill_worker()
                deed.meanwhile, deed.over = hands.keep_worker_away, hands.workers_complete
            case "slow-shop":
                hands.slow_shop(to)
                _for_a_while(deed, partial(hands.slow_shop, 1.0))
            case "shop-capacity":
                hands.shrink_shop(to)
                _for_a_while(deed, partial(hands.shrink_shop, 1.0))
            case "sell-out":
                hands.sell_out()
            case "break":
                hands.pause_room(change.for_s)
            case "open":
                hands.open_room()
            case "rate":
                self._set(deed, "rate_per_minute", to)
            case "seats":
                self._set(deed, "capacity", to)

    def _set(self, deed: Deed, setting: str, value: float) -> None:
        was = self._change(setting, value)
        _for_a_while(deed, partial(self._put_back, setting, was))

    def _put_back(self, setting: str, value: float) -> None:
        self._change(setting, value)

    def _change(self, setting: str, value: float) -> float:
        asked_s = self._now_s()
        was = self.hands.set_room(setting, value)
        if setting == "rate_per_minute":
            # The room may have taken the new rate at once, and its workers may have known it a second later.
            self.rates.append((asked_s if value > was else self._now_s() + 1.0, value / 60))
        return was


def _for_a_while(deed: Deed, undo: Callable[[], None]) -> None:
    # Without a length it lasts to the end of the run.
    if deed.change.for_s > 0:
        deed.undo = undo
    else:
        deed.over = lambda: False


def _rounded(at_s: float | None) -> float | None:
    return None if at_s is None else round(at_s, 2)
