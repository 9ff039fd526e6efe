"""
Plans and measures survive JSON, and bad documents are refused with every fault.
"""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from loadtests.arrivals.rate import Rate
from loadtests.crowd.shoppers import Behaviour
from loadtests.crowd.streams import Stream
from loadtests.documents import DocumentError, write
from loadtests.engine.plan import RunPlan
from loadtests.measuring.histogram import Histogram
from loadtests.measuring.measures import EtaSample, Measures, Outcome, Outcomes, PageMeasure, Second, ShopperRecord

PLAN = RunPlan(
    name="with_room",
    mode="open",
    shop_url="http://127.0.0.1:8081",
    seed=7,
    streams=(Stream("crowd", Rate(((0.0, 1.0), (5.0, 4.0))), behaviour=Behaviour(products=("/product/kite",))),),
    overload_s=(2.0, 9.5),
    tells_addresses=True,
    invitations={"crowd": ("http://127.0.0.1/a", "http://127.0.0.1/b")},
)
MEASURES = Measures(
    run="with_room",
    seed=7,
    started_at_ms=1_700_000_000_000,
    duration_s=12.5,
    interrupted=False,
    overload=(2.0, 9.5),
    arrivals=1,
    scheduled=2,
    not_started=1,
    start_lag_p50_ms=0.5,
    start_lag_p99_ms=1.5,
    start_lag_max_ms=2.5,
    generator_cpu_share=0.1,
    generator_cpu_peak=0.2,
    outcomes=Outcomes(bought=1),
    shop_p95_ms=12.0,
    shop_service_p95_ms=None,
    shop_requests=3,
    shop_errors=0,
    error_ratio=0.0,
    seconds=(Second(0, 1, 2, 0, 1.0, None, 0, 1, 0, 1, 0.5),),
    latency=Histogram.of([1.0, 2.0]),
    pages={"GET home": PageMeasure(3, 1, 0, 0, 1.0, 2.0)},
    room={"join": Histogram.of([3.0])},
    problems={"room join: status 503": 2},
    shoppers=(
        ShopperRecord(
            0, 0.5, 1.5, Outcome.BOUGHT, number=3, later_passes_ms=(1, 2), eta=EtaSample(1.0, 0.5, 2.0, 3.0, 2.5)
        ),
    ),
)


def faults_of(document: object) -> list[str]:
    """
    Return what a plan is refused with.
    """
    with pytest.raises(DocumentError) as error:
        RunPlan.from_json(json.dumps(document), "plan")
    return [str(fault) for fault in error.value.faults]


def test_plan_survives_json() -> None:
    """
    A plan read back equals the plan written.
    """
    assert RunPlan.from_json(PLAN.to_json()) == PLAN


def test_measures_survive_json() -> None:
    """
    Measures read back equal the measures written, histograms and shoppers included.
    """
    assert Measures.from_json(MEASURES.to_json()) == MEASURES


def test_file_is_whole_or_absent(tmp_path: Path) -> None:
    """
    Writing leaves the document and no draft beside it.
    """
    write(MEASURES, tmp_path / "measures.json")

    assert [path.name for path in tmp_path.iterdir()] == ["measures.json"]
    assert Measures.from_file(tmp_path / "measures.json") == MEASURES


def test_ill_typed_parts_are_told_with_their_places() -> None:
    """
    A wrong type, a missing and an unknown name, in nested parts too, are told at once.
    """
    document = json.loads(PLAN.to_json())
    document["seed"] = "7"
    document["colour"] = "red"
    del document["streams"][0]["rate"]["corners"]

    assert faults_of(document) == [
        "plan.seed: input should be a valid integer, is '7'",
        "plan.streams[0].rate.corners: is missing",
        "plan.colour: is unknown; look for a misspelt name",
    ]


def test_impossible_plan_is_refused_with_every_fault() -> None:
    """
    Faults of the rate, the behaviour, the kinds of shoppers and the plan itself come together.
    """
    document = json.loads(PLAN.to_json()) | {
        "mode": "closed",
        "shop_url": "shop.example",
        "duration_s": 0,
        "drain_s": -1,
        "metrics_port": 70_000,
        "overload_s": [5, 4],
        "max_in_flight": 0,
        "run_id": "a b",
        "workers": 2,
        "worker": 2,
        "start_at_ms": -1,
    }
    document["streams"][0]["rate"]["corners"] = [[0.0, 1.0], [5.0, -4.0]]
    document["streams"][0]["behaviour"]["hot_share"] = 2
    document["streams"][0]["journeys"] = {"buyer": 0.0}

    assert [fault.split(":")[0] for fault in faults_of(document)] == [
        "streams[0].rate.corners[1]",
        "streams[0].behaviour.hot_share",
        "streams[0].journeys",
        "shop_url",
        "closed_shoppers",
        "duration_s",
        "drain_s",
        "metrics_port",
        "overload_s",
        "max_in_flight",
        "run_id",
        "worker",
        "start_at_ms",
    ]


