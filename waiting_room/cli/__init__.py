"""
The command line: the only reader of the environment, and the only place that knows exit codes.
"""

import os

import click

from waiting_room import __version__
from waiting_room.cli.lazy import Lazy, LazyGroup

COMMANDS = {
    "serve": Lazy("waiting_room.cli.serve:serve", "Serve the waiting room until a signal."),
    "room": Lazy(
        "waiting_room.cli.rights:room",
        "Create, show, change, open, pause, drain and close rooms, and gather before an opening.",
    ),
    "draw": Lazy("waiting_room.cli.draw:draw", "Check a draw from what was published."),
    "audit": Lazy("waiting_room.cli.audit:audit", "Check a room's admission log, and take it away."),
    "simulate": Lazy(
        "waiting_room.cli.simulate:simulation", "Play a promotion without a server: the real engine, on a moved clock."
    ),
    "gate": Lazy("waiting_room.cli.gate:gate", "Ask what a gate does with a request."),
    "proxy": Lazy(
        "waiting_room.cli.proxy:proxy", "Print the configuration with which a proxy asks the room about each request."
    ),
    "keys": Lazy(
        "waiting_room.cli.keys:keys", "Make keys for passes that are JSON Web Tokens, publish them, and read passes."
    ),
    "doctor": Lazy(
        "waiting_room.cli.doctor:doctor",
        "Say what is wrong with a shop's waiting room and with its Redis, and what to do.",
    ),
    "openapi": Lazy("waiting_room.cli.openapi:openapi", "Print the OpenAPI document of the service's HTTP."),
    "config": Lazy("waiting_room.cli.config:config", "Check and show the configuration."),
}

EPILOG = """\b
Examples:
  waiting-room serve --port 8080 --workers 2
  waiting-room room create spring-sale --capacity 200 --rate-per-minute 600 --redis-url redis://127.0.0.1/0
  waiting-room config check --config waiting-room.toml

\b
Exit codes: 0 fine, 1 a check failed or it could not be done, 2 wrong usage, 3 invalid configuration,
4 Redis cannot be reached, 130 interrupted.
"""


@click.group(
    cls=LazyGroup,
    lazy=COMMANDS,
    plugins="waiting_room.commands",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog=EPILOG,
)
@click.version_option(__version__, message="waiting-room %(version)s")
@click.pass_context
def main(context: click.Context) -> None:
    """
    A virtual waiting room: it lets shoppers in at the pace that the shop can bear.
    """
    if os.environ.get("NO_COLOR"):
        context.color = False
