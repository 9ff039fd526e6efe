from dataclasses import replace
from typing import cast

from prometheus_client.parser import text_string_to_metric_families

from waiting_room.core.phase import Phase
from waiting_room.core.policy import Policy
from waiting_room.core.presence import Presence
from waiting_room.core.shadow import Lump, Shadow
from waiting_room.core.snapshot import LaneSnapshot, Snapshot
from waiting_room.core.view import View
from waiting_room.lobby import Lobby
from waiting_room.ports import Store
from waiting_room.rooms import Room
from waiting_room.telemetry.prometheus import Metrics
from waiting_room.telemetry.publisher import Publisher

NOW_MS = 1_000_000

SNAPSHOT = Snapshot(
    room="spring",
    policy=Policy(capacity=100, rate_per_minute=120, on_redis_outage="hold"),
    now_ms=NOW_MS,
    epoch=3,
    version=1,
    phase=Phase.OPEN,
    lanes={"standard": LaneSnapshot(issued=500, frontier=451, high_water=1000, presence=Presence(451, b""))},
    rate_per_minute=120,
    seats=80,
    seats_peak=90,
    seats_expired=7,
    seats_over=0,
    admitted=450,
    tokens=1.0,
    lost_tokens=0.0,
    expected=5.0,
    no_show=0.1,
    leaving_per_s=0.0,
    slot_at_ms=0,
    slot_ms=60_000,
    recover_until_ms=0,
    ticked_ms=NOW_MS,
    owner="me",
    owner_until_ms=NOW_MS + 5_000,
)


class Worker:
    """
    Hold the room of one worker, called *owner*, and what it publishes; publishing calls no store.
    """

    def __init__(self, owner: str) -> None:
        self.redis_up = True
        self.lobby = Lobby(cast("Store", None), lambda: NOW_MS + 1500)
        self.room = Room("spring", View(SNAPSHOT), NOW_MS)
        self.lobby.known["spring"] = self.room
        self.publisher = Publisher(Metrics("service"), self.lobby, owner, lambda: self.redis_up)

    def see(self, snapshot: Snapshot) -> None:
        """
        Take a newer snapshot and publish it.
        """
        self.room.see(snapshot, NOW_MS)
        self.publisher.publish()

    def shows(self, name: str, **labels: str) -> float | None:
        """
        Return what Prometheus would read.
        """
        for family in text_string_to_metric_families(self.publisher.exposition()[0].decode()):
            for sample in family.samples:
                if sample.name == name and sample.labels == labels:
                    return sample.value
        return None


def test_the_levels_of_a_room_are_those_of_its_snapshot() -> None:
    """
    Seats, capacity, rate, numbers, called, lanes, no-shows and epoch are told as the store has them.
    """
    worker = Worker("me")

    assert worker.shows("waiting_room_seats", room="spring") == 80
    assert worker.shows("waiting_room_capacity", room="spring") == 100
    assert worker.shows("waiting_room_rate_target_per_second", room="spring") == 2
    assert worker.shows("waiting_room_issued", room="spring") == 500
    assert worker.shows("waiting_room_frontier", room="spring") == 451
    assert worker.shows("waiting_room_called", room="spring") == 5
    assert worker.shows("waiting_room_no_show_ratio", room="spring") == 0.1
    assert worker.shows("waiting_room_epoch", room="spring") == 3
    assert worker.shows("waiting_room_lane_waiting", room="spring", lane="standard") == 0
    assert worker.shows("waiting_room_snapshot_age_seconds", room="spring") == 1.5


def test_a_room_that_admits_nobody_aims_at_nothing() -> None:
    """
    While it is paused, or still being put together after a loss, the target is 0: its silence is no stall.
    """
    worker = Worker("me")
    for still in (replace(SNAPSHOT, phase=Phase.PAUSED), replace(SNAPSHOT, recover_until_ms=NOW_MS + 1)):
        worker.see(still)

        assert worker.shows("waiting_room_rate_target_per_second", room="spring") == 0


