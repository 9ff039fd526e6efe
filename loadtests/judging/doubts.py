"""
Why a run may not be judged, in sentences: one for each check of its honesty that failed. Pure.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from loadtests.judging.thresholds import Check
from loadtests.judging.words import Words, spaced

_RUNS: Final[Mapping[str, Words]] = {
    "with_room": {"en": "With the room", "pl": "Z poczekalnią"},
    "without_room": {"en": "Without the room", "pl": "Bez poczekalni"},
}
_SAID: Final[Mapping[str, Words]] = {
    "start_lag_p99_ms": {
        "en": "1 in 100 shoppers started {value} ms late or more, so waits look shorter than they are.",
        "pl": "1 na 100 kupujących zaczął spóźniony o {value} ms lub więcej, więc czasy oczekiwania wyglądają na "
        "krótsze, niż są.",
    },
    "not_started": {
        "en": "{value} of the plan's shoppers could not be started, so a smaller crowd came than was meant.",
        "pl": "zaplanowani kupujący, których nie udało się wystartować: {value}; przyszedł więc mniejszy tłum, niż "
        "zamierzano.",
    },
    "unsent": {
        "en": "{value} requests could not be sent, as the generator had no open file or port left, and count as "
        "errors of the shop.",
        "pl": "żądania, których nie dało się wysłać, bo generatorowi zabrakło otwartych plików lub portów: {value}; "
        "liczą się jako błędy sklepu.",
    },
    "generator_cpu_peak": {
        "en": "the load generator took {share} of a core at its busiest, so times hold its own delays.",
        "pl": "generator obciążenia zajmował w szczycie {share} rdzenia, więc czasy zawierają jego własne opóźnienia.",
    },
    "arrivals_ks_p": {
        "en": "shoppers did not start as their rate says, so another crowd came than was meant.",
        "pl": "kupujący nie przychodzili w zadanym tempie, więc przyszedł inny tłum, niż zamierzano.",
    },
    "unaccounted": {
        "en": "{value} shoppers are not accounted for, so no count of them can be relied on.",
        "pl": "kupujący, z którymi nie wiadomo, co się stało: {value}; na żadnej ich liczbie nie można polegać.",
    },
    "changes_failed": {
        "en": "{value} of the time line's changes failed, so another scenario was played than was meant.",
        "pl": "zmiany z osi czasu, które się nie powiodły: {value}; odegrano więc inny scenariusz, niż zamierzano.",
    },
}
"""By the figure that is checked."""
_TOO_SLOW: Final = frozenset({"start_lag_p99_ms", "not_started", "generator_cpu_peak"})
_REMEDY: Final[Words] = {
    "en": "The load generator could not keep up: run the rehearsal on a machine with more free processor time, or with "
    "a smaller crowd.",
    "pl": "Generator obciążenia nie nadążał: zrób próbę na maszynie, która ma więcej wolnego czasu procesora, albo z "
    "mniejszym tłumem.",
}
_NO_MEANS: Final[Words] = {
    "en": "The load generator ran out of open files or ports: raise their limits (ulimit -n, "
    "net.ipv4.ip_local_port_range), or send a smaller crowd.",
    "pl": "Generatorowi obciążenia zabrakło otwartych plików lub portów: podnieś ich limity (ulimit -n, "
    "net.ipv4.ip_local_port_range) albo wyślij mniejszy tłum.",
}


def doubts(checks: Sequence[Check]) -> Iterator[Words]:
    """
    Yield what makes runs worth nothing, and what to do where the load generator is to blame.
    """
    failed = [check for check in checks if check.threshold.kind == "validity" and not check.ok]
    yield from (_doubt(check, check.value) for check in failed if check.value is not None)
    if any(check.threshold.field in _TOO_SLOW and check.value is not None for check in failed):
        yield _REMEDY
    if any(check.threshold.field == "unsent" and check.value for check in failed):
        yield _NO_MEANS


def _doubt(check: Check, value: float) -> Words:
    run, said, share = _RUNS[check.threshold.run], _SAID[check.threshold.field], f"{value:.0%}"
    return {
        "en": f"{run['en']}, {said['en'].format(value=f'{value:,.0f}', share=share)}",
        "pl": f"{run['pl']}: {said['pl'].format(value=spaced(value), share=share)}",
    }
