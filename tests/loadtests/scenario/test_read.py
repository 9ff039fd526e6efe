"""
Scenarios are read from files: what they say is what is rehearsed, and all that is wrong is told at once.
"""

import gzip
from pathlib import Path

import pytest

from loadtests.arrivals.rate import expected_count
from loadtests.scenario.read import ScenarioError, path_of, read
from loadtests.scenario.spec import Change
from tests.loadtests.scenario.files import SOUND, faults_of


def test_a_file_becomes_a_scenario(tmp_path: Path) -> None:
    """
    Streams start when they should, a stream's behaviour overrides the common one, and the rest is as written.
    """
    path = tmp_path / "mine.toml"
    path.write_text(SOUND)
    scenario = read(path)
    people, others = scenario.streams

    assert list(people.rate.corners) == [(0, 0), (10, 0), (10, 4), (30, 4)]
    assert people.journeys == {"buyer": 3, "window": 1}
    assert people.says == "4 a second for 20 s"
    assert [(each.behaviour.reloads, each.behaviour.room_patience_s) for each in (people, others)] == [
        (1, 50),
        (1, 100),
    ]
    assert (scenario.room, scenario.shop, scenario.speed) == ({"capacity": 10}, {"stock": 5}, 2)
    assert scenario.changes == (Change(at_s=15, do="rate", to=60),)


def test_whence_and_by_which_right_people_come_is_read_and_told(tmp_path: Path) -> None:
    """
    In the line that people read as well.
    """
    path = tmp_path / "mine.toml"
    path.write_text(SOUND.replace("starts_s = 10", "addresses = 9\ninvited = true"))
    people, others = read(path).streams

    assert (people.addresses, people.invited, others.addresses, others.invited) == (9, True, 0, False)
    assert people.says.endswith("; from 9 addresses; each with an invitation")


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    """
    Unknown names at every level, with what was meant, and values of the wrong kind.
    """
    text = (
        SOUND.replace("drain_s", "drain")
        .replace("reloads", "relods")
        .replace('"ramp"', '"rmap"')
        .replace("per_s = 4", 'per_s = "many"')
        .replace("window = 1", "widow = 1")
        .replace("capacity = 10", "capasity = 10")
        .replace("stock = 5", "stok = 5")
        .replace('"rate"\nto = 60', '"explode"')
        .replace("limit = 0.9", "limit = true")
    )

    told = [fault.partition(":")[0] for fault in faults_of(tmp_path, text)]

    assert told == [
        "drain",
        "behaviour.relods",
        "streams[0].per_s",
        "streams[0].journeys.widow",
        "streams[1].model",
        "room.capasity",
        "shop.stok",
        "changes[0].do",
        "criteria[0].limit",
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("drain_s", "drainn_s", "drainn_s: is unknown; did you mean drain_s?"),
        ('model = "ramp"', 'model = "rampe"', "streams[1].model: there is no 'rampe'; did you mean ramp?"),
        ("window = 1", "windows = 1", "streams[0].journeys.windows: is no kind of shopper; did you mean window?"),
        ("capacity", "capacty", "room.capacty: unknown setting; did you mean capacity?"),
        ("to_per_s", "too_per_s", "streams[1].too_per_s: is unknown; did you mean to_per_s?"),
        ("starts_s", "start_s", "streams[0].start_s: is unknown; did you mean starts_s?"),
    ],
)
def test_a_misspelt_name_is_answered_with_the_right_one(tmp_path: Path, old: str, new: str, said: str) -> None:
    """
    At every level.
    """
    assert said in faults_of(tmp_path, SOUND.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ('en = "A test."', 'pl = "Próba."', "says.en"),
        ("drain_s = 5", "drain_s = -5", "drain_s"),
        ("speed = 2", "speed = 0", "speed"),
        ("speed = 2", "unsure = {rate = 1.5}", "unsure.rate"),
        ('name = "others"', 'name = "people"', "streams[1].name"),
        ("per_s = 4", "per_s = -4", "streams[0].per_s"),
        ("for_s = 20\nstarts_s = 10", "for_s = 20\nstarts_s = -1", "streams[0].starts_s"),
        ("for_s = 20\nstarts_s = 10", "for_s = 20\nday_spread = 9", "streams[0].day_spread"),
        ("buyer = 3\nwindow = 1", "buyer = 0", "streams[0].journeys"),
        ("room_patience_s = 50", "room_patience_s = 0", "streams[0].behaviour.room_patience_s"),
        ("reloads = 1", "leave_share = 2", "behaviour.leave_share"),
        ("capacity = 10", "capacity = -1", "room.capacity"),
        ("stock = 5", "stock = -5", "shop.stock"),
        ("at_s = 15", "at_s = 99", "changes[0].at_s"),
        ("to = 60", "for_s = 1", "changes[0].to"),
        ('"rate"\nto = 60', '"break"', "changes[0].for_s"),
        ("limit = 0.9", 'limit = 0.9\nphase = "paek"', "criteria[0].phase"),
        ('model = "ramp"', "", "streams[1].model"),
        ("starts_s = 10", "addresses = -1", "streams[0].addresses"),
        ("starts_s = 10", 'invited = "yes"', "streams[0].invited"),
        ("starts_s = 10", "retry = {again_share = 1.5, after_s = 2}", "streams[0].retry.again_share"),
    ],
)
def test_senseless_values_are_refused_with_their_place(tmp_path: Path, old: str, new: str, where: str) -> None:
    """
    Each of them alone is the only fault.
    """
    assert [fault.partition(":")[0] for fault in faults_of(tmp_path, SOUND.replace(old, new))] == [where]


