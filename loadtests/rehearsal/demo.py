"""
Leave the shop, the room and their store running, to be clicked through.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loadtests.arrivals.rate import Rate
from loadtests.crowd.shoppers import Behaviour
from loadtests.crowd.streams import Stream
from loadtests.demo_shop.model import ShopModel
from loadtests.engine.plan import RunPlan
from loadtests.rehearsal.processes import Family, Interrupted, Interrupts
from loadtests.rehearsal.stack import ROOM, Ports, Secrets, Stack
from waiting_room.wire import PREFIX

SEATS = 2
POLICY: dict[str, Any] = {
    "rate_per_minute": 60,
    "idle_timeout_s": 60.0,
    "max_session_s": 900.0,
    "claim_window_s": 20.0,
    "poll_min_s": 1.0,
    "poll_max_s": 5.0,
}
CROWD_SEATS = 40
CROWD_PER_S = 1.6
CROWD = {"buyer": 0.7, "window": 0.3}
CROWD_S = 6 * 3600.0
"""Long enough for any demonstration."""


@dataclass(frozen=True, slots=True)
class Stage:
    """
    What is shown.

    Args:
        out: the directory for logs and the shop's database.
        seats: how many shoppers fit in.
        crowd: whether made-up shoppers queue as well.
    """

    out: Path
    seats: int = SEATS
    crowd: bool = False

    def policy(self) -> dict[str, Any]:
        """
        Return the room's settings. A crowd's window-shoppers must not hold their seats for a minute.
        """
        return {**POLICY, "capacity": self.seats, **({"idle_timeout_s": 30.0} if self.crowd else {})}

    def plan(self, shop_url: str) -> RunPlan:
        """
        Return the crowd: more than are let in, some of whom lose patience, so that the queue stays within bounds.
        """
        rate = Rate(((0.0, CROWD_PER_S), (CROWD_S, CROWD_PER_S)))
        behaviour = Behaviour(browse_think_s=2.0, form_think_s=3.0, room_patience_s=90.0)
        return RunPlan(
            name="with_room",
            mode="open",
            shop_url=shop_url,
            seed=1,
            streams=(Stream("crowd", rate, CROWD, behaviour),),
            duration_s=CROWD_S,
            drain_s=0,
            out=str(self.out / "runs" / "crowd.measures.json"),
        )


def welcome(ports: Ports, admin_token: str, stage: Stage) -> str:
    """
    Return the addresses to click, and how to see the room at work.
    """
    page = f"{ports.room_url}{PREFIX}/{ROOM}"
    rows = (
        ("The shop", f"{ports.shop_url}/?lang=en", f"{ports.shop_url}/?lang=pl"),
        ("The waiting room's page", f"{page}?lang=en", f"{page}?lang=pl"),
        ("What everybody may know", f"{page}/state.json", ""),
        ("The operators' interface", f"{ports.room_url}/admin/api/v1/rooms/{ROOM}", ""),
        ("Metrics", f"{ports.room_url}/metrics", f"{ports.shop_url}/metrics"),
    )
    lines = ["The shop is open, with a waiting room in front of it.", ""]
    for title, first, second in rows:
        lines += [f"  {title:<26}{first}", *([f"  {'':<26}{second}"] if second else [])]
    return "\n".join(
        (
            *lines,
            "",
            f"  Operators' token          {admin_token}",
            "",
            *(_with_crowd(stage) if stage.crowd else _alone(stage)),
            "Ctrl-C ends everything.",
        )
    )


def _alone(stage: Stage) -> tuple[str, ...]:
    return (
        f"{stage.seats} shoppers fit in at once. Open the shop in more browsers or private windows than that, and the",
        "next one waits until somebody has paid, or has done nothing for a minute.",
    )


def _with_crowd(stage: Stage) -> tuple[str, ...]:
    return (
        f"{stage.seats} shoppers fit in at once, one is let in per second, and a made-up crowd keeps coming a little",
        "faster: within half a minute there is a queue. Open the shop and join it.",
    )


def run_demo(stage: Stage, interrupts: Interrupts, say: Callable[[str], Any]) -> None:
    """
    Return when somebody stops the demo; every program has ended by then.

    Args:
        stage: what is shown.
        interrupts: Ctrl-C and signals.
        say: called with the words to show.
    """
    ports, kept = Ports.free(), Secrets.fresh()
    try:
        with Family(stage.out / "logs", interrupts) as family:
            stack = Stack(family, stage.out / "runs", ports, kept)
            stack.start_store()
            stack.start_room(stage.policy())
            database = str(stage.out / "runs" / "demo.shop.sqlite")
            stack.start_shop(ShopModel(database=database, port=ports.shop), gated=True)
            if stage.crowd:
                stack.start_generator(stage.plan(ports.shop_url), piped=False)
            say(welcome(ports, kept.admin_token, stage))
            while True:
                time.sleep(0.25)
                family.check()
    except Interrupted:
        say("Everything has ended.")
