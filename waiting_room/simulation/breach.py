"""
A broken promise, with what is needed to see it again.
"""

from waiting_room.errors import WaitingRoomError


class BreachError(WaitingRoomError):
    """
    Say which *promise* was broken at *at_s* of the run with *seed*, and by what.

    The same scenario with the same seed breaks it at the same step.
    """

    def __init__(self, promise: str, seed: int, step: int, at_s: float, facts: str) -> None:
        self.promise = promise
        self.seed = seed
        self.step = step
        self.at_s = at_s
        self.facts = facts
        super().__init__(f"promise broken: {promise}: {facts} (seed {seed}, step {step}, {at_s:.2f} s)")
