"""
``waiting-room room override | stock | sold-out``: what an operator says of the shop behind a room.
"""

from typing import Any

import click

from waiting_room.cli.lobbies import known_room, redis_options, run_with_lobby, tell
from waiting_room.core.policy import MOST_RATE
from waiting_room.core.shop import MOST_STOCK
from waiting_room.lobby import Lobby


@click.command()
@click.argument("name")
@click.option(
    "--rate-per-minute", type=click.IntRange(0, MOST_RATE), metavar="N", help="The rate until further notice."
)
@click.option("--clear", is_flag=True, help="Give the rate back to the room.")
@redis_options
def override(
    name: str, rate_per_minute: int | None, clear: bool, config_file: str | None, redis_url: str | None, as_json: bool
) -> None:
    """
    Set the rate by hand, whatever the shop's health asks for, or give it back.

    It never exceeds the room's own rate: that is its ceiling.
    """
    if clear == (rate_per_minute is not None):
        raise click.UsageError("give either --rate-per-minute N or --clear")

    async def work(lobby: Lobby) -> dict[str, Any]:
        await known_room(lobby, name)
        await lobby.override(name, rate_per_minute)
        return lobby.admin_state(name)

    done = "has its rate back" if clear else f"goes at {rate_per_minute} a minute by hand"
    tell(run_with_lobby(work, config_file, redis_url), as_json, done)


@click.command()
@click.argument("name")
@click.argument("units", type=click.IntRange(0, MOST_STOCK), required=False)
@click.option("--clear", is_flag=True, help="Nobody knows the stock any more: it caps nothing.")
@redis_options
def stock(
    name: str, units: int | None, clear: bool, config_file: str | None, redis_url: str | None, as_json: bool
) -> None:
    """
    Tell how many UNITS are left to sell: no more visitors are let in than can buy.
    """
    if clear == (units is not None):
        raise click.UsageError("give either the UNITS that are left or --clear")

    async def work(lobby: Lobby) -> dict[str, Any]:
        await known_room(lobby, name)
        await lobby.stock(name, units)
        return lobby.admin_state(name)

    done = "counts no stock" if clear else f"has {units} left to sell"
    tell(run_with_lobby(work, config_file, redis_url), as_json, done)


@click.command(name="sold-out")
@click.argument("name")
@redis_options
def sold_out(name: str, config_file: str | None, redis_url: str | None, as_json: bool) -> None:
    """
    Close a room because nothing is left to sell; those inside may finish.

    Those who wait are told so. `room open` opens it again, where something has come back.
    """

    async def work(lobby: Lobby) -> dict[str, Any]:
        await known_room(lobby, name)
        await lobby.sell_out(name)
        return lobby.admin_state(name)

    tell(run_with_lobby(work, config_file, redis_url), as_json, "is sold out")
