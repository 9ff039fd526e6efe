"""
The sections of the configuration but the rooms: each field bears its type, range, default and meaning.

The reference of the configuration and the schema are made from it.
"""

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator

from waiting_room.config.rooms import split
from waiting_room.core.names import name_faults
from waiting_room.core.patterns import pattern_faults
from waiting_room.jwts.claims import EVERY_ROOM, ISSUER
from waiting_room.wire import PREFIX

MIN_ADMIN_TOKEN_LENGTH: Final = 16
"""128 bits when written in hex: beyond guessing over a network."""
_TAKEN: Final = ("/admin", "/metrics", "/healthz", "/readyz")


def _listed(value: Any) -> Any:
    return split(value) if isinstance(value, str) else value


def _is_network(text: str) -> bool:
    try:
        # None is everybody's: it would believe, or let in, whoever asks.
        return ipaddress.ip_network(text).prefixlen > 0
    except ValueError:
        return False


Texts = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class Section(BaseModel):
    """
    Be the base: frozen, and nothing unknown is let in.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ServerSettings(Section):
    """
    Hold what the service's processes need.
    """

    host: str = Field(
        default="127.0.0.1", min_length=1, description="the address to listen on; 0.0.0.0 is every IPv4 one"
    )
    port: int = Field(default=8080, ge=0, le=65535, description="the TCP port, 1 to 65535; 0 takes a free one")
    workers: int = Field(
        default=1, ge=1, le=256, description="how many processes share the port; one per core is right"
    )
    prefix: str = Field(default=PREFIX, description="the path under which visitors and gates find the rooms")
    secret_keys: Texts = Field(
        default=(),
        repr=False,
        description=(
            "a list of '<key id>:<secret>': the first signs, all verify. Without any, a random key is made, "
            "and tickets end with the run unless there is a state_folder"
        ),
    )
    admin_token: str | None = Field(
        default=None,
        repr=False,
        description=f"what operators send as a bearer token, {MIN_ADMIN_TOKEN_LENGTH} characters or more",
    )
    trusted_proxies: Texts = Field(
        default=(),
        description="a list of networks of the proxies whose X-Forwarded-For is believed; see staff_networks",
    )
    never: Texts = Field(
        default=("@defaults",),
        description=(
            "what a proxy is told to let pass without a pass: paths as in a gate, and groups such as "
            "@payments:woocommerce"
        ),
    )
    staff_networks: Texts = Field(
        default=(), description="a list of networks whose people a proxy is told to let pass without a pass"
    )
    crawler_files: Texts = Field(
        default=(),
        description=(
            "a list of files with the networks of crawlers, which may look at any page; as published, such as "
            "googlebot.json"
        ),
    )
    public_url: str | None = Field(
        default=None, description="the address that shoppers see, such as https://shop.example"
    )
    state_folder: Path | None = Field(
        default=None, description="a folder that keeps a made-up key and the embedded Valkey's data over restarts"
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description="how messages are written to standard error"
    )

    @field_validator("prefix")
    @classmethod
    def _check_prefix(cls, prefix: str) -> str:
        if not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+", prefix):
            raise ValueError("is no path; write one like /waiting-room, with no slash at its end")
        if any(f"{prefix}/".startswith(f"{taken}/") for taken in _TAKEN):
            raise ValueError("belongs to the operators' pages")
        return prefix

    @field_validator("admin_token")
    @classmethod
    def _check_token(cls, token: str | None) -> str | None:
        if token is not None and not re.fullmatch(rf"[!-~]{{{MIN_ADMIN_TOKEN_LENGTH},}}", token):
            raise ValueError("is too short, or has blanks or other than ASCII; make one with `openssl rand -hex 24`")
        return token

    @property
    def allowing(self) -> dict[str, tuple[str, ...]]:
        """
        Return who and what passes at every room's gate without a pass.
        """
        names = ("never", "trusted_proxies", "staff_networks", "crawler_files")
        return {name: getattr(self, name) for name in names}

    @field_validator("trusted_proxies", "staff_networks")
    @classmethod
    def _check_networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        wrong = [network for network in networks if not _is_network(network)]
        if wrong:
            raise ValueError(f"{', '.join(wrong)} is no network; write one like 10.0.0.0/8")
        return networks

    @field_validator("never")
    @classmethod
    def _check_patterns(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        faults = pattern_faults("never", patterns)
        if faults:
            raise ValueError("; ".join(f"{fault.what}; {fault.remedy}" for fault in faults))
        return patterns

    @field_validator("public_url")
    @classmethod
    def _check_url(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query:
            raise ValueError("is no address of a site; write one like https://shop.example")
        return url.rstrip("/")


class RedisSettings(Section):
    """
    Hold where the rooms are kept.
    """

    url: str | None = Field(
        default=None,
        repr=False,
        description="the address of Redis (7.0 or later) or Valkey (8 or later); without it, an embedded Valkey runs",
    )

    @field_validator("url")
    @classmethod
    def _check_url(cls, url: str | None) -> str | None:
        if url is None:
            return None
        try:
            parts = urlsplit(url)
            known = parts.scheme in {"redis", "rediss", "unix"} and (parts.hostname or parts.scheme == "unix")
            known = known and (parts.port is None or parts.port > 0)
        except ValueError:
            known = False
        if not known:
            raise ValueError("is no Redis address; write one like redis://127.0.0.1:6379/0")
        return url


class JwtSettings(Section):
    """
    Hold which rooms give passes that are JSON Web Tokens, and the keys for them.
    """

    keys: Texts = Field(
        default=(),
        description=(
            "a list of files with private keys, made by `waiting-room keys make`: the first signs, all verify"
        ),
    )
    rooms: Texts = Field(
        default=(),
        description='a list of the rooms whose passes are JSON Web Tokens, or ["*"] for every room; others are compact',
    )
    issuer: str = Field(
        default=ISSUER, min_length=1, max_length=256, description="what stands in the passes as their issuer (`iss`)"
    )

    @field_validator("rooms")
    @classmethod
    def _check_rooms(cls, rooms: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        wrong = [room for room in rooms if room != EVERY_ROOM and name_faults(room)]
        if wrong:
            raise ValueError(f"no room can be named {', '.join(wrong)}; write names, or * for every room")
        if rooms and not info.data.get("keys"):
            raise ValueError("needs jwt.keys to sign their passes; make one with `waiting-room keys make`")
        return rooms


SECTIONS: Final[dict[str, type[Section]]] = {"server": ServerSettings, "redis": RedisSettings, "jwt": JwtSettings}
