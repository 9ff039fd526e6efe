"""
What one who means no good can gain, by name: the closed set that is counted, criticised and told.
"""

from enum import StrEnum


class Gain(StrEnum):
    """
    Name what was got beyond what one honest visitor of the same patience would have got.
    """

    PAGE = "page"
    """a page behind the gate, without a pass of one's own"""
    SEAT = "seat"
    """a second seat"""
    PLACE = "place"
    """a place in the queue that was made up, or another's"""
    EARLY = "early"
    """a seat before one's turn"""
    ORDER = "order"
    """an order more than the seat was for"""
    WAY_OUT = "way_out"
    """a way on to a host that is not the shop's, given by the room"""
    DENIAL = "denial"
    """others were no longer answered, because connections were held open"""
