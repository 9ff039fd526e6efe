"""
What a gate says to the room service and hears from it: a report a second, and now and then a newcomer's join.

No I/O: an engine carries each `Call` there and its `Reply` back.
"""

import json
import logging
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final, NamedTuple

from waiting_room import wire
from waiting_room.gates.ledger import Batch, Ledger, read_answer
from waiting_room.gates.meters import Meters
from waiting_room.gates.settings import GateSettings
from waiting_room.tokens import GateCredential, Keyring

CREDENTIAL_MS: Final = 60_000
REPORT_TIME_OUT_S: Final = 2.0
"""A report may take longer than a visitor's request; the next one starts when it has ended."""
SETTLE_S: Final = 0.05
"""So long a report that cannot wait still waits for others like it: at most some twenty a second."""
LAST_REPORTS: Final = 10
"""As many as a shop that is stopped sends at the most, when one does not hold all seats."""
ANSWER_BYTES: Final = 1 << 20
SLOW_ANSWER_MS: Final = 1_000

_log = logging.getLogger(__name__)

_KEYS: Final = "; has the gate the same secret keys as the service, and are both clocks right?"
_REMEDIES: Final = {
    400: _KEYS,
    401: _KEYS,
    403: _KEYS,
    404: "; is there a room of this name, and is service_url the service's?",
}


class Call(NamedTuple):
    """
    Hold what is to be sent to the service, and how long that may take.
    """

    url: str
    headers: Mapping[str, str]
    body: bytes
    time_out_s: float
    method: str = "POST"


class Reply(NamedTuple):
    """
    Hold what came back: *date* is the header of this name; *body* counts with status 200 only.
    """

    status: int
    date: str
    body: bytes


class Line:
    """
    Keep one gate's side of its talk with the room service; the ledger is told what was heard.
    """

    def __init__(self, settings: GateSettings, keyring: Keyring, ledger: Ledger, meters: Meters) -> None:
        self._settings = settings
        self._keyring = keyring
        self._ledger = ledger
        self._meters = meters
        # Of this process: where a server forks its workers, each makes its own line.
        self._name = secrets.token_hex(8)
        self._clock_ahead_ms = 0
        self._sent_ms = 0
        self._complaint = ""
        base = settings.service_url.rstrip("/") + wire.PREFIX
        self._join_url = f"{base}/{settings.room}/join"
        self._report_url = f"{base}/gate/{settings.room}/report"

    @property
    def has_more(self) -> bool:
        """
        Tell whether another report is worth sending now: the last one was heard, and seats still wait to be told.
        """
        return not self._complaint and self._ledger.pending > 0

    def now_ms(self) -> int:
        """
        Return the time of the service's clock, by which passes end.
        """
        return _wall_ms() + self._clock_ahead_ms

    def join_call(self, headers: Mapping[str, str]) -> Call:
        """
        Return the join of the visitor whom *headers* name, with the time-out for joins.
        """
        return Call(self._join_url, {"Accept": "application/json", **headers}, b"", self._settings.join_time_out_s)

    def take(self) -> Batch:
        """
        Take out of the ledger what the next report shall carry.
        """
        return self._ledger.take(tick_ms())

    def report_call(self, batch: Batch) -> Call:
        """
        Return the report that carries *batch*, to be posted at once.
        """
        self._sent_ms = _wall_ms()
        credential = GateCredential(self._settings.room, self._name, self.now_ms() + CREDENTIAL_MS)
        headers = {
            "Accept": "application/json",
            "Authorization": f"Bearer {self._keyring.sign(credential)}",
            "Content-Type": "application/json",
        }
        return Call(self._report_url, headers, json.dumps(batch.body(self._name)).encode(), REPORT_TIME_OUT_S)

    def read(self, call: Call, reply: Reply) -> Any:
        """
        Return the document that *reply* brings; raises `ValueError` where it brings none.
        """
        if reply.status != HTTPStatus.OK:
            self._set_clock_roughly(reply.date)
            raise ValueError(f"{call.url} answered {reply.status}{_REMEDIES.get(reply.status, '')}")
        if len(reply.body) > ANSWER_BYTES:
            raise ValueError(f"{call.url} answered more than {ANSWER_BYTES} bytes")
        return json.loads(reply.body)

    def heard(self, batch: Batch, call: Call, reply: Reply) -> None:
        """
        Take over what the service answered to the report of *batch*; raises `ValueError` where that is no answer.
        """
        answer = read_answer(self.read(call, reply))
        if not answer.degraded:
            self._set_clock(answer.now_ms)
        self._ledger.heard(batch, answer, self.now_ms())
        self._complain("")
        self.tell_levels()

    def unheard(self, batch: Batch, error: Exception) -> None:
        """
        Keep *batch* for the next report, and log *error* if it is the first in a row.
        """
        self._ledger.put_back(batch)
        self._complain(said(error))
        self.tell_levels()

    def broken_off(self, batch: Batch) -> None:
        """
        Keep *batch* for the next report: this one was given up before its answer came.
        """
        self._ledger.put_back(batch)

    def tell_levels(self) -> None:
        """
        Tell the meters what is so at this moment.
        """
        self._meters.levels(self._ledger.seats_seen, self._ledger.in_flight)

    def _set_clock(self, service_ms: int) -> None:
        # The answer's time is taken as that of half way there and back; a slow answer tells too little.
        received_ms = _wall_ms()
        if 0 <= received_ms - self._sent_ms < SLOW_ANSWER_MS:
            self._clock_ahead_ms = service_ms - (self._sent_ms + received_ms) // 2

    def _set_clock_roughly(self, date: str) -> None:
        # A credential made by a clock that is minutes behind is over before it arrives; the refusal tells the time.
        with suppress(ValueError):
            service_ms = round(parsedate_to_datetime(date).timestamp() * 1000)
            if abs(service_ms - self.now_ms()) > CREDENTIAL_MS // 2:
                self._clock_ahead_ms = service_ms - _wall_ms()

    def _complain(self, complaint: str) -> None:
        self._meters.reported(error=bool(complaint))
        if complaint and not self._complaint:
            _log.warning("the room service cannot be told of seats; they are kept for the next report: %s", complaint)
        elif self._complaint and not complaint:
            _log.warning("the room service answers again")
        self._complaint = complaint


def said(error: BaseException) -> str:
    """
    Return what *error* is and says, for the log.
    """
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def tick_ms() -> int:
    """
    Return the time of a clock that is never set.
    """
    return time.monotonic_ns() // 1_000_000


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000
