"""
Files with the networks of crawlers: read as published, read again when they change, and never half.
"""

import json
import logging
import os
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import run
from waiting_room.errors import ConfigError
from waiting_room.gates.crawlers import Acquaintances, networks_in
from waiting_room.gates.networks import Way

PUBLISHED = {
    "creationTime": "2026-11-20T23:00:00.000000",
    "prefixes": [{"ipv6Prefix": "2001:4860:4801:10::/64"}, {"ipv4Prefix": "66.249.64.0/27"}],
}
CRAWLER, STRANGER = Way("66.249.64.5", ""), Way("198.51.100.9", "")


def _file(folder: Path, content: Any, name: str = "googlebot.json") -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_file_as_published_is_read(tmp_path: Path) -> None:
    """Google's form, which Bing, Apple and others share."""
    assert networks_in(_file(tmp_path, PUBLISHED)) == ("2001:4860:4801:10::/64", "66.249.64.0/27")


def test_plain_list_is_read(tmp_path: Path) -> None:
    """A network a line, with comments."""
    assert networks_in(_file(tmp_path, "# ours\n192.0.2.0/28 # search\n\n2001:db8::/32\n")) == (
        "192.0.2.0/28",
        "2001:db8::/32",
    )


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        {},
        {"prefixes": []},
        {"prefixes": {}},
        {"prefixes": ["66.249.64.0/27"]},
        {"prefixes": [{"ipv4Prefix": 5}]},
        {"prefixes": [{"ipv4Prefix": "66.249.64.1/27"}]},
        {"prefixes": [{"ipv4Prefix": "0.0.0.0/0"}]},
        {"prefixes": [{"ipv4Prefix": "64.0.0.0/4"}]},
        {"prefixes": [{"ipv6Prefix": "::/0"}]},
        "<html>not found</html>",
        '{"prefixes":' + "[" * 100_000,
    ],
)
def test_what_is_no_list_of_crawlers_is_refused_whole(tmp_path: Path, content: Any) -> None:
    """Half a list, an error page, or one that would let everybody in."""
    with pytest.raises(ConfigError, match=r"googlebot\.json cannot be used"):
        networks_in(_file(tmp_path, content))


def test_file_is_read_again_when_it_has_changed(tmp_path: Path) -> None:
    """So that a cron job's download counts without a restart."""
    path = _file(tmp_path, PUBLISHED)
    known = Acquaintances((), (), (str(path),))
    assert known.known is not None
    assert known.known.spared(CRAWLER, looks=True) == "crawler"

    _file(tmp_path, "198.51.100.0/28\n")
    known.look_again()

    assert known.known.spared(CRAWLER, looks=True) == ""
    assert known.known.spared(STRANGER, looks=True) == "crawler"


@pytest.mark.parametrize("broken", ["{", None])
def test_list_stays_where_its_file_breaks(tmp_path: Path, broken: str | None, caplog: pytest.LogCaptureFixture) -> None:
    """A download that failed takes nothing away, and is told once."""
    path = _file(tmp_path, PUBLISHED)
    known = Acquaintances((), (), (str(path),))
    if broken is None:
        path.unlink()
    else:
        path.write_text(broken)

    with caplog.at_level(logging.WARNING):
        known.look_again()
        known.look_again()

    assert known.known is not None
    assert known.known.spared(CRAWLER, looks=True) == "crawler"
    assert len(caplog.records) == 1


def test_nobody_is_known_without_lists() -> None:
    """And nothing is looked at."""
    known = Acquaintances(("10.0.0.0/8",), (), ())
    known.look_again()

    assert known.known is None


@pytest.mark.parametrize(("address", "code"), [("66.249.64.5", 0), ("198.51.100.9", 1), ("66.249.64.300", 3)])
def test_command_says_whether_an_address_is_a_crawlers(tmp_path: Path, address: str, code: int) -> None:
    """For a script, or for somebody with a log in front of them."""
    done = run("gate", "crawlers", str(_file(tmp_path, PUBLISHED)), "--address", address)

    assert done.code == code
    assert code == 3 or f"googlebot.json: 2 networks{os.linesep}{address}: in " in done.out


def test_service_does_not_start_without_its_files(tmp_path: Path) -> None:
    """What is wrong is told once, and not by each worker again and again."""
    config = tmp_path / "waiting-room.toml"
    config.write_text('[server]\ncrawler_files = ["nowhere/googlebot.json"]\n')

    done = run("serve", "--config", str(config), "--port", "0")

    assert done.code == 3
    assert "nowhere/googlebot.json cannot be used" in done.err
