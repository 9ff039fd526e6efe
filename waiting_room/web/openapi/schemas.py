"""
The shapes of bodies, as JSON Schema 2020-12.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from waiting_room import wire
from waiting_room.core.health import BOUNDS_MS, MOST_COUNTED
from waiting_room.core.names import NAME_PATTERN
from waiting_room.core.phase import MODES, Phase
from waiting_room.core.policy import OUTAGE_RULES
from waiting_room.core.reasons import Longer, Reason
from waiting_room.core.shop import MOST_STOCK
from waiting_room.gates.commands import VISIT_WORDS
from waiting_room.tokens import MAX_LENGTH, VERSION
from waiting_room.web.commands import COMMAND, PASS, STAGE, VISITOR
from waiting_room.web.problems import TYPE_PREFIX
from waiting_room.web.reports import MOST_MS, MOST_SEAT, SEAT_PATTERN, STAGES

Schema = dict[str, Any]

NULL: Final[Schema] = {"type": "null"}
TEXT: Final[Schema] = {"type": "string"}
FLAG: Final[Schema] = {"type": "boolean"}
SECONDS: Final[Schema] = {"type": "number", "minimum": 0}
WHOLE: Final[Schema] = {"type": "integer", "minimum": 0}
PLACE: Final[Schema] = {"type": "integer", "minimum": 1}
INSTANT_MS: Final[Schema] = {"type": "integer", "minimum": 0, "maximum": MOST_MS}
HASH: Final[Schema] = {"type": "string", "pattern": "^[0-9a-f]{64}$"}


def ref(name: str) -> Schema:
    """
    Return a reference to the schema *name*.
    """
    return {"$ref": f"#/components/schemas/{name}"}


def or_null(schema: Schema) -> Schema:
    """
    Return *schema*, or null.
    """
    return {"anyOf": [schema, NULL]}


def exactly(properties: Mapping[str, Schema], **more: Any) -> Schema:
    """
    Return an object that has all of *properties* and no other.
    """
    return {
        "type": "object",
        "required": list(properties),
        "properties": dict(properties),
        "additionalProperties": False,
        **more,
    }


def token(kind: str) -> Schema:
    """
    Return the shape of a signed text of one *kind*; only its signature proves it.
    """
    return {"type": "string", "maxLength": MAX_LENGTH, "pattern": rf"^{VERSION}\.{kind}\.[^.]+\.[\w-]+\.[\w-]+$"}


def seat_name() -> Schema:
    """
    Return the shape of a seat's name: its lane and its rank in there.
    """
    return {"type": "string", "maxLength": MOST_SEAT, "pattern": f"^{SEAT_PATTERN}$"}


_KEYS: Final[Mapping[str, Schema]] = MappingProxyType({
    "state": TEXT,
    "room": ref("RoomName"),
    "number": or_null({**PLACE, "description": "what the counter gave; it never changes"}),
    "position": or_null({**WHOLE, "description": "1 is next, 0 is called; it never goes up"}),
    "ahead": or_null({**WHOLE, "description": "how many are before: position − 1"}),
    "eta_low_s": or_null(SECONDS),
    "eta_high_s": or_null(SECONDS),
    "eta_reason": or_null(ref("Longer")),
    "next_poll_s": or_null({**SECONDS, "description": "when to ask again"}),
    "opens_in_s": or_null(SECONDS),
    "resumes_in_s": or_null(SECONDS),
    "reason": or_null(ref("Reason")),
    "message": or_null({**TEXT, "description": "the operator's words, or the reason in the visitor's language"}),
    "target": or_null({**TEXT, "description": "where to go on to, where the room has a page of its own for that"}),
    "visitor": or_null({**token("visitor"), "description": "where it is new"}),
    "ticket": or_null({**token("ticket"), "description": "where it is new"}),
    "pass": or_null({"type": "string", "minLength": 1, "maxLength": MAX_LENGTH}),
})  # fmt: skip
"""Every key of the visitor's answer, as it may be in any state."""


def _answer(state: str, description: str, reasons: tuple[Reason, ...], **stated: Schema) -> Schema:
    """
    Return the answer in one *state*: what is *stated* has the shape given, and nothing but its reason and tokens
    may be there besides.
    """
    free = {"room", "message", "target", "visitor", "ticket"}
    keys = {name: schema if name in free else NULL for name, schema in _KEYS.items()}
    keys |= {"state": {"const": state}, **stated}
    if reasons:
        keys["reason"] = {"enum": [reason.value for reason in reasons]}
    assert set(keys) == set(wire.KEYS)
    return exactly({name: keys[name] for name in wire.KEYS}, title=state.capitalize(), description=description)


_AWAY: Final = (Reason.RECOVERING, Reason.STORE_AWAY)
_NOUGHT: Final[Schema] = {"const": 0}


