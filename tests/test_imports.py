"""
Importing a module does nothing but define things.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.source import PACKAGES, ROOT, modules, under

# Locust's own modules are run, in a process of their own; `__main__` runs the program.
RUN_NOT_IMPORTED = ("loadtests.engine.locust_*", "*.__main__")


def importable() -> list[str]:
    """
    List the modules that others may import.
    """
    names = (module.name for module in modules(*PACKAGES, "dashboards"))
    return [name for name in names if not any(under(name, pattern) for pattern in RUN_NOT_IMPORTED)]


def side_effects(names: list[str], folder: Path, root: Path = ROOT) -> list[str]:
    """
    Import *names* one after the other in a bare interpreter that works in *folder*, and return what that did.
    """
    done = subprocess.run(
        [sys.executable, "-B", "-P", str(ROOT / "tests" / "bare_import.py"), *names],
        env={"PYTHONPATH": str(root)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    effects = json.loads(done.stdout)
    assert isinstance(effects, list)
    return [*effects, *(f"left {path.name} behind" for path in folder.iterdir())]


def test_importing_has_no_side_effects(tmp_path: Path) -> None:
    """
    Importing every module writes no file, opens no socket, starts nothing, reads no environment, and brings no Locust.
    """
    assert side_effects(importable(), tmp_path) == []


@pytest.mark.parametrize(
    ("text", "effect"),
    [
        ("import os\nos.environ.get('HOME')", "waiting_room.deed: reads HOME from the environment"),
        ("open('trace', 'w').close()", "waiting_room.deed: open for writing 'trace'"),
        (
            "import threading as t\nt.Thread(target=t.Event().wait, daemon=True).start()",
            "waiting_room.deed: leaves Thread-1",
        ),
        ("import socket\nsocket.socket().bind(('127.0.0.1', 0))", "waiting_room.deed: socket.bind "),
        ("import locust", "waiting_room.deed: brings gevent, locust"),
    ],
)
def test_a_side_effect_is_seen(text: str, effect: str, tmp_path: Path) -> None:
    """
    A module that does something at import is caught, by name.
    """
    root, folder = tmp_path / "root", tmp_path / "folder"
    (root / "waiting_room").mkdir(parents=True)
    (root / "waiting_room" / "__init__.py").touch()
    (root / "waiting_room" / "deed.py").write_text(text)
    folder.mkdir()

    assert [seen for seen in side_effects(["waiting_room.deed"], folder, root) if seen.startswith(effect)]
