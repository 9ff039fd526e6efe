"""
Bodies made of parts that never change and parts that always do: the former are compressed once.

Most of a page is its style and its script. Compressing them anew for each visitor would take longer than anything
else that the page costs, at the very moment when everybody comes.
"""

import zlib
from collections.abc import Sequence
from typing import Final

_RAW: Final = -15  # deflate without a wrapper, with the full window (zlib's manual, deflateInit2)
_HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # gzip, deflate, no name, no time (RFC 1952)
_QUICK: Final = 1


class Constant:
    """
    Hold a part that never changes, as it is and compressed as well as can be.
    """

    __slots__ = ("packed", "plain")

    def __init__(self, text: str) -> None:
        self.plain = text.encode()
        deflate = zlib.compressobj(9, zlib.DEFLATED, _RAW)
        self.packed = deflate.compress(self.plain) + deflate.flush(zlib.Z_FULL_FLUSH)


Part = Constant | bytes


def plain(parts: Sequence[Part]) -> bytes:
    """
    Return the body that *parts* make.
    """
    return b"".join(part.plain if isinstance(part, Constant) else part for part in parts)


def gzipped(parts: Sequence[Part]) -> bytes:
    """
    Return the body that *parts* make, in gzip's format.

    A full flush ends on a byte's boundary and forgets what came before (zlib's manual, deflate), so that streams
    may be put one behind the other, and what was compressed elsewhere may stand between them.
    """
    deflate = zlib.compressobj(_QUICK, zlib.DEFLATED, _RAW)
    streams = [_HEADER]
    for part in parts:
        if isinstance(part, Constant):
            streams.append(part.packed)
        else:
            streams.append(deflate.compress(part) + deflate.flush(zlib.Z_FULL_FLUSH))
    streams.append(deflate.flush(zlib.Z_FINISH))
    body = plain(parts)
    streams.append(zlib.crc32(body).to_bytes(4, "little") + (len(body) & 0xFFFFFFFF).to_bytes(4, "little"))
    return b"".join(streams)
