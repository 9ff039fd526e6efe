"""
Where settings come from: a TOML file, the environment, the command line; each value knows its origin.

Values are kept flat, by path: `("server", "port")`, `("rooms", "spring-sale", "capacity")`. Later sources win value
by value. What a value must look like is not decided here.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from waiting_room.errors import ConfigError, Fault

ENV_PREFIX: Final = "WAITING_ROOM_"
CONFIG_VARIABLE: Final = "WAITING_ROOM_CONFIG"
COMMAND_LINE: Final = "the command line"
_NESTING: Final = "__"
_FILE_SUFFIX: Final = "_FILE"

Keys = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Given:
    """
    A value somebody gave, and who: ``shop.toml:12``, ``$WAITING_ROOM_SERVER__PORT`` or the command line.

    *is_text* says that the value came as text and is still to be read as what the setting needs.
    """

    value: Any
    origin: str
    is_text: bool = False


Layer = dict[Keys, Given]


def from_file(path: Path) -> Layer:
    """
    Return what a TOML file sets, each value with its line; raise `ConfigError` if the file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        fault = Fault(str(path), f"the configuration cannot be read: {error.strerror}", "check the path and the rights")
        raise ConfigError((fault,)) from error
    except UnicodeDecodeError as error:
        fault = Fault(str(path), f"the configuration is no UTF-8 text (byte {error.start})", "save it as UTF-8")
        raise ConfigError((fault,)) from error
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits and endless nesting, too
        line = re.search(r"at line (\d+)", str(error))
        where = f"{path}:{line[1] if line else len(text.splitlines())}"
        raise ConfigError((Fault(where, f"this is no TOML: {error}", "see https://toml.io"),)) from error
    lines = dict(_lines(text))
    return {keys: Given(value, f"{path}:{lines.get(keys, 1)}") for keys, value in _flat(document)}


def _flat(value: Any, keys: Keys = ()) -> Iterator[tuple[Keys, Any]]:
    if isinstance(value, dict) and (value or not keys):
        for name, inner in value.items():
            yield from _flat(inner, (*keys, name))
    else:
        yield keys, value


def _lines(text: str) -> Iterator[tuple[Keys, int]]:
    """
    Yield the line of each value of a valid TOML document: its statements are read one by one.

    The parser of the standard library tells no positions, so a statement is the shortest run of lines it accepts.
    """
    table: Keys = ()
    statement: list[str] = []
    first = 1
    for number, line in enumerate(text.splitlines(), start=1):
        if not statement:
            first = number
        statement.append(line)
        try:
            content = tomllib.loads("\n".join(statement))
        except tomllib.TOMLDecodeError:
            continue
        statement = []
        if line.lstrip().startswith("["):
            table = _innermost(content)
            yield table, first
        else:
            yield from (((*table, *keys), first) for keys, _ in _flat(content) if keys)


def _innermost(content: Any) -> Keys:
    keys: Keys = ()
    while content and isinstance(content, dict):
        name, content = next(iter(content.items()))
        keys = (*keys, name)
    return keys


def from_environment(environ: Mapping[str, str], secrets: frozenset[Keys], known: frozenset[Keys]) -> Layer:
    """
    Return what the ``WAITING_ROOM_*`` variables set; ``NAME_FILE`` names a file that holds the value of a secret.

    Variables without ``__`` are left alone: Kubernetes sets ``WAITING_ROOM_PORT`` and the like for a Service of the
    name waiting-room. Where one of them was clearly meant as a setting, it is a fault. An empty variable sets nothing:
    compose files pass on what is not set as an empty one.
    """
    layer: Layer = {}
    faults: list[Fault] = []
    for name in sorted(environ):
        if not name.upper().startswith(ENV_PREFIX) or name.upper() == CONFIG_VARIABLE or not environ[name]:
            continue
        rest = name[len(ENV_PREFIX) :].lower()
        if _NESTING not in rest:
            faults.extend(_meant_nested(name, rest, environ[name], known))
            continue
        keys = _path(rest)
        value = environ[name]
        if keys not in known and (secret := _path(rest.removesuffix(_FILE_SUFFIX.lower()))) in secrets:
            keys = secret
            value = _content(name, value, faults)
        if keys in layer:
            faults.append(Fault(f"${name}", f"{layer[keys].origin} sets {'.'.join(keys)} as well", "keep one of them"))
        layer[keys] = Given(value, f"${name}", is_text=True)
    if faults:
        raise ConfigError(tuple(faults))
    return layer


def _path(rest: str) -> Keys:
    """
    Return the path of a variable; the name of a room or a lane has hyphens where a variable can have only underscores.
    """
    keys = tuple(rest.split(_NESTING))
    if keys[0] != "rooms":
        return keys
    return tuple(key.replace("_", "-") if at == 1 or keys[at - 1] == "lanes" else key for at, key in enumerate(keys))


def _meant_nested(name: str, rest: str, value: str, known: frozenset[Keys]) -> Iterator[Fault]:
    for keys in known:
        if "_".join(keys) == rest and not value.startswith("tcp://"):
            right = f"{ENV_PREFIX}{_NESTING.join(keys).upper()}"
            yield Fault(f"${name}", "sets nothing", f"two underscores part section and setting: {right}")


def _content(name: str, path: str, faults: list[Fault]) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        faults.append(Fault(f"${name}", f"the file {path} cannot be read: {reason}", "check the path and the rights"))
        return ""


def from_options(options: Mapping[str, Any]) -> Layer:
    """
    Return what the command line sets: dotted names to values; None stands for an option that was not given.
    """
    return {tuple(name.split(".")): Given(value, COMMAND_LINE) for name, value in options.items() if value is not None}
