"""
The same random steps on the model and on a real Valkey: the first difference fails, with the steps that led to it.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, ClassVar

import pytest
import redis
from hypothesis import HealthCheck, settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.leaks import leaked_keys
from tests.store.acts import POLICY, ROOM
from tests.store.conftest import START_MS
from waiting_room.core.calendar import KINDS, Entry, Schedule, conflicts, local_text
from waiting_room.core.health import Health
from waiting_room.core.lanes import DEFAULT_LANES, LANE_ORDERS, Lane
from waiting_room.core.opening import Opening
from waiting_room.core.phase import MODES, Phase
from waiting_room.core.plan import PATIENCE_MS, plan
from waiting_room.core.presence import CheckIns
from waiting_room.core.proof import verify
from waiting_room.core.snapshot import LaneSnapshot, Snapshot
from waiting_room.ports import Claim, Redemption, Stage, Store
from waiting_room.store.connection import Connection
from waiting_room.store.memory import MemoryStore
from waiting_room.store.redis import RedisStore

VISITORS = [f"v{number}" for number in range(12)]
RANKS = strategies.integers(1, 14)
LANES = strategies.sampled_from(["standard", "standard", "loyal", "late"])
"""Two of the settings, and one that they never name: its tickets are of another time."""
PLACES = strategies.tuples(LANES, RANKS)
SEATS = strategies.lists(PLACES.map(lambda place: f"{place[0]}.{place[1]}"), max_size=4, unique=True)
SPANS = strategies.sampled_from([0, 1000, 30_000])
STAGES = strategies.dictionaries(
    PLACES.map(lambda place: f"{place[0]}.{place[1]}"),
    strategies.builds(
        Stage, strategies.sampled_from(["basket", "payment"]), strategies.sampled_from([0, START_MS, START_MS + 9000])
    ),
    max_size=3,
)
LOYAL = (Lane("standard"), Lane("loyal", weight=3, floor=0.1, entry="invitation"))
SCHEDULES = (
    strategies.lists(
        strategies.tuples(
            strategies.integers(-10, 50), strategies.sampled_from(KINDS), strategies.sampled_from([30, 900])
        ),
        max_size=3,
        unique_by=lambda entry: entry[0],
    )
    .map(
        lambda found: tuple(
            Entry(local_text(START_MS + second * 1000, "UTC"), do, rate if do == "rate" else None)
            for second, do, rate in sorted(found)
        )
    )
    .filter(lambda schedule: not conflicts(schedule, "UTC", ""))
)
LONGEST_MS = 59_000
"""Joins are forgotten after a minute of the server's own clock, which a test cannot move."""


