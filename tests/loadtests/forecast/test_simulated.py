"""
A scenario in the simulator: the same people as in a run, and figures that its forecast bears out.
"""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner

from loadtests.cli.simulate import simulate
from loadtests.crowd.shoppers import draw_shopper
from loadtests.crowd.streams import arrivals_of, kind_of
from loadtests.forecast.result import forecast_of
from loadtests.rehearsal.simulated import Simulated, UnplayableError, simulated
from loadtests.scenario.spec import Change, Scenario
from tests.loadtests.forecast.test_predict import TEXT
from tests.loadtests.forecast.test_result import SCENARIO, STREAM, with_kinds
from waiting_room.core.pacing import TICK_MS

SEED = 3
SMALL = SCENARIO.scaled(0.5)
SMALL = replace(SMALL, room={**SMALL.room, "rate_per_minute": 450, "capacity": 200, "poll_min_s": 1.0})
STALL = Change(15.0, "slow-shop", for_s=8.0, to=6.0)


@cache
def plain() -> Simulated:
    """
    Return the small spike, played.
    """
    return simulated(SMALL, SEED)


def end_s(scenario: Scenario = SMALL) -> float:
    """
    Return when a run of it ends.
    """
    return scenario.length_s + scenario.drain_s


def test_the_people_are_those_of_a_run_of_the_seed() -> None:
    """
    The same moments, kinds and patience.
    """
    arrivals, stream = arrivals_of(SMALL.streams, SEED), SMALL.streams[0]
    assert [guest.at_s for guest in plain().guests] == [arrival.at_s for arrival in arrivals]
    for arrival, guest in zip(arrivals[:20], plain().guests, strict=False):
        shopper = draw_shopper(stream.behaviour, f"{SEED}:{stream.name}:{arrival.k}", arrival.k)
        assert (guest.kind, guest.patience_s) == (kind_of(stream, SEED, arrival.k), shopper.room_patience_s)


def test_everybody_is_accounted_for() -> None:
    """
    Let in, gone, or still there.
    """
    told = plain().to_json(end_s())
    assert told["admitted"] + sum(told["outcomes"].values()) + told["still_waiting"] == told["arrivals"]


def test_the_forecast_bears_the_simulation_out() -> None:
    """
    Waits within its band, and as many orders.
    """
    told, forecast = plain().to_json(end_s()), forecast_of(SMALL, SEED)
    low, high = forecast.wait_max_band
    assert low <= told["waited_max_s"] <= high
    assert told["waited_p50_s"] == pytest.approx(forecast.waited_p50_s, rel=0.15)
    assert told["orders_total"] == pytest.approx(forecast.orders, rel=0.08)


def test_no_shows_are_called_and_do_not_come() -> None:
    """
    Half of the crowd; but who comes while nobody waits is let in at once.
    """
    halved = replace(with_kinds(buyer=1, no_show=1).scaled(0.5), room=SMALL.room)
    played = simulated(halved, SEED)

    assert played.to_json(end_s())["outcomes"]["no_show"] > 20
    assert [wait_s for guest, wait_s in played.waits() if guest.kind == "no-show" and wait_s > TICK_MS / 1000] == []


def test_a_break_lets_nobody_in() -> None:
    """
    From its beginning to its end.
    """
    broken = replace(SMALL, changes=(Change(15.0, "break", for_s=10.0),))
    let_in = [guest.at_s + wait_s for guest, wait_s in simulated(broken, SEED).waits()]
    assert not [at_s for at_s in let_in if 16.5 < at_s < 25.0]
    assert [at_s for at_s in let_in if 25.0 < at_s < 28.0]


def test_a_room_whose_store_was_killed_rests_until_it_is_put_back() -> None:
    """
    Three seconds and a half after the store is started again.
    """
    killed = replace(SMALL.scaled(0.5), changes=(Change(15.0, "kill-redis", for_s=2.0),))
    let_in = [guest.at_s + wait_s for guest, wait_s in simulated(killed, SEED).waits()]
    assert not [at_s for at_s in let_in if 16.0 < at_s < 20.5]
    assert [at_s for at_s in let_in if 20.5 < at_s < 23.0]


