"""
What workers report piece by piece becomes one run, and what a lost worker leaves open is told.
"""

from dataclasses import replace

from loadtests.engine.collecting import Collection
from loadtests.measuring.measures import Measures
from loadtests.measuring.recorder import Recorder, Unobserved
from tests.loadtests.engine.generator import PLAN
from tests.loadtests.engine.test_merge import DEED, noted, taken

TWO = replace(PLAN, workers=2)
SHARES = [len(share.share()) for share in TWO.shares()]


def piece(shoppers: list[int], *, scheduled: int = 0) -> Measures:
    """
    Return a report of these shoppers.
    """
    recorder = Recorder(PLAN, Unobserved())
    noted(recorder, [(i, DEED) for i in shoppers])
    return taken(recorder, scheduled)


def test_pieces_of_both_workers_are_one_run() -> None:
    """
    Each reports as it goes; together it is everything, complete with the last report of the last worker.
    """
    collection = Collection(TWO)
    collection.heard(0, piece([0, 2], scheduled=3), last=False)
    collection.heard(1, piece([1], scheduled=1), last=True)
    before = collection.complete
    collection.heard(0, piece([4]), last=True)

    measures = collection.measures()
    assert (before, collection.complete) == (False, True)
    assert measures is not None
    assert [shopper.i for shopper in measures.shoppers] == [0, 1, 2, 4]
    assert (measures.scheduled, measures.not_started, measures.interrupted) == (4, 0, False)


def test_shoppers_of_a_lost_worker_count_as_not_started() -> None:
    """
    What a worker did since its last report nobody knows: the sums stay true, and the run is not a valid one.
    """
    collection = Collection(TWO)
    collection.heard(0, piece([0, 2], scheduled=5), last=False)
    collection.heard(1, piece([1], scheduled=1), last=True)

    measures = collection.measures()
    assert measures is not None
    assert (measures.scheduled, measures.arrivals, measures.not_started) == (6, 3, 3)
    assert measures.interrupted
    assert "worker 0 was lost before its last report" in measures.problems


def test_worker_who_never_reported_is_missed() -> None:
    """
    A worker that was lost at once takes its whole share with it, and the run says so.
    """
    collection = Collection(TWO)
    collection.heard(1, piece([1], scheduled=SHARES[1]), last=True)

    measures = collection.measures()
    assert measures is not None
    assert measures.scheduled == sum(SHARES)
    assert measures.not_started == SHARES[0]


def test_nothing_reported_is_nothing_found() -> None:
    """
    Without any report there are no measures to make up.
    """
    assert Collection(TWO).measures() is None
