"""
Recording rules and alerts, with Prometheus' own tool and against the runbook.
"""

import re
import subprocess
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from tests.dashboards.sources import PROMETHEUS, RULE_TESTS, RUNBOOK, rule_tests, rules
from waiting_room.core.policy import Policy
from waiting_room.gates.settings import GateSettings

pytestmark = pytest.mark.apart

ALERTS = rules("alert")
EACH_ALERT = pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])


def promtool(*arguments: object) -> None:
    """
    Run promtool and show what it has to say if it finds fault.
    """
    done = subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


def seconds(duration: str) -> int:
    """
    Return a duration such as 2m30s in seconds.
    """
    units = {"h": 3600, "m": 60, "s": 1}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+)([hms])", duration))


@pytest.mark.peer("promtool")
@pytest.mark.parametrize("name", ["recording.yml", "alerts.yml"])
def test_rules_are_valid(name: str) -> None:
    """
    Prometheus accepts the file.
    """
    promtool("check", "rules", PROMETHEUS / name)


@pytest.mark.peer("promtool")
@pytest.mark.parametrize("name", ["prometheus.yml", "rehearsal.yml"])
def test_configurations_are_valid(name: str) -> None:
    """
    Prometheus accepts the configuration with the rules it names.
    """
    promtool("check", "config", PROMETHEUS / name)


@pytest.mark.peer("promtool")
@pytest.mark.parametrize("path", RULE_TESTS, ids=lambda path: path.stem)
def test_alerts_do_what_their_unit_tests_say(path: Path) -> None:
    """
    Each alert fires where it should and is silent where it should be, with the texts it should have.
    """
    promtool("test", "rules", path)


def test_there_are_enough_alerts() -> None:
    """
    Ten or more symptoms are watched, those of the promise among them.
    """
    names = {alert["alert"] for alert in ALERTS}

    assert len(names) == len(ALERTS) >= 10
    assert {"QueueStalled", "RedisDown", "OverAdmission", "GateFailingOpen", "ServiceGone"} <= names


@EACH_ALERT
def test_an_alert_is_tested_silent_and_firing(alert: dict[str, Any]) -> None:
    """
    In some unit test the alert is silent at one moment and fires at a later one.
    """
    convincing = False
    for test in rule_tests():
        moments = [each for each in test["alert_rule_test"] if each["alertname"] == alert["alert"]]
        silent = [seconds(each["eval_time"]) for each in moments if not each["exp_alerts"]]
        firing = [seconds(each["eval_time"]) for each in moments if each["exp_alerts"]]
        convincing |= bool(silent and firing and min(silent) < max(firing))

    assert convincing


@EACH_ALERT
def test_an_alert_has_its_heading_in_the_runbook(alert: dict[str, Any]) -> None:
    """
    The link leads to a heading of the alert's name, under which the first minute is described.
    """
    name = alert["alert"]
    text = RUNBOOK.read_text(encoding="utf-8")
    section = text.partition(f"\n### {name}\n")[2].partition("\n### ")[0]

    assert alert["annotations"]["runbook_url"] == f"docs/runbook.md#{name.lower()}"
    for part in ("**For shoppers:**", "**First minute:**", "**How to look:**", "**Then:**"):
        assert part in section


def test_the_runbook_describes_no_alert_that_is_gone() -> None:
    """
    Every heading of the third level is an alert.
    """
    headings = re.findall(r"^### (.+)$", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE)

    assert sorted(headings) == sorted(alert["alert"] for alert in ALERTS)


@EACH_ALERT
def test_an_alert_speaks_plainly_and_in_time(alert: dict[str, Any]) -> None:
    """
    Summary and description are sentences, the severity is known, and nothing waits longer than two minutes.
    """
    for part in ("summary", "description"):
        assert alert["annotations"][part].endswith(".")
    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert seconds(alert.get("for", "0s")) <= 120


@pytest.mark.parametrize(("name", "limit_s"), [("RedisDown", 15), ("QueueStalled", 30)])
def test_the_worst_is_told_soon(name: str, limit_s: int) -> None:
    """
    A lost Redis and a queue that stands are told within seconds.
    """
    alert = next(alert for alert in ALERTS if alert["alert"] == name)

    assert seconds(alert["for"]) <= limit_s


def test_the_runbook_names_panels_that_exist() -> None:
    """
    Whoever follows the runbook finds the panels it sends them to.
    """
    from dashboards.boards import BOARDS  # noqa: PLC0415 - only this test knows the builder

    titles = {panel.title for board in BOARDS for row in board.rows for panel in row.panels}
    text = RUNBOOK.read_text(encoding="utf-8")
    sections = re.findall(r"\*\*How to look:\*\*(.*?)\n\n", text, re.DOTALL)
    named = {
        " ".join(name.split()) for section in sections for name in re.findall(r"(?<!\*)\*([^*]+)\*(?!\*)", section)
    }
    others = {"gate and engine", "the day", "counted", "Status", "Targets"}

    assert named - others <= titles


def test_the_runbook_names_settings_that_exist() -> None:
    """
    A command that is typed in a hurry must not fail for a wrong option.
    """
    text = RUNBOOK.read_text(encoding="utf-8")
    commands = re.findall(r"waiting-room room set [^`#\n]*", text)
    options = {option for command in commands for option in re.findall(r"--([a-z-]+)", command)}

    assert options
    assert options <= {field.name.replace("_", "-") for field in fields(Policy)}
    assert {"when_service_down"} <= {field.name for field in fields(GateSettings)}
