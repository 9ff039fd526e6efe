"""
Who asks: cookies and headers, verified, and remembered within bounds.
"""

from hypothesis import given
from hypothesis import strategies as st

from waiting_room import wire
from waiting_room.cookies import cookies_of
from waiting_room.core.reasons import Reason
from waiting_room.tokens import Keyring, Ticket, Visitor
from waiting_room.web import identity
from waiting_room.web.identity import NOBODY, Identities, Identity

KEYS = Keyring(["k1:" + "o" * 32])
ROOM = "toys"
ANNA = Visitor("anna")
TICKET = Ticket(ROOM, "standard", 7, "anna", 1)


class Counting(Keyring):
    """
    Count how often a signature is checked.
    """

    checked = 0

    def ticket(self, text: str, room: str) -> Ticket:
        """Check a ticket."""
        self.checked += 1
        return super().ticket(text, room)


def cookie(visitor: str | None = None, ticket: str | None = None, room: str = ROOM) -> dict[str, str]:
    """
    Return the headers of a browser with these cookies.
    """
    pairs = {wire.VISITOR_COOKIE: visitor, wire.ticket_cookie(room): ticket}
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in pairs.items() if value is not None)}


def of(headers: dict[str, str], room: str = ROOM) -> Identity:
    """
    Return who asks.
    """
    return Identities(KEYS).of(headers, room)


def test_cookies_prove_visitor_and_ticket() -> None:
    """As a browser sends them."""
    assert of(cookie(KEYS.sign(ANNA), KEYS.sign(TICKET))) == Identity(ANNA, TICKET)


def test_headers_do_as_well() -> None:
    """For clients without cookies."""
    headers = {wire.VISITOR_HEADER: KEYS.sign(ANNA), wire.TICKET_HEADER: KEYS.sign(TICKET)}

    assert of(headers) == Identity(ANNA, TICKET)


def test_headers_outweigh_cookies() -> None:
    """Whoever sends both means the header."""
    later = Ticket(ROOM, "standard", 9, "anna", 1)
    headers = cookie(KEYS.sign(ANNA), KEYS.sign(TICKET)) | {wire.TICKET_HEADER: KEYS.sign(later)}

    assert of(headers) == Identity(ANNA, later)


def test_nothing_proves_nothing() -> None:
    """Nobody, and no fault."""
    assert of({}) == NOBODY == of({"Cookie": "shop_session=5; theme=dark"})


def test_a_ticket_alone_names_its_visitor() -> None:
    """A lost visitor cookie loses no place."""
    assert of(cookie(ticket=KEYS.sign(TICKET))) == Identity(ANNA, TICKET)


def test_another_visitor_s_ticket_does_not_count() -> None:
    """A shared or stolen ticket is refused with that reason."""
    assert of(cookie(KEYS.sign(Visitor("ben")), KEYS.sign(TICKET))) == Identity(
        Visitor("ben"), None, Reason.TICKET_OTHER_VISITOR
    )


def test_a_forged_visitor_is_nobody_and_a_forged_ticket_none() -> None:
    """The one gets a new name, the other a reason."""
    stranger = Keyring(["k1:" + "x" * 32])

    assert of(cookie(stranger.sign(ANNA))) == NOBODY
    assert of(cookie(KEYS.sign(ANNA), stranger.sign(TICKET))) == Identity(ANNA, None, Reason.TICKET_INVALID)


def test_a_ticket_of_another_room_in_this_room_s_cookie_is_foreign() -> None:
    """Renaming a cookie helps nobody."""
    foreign = Ticket("books", "standard", 7, "anna", 1)

    assert of(cookie(KEYS.sign(ANNA), KEYS.sign(foreign))).fault is Reason.TICKET_FOREIGN


def test_each_room_has_its_own_ticket() -> None:
    """The same header, asked about two rooms, proves two things."""
    books = Ticket("books", "standard", 3, "anna", 1)
    header = f"{cookie(KEYS.sign(ANNA), KEYS.sign(TICKET))['Cookie']}; {wire.ticket_cookie('books')}={KEYS.sign(books)}"
    identities = Identities(KEYS)

    assert identities.of({"Cookie": header}, ROOM).ticket == TICKET
    assert identities.of({"Cookie": header}, "books").ticket == books


def test_a_refused_token_is_heard_of() -> None:
    """Once for each look at it."""
    heard: list[Reason] = []
    Identities(KEYS, heard.append).of(cookie("rubbish", "rubbish"), ROOM)

    assert heard == [Reason.TICKET_INVALID, Reason.TICKET_INVALID]


def test_the_same_bytes_are_checked_once() -> None:
    """A poll costs no signature when it bears what the last one bore."""
    keys = Counting(["k1:" + "o" * 32])
    identities = Identities(keys)
    headers = cookie(KEYS.sign(ANNA), KEYS.sign(TICKET))
    for _ in range(5):
        assert identities.of(headers, ROOM) == Identity(ANNA, TICKET)

    assert keys.checked == 1


def test_other_bytes_are_checked_anew() -> None:
    """One character more, and nothing is taken from memory."""
    identities = Identities(KEYS)
    good = cookie(KEYS.sign(ANNA), KEYS.sign(TICKET))
    identities.of(good, ROOM)

    assert identities.of({"Cookie": good["Cookie"] + "x"}, ROOM).fault is Reason.TICKET_INVALID


def test_memory_is_bounded_in_number() -> None:
    """Two generations, whatever comes."""
    identities = Identities(KEYS)
    for number in range(2 * identity.GENERATION + 10):
        identities.of({"Cookie": f"a={number}"}, ROOM)

    assert len(identities._young) + len(identities._old) <= 2 * identity.GENERATION


def test_memory_is_bounded_in_bytes() -> None:
    """
    Cookies of eight kilobytes fill no gigabyte.

    The bound once counted headers only: a hundred thousand made-up ones of the longest kind took 800 MB.
    """
    identities = Identities(KEYS)
    filling = "x" * 8000
    for number in range(6000):
        identities.of({"Cookie": f"a={number}{filling}"}, ROOM)
    held = sum(len(cookie) for room, cookie in (*identities._young, *identities._old))

    assert held <= 2 * identity.GENERATION_BYTES


def test_who_keeps_coming_is_remembered_over_generations() -> None:
    """An old verdict that is asked for again is young again."""
    keys = Counting(["k1:" + "o" * 32])
    identities = Identities(keys)
    headers = cookie(KEYS.sign(ANNA), KEYS.sign(TICKET))
    for number in range(3 * identity.GENERATION):
        identities.of({"Cookie": f"a={number}"}, ROOM)
        if number % 10_000 == 0:
            identities.of(headers, ROOM)

    assert keys.checked == 1


@given(st.text(max_size=300))
def test_no_cookie_header_is_too_bad(header: str) -> None:
    """Whatever stands there, it proves nothing and breaks nothing."""
    assert of({"Cookie": header}).ticket is None


def test_cookies_are_read_as_browsers_write_them() -> None:
    """Blanks, quotes, empty parts and parts without a value."""
    assert cookies_of(' a=1;b="2" ; c ;; d=x=y; a=9') == {"a": "1", "b": "2", "d": "x=y"}
