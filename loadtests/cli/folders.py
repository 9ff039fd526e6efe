"""
Reading the folders that rehearsals have written.
"""

import json
from pathlib import Path
from typing import Any

from loadtests.documents import DocumentError
from loadtests.measuring.measures import Measures
from waiting_room.errors import Fault

RESULT = "rehearsal.json"


def rehearsal_of(
    folder: Path, faults: list[Fault], *, partial: bool = False
) -> tuple[dict[str, Any], dict[str, Measures]]:
    """
    Return the result that *folder* holds and the measures of its runs; what cannot be read becomes a fault.

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
    if not isinstance(result, dict) or not isinstance(result.get("runs"), dict):
        faults.append(Fault(str(folder / RESULT), "is no rehearsal's result", "rehearse again"))
        return {}, {}
    measures = {}
    for name in (name for name, run in result["runs"].items() if run):
        path = folder / "runs" / f"{name}.measures.json"
        if partial and not path.exists():
            continue
        try:
            measures[name] = Measures.from_file(path)
        except DocumentError as error:
            faults.extend(error.faults)
    return result, measures
