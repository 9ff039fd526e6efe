"""
The page about gates says what is so, and its example and the README's are shops.
"""

import re
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tests.docs.markdown import fenced
from tests.gates.makings import BROWSER, KEYRING, NOW_MS, SECRET
from tests.source import ROOT
from tests.waiting import wait_until
from waiting_room import wire
from waiting_room.gates.settings import NEVER, WHEN_SERVICE_DOWN, GateSettings
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
        default = "see below" if entry.default == NEVER else ", ".join(f"`{item}`" for item in entry.default)
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
    released: list[str] = []

    async def report(request: web.Request) -> web.Response:
        released.extend((await request.json())["released"])
        return web.json_response({"phase": "open", "straight": False, "gone": [], "now_ms": NOW_MS})

    service = web.Application()
    service.router.add_post(f"/waiting-room/gate/{ROOM}/report", report)
    (tmp_path / "waiting-room.keys").write_text(SECRET)
    monkeypatch.chdir(tmp_path)
    (example,) = [found for found in fenced(page, (ROOT / page).read_text()) if found.language == "python"]
    holder = Pass(ROOM, "standard", 7, "anna", "standard.7", NOW_MS, NOW_MS + 600_000)
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
        await wait_until(lambda: released == ["standard.7"], what="the release")

    assert (sent.status, let_in.status, thanked.status) == (303, 200, 200)
    assert sent.headers["Location"] == location.format(service=service_url, shop=shop_url)
