import os
import subprocess
import sys
from pathlib import Path

import prometheus_client
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from waiting_room.telemetry import catalog
from waiting_room.telemetry.prometheus import CONTENT_TYPE, Metrics

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples_of(text: bytes) -> Samples:
    """
    Return the value of each series in an exposition.
    """
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def exposed(metrics: Metrics) -> Samples:
    """
    Return what *metrics* would tell Prometheus now.
    """
    return samples_of(metrics.exposition()[0])


def key(name: str, **labels: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """
    Name a series.
    """
    return name, tuple(sorted(labels.items()))


def test_counters_are_visible_at_zero_before_anything_happens() -> None:
    """
    A closed label set without a room is exposed as 0 from the start, so that its rate is 0 and not missing.
    """
    shown = exposed(Metrics("service"))

    for kind in catalog.label_values(catalog.REDIS_ERRORS, "kind"):
        assert shown[key("waiting_room_redis_errors_total", kind=kind)] == 0


def test_a_new_room_is_visible_at_zero() -> None:
    """
    Every combination of a room's closed label sets is exposed as 0 once the room is added.
    """
    metrics = Metrics("service", "gate")
    metrics.add_room("spring")
    shown = exposed(metrics)

    for metric in catalog.GROUPS["service"] + catalog.GROUPS["gate"]:
        if metric.kind == "counter" and "room" in metric.labels and len(metric.labels) == 2:
            label = next(name for name in metric.labels if name != "room")
            for value in catalog.label_values(metric, label):
                assert shown[key(metric.name, room="spring", **{label: value})] == 0


def test_histograms_of_routes_and_verbs_appear_with_their_first_use() -> None:
    """
    What is never used is not exposed: a dozen lines for each would double the text.
    """
    metrics = Metrics("service")

    assert key("waiting_room_http_request_duration_seconds_count", route="join") not in exposed(metrics)

    metrics.histogram(catalog.HTTP_REQUEST_DURATION, route="join").observe(0.001)

    assert exposed(metrics)[key("waiting_room_http_request_duration_seconds_count", route="join")] == 1


@pytest.mark.parametrize("metric", [catalog.REDIS_UP, catalog.CAPACITY], ids=lambda metric: metric.name)
def test_a_gauge_is_not_shown_before_it_is_set(metric: catalog.Metric) -> None:
    """
    A level that nobody measured yet is missing: 0 would say that Redis is down or that the room has no seats.
    """
    metrics = Metrics("service")
    metrics.add_room("spring")

    assert not [name for name, _ in exposed(metrics) if name == metric.name]


def test_what_was_added_is_shown() -> None:
    """
    The exposition flushes first, so nothing that was counted before it is missing from it.
    """
    metrics = Metrics("service")
    joins = metrics.counter(catalog.JOINS, room="spring", outcome="new")
    joins.inc()
    joins.inc(41)

    assert exposed(metrics)[key("waiting_room_joins_total", room="spring", outcome="new")] == 42


def test_a_second_flush_adds_nothing() -> None:
    """
    What was handed over once is not handed over again.
    """
    metrics = Metrics("service")
    metrics.counter(catalog.LEAVES, room="spring").inc(3)
    metrics.histogram(catalog.WAIT_SECONDS, room="spring").observe(7)
    metrics.flush()
    metrics.flush()
    shown = exposed(metrics)

    assert shown[key("waiting_room_leaves_total", room="spring")] == 3
    assert shown[key("waiting_room_wait_seconds_count", room="spring")] == 1


def test_a_gauge_keeps_its_level_and_moves_by_steps() -> None:
    """
    A gauge can be set, raised and lowered.
    """
    metrics = Metrics("gate")
    in_flight = metrics.gauge(catalog.GATE_SHOP_IN_FLIGHT, room="spring")
    in_flight.inc(5)
    in_flight.inc(-2)

    assert exposed(metrics)[key("waiting_room_gate_shop_in_flight", room="spring")] == 3


def test_one_state_holds() -> None:
    """
    Setting a state makes its gauge 1 and all others 0.
    """
    metrics = Metrics("service")
    metrics.set_state(catalog.PHASE, "open", room="spring")
    metrics.set_state(catalog.PHASE, "paused", room="spring")
    shown = exposed(metrics)

    for phase in catalog.label_values(catalog.PHASE, "phase"):
        assert shown[key("waiting_room_phase", room="spring", phase=phase)] == (phase == "paused")


def test_the_same_labels_give_the_same_object() -> None:
    """
    Children are resolved once, whatever the order of the labels.
    """
    metrics = Metrics("service")
    first = metrics.counter(catalog.JOINS, room="spring", outcome="new")

    assert metrics.counter(catalog.JOINS, outcome="new", room="spring") is first


def test_an_unforeseen_value_is_counted_as_other() -> None:
    """
    Where the closed set has room for surprises, a surprise is counted and no request fails for it.
    """
    metrics = Metrics("service")
    metrics.counter(catalog.REDIS_ERRORS, kind="earthquake").inc()

    assert exposed(metrics)[key("waiting_room_redis_errors_total", kind="other")] == 1


def test_a_value_outside_its_closed_set_is_refused() -> None:
    """
    Where the set is complete, another value is a mistake of the code and is named with the values there are.
    """
    with pytest.raises(ValueError, match=r"'maybe' is not among the values of 'outcome': new, same"):
        Metrics("service").counter(catalog.JOINS, room="spring", outcome="maybe")


def test_wrong_labels_are_refused() -> None:
    """
    A missing label is refused with the labels that are wanted.
    """
    with pytest.raises(ValueError, match=r"has the labels \('room', 'outcome'\), not \('room',\)"):
        Metrics("service").counter(catalog.JOINS, room="spring")


def test_a_metric_of_another_group_is_refused() -> None:
    """
    A process emits only the groups it was made with.
    """
    with pytest.raises(ValueError, match="in none of this process's groups"):
        Metrics("gate").counter(catalog.JOINS, room="spring", outcome="new")


def test_the_version_and_the_workers_are_told() -> None:
    """
    The service says which version answers and how many workers there are.
    """
    shown = exposed(Metrics("service"))

    assert [value for (name, _), value in shown.items() if name == "waiting_room_build_info"] == [1]
    assert shown[key("waiting_room_workers")] == 1


def test_processor_time_is_counted() -> None:
    """
    The processor time of the process grows by itself.
    """
    assert exposed(Metrics("service"))[key("waiting_room_cpu_seconds_total")] > 0


@settings(max_examples=30)
@given(observations=st.lists(st.floats(min_value=0, max_value=10_000), max_size=50))
def test_batched_observations_equal_single_ones(observations: list[float]) -> None:
    """
    A histogram fed in batches shows exactly what the client library shows when fed one by one.
    """
    registry = prometheus_client.CollectorRegistry()
    metric = catalog.WAIT_SECONDS
    plain = prometheus_client.Histogram(
        metric.name, metric.help, metric.labels, buckets=metric.buckets, registry=registry
    ).labels("spring")
    metrics = Metrics("service")
    batched = metrics.histogram(metric, room="spring")
    for value in observations:
        plain.observe(value)
        batched.observe(value)
    shown = exposed(metrics)
    wanted = samples_of(prometheus_client.generate_latest(registry))

    for sample, value in wanted.items():
        if not sample[0].endswith("_created"):
            assert shown[sample] == pytest.approx(value)


@pytest.mark.peer("promtool")
@pytest.mark.parametrize("group", ["service", "gate", "rehearsal"])
def test_promtool_likes_the_exposition(group: str) -> None:
    """
    Prometheus' own linter finds nothing to say about names, kinds, help and format.
    """
    metrics = Metrics(group)
    metrics.add_room("spring")
    for metric in catalog.GROUPS[group]:
        if metric.kind == "gauge":
            labels = {name: (catalog.label_values(metric, name) or ("spring",))[0] for name in metric.labels}
            metrics.gauge(metric, **labels).set(1)
    text, content_type = metrics.exposition()
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)

    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")
    assert content_type == CONTENT_TYPE
    for metric in catalog.GROUPS[group]:
        assert f"# TYPE {metric.name} {metric.kind}\n".encode() in text


