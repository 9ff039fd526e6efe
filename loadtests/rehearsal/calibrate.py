"""
Find out what this machine can do as a load generator, by driving a shop that answers at once.

Shoppers go round without a pause for a few seconds: what they manage is the ceiling. Then as many as are still allowed
come by the clock, and tell how late they started.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from loadtests.arrivals.rate import Rate
from loadtests.crowd.shoppers import Behaviour
from loadtests.crowd.streams import Stream
from loadtests.engine.ceiling import REFUSED_BEYOND, Calibration, Ceiling
from loadtests.engine.plan import RunPlan
from loadtests.measuring.measures import Measures
from loadtests.rehearsal.processes import Child, Family, Program
from loadtests.rehearsal.stack import Ports, Secrets, Stack

ROUND_S: Final = 3.5
"""How long each of the four measurements takes; with the starts of the programs 23 s together."""
WARM_S: Final = 1.0
CIRCLING: Final = 24
"""Shoppers who go round: always enough to do for one core, never a queue before the shop."""
QUICK: Final = Behaviour(browse_think_s=0.001, form_think_s=0.001, page_patience_s=30.0)


def calibrate(family: Family, folder: Path, tell: Callable[[str], None]) -> Calibration:
    """
    Return what one process of the load generator can do here, over plain HTTP and over TLS.

    Args:
        family: who ends the programs.
        folder: where plans and measures stand meanwhile.
        tell: is told what is being done.
    """
    stack = Stack(family, folder, Ports.free(), Secrets.fresh())
    tell("Plain HTTP ...")
    plain = _ceiling(stack, family, folder, None)
    certificate = _certificate(folder)
    if certificate is None:
        tell("TLS is left out: there is no program openssl to make a certificate with.")
    else:
        tell("TLS ...")
    tls = _ceiling(stack, family, folder, certificate) if certificate else None
    return Calibration(datetime.now(UTC).isoformat(timespec="seconds"), _cores(), plain, tls)


def _ceiling(stack: Stack, family: Family, folder: Path, certificate: Path | None) -> Ceiling:
    name = "shop-tls" if certificate else "shop-plain"
    argv = [sys.executable, "-m", "loadtests.engine.quick_shop", *([str(certificate)] if certificate else [])]
    shop = family.start(Program(name, argv, piped=True))
    url = f"{'https' if certificate else 'http'}://127.0.0.1:{_port(shop)}"
    plan = RunPlan(
        name="capacity",
        mode="closed",
        shop_url=url,
        seed=1,
        streams=(_stream(1.0),),
        closed_shoppers=CIRCLING,
        duration_s=ROUND_S,
        drain_s=1.0,
        out=str(folder / f"{name}.measures.json"),
        verify_tls=False,
    )
    most = stack.drive(plan, _quiet)
    shoppers_per_s, requests_per_s = managed(most)
    per_s = shoppers_per_s * REFUSED_BEYOND
    steady = stack.drive(replace(plan, mode="open", streams=(_stream(per_s),)), _quiet)
    family.end(shop)
    return Ceiling(round(shoppers_per_s, 1), round(requests_per_s, 1), steady.start_lag_p99_ms)


def managed(measures: Measures) -> tuple[float, float]:
    """
    Return shoppers and requests per second of a closed loop, without its first second.
    """
    counted = [second for second in measures.seconds if WARM_S <= second.t < int(ROUND_S)]
    length_s = len(counted) or 1
    return sum(s.arrivals for s in counted) / length_s, sum(s.shop_requests for s in counted) / length_s


def _stream(per_s: float) -> Stream:
    return Stream("crowd", Rate(((0.0, per_s), (ROUND_S, per_s))), journeys={"window": 1.0}, behaviour=QUICK)


def _port(shop: Child) -> int:
    assert shop.popen.stdout is not None
    line = shop.popen.stdout.readline().strip()
    if not line.isdigit():
        raise shop.failure("did not say where it listens.")
    return int(line)


def _certificate(folder: Path) -> Path | None:
    openssl = shutil.which("openssl")
    if openssl is None:
        return None
    made = folder / "certificate.pem"
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(made))
    command = [openssl, "req", "-x509", *key, "-out", "-", "-days", "1", "-subj", "/CN=127.0.0.1"]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode != 0:
        return None
    with made.open("ab") as file:
        file.write(done.stdout)
    return made


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _quiet(_line: dict[str, Any]) -> None:
    pass
