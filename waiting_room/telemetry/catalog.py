"""
Every metric of the project, named once.

Rules, from Prometheus' own naming advice: base units (seconds), `_total` on counters, labels from closed sets
(rooms come from the configuration, never from a request), and nothing of any visitor. What is not listed here
cannot be emitted, charted or alerted on: tests hold the exporter, the dashboards, the rules and the reference
page against this file.
"""

from dataclasses import dataclass, field
from typing import Literal

from waiting_room.core.adaptation import MODES as RATE_MODES
from waiting_room.core.phase import MODES, Phase
from waiting_room.core.reasons import Reason

Kind = Literal["counter", "gauge", "histogram"]

# How the values that several worker processes hold for one gauge become one value. "latest": every worker knows
# the same fact about the room, so the newest reading wins and N workers do not show N-fold.
Merge = Literal["latest", "sum", "max", "min"]


@dataclass(frozen=True, slots=True)
class Metric:
    """
    Name one metric and everything a reader needs to use it.

    *name* is as Prometheus sees it, with `_total` on counters; *help* is one sentence that stands in the exposition
    and in the reference page; *buckets* are a histogram's upper bounds in seconds, rising, without +Inf; *merge* says
    how the values of several workers become one gauge.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    merge: Merge = field(default="latest", kw_only=True)


# Up to the 200 ms that Envoy gives an external authorization by default, then coarse.
HTTP_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5)
# Around the client's time-out of 250 ms.
REDIS_BUCKETS = (0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
# A healthy loop is below 5 ms; 100 ms is where shoppers notice and the alert begins.
LAG_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
# An offline check is some tens of microseconds; a straight-through try is one call to the service.
CHECK_BUCKETS = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.01, 0.05, 0.25, 1.0)
# From a cached page to the time-outs of common proxies (30 s, 60 s).
SHOP_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
WAIT_BUCKETS = (1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 7200.0)
ETA_ERROR_BUCKETS = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0)

BUILD_INFO = Metric(
    "waiting_room_build_info", "gauge", "Always 1; the version that answers.", ("version",), merge="max"
)
JOINS = Metric(
    "waiting_room_joins_total",
    "counter",
    "Joins answered: a new place, the same place again, straight through, or refused.",
    ("room", "outcome"),
)
JOINS_PUT_OFF = Metric(
    "waiting_room_joins_put_off_total",
    "counter",
    "Joins that were asked to come again, for their network had been given its new places of the minute.",
    ("room",),
)
STATUS_POLLS = Metric(
    "waiting_room_status_polls_total",
    "counter",
    "Status polls answered, by the state that was told.",
    ("room", "state"),
)
CLAIMS = Metric(
    "waiting_room_claims_total", "counter", "Claims answered; not_yet means to come again.", ("room", "outcome")
)
ADMISSIONS = Metric(
    "waiting_room_admissions_total",
    "counter",
    "Visitors let in: after a wait (claim) or with nobody before them (straight).",
    ("room", "way"),
)
REFUSALS = Metric("waiting_room_refusals_total", "counter", "Visitors refused, by reason code.", ("room", "reason"))
AUTHORIZATIONS = Metric(
    "waiting_room_authorizations_total",
    "counter",
    "Requests that proxies asked about, by the answer; bypass needs no pass, degraded passes because of an outage.",
    ("room", "outcome"),
)
LEAVES = Metric("waiting_room_leaves_total", "counter", "Visitors who gave their place or seat back.", ("room",))
SEATS_ENDED = Metric(
    "waiting_room_seats_ended_total",
    "counter",
    "Seats that became free: released after the order or on leaving, or expired.",
    ("room", "way"),
)
OVER_ADMISSIONS = Metric(
    "waiting_room_over_admissions_total", "counter", "Seats taken beyond the room's capacity; must stay 0.", ("room",)
)
CHECKINS_FLUSHED = Metric(
    "waiting_room_checkins_flushed_total", "counter", "Signs of life of waiting visitors written to Redis.", ("room",)
)
WAITING = Metric("waiting_room_waiting", "gauge", "Visitors who wait and are really there.", ("room",))
LANE_WAITING = Metric(
    "waiting_room_lane_waiting", "gauge", "Those of one lane who wait and are really there.", ("room", "lane")
)
CALLED = Metric("waiting_room_called", "gauge", "Called visitors who are still expected to come.", ("room",))
SEATS = Metric("waiting_room_seats", "gauge", "Seats taken now.", ("room",))
CAPACITY = Metric("waiting_room_capacity", "gauge", "Seats that the policy allows.", ("room",))
RATE_TARGET = Metric(
    "waiting_room_rate_target_per_second", "gauge", "Admissions per second that the room aims at now.", ("room",)
)
RATE_CEILING = Metric(
    "waiting_room_rate_ceiling_per_second", "gauge", "Admissions per second that the policy allows at most.", ("room",)
)
RATE_MODE = Metric(
    "waiting_room_rate_mode",
    "gauge",
    "Is 1 for what the rate follows now: the policy (fixed), the operator (overridden), the shop's health (following),"
    " nothing while the shop is down (holding), or the last that was known while no gate reports (silent).",
    ("room", "mode"),
)
INSIDE_LIMIT = Metric(
    "waiting_room_inside_limit", "gauge", "Visitors that may be inside by what an adaptive room has learnt.", ("room",)
)
SHOP_LATENCY = Metric(
    "waiting_room_shop_latency_seconds",
    "gauge",
    "What 95 of 100 answers of the shop stay below, over the last seconds, as its gates report.",
    ("room",),
)
SHOP_ERROR_SHARE = Metric(
    "waiting_room_shop_error_ratio", "gauge", "Share of the shop's answers that are errors, as above.", ("room",)
)
STOCK = Metric("waiting_room_stock", "gauge", "Units left to sell, where the shop tells.", ("room",))
ISSUED = Metric("waiting_room_issued", "gauge", "Numbers given out so far, in all lanes.", ("room",))
FRONTIER = Metric(
    "waiting_room_frontier", "gauge", "One more than the ranks that have been called, in all lanes.", ("room",)
)
NO_SHOW_RATIO = Metric(
    "waiting_room_no_show_ratio", "gauge", "Measured share of called visitors who do not come, 0 to 1.", ("room",)
)
PHASE = Metric("waiting_room_phase", "gauge", "Is 1 for the phase the room is in, 0 for the others.", ("room", "phase"))
MODE = Metric("waiting_room_mode", "gauge", "Is 1 for the mode the room is in, 0 for the others.", ("room", "mode"))
CROWDED = Metric(
    "waiting_room_crowded", "gauge", "Is 1 while a room in standby queues, 0 while everybody passes.", ("room",)
)
SHADOW_WAITED = Metric(
    "waiting_room_shadow_waited_total",
    "counter",
    "Visitors who would have waited while the room only watched.",
    ("room",),
)
SHADOW_WAITING = Metric(
    "waiting_room_shadow_waiting", "gauge", "Visitors who would wait now if the room did not only watch.", ("room",)
)
SHADOW_WAIT = Metric(
    "waiting_room_shadow_wait_seconds",
    "gauge",
    "How long the first of those who would wait now would have waited so far.",
    ("room",),
)
OUTAGE_MODE = Metric(
    "waiting_room_outage_mode",
    "gauge",
    "Is 1 for what the room does about Redis now: none (Redis answers), static, hold or open.",
    ("room", "mode"),
    merge="max",
)
EPOCH = Metric("waiting_room_epoch", "gauge", "The room's epoch; it changes when state was lost.", ("room",))
AUDIT_AGE = Metric(
    "waiting_room_audit_age_seconds",
    "gauge",
    "How long ago the last record of the admission log was written; up to a minute where nothing happens.",
    ("room",),
)
WAIT_SECONDS = Metric(
    "waiting_room_wait_seconds", "histogram", "Time from join to admission of those let in.", ("room",), WAIT_BUCKETS
)
ETA_ERROR_SECONDS = Metric(
    "waiting_room_eta_error_seconds",
    "histogram",
    "By how much the true wait until the turn lay outside the range that was shown; 0 when inside.",
    ("room",),
    ETA_ERROR_BUCKETS,
)
ETA_PROMISES = Metric(
    "waiting_room_eta_promises_total",
    "counter",
    "Ranges shown at joining, by what became of them: kept, or the turn came early or late.",
    ("room", "outcome"),
)
HTTP_REQUESTS = Metric(
    "waiting_room_http_requests_total", "counter", "HTTP requests answered by the service.", ("route", "code_class")
)
HTTP_REQUEST_DURATION = Metric(
    "waiting_room_http_request_duration_seconds",
    "histogram",
    "Time the service took to answer; claims may be held for their turn on purpose.",
    ("route",),
    HTTP_BUCKETS,
)
TOKEN_REFUSALS = Metric(
    "waiting_room_token_refusals_total", "counter", "Tickets, passes and visitor ids refused, by reason.", ("reason",)
)
REDIS_UP = Metric(
    "waiting_room_redis_up", "gauge", "Is 1 while every worker reaches Redis, 0 as soon as one does not.", merge="min"
)
REDIS_COMMAND_DURATION = Metric(
    "waiting_room_redis_command_duration_seconds", "histogram", "Round trips to Redis.", ("verb",), REDIS_BUCKETS
)
REDIS_ERRORS = Metric("waiting_room_redis_errors_total", "counter", "Failed round trips to Redis.", ("kind",))
SNAPSHOT_AGE = Metric(
    "waiting_room_snapshot_age_seconds",
    "gauge",
    "Age of the oldest snapshot that a worker answers polls from.",
    ("room",),
    merge="max",
)
CONTROLLER_LEADER = Metric(
    "waiting_room_controller_leader",
    "gauge",
    "Is 1 where this service's controller holds the room's lease.",
    ("room",),
    merge="max",
)
TICKS = Metric("waiting_room_ticks_total", "counter", "Steps of the controller, by outcome.", ("room", "outcome"))
WORKERS = Metric("waiting_room_workers", "gauge", "Worker processes that serve now.", merge="sum")
CPU_SECONDS = Metric("waiting_room_cpu_seconds_total", "counter", "Processor time used by all workers.")
EVENT_LOOP_LAG = Metric(
    "waiting_room_event_loop_lag_seconds", "histogram", "How late the event loop woke up.", (), LAG_BUCKETS
)

GATE_REQUESTS = Metric(
    "waiting_room_gate_requests_total", "counter", "Requests seen by the gate, by what it did.", ("room", "outcome")
)
GATE_CHECK_DURATION = Metric(
    "waiting_room_gate_check_duration_seconds", "histogram", "Time the gate added to a request.", (), CHECK_BUCKETS
)
GATE_REPORTS = Metric(
    "waiting_room_gate_reports_total", "counter", "Reports of the gate to the service.", ("room", "outcome")
)
GATE_SEATS_SEEN = Metric(
    "waiting_room_gate_seats_seen",
    "gauge",
    "Seats whose holders used the shop lately, by this gate.",
    ("room",),
    merge="sum",
)
GATE_SHOP_REQUEST_DURATION = Metric(
    "waiting_room_gate_shop_request_duration_seconds",
    "histogram",
    "Time the shop took for requests that the gate let through.",
    ("room",),
    SHOP_BUCKETS,
)
GATE_SHOP_REQUESTS = Metric(
    "waiting_room_gate_shop_requests_total",
    "counter",
    "Requests the gate let through to the shop; error means an answer of 500 or above, or none.",
    ("room", "outcome"),
)
GATE_SHOP_IN_FLIGHT = Metric(
    "waiting_room_gate_shop_in_flight", "gauge", "Requests that are inside the shop now.", ("room",), merge="sum"
)

REHEARSAL_ARRIVALS = Metric("waiting_room_rehearsal_arrivals_total", "counter", "Shoppers who started.", ("run",))
REHEARSAL_OUTCOMES = Metric(
    "waiting_room_rehearsal_outcomes_total",
    "counter",
    "Shoppers who ended, by how it went for them.",
    ("run", "outcome"),
)
REHEARSAL_SHOP_REQUESTS = Metric(
    "waiting_room_rehearsal_shop_requests_total", "counter", "Requests to the shop's own pages.", ("run", "outcome")
)
REHEARSAL_SHOP_REQUEST_DURATION = Metric(
    "waiting_room_rehearsal_shop_request_duration_seconds",
    "histogram",
    "Time of the shop's own pages, from the moment the request was meant to start.",
    ("run",),
    SHOP_BUCKETS,
)
REHEARSAL_START_LAG = Metric(
    "waiting_room_rehearsal_start_lag_seconds",
    "histogram",
    "How late shoppers started; the generator's honesty.",
    ("run",),
    LAG_BUCKETS,
)
REHEARSAL_IN_FLIGHT = Metric(
    "waiting_room_rehearsal_in_flight", "gauge", "Shoppers on their way now, waiting ones included.", ("run",)
)
REHEARSAL_WAITING = Metric("waiting_room_rehearsal_waiting", "gauge", "Shoppers in the waiting room now.", ("run",))
REHEARSAL_WAIT_DURATION = Metric(
    "waiting_room_rehearsal_wait_duration_seconds",
    "histogram",
    "Time from join to admission of shoppers who were let in.",
    ("run",),
    WAIT_BUCKETS,
)
REHEARSAL_ORDERS = Metric(
    "waiting_room_rehearsal_orders_total", "counter", "Orders whose number a shopper saw.", ("run",)
)

GROUPS: dict[str, tuple[Metric, ...]] = {
    "service": (
        BUILD_INFO, JOINS, JOINS_PUT_OFF, STATUS_POLLS, CLAIMS, ADMISSIONS, REFUSALS, LEAVES, AUTHORIZATIONS,
        SEATS_ENDED,
        OVER_ADMISSIONS, CHECKINS_FLUSHED, WAITING, LANE_WAITING, CALLED, SEATS, CAPACITY, RATE_TARGET, RATE_CEILING,
        RATE_MODE,
        INSIDE_LIMIT, SHOP_LATENCY, SHOP_ERROR_SHARE, STOCK, ISSUED, FRONTIER, NO_SHOW_RATIO,
        PHASE, MODE, CROWDED, SHADOW_WAITED, SHADOW_WAITING, SHADOW_WAIT,
        OUTAGE_MODE, EPOCH, AUDIT_AGE, WAIT_SECONDS, ETA_ERROR_SECONDS, ETA_PROMISES, HTTP_REQUESTS,
        HTTP_REQUEST_DURATION,
        TOKEN_REFUSALS, REDIS_UP, REDIS_COMMAND_DURATION, REDIS_ERRORS, SNAPSHOT_AGE, CONTROLLER_LEADER, TICKS, WORKERS,
        CPU_SECONDS, EVENT_LOOP_LAG,
    ),
    "gate": (
        GATE_REQUESTS, GATE_CHECK_DURATION, GATE_REPORTS, GATE_SEATS_SEEN, GATE_SHOP_REQUEST_DURATION,
        GATE_SHOP_REQUESTS, GATE_SHOP_IN_FLIGHT,
    ),
    "rehearsal": (
        REHEARSAL_ARRIVALS, REHEARSAL_OUTCOMES, REHEARSAL_SHOP_REQUESTS, REHEARSAL_SHOP_REQUEST_DURATION,
        REHEARSAL_START_LAG, REHEARSAL_IN_FLIGHT, REHEARSAL_WAITING, REHEARSAL_WAIT_DURATION, REHEARSAL_ORDERS,
    ),
}  # fmt: skip

METRICS: tuple[Metric, ...] = tuple(metric for group in GROUPS.values() for metric in group)

# What an unforeseen value of a set that holds it is counted as: a counter must never make a shopper's request fail.
OTHER = "other"

_STATES = ("waiting", "called", "admitted", "refused", "closed", "paused")
_REASONS = tuple(str(reason) for reason in Reason)
_TOKEN_REASONS = tuple(reason for reason in _REASONS if reason.startswith(("ticket_", "pass_")))
_ROUTES = (
    "page", "join", "status", "claim", "leave", "state", "authorize", "report", "command", "jwks", "admin", "health",
    "metrics", "static", OTHER,
)  # fmt: skip
_VERBS = (
    "join", "claim", "flush", "advance", "touch", "leave", "snapshot", "restore", "configure", "set_phase", "rooms",
    "lease", "ping", "observe", "override", "stock", "sell_out", OTHER,
)  # fmt: skip
_RUNS = ("capacity", "without_room", "with_room")

_CLOSED: dict[Metric, dict[str, tuple[str, ...]]] = {
    JOINS: {"outcome": ("new", "same", "straight", "refused")},
    STATUS_POLLS: {"state": _STATES},
    CLAIMS: {"outcome": ("admitted", "same", "not_yet", "refused")},
    ADMISSIONS: {"way": ("claim", "straight")},
    AUTHORIZATIONS: {"outcome": ("admitted", "bypass", "degraded", "wait", "refused", "error")},
    ETA_PROMISES: {"outcome": ("kept", "early", "late")},
    REFUSALS: {"reason": (*_REASONS, OTHER)},
    SEATS_ENDED: {"way": ("released", "expired")},
    PHASE: {"phase": tuple(str(phase) for phase in Phase)},
    MODE: {"mode": MODES},
    RATE_MODE: {"mode": RATE_MODES},
    OUTAGE_MODE: {"mode": ("none", "static", "hold", "open")},
    HTTP_REQUESTS: {"route": _ROUTES, "code_class": ("2xx", "3xx", "4xx", "5xx")},
    HTTP_REQUEST_DURATION: {"route": _ROUTES},
    TOKEN_REFUSALS: {"reason": (*_TOKEN_REASONS, OTHER)},
    REDIS_COMMAND_DURATION: {"verb": _VERBS},
    REDIS_ERRORS: {"kind": ("timeout", "refused", "busy", "read_only", "full", "circuit_open", "empty", OTHER)},
    TICKS: {"outcome": ("committed", "lost", "held", "failed")},
    GATE_REQUESTS: {
        "outcome": (
            "allowed", "straight", "sent_to_wait", "refused", "unprotected", "shadow", "failed_open", "failed_closed",
        ),
    },
    GATE_REPORTS: {"outcome": ("ok", "error")},
    GATE_SHOP_REQUESTS: {"outcome": ("ok", "error")},
    REHEARSAL_OUTCOMES: {
        "outcome": (
            "bought", "browsed", "gave_up_shop", "gave_up_waiting", "refused", "sold_out", "error", "unfinished",
        ),
    },
    REHEARSAL_SHOP_REQUESTS: {"outcome": ("ok", "error")},
}  # fmt: skip

# Labels whose values are known only at run time, and what bounds them all the same.
OPEN_LABELS: dict[str, str] = {
    "room": "the rooms that the operator configured",
    "lane": "the lanes that the room's settings name",
    "version": "one value per running release",
}


def label_values(metric: Metric, label: str) -> tuple[str, ...]:
    """
    Return every value that *label* of *metric* can take; empty where only the running process knows them.
    """
    if label == "run":
        return _RUNS
    return _CLOSED.get(metric, {}).get(label, ())
