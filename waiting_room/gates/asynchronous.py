"""
The engine of a gate in an event loop: it carries the gate's calls to the room service while the shop runs.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import TypeVar

import aiohttp

from waiting_room.errors import TokenError
from waiting_room.gates.core import TryStraight
from waiting_room.gates.line import LAST_REPORTS, SETTLE_S, Call, Reply, tick_ms
from waiting_room.gates.porter import Porter, Settled
from waiting_room.gates.settings import GateSettings
from waiting_room.gates.visits import Visit, unread
from waiting_room.telemetry.prometheus import Metrics

Asked = TypeVar("Asked")


class AsyncEngine:
    """
    Run one gate in an event loop; nothing of it blocks the loop.
    """

    def __init__(self, settings: GateSettings, metrics: Metrics | None = None) -> None:
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._known, self._hurry = asyncio.Event(), asyncio.Event()
        self._reports: asyncio.Task[None] | None = None
        self.porter = Porter(settings, settings.keyring(), metrics, settings.public_keys())

    async def start(self) -> None:
        """
        Begin to report, and return when the service has answered once, or failed to.

        The first visitor so meets a gate that knows its room.
        """
        self._begin(asyncio.get_running_loop())
        await self._known.wait()

    async def stop(self) -> None:
        """
        Stop reporting, after the last of what there is to tell.
        """
        if self._reports is not None:
            self._reports.cancel()
            with suppress(asyncio.CancelledError):
                await self._reports
            self._reports = None

    async def admit(self, read: Callable[[Asked], Visit], request: Asked) -> tuple[Visit, Settled]:
        """
        Return what was found out about *request*, as *read* reads it, and what to do with it. Never raises.
        """
        began, visit = time.perf_counter(), None
        try:
            visit = read(request)
            if self._loop is not asyncio.get_running_loop() or not self._known.is_set():
                await self._start_late()
            outcome = self.porter.meet(visit)
            if isinstance(outcome, TryStraight):
                outcome = await self._try_straight(visit, outcome)
            self.porter.decided(outcome, visit, began)
        except Exception:  # noqa: BLE001 - nobody passes by an error, whichever it is
            return visit or unread(), self.porter.failed(began)
        return visit, outcome

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._known, self._hurry = asyncio.Event(), asyncio.Event()
        self.porter.ledger.tell_soon = self._hurry.set
        self._reports = loop.create_task(self._report_for_ever(self._known))

    async def _start_late(self) -> None:
        # Not every server tells that it starts. The first visitors wait for the room's word, but not for long.
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._begin(loop)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._settings.join_time_out_s):
                await self._known.wait()

    async def _try_straight(self, visit: Visit, attempt: TryStraight) -> Settled:
        call = self.porter.knock(visit, attempt)
        if call is None:
            return attempt.otherwise
        try:
            return self.porter.welcome(visit, attempt, call, await self._send(call))
        except (aiohttp.ClientError, TimeoutError, ValueError, TokenError) as error:
            return self.porter.turn_away(attempt, error)
        finally:
            self.porter.joined()

    async def _report_for_ever(self, known: asyncio.Event) -> None:
        # No cookie jar: one visitor's cookies must never travel with another's join.
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            self._session = session
            try:
                await self._ask_for_keys()
                await self._report()
                known.set()
                while True:
                    await self._rest()
                    await self._ask_for_keys()
                    await self._report()
            finally:
                # However the loop ends, by `stop` or because the server cancels all tasks, every seat is told.
                for _ in range(LAST_REPORTS):
                    await self._report()
                    if not self.porter.line.has_more:
                        break
                self._session = None

    async def _rest(self) -> None:
        """
        Return when the next report is due: after the interval, or at once when a seat was given back.
        """
        # asyncio.wait_for of Python 3.11 loses a cancellation that comes with what it waits for: `stop` never ended.
        with suppress(TimeoutError):
            async with asyncio.timeout(self._settings.report_interval_s):
                await self._hurry.wait()
            await asyncio.sleep(SETTLE_S)
        self._hurry.clear()

    async def _report(self) -> None:
        """
        Tell the service what the ledger holds; what could not be told is kept for the next time. Never raises.
        """
        self.porter.look_again()
        line = self.porter.line
        batch = line.take()
        try:
            call = line.report_call(batch)
            line.heard(batch, call, await self._send(call))
        except asyncio.CancelledError:
            line.broken_off(batch)
            raise
        except Exception as error:  # noqa: BLE001 - whatever it was, the loop lives and the seats are told again
            line.unheard(batch, error)

    async def _ask_for_keys(self) -> None:
        """
        Ask for the public keys of passes where it is time. Never raises.
        """
        public_keys = self.porter.public_keys
        call = public_keys.due(tick_ms()) if public_keys else None
        if public_keys is None or call is None:
            return
        try:
            public_keys.heard(await self._send(call), tick_ms())
        except Exception as error:  # noqa: BLE001 - whatever it was, the known keys go on to count
            public_keys.unheard(error)

    async def _send(self, call: Call) -> Reply:
        if self._session is None:
            raise aiohttp.ClientConnectionError("the gate is not running")
        time_out = aiohttp.ClientTimeout(total=call.time_out_s)
        async with self._session.request(
            call.method, call.url, headers=call.headers, data=call.body or None, timeout=time_out, allow_redirects=False
        ) as answer:
            body = await answer.read() if answer.status == HTTPStatus.OK else b""
            return Reply(answer.status, answer.headers.get("Date", ""), body)
