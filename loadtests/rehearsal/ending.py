"""
How a story is played to its end, whichever that is: every program has ended by then, and there is a result.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from loadtests.judging.words import STOPPED
from loadtests.rehearsal.asking import RefusedError
from loadtests.rehearsal.processes import Family, Interrupted, Interrupts, ProcessError
from loadtests.rehearsal.stack import Ports, Secrets, Stack
from loadtests.rehearsal.watch import BrokenOffError
from waiting_room.errors import WaitingRoomError

BROKEN: Final = 6
"""Nothing is proven, and least of all where nobody can read it."""


class RehearsalError(WaitingRoomError):
    """
    Say why a story cannot go on.
    """


@dataclass(slots=True)
class Outline:
    """
    Hold what is known of a story so far, whatever is told: when it began, and why it ended before its time.

    Args:
        started_at: when it began, as people read it.
        began_s: when it began, by the clock that is never set.
        reasons: what a reader must know of how it went.
        aborted: it was stopped by hand.
        broken: a program failed, so that nothing is proven.
        failed: a criterion ended it.
    """

    started_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    began_s: float = field(default_factory=time.monotonic)
    reasons: list[str] = field(default_factory=list)
    aborted: bool = False
    broken: bool = False
    failed: bool = False

    @property
    def lasted_s(self) -> float:
        """
        Return for how long it has been told.
        """
        return time.monotonic() - self.began_s


def to_the_end(
    outline: Outline,
    play: Callable[[Stack], None],
    finish: Callable[[], dict[str, Any]],
    write: Callable[[dict[str, Any]], None],
    *,
    out: Path,
    ports: Ports,
    interrupts: Interrupts,
) -> dict[str, Any]:
    """
    Play a story, and return its result, whether it came to its end or not; every program has ended by then.

    Args:
        outline: where it is noted how it ended.
        play: what is played with the programs that it starts.
        finish: returns the result, undisturbed.
        write: writes it down, likewise.
        out: the directory for everything that is written.
        ports: where the programs listen.
        interrupts: Ctrl-C and signals.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with Family(out / "logs", interrupts) as family:
            play(Stack(family, out / "runs", ports, Secrets.fresh()))
    except Interrupted:
        outline.aborted = True
        outline.reasons.append(STOPPED["en"])
    except BrokenOffError as error:
        outline.failed = True
        outline.reasons.append(str(error))
    except (ProcessError, RehearsalError, RefusedError) as error:
        outline.broken = True
        outline.reasons.append(str(error))
    except OSError as error:
        outline.broken = True
        outline.reasons.append(refused_words(error))
    result: dict[str, Any] = {}
    with suppress(Interrupted), interrupts.shield():
        result = finish()
        try:
            write(result)
        except OSError as error:
            result["reasons"].append(f"The result could not be written. {refused_words(error)}")
            if not outline.aborted:
                result |= {"exit_code": BROKEN, **({"verdict": "invalid"} if "verdict" in result else {})}
    return result


def refused_words(error: OSError) -> str:
    """
    Return in words what the machine did not do for us, such as to write onto a disk that is full.
    """
    where = f": {error.filename}" if error.filename else ""
    return f"This machine refused what the run needs ({error.strerror or error}){where}."
