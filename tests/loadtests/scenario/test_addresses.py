"""
Shoppers come from addresses: as few as their stream says, nobody's on the internet, and the same whoever else comes.
"""

from dataclasses import replace
from ipaddress import ip_address

from hypothesis import given, settings
from hypothesis import strategies as st

from loadtests.arrivals.rate import Rate
from loadtests.crowd.addresses import address_of
from loadtests.crowd.streams import Stream
from waiting_room.core.newcomers import network_of

PEOPLE = Stream("people", Rate(((0.0, 1.0), (9.0, 1.0))))
COUNTS = st.integers(0, 600)


def networks(stream: Stream, seed: int = 1, people: int = 300) -> list[int]:
    """
    Return the networks of a stream's first shoppers, as a room counts them.
    """
    return [network_of(ip_address(address_of(stream, seed, k))) for k in range(people)]


def test_everybody_has_an_address_of_their_own_unless_they_share() -> None:
    """
    A /56 each, by which a room tells households apart.
    """
    assert len(set(networks(PEOPLE))) == 300
    assert len(set(networks(replace(PEOPLE, addresses=7)))) == 7


def test_who_shares_with_whom_follows_from_the_seed() -> None:
    """
    The same in each run of it, and by chance.
    """
    homes = replace(PEOPLE, addresses=100)

    assert networks(homes) == networks(homes)
    assert networks(homes) != networks(homes, seed=2)


@settings(max_examples=20)
@given(names=st.lists(st.text(max_size=4), min_size=2, max_size=3, unique=True), addresses=COUNTS)
def test_streams_share_no_network(names: list[str], addresses: int) -> None:
    """
    Whatever they are called, so that what one of them is given costs nobody of another.
    """
    each = [set(networks(replace(PEOPLE, name=name, addresses=addresses), people=30)) for name in names]

    assert len(set.union(*each)) == sum(map(len, each))


@given(k=st.integers(0, 10**7), addresses=COUNTS)
def test_no_address_is_anybodys_on_the_internet(k: int, addresses: int) -> None:
    """
    They are unique local ones.
    """
    address = ip_address(address_of(replace(PEOPLE, addresses=addresses), 1, k))

    assert address.is_private
    assert not address.is_global
