"""
The shop's pictures and styles: all there, well-formed, and asking nobody for anything.
"""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from loadtests import demo_shop
from loadtests.demo_shop.catalogue import TOYS

FOLDER = Path(demo_shop.__file__).parent
ASSETS = FOLDER / "assets"
DRAWINGS = sorted(ASSETS.rglob("*.svg"))


def test_every_toy_has_its_picture_and_every_picture_its_toy() -> None:
    """
    The catalogue and the drawings name the same toys.
    """
    assert {path.stem for path in (ASSETS / "toys").iterdir()} == {toy.slug for toy in TOYS}


@pytest.mark.parametrize("path", DRAWINGS, ids=lambda path: path.name)
def test_a_drawing_is_plain_svg(path: Path) -> None:
    """
    A drawing is well-formed, scales, is small, and holds neither script nor style nor image from elsewhere.
    """
    root = ET.parse(path).getroot()  # noqa: S314  our own file
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}

    assert root.get("viewBox")
    assert not tags & {"script", "image", "use", "foreignObject", "style"}
    assert path.stat().st_size < 8_000


@pytest.mark.parametrize("path", [*DRAWINGS, ASSETS / "shop.css"], ids=lambda path: path.name)
def test_nothing_is_loaded_from_elsewhere(path: Path) -> None:
    """
    No asset names an address, but for the name of the SVG language itself.
    """
    text = path.read_text().replace("http://www.w3.org/2000/svg", "")

    assert not re.search(r"https?:|//[a-z]|@import|href=", text)


def channel(part: str) -> float:
    """
    Give one colour channel's linear light (WCAG 2.2, relative luminance).
    """
    value = int(part, 16) / 255
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def luminance(colour: str) -> float:
    """
    Give a colour's relative luminance.
    """
    digits = colour.lstrip("#")
    parts = [digits[n : n + 2] for n in (0, 2, 4)] if len(digits) == 6 else [digit * 2 for digit in digits]
    red, green, blue = map(channel, parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(
    ("front", "back"),
    [
        ("ink", "paper"), ("ink", "butter"), ("soft", "paper"), ("soft", "card"), ("red", "paper"), ("red", "card"),
        ("card", "red"), ("card", "ink"), ("teal", "paper"), ("teal", "card"), ("red-deep", "paper"),
    ],
)  # fmt: skip
def test_text_stands_out(front: str, back: str) -> None:
    """
    Every pair of text and background keeps the contrast of WCAG 2.2 AA, 4.5 to 1.
    """
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6});", (ASSETS / "shop.css").read_text()))
    lights = sorted((luminance(colours[front]), luminance(colours[back])))

    assert (lights[1] + 0.05) / (lights[0] + 0.05) >= 4.5
