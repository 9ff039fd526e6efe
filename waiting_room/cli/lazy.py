"""
A group of commands that are imported when they are called, and the exit code of everything that can go wrong.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

import click

from waiting_room.errors import ConfigError, Conflict, FaultsError, StoreEmptyError, StoreError, WaitingRoomError

EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2
EXIT_CONFIG: Final = 3
EXIT_STORE: Final = 4
EXIT_CALENDAR: Final = 5
EXIT_INTERRUPTED: Final = 130

PLUGIN_SUMMARIES: Final = {
    "rehearse": "Rehearse a promotion without and with the waiting room.",
    "demo": "Start a toy shop behind a waiting room, to click around in.",
}


@dataclass(frozen=True, slots=True)
class Lazy:
    """
    Name a command as ``module:attribute``, with the line that stands in the list of commands.
    """

    target: str
    summary: str


class LazyGroup(click.Group):
    """
    Import a command only when it is called: ``--help`` of the group stays quick.

    Args:
        lazy: our own commands, in the order of the help.
        plugins: the group of entry points that brings others.
    """

    def __init__(self, *args: Any, lazy: Mapping[str, Lazy], plugins: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lazy = lazy
        self._plugins = plugins

    def _entries(self) -> dict[str, EntryPoint]:
        return {entry.name: entry for entry in entry_points(group=self._plugins) if entry.name not in self._lazy}

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """
        Return the names of all commands.
        """
        return [*self._lazy, *sorted(self._entries())]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - likewise
        """
        Return a command; one that lacks its packages says what to install.
        """
        if cmd_name in self._lazy:
            module, _, name = self._lazy[cmd_name].target.partition(":")
            found = getattr(import_module(module), name)
        elif cmd_name in (entries := self._entries()):
            try:
                found = entries[cmd_name].load()
            except ImportError as error:
                return _not_installed(cmd_name, error)
        else:
            return None
        assert isinstance(found, click.Command)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - likewise
        """
        Write the list of commands without importing any.
        """
        rows = [(name, lazy.summary) for name, lazy in self._lazy.items()]
        rows += [
            (name, PLUGIN_SUMMARIES.get(name, f"from {entry.value}")) for name, entry in sorted(self._entries().items())
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """
        Run a command and end with the exit code of its outcome; nobody is shown a stack trace for what can happen.
        """
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        try:
            code = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        except click.ClickException as error:
            error.show()
            code = error.exit_code
        except click.Abort:
            click.echo("interrupted", err=True)
            code = EXIT_INTERRUPTED
        except WaitingRoomError as error:
            click.echo(told(error), err=True)
            code = exit_code(error)
        sys.exit(code if isinstance(code, int) else 0)


def exit_code(error: WaitingRoomError) -> int:
    """
    Return the exit code that stands for *error*.
    """
    if isinstance(error, FaultsError) and all(isinstance(fault, Conflict) for fault in error.faults):
        return EXIT_CALENDAR
    if isinstance(error, ConfigError):
        return EXIT_CONFIG
    return EXIT_STORE if isinstance(error, StoreError) and not isinstance(error, StoreEmptyError) else EXIT_FAILED


def told(error: WaitingRoomError) -> str:
    """
    Return *error* in words for a terminal, one fault a line.
    """
    if isinstance(error, FaultsError):
        what = "the configuration is invalid" if isinstance(error, ConfigError) else "the settings are invalid"
        return "\n".join([f"Error: {what}:", *(f"  {fault}" for fault in error.faults)])
    return f"Error: {error}"


def _not_installed(name: str, error: ImportError) -> click.Command:
    def explain() -> None:
        raise click.ClickException(
            f"`{name}` needs packages that are not installed ({error}): pip install 'waiting-room[loadtests]'"
        )

    return click.Command(
        name,
        callback=lambda **_: explain(),
        help=PLUGIN_SUMMARIES.get(name),
        params=[click.Argument(["rest"], nargs=-1, type=click.UNPROCESSED)],
        add_help_option=False,
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
