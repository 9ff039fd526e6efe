"""
One of each model, of some hundred people each, for tests that hold of all of them.
"""

from collections.abc import Mapping

from loadtests.arrivals.cohorts import Blast, Bots, Opening, Spots
from loadtests.arrivals.flash import FlashCrowd, FlashEvent
from loadtests.arrivals.model import Model
from loadtests.arrivals.plain import Constant, Diurnal, Ramp, Steps
from loadtests.arrivals.spike import SpikeProfile

EXAMPLES: Mapping[str, Model] = {
    "constant": Constant(per_s=20, for_s=100),
    "ramp": Ramp(from_per_s=0, to_per_s=40, for_s=100),
    "steps": Steps(per_s=(5, 20, 60), each_s=30),
    "trapezoid": SpikeProfile(5, 10, 5, 60, 30, 10, 20),
    "diurnal": Diurnal(low_per_s=2, high_per_s=50, for_s=120, highest_at_s=70, day_s=100),
    "flash-crowd": FlashCrowd(base_per_s=5, shock=10, unit_s=20, popularity=2, calm_s=10, tail_s=10),
    "flash-event": FlashEvent(base_per_s=5, shock=12, rise_s=8, hold_s=10, half_life_s=12, calm_s=10, tail_s=20),
    "blast": Blast(recipients=50_000, click_share=0.05, delay_median_s=20, for_s=120, sent_at_s=5, base_per_s=4),
    "opening": Opening(visitors=2500, opens_at_s=40, for_s=120, rush_s=15, early_s=20, tail_s=30),
    "tv-spots": Spots(spots_at_s=(10, 60), visitors=1000, for_s=120, peak_after_s=8, base_per_s=5),
    "bots": Bots(per_s=20, opens_at_s=50, early_s=40, stay_s=50, burst=200),
}
