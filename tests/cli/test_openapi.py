"""
``waiting-room openapi``.
"""

import json
from pathlib import Path

from tests.cli.command import run
from tests.source import ROOT


def test_it_prints_the_document() -> None:
    """
    As it stands in the repository, where nothing else is configured.
    """
    shown = run("openapi")

    assert (shown.code, shown.err) == (0, "")
    assert shown.out == (ROOT / "docs" / "openapi.json").read_text(encoding="utf-8")


def test_it_knows_the_prefix_of_the_configuration(tmp_path: Path) -> None:
    """
    The paths are those of the service that this file configures.
    """
    config = tmp_path / "waiting-room.toml"
    config.write_text('[server]\nprefix = "/queue"\n', encoding="utf-8")
    paths = json.loads(run("openapi", "--config", str(config)).out)["paths"]

    assert "/queue/{room}/join" in paths
    assert not [path for path in paths if path.startswith("/waiting-room")]
