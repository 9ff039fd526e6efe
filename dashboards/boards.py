"""
The three dashboards: what stands on each, in the order in which one looks at it.

Rows follow two habits: what serves people is described by rate, errors and duration; what works for it by
utilization, saturation and errors.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dashboards import queries as q
from dashboards.panels import ORANGE, RED, Panel, Row
from dashboards.queries import Query, level, quantile, rate, share, total, within
from waiting_room.telemetry import catalog as c


@dataclass(frozen=True, slots=True)
class Variable:
    """
    Let the reader choose values of *label*, as *metric* has them.
    """

    label: str
    metric: c.Metric


@dataclass(frozen=True, slots=True)
class Board:
    """
    Name a dashboard; its *uid* is what links point to and never changes.
    """

    uid: str
    title: str
    description: str
    rows: Sequence[Row]
    variable: Variable


def _percentiles(metric: c.Metric, *, by: str = "room", selector: str = q.ROOM) -> list[Query]:
    name = f"{{{{{by}}}}} "
    return [quantile(metric, p, f"{name}p{p * 100:g}", by=by, selector=selector) for p in (0.5, 0.95, 0.99)]


_AT_A_GLANCE: Final = Row(
    "At a glance",
    [
        Panel("Waiting", "Visitors who wait and are really there; ghosts are not counted.",
              [level(c.WAITING, "{{room}}")], kind="stat", width=4),
        Panel("Seats in use", "Share of the room's seats that are taken. Near 100 % the room admits as others leave.",
              [q.SEATS_USED], "percentunit", kind="stat", width=4, zoom_to=1),
        Panel("Admitted per minute", "Visitors let into the shop.",
              [rate(c.ADMISSIONS, "{{room}}", per="minute")], kind="stat", width=4),
        Panel("A newcomer would wait", "People waiting divided by the rate aimed at; rough while seats are the limit.",
              [q.EXPECTED_WAIT], "s", kind="stat", width=4, steps=((900, ORANGE), (3600, RED))),
        Panel("Open", "Whether the room is open; anything else keeps newcomers or those who wait from moving.",
              [level(c.PHASE, "{{room}}", extra='phase="open"')], kind="stat", width=4,
              steps=((0, ORANGE), (1, "green")), words={0: "not open", 1: "open"}),
        Panel("Over-admissions", "Seats taken beyond capacity. Must be 0, always.",
              [Query(f"sum by (room) (increase({c.OVER_ADMISSIONS.name}{{{q.ROOM}}}[$__range]))", "{{room}}")],
              kind="stat", width=4, steps=((1, RED),)),
    ],
)  # fmt: skip

_VISITORS: Final = Row(
    "Visitors",
    [
        Panel("Waiting and called", "How long the queue is, and how many of those called are still expected to come.",
              [level(c.WAITING, "{{room}} waiting"), level(c.CALLED, "{{room}} called")]),
        Panel("Waiting by lane", "Where the queue stands, in a room with several lanes.",
              [level(c.LANE_WAITING, "{{room}} {{lane}}", by="room, lane")], stacked=True),
        Panel("Seats", "Taken seats under the line of what the policy allows.",
              [level(c.SEATS, "{{room}} taken"), level(c.CAPACITY, "{{room}} capacity")]),
        Panel("Admissions per minute", "What the room aims at, and what it does. They part when seats are the limit.",
              [rate(c.ADMISSIONS, "{{room}} {{way}}", by="room, way", per="minute"), q.TARGET_PER_MINUTE]),
        Panel("Waited", "Time from join to admission, of those let in.",
              _percentiles(c.WAIT_SECONDS), "s"),
        Panel("Joins", "New places, the same place asked for again, straight through, refused, put off by the address.",
              [rate(c.JOINS, "{{room}} {{outcome}}", by="room, outcome"),
               rate(c.JOINS_PUT_OFF, "{{room}} put off")], "reqps", stacked=True),
        Panel("Refusals", "By the reason that the visitor was told.",
              [rate(c.REFUSALS, "{{room}} {{reason}}", by="room, reason")], "reqps"),
        Panel("Estimate within a minute", "Share of admissions whose wait was at most 60 s outside the range shown.",
              [within(c.ETA_ERROR_SECONDS, "60.0", "{{room}}")], "percentunit", zoom_to=1),
        Panel("Estimates kept", "What became of the ranges shown at joining; four of five are meant to be kept.",
              [rate(c.ETA_PROMISES, "{{room}} {{outcome}}", by="room, outcome")], "reqps", stacked=True),
        Panel("Numbers not yet called", "Last number given out minus the frontier; ghosts included.",
              [q.UNCALLED]),
        Panel("Called and did not come", "The measured share of no-shows, which the pacing allows for.",
              [level(c.NO_SHOW_RATIO, "{{room}}")], "percentunit", zoom_to=1),
        Panel("Left on their own", "Places and seats given back by their holders.",
              [rate(c.LEAVES, "{{room}}", per="minute")]),
        Panel("Seats ended per minute", "Released after the order or on leaving, or expired. Many expired seats mean"
              " that shoppers do not get done in time.",
              [rate(c.SEATS_ENDED, "{{room}} {{way}}", by="room, way", per="minute")]),
        Panel("Phase", "1 for the phase the room is in.",
              [level(c.PHASE, "{{room}} {{phase}}", by="room, phase")], zoom_to=1),
        Panel("Mode", "1 for the mode the room is in; a room in standby that queues is crowded.",
              [level(c.MODE, "{{room}} {{mode}}", by="room, mode"), level(c.CROWDED, "{{room}} crowded")], zoom_to=1),
    ],
)  # fmt: skip

_SHOP: Final = Row(
    "The shop behind",
    [
        Panel("Shop requests", "Requests that the gate let through.",
              [rate(c.GATE_SHOP_REQUESTS, "{{room}} {{outcome}}", by="room, outcome")], "reqps", stacked=True),
        Panel("Shop errors", "Share of the shop's answers of 500 or above, or none, over a minute.",
              [q.SHOP_ERROR_RATIO], "percentunit", steps=((0.02, RED),)),
        Panel("Shop latency", "How long the shop took. When it rises with the seats in use, the capacity is too high.",
              _percentiles(c.GATE_SHOP_REQUEST_DURATION), "s"),
        Panel("Shop p95 over a minute", "The figure that ShopSlow looks at.",
              [q.SHOP_P95], "s", steps=((1, RED),)),
        Panel("Requests inside the shop", "In flight now, over all gates.",
              [total(c.GATE_SHOP_IN_FLIGHT, "{{room}}")]),
    ],
)  # fmt: skip

_ADAPTATION: Final = Row(
    "Adaptive admission",
    [
        Panel("Rate in force", "Admissions per minute that the room aims at, below what the policy allows.",
              [q.TARGET_PER_MINUTE, q.CEILING_PER_MINUTE]),
        Panel("What the rate follows", "1 for what it is: the policy (fixed), the operator (overridden), the shop's"
              " health (following), nothing while the shop is down (holding), the last known while no gate reports"
              " (silent).",
              [level(c.RATE_MODE, "{{room}} {{mode}}", by="room, mode")], zoom_to=1),
        Panel("Shop p95 as the room sees it", "Over the last seconds, by the gates' reports.",
              [level(c.SHOP_LATENCY, "{{room}}")], "s", steps=((1, RED),)),
        Panel("Shop errors as the room sees them", "Share of answers; above a half the shop counts as down.",
              [level(c.SHOP_ERROR_SHARE, "{{room}}")], "percentunit", steps=((0.02, ORANGE), (0.5, RED))),
        Panel("Inside, and how many may be", "Seats in use under the limit that an adaptive room has learnt.",
              [level(c.SEATS, "{{room}} inside"), level(c.INSIDE_LIMIT, "{{room}} limit")]),
        Panel("Stock", "Units left to sell, where the shop tells.", [level(c.STOCK, "{{room}}")]),
    ],
)  # fmt: skip

_SHADOW: Final = Row(
    "In shadow: what a queue would have done",
    [
        Panel("Would wait now", "Visitors who would wait if the room did not only watch.",
              [level(c.SHADOW_WAITING, "{{room}}")]),
        Panel("Would have waited so far", "How long the first of those who would wait now would have waited.",
              [level(c.SHADOW_WAIT, "{{room}}")], "s"),
        Panel("Would have waited, per minute", "Visitors who could not have gone in at once.",
              [rate(c.SHADOW_WAITED, "{{room}}", per="minute")]),
    ],
)  # fmt: skip

THE_DAY: Final = Board(
    uid="waiting-room-day",
    title="Waiting room: the day",
    description="For the person on duty during a promotion: is the queue moving, and is the shop well?",
    rows=(_AT_A_GLANCE, _VISITORS, _SHOP, _ADAPTATION, _SHADOW),
    variable=Variable("room", c.CAPACITY),
)

_GATE: Final = Row(
    "Gate: rate, errors, duration",
    [
        Panel("What the gate does", "Requests at the shop's door by outcome.",
              [rate(c.GATE_REQUESTS, "{{room}} {{outcome}}", by="room, outcome")], "reqps", stacked=True),
        Panel("What proxies were answered", "Requests that proxies asked about, by the answer.",
              [rate(c.AUTHORIZATIONS, "{{room}} {{outcome}}", by="room, outcome")], "reqps", stacked=True),
        Panel("Let in or kept out because the service was away", "failed_open lets everybody in, failed_closed nobody"
              " without a pass.",
              [rate(c.GATE_REQUESTS, "{{room}} {{outcome}}", by="room, outcome",
                    extra='outcome=~"failed_open|failed_closed"')], "reqps"),
        Panel("Time that the gate adds", "An offline check takes microseconds; straight through asks the service.",
              [quantile(c.GATE_CHECK_DURATION, 0.5, "p50", by=""), quantile(c.GATE_CHECK_DURATION, 0.99, "p99", by="")],
              "s"),
        Panel("Reports to the service", "Each gate reports about once a second: seats in use, the shop's health.",
              [rate(c.GATE_REPORTS, "{{room}} {{outcome}}", by="room, outcome")], "reqps"),
        Panel("Seats that gates see", "Holders who used the shop lately, next to the seats the room counts.",
              [total(c.GATE_SEATS_SEEN, "{{room}} seen"), level(c.SEATS, "{{room}} counted")]),
    ],
)  # fmt: skip

_SERVICE: Final = Row(
    "Service: rate, errors, duration",
    [
        Panel("Requests", "By route.", [rate(c.HTTP_REQUESTS, "{{route}}", by="route")], "reqps", stacked=True),
        Panel("Answers of 500 and above", "Share by route. No visitor should ever see one.",
              [share(c.HTTP_REQUESTS, 'code_class="5xx"', "{{route}}", by="route")], "percentunit"),
        Panel("Duration p99", "By route; claim may be held on purpose until its turn in the rate.",
              [quantile(c.HTTP_REQUEST_DURATION, 0.99, "{{route}}", by="route")], "s"),
        Panel("Status polls", "By the state that was told.",
              [rate(c.STATUS_POLLS, "{{room}} {{state}}", by="room, state")], "reqps", stacked=True),
        Panel("Claims", "not_yet means: come again in a moment.",
              [rate(c.CLAIMS, "{{room}} {{outcome}}", by="room, outcome")], "reqps"),
        Panel("Refused tokens", "A rise of invalid ones means forgery, or keys that differ between servers.",
              [rate(c.TOKEN_REFUSALS, "{{reason}}", by="reason")], "reqps"),
    ],
)  # fmt: skip

_ENGINE: Final = Row(
    "Engine: utilization, saturation, errors",
    [
        Panel("Redis", "Whether every worker reaches Redis.", [Query(f"min({c.REDIS_UP.name})", "Redis")],
              kind="stat", width=4, steps=((0, RED), (1, "green")), words={0: "down", 1: "up"}),
        Panel("Workers", "Processes that serve.", [total(c.WORKERS, "{{instance}}", by="instance")],
              kind="stat", width=4),
        Panel("Version", "Two at a time only while rolling out.",
              [Query(f"count by (version) ({c.BUILD_INFO.name})", "{{version}}")], kind="stat", width=4),
        Panel("Without Redis", "What the room does meanwhile; open lets everybody in.",
              [level(c.OUTAGE_MODE, "{{room}} {{mode}}", by="room, mode", extra='mode!="none"')],
              kind="stat", width=4, steps=((1, RED),), words={0: "no", 1: "in force"}),
        Panel("Leader", "Which instance's controller moves the room.",
              [level(c.CONTROLLER_LEADER, "{{room}} {{instance}}", by="room, instance")], kind="stat", width=4),
        Panel("Epoch", "Changes when Redis came back without its data.", [level(c.EPOCH, "{{room}}")],
              kind="stat", width=4),
        Panel("Processor per worker", "A worker can use one core; above 0.9 it is full: add workers.",
              [q.CPU_PER_WORKER], "percentunit", steps=((0.9, RED),)),
        Panel("Event loop lag", "How late a worker turns to the next visitor.",
              [quantile(c.EVENT_LOOP_LAG, 0.5, "p50", by=""), quantile(c.EVENT_LOOP_LAG, 0.99, "p99", by="")],
              "s", steps=((0.1, RED),)),
        Panel("Snapshot age", "How old the knowledge is that polls are answered from; about a second is normal.",
              [level(c.SNAPSHOT_AGE, "{{room}}")], "s", steps=((5, RED),)),
        Panel("Admission log", "How old its last record is; above a minute and a half nobody writes it.",
              [level(c.AUDIT_AGE, "{{room}}")], "s", steps=((90, RED),)),
        Panel("Redis round trips", "By verb.",
              [Query(f"sum by (verb) (rate({c.REDIS_COMMAND_DURATION.name}_count[{q.WINDOW}]))", "{{verb}}")], "reqps"),
        Panel("Redis round trip p99", "By verb.",
              [quantile(c.REDIS_COMMAND_DURATION, 0.99, "{{verb}}", by="verb")], "s"),
        Panel("Redis errors", "By kind.", [rate(c.REDIS_ERRORS, "{{kind}}", by="kind")], "reqps"),
        Panel("Ticks", "committed moves the queue; lost: another controller was faster; held: it must not move now.",
              [rate(c.TICKS, "{{room}} {{outcome}}", by="room, outcome")]),
        Panel("Signs of life written", "Check-ins of waiting visitors that reached Redis.",
              [rate(c.CHECKINS_FLUSHED, "{{room}}")]),
    ],
)  # fmt: skip

ENGINE: Final = Board(
    uid="waiting-room-engine",
    title="Waiting room: gate and engine",
    description="For whoever looks for a cause: the gate, the service, Redis and the controller.",
    rows=(_GATE, _SERVICE, _ENGINE),
    variable=Variable("room", c.CAPACITY),
)

_RUN_VISITORS: Final = Row(
    "Shoppers",
    [
        Panel("Arrivals", "Shoppers who start, by the clock, whether or not earlier ones are done.",
              [rate(c.REHEARSAL_ARRIVALS, "{{run}}", by="run", selector=q.RUN)], "reqps"),
        Panel("On their way", "Shoppers who have started and not ended.",
              [level(c.REHEARSAL_IN_FLIGHT, "{{run}} all", by="run", selector=q.RUN),
               level(c.REHEARSAL_WAITING, "{{run}} waiting", by="run", selector=q.RUN)]),
        Panel("How it ended", "Shoppers by outcome, so far.",
              [Query(f"sum by (run, outcome) ({c.REHEARSAL_OUTCOMES.name}{{{q.RUN}}})", "{{run}} {{outcome}}")]),
        Panel("Orders", "Orders per second whose number a shopper saw.",
              [rate(c.REHEARSAL_ORDERS, "{{run}}", by="run", selector=q.RUN)], "reqps"),
        Panel("Waited in the room", "Time from join to admission.",
              _percentiles(c.REHEARSAL_WAIT_DURATION, by="run", selector=q.RUN), "s"),
    ],
)  # fmt: skip

_RUN_SHOP: Final = Row(
    "The shop under test",
    [
        Panel("Requests", "To the shop's own pages.",
              [rate(c.REHEARSAL_SHOP_REQUESTS, "{{run}} {{outcome}}", by="run, outcome", selector=q.RUN)],
              "reqps", stacked=True),
        Panel("Errors", "Share of requests that failed or timed out; the limit with a room is 1 %.",
              [share(c.REHEARSAL_SHOP_REQUESTS, 'outcome="error"', "{{run}}", by="run", selector=q.RUN)],
              "percentunit", steps=((0.01, RED),)),
        Panel("Latency", "From the moment the request was meant to start, so a stalled generator hides nothing.",
              _percentiles(c.REHEARSAL_SHOP_REQUEST_DURATION, by="run", selector=q.RUN), "s", steps=((1, RED),)),
    ],
)  # fmt: skip

_RUN_GENERATOR: Final = Row(
    "The generator's honesty",
    [
        Panel("Start lag p99", "How late shoppers started. Above 50 ms the rehearsal is invalid.",
              [quantile(c.REHEARSAL_START_LAG, 0.99, "{{run}}", by="run", selector=q.RUN)], "s",
              steps=((0.05, RED),), width=12),
        Panel("Started within 50 ms", "Share of arrivals.",
              [within(c.REHEARSAL_START_LAG, "0.05", "{{run}}", by="run", selector=q.RUN)], "percentunit", width=12,
              zoom_to=1),
    ],
)  # fmt: skip

REHEARSAL: Final = Board(
    uid="waiting-room-rehearsal",
    title="Waiting room: rehearsal",
    description="A rehearsal while it runs: the shoppers, the shop under test, and whether the generator kept up.",
    rows=(_RUN_VISITORS, _RUN_SHOP, _RUN_GENERATOR),
    variable=Variable("run", c.REHEARSAL_ARRIVALS),
)

BOARDS: Final = (THE_DAY, ENGINE, REHEARSAL)
