"""
Frozen dataclasses to JSON and back, with every fault of a bad document told at once and by its place in it.
"""

from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from waiting_room.errors import Fault, FaultsError

STRICT: Final[ConfigDict] = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
"""Unknown keys, numbers written as texts and NaN are mistakes, never guessed at."""

T = TypeVar("T")

_ADAPTERS: dict[Any, TypeAdapter[Any]] = {}


class DocumentError(FaultsError):
    """
    Refuse a document, with everything that is wrong in it.
    """


def get_ready(*kinds: type[Any]) -> None:
    """
    Do now what the first document of these kinds would have to wait for: tens of milliseconds.
    """
    for kind in kinds:
        _adapter(kind)


def encode(value: Any) -> str:
    """
    Return a dataclass as JSON on one line; `decode` gives back an equal value.
    """
    return _adapter(type(value)).dump_json(value).decode()


def decode(kind: type[T], text: str | bytes, where: str) -> T:
    """
    Return the *kind* that *text* describes.

    Args:
        kind: a dataclass.
        text: JSON.
        where: what to call the document in messages, such as its file name.

    Raises:
        DocumentError: it is no JSON, or has missing, unknown or ill-typed parts; all of them are told.
    """
    try:
        value: T = _adapter(kind).validate_json(text)
    except ValidationError as error:
        raise DocumentError(tuple(_fault(detail, where) for detail in error.errors(include_url=False))) from None
    return value


def read(kind: type[T], path: Path) -> T:
    """
    Return the *kind* that the file holds.

    Raises:
        DocumentError: the file cannot be read, or its content is refused.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        fault = Fault(str(path), f"cannot be read ({error.strerror})", "give the path of a JSON file")
        raise DocumentError((fault,)) from None
    return decode(kind, text, str(path))


def write(value: Any, path: Path) -> None:
    """
    Write a dataclass as JSON, so that a reader sees the whole of it or the former file, never a half.
    """
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(encode(value) + "\n", encoding="utf-8")
    draft.replace(path)


def _adapter(kind: Any) -> TypeAdapter[Any]:
    # To make one takes milliseconds, and the load generator tells a line each second.
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def _fault(detail: ErrorDetails, where: str) -> Fault:
    inner = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in detail["loc"])
    match detail["type"]:
        case "json_invalid":
            return Fault(where, f"is no JSON ({detail['msg'].removeprefix('Invalid JSON: ')})")
        case "missing":
            return Fault(where + inner, "is missing")
        case "unexpected_keyword_argument":
            return Fault(where + inner, "is unknown", "look for a misspelt name")
        case _:
            return Fault(where + inner, f"{detail['msg'].lower()}, is {detail['input']!r}")
