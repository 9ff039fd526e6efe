"""
The programs of a rehearsal on one machine: Valkey, the room, the demo shop, the load generator; and how to ask them.
"""

import json
import math
import os
import secrets
import select
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from loadtests import documents
from loadtests.demo_shop.ledger import read_ledger
from loadtests.demo_shop.model import CONTROL_PATH, GateModel, ShopModel
from loadtests.documents import DocumentError
from loadtests.engine.plan import RunPlan
from loadtests.judging.facts import Books
from loadtests.measuring.lines import Chorus, Line
from loadtests.measuring.measures import Measures
from loadtests.measuring.merge import merge
from loadtests.rehearsal.asking import HOST, answers, ask_json, ordered, pings, process_id
from loadtests.rehearsal.processes import Child, Family, Program, free_ports
from waiting_room.core.lanes import STANDARD_LANE
from waiting_room.wire import PREFIX

ROOM = "promotion"
READY_S = 20.0
_LOOK_AGAIN_S = 0.03
LEAD_S = 0.2
"""How far ahead several generators that are ready agree to begin."""
BEAT_S = 0.1
_AT_ONCE = 10_000
"""So many invitations the service makes at one time."""
FAREWELL_S = 2.8
"""How long an interrupted generator may take to write down what it has."""


@dataclass(frozen=True, slots=True)
class Ports:
    """
    Where the programs listen on loopback.
    """

    store: int
    room: int
    shop: int
    generator: int

    @classmethod
    def free(cls) -> "Ports":
        """
        Return ports that are free just now.
        """
        return cls(*free_ports(4, HOST))

    @property
    def store_url(self) -> str:
        """
        Return the address of the store.
        """
        return f"redis://{HOST}:{self.store}/0"

    @property
    def room_url(self) -> str:
        """
        Return the address of the room's service.
        """
        return f"http://{HOST}:{self.room}"

    @property
    def shop_url(self) -> str:
        """
        Return the address of the shop.
        """
        return f"http://{HOST}:{self.shop}"

    def prometheus_targets(self, workers: int = 1) -> list[dict[str, Any]]:
        """
        Return what Prometheus reads with `file_sd_configs` to watch all of them, each of the generator's processes too.
        """
        generators = [("rehearsal", self.generator + worker) for worker in range(workers)]
        jobs = [("waiting-room", self.room), ("shop", self.shop), *generators]
        return [{"targets": [f"{HOST}:{port}"], "labels": {"job": job}} for job, port in jobs]


@dataclass(frozen=True, slots=True)
class Secrets:
    """
    Made up for one rehearsal, and of no use to anybody after it.
    """

    key: str
    admin_token: str
    control_token: str

    @classmethod
    def fresh(cls) -> "Secrets":
        """
        Return new ones.
        """
        return cls(f"rehearsal:{secrets.token_hex(32)}", secrets.token_hex(16), secrets.token_hex(16))


