import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from waiting_room.telemetry.logs import HIDDEN, JsonFormatter, Style, TextFormatter, set_up
from waiting_room.tokens import Keyring, Ticket

KEYRING = Keyring(["k1:0123456789abcdef0123456789abcdef"])
TOKEN = KEYRING.sign(Ticket("spring", "standard", 4711, "somebody", 1_700_000_000_000))


def record(event: str = "claim refused", **extra: Any) -> logging.LogRecord:
    """
    Make a record of a fixed time.
    """
    made = logging.LogRecord("waiting_room.lobby", logging.WARNING, __file__, 1, event, (), None)
    made.created = 1_700_000_000.25
    vars(made).update(extra)
    return made


@pytest.fixture
def root_logger() -> Iterator[logging.Logger]:
    """
    Give the root logger back as it was.
    """
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield root
    root.handlers[:] = handlers
    root.setLevel(level)


def as_json(made: logging.LogRecord) -> dict[str, Any]:
    """
    Format and parse *made*.
    """
    entry: dict[str, Any] = json.loads(JsonFormatter().format(made))
    return entry


def test_a_record_becomes_one_line_of_json() -> None:
    """
    Time in UTC with milliseconds, level, event, logger, and what came along.
    """
    assert as_json(record(room="spring", number=4711)) == {
        "time": "2023-11-14T22:13:20.250Z",
        "level": "warning",
        "event": "claim refused",
        "logger": "waiting_room.lobby",
        "room": "spring",
        "number": 4711,
    }


def test_a_record_becomes_one_line_of_text() -> None:
    """
    For people the same stands in a line, with quotes where a value has spaces.
    """
    line = TextFormatter().format(record(room="spring", detail="two words"))

    assert line == '2023-11-14T22:13:20.250Z WARNING claim refused  room=spring detail="two words"'


def test_a_line_break_in_a_value_breaks_no_line() -> None:
    """
    What a visitor sends cannot forge a second entry.
    """
    made = record(detail='x\n{"event": "forged"}')

    assert "\n" not in JsonFormatter().format(made)
    assert "\n" not in TextFormatter().format(made)


def test_an_exception_comes_along() -> None:
    """
    The traceback is part of the entry.
    """
    made = record()
    try:
        json.loads("it broke")
    except json.JSONDecodeError:
        made.exc_info = sys.exc_info()

    assert "JSONDecodeError: Expecting value" in as_json(made)["exception"]
    assert "JSONDecodeError: Expecting value" in TextFormatter().format(made)


@pytest.mark.parametrize("formatter", [JsonFormatter(), TextFormatter()], ids=["json", "text"])
@pytest.mark.parametrize(
    "made",
    [
        record(f"got {TOKEN}"),
        record(detail=f"cookie was {TOKEN};"),
        record(detail={"inner": [TOKEN]}),
        record(detail=ValueError(TOKEN)),
    ],
    ids=["event", "value", "nested", "object"],
)
def test_a_token_is_never_written_in_clear(formatter: logging.Formatter, made: logging.LogRecord) -> None:
    """
    A token loses payload and signature wherever it stands; its kind and key id stay, for whoever looks for a fault.
    """
    line = formatter.format(made)

    assert TOKEN not in line
    assert TOKEN.rsplit(".", 1)[1] not in line
    assert f"wr1.ticket.k1.{HIDDEN}" in line


def test_a_pass_that_is_a_jwt_is_never_written_in_clear() -> None:
    """
    Its header stays, which names the key.
    """
    assert as_json(record("got eyJhbGciOi.eyJpc3Mi.c2ln"))["event"] == f"got eyJhbGciOi.{HIDDEN}"


@pytest.mark.parametrize("name", ["secret_keys", "admin_token", "password", "Authorization", "cookie"])
def test_a_field_with_the_name_of_a_secret_is_hidden(name: str) -> None:
    """
    Whatever such a field holds is not written.
    """
    assert as_json(record(**{name: "hunter2"}))[name] == HIDDEN


def test_a_password_in_an_address_is_hidden() -> None:
    """
    The address of Redis is worth a log line, its password is not.
    """
    entry = as_json(record(redis="redis://user:hunter2@127.0.0.1:6379/0"))

    assert entry["redis"] == f"redis://user:{HIDDEN}@127.0.0.1:6379/0"


@pytest.mark.parametrize("style", ["json", "text"])
def test_set_up_sends_everything_one_way(style: Style, root_logger: logging.Logger) -> None:
    """
    After set-up each record is written once, from the chosen level on.
    """
    stream = io.StringIO()
    set_up(style, "warning", stream)
    set_up(style, "warning", stream)
    logging.getLogger("waiting_room.test").info("too quiet")
    logging.getLogger("waiting_room.test").warning("loud enough")

    assert stream.getvalue().count("\n") == 1
    assert "loud enough" in stream.getvalue()
