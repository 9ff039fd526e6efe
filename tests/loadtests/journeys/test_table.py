"""
Transition tables say beforehand how often each page is visited, and walks drawn from them keep to it.
"""

from collections import Counter, defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtests.crowd.shoppers import Behaviour
from loadtests.journeys.table import (
    MEANT,
    Edge,
    Table,
    TableError,
    Thought,
    draw_path,
    page_ratios,
    planned,
    thinking_s,
    visit_ratios,
)
from loadtests.journeys.tables import BUYER, RETURNING, TABLES, WINDOW
from loadtests.measuring.measures import Outcome
from loadtests.measuring.walks import RatioCheck, Walked, Walks, check_ratios


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """
    Draw any sound table: from each state at least a tenth ends the visit.
    """
    states = [f"s{at}" for at in range(draw(st.integers(1, 6)))]
    edges = {}
    for state in states:
        parts = [draw(st.integers(0, 9)) for _ in states]
        total = sum(parts) / 0.9 or 1.0
        inner = tuple(Edge(to, part / total) for to, part in zip(states, parts, strict=True))
        edges[state] = (*inner, Edge(draw(st.sampled_from(MEANT)), 1 - sum(edge.share for edge in inner)))
    return Table(edges, states[0])


def walked(table: Table, count: int, *, cut: int = 0) -> Walked:
    """
    Return what *count* shoppers took, each *cut*-th of whom is lost at the second page.
    """
    walks = Walks()
    walks.begin("kind", lambda: planned(table))
    for who in range(count):
        path = draw_path(table, who)
        before = ""
        for step in path.steps:
            walks.step("kind", before, step.state)
            before = step.state
            if cut and who % cut == 0 and step is path.steps[1]:
                break
        else:
            walks.step("kind", before, path.end)
    return walks.take()["kind"]


def off(checks: tuple[RatioCheck, ...]) -> set[str]:
    """
    Return the states that were not visited as often as the table says.
    """
    return {check.state for check in checks if not check.ok}


@settings(max_examples=40)
@given(table=tables())
def test_visit_ratios_solve_the_traffic_equation(table: Table) -> None:
    """
    V = e + V P, for every state and end of any sound table.
    """
    ratios = visit_ratios(table)
    came = defaultdict[str, float](float, {table.start: 1.0})
    for state, edges in table.edges.items():
        for edge in edges:
            came[edge.to] += ratios[state] * edge.share

    assert {state: pytest.approx(came[state]) for state in ratios} == ratios


@settings(max_examples=40)
@given(table=tables())
def test_every_visit_ends_once(table: Table) -> None:
    """
    The ratios of the ends sum to one.
    """
    ratios = visit_ratios(table)

    assert sum(ratios.get(end, 0.0) for end in MEANT) == pytest.approx(1.0)


@pytest.mark.parametrize("kind", TABLES)
def test_walks_of_every_kind_visit_pages_as_computed(kind: str) -> None:
    """
    Two thousand walks drawn from a table of ours pass the check against its own ratios.
    """
    checks = check_ratios(walked(TABLES[kind], 1000))

    assert off(checks) == set()
    assert all(check.measured == pytest.approx(check.predicted, abs=0.15) for check in checks)


def test_known_ratios_of_the_window_shopper() -> None:
    """
    Who goes on with one half looks at two products.
    """
    assert visit_ratios(WINDOW) == pytest.approx({"home": 1.0, "product": 2.0, "browsed": 1.0})


def test_pages_of_a_second_round_count_as_the_same_page() -> None:
    """
    Who buys twice opens the order's page twice, though they are two states.
    """
    assert page_ratios(RETURNING)["order"] == pytest.approx(2.0)
    assert RETURNING.pages == ("home", "product", "basket", "checkout", "payment", "order")


