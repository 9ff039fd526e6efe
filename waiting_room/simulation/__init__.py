"""
The engine without a server: the real core, lobby, controller and store in memory, on a clock that is moved.

`simulate(Scenario(...))` plays a promotion and returns its `Result`; the same scenario gives the same result on every
machine. A promise that is broken ends it with a `BreachError`.
"""

from waiting_room.simulation.breach import BreachError
from waiting_room.simulation.play import simulate
from waiting_room.simulation.result import Result
from waiting_room.simulation.scenario import CALM, Change, Faults, People, Scenario, Spike

__all__ = ["CALM", "BreachError", "Change", "Faults", "People", "Result", "Scenario", "Spike", "simulate"]
