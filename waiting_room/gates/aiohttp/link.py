"""
What a gate says to the room service and hears from it: a report a second, and now and then a newcomer's join.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final

import aiohttp
from aiohttp import hdrs, web

from waiting_room import wire
from waiting_room.gates.ledger import Ledger, read_answer
from waiting_room.gates.meters import Meters
from waiting_room.gates.settings import GateSettings
from waiting_room.tokens import GateCredential, Keyring

CREDENTIAL_MS: Final = 60_000
REPORT_TIME_OUT_S: Final = 2.0
"""A report may take longer than a visitor's request; the next one starts when it has ended."""
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


class ServiceLink:
    """
    Keep one gate's line to the room service open while the shop runs; the ledger is told what was heard.
    """

    def __init__(self, settings: GateSettings, keyring: Keyring, ledger: Ledger, meters: Meters, name: str) -> None:
        self._settings = settings
        self._keyring = keyring
        self._ledger = ledger
        self._meters = meters
        self._name = name
        self._session: aiohttp.ClientSession | None = None
        self._clock_ahead_ms = 0
        self._complaint = ""
        base = settings.service_url.rstrip("/") + wire.PREFIX
        self._join_url = f"{base}/{settings.room}/join"
        self._report_url = f"{base}/gate/{settings.room}/report"

    def now_ms(self) -> int:
        """
        Return the time of the service's clock, by which passes end.
        """
        return time.time_ns() // 1_000_000 + self._clock_ahead_ms

    async def join(self, headers: Mapping[str, str]) -> Any:
        """
        Return the service's answer to the join of the visitor whom *headers* name, within the time-out for joins.
        """
        return await self._ask(self._join_url, headers, None, self._settings.join_time_out_s)

    async def run(self, _app: web.Application) -> AsyncIterator[None]:
        """
        Report until the application ends, and a last time after its last answer.
        """
        # No cookie jar: one visitor's cookies must never travel with another's join.
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            self._session = session
            # The first visitor shall already meet a gate that knows its room.
            await self.report()
            reports = asyncio.create_task(self._report_for_ever())
            yield
            reports.cancel()
            with suppress(asyncio.CancelledError):
                await reports
            for _ in range(LAST_REPORTS):
                await self.report()
                if self._complaint or not self._ledger.pending:
                    break
            self._session = None

    async def _report_for_ever(self) -> None:
        while True:
            await asyncio.sleep(self._settings.report_interval_s)
            await self.report()

    async def report(self) -> None:
        """
        Tell the service what the ledger holds; what could not be told is kept for the next time. Never raises.
        """
        batch = self._ledger.take(tick_ms())
        try:
            sent_ms = time.time_ns() // 1_000_000
            credential = GateCredential(self._settings.room, self._name, self.now_ms() + CREDENTIAL_MS)
            headers = {"Authorization": f"Bearer {self._keyring.sign(credential)}"}
            document = await self._ask(self._report_url, headers, batch.body(self._name), REPORT_TIME_OUT_S)
            answer = read_answer(document)
        except asyncio.CancelledError:
            self._ledger.put_back(batch)
            raise
        except Exception as error:  # noqa: BLE001 - whatever it was, the loop lives and the seats are told again
            self._ledger.put_back(batch)
            self._complain(said(error))
        else:
            if not answer.degraded:
                self._set_clock(answer.now_ms, sent_ms)
            self._ledger.heard(batch, answer, self.now_ms())
            self._complain("")
        self._meters.levels(self._ledger.seats_seen, self._ledger.in_flight)

    async def _ask(self, url: str, headers: Mapping[str, str], body: Any, time_out_s: float) -> Any:
        if self._session is None:
            raise aiohttp.ClientConnectionError("the gate is not running")
        options: dict[str, Any] = {"timeout": aiohttp.ClientTimeout(total=time_out_s), "allow_redirects": False}
        async with self._session.post(
            url, headers={hdrs.ACCEPT: "application/json", **headers}, json=body, **options
        ) as answer:
            if answer.status != HTTPStatus.OK:
                self._set_clock_roughly(answer.headers.get(hdrs.DATE, ""))
                raise ValueError(f"{url} answered {answer.status}{_REMEDIES.get(answer.status, '')}")
            if (answer.content_length or 0) > ANSWER_BYTES:
                raise ValueError(f"{url} answered more than {ANSWER_BYTES} bytes")
            return await answer.json(content_type=None)

    def _set_clock(self, service_ms: int, sent_ms: int) -> None:
        # The answer's time is taken as that of half way there and back; a slow answer tells too little.
        received_ms = time.time_ns() // 1_000_000
        if 0 <= received_ms - sent_ms < SLOW_ANSWER_MS:
            self._clock_ahead_ms = service_ms - (sent_ms + received_ms) // 2

    def _set_clock_roughly(self, date: str) -> None:
        # A credential made by a clock that is minutes behind is over before it arrives; the refusal tells the time.
        with suppress(ValueError):
            service_ms = round(parsedate_to_datetime(date).timestamp() * 1000)
            if abs(service_ms - self.now_ms()) > CREDENTIAL_MS // 2:
                self._clock_ahead_ms = service_ms - time.time_ns() // 1_000_000

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
