"""
From what a worker has counted to its metrics, about once a second.
"""

from collections.abc import Callable
from typing import Final

from waiting_room.core import steering
from waiting_room.core.reasons import Reason
from waiting_room.core.snapshot import Snapshot
from waiting_room.lobby import Lobby
from waiting_room.rooms import Room
from waiting_room.telemetry import catalog
from waiting_room.telemetry.prometheus import Counter, Histogram, Metrics

_CLAIMS: Final = {"admitted": "admitted", "same": "same", "used": "refused", "closed": "refused"}
_JOINS: Final = {"new": "new", "same": "same", "straight": "straight"}
PLAIN: Final = {
    "leave": catalog.LEAVES,
    "flush": catalog.CHECKINS_FLUSHED,
    "put_off": catalog.JOINS_PUT_OFF,
}


class Publisher:
    """
    Hand over the tallies of all rooms, and observe requests and commands as they come.
    """

    def __init__(self, metrics: Metrics, lobby: Lobby, owner: str, circuit_closed: Callable[[], bool]) -> None:
        self._metrics = metrics
        self._lobby = lobby
        self._owner = owner
        self._circuit_closed = circuit_closed
        self._rooms: set[str] = set()
        self._seen: dict[str, Snapshot] = {}
        self._requests: dict[tuple[str, int], Counter] = {}
        self._durations: dict[str, Histogram] = {}

    def request(self, route: str, status: int, seconds: float) -> None:
        """
        Note an HTTP request.
        """
        key = (route, status // 100)
        counter = self._requests.get(key)
        if counter is None:
            code_class = f"{status // 100}xx"
            counter = self._metrics.counter(catalog.HTTP_REQUESTS, route=route, code_class=code_class)
            self._requests[key] = counter
            self._durations[route] = self._metrics.histogram(catalog.HTTP_REQUEST_DURATION, route=route)
        counter.inc()
        self._durations[route].observe(seconds)

    def command(self, verb: str, seconds: float) -> None:
        """
        Note a command that Redis answered.
        """
        self._metrics.histogram(catalog.REDIS_COMMAND_DURATION, verb=verb).observe(seconds)

    def failure(self, verb: str, kind: str) -> None:  # noqa: ARG002 - the port has it, the metric needs it not
        """
        Note a command that Redis did not answer.
        """
        self._metrics.counter(catalog.REDIS_ERRORS, kind=kind).inc()

    def refused_token(self, reason: Reason) -> None:
        """
        Note a token that was refused.
        """
        self._metrics.counter(catalog.TOKEN_REFUSALS, reason=reason.value).inc()

    def loop_lag(self, seconds: float) -> None:
        """
        Note how late the event loop woke up.
        """
        self._metrics.histogram(catalog.EVENT_LOOP_LAG).observe(seconds)

    def exposition(self) -> tuple[bytes, str]:
        """
        Return what Prometheus reads, as of this moment.
        """
        self.publish()
        return self._metrics.exposition()

    def publish(self) -> None:
        """
        Hand everything over.
        """
        up = self._circuit_closed()
        self._metrics.gauge(catalog.REDIS_UP).set(1 if up else 0)
        for room in self._lobby.known.values():
            if room.name not in self._rooms:
                self._rooms.add(room.name)
                self._metrics.add_room(room.name)
            self._tally(room)
            self._gauges(room, up=up)
        self._metrics.flush()

    def _tally(self, room: Room) -> None:
        tally, room.tally = room.tally, type(room.tally)()
        polls, room.polls_waiting = room.polls_waiting, 0
        self._metrics.counter(catalog.STATUS_POLLS, room=room.name, state="waiting").inc(polls)
        for (kind, *rest), count in tally.items():
            self._count(room.name, kind, rest[0] if rest else "", count)
        for seconds in room.waits_s:
            self._metrics.histogram(catalog.WAIT_SECONDS, room=room.name).observe(seconds)
        for seconds in room.eta_errors_s:
            self._metrics.histogram(catalog.ETA_ERROR_SECONDS, room=room.name).observe(seconds)
        room.waits_s.clear()
        room.eta_errors_s.clear()

    def _count(self, room: str, kind: str, what: str, count: int) -> None:
        metrics = self._metrics
        match kind:
            case "join":
                metrics.counter(catalog.JOINS, room=room, outcome=_JOINS.get(what, "refused")).inc(count)
            case "claim":
                metrics.counter(catalog.CLAIMS, room=room, outcome=_CLAIMS.get(what, "not_yet")).inc(count)
            case "admission":
                metrics.counter(catalog.ADMISSIONS, room=room, way=what).inc(count)
            case "promise":
                metrics.counter(catalog.ETA_PROMISES, room=room, outcome=what).inc(count)
            case "authorize":
                metrics.counter(catalog.AUTHORIZATIONS, room=room, outcome=what).inc(count)
            case "refusal":
                metrics.counter(catalog.REFUSALS, room=room, reason=what).inc(count)
            case "state":
                metrics.counter(catalog.STATUS_POLLS, room=room, state=what).inc(count)
            case "tick":
                metrics.counter(catalog.TICKS, room=room, outcome=what).inc(count)
            case "release":
                metrics.counter(catalog.SEATS_ENDED, room=room, way="released").inc(count)
            case _:
                metrics.counter(PLAIN[kind], room=room).inc(count)

    def _gauges(self, room: Room, *, up: bool) -> None:
        snapshot, name, metrics = room.view.snapshot, room.name, self._metrics
        leads = snapshot.owner == self._owner
        age_s = (self._lobby.clock_ms() - room.viewed_ms) / 1000
        metrics.gauge(catalog.WAITING, room=name).set(snapshot.waiting)
        for lane, held in snapshot.lanes.items():
            metrics.gauge(catalog.LANE_WAITING, room=name, lane=lane).set(held.waiting)
        metrics.gauge(catalog.CALLED, room=name).set(snapshot.expected)
        metrics.gauge(catalog.SEATS, room=name).set(snapshot.seats)
        metrics.gauge(catalog.CAPACITY, room=name).set(snapshot.capacity)
        admits = snapshot.admits and not snapshot.recovering
        metrics.gauge(catalog.RATE_TARGET, room=name).set(snapshot.rate_per_s if admits else 0)
        self._shop(snapshot, name)
        metrics.gauge(catalog.ISSUED, room=name).set(sum(lane.issued for lane in snapshot.lanes.values()))
        metrics.gauge(catalog.FRONTIER, room=name).set(
            sum(lane.frontier for lane in snapshot.lanes.values()) - len(snapshot.lanes) + 1
        )
        metrics.gauge(catalog.NO_SHOW_RATIO, room=name).set(snapshot.no_show)
        metrics.gauge(catalog.EPOCH, room=name).set(snapshot.epoch)
        if snapshot.head.sequence:
            metrics.gauge(catalog.AUDIT_AGE, room=name).set(max(0, snapshot.now_ms - snapshot.head.at_ms) / 1000)
        metrics.gauge(catalog.SNAPSHOT_AGE, room=name).set(max(0.0, age_s))
        metrics.gauge(catalog.CONTROLLER_LEADER, room=name).set(1 if leads and up else 0)
        metrics.set_state(catalog.PHASE, snapshot.phase.value, room=name)
        metrics.set_state(catalog.MODE, snapshot.policy.mode, room=name)
        metrics.gauge(catalog.CROWDED, room=name).set(1 if snapshot.crowded_ms else 0)
        shadow = snapshot.shadow
        metrics.gauge(catalog.SHADOW_WAITING, room=name).set(shadow.waiting if shadow else 0)
        metrics.gauge(catalog.SHADOW_WAIT, room=name).set(shadow.wait_ms / 1000 if shadow else 0)
        metrics.set_state(catalog.OUTAGE_MODE, "none" if up else snapshot.policy.on_redis_outage, room=name)
        seen = self._seen.get(name, snapshot)
        # Remembered by all and counted by one: who takes the lead must not count what the last leader has counted.
        self._seen[name] = snapshot
        if leads:
            self._leader_counts(room, seen)

    def _shop(self, snapshot: Snapshot, name: str) -> None:
        metrics, told = self._metrics, steering.said(snapshot)
        metrics.gauge(catalog.RATE_CEILING, room=name).set(snapshot.rate_limit / 60)
        metrics.set_state(catalog.RATE_MODE, told["mode"], room=name)
        known = {catalog.INSIDE_LIMIT: told["limit"], catalog.STOCK: told["stock"]}
        if told["p95_ms"] is not None:
            known |= {catalog.SHOP_LATENCY: told["p95_ms"] / 1000, catalog.SHOP_ERROR_SHARE: told["error_share"]}
        for metric, value in known.items():
            if value is not None:
                metrics.gauge(metric, room=name).set(value)

    def _leader_counts(self, room: Room, seen: Snapshot) -> None:
        """
        Count from the store's own counters, in one worker only: what all workers see must not be counted N times.
        """
        snapshot = room.view.snapshot
        expired = max(0, snapshot.seats_expired - seen.seats_expired)
        over = max(0, snapshot.seats_over - seen.seats_over)
        self._metrics.counter(catalog.SEATS_ENDED, room=room.name, way="expired").inc(expired)
        self._metrics.counter(catalog.OVER_ADMISSIONS, room=room.name).inc(over)
        if snapshot.shadow is not None and seen.shadow is not None:
            waited = max(0.0, snapshot.shadow.waited - seen.shadow.waited)
            self._metrics.counter(catalog.SHADOW_WAITED, room=room.name).inc(waited)