def test_thoughts_of_a_buyer_are_three_looks_and_two_forms() -> None:
    """
    The mean of the thoughts follows from ratios and laws.
    """
    assert thinking_s(BUYER, Behaviour(browse_think_s=2, form_think_s=5)) == pytest.approx(3 * 2 + 2 * 5)


def test_slowness_lengthens_a_thought() -> None:
    """
    Three times as slow is three times as long.
    """
    table = Table({"home": (Edge("browsed", slowness=3.0),)})

    assert thinking_s(table, Behaviour(browse_think_s=2)) == pytest.approx(6.0)


def test_a_person_goes_the_same_way_in_every_run() -> None:
    """
    The path follows from the person.
    """
    assert [draw_path(WINDOW, who) for who in range(50)] == [draw_path(WINDOW, who) for who in range(50)]


def test_lost_shoppers_do_not_look_like_a_wrong_table() -> None:
    """
    A shop that loses every third visitor makes ratios smaller than predicted, which is no fault of the walks.
    """
    checks = {check.state: check for check in check_ratios(walked(BUYER, 900, cut=3))}

    assert all(check.ok for check in checks.values())
    assert checks["basket"].predicted == pytest.approx(1.0)
    assert checks["basket"].measured == pytest.approx(2 / 3)


def test_wrong_shares_are_found() -> None:
    """
    Walks with other shares than the table's do not pass.
    """
    other = Table({"home": (Edge("product"),), "product": (Edge("product", 0.6), Edge("browsed", 0.4, Thought.NONE))})
    found = walked(other, 2000)

    assert "product" in off(check_ratios(Walked(found.taken, planned(WINDOW).shares, planned(WINDOW).ratios)))


def test_way_that_the_table_does_not_have_is_found() -> None:
    """
    One shopper at a page to which nothing leads is one too many.
    """
    found = walked(BUYER, 100)
    found.taken["home>order"] = 1

    assert "order" in off(check_ratios(found))


def test_nobody_of_a_kind_is_as_good_as_it_gets() -> None:
    """
    A kind of whom nobody came has no ratios that could be wrong.
    """
    assert off(check_ratios(planned(BUYER))) == set()


def test_walks_of_two_processes_add_up() -> None:
    """
    Halves of a run, put together, are the run.
    """
    whole, half = walked(WINDOW, 40), walked(WINDOW, 20)
    rest = Counter(whole.taken) - Counter(half.taken)

    assert half.plus(Walked(dict(rest), half.shares, half.ratios)) == whole


def test_all_faults_of_a_table_are_told() -> None:
    """
    Unknown states, shares that do not sum to one, a start without edges: all at once.
    """
    table = Table({"a": (Edge("b", 0.5), Edge("browsed", 0.2)), "c": (Edge("a", 2.0, slowness=-1.0),)}, start="home")

    assert [str(fault) for fault in table.faults()] == [
        "table.a: leads to 'b', which is unknown; a state of the table, or one of bought, browsed, left_basket",
        "table.a: has shares that sum to 0.7; they must sum to 1",
        "table.c: has a share of 2.0 to a; shares lie between 0 and 1",
        "table.c: has a slowness of -1.0 to a; a number of at least 0",
        "table.c: has shares that sum to 2; they must sum to 1",
        "table.start: 'home' leads nowhere; name a state that has edges",
    ]


def test_walk_without_an_end_is_refused() -> None:
    """
    A table from which nobody comes home is no table.
    """
    table = Table({"home": (Edge("a", 0.5), Edge("bought", 0.5)), "a": (Edge("a"),)})

    with pytest.raises(TableError, match="never ends from a; lead them to an end"):
        visit_ratios(table)


def test_walk_that_hardly_ever_ends_is_refused() -> None:
    """
    A thousand pages a visit are a mistyped share.
    """
    table = Table({"home": (Edge("home", 0.999), Edge(Outcome.BROWSED, 0.001))})

    with pytest.raises(TableError, match="has 1000 pages a visit, more than 50"):
        visit_ratios(table)
