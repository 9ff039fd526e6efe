"""
What a comparison of measurement and forecast found, as sentences for people, in English and Polish.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

SAYINGS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "as_predicted": {
            "en": "The room did what arithmetic says it should: the longest wait was {wait} s, within the forecast of "
            "{low} to {high} s, and {left} of those who came lost patience ({left_low} to {left_high} were forecast; "
            "with another crowd of the same kind it would be up to {chance} more or fewer, by chance alone).",
            "pl": "Poczekalnia zachowała się tak, jak wynika z obliczeń: najdłuższe oczekiwanie trwało {wait} s przy "
            "prognozie od {low} do {high} s. Liczba osób, które straciły cierpliwość, wyniosła {left} (prognoza: od "
            "{left_low} do {left_high}; przy innym tłumie tego samego rodzaju sam przypadek zmieniłby tę liczbę o nie "
            "więcej niż {chance}).",
        },
        "ghost_slots": {
            "en": "Turns are spent on people who have already left. The longest wait was {wait} s; it should lie "
            "between {low} and {high} s, and {staying} s is what comes out if nobody ever left. Look at how the room "
            "learns that somebody has gone, and how long it waits for one who does not come.",
            "pl": "Kolej przypada osobom, których już nie ma. Najdłuższe oczekiwanie trwało {wait} s, a powinno "
            "mieścić się między {low} a {high} s; {staying} s to wynik, gdyby nikt nigdy nie rezygnował. Sprawdź, po "
            "czym poczekalnia poznaje, że ktoś odszedł, i jak długo czeka na kogoś, kto się nie zgłasza.",
        },
        "longer_waits": {
            "en": "People waited longer than they should have: {wait} s at most, where {low} to {high} s were "
            "forecast. Fewer were let in than the settings allow, or more came than was planned.",
            "pl": "Oczekiwanie było dłuższe, niż powinno: najwyżej {wait} s przy prognozie od {low} do {high} s. "
            "Wpuszczono mniej osób, niż pozwalają ustawienia, albo przyszło więcej, niż planowano.",
        },
        "shorter_waits": {
            "en": "People waited less than forecast: {wait} s at most, where {low} to {high} s were forecast. More "
            "were let in than the settings say, or people lost patience sooner.",
            "pl": "Oczekiwanie było krótsze od prognozy: najwyżej {wait} s zamiast od {low} do {high} s. Wpuszczono "
            "więcej osób, niż wynika z ustawień, albo kupujący szybciej tracili cierpliwość.",
        },
        "more_gave_up": {
            "en": "More people lost patience than forecast: {left}, where {left_low} to {left_high} were forecast. "
            "Chance alone moves such a number by up to {chance}.",
            "pl": "Więcej osób straciło cierpliwość, niż przewidywano: {left} przy prognozie od {left_low} do "
            "{left_high}. Sam przypadek zmienia taką liczbę o nie więcej niż {chance}.",
        },
        "fewer_gave_up": {
            "en": "Fewer people lost patience than forecast: {left}, where {left_low} to {left_high} were forecast. "
            "Chance alone moves such a number by up to {chance}.",
            "pl": "Mniej osób straciło cierpliwość, niż przewidywano: {left} przy prognozie od {left_low} do "
            "{left_high}. Sam przypadek zmienia taką liczbę o nie więcej niż {chance}.",
        },
        "over_admission": {
            "en": "The room let in more than its rate allows: {over} times too many within a window of {window} s; the "
            "worst one held {most} where {allowed} are allowed.",
            "pl": "Poczekalnia wpuściła więcej osób, niż pozwala ustawione tempo; przekroczenia w oknie {window} s: "
            "{over}. W najgorszym wpuszczono {most} przy dozwolonych {allowed}.",
        },
        "unfair_order": {
            "en": "People were overtaken: {overtaken} who were there were still told to wait after somebody behind "
            "them had been called, by up to {by} s.",
            "pl": "Kolejność nie została zachowana. Liczba osób, które były obecne i nadal czekały, choć wywołano już "
            "kogoś stojącego za nimi: {overtaken}; najdłużej przez {by} s.",
        },
        "uneven_waits": {
            "en": "The wait grows faster than the line: a place in its front third cost {front} s, one in its back "
            "third {back} s. In a line served in order it costs the same everywhere, or less farther back.",
            "pl": "Oczekiwanie rośnie szybciej niż kolejka: jedno miejsce kosztowało {front} s w przedniej jednej "
            "trzeciej kolejki i {back} s w tylnej. Gdy kolejność jest zachowana, koszt jest wszędzie taki sam, a z "
            "tyłu nawet mniejszy.",
        },
        "seats_idle": {
            "en": "Seats stood free while people waited: for {seconds} s the room let in {pace} a second, where its "
            "rate is {rate}.",
            "pl": "Miejsca w sklepie były wolne, choć ludzie czekali: przez {seconds} s poczekalnia wpuszczała {pace} "
            "osoby na sekundę przy ustawionym tempie {rate}.",
        },
        "slow_joins": {
            "en": "The room was slow to give people their places: of {joins} joins, one in twenty took longer than "
            "{p95} ms; above {limit} ms people think that the page hangs, and reload it. Give the service more workers "
            "(server.workers, up to one per core), cores that shop and load generator do not take from it, and a "
            "Redis that answers within a few milliseconds: waiting-room doctor measures it.",
            "pl": "Poczekalnia zbyt wolno przydzielała miejsca w kolejce: liczba zgłoszeń wyniosła {joins}, a co "
            "dwudzieste trwało dłużej niż {p95} ms. Powyżej {limit} ms ludzie sądzą, że strona się zawiesiła, i ładują "
            "ją ponownie. Zwiększ liczbę procesów usługi (server.workers, najwyżej jeden na rdzeń), zapewnij jej "
            "rdzenie, których nie zajmują sklep ani generator ruchu, oraz Redis odpowiadający w ciągu kilku "
            "milisekund: zmierzy to polecenie waiting-room doctor.",
        },
    }
)


def shown(value: float | None, language: str) -> str:
    """
    Return a figure as people of a language read it: whole from 100 on, else with a decimal.
    """
    if value is None:
        return "–"
    text = f"{value}" if isinstance(value, int) else f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}"
    return text.replace(".", ",") if language == "pl" else text


def said(name: str, figures: Mapping[str, float | int | None]) -> dict[str, str]:
    """
    Return the sentence of a finding in each language, with its figures.
    """
    return {
        language: text.format(**{key: shown(value, language) for key, value in figures.items()})
        for language, text in SAYINGS[name].items()
    }
