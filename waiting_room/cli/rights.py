"""
``waiting-room room invite`` and ``room revoke``: who may come in, and who may not any more.
"""

import csv
import json
import re
import sys
import time
from secrets import token_urlsafe
from typing import Any

import click

from waiting_room.cli.lobbies import known_room, redis_options, run_with_lobby
from waiting_room.cli.options import read_settings
from waiting_room.cli.rooms import room
from waiting_room.config.keys import with_keys
from waiting_room.config.sections import ServerSettings
from waiting_room.core.revoked import MOST_REVOKED
from waiting_room.entrance import revoke as turn_away
from waiting_room.errors import ConfigError, Fault
from waiting_room.invitations import MOST_AT_ONCE, InvitationError, Wanted, columns, invite
from waiting_room.lobby import Lobby
from waiting_room.tokens import Keyring

__all__ = ["invite_", "revoke", "room"]

ID_BYTES = 9
"""72 random bits: nobody meets another invitation's id, and only signed ones count anyway."""
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}


class Duration(click.ParamType[float]):
    """
    Take a time such as 90s, 30m, 2h or 7d, in seconds.
    """

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """
        Return the seconds.
        """
        if isinstance(value, int | float):
            return float(value)
        found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", str(value).strip())
        if found is None:
            self.fail(f"{value!r} is no time; write one like 90s, 30m, 2h or 7d", param, ctx)
        return float(found[1]) * _UNITS[found[2]]


@room.command(name="invite")
@click.argument("name")
@click.option("--lane", required=True, metavar="LANE", help="The lane that they may join.")
@click.option("--uses", type=int, default=1, metavar="N", help="How many visitors may use each of them [1].")
@click.option("--expires", type=Duration(), default="7d", help="When they are over [7d]; such as 90s, 30m, 2h, 7d.")
@click.option("--count", type=int, default=1, metavar="N", help=f"How many to make [1], up to {MOST_AT_ONCE:,}.")
@click.option("--csv", "as_csv", is_flag=True, help="Print a table for a spreadsheet.")
@redis_options
def invite_(
    name: str,
    lane: str,
    uses: int,
    expires: float,
    count: int,
    as_csv: bool,
    config_file: str | None,
    redis_url: str | None,
    as_json: bool,
) -> None:
    """
    Make invitations, and print their links.

    A link leads to the waiting page, and lets whoever opens it join LANE. It is signed with the service's secret key,
    so the key must be the service's own: give its configuration. The same visitor may open a link again; that is one
    use. Nothing is kept of an invitation until it is used, and none can be taken back: make them expire.
    """
    server = _server(config_file, redis_url)
    wanted = Wanted(lane, uses, expires, count)

    async def work(lobby: Lobby) -> list[dict[str, Any]]:
        await known_room(lobby, name)
        wanted.check(lobby.policy(name))
        base = f"{server.public_url or ''}{server.prefix}"
        now_ms = time.time_ns() // 1_000_000
        return invite(Keyring(server.secret_keys), name, wanted, now_ms, lambda: token_urlsafe(ID_BYTES), base)

    try:
        made = run_with_lobby(work, config_file, redis_url)
    except InvitationError as error:
        raise click.UsageError("\n  ".join(["no invitation was made:", *map(str, error.faults)])) from error
    if as_json:
        click.echo(json.dumps(made))
    elif as_csv:
        csv.writer(sys.stdout, lineterminator="\n").writerows(columns(made))
    else:
        click.echo("\n".join(one["link"] for one in made))
    if not server.public_url and not as_json:
        click.echo("Put the shop's address in front, or set server.public_url.", err=True)


def _server(config_file: str | None, redis_url: str | None) -> ServerSettings:
    settings = read_settings(config_file, redis__url=redis_url)
    if not settings.server.secret_keys and settings.server.state_folder is None:
        what = "are not set, and an invitation signed with another key than the service's counts nowhere"
        raise ConfigError((Fault("server.secret_keys", what, "name the service's --config FILE"),))
    return with_keys(settings)[0].server


@room.command()
@click.argument("name")
@click.option("--seat", metavar="SEAT", help="The seat whose pass is taken back, such as standard.7.")
@click.option("--visitor", metavar="ID", help="The visitor who is turned away.")
@click.option("--for", "for_", type=Duration(), default="1d", help="For how long [1d]; 0 takes it back.")
@redis_options
def revoke(
    name: str,
    seat: str | None,
    visitor: str | None,
    for_: float,
    config_file: str | None,
    redis_url: str | None,
    as_json: bool,
) -> None:
    """
    Take a pass back, or turn a visitor away, at every gate within seconds.

    The seat is free at once. The pass, the place and the claim of whoever it was are refused with the reason `revoked`.
    A visitor is a browser, known by a random id that stands in its pass and ticket: who clears the cookies comes anew.
    """
    if bool(seat) == bool(visitor):
        raise click.UsageError(f"name either --seat or --visitor; up to {MOST_REVOKED:,} may be turned away at once")

    async def work(lobby: Lobby) -> dict[str, Any]:
        await known_room(lobby, name)
        freed = await turn_away(lobby, name, seat=seat or "", visitor=visitor or "", for_ms=round(for_ * 1000))
        return {"room": name, "freed": freed, "revoked": lobby.room(name).revoked.entries()}

    done = run_with_lobby(work, config_file, redis_url)
    if as_json:
        click.echo(json.dumps(done))
        return
    what = f"seat {seat}" if seat else f"visitor {visitor}"
    how = f"is turned away; {done['freed']} seats were freed" if for_ else "is let in again"
    click.echo(f"{name}: {what} {how}.", err=True)
