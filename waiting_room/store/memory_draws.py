"""
The draws of a room in memory: the one that is promised to those who gather, and those that were held.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from waiting_room.core.prequeue import Drawn, Promise
from waiting_room.core.snapshot import Snapshot
from waiting_room.store.memory_lane import MemoryLane

DAY_MS: Final = 86_400_000


@dataclass(slots=True)
class MemoryDraws:
    """
    Hold the draw to come and those that were *held*; *assumed*: all who were drawn count as present for now.
    """

    seed: str = ""
    source: str = ""
    opens_at: int = 0
    held: tuple[Drawn, ...] = ()
    assumed: bool = False

    @property
    def round(self) -> int:
        """
        Return how many draws the room has held.
        """
        return self.held[-1].round if self.held else 0

    @property
    def promised(self) -> Promise | None:
        """
        Return the draw that is to come.
        """
        return Promise(self.seed, self.source) if self.seed else None

    def promise(self, seed: str, source: str, opens_at_ms: int | None) -> None:
        """
        Promise a draw, unless one was promised before; its hour may be said anew.
        """
        self.seed = self.seed or seed
        self.source = self.source or source
        self.opens_at = self.opens_at if opens_at_ms is None else opens_at_ms

    def hold(self, lanes: Mapping[str, MemoryLane], beacon: str, now_ms: int) -> bool:
        """
        Put those who gathered in *lanes* in order, if a draw was promised to them; return whether it was.
        """
        promised = bool(self.seed)
        if promised:
            first = {name: lane.draw_first or 1 for name, lane in lanes.items()}
            spans = tuple((name, first[name], max(0, lane.issued - first[name] + 1)) for name, lane in lanes.items())
            drawn = Drawn(self.round + 1, now_ms, self.seed, self.source, beacon, spans)
            self.held = (*(held for held in self.held if held.at_ms > now_ms - DAY_MS), drawn)
            self.assumed = True
            _forget_presence(lanes)
        self._stop_gathering(lanes)
        return promised

    def take_over(self, lanes: Mapping[str, MemoryLane], last: Snapshot) -> bool:
        """
        Take over the draws that *last* knows of and the room has lost; return whether there were any.
        """
        if last.round <= self.round:
            return False
        self._stop_gathering(lanes)
        self.held, self.assumed = last.draws, last.assumed
        _forget_presence(lanes)
        return True

    def take_over_promise(self, last: Snapshot) -> None:
        """
        Promise what was promised in *last*, unless another draw is promised by now.
        """
        if last.promise is not None and not self.seed:
            self.seed, self.source, self.opens_at = last.promise.seed, last.promise.source, last.opens_at_ms

    def _stop_gathering(self, lanes: Mapping[str, MemoryLane]) -> None:
        self.seed, self.source, self.opens_at = "", "", 0
        for lane in lanes.values():
            lane.draw_first = 0


def _forget_presence(lanes: Mapping[str, MemoryLane]) -> None:
    for lane in lanes.values():
        lane.forget_presence()
