"""
An answer, held against the document: its status, its headers, its media type and its body.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from jsonschema_rs import Draft202012Validator
from multidict import CIMultiDictProxy

from waiting_room.web.openapi.document import document

_NOT_ALLOWED: Final = 405
_WITHOUT_BODY: Final = frozenset({"HEAD"})


class Held:
    """
    Hold answers of a service with *prefix* against its document, and remember which responses of it were met.
    """

    def __init__(self, prefix: str) -> None:
        self.met: set[tuple[str, str, int]] = set()
        self._document = document(prefix)
        self._validators: dict[str, Draft202012Validator] = {}
        # What is written out counts before what a parameter stands for (OpenAPI 3.1, section 4.8.8.2).
        paths = sorted(self._document["paths"].items(), key=lambda each: each[0].count("{"))
        self._paths = [(_matcher(path), item) for path, item in paths]

    @property
    def promised(self) -> set[tuple[str, str, int]]:
        """
        Return operation id, method and status of every response in the document.
        """
        return {
            (call["operationId"], method.upper(), int(status))
            for _, item in self._paths
            for method, call in item.items()
            for status in call["responses"]
        }

    def check(self, method: str, path: str, status: int, headers: CIMultiDictProxy[str], body: bytes) -> None:
        """
        Raise `AssertionError` where the answer is another than the document promises; other paths are passed over.
        """
        item = next((item for matcher, item in self._paths if matcher.fullmatch(path.partition("?")[0])), None)
        if item is None:
            return
        # Where any method is taken, it may also be one that OpenAPI has no word for; such calls alone know TRACE.
        call = item.get(method.lower(), item.get("trace"))
        where = f"{method} {path} -> {status}"
        if call is None:
            assert status == _NOT_ALLOWED, where
            assert set(headers["Allow"].split(",")) <= {name.upper() for name in item}, where
            return
        assert str(status) in call["responses"], f"{where} is not in the document"
        response = self._resolved(call["responses"][str(status)])
        self.met.add((call["operationId"], method, status))
        for name, header in response.get("headers", {}).items():
            self._check_header(where, name, self._resolved(header), headers)
        if method not in _WITHOUT_BODY:
            self._check_body(where, response.get("content", {}), headers.get("Content-Type", ""), body)

    def _check_header(self, where: str, name: str, header: Mapping[str, Any], headers: CIMultiDictProxy[str]) -> None:
        found = headers.getall(name, [])
        assert found or not header.get("required"), f"{where} lacks {name}"
        for text in found:
            value = int(text) if header["schema"].get("type") == "integer" else text
            assert not self.faults(header["schema"], value), f"{where}: {name}: {text}"

    def _check_body(self, where: str, content: Mapping[str, Any], said: str, body: bytes) -> None:
        media = said.partition(";")[0]
        assert media in content or not body, f"{where} is {said}"
        if media not in content:
            return
        value = json.loads(body) if media.endswith("json") else body.decode()
        faults = self.faults(content[media]["schema"], value)
        assert not faults, f"{where}: {faults}: {body.decode()[:2000]}"

    def faults(self, schema: Mapping[str, Any], value: object) -> list[str]:
        """
        Return what *value* has of faults by *schema*.
        """
        text = json.dumps(schema)
        if text not in self._validators:
            whole = {**schema, "components": self._document["components"]}
            self._validators[text] = Draft202012Validator(whole)
        return [str(fault) for fault in self._validators[text].iter_errors(value)]

    def _resolved(self, found: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in found:
            target: Any = self._document
            for part in found["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            found = target
        return found


def _matcher(path: str) -> re.Pattern[str]:
    pieces = re.split(r"(\{\w+\})", path)
    wild = {"{rest}": r"[\s\S]*"}
    return re.compile("".join(wild.get(piece, "[^/]+") if piece[:1] == "{" else re.escape(piece) for piece in pieces))


@cache
def held_to(prefix: str) -> Held:
    """
    Return the one that holds all answers of services with *prefix*: compiling schemas takes most of the time.
    """
    return Held(prefix)
