"""
The pictures over a run's time: who comes, who waits, who fails, and how well the load generator kept up.
"""

from typing import Final

from loadtests.measuring.cells import Result
from loadtests.report import svg
from loadtests.report.figures import SMOOTHING_S, Figure, Seen, Table, smoothed
from loadtests.report.svg import Limit, Line

TALL: Final = 260
LOW: Final = 150
CPU_LIMIT: Final = 0.75


def orders_per_second(seen: Seen) -> list[float]:
    """
    Return the orders of every second: from the shop's database where it was read, else as shoppers saw them.
    """
    counted = seen.run.get("orders_by_s")
    sold = [float(orders) for orders in counted] if counted else seen.column("orders_seen")
    return (sold + [0.0] * len(seen.measures.seconds))[: len(seen.measures.seconds)]


def demand_peak(seen: Seen) -> float:
    """
    Return how far up `demand` reaches.
    """
    return max([*smoothed(seen.column("arrivals")), float(seen.run.get("shop_capacity_per_s") or 0)], default=0)


def demand(seen: Seen, y_max: float) -> Figure:
    """
    Draw who comes, who is let in and what is sold, against what the shop can do and the room allows.
    """
    say = seen.say
    capacity, rate = seen.run.get("shop_capacity_per_s"), seen.run.get("rate_per_s")
    arrivals, orders = smoothed(seen.column("arrivals")), smoothed(orders_per_second(seen))
    lines = [Line(say("demand.arrivals"), "c-arrivals", seen.points(arrivals), area=True)]
    columns = [arrivals]
    if seen.gated:
        columns.append(smoothed(seen.column("admitted")))
        lines.append(Line(say("demand.admitted"), "c-admitted", seen.points(columns[-1])))
        lines.append(Line(say("demand.limit"), "c-limit", _limits(seen, float(rate or 0)), dashed=True))
    columns.append(orders)
    lines.append(Line(say("demand.orders"), "c-orders", seen.points(orders)))
    desc = say("demand.desc", arrivals=say.short(max(arrivals, default=0), 0),
               sold=say.amount("orders_per_s", seen.run.get("orders_per_s")))  # fmt: skip
    field = seen.frame(say("demand.title"), desc, y_max, height=TALL)
    limits = (
        [svg.limit(field, Limit(say("demand.capacity"), float(capacity)), below=bool(rate and rate > capacity))]
        if capacity
        else []
    )
    head = (say("time"), *(line.label for line in lines if not line.dashed))
    table = Table(head, seen.rows(*columns))
    return seen.lines(field, lines, *limits, table=table, note=say("smoothed", seconds=SMOOTHING_S))


def _limits(seen: Seen, rate_per_s: float) -> list[tuple[float, float | None]]:
    points: list[tuple[float, float | None]] = [(0.0, rate_per_s)]
    for change in seen.run.get("changes") or []:
        if change["do"] == "rate" and change.get("to") and change.get("at_s") is not None:
            until_s = change.get("until_s")
            points += [(float(change["at_s"]), rate_per_s), (float(change["at_s"]), change["to"] / 60)]
            if until_s:
                points += [(float(until_s), change["to"] / 60), (float(until_s), rate_per_s)]
            else:
                rate_per_s = change["to"] / 60
    return [*points, (seen.measures.duration_s, rate_per_s)]


def people_peak(seen: Seen) -> float:
    """
    Return how far up `people` reaches.
    """
    forecast = (seen.run.get("forecast") or {}).get("high") or [0]
    return max([*seen.column("waiting"), *seen.column("in_shop"), *forecast], default=0)


def people(seen: Seen, y_max: float) -> Figure:
    """
    Draw where people are, and the queue against the one that was predicted.
    """
    say, forecast = seen.say, seen.run.get("forecast") or {}
    waiting, inside = seen.column("waiting"), seen.column("in_shop")
    lines, columns = [Line(say("people.inside"), "c-inside", seen.points(inside))], [inside]
    if seen.gated:
        lines.insert(0, Line(say("people.waiting"), "c-waiting", seen.points(waiting), area=not forecast))
        columns.insert(0, waiting)
    field = seen.frame(
        say("people.title"),
        say("people.desc", inside=say.short(max(inside, default=0), 0), waiting=say.short(max(waiting, default=0), 0)),
        y_max,
    )
    behind = ""
    if forecast.get("t"):
        course = [
            point
            for point in zip(forecast["t"], forecast["low"], forecast["high"], strict=True)
            if point[0] <= seen.x_max
        ]
        behind = svg.band(field, "c-forecast", course)
        middle = [(at_s, count) for at_s, count in zip(forecast["t"], forecast["waiting"], strict=True)
                  if at_s <= seen.x_max]  # fmt: skip
        lines.append(Line(say("people.forecast"), "c-forecast", middle, dashed=True))
    head = (say("time"), *(line.label for line in lines if not line.dashed))
    note = say("people.note.forecast" if behind else "people.note")
    return seen.lines(field, lines, behind, table=Table(head, seen.rows(*columns)), note=note)


