"""
Write the dashboards' JSON and the reference page of the metrics: ``python -m dashboards.build``.

Both are committed, so that nobody needs Python to use them; a test holds that they are what this makes.
"""

import json
from pathlib import Path
from typing import Any, Final

from dashboards.boards import BOARDS, Board, Variable
from dashboards.panels import DATASOURCE, laid_out
from dashboards.queries import FIRING, PHASE_CHANGES, Query
from dashboards.reference import metrics_page

HERE: Final = Path(__file__).parent
# Where compose.yaml lets Grafana itself serve the runbook; each dashboard has a field to point it elsewhere.
RUNBOOK: Final = "/public/runbook.md"


def outputs() -> dict[Path, str]:
    """
    Return every generated file with its content.
    """
    files = {HERE / "grafana" / f"{board.uid}.json": as_text(dashboard(board)) for board in BOARDS}
    files[HERE.parent / "docs" / "metrics.md"] = metrics_page()
    return files


def as_text(document: dict[str, Any]) -> str:
    """
    Return *document* as it is committed.
    """
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def dashboard(board: Board) -> dict[str, Any]:
    """
    Return *board* in Grafana's own form.
    """
    return {
        "uid": board.uid,
        "title": board.title,
        "description": board.description,
        "tags": ["waiting-room"],
        "timezone": "browser",
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "5s",
        "time": {"from": "now-30m", "to": "now"},
        "links": _links(),
        "templating": {"list": [_datasource_variable(), _variable(board.variable), _runbook_variable()]},
        "annotations": {"list": _annotations(board)},
        "panels": laid_out(board.rows),
    }


def _links() -> list[dict[str, Any]]:
    boards = {"title": "Waiting room", "type": "dashboards", "tags": ["waiting-room"], "asDropdown": False}
    runbook = {"title": "Runbook", "type": "link", "url": "${runbook}", "icon": "doc", "targetBlank": True}
    return [{**boards, "includeVars": True, "keepTime": True}, runbook]


def _datasource_variable() -> dict[str, Any]:
    return {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "hide": 0}


def _runbook_variable() -> dict[str, Any]:
    current = {"text": RUNBOOK, "value": RUNBOOK}
    return {"name": "runbook", "label": "Runbook", "type": "textbox", "query": RUNBOOK, "current": current, "hide": 0}


def _variable(variable: Variable) -> dict[str, Any]:
    query = f"label_values({variable.metric.name}, {variable.label})"
    return {
        "name": variable.label,
        "label": variable.label.capitalize(),
        "type": "query",
        "datasource": DATASOURCE,
        "query": {"query": query, "refId": variable.label},
        "definition": query,
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": ["All"], "value": ["$__all"]},
    }


def _annotations(board: Board) -> list[dict[str, Any]]:
    marks = [_annotation("Alerts", FIRING, "red")]
    if board.variable.label == "room":
        marks.append(_annotation("Phase changes", PHASE_CHANGES, "blue"))
    return marks


def _annotation(name: str, query: Query, color: str) -> dict[str, Any]:
    return {
        "name": name,
        "datasource": DATASOURCE,
        "enable": True,
        "expr": query.expr,
        "titleFormat": query.legend,
        "iconColor": color,
        "step": "15s",
    }


def main() -> None:
    """
    Write what changed.
    """
    for path, text in outputs().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
