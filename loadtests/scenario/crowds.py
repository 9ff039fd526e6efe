"""
The tables of a scenario's streams turned into values, while every fault of them is written down.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, Final

from loadtests.arrivals.model import MOST, Model, table_faults
from loadtests.arrivals.models import MODELS
from loadtests.arrivals.plain import Constant
from loadtests.arrivals.records import RecordsError
from loadtests.arrivals.retry import Retry
from loadtests.crowd.kinds import KINDS
from loadtests.crowd.own import anchored, own_faults, own_of
from loadtests.crowd.shoppers import Behaviour
from loadtests.crowd.streams import Stream
from loadtests.documents import STRICT
from loadtests.scenario.archive import history
from loadtests.scenario.parts import Part, Reader, suggestion
from waiting_room.errors import Fault

HISTORY: Final = "history"
_ANY_RATE: Final = Constant(1, 1).rate()
"""In place of one that could not be read, so that the rest of its stream can be looked at."""


@dataclass(frozen=True, slots=True)
class HistoryHead:
    """
    Hold the numbers of the model `history`, whose counts stand in a file beside the scenario.
    """

    file: str
    scale: float = 1.0
    fitted: bool = True
    every_s: float = 60.0

    POSITIVE: ClassVar = ("scale", "every_s")
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


@dataclass(frozen=True, slots=True)
class Read:
    """
    Hold what came of a stream's table.

    Args:
        stream: the stream; None where it cannot even be put together.
        ends_s: when the last of it come; None where that could not be read.
    """

    stream: Stream | None
    ends_s: float | None


def stream_of(reader: Reader, table: Mapping[str, Any], place: str, common: Behaviour) -> Read:
    """
    Return the stream that a table describes, with the *common* behaviour but for what it says itself.
    """
    part = reader.fill(_StreamHead, {key: table[key] for key in _STREAM_KEYS if key in table}, place)
    model = _model(reader, table, place)
    told = part.told
    journeys = {kind: parts for kind, parts in _table(told, "journeys").items() if isinstance(parts, int | float)}
    reader.faults.extend(_kind_faults(reader, _table(table, "journeys"), place))
    reader.add(table_faults(told, reader.at(place)))
    own = reader.settings(Behaviour, _table(told, "behaviour"), f"{place}.behaviour").value
    retry, retries = _retry(reader, told, place)
    starts_s = told.get("starts_s", 0.0)
    retries = retries and 0 <= starts_s <= MOST
    rate = None
    if model is not None and retries:
        rate = (retry.amplified(model.rate()) if retry else model.rate()).later(starts_s)
    stream = Stream(
        told.get("name", ""),
        rate or _ANY_RATE,
        anchored(journeys, reader.path.parent) if "journeys" in told else {"buyer": 1.0},
        own or Behaviour(),
        told.get("day_spread", 0.0),
        told.get("model", ""),
        "; ".join(_said(model, retry, part.value)) if model and part.value else "",
        told.get("addresses", 0),
        told.get("invited", False),
    )
    reader.add(stream.faults(reader.at(place)))
    ends_s = rate.length_s if rate else _ends_s(table, starts_s) if retries and not retry else None
    if part.value is None or rate is None or own is None:
        return Read(None, ends_s)
    own_way = {name: getattr(own, name) for name in part.value.behaviour if hasattr(own, name)}
    return Read(replace(stream, behaviour=replace(common, **own_way)), ends_s)


def _table(table: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = table.get(name, {})
    return value if isinstance(value, dict) else {}


def _ends_s(table: Mapping[str, Any], starts_s: float) -> float | None:
    # Whatever else is wrong with it: each model that has `for_s` ends with it.
    for_s = table.get("for_s")
    return starts_s + for_s if isinstance(for_s, int | float) and 0 <= for_s <= MOST else None


def _retry(reader: Reader, told: Mapping[str, Any], place: str) -> tuple[Retry | None, bool]:
    # How those who failed come again, and whether that could be read.
    if told.get("retry") is None:
        return None, "retry" not in told or told["retry"] is None
    part: Part[Retry] = reader.fill(Retry, told["retry"], f"{place}.retry")
    where = reader.at(f"{place}.retry")
    found = tuple(part.value.faults(where) if part.value else table_faults(part.told, where, shares=("again_share",)))
    reader.add(found)
    return (None, False) if found or part.value is None else (part.value, True)


def _kind_faults(reader: Reader, journeys: Mapping[str, Any], place: str) -> Iterator[Fault]:
    for kind in journeys:
        where = reader.at(f"{place}.journeys.{kind}")
        own = own_of(kind)
        if own is not None:
            yield from own_faults(own.at(reader.path.parent), where)
        elif kind not in KINDS:
            yield Fault(where, "is no kind of shopper", suggestion(kind, KINDS))


def _model(reader: Reader, table: Mapping[str, Any], place: str) -> Model | None:
    name = table.get("model")
    if not isinstance(name, str):
        return None
    numbers = {key: value for key, value in table.items() if key not in _STREAM_KEYS}
    if name == HISTORY:
        return _history(reader, numbers, place)
    if name not in MODELS:
        remedy = suggestion(name, (*MODELS, HISTORY))
        reader.faults.append(Fault(reader.at(f"{place}.model"), f"there is no {name!r}", remedy))
        return None
    kind = MODELS[name]
    part = reader.fill(kind, numbers, place, also=_STREAM_KEYS)
    if part.value is None:
        reader.add(table_faults(part.told, reader.at(place), kind.POSITIVE, kind.SHARES))
        return None
    found = part.value.faults(reader.at(place))
    reader.faults.extend(found)
    return None if found else part.value


def _history(reader: Reader, numbers: Mapping[str, Any], place: str) -> Model | None:
    part = reader.fill(HistoryHead, numbers, place, also=_STREAM_KEYS)
    found = tuple(table_faults(part.told, reader.at(place), HistoryHead.POSITIVE))
    reader.add(found)
    every_s = 60.0 if found else part.told.get("every_s", 60.0)
    if "file" not in part.told:
        return None
    try:
        counted = history(reader.path.parent / part.told["file"], every_s)
    except RecordsError as error:
        where = reader.at(f"{place}.file")
        reader.faults.extend(replace(fault, where=f"{where}: {fault.where}") for fault in error.faults)
        return None
    if part.value is None or found:
        return None
    model = replace(counted, scale=part.value.scale, fitted=part.value.fitted)
    wrong = model.faults(reader.at(place))
    reader.faults.extend(wrong)
    return None if wrong else model


def _said(model: Model, retry: Retry | None, head: _StreamHead) -> Iterator[str]:
    yield model.says()
    if retry:
        yield retry.says()
    if head.addresses:
        yield f"from {head.addresses} addresses"
    if head.invited:
        yield "each with an invitation"
