"""
The gate for Django where Django matters: its settings, and both ways of running.
"""

import asyncio
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.wsgi import WSGIHandler
from django.test import AsyncClient, Client, override_settings

from tests.gates.makings import SECRET, settings
from tests.gates.shops import gated_django

GOOD = {"room": "sale", "service_url": "http://127.0.0.1:1", "page_url": "/waiting-room/sale", "secret_keys": [SECRET]}
METRICS = "/internal/metrics"


@pytest.fixture(autouse=True)
def _django() -> None:
    gated_django(settings())


@pytest.mark.parametrize(
    ("values", "parts"),
    [
        (None, ["WAITING_ROOM is missing"]),
        ({**GOOD, "rom": "x", "grace_s": -1}, ["WAITING_ROOM.rom: unknown setting", "WAITING_ROOM.grace_s"]),
        ({**GOOD, "metrics_path": "metrics"}, ["WAITING_ROOM.metrics_path: 'metrics' is no path"]),
        ({**GOOD, "secret_keys": [], "secret_keys_file": "/nowhere"}, ["/nowhere cannot be read"]),
    ],
)
def test_faults_of_the_settings_are_told_when_the_shop_is_loaded(values: Any, parts: list[str]) -> None:
    """
    As Django tells its own: all at once, each with its place.
    """
    with override_settings(WAITING_ROOM=values), pytest.raises(ImproperlyConfigured) as raised:
        WSGIHandler()

    assert [part for part in parts if part not in str(raised.value)] == []


def test_lists_of_the_settings_may_be_lists() -> None:
    """
    The dictionary is written as anybody would.
    """
    with override_settings(WAITING_ROOM=GOOD | {"protect": ["/checkout/*"]}):
        WSGIHandler()


@pytest.mark.parametrize("in_loop", [False, True], ids=["threads", "loop"])
async def test_metrics_are_told_where_asked(in_loop: bool) -> None:
    """
    Their path needs no pass, and the shop is not asked.
    """
    with override_settings(WAITING_ROOM=GOOD | {"metrics_path": METRICS}):
        asked = AsyncClient().get(METRICS) if in_loop else asyncio.to_thread(lambda: Client().get(METRICS))
        answer = await asked

    assert answer.status_code == 200
    assert b"waiting_room_gate_requests_total" in answer.content
