"""
The settings of the service: a TOML file, then the environment, then options; all faults are reported at once.

`pydantic` checks types and ranges. Reading the sources is our own (`waiting_room.config.sources`): the reader of
pydantic-settings stops at the first variable it cannot parse, and knows no line of a file.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from waiting_room.config.rooms import parse_rooms, split
from waiting_room.config.sections import SECTIONS, JwtSettings, RedisSettings, Section, ServerSettings
from waiting_room.config.sources import Given, Keys, Layer, from_environment, from_file, from_options
from waiting_room.core.policy import Policy
from waiting_room.errors import ConfigError, Fault
from waiting_room.tokens import Keyring

__all__ = ["JwtSettings", "RedisSettings", "ServerSettings", "Settings", "load"]

AnySection = TypeVar("AnySection", bound=Section)

KNOWN: Final = frozenset((name, entry) for name, section in SECTIONS.items() for entry in section.model_fields)
SECRETS: Final = frozenset(
    (name, entry)
    for name, section in SECTIONS.items()
    for entry, info in section.model_fields.items()
    if info.repr is False
)
"""The settings that are never shown, and that may be given as a file."""


@dataclass(frozen=True, slots=True)
class Settings:
    """
    Hold the settings of one run; `load` is the way in from outside.

    *origins* tells who set a value that is not the default.
    """

    server: ServerSettings = field(default_factory=ServerSettings)
    redis: RedisSettings = field(default_factory=RedisSettings)
    jwt: JwtSettings = field(default_factory=JwtSettings)
    rooms: Mapping[str, Policy] = field(default_factory=lambda: MappingProxyType({}))
    origins: Mapping[Keys, str] = field(default_factory=lambda: MappingProxyType({}), repr=False, compare=False)

    def with_server(self, **changes: Any) -> "Settings":
        """
        Return these settings with *changes* to the server's, checked like any others.
        """
        return replace(self, server=ServerSettings.model_validate(self.server.model_dump() | changes))

    def with_redis_url(self, url: str) -> "Settings":
        """
        Return these settings with Redis at *url*.
        """
        return replace(self, redis=RedisSettings(url=url))

    def as_dict(self) -> dict[str, Any]:
        """
        Return all values, secrets too, as plain ones: for a worker's pipe, never for a log or a terminal.
        """
        rooms = {name: policy.as_dict() for name, policy in self.rooms.items()}
        sections = {name: getattr(self, name).model_dump(mode="json") for name in SECTIONS}
        return {**sections, "rooms": rooms}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Settings":
        """
        Return the settings that `as_dict` gave.
        """
        rooms = {name: Policy.parse(room, f"rooms.{name}") for name, room in values["rooms"].items()}
        server, redis = ServerSettings(**values["server"]), RedisSettings(**values["redis"])
        return cls(server, redis, JwtSettings(**values["jwt"]), MappingProxyType(rooms))


def load(path: Path | None, environ: Mapping[str, str], options: Mapping[str, Any]) -> Settings:
    """
    Return the settings of a file, the environment and options; the later wins, value by value.

    *options* are dotted names (``server.port``) to values, None where not given. Raises `ConfigError` with the faults
    of all sources at once, each with the line, the variable or the option it came from.
    """
    faults: list[Fault] = []
    layer: Layer = {}
    sources: list[Callable[[], Layer]] = [
        lambda: from_file(path) if path else {},
        lambda: from_environment(environ, SECRETS, KNOWN),
        lambda: from_options(options),
    ]
    for source in sources:
        try:
            layer |= source()
        except ConfigError as error:
            faults.extend(error.faults)
    settings = _settings(layer, faults)
    if faults:
        raise ConfigError(tuple(sorted(faults, key=_by_line)))
    return settings


def _settings(layer: Layer, faults: list[Fault]) -> Settings:
    faults.extend(_strays(layer))
    server = _section("server", ServerSettings, layer, faults)
    redis = _section("redis", RedisSettings, layer, faults)
    jwt = _section("jwt", JwtSettings, layer, faults)
    faults.extend(_key_faults(layer))
    rooms = parse_rooms({keys[1:]: given for keys, given in layer.items() if keys[0] == "rooms"}, faults)
    origins = {keys: given.origin for keys, given in layer.items()}
    return Settings(server, redis, jwt, MappingProxyType(rooms), MappingProxyType(origins))


def _section(name: str, section: type[AnySection], layer: Layer, faults: list[Fault]) -> AnySection:
    values = {keys[1]: given.value for keys, given in layer.items() if len(keys) == 2 and keys[0] == name}
    try:
        return section.model_validate(values)
    except ValidationError as error:
        faults.extend(_faults(name, error, layer))
        return section()


def _key_faults(layer: Layer) -> Iterator[Fault]:
    keys = ("server", "secret_keys")
    given = layer.get(keys)
    if given is None:
        return
    value = split(given.value) if isinstance(given.value, str) else given.value
    if isinstance(value, list | tuple) and all(isinstance(secret, str) for secret in value):
        try:
            Keyring(value)
        except ConfigError as error:
            yield from (Fault(place(given, (fault.where,)), fault.what, fault.remedy) for fault in error.faults)


def _strays(layer: Layer) -> Iterator[Fault]:
    """
    Yield a fault for what stands in no section, or in the wrong shape of one.
    """
    sections = (*SECTIONS, "rooms")
    for keys, given in layer.items():
        where = place(given, keys)
        if keys[0] not in sections:
            yield Fault(where, "unknown section", _nearest(keys[0], sections))
        elif len(keys) == 1 and given.value != {}:
            yield Fault(where, "is a section", f"write [{keys[0]}], and its settings below")
        elif keys[0] in SECTIONS and len(keys) > 2:
            known = keys[:2] in KNOWN
            remedy = "give it one value" if known else _nearest(keys[1], SECTIONS[keys[0]].model_fields)
            yield Fault(where, "is a single setting" if known else "unknown setting", remedy)


def _faults(section: str, error: ValidationError, layer: Layer) -> Iterator[Fault]:
    for found in error.errors(include_url=False):
        keys: Keys = (section, str(found["loc"][0]))
        given = layer.get(keys)
        where = place(given, keys)
        if found["type"] == "extra_forbidden":
            yield Fault(where, "unknown setting", _nearest(keys[1], SECTIONS[section].model_fields))
            continue
        message = found["msg"].removeprefix("Value error, ")
        ours = message != found["msg"]
        shown = "" if keys in SECRETS or given is None else f"{given.value!r} " if ours else f"{given.value!r}: "
        what = f"{shown}{message[:1].lower()}{message[1:]}"
        yield Fault(where, what, "" if ours else f"it is {SECTIONS[section].model_fields[keys[1]].description}")


def _by_line(fault: Fault) -> tuple[str, int, str]:
    found = re.match(r"(.*?):(\d+): ", fault.where)
    return (found[1], int(found[2]), fault.where) if found else (fault.where, 0, "")


def place(given: Given | None, keys: Keys) -> str:
    """
    Return where a value stands: who gave it, and its path.
    """
    path = ".".join(keys)
    return path if given is None else f"{given.origin}: {path}"


def _nearest(name: str, known: Any) -> str:
    near = get_close_matches(name, list(known), n=1)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
