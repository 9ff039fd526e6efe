"""
The way of the catalogue's metrics to Prometheus; the only module that knows its client library.

Hot paths add to plain Python numbers; `Metrics.flush`, called about once a second, hands them over. A status poll
so pays for two additions instead of two locked writes to a shared file.

Several workers behind one port: the supervisor sets ``PROMETHEUS_MULTIPROC_DIR`` to an empty directory before a
worker imports this module (the client library reads it at that moment, nothing here does); whichever worker is then
scraped answers for all of them, and the supervisor calls `worker_ended` for each that died.
"""

import os
import time
from collections.abc import Iterable
from functools import partial
from itertools import product
from typing import Final, Literal

import prometheus_client as client
from prometheus_client import values
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector, CollectorRegistry

from waiting_room import __version__
from waiting_room.telemetry import catalog
from waiting_room.telemetry.catalog import OTHER, Metric
from waiting_room.telemetry.instruments import Counter, Gauge, Histogram, Instrument

__all__ = ["CONTENT_TYPE", "Counter", "Gauge", "Histogram", "Metrics", "worker_ended"]

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
"""Prometheus' text format that every release since 2014 reads."""

GaugeMode = Literal["livemostrecent", "livesum", "livemax", "livemin"]
_GAUGE_MODES: Final[dict[catalog.Merge, GaugeMode]] = {
    "latest": "livemostrecent",
    "sum": "livesum",
    "max": "livemax",
    "min": "livemin",
}


_Key = tuple[str, tuple[str, ...]]


class Metrics:
    """
    Hold the metrics of the named *groups* of the catalogue for this process.

    Every counter whose labels are known beforehand is there from the start, so that a rate over it is 0 and not
    missing; those of a room come with `add_room`. In a shop's own process, *registry* may be the shop's.
    """

    def __init__(self, *groups: str, registry: CollectorRegistry | None = None) -> None:
        self._registry = registry if registry is not None else CollectorRegistry()
        self._metrics = [metric for group in groups for metric in catalog.GROUPS[group]]
        self._names = {metric.name for metric in self._metrics}
        self._families = {metric.name: self._family(metric) for metric in self._metrics if metric.kind != "gauge"}
        self._gauges: dict[str, client.Gauge] = {}
        self._instruments: dict[_Key, Instrument] = {}
        self._cpu_s = 0.0
        self._prepare("")
        if catalog.BUILD_INFO.name in self._names:
            self.gauge(catalog.BUILD_INFO, version=__version__).set(1)
            self.gauge(catalog.WORKERS).set(1)

    def counter(self, metric: Metric, **labels: str) -> Counter:
        """
        Return the counter of this label set, always the same object.
        """
        found = self._instrument(metric, labels)
        assert isinstance(found, Counter), f"{metric.name} is a {metric.kind}"
        return found

    def gauge(self, metric: Metric, **labels: str) -> Gauge:
        """
        Return the gauge of this label set, always the same object.
        """
        found = self._instrument(metric, labels)
        assert isinstance(found, Gauge), f"{metric.name} is a {metric.kind}"
        return found

    def histogram(self, metric: Metric, **labels: str) -> Histogram:
        """
        Return the histogram of this label set, always the same object.
        """
        found = self._instrument(metric, labels)
        assert isinstance(found, Histogram), f"{metric.name} is a {metric.kind}"
        return found

    def set_state(self, metric: Metric, value: str, *, room: str) -> None:
        """
        Set the gauge of *value* to 1 and those of the other states of this *room* to 0.
        """
        label = next(name for name in metric.labels if name != "room")
        for each in catalog.label_values(metric, label):
            self.gauge(metric, **{"room": room, label: each}).set(1 if each == value else 0)

    def add_room(self, room: str) -> None:
        """
        Make every counter and histogram of *room* visible at zero.
        """
        self._prepare(room)

    def flush(self) -> None:
        """
        Hand everything that was added up over to the client library; call it about once a second.
        """
        if catalog.CPU_SECONDS.name in self._names:
            cpu_s = time.process_time()
            self.counter(catalog.CPU_SECONDS).inc(cpu_s - self._cpu_s)
            self._cpu_s = cpu_s
        for instrument in self._instruments.values():
            instrument.flush()

    def exposition(self) -> tuple[bytes, str]:
        """
        Return the text that Prometheus scrapes, for all workers together, and its content type.
        """
        self.flush()
        if _several_processes():
            return client.generate_latest(_AllWorkers()), CONTENT_TYPE
        return client.generate_latest(_WithoutCreated(self._registry)), CONTENT_TYPE

    def _family(self, metric: Metric) -> client.Counter | client.Histogram:
        name, text, labels = metric.name, metric.help, metric.labels
        if metric.kind == "counter":
            return client.Counter(name, text, labels, registry=self._registry)
        return client.Histogram(name, text, labels, registry=self._registry, buckets=metric.buckets)

    def _prepare(self, room: str) -> None:
        for metric in self._metrics:
            if metric.kind == "gauge" or ("room" in metric.labels) != bool(room):
                continue
            if metric.kind == "histogram" and set(metric.labels) - {"room"}:
                # A dozen buckets for each route and Redis verb that is never used would double the text, and the
                # 5 ms in which a worker writes it and answers nobody.
                continue
            sets = [(room,) if name == "room" else catalog.label_values(metric, name) for name in metric.labels]
            for combination in product(*sets):
                self._instrument(metric, dict(zip(metric.labels, combination, strict=True)))

    def _instrument(self, metric: Metric, labels: dict[str, str]) -> Instrument:
        try:
            key = (metric.name, tuple([labels[name] for name in metric.labels]))
            return self._instruments[key]
        except KeyError:
            return self._new_instrument(metric, labels)

    def _new_instrument(self, metric: Metric, labels: dict[str, str]) -> Instrument:
        if metric.name not in self._names:
            raise ValueError(f"{metric.name} is in none of this process's groups of metrics")
        if set(labels) != set(metric.labels):
            raise ValueError(f"{metric.name} has the labels {metric.labels}, not {tuple(labels)}")
        known = tuple(_known(metric, name, labels[name]) for name in metric.labels)
        key = (metric.name, known)
        if key not in self._instruments:
            self._instruments[key] = self._made(metric, known)
        return self._instruments[key]

    def _made(self, metric: Metric, labels: tuple[str, ...]) -> Instrument:
        if metric.kind == "gauge":
            return Gauge(lambda value: self._gauge_child(metric, labels).set(value))
        family = self._families[metric.name]
        child = family.labels(*labels) if labels else family
        if isinstance(child, client.Histogram):
            return Histogram(partial(_add_to_histogram, child), metric.buckets)
        return Counter(child.inc)

    def _gauge_child(self, metric: Metric, labels: tuple[str, ...]) -> client.Gauge:
        # A gauge shows as 0 from the moment it is made, and a capacity of 0 that nobody set would be a lie.
        if metric.name not in self._gauges:
            mode = _GAUGE_MODES[metric.merge]
            self._gauges[metric.name] = client.Gauge(
                metric.name, metric.help, metric.labels, registry=self._registry, multiprocess_mode=mode
            )
        family = self._gauges[metric.name]
        return family.labels(*labels) if labels else family


