"""
Reading a request whose facts stand in an environment like CGI's (RFC 3875): WSGI's ``environ``, Django's ``META``.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from waiting_room.cookies import cookies_of
from waiting_room.gates.networks import NOWHERE, Way
from waiting_room.gates.requests import Request, undecoded

_HEAD: Final = "HTTP_"
_BARE: Final = {"CONTENT-TYPE": "CONTENT_TYPE", "CONTENT-LENGTH": "CONTENT_LENGTH"}


class CgiHeaders(Mapping[str, str]):
    """
    Look headers up in *environ*, regardless of case.
    """

    __slots__ = ("_environ",)

    def __init__(self, environ: Mapping[str, Any]) -> None:
        self._environ = environ

    def __getitem__(self, name: str) -> str:
        value: str | None = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def get(self, name: str, default: Any = None) -> Any:
        """
        Return the header of this *name*, or *default*; most are asked for and not there, and raising costs time.
        """
        bare = _BARE.get(name.upper())
        if bare:
            return self._environ.get(bare) or default  # these two may be empty where there is no such header
        return self._environ.get(_HEAD + name.upper().replace("-", "_"), default)

    def __iter__(self) -> Iterator[str]:
        names = (key.removeprefix(_HEAD) for key in self._environ if key.startswith(_HEAD))
        return (name.replace("_", "-") for name in names)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def facts_of(environ: Mapping[str, Any], method: str, path: str, scheme: str, *, whence: bool) -> Request:
    """
    Return the facts of a request for *path*, which the server has decoded; its way only where *whence* asks for it.
    """
    host = environ.get("HTTP_HOST", "")
    return Request(
        method,
        undecoded(path),
        environ.get("QUERY_STRING", ""),
        CgiHeaders(environ),
        cookies_of(environ.get("HTTP_COOKIE", "")),
        f"{scheme}://{host}" if host else "",
        Way(environ.get("REMOTE_ADDR", ""), environ.get("HTTP_X_FORWARDED_FOR", "")) if whence else NOWHERE,
    )