class Story(RuleBasedStateMachine):
    """
    Play each verb on both stores and compare the replies, then the rooms.
    """

    url: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.model = MemoryStore(START_MS)
        self.redis = RedisStore(Connection(self.url, time_out_s=10), START_MS)
        self.last: tuple[Snapshot, Snapshot] | None = None
        with redis.Redis.from_url(self.url) as client:
            client.flushall()
            client.set("wr:begun", 1)
        self.both(lambda store: store.configure(ROOM, POLICY))

    def run(self, call: Coroutine[Any, Any, Any]) -> Any:
        """Await one call, its exception as a value."""
        try:
            return self.loop.run_until_complete(call)
        except Exception as error:  # noqa: BLE001 - whatever the one raises the other must raise too
            return type(error).__name__, str(error)

    def both(self, verb: Any) -> Any:
        """Do the same on both, and return what both said."""
        said, heard = self.run(verb(self.model)), self.run(verb(self.redis))

        assert heard == said
        return said

    @rule(lane=LANES, who=strategies.lists(strategies.sampled_from(VISITORS), min_size=1, max_size=5))
    def join(self, lane: str, who: list[str]) -> None:
        """Visitors join, some twice."""
        self.both(lambda store: store.join(ROOM, lane, who))

    @rule(places=strategies.lists(PLACES, min_size=1, max_size=5))
    def claim(self, places: list[tuple[str, int]]) -> None:
        """Ranks of several lanes claim, called or not."""
        claims = [Claim(lane, rank, VISITORS[rank % len(VISITORS)], 15 - rank) for lane, rank in places]
        self.both(lambda store: store.claim(ROOM, claims))

    @rule(ms=strategies.sampled_from([1, 100, 250, 999, 4000, 11_000]))
    def time_passes(self, ms: int) -> None:
        """The store's clock moves."""
        now_ms = min(self.model.now_ms + ms, START_MS + LONGEST_MS)
        self.model.now_ms = self.redis.now_ms = now_ms

    @rule(
        turn=strategies.booleans(),
        stale=strategies.booleans(),
        owner=strategies.sampled_from(["a", "b"]),
        slower=strategies.sampled_from([1, 1, 2]),
    )
    def tick(self, turn: bool, stale: bool, owner: str, slower: int) -> None:
        """A controller takes its step, at times with an old version, at times with a rate below the one that is set."""
        step = plan(self.run(self.model.snapshot(ROOM)), owner)
        if step is not None:
            rate = step.rate_per_minute // slower
            version = step.version - stale
            wanted = replace(step, rotate=turn or step.rotate, version=version, rate_per_minute=rate)
            self.both(lambda store: store.advance(ROOM, wanted))

    @rule(lane=LANES, ranks=strategies.lists(RANKS, min_size=1, max_size=6), late=strategies.sampled_from([0, 0, 1]))
    def check_in(self, lane: str, ranks: list[int], late: int) -> None:
        """Visitors show that they are there, some by the ranks of before a draw; one never seen lifts the counter."""
        gathered = CheckIns()
        for rank in ranks:
            gathered.add(rank)
        round_ = self.round() - late
        self.both(lambda store: store.flush(ROOM, lane, gathered.chunks(), gathered.highest, round_))

    @rule(seats=SEATS, released=SEATS, stages=STAGES, left_ms=strategies.integers(-1, 40_000))
    def report(self, seats: list[str], released: list[str], stages: dict[str, Stage], left_ms: int) -> None:
        """A gate reports seats in use, their stages, and seats done."""
        touched = dict.fromkeys(seats, self.model.now_ms + left_ms)
        self.both(lambda store: store.touch(ROOM, touched, released, stages))

    @rule(
        invitation=strategies.sampled_from("xy"),
        uses=strategies.integers(0, 3),
        left_ms=strategies.sampled_from([0, 5000]),
        visitor=strategies.sampled_from(VISITORS),
    )
    def redeem(self, invitation: str, uses: int, left_ms: int, visitor: str) -> None:
        """A visitor uses an invitation, over or not."""
        expires_ms = START_MS + 20_000 + left_ms
        asked = [Redemption(invitation, uses, expires_ms, visitor), Redemption("x", uses, expires_ms, visitor)]
        self.both(lambda store: store.redeem(ROOM, asked))

    @rule(place=PLACES, visitor=strategies.none() | strategies.sampled_from(VISITORS), for_ms=SPANS)
    def revoke(self, place: tuple[str, int], visitor: str | None, for_ms: int) -> None:
        """An operator turns a seat or a visitor away, or takes that back."""
        seat = "" if visitor else f"{place[0]}.{place[1]}"
        self.both(lambda store: store.revoke(ROOM, seat, visitor or "", for_ms))

    @rule(who=strategies.lists(strategies.sampled_from(VISITORS), min_size=1, max_size=3))
    def come_back(self, who: list[str]) -> None:
        """Visitors ask whether they may join the returning lane."""
        self.both(lambda store: store.come_back(ROOM, who))

    @rule(place=PLACES, late=strategies.sampled_from([0, 0, 1]))
    def leave(self, place: tuple[str, int], late: int) -> None:
        """A visitor gives a place or a seat back, at times by the rank of before a draw."""
        lane, rank = place
        round_ = self.round() - late
        self.both(lambda store: store.leave(ROOM, lane, rank, VISITORS[rank % len(VISITORS)], round_))

    @rule(
        phase=strategies.sampled_from(Phase),
        lasts_ms=strategies.sampled_from([0, 0, 500, 20_000]),
        beacon=strategies.sampled_from(["", "8e5c1b"]),
    )
    def change_phase(self, phase: Phase, lasts_ms: int, beacon: str) -> None:
        """An operator changes the phase, or begins a break; a pre-queue ends with the draw that was promised."""
        at_ms = self.model.now_ms + lasts_ms if lasts_ms and phase is Phase.PAUSED else 0
        notice = "Back soon" if lasts_ms and phase is Phase.PAUSED else ""
        opening = Opening(beacon, 20_000, 0.25)
        self.both(lambda store: store.set_phase(ROOM, phase, at_ms, notice, opening))

    @rule(
        seed=strategies.sampled_from(["ab" * 32, "cd" * 32]),
        source=strategies.sampled_from(["", "drand 5"]),
        opens_at_ms=strategies.sampled_from([None, 0, START_MS + 30_000]),
    )
    def promise(self, seed: str, source: str, opens_at_ms: int | None) -> None:
        """A draw is promised to those who gather, at times again and otherwise."""
        self.both(lambda store: store.promise(ROOM, seed, source, opens_at_ms))

    def round(self) -> int:
        """Return how many draws the room has held."""
        return int(self.run(self.model.snapshot(ROOM)).round)

    @rule(rate=strategies.sampled_from([None, 0, 30, 90_000]))
    def override(self, rate: int | None) -> None:
        """An operator sets the rate by hand, or takes it back."""
        self.both(lambda store: store.override(ROOM, rate))

    @rule(units=strategies.sampled_from([None, 0, 1, 3, 1000]), gone=strategies.booleans())
    def sell(self, units: int | None, gone: bool) -> None:
        """The shop tells what is left, or that nothing is."""
        self.both(lambda store: store.stock(ROOM, units))
        if gone:
            self.both(lambda store: store.sell_out(ROOM))

    @rule(answers=strategies.integers(0, 100), broken=strategies.booleans())
    def observe(self, answers: int, broken: bool) -> None:
        """A worker tells how the shop fares."""
        counts = (0, 0, 0, answers, *([0] * 9))
        seen_ = Health(0, 1000, answers, answers * broken, 70 * answers, 60 * answers, counts)
        self.both(lambda store: store.observe(ROOM, seen_))

    @rule(
        adaptive=strategies.booleans(),
        capacity=strategies.integers(0, 5),
        rate=strategies.sampled_from([0, 60, 600, 60_000]),
        lanes=strategies.sampled_from([DEFAULT_LANES, LOYAL, LOYAL[::-1]]),
        order=strategies.sampled_from(LANE_ORDERS),
        schedule=SCHEDULES,
        by_hand=strategies.booleans(),
        mode=strategies.sampled_from(["queue", "queue", *MODES]),
        times=strategies.sampled_from([(10, 40, 15, 600), (2, 90, 10, 0), (30, 30, 60, 12)]),
    )
    def configure(
        self,
        adaptive: bool,
        capacity: int,
        rate: int,
        lanes: tuple[Lane, ...],
        order: str,
        schedule: Schedule,
        by_hand: bool,
        mode: str,
        times: tuple[int, int, int, int],
    ) -> None:
        """An operator changes the settings, takes a lane out and puts it back, plans what is to come."""
        changes: dict[str, Any] = {"capacity": capacity, "rate_per_minute": rate, "lanes": lanes, "lane_order": order}
        changes |= {"mode": mode, "standby_seats": 0.5}
        names = ("idle_timeout_s", "max_session_s", "payment_cap_s", "return_window_s")
        changes |= dict(zip(names, times, strict=True))
        changes |= {"adaptive": adaptive, "rate_floor_per_minute": min(6, rate), "stock_factor": 1.5}
        policy = replace(POLICY, schedule=schedule, **changes)
        self.both(lambda store: store.configure(ROOM, policy, rate_by_hand=by_hand))

    @rule()
    def remember(self) -> None:
        """A worker takes a snapshot that it may have to restore from."""
        self.last = (self.run(self.model.snapshot(ROOM)), self.run(self.redis.snapshot(ROOM)))

    @rule(
        lose=strategies.booleans(),
        anew=strategies.booleans(),
        patience_ms=strategies.sampled_from([PATIENCE_MS - 1, PATIENCE_MS]),
        highest=RANKS,
        plans=SCHEDULES,
    )
    def restore(self, lose: bool, anew: bool, patience_ms: int, highest: int, plans: Schedule) -> None:
        """The store restarts empty, or not; one worker knows nothing and makes the room anew, another puts it back."""
        if self.last is None:
            return
        if lose:
            self.model.lose(ROOM)
            with redis.Redis.from_url(self.url) as client:
                client.flushall()
        for waited_ms in (0, patience_ms) if anew else ():
            self.time_passes(ms=waited_ms)
            self.both(lambda store: store.configure(ROOM, replace(POLICY, schedule=plans)))
        remembered = dict(zip((self.model, self.redis), self.last, strict=True))
        self.both(lambda store: store.restore(remembered[store], {"standard": highest, "loyal": 2}))

    @invariant()
    def rooms_are_the_same(self) -> None:
        """Counters, seats, cohorts and presence agree."""
        self.both(seen)

    @invariant()
    def the_same_are_turned_away(self) -> None:
        """The lists agree."""
        self.both(lambda store: store.revoked(ROOM))

    @invariant()
    def seats_stay_within_capacity(self) -> None:
        """No seat was ever taken beyond the capacity of its moment."""
        assert self.run(self.model.snapshot(ROOM)).seats_over == 0

    def check_log(self) -> None:
        """The logs of both are the same, and they prove that every promise was kept."""
        self.model.now_ms = self.redis.now_ms = self.model.now_ms + 60_000
        step = plan(self.run(self.model.snapshot(ROOM)), "clerk")
        assert step is not None
        assert step.link is not None
        assert self.both(lambda store: store.advance(ROOM, step))
        records = self.both(lambda store: store.audit(ROOM, 0, 100_000))
        head = self.run(self.redis.snapshot(ROOM)).head

        assert records[-1][0] == head.sequence
        assert verify((text for _, text in records), [head]).flaws == ()

    def teardown(self) -> None:
        """Check the log, and leave nothing that lives for ever."""
        self.check_log()
        with redis.Redis.from_url(self.url) as client:
            assert leaked_keys(client) == []
        self.loop.run_until_complete(self.redis.close())
        self.loop.close()


async def seen(store: Store) -> dict[str, Any]:
    """
    Return a snapshot as plain values.
    """
    snapshot = await store.snapshot(ROOM)
    values = {name: getattr(snapshot, name) for name in snapshot.__slots__ if name != "lanes"}
    return values | {"lanes": {name: _plain(lane) for name, lane in snapshot.lanes.items()}}


def _plain(lane: LaneSnapshot) -> dict[str, Any]:
    values = {name: getattr(lane, name) for name in lane.__slots__ if name != "presence"}
    return values | {"bits": lane.presence.bits, "total": lane.presence.total}


@pytest.mark.timeout(200)
def test_redis_does_what_the_model_does(redis_url: str) -> None:
    """Joins, claims, ticks, check-ins, reports, losses: the scripts and the model never differ."""
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    run_state_machine_as_test(
        type("StoryHere", (Story,), {"url": redis_url}),
        settings=settings(max_examples=40, stateful_step_count=40, deadline=None, suppress_health_check=checks),
    )
