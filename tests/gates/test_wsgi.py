"""
The gate for WSGI where the protocol matters: bodies, what is counted when, forked workers, and no event loop.
"""

import json
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any, cast
from wsgiref.util import FileWrapper

import pytest

from tests.gates.fronts import Browser
from tests.gates.makings import BROWSER, SECRET, settings
from tests.gates.service import good_pass
from tests.source import ROOT
from tests.waiting import wait_until_sync
from waiting_room.gates.ledger import Health
from waiting_room.gates.line import tick_ms
from waiting_room.gates.wsgi import App, Environ, StartResponse, WaitingRoomGate

HEAD = [("Content-Type", "text/plain")]


def environ_of(path: str = "/checkout", **changed: Any) -> Environ:
    """
    Return the environment of a holder's request.
    """
    heads = BROWSER | {"Waiting-Room-Pass": good_pass()}
    values = {"HTTP_" + name.upper().replace("-", "_"): value for name, value in heads.items()}
    values |= {"REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": "", "wsgi.url_scheme": "http"}
    return values | {"wsgi.file_wrapper": FileWrapper} | changed


def gives(body: Any, status: str = "200 OK", headers: list[tuple[str, str]] = HEAD) -> App:
    """
    Return an application that answers with *body*.
    """

    def app(_environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response(status, headers)
        return cast("Iterable[bytes]", body)

    return app


class Begun(list[tuple[str, list[tuple[str, str]]]]):
    """
    Keep the heads of answers, as a server would.
    """

    def __call__(self, status: str, headers: list[tuple[str, str]], _exc_info: object = None, /) -> Any:
        """
        Take one.
        """
        self.append((status, headers))


def health(gate: WaitingRoomGate) -> Health:
    """
    Return what the gate would report of the shop.
    """
    return gate._engine.desk._porter.ledger.take(tick_ms()).health


def in_flight(gate: WaitingRoomGate) -> int:
    """
    Return how many requests are inside the shop.
    """
    return gate._engine.desk._porter.ledger.in_flight


@pytest.mark.parametrize("body", [[b"a", b"b"], (b"a",), FileWrapper(cast("Any", None))], ids=["list", "tuple", "file"])
def test_whole_body_is_handed_over_as_it_is(body: Any) -> None:
    """
    A server knows a list's length, and sends a file by the system's own means.
    """
    gate = WaitingRoomGate(gives(body), settings())

    assert gate(environ_of(), Begun()) is body
    assert (health(gate).requests, in_flight(gate)) == (1, 0)


def test_stream_goes_on_part_by_part() -> None:
    """
    Nothing is gathered: each part is made when the server asks for it; the request ends with the stream.
    """
    made: list[bytes] = []

    def parts() -> Iterator[bytes]:
        for part in (b"a", b"b"):
            made.append(part)
            yield part

    gate = WaitingRoomGate(gives(parts()), settings())
    body = iter(gate(environ_of(), Begun()))

    assert (next(body), made, in_flight(gate)) == (b"a", [b"a"], 1)
    assert list(body) == [b"b"]
    cast("Any", body).close()
    assert (health(gate).requests, in_flight(gate)) == (1, 0)


def _breaks() -> Iterator[bytes]:
    yield b"a"
    raise RuntimeError("the shop is broken")


def _crash(_environ: Environ, _start_response: StartResponse) -> Iterable[bytes]:
    raise RuntimeError("the shop is broken")


@pytest.mark.parametrize(
    ("app", "read", "requests", "errors"),
    [
        (gives([b"a"], "500 Broken"), 9, 1, 1),
        (_crash, 9, 1, 1),
        (gives(_breaks()), 9, 1, 1),
        (gives(iter([b"a", b"b"])), 1, 0, 0),
        (gives(iter([b"a"]), headers=[("Content-Type", "text/event-stream")]), 9, 0, 0),
    ],
    ids=["error", "crash", "crash within", "visitor away", "event stream"],
)
def test_health_counts_what_the_shop_did(app: App, read: int, requests: int, errors: int) -> None:
    """
    Crashes are errors; visitors who went away and streams of events say nothing.
    """
    gate = WaitingRoomGate(app, settings())
    body: Any = []
    try:
        body = gate(environ_of(), Begun())
        for _part, _ in zip(body, range(read), strict=False):
            pass
    except RuntimeError:
        pass
    finally:
        if not isinstance(body, list):
            body.close()

    seen = health(gate)
    assert (seen.requests, seen.errors, in_flight(gate)) == (requests, errors, 0)


def test_metrics_are_told_where_asked() -> None:
    """
    Their path needs no pass, and the shop is not asked.
    """
    gate = WaitingRoomGate(_crash, settings(), metrics_path="/internal/metrics")
    begun = Begun()
    (text,) = gate(environ_of("/internal/metrics", HTTP_WAITING_ROOM_PASS=""), begun)

    assert begun[0][0] == "200 OK"
    assert b"waiting_room_gate_requests_total" in text


def test_threads_share_one_set_of_books() -> None:
    """
    Eight threads at once: every request is counted once, and none is left in flight.
    """
    gate = WaitingRoomGate(gives([b"a"]), settings())

    def shop() -> None:
        for _ in range(100):
            gate(environ_of(), Begun())

    threads = [threading.Thread(target=shop) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (health(gate).requests, in_flight(gate)) == (800, 0)


FORKED = """
import os
from flask import Flask, Response
from waiting_room.gates import line, threaded
from waiting_room.gates.wsgi import GateSettings, WaitingRoomGate

app = Flask("shop")

@app.route("/")
def page():
    return str(os.getpid())

@app.route("/thanks")
def thanks():
    return Response(str(os.getpid()), headers={{"Waiting-Room-Command": "release"}})

line.REPORT_TIME_OUT_S = threaded.REPORT_TIME_OUT_S = 10
app.wsgi_app = WaitingRoomGate(app.wsgi_app, GateSettings(
    room="forked", service_url="{url}", page_url="/waiting-room/forked", secret_keys=("{key}",), report_interval_s=60,
    join_time_out_s=10,
))
"""


@pytest.mark.parametrize("kind", [("sync",), ("gthread", "--threads", "4"), ("gevent",)], ids=lambda kind: kind[0])
def test_every_forked_worker_reports_and_tells_its_last_seats(
    kind: tuple[str, ...], service_url: str, tmp_path: Path
) -> None:
    """
    Under each kind of gunicorn's workers, loaded before they fork: newcomers go straight in at both, give their seats
    back at whichever answers, and all seats are free when gunicorn has stopped, though no report was due.
    """
    (tmp_path / "shop.py").write_text(FORKED.format(url=service_url, key=SECRET))
    command = [sys.executable, "-m", "gunicorn", "--preload", "--workers", "2", "--bind", "127.0.0.1:0", "shop:app"]
    command += ["--worker-class", *kind]
    state = Browser(service_url)

    def bought(shop: str) -> set[bytes]:
        visitor = Browser(shop)

        def inside() -> set[bytes]:
            reply = visitor.ask("/")
            return {reply.body} if reply.status == 200 else set()

        return wait_until_sync(inside, what="a newcomer to go in") | {visitor.ask("/thanks").body}

    def seats() -> int:
        return int(state.ask("/waiting-room/forked/state.json").json()["seats"])

    environment = {"PYTHONPATH": str(ROOT), "PATH": ""}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr is not None
            line = next(line for line in server.stderr if "Listening at" in line)
            shop = line.split("Listening at: ")[1].split()[0]
            workers: set[bytes] = set()
            with ThreadPoolExecutor(8) as crowd:  # one by one, the worker that is awake might answer them all
                while len(workers) < 2:
                    workers |= set(chain.from_iterable(crowd.map(bought, [shop] * 8)))
        finally:
            server.terminate()
            server.wait(30)

    wait_until_sync(lambda: seats() == 0, what="all seats to be free")


def test_gate_in_threads_needs_no_event_loop_s_libraries() -> None:
    """
    Neither aiohttp nor asyncio is loaded for a shop in WSGI.
    """
    program = (
        "import sys, json; import waiting_room.gates.wsgi;"
        "print(json.dumps([n for n in ('aiohttp', 'asyncio', 'django') if n in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True
    )

    assert json.loads(done.stdout) == []
