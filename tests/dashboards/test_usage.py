"""
Dashboards and rules against the catalogue, both ways.
"""

import re

import pytest

from tests.dashboards.promql import Selector, grouped_labels, selectors
from tests.dashboards.sources import Asked, everything_asked, rules
from waiting_room.telemetry import catalog
from waiting_room.telemetry.catalog import METRICS, Metric

ASKED = everything_asked()
EACH_QUERY = pytest.mark.parametrize("asked", ASKED, ids=lambda asked: asked.where)

RECORDED = {rule["record"]: rule["expr"] for rule in rules("record")}

# Labels that Prometheus itself adds to every series, or to those of alerts.
ADDED = {"instance", "job"}
FOREIGN_LABELS = {"up": set[str](), "ALERTS": {"alertname", "alertstate", "severity"}}

# Metrics that no dashboard and no rule reads, each with the reason why it is emitted all the same.
UNCHARTED: dict[str, str] = {}


def metric_of(name: str) -> Metric | None:
    """
    Return the metric that a series' name belongs to.
    """
    for metric in METRICS:
        if name == metric.name and metric.kind != "histogram":
            return metric
        if metric.kind == "histogram" and name in {f"{metric.name}_{part}" for part in ("bucket", "sum", "count")}:
            return metric
    return None


def labels_of(selector: Selector) -> set[str]:
    """
    Return the labels that the selected series have.
    """
    if selector.name in FOREIGN_LABELS:
        return FOREIGN_LABELS[selector.name] | ADDED
    if selector.name in RECORDED:
        return {selector.name.partition(":")[0]}
    metric = metric_of(selector.name)
    assert metric, f"{selector.name} is neither in the catalogue nor recorded"
    return {*metric.labels, *ADDED, *({"le"} if selector.name.endswith("_bucket") else ())}


@EACH_QUERY
def test_every_series_exists(asked: Asked) -> None:
    """
    A query reads series of the catalogue, recorded ones, or Prometheus' own; and at least one.
    """
    read = selectors(asked.expr)

    assert read
    for selector in read:
        assert labels_of(selector)


@EACH_QUERY
def test_every_label_exists(asked: Asked) -> None:
    """
    A label that is matched belongs to its series; one that is grouped by belongs to one of the query's series.
    """
    read = selectors(asked.expr)
    for selector in read:
        assert {matcher.label for matcher in selector.matchers} <= labels_of(selector)

    assert grouped_labels(asked.expr) <= set().union(*(labels_of(selector) for selector in read))


@EACH_QUERY
def test_every_matched_value_exists(asked: Asked) -> None:
    """
    A value that is matched is one that the label can take, and a bucket's bound is one that the histogram has.
    """
    for selector in selectors(asked.expr):
        metric = metric_of(selector.name)
        for matcher in selector.matchers:
            if not metric or "$" in matcher.value:
                continue
            known = set(catalog.label_values(metric, matcher.label))
            if matcher.label == "le":
                known = {repr(bound) for bound in metric.buckets}
            assert not known or set(matcher.values) <= known


@EACH_QUERY
def test_counters_are_read_as_rates(asked: Asked) -> None:
    """
    A counter starts anew with its process, so it is read through rate or increase; outcomes so far are the exception.
    """
    for metric in METRICS:
        if metric.kind == "counter" and metric is not catalog.REHEARSAL_OUTCOMES:
            for read in re.finditer(rf"\b{metric.name}\b", asked.expr):
                assert asked.expr[: read.start()].endswith(("rate(", "increase("))


def test_every_metric_is_looked_at() -> None:
    """
    What nobody charts and nothing alerts on is not worth emitting, unless a reason is written down here.
    """
    read = {metric_of(selector.name) for asked in ASKED for selector in selectors(asked.expr)}
    unread = {metric.name for metric in METRICS if metric not in read}

    assert unread == set(UNCHARTED)


def test_every_recorded_series_is_read() -> None:
    """
    A recording rule that neither a dashboard nor an alert uses only costs.
    """
    read = {selector.name for asked in ASKED for selector in selectors(asked.expr)}

    assert set(RECORDED) <= read


@pytest.mark.parametrize("record", RECORDED)
def test_a_recorded_name_tells_its_labels(record: str) -> None:
    """
    Recorded names are level:metric:operations, and the level is what the series is grouped by.
    """
    level, metric, operations = record.split(":")

    assert grouped_labels(RECORDED[record]) - {"le"} == {level}
    assert metric.startswith("waiting_room_")
    assert operations
