"""
What one run of the load generator is to do: a value, written as JSON by the rehearsal and read by the generator.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, Literal, Self, TypeVar
from urllib.parse import urlsplit

from loadtests import documents
from loadtests.crowd.streams import Arrival, Stream, arrivals_of
from loadtests.documents import STRICT, DocumentError
from loadtests.engine.hosts import may_load
from waiting_room.errors import Fault

RunName = Literal["capacity", "without_room", "with_room"]
Mode = Literal["open", "closed"]

Plan = TypeVar("Plan", bound="RunPlan")

_RUN_ID = re.compile(r"[A-Za-z0-9._:-]{0,100}")


@dataclass(frozen=True, slots=True)
class RunPlan:
    """
    Describe one run completely: two runs of the same plan meet the same crowd.

    Args:
        name: which run of the rehearsal it is.
        mode: `open`: shoppers come by the clock, whether or not earlier ones are done. `closed`: *closed_shoppers* go
            round and round without thinking, which measures what the shop can do at most.
        shop_url: where the shop is, such as http://127.0.0.1:8081.
        seed: the crowd; the same seed is the same shoppers.
        streams: who comes when, and how they behave; in closed mode only who the first stream's people are counts.
        closed_shoppers: how many go round (closed mode).
        duration_s: for how long shoppers come.
        drain_s: for how long those inside may finish after that.
        metrics_port: where the generator's own /metrics listens on loopback; 0 for none. Of several processes each
            takes the next port.
        out: the file that receives the measures; in a plan's file it is named from the folder of that.
        overload_s: the seconds (from, to) over which the shop is judged; None for the whole run.
        max_in_flight: shoppers beyond so many at one time are not started, and counted as such; shared evenly.
        verify_tls: whether the shop's certificate must be valid.
        tells_addresses: whether each request bears its shopper's network address, as a proxy would tell it.
        hosts: which hosts may be loaded beside the shop's own and this machine, wherever the shop leads.
        header_file: a file of headers for the shop alone, such as its password, which is not to stand here; empty for
            none.
        invitations: links to the room for those of a stream who were invited, by its name and in their order.
        run_id: tells this run's requests from those of others of that name and seed; the crowd does not depend on it.
        workers: how many processes drive the run.
        worker: which of them this is, from 0: shopper number i is of worker i mod *workers*.
        start_at_ms: the run's zero in ms since 1970, the same for all workers; 0 for as soon as possible. Several
            workers are then told it on standard input, by somebody who knows that all of them are ready.
    """

    name: RunName
    mode: Mode
    shop_url: str
    seed: int
    streams: tuple[Stream, ...]
    closed_shoppers: int = 0
    duration_s: float = 60.0
    drain_s: float = 10.0
    metrics_port: int = 0
    out: str = "measures.json"
    overload_s: tuple[float, float] | None = None
    max_in_flight: int = 20_000
    verify_tls: bool = True
    tells_addresses: bool = False
    hosts: tuple[str, ...] = ()
    header_file: str = ""
    invitations: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    run_id: str = ""
    workers: int = 1
    worker: int = 0
    start_at_ms: int = 0

    __pydantic_config__: ClassVar = STRICT

    @property
    def tag(self) -> str:
        """
        Return what marks this run's requests, so that a shop can tell them from its customers' and from other runs'.
        """
        return "-".join((self.name, str(self.seed), *([self.run_id] if self.run_id else [])))

    def may_load(self, host: str) -> bool:
        """
        Tell whether a request may go to a host: whoever rehearses has named the shop's, and answers for no other.
        """
        return may_load(host, (urlsplit(self.shop_url).hostname or "", *self.hosts))

    def faults(self) -> tuple[Fault, ...]:
        """
        Return everything that makes the plan impossible, and nothing when it is sound.
        """
        found = [fault for place, stream in enumerate(self.streams) for fault in stream.faults(f"streams[{place}]")]
        if not self.streams:
            found.append(Fault("streams", "are none", "give at least one"))
        url = urlsplit(self.shop_url)
        if url.scheme not in ("http", "https") or not url.hostname or url.query or url.fragment:
            example = "write it as http://127.0.0.1:8081"
            found.append(Fault("shop_url", f"must be the address of a shop, is {self.shop_url!r}", example))
        if self.mode == "closed" and self.closed_shoppers < 1:
            found.append(Fault("closed_shoppers", f"must be at least 1 in closed mode, is {self.closed_shoppers}"))
        if not (math.isfinite(self.duration_s) and self.duration_s > 0):
            found.append(Fault("duration_s", f"must be greater than 0, is {self.duration_s}"))
        if not (math.isfinite(self.drain_s) and self.drain_s >= 0):
            found.append(Fault("drain_s", f"must be at least 0, is {self.drain_s}"))
        if not 0 <= self.metrics_port <= 65_535:
            found.append(Fault("metrics_port", f"must lie between 0 and 65535, is {self.metrics_port}"))
        if self.overload_s is not None and not 0 <= self.overload_s[0] < self.overload_s[1]:
            found.append(Fault("overload_s", f"must be two rising seconds, is {list(self.overload_s)}"))
        if self.max_in_flight < 1:
            found.append(Fault("max_in_flight", f"must be at least 1, is {self.max_in_flight}"))
        if not _RUN_ID.fullmatch(self.run_id):
            what = f"must be at most 100 letters, digits, dots, colons, dashes, underscores, is {self.run_id!r}"
            found.append(Fault("run_id", what))
        found.extend(self._share_faults())
        return tuple(found)

    def _share_faults(self) -> Iterator[Fault]:
        if self.workers < 1:
            yield Fault("workers", f"must be at least 1, is {self.workers}")
        elif not 0 <= self.worker < self.workers:
            yield Fault("worker", f"must lie between 0 and {self.workers - 1}, is {self.worker}")
        if self.start_at_ms < 0:
            yield Fault("start_at_ms", f"must be at least 0, is {self.start_at_ms}")

    def arrivals(self) -> list[Arrival]:
        """
        Return everybody who is to come, in order; none in closed mode.
        """
        return arrivals_of(self.streams, self.seed, self.duration_s) if self.mode == "open" else []

    def share(self) -> list[tuple[int, Arrival]]:
        """
        Return those of them whom this worker starts, with their numbers.

        Taking every n-th of a Poisson process is not the same as thinning it at random, and better here: the workers'
        shares together are exactly the one list, and none has more to do than another.
        """
        return list(enumerate(self.arrivals()))[self.worker :: self.workers]

    def invitation(self, stream: str, k: int) -> str:
        """
        Return the link that shopper number *k* of a stream was sent; empty for none.
        """
        links = self.invitations.get(stream, ())
        return links[k] if k < len(links) else ""

    @property
    def closed_share(self) -> int:
        """
        Return how many shoppers this worker keeps going round in closed mode.
        """
        return len(range(self.worker, self.closed_shoppers, self.workers))

    @property
    def in_flight_share(self) -> int:
        """
        Return how many shoppers this worker may have on their way at one time.
        """
        return max(1, len(range(self.worker, self.max_in_flight, self.workers)))

    def shares(self) -> tuple["RunPlan", ...]:
        """
        Return what each worker is to do, so that together they do this plan.
        """
        if self.workers == 1:
            return (self,)
        return tuple(
            replace(
                self,
                worker=worker,
                out=str(Path(self.out).with_suffix(f".{worker}.json")),
                metrics_port=self.metrics_port + worker if self.metrics_port else 0,
            )
            for worker in range(self.workers)
        )

    def to_json(self) -> str:
        """
        Return the plan as JSON; `from_json` gives back an equal plan.
        """
        return documents.encode(self)

    @classmethod
    def from_json(cls, text: str | bytes, where: str = "plan") -> Self:
        """
        Return the plan that *text* describes.

        Raises:
            DocumentError: it is no JSON, or the plan is impossible; every fault is told with its place.
        """
        return _sound(documents.decode(cls, text, where))

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """
        Return the plan that the file holds, with `out` as it is named from here; see `from_json`.
        """
        plan = _sound(documents.read(cls, path))
        return replace(plan, out=str(path.parent / plan.out))


def _sound(plan: Plan) -> Plan:
    if faults := plan.faults():
        raise DocumentError(faults)
    return plan
