"""
The result of a rehearsal as JUnit XML, for pipelines that show tests. Pure.
"""

import re
from collections.abc import Mapping
from typing import Any, Final
from xml.etree import ElementTree as ET

_FORBIDDEN: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 holds in no form, not even escaped (https://www.w3.org/TR/xml/#charsets)."""

WHOLE: Final = "the rehearsal itself"


def junit(result: Mapping[str, Any]) -> str:
    """
    Return the document: one suite, a case for each limit, and one for the rehearsal itself.

    A limit that did not hold is a failure, one of the generator's honesty an error; where the run did not take place
    the case was skipped.
    """
    checks, aborted = result["thresholds"], result["verdict"] == "aborted"
    name = result.get("scenario", {}).get("name") or "rehearsal"
    suite = ET.Element("testsuite", {"name": _clean(f"rehearse {name}"), "time": str(result["duration_s"])})
    suite.set("timestamp", _clean(result["started_at"]))
    properties = ET.SubElement(suite, "properties")
    for key in ("verdict", "seed", "command"):
        ET.SubElement(properties, "property", {"name": key, "value": _clean(str(result[key]))})
    for check in checks:
        _case(suite, name, check, skipped=aborted or not result["runs"].get(check["run"]))
    whole = ET.SubElement(suite, "testcase", {"classname": _clean(f"rehearse.{name}"), "name": "the rehearsal itself"})
    if result["verdict"] in ("invalid", "aborted"):
        error = ET.SubElement(whole, "error", {"message": _clean(f"the verdict is {result['verdict']}")})
        error.text = _clean("\n".join(result["reasons"]))
    for kind in ("failure", "error", "skipped"):
        suite.set({"failure": "failures", "error": "errors"}.get(kind, kind), str(len(suite.findall(f".//{kind}"))))
    suite.set("tests", str(len(checks) + 1))
    ET.indent(suite)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(suite, encoding="unicode")}\n'


def _case(suite: ET.Element, name: str, check: Mapping[str, Any], *, skipped: bool) -> None:
    title = f"{check['name']} ({check['phase']})" if check.get("phase") else check["name"]
    case = ET.SubElement(
        suite, "testcase", {"classname": _clean(f"rehearse.{name}.{check['run']}"), "name": _clean(title)}
    )
    if skipped:
        ET.SubElement(case, "skipped", {"message": "this run did not come to its end"})
    elif not check["ok"]:
        value = "not measured" if check["value"] is None else f"{check['value']:g}"
        kind = "error" if check["kind"] == "validity" else "failure"
        what = f"{check['field']} is {value}, must be {check['comparator']} {check['limit']:g}"
        ET.SubElement(case, kind, {"message": _clean(what)}).text = _clean(check["why"])


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
