"""
Slowloris: opens connections to shop and room, and sends a byte of a request now and then.

It wants nothing for itself: it gains when others are no longer answered meanwhile.
"""

from typing import Final
from urllib.parse import urlsplit

from loadtests.journeys.browser import ABANDONED, Line
from loadtests.journeys.cast import Cast
from loadtests.journeys.hostile.means import Door, Means
from loadtests.measuring.gain import Gain
from loadtests.measuring.measures import Outcome

LINES: Final = 40
"""Connections of one shopper, half to the shop and half to the room."""
HOLDS_S: Final = 15.0
PIECE_S: Final = 2.0
"""Between two bytes: often enough for a server that waits for the next one only so long."""
HELD: Final = f"{{}} held a connection with half a request for {HOLDS_S:.0f} s; a proxy in front ends such"
SHOP: Final = "the shop"
ROOM: Final = "the room"


class Slowloris:
    """
    Walk one who holds connections.
    """

    def __init__(self, cast: Cast) -> None:
        self._means = Means(cast)

    def walk(self) -> Outcome:
        """
        Return whether others were kept out by it.
        """
        means = self._means
        met = means.knock()
        door = met if isinstance(met, Door) else None
        hosts = [(SHOP, means.shop_url)] if door is None else [(SHOP, means.shop_url), (ROOM, door.base)]
        lines = [(who, self._dial(url)) for who, url in (hosts[place % len(hosts)] for place in range(LINES))]
        self._hold([(who, line) for who, line in lines if line is not None], door)
        return means.end()

    def _dial(self, url: str) -> Line | None:
        means = self._means
        means.tried()
        line = means.cast.dial(url)
        if line is not None:
            line.send(f"GET / HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\nX-Slow: ".encode())
        return line

    def _hold(self, lines: list[tuple[str, Line]], door: Door | None) -> None:
        means = self._means
        end_s = means.now_s() + HOLDS_S
        half_s = means.now_s() + HOLDS_S / 2
        asked = False
        while lines and means.now_s() < end_s:
            means.rest(PIECE_S)
            lines = [(who, line) for who, line in lines if line.send(b"a")]
            if not asked and means.now_s() >= half_s:
                asked = True
                self._ask_as_others_do(door)
        for who, line in lines:
            means.note(HELD.format(who))
            line.close()

    def _ask_as_others_do(self, door: Door | None) -> None:
        """
        Ask for a page on a connection of one's own, as anybody would at this moment.
        """
        means, somebody = self._means, self._means.cast.new_browser()
        if door is not None and not means.room(door, "state.json", browser=somebody):
            means.gained(Gain.DENIAL)
        # A shop may be slow for many reasons; that it takes no connection any more has this one.
        answer = means.shop(f"{means.shop_url}/", browser=somebody)
        if answer.status == 0 and answer.fault != ABANDONED:
            means.gained(Gain.DENIAL)
