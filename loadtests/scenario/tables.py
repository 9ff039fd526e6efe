"""
A scenario's tables turned into values, while every fault of them is written down.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar

from loadtests import documents
from loadtests.arrivals.model import Model, number_faults
from loadtests.arrivals.models import MODELS
from loadtests.arrivals.records import RecordsError
from loadtests.arrivals.retry import Retry
from loadtests.crowd.kinds import KINDS
from loadtests.crowd.own import anchored, own_faults, own_of
from loadtests.crowd.shoppers import Behaviour
from loadtests.crowd.streams import Stream
from loadtests.demo_shop.model import ShopModel, read_model
from loadtests.documents import STRICT, DocumentError
from loadtests.scenario.archive import history
from loadtests.scenario.phases import PHASES
from loadtests.scenario.spec import Change, Criterion, Scenario
from waiting_room.core.policy import Policy
from waiting_room.errors import ConfigError, Fault, PolicyError

NEEDS_TO: Final = ("slow-shop", "shop-capacity", "rate", "seats")
NEEDS_FOR_S: Final = ("kill-redis", "kill-worker", "slow-shop", "shop-capacity", "break")
CLEAN_UP: Final = "clean_up"
"""What is done in the shop after a rehearsal; the one key of `[shop]` that is no setting of the demo shop's model."""
OURS: Final = ("database", "host", "port", "seed", "control_token", "gate")
"""What the rehearsal sets in the demo shop's model itself."""

HISTORY: Final = "history"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _HistoryHead:
    # The model `history`: its counts stand in a file beside the scenario.
    file: str
    scale: float = 1.0
    fitted: bool = True
    every_s: float = 60.0

    __pydantic_config__: ClassVar = STRICT


@dataclass(frozen=True, slots=True)
class _StreamHead:
    # What a stream has beside the numbers of its model.
    name: str
    model: str
    starts_s: float = 0.0
    day_spread: float = 0.0
    journeys: dict[str, float] = field(default_factory=lambda: {"buyer": 1.0})
    behaviour: dict[str, Any] = field(default_factory=dict)
    retry: dict[str, Any] | None = None
    addresses: int = 0
    invited: bool = False

    __pydantic_config__: ClassVar = STRICT


_STREAM_KEYS: Final = tuple(item.name for item in fields(_StreamHead))


