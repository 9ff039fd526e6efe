"""
The report: whole, well formed, without anything from elsewhere, and true to its figures.
"""

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from loadtests.judging.criteria import thresholds_of
from loadtests.judging.thresholds import DEFAULTS, OWN_SHOP
from loadtests.judging.verdict import result_of
from loadtests.judging.words import STOPPED, polish_of
from loadtests.measuring.measures import Measures, Outcome, ShopperRecord
from loadtests.report import people, svg
from loadtests.report.language import language
from loadtests.report.page import render
from loadtests.scenario.spec import Criterion
from tests.loadtests.rehearsal.crowd import CIRCUMSTANCES, sample
from tests.loadtests.report.made import full


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


@pytest.fixture(scope="module", params=["en", "pl"])
def page(request: pytest.FixtureRequest) -> str:
    """
    Render everything that there may be, once in each language.
    """
    return render(*full(), request.param)


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
    assert len(pictures) == 2 * 5 + 5 + 2
    for picture in pictures:
        first, second, *_ = ET.fromstring(picture)  # noqa: S314 -- our own text
        assert (first.tag, second.tag) == ("title", "desc")
        assert first.text
        assert second.text


@pytest.mark.parametrize("code", ["en", "pl"])
def test_every_check_stands_in_plain_words(code: str) -> None:
    """
    No threshold is shown by its code name, and each has its reason beside it.
    """
    say, page = language(code), render(*sample(), code)
    for threshold in (*DEFAULTS, *OWN_SHOP):
        assert say.has(f"check.{threshold.name.partition('.')[0]}")
    for threshold in DEFAULTS:
        why = threshold.why if code == "en" else say(f"why.{threshold.name.partition('.')[0]}")
        assert why in page


def test_the_sums_of_the_outcomes_are_the_arrivals(page: str) -> None:
    """
    The line of sums shows those who came.
    """
    result, _ = full()
    for run in result["runs"].values():
        assert f"<td>{run['arrivals']}</td>" in page.replace("\u202f", "")


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
    bare = {name: replace(found, seconds=(), shoppers=()) for name, found in measures.items()}
    for run in result["runs"].values():
        run |= {"orders_by_s": [], "room_by_s": []}
    assert Outline(render(result, bare)).faults == []


def test_everything_there_is_has_its_place() -> None:
    """
    The scenario's sentence, what was found, the forecast, what happened, money, attackers, causes.
    """
    page = render(*full())
    for words in (
        "A push message to everybody.",
        "The queue was as predicted.",
        "Predicted queue",
        ">Redis killed</text>",
        ">rate changed</text>",
        "PLN, at 120",
        "forgers",
        "GET home: &lt;timeout&gt;",
        "drain",
    ):
        assert words in page


def test_the_polish_report_is_polish() -> None:
    """
    The page says so, writes numbers so, and the sentences in several languages are taken in this one.
    """
    page = render(*full(), "pl")
    assert '<html lang="pl">' in page
    assert "Powiadomienie do wszystkich." in page
    assert "Kolejka była jak w prognozie." in page
    for english in ("Without the waiting room", "What was checked", "Shoppers", " % of"):
        assert english not in page


def test_a_crowd_of_5000_makes_a_small_page() -> None:
    """
    Dots are thinned and the map is summed, so that a page of many people may be sent by mail.
    """
    result, measures = full()
    many = [replace(s, i=i) for i, s in enumerate(measures["with_room"].shoppers * 11)]
    crowded = {name: replace(found, shoppers=tuple(many)) for name, found in measures.items()}
    assert len(many) > 5000
    assert len(render(result, crowded).encode()) < 500_000


def test_the_stages_of_the_funnel_and_their_losses_add_up() -> None:
    """
    Who came so far is who came further, and who was lost there.
    """
    _, measures = full()
    for name, found in measures.items():
        stages = people.funnel(found, gated=name == "with_room")
        for stage, further in pairwise(stages):
            assert stage.count == further.count + sum(count for _, count in stage.losses)
        assert stages[0].count == len(people.honest(found))


