import re
from pathlib import Path

import pytest

from waiting_room.telemetry import catalog
from waiting_room.telemetry.catalog import METRICS, Metric

ALL = pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)


def test_each_name_stands_once() -> None:
    """
    No metric is listed twice, in one group or in two.
    """
    names = [metric.name for metric in METRICS]

    assert sorted(set(names)) == sorted(names)


def test_every_constant_is_in_a_group() -> None:
    """
    A metric that is named but belongs to no group could be used and would never be emitted.
    """
    constants = {value for value in vars(catalog).values() if isinstance(value, Metric)}

    assert set(METRICS) == constants


@ALL
def test_names_follow_the_rules_of_prometheus(metric: Metric) -> None:
    """
    Names bear the project's prefix, counters end in _total and nothing else does, histograms are in seconds.
    """
    assert re.fullmatch(r"waiting_room_[a-z]+(_[a-z]+)*", metric.name)
    assert (metric.kind == "counter") == metric.name.endswith("_total")
    assert metric.kind != "histogram" or metric.name.endswith("_seconds")


@ALL
def test_help_is_a_sentence(metric: Metric) -> None:
    """
    The help begins with a capital letter and ends with a full stop.
    """
    assert metric.help[0].isupper()
    assert metric.help.endswith(".")


@ALL
def test_only_histograms_have_buckets_and_they_rise(metric: Metric) -> None:
    """
    Bounds rise strictly and are positive; other kinds have none.
    """
    assert bool(metric.buckets) == (metric.kind == "histogram")
    assert list(metric.buckets) == sorted(set(metric.buckets))
    assert all(bound > 0 for bound in metric.buckets)


@ALL
def test_every_label_is_bounded(metric: Metric) -> None:
    """
    A label either has a closed set of values or is written down as bounded by something else.
    """
    for label in metric.labels:
        values = catalog.label_values(metric, label)

        assert values or label in catalog.OPEN_LABELS
        assert len(values) == len(set(values))


@ALL
def test_no_label_names_a_person_or_a_token(metric: Metric) -> None:
    """
    Nothing of any visitor becomes a label: neither identity nor address, ticket, seat or page.
    """
    assert not {"visitor", "ticket", "pass", "seat", "ip", "url", "path", "number", "user"} & set(metric.labels)


def test_closed_sets_belong_to_labels_that_exist() -> None:
    """
    A set of values for a label that its metric does not have would be a slip of the pen.
    """
    for metric, sets in catalog._CLOSED.items():
        assert set(sets) <= set(metric.labels)


def test_the_catalogue_is_pure() -> None:
    """
    The catalogue imports the standard library and the core alone.
    """
    text = Path(catalog.__file__).read_text(encoding="utf-8")
    imports = re.findall(r"^(?:from|import) (\S+)", text, re.MULTILINE)

    core = {f"waiting_room.core.{name}" for name in ("adaptation", "reasons", "phase")}
    assert set(imports) <= {"dataclasses", "typing", *core}
