"""
What people see: the one template with its style, drawing and script, filled with a view.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from secrets import token_urlsafe
from typing import Any, Final
from urllib.parse import quote

from aiohttp import hdrs, web
from jinja2 import DictLoader, Environment, StrictUndefined, Template
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from waiting_room import wire
from waiting_room.core.reasons import Longer, Reason
from waiting_room.web.languages import LANGUAGE_COOKIE, NAMES, Language, languages
from waiting_room.web.packing import Constant, Part, gzipped, plain
from waiting_room.web.problems import Problem, finish
from waiting_room.web.texts import (
    ahead_words,
    longer_words,
    opening_words,
    resume_words,
    say,
    wait_forms,
    wait_words,
)
from waiting_room.web.views import Place, View, of_problem

TRACK: Final = 322
"""How far the train of the drawing runs, in its own units."""
SCRIPT_REASONS: Final = (
    Reason.QUEUE_WAIT,
    Reason.PREQUEUE,
    Reason.YOUR_TURN,
    Reason.SEATS_FULL,
    Reason.RATE_REACHED,
    Reason.RECOVERING,
    Reason.STORE_AWAY,
    Reason.ROOM_PAUSED,
    Reason.TECHNICAL_BREAK,
    Reason.NETWORK_BUSY,
)
"""What the script tells by itself; all else it fetches as a page."""

_COMPACT: Final[dict[str, Any]] = {"ensure_ascii": False, "separators": (",", ":")}
_ICON: Final = "data:image/svg+xml," + quote(
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'><rect x='2' y='6' width='12' height='7' rx='2' "
    "fill='#c8553d'/><rect x='3' y='2' width='5' height='5' fill='#30638e'/><circle cx='5' cy='13' r='2.2'/>"
    "<circle cx='11' cy='13' r='2.2'/></svg>",
    safe=" /:='",
)


@dataclass(frozen=True, slots=True)
class Frame:
    """
    Hold what surrounds a view: addresses, the shop's name and words, the time, and the state of the refresh.

    *refreshes* is None where nothing is refreshed. *base* and *room* tell the script where to ask. *opening_iso* and
    *opening_time* tell when the room opens, where that is known; *drawn* that its first places are given by lot, and
    *commitment* what is promised of the draw, to be checked at *state*.
    """

    here: str
    others: tuple[tuple[str, str, str], ...] = ()
    again: str = ""
    toggle: str = ""
    home: str = ""
    target: str = ""
    target_refused: bool = False
    shop: str = ""
    message: str = ""
    speed: str = ""
    refreshes: bool | None = None
    base: str = ""
    room: str = ""
    now_s: float = 0.0
    iso_time: str = ""
    clock_time: str = ""
    opening_iso: str = ""
    opening_time: str = ""
    drawn: bool = False
    commitment: str = ""
    state: str = ""


def render(view: View, frame: Frame, language: Language, *, gzip: bool = False) -> web.Response:
    """
    Return the page that shows *view*, with headers that let nothing foreign into it and nobody store it.
    """
    nonce = token_urlsafe(12)
    template, constants = _templates()
    text = template.render(
        view=view,
        frame=frame,
        language=language,
        text=language.text,
        plural=language.plural,
        nonce=nonce,
        part=lambda name: Markup(f"\0{nonce}:{name}\0"),  # noqa: S704 - a mark that `_parts` replaces
        icon=_ICON,
        train_x=_train_x(view),
        data=_script_data(view, frame),
        resumes="" if view.resumes_s is None else resume_words(view.resumes_s, language),
        opening=opening_words(view.opens_in_s, language),
        early_number=language.number(view.early),
        **_place_words(view.place, language),
    )
    parts = _parts(text, nonce, constants)
    response = web.Response(body=gzipped(parts) if gzip else plain(parts), content_type="text/html", charset="utf-8")
    if gzip:
        response.headers[hdrs.CONTENT_ENCODING] = "gzip"
    response.headers.update({
        **wire.UNCACHED,
        hdrs.CONTENT_LANGUAGE: language.code,
        hdrs.VARY: "Accept-Encoding, Accept-Language, Cookie",
        hdrs.CONTENT_SECURITY_POLICY: (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src data:; "
            "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        ),
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    })  # fmt: skip
    return response


def takes_gzip(request: web.Request) -> bool:
    """
    Tell whether the client can unpack gzip; one that rules it out with a ``q`` is believed.
    """
    accepted = request.headers.get(hdrs.ACCEPT_ENCODING, "").replace(" ", "").lower()
    return any(coding == "gzip" or coding.startswith("gzip;q=1") for coding in accepted.split(","))


def _parts(text: str, nonce: str, constants: Mapping[str, Constant]) -> list[Part]:
    """
    Return *text* with its marks replaced by the constant parts they name; without the nonce nobody can write a mark.
    """
    first, *others = text.split(f"\0{nonce}:")
    parts: list[Part] = [first.encode()]
    for other in others:
        name, _, rest = other.partition("\0")
        parts += [constants[name], rest.encode()]
    return parts


def prepare() -> None:
    """
    Read templates and languages now, so that a missing file stops the start and no visitor waits for the first page.
    """
    _templates()


def problem_page(request: web.Request, problem: Problem, language: Language) -> web.Response:
    """
    Return the friendly page for *problem*; `waiting_room.web.problems.middleware` takes it as its *page*.
    """
    here = request.rel_url.without_query_params("lang")
    others = tuple(
        (code, name, str(here.update_query(lang=code))) for code, name in NAMES.items() if code != language.code
    )
    response = render(of_problem(problem, language), Frame(str(here), others), language, gzip=takes_gzip(request))
    response.set_status(problem.status)
    return finish(response, problem)


def remember_language(response: web.Response, language: Language) -> None:
    """
    Keep the language that was chosen in the address for a year; for the whole host, since the shop's gate reads it too.
    """
    response.set_cookie(LANGUAGE_COOKIE, language.code, max_age=365 * 86_400, path="/", samesite="Lax")


@cache
def _templates() -> tuple[Template, Mapping[str, Constant]]:
    folder = files("waiting_room.web") / "templates"
    read = {name: (folder / name).read_text("utf-8") for name in ("page.html", "page.css", "page.js", "scene.svg")}
    environment = Environment(
        loader=DictLoader({"page.html": read["page.html"]}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = _COMPACT
    before, after = _leaner(read["scene.svg"]).split("{{ x }}")
    texts = {"page.css": _leaner(read["page.css"]), "page.js": _leaner(read["page.js"])}
    texts |= {"scene.before": before, "scene.after": after}
    texts |= {f"texts.{code}": htmlsafe_json_dumps(_script_texts(it), **_COMPACT) for code, it in languages().items()}
    return environment.get_template("page.html"), {name: Constant(text) for name, text in texts.items()}


def _leaner(text: str) -> str:
    """
    Return *text* without comments of the form ``/* */``, indentation and empty lines: first paint counts bytes.
    """
    bare = re.sub(r"\s*/\*.*?\*/", "", text, flags=re.DOTALL)
    return "\n".join(line.strip() for line in bare.splitlines() if line.strip())


def _train_x(view: View) -> int:
    if view.mood in {"called", "admitted"}:
        return TRACK
    return round(view.place.journey.progress * TRACK) if view.place else 0


def _place_words(place: Place | None, language: Language) -> dict[str, Any]:
    if place is None:
        return {"ahead": "", "percent": 0, "bar_words": "", "wait": "", "number": "", "why": ""}
    ahead = ahead_words(place.ahead, language)
    wait = wait_words(*place.wait_s, language) if place.wait_s else language.text("not known yet")
    digits = language.number(place.ahead)
    before, _, after = ahead.partition(digits)
    numbered = Markup("{}<b>{}</b>{}").format(before, digits, after)
    return {
        "ahead": numbered if place.ahead else Markup("<strong>{}</strong>").format(ahead),
        "percent": round(100 * place.journey.progress),
        "bar_words": f"{ahead}. {language.text('Estimated wait: %(wait)s.', wait=wait)}",
        "wait": wait,
        "number": language.number(place.journey.number),
        "why": longer_words(place.longer, language),
    }


def _script_data(view: View, frame: Frame) -> dict[str, Any] | None:
    if not view.verb:
        return None
    journey = view.place.journey if view.place else None
    return {
        "verb": view.verb,
        "poll_s": view.poll_s,
        "now": frame.now_s,
        "base": frame.base,
        "room": frame.room,
        "here": frame.here,
        "target": frame.target,
        "track": TRACK,
        "resumes_s": view.resumes_s,
        "number": view.early,
        "opens_in_s": view.opens_in_s,
        "longer": view.place.longer if view.place else None,
        "journey": journey and [journey.number, journey.start, journey.last, journey.due_s, journey.grew_s],
    }


def _script_texts(language: Language) -> dict[str, Any]:
    sayings = {reason.value: say(reason, language) for reason in SCRIPT_REASONS}
    return {
        "lang": language.code,
        "says": {code: [said.heading, said.sentence, said.next_step] for code, said in sayings.items()},
        "ahead": language.forms("%(n)s person is ahead of you", "%(n)s people are ahead of you"),
        "next": language.text("You are next"),
        "wait": wait_forms(language),
        "waitIs": language.text("Estimated wait: %(wait)s."),
        "unknown": language.text("not known yet"),
        "longer": {why.value: longer_words(why, language) for why in Longer} | {"": longer_words(None, language)},
        "resumes": language.text("Until it goes on: %(wait)s."),
        "opens": [
            language.text("The time of the opening is not known yet"),
            language.text("The doors open at any moment"),
            language.text("The doors open in %(wait)s"),
        ],
        "speed": language.forms("about %(n)s person a minute", "about %(n)s people a minute"),
        "lost": language.text("The connection is lost; your place is kept. We keep trying."),
    }
