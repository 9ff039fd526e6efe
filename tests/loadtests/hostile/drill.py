"""
Everybody who means no good, a few times each, against the real thing: Valkey, service, demo shop behind its gate.
"""

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from loadtests.arrivals.rate import Rate
from loadtests.crowd.shoppers import Behaviour
from loadtests.crowd.streams import Stream
from loadtests.demo_shop.model import ShopModel
from loadtests.engine.plan import RunPlan
from loadtests.journeys.hostile.kinds import HOSTILE
from loadtests.measuring.measures import Measures
from loadtests.rehearsal.asking import HOST, answers
from loadtests.rehearsal.processes import Family, Interrupts, Program
from loadtests.rehearsal.stack import Ports, Secrets, Stack
from tests.waiting import wait_until_sync

ROOM: Final = {"capacity": 40, "rate_per_minute": 240, "poll_min_s": 0.5, "claim_window_s": 10}
SEED: Final = 56
"""A seed by which two at least of each kind come."""
QUICK: Final = Behaviour(
    browse_think_s=0.1, form_think_s=0.1, room_patience_s=25.0, room_patience_shape=20.0, leave_share=0.5
)
CROWD: Final = Stream(
    "crowd", Rate(((0.0, 12.0), (4.0, 12.0), (4.0, 1.0), (5.0, 1.0))), {"buyer": 7, "window": 3}, QUICK
)
"""More than the room lets in, so that whoever comes later meets a queue."""


@dataclass(frozen=True, slots=True)
class Played:
    """
    Hold what came of the drill: with the gate as it should be, and with one that forgot the checkout.
    """

    sound: Measures
    leaky: Measures


def villains(kinds: tuple[str, ...], from_s: float) -> tuple[Stream, ...]:
    """
    Return some of each kind, who come within two seconds.
    """
    rate = Rate(((0.0, 0.0), (from_s, 0.0), (from_s, 1.5), (from_s + 2, 1.5)))
    return tuple(Stream(kind, rate, {kind: 1.0}, QUICK) for kind in kinds)


def played() -> Played:
    """
    Play the drill.
    """
    with TemporaryDirectory(prefix="hostile") as name, Family(Path(name) / "logs", Interrupts()) as family:
        folder, ports = Path(name), Ports.free()
        stack = Stack(family, folder, ports, Secrets.fresh())
        shop = ShopModel(str(folder / "shop.sqlite"), host=HOST, port=ports.shop, db_connections=4)
        plan = RunPlan(
            "with_room",
            "open",
            ports.shop_url,
            SEED,
            (CROWD, *villains(tuple(HOSTILE), 3.0)),
            duration_s=5.0,
            drain_s=30.0,
            out=str(folder / "measures.json"),
        )
        stack.start_store()
        stack.start_room(ROOM)
        sound_shop = stack.start_shop(shop, gated=True)
        sound = stack.drive(plan, _unseen)
        stack.end(sound_shop)
        family.start(
            Program(
                "leaky-shop",
                [sys.executable, "-m", "tests.loadtests.hostile.leaky_shop", "--config", str(folder / "shop.json")],
            )
        )
        wait_until_sync(lambda: answers(f"{ports.shop_url}/healthz"), what="the leaky shop")
        few = replace(plan, streams=villains(("jumper", "forger"), 0.0), duration_s=2.0, drain_s=6.0)
        return Played(sound, stack.drive(few, _unseen))


def _unseen(_line: dict[str, Any]) -> None:
    """
    Look at no progress.
    """
