"""
A gate's settings say all that is wrong with them, where, and what to do.
"""

from pathlib import Path
from typing import Any

import pytest

from tests.gates.makings import ROOM, SECRET, admission, settings
from waiting_room.errors import ConfigError
from waiting_room.gates.settings import GateSettings

GOOD = {"room": ROOM, "service_url": "http://10.0.0.5:8080", "page_url": "/waiting-room/sale", "secret_keys": [SECRET]}


def _faults(**changed: Any) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        settings(**changed)
    return {fault.where: fault.what for fault in caught.value.faults}


def test_all_faults_are_told_at_once() -> None:
    """
    Nobody mends one fault to be told the next.
    """
    faults = _faults(
        room="Sale!", service_url="ftp://x", page_url="waiting", protect=("checkout",), never=("/a*",), grace_s=-1,
        secret_keys=("k1:short",), when_service_down="maybe",
    )  # fmt: skip

    assert set(faults) == {
        "room", "service_url", "page_url", "protect[0]", "never[0]", "grace_s", "secret_keys[0]", "when_service_down",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("room", ""),
        ("room", 5),
        ("service_url", ""),
        ("service_url", "10.0.0.5:8080"),
        ("service_url", "/waiting-room"),
        ("service_url", "http://u:p@host"),
        ("service_url", "http://host:99999"),
        ("service_url", "http://host/?a=b"),
        ("page_url", "//evil.example"),
        ("page_url", "/a?b"),
        ("page_url", "/a b"),
        ("page_url", "javascript:x"),
        ("shop_url", "shop.example"),
        ("protect", "/*"),
        ("never", None),
        ("report_interval_s", 0),
        ("report_interval_s", "1"),
        ("report_interval_s", float("nan")),
        ("join_time_out_s", 60),
        ("grace_s", True),
        ("when_service_down", "fail"),
        ("secret_keys", ()),
        ("secret_keys", SECRET),
        ("secret_keys", (5,)),
        ("secret_keys_file", "both"),
    ],
)
def test_setting_out_of_its_bounds_is_refused(name: str, value: Any) -> None:
    """
    Each bad value is told by the name of its setting.
    """
    (where,) = _faults(**{name: value})

    assert where.startswith(name) or (name, where) == ("secret_keys_file", "secret_keys")


@pytest.mark.parametrize(
    "pattern", ["", "x", "/a b", "/a?b", "/a#b", "/a%2fb", "//a", "/a//b", "/a;b", "/a\\b", "/*.css", "/a*", 5]
)
def test_pattern_that_could_be_read_in_two_ways_is_refused(pattern: Any) -> None:
    """
    A rule is written in one plain spelling.
    """
    assert set(_faults(protect=("/ok", pattern))) == {"protect[1]"}


@pytest.mark.parametrize(
    ("name", "value", "where"),
    [
        ("never", ("@payments:woocomerce",), "never[0]"),
        ("never", ("post /x",), "never[0]"),
        ("never", ("/x?a=1",), "never[0]"),
        ("protect", ("/?rest_route=*",), "protect[0]"),
        ("staff_networks", ("192.0.2.1/24",), "staff_networks[0]"),
        ("staff_networks", ("0.0.0.0/0",), "staff_networks[0]"),
        ("staff_networks", ("unix",), "staff_networks[0]"),
        ("staff_networks", "192.0.2.0/24", "staff_networks"),
        ("trusted_proxies", ("unix", "::/0"), "trusted_proxies[1]"),
        ("crawler_files", "googlebot.json", "crawler_files"),
    ],
)
def test_rule_that_would_say_too_much_or_nothing_is_refused(name: str, value: Any, where: str) -> None:
    """
    A network of everybody, a misspelled group, a query that could be spelled in many ways.
    """
    assert set(_faults(**{name: value})) == {where}


def test_unreadable_file_of_crawlers_is_told_with_its_path(tmp_path: Path) -> None:
    """
    When the gate is made, not when the first crawler comes.
    """
    with pytest.raises(ConfigError, match="nowhere"):
        settings(crawler_files=(str(tmp_path / "nowhere"),)).acquaintances()


def test_faults_of_a_document_name_their_place() -> None:
    """
    Unknown and missing settings are told with the rest, below the name of the document's part.
    """
    with pytest.raises(ConfigError) as caught:
        GateSettings.parse({"rom": "sale", "service_url": "x", "secret_keys": [SECRET]}, "shop.gate")

    told = {fault.where: str(fault) for fault in caught.value.faults}
    assert set(told) == {"shop.gate.rom", "shop.gate.room", "shop.gate.page_url", "shop.gate.service_url"}
    assert "did you mean room?" in told["shop.gate.rom"]


def test_document_with_lists_gives_settings() -> None:
    """
    What JSON and TOML can say is enough.
    """
    assert GateSettings.parse(GOOD | {"protect": ["/checkout/*"]}).protect == ("/checkout/*",)


def test_keys_may_stand_in_a_file(tmp_path: Path) -> None:
    """
    Secrets need not stand in a settings file; comments and blank lines are passed over.
    """
    path = tmp_path / "keys"
    path.write_text(f"# newest first\n\n{SECRET}\n")

    keyring = settings(secret_keys=(), secret_keys_file=str(path)).keyring()

    assert keyring.sign(admission()) == settings().keyring().sign(admission())


def test_unreadable_file_of_keys_is_told_with_its_path(tmp_path: Path) -> None:
    """
    The message says which file.
    """
    with pytest.raises(ConfigError, match="nowhere"):
        settings(secret_keys=(), secret_keys_file=str(tmp_path / "nowhere")).keyring()


def test_keys_are_not_shown() -> None:
    """
    Settings may be logged.
    """
    assert SECRET not in repr(settings())
