"""
Models of spikes: their rates are what their formulas say, and what makes no sense is refused.
"""

import math
from dataclasses import fields, replace

import pytest

from loadtests.arrivals.cohorts import Blast, Bots, Opening, Spots
from loadtests.arrivals.flash import FlashCrowd, FlashEvent
from loadtests.arrivals.model import TOLERANCE, Model
from loadtests.arrivals.models import MODELS
from loadtests.arrivals.plain import Constant, Diurnal, Steps
from loadtests.arrivals.rate import expected_count, rate_at
from loadtests.arrivals.retry import Retry
from tests.loadtests.arrivals.crowds import EXAMPLES


def test_each_model_has_its_example() -> None:
    """
    A model without one would be held to nothing by these tests.
    """
    assert {name: type(example) for name, example in EXAMPLES.items()} == dict(MODELS)


@pytest.mark.parametrize("model", EXAMPLES.values(), ids=EXAMPLES)
def test_the_examples_are_sound(model: Model) -> None:
    """
    Sound numbers have no faults, and a line for people.
    """
    assert model.faults() == ()
    assert model.says()


@pytest.mark.parametrize("model", EXAMPLES.values(), ids=EXAMPLES)
def test_each_bad_number_is_told(model: Model) -> None:
    """
    A negative number in every field is a fault for every field.
    """
    numbers = {item.name: getattr(model, item.name) for item in fields(model)}  # type: ignore[arg-type]
    bad = replace(model, **{name: (-1.0,) if isinstance(value, tuple) else -1 for name, value in numbers.items()})  # type: ignore[type-var]

    assert [fault.where.partition("[")[0] for fault in bad.faults("spike")] == [f"spike.{name}" for name in numbers]


BLAST = Blast(recipients=500_000, click_share=0.04, delay_median_s=720, delay_sigma=1.1, for_s=7200)


def test_a_blast_peaks_where_its_density_does() -> None:
    """
    500,000 messages, 4 % clicks, median 12 min, sigma 1.1: 18.4 a second after 3.6 minutes.
    """
    rate = BLAST.rate()

    assert rate.peak_per_s == pytest.approx(18.4, abs=0.05)
    assert rate_at(rate, 720 * math.exp(-1.21)) == pytest.approx(rate.peak_per_s, rel=TOLERANCE)


@pytest.mark.parametrize("sending_s", [0, 60, 1800])
def test_a_blast_brings_those_whose_delay_is_over(sending_s: float) -> None:
    """
    Up to the end come as many as the lognormal law says, however long sending takes.
    """
    blast = replace(BLAST, sending_s=sending_s)
    steps = 400
    sent = [7200 - sending_s * (step + 0.5) / steps for step in range(steps)]
    done = sum(math.erfc(-math.log(left / 720) / (1.1 * math.sqrt(2))) / 2 for left in sent) / steps

    assert expected_count(blast.rate()) == pytest.approx(20_000 * done, rel=0.002)


def test_a_slower_sending_flattens_the_peak() -> None:
    """
    What the send window is for.
    """
    assert replace(BLAST, sending_s=3600).rate().peak_per_s < 0.4 * BLAST.rate().peak_per_s


def test_a_curve_is_straightened_within_its_tolerance() -> None:
    """
    Between any two corners, the lines lie within a thousandth of the peak from the curve.
    """
    for model in (BLAST, replace(BLAST, sending_s=60), EXAMPLES["blast"]):
        assert isinstance(model, Blast)
        rate = model.rate()
        worst = max(
            abs(rate_at(rate, at_s) - model._at(at_s)) for at_s in (model.for_s * k / 3000 for k in range(3000))
        )
        assert worst <= TOLERANCE * rate.peak_per_s


def test_an_opening_brings_everybody_once() -> None:
    """
    Early birds, impulse and tail sum up to the visitors, where there is time for the tail.
    """
    opening = Opening(visitors=1000, opens_at_s=100, for_s=1500, rush_s=10, early_share=0.4, tail_share=0.2)

    assert expected_count(opening.rate()) == pytest.approx(1000, rel=0.001)
    assert expected_count(opening.rate(), 100) == pytest.approx(400, rel=0.001)


def test_the_rush_holds_the_middle_of_the_impulse() -> None:
    """
    Within the rush come 95.4 of the 97.7 hundredths that a bell has right of minus two deviations.
    """
    opening = Opening(visitors=1000, opens_at_s=0, for_s=60, rush_s=10, early_share=0, tail_share=0)

    assert expected_count(opening.rate(), 10) == pytest.approx(1000 * 0.9545 / 0.9772, rel=0.001)


