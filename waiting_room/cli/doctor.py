"""
``waiting-room doctor``: what is wrong with a set-up, asked before a promotion.
"""

import asyncio
import json
from typing import Any, Final
from urllib.parse import unquote, urlsplit, urlunsplit

import click

from waiting_room.cli.lazy import EXIT_FAILED, EXIT_STORE, EXIT_USAGE
from waiting_room.cli.options import config_option, json_option, read_settings, redis_option
from waiting_room.config import Settings
from waiting_room.core.names import name_faults
from waiting_room.doctor.asker import MOST, PER_SECOND, USER_AGENT
from waiting_room.doctor.consultation import Consultation, consult
from waiting_room.doctor.entrances import PLATFORMS, entrances
from waiting_room.doctor.examination import Order, ShopAwayError
from waiting_room.doctor.findings import TOPICS
from waiting_room.doctor.report import as_document, told

FASTEST: Final = 20


class ShopAway(click.ClickException):
    """
    End where the shop cannot be examined.
    """

    exit_code = EXIT_USAGE


@click.command()
@click.option(
    "--url",
    metavar="URL",
    help="The shop as shoppers reach it, such as https://shop.example; USER:PASSWORD@ may stand in it.",
)
@click.option("--room", metavar="NAME", help="The room in front of it; without it, the one that its gate names.")
@redis_option
@click.option("--service-url", metavar="URL", help="The service as a proxy reaches it, to time the proxy's question.")
@click.option("--entrance", metavar="PATH", multiple=True, help="A further path that must be gated.")
@click.option(
    "--open", "free", metavar="PATH", multiple=True, help="A path that must not be, such as a bank's callback."
)
@click.option("--platform", type=click.Choice(PLATFORMS), help="What the shop runs on, where it does not show.")
@click.option("--only", type=click.Choice(TOPICS), multiple=True, help="Examine only this; may be given several times.")
@click.option(
    "--per-second",
    metavar="N",
    type=click.IntRange(1, FASTEST),
    default=int(PER_SECOND),
    help=f"Requests a second [{PER_SECOND:g}, at most {FASTEST}].",
)
@click.option("--dry-run", is_flag=True, help="Say what would be asked, and ask nothing.")
@config_option
@json_option
def doctor(
    url: str | None,
    config_file: str | None,
    redis_url: str | None,
    only: tuple[str, ...],
    per_second: int,
    dry_run: bool,
    as_json: bool,
    **given: Any,
) -> None:
    """
    Say what is wrong with a shop's waiting room and with its Redis, and what to do.

    The shop is asked from outside, by GET, HEAD and OPTIONS alone: nothing is put into a cart, and neither a place nor
    a seat is taken. Exit codes: 0 no problem (there may be warnings), 1 problems, 2 wrong usage or no answer from the
    shop, 3 invalid configuration, 4 no answer from Redis.
    """
    settings = read_settings(config_file, redis__url=redis_url)
    topics = only or TOPICS
    order = _order(url, settings, topics, given)
    if order is None and settings.redis.url is None:
        raise click.UsageError("say what to examine: --url of the shop, --redis-url of its Redis, or both")
    if order is not None:
        click.echo(_announced(order, per_second), err=True)
        if dry_run:
            click.echo("\n".join(_planned(order)))
    if dry_run:
        return
    try:
        asked = consult(
            order,
            settings.redis.url,
            given["room"] or "",
            topics,
            per_second,
            _login(url or ""),
            believes=_believes(settings),
        )
        done = asyncio.run(asked)
    except ShopAwayError as error:
        raise ShopAway(str(error)) from error
    _tell(done, as_json)
    if done.redis_away:
        click.get_current_context().exit(EXIT_STORE)
    if done.diagnosis.ill:
        click.get_current_context().exit(EXIT_FAILED)


def _order(url: str | None, settings: Settings, topics: tuple[str, ...], given: dict[str, Any]) -> Order | None:
    """
    Return what to examine of a shop, or raise a usage error with all that is wrong.
    """
    paths = (*(("--entrance", path) for path in given["entrance"]), *(("--open", path) for path in given["free"]))
    faults = [f"{name}: {path!r} is no path; write one like /checkout" for name, path in paths if not _is_path(path)]
    for name, value in (("--url", url), ("--service-url", given["service_url"])):
        if value is not None and not _is_site(value):
            faults.append(f"{name}: {value!r} is no address; write one like https://shop.example")
    rooms = tuple(settings.rooms)
    room = given["room"] or (rooms[0] if len(rooms) == 1 else "")
    faults += [str(fault) for fault in (name_faults(room, "--room") if room else ())]
    if faults:
        raise click.UsageError("\n  ".join(("this cannot be examined:", *faults)))
    if url is None:
        return None
    return Order(
        url=_without_login(url),
        room=room,
        prefix=settings.server.prefix,
        platform=given["platform"] or "",
        service_url=given["service_url"] or "",
        wanted=given["entrance"],
        free=given["free"],
        topics=topics,
    )


def _believes(settings: Settings) -> bool | None:
    """
    Tell whether the service believes any proxy, or None where nothing of its configuration has been given.
    """
    known = any(section in {"server", "rooms"} for section, *_ in settings.origins)
    return bool(settings.server.trusted_proxies) if known else None


def _is_site(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0 and not parts.query
    except ValueError:
        return False


def _is_path(text: str) -> bool:
    return text.startswith("/") and not text.startswith("//") and text.isprintable() and " " not in text


def _login(url: str) -> str:
    return unquote(urlsplit(url).netloc.rpartition("@")[0])


def _without_login(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path or "/", "", ""))


def _announced(order: Order, per_second: int) -> str:
    return (
        f"Asking {order.url} by GET, HEAD and OPTIONS, {per_second} times a second and at most {MOST} times, "
        f"as {USER_AGENT}. Nothing is bought, and nobody's place is taken."
    )


def _planned(order: Order) -> list[str]:
    asked = entrances(order.platform, urlsplit(order.url).path.rstrip("/"), order.wanted, order.free)
    return [f"{one.method:<8}{one.path}" for one in asked]


def _tell(done: Consultation, as_json: bool) -> None:
    of = done.examined
    if as_json:
        shop = None
        if of is not None:
            shop = {"url": of.url, "room": of.room, "platform": of.platform, "requests": of.requests}
        click.echo(json.dumps({"shop": shop, **as_document(done.diagnosis)}, ensure_ascii=False))
        return
    if of is not None:
        room = f"room {of.room}" if of.room else "no room known"
        click.echo(f"{of.url}, {of.platform or 'platform not recognized'}, {room}, {of.requests} requests\n")
    click.echo(told(done.diagnosis))
