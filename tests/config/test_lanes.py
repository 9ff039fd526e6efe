"""
A room's lanes in a file and in the environment.
"""

from pathlib import Path

from tests.config.test_load import faults, loaded
from waiting_room.config import Settings
from waiting_room.core.lanes import Lane

LANES = """
    [rooms.sale]
    lane_order = "strict"
    [rooms.sale.lanes.loyal-ones]
    weight = 3
    floor = 0.1
    entry = "invitation"
    [rooms.sale.lanes.standard]
"""


def test_a_room_s_lanes_stand_in_tables_in_their_order(tmp_path: Path) -> None:
    """
    The order of the file is the order of precedence.
    """
    policy = loaded(tmp_path, LANES).rooms["sale"]

    assert policy.lanes == (Lane("loyal-ones", 3.0, 0.1, "invitation"), Lane("standard"))
    assert policy.lane_order == "strict"


def test_the_environment_changes_a_lane(tmp_path: Path) -> None:
    """
    Value by value; the whole table may be given as JSON as well.
    """
    one = {"WAITING_ROOM_ROOMS__SALE__LANES__LOYAL_ONES__WEIGHT": "5"}
    all_ = {"WAITING_ROOM_ROOMS__FAIR__LANES": '{"standard":{},"vip":{"weight":2}}'}

    assert loaded(tmp_path, LANES, one).rooms["sale"].lanes[0] == Lane("loyal-ones", 5.0, 0.1, "invitation")
    assert loaded(tmp_path, "", all_).rooms["fair"].lanes == (Lane("standard"), Lane("vip", 2.0))


def test_the_faults_of_lanes_say_where_they_are(tmp_path: Path) -> None:
    """
    Each with its line, all at once.
    """
    text = LANES.replace("weight = 3", "weight = 0").replace('"invitation"', '"friends"')

    weight, entry = faults(tmp_path, text)

    assert weight.startswith("room.toml:5: rooms.sale.lanes.loyal-ones.weight: a weight of 0 calls nobody; ")
    assert entry.startswith("room.toml:7: rooms.sale.lanes.loyal-ones.entry: 'friends' is none of the choices; ")


def test_lanes_pass_through_a_pipe(tmp_path: Path) -> None:
    """
    A worker gets them in the same order.
    """
    settings = loaded(tmp_path, LANES)

    assert Settings.from_dict(settings.as_dict()).rooms == settings.rooms
