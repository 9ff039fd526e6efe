"""
Headers of the user's own, such as the password of a staging shop: read from a file, and sent to the shop alone.

Secrets belong neither on a command line, which every process of the machine may read and the report repeats, nor into a
plan, which stands beside the report. So both name the file, and whoever sends the requests reads it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from loadtests.documents import DocumentError
from waiting_room.errors import Fault
from waiting_room.wire import REHEARSAL_HEADER

HEADER: Final = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ?([\t\x20-\x7e\x80-\xff]*)")
"""A line of a request (RFC 9110, 5.1 and 5.5)."""
OURS: Final = frozenset(
    {
        *("host", "content-length", "transfer-encoding", "connection", "accept-encoding", "cookie"),
        REHEARSAL_HEADER.lower(),
    }
)
"""What a request cannot be read without, or each shopper has of their own."""
_BLANK: Final = " \t\r"
"""Not what else Python takes for blank: the last byte of a letter in UTF-8 may be one of those."""


@dataclass(frozen=True, slots=True)
class HeaderFile:
    """
    Hold what a file of headers says.

    Args:
        path: where it stands; empty for none.
        headers: by name; they are secret.
    """

    path: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def read(cls, path: str) -> "HeaderFile":
        """
        Return what the file at *path* says; an empty path stands for no file.

        Raises:
            DocumentError: it cannot be read, or holds something else than headers. No fault repeats what stands there.
        """
        if not path:
            return cls()
        try:
            text = Path(path).read_text(encoding="latin-1")
        except OSError as error:
            remedy = "give the path of a file with lines such as Authorization: Basic …"
            raise DocumentError((Fault(path, f"cannot be read ({error.strerror})", remedy),)) from None
        if faults := tuple(_faults(text, path)):
            raise DocumentError(faults)
        return cls(path, dict(_parts(line) for _, line in _lines(text)))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if (stripped := line.strip(_BLANK)) and not stripped.startswith("#"):
            yield number, stripped


def _parts(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name, value.strip(_BLANK)


def _faults(text: str, path: str) -> Iterator[Fault]:
    seen: set[str] = set()
    for number, line in _lines(text):
        where, name = f"{path}:{number}", _parts(line)[0]
        if not HEADER.fullmatch(line):
            yield Fault(where, "is no header", "write it as name: value")
        elif name.lower() in OURS:
            yield Fault(where, f"{name} is not yours to set", "leave it out")
        elif name.lower() in seen:
            yield Fault(where, f"{name} stands there twice", "leave one out")
        seen.add(name.lower())
    if not seen:
        yield Fault(path, "holds no header", "write one a line, as name: value")