def answers() -> dict[str, Schema]:
    """
    Return the visitor's answer, and what it is in each state.
    """
    place = {name: _KEYS[name] for name in ("eta_low_s", "eta_high_s", "eta_reason")}
    return {
        "Waiting": _answer(
            "waiting", "Others are before the visitor.", (Reason.QUEUE_WAIT, *_AWAY),
            **place, number=PLACE, position=PLACE, ahead=WHOLE, next_poll_s=SECONDS,
        ),
        "Early": _answer(
            "waiting", "The room is not open yet, and the draw will give the position.",
            (Reason.PREQUEUE, Reason.ROOM_PAUSED, *_AWAY),
            number=PLACE, next_poll_s=SECONDS, opens_in_s=or_null(SECONDS),
        ),
        "Called": _answer(
            "called", "It is the visitor's turn: claim now.",
            (Reason.YOUR_TURN, Reason.SEATS_FULL, Reason.RATE_REACHED, *_AWAY),
            number=PLACE, position=_NOUGHT, ahead=_NOUGHT, eta_low_s=_NOUGHT, eta_high_s=_NOUGHT, next_poll_s=SECONDS,
        ),
        "Admitted": _answer("admitted", "The visitor may go in.", (), number=PLACE, **{"pass": _KEYS["pass"]}),
        "Paused": _answer(
            "paused", "Nobody is let in for the moment; the place is kept, where there is one.",
            (Reason.ROOM_PAUSED, Reason.TECHNICAL_BREAK, *_AWAY),
            number=_KEYS["number"], position=_KEYS["position"], ahead=_KEYS["ahead"],
            next_poll_s=SECONDS, resumes_in_s=or_null(SECONDS),
        ),
        "Closed": _answer(
            "closed", "The room is closed, perhaps until an opening that is known.",
            (Reason.ROOM_CLOSED, Reason.SOLD_OUT), opens_in_s=or_null(SECONDS),
        ),
        "Answer": {
            "title": "Answer",
            "description": "The same keys in every state; those that do not apply are null.",
            "oneOf": [ref(name) for name in ("Waiting", "Early", "Called", "Admitted", "Paused", "Closed")],
        },
        "Left": exactly({"state": {"const": "left"}, "room": ref("RoomName")}),
    }  # fmt: skip


def problems() -> dict[str, Schema]:
    """
    Return the problem document (RFC 9457), and the one of a visitor who is refused, which bears the answer as well.
    """
    fault = exactly({"where": TEXT, "what": TEXT, "remedy": TEXT})
    problem: dict[str, Schema] = {
        "type": {"type": "string", "format": "uri", "pattern": f"^{TYPE_PREFIX}[a-z_]+$"},
        "title": TEXT,
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": TEXT,
        "reason": {"type": "string", "pattern": "^[a-z_]+$"},
        "room": or_null(TEXT),
    }
    refused = {**_KEYS, **problem, "state": {"const": "refused"}, "reason": ref("Reason")}
    nothing = {name: NULL for name in _KEYS if name.startswith(("eta", "opens", "resumes")) or name == "pass"}
    places = dict.fromkeys(("number", "position", "ahead"), NULL)
    return {
        "Fault": fault,
        "Problem": exactly(problem),
        "Refused": exactly({**refused, **nothing, **places}, description="The visitor's answer, as a problem."),
        "Incident": exactly({**problem, "incident": {"type": "string", "pattern": "^[0-9a-f]{8}$"}}),
        "Faulty": exactly({**problem, "faults": {"type": "array", "minItems": 1, "items": ref("Fault")}}),
        "SentToWait": exactly({**problem, "waiting_room_url": {**TEXT, "description": "the waiting page"}}),
    }


def public_state() -> dict[str, Schema]:
    """
    Return what anybody may know of a room.
    """
    lane = {"waiting": WHOLE, "frontier": PLACE, "issued": WHOLE}
    drawn = {"type": "object", "additionalProperties": exactly({"first": PLACE, "size": WHOLE})}
    draw = {
        "commitment": HASH,
        "beacon_source": or_null(TEXT),
        "drawn_at_ms": or_null(INSTANT_MS),
        "seed": or_null({"type": "string", "pattern": "^[0-9a-f]+$"}),
        "beacon": or_null(TEXT),
        "lanes": or_null(drawn),
    }
    state = {
        "room": ref("RoomName"),
        "phase": ref("Phase"),
        "mode": {"enum": list(MODES)},
        "rate_per_minute": WHOLE,
        "capacity": WHOLE,
        "seats": WHOLE,
        **lane,
        "lanes": {"type": "object", "additionalProperties": exactly(lane)},
        "admitted_total": WHOLE,
        "sold_out": FLAG,
        "message": TEXT,
        "opens_in_s": or_null(SECONDS),
        "resumes_in_s": or_null(SECONDS),
        "audit_head": {"type": "string", "pattern": "^[0-9]+:[0-9a-f]{64}$"},
        "draws": {"type": "array", "items": ref("Draw")},
        "as_of_ms": INSTANT_MS,
    }
    return {"PublicState": exactly(state), "Draw": exactly(draw)}


