"""
The report: whole, well formed, without anything from elsewhere, and true to its figures.
"""

import re
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from loadtests.judging.thresholds import DEFAULTS, OWN_SHOP
from loadtests.judging.verdict import result_of
from loadtests.report import svg, words
from loadtests.report.page import render
from tests.loadtests.rehearsal.crowd import CIRCUMSTANCES, sample


class Outline(HTMLParser):
    """
    Read a page and note what is wrong with its structure.
    """

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """
        Note what is opened, and attributes that lead elsewhere.
        """
        self.faults += [f"{tag} {name}" for name, _ in attrs if name in {"src", "href", "action", "onclick"}]
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """
        Leave what closes itself.
        """

    def handle_endtag(self, tag: str) -> None:
        """
        Note what is closed out of turn.
        """
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing")


@pytest.fixture(scope="module")
def page() -> str:
    """
    Render the sample once.
    """
    return render(*sample())


def test_it_is_well_formed_and_refers_to_nothing(page: str) -> None:
    """
    Every element is closed, and no element points to another file.
    """
    outline = Outline(page)
    assert outline.faults == []
    assert outline.open == []


def test_it_fetches_nothing(page: str) -> None:
    """
    There is no address in it but the words of the command, no script, and no import in the style.
    """
    assert "<script" not in page
    assert not re.search(r"https?://|url\(|@import", page)


def test_it_is_small(page: str) -> None:
    """
    It may be sent by mail.
    """
    assert len(page.encode()) < 1_000_000


def test_every_picture_is_valid_and_tells_what_it_shows(page: str) -> None:
    """
    Each SVG parses as XML and begins with a title and a description.
    """
    pictures = re.findall(r"<svg .*?</svg>", page, re.DOTALL)
    assert len(pictures) == 12
    for picture in pictures:
        first, second, *_ = ET.fromstring(picture)  # noqa: S314 -- our own text
        assert (first.tag, second.tag) == ("title", "desc")
        assert first.text
        assert second.text


def test_every_check_stands_in_plain_words(page: str) -> None:
    """
    No threshold is shown by its code name, and each has its reason beside it.
    """
    for threshold in (*DEFAULTS, *OWN_SHOP):
        assert threshold.name.partition(".")[0] in words.CHECKS
    for threshold in DEFAULTS:
        assert threshold.why in page


def test_the_sums_of_the_outcomes_are_the_arrivals(page: str) -> None:
    """
    The line of sums shows those who came.
    """
    result, _ = sample()
    for run in result["runs"].values():
        assert f"<td>{run['arrivals']}</td>" in page


def test_words_from_outside_are_escaped() -> None:
    """
    A log's words in a reason are text, never markup.
    """
    result, measures = sample()
    result["reasons"] = ["<img src=x onerror=alert(1)>"]
    assert "<img" not in render(result, measures)


@pytest.mark.parametrize("runs", [(), ("without_room",)])
def test_a_partial_result_makes_a_report(runs: tuple[str, ...]) -> None:
    """
    Stopped before or between the runs, there is a page that says so.
    """
    result, measures = sample()
    result |= {"verdict": "aborted", "runs": {n: result["runs"][n] if n in runs else None for n in result["runs"]}}
    page = render(result, {name: measures[name] for name in runs})
    assert "Aborted" in page
    assert Outline(page).faults == []


def test_a_result_of_nothing_makes_a_report() -> None:
    """
    A rehearsal whose first program failed still ends in a page with the reason.
    """
    result = result_of({}, DEFAULTS, CIRCUMSTANCES, broken=True)
    assert "Invalid" in render(result, {})


def test_a_run_that_ended_in_its_first_second_makes_a_report() -> None:
    """
    Measures without a single second draw nothing and break nothing.
    """
    result, measures = sample()
    bare: dict[str, Any] = {name: {**found, "seconds": (), "shoppers": ()} for name, found in measures.items()}
    for run in result["runs"].values():
        run |= {"orders_by_s": [], "room_by_s": []}
    assert Outline(render(result, bare)).faults == []


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("goodput_ratio", 0.974, "97 %"),
        ("error_ratio", 0.004, "0.4 %"),
        ("error_ratio", 0, "0 %"),
        ("error_ratio", 0.01, "1 %"),
        ("shop_p95_ms", 240.4, "240 ms"),
        ("shop_p95_ms", 11_840.0, "11.8 s"),
        ("waited_p50_s", 12.34, "12.3 s"),
        ("orders_per_s", 9.87, "9.9 per s"),
        ("oversold", 0, "0"),
        ("oversold", None, "not measured"),
    ],
)
def test_figures_have_units(field: str, value: Any, shown: str) -> None:
    """
    Each kind of figure is shown as people read it.
    """
    assert words.amount(field, value) == shown


@pytest.mark.parametrize(
    ("low", "high", "ticks"), [(0, 100, (0, 20, 40, 60, 80, 100)), (0, 7, (0, 2, 4, 6)), (3, 3, (3,))]
)
def test_ticks_are_round(low: float, high: float, ticks: tuple[float, ...]) -> None:
    """
    The grid stands at 1, 2 or 5 times a power of ten.
    """
    assert svg.nice_ticks(low, high) == ticks


def test_a_logarithmic_axis_gives_equal_room_to_equal_ratios() -> None:
    """
    From 10 to 100 is as far as from 100 to 1000; below its lower end nothing falls out.
    """
    axis = svg.Axis(10, 1000, 0, 200, log=True)
    assert (axis(10), axis(100), axis(1000), axis(1)) == (0, 100, 200, 0)
