"""
Run the command line in tests.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from click.testing import CliRunner

from waiting_room.cli import main


@dataclass(frozen=True, slots=True)
class Ran:
    """
    Hold how a command ended and what it printed.
    """

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """
        Return what was printed for machines.
        """
        return json.loads(self.out)


def run(*arguments: str, environ: Mapping[str, str] | None = None, text: str | None = None) -> Ran:
    """
    Run a command in this process, with *text* as its standard input.
    """
    clean = {name: None for name in os.environ if name.startswith("WAITING_ROOM_")}
    done = CliRunner().invoke(main, arguments, env=clean | dict(environ or {}), input=text, prog_name="waiting-room")
    return Ran(done.exit_code, done.stdout, done.stderr)


def run_process(*arguments: str, environ: Mapping[str, str] | None = None) -> Ran:
    """
    Run a command in a process of its own.
    """
    command = [sys.executable, "-m", "waiting_room", *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **(environ or {})}, timeout=60
    )
    return Ran(done.returncode, done.stdout, done.stderr)