@dataclass(slots=True)
class Tables:
    """
    Read the tables of one file.

    Args:
        path: the file, for messages.
        faults: everything that was found wrong so far.
    """

    path: Path
    faults: list[Fault] = field(default_factory=list)

    def scenario(self, document: Mapping[str, Any]) -> Scenario | None:
        """
        Return the scenario, or None where its tables cannot even be put together; `faults` says why.
        """
        parts = ("behaviour", "streams", "room", "shop", "changes", "criteria")
        plain = {name: value for name, value in document.items() if name not in parts}
        head = self._fill(Scenario, plain | {"streams": []}, "", also=("behaviour",))
        behaviour = self._fill(Behaviour, self._table(document, "behaviour"), "behaviour")
        self.faults.extend(behaviour.faults(self._at("behaviour")) if behaviour else ())
        streams = [
            self._stream(table, f"streams[{place}]", behaviour or Behaviour())
            for place, table in enumerate(self._list(document, "streams"))
        ]
        room, shop = self._room(self._table(document, "room")), self._shop(self._table(document, "shop"))
        changes = self._all(Change, document, "changes")
        criteria = self._all(Criterion, document, "criteria")
        if head is None or None in streams or self.faults:
            return None
        scenario = replace(
            head,
            streams=tuple(each for each in streams if each),
            room=room,
            shop=shop,
            changes=tuple(changes),
            criteria=tuple(criteria),
        )
        self.faults.extend(self._contradictions(scenario))
        return scenario

    def _at(self, place: str) -> str:
        return f"{self.path}: {place}" if place else f"{self.path}"

    def _top(self, faults: Iterable[Fault]) -> Iterator[Fault]:
        # At the top a place is a key alone, and no file's name with a dot.
        for fault in faults:
            yield replace(fault, where=fault.where.replace(f"{self.path}.", f"{self.path}: ", 1))

    def _table(self, document: Mapping[str, Any], name: str) -> dict[str, Any]:
        value = document.get(name, {})
        if isinstance(value, dict):
            return value
        self.faults.append(Fault(self._at(name), f"must be a table, is {value!r}", f"write [{name}]"))
        return {}

    def _list(self, document: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
        value = document.get(name, [])
        if isinstance(value, list) and all(isinstance(item, dict) for item in value):
            return value
        self.faults.append(Fault(self._at(name), "must be a list of tables", f"write [[{name}]] above each"))
        return []

    def _all(self, kind: type[T], document: Mapping[str, Any], name: str) -> list[T]:
        found = (self._fill(kind, table, f"{name}[{i}]") for i, table in enumerate(self._list(document, name)))
        return [value for value in found if value is not None]

    def _fill(self, kind: type[T], table: Mapping[str, Any], place: str, also: Collection[str] = ()) -> T | None:
        known = {item.name for item in fields(kind)}  # type: ignore[arg-type]  # always a dataclass
        unknown = [name for name in table if name not in known]
        for name in unknown:
            where = self._at(f"{place}.{name}" if place else name)
            self.faults.append(Fault(where, "is unknown", _suggestion(name, {*known, *also})))
        text = json.dumps({name: value for name, value in table.items() if name in known}, default=str)
        try:
            value = documents.decode(kind, text, self._at(place))
        except DocumentError as error:
            self.faults.extend(error.faults if place else self._top(error.faults))
            return None
        return None if unknown else value

    def _stream(self, table: Mapping[str, Any], place: str, behaviour: Behaviour) -> Stream | None:
        head = self._fill(_StreamHead, {key: table[key] for key in _STREAM_KEYS if key in table}, place)
        numbers = {key: value for key, value in table.items() if key not in _STREAM_KEYS}
        model = self._model(str(table.get("model", "")), numbers, place) if "model" in table else None
        if head is None:
            return None
        self.faults.extend(self._kind_faults(head.journeys, place))
        self.faults.extend(number_faults(head, self._at(place)))
        own = self._fill(Behaviour, head.behaviour, f"{place}.behaviour")
        retry = None if head.retry is None else self._fill(Retry, head.retry, f"{place}.retry")
        retry_faults = retry.faults(self._at(f"{place}.retry")) if retry else ()
        self.faults.extend(retry_faults)
        if model is None or own is None or retry_faults or min(head.starts_s, head.addresses) < 0:
            return None
        rate = retry.amplified(model.rate()) if retry else model.rate()
        says = "; ".join(_said(model, retry, head))
        journeys = anchored(head.journeys, self.path.parent)
        stream = Stream(
            head.name,
            rate.later(head.starts_s),
            journeys,
            own,
            head.day_spread,
            head.model,
            says,
            head.addresses,
            head.invited,
        )
        self.faults.extend(stream.faults(self._at(place)))
        return replace(stream, behaviour=replace(behaviour, **{name: getattr(own, name) for name in head.behaviour}))

    def _kind_faults(self, journeys: Mapping[str, float], place: str) -> Iterator[Fault]:
        for kind in journeys:
            where = self._at(f"{place}.journeys.{kind}")
            own = own_of(kind)
            if own is not None:
                yield from own_faults(own.at(self.path.parent), where)
            elif kind not in KINDS:
                yield Fault(where, "is no kind of shopper", _suggestion(kind, KINDS))

    def _model(self, name: str, numbers: Mapping[str, Any], place: str) -> Model | None:
        if name == HISTORY:
            model = self._history(numbers, place)
        elif name in MODELS:
            model = self._fill(MODELS[name], numbers, place, also=_STREAM_KEYS)
        else:
            remedy = _suggestion(name, (*MODELS, HISTORY))
            self.faults.append(Fault(self._at(f"{place}.model"), f"there is no {name!r}", remedy))
            return None
        found = model.faults(self._at(place)) if model else ()
        self.faults.extend(found)
        return None if found else model

    def _history(self, numbers: Mapping[str, Any], place: str) -> Model | None:
        head = self._fill(_HistoryHead, numbers, place, also=_STREAM_KEYS)
        if head is None:
            return None
        if found := tuple(number_faults(head, self._at(place), positive=("scale", "every_s"))):
            self.faults.extend(found)
            return None
        try:
            counted = history(self.path.parent / head.file, head.every_s)
        except RecordsError as error:
            where = self._at(f"{place}.file")
            self.faults.extend(replace(fault, where=f"{where}: {fault.where}") for fault in error.faults)
            return None
        return replace(counted, scale=head.scale, fitted=head.fitted)

    def _room(self, table: dict[str, Any]) -> dict[str, Any]:
        try:
            Policy.parse(table, self._at("room"))
        except PolicyError as error:
            self.faults.extend(error.faults)
        return table

    def _shop(self, table: dict[str, Any]) -> dict[str, Any]:
        known = [item.name for item in fields(ShopModel) if item.name not in OURS]
        unknown = [name for name in table if name not in (*known, CLEAN_UP)]
        self.faults.extend(Fault(self._at(f"shop.{name}"), "is unknown", _suggestion(name, known)) for name in unknown)
        try:
            read_model({name: value for name, value in table.items() if name in known} | {"database": "shop.sqlite"})
        except ConfigError as error:
            self.faults.extend(replace(fault, where=self._at(f"shop.{fault.where}")) for fault in error.faults)
        return table

    def _contradictions(self, scenario: Scenario) -> Iterator[Fault]:
        yield from self._top(number_faults(scenario, str(self.path), positive=("speed",)))
        for name, share in scenario.unsure.items():
            if not 0 <= share < 1:
                what = f"is a share from 0 to below 1, is {share:g}"
                yield Fault(self._at(f"unsure.{name}"), what, "0.2 for a number that may be a fifth off")
        if not scenario.streams:
            yield Fault(self._at("streams"), "are none", "write [[streams]] with a name and a model")
            return
        if not scenario.says.get("en"):
            yield Fault(self._at("says.en"), "is missing", "one sentence on what is rehearsed")
        yield from self._doubles("streams", [stream.name for stream in scenario.streams])
        yield from self._doubles("criteria", [criterion.name for criterion in scenario.criteria])
        end_s = scenario.length_s + scenario.drain_s
        for place, change in zip(count(), scenario.changes):
            yield from self._change_faults(change, self._at(f"changes[{place}]"), end_s)
        for place, criterion in zip(count(), scenario.criteria):
            where = self._at(f"criteria[{place}]")
            yield from number_faults(replace(criterion, limit=0), where)
            if criterion.phase and criterion.phase not in PHASES:
                yield Fault(f"{where}.phase", f"there is no {criterion.phase!r}", _suggestion(criterion.phase, PHASES))

    def _doubles(self, name: str, names: list[str]) -> Iterator[Fault]:
        for place, each in enumerate(names):
            if not each or each in names[:place]:
                what = f"{each!r} is there already" if each else "is empty"
                yield Fault(self._at(f"{name}[{place}].name"), what, "give each its own name")

    def _change_faults(self, change: Change, where: str, end_s: float) -> Iterator[Fault]:
        yield from number_faults(change, where)
        if change.at_s > end_s:
            yield Fault(f"{where}.at_s", f"is {change.at_s:g}, and the run ends at {end_s:g} s")
        if change.do in NEEDS_TO and change.to is None:
            yield Fault(f"{where}.to", f"is missing: {change.do} needs a number")
        if change.do in NEEDS_FOR_S and change.for_s == 0:
            yield Fault(f"{where}.for_s", f"is missing: {change.do} needs to know for how long")


def _said(model: Model, retry: Retry | None, head: _StreamHead) -> Iterator[str]:
    yield model.says()
    if retry:
        yield retry.says()
    if head.addresses:
        yield f"from {head.addresses} addresses"
    if head.invited:
        yield "each with an invitation"


def _suggestion(name: str, known: Collection[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known))}"
