"""
The result of a benchmark: a figure, its baseline from the same run, and the ratio that is promised.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Ratio:
    """
    A *value* set against a *baseline* that the same run measured, and the *target* that the ratio must reach.

    Args:
        name: what is measured, in the unit that *unit* names.
        value: the figure of ours.
        baseline: the figure it is compared with; never zero.
        target: the least ratio allowed, or the greatest where smaller is better; None where nothing is promised.
        unit: the unit of both figures.
        better: whether a higher or a lower ratio is the better one.
        note: what the baseline is.
    """

    name: str
    value: float
    baseline: float
    target: float | None = None
    unit: str = ""
    better: Literal["higher", "lower"] = "higher"
    note: str = ""

    @property
    def ratio(self) -> float:
        """
        Return value / baseline.
        """
        return self.value / self.baseline

    @property
    def ok(self) -> bool:
        """
        Tell whether the target is kept; without a target it is.
        """
        if self.target is None:
            return True
        return self.ratio >= self.target if self.better == "higher" else self.ratio <= self.target

    def to_json(self) -> dict[str, Any]:
        """
        Return the fields, with the ratio and the judgement, as plain data.
        """
        return {**asdict(self), "ratio": self.ratio, "ok": self.ok}
