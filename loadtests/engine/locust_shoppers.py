"""
Shoppers as Locust users: each one fresh, with cookies and connections of their own, gone without a trace at the end.

Importing this module imports Locust, which patches the whole process (gevent): only `locust_run` may.
"""

import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import urlencode, urlsplit

import gevent
from gevent.timeout import Timeout
from locust import FastHttpUser, User, task
from locust.env import Environment
from locust.exception import StopUser

from loadtests.crowd import addresses
from loadtests.crowd.shoppers import draw_shopper
from loadtests.crowd.streams import Arrival, kind_of
from loadtests.engine.header_file import HeaderFile
from loadtests.engine.hosts import origin_of
from loadtests.engine.locust_lines import BareLine, dial
from loadtests.engine.locust_sending import Headers, Reply, Sender
from loadtests.engine.locust_wires import Exchange
from loadtests.engine.plan import RunPlan
from loadtests.journeys.browser import ABANDONED, Answer, Request, Strayed
from loadtests.journeys.cast import Cast
from loadtests.journeys.catalogue import walk_of
from loadtests.measuring.measures import Outcome
from loadtests.measuring.recorder import Recorder
from waiting_room.wire import REHEARSAL_HEADER, URL_HEADER

_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_JSON: Final = {"Content-Type": "application/json", "Accept": "application/json"}
_PASS: Final = "wr_pass_"
_URL: Final = URL_HEADER.lower()


class Clock:
    """
    Count seconds from the run's zero, which may lie ahead.

    Args:
        start_at_ms: zero in ms since 1970; None for now.
    """

    def __init__(self, start_at_ms: int | None = None) -> None:
        now_s = time.time()
        self.started_at_ms = round(now_s * 1000) if start_at_ms is None else start_at_ms
        # Read once: a wall clock that is set meanwhile must not move the run.
        self._zero_s = time.perf_counter() + self.started_at_ms / 1000 - now_s

    def now_s(self) -> float:
        """
        Return the seconds since zero.
        """
        return time.perf_counter() - self._zero_s

    def rest_until(self, at_s: float) -> None:
        """
        Return when *at_s* has come, never before.
        """
        # Timers of the event loop count from the loop's own, cached now, and may therefore fire a little early.
        while (left_s := at_s - self.now_s()) > 0:
            gevent.sleep(left_s)


class FastBrowser:
    """
    Send a shopper's requests, with cookies and connections of its own; the `Browser` of a journey.

    Args:
        user: the Locust user, whose environment hears of every request.
        clock: the run's clock.
    """

    def __init__(self, user: "RehearsalShopper", clock: Clock) -> None:
        self._sender = Sender(user.exchange, user.headers)
        self._requests_event = user.environment.events.request
        self._clock = clock
        self.now_s = clock.now_s
        self.rest_until = clock.rest_until

    def ask(self, request: Request) -> Answer:
        """
        Send *request*, follow no redirect, and return what came of it; whatever breaks it is an answer, too.

        Raises:
            Strayed: its host must not be loaded.
        """
        body, headers = _written(request)
        error: BaseException | None = None
        reply: Reply | None = None
        sent_s = self.now_s()
        patience = Timeout(request.patience_s)
        patience.start()
        try:
            reply = self._sender.send(request.method, request.url, body, headers, request.pace)
        except Strayed:
            raise
        except (Exception, Timeout) as failure:  # noqa: BLE001 - whatever breaks a request is the answer to it
            error = failure
        finally:
            patience.close()
        ended_s = self.now_s()
        # As Locust's own client does, so that its statistics, listeners and plugins see these requests: where any are.
        if self._requests_event._handlers:  # noqa: SLF001 - it does not tell otherwise
            self._told(request, reply, error, ended_s - sent_s)
        if error is None:
            assert reply is not None
            return _answer(reply, sent_s, ended_s)
        try:
            return self._broken(error, request, sent_s, ended_s)
        finally:
            # Its traceback knows this frame, which must not know it: a cycle for every page of a shop that fails.
            del error

    def cookie(self, prefix: str) -> str | None:
        """
        Return the value of the first cookie whose name begins with *prefix*.
        """
        return self._sender.cookies.first(prefix)

    def keep(self, url: str, cookie: str) -> None:
        """
        Keep *cookie* as if a script of the page at *url* had set it.
        """
        parts = urlsplit(url)
        self._sender.cookies.take(parts.hostname or "", parts.path or "/", [cookie])

    def forget(self, prefix: str) -> None:
        """
        Drop the cookies whose names begin with *prefix*.
        """
        self._sender.cookies.forget(prefix)

    def close(self) -> None:
        """
        Close all connections.
        """
        self._sender.close()

    def _told(self, request: Request, reply: Reply | None, error: BaseException | None, took_s: float) -> None:
        self._requests_event.fire(
            request_type=request.method,
            name=request.name.removeprefix(f"{request.method} "),
            response_time=took_s * 1000,
            response_length=len(reply.content) if reply is not None else 0,
            response=reply,
            context={},
            exception=error,
            start_time=time.time() - took_s,
            url=request.url,
        )

    def _broken(self, error: BaseException, request: Request, sent_s: float, ended_s: float) -> Answer:
        # A browser that abandons a page drops the connection with it; a pool of connections that was left in the
        # middle of a request would block the next one.
        self.close()
        # The client wraps time-outs in errors of its own, so the clock tells whether patience ended the request.
        abandoned = ended_s - sent_s >= request.patience_s
        fault = ABANDONED if abandoned else f"{type(error).__name__}: {error}"[:200]
        return Answer(0, sent_s, ended_s, fault=fault)


