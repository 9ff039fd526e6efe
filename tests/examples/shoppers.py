"""
People at an example shop: who asks for pages and sends forms, what they are answered, and the room's operator.
"""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from html import unescape
from types import TracebackType
from typing import Any, Final, Self

from aiohttp import ClientSession, CookieJar, TCPConnector
from yarl import URL

from tests.waiting import wait_until

ADMIN_TOKEN: Final = "the-operators-token"
BROWSER: Final = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}
SCRIPT: Final = {"Accept": "*/*", "Sec-Fetch-Mode": "cors"}
PATIENCE_S: Final = 30.0
HIDDEN: Final = re.compile(r'<input type="hidden" name="(?P<name>[^"]+)" value="(?P<value>[^"]*)">')


@dataclass(frozen=True, slots=True)
class Answer:
    """
    Hold one answer as a shopper sees it.
    """

    status: int
    headers: Mapping[str, str]
    text: str
    cookies: tuple[str, ...] = ()

    @property
    def location(self) -> str:
        """
        Return where it leads.
        """
        return self.headers.get("Location", "")

    @property
    def document(self) -> dict[str, Any]:
        """
        Return its JSON.
        """
        made = json.loads(self.text)
        assert isinstance(made, dict), made
        return made


async def seen_at_last(look: Callable[[], Awaitable[Answer | None]], what: str) -> Answer:
    """
    Return what *look* finds, as soon as it finds something.
    """
    found = await wait_until(look, PATIENCE_S, what)
    assert found is not None
    return found


class Shopper:
    """
    Browse with cookies, send forms with their hidden fields, and follow nothing unasked.
    """

    def __init__(self, shop_url: str) -> None:
        self._shop = URL(shop_url)
        # Cookies know no port, so shop and room share them, as in a browser. A connection that is kept may be closed by
        # the shop (gunicorn does after 2 s) just when a form goes out on it, and nobody sends a form twice.
        self._session = ClientSession(cookie_jar=CookieJar(unsafe=True), connector=TCPConnector(force_close=True))
        self._hidden: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def get(self, address: str, headers: Mapping[str, str] = BROWSER) -> Answer:
        """
        Ask for a page, at the shop where *address* is a path.
        """
        return await self._ask("GET", address, headers)

    async def send(self, address: str, **fields: str) -> Answer:
        """
        Send a form, with what the last page hid in it.
        """
        return await self._ask("POST", address, BROWSER, {**self._hidden, **fields})

    async def join(self, room: str) -> Answer:
        """
        Take a place in *room*, as the waiting page's script does: again where the room cannot give one just now.
        """

        async def given() -> Answer | None:
            answer = await self._ask("POST", f"{room}/join", SCRIPT)
            return answer if answer.document.get("number") else None

        return await seen_at_last(given, "a place")

    async def called(self, room: str) -> Answer:
        """
        Wait to be called in *room*, as the waiting page's script does, and return the answer to the claim.
        """

        async def admitted() -> Answer | None:
            status = await self.get(f"{room}/status", SCRIPT)
            if status.document["state"] != "called":
                return None
            claim = await self._ask("POST", f"{room}/claim", SCRIPT)
            return claim if claim.document["state"] == "admitted" else None

        return await seen_at_last(admitted, "the call")

    async def _ask(
        self, method: str, address: str, headers: Mapping[str, str], form: Mapping[str, str] | None = None
    ) -> Answer:
        url = self._shop.join(URL(address, encoded=True))
        async with self._session.request(method, url, headers=headers, data=form, allow_redirects=False) as response:
            text = await response.text()
            if hidden := {found["name"]: unescape(found["value"]) for found in HIDDEN.finditer(text)}:
                self._hidden = hidden
            cookies = response.headers.getall("Set-Cookie", [])
            return Answer(response.status, dict(response.headers), text, tuple(cookies))


async def operator(admin: str, changes: dict[str, Any] | None = None) -> Answer:
    """
    Look at a room as its operator, or change it; a room that has no time for its store just then is asked again.
    """

    async def done() -> Answer | None:
        async with session.request("PATCH" if changes else "GET", admin, json=changes) as response:
            told = Answer(response.status, dict(response.headers), await response.text())
            return told if told.status == 200 else None

    async with ClientSession(headers={"Authorization": f"Bearer {ADMIN_TOKEN}"}) as session:
        return await seen_at_last(done, "the operator's answer")
