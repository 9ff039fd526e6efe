"""
Reading the folders that rehearsals have written.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from loadtests.documents import DocumentError
from loadtests.measuring.measures import Measures
from waiting_room.errors import Fault

RESULT = "rehearsal.json"
_PROMISED: Final = {
    "verdict": str,
    "thresholds": list,
    "reasons": list,
    "settings": dict,
    "versions": dict,
}
"""What a rehearsal's result always has beside its runs."""


def rehearsal_of(
    folder: Path, faults: list[Fault], *, partial: bool = False
) -> tuple[dict[str, Any], dict[str, Measures]]:
    """
    Return the result that *folder* holds and the measures of its runs; what cannot be read becomes a fault, and so do
    measures of another run.

    Args:
        folder: what `rehearse --out` has written.
        faults: where faults are added.
        partial: whether measures may be missing, as after a crash.
    """
    try:
        result = json.loads((folder / RESULT).read_bytes())
    except OSError as error:
        remedy = "name a folder that `waiting-room rehearse --out` has written"
        faults.append(Fault(str(folder / RESULT), f"cannot be read ({error.strerror})", remedy))
        return {}, {}
    except ValueError as error:
        faults.append(Fault(str(folder / RESULT), f"is no JSON ({error})", "rehearse again"))
        return {}, {}
    if not _is_result(result):
        faults.append(Fault(str(folder / RESULT), "is no rehearsal's result", "rehearse again"))
        return {}, {}
    measures = {}
    for name in (name for name, run in result["runs"].items() if run):
        path = folder / "runs" / f"{name}.measures.json"
        if partial and not path.exists():
            continue
        try:
            found = Measures.from_file(path)
        except DocumentError as error:
            faults.extend(error.faults)
            continue
        if (told := _told(result["runs"][name])) == (measured := (found.seed, found.started_at_ms)):
            measures[name] = found
        else:
            what = f"was measured in {_words(measured)}, and {RESULT} tells of {_words(told)}"
            faults.append(Fault(str(path), what, "rehearse again: the two do not belong together"))
    return result, measures


def _told(run: Mapping[str, Any]) -> tuple[Any, Any]:
    return run.get("seed"), run.get("started_at_ms")


def _words(run: tuple[Any, Any]) -> str:
    seed, started_at_ms = run
    if not isinstance(started_at_ms, int):
        return "a run without a name, as older versions wrote it"
    return f"the run of seed {seed} that began at {datetime.fromtimestamp(started_at_ms / 1000, UTC):%F %T} UTC"


def _is_result(found: Any) -> bool:
    runs = found.get("runs") if isinstance(found, dict) else None
    if not isinstance(runs, dict) or not all(run is None or isinstance(run, dict) for run in runs.values()):
        return False
    return all(isinstance(found.get(name), kind) for name, kind in _PROMISED.items())
