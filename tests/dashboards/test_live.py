"""
The dashboards and rules in a real Prometheus that scrapes a real exporter.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from tests.dashboards.live import LivePrometheus, queries_of
from tests.dashboards.sources import BOARDS, annotation_queries
from tests.waiting import wait_until
from waiting_room.telemetry import catalog
from waiting_room.telemetry.catalog import Metric
from waiting_room.telemetry.prometheus import Metrics

ROOM = "spring"
BEAT_S = 0.2

# Some five seconds are enough on a machine that does nothing else.
PATIENCE_S = 40

# What a healthy room shows.
LEVELS = {
    catalog.WAITING: 40,
    catalog.LANE_WAITING: 40,
    catalog.CALLED: 5,
    catalog.SEATS: 80,
    catalog.CAPACITY: 100,
    catalog.RATE_TARGET: 2 / BEAT_S,
    catalog.CROWDED: 0,
    catalog.SHADOW_WAITING: 3,
    catalog.SHADOW_WAIT: 20,
    catalog.RATE_CEILING: 4 / BEAT_S,
    catalog.INSIDE_LIMIT: 90,
    catalog.SHOP_LATENCY: 0.2,
    catalog.SHOP_ERROR_SHARE: 0.001,
    catalog.STOCK: 300,
    catalog.ISSUED: 500,
    catalog.FRONTIER: 450,
    catalog.NO_SHOW_RATIO: 0.1,
    catalog.EPOCH: 1,
    catalog.AUDIT_AGE: 0.5,
    catalog.SNAPSHOT_AGE: 0.5,
    catalog.CONTROLLER_LEADER: 1,
    catalog.REDIS_UP: 1,
    catalog.GATE_SEATS_SEEN: 80,
    catalog.GATE_SHOP_IN_FLIGHT: 7,
    catalog.REHEARSAL_IN_FLIGHT: 50,
    catalog.REHEARSAL_WAITING: 40,
}
WELL = {catalog.HTTP_REQUESTS: {"code_class": "2xx"}, catalog.GATE_SHOP_REQUESTS: {"outcome": "ok"}}
SILENT = {catalog.OVER_ADMISSIONS, catalog.REDIS_ERRORS, catalog.TOKEN_REFUSALS, catalog.CPU_SECONDS}


def labels_of(metric: Metric) -> dict[str, str]:
    """
    Return a label set of *metric* as a healthy room has it.
    """
    first = {label: (catalog.label_values(metric, label) or (ROOM,))[0] for label in metric.labels}
    return first | WELL.get(metric, {})


def live_on(metrics: Metrics) -> None:
    """
    Do in *metrics* what happens in a healthy room within a beat.
    """
    for metric in catalog.METRICS:
        labels = labels_of(metric)
        if metric.kind == "counter" and metric not in SILENT:
            metrics.counter(metric, **labels).inc()
        elif metric.kind == "histogram":
            metrics.histogram(metric, **labels).observe(metric.buckets[2])
        elif metric in LEVELS:
            metrics.gauge(metric, **labels).set(LEVELS[metric])
    metrics.counter(catalog.ADMISSIONS, room=ROOM, way="straight").inc()
    metrics.set_state(catalog.PHASE, "open", room=ROOM)
    metrics.set_state(catalog.OUTAGE_MODE, "none", room=ROOM)
    metrics.set_state(catalog.MODE, "queue", room=ROOM)
    metrics.set_state(catalog.RATE_MODE, "following", room=ROOM)
    metrics.flush()


@pytest.fixture
async def metrics() -> AsyncIterator[Metrics]:
    """
    Keep the metrics of a healthy room alive.
    """
    made = Metrics(*catalog.GROUPS)
    made.add_room(ROOM)

    async def beat() -> None:
        while True:
            live_on(made)
            await asyncio.sleep(BEAT_S)

    task = asyncio.create_task(beat())
    yield made
    task.cancel()


@pytest.fixture
async def exporter(metrics: Metrics) -> AsyncIterator[str]:
    """
    Answer scrapes of *metrics* at a free port.
    """

    async def answer(_: web.Request) -> web.Response:
        text, content_type = metrics.exposition()
        return web.Response(body=text, headers={"Content-Type": content_type})

    app = web.Application()
    app.router.add_get("/metrics", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    yield f"{host}:{port}"
    await runner.cleanup()


@pytest.mark.peer("prometheus")
async def test_every_query_has_an_answer_and_only_a_fault_raises_an_alert(
    exporter: str, metrics: Metrics, tmp_path: Path
) -> None:
    """
    In a healthy room every panel shows something and no alert fires; one seat beyond capacity raises OverAdmission.
    """
    with LivePrometheus(tmp_path, {"waiting-room": [exporter]}) as prometheus:

        def unanswered() -> list[str]:
            return [query.where for path in BOARDS for query in queries_of(path) if not prometheus.now(query.expr)]

        def all_answered() -> bool:
            return not unanswered()

        try:
            await wait_until(lambda: asyncio.to_thread(all_answered), PATIENCE_S, "every query to have an answer")
        except AssertionError:
            assert await asyncio.to_thread(unanswered) == []
            raise
        for path in BOARDS:
            for query in annotation_queries(path):
                await asyncio.to_thread(prometheus.now, query.expr.replace("$room", ".*"))

        assert await asyncio.to_thread(prometheus.firing_alerts) == set()

        metrics.counter(catalog.OVER_ADMISSIONS, room=ROOM).inc()

        async def raised() -> bool:
            return await asyncio.to_thread(prometheus.firing_alerts) == {"OverAdmission"}

        await wait_until(raised, PATIENCE_S, "OverAdmission, and nothing else, to fire")


@pytest.mark.peer("prometheus")
async def test_targets_may_come_from_a_file(exporter: str, tmp_path: Path) -> None:
    """
    A rehearsal writes its ports into a file when it knows them, and what was scraped can be asked for afterwards.
    """
    file = tmp_path / "prometheus-targets.json"
    with LivePrometheus(tmp_path / "prometheus", target_files=[file]) as prometheus:
        file.write_text(f'[{{"targets": ["{exporter}"], "labels": {{"job": "waiting-room"}}}}]', encoding="utf-8")

        async def scraped() -> bool:
            return bool(await asyncio.to_thread(prometheus.now, 'up{job="rehearsal"} == 1'))

        await wait_until(scraped, PATIENCE_S, "the exporter to be scraped")

        async def healthy() -> bool:
            return await asyncio.to_thread(prometheus.healthy_targets) == 1

        await wait_until(healthy, PATIENCE_S, "the exporter to be told as healthy")
        now = await asyncio.to_thread(prometheus.value, "vector(time())")
        assert now is not None
        assert await asyncio.to_thread(prometheus.between, "waiting_room_capacity", now - 60, now)
