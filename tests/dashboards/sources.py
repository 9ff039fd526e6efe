"""
The dashboards and rules as they are committed.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[2]
GRAFANA: Final = ROOT / "dashboards" / "grafana"
PROMETHEUS: Final = ROOT / "dashboards" / "prometheus"
RULE_TESTS: Final = sorted((PROMETHEUS / "tests").glob("*.yml"))
RUNBOOK: Final = ROOT / "docs" / "runbook.md"

BOARDS: Final = sorted(GRAFANA.glob("*.json"))


@dataclass(frozen=True, slots=True)
class Asked:
    """
    A query and where it stands.
    """

    where: str
    expr: str


def board(path: Path) -> dict[str, Any]:
    """
    Return a dashboard.
    """
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def panels(path: Path) -> list[dict[str, Any]]:
    """
    Return the panels of a dashboard that ask something.
    """
    return [panel for panel in board(path)["panels"] if panel["type"] != "row"]


def panel_queries(path: Path) -> list[Asked]:
    """
    Return the queries of a dashboard's panels.
    """
    return [
        Asked(f"{path.stem}: {panel['title']} {target['refId']}", target["expr"])
        for panel in panels(path)
        for target in panel["targets"]
    ]


def annotation_queries(path: Path) -> list[Asked]:
    """
    Return the queries of a dashboard's annotations, which have answers only where something happened.
    """
    return [Asked(f"{path.stem}: {each['name']}", each["expr"]) for each in board(path)["annotations"]["list"]]


@cache
def rules(kind: str) -> list[dict[str, Any]]:
    """
    Return the rules of *kind*, ``alert`` or ``record``.
    """
    return [
        rule
        for name in ("recording.yml", "alerts.yml")
        for group in yaml.safe_load((PROMETHEUS / name).read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
        if kind in rule
    ]


def everything_asked() -> list[Asked]:
    """
    Return every query of dashboards, annotations, recording rules and alerts.
    """
    asked = [query for path in BOARDS for query in (*panel_queries(path), *annotation_queries(path))]
    return asked + [
        Asked(rule.get("alert") or rule["record"], rule["expr"]) for kind in ("record", "alert") for rule in rules(kind)
    ]


@cache
def rule_tests() -> list[dict[str, Any]]:
    """
    Return every unit test of a rule.
    """
    return [test for path in RULE_TESTS for test in yaml.safe_load(path.read_text(encoding="utf-8"))["tests"]]
