"""
What came of each kind of shoppers: what those who mean no good gained, and what the others lost by it. Pure.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from loadtests.crowd.kinds import KINDS, called, means_well
from loadtests.judging.words import Words
from loadtests.measuring.fairness import quantile
from loadtests.measuring.gain import Gain
from loadtests.measuring.measures import Measures, Outcome, ShopperRecord
from loadtests.scenario.spec import Comparator, Criterion, Scenario

BOT: Final = "bot"

GAINS: Final[Mapping[Gain, Words]] = {
    Gain.PAGE: {"en": "pages behind the gate", "pl": "strony za bramką"},
    Gain.SEAT: {"en": "further seats", "pl": "dodatkowe miejsca w sklepie"},
    Gain.PLACE: {"en": "places that were not theirs", "pl": "nienależne miejsca w kolejce"},
    Gain.EARLY: {"en": "seats before their turn", "pl": "wejścia przed swoją kolejką"},
    Gain.ORDER: {"en": "further orders on one seat", "pl": "dodatkowe zamówienia na jednym miejscu"},
    Gain.WAY_OUT: {"en": "ways on to other hosts", "pl": "przekierowania poza sklep"},
    Gain.DENIAL: {"en": "moments when others got no answer", "pl": "chwile, w których inni nie dostali odpowiedzi"},
}
REMEDIES: Final[Mapping[Gain, Words]] = {
    Gain.PAGE: {
        "en": "Look at what the gate protects, and from where the rehearsal came: waiting-room gate explain URL.",
        "pl": "Sprawdź, co chroni bramka i skąd przyszła próba: waiting-room gate explain URL.",
    },
    Gain.SEAT: {
        "en": "A room takes each browser for a person. Against many in one hand help: a bound on what one address "
        "is given (joins_per_address), invitations (invite_only), a limit of orders per customer in the shop.",
        "pl": "Poczekalnia uznaje każdą przeglądarkę za osobę. Gdy wiele z nich jest w jednych rękach, pomagają: limit "
        "miejsc dla jednego adresu (joins_per_address), zaproszenia (invite_only), limit zamówień na klienta w "
        "sklepie.",
    },
    Gain.PLACE: {
        "en": "A token that is not theirs must not count: look for what stands between visitors and the room.",
        "pl": "Cudzy żeton nie może się liczyć: sprawdź, co stoi między odwiedzającymi a poczekalnią.",
    },
    Gain.EARLY: {
        "en": "A claim before the turn must not bring a pass: look at the log of admissions.",
        "pl": "Odbiór przed czasem nie może dać przepustki: sprawdź dziennik wpuszczeń.",
    },
    Gain.ORDER: {
        "en": "Let the page that ends a visit answer with Waiting-Room-Command: release.",
        "pl": "Niech strona kończąca wizytę odpowiada nagłówkiem Waiting-Room-Command: release.",
    },
    Gain.WAY_OUT: {
        "en": "Name the hosts of the shop, and no others, in allowed_hosts.",
        "pl": "W allowed_hosts podaj adresy sklepu i żadne inne.",
    },
    Gain.DENIAL: {
        "en": "Put a proxy in front that waits for a request's head only so long.",
        "pl": "Postaw z przodu serwer pośredniczący, który nie czeka bez końca na nagłówek żądania.",
    },
}


def by_kind(measures: Measures, *, gated: bool) -> dict[str, dict[str, Any]]:
    """
    Return what came of each kind that was there, in the order of the catalogue of kinds.

    Args:
        measures: the run.
        gated: whether there was a room; without one nothing is anybody's own, and nothing is counted as gained.
    """
    groups: dict[str, list[ShopperRecord]] = {}
    for shopper in measures.shoppers:
        groups.setdefault(shopper.kind, []).append(shopper)
    order = [*(kind for kind in KINDS if kind in groups), *sorted(set(groups) - set(KINDS))]
    return {kind: _figures(kind, groups[kind], measures.gains.get(kind, {}), gated=gated) for kind in order}


def _figures(kind: str, shoppers: Sequence[ShopperRecord], gains: Mapping[str, int], *, gated: bool) -> dict[str, Any]:
    ends = Counter(shopper.outcome for shopper in shoppers)
    waits = [s.waited_s for s in shoppers if s.admitted_s is not None and s.waited_s is not None]
    well = means_well(kind)
    figures: dict[str, Any] = {
        "arrivals": len(shoppers),
        "outcomes": {outcome.value: ends[outcome] for outcome in Outcome if ends[outcome]},
        "honest": well,
        "tried": sum(shopper.tried for shopper in shoppers),
        "gained": sum(shopper.gained for shopper in shoppers) if gated else None,
        "passes": sum(passes_of(shopper) for shopper in shoppers),
        "waited_p50_s": quantile(waits, 0.5),
        "waited_p95_s": quantile(waits, 0.95),
    }
    if well or not gated:
        return figures
    return {**figures, "gains": dict(gains), "says": sentence(kind, figures, gains)}


def slips(measures: Measures) -> list[dict[str, Any]]:
    """
    Return a finding for each kind that got what is not theirs: what, how much, and what helps.
    """
    kinds = by_kind(measures, gated=True)
    return [
        {"name": f"gained_{kind}", "says": told["says"], "figures": told["gains"]}
        for kind, told in kinds.items()
        if told.get("gains")
    ]


def sentence(kind: str, figures: Mapping[str, Any], gains: Mapping[str, int]) -> dict[str, str]:
    """
    Return what came of a kind that means no good, in words; what was got is told with what helps against it.
    """
    return {language: _sentence(language, kind, figures, gains) for language in ("en", "pl")}


def _sentence(language: str, kind: str, figures: Mapping[str, Any], gains: Mapping[str, int]) -> str:
    polish = language == "pl"
    name = called(kind, language)
    name = name[:1].upper() + name[1:]
    came, tried = figures["arrivals"], figures["tried"]
    counts = f"{name} – wizyty: {came}, próby: {tried}" if polish else f"{name}: {came} came and tried {tried} times"
    got = {gain: gains[gain.value] for gain in Gain if gains.get(gain.value)}
    if not got:
        return f"{counts}; bez żadnego zysku." if polish else f"{counts}. They gained nothing by it."
    list_of = ", ".join(f"{GAINS[gain][language]}: {count}" for gain, count in got.items())
    advice = " ".join(REMEDIES[gain][language] for gain in got)
    return f"{counts}. {'Zysk' if polish else 'They got'} – {list_of}. {advice}"


def gained(shoppers: Iterable[ShopperRecord]) -> dict[str, int]:
    """
    Return what those who mean no good got, all together and by kind; 0 for kinds that were not there.
    """
    sums = Counter({f"gained_{kind}": 0 for kind in KINDS if not means_well(kind)})
    for shopper in shoppers:
        if not means_well(shopper.kind):
            sums[f"gained_{shopper.kind}"] += shopper.gained
    return {"hostile_gained": sums.total(), **sums}


def human_share(shoppers: Iterable[ShopperRecord]) -> float | None:
    """
    Return which share of the passes went to those who mean well, or None where there were none.
    """
    well = everybody = 0
    for shopper in shoppers:
        passes = passes_of(shopper)
        everybody += passes
        well += passes if means_well(shopper.kind) else 0
    return round(well / everybody, 4) if everybody else None


def passes_of(shopper: ShopperRecord) -> int:
    """
    Return how many passes a shopper had.
    """
    return (shopper.admitted_s is not None) + len(shopper.later_passes_ms)


@dataclass(frozen=True, slots=True)
class Losses:
    """
    Tell what honest people lost by those who mean no good, person by person.

    Args:
        pairs: honest people who came to both runs.
        both_waited: of those, who were let in both times.
        longer_p50_s, longer_p95_s: by how much longer half and 95 % of these waited at the most with attackers there.
        bought, bought_without: how many of the pairs bought, with and without them.
    """

    pairs: int
    both_waited: int
    longer_p50_s: float | None
    longer_p95_s: float | None
    bought: int
    bought_without: int


def losses(attacked: Measures, quiet: Measures) -> Losses:
    """
    Compare two runs of one seed, of which the second had none who mean no good.

    A person is who came with the same stream at the same instant: who else comes changes neither.
    """
    return _lost(_pairs(attacked, quiet))


def losses_by_kind(attacked: Measures, quiet: Measures) -> dict[str, Losses]:
    """
    Return the same for each kind of honest people, in the order of the catalogue of kinds.
    """
    pairs = _pairs(attacked, quiet)
    known = dict.fromkeys((*KINDS, *(shopper.kind for shopper, _ in pairs)))
    groups = {kind: [pair for pair in pairs if pair[0].kind == kind] for kind in known}
    return {kind: _lost(group) for kind, group in groups.items() if group}


def _pairs(attacked: Measures, quiet: Measures) -> list[tuple[ShopperRecord, ShopperRecord]]:
    before = {_person(shopper): shopper for shopper in quiet.shoppers if means_well(shopper.kind)}
    return [
        (shopper, before[_person(shopper)])
        for shopper in attacked.shoppers
        if means_well(shopper.kind) and _person(shopper) in before
    ]


def _lost(pairs: Sequence[tuple[ShopperRecord, ShopperRecord]]) -> Losses:
    longer = [
        with_them.waited_s - without.waited_s
        for with_them, without in pairs
        if with_them.admitted_s is not None
        and without.admitted_s is not None
        and with_them.waited_s is not None
        and without.waited_s is not None
    ]
    return Losses(
        pairs=len(pairs),
        both_waited=len(longer),
        longer_p50_s=quantile(longer, 0.5),
        longer_p95_s=quantile(longer, 0.95),
        bought=sum(shopper.outcome is Outcome.BOUGHT for shopper, _ in pairs),
        bought_without=sum(shopper.outcome is Outcome.BOUGHT for _, shopper in pairs),
    )


def has_villains(measures: Measures) -> bool:
    """
    Tell whether anybody was there who means no good.
    """
    return any(not means_well(shopper.kind) for shopper in measures.shoppers)


def losses_in_words(lost: Losses, language: str, who: str = "") -> str:
    """
    Return what honest people lost, in English (`en`) or Polish (`pl`).

    Args:
        lost: the losses.
        language: of the words.
        who: the kind of people whose losses these are; empty for all of them.
    """
    said = _LOST if lost.longer_p50_s is not None else _NONE_WAITED
    told = said[language].format(
        pairs=lost.pairs,
        both=lost.both_waited,
        p50=_number(lost.longer_p50_s, language),
        p95=_number(lost.longer_p95_s, language),
        bought=lost.bought,
        before=lost.bought_without,
    )
    return f"{who or _ALL[language]}: {told}"


def _number(seconds: float | None, language: str) -> str:
    text = f"{seconds or 0.0:.1f}"
    return text.replace(".", ",") if language == "pl" else text


_ALL: Final[Words] = {
    "en": "What honest people lost by those who mean no good",
    "pl": "Co uczciwi stracili przez nieuczciwych",
}
_LOST: Final[Words] = {
    "en": "{both} of {pairs} were let in both times; half of them waited at most {p50} s longer, 95 % at most {p95} s. "
    "{bought} bought, and {before} without them.",
    "pl": "osoby, które weszły za każdym razem: {both} z {pairs}; połowa z nich czekała dłużej najwyżej o {p50} s, "
    "95 % najwyżej o {p95} s. Kupiło: {bought}, a bez nich: {before}.",
}
_NONE_WAITED: Final[Words] = {
    "en": "of {pairs} nobody was let in both times. {bought} bought, and {before} without them.",
    "pl": "z {pairs} osób nikt nie wszedł za każdym razem. Kupiło: {bought}, a bez nich: {before}.",
}


def _person(shopper: ShopperRecord) -> tuple[str, str, float]:
    return shopper.stream, shopper.kind, shopper.arrival_s


def criteria_of(scenario: Scenario) -> tuple[Criterion, ...]:
    """
    Return the criteria of a scenario behind a room: its own, and that each kind in it that means no good gains nothing.

    A bot gets a seat for each place that it waits for like a person, in as far as the room lets it have many: it is
    held to what is left by `seats_left_to_bots`, and where nothing keeps them from it, to the order of the queue alone,
    as every rehearsal is. Where the scenario has a limit of its own for the same figure, that one counts.
    """
    kinds = {kind for stream in scenario.streams for kind, part in stream.journeys.items() if part > 0}
    own = {criterion.figure for criterion in scenario.criteria}
    implied = [
        _gains_at_most(kind, "==", 0) for kind in KINDS if kind in kinds and not means_well(kind) and kind != BOT
    ]
    if BOT in kinds and (left := seats_left_to_bots(scenario)) is not None:
        implied.append(_gains_at_most(BOT, "<=", left))
    return (*scenario.criteria, *(criterion for criterion in implied if criterion.figure not in own))


def _gains_at_most(kind: str, comparator: Comparator, limit: float) -> Criterion:
    name, (why, why_pl) = f"gained_{kind}", _WHY[kind]
    return Criterion(name, name, comparator, limit, why=why, why_pl=why_pl)


def seats_left_to_bots(scenario: Scenario) -> int | None:
    """
    Return how many seats beyond one each the room leaves to bots at the most; None where nothing keeps them from more.

    Among the invited alone it is none: an invitation is for one visitor. Where places are counted by address, each of
    the addresses that bots share is given those of a minute at once and of every minute after, to the end of the run.
    """
    if scenario.room.get("invite_only"):
        return 0
    per_minute = float(scenario.room.get("joins_per_address", 0))
    shared = [stream.addresses for stream in scenario.streams if stream.journeys.get(BOT, 0) > 0]
    if not per_minute or not all(shared):
        return None
    minutes = (scenario.length_s + scenario.drain_s) / 60
    return sum(shared) * math.floor(per_minute * (1 + minutes))


_WHY: Final[Mapping[str, tuple[str, str]]] = {
    "bot": (
        "a bot's place is one of those that its address is given, and an invitation is one place",
        "miejsce bota to jedno z tych, które przysługują jego adresowi, a zaproszenie to jedno miejsce",
    ),
    "sharer": (
        "a pass is one seat, whoever holds a copy",
        "przepustka to jedno miejsce w sklepie, niezależnie od liczby kopii",
    ),
    "replayer": (
        "a seat that was given back is nobody's any more",
        "miejsce, które oddano, nie należy już do nikogo",
    ),
    "forger": (
        "nothing made up is taken for good",
        "nic podrobionego nie uchodzi za prawdziwe",
    ),
    "jumper": (
        "there is no way in front of the others, and none out of the shop",
        "nikogo nie da się ominąć, ani w kolejce, ani wejściem od sklepu",
    ),
    "storm": (
        "reloading brings nobody forward",
        "odświeżanie strony nikogo nie przesuwa do przodu",
    ),
    "slowloris": (
        "held connections keep nobody else out",
        "przetrzymywane połączenia nikogo nie zatrzymują przed wejściem",
    ),
}
"""In English and in Polish."""