def reports() -> dict[str, Schema]:
    """
    Return what a gate reports, and what it hears.
    """
    counted = {"type": "integer", "minimum": 0, "maximum": MOST_COUNTED}
    sums = dict.fromkeys(("window_ms", "requests", "errors", "in_flight", "latency_ms_sum"), counted)
    health = {**sums, "latency_buckets": exactly({str(bound): counted for bound in BOUNDS_MS})}
    seats = {"type": "object", "propertyNames": ref("Seat")}
    report = {
        "gate": {**TEXT, "description": "what the gate calls itself"},
        "touched": {**seats, "additionalProperties": INSTANT_MS, "description": "seats in use: their hard ends, in ms"},
        "stages": {**seats, "additionalProperties": {"enum": list(STAGES)}},
        "released": {"type": "array", "items": ref("Seat"), "description": "seats whose visit is over"},
        "revoked_version": {**TEXT, "description": "the one that was answered last"},
        "health": {"anyOf": [ref("Health"), {"type": "object", "maxProperties": 0}]},
        "stock": or_null({"type": "integer", "minimum": 0, "maximum": MOST_STOCK}),
        "sold_out": FLAG,
    }
    until = {"until_ms": INSTANT_MS}
    revoked = {"oneOf": [exactly({"seat": ref("Seat"), **until}), exactly({"visitor": TEXT, **until})]}
    answer = {
        "phase": ref("Phase"),
        "straight": {**FLAG, "description": "a newcomer would go straight in"},
        "gone": {"type": "array", "items": ref("Seat"), "description": "touched seats that are no longer held"},
        "now_ms": INSTANT_MS,
        "degraded": {**FLAG, "description": "Redis is away: this is what was known last"},
        "shadow": {**FLAG, "description": "the room only watches"},
        "on_redis_outage": {"enum": list(OUTAGE_RULES)},
        "payment_cap_s": SECONDS,
        "revoked_version": TEXT,
        "revoked": or_null({"type": "array", "items": revoked}),
    }
    rising = "Buckets count the answers up to each bound in ms: they rise up to requests; errors are among them."
    return {
        "Health": {"type": "object", "required": list(health), "properties": health, "description": rising},
        "Report": {
            "type": "object",
            "properties": report,
            "description": "What a newer gate says besides is passed over.",
        },
        "ReportAnswer": exactly(answer),
    }


def commands() -> dict[str, Schema]:
    """
    Return what the server of a shop behind a proxy says of a visit, and hears.
    """
    given = {**TEXT, "description": "the cookie of the visitor's request as it came; without one, nothing or empty"}
    command = {COMMAND: {"enum": list(VISIT_WORDS)}, **dict.fromkeys((PASS, VISITOR, STAGE), given)}
    answer = {
        "room": ref("RoomName"),
        "command": {"enum": list(VISIT_WORDS)},
        "seat": ref("Seat"),
        "stage": or_null({**TEXT, "description": "for clients without cookies"}),
        "set_cookie": {"type": "array", "items": TEXT, "description": "to be sent on, each as a header `Set-Cookie`"},
    }
    sent = {"type": "object", "required": [COMMAND], "properties": command, "additionalProperties": False}
    return {"Command": sent, "CommandAnswer": exactly(answer)}


def key_set() -> dict[str, Schema]:
    """
    Return a JSON Web Key Set (RFC 7517) of keys that are on curves.
    """
    key = {
        **{name: {"type": "string", "minLength": 1} for name in ("kty", "crv", "x", "kid")},
        "use": {"const": "sig"},
        "alg": {"enum": ["EdDSA", "ES256"]},
    }
    shape = {"type": "object", "required": list(key), "properties": {**key, "y": TEXT}}
    return {"KeySet": exactly({"keys": {"type": "array", "items": shape}})}


def words() -> dict[str, Schema]:
    """
    Return the names and codes.
    """
    return {
        "RoomName": {"type": "string", "pattern": f"^{NAME_PATTERN}$", "examples": ["spring-sale"]},
        "Seat": seat_name(),
        "Phase": {"enum": [phase.value for phase in Phase]},
        "Reason": {"enum": [reason.value for reason in Reason]},
        "Longer": {
            "enum": [longer.value for longer in Longer],
            "description": "why waits have become longer within the last minutes",
        },
    }


def every() -> dict[str, Schema]:
    """
    Return all schemas by name.
    """
    return words() | answers() | problems() | public_state() | reports() | commands() | key_set()
