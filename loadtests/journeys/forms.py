"""
Read links and forms off a shop's page, as leniently as a browser does, and fill the forms in.

Only what a journey needs: which products a page links to, and what a form would send. Regular expressions instead of
a parser of HTML: a shopper reads a page in tens of microseconds, and a thousand of them come each second.
"""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_TAG = re.compile(r"<(/?)(form|input|select|option|textarea|button)\b((?:\"[^\"]*\"|'[^']*'|[^>\"'])*)>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([\w:-]+)(?:\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s\"'>]+))?")
_LINK = re.compile(r"<a\b[^>]*?\bhref\s*=\s*[\"']?([^\"'#?\s>]+)", re.IGNORECASE)

_NOSCRIPT = re.compile(r"<noscript\b.*?</noscript\s*>", re.IGNORECASE | re.DOTALL)

_IGNORED: Final = ("reset", "button", "file", "image")


@dataclass(frozen=True, slots=True)
class Form:
    """
    Say where a form goes and what it would send if submitted as it stands.
    """

    action: str
    method: str
    fields: dict[str, str]

    def filled(self, wishes: Mapping[str, str]) -> dict[str, str]:
        """
        Return what is sent when *wishes* are typed over the fields; wishes without a field are sent as well.
        """
        return {**self.fields, **wishes}


def links(page: str, part: str, marked: str = "") -> tuple[str, ...]:
    """
    Return the addresses on *page* that contain *part*, each once, in the order of the page.

    Args:
        page: its HTML.
        part: of the address.
        marked: only links whose tag contains this text count, such as a class.
    """
    tags = _LINK.finditer(page)
    found = (html.unescape(tag[1]) for tag in tags if not marked or marked in _whole(page, tag.start()))
    return tuple(dict.fromkeys(address for address in found if part in address))


def forms(page: str) -> tuple[Form, ...]:
    """
    Return the forms of *page* in its order.

    As browsers do, it ignores a form within a form, and what is for browsers without scripts.
    """
    if "<noscript" in page:
        page = _NOSCRIPT.sub("", page)
    found: list[Form] = []
    form: Form | None = None
    select = ""
    for closing, name, attributes in _TAG.findall(page):
        tag = name.lower()
        if tag == "form":
            if closing:
                form = None
            elif form is None:
                form = _form(_attributes(attributes))
                found.append(form)
        elif form is None:
            continue
        elif tag == "select":
            select = "" if closing else _attributes(attributes).get("name", "")
        elif not closing:
            _add_field(form.fields, tag, _attributes(attributes), select)
    return tuple(found)


def form_to(page: str, part: str) -> Form | None:
    """
    Return the first form that is posted to an address that contains *part*, else the first that has a field of that
    name, else one posted to the page itself.
    """
    posted = [form for form in forms(page) if form.method == "post"]
    direct = [form for form in posted if part in form.action]
    having = [form for form in posted if part in form.fields]
    return next(iter((*direct, *having, *(form for form in posted if not form.action))), None)


def _whole(page: str, start: int) -> str:
    return page[start : page.find(">", start) + 1]


def _form(attributes: dict[str, str]) -> Form:
    return Form(attributes.get("action", ""), attributes.get("method", "get").lower(), {})


def _attributes(text: str) -> dict[str, str]:
    return {name.lower(): html.unescape(value.strip("\"'")) for name, value in _ATTRIBUTE.findall(text)}


def _add_field(fields: dict[str, str], tag: str, attributes: dict[str, str], select: str) -> None:
    name = select if tag == "option" else attributes.get("name", "")
    kind = attributes.get("type", "submit" if tag == "button" else "text").lower()
    if not name or "disabled" in attributes or (tag != "option" and kind in _IGNORED):
        return
    value = attributes.get("value", "")
    if tag == "option":
        # The first option stands until one says that it is selected.
        if "selected" in attributes or name not in fields:
            fields[name] = value
    elif kind in ("radio", "submit"):
        if "checked" in attributes or name not in fields:
            fields[name] = value
    elif kind == "checkbox":
        if "checked" in attributes or "required" in attributes:
            fields[name] = value or "on"
    else:
        fields[name] = value