@dataclass(frozen=True, slots=True)
class Stage:
    """
    Hold what all shoppers of a run share.

    Args:
        plan: the run.
        recorder: where it is taken down.
        clock: the run's clock.
    """

    plan: RunPlan
    recorder: Recorder
    clock: Clock


class RehearsalShopper(FastHttpUser):
    """
    Be one shopper: walk the journey once, and stop.

    Args:
        environment: Locust's.
        stage: what all shoppers share.
        i: which shopper of the run.
        arrival: who it is, and the intended start; None for one of a closed loop, who starts now.
    """

    abstract = True
    exchange: Exchange
    headers: Headers

    def __init__(self, environment: Environment, stage: Stage, i: int, arrival: Arrival | None) -> None:
        # Past FastHttpUser's own, which makes a session of Locust's: none is used here, and it costs as much as a page.
        User.__init__(self, environment)
        self._stage = stage
        self._i = i
        self._arrival_s = arrival.at_s if arrival else None
        self._others: list[FastBrowser] = []
        self._lines: list[BareLine] = []
        self._stream, self._k = (arrival.stream, arrival.k) if arrival else (0, i)

    @task
    def shop(self) -> None:
        """
        Walk the journey and stop being a user.
        """
        plan, recorder, clock = self._stage.plan, self._stage.recorder, self._stage.clock
        stream, k = plan.streams[self._stream], self._k
        shopper = draw_shopper(stream.behaviour, f"{plan.seed}:{stream.name}:{k}", self._i)
        if plan.tells_addresses:
            self.headers = self.headers.and_one(addresses.HEADER, addresses.address_of(stream, plan.seed, k))
        browser = FastBrowser(self, clock)
        started_s = clock.now_s()
        arrival_s = started_s if self._arrival_s is None else self._arrival_s
        kind = kind_of(stream, plan.seed, k)
        visit = recorder.arrived(self._i, arrival_s, started_s, stream.name, kind)
        cast = Cast(
            browser=browser,
            new_browser=self._another,
            dial=self.dial,
            recorder=recorder,
            visit=visit,
            shopper=shopper,
            behaviour=stream.behaviour,
            shop_url=plan.shop_url,
            thinks=plan.mode == "open",
            invitation=plan.invitation(stream.name, k),
        )
        try:
            outcome = walk_of(kind)(cast).walk()
        except Strayed as strayed:
            recorder.problem(str(strayed))
            outcome = Outcome.ERROR
        except Exception as error:  # noqa: BLE001 - a mistake of ours costs one shopper, and is told in the report
            recorder.problem(f"the generator failed: {type(error).__name__}: {error}"[:300])
            outcome = Outcome.ERROR
        finally:
            browser.close()
            for other in self._others:
                other.close()
            for line in self._lines:
                line.close()
        recorder.ended(visit, outcome, clock.now_s())
        raise StopUser

    def on_stop(self) -> None:
        """
        Let go of what refers back to this shopper, who is then forgotten at once.

        Else the collector of cycles has to find them by the ten thousand: a pause, in which others start late.
        """
        self._greenlet = self._taskset_instance = None

    def _another(self) -> FastBrowser:
        other = FastBrowser(self, self._stage.clock)
        self._others.append(other)
        return other

    def dial(self, url: str) -> BareLine | None:
        """
        Return a bare connection to the host of an address, which ends with the visit; None where nobody takes it.

        Raises:
            Strayed: the host must not be loaded.
        """
        line = dial(url, self.exchange)
        if line is not None:
            self._lines.append(line)
        return line


def shopper_class(plan: RunPlan) -> type[RehearsalShopper]:
    """
    Return the user class for a plan: Locust reads an address and the like from the class.

    Raises:
        DocumentError: the plan's file of headers cannot be read.
    """
    headers = Headers.of(
        {
            REHEARSAL_HEADER: plan.tag,
            "User-Agent": "waiting-room-rehearsal",
            "Accept": "text/html,application/json;q=0.9",
            "Accept-Encoding": "gzip, deflate",
        }
    )
    if plan.header_file:
        headers = headers.and_at(origin_of(plan.shop_url), HeaderFile.read(plan.header_file).headers)
    settings: dict[str, Any] = {
        "abstract": False,
        "host": plan.shop_url.rstrip("/"),
        "headers": headers,
        "exchange": Exchange(_tls(plan.verify_tls), plan.may_load),
    }
    return cast("type[RehearsalShopper]", type("Shopper", (RehearsalShopper,), settings))


def _written(request: Request) -> tuple[str | None, Mapping[str, str]]:
    if request.document is not None:
        return json.dumps(request.document), {**_JSON, **request.headers}
    if request.form is not None:
        return urlencode(request.form), {**_FORM, **request.headers}
    return None, request.headers


def _answer(reply: Reply, sent_s: float, ended_s: float) -> Answer:
    got = reply.headers
    return Answer(
        status=reply.status_code,
        sent_s=sent_s,
        ended_s=ended_s,
        body=reply.content,
        location=_first(got, "location") or _first(got, _URL),
        sets_pass="set-cookie" in got and any(_bears_pass(value) for value in got["set-cookie"]),
        retry_after_s=_digits(_first(got, "retry-after")),
    )


def _bears_pass(cookie: str) -> bool:
    # A cookie that is taken back is set as well, to nothing.
    name, _, value = cookie.partition(";")[0].partition("=")
    return name.startswith(_PASS) and bool(value.strip('" '))


def _first(got: Mapping[str, list[str]], name: str) -> str:
    return got[name][0] if name in got else ""


def _digits(text: str) -> float | None:
    return float(text) if text.isdecimal() else None


def _tls(verify: bool) -> ssl.SSLContext:
    if verify:
        return ssl.create_default_context()
    # Without the system's certificates: OpenSSL would look for the issuer among them though nobody asks it to verify,
    # a third of the processor time of a handshake.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
