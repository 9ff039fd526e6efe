"""
When to stop asking a store that does not answer, and when to try again.
"""

from dataclasses import dataclass, field
from typing import Final

PROBE_MS: Final = 500
"""One try every half second: admissions go on within a second of the store's return."""


@dataclass(slots=True)
class Circuit:
    """
    Open after a failure and let one probe through every `PROBE_MS`; closed by the first success.

    A time-out of 250 ms is then paid once, not by every visitor.
    """

    _open_until_ms: int | None = field(default=None)
    failures: int = 0

    def allows(self, now_ms: int) -> bool:
        """
        Return whether a call may be tried now; a probe closes the door behind itself until it has answered.
        """
        if self._open_until_ms is None:
            return True
        if now_ms < self._open_until_ms:
            return False
        self._open_until_ms = now_ms + PROBE_MS
        return True

    def succeeded(self) -> None:
        """
        Close the circuit.
        """
        self._open_until_ms = None
        self.failures = 0

    def failed(self, now_ms: int) -> None:
        """
        Open the circuit.
        """
        self.failures += 1
        self._open_until_ms = now_ms + PROBE_MS

    @property
    def closed(self) -> bool:
        """
        Return whether the last call succeeded.
        """
        return self._open_until_ms is None
