"""
What a proxy lets pass unasked, as regular expressions of the address as it came: path and query, undecoded.

They stand in configurations of four kinds, so they have no backslash, quote, blank or look-ahead.
"""

from typing import Final

from waiting_room.core.patterns import STEERING, WRITTEN
from waiting_room.core.platforms import expanded
from waiting_room.proxies.settings import ProxySettings

_PLAIN: Final = "[A-Za-z0-9_~-]+([.][A-Za-z0-9_~-]+)*"
"""One part of a path that all servers read alike."""
_QUERY: Final = "[A-Za-z0-9_.~=&-]"


def spared(settings: ProxySettings) -> tuple[str, ...]:
    """
    Return what an address must fit one of to pass unasked, spelled plainly; a query may follow.

    One for each pattern: nginx takes 4,096 letters in one word, and HAProxy 2,048 in one line.
    """
    return tuple(f"^{_address(pattern)}$" for pattern in expanded(settings.never))


def astray(settings: ProxySettings) -> str:
    """
    Return what it must not fit at the same time, whatever the case: fields of a query that lead to another page.
    """
    fields = {found[3] for found in map(WRITTEN.fullmatch, expanded(settings.never)) if found and found[3]}
    twice = "".join(f"|{field}=.*{field}" for field in sorted(fields))
    return f"[?&]({'|'.join(name.replace('_', '[_.]') for name in STEERING)})(=|&|$){twice}"


def _address(pattern: str) -> str:
    found = WRITTEN.fullmatch(pattern)
    assert found is not None, "the settings have been checked"
    parts = [part for part in found[2].split("/") if part]
    below = parts[-1:] == ["*"]
    path = "".join(f"/{_PLAIN if part == '*' else part.replace('.', '[.]')}" for part in parts[: len(parts) - below])
    path += f"(/{_PLAIN})*/?" if below else "/?" if parts else "/"
    if found[3]:
        return f"{path}[?]{found[3]}=[A-Za-z_][A-Za-z0-9_-]*(&{_QUERY}*)?"
    return f"{path}([?]{_QUERY}*)?"
