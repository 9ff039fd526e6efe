"""
The command `waiting-room demo`: the toy shop with a room in front of it, to click through.
"""

from pathlib import Path

import click

from loadtests.cli.options import DEFAULT_OUT, HELP, OptionsError, folder_faults, locust_faults, occupied, whole
from loadtests.rehearsal.demo import CROWD_SEATS, SEATS, Stage, run_demo
from loadtests.rehearsal.processes import Interrupts, ProcessError
from waiting_room.errors import Fault


@click.command(context_settings=HELP)
@click.option(
    "--out",
    default=f"{DEFAULT_OUT}/demo",
    metavar="DIR",
    show_default=True,
    help="Where logs and the shop's database go.",
)
@click.option("--seats", metavar="N", help=f"How many shoppers fit in at once: {SEATS}, with a crowd {CROWD_SEATS}.")
@click.option("--crowd", is_flag=True, help="Let made-up shoppers queue as well, so that there is a line to join.")
def demo(out: str, seats: str | None, crowd: bool) -> None:
    """
    Open the demo shop with a waiting room in front of it, and leave both running until Ctrl-C.
    """
    faults: list[Fault] = []
    usual = CROWD_SEATS if crowd else SEATS
    count = usual if seats is None else whole("--seats", seats, faults)
    if not faults and count < 1:
        faults.append(Fault("--seats", f"{count} is too few", "at least 1"))
    faults.extend(folder_faults(Path(out)))
    if crowd:
        faults.extend(locust_faults())
    if faults:
        raise OptionsError(faults)
    click.echo("Starting the store, the room and the shop ...", err=True)
    interrupts = Interrupts()
    with occupied(Path(out)), interrupts.installed():
        try:
            run_demo(Stage(Path(out), count, crowd), interrupts, click.echo)
        except ProcessError as error:
            raise click.ClickException(str(error)) from None
