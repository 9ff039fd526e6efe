"""
What a rehearsal shows while it runs and prints at its end.
"""

from io import StringIO
from pathlib import Path
from typing import Any

from loadtests.rehearsal.progress import Progress
from loadtests.rehearsal.table import summary, table
from tests.loadtests.rehearsal.crowd import sample

LINE: dict[str, Any] = {
    "t": 4, "arrivals": 97, "waiting": 210, "in_shop": 88, "orders_seen": 17, "shop_requests": 200, "shop_errors": 50,
    "shop_p95_ms": 1234.5,
}  # fmt: skip


def shown(*, in_place: bool, colour: bool = False, ticks: int = 12, width: int = 200) -> str:
    """
    Return what is written during a phase with one figure a second.
    """
    stream = StringIO()
    now = [0.0]
    progress = Progress(stream, in_place=in_place, colour=colour, clock=lambda: now[0], width=width)
    progress.begin("A quick rehearsal.")
    progress.phase("Without the waiting room", 32)
    for _ in range(ticks):
        now[0] += 1
        progress.tick(LINE)
    progress.close()
    return stream.getvalue()


def test_a_log_gets_a_plain_line_every_few_seconds() -> None:
    """
    Without a terminal there are no control characters, and not one line a second.
    """
    text = shown(in_place=False)
    assert "\r" not in text
    assert "\x1b" not in text
    assert len([line for line in text.splitlines() if "arriving" in line]) == 3


def test_a_terminal_gets_one_line_in_place() -> None:
    """
    Figures overwrite each other, and the cursor is left on a fresh line.
    """
    text = shown(in_place=True)
    assert text.count("\r") == 12
    assert text.endswith("\n")


def test_no_colour_means_none() -> None:
    """
    Where colours are not welcome, only the line is cleared.
    """
    assert "\x1b[3" not in shown(in_place=True)
    assert "\x1b[31m" in shown(in_place=True, colour=True)


def test_a_narrow_terminal_is_not_overrun() -> None:
    """
    A line longer than the terminal would leave its rest behind.
    """
    for part in shown(in_place=True, width=40).split("\r\x1b[2K")[1:]:
        assert len(part.rstrip("\n")) < 40


def test_all_that_was_promised_is_shown() -> None:
    """
    Elapsed time, arrivals, waiting, in the shop, orders, p95 and errors.
    """
    text = shown(in_place=False)
    for words in ("1 s of 32", "97 arriving/s", "210 waiting", "88 in shop", "17 orders/s", "1.2 s", "25% errors"):
        assert words in text


def test_the_table_has_both_runs_and_the_limits() -> None:
    """
    Side by side, with the limit and whether it held.
    """
    result, _ = sample()
    text = table(result)
    assert "without room" in text
    assert "with room" in text
    goodput = next(line for line in text.splitlines() if "Of what the shop can sell" in line)
    assert "at least 90 %" in goodput
    assert "ok" in goodput


def test_the_end_says_the_verdict_and_where_the_report_is() -> None:
    """
    The last line is a path to open.
    """
    result, _ = sample()
    lines = summary(result, Path("out")).splitlines()
    assert any(line.startswith("PASSED") for line in lines)
    assert lines[-1] == "Report: out/report.html"


def test_the_verdict_tells_the_goodput_and_what_attackers_got() -> None:
    """
    Of each run that too many came to, and of each kind that means no good.
    """
    result, _ = sample()
    result["runs"]["with_room"] |= {"demand_ratio": 4.6, "goodput_ratio": 0.94, "orders_per_s": 18.8}
    result["runs"]["with_room"]["by_kind"] = {"storm": {"says": {"en": "They gained nothing by it."}}}
    text = summary(result, Path("out"))

    assert "  Goodput while too many came, with room: 94 % of what the shop can sell (18.8 per s)" in text
    assert "  They gained nothing by it." in text


def test_a_broken_limit_is_named_with_value_and_limit() -> None:
    """
    Nobody has to look for what failed.
    """
    result, _ = sample()
    check = next(check for check in result["thresholds"] if check["name"] == "shop_p95")
    check |= {"ok": False, "value": 1500.0}
    text = summary({**result, "verdict": "fail"}, Path("out"))
    assert "1.5 s, must be at most 1 s" in text


def test_a_limit_of_a_phase_stands_beside_no_figure_of_the_whole_run() -> None:
    """
    It is told with its phase where it did not hold.
    """
    result, _ = sample()
    result["thresholds"] = [
        {**check, "phase": "peak", "ok": False} if check["name"] == "shop_p95" else check
        for check in result["thresholds"]
    ]
    assert next(line for line in table(result).splitlines() if "of its pages within" in line).endswith("320 ms")
    assert "(with room, peak)" in summary({**result, "verdict": "fail"}, Path("out"))


def test_nothing_played_prints_no_table() -> None:
    """
    Stopped before the first run, the verdict stands alone.
    """
    result, _ = sample()
    text = summary({**result, "runs": {"without_room": None, "with_room": None}, "verdict": "aborted"}, Path("out"))
    assert text.startswith("ABORTED")
