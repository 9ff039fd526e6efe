"""
A journey as a transition table: which page follows which, how often, and after how long a thought.

A customer behaviour model graph (Menascé and Almeida, "Scaling for E-Business", 2000): the pages are states, a visit is
a walk of a Markov chain through them until it ends. How often each page is visited follows before anything was run:
the visit ratios solve V = e + V P, with e the entry and P the shares between pages.
"""

import random
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import isclose, isfinite
from typing import Final, NamedTuple

from loadtests.crowd.shoppers import Behaviour, Shopper
from loadtests.measuring.measures import Outcome
from loadtests.measuring.walks import Walked
from waiting_room.errors import Fault, FaultsError

MEANT: Final = (Outcome.BOUGHT, Outcome.BROWSED, Outcome.LEFT_BASKET)
"""How a visit can end because its shopper means to end it so; everything else befalls them."""
MAX_PAGES: Final = 50.0
"""A journey with more pages than this on average is a table that hardly ever ends."""


class Thought(StrEnum):
    """
    Name what a shopper does before the next page: nothing, read the page, or fill it in.
    """

    NONE = "none"
    READ = "read"
    FILL = "fill"


class TableError(FaultsError):
    """
    Refuse a transition table, with everything that is wrong with it.
    """


@dataclass(frozen=True, slots=True)
class Edge:
    """
    Lead from one page to the next.

    Args:
        to: the next state, or the `Outcome` with which the visit ends.
        share: of those who are at the page, how many go this way; the shares of a page's edges sum to 1.
        thought: what is done before; its law is Weibull, with the mean and shape of the behaviour.
        slowness: by how much longer than others these shoppers think here.
    """

    to: str
    share: float = 1.0
    thought: Thought = Thought.READ
    slowness: float = 1.0

    def think_s(self, behaviour: Behaviour) -> float:
        """
        Return the mean time between the two pages, in seconds.
        """
        means = {Thought.NONE: 0.0, Thought.READ: behaviour.browse_think_s, Thought.FILL: behaviour.form_think_s}
        return self.slowness * means[self.thought]


class Step(NamedTuple):
    """
    Be one page of a walk: the state, and the edge that led there (None: the visit begins with it).
    """

    state: str
    edge: Edge | None


class Path(NamedTuple):
    """
    Be a whole walk, as it goes where nothing comes between.
    """

    steps: tuple[Step, ...]
    end: Outcome


@dataclass(frozen=True, slots=True)
class Table:
    """
    Hold a kind of shoppers' way through a shop.

    Args:
        edges: by state, where it leads. A state is a page's name; what follows a slash only tells states of one page
            apart ("product/2" is the product page of a second round).
        start: where a visit begins.
    """

    edges: Mapping[str, tuple[Edge, ...]]
    start: str = "home"

    @property
    def pages(self) -> tuple[str, ...]:
        """
        Return the pages that the journey needs, each once.
        """
        return tuple(dict.fromkeys(page_of(state) for state in self.edges))

    def faults(self, where: str = "table") -> tuple[Fault, ...]:
        """
        Return everything that makes the table no journey, and nothing when it is sound.
        """
        found = list(self._edge_faults(where))
        if self.start not in self.edges:
            found.append(Fault(f"{where}.start", f"{self.start!r} leads nowhere", "name a state that has edges"))
        if found:
            return tuple(found)
        if trapped := self._trapped():
            what = f"never ends from {', '.join(trapped)}"
            return (Fault(where, what, f"lead them to an end: {', '.join(MEANT)}"),)
        if (pages := sum(_solve(self)[state] for state in self.edges)) > MAX_PAGES:
            what = f"has {pages:.0f} pages a visit, more than {MAX_PAGES:.0f}"
            return (Fault(where, what, "raise the shares that lead to an end"),)
        return ()

    def _edge_faults(self, where: str) -> Iterator[Fault]:
        for state, edges in self.edges.items():
            here = f"{where}.{state}"
            for edge in edges:
                if edge.to not in self.edges and edge.to not in MEANT:
                    remedy = f"a state of the table, or one of {', '.join(MEANT)}"
                    yield Fault(here, f"leads to {edge.to!r}, which is unknown", remedy)
                if not 0 <= edge.share <= 1:
                    yield Fault(here, f"has a share of {edge.share} to {edge.to}", "shares lie between 0 and 1")
                if not (isfinite(edge.slowness) and edge.slowness >= 0):
                    yield Fault(here, f"has a slowness of {edge.slowness} to {edge.to}", "a number of at least 0")
            if not isclose(total := sum(edge.share for edge in edges), 1.0, abs_tol=1e-9):
                yield Fault(here, f"has shares that sum to {total:g}", "they must sum to 1")

    def _trapped(self) -> list[str]:
        reached = {state for state in self.edges if self._leads(state, MEANT)}
        while more := {state for state in self.edges if state not in reached and self._leads(state, reached)}:
            reached |= more
        return [state for state in self.edges if state not in reached]

    def _leads(self, state: str, to: Collection[str]) -> bool:
        return any(edge.to in to and edge.share > 0 for edge in self.edges[state])


