"""
What a shopper costs the load generator, against bare greenlets; and whether shoppers start on time, plain and over TLS.

A shopper is a fresh user of Locust's with cookies and a connection of its own, who asks for three pages and is taken
down; a bare greenlet asks for the same pages by hand. The shop answers at once, on the other core. Both are paced, and
processor time is compared, which neighbours disturb little; rounds alternate and the best of each counts. The promise
is held against a run at the promised rate: a busy core spends less on a shopper than one that falls asleep in between.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.cores import CLIENTS_CORE, SERVERS_CORE, on_clients_core, pin
from benchmarks.ratio import Ratio
from loadtests.arrivals.rate import Rate
from loadtests.crowd.shoppers import Behaviour
from loadtests.crowd.streams import Stream
from loadtests.engine.plan import RunPlan
from loadtests.measuring.measures import Measures

NAME = "shoppers"

ROUNDS = 3
VISITS = 900
PACE_PER_S = 300.0
STEADY_S = 6.0
PROMISED = {"plain": 1_500.0, "TLS": 500.0}
"""New shoppers per second and core."""
LAG_MS = 20.0
"""99 % of them start within this."""
LEAST_SHARE = 0.45
"""A shopper may cost some two bare greenlets: cookies, parsing, two clocks, histograms and Locust's own part."""


def plan_of(url: str, per_s: float, length_s: float, folder: Path) -> RunPlan:
    """
    Return a run of shoppers who look at two pages on the average after the first, without thinking.
    """
    quick = Behaviour(browse_think_s=0.001, form_think_s=0.001, page_patience_s=60.0)
    crowd = Stream("crowd", Rate(((0.0, per_s), (length_s, per_s))), journeys={"window": 1.0}, behaviour=quick)
    return RunPlan(
        name="capacity",
        mode="open",
        shop_url=url,
        seed=1,
        streams=(crowd,),
        duration_s=length_s,
        drain_s=5.0,
        out=str(folder / "measures.json"),
        verify_tls=False,
    )


def driven(plan: RunPlan) -> Measures:
    """
    Return what the generator found out, in a process of its own on the clients' core.
    """
    file = Path(plan.out).with_name("plan.json")
    file.write_text(plan.to_json())
    command = [sys.executable, "-m", "loadtests.engine.locust_run", str(file)]
    with on_clients_core():
        # In a session of its own, as a rehearsal starts all its programs: there it may go before others.
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, start_new_session=True)
    return Measures.from_file(Path(plan.out))


def cost_us(measures: Measures) -> float:
    """
    Return the processor time of a shopper's three requests, in µs.
    """
    return measures.generator_cpu_share * measures.duration_s / measures.shop_requests * 3 * 1e6


def bare_cost_us(url: str) -> float:
    """
    Return the processor time of a bare greenlet's three requests, in µs.
    """
    command = [sys.executable, "-m", "benchmarks._greenlets", url, str(VISITS), str(PACE_PER_S)]
    with on_clients_core():
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(json.loads(done.stdout)) * 1e6


@contextmanager
def shop(certificate: Path | None) -> Iterator[str]:
    """
    Run the shop on the servers' core, and give its address.
    """
    arguments = [str(certificate)] if certificate else []
    command = [sys.executable, "-m", "loadtests.engine.quick_shop", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    pin(process.pid, SERVERS_CORE)
    try:
        assert process.stdout is not None
        yield f"{'https' if certificate else 'http'}://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait(10)


def certificate_in(folder: Path) -> Path:
    """
    Return a certificate with its key, made for this run.
    """
    made, key = folder / "certificate.pem", folder / "key.pem"
    openssl = shutil.which("openssl") or "openssl"
    kind = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(key))
    command = [openssl, "req", "-x509", *kind, "-out", str(made), "-days", "1", "-subj", "/CN=127.0.0.1"]
    subprocess.run(command, check=True, capture_output=True)
    made.write_text(key.read_text() + made.read_text())
    return made


def compared(kind: str, url: str, folder: Path) -> list[Ratio]:
    """
    Return what a shopper costs, and how late they start at the promised rate.
    """
    costs, bare = [], []
    for _ in range(ROUNDS):
        bare.append(bare_cost_us(url))
        costs.append(cost_us(driven(plan_of(url, PACE_PER_S, VISITS / PACE_PER_S, folder))))
    per_s = PROMISED[kind]
    steady = driven(plan_of(url, per_s, STEADY_S, folder))
    note = "a bare greenlet with a connection and the same three requests"
    return [
        Ratio(f"shoppers per core-second, {kind}", 1e6 / min(costs), 1e6 / min(bare), LEAST_SHARE, "/s", note=note),
        Ratio(
            f"start lag p99 at {per_s:,.0f} new shoppers/s, {kind}",
            steady.start_lag_p99_ms or 0.0,
            LAG_MS,
            1.0,
            "ms",
            "lower",
            "the promise",
        ),
        Ratio(
            f"shoppers per core-second at that rate, {kind}",
            1e6 / cost_us(steady),
            per_s,
            1.0,
            "/s",
            note="the promise",
        ),
    ]


def run() -> list[Ratio]:
    """
    Measure plain and over TLS.
    """
    if CLIENTS_CORE == SERVERS_CORE:
        sys.stderr.write("shoppers: one core only, so the shop's work is measured as well\n")
    found: list[Ratio] = []
    with TemporaryDirectory(prefix="shoppers-") as name:
        folder = Path(name)
        for kind, certificate in (("plain", None), ("TLS", certificate_in(folder))):
            with shop(certificate) as url:
                found += compared(kind, url, folder)
    return found
