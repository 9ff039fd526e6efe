"""
Logs for machines (one JSON object per line) and for people (one line of text), from the standard library's logging.

The message is the event, a short sentence that does not vary; what varies goes into ``extra``::

    log.warning("claim refused", extra={"room": "spring-sale", "reason": "ticket_used", "number": 4711})

Nothing that opens a door is ever written: signed tokens lose their payload and signature, fields that bear a
secret's name lose their value, addresses lose their password.
"""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any, Final, Literal, TextIO

Style = Literal["json", "text"]

HIDDEN: Final = "[hidden]"

_TOKEN: Final = re.compile(r"\b(wr1\.[a-z]+\.[\w-]+|eyJ[\w-]+)\.[\w-]+\.[\w-]+")
_URL_PASSWORD: Final = re.compile(r"(\b[a-z][a-z0-9+]*://[^/\s:@]*):[^/\s@]+@", re.IGNORECASE)
_SECRET_NAME: Final = re.compile(r"secret|password|authorization|cookie|token$", re.IGNORECASE)

# What a record has before anybody adds to it; everything else came through `extra`.
_OWN_FIELDS: Final = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime", "color_message"})


class JsonFormatter(logging.Formatter):
    """
    Write a record as one line of JSON: time, level, event, logger, and what `extra` brought.
    """

    def format(self, record: logging.LogRecord) -> str:
        """
        Return the line, without its line break.
        """
        entry: dict[str, Any] = {
            "time": _time_of(record),
            "level": record.levelname.lower(),
            "event": _clean("event", record.getMessage()),
            "logger": record.name,
            **_fields_of(record),
        }
        if record.exc_info:
            entry["exception"] = _clean("exception", self.formatException(record.exc_info))
        return json.dumps(entry, ensure_ascii=False, default=str)


class TextFormatter(logging.Formatter):
    """
    Write a record as one line for a terminal, followed by the traceback where there is one.
    """

    def format(self, record: logging.LogRecord) -> str:
        """
        Return the line, without its line break.
        """
        fields = " ".join(f"{name}={_shown(value)}" for name, value in _fields_of(record).items())
        line = f"{_time_of(record)} {record.levelname:<7} {_clean('event', record.getMessage())}"
        line = f"{line}  {fields}" if fields else line
        if record.exc_info:
            line = f"{line}\n{_clean('exception', self.formatException(record.exc_info))}"
        return line


def set_up(style: Style = "text", level: str = "INFO", stream: TextIO | None = None) -> None:
    """
    Send every log record of this process to *stream* (the standard error output by default), in this style only.
    """
    handler = logging.StreamHandler(stream if stream is not None else sys.stderr)
    handler.setFormatter(JsonFormatter() if style == "json" else TextFormatter())
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())


def _time_of(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _fields_of(record: logging.LogRecord) -> dict[str, Any]:
    return {name: _clean(name, value) for name, value in vars(record).items() if name not in _OWN_FIELDS}


def _clean(name: str, value: Any) -> Any:
    if _SECRET_NAME.search(name):
        return HIDDEN
    if isinstance(value, str):
        return _URL_PASSWORD.sub(rf"\1:{HIDDEN}@", _TOKEN.sub(rf"\1.{HIDDEN}", value))
    if isinstance(value, dict):
        return {key: _clean(str(key), each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(name, each) for each in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return _clean(name, str(value))


def _shown(value: Any) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if not text or re.search(r'[\s"=]', text) else text
