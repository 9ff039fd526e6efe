"""
The networks of search engines' crawlers, from files as their owners publish them, looked at again when they change.
"""

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from waiting_room.errors import ConfigError, Fault
from waiting_room.gates.networks import Known, Networks

_KEYS: Final = ("ipv4Prefix", "ipv6Prefix")
"""Of Google's, Bing's, Apple's, DuckDuckGo's and OpenAI's files alike."""
_LARGEST: Final = 4_000_000
_WIDEST: Final = {4: 8, 6: 16}
"""Bits of a prefix; a file that names wider networks is no crawler's, and would open the gate to everybody."""

_log = logging.getLogger(__name__)


def networks_in(path: Path) -> tuple[str, ...]:
    """
    Return the networks that the file at *path* names: JSON with ``prefixes``, or a network a line.

    Raises `ConfigError` for a file that cannot be read to its end; half a list is none.
    """
    remedy = "give the file as published, such as googlebot.json, or one with a network a line"
    try:
        text = _text_of(path)
        found = _from_json(json.loads(text)) if text.lstrip().startswith("{") else _from_lines(text)
        _check(found)
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError((Fault("crawler_files", f"{path} cannot be used: {error}", remedy),)) from None
    return found


def _text_of(path: Path) -> str:
    with path.open(encoding="utf-8") as file:
        text = file.read(_LARGEST + 1)
    if len(text) > _LARGEST:
        raise ValueError("it is too large")
    return text


def _from_json(document: Any) -> tuple[str, ...]:
    entries = document.get("prefixes")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError("it has no list of prefixes")
    found = [entry[key] for entry in entries for key in _KEYS if key in entry]
    if not all(isinstance(network, str) for network in found):
        raise ValueError("a prefix in it is no text")
    return tuple(found)


def _from_lines(text: str) -> tuple[str, ...]:
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return tuple(line for line in lines if line)


def _check(networks: Sequence[str]) -> None:
    if not networks:
        raise ValueError("it names no network")
    Networks(networks)
    for network in networks:
        version = 6 if ":" in network else 4
        bits = network.partition("/")[2]
        if bits and int(bits) < _WIDEST[version]:
            raise ValueError(f"{network} is wider than any crawler's network")


class Acquaintances:
    """
    Keep who is known by address, and read the crawlers' files again when they have changed.

    Without staff and without files nobody is known, and nothing is ever looked at.
    """

    def __init__(self, proxies: Sequence[str], staff: Sequence[str], files: Sequence[str]) -> None:
        self._proxies = tuple(proxies)
        self._staff = tuple(staff)
        self._files = tuple(Path(file) for file in files)
        self._seen = self._times()
        self.known: Known | None = self._read() if staff or files else None

    def look_again(self) -> None:
        """
        Read the files again if one has changed. One that cannot be used is told, and the networks stay as they were.
        """
        if not self._files:
            return
        times = self._times()
        if times == self._seen:
            return
        self._seen = times
        try:
            self.known = self._read()
        except ConfigError as error:
            _log.warning("the networks of crawlers stay as they were: %s", error)

    def _read(self) -> Known:
        crawlers = [network for file in self._files for network in networks_in(file)]
        return Known(self._proxies, self._staff, crawlers)

    def _times(self) -> tuple[tuple[int, int], ...]:
        return tuple(_time_of(file) for file in self._files)


def _time_of(file: Path) -> tuple[int, int]:
    try:
        state = file.stat()
    except OSError:
        return 0, 0
    return state.st_mtime_ns, state.st_size
