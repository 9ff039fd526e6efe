"""
A gate's settings: one frozen value, validated as a whole.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self, TypeGuard
from urllib.parse import urlsplit

from waiting_room.core.names import name_faults
from waiting_room.core.patterns import pattern_faults
from waiting_room.errors import ConfigError, Fault
from waiting_room.gates.crawlers import Acquaintances
from waiting_room.gates.networks import UNIX
from waiting_room.jwts import extra_needed
from waiting_room.jwts.claims import ISSUER
from waiting_room.tokens import Keyring

if TYPE_CHECKING:
    from waiting_room.gates.jwks import PublicKeys

WHEN_SERVICE_DOWN: Final = ("static", "open", "closed")

NEVER: Final = ("@defaults",)
"""What a gate spares without further settings."""


def _setting(help_: str, default: Any = MISSING, *, low: float = 0, high: float = 0, secret: bool = False) -> Any:
    return field(default=default, repr=not secret, metadata={"help": help_, "low": low, "high": high})


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSettings:
    """
    Hold the settings of one gate; making one raises `ConfigError` with all faults at once.

    Each field's metadata bears its help and range; the table in the documentation is held against it.
    """

    room: str = _setting("the room that stands in front of this shop")
    service_url: str = _setting("where the gate reaches the room service, for example http://10.0.0.5:8080")
    page_url: str = _setting(
        "the waiting page as browsers reach it; on the shop's own host, so that cookies are shared: /waiting-room/ROOM"
    )
    secret_keys: tuple[str, ...] = _setting("the keys of the room service, '<key id>:<secret>' each", (), secret=True)
    secret_keys_file: str = _setting("a file with the keys instead, one a line; lines with # in front are comments", "")
    jwks: str = _setting(
        "the public keys of passes that are JSON Web Tokens: a file with a key set, or its address, such as "
        "http://10.0.0.5:8080/waiting-room/.well-known/jwks.json",
        "",
    )
    jwt_issuer: str = _setting("what those passes name as their issuer: the service's jwt.issuer", ISSUER)
    protect: tuple[str, ...] = _setting("paths that need a pass; a closing /* means all below as well", ("/*",))
    never: tuple[str, ...] = _setting("paths that never need one, even where `protect` names them", NEVER)
    staff_networks: tuple[str, ...] = _setting("networks whose people need no pass, such as 192.0.2.0/24", ())
    crawler_files: tuple[str, ...] = _setting(
        "files with the networks of crawlers, which may look at any page; as published, such as googlebot.json", ()
    )
    trusted_proxies: tuple[str, ...] = _setting(
        "networks of the proxies whose X-Forwarded-For is believed; unix for those that connect by a unix socket", ()
    )
    shop_url: str = _setting(
        "the shop as browsers reach it, such as https://shop.example; without it, the request's Host is believed", ""
    )
    language_cookie: str = _setting(
        "the shop's cookie with the visitor's language, which the waiting page shall speak", ""
    )
    when_service_down: str = _setting(
        "newcomers while the service is away: sent to the waiting page (static), let in (open), or told so (closed)",
        "static",
    )
    report_interval_s: float = _setting("seconds between two reports to the service", 1.0, low=0.05, high=60)
    join_time_out_s: float = _setting(
        "seconds that a newcomer's request may wait for the service before it goes to the waiting page",
        0.5,
        low=0.01,
        high=10,
    )
    grace_s: float = _setting(
        "seconds after the end of a pass during which its holder's POST is still taken, so that no form is lost",
        300,
        low=0,
        high=86_400,
    )

    def __post_init__(self) -> None:
        faults = tuple(_faults(self))
        if faults:
            raise ConfigError(faults)

    @classmethod
    def parse(cls, values: Mapping[str, Any], where: str = "gate") -> Self:
        """
        Return the settings that *values* (of a JSON or TOML document) describe; raises `ConfigError` with all faults.
        """
        known = {entry.name: entry for entry in fields(cls)}
        missing = {name: "" for name in ("room", "service_url", "page_url") if name not in values}
        faults = [_unknown(name, known) for name in values if name not in known]
        faults += [Fault(name, "is missing", known[name].metadata["help"]) for name in missing]
        given: dict[str, Any] = {name: value for name, value in values.items() if name in known} | missing
        for name in (entry.name for entry in known.values() if "tuple" in str(entry.type)):
            if isinstance(given.get(name), list):
                given[name] = tuple(given[name])
        settings = None
        try:
            settings = cls(**given)
        except ConfigError as error:
            faults += [fault for fault in error.faults if fault.where not in missing]
        if settings is None or faults:
            raise ConfigError(tuple(Fault(f"{where}.{fault.where}", fault.what, fault.remedy) for fault in faults))
        return settings

    def keyring(self) -> Keyring:
        """
        Return the keys, read from their file where one is named; raises `ConfigError` if they cannot be used.
        """
        return Keyring(self.secret_keys or _read_keys(Path(self.secret_keys_file)))

    def acquaintances(self) -> Acquaintances:
        """
        Return who is known by address; raises `ConfigError` where a file of crawlers cannot be used.
        """
        return Acquaintances(self.trusted_proxies, self.staff_networks, self.crawler_files)

    def public_keys(self) -> "PublicKeys | None":
        """
        Return whose passes are believed that are JWTs, or None where none are; raises `ConfigError` if that cannot be.
        """
        if not self.jwks:
            return None
        with extra_needed("jwks"):
            from waiting_room.gates.jwks import PublicKeys  # noqa: PLC0415 - of an extra
        return PublicKeys(self.jwks, self.jwt_issuer)


def _read_keys(path: Path) -> tuple[str, ...]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        remedy = "give a readable text file with one '<key id>:<secret>' a line"
        raise ConfigError((Fault("secret_keys_file", f"{path} cannot be read: {error}", remedy),)) from None
    return tuple(line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#"))


def _unknown(name: str, known: Mapping[str, Any]) -> Fault:
    near = get_close_matches(name, known, n=1)
    return Fault(name, "unknown setting", f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}")


def _faults(settings: GateSettings) -> list[Fault]:
    faults = _text_faults(settings)
    if not faults:
        faults += name_faults(settings.room)
        faults += _url_faults("service_url", settings.service_url)
        faults += _url_faults("page_url", settings.page_url, path_alone=True)
        if settings.shop_url:
            faults += _url_faults("shop_url", settings.shop_url)
        if settings.jwks.startswith(("http:", "https:")):
            faults += _url_faults("jwks", settings.jwks)
    for name in ("protect", "never"):
        faults += pattern_faults(name, getattr(settings, name))
    for name in ("staff_networks", "trusted_proxies"):
        faults += network_faults(name, getattr(settings, name))
    if not _are_texts(settings.crawler_files):
        faults.append(Fault("crawler_files", "is no list of texts", 'write ["/etc/waiting-room/googlebot.json"]'))
    if settings.when_service_down not in WHEN_SERVICE_DOWN:
        what = f"{settings.when_service_down!r} is none of the choices"
        faults.append(Fault("when_service_down", what, f"use one of {', '.join(WHEN_SERVICE_DOWN)}"))
    for name in ("report_interval_s", "join_time_out_s", "grace_s"):
        faults += _range_faults(name, getattr(settings, name))
    return faults + _key_faults(settings)


def _text_faults(settings: GateSettings) -> list[Fault]:
    names = ("room", "service_url", "page_url", "shop_url", "secret_keys_file", "language_cookie", "jwks", "jwt_issuer")
    values = [(name, getattr(settings, name)) for name in names]
    return [Fault(name, f"{value!r} is no text", "quote it") for name, value in values if not isinstance(value, str)]


def _url_faults(name: str, value: str, *, path_alone: bool = False) -> list[Fault]:
    example = "/waiting-room/ROOM or https://shop.example/waiting-room/ROOM" if path_alone else "http://host:port"
    if path_alone and re.fullmatch(r"/[!-~]+", value) and not value.startswith("//") and "?" not in value:
        return []
    unusable = [Fault(name, f"{value!r} is no address", f"write {example}")]
    try:
        parts = urlsplit(value)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        return unusable
    if not usable or not re.fullmatch(r"[!-~]+", value):
        return unusable
    if parts.query or parts.fragment or parts.username is not None:
        return [Fault(name, "bears a query, a fragment or a user", f"write {example}")]
    return []


def _range_faults(name: str, value: object) -> list[Fault]:
    meta = next(entry.metadata for entry in fields(GateSettings) if entry.name == name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return [Fault(name, f"{value!r} is no number", "in seconds")]
    if not meta["low"] <= value <= meta["high"]:
        return [Fault(name, f"{value:g} is out of range", f"allowed are {meta['low']:g} to {meta['high']:g} seconds")]
    return []


def network_faults(name: str, networks: object) -> list[Fault]:
    """
    Return what is wrong with a list of networks.
    """
    if not _are_texts(networks):
        return [Fault(name, f"{networks!r} is no list of networks", 'write ["192.0.2.0/24"]')]
    faults = []
    for index, network in enumerate(networks):
        if network == UNIX and name == "trusted_proxies":
            continue
        try:
            everybody = ip_network(network).prefixlen == 0
        except ValueError as error:
            faults.append(Fault(f"{name}[{index}]", str(error), "write a network such as 192.0.2.0/24"))
        else:
            if everybody:
                faults.append(Fault(f"{name}[{index}]", f"{network} is everybody", "name the networks that are meant"))
    return faults


def _are_texts(values: object) -> TypeGuard[Sequence[str]]:
    return isinstance(values, list | tuple) and all(isinstance(value, str) for value in values)


def _key_faults(settings: GateSettings) -> list[Fault]:
    if bool(settings.secret_keys) == bool(settings.secret_keys_file):
        what = "both are given" if settings.secret_keys else "there are no keys"
        return [Fault("secret_keys", what, "give either secret_keys or secret_keys_file")]
    keys: object = settings.secret_keys
    if not isinstance(keys, list | tuple) or not all(isinstance(key, str) for key in keys):
        return [Fault("secret_keys", "is no list of texts", "write ['k1:…']")]
    if not settings.secret_keys:
        return []
    try:
        Keyring(settings.secret_keys)
    except ConfigError as error:
        return [Fault(fault.where.removeprefix("server."), fault.what, fault.remedy) for fault in error.faults]
    return []
