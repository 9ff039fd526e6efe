"""
``waiting-room gate``: what a gate does, asked beforehand.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import click

from waiting_room.cli.lazy import EXIT_FAILED
from waiting_room.cli.options import json_option
from waiting_room.core.platforms import GROUPS
from waiting_room.errors import ConfigError, Fault
from waiting_room.gates.crawlers import networks_in
from waiting_room.gates.explain import Explanation, Question, explain
from waiting_room.gates.networks import Networks, address_of
from waiting_room.gates.settings import NEVER, GateSettings

_OPTIONS: Final = {
    "protect": "--protect",
    "never": "--never",
    "staff_networks": "--staff",
    "crawler_files": "--crawlers",
    "trusted_proxies": "--trusted-proxy",
}
_WHO: Final = {
    "staff": "passes, since {visitor} is of the staff's networks",
    "crawler": "passes, since {visitor} is a crawler's, and it only looks",
    "preflight": "passes, since browsers ask for permission without cookies; what they then send needs a pass",
}


@click.group()
def gate() -> None:
    """
    Ask what a gate does with a request.
    """


@gate.command(name="explain")
@click.argument("urls", metavar="URL...", nargs=-1, required=True)
@click.option("--protect", metavar="PATTERN", multiple=True, help="What needs a pass, as in the gate [/*].")
@click.option("--never", metavar="PATTERN", multiple=True, help="What needs none, beside @defaults.")
@click.option("--staff", metavar="NETWORK", multiple=True, help="A network whose people need none.")
@click.option("--crawlers", metavar="FILE", multiple=True, help="A file with the networks of crawlers.")
@click.option("--trusted-proxy", metavar="NETWORK", multiple=True, help="A network whose X-Forwarded-For is believed.")
@click.option("--method", metavar="METHOD", default="GET", help="The request's method [GET].")
@click.option("--address", metavar="ADDRESS", default="", help="Where its connection comes from.")
@click.option("--forwarded-for", metavar="ADDRESSES", default="", help="Its X-Forwarded-For.")
@click.option("--user-agent", metavar="TEXT", default="", help="Its User-Agent, for what that is worth.")
@click.option("--header", metavar="NAME:VALUE", multiple=True, help="Any other header of it.")
@click.option("--expect", type=click.Choice(["protected", "free"]), help="Exit with 1 where one is not.")
@json_option
def explain_(urls: tuple[str, ...], expect: str | None, as_json: bool, **given: Any) -> None:
    """
    Say of a request for each URL whether it needs a pass, by which rule, and what each kind of request gets.

    A path is protected if any server could read it as one that is: decoded, resolved, in another case.
    It is spared only where it is spelled plainly. Of addresses, only those that a trusted proxy has told are believed.
    """
    settings, question = _settings(given), _question(given)
    found = [explain(url, settings, question) for url in urls]
    if as_json:
        click.echo(json.dumps([{"url": url, **asdict(why)} for url, why in zip(urls, found, strict=True)]))
    else:
        for url, why in zip(urls, found, strict=True):
            click.echo(f"{url}: {said(why)}{_name_note(why, question)}")
            for kind, fate in why.without_pass.items() if why.pattern or why.protected else ():
                click.echo(f"  {kind:<10} {fate}")
    if expect is not None and any(why.protected != (expect == "protected") for why in found):
        click.get_current_context().exit(EXIT_FAILED)


@gate.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--address", metavar="ADDRESS", help="Say whether this one is in a file; exit with 1 where it is not.")
@json_option
def crawlers(files: tuple[str, ...], address: str | None, as_json: bool) -> None:
    """
    Read files with the networks of crawlers as a gate does, and say how many each names.
    """
    read = {file: Networks(networks_in(Path(file))) for file in files}
    known = None if address is None else address_of(address)
    if address is not None and known is None:
        raise ConfigError((Fault("--address", f"{address!r} is no address", "write one such as 192.0.2.1"),))
    inside = [file for file, networks in read.items() if known is not None and known in networks]
    if as_json:
        counts = {file: networks.count for file, networks in read.items()}
        click.echo(json.dumps({"networks": counts, "address": address, "inside": inside}))
    else:
        for file, networks in read.items():
            click.echo(f"{file}: {networks.count} networks")
        if address is not None:
            click.echo(f"{address}: {'in ' + ', '.join(inside) if inside else 'in none of them'}")
    if address is not None and not inside:
        click.get_current_context().exit(EXIT_FAILED)


@gate.command()
@click.argument("names", metavar="[GROUP]...", nargs=-1, type=click.Choice(list(GROUPS)))
@json_option
def groups(names: tuple[str, ...], as_json: bool) -> None:
    """
    Show the groups of patterns that have a name, such as what payment providers call.
    """
    shown = {name: GROUPS[name] for name in names or GROUPS}
    if as_json:
        click.echo(json.dumps(shown))
        return
    for name, patterns in shown.items():
        click.echo(name)
        for pattern in patterns:
            click.echo(f"  {pattern}")


def said(why: Explanation) -> str:
    """
    Return an explanation in words.
    """
    if why.spared_by:
        return f"free, since {why.spared_by} never needs a pass"
    if why.since in _WHO:
        return _WHO[why.since].format(visitor=why.visitor)
    if not why.protected:
        return "free, since no protected pattern fits it, however it is read"
    oddly = "; it would never need one if it were spelled plainly" if why.spelled_oddly else ""
    if why.steered:
        oddly = "; its path would never need one, but its query could lead to another page"
    if not why.pattern:
        return f"protected, since there are too many ways to read it{oddly}"
    as_read = f", read as {why.reading}" if why.reading != why.path else ""
    return f"protected by {why.pattern}{as_read}{oddly}"


def _name_note(why: Explanation, question: Question) -> str:
    name = question.headers.get("user-agent", "").lower()
    if why.since == "crawler" or not any(word in name for word in ("bot", "crawl", "spider")):
        return ""
    return "; its User-Agent counts for nothing, a crawler is known by its address"


def _settings(given: Mapping[str, Any]) -> GateSettings:
    values = {
        "protect": given["protect"] or ("/*",),
        "never": (*given["never"], *NEVER),
        "staff_networks": given["staff"],
        "crawler_files": given["crawlers"],
        "trusted_proxies": given["trusted_proxy"],
    }
    try:
        return GateSettings(
            room="asked", service_url="http://127.0.0.1", page_url="/wait", secret_keys=("k1:" + "0" * 32,), **values
        )
    except ConfigError as error:
        raise ConfigError(
            tuple(Fault(_option(fault.where), fault.what, fault.remedy) for fault in error.faults)
        ) from None


def _option(where: str) -> str:
    name, bracket, rest = where.partition("[")
    return f"{_OPTIONS.get(name, name)}{bracket}{rest}"


def _question(given: Mapping[str, Any]) -> Question:
    headers = {"user-agent": given["user_agent"]} if given["user_agent"] else {}
    for line in given["header"]:
        name, colon, value = line.partition(":")
        if not colon:
            raise ConfigError((Fault("--header", f"{line!r} has no colon", "write NAME:VALUE"),))
        headers[name.strip().lower()] = value.strip()
    forwarded = given["forwarded_for"] or headers.get("x-forwarded-for", "")
    return Question(given["method"], given["address"], forwarded, headers)