class Stack:
    """
    Start and ask the programs; a `Family` ends them.

    Args:
        family: who ends what is started.
        folder: where configurations and databases stand.
        ports: where they listen.
        kept: the secrets they share.
    """

    def __init__(self, family: Family, folder: Path, ports: Ports, kept: Secrets) -> None:
        self._family = family
        self._folder = folder
        self.ports = ports
        self._secrets = kept
        folder.mkdir(parents=True, exist_ok=True)

    def start_store(self, *, durable: bool = False, again: bool = False) -> Child:
        """
        Return when a Valkey of our own answers; a *durable* one keeps its data over a kill, for when it starts *again*.
        """
        if not again:
            # What an earlier rehearsal left in the folder is another room's.
            shutil.rmtree(self._folder / "store", ignore_errors=True)
        argv = [sys.executable, "-m", "waiting_room.store.embedded", "--port", str(self.ports.store)]
        if durable:
            argv += ["--append-only", str(self._folder / "store")]
        child = self._family.start(Program("valkey", argv))
        self._await(child, lambda: pings(self.ports.store))
        return child

    def kill_store(self, child: Child) -> None:
        """
        End a store with SIGKILL, as a crash would.
        """
        with suppress(ProcessLookupError):
            os.kill(process_id(self.ports.store), signal.SIGKILL)
        self._family.end(child, grace_s=0)

    def start_room(self, policy: Mapping[str, Any], *, workers: int = 1) -> Child:
        """
        Return when the service answers, with the one room of this policy.
        """
        config = self._folder / "waiting-room.toml"
        write_private(config, self.room_config(policy, workers))
        argv = [sys.executable, "-m", "waiting_room", "serve", "--config", str(config)]
        child = self._family.start(Program("waiting-room", argv))
        self._await(child, lambda: answers(f"{self.ports.room_url}/readyz"))
        return child

    def room_config(self, policy: Mapping[str, Any], workers: int = 1) -> str:
        """
        Return the service's configuration file.
        """
        server = {
            "host": HOST,
            "port": self.ports.room,
            "workers": workers,
            "secret_keys": [self._secrets.key],
            "admin_token": self._secrets.admin_token,
            # The load generator tells whom it plays as a proxy would.
            "trusted_proxies": [f"{HOST}/32"],
        }
        # A room leads back to its own target's host only, so the shop must stand here with its port.
        room = {**policy, "target": f"{self.ports.shop_url}/", "allowed_hosts": [f"{HOST}:{self.ports.shop}"]}
        return "\n\n".join(
            (table("server", server), table("redis", {"url": self.ports.store_url}), table(f"rooms.{ROOM}", room))
        )

    def start_shop(self, model: ShopModel, *, gated: bool) -> Child:
        """
        Return when a shop with a fresh database answers; *gated* puts it behind the room.
        """
        for leftover in Path(model.database).parent.glob(f"{Path(model.database).name}*"):
            leftover.unlink()
        page_url = f"{self.ports.room_url}{PREFIX}/{ROOM}"
        model = replace(model, control_token=self._secrets.control_token)
        gate = GateModel(ROOM, self.ports.room_url, page_url, (self._secrets.key,)) if gated else None
        config = self._folder / "shop.json"
        write_private(config, json.dumps({**model.to_json(), "gate": _gate_json(gate)}, indent=1))
        child = self._family.start(
            Program("shop", [sys.executable, "-m", "loadtests.demo_shop", "--config", str(config)])
        )
        self._await(child, lambda: answers(f"{self.ports.shop_url}/healthz"))
        return child

    def start_generator(self, plan: RunPlan, *, piped: bool) -> Child:
        """
        Start the load generator on a plan; *piped* keeps its progress for us to read.
        """
        name = plan.name if plan.workers == 1 else f"{plan.name}.{plan.worker}"
        plan_file = self._folder / f"{name}.plan.json"
        write_private(plan_file, replace(plan, out=os.path.relpath(plan.out, self._folder)).to_json())
        Path(plan.out).unlink(missing_ok=True)
        argv = [sys.executable, "-m", "loadtests.engine.locust_run", str(plan_file)]
        program = Program(f"generator-{name}", argv, piped=piped, told=plan.workers > 1, first=True)
        return self._family.start(program)

    def drive(
        self,
        plan: RunPlan,
        on_line: Callable[[dict[str, Any]], None],
        on_beat: Callable[[], None] = lambda: None,
        most_s: float = math.inf,
    ) -> Measures:
        """
        Return what one run found out; *on_line* gets its progress once a second, *on_beat* is called several times.
        A generator that goes on for longer than *most_s* is taken for failed.

        As many processes drive it as the plan says, and the result is written to the plan's `out`. If it is
        interrupted, the generators still write down what they have, and it is merged there for the report.
        """
        Path(plan.out).unlink(missing_ok=True)
        shares = plan.shares()
        children = [self.start_generator(share, piped=True) for share in shares]
        try:
            self._hear(children, on_line, on_beat, time.monotonic() + most_s)
        finally:
            self._family.end(*children, grace_s=FAREWELL_S)
            found = [Measures.from_file(Path(share.out)) for share in shares if Path(share.out).exists()]
            if plan.workers > 1 and found:
                documents.write(merge(found), Path(plan.out))
        for child in children:
            if child.popen.returncode != 0:
                raise child.failure("the load generator failed")
        return Measures.from_file(Path(plan.out))

    def _hear(
        self,
        children: Sequence[Child],
        on_line: Callable[[dict[str, Any]], None],
        on_beat: Callable[[], None],
        deadline_s: float,
    ) -> None:
        """
        Hand on what the generators tell, until all have closed their output; raise if another program ends meanwhile.
        """
        chorus = Chorus(len(children))
        rest = [b""] * len(children)
        outputs = {child.popen.stdout.fileno(): place for place, child in enumerate(children) if child.popen.stdout}
        ready: set[int] = set()
        while outputs:
            self._family.check(besides=children)
            on_beat()
            if time.monotonic() > deadline_s:
                raise children[0].failure("the load generator did not end in time")
            for output in select.select(list(outputs), [], [], BEAT_S)[0]:
                place = outputs[output]
                piece = os.read(output, 65_536)
                *lines, rest[place] = (rest[place] + piece).split(b"\n")
                if b"ready" in lines:
                    ready.add(place)
                    if len(ready) == len(children):
                        _begin(children)
                for whole in _understood(chorus, place, lines):
                    on_line(whole.figures())
                if not piece:
                    del outputs[output]
                    children[place].popen.wait()
                    if children[place].popen.returncode != 0:
                        return  # without its share the run proves nothing
                    for whole in chorus.ended(place):
                        on_line(whole.figures())

    def end(self, *children: Child) -> None:
        """
        End programs before the others.
        """
        self._family.end(*children)

    def admin_facts(self) -> dict[str, Any] | None:
        """
        Return what the room's service says of the room, or None where it does not answer just now.
        """
        url = f"{self.ports.room_url}/admin/api/v1/rooms/{ROOM}"
        return ask_json(url, {"Authorization": f"Bearer {self._secrets.admin_token}"})

    def operate(self, method: str, action: str = "", wish: Mapping[str, Any] | None = None) -> None:
        """
        Do something as the room's operator; raise `RefusedError` where the service does not do it.
        """
        url = f"{self.ports.room_url}/admin/api/v1/rooms/{ROOM}{action and '/'}{action}"
        ordered(method, url, self._secrets.admin_token, wish or {})

    def invitations(self, count: int) -> tuple[str, ...]:
        """
        Return so many links to the room, each for one visitor; raise `RefusedError` where the service makes none.
        """
        url = f"{self.ports.room_url}/admin/api/v1/rooms/{ROOM}/invite"
        links: list[str] = []
        while len(links) < count:
            wish = {"lane": STANDARD_LANE, "count": min(count - len(links), _AT_ONCE)}
            made = json.loads(ordered("POST", url, self._secrets.admin_token, wish))["invitations"]
            links += [urljoin(self.ports.room_url, one["link"]) for one in made]
        return tuple(links)

    def change_shop(self, **wish: float) -> None:
        """
        Make the running shop slower, quicker or smaller; raise `RefusedError` where it does not do it.
        """
        ordered("POST", f"{self.ports.shop_url}{CONTROL_PATH}", self._secrets.control_token, wish)

    def _await(self, child: Child, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + READY_S
        while not ready():
            self._family.check()
            if time.monotonic() > deadline:
                raise child.failure(f"is not ready after {READY_S:g} s.")
            time.sleep(_LOOK_AGAIN_S)


def _begin(children: Sequence[Child]) -> None:
    """
    Tell generators that are ready when their common zero is.
    """
    zero_ms = round((time.time() + LEAD_S) * 1000)
    for child in children:
        if child.popen.stdin is not None:
            with suppress(BrokenPipeError):
                child.popen.stdin.write(b"%d\n" % zero_ms)
                child.popen.stdin.flush()


def _understood(chorus: Chorus, place: int, lines: Iterable[bytes]) -> Iterator[Line]:
    for line in lines:
        with suppress(DocumentError):
            yield from chorus.heard(place, Line.from_json(line))


def books_of(database: str) -> Books:
    """
    Return what the shop's database says it sold.
    """
    ledger = read_ledger(database)
    return Books(tuple(order.at_ms for order in ledger.orders), ledger.oversold_units)


def table(name: str, values: Mapping[str, Any]) -> str:
    """
    Return a TOML table.
    """
    return "\n".join((f"[{name}]", *(f"{key} = {toml(value)}" for key, value in values.items())))


def toml(value: Any) -> str:
    """
    Return a value as TOML writes it. JSON's texts, numbers and booleans are TOML's as well, but for its escapes of what
    lies beyond the first plane, which TOML has not, and for DEL, which TOML wants escaped.
    """
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{toml(key)} = {toml(part)}" for key, part in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml(part) for part in value) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def write_private(path: Path, text: str) -> None:
    """
    Write a file that only we may read: it holds keys.
    """
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def _gate_json(gate: GateModel | None) -> dict[str, Any] | None:
    if gate is None:
        return None
    return {
        "room": gate.room,
        "service_url": gate.service_url,
        "page_url": gate.page_url,
        "secret_keys": list(gate.secret_keys),
    }