def errors_peak(seen: Seen) -> float:
    """
    Return how far up `errors` reaches.
    """
    return max(smoothed(seen.column("shop_requests")), default=0)


def errors(seen: Seen, y_max: float) -> Figure:
    """
    Draw the requests and those that failed, by what came of them.
    """
    say = seen.say
    asked = smoothed(seen.column("shop_requests"))
    lines, columns = [Line(say("errors.requests"), "c-requests", seen.points(asked))], [asked]
    counts = {result: [0.0] * len(seen.measures.seconds) for result in (Result.ERROR, Result.ABANDONED)}
    for cell in seen.measures.cells:
        if cell.result in counts and 0 <= cell.t < len(seen.measures.seconds):
            counts[cell.result][cell.t] += cell.requests
    if seen.measures.cells:
        for result, css in ((Result.ERROR, "c-errors"), (Result.ABANDONED, "c-abandoned")):
            columns.append(smoothed(counts[result]))
            lines.append(Line(say(f"errors.{result}"), css, seen.points(columns[-1]), area=True))
    else:
        columns.append(smoothed(seen.column("shop_errors")))
        lines.append(Line(say("errors.failed"), "c-errors", seen.points(columns[-1]), area=True))
    total, bad = sum(seen.column("shop_requests")), sum(seen.column("shop_errors"))
    desc = say("errors.desc", bad=say.number(bad), total=say.number(total))
    field = seen.frame(say("errors.title"), desc, y_max)
    table = Table((say("time"), *(line.label for line in lines)), seen.rows(*columns))
    return seen.lines(field, lines, table=table, note=say("smoothed", seconds=SMOOTHING_S))


def generator(seen: Seen) -> Figure:
    """
    Draw the load generator's processor time, a strip along the run: near the limit, waits look shorter than they are.
    """
    say, shares = seen.say, seen.column("cpu_share")
    field = seen.frame(
        say("generator.title"),
        say("generator.desc", peak=say.percent(seen.measures.generator_cpu_peak)),
        1.0,
        height=LOW,
        y_text=lambda share: say.percent(share, 0),
    )
    lines = [Line(say("generator.cpu"), "c-requests", seen.points([min(1.0, share) for share in shares]), area=True)]
    table = Table((say("time"), say("generator.cpu")), seen.rows([share * 100 for share in shares]))
    limit = svg.limit(field, Limit(say("generator.limit"), CPU_LIMIT))
    lag = say.amount("_ms", seen.measures.start_lag_p99_ms)
    return seen.lines(field, lines, limit, table=table, note=say("generator.note", lag=lag))


def seats(seen: Seen) -> Figure | None:
    """
    Draw the seats that were taken, as the room's store counted them, against the capacity.
    """
    say, samples, capacity = seen.say, seen.run.get("room_by_s") or [], seen.run.get("capacity")
    if not samples or not capacity:
        return None
    top = max(float(capacity), float(seen.run.get("seats_max") or 0))
    most = say.amount("seats_max", seen.run.get("seats_max"))
    field = seen.frame(say("seats.title"), say("seats.desc", most=most, capacity=capacity), svg.nice_ceiling(top * 1.1))
    line = Line(say("seats.taken"), "c-inside", [(float(s["t"]), float(s["seats"])) for s in samples], area=True)
    rows = tuple((f"{s['t']:.0f} s", str(s["seats"]), str(s["waiting"])) for s in samples[:: len(samples) // 24 + 1])
    table = Table((say("time"), say("seats.taken"), say("people.waiting")), rows)
    limit = svg.limit(field, Limit(say("seats.capacity"), float(capacity)))
    return seen.lines(field, [line], limit, table=table, note=say("seats.note", most=most))
