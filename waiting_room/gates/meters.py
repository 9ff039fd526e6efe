"""
A gate's metrics, by the names of the catalogue.
"""

from typing import Final

from waiting_room.telemetry import catalog
from waiting_room.telemetry.prometheus import Metrics


class Meters:
    """
    Count what one gate does; plain additions until `flush`.

    *metrics* are the shop's own where it has them already; they need the catalogue's group "gate".
    """

    def __init__(self, room: str, metrics: Metrics | None) -> None:
        self._metrics: Final = metrics if metrics is not None else Metrics("gate")
        self._metrics.add_room(room)
        self._room = room
        self._check = self._metrics.histogram(catalog.GATE_CHECK_DURATION)
        self._shop = self._metrics.histogram(catalog.GATE_SHOP_REQUEST_DURATION, room=room)
        self._answered = self._metrics.counter(catalog.GATE_SHOP_REQUESTS, room=room, outcome="ok")
        self._failed = self._metrics.counter(catalog.GATE_SHOP_REQUESTS, room=room, outcome="error")
        self._outcomes = {
            outcome: self._metrics.counter(catalog.GATE_REQUESTS, room=room, outcome=outcome)
            for outcome in catalog.label_values(catalog.GATE_REQUESTS, "outcome")
        }

    def decided(self, outcome: str, took_s: float) -> None:
        """
        Count a request by what the gate did with it.
        """
        self._outcomes[outcome].inc()
        self._check.observe(took_s)

    def served(self, took_s: float, *, error: bool) -> None:
        """
        Count an answer of the shop.
        """
        self._shop.observe(took_s)
        (self._failed if error else self._answered).inc()

    def reported(self, *, error: bool) -> None:
        """
        Count a report to the service.
        """
        self._metrics.counter(catalog.GATE_REPORTS, room=self._room, outcome="error" if error else "ok").inc()

    def levels(self, seats_seen: int, in_flight: int) -> None:
        """
        Tell what is so at this moment.
        """
        self._metrics.gauge(catalog.GATE_SEATS_SEEN, room=self._room).set(seats_seen)
        self._metrics.gauge(catalog.GATE_SHOP_IN_FLIGHT, room=self._room).set(in_flight)
        self._metrics.flush()

    def exposition(self) -> tuple[bytes, str]:
        """
        Return the text that Prometheus scrapes, and its content type.
        """
        return self._metrics.exposition()
