"""
The page about gates says what is so, and its example and the README's are shops.
"""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import quote

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings

from tests.docs.markdown import Example, fenced
from tests.gates.fronts import Browser, Exit, in_asgi, in_wsgi
from tests.gates.makings import BROWSER, KEYRING, SECRET, settings
from tests.gates.service import now_ms
from tests.gates.shops import gated_django
from tests.source import ROOT
from tests.waiting import wait_until
from waiting_room import wire
from waiting_room.core.platforms import NEVER, PAYMENTS
from waiting_room.gates import threaded
from waiting_room.gates.settings import WHEN_SERVICE_DOWN, GateSettings
from waiting_room.tokens import Pass

PAGE = ROOT / "docs" / "gates.md"
ROOM = "spring-sale"


def _part(name: str) -> str:
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- end -->", PAGE.read_text(), re.DOTALL)
    assert found, f"docs/gates.md has no part {name}"
    return found[1]


def _row(entry: Any) -> str:
    value = "text"
    if entry.metadata["high"]:
        value = f"{entry.metadata['low']:g} to {entry.metadata['high']:,g}"
    elif entry.name == "when_service_down":
        value = " or ".join(f"`{choice}`" for choice in WHEN_SERVICE_DOWN)
    elif "tuple" in str(entry.type):
        value = "list of texts"
    default = "required" if entry.default is MISSING else f"`{entry.default}`"
    if entry.default in {"", ()}:
        default = "–"
    if isinstance(entry.default, tuple) and entry.default:
        default = ", ".join(f"`{item}`" for item in entry.default)
    return f"| `{entry.name}` | {default} | {value} | {entry.metadata['help']} |"


def test_table_of_settings_is_that_of_the_code() -> None:
    """
    Each setting stands there with its default, its range and its help, and none besides.
    """
    rows = ["| setting | default | value | meaning |", "| --- | --- | --- | --- |", *map(_row, fields(GateSettings))]

    assert _part("settings") == "\n".join(rows) + "\n"


def test_list_of_free_paths_is_that_of_the_code() -> None:
    """
    The paths that need no pass by default are named, all of them.
    """
    assert re.findall(r"`([^`]+)`", _part("never")) == list(NEVER)


def test_table_of_payment_providers_is_that_of_the_code() -> None:
    """
    Every platform stands there with every address.
    """
    rows = [f"| `@payments:{name}` | {', '.join(f'`{path}`' for path in paths)} |" for name, paths in PAYMENTS.items()]

    assert _part("payments") == "\n".join(["| name | stands for |", "| --- | --- |", *rows]) + "\n"


def _example(page: str, mark: str) -> Example:
    (example,) = [found for found in fenced(page, (ROOT / page).read_text()) if mark in found.text]
    return example


@pytest.mark.parametrize(
    ("page", "location"),
    [
        ("docs/gates.md", "/waiting-room/spring-sale?target=%2Fcheckout"),
        ("README.md", "{service}/waiting-room/spring-sale?target={shop}%2Fcheckout"),
    ],
)
async def test_example_is_a_shop_with_a_gate(
    page: str, location: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    The example runs as it stands: it sends newcomers away, lets holders in, and gives the seat back.
    """
    released: set[str] = set()

    async def report(request: web.Request) -> web.Response:
        released.update((await request.json())["released"])
        return web.json_response({"phase": "open", "straight": False, "gone": [], "now_ms": now_ms()})

    service = web.Application()
    service.router.add_post(f"/waiting-room/gate/{ROOM}/report", report)
    (tmp_path / "waiting-room.keys").write_text(SECRET)
    monkeypatch.chdir(tmp_path)
    example = _example(page, "waiting_room.gates.aiohttp")
    holder = Pass(ROOM, "standard", 7, "anna", "standard.7", now_ms(), now_ms() + 600_000)
    headers = BROWSER | {wire.PASS_HEADER: KEYRING.sign(holder)}

    async with TestServer(service) as room:
        names: dict[str, Any] = {"__name__": "shop"}
        service_url = str(room.make_url("")).rstrip("/")
        exec(example.text.replace("http://127.0.0.1:8080", service_url), names)  # noqa: S102
        async with TestClient(TestServer(names["app"])) as client:
            sent = await client.get("/checkout", headers=BROWSER, allow_redirects=False)
            let_in = await client.get("/checkout", headers=headers, allow_redirects=False)
            thanked = await client.get("/thanks", headers=headers)
            shop_url = quote(str(client.make_url("")).rstrip("/"), safe="")
        await wait_until(lambda: released == {"standard.7"}, what="the release")

    assert (sent.status, let_in.status, thanked.status) == (303, 200, 200)
    assert sent.headers["Location"] == location.format(service=service_url, shop=shop_url)


def _fastapi(names: dict[str, Any]) -> AbstractContextManager[int]:
    return in_asgi(names["app"])


def _flask(names: dict[str, Any]) -> AbstractContextManager[int]:
    return in_wsgi(names["app"])


def _django(names: dict[str, Any]) -> AbstractContextManager[int]:
    middlewares = names["MIDDLEWARE"]
    assert middlewares[0] == "waiting_room.gates.django.WaitingRoomMiddleware"
    with override_settings(WAITING_ROOM=names["WAITING_ROOM"], MIDDLEWARE=middlewares):
        return in_wsgi(WSGIHandler())


@pytest.mark.parametrize(
    ("mark", "serve", "thanks"),
    [
        ("waiting_room.gates.asgi", _fastapi, "/thanks"),
        ("waiting_room.gates.wsgi", _flask, "/thanks"),
        ("WAITING_ROOM = {", _django, "/says/release"),
    ],
)
def test_example_of_each_framework_is_a_shop_with_a_gate(
    mark: str,
    serve: Callable[[dict[str, Any]], AbstractContextManager[int]],
    thanks: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """
    As it stands: it sends newcomers away, lets holders in, and gives the seat back.
    """
    gated_django(settings())  # has Django ready
    (tmp_path / "waiting-room.keys").write_text(SECRET)
    monkeypatch.chdir(tmp_path)
    holder = Pass(ROOM, "standard", 7, "anna", "standard.7", now_ms(), now_ms() + 600_000)
    text = KEYRING.sign(holder)
    names: dict[str, Any] = {"__name__": "shop"}
    with patch.object(threaded, "atexit", Exit()) as at_exit:
        exec(_example("docs/gates.md", mark).text, names)  # noqa: S102
        with serve(names) as port:
            shop = Browser(f"http://127.0.0.1:{port}")
            sent = shop.ask()
            let_in = shop.ask(Waiting_Room_Pass=text)
            thanked = shop.ask(thanks, Waiting_Room_Pass=text)
            again = shop.ask(Waiting_Room_Pass=text)
        for deed in list(at_exit.deeds):
            deed()

    assert (sent.status, let_in.status, thanked.status, again.status) == (303, 200, 200, 303)
    assert sent.header("Location") == "/waiting-room/spring-sale?target=%2Fcheckout"
    assert thanked.header("Waiting-Room-Command") is None
