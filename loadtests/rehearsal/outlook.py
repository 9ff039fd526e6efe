"""
A run held against its forecast: what was to be expected, and what is found. Pure.
"""

from dataclasses import replace
from typing import Any

from loadtests.forecast.findings import findings_of
from loadtests.forecast.problem import problem_of
from loadtests.forecast.result import forecast_of
from loadtests.judging.facts import Played
from loadtests.judging.gains import slips
from loadtests.judging.room import credible


def outlook_of(played: Played) -> dict[str, Any]:
    """
    Return the run's forecast and its findings, as the result holds them; nothing for a run without a room or an end.
    """
    scenario, room, measures = played.scenario, played.room, played.measures
    if scenario is None or room is None or measures.interrupted or "rate_per_minute" not in scenario.room:
        return {}
    forecast = forecast_of(scenario, measures.seed)
    problem = problem_of(scenario, measures.seed)
    seats = {int(sample["t"]): float(sample["seats"]) for sample in room.by_s}
    told = replace(measures, shoppers=credible(measures.shoppers, played.changes))
    found = findings_of(told, forecast, problem, seats or None)
    return {"forecast": forecast.to_json(), "findings": [*(finding.to_json() for finding in found), *slips(measures)]}
