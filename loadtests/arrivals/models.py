"""
The models by the names that scenarios call them.
"""

from collections.abc import Mapping
from typing import Final

from loadtests.arrivals.cohorts import Blast, Bots, Opening, Spots
from loadtests.arrivals.flash import FlashCrowd, FlashEvent
from loadtests.arrivals.model import Model
from loadtests.arrivals.plain import Constant, Diurnal, Ramp, Steps
from loadtests.arrivals.spike import SpikeProfile

MODELS: Final[Mapping[str, type[Model]]] = {
    "constant": Constant,
    "ramp": Ramp,
    "steps": Steps,
    "trapezoid": SpikeProfile,
    "diurnal": Diurnal,
    "flash-crowd": FlashCrowd,
    "flash-event": FlashEvent,
    "blast": Blast,
    "opening": Opening,
    "tv-spots": Spots,
    "bots": Bots,
}
