"""
The engine of a gate whose requests have a thread each: another thread reports to the room service meanwhile.
"""

import atexit
import os
import ssl
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TypeVar
from urllib.parse import urlsplit

from waiting_room.errors import TokenError
from waiting_room.gates.answers import Answer
from waiting_room.gates.core import Refuse, SendToWait, TryStraight
from waiting_room.gates.line import ANSWER_BYTES, LAST_REPORTS, REPORT_TIME_OUT_S, SETTLE_S, Call, Reply, tick_ms
from waiting_room.gates.porter import Porter, Settled
from waiting_room.gates.settings import GateSettings
from waiting_room.gates.visits import Visit, unread
from waiting_room.telemetry.prometheus import Metrics

Asked = TypeVar("Asked")


class ThreadedEngine:
    """
    Run one gate in threads: a lock keeps its books together, and is never held while the service is asked.

    Servers fork their workers after the shop was loaded: each process keeps books and a thread of its own, begun with
    its first request.
    """

    def __init__(self, settings: GateSettings, metrics: Metrics | None = None, spared: str | None = None) -> None:
        self._settings = settings
        self._metrics = metrics
        self._spared = spared
        # Read once, where the shop is loaded: whatever is wrong is told here, and a worker may have fewer rights later.
        self._keyring = settings.keyring()
        self._public_keys = settings.public_keys()
        self._desks = {os.getpid(): self._new_desk()}

    @property
    def desk(self) -> "Desk":
        """
        Return this process's desk.
        """
        pid = os.getpid()
        desk = self._desks.get(pid)
        if desk is None:
            # No lock: one that was held at the fork would be held for ever. Who comes second takes the first one's.
            desk = self._desks.setdefault(pid, self._new_desk())
        return desk

    def _new_desk(self) -> "Desk":
        porter = Porter(self._settings, self._keyring, self._metrics, self._public_keys)
        if self._spared is not None:
            porter.spare(self._spared)
        return Desk(porter, self._settings)


class Desk:
    """
    Keep one process's part of a gate; all of it may be called from any thread.
    """

    def __init__(self, porter: Porter, settings: GateSettings) -> None:
        self._porter = porter
        self._lock = threading.Lock()
        self._send = _Sender(settings.service_url)
        self._reports = _Reports(porter, self._lock, self._send, settings)
        # The thread knows its reports and not the desk: a gate that nobody has any more reports no more.
        weakref.finalize(self, self._reports.abandon)

    def admit(self, read: Callable[[Asked], Visit], request: Asked) -> tuple[Visit, Settled]:
        """
        Return what was found out about *request*, as *read* reads it, and what to do with it. Never raises.
        """
        began, visit = time.perf_counter(), None
        try:
            visit = read(request)
            if not self._reports.known.is_set():
                self._reports.begin()
            with self._lock:
                outcome = self._porter.meet(visit)
            if isinstance(outcome, TryStraight):
                outcome = self._try_straight(visit, outcome)
            with self._lock:
                self._porter.decided(outcome, visit, began)
        except Exception:  # noqa: BLE001 - nobody passes by an error, whichever it is
            with self._lock:
                return visit or unread(), self._porter.failed(began)
        return visit, outcome

    def is_secure(self, *, by_request: bool) -> bool:
        """
        Tell whether the shop is reached by https.
        """
        return self._porter.is_secure(by_request=by_request)

    @property
    def asks_whence(self) -> bool:
        """
        Tell whether anybody is known by address.
        """
        return self._porter.asks_whence

    def answer(self, outcome: SendToWait | Refuse, visit: Visit) -> Answer:
        """
        Return the answer for who does not come in now.
        """
        return self._porter.answer(outcome, visit)

    def entered(self) -> None:
        """
        Note that the shop begins to answer a request; `left` must follow.
        """
        with self._lock:
            self._porter.entered()

    def left(self, began: float, *, error: bool, counted: bool = True) -> None:
        """
        Note that the shop has answered what came at *began*, or failed to.
        """
        with self._lock:
            self._porter.left(began, error=error, counted=counted)

    def heed(self, commands: Sequence[str], stock: Sequence[str], visit: Visit) -> None:
        """
        Do what the shop says with its answer. Never raises.
        """
        with self._lock:
            self._porter.heed(commands, stock, visit)

    def stock(self, units: int) -> None:
        """
        Note how many units are left to sell.
        """
        with self._lock:
            self._porter.ledger.stock(max(0, units))
        self._reports.begin()

    def sold_out(self) -> None:
        """
        Note that nothing is left to sell.
        """
        with self._lock:
            self._porter.ledger.sold_out()
        self._reports.begin()

    def exposition(self) -> tuple[bytes, str]:
        """
        Return the gate's metrics, and their content type.
        """
        with self._lock:
            return self._porter.exposition()

    def _try_straight(self, visit: Visit, attempt: TryStraight) -> Settled:
        with self._lock:
            call = self._porter.knock(visit, attempt)
        if call is None:
            return attempt.otherwise
        try:
            reply = self._send(call)
            with self._lock:
                return self._porter.welcome(visit, attempt, call, reply)
        except (OSError, HTTPException, ValueError, TokenError) as error:
            with self._lock:
                return self._porter.turn_away(attempt, error)
        finally:
            with self._lock:
                self._porter.joined()