def test_a_spot_peaks_when_it_should() -> None:
    """
    A burst of 300 viewers is highest 13 s after the spot, and all of them come.
    """
    rate = Spots(spots_at_s=(5,), visitors=300, for_s=200).rate()

    assert max(rate.corners, key=lambda corner: corner[1])[0] == pytest.approx(18, abs=0.5)
    assert expected_count(rate) == pytest.approx(300, rel=0.002)


def test_a_bigger_shock_rises_faster_and_holds_longer() -> None:
    """
    Ari et al.: the rise takes unit / log10(1 + S), the plateau unit log10(1 + S).
    """
    corners = FlashCrowd(base_per_s=2, shock=99, unit_s=10).rate().corners

    assert corners[2:4] == ((5.0, 198.0), (25.0, 198.0))


def test_a_flash_event_halves_within_its_half_life() -> None:
    """
    Bhatia et al.: exponentially up, and exponentially down to the base.
    """
    rate = FlashEvent(base_per_s=1, shock=64, rise_s=6, half_life_s=10, hold_s=4).rate()

    assert [round(rate_at(rate, at_s), 1) for at_s in (0, 3, 6, 10, 20, 30)] == [1, 8, 64, 64, 32, 16]
    assert rate.length_s == 70


def test_bots_burst_at_the_opening() -> None:
    """
    They warm up at their rate, and a burst of them comes within the second itself.
    """
    rate = Bots(per_s=2, opens_at_s=10, early_s=5, stay_s=5, burst=100).rate()

    assert [rate_at(rate, at_s) for at_s in (4, 6, 10.5, 12)] == [0, 2, 102, 2]


def test_a_day_is_highest_at_its_best_hour() -> None:
    """
    The wave goes from low to high within half a day.
    """
    rate = Diurnal(low_per_s=1, high_per_s=9, for_s=86_400, highest_at_s=72_000).rate()

    assert rate_at(rate, 72_000) == pytest.approx(9)
    assert rate_at(rate, 72_000 - 43_200) == pytest.approx(1)
    assert rate_at(rate, 72_000 - 21_600) == pytest.approx(5, abs=0.01)


def test_retries_come_later_and_fewer() -> None:
    """
    Half of them again after 5 s, and half of those again: 1 + 1/2 + 1/4 times as many.
    """
    amplified = Retry(again_share=0.5, after_s=5, most=2).amplified(Constant(8, 20).rate())

    assert [rate_at(amplified, at_s) for at_s in (1, 6, 11, 21, 26)] == [8, 12, 14, 6, 2]
    assert expected_count(amplified) == pytest.approx(160 * 1.75)


@pytest.mark.parametrize(
    ("model", "where"),
    [
        (Steps((), 5), "model.per_s"),
        (Diurnal(5, 1, 10, 5), "model.high_per_s"),
        (FlashCrowd(5, 0.5, 10), "model.shock"),
        (Blast(10, 0.5, 5, 10, sent_at_s=10), "model.sent_at_s"),
        (Blast(10, 1.5, 5, 10), "model.click_share"),
        (Opening(10, 5, 20, early_share=0.7, tail_share=0.7), "model.tail_share"),
        (Opening(10, 0, 20), "model.early_share"),
        (Spots((), 5, 20), "model.spots_at_s"),
        (Spots((5, 25), 5, 20), "model.spots_at_s[1]"),
        (Spots((5,), 5, 20, shape=1), "model.shape"),
        (Bots(1, 5, 6, 1), "model.early_s"),
        (Constant(5, 0), "model.for_s"),
    ],
)
def test_contradictions_are_told_with_their_place(model: Model, where: str) -> None:
    """
    What is sound number by number and senseless together is refused.
    """
    assert [fault.where for fault in model.faults()] == [where]


@pytest.mark.parametrize("value", [1e-320, 1e-6, 1e9, math.nan])
@pytest.mark.parametrize("model", EXAMPLES.values(), ids=EXAMPLES)
def test_numbers_of_any_size_give_a_sound_rate_or_a_fault(model: Model, value: float) -> None:
    """
    In every field: nothing overflows, and nothing is refused without a word.
    """
    for item in fields(model):  # type: ignore[arg-type]
        changed = (value,) if isinstance(getattr(model, item.name), tuple) else value
        other = replace(model, **{item.name: changed})  # type: ignore[type-var]

        assert other.faults() or other.rate().faults() == ()
