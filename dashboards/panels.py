"""
Panels of Grafana as plain data: how an answer is drawn, and nothing of what is asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from dashboards.queries import Query

Json = dict[str, Any]

DATASOURCE: Final[Json] = {"type": "prometheus", "uid": "${datasource}"}

GREEN, ORANGE, RED = "green", "orange", "red"
FULL_WIDTH: Final = 24
STAT_HEIGHT, GRAPH_HEIGHT = 4, 8


@dataclass(frozen=True, slots=True)
class Panel:
    """
    Draw *queries*, with the *unit* in Grafana's spelling.

    *steps* colour a value from each bound upwards; *description* says what to read from it, for whoever is new here.
    *zoom_to* fixes the upper end of the axis, for shares.
    """

    title: str
    description: str
    queries: Sequence[Query]
    unit: str = "short"
    kind: Literal["timeseries", "stat"] = "timeseries"
    width: int = 8
    steps: Sequence[tuple[float, str]] = ()
    zoom_to: float | None = None
    stacked: bool = False
    words: Mapping[int, str] = field(default_factory=dict)

    @property
    def height(self) -> int:
        """
        Return the height in grid units.
        """
        return STAT_HEIGHT if self.kind == "stat" else GRAPH_HEIGHT


@dataclass(frozen=True, slots=True)
class Row:
    """
    Put *panels* under one heading.
    """

    title: str
    panels: Sequence[Panel]


def laid_out(rows: Sequence[Row]) -> list[Json]:
    """
    Return the panels of all *rows* with their places: left to right, and down where the width is used up.
    """
    placed: list[Json] = []
    top = 0
    for row in rows:
        placed.append(_row(row.title, len(placed) + 1, top))
        top += 1
        left = height = 0
        for panel in row.panels:
            if left + panel.width > FULL_WIDTH:
                top, left, height = top + height, 0, 0
            grid = {"h": panel.height, "w": panel.width, "x": left, "y": top}
            placed.append(_panel(panel, len(placed) + 1, grid))
            left += panel.width
            height = max(height, panel.height)
        top += height
    return placed


def _row(title: str, number: int, top: int) -> Json:
    return {
        "id": number,
        "type": "row",
        "title": title,
        "collapsed": False,
        "gridPos": {"h": 1, "w": FULL_WIDTH, "x": 0, "y": top},
        "panels": [],
    }


def _panel(panel: Panel, number: int, grid: Json) -> Json:
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": DATASOURCE,
        "gridPos": grid,
        "targets": [_target(query, chr(ord("A") + i)) for i, query in enumerate(panel.queries)],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _stat_options() if panel.kind == "stat" else _graph_options(),
    }


def _target(query: Query, letter: str) -> Json:
    return {"refId": letter, "datasource": DATASOURCE, "expr": query.expr, "legendFormat": query.legend, "range": True}


def _defaults(panel: Panel) -> Json:
    steps: list[Json] = [{"color": GREEN if panel.steps else "text", "value": None}]
    steps += [{"color": color, "value": bound} for bound, color in panel.steps]
    defaults: Json = {
        "unit": panel.unit,
        "min": 0,
        "thresholds": {"mode": "absolute", "steps": steps},
        "mappings": [_mapping(panel.words)] if panel.words else [],
    }
    if panel.zoom_to is not None:
        defaults["max"] = panel.zoom_to
    if panel.kind == "timeseries":
        defaults["color"] = {"mode": "palette-classic"}
        defaults["custom"] = _lines(panel)
    else:
        defaults["color"] = {"mode": "thresholds"}
    return defaults


def _mapping(words: Mapping[int, str]) -> Json:
    options = {str(value): {"index": i, "text": text} for i, (value, text) in enumerate(words.items())}
    return {"type": "value", "options": options}


def _lines(panel: Panel) -> Json:
    return {
        "drawStyle": "line",
        "lineWidth": 2,
        "fillOpacity": 25 if panel.stacked else 8,
        "showPoints": "never",
        "spanNulls": False,
        "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
        "thresholdsStyle": {"mode": "line" if panel.steps else "off"},
    }


def _graph_options() -> Json:
    return {
        "legend": {"displayMode": "table", "placement": "bottom", "calcs": ["lastNotNull", "max"], "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }


def _stat_options() -> Json:
    return {
        "colorMode": "value",
        "graphMode": "area",
        "textMode": "auto",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    }