def test_of_a_bots_places_none_is_a_person_who_lost_patience() -> None:
    """
    Five places wait for each, and are left without anybody's telling.
    """
    bots = replace(SMALL, streams=(replace(STREAM, rate=SMALL.streams[0].rate.scaled(0.05), journeys={"bot": 1.0}),))
    slow = replace(bots, room={**SMALL.room, "rate_per_minute": 60})
    told = simulated(slow, SEED).to_json(end_s())
    assert told["places"] == 5 * told["arrivals"]
    assert told["outcomes"]["gave_up_waiting"] == 0
    assert told["admitted"] < told["places"]


def test_a_room_that_gathers_opens_by_a_draw() -> None:
    """
    Nobody is let in before it.
    """
    gathering = replace(SMALL.scaled(0.3), pre_queue_s=15.0)
    assert min(guest.at_s + wait_s for guest, wait_s in simulated(gathering, SEED).waits()) >= 15.0


def test_what_the_simulator_leaves_out_is_told() -> None:
    """
    A shop of one's own that becomes slow is not played, nor what a room makes of it that follows its shop.
    """
    slow = replace(SMALL.scaled(0.1), changes=(STALL,))
    assert simulated(slow, SEED).to_json(end_s())["left_out"] == ["slow-shop"]
    following = replace(slow, room={**slow.room, "adaptive": True})
    assert simulated(following, SEED).to_json(end_s())["left_out"] == ["slow-shop", "adaptive"]


def test_a_demo_shop_that_becomes_slow_is_played() -> None:
    """
    Orders come later, whoever is inside stays longer, and a room that follows its shop lets nobody in meanwhile.
    """
    slow = replace(SMALL.scaled(0.4), shop={"db_connections": 4}, changes=(STALL,))
    stalled, calm = simulated(slow, SEED), simulated(replace(slow, shop={}), SEED)
    assert stalled.to_json(end_s())["left_out"] == []
    assert stalled.orders(STALL.at_s + STALL.for_s) < calm.orders(STALL.at_s + STALL.for_s)
    assert stalled.orders(end_s()) == pytest.approx(calm.orders(end_s()), rel=0.05)
    assert stalled.result.seats_peak > calm.result.seats_peak
    following = simulated(replace(slow, room={**slow.room, "adaptive": True}), SEED)
    assert not [at_s for at_s in (g.at_s + wait_s for g, wait_s in following.waits()) if 20.5 < at_s < 23.0]


def test_one_who_buys_twice_comes_twice() -> None:
    """
    The seat is given back with the first order.
    """
    rate = SMALL.streams[0].rate.scaled(0.2)
    twice = replace(SMALL, streams=(replace(STREAM, rate=rate, journeys={"returning": 1.0}),))
    played = simulated(twice, SEED)
    assert len(played.guests) > 1.5 * played.shoppers


def test_the_command_tells_the_simulation_beside_the_forecast(tmp_path: Path) -> None:
    """
    For people and for machines.
    """
    path = tmp_path / "drop.toml"
    path.write_text(TEXT)
    text = CliRunner().invoke(simulate, [str(path), "--scale", "0.3"]).output
    assert "simulated" in text
    assert "longest wait" in text
    told = json.loads(CliRunner().invoke(simulate, [str(path), "--scale", "0.3", "--json"]).output)
    assert told["runs"]["simulated"]["arrivals"] == told["runs"]["simulated"]["forecast"]["arrivals"] > 20


def test_the_command_tells_all_faults_of_its_options() -> None:
    """
    Each with its option.
    """
    done = CliRunner().invoke(simulate, ["push-blast", "--seed", "x", "--scale", "-1"])
    assert done.exit_code == 2
    assert "--seed" in done.output
    assert "--scale" in done.output


def test_no_more_is_sold_than_there_is() -> None:
    """
    One product that everybody wants: its stock is the number of orders.
    """
    hot = replace(SMALL.streams[0].behaviour, hot_share=1.0)
    scarce = replace(SMALL, shop={"stock": 20}, streams=(replace(SMALL.streams[0], behaviour=hot),))

    assert simulated(scarce, SEED).orders(end_s()) == 20 < plain().orders(end_s())


def test_nothing_is_sold_from_emptied_shelves() -> None:
    """
    Whoever is inside when all is sold out buys nothing any more.
    """
    ends = replace(SMALL, changes=(Change(20.0, "sell-out"),))

    assert simulated(ends, SEED).orders(end_s()) == plain().orders(20.0)


def test_nobody_at_all_is_refused() -> None:
    """
    Of hardly anybody who is expected, a seed may draw no one to play.
    """
    with pytest.raises(UnplayableError, match="visitors: 0 is out of range"):
        simulated(SMALL.faster(1e9), SEED)
