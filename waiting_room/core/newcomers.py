"""
How many new places each network is given in a minute: slower beyond that, and nobody is locked out.

A bot that keeps no cookie is somebody new with each join; what it cannot change as easily is its address. Each network
has a bucket of tokens that starts full, holds what it is given in a minute and refills evenly. Behind one address may
be a bot, or a whole town at its mobile operator's: so who is known by their cookie and finds the bucket empty books the
next token that nobody has booked yet. It is theirs when they come back, however often others ask meanwhile.
"""

import ipaddress
from collections import OrderedDict
from typing import Final, NamedTuple

MOST_PER_MINUTE: Final = 100_000
WINDOW_US: Final = 60_000_000
"""In this time an empty bucket is full again."""
LINE_US: Final = 60_000_000
"""Nobody books a token that is further off: who would wait for it asks again, as a page does by itself."""
GRACE_US: Final = 60_000_000
"""A booking is kept for so long after its time, for a hidden tab may ask late; then its token goes to others."""
EARLY_US: Final = 1_000_000
"""Who comes so little before their time is not sent away once more."""
MOST_NETWORKS: Final = 50_000
MOST_BOOKED: Final = 50_000
_IPV6_BITS: Final = 128 - 56
_IPV6: Final = 1 << 56


class Whence(NamedTuple):
    """
    Tell from which *network* somebody comes, and whether they are *known*: their request bore the name we gave them.
    """

    network: int
    known: bool


class Delay(NamedTuple):
    """
    Tell in how many milliseconds to ask again, and whether a token is *booked* for then.
    """

    wait_ms: int
    booked: bool


def network_of(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> int:
    """
    Return a number for the network that *address* lies in: an IPv4 address alone, of IPv6 the /56.

    A household or a machine is commonly given a /56 or less of IPv6, and may take any address in it (RFC 6177).
    """
    number = int(address)
    return number if address.version == 4 else _IPV6 | number >> _IPV6_BITS


class _Share:
    """
    Hold when the bucket of a network is full again, in microseconds, and who has booked a token for when.
    """

    __slots__ = ("booked", "full_us")

    def __init__(self, full_us: int) -> None:
        self.full_us = full_us
        self.booked: dict[str, int] = {}


class Newcomers:
    """
    Count the new places of each network: at most `MOST_NETWORKS`, and a network that is forgotten has a full bucket.

    Times are milliseconds of one clock. How much is lacking is kept as the time that refills it, so a changed rate
    holds at once: a bucket that is half full stays half full.
    """

    __slots__ = ("_booked", "_shares")

    def __init__(self) -> None:
        self._shares: OrderedDict[int, _Share] = OrderedDict()
        self._booked = 0

    def __len__(self) -> int:
        return len(self._shares)

    @property
    def booked(self) -> int:
        """
        Return how many tokens are booked.
        """
        return self._booked

    def take(self, network: int, visitor: str, per_minute: float, now_ms: int) -> Delay | None:
        """
        Take a token of *network*, or return when to come again; *visitor* is empty where nobody would know them again.

        *per_minute* tokens are given a minute, 1 or more.
        """
        now_us, step_us = now_ms * 1000, int(WINDOW_US / per_minute)
        share = self._shares.get(network)
        if share is None:
            share = self._remember(network, now_us)
        else:
            self._shares.move_to_end(network)
            if share.booked:
                self._lapse(share, step_us, now_us)
                due_us = share.booked.get(visitor)
                if due_us is not None:
                    return self._honour(share, visitor, due_us, now_us)
        # Never above what a full line leaves: a clock that was set back locks nobody out.
        full_us = min(max(share.full_us, now_us), now_us + WINDOW_US + LINE_US) + step_us
        wait_us = full_us - WINDOW_US - now_us
        if wait_us <= 0:
            share.full_us = full_us
            return None
        booked = bool(visitor) and wait_us <= LINE_US and self._booked < MOST_BOOKED
        if booked:
            share.full_us = full_us
            share.booked[visitor] = now_us + wait_us
            self._booked += 1
        return Delay(-(-wait_us // 1000), booked)

    def give_back(self, network: int, per_minute: float, visitor: str = "") -> None:
        """
        Give the token back that somebody of *network* has taken, or *visitor* booked, who got no new place for it.
        """
        share = self._shares.get(network)
        if share is not None:
            if share.booked.pop(visitor, None) is not None:
                self._booked -= 1
            share.full_us -= int(WINDOW_US / per_minute)

    def _honour(self, share: _Share, visitor: str, due_us: int, now_us: int) -> Delay | None:
        wait_us = due_us - now_us
        if EARLY_US < wait_us <= LINE_US:
            return Delay(-(-wait_us // 1000), booked=True)
        del share.booked[visitor]
        self._booked -= 1
        return None

    def _lapse(self, share: _Share, step_us: int, now_us: int) -> None:
        """
        Give back the tokens of those who have not come; bookings stand about in the order of their times.
        """
        lapsed = []
        for visitor, due_us in share.booked.items():
            if due_us + GRACE_US > now_us:
                break
            lapsed.append(visitor)
        for visitor in lapsed:
            del share.booked[visitor]
            share.full_us -= step_us
        self._booked -= len(lapsed)

    def _remember(self, network: int, now_us: int) -> _Share:
        """
        Begin to count a network, and forget two that are full again: so those that are counted cannot pile up.
        """
        for _ in range(2):
            oldest = next(iter(self._shares.values()), None)
            if oldest is None or oldest.full_us + (GRACE_US if oldest.booked else 0) > now_us:
                break
            self._forget()
        if len(self._shares) >= MOST_NETWORKS:
            self._forget()
        share = self._shares[network] = _Share(now_us)
        return share

    def _forget(self) -> None:
        _, share = self._shares.popitem(last=False)
        self._booked -= len(share.booked)
