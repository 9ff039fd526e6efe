"""
Leave the shop, the room and their store running, to be clicked through.
"""

import time
from pathlib import Path
from typing import Any

from loadtests.demo_shop.model import ShopModel
from loadtests.processes import Family, Interrupted, Interrupts
from loadtests.rehearsal_stack import ROOM, Ports, Secrets, Stack
from waiting_room.wire import PREFIX

SEATS = 2
POLICY: dict[str, Any] = {
    "capacity": SEATS,
    "rate_per_minute": 60,
    "idle_timeout_s": 60.0,
    "max_session_s": 900.0,
    "claim_window_s": 20.0,
    "poll_min_s": 1.0,
    "poll_max_s": 5.0,
}


def welcome(ports: Ports, admin_token: str, seats: int) -> str:
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
            f"{seats} shoppers fit in at once. Open the shop in more browsers or private windows than that, and the",
            "next one waits until somebody has paid, or has done nothing for a minute.",
            "Ctrl-C ends everything.",
        )
    )


def run_demo(out: Path, interrupts: Interrupts, say: Any, *, seats: int = SEATS) -> None:
    """
    Return when somebody stops the demo; every program has ended by then.

    Args:
        out: the directory for logs and the shop's database.
        interrupts: Ctrl-C and signals.
        say: called with the words to show.
        seats: how many shoppers fit in.
    """
    ports, kept = Ports.free(), Secrets.fresh()
    try:
        with Family(out / "logs", interrupts) as family:
            stack = Stack(family, out / "runs", ports, kept)
            stack.start_store()
            stack.start_room({**POLICY, "capacity": seats})
            stack.start_shop(ShopModel(database=str(out / "runs" / "demo.shop.sqlite"), port=ports.shop), gated=True)
            say(welcome(ports, kept.admin_token, seats))
            while True:
                time.sleep(0.25)
                family.check()
    except Interrupted:
        say("Everything has ended.")
