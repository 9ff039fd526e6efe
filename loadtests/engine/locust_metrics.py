"""
The generator's own /metrics: what the crowd does at this moment, under the names of the metrics catalogue.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from loadtests.documents import DocumentError
from loadtests.engine.plan import RunPlan
from loadtests.measuring.cells import Result
from loadtests.measuring.measures import Outcome
from waiting_room.errors import Fault
from waiting_room.telemetry import catalog
from waiting_room.telemetry.catalog import Metric

_BROKEN = (Result.ERROR, Result.ABANDONED)


class Exposition:
    """
    Be told of every event by the recorder, and show the sums to Prometheus.

    Args:
        plan: the run, whose name is the label `run` of everything.
    """

    def __init__(self, plan: RunPlan) -> None:
        self._registry = CollectorRegistry()
        run = plan.name
        self._arrivals = self._counter(catalog.REHEARSAL_ARRIVALS).labels(run)
        outcomes = self._counter(catalog.REHEARSAL_OUTCOMES)
        self._outcomes = {outcome: outcomes.labels(run, outcome.value) for outcome in Outcome}
        requests = self._counter(catalog.REHEARSAL_SHOP_REQUESTS)
        self._requests = {result: requests.labels(run, "error" if result in _BROKEN else "ok") for result in Result}
        self._orders = self._counter(catalog.REHEARSAL_ORDERS).labels(run)
        self._duration = self._histogram(catalog.REHEARSAL_SHOP_REQUEST_DURATION).labels(run)
        self._start_lag = self._histogram(catalog.REHEARSAL_START_LAG).labels(run)
        self._wait = self._histogram(catalog.REHEARSAL_WAIT_DURATION).labels(run)
        self._in_flight = self._gauge(catalog.REHEARSAL_IN_FLIGHT).labels(run)
        self._waiting = self._gauge(catalog.REHEARSAL_WAITING).labels(run)

    def serve(self, port: int) -> None:
        """
        Listen on loopback.

        Raises:
            DocumentError: the port is taken.
        """
        try:
            start_http_server(port, addr="127.0.0.1", registry=self._registry)
        except OSError as error:
            fault = Fault("metrics_port", f"cannot listen on 127.0.0.1:{port} ({error.strerror})", "choose a free port")
            raise DocumentError((fault,)) from None

    def arrived(self, start_lag_s: float) -> None:
        """
        Count a shopper who has set out.
        """
        self._arrivals.inc()
        self._start_lag.observe(start_lag_s)

    def shop_answered(self, result: Result, duration_s: float) -> None:
        """
        Count a request to the shop; only the shop's own pages have a duration.
        """
        self._requests[result].inc()
        if result is not Result.TO_ROOM:
            self._duration.observe(duration_s)

    def admitted(self, waited_s: float) -> None:
        """
        Count a shopper who was let in.
        """
        self._wait.observe(waited_s)

    def order_seen(self) -> None:
        """
        Count an order.
        """
        self._orders.inc()

    def ended(self, outcome: Outcome) -> None:
        """
        Count a visit that has ended.
        """
        self._outcomes[outcome].inc()

    def show(self, in_flight: int, waiting: int) -> None:
        """
        Set how many shoppers are on their way and how many of them wait.
        """
        self._in_flight.set(in_flight)
        self._waiting.set(waiting)

    def _counter(self, metric: Metric) -> Counter:
        return Counter(metric.name, metric.help, metric.labels, registry=self._registry)

    def _gauge(self, metric: Metric) -> Gauge:
        return Gauge(metric.name, metric.help, metric.labels, registry=self._registry)

    def _histogram(self, metric: Metric) -> Histogram:
        return Histogram(metric.name, metric.help, metric.labels, registry=self._registry, buckets=metric.buckets)