def test_a_scenario_without_people_is_refused(tmp_path: Path) -> None:
    """
    Somebody must come.
    """
    assert faults_of(tmp_path, 'name = "empty"\n[says]\nen = "x"')[0].startswith("streams: are none")


def test_what_is_no_toml_is_told_with_its_line(tmp_path: Path) -> None:
    """
    The parser's words name the line.
    """
    assert "line 2" in faults_of(tmp_path, 'name = "x"\n= 5')[0]


def test_a_misspelt_preset_is_answered_with_the_right_one() -> None:
    """
    As with everything else.
    """
    with pytest.raises(ScenarioError, match="did you mean push-blast"):
        path_of("push-balst")


@pytest.mark.parametrize("name", ["counts.csv", "counts.csv.gz"])
def test_a_stream_comes_as_in_a_file_beside_the_scenario(tmp_path: Path, name: str) -> None:
    """
    Packed or not, scaled, and shown with the figures of its spike.
    """
    counts = "\n".join(str(count) for count in (10, 10, 10, 50, 100, 100, 50, 25, 12, 10, 10))
    pack = gzip.compress if name.endswith(".gz") else bytes
    (tmp_path / name).write_bytes(pack(counts.encode()))
    path = tmp_path / "mine.toml"
    path.write_text(
        SOUND.replace('"ramp"\nfrom_per_s = 0\nto_per_s = 2\nfor_s = 20', f'"history"\nfile = "{name}"\nscale = 3')
    )
    others = read(path).streams[1]

    assert others.rate.length_s >= 11 * 60
    assert others.says.startswith("as it was: 0.167 a second")
    assert expected_count(others.rate) == pytest.approx(3 * 387, rel=0.1)


def test_a_torn_archive_is_told_with_its_stream(tmp_path: Path) -> None:
    """
    An upload that was cut or altered is no reason for a traceback.
    """
    packed = bytearray(gzip.compress(b"1\n2\n3\n" * 1000))
    packed[15] ^= 0xFF
    (tmp_path / "counts.csv.gz").write_bytes(packed)
    text = SOUND.replace('"ramp"\nfrom_per_s = 0\nto_per_s = 2\nfor_s = 20', '"history"\nfile = "counts.csv.gz"')

    assert [
        fault.startswith("streams[1].file: counts.csv.gz: cannot be read") for fault in faults_of(tmp_path, text)
    ] == [True]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "streams[1].file: access.log: cannot be read: No such file or directory"),
        ("x\ny\n", "streams[1].file: access.log: 2 of 2 lines are no access log"),
    ],
)
def test_a_bad_file_is_told_with_its_stream(tmp_path: Path, content: str | None, said: str) -> None:
    """
    What cannot be opened, and what is something else.
    """
    if content is not None:
        (tmp_path / "access.log").write_text(content)
    text = SOUND.replace('"ramp"\nfrom_per_s = 0\nto_per_s = 2\nfor_s = 20', '"history"\nfile = "access.log"')

    assert [fault.startswith(said) for fault in faults_of(tmp_path, text)] == [True]