def test_lost_orders_are_those_who_would_have_bought() -> None:
    """
    Three in four buy; of eight who were kept from it, six orders are lost, and who found it sold out is none.
    """
    ends = [Outcome.BOUGHT] * 3 + [Outcome.BROWSED] + [Outcome.GAVE_UP_WAITING] * 8 + [Outcome.SOLD_OUT] * 5
    records = tuple(ShopperRecord(i, 0.0, 0.0, outcome) for i, outcome in enumerate(ends))
    measures: Measures = replace(sample()[1]["with_room"], shoppers=records)
    assert people.lost_orders(measures) == 6


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("goodput_ratio", 0.974, "97 %"),
        ("error_ratio", 0.004, "0.4 %"),
        ("error_ratio", 0, "0 %"),
        ("error_ratio", 0.01, "1 %"),
        ("shop_p95_ms", 240.4, "240\u00a0ms"),
        ("shop_p95_ms", 11_840.0, "11.8\u00a0s"),
        ("waited_p50_s", 12.34, "12.3\u00a0s"),
        ("orders_per_s", 9.87, "9.9 per s"),
        ("oversold", 0, "0"),
        ("arrivals_ks_p", 0.001, "0.001"),
        ("arrivals", 1277, "1\u202f277"),
        ("oversold", None, "not measured"),
    ],
)
def test_figures_have_units(field: str, value: Any, shown: str) -> None:
    """
    Each kind of figure is shown as people read it.
    """
    assert language("en").amount(field, value) == shown


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


@pytest.mark.parametrize(("lang", "words"), [("en", "pages behind the gate: 2"), ("pl", "strony za bramką: 2")])
def test_what_was_gained_is_told_in_words(lang: str, words: str) -> None:
    """
    In the words of the findings, not by the names of the result file.
    """
    assert words in render(*full(), lang)


def test_visits_of_pages_stand_beside_those_foretold(page: str) -> None:
    """
    A journey that goes other ways than its table would make the forecast one of other people.
    """
    cells = re.findall(r"<td>([^<]*)</td>", page.partition("product</td>")[2])[:3]

    assert [cell.replace(",", ".") for cell in cells[:2]] == ["1", "0.42"]


def test_a_polish_report_tells_its_reasons_in_polish() -> None:
    """
    Why a run may not be judged, and what could not be measured; what a program said of its failure stays English, and
    is marked so for whoever listens to the page.
    """
    result, measures = full()
    unseen = {"en": "Seats between two looks.", "pl": "Miejsca między dwoma odczytami."}
    result |= {
        "reasons": [STOPPED["en"], "valkey: status 1"],
        "not_measured": [unseen["en"]],
        "in_polish": polish_of([STOPPED, unseen]),
    }
    page = render(result, measures, "pl")

    assert f'<p class="reason" lang="pl">{STOPPED["pl"]}</p>' in page
    assert '<p class="reason" lang="en">valkey: status 1</p>' in page
    assert f'<li lang="pl">{unseen["pl"]}</li>' in page
    assert f'<p class="reason" lang="en">{STOPPED["en"]}</p>' in render(result, measures, "en")


@pytest.mark.parametrize(("code", "said"), [("en", "nobody waits long"), ("pl", "nikt nie czeka długo")])
def test_a_limit_of_a_scenario_tells_why_in_both_languages(code: str, said: str) -> None:
    """
    As its author wrote it.
    """
    result, measures = full()
    own = Criterion("short", "wait_p95_s", "<=", 9, why="nobody waits long", why_pl="nikt nie czeka długo")
    (threshold,) = thresholds_of([own], "with_room")
    result["thresholds"].append(threshold.check(result["runs"]).to_json())

    assert f"<small>{said}</small>" in render(result, measures, code)


def test_a_limit_that_tells_why_in_english_alone_tells_it_so() -> None:
    """
    Scenarios that were written before have no Polish.
    """
    result, measures = full()
    (threshold,) = thresholds_of([Criterion("short", "wait_p95_s", "<=", 9, why="nobody waits long")], "with_room")
    result["thresholds"].append(threshold.check(result["runs"]).to_json())

    assert "<small>nobody waits long</small>" in render(result, measures, "pl")
