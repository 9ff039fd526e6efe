"""
``python -m tests.openapi --examples 1000``: the long run of Schemathesis over the whole document.
"""

import argparse
import secrets
import sys

from tests.openapi.trial import try_out


def main() -> int:
    """
    Print what was tried and found; return 1 where something was.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.openapi", description=__doc__)
    parser.add_argument("--examples", type=int, default=100, help="requests of each kind for each call [100]")
    parser.add_argument("--seed", type=int, help="the seed of an earlier run")
    given = parser.parse_args()
    seed = secrets.randbelow(2**32) if given.seed is None else given.seed
    verdict = try_out(given.examples, seed=seed)
    sys.stdout.write(verdict.said)
    sys.stdout.writelines(f"{found}\n" for found in verdict.found)
    sys.stdout.write(
        f"{verdict.cases:,} requests over {verdict.calls} calls, {len(verdict.found)} findings, seed {seed}\n"
    )
    return 1 if verdict.found else 0


if __name__ == "__main__":
    sys.exit(main())
