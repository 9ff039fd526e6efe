"""
The running service that the document is held against: real Valkey, real workers, and a room in each condition.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.request import Request, urlopen

from tests.waiting import PATIENCE_S, patient
from waiting_room import wire
from waiting_room.store.embedded import EmbeddedValkey
from waiting_room.tokens import GateCredential, Keyring

SECRET: Final = "k1:" + "t" * 32
ADMIN_TOKEN: Final = "the-operators-token"
KEYS: Final = Keyring((SECRET,))
TARGET: Final = "https://shop.example/checkout"
STOP_S: Final = 15.0
HOUR_MS: Final = 3_600_000

EXAMPLE: Final = "spring-sale"
"""The room of the examples in the document."""
ROOMS: Final[dict[str, str]] = {
    EXAMPLE: "capacity = 100000",
    "full": "capacity = 1",
    "early": "capacity = 5",
    "paused": "capacity = 5",
    "closed": "capacity = 5",
    "invited": "capacity = 5\ninvite_only = true",
    "shadow": 'capacity = 1\nmode = "shadow"',
}
"""Each room with its settings; `CONDITIONS` says what the operator has done to it."""
CONDITIONS: Final = {"early": "prequeue", "paused": "pause", "closed": "close"}
JOINED: Final = 5
"""So many have joined each room that lets them, and have the tickets that calls are made with."""


@dataclass(frozen=True, slots=True)
class Service:
    """
    Hold where the service is, what it logs, and the tickets and passes of those who joined each room.
    """

    url: str
    log: Path
    tickets: dict[str, list[str]]
    passes: dict[str, list[str]]


def gate_token(room: str) -> str:
    """
    Return the credential of a gate of *room*, good for an hour.
    """
    return KEYS.sign(GateCredential(room, "shop-1", time.time_ns() // 1_000_000 + HOUR_MS))


@contextmanager
def serving(folder: Path) -> Iterator[Service]:
    """
    Run Valkey and the service with its log in *folder*, bring every room into its condition, and let visitors join.
    """
    config, log = folder / "waiting-room.toml", folder / "service.log"
    lines = ["[server]", "port = 0", f'secret_keys = ["{SECRET}"]', f'admin_token = "{ADMIN_TOKEN}"']
    for room, settings in ROOMS.items():
        lines += [f"[rooms.{room}]", "rate_per_minute = 60000", f'target = "{TARGET}"', settings]
    config.write_text("\n".join(lines), encoding="utf-8")
    command = [sys.executable, "-m", "waiting_room", "serve", "--config", str(config), "--json", "--redis-url"]
    with (
        EmbeddedValkey() as valkey,
        log.open("w") as said,
        subprocess.Popen([*command, patient(valkey.url)], stdout=subprocess.PIPE, stderr=said, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, log.read_text()
            url = json.loads(line)["url"]
            yield Service(url, log, *_prepared(url))
        finally:
            process.terminate()
            process.wait(STOP_S)


def _prepared(url: str) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    tickets: dict[str, list[str]] = {}
    passes: dict[str, list[str]] = {}
    for room in ROOMS:
        joined = [_post(f"{url}{wire.PREFIX}/{room}/join") for _ in range(JOINED)] if room != "invited" else []
        tickets[room] = [each["ticket"] for each in joined]
        passes[room] = [each["pass"] for each in joined if each["pass"]]
        if room in CONDITIONS:
            _post(f"{url}/admin/api/v1/rooms/{room}/{CONDITIONS[room]}", {"Authorization": f"Bearer {ADMIN_TOKEN}"})
    return tickets, passes


def _post(url: str, headers: dict[str, str] | None = None) -> Any:
    request = Request(url, b"", {"Accept": "application/json", **(headers or {})}, method="POST")
    with urlopen(request, timeout=PATIENCE_S) as answer:
        return json.load(answer)