def test_importing_emits_nothing() -> None:
    """
    Importing the module registers no metric, writes no file and needs no environment.
    """
    program = (
        "import prometheus_client as c; before = len(list(c.REGISTRY.collect()));"
        "import waiting_room.telemetry.prometheus; assert len(list(c.REGISTRY.collect())) == before"
    )

    subprocess.run([sys.executable, "-c", program], check=True, env={"PYTHONPATH": os.pathsep.join(sys.path)})


WORKER = """
import sys
from waiting_room.telemetry import catalog
from waiting_room.telemetry.prometheus import Metrics, worker_ended

metrics = Metrics("service")
metrics.add_room("spring")
for line in sys.stdin:
    verb, _, value = line.strip().partition(" ")
    if verb == "work":
        metrics.counter(catalog.JOINS, room="spring", outcome="new").inc(10)
        metrics.histogram(catalog.EVENT_LOOP_LAG).observe(0.003)
        metrics.gauge(catalog.WAITING, room="spring").set(float(value))
        metrics.gauge(catalog.SNAPSHOT_AGE, room="spring").set(float(value))
        metrics.gauge(catalog.REDIS_UP).set(float(value) != 7)
        metrics.flush()
    elif verb == "ended":
        worker_ended(int(value))
    elif verb == "show":
        print(metrics.exposition()[0].decode() + "# EOF", flush=True)
        continue
    print("# EOF", flush=True)
"""


