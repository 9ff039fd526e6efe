"""
Run one plan: start every shopper by the clock, count, and write down what was found.

    python -m loadtests.engine.locust_run PLAN.json

One JSON line a second on stdout tells the progress; the plan's `out` receives the measures. One of several workers says
`ready` first, and begins at the moment that it is then told on stdin (ms since 1970), unless its plan names one. SIGINT
and SIGTERM end the run within two seconds, and what was found until then is still written. Exit codes: 0 done, 2 usage,
3 the plan is invalid, 130 interrupted.
"""

from locust.env import Environment  # first: it patches what all others import  # isort: skip

import os
import signal
import sys
from pathlib import Path

import gevent
from gevent.socket import wait_read

from loadtests import documents
from loadtests.documents import DocumentError
from loadtests.engine.locust_generator import Generator
from loadtests.engine.plan import RunPlan
from loadtests.journeys.own import OwnJourneyError


def main(arguments: list[str]) -> int:
    """
    Run the plan that the arguments name, and return the exit code.
    """
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m loadtests.engine.locust_run PLAN.json\n")
        return 2
    try:
        plan = RunPlan.from_file(Path(arguments[0]))
        environment = Environment(user_classes=[], host=plan.shop_url)
        generator = Generator(plan, environment, lambda line: _tell(line.to_json()))
        for sign in (signal.SIGINT, signal.SIGTERM):
            gevent.signal_handler(sign, generator.interrupt)
        generator.prepare()
        generator.run(_zero_ms(plan, generator))
    except (DocumentError, OwnJourneyError) as error:
        sys.stderr.write(f"{error}\n")
        return 3
    documents.write(generator.take(), Path(plan.out))
    return 130 if generator.interrupted else 0


def _zero_ms(plan: RunPlan, generator: Generator) -> int:
    """
    Return the moment at which the run begins, in ms since 1970; 0 for as soon as possible.
    """
    if plan.start_at_ms or plan.workers == 1:
        return plan.start_at_ms
    _tell("ready")
    told = gevent.spawn(_hear_zero)
    while not generator.interrupted and not told.ready():
        told.join(0.01)
    return int(told.value or 0)


def _hear_zero() -> int:
    wait_read(sys.stdin.fileno())
    line = sys.stdin.readline().strip()
    return int(line) if line.isdecimal() else 0


def _tell(line: str) -> None:
    try:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # Nobody reads any more; the measures are still to be written.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # Thousands of shoppers in mid-visit need no farewell each: their connections close with the process.
    os._exit(code)