def worker_ended(pid: int) -> None:
    """
    Forget the levels that the ended worker *pid* held; what it counted stays counted.
    """
    if _several_processes():
        mark_process_dead(pid)  # type: ignore[no-untyped-call]


def _known(metric: Metric, label: str, value: str) -> str:
    closed = catalog.label_values(metric, label)
    if not closed or value in closed:
        return value
    if OTHER in closed:
        return OTHER
    raise ValueError(f"{metric.name}: {value!r} is not among the values of {label!r}: {', '.join(closed)}")


def _several_processes() -> bool:
    return bool(getattr(values.ValueClass, "_multiprocess", False))


def _add_to_histogram(child: client.Histogram, counts: list[int], total: float) -> None:
    # The library can only observe one value at a time; a second's worth of polls goes in at once through the same
    # fields that its own observe() raises. A test holds that both ways give the same exposition.
    child._sum.inc(total)  # noqa: SLF001
    for bucket, count in zip(child._buckets, counts, strict=True):  # noqa: SLF001
        if count:
            bucket.inc(count)


class _AllWorkers(MultiProcessCollector):
    """
    Read what all workers wrote, and pass over the file of one that has only just made it.
    """

    def __init__(self) -> None:
        super().__init__(None)  # type: ignore[no-untyped-call]

    def collect(self) -> Iterable[Family]:
        # The library makes a file and then gives it its length; scraped in between, it would raise struct.error, and
        # a worker killed in between would so spoil every later scrape.
        with os.scandir(self._path) as entries:
            files = [entry.path for entry in entries if entry.name.endswith(".db") and entry.stat().st_size]
        families: Iterable[Family] = self.merge(files)  # type: ignore[no-untyped-call]
        return sorted(families, key=lambda family: family.name)


class _WithoutCreated(Collector):
    """
    Leave out the `_created` series, which double the text and which nothing of ours reads.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._inner = registry

    def collect(self) -> Iterable[Family]:
        for family in self._inner.collect():
            family.samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
            yield family
