"""
Open files of a load generator: enough for its shoppers, and always some for itself.
"""

import os
from typing import Final

from waiting_room.open_files import OPEN_FILES, raise_file_limit

OWN: Final = 64
"""What a generator has open beside its shoppers' connections: modules, pipes, the event loop, Locust's own sockets."""
_EACH: Final = 4
"""A shopper has one connection to the shop and one to the room, and some open several pages."""
_HELD: Final = 16


class OpenFiles:
    """
    Raise the limit of open files for a crowd, and hold some of them back until the measures are to be written.

    Args:
        shoppers: how many are to be under way at one time.
        hosts: to how many each of them holds a connection: 2 where the shop stands behind a room.
    """

    def __init__(self, shoppers: int, hosts: int = 1) -> None:
        self._hosts = hosts
        self.limit = raise_file_limit(max(OPEN_FILES, _EACH * shoppers + OWN))
        self._held = [os.open(os.devnull, os.O_RDONLY) for _ in range(_HELD)]

    @property
    def shoppers(self) -> int:
        """
        Return for how many shoppers there is a connection to each host; at least one.
        """
        return max(1, (self.limit - OWN - _HELD) // self._hosts)

    def give_back(self) -> None:
        """
        Let go of what was held back.
        """
        while self._held:
            os.close(self._held.pop())
