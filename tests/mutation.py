"""
How much the tests of the core would notice: mutmut breaks waiting_room/core in small ways, one at a time, and
tests/core has to fail each time.

``make mutants`` runs it over every module, ``make mutants ARGS="policy lanes"`` over some.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tests.source import ROOT

CORE = "waiting_room.core"
THRESHOLD = 0.85
# A mutant that never ends or brings the interpreter down is noticed as surely as one that fails a test.
NOTICED = {"killed", "timeout", "segfault"}
RESULT = re.compile(rf"^\s*{re.escape(CORE)}\.(?P<module>\w+)\.(?P<mutant>\S+): (?P<status>[\w ]+)$", re.MULTILINE)
MUTMUT = Path(sys.executable).with_name("mutmut")

Results = Mapping[str, Mapping[str, str]]


def read_results(text: str) -> Results:
    """
    Return the status of each mutant by module, from what `mutmut results --all true` prints.
    """
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for match in RESULT.finditer(text):
        found[match["module"]][match["mutant"]] = match["status"]
    return found


def share_killed(statuses: Iterable[str]) -> float:
    """
    Return the share of the mutants that were noticed; none at all count as none noticed.

    Mutants of lines that no test reaches, and those that were not tried, count as survivors.
    """
    all_of_them = list(statuses)
    return sum(status in NOTICED for status in all_of_them) / len(all_of_them) if all_of_them else 0.0


def report(results: Results) -> list[str]:
    """
    List the share killed of each module and of all, then the survivors: a line for each function that has some.
    """
    rows = [row(module, mutants.values()) for module, mutants in sorted(results.items())]
    together = row("together", [status for mutants in results.values() for status in mutants.values()])
    survivors = [line for module, mutants in sorted(results.items()) for line in survivors_of(module, mutants)]
    shown = f"survivors by function; `mutmut show {CORE}.FUNCTION__mutmut_NUMBER` shows what was changed:"
    return [*rows, together, "", shown if survivors else "none survived", *survivors]


def survivors_of(module: str, mutants: Mapping[str, str]) -> list[str]:
    """
    List each function of *module* that has survivors, those with the most first: how many of its mutants, and which.

    A status stands with a number where it is another than ``survived``.
    """
    total: Counter[str] = Counter()
    left: dict[str, list[str]] = defaultdict(list)
    for mutant, status in mutants.items():
        function, _, number = mutant.rpartition("__mutmut_")
        total[function] += 1
        if status not in NOTICED:
            left[function].append(number if status == "survived" else f"{number} ({status})")
    worst_first = sorted(left, key=lambda function: -len(left[function]))
    return [
        f"  {module}.{function}: {len(left[function])} of {total[function]}: {', '.join(left[function])}"
        for function in worst_first
    ]


def row(name: str, statuses: Iterable[str]) -> str:
    """
    Say in a line how many mutants there were and what share of them was killed.
    """
    all_of_them = list(statuses)
    return f"{name:12} {len(all_of_them):5} mutants  {share_killed(all_of_them):6.1%} killed"


def mutate(modules: Sequence[str], children: int) -> Results:
    """
    Run mutmut over *modules* of the core (all, where none is named) with so many *children*, and return the results.

    A run over everything starts from nothing: mutmut keeps old results, also those of tests that have changed since.
    """
    if not modules:
        shutil.rmtree(ROOT / "mutants", ignore_errors=True)
    patterns = [f"{CORE}.{module}.*" for module in modules]
    subprocess.run([MUTMUT, "run", "--max-children", str(children), *patterns], cwd=ROOT, check=True)
    listed = subprocess.run(
        [MUTMUT, "results", "--all", "true"], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    )
    results = read_results(listed.stdout)
    return {module: results[module] for module in modules or results if results.get(module)}


def main() -> int:
    """
    Run, report, and return 1 where fewer than the threshold were killed.
    """
    known = sorted(path.stem for path in (ROOT / "waiting_room" / "core").glob("*.py") if path.stem != "__init__")
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"of the core: {', '.join(known)}")
    parser.add_argument("--children", type=int, default=os.cpu_count() or 1, help="processes at a time (%(default)s)")
    asked = parser.parse_args()
    if unknown := [module for module in asked.modules if module not in known]:
        parser.error(f"the core has no module {', '.join(unknown)}; it has {', '.join(known)}")
    results = mutate(asked.modules, asked.children)
    print("\n".join(report(results)))
    killed = share_killed(status for mutants in results.values() for status in mutants.values())
    if killed < THRESHOLD:
        print(f"\n{killed:.1%} were killed, and {THRESHOLD:.0%} are asked for", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
