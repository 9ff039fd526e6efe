"""
What is played while other tests run: drills that mostly wait, in processes of their own beside pytest.

A test that needs one bears the mark that `beside` makes, be it by its fixture's parameter. With the session
begins whatever the selected tests need; they come after all others, and `Stage.outcome` hands out what came of it.
A test marked ``alone`` measures speed: it comes last, when nothing is played beside it.

``python -m tests.beside FOLDER KIND`` is one of the processes.
"""

import asyncio
import inspect
import os
import pickle
import sys
import traceback
from collections.abc import Callable, Coroutine, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Final, Self, TypeVar, overload

import pytest

from loadtests.rehearsal.processes import Child, Family, Interrupts, Program, indented, tail
from tests.waiting import wait_until_sync

T = TypeVar("T")

PROCESSES: Final = 2
"""A drill takes a third of a core at the most; the tests that run meanwhile take one."""
OUTCOME_S: Final = 480.0
"""How long an outcome may be waited for; all that the suite plays, one after the other, takes less."""


@dataclass(frozen=True, slots=True)
class Call:
    """
    Name what is played: a function of a module, which may be a coroutine function, and its arguments.
    """

    play: Callable[..., Any]
    arguments: tuple[Any, ...]

    def __str__(self) -> str:
        return f"{self.play.__module__}.{self.play.__qualname__}({', '.join(map(repr, self.arguments))})"


def beside(play: Callable[..., Any], *arguments: Any, takes_s: int = 0) -> pytest.MarkDecorator:
    """
    Return the mark of a test that needs what a call returns; those that take long say how long, and begin first.
    """
    # Called with a function alone, a mark would take it for the test that it decorates.
    return pytest.mark.beside.with_args(play, *arguments, takes_s=takes_s)


def calls_of(items: Iterable[pytest.Item]) -> list[Call]:
    """
    Return what the marks of *items* name, each once: the longest first, the others in the order in which it is needed.
    """
    marks = [mark for item in items for mark in item.iter_markers("beside")]
    marks.sort(key=lambda mark: -mark.kwargs["takes_s"])
    return list(dict.fromkeys(Call(mark.args[0], mark.args[1:]) for mark in marks))


def turn(item: pytest.Item) -> int:
    """
    Return when a test's turn is: who needs what is played beside comes after the others, who must be alone last.
    """
    if item.get_closest_marker("alone"):
        return 2
    return 1 if item.get_closest_marker("beside") else 0


class Stage:
    """
    Play *calls* while the block lasts, so many at a time; none outlives it, and neither do their temporary files.

    Args:
        calls: what is played, in this order.
        whole: what is played all the while, in a process that plays nothing else.
    """

    def __init__(self, calls: Iterable[Call], whole: Iterable[Call] = ()) -> None:
        self._kinds = [(call, "call") for call in calls] + [(call, "whole") for call in whole]
        self._calls = [call for call, _ in self._kinds]
        self._players: list[Child] = []
        self._ending = ExitStack()
        self._folder = Path()

    def __enter__(self) -> Self:
        if not self._calls:
            return self
        self._folder = Path(
            self._ending.enter_context(TemporaryDirectory(prefix="beside-", ignore_cleanup_errors=True))
        )
        for place, (call, kind) in enumerate(self._kinds):
            self._file(place, kind).write_bytes(pickle.dumps((call.play, call.arguments)))
        family = self._ending.enter_context(Family(self._folder / "logs", Interrupts()))
        command = [sys.executable, "-W", "error", "-m", "tests.beside", str(self._folder)]
        environment = {"TMPDIR": str(self._folder), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        kinds = [kind for _, kind in self._kinds]
        players = ["call"] * min(PROCESSES, kinds.count("call")) + ["whole"] * kinds.count("whole")
        self._players = [
            family.start(Program(f"player-{number}", [*command, kind], environment))
            for number, kind in enumerate(players)
        ]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.close()

    @overload
    def outcome(self, play: Callable[..., Coroutine[Any, Any, T]], *args: object) -> T: ...
    @overload
    def outcome(self, play: Callable[..., T], *args: object) -> T: ...
    def outcome(self, play: Callable[..., Any], *args: object) -> Any:
        """
        Return what a call returned, as soon as it has.

        Raises:
            AssertionError: it raised something, or came to no end; the message tells what it said.
        """
        call = Call(play, args)
        assert call in self._calls, f"no test bears the mark beside for {call}"
        file = self._file(self._calls.index(call), "outcome")
        wait_until_sync(lambda: file.exists() or not self._playing, OUTCOME_S, f"the outcome of {call}")
        assert file.exists(), f"{call} came to no end\n{self._words()}"
        fault, value = pickle.loads(file.read_bytes())  # noqa: S301 - written by our own process
        assert not fault, f"{call} failed\n{fault}\n{self._words()}"
        return value

    def end(self) -> None:
        """
        Return when nothing is played any more.
        """
        wait_until_sync(lambda: not self._playing, OUTCOME_S, "the end of what is played beside the tests")

    @property
    def _playing(self) -> bool:
        return any(player.running for player in self._players)

    def _words(self) -> str:
        return "\n".join(f"{player.log}:\n{indented(tail(player.log))}" for player in self._players)

    def _file(self, place: int, kind: str) -> Path:
        return self._folder / f"{place:02}.{kind}"


def play_all(folder: Path, kind: str) -> None:
    """
    Play one call of a kind after the other that nobody else has taken, and leave the outcome of each.
    """
    for file in sorted(folder.glob(f"*.{kind}")):
        taken = file.with_suffix(".taken")
        try:
            file.rename(taken)
        except FileNotFoundError:
            continue
        written = file.with_suffix(".written")
        written.write_bytes(pickle.dumps(played(*pickle.loads(taken.read_bytes()))))  # noqa: S301 - pytest wrote it
        written.rename(file.with_suffix(".outcome"))


def played(play: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[str, Any]:
    """
    Return what went wrong, and what came of a call.
    """
    try:
        value = play(*arguments)
        return "", asyncio.run(value) if inspect.iscoroutine(value) else value
    except Exception:  # noqa: BLE001 - whatever it is, the test that asks for the outcome tells it
        return traceback.format_exc(), None


if __name__ == "__main__":
    play_all(Path(sys.argv[1]), sys.argv[2])
