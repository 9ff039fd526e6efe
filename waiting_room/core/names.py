"""
What a name may look like that stands in URLs, cookies, Redis keys and metrics: a room's, and a lane's.
"""

import re
from typing import Final

from waiting_room.errors import Fault

RESERVED_NAMES: Final = frozenset({"authorize", "gate", "static", "assets"})
NAME_PATTERN: Final = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_NAME: Final = re.compile(NAME_PATTERN)


def name_faults(name: str, where: str = "room", kind: str = "room") -> tuple[Fault, ...]:
    """
    Return what is wrong with the name of a *kind* of thing, a room or a lane.
    """
    if name in RESERVED_NAMES:
        return (Fault(where, f"{name!r} is a reserved word", "choose another name"),)
    if not _NAME.fullmatch(name):
        what = f"{name!r} is no {kind} name"
        return (Fault(where, what, "use 1 to 63 of a-z, 0-9 and '-', beginning and ending with a letter or digit"),)
    return ()