def page_of(state: str) -> str:
    """
    Return the page that a state is.
    """
    return state.partition("/")[0]


def visit_ratios(table: Table) -> dict[str, float]:
    """
    Return how often a visit comes to each state and each end on average, where nothing comes between.

    Raises:
        TableError: the table is not sound.
    """
    if faults := table.faults():
        raise TableError(faults)
    ratios = _solve(table)
    for state, edges in table.edges.items():
        for edge in edges:
            if edge.to not in table.edges:
                ratios[edge.to] = ratios.get(edge.to, 0.0) + ratios[state] * edge.share
    return ratios


def page_ratios(table: Table) -> dict[str, float]:
    """
    Return how often a visit opens each page on average, where nothing comes between.
    """
    found: dict[str, float] = {}
    for state, ratio in visit_ratios(table).items():
        if state in table.edges:
            found[page_of(state)] = found.get(page_of(state), 0.0) + ratio
    return found


def thinking_s(table: Table, behaviour: Behaviour) -> float:
    """
    Return how long a visit's thoughts take together on average, in seconds.
    """
    ratios = visit_ratios(table)
    return sum(
        ratios[state] * edge.share * edge.think_s(behaviour) for state, edges in table.edges.items() for edge in edges
    )


def planned(table: Table) -> Walked:
    """
    Return what the table says of the ways, for what was taken to be held against.
    """
    shares = {f">{table.start}": 1.0}
    for state, edges in table.edges.items():
        for edge in edges:
            shares[f"{state}>{edge.to}"] = shares.get(f"{state}>{edge.to}", 0.0) + edge.share
    return Walked(shares=shares, ratios=visit_ratios(table))


def draw_path(table: Table, who: int | str) -> Path:
    """
    Return the walk of the person *who*: the same for the same table and *who*, whatever happens on the way.
    """
    draw = random.Random(f"path:{who}")
    steps = [Step(table.start, None)]
    while True:
        edge = _pick(table.edges[steps[-1].state], draw.random())
        if edge.to not in table.edges:
            return Path(tuple(steps), Outcome(edge.to))
        steps.append(Step(edge.to, edge))


def thought_s(edge: Edge, shopper: Shopper, nth: int) -> float:
    """
    Return how long the shopper thinks before taking *edge*, as the *nth* thought of the visit, from 0.
    """
    if edge.thought is Thought.NONE:
        return 0.0
    thinks_s = shopper.browse_thinks_s if edge.thought is Thought.READ else shopper.form_thinks_s
    return edge.slowness * thinks_s[nth % len(thinks_s)]


def _pick(edges: tuple[Edge, ...], chance: float) -> Edge:
    left = chance
    for edge in edges:
        left -= edge.share
        if left < 0:
            return edge
    # Shares may sum to a hair less than 1.
    return max(edges, key=lambda edge: edge.share)


def _solve(table: Table) -> dict[str, float]:
    """
    Return V of V (I - P) = e by Gaussian elimination with partial pivoting.
    """
    states = list(table.edges)
    place = {state: at for at, state in enumerate(states)}
    rows = [[float(i == j) for j in range(len(states))] + [float(states[i] == table.start)] for i in range(len(states))]
    for state, edges in table.edges.items():
        for edge in edges:
            if edge.to in place:
                rows[place[edge.to]][place[state]] -= edge.share
    for column in range(len(states)):
        pivot = max(range(column, len(states)), key=lambda row: abs(rows[row][column]))
        rows[column], rows[pivot] = rows[pivot], rows[column]
        for row in range(len(states)):
            if row != column and (factor := rows[row][column] / rows[column][column]):
                rows[row] = [a - factor * b for a, b in zip(rows[row], rows[column], strict=True)]
    return {state: rows[at][-1] / rows[at][at] for at, state in enumerate(states)}
