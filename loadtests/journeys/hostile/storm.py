"""
The storm: one who reloads without a pause, whatever next_poll_s and Retry-After say; and shops when the turn comes.
"""

from typing import Any, Final

from loadtests.journeys.cast import Cast
from loadtests.journeys.hostile.errand import Errand
from loadtests.journeys.hostile.means import Door, Held, Means
from loadtests.measuring.gain import Gain
from loadtests.measuring.measures import Outcome

RELOADS_PER_S: Final = 4.0
"""As quick as a held key or a small script in one window; more would measure the generator."""


class Storm:
    """
    Walk one reloader.
    """

    def __init__(self, cast: Cast) -> None:
        self._means = Means(cast)
        self._numbers: set[int] = set()

    def walk(self) -> Outcome:
        """
        Return whether all the reloading gained anything.
        """
        means = self._means
        met = means.knock()
        held = self._reload(met) if isinstance(met, Door) else met
        if held is not None and held.admission:
            Errand(means, means.browser).bought()
        return means.end()

    def _reload(self, door: Door) -> Held | None:
        """
        Reload, join, ask and claim in turn until let in or out of patience.
        """
        means, recorder, visit = self._means, self._means.cast.recorder, self._means.cast.visit
        recorder.entered_room(visit)
        verbs = ("join", "status", "claim")
        reloads = 0
        while means.now_s() < means.until_s:
            due_s = means.now_s() + 1 / RELOADS_PER_S
            means.tried()
            if reloads % (len(verbs) + 1) == 0:
                answer = means.page(door.page)
                if answer.sets_pass:
                    recorder.admitted(visit, answer.ended_s, means.browser.cookie("wr_pass_"))
                    recorder.left_room(visit)
                    return Held.by(means.browser)
            else:
                sent_s = means.now_s()
                told = means.room(door, verbs[reloads % (len(verbs) + 1) - 1])
                if self._is_in(told, sent_s):
                    recorder.left_room(visit)
                    return Held.by(means.browser)
                if told.get("state") == "closed":
                    break
            reloads += 1
            means.browser.rest_until(due_s)
        recorder.left_room(visit)
        return None

    def _is_in(self, told: dict[str, Any], sent_s: float) -> bool:
        means, recorder, visit = self._means, self._means.cast.recorder, self._means.cast.visit
        now_s, number = means.now_s(), told.get("number")
        if isinstance(number, int):
            if self._numbers and number not in self._numbers:
                means.gained(Gain.PLACE)
            self._numbers.add(number)
            visit.joined(now_s, number, means.browser.cookie("wr_ticket_"))
        match told.get("state"):
            case "waiting" | "paused":
                visit.told(now_s, sent_s, None, None)
            case "called":
                visit.called(now_s)
            case "admitted":
                recorder.admitted(visit, now_s, means.browser.cookie("wr_pass_"))
                return True
        return False
