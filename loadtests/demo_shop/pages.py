"""
Turn what the counter gave into HTML: Jinja2 templates with autoescape, and the pictures and styles beside them.
"""

import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from loadtests.demo_shop.catalogue import BY_SLUG, LANGUAGES, MAX_PER_TOY, TOYS, Language
from loadtests.demo_shop.texts import Texts

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Asset:
    """
    Hold one picture or style sheet with its type and the tag that changes with its content.
    """

    body: bytes
    content_type: str
    tag: str


def load_assets(folder: Path = HERE / "assets") -> Mapping[str, Asset]:
    """
    Read all assets into memory by their path below the folder: nothing else on the disk can ever be asked for.
    """
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            body = path.read_bytes()
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            found[path.relative_to(folder).as_posix()] = Asset(body, kind, hashlib.sha256(body).hexdigest()[:12])
    return found


class Pages:
    """
    Render the shop's pages; a missing text, asset or variable is an error, never a gap on the page.
    """

    def __init__(self, assets: Mapping[str, Asset]) -> None:
        self._assets = assets
        self._texts = {language: Texts(language) for language in LANGUAGES}
        self._engine = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._engine.globals.update(asset=self.asset, toys=BY_SLUG, all_toys=TOYS, max_per_toy=MAX_PER_TOY)
        self._notice = cache(self._render_notice)

    def asset(self, name: str) -> str:
        """
        Give the address of an asset, with its tag, so that browsers may keep it for ever.
        """
        return f"/assets/{name}?v={self._assets[name].tag}"

    def texts(self, language: Language) -> Texts:
        """
        Give the texts of one language.
        """
        return self._texts[language]

    def render(self, template: str, language: Language, **values: Any) -> str:
        """
        Render one template in one language.
        """
        return self._engine.get_template(template).render(
            t=self._texts[language], lang=language, languages=LANGUAGES, **{"basket_units": 0, **values}
        )

    def notice(self, name: str, language: Language) -> str:
        """
        Render a page that says why there is none: `timeout`, `closing`, `missing`, `broken` or `wrong`.

        Kept after the first time: an overloaded shop must not spend its processor on saying so.
        """
        return self._notice(name, language)

    def _render_notice(self, name: str, language: Language) -> str:
        return self.render("notice.html", language, name=name)
