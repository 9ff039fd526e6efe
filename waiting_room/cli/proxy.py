"""
``waiting-room proxy``: the configuration of the proxy in front of a shop.
"""

from typing import Any, Final
from urllib.parse import urlsplit

import click

from waiting_room.cli.options import config_option, read_settings
from waiting_room.config import Settings
from waiting_room.errors import ConfigError, Fault
from waiting_room.proxies.catalogue import PROXIES
from waiting_room.proxies.settings import OUTAGES, ProxySettings

EVERYWHERE: Final = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - told apart, not bound


@click.command()
@click.argument("name", metavar="PROXY", type=click.Choice(list(PROXIES)))
@click.option("--room", metavar="NAME", help="The room; may be left out where the configuration has just one.")
@click.option("--service", metavar="HOST:PORT", help="Where the proxy reaches this service.")
@click.option("--shop", metavar="HOST:PORT", help="Where the proxy reaches the shop [127.0.0.1:9000].")
@click.option("--host", metavar="NAME", help="The shop's name, as browsers have it [that of the room's target].")
@click.option("--listen", metavar="PORT", type=int, help="The port that the proxy answers on [80].")
@click.option(
    "--protect", metavar="PATH", multiple=True, help="A path that needs a pass, with all that begins so [/checkout]."
)
@click.option(
    "--never",
    metavar="PATTERN",
    multiple=True,
    help="What passes unasked, also in an outage, such as @payments:woocommerce (nginx, haproxy and caddy).",
)
@click.option(
    "--on-outage",
    type=click.Choice(OUTAGES),
    help="While the service does not answer: all pass, holders and a share of the others, or nobody [closed].",
)
@click.option("--share-percent", metavar="N", type=int, help="How many of a hundred pass then, with share [10].")
@click.option("--inline", is_flag=True, default=None, help="Show the waiting page in place, without a redirect.")
@config_option
def proxy(
    name: str, room: str | None, config_file: str | None, protect: tuple[str, ...], never: tuple[str, ...], **given: Any
) -> None:
    """
    Print the configuration with which a proxy asks the room about each request.

    PROXY is one of nginx, haproxy (with haproxy-script, which it loads), caddy, traefik, envoy, gateway-api and
    ingress-nginx.
    """
    settings = read_settings(config_file)
    named = room or _only_room(settings)
    known = _known(settings, named) | {key: value for key, value in given.items() if value is not None}
    if protect:
        known["protect"] = protect
    known["never"] = never
    click.echo(PROXIES[name](ProxySettings(room=named, **known)), nl=False)


def _only_room(settings: Settings) -> str:
    if len(settings.rooms) == 1:
        return next(iter(settings.rooms))
    what = "is missing" if not settings.rooms else f"is missing, and the configuration has {', '.join(settings.rooms)}"
    raise ConfigError((Fault("--room", what, "name the room that stands in front of the shop"),))


def _known(settings: Settings, room: str) -> dict[str, Any]:
    """
    Return what the service's own configuration says already.
    """
    server = settings.server
    host = "127.0.0.1" if server.host in EVERYWHERE else server.host
    host = f"[{host}]" if ":" in host else host
    known: dict[str, Any] = {"service": f"{host}:{server.port or 8080}", "prefix": server.prefix}
    policy = settings.rooms.get(room)
    if policy is not None:
        known |= {"on_outage": "open"} if policy.on_redis_outage == "open" else {}
        known |= {"host": shop} if (shop := urlsplit(policy.target).hostname) else {}
    return known
