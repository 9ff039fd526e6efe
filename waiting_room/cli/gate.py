"""
``waiting-room gate``: what a gate does, asked beforehand.
"""

import json
from dataclasses import asdict

import click

from waiting_room.cli.lazy import EXIT_FAILED
from waiting_room.cli.options import json_option
from waiting_room.errors import ConfigError
from waiting_room.gates.explain import Explanation, explain
from waiting_room.gates.settings import NEVER, pattern_faults


@click.group()
def gate() -> None:
    """
    Ask what a gate does with an address.
    """


@gate.command(name="explain")
@click.argument("urls", metavar="URL...", nargs=-1, required=True)
@click.option("--protect", metavar="PATTERN", multiple=True, help="A path that needs a pass, as in the gate [/*].")
@click.option("--never", metavar="PATTERN", multiple=True, help="A path that needs none, beside those built in.")
@click.option("--expect", type=click.Choice(["protected", "free"]), help="Exit with 1 where one is not.")
@json_option
def explain_(
    urls: tuple[str, ...], protect: tuple[str, ...], never: tuple[str, ...], expect: str | None, as_json: bool
) -> None:
    """
    Say of each URL whether it needs a pass, and by which pattern.

    A path is protected if any server could read it as one that is: decoded, resolved, in another case.
    It is spared only where it is spelled plainly.
    """
    faults = (*pattern_faults("--protect", protect), *pattern_faults("--never", never))
    if faults:
        raise ConfigError(faults)
    found = [explain(url, protect or ("/*",), (*never, *NEVER)) for url in urls]
    if as_json:
        click.echo(json.dumps([{"url": url, **asdict(why)} for url, why in zip(urls, found, strict=True)]))
    else:
        for url, why in zip(urls, found, strict=True):
            click.echo(f"{url}: {said(why)}")
    if expect is not None and any(why.protected != (expect == "protected") for why in found):
        click.get_current_context().exit(EXIT_FAILED)


def said(why: Explanation) -> str:
    """
    Return an explanation in words.
    """
    if why.spared_by:
        return f"free, since {why.spared_by} never needs a pass"
    if not why.protected:
        return "free, since no protected pattern fits it, however it is read"
    oddly = "; it would never need one if it were spelled plainly" if why.spelled_oddly else ""
    if not why.pattern:
        return f"protected, since there are too many ways to read it{oddly}"
    as_read = f", read as {why.reading}" if why.reading != why.path else ""
    return f"protected by {why.pattern}{as_read}{oddly}"
