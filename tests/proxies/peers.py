"""
Real proxies in front of a real service and a small shop, each in a folder and on a port of its own.
"""

import asyncio
import json
import re
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from secrets import randbelow

from aiohttp import web

from tests.peers import PEERS
from tests.waiting import PATIENCE_S, wait_until_sync
from waiting_room.proxies import caddy, envoy, haproxy, nginx, traefik
from waiting_room.proxies.settings import QUESTIONS, ProxySettings

NGINX_MAIN = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr error;
worker_processes 1;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/waiting-room.conf;
}}
"""
SHORT = (
    (re.compile(r"\b[35]00ms\b"), "20s"),
    (re.compile(r"(timeout: )0\.[35]s"), r"\g<1>20s"),
    (re.compile(r"(timeout = )1000\b"), r"\g<1>20000"),
)
"""How long proxies wait for the service, each in its own words, and what is patient instead."""
BELOW_OUTGOING = range(20_000, 32_000)
"""Linux takes 32768 and above for outgoing connections, of which other tests make thousands; macOS 49152."""
CADDY_MAIN = "{\n    admin off\n    auto_https off\n    storage file_system FOLDER\n}\n"


def free_port() -> int:
    """
    Return a port of the loopback that nobody has just now, and that no outgoing connection is given meanwhile.
    """
    while True:
        port = BELOW_OUTGOING.start + randbelow(len(BELOW_OUTGOING))
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


def found(name: str) -> str:
    """
    Return where a program is.
    """
    path = PEERS[name].path
    assert path is not None
    return path


def command(kind: str, settings: ProxySettings, folder: Path) -> list[str]:
    """
    Write the configuration of a proxy into *folder*, and return how it is started.
    """
    questions = f"127.0.0.1:{free_port()}"
    match kind:
        case "nginx":
            (folder / "waiting-room.conf").write_text(nginx.configuration(settings), encoding="utf-8")
            (folder / "nginx.conf").write_text(NGINX_MAIN.format(folder=folder), encoding="utf-8")
            return ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]
        case "haproxy":
            script = folder / "waiting-room.lua"
            script.write_text(haproxy.script(settings).replace(QUESTIONS, questions), encoding="utf-8")
            text = haproxy.configuration(settings).replace("/etc/haproxy/waiting-room.lua", str(script))
            (folder / "haproxy.cfg").write_text(text.replace(QUESTIONS, questions), encoding="utf-8")
            return ["haproxy", "-f", str(folder / "haproxy.cfg")]
        case "traefik":
            text = traefik.configuration(settings).replace(QUESTIONS, questions)
            (folder / "waiting-room.yaml").write_text(text, encoding="utf-8")
            points = [f"shop.address=:{settings.listen}", f"waiting-room.address={questions}"]
            points += ["waiting-room.forwardedHeaders.insecure=true"]
            # Else it waits ten seconds in the end for those who wait for a service that is silent.
            points += [f"{name}.transport.lifeCycle.graceTimeOut=0" for name in ("shop", "waiting-room")]
            options = [f"--entrypoints.{point}" for point in points]
            return [found("traefik"), *options, f"--providers.file.filename={folder}/waiting-room.yaml"]
        case "envoy":
            (folder / "envoy.yaml").write_text(envoy.configuration(settings), encoding="utf-8")
            quiet = ["--log-level", "error", "--concurrency", "1", "--disable-hot-restart"]
            return [found("envoy"), "-c", str(folder / "envoy.yaml"), *quiet]
        case _:
            main = CADDY_MAIN.replace("FOLDER", str(folder))
            (folder / "Caddyfile").write_text(main + caddy.configuration(settings), encoding="utf-8")
            return ["caddy", "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


def patient(text: str) -> str:
    """
    Return a proxy's configuration that waits long for the service: where that is there, a machine that stands still
    for half a second is no outage.
    """
    for short, long in SHORT:
        text = short.sub(long, text)
    return text


@contextmanager
def proxy(kind: str, settings: ProxySettings, folder: Path, *, as_printed: bool = False) -> Iterator[str]:
    """
    Run a proxy until the block ends, and give the address of the shop behind it.

    With *as_printed*, it gives up on the service as soon as it does at work, for what it does then.
    """
    folder.mkdir(parents=True)
    started = command(kind, settings, folder)
    for file in () if as_printed else folder.iterdir():
        file.write_text(patient(file.read_text(encoding="utf-8")), encoding="utf-8")
    with (folder / "log").open("wb") as log, subprocess.Popen(started, stdout=log, stderr=log) as process:
        try:
            wait_until_sync(lambda: leads_to_the_shop(settings.listen, process, folder), what=f"{kind} to answer")
            yield f"http://127.0.0.1:{settings.listen}"
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def answers(port: int, process: subprocess.Popen[bytes], folder: Path) -> bool:
    """
    Tell whether somebody listens; a proxy that has ended fails the test with what it said.
    """
    assert process.poll() is None, (folder / "log").read_text(encoding="utf-8")
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def leads_to_the_shop(port: int, process: subprocess.Popen[bytes], folder: Path) -> bool:
    """
    Tell whether a proxy knows its routes, which some do only a moment after they listen.
    """
    if not answers(port, process, folder):
        return False
    with suppress(OSError, HTTPException), closing(HTTPConnection("127.0.0.1", port, timeout=1)) as asking:
        asking.request("GET", "/toys")
        return asking.getresponse().status == HTTPStatus.OK
    return False


async def _told(request: web.Request) -> web.Response:
    """
    Say what came: path, body, and what it bears of ours.
    """
    named = ((name.lower(), value) for name, value in request.headers.items())
    ours = {name: value for name, value in named if name.startswith("waiting-room-")}
    seen = {"shop": request.raw_path, "method": request.method, "body": await request.text(), "headers": ours}
    return web.Response(text=json.dumps(seen), content_type="application/json")


async def _silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with closing(writer), suppress(asyncio.CancelledError):
        await asyncio.sleep(60)


@asynccontextmanager
async def shop() -> AsyncIterator[int]:
    """
    Run a shop that says what it was asked, and give its port.
    """
    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", _told)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@asynccontextmanager
async def silent() -> AsyncIterator[int]:
    """
    Run a service that takes connections and never answers, and give its port.
    """
    server = await asyncio.start_server(_silent, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