def test_broken_json_is_named_as_such() -> None:
    """
    A file cut short is told to be no JSON, and where it ends.
    """
    with pytest.raises(DocumentError, match=r"plan: is no JSON .*column 8"):
        RunPlan.from_json('{"name":', "plan")


def test_absent_file_is_named(tmp_path: Path) -> None:
    """
    A path that leads nowhere is told with the path.
    """
    with pytest.raises(DocumentError, match=r"none\.json: cannot be read \(No such file"):
        RunPlan.from_file(tmp_path / "none.json")


def test_each_who_was_invited_has_a_link_of_their_own() -> None:
    """
    By the order in which those of the stream come; others have none.
    """
    assert [PLAN.invitation("crowd", k) for k in range(3)] == ["http://127.0.0.1/a", "http://127.0.0.1/b", ""]
    assert PLAN.invitation("bots", 0) == ""


def test_run_is_marked_by_name_seed_and_an_id_of_its_own() -> None:
    """
    By the last its requests are told from those of an earlier run with the same crowd.
    """
    again = replace(PLAN, run_id="5e1f")

    assert (PLAN.tag, again.tag) == ("with_room-7", "with_room-7-5e1f")
    assert again.arrivals() == PLAN.arrivals()


@pytest.mark.parametrize(
    ("host", "may"),
    [
        ("staging.example", True),
        ("pay.example", True),
        ("::2", True),
        ("127.0.0.1", True),
        ("www.staging.example", False),
        ("10.0.0.1", False),
    ],
)
def test_a_run_loads_its_shop_this_machine_and_what_was_named(host: str, may: bool) -> None:
    """
    And nobody else, wherever the shop leads.
    """
    plan = replace(PLAN, shop_url="https://Staging.example", hosts=("Pay.example", "[::2]"))

    assert plan.may_load(host) is may


def test_outcomes_sum_up() -> None:
    """
    The total counts every outcome once.
    """
    assert Outcomes(1, 2, 3, 4, 5, 6, 7, 8).total == 36


def test_every_outcome_is_counted_under_its_name() -> None:
    """
    The names of the outcomes are the fields of the counts.
    """
    assert [outcome.value for outcome in Outcome] == list(Outcomes.__slots__)


@pytest.mark.parametrize("workers", [1, 2, 3, 4, 7])
def test_shares_are_together_the_whole_list(workers: int) -> None:
    """
    However many workers: each arrival is of one of them, with the number that it has in the whole list.
    """
    shares = [share.share() for share in replace(PLAN, workers=workers).shares()]

    assert sorted(arrival for share in shares for arrival in share) == list(enumerate(PLAN.arrivals()))
    assert all(i % workers == worker for worker, share in enumerate(shares) for i, _ in share)


def test_measures_are_written_beside_the_plan_wherever_it_is_read(tmp_path: Path) -> None:
    """
    A path from the folder in which the rehearsal ran led nowhere from any other, and the run was lost at its end.
    """
    path = tmp_path / "a.plan.json"
    path.write_text(replace(PLAN, out="a.measures.json").to_json(), encoding="utf-8")

    assert RunPlan.from_file(path).out == str(tmp_path / "a.measures.json")


def test_shares_write_apart() -> None:
    """
    Each has a file and a port of its own.
    """
    shares = replace(PLAN, workers=3, metrics_port=9000, out="runs/a.measures.json").shares()

    assert [share.out for share in shares] == [f"runs/a.measures.{worker}.json" for worker in range(3)]
    assert [share.metrics_port for share in shares] == [9000, 9001, 9002]


def test_closed_shoppers_and_the_limit_are_shared_evenly() -> None:
    """
    Ten who go round are ten, whoever drives them.
    """
    plan = replace(PLAN, mode="closed", closed_shoppers=10, max_in_flight=11, workers=4)

    assert [share.closed_share for share in plan.shares()] == [3, 3, 2, 2]
    assert [share.in_flight_share for share in plan.shares()] == [3, 3, 3, 2]


def test_run_of_one_worker_is_its_own_share() -> None:
    """
    One process writes where the plan says.
    """
    assert PLAN.shares() == (PLAN,)
