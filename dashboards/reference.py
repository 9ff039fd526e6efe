"""
The reference page of the metrics, made from the catalogue.
"""

from typing import Final

from waiting_room.telemetry import catalog
from waiting_room.telemetry.catalog import Metric

_INTRODUCTION: Final = """\
# Metrics

<!-- Made from waiting_room/telemetry/catalog.py by `python -m dashboards.build`; do not edit. -->

Every metric begins with `waiting_room_`, is in seconds or counts, and has labels from closed sets only: `room` takes
the rooms you configured, and nothing about a visitor is ever a label.

`/metrics` of the service answers for all its worker processes, whichever of them is asked. Counters of a room are
there at 0 as soon as the room is; levels appear when first measured, so a missing level means *not known*, never 0;
durations by route or Redis verb appear with their first use.
*Several workers* says how one value comes of many; over several instances of the service use `max by (room)` for
the levels of a room, and `sum` for counters.

Alerts and what to do about them are in the [runbook](runbook.md).
"""

_GROUPS: Final = {
    "service": ("Service", "At `/metrics` of `waiting-room serve`."),
    "gate": ("Gate", "Where the gate runs: at the shop's own `/metrics`."),
    "rehearsal": ("Rehearsal", "At the load generator's port, while a rehearsal runs."),
}

_MERGED: Final = {
    "latest": "the newest reading",
    "sum": "added up",
    "max": "the highest",
    "min": "the lowest",
}


def metrics_page() -> str:
    """
    Return the whole page.
    """
    parts = [_INTRODUCTION]
    for group, (title, where) in _GROUPS.items():
        parts.append(f"## {title}\n\n{where}\n")
        parts += [_entry(metric) for metric in catalog.GROUPS[group]]
    return "\n".join(parts)


def _entry(metric: Metric) -> str:
    lines = [f"### `{metric.name}`", "", f"{metric.kind.capitalize()}. {metric.help}", ""]
    lines += [_label_line(metric, label) for label in metric.labels]
    if metric.buckets:
        lines.append(f"- Buckets: {', '.join(f'{bound:g}' for bound in metric.buckets)} s")
    if metric.kind == "gauge":
        lines.append(f"- Several workers: {_MERGED[metric.merge]}")
    if lines[-1]:
        lines.append("")
    return "\n".join(lines)


def _label_line(metric: Metric, label: str) -> str:
    values = catalog.label_values(metric, label)
    text = ", ".join(f"`{value}`" for value in values) if values else catalog.OPEN_LABELS[label]
    return f"- `{label}`: {text}"
