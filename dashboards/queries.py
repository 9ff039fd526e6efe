"""
Every question the dashboards ask Prometheus, apart from how the answer is drawn.

Levels of a room are read with ``max``: each instance of the service tells the same fact about the room, and a sum
over two instances would show it twice. Counters are summed, since each instance counts only what it did itself.
"""

from dataclasses import dataclass
from typing import Final

from waiting_room.telemetry import catalog
from waiting_room.telemetry.catalog import Metric

ROOM: Final = 'room=~"$room"'
RUN: Final = 'run=~"$run"'
WINDOW: Final = "$__rate_interval"


@dataclass(frozen=True, slots=True)
class Query:
    """
    Ask *expr*, and call each answer by *legend*.
    """

    expr: str
    legend: str


def level(metric: Metric, legend: str, *, by: str = "room", extra: str = "", selector: str = ROOM) -> Query:
    """
    Read a gauge, once per label set of *by*.
    """
    return Query(f"max by ({by}) ({metric.name}{_braces(metric, selector, extra)})", legend)


def total(metric: Metric, legend: str, *, by: str = "room", selector: str = ROOM) -> Query:
    """
    Add a gauge up over the processes that each hold a part of it.
    """
    return Query(f"sum by ({by}) ({metric.name}{_braces(metric, selector)})", legend)


def rate(
    metric: Metric, legend: str, *, by: str = "room", extra: str = "", selector: str = ROOM, per: str = ""
) -> Query:
    """
    Read events per second, or per minute with *per* ``"minute"``.
    """
    factor = " * 60" if per == "minute" else ""
    return Query(f"sum by ({by}) (rate({metric.name}{_braces(metric, selector, extra)}[{WINDOW}])){factor}", legend)


def share(metric: Metric, of: str, legend: str, *, by: str = "room", extra: str = "", selector: str = ROOM) -> Query:
    """
    Read which share of all events had the label values *of*.
    """
    part = f"sum by ({by}) (rate({metric.name}{_braces(metric, selector, extra, of)}[{WINDOW}]))"
    whole = f"sum by ({by}) (rate({metric.name}{_braces(metric, selector, extra)}[{WINDOW}]))"
    return Query(f"{part} / {whole}", legend)


def quantile(
    metric: Metric, q: float, legend: str, *, by: str = "room", extra: str = "", selector: str = ROOM
) -> Query:
    """
    Estimate the *q* quantile of a histogram.
    """
    labels = f"{by}, le" if by else "le"
    inner = f"sum by ({labels}) (rate({metric.name}_bucket{_braces(metric, selector, extra)}[{WINDOW}]))"
    return Query(f"histogram_quantile({q:g}, {inner})", legend)


def within(metric: Metric, bound: str, legend: str, *, by: str = "room", selector: str = ROOM) -> Query:
    """
    Read the share of observations at or below *bound*, one of the histogram's own.
    """
    bucket = _braces(metric, selector, f'le="{bound}"')
    inside = f"sum by ({by}) (rate({metric.name}_bucket{bucket}[{WINDOW}]))"
    return Query(f"{inside} / sum by ({by}) (rate({metric.name}_count{_braces(metric, selector)}[{WINDOW}]))", legend)


def _braces(metric: Metric, selector: str, *extra: str) -> str:
    label = selector.partition("=")[0]
    parts = [selector if label in metric.labels else "", *extra]
    inner = ", ".join(part for part in parts if part)
    return f"{{{inner}}}" if inner else ""


EXPECTED_WAIT: Final = Query(
    f"max by (room) ({catalog.WAITING.name}{{{ROOM}}}) / max by (room) ({catalog.RATE_TARGET.name}{{{ROOM}}})",
    "{{room}}",
)
SEATS_USED: Final = Query(
    f"max by (room) ({catalog.SEATS.name}{{{ROOM}}}) / max by (room) ({catalog.CAPACITY.name}{{{ROOM}}})", "{{room}}"
)
CEILING_PER_MINUTE: Final = Query(f"max by (room) ({catalog.RATE_CEILING.name}{{{ROOM}}}) * 60", "{{room}} allowed")
TARGET_PER_MINUTE: Final = Query(f"max by (room) ({catalog.RATE_TARGET.name}{{{ROOM}}}) * 60", "{{room}} target")
UNCALLED: Final = Query(
    f"max by (room) ({catalog.ISSUED.name}{{{ROOM}}}) - max by (room) ({catalog.FRONTIER.name}{{{ROOM}}})", "{{room}}"
)
SHOP_P95: Final = Query("room:waiting_room_gate_shop_request_duration_seconds:p95_1m{" + ROOM + "}", "{{room}}")
SHOP_ERROR_RATIO: Final = Query("room:waiting_room_gate_shop_errors:ratio_rate1m{" + ROOM + "}", "{{room}}")
CPU_PER_WORKER: Final = Query(
    f"sum by (instance) (rate({catalog.CPU_SECONDS.name}[{WINDOW}])) / max by (instance) ({catalog.WORKERS.name})",
    "{{instance}}",
)
PHASE_CHANGES: Final = Query(
    f"max by (room, phase) ({catalog.PHASE.name}{{{ROOM}}} == 1)"
    f" unless max by (room, phase) ({catalog.PHASE.name}{{{ROOM}}} offset 15s == 1)",
    "{{room}}: {{phase}}",
)
FIRING: Final = Query('ALERTS{alertstate="firing"}', "{{alertname}}")
