"""
What somebody sees while a rehearsal runs: one line in place on a terminal, plain lines elsewhere.
"""

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TextIO

PLAIN_EVERY_S: Final = 5.0
RUN_TITLES: Final = {
    "capacity": "Measuring what the shop can sell",
    "without_room": "Without the waiting room",
    "with_room": "With the waiting room, the same crowd",
}


@dataclass(slots=True)
class Progress:
    """
    Show phases and figures as they come.

    Args:
        stream: where to; messages belong on standard error.
        in_place: whether a line may be overwritten (a terminal).
        colour: whether colours are welcome.
        clock: seconds from anywhere, rising.
    """

    stream: TextIO = field(default_factory=lambda: sys.stderr)
    in_place: bool = False
    colour: bool = False
    clock: Callable[[], float] = time.monotonic
    width: int = 100
    _begun_s: float = 0.0
    _phase_s: float = 0.0
    _phase: str = ""
    _planned_s: float = 0.0
    _said_s: float = -PLAIN_EVERY_S
    _orders: int = 0
    _open_line: bool = False

    def begin(self, words: str) -> None:
        """
        Start the clock of the whole, and say what is to come.
        """
        self._begun_s = self.clock()
        self._line(words)

    def phase(self, words: str, planned_s: float = 0.0) -> None:
        """
        Begin a part that takes about so long.
        """
        self._close()
        self._phase, self._planned_s, self._phase_s = words, planned_s, self.clock()
        self._orders, self._said_s = 0, self.clock() - PLAIN_EVERY_S
        self._line(self._painted(f"▸ {words}", "1"))

    def tick(self, line: Mapping[str, Any]) -> None:
        """
        Show one second's figures from the generator.
        """
        self._orders += int(line.get("orders_seen") or 0)
        text = self._figures(line)
        if self.in_place:
            self.stream.write(f"\r\x1b[2K{text[: self.width - 1]}")
            self.stream.flush()
            self._open_line = True
        elif self.clock() - self._said_s >= PLAIN_EVERY_S:
            self._said_s = self.clock()
            self._line(text)

    def note(self, words: str) -> None:
        """
        Say something that stays.
        """
        self._close()
        self._line(f"  {words}")

    def close(self) -> None:
        """
        Leave the cursor at the beginning of a fresh line.
        """
        self._close()

    def _figures(self, line: Mapping[str, Any]) -> str:
        elapsed = self.clock() - self._phase_s
        part = f"{elapsed:4.0f} s of {self._planned_s:.0f}" if self._planned_s else f"{elapsed:4.0f} s"
        asked, failed = int(line.get("shop_requests") or 0), int(line.get("shop_errors") or 0)
        p95 = line.get("shop_p95_ms")
        parts = [
            part,
            f"{line.get('arrivals', 0):>3} arriving/s",
            f"{line.get('waiting', 0):>4} waiting",
            f"{line.get('in_shop', 0):>4} in shop",
            f"{line.get('orders_seen', 0):>3} orders/s",
            f"p95 {duration(p95):>7}",
            f"{failed / asked if asked else 0:>4.0%} errors",
        ]
        slow = isinstance(p95, (int, float)) and p95 > 1000
        parts[5] = self._painted(parts[5], "31" if slow else "32") if not self.in_place or self.colour else parts[5]
        return "  " + "  ".join(parts)

    def _painted(self, words: str, code: str) -> str:
        return f"\x1b[{code}m{words}\x1b[0m" if self.colour else words

    def _close(self) -> None:
        if self._open_line:
            self._line("")
            self._open_line = False

    def _line(self, words: str) -> None:
        self.stream.write(f"{words}\n")
        self.stream.flush()


def duration(value_ms: Any) -> str:
    """
    Return a duration in the unit that people use for it.
    """
    if value_ms is None:
        return "–"
    return f"{value_ms / 1000:.1f} s" if value_ms >= 1000 else f"{value_ms:.0f} ms"
