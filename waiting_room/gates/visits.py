"""
One request from its arrival to its answer: what the gate found out about it, and what its handler says of it.
"""

from dataclasses import dataclass, field

from waiting_room.gates.commands import command_of
from waiting_room.gates.core import Allow
from waiting_room.gates.requests import Request


@dataclass(slots=True)
class Visit:
    """
    Keep what the gate found out about one request until its answer goes out.

    *secure* tells that the visitor came by https, *guarded* that others need a pass for the same address. *cookies*
    (whole Set-Cookie values) and *headers* go out with the answer.
    """

    facts: Request
    secure: bool = False
    held: Allow | None = None
    pass_text: str = ""
    straight: bool = False
    guarded: bool = False
    cookies: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)

    def command(self, word: str) -> None:
        """
        Do what the header ``Waiting-Room-Command: word`` would do, for a handler that cannot set headers.

        *word* is ``payment``, ``basket`` or ``release``; it counts when the answer goes out. Raises `ValueError` for
        any other.
        """
        self.commands.append(command_of(word))


def unread() -> Visit:
    """
    Return the visit of a request that could not be read: nothing is known of it.
    """
    return Visit(Request("GET", "/", "", {}, {}, ""))
