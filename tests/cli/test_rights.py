"""
``waiting-room room invite`` and ``room revoke``, on a real Valkey.
"""

import asyncio
import csv
import io
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.cli.command import Ran, run
from waiting_room.core.policy import Policy
from waiting_room.store.connection import Connection
from waiting_room.store.redis import RedisStore
from waiting_room.tokens import Invitation, Keyring

SECRET = "k1:" + "s" * 32
LANES = {"standard": {}, "loyal": {"entry": "invitation"}, "again": {"entry": "return"}}
Environ = dict[str, str]


@pytest.fixture
def sale(redis_url: str) -> Environ:
    """
    Create a room with a lane for the invited and one for those who come back.
    """
    environ = {
        "WAITING_ROOM_REDIS__URL": redis_url,
        "WAITING_ROOM_SERVER__SECRET_KEYS": SECRET,
        "WAITING_ROOM_SERVER__PUBLIC_URL": "https://shop.example",
    }

    async def make() -> None:
        store = RedisStore(Connection(redis_url, time_out_s=10))
        await store.configure("sale", Policy.parse({"lanes": LANES}))
        await store.close()

    asyncio.run(make())
    return environ


def invite(environ: Environ, *options: str) -> Ran:
    """
    Ask for invitations to the lane of the loyal.
    """
    return run("room", "invite", "sale", "--lane", "loyal", *options, environ=environ)


def invitation(link: str) -> Invitation:
    """
    Return the invitation that a link bears, verified.
    """
    parts = urlsplit(link)
    assert (parts.scheme, parts.netloc, parts.path) == ("https", "shop.example", "/waiting-room/sale")
    return Keyring((SECRET,)).invitation(parse_qs(parts.query)["invite"][0], "sale")


def test_links_are_printed_one_a_line(sale: Environ) -> None:
    """
    Each is signed with the service's key, and has an id of its own.
    """
    made = [invitation(line) for line in invite(sale, "--count", "3", "--uses", "2").out.splitlines()]

    assert [(one.lane, one.uses) for one in made] == [("loyal", 2)] * 3
    assert len({one.id for one in made}) == 3


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("30m", 1800), ("2h", 7200), ("1.5d", 129_600), ("45", 45)])
def test_expiry_is_said_as_people_say_it(sale: Environ, text: str, seconds: int) -> None:
    """
    Seconds, minutes, hours and days.
    """
    one, other = (invite(sale, "--expires", wanted, "--json").json[0] for wanted in (text, "1d"))

    assert abs(one["expires_ms"] - other["expires_ms"] - (seconds - 86_400) * 1000) < 60_000


def test_a_table_is_printed_for_a_spreadsheet(sale: Environ) -> None:
    """
    With a head, and the link as its last column.
    """
    head, *rows = csv.reader(io.StringIO(invite(sale, "--count", "2", "--csv").out))

    assert head == ["id", "lane", "uses", "expires_ms", "link"]
    assert [row[0] for row in rows] == [invitation(row[-1]).id for row in rows]


def test_json_bears_the_token_for_apps(sale: Environ) -> None:
    """
    An app sends it as a header instead of opening the link.
    """
    (made,) = invite(sale, "--json").json

    assert invitation(made["link"]) == Keyring((SECRET,)).invitation(made["token"], "sale")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--lane", "gold"], "the room has no lane 'gold'; it has standard, loyal, again"),
        (["--lane", "again"], "is for those who come back"),
        (["--uses", "0", "--count", "20000"], "uses: 0 is out of range"),
        (["--uses", "0", "--count", "20000"], "count: 20,000 is out of range; allowed are 1 to 10,000"),
        (["--expires", "soon"], "'soon' is no time"),
    ],
)
def test_what_cannot_be_made_is_told_with_a_remedy(sale: Environ, options: list[str], told: str) -> None:
    """
    All faults at once, and no link.
    """
    done = invite(sale, *options)

    assert (done.code, done.out) == (2, "")
    assert told in done.err


def test_no_invitation_is_signed_with_a_made_up_key(sale: Environ) -> None:
    """
    It would count nowhere.
    """
    done = invite({name: value for name, value in sale.items() if "SECRET" not in name})

    assert (done.code, done.out) == (3, "")
    assert "another key than the service's" in done.err


def test_an_unknown_room_is_told(sale: Environ) -> None:
    """
    Before anything is made.
    """
    for command in (("invite", "nope", "--lane", "loyal"), ("revoke", "nope", "--seat", "standard.1")):
        done = run("room", *command, environ=sale)

        assert (done.code, done.out) == (1, "")
        assert "there is no room 'nope'" in done.err


def test_revoking_is_told_and_taken_back(sale: Environ) -> None:
    """
    The list says who is turned away until when; no time at all takes one off it.
    """
    seat = run("room", "revoke", "sale", "--seat", "standard.1", "--for", "1h", "--json", environ=sale)
    visitor = run("room", "revoke", "sale", "--visitor", "anna", environ=sale)
    back = run("room", "revoke", "sale", "--seat", "standard.1", "--for", "0", "--json", environ=sale)

    assert [entry["seat"] for entry in seat.json["revoked"]] == ["standard.1"]
    assert (visitor.code, visitor.err) == (0, "sale: visitor anna is turned away; 0 seats were freed.\n")
    assert [entry["visitor"] for entry in back.json["revoked"]] == ["anna"]


@pytest.mark.parametrize("options", [[], ["--seat", "standard.1", "--visitor", "anna"]])
def test_one_of_seat_and_visitor_is_named(sale: Environ, options: list[str]) -> None:
    """
    Neither and both are mistakes.
    """
    done = run("room", "revoke", "sale", *options, environ=sale)

    assert done.code == 2
    assert "either --seat or --visitor" in done.err
