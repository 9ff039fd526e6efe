"""
Crowds with a cause: people who were written to, who wait for the clock, who saw a spot, and programs that do.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from loadtests.arrivals.model import LEAST, Model, late_faults, straightened
from loadtests.arrivals.rate import Rate, together
from loadtests.documents import STRICT
from waiting_room.errors import Fault


@dataclass(frozen=True, slots=True)
class Blast(Model):
    """
    Let those come who were written to: the one model that a marketing team can fill in.

    rate(t) = base + N q (F(t) - F(t - w)) / w with F the distribution function of a lognormal delay of median m and
    shape sigma, and w the time that sending takes; sent at once, it is N q times the density, which peaks at
    N q e^(sigma^2 / 2) / (m sigma sqrt(2 pi)) after m e^(-sigma^2). The form is ours; measure your own delays.

    Args:
        recipients: how many are written to.
        click_share: which share of them comes.
        delay_median_s: after which time half of those have come.
        delay_sigma: deviation of the delay's logarithm.
        for_s: for how long people come, from the run's zero; who is slower is left out.
        sent_at_s: when sending begins.
        sending_s: how long it takes, evenly; 0 at once.
        base_per_s: people per second who come anyway.
    """

    recipients: float
    click_share: float
    delay_median_s: float
    for_s: float
    delay_sigma: float = 1.1
    sent_at_s: float = 0.0
    sending_s: float = 0.0
    base_per_s: float = 0.0

    POSITIVE: ClassVar = ("recipients", "delay_median_s", "delay_sigma", "for_s")
    SHARES: ClassVar = ("click_share",)
    __pydantic_config__: ClassVar = STRICT

    def rate(self) -> Rate:
        """
        Return the curve.
        """
        mode_s = self.delay_median_s * math.exp(-(self.delay_sigma**2))
        knots = (0, mode_s / 4, mode_s, self.sending_s, self.sending_s + mode_s, self.sending_s + self.delay_median_s)
        seconds = sorted({0.0, *(self.sent_at_s + at_s for at_s in knots), self.for_s})
        return straightened(self._at, [at_s for at_s in seconds if at_s <= self.for_s])

    def _at(self, at_s: float) -> float:
        after_s = at_s - self.sent_at_s
        comers = self.recipients * self.click_share
        if self.sending_s == 0:
            return self.base_per_s + comers * self._density(after_s)
        return self.base_per_s + comers * (self._done(after_s) - self._done(after_s - self.sending_s)) / self.sending_s

    def _density(self, delay_s: float) -> float:
        if delay_s <= 0:
            return 0.0
        z = math.log(delay_s / self.delay_median_s) / self.delay_sigma
        return math.exp(-z * z / 2) / (delay_s * self.delay_sigma * math.sqrt(2 * math.pi))

    def _done(self, delay_s: float) -> float:
        if delay_s <= 0:
            return 0.0
        return math.erfc(-math.log(delay_s / self.delay_median_s) / (self.delay_sigma * math.sqrt(2))) / 2

    def contradictions(self, where: str) -> Iterator[Fault]:
        """
        Yield a fault where nothing is sent before the end.
        """
        yield from late_faults(self.sent_at_s, self.for_s, f"{where}.sent_at_s")

    def says(self) -> str:
        """
        Return the line for people.
        """
        sent = f"within {self.sending_s:g} s" if self.sending_s else "at once"
        return (
            f"{self.recipients:,.0f} people are written to {sent}, {100 * self.click_share:g} % of them come, half of "
            f"those within {self.delay_median_s:g} s"
        )


@dataclass(frozen=True, slots=True)
class Opening(Model):
    """
    Let those come who wait for the clock: early birds, an impulse at the opening, and a tail.

    Early birds come the more the nearer it gets (exponentially); the impulse is a bell whose middle 95 % lie within
    the rush (its cumulative is N/2 (1 + erf(k t)), as in Gatling's stressPeakUsers); the tail decays exponentially.

    Args:
        visitors: how many there are.
        opens_at_s: when it opens.
        for_s: for how long people come, from the run's zero.
        early_share: share of those who come before; rehearsals at shops count a third to a half.
        early_s: mean time by which early birds are early.
        rush_s: within which time from the opening 95 % of the impulse comes.
        tail_share: share of those who come later than the impulse.
        tail_s: mean time by which those are late.
        base_per_s: people per second who come anyway.
    """

    visitors: float
    opens_at_s: float
    for_s: float
    rush_s: float = 30.0
    early_share: float = 0.4
    early_s: float = 120.0
    tail_share: float = 0.2
    tail_s: float = 120.0
    base_per_s: float = 0.0

    POSITIVE: ClassVar = ("visitors", "for_s", "rush_s", "early_s", "tail_s")
    SHARES: ClassVar = ("early_share", "tail_share")
    __pydantic_config__: ClassVar = STRICT

    def rate(self) -> Rate:
        """
        Return the sum of the three, and of those who come anyway.
        """
        opens_at, end_s = self.opens_at_s, self.for_s
        parts = [Rate(((0.0, self.base_per_s), (end_s, self.base_per_s)))]
        if opens_at > 0 and self.early_share > 0:
            # Nobody comes before the run's zero: those who would have are spread over the time there is.
            early = self.visitors * self.early_share / (self.early_s * -math.expm1(-opens_at / self.early_s))
            parts.append(straightened(lambda at_s: early * math.exp((at_s - opens_at) / self.early_s), (0.0, opens_at)))
        middle, deviation = opens_at + self.rush_s / 2, self.rush_s / 4
        knots = sorted({opens_at, middle, middle + deviation, opens_at + self.rush_s, end_s})
        parts.append(straightened(partial(self._impulse, middle, deviation), [s for s in knots if s <= end_s]))
        late = self.visitors * self.tail_share / self.tail_s
        parts.append(straightened(lambda at_s: late * math.exp((opens_at - at_s) / self.tail_s), (opens_at, end_s)))
        return together(parts)

    def _impulse(self, middle: float, deviation: float, at_s: float) -> float:
        rushers = self.visitors * (1 - self.early_share - self.tail_share)
        z = (at_s - middle) / deviation
        # The half of the missing 5 % that a bell has before the opening comes within it.
        inside = math.erfc(-2 / math.sqrt(2)) / 2
        return rushers / inside * math.exp(-z * z / 2) / (deviation * math.sqrt(2 * math.pi))

    def contradictions(self, where: str) -> Iterator[Fault]:
        """
        Yield faults where shares exceed the whole, or it opens after the end.
        """
        if self.early_share + self.tail_share > 1:
            yield Fault(f"{where}.tail_share", f"and early_share sum up to {self.early_share + self.tail_share:g}")
        yield from late_faults(self.opens_at_s, self.for_s, f"{where}.opens_at_s")
        if self.opens_at_s < LEAST and self.early_share > 0:
            yield Fault(f"{where}.early_share", "but it opens at once", "let it open later, or nobody come early")

    def says(self) -> str:
        """
        Return the line for people.
        """
        return (
            f"{self.visitors:,.0f} people wait for the opening at {self.opens_at_s:g} s: {100 * self.early_share:g} % "
            f"come before, and most within {self.rush_s:g} s of it"
        )


@dataclass(frozen=True, slots=True)
class Spots(Model):
    """
    Let viewers come after each television spot.

    Each spot brings a burst with the density of a gamma law of shape k, whose peak is (k - 1) theta after it. Kitts et
    al. (2014) found the peak about 13 s after a spot's end.

    Args:
        spots_at_s: when the spots end.
        visitors: how many come for each.
        for_s: for how long people come, from the run's zero.
        peak_after_s: from the end of a spot to its peak.
        shape: the gamma law's shape k; above 1.
        base_per_s: people per second who come anyway.
    """

    spots_at_s: tuple[float, ...]
    visitors: float
    for_s: float
    peak_after_s: float = 13.0
    shape: float = 2.0
    base_per_s: float = 0.0

    POSITIVE: ClassVar = ("visitors", "for_s", "peak_after_s", "shape")
    __pydantic_config__: ClassVar = STRICT

    def rate(self) -> Rate:
        """
        Return the sum of the bursts, and of those who come anyway.
        """
        parts = [Rate(((0.0, self.base_per_s), (self.for_s, self.base_per_s)))]
        for at_s in self.spots_at_s:
            knots = {at_s, at_s + self.peak_after_s / 2, at_s + self.peak_after_s, at_s + 4 * self.peak_after_s}
            seconds = sorted({second for second in knots if second < self.for_s} | {self.for_s})
            parts.append(straightened(partial(self._burst, at_s), seconds))
        return together(parts)

    def _burst(self, spot_at_s: float, at_s: float) -> float:
        theta = self.peak_after_s / (self.shape - 1)
        x = (at_s - spot_at_s) / theta
        if x <= 0:
            return 0.0
        return self.visitors / theta * math.exp((self.shape - 1) * math.log(x) - x - math.lgamma(self.shape))

    def contradictions(self, where: str) -> Iterator[Fault]:
        """
        Yield faults where there is no spot, one after the end, or no peak.
        """
        if not self.spots_at_s:
            yield Fault(f"{where}.spots_at_s", "names no spot", "for example [20, 60]")
        for place, at_s in enumerate(self.spots_at_s):
            yield from late_faults(at_s, self.for_s, f"{where}.spots_at_s[{place}]")
        if self.shape <= 1:
            yield Fault(f"{where}.shape", f"must be above 1, is {self.shape}", "a burst begins at 0")

    def says(self) -> str:
        """
        Return the line for people.
        """
        spots = ", ".join(f"{at_s:g}" for at_s in self.spots_at_s)
        return (
            f"{self.visitors:,.0f} viewers after each spot (at {spots} s), most of them after {self.peak_after_s:g} s"
        )


@dataclass(frozen=True, slots=True)
class Bots(Model):
    """
    Let programs come: at one rate from some minutes before the opening, with a burst at the second itself.

    Operators of bots warm up about five minutes before a drop (Cequence's case study of sneaker bots); programs know
    no hesitation, so that the rate is level, and steps.

    Args:
        per_s: programs per second while they warm up, and after the opening.
        opens_at_s: when it opens.
        early_s: how long before that they begin.
        stay_s: for how long after the opening they come.
        burst: how many come within the second of the opening.
    """

    per_s: float
    opens_at_s: float
    early_s: float
    stay_s: float
    burst: float = 0.0

    POSITIVE: ClassVar = ("stay_s",)
    __pydantic_config__: ClassVar = STRICT

    def rate(self) -> Rate:
        """
        Return the level, and the burst upon it.
        """
        opens_at, end_s = self.opens_at_s, self.opens_at_s + self.stay_s
        level = Rate(((0.0, self.per_s), (self.early_s + self.stay_s, self.per_s))).later(opens_at - self.early_s)
        burst_s = min(1.0, self.stay_s)
        burst = Rate(((0.0, self.burst / burst_s), (burst_s, self.burst / burst_s))).later(opens_at)
        return together((level, burst, Rate(((0.0, 0.0), (end_s, 0.0)))))

    def contradictions(self, where: str) -> Iterator[Fault]:
        """
        Yield a fault where they would come before the run.
        """
        if self.early_s > self.opens_at_s:
            yield Fault(f"{where}.early_s", f"is {self.early_s:g}, before the run's zero", "at most opens_at_s")

    def says(self) -> str:
        """
        Return the line for people.
        """
        burst = f", {self.burst:g} in the second of the opening" if self.burst else ""
        return f"programs, {self.per_s:g} a second from {self.early_s:g} s before the opening{burst}"
