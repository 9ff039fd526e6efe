"""
A real Prometheus for tests: it scrapes every second, evaluates our rules, and answers the dashboards' queries.
"""

import json
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import yaml

from loadtests.rehearsal.processes import free_ports
from tests.dashboards.sources import PROMETHEUS, Asked, panel_queries

START_TIMEOUT_S: Final = 60.0
LOOK_AGAIN_S: Final = 0.05
STOP_TIMEOUT_S: Final = 30.0
ANSWER_TIMEOUT_S: Final = 30.0

Series = dict[str, str]


def queries_of(dashboard: Path, *, room: str = ".*", run: str = ".*", window: str = "15s") -> list[Asked]:
    """
    Return the queries of *dashboard* as Grafana would send them: variables replaced, *window* for its intervals.
    """
    values = {"room": room, "run": run, "__rate_interval": window, "__interval": window, "__range": window}
    return [
        Asked(query.where, re.sub(r"\$\{?(\w+)\}?", lambda match: values[match[1]], query.expr))
        for query in panel_queries(dashboard)
    ]


def seconds(duration: str) -> int:
    """
    Return how long a time is that Prometheus' rules write, such as 90s or 5m.
    """
    return int(duration[:-1]) * {"s": 1, "m": 60}[duration[-1]]


class LivePrometheus:
    """
    Run Prometheus on a free loopback port for the time of a ``with`` block, with its data in *folder*.

    It scrapes *targets*, lists of ``host:port`` by job, and, as rehearsal.yml does, those that *target_files* name in
    Prometheus' own file format, which may appear later. Our rules are evaluated every second as well, so that a test
    need not wait; *patience* is the share of its time for which an alert's reason must last until it fires.
    """

    def __init__(
        self,
        folder: Path,
        targets: Mapping[str, Sequence[str]] | None = None,
        target_files: Sequence[Path] = (),
        patience: float = 1.0,
    ) -> None:
        self._folder = folder
        self._targets = dict(targets or {})
        self._target_files = list(target_files)
        self._patience = patience
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        [port] = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        config = self._folder / "prometheus.yml"
        config.write_text(yaml.safe_dump(self._config()), encoding="utf-8")
        with (self._folder / "prometheus.log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={config}",
                    f"--storage.tsdb.path={self._folder / 'data'}",
                    f"--web.listen-address=127.0.0.1:{port}",
                    "--log.level=warn",
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def now(self, expr: str) -> list[Series]:
        """
        Return the labels of the series that *expr* gives at this moment.
        """
        return [each["metric"] for each in self._ask("query", query=expr)["result"]]

    def value(self, expr: str) -> float | None:
        """
        Return the value of the first series that *expr* gives at this moment.
        """
        result = self._ask("query", query=expr)["result"]
        return float(result[0]["value"][1]) if result else None

    def between(self, expr: str, since_s: float, until_s: float, step_s: float = 1) -> list[Series]:
        """
        Return the labels of the series that *expr* gave at any moment from *since_s* to *until_s*, in Unix time.
        """
        answer = self._ask("query_range", query=expr, start=since_s, end=until_s, step=step_s)
        return [each["metric"] for each in answer["result"]]

    def healthy_targets(self) -> int:
        """
        Return how many targets answered their last scrape.
        """
        return sum(target["health"] == "up" for target in self._ask("targets")["activeTargets"])

    def firing_alerts(self) -> set[str]:
        """
        Return the names of the alerts that fire at this moment.
        """
        return {alert["labels"]["alertname"] for alert in self._ask("alerts")["alerts"] if alert["state"] == "firing"}

    def fired_between(self, since_s: float, until_s: float) -> set[str]:
        """
        Return the names of the alerts that fired at any moment from *since_s* to *until_s*, in Unix time.
        """
        return {series["alertname"] for series in self.between('ALERTS{alertstate="firing"}', since_s, until_s)}

    def _config(self) -> dict[str, Any]:
        jobs: list[dict[str, Any]] = [
            {"job_name": job, "static_configs": [{"targets": list(targets)}]} for job, targets in self._targets.items()
        ]
        if self._target_files:
            found = {"files": [str(path) for path in self._target_files], "refresh_interval": "1s"}
            watching = yaml.safe_load((PROMETHEUS / "rehearsal.yml").read_text(encoding="utf-8"))
            jobs += [each | {"file_sd_configs": [found]} for each in watching["scrape_configs"]]
        interval = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
        return {"global": interval, "rule_files": self._quick_rules(), "scrape_configs": jobs}

    def _quick_rules(self) -> list[str]:
        written = []
        for name in ("recording.yml", "alerts.yml"):
            rules = yaml.safe_load((PROMETHEUS / name).read_text(encoding="utf-8"))
            for group in rules["groups"]:
                group["interval"] = "1s"
                for rule in group["rules"]:
                    if "for" in rule:
                        rule["for"] = f"{self._patience * seconds(rule['for']):.0f}s"
            path = self._folder / name
            path.write_text(yaml.safe_dump(rules), encoding="utf-8")
            written.append(str(path))
        return written

    def _wait_until_ready(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._is_ready():
            # Waiting for its end is a pause that is over at once when Prometheus gives up.
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(LOOK_AGAIN_S)
            if self._process.poll() is not None or time.monotonic() >= deadline:
                log = (self._folder / "prometheus.log").read_text(encoding="utf-8")
                raise AssertionError(f"Prometheus did not get ready within {START_TIMEOUT_S:g} s:\n{log}")

    def _is_ready(self) -> bool:
        try:
            with urlopen(f"{self.url}/-/ready", timeout=ANSWER_TIMEOUT_S) as answer:
                return bool(answer.status == 200)
        except (URLError, ConnectionError):
            return False

    def _ask(self, what: str, **parameters: object) -> dict[str, Any]:
        address = f"{self.url}/api/v1/{what}?{urlencode(parameters)}"
        with urlopen(address, timeout=ANSWER_TIMEOUT_S) as answer:
            document: dict[str, Any] = json.load(answer)
        data: dict[str, Any] = document["data"]
        return data

    def _stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
