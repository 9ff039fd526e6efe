"""
What a scenario comes to before anything is run: how many are expected, when, and how the room stands to it.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import ceil
from typing import Any

from loadtests.arrivals.rate import Rate, expected_count, overload_window, rate_at
from loadtests.crowd.streams import Stream, arrivals_of, rate_of
from loadtests.scenario.sketch import sketch
from loadtests.scenario.spec import Change, Scenario
from waiting_room.core.policy import Policy


@dataclass(frozen=True, slots=True)
class Part:
    """
    Sum up one stream.

    Args:
        name, says: as in the scenario.
        journeys: the kinds of shoppers, in percent of the stream.
        expected: how many come.
        peak_per_s, peak_at_s: the highest rate, and when.
    """

    name: str
    says: str
    journeys: dict[str, float]
    expected: float
    peak_per_s: float
    peak_at_s: float


@dataclass(frozen=True, slots=True)
class Outline:
    """
    Sum up a scenario as it is to be played.

    Args:
        name, says, sources: as in the scenario.
        length_s, drain_s: for how long people come, and how long the run goes on after that.
        streams: its streams.
        rate: all of them together.
        expected: how many come.
        peak_per_s, peak_at_s: the highest rate of all, and when.
        half_by_s: when half of them have come.
        room_per_s: how many the room lets in per second.
        exceeded_s: from when to when more come than that; None where they never do.
        changes: what happens on the time line.
        seed, drawn: which crowd was drawn, and how many it has.
    """

    name: str
    says: dict[str, str]
    sources: dict[str, str]
    length_s: float
    drain_s: float
    streams: tuple[Part, ...]
    rate: Rate
    expected: float
    peak_per_s: float
    peak_at_s: float
    half_by_s: float
    room_per_s: float
    exceeded_s: tuple[float, float] | None
    changes: tuple[Change, ...]
    seed: int
    drawn: int

    def to_json(self) -> dict[str, Any]:
        """
        Return the outline as plain data, with the rate at each full second.
        """
        seconds = range(ceil(self.length_s))
        by_s = [round(rate_at(self.rate, second), 3) for second in seconds]
        return asdict(self) | {"rate": {"t": list(seconds), "per_s": by_s}}

    def lines(self, width: int) -> list[str]:
        """
        Return the outline for people: one line a stream, the shape of the whole, and where the numbers come from.
        """
        drawn = f"{self.drawn:,} with seed {self.seed}"
        many = f"{self.expected:,.0f} shoppers are expected within {self.length_s:g} s ({drawn})"
        exceeded = "they are never more than that"
        if self.exceeded_s is not None:
            exceeded = f"more than that come from {self.exceeded_s[0]:.0f} to {self.exceeded_s[1]:.0f} s"
        return [
            f"{self.name}: {self.says['en']}",
            "",
            *(line for part in self.streams for line in _part_lines(part)),
            "",
            f"shoppers per second, with the {self.room_per_s:g} that the room lets in:",
            *sketch(self.rate, self.room_per_s, width),
            "",
            f"{many}, half of them by {self.half_by_s:.0f} s.",
            f"At most {self.peak_per_s:.1f} a second come, at {self.peak_at_s:.0f} s.",
            f"The room lets in {self.room_per_s:g} a second; {exceeded}.",
            *(("", "what happens meanwhile:") if self.changes else ()),
            *(_change_line(change) for change in self.changes),
            *(("", "sources:") if self.sources else ()),
            *(f"  {about}: {source}" for about, source in self.sources.items()),
        ]


def outline_of(scenario: Scenario, seed: int = 1) -> Outline:
    """
    Return what the scenario comes to, played as it stands (see `Scenario.faster`), with the crowd of *seed*.
    """
    rate = rate_of(scenario.streams)
    expected = expected_count(rate)
    room_per_s = Policy.parse(scenario.room).rate_per_s
    return Outline(
        name=scenario.name,
        says=dict(scenario.says),
        sources=dict(scenario.sources),
        length_s=round(scenario.length_s, 3),
        drain_s=scenario.drain_s,
        streams=tuple(_part(stream) for stream in scenario.streams),
        rate=rate,
        expected=round(expected, 1),
        peak_per_s=round(rate.peak_per_s, 3),
        peak_at_s=round(_peak_at_s(rate), 3),
        half_by_s=round(_due_by_s(rate, expected / 2), 3),
        room_per_s=round(room_per_s, 3),
        exceeded_s=overload_window(rate, room_per_s),
        changes=tuple(sorted(scenario.changes, key=lambda change: change.at_s)),
        seed=seed,
        drawn=len(arrivals_of(scenario.streams, seed)),
    )


def _part(stream: Stream) -> Part:
    whole = sum(stream.journeys.values())
    return Part(
        name=stream.name,
        says=stream.says,
        journeys={kind: round(100 * part / whole, 1) for kind, part in stream.journeys.items()},
        expected=round(expected_count(stream.rate), 1),
        peak_per_s=round(stream.rate.peak_per_s, 3),
        peak_at_s=round(_peak_at_s(stream.rate), 3),
    )


def time_line(scenario: Scenario) -> dict[str, str]:
    """
    Return what happens in *scenario* at each moment at which something does, as its file writes it.
    """
    moments = sorted({change.at_s for change in scenario.changes})
    return {
        f"{at_s:.3g} s": "; ".join(change.as_written for change in scenario.changes if change.at_s == at_s)
        for at_s in moments
    }


def _part_lines(part: Part) -> Sequence[str]:
    kinds = ", ".join(f"{percent:g} % {kind}" for kind, percent in part.journeys.items())
    peak = f"at most {part.peak_per_s:.1f} a second, at {part.peak_at_s:.0f} s"
    return (f"  {part.name}: {part.says}", f"    {part.expected:,.0f} shoppers ({kinds}), {peak}")


def _change_line(change: Change) -> str:
    return f"  at {change.at_s:.3g} s: {change.as_written}"


def _peak_at_s(rate: Rate) -> float:
    return max(rate.corners, key=lambda corner: corner[1])[0]


def _due_by_s(rate: Rate, count: float) -> float:
    low, high = 0.0, rate.length_s
    while high - low > 0.01:
        middle = (low + high) / 2
        low, high = (middle, high) if expected_count(rate, middle) < count else (low, middle)
    return high
