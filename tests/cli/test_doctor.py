"""
`waiting-room doctor`: its options, and its exit codes.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.cli.command import run
from tests.proxies.peers import free_port
from waiting_room.cli.lazy import EXIT_CONFIG, EXIT_FAILED, EXIT_STORE, EXIT_USAGE
from waiting_room.store.embedded import EmbeddedValkey


@pytest.fixture
def evil(redis_url: str, valkey: EmbeddedValkey) -> Iterator[str]:
    """
    Hand out the address of a Valkey that may evict keys.
    """
    with redis.Redis.from_url(valkey.url, socket_timeout=5) as client:
        client.config_set("maxmemory", "1gb")
        client.config_set("maxmemory-policy", "allkeys-lru")
        yield redis_url
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", "0")


def test_it_must_be_told_what_to_examine() -> None:
    """
    A shop, a Redis, or both.
    """
    done = run("doctor")

    assert done.code == EXIT_USAGE
    assert "--url of the shop, --redis-url" in done.err


def test_all_that_is_wrong_with_the_options_is_said() -> None:
    """
    At once, before anything is asked.
    """
    done = run("doctor", "--url", "shop.example", "--entrance", "checkout", "--open", "//x", "--room", "No Room")

    assert done.code == EXIT_USAGE
    for said in ("--url: 'shop.example'", "--entrance: 'checkout'", "--open: '//x'", "--room"):
        assert said in done.err


def test_a_dry_run_says_what_would_be_asked() -> None:
    """
    And asks nothing; the password is not shown.
    """
    url = "https://tom:secret@shop.invalid/pl/"
    done = run("doctor", "--url", url, "--dry-run", "--platform", "woocommerce", "--entrance", "/pay")

    assert done.code == 0
    assert done.out.splitlines()[0] == "GET     /pay"
    assert "OPTIONS /wp-json/wc/store/v1/checkout" in done.out
    assert "/pl/kasa" in done.out
    assert "POST" not in done.out
    assert "Nothing is bought" in done.err
    assert "secret" not in done.err + done.out


def test_a_shop_that_does_not_answer_is_no_diagnosis() -> None:
    """
    Nothing can be said of it.
    """
    done = run("doctor", "--url", f"http://127.0.0.1:{free_port()}")

    assert done.code == EXIT_USAGE
    assert "cannot be examined" in done.err


def test_a_redis_that_does_not_answer_has_its_own_code() -> None:
    """
    As with every other command.
    """
    done = run("doctor", "--redis-url", f"redis://127.0.0.1:{free_port()}/0", "--json")

    assert done.code == EXIT_STORE
    assert [one["code"] for one in done.json["findings"]] == ["redis-unreachable"]


def test_a_problem_fails_the_command(evil: str) -> None:
    """
    So that a script stops.
    """
    done = run("doctor", "--redis-url", evil)

    assert done.code == EXIT_FAILED
    assert "redis-eviction" in done.out
    assert "do:  `CONFIG SET maxmemory-policy noeviction`" in done.out


def test_a_topic_can_be_asked_for_alone(evil: str) -> None:
    """
    Then nothing else is told.
    """
    done = run("doctor", "--redis-url", evil, "--only", "clocks", "--json")

    assert (done.code, done.json["findings"]) == (0, [])
    assert done.json["fine"] == ["the clocks of this machine, Redis agree"]


def test_the_configuration_names_redis_and_the_room(evil: str, tmp_path: Path) -> None:
    """
    The service's own file; a mistake in it has the usual code.
    """
    config = tmp_path / "waiting-room.toml"
    config.write_text(f'[redis]\nurl = "{evil}"\n[rooms.sale]\n', encoding="utf-8")
    named = run("doctor", "--config", str(config), "--only", "redis", "--json")
    config.write_text("[redis]\nurl = 1\n", encoding="utf-8")

    assert "redis-eviction" in [one["code"] for one in named.json["findings"]]
    assert run("doctor", "--config", str(config)).code == EXIT_CONFIG
