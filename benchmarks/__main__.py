"""
Run the benchmarks, all or those named, and print how each ratio stands against its target.

A benchmark is a module in this folder with a `NAME` and a `run() -> list[Ratio]`. The exit code is 1 when a target is
missed and 2 for a name that does not exist.
"""

import argparse
import importlib
import json
import pkgutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import benchmarks
from benchmarks.ratio import Ratio


@dataclass(frozen=True, slots=True)
class Benchmark:
    """
    A benchmark as the command line knows it.
    """

    name: str
    about: str
    run: Callable[[], list[Ratio]]


def found() -> dict[str, Benchmark]:
    """
    Find the modules of this folder that define a benchmark.
    """
    named = [info.name for info in pkgutil.iter_modules(benchmarks.__path__) if not info.name.startswith("_")]
    loaded = (importlib.import_module(f"benchmarks.{name}") for name in named)
    all_of_them = (
        Benchmark(module.NAME, (module.__doc__ or "").strip().partition("\n")[0], module.run)
        for module in loaded
        if hasattr(module, "NAME")
    )
    return {benchmark.name: benchmark for benchmark in all_of_them}


def table(ratios: Iterable[Ratio]) -> str:
    """
    Set the ratios in columns, one line each, misses marked.
    """
    rows = [("", "measured", "baseline", "ratio", "target", ""), *map(row, ratios)]
    name, *figures, remark = (max(map(len, cells)) for cells in zip(*rows, strict=True))
    layout = "  ".join([f"{{:<{name}}}", *(f"{{:>{width}}}" for width in figures), f"{{:<{remark}}}"])
    return "\n".join(layout.format(*cells).rstrip() for cells in rows)


def row(ratio: Ratio) -> tuple[str, ...]:
    """
    Write one ratio as a row of cells.
    """
    sign = ">=" if ratio.better == "higher" else "<="
    remarks = ([] if ratio.ok else ["MISSED"]) + ([f"against {ratio.note}"] if ratio.note else [])
    return (
        ratio.name,
        f"{figure(ratio.value)} {ratio.unit}".rstrip(),
        figure(ratio.baseline),
        f"{ratio.ratio:.3g}",
        "" if ratio.target is None else f"{sign} {ratio.target:g}",
        ", ".join(remarks),
    )


def figure(number: float) -> str:
    """
    Write a number with the digits that mean something.
    """
    return f"{number:,.0f}" if abs(number) >= 1_000 else f"{number:.4g}"


def main(argv: list[str] | None = None) -> int:
    """
    Run what is asked for and return the exit code.
    """
    available = found()
    parser = argparse.ArgumentParser(prog="make bench ARGS=...", description=(__doc__ or "").strip().partition("\n")[0])
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of: {', '.join(available) or 'none yet'}; default: all"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(argv)
    unknown = [name for name in options.names if name not in available]
    if unknown:
        parser.error(f"no benchmark is called {', '.join(unknown)}; there are: {', '.join(available) or 'none yet'}")

    ratios: list[Ratio] = []
    for name in options.names or available:
        print(f"{name}: {available[name].about}", file=sys.stderr, flush=True)
        ratios += available[name].run()
    if options.json:
        print(json.dumps([ratio.to_json() for ratio in ratios], indent=2))
    else:
        print(table(ratios))
    return 0 if all(ratio.ok for ratio in ratios) else 1


if __name__ == "__main__":
    sys.exit(main())
