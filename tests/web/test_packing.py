"""
Compressed once, served often.
"""

import gzip

from hypothesis import given
from hypothesis import strategies as st

from waiting_room.web.packing import Constant, Part, gzipped, plain

PARTS = st.lists(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(Constant)), max_size=8)


@given(PARTS)
def test_what_is_packed_comes_out_as_it_went_in(parts: list[Part]) -> None:
    """
    Whatever the parts, a browser that unpacks them reads the plain body.
    """
    assert gzip.decompress(gzipped(parts)) == plain(parts)


def test_a_part_that_looks_like_another_is_not_mixed_up() -> None:
    """
    Equal text before and after a constant part is where a stream that remembered too much would break.
    """
    parts: list[Part] = [b"train " * 500, Constant("train " * 500), b"train " * 500]

    assert gzip.decompress(gzipped(parts)) == b"train " * 1500
