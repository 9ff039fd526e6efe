"""
``python -m tests.fuzzing --requests 200000 --seed 1``: play, print what was seen as JSON, and fail where a fault was.
"""

import json
import logging
import sys
import tempfile
from pathlib import Path

import click

from tests.fuzzing.play import run


@click.command()
@click.option("--requests", default=200_000, show_default=True, help="How many, over all targets.")
@click.option("--seed", default=1, show_default=True, help="What they are made from; the same gives the same.")
@click.option("--only", default="", help="A target by its name.")
def main(requests: int, seed: int, only: str) -> None:
    """
    Play hostile requests at every gate and at the endpoint for proxies.
    """
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        findings = run(requests, seed, Path(folder), only)
    click.echo(json.dumps(findings.report(), indent=1, default=str))
    sys.exit(1 if findings.faults else 0)


if __name__ == "__main__":
    main()