class _Reports:
    """
    Report to the service from a thread of its own; *lock* guards what the line and the public keys keep.
    """

    def __init__(
        self, porter: Porter, lock: threading.Lock, send: Callable[[Call], Reply], settings: GateSettings
    ) -> None:
        self.known = threading.Event()
        self._look_again = porter.look_again
        self._line = porter.line
        self._lock = lock
        self._public_keys = porter.public_keys
        self._send = send
        self._settings = settings
        self._ends = False
        self._hurry = threading.Event()
        porter.ledger.tell_soon = self._hurry.set
        self._abandoned = False
        self._thread: threading.Thread | None = None
        self._pid = os.getpid()

    def begin(self) -> None:
        """
        Begin to report unless begun, and wait a little for the service's first word: visitors shall meet a gate that
        knows its room, but not stand there for long.
        """
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._report_for_ever, name="waiting-room-gate", daemon=True)
                self._thread.start()
                atexit.register(self._last_words)
        self.known.wait(self._settings.join_time_out_s)

    def abandon(self) -> None:
        """
        Let the thread tell the last of what there is to tell, and end, within an interval.
        """
        # No lock, not even an event's: the collector may call this from anywhere, also from within the thread.
        self._abandoned = True

    def _last_words(self) -> None:
        if self._thread is not None and self._pid == os.getpid():  # not in a child, which has a thread of its own
            self._ends = True
            self._hurry.set()
            self._thread.join(2 * REPORT_TIME_OUT_S)

    def _report_for_ever(self) -> None:
        self._ask_for_keys()
        self._report()
        self.known.set()
        while self._rests():
            self._ask_for_keys()
            self._report()
        for _ in range(LAST_REPORTS):
            self._report()
            if not self._line.has_more:
                break
        atexit.unregister(self._last_words)

    def _rests(self) -> bool:
        """
        Return when the next report is due, after the interval or at once when a seat was given back: whether to go on.
        """
        if self._hurry.wait(self._settings.report_interval_s) and not self._ends:
            time.sleep(SETTLE_S)
        self._hurry.clear()
        return not (self._ends or self._abandoned)

    def _ask_for_keys(self) -> None:
        """
        Ask for the public keys of passes where it is time. Never raises.
        """
        public_keys = self._public_keys
        call = public_keys.due(tick_ms()) if public_keys else None
        if public_keys is None or call is None:
            return
        try:
            reply = _Sender(call.url)(call)
            with self._lock:
                public_keys.heard(reply, tick_ms())
        except Exception as error:  # noqa: BLE001 - whatever it was, the known keys go on to count
            public_keys.unheard(error)

    def _report(self) -> None:
        """
        Tell the service what the ledger holds; what could not be told is kept for the next time. Never raises.
        """
        self._look_again()
        with self._lock:
            batch = self._line.take()
        try:
            call = self._line.report_call(batch)
            reply = self._send(call)
            with self._lock:
                self._line.heard(batch, call, reply)
        except Exception as error:  # noqa: BLE001 - whatever it was, the thread lives and the seats are told again
            with self._lock:
                self._line.unheard(batch, error)


class _Sender:
    """
    Carry a call to one address and its reply back, over a connection of its own; no redirect and no proxy.

    Raises `OSError` or `HTTPException` where there is no whole reply within about the call's time-out.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._port = parts.port
        self._context = ssl.create_default_context() if parts.scheme == "https" else None

    def __call__(self, call: Call) -> Reply:
        deadline = time.monotonic() + call.time_out_s
        connection = self._connection(call.time_out_s)
        try:
            connection.connect()
            self._allow(connection, deadline)
            path = urlsplit(call.url).path
            connection.request(call.method, path, body=call.body, headers={**call.headers, "Connection": "close"})
            self._allow(connection, deadline)
            answer = connection.getresponse()
            body = answer.read(ANSWER_BYTES + 1) if answer.status == HTTPStatus.OK else b""
            return Reply(answer.status, answer.getheader("Date", ""), body)
        finally:
            connection.close()

    def _connection(self, time_out_s: float) -> HTTPConnection:
        if self._context is not None:
            return HTTPSConnection(self._host, self._port, timeout=time_out_s, context=self._context)
        return HTTPConnection(self._host, self._port, timeout=time_out_s)

    @staticmethod
    def _allow(connection: HTTPConnection, deadline: float) -> None:
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("the service is too slow")
        connection.sock.settimeout(left_s)
