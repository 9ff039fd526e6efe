"""
``waiting-room keys``.
"""

import json
import sys
import time
from pathlib import Path

import pytest

from tests.cli.command import Ran, run
from tests.jwts.makings import ED25519
from waiting_room.jwts.claims import ISSUER
from waiting_room.jwts.keys import read_signing, read_verifying
from waiting_room.jwts.seals import JwtSigner
from waiting_room.tokens import Keyring, Pass

SECRET = "k1:" + "0123456789abcdef" * 4


def config(tmp_path: Path) -> str:
    """
    Write the configuration of a service that has keys of both kinds.
    """
    key = tmp_path / "key.json"
    key.write_text(ED25519, encoding="utf-8")
    path = tmp_path / "room.toml"
    path.write_text(f"[server]\nsecret_keys=['{SECRET}']\n[jwt]\nkeys=['{key}']\n", encoding="utf-8")
    return str(path)


def held(life_ms: int = 600_000) -> Pass:
    """
    Return a pass that is given now.
    """
    now_ms = time.time_ns() // 1_000_000
    return Pass("sale", "standard", 7, "ann", "standard.7", now_ms, now_ms + life_ms)


def a_jwt(tmp_path: Path, life_ms: int = 600_000) -> str:
    """
    Return a pass that the configuration's key signs.
    """
    config(tmp_path)
    (key,) = read_signing([tmp_path / "key.json"], "jwt.keys")
    return JwtSigner(key, ISSUER).sign(held(life_ms))


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256"])
def test_make_writes_a_key_that_its_owner_alone_may_read(tmp_path: Path, algorithm: str) -> None:
    """
    And prints its id, by which passes and the published set name it.
    """
    file = tmp_path / "key.pem"
    made = run("keys", "make", "--out", str(file), "--algorithm", algorithm)

    (key,) = read_signing([file], "jwt.keys")
    assert (made.code, made.out) == (0, f"{key.id}\n")
    assert key.algorithm == algorithm
    assert file.stat().st_mode & 0o777 == 0o600
    assert f'keys = ["{file}"]' in made.err


def test_make_overwrites_no_key(tmp_path: Path) -> None:
    """
    Passes may be out that it signed.
    """
    file = tmp_path / "key.pem"
    run("keys", "make", "--out", str(file))
    before = file.read_bytes()
    again = run("keys", "make", "--out", str(file), "--json")

    assert (again.code, file.read_bytes()) == (3, before)
    assert "no key was made" in again.err


def test_jwks_prints_the_public_keys_alone(tmp_path: Path) -> None:
    """
    As the service publishes them.
    """
    file = tmp_path / "key.json"
    file.write_text(ED25519, encoding="utf-8")
    shown = run("keys", "jwks", str(file))

    assert "d" not in json.loads(shown.out)["keys"][0]
    assert list(read_verifying(shown.out)) == ["kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"]


def read(tmp_path: Path, text: str, *options: str) -> Ran:
    """
    Read a pass with the service's configuration.
    """
    return run("keys", "read", text, "--room", "sale", "--config", config(tmp_path), *options)


def test_read_says_what_a_jwt_proves(tmp_path: Path) -> None:
    """
    Seat, number and visitor.
    """
    shown = read(tmp_path, a_jwt(tmp_path))

    assert shown.code == 0
    assert shown.out.endswith("seat standard.7, number 7, visitor ann.\n")


def test_read_says_what_a_compact_pass_proves(tmp_path: Path) -> None:
    """
    With the secret keys.
    """
    shown = read(tmp_path, Keyring([SECRET]).sign(held()), "--json")

    assert shown.json["good"]
    assert shown.json["seat"] == "standard.7"


def test_read_takes_a_pass_from_its_standard_input(tmp_path: Path) -> None:
    """
    Where nobody else on the machine shall see it.
    """
    shown = run("keys", "read", "-", "--room", "sale", "--config", config(tmp_path), text=a_jwt(tmp_path) + "\n")

    assert shown.code == 0


def test_read_says_why_a_pass_does_not_count(tmp_path: Path) -> None:
    """
    With exit code 1, and never with a trace.
    """
    over, forged = read(tmp_path, a_jwt(tmp_path, -1)), read(tmp_path, a_jwt(tmp_path)[:-1], "--json")

    assert (over.code, forged.code) == (1, 1)
    assert over.out.startswith("It does not count: ")
    assert forged.json["reason"] == "pass_invalid"


def test_read_needs_public_keys_alone(tmp_path: Path) -> None:
    """
    Whoever runs the shop may have no others.
    """
    text = a_jwt(tmp_path)
    published = tmp_path / "jwks.json"
    published.write_text(run("keys", "jwks", str(tmp_path / "key.json")).out, encoding="utf-8")

    assert run("keys", "read", text, "--room", "sale", "--jwks", str(published)).code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("eyJ.e30.AA", "--room", "sale"), "jwt.keys: is not set"),
        (("wr1.pass.k1.e30.AA", "--room", "sale"), "server.secret_keys: are not set"),
        (("eyJ.e30.AA", "--room", "Sale"), "--room"),
        (("eyJ.e30.AA", "--room", "sale", "--jwks", "missing.json"), "missing.json"),
    ],
)
def test_read_says_what_it_lacks(arguments: tuple[str, ...], said: str) -> None:
    """
    With the remedy.
    """
    shown = run("keys", "read", *arguments)

    assert shown.code == 3
    assert said in shown.err


def test_config_check_reads_the_keys(tmp_path: Path) -> None:
    """
    Before the service does.
    """
    path = tmp_path / "room.toml"
    path.write_text("[jwt]\nkeys=['missing.pem']\nrooms=['sale']\n", encoding="utf-8")
    shown = run("config", "check", "--config", str(path))

    assert shown.code == 3
    assert "jwt.keys[0]: missing.pem cannot be read" in shown.err


def test_a_room_that_is_not_there_is_noted(tmp_path: Path) -> None:
    """
    It may be a slip; or a room that is made by hand.
    """
    path = config(tmp_path)
    with Path(path).open("a", encoding="utf-8") as file:
        file.write("rooms=['sale', 'sail']\n[rooms.sale]\ncapacity=5\n")
    shown = run("config", "check", "--config", path)

    assert shown.code == 0
    assert [line for line in shown.err.splitlines() if "jwt" in line] == [
        "Note: jwt.rooms names sail, and no room of this configuration has that name"
    ]


@pytest.mark.parametrize("command", [("serve",), ("config", "check"), ("keys", "read", "eyJ", "--room", "sale")])
def test_missing_library_is_told_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    """
    Before anything is started.
    """
    path = config(tmp_path)
    for name in ("waiting_room.jwts.keys", "waiting_room.jwts.seals"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "jwt", None)
    shown = run(*command, "--config", path)

    assert shown.code == 3
    assert "jwt.keys: needs jwt, which is not installed; pip install 'waiting-room[jwt]'" in shown.err


def test_rooms_without_keys_are_a_fault(tmp_path: Path) -> None:
    """
    With the line of the file, and how to have a key.
    """
    path = tmp_path / "room.toml"
    path.write_text("[jwt]\nrooms=['sale', 'Sale']\n", encoding="utf-8")
    wrong = run("config", "check", "--config", str(path))
    path.write_text("[jwt]\nrooms=['sale']\n", encoding="utf-8")
    keyless = run("config", "check", "--config", str(path))

    assert "room.toml:2: jwt.rooms: ['sale', 'Sale'] no room can be named Sale" in wrong.err
    assert "room.toml:2: jwt.rooms: ['sale'] needs jwt.keys" in keyless.err
