"""
Ask twice over one connection in a process that has more than 1,024 files open; run by a test, as a program of its own.
"""

from locust.env import Environment  # first: it patches what all others import  # isort: skip

import os
import sys
from dataclasses import replace

from loadtests.browser import Request
from loadtests.locust_shoppers import Clock, FastBrowser, Stage, mend_http_client, shopper_class
from loadtests.recorder import Recorder
from tests.loadtests.engine.story import PLAN, Quiet

if __name__ == "__main__":
    mend_http_client()
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    plan = replace(PLAN, shop_url=sys.argv[1])
    clock = Clock()
    user = shopper_class(plan)(Environment(), Stage(plan, Recorder(plan, Quiet()), clock), 0, None)
    browser = FastBrowser(user, clock)
    for _ in range(3):
        answer = browser.ask(Request("basket", "GET", f"{sys.argv[1]}/basket", 5.0))
        sys.stdout.write(f"{answer.status}{answer.fault}\n")
