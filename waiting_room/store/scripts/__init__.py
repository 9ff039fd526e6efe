"""
The Lua scripts, one verb each, with their includes put in; `load` is the only reader.
"""

import re
from importlib import resources
from typing import Final

NAMES: Final = (
    "advance",
    "claim",
    "come_back",
    "configure",
    "flush",
    "join",
    "leave",
    "observe",
    "override",
    "promise",
    "raise_mark",
    "redeem",
    "restore",
    "revoke",
    "revoked",
    "sell_out",
    "set_phase",
    "snapshot",
    "stock",
    "touch",
)
_INCLUDE: Final = re.compile(r"^-- @include (\w+)$", re.MULTILINE)
_COMMAND: Final = re.compile(r"redis\.p?call\( *['\"](\w+)")


def load(name: str) -> str:
    """
    Return the source of a script, with each ``-- @include NAME`` line replaced by ``include/NAME.lua``.
    """
    folder = resources.files(__package__)
    source = folder.joinpath(f"{name}.lua").read_text(encoding="utf-8")
    return _INCLUDE.sub(
        lambda line: folder.joinpath("include", f"{line[1]}.lua").read_text(encoding="utf-8").rstrip(), source
    )


def commands() -> frozenset[str]:
    """
    Return every command that a script uses: what the user of a service must have the right to.
    """
    return frozenset(found.upper() for name in NAMES for found in _COMMAND.findall(load(name)))
