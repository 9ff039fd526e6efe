"""
Settings from a file, the environment and options: who wins, and what a fault says.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from waiting_room.config import Settings, load
from waiting_room.core.policy import Policy
from waiting_room.errors import ConfigError

KEY = "k1:" + "0123456789abcdef" * 4


def loaded(
    tmp_path: Path, text: str = "", environ: Mapping[str, str] | None = None, options: Mapping[str, Any] | None = None
) -> Settings:
    """
    Load a file of *text* with an environment and options.
    """
    path = tmp_path / "room.toml"
    path.write_text(text, encoding="utf-8")
    return load(path, environ or {}, options or {})


def faults(
    tmp_path: Path, text: str = "", environ: Mapping[str, str] | None = None, options: Mapping[str, Any] | None = None
) -> list[str]:
    """
    Return the faults of settings that must not load, the folder's name left out.
    """
    with pytest.raises(ConfigError) as refused:
        loaded(tmp_path, text, environ, options)
    return [str(fault).replace(f"{tmp_path}/", "") for fault in refused.value.faults]


def test_nothing_at_all_is_a_configuration() -> None:
    """
    Without file, environment and options the defaults stand: an embedded Valkey, no room.
    """
    settings = load(None, {}, {})

    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 8080)
    assert settings.redis.url is None
    assert dict(settings.rooms) == {}


def test_a_file_sets_everything(tmp_path: Path) -> None:
    """
    All sections of a file arrive, rooms as policies.
    """
    settings = loaded(
        tmp_path,
        f"""
        [server]
        port = 9000
        secret_keys = ["{KEY}"]
        trusted_proxies = ["10.0.0.0/8"]
        [redis]
        url = "redis://cache:6379/1"
        [rooms.spring-sale]
        capacity = 50
        allowed_hosts = ["shop.example"]
        """,
    )

    assert settings.server.port == 9000
    assert settings.server.secret_keys == (KEY,)
    assert settings.redis.url == "redis://cache:6379/1"
    assert settings.rooms == {"spring-sale": Policy(capacity=50, allowed_hosts=("shop.example",))}


def test_the_later_source_wins_value_by_value(tmp_path: Path) -> None:
    """
    Options beat the environment, which beats the file; what a later source does not name stays.
    """
    settings = loaded(
        tmp_path,
        '[server]\nhost = "a"\nport = 1\nworkers = 2',
        {"WAITING_ROOM_SERVER__PORT": "2", "WAITING_ROOM_SERVER__WORKERS": "3"},
        {"server.workers": 4, "server.host": None},
    )

    assert (settings.server.host, settings.server.port, settings.server.workers) == ("a", 2, 4)


def test_each_value_knows_its_origin(tmp_path: Path) -> None:
    """
    The line of the file, the variable or the command line is told for each value that is not a default.
    """
    settings = loaded(
        tmp_path, "[server]\n\nport = 1", {"WAITING_ROOM_SERVER__WORKERS": "3"}, {"redis.url": "redis://x"}
    )

    assert dict(settings.origins) == {
        ("server", "port"): f"{tmp_path}/room.toml:3",
        ("server", "workers"): "$WAITING_ROOM_SERVER__WORKERS",
        ("redis", "url"): "the command line",
    }


def test_the_environment_sets_a_room(tmp_path: Path) -> None:
    """
    A room's settings are read by their types; underscores in its name stand for hyphens; lists may have commas.
    """
    prefix = "WAITING_ROOM_ROOMS__SPRING_SALE__"
    settings = loaded(
        tmp_path,
        "[rooms.spring-sale]\ncapacity = 7",
        {
            f"{prefix}RATE_PER_MINUTE": "30",
            f"{prefix}POLL_MIN_S": "1.5",
            f"{prefix}MESSAGE": "10",
            f"{prefix}ALLOWED_HOSTS": "a.example, b.example",
        },
    )

    assert settings.rooms["spring-sale"] == Policy(
        capacity=7, rate_per_minute=30, poll_min_s=1.5, message="10", allowed_hosts=("a.example", "b.example")
    )


@pytest.mark.parametrize("written", [f"{KEY} k2:{'f' * 32}", f'["{KEY}", "k2:{"f" * 32}"]', f"{KEY},k2:{'f' * 32}"])
def test_keys_come_as_a_list_however_written(tmp_path: Path, written: str) -> None:
    """
    Secret keys in the environment stand one after the other, with blanks or commas between, or as JSON.
    """
    settings = loaded(tmp_path, environ={"WAITING_ROOM_SERVER__SECRET_KEYS": written})

    assert settings.server.secret_keys == (KEY, f"k2:{'f' * 32}")


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    """
    NAME_FILE names a file with the secret, a key on each line.
    """
    secret = tmp_path / "keys"
    secret.write_text(f"{KEY}\nk2:{'f' * 32}\n", encoding="utf-8")
    settings = loaded(tmp_path, environ={"WAITING_ROOM_SERVER__SECRET_KEYS_FILE": str(secret)})

    assert settings.server.secret_keys == (KEY, f"k2:{'f' * 32}")


def test_a_secret_is_given_once(tmp_path: Path) -> None:
    """
    A variable and its _FILE twin together are a fault: which one was meant?
    """
    secret = tmp_path / "token"
    secret.write_text("0123456789abcdef", encoding="utf-8")
    found = faults(
        tmp_path,
        environ={
            "WAITING_ROOM_SERVER__ADMIN_TOKEN": "0123456789abcdef",
            "WAITING_ROOM_SERVER__ADMIN_TOKEN_FILE": str(secret),
        },
    )

    assert found == [
        (
            "$WAITING_ROOM_SERVER__ADMIN_TOKEN_FILE: "
            "$WAITING_ROOM_SERVER__ADMIN_TOKEN sets server.admin_token as well; keep one of them"
        )
    ]


def test_a_missing_secret_file_is_named(tmp_path: Path) -> None:
    """
    A _FILE variable that leads nowhere says where it led.
    """
    found = faults(tmp_path, environ={"WAITING_ROOM_REDIS__URL_FILE": "/nowhere/url"})

    assert found[0].startswith("$WAITING_ROOM_REDIS__URL_FILE: the file /nowhere/url cannot be read: No such file")


def test_variables_of_kubernetes_are_left_alone(tmp_path: Path) -> None:
    """
    What Kubernetes sets for a Service called waiting-room (or waiting-room-redis) is no setting and no fault.
    """
    settings = loaded(
        tmp_path,
        environ={
            "WAITING_ROOM_PORT": "tcp://10.0.0.1:8080",
            "WAITING_ROOM_PORT_8080_TCP_ADDR": "10.0.0.1",
            "WAITING_ROOM_SERVICE_HOST": "10.0.0.1",
            "WAITING_ROOM_SERVER_PORT": "tcp://10.0.0.2:80",
            "WAITING_ROOM_REDIS_SERVICE_PORT": "6379",
            "WAITING_ROOM_CONFIG": "room.toml",
        },
    )

    assert settings == load(None, {}, {})


def test_an_empty_variable_sets_nothing(tmp_path: Path) -> None:
    """
    Compose files hand on what is not set as an empty variable.
    """
    environ = {"WAITING_ROOM_REDIS__URL": "", "WAITING_ROOM_SERVER__ADMIN_TOKEN_FILE": ""}

    assert loaded(tmp_path, environ=environ) == load(None, {}, {})


def test_a_single_underscore_is_noticed(tmp_path: Path) -> None:
    """
    A variable that misses one underscore would otherwise be silently without effect.
    """
    assert faults(tmp_path, environ={"WAITING_ROOM_SERVER_PORT": "80"}) == [
        "$WAITING_ROOM_SERVER_PORT: sets nothing; two underscores part section and setting: WAITING_ROOM_SERVER__PORT"
    ]


def test_all_faults_of_all_sources_come_at_once(tmp_path: Path) -> None:
    """
    File, environment and options are judged together, in the order of their places.
    """
    found = faults(
        tmp_path,
        """[server]