def test_what_the_store_counts_is_counted_by_the_leader_alone() -> None:
    """
    Both workers see that three seats have expired; only the one that leads says so.
    """
    leader, other = Worker("me"), Worker("another")
    for worker in (leader, other):
        worker.publisher.publish()
        worker.see(replace(SNAPSHOT, seats_expired=10, seats_over=1))

    assert leader.shows("waiting_room_seats_ended_total", room="spring", way="expired") == 3
    assert leader.shows("waiting_room_over_admissions_total", room="spring") == 1
    assert other.shows("waiting_room_seats_ended_total", room="spring", way="expired") == 0


def test_a_leader_that_comes_back_counts_nothing_twice() -> None:
    """
    What happened while another led was counted by that other.
    """
    worker = Worker("me")
    worker.publisher.publish()
    worker.see(replace(SNAPSHOT, owner="another", seats_expired=50))
    worker.see(replace(SNAPSHOT, seats_expired=52))

    assert worker.shows("waiting_room_seats_ended_total", room="spring", way="expired") == 2


def test_a_store_that_starts_anew_takes_nothing_back() -> None:
    """
    After a loss of state the store counts from 0 again, and counters do not fall.
    """
    worker = Worker("me")
    worker.publisher.publish()
    worker.see(replace(SNAPSHOT, seats_expired=0, epoch=4))
    worker.see(replace(SNAPSHOT, seats_expired=1, epoch=4))

    assert worker.shows("waiting_room_seats_ended_total", room="spring", way="expired") == 1


def test_events_are_told_once() -> None:
    """
    A tally is handed over and begun anew, and what a visitor is told of a claim has the words of the catalogue.
    """
    worker = Worker("me")
    worker.room.tally["join", "new"] += 4
    worker.room.tally["join", "draining"] += 1
    worker.room.tally["claim", "paced"] += 2
    worker.room.tally["admission", "straight"] += 3
    worker.room.waits_s.append(12.5)
    worker.publisher.publish()
    worker.publisher.publish()

    assert worker.shows("waiting_room_joins_total", room="spring", outcome="new") == 4
    assert worker.shows("waiting_room_joins_total", room="spring", outcome="refused") == 1
    assert worker.shows("waiting_room_claims_total", room="spring", outcome="not_yet") == 2
    assert worker.shows("waiting_room_admissions_total", room="spring", way="straight") == 3
    assert worker.shows("waiting_room_wait_seconds_sum", room="spring") == 12.5


def test_without_redis_the_policy_in_force_is_told() -> None:
    """
    Redis is told to be down, the outage mode is that of the policy, and nobody leads.
    """
    worker = Worker("me")
    worker.redis_up = False

    assert worker.shows("waiting_room_redis_up") == 0
    assert worker.shows("waiting_room_outage_mode", room="spring", mode="hold") == 1
    assert worker.shows("waiting_room_outage_mode", room="spring", mode="none") == 0
    assert worker.shows("waiting_room_controller_leader", room="spring") == 0


def test_requests_are_told_by_route_and_class() -> None:
    """
    A request counts for its route with the class of its status, and its duration in seconds.
    """
    worker = Worker("me")
    worker.publisher.request("join", 503, 0.004)

    assert worker.shows("waiting_room_http_requests_total", route="join", code_class="5xx") == 1
    assert worker.shows("waiting_room_http_request_duration_seconds_sum", route="join") == 0.004


def test_the_shadow_is_told_as_levels_and_counted_by_the_leader() -> None:
    """
    How many would wait and for how long is a level; who would have waited is counted once, by the one who leads.
    """
    before = Shadow(since_ms=0, at_ms=NOW_MS, admitted=1, seats=1, inside=1.0, waited=40.0)
    after = replace(before, waited=47.0, queue=(Lump(NOW_MS - 3000, 5.0),))
    leader, other = Worker("me"), Worker("you")
    policy = replace(SNAPSHOT.policy, mode="shadow")
    for worker in (leader, other):
        worker.see(replace(SNAPSHOT, policy=policy, shadow=before))
        worker.see(replace(SNAPSHOT, policy=policy, shadow=after))

    assert leader.shows("waiting_room_shadow_waiting", room="spring") == 5
    assert leader.shows("waiting_room_shadow_wait_seconds", room="spring") == 3
    assert leader.shows("waiting_room_mode", room="spring", mode="shadow") == 1
    assert leader.shows("waiting_room_shadow_waited_total", room="spring") == 7
    assert other.shows("waiting_room_shadow_waited_total", room="spring") in {None, 0}
