"""
Look into the process that has Locust in it; run by tests, as a program of its own.
"""

from locust.env import Environment  # first: it patches what all others import  # isort: skip

import os
import sys
from dataclasses import replace

from loadtests.engine.locust_shoppers import (
    Clock,
    FastBrowser,
    RehearsalShopper,
    Stage,
    mend_http_client,
    shopper_class,
)
from loadtests.journeys.browser import Request
from loadtests.measuring.recorder import Recorder
from tests.loadtests.engine.story import PLAN, Quiet


def users(url: str, count: int) -> list[RehearsalShopper]:
    """
    Return fresh shoppers of the shop at *url*.
    """
    plan = replace(PLAN, shop_url=url)
    stage = Stage(plan, Recorder(plan, Quiet()), Clock())
    kind = shopper_class(plan)
    return [kind(Environment(), stage, i, None) for i in range(count)]


def many_files(url: str) -> None:
    """
    Ask three times as one shopper, with more than 1,024 files open, and print what came.
    """
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    [user] = users(url, 1)
    browser = FastBrowser(user, Clock())
    for _ in range(3):
        answer = browser.ask(Request("basket", "GET", f"{url}/basket", 5.0))
        sys.stdout.write(f"{answer.status}{answer.fault}\n")
    sys.stdout.write(f"{len(held)}\n")


def certificates(url: str) -> None:
    """
    Print how many different TLS contexts three shoppers have.
    """
    clients = [user.client.client.clientpool.get_client(url) for user in users(url, 3)]
    contexts = {id(vars(client)["_connection_pool"].ssl_context) for client in clients}
    sys.stdout.write(f"{len(contexts)}\n")


if __name__ == "__main__":
    mend_http_client()
    {"many_files": many_files, "certificates": certificates}[sys.argv[1]](sys.argv[2])