prot = 1
port = 99999
secret_keys = [
  "k1:short",
]
[rooms.sale]
capacity = -1
message = \"\"\"
[rooms.fake]
\"\"\"
rate = 5
[rooms.Sale]
[servr]
a = 1
""",
        {"WAITING_ROOM_SERVER__WORKERS": "many"},
        {"redis.url": "http://cache"},
    )

    assert [fault.partition(";")[0] for fault in found] == [
        (
            "$WAITING_ROOM_SERVER__WORKERS: server.workers: 'many': input should be a valid integer, "
            "unable to parse string as an integer"
        ),
        "room.toml:2: server.prot: unknown setting",
        "room.toml:3: server.port: 99999: input should be less than or equal to 65535",
        "room.toml:4: server.secret_keys[0]: the secret of k1 has 5 characters",
        "room.toml:8: rooms.sale.capacity: -1 is out of range",
        "room.toml:12: rooms.sale.rate: unknown setting",
        "room.toml:13: rooms.Sale: 'Sale' is no room name",
        "room.toml:15: servr.a: unknown section",
        "the command line: redis.url: is no Redis address",
    ]


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("[server]\nprot = 1", "did you mean port?"),
        ("[servers]\nport = 1", "did you mean server?"),
        ("[rooms.sale]\nrate_per_minut = 1", "did you mean rate_per_minute?"),
        ("[redis]\nuri = 'redis://x'", "did you mean url?"),
    ],
)
def test_a_misspelled_name_gets_a_suggestion(tmp_path: Path, text: str, suggestion: str) -> None:
    """
    The nearest known name is offered.
    """
    assert faults(tmp_path, text)[0].endswith(suggestion)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("server = 3", "room.toml:1: server: is a section; write [server], and its settings below"),
        ("\n[rooms]\nsale = 3", "room.toml:3: rooms.sale: is a room; write [rooms.sale]"),
        ("[server.port]\nx = 3", "room.toml:2: server.port.x: is a single setting; give it one value"),
        ("[rooms]\nsale = {capacity = -1}", "room.toml:2: rooms.sale.capacity: -1 is out of range"),
        ("rooms.sale.capacity = -1", "room.toml:1: rooms.sale.capacity: -1 is out of range"),
        ("[server]\nadmin_token = 'short'", "room.toml:2: server.admin_token: is too short"),
        ("[server]\nprefix = '/admin/x'", "room.toml:2: server.prefix: '/admin/x' belongs to the operators' pages"),
        ("[server]\nprefix = 'room/'", "room.toml:2: server.prefix: 'room/' is no path"),
        ("[server]\npublic_url = 'shop.example'", "room.toml:2: server.public_url: 'shop.example' is no address"),
        ("[server]\ntrusted_proxies = ['10.0.0.0/33']", "10.0.0.0/33 is no network; write one like 10.0.0.0/8"),
        ("[redis]\nurl = 'redis://h:x/'", "room.toml:2: redis.url: is no Redis address"),
        ("[server\nport = 1", "room.toml:1: this is no TOML: Expected ']' at the end of a table declaration"),
        ("[server]\nport = ", "room.toml:2: this is no TOML: Invalid value"),
        ("[rooms.a]\ncapacity = inf", "room.toml:2: rooms.a.capacity: inf is no whole number"),
        ("[rooms.a]\npoll_min_s = nan", "room.toml:2: rooms.a.poll_min_s: nan is out of range"),
        (f"[rooms.a]\ncapacity = {'9' * 400}", "room.toml:2: rooms.a.capacity: 9999"),
        (f"[rooms.a]\ncapacity = {'9' * 5000}", "room.toml:2: this is no TOML: Exceeds the limit"),
        (f"a = {'[' * 5000}", "room.toml:1: this is no TOML: maximum recursion depth"),
        ("[rooms.a]\n[rooms.a]", "room.toml:2: this is no TOML: Cannot declare"),
    ],
)
def test_a_fault_says_where_it_is(tmp_path: Path, text: str, fault: str) -> None:
    """
    Line, path and what is wrong stand in each fault.
    """
    assert fault in faults(tmp_path, text)[0]


def test_a_fault_shows_no_secret(tmp_path: Path) -> None:
    """
    What was given for a secret is never repeated, not even when it is wrong.
    """
    told = "\n".join(
        faults(
            tmp_path,
            "[server]\nadmin_token = 'hush'\nsecret_keys = ['hush']\n[redis]\nurl = 'http://:hush@x'",
        )
    )

    assert "hush" not in told


def test_settings_show_no_secret(tmp_path: Path) -> None:
    """
    The text form of settings, as it may come into a log, has no keys and no token.
    """
    settings = loaded(tmp_path, f"[server]\nsecret_keys=['{KEY}']\n[redis]\nurl='redis://:hush@x'")

    assert KEY not in repr(settings)
    assert "hush" not in repr(settings)


@pytest.mark.parametrize(
    ("content", "what"), [(None, "No such file"), (b"\xff\xfe", "no UTF-8 text"), ("folder", "Is a directory")]
)
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, content: bytes | str | None, what: str) -> None:
    """
    A missing, binary or impossible file is a fault with its reason, not a stack trace.
    """
    path = tmp_path / "odd.toml"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content:
        path.mkdir()

    with pytest.raises(ConfigError, match=what):
        load(path, {}, {})


def test_settings_pass_through_a_pipe(tmp_path: Path) -> None:
    """
    The plain form that a worker gets gives equal settings again, secrets included.
    """
    settings = loaded(
        tmp_path,
        f"[server]\nsecret_keys=['{KEY}']\nstate_folder='/tmp/x'\n[rooms.sale]\ncapacity=3\nallowed_hosts=['a.b']",
    )

    assert Settings.from_dict(settings.as_dict()) == settings