class Worker:
    """
    Run one worker process that does what its standard input says.
    """

    def __init__(self, directory: Path) -> None:
        env = {"PYTHONPATH": os.pathsep.join(sys.path), "PROMETHEUS_MULTIPROC_DIR": str(directory)}
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
        )

    def ask(self, line: str) -> str:
        """
        Have the worker do *line*, and return what it printed.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        answer = []
        for received in self.process.stdout:
            if received == "# EOF\n":
                break
            answer.append(received)
        return "".join(answer)

    def show(self) -> Samples:
        """
        Scrape the worker.
        """
        return samples_of(self.ask("show").encode())

    def end(self) -> None:
        """
        Kill the worker, if it still runs.
        """
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()


def test_two_workers_answer_as_one(tmp_path: Path) -> None:
    """
    Whoever is scraped adds counters up, shows a room's level once and the newest, and the worst of ages and outages;
    after a worker's death its counts stay and its levels are gone.
    """
    one, two = Worker(tmp_path), Worker(tmp_path)
    try:
        one.ask("work 7")
        two.ask("work 5")
        shown = one.show()

        assert shown[key("waiting_room_joins_total", room="spring", outcome="new")] == 20
        assert shown[key("waiting_room_event_loop_lag_seconds_count")] == 2
        assert shown[key("waiting_room_waiting", room="spring")] == 5
        assert shown[key("waiting_room_snapshot_age_seconds", room="spring")] == 7
        assert shown[key("waiting_room_redis_up")] == 0
        assert shown[key("waiting_room_workers")] == 2

        one.end()
        two.ask(f"ended {one.process.pid}")
        shown = two.show()

        assert shown[key("waiting_room_joins_total", room="spring", outcome="new")] == 20
        assert shown[key("waiting_room_snapshot_age_seconds", room="spring")] == 5
        assert shown[key("waiting_room_redis_up")] == 1
        assert shown[key("waiting_room_workers")] == 1
    finally:
        one.end()
        two.end()


def test_a_worker_that_is_just_starting_spoils_no_scrape(tmp_path: Path) -> None:
    """
    A file that a worker has made and not yet given its length is passed over.
    """
    worker = Worker(tmp_path)
    try:
        worker.ask("work 1")
        (tmp_path / "counter_999999999.db").touch()

        assert worker.show()[key("waiting_room_joins_total", room="spring", outcome="new")] == 10
    finally:
        worker.end()
