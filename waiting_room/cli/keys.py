"""
``waiting-room keys``: keys for passes that are JSON Web Tokens, and what a pass proves.
"""

import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from waiting_room.cli.lazy import EXIT_FAILED
from waiting_room.cli.options import config_option, json_option, read_settings
from waiting_room.config import Settings
from waiting_room.config.keys import with_keys
from waiting_room.core.names import name_faults
from waiting_room.errors import ConfigError, Fault, TokenError
from waiting_room.jwts import extra_needed, signing_keys
from waiting_room.jwts.claims import ALGORITHMS, LIKELY
from waiting_room.tokens import Keyring, Pass

if TYPE_CHECKING:
    from waiting_room.jwts.keys import VerifyingKey


@click.group()
def keys() -> None:
    """
    Make keys for passes that are JSON Web Tokens, publish them, and read passes.
    """


@keys.command()
@click.option("--out", "file", metavar="FILE", required=True, help="Where to put the private key; it must not exist.")
@click.option("--algorithm", type=click.Choice(ALGORITHMS), default=ALGORITHMS[0], help="How it signs [EdDSA].")
@json_option
def make(file: str, algorithm: str, as_json: bool) -> None:
    """
    Make a private key, in a file that only its owner may read.

    EdDSA (Ed25519) is the simplest to use rightly; take ES256 where a gateway knows no EdDSA. Put the file's name into
    jwt.keys: the first signs, all verify. Its id is printed; passes and the published key set bear it.
    """
    with extra_needed("keys make"):
        from waiting_room.jwts.keys import make as made, signing_key  # noqa: I001, PLC0415 - of an extra
    text = made(algorithm)
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as out:
            out.write(text)
    except OSError as error:
        what = f"no key was made: {error.strerror}"
        raise ConfigError((Fault(file, what, "name a new file in a folder that may be written"),)) from error
    id_ = signing_key(text).id
    click.echo(json.dumps({"file": file, "kid": id_, "algorithm": algorithm}) if as_json else id_)
    click.echo(f'Put it into the configuration, [jwt] keys = ["{file}"], the signing one first.', err=True)


@keys.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
def jwks(files: tuple[str, ...]) -> None:
    """
    Print the public keys of private ones, as the JSON Web Key Set that the service publishes.

    For a gate or a gateway that shall not fetch it.
    """
    with extra_needed("keys jwks"):
        from waiting_room.jwts.keys import document_of  # noqa: PLC0415 - of an extra
    click.echo(json.dumps(document_of(key.verifying for key in signing_keys(files)), indent=2))


@keys.command()
@click.argument("text", metavar="PASS")
@click.option("--room", required=True, metavar="ROOM", help="The room that it shall be for.")
@click.option("--jwks", "file", metavar="FILE", help="The public keys, where the private ones are not at hand.")
@config_option
@json_option
def read(text: str, room: str, file: str | None, config_file: str | None, as_json: bool) -> None:
    """
    Say what a pass proves now, or why it does not count; the exit code is then 1.

    PASS is the value of the cookie wr_pass_ROOM, in either format, or - to read it from standard input. Keys and
    issuer come from the service's configuration. Whether the seat is still held, only the service knows.
    """
    if faults := name_faults(room, "--room"):
        raise ConfigError(faults)
    if text == "-":
        text = sys.stdin.read().strip()
    settings = read_settings(config_file)
    try:
        found = _admission(text, room, settings, _public_keys(file, settings))
    except TokenError as error:
        said = {"good": False, "reason": str(error.reason), "detail": str(error)}
        click.echo(json.dumps(said) if as_json else f"It does not count: {error}")
        click.get_current_context().exit(EXIT_FAILED)
    click.echo(json.dumps({"good": True, **asdict(found)}) if as_json else _told(found, _now_ms()))


def _public_keys(file: str | None, settings: Settings) -> "Mapping[str, VerifyingKey]":
    if file is None:
        return {key.id: key.verifying for key in signing_keys(settings.jwt.keys)}
    with extra_needed("--jwks"):
        from waiting_room.jwts.keys import read_verifying  # noqa: PLC0415 - of an extra
    try:
        return read_verifying(Path(file).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError((Fault("--jwks", f"{file}: {error}", "give a JSON Web Key Set, or a public PEM"),)) from error


def _admission(text: str, room: str, settings: Settings, public: "Mapping[str, VerifyingKey]") -> Pass:
    server = settings.server
    if not text.startswith(LIKELY):
        if not server.secret_keys and server.state_folder is None:
            raise ConfigError((Fault("server.secret_keys", "are not set", "name the service's --config FILE"),))
        return Keyring(with_keys(settings)[0].server.secret_keys).admission(text, room, _now_ms())
    if not public:
        what = "is not set, and this pass is a JWT"
        raise ConfigError((Fault("jwt.keys", what, "name the service's --config FILE, or --jwks FILE"),))
    from waiting_room.jwts.seals import JwtVerifier  # noqa: PLC0415 - of an extra

    return JwtVerifier(public, settings.jwt.issuer).admission(text, room, _now_ms())


def _told(found: Pass, now_ms: int) -> str:
    left_s = (found.hard_end_ms - now_ms) // 1000
    return f"It counts for {left_s} s more: seat {found.seat}, number {found.number}, visitor {found.visitor}."


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
