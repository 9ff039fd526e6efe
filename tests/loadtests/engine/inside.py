"""
Look into the process that has Locust in it; run by tests, as a program of its own.
"""

from locust.env import Environment  # first: it patches what all others import  # isort: skip

import os
import resource
import sys
import time
from contextlib import suppress
from dataclasses import replace

import gevent
from locust.exception import StopUser

from loadtests.arrivals.rate import Rate
from loadtests.crowd.streams import Stream
from loadtests.engine.locust_generator import Generator
from loadtests.engine.locust_shoppers import (
    Clock,
    FastBrowser,
    RehearsalShopper,
    Stage,
    shopper_class,
)
from loadtests.engine.locust_wires import Exchange
from loadtests.journeys.browser import Request
from loadtests.measuring.measures import Measures
from loadtests.measuring.recorder import Recorder, Unobserved
from tests.loadtests.journeys.story import PLAN


def users(url: str, count: int) -> list[RehearsalShopper]:
    """
    Return fresh shoppers of the shop at *url*.
    """
    plan = replace(PLAN, shop_url=url)
    stage = Stage(plan, Recorder(plan, Unobserved()), Clock())
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


def no_file_left(url: str) -> None:
    """
    Ask as one shopper, over HTTP and over a bare line, where not one more file may be opened; print what came.
    """
    [user] = users(url, 1)
    browser = FastBrowser(user, Clock())
    sys.stdout.write(f"{browser.ask(Request('basket', 'GET', f'{url}/basket', 5.0)).status}\n")
    browser.close()
    left = os.dup(sys.stdout.fileno())
    os.close(left)
    resource.setrlimit(resource.RLIMIT_NOFILE, (left, left))
    answer = browser.ask(Request("basket", "GET", f"{url}/basket", 5.0))
    sys.stdout.write(f"{answer.fault.replace(' ', '-')}\n{user.dial(url)}\n{user.exchange.unsent}\n")


def certificates(url: str) -> None:
    """
    Print how many different TLS contexts three shoppers have.
    """
    contexts = {id(user.exchange.context) for user in users(url, 3)}
    sys.stdout.write(f"{len(contexts)}\n")


def bare_means(url: str) -> None:
    """
    Ask with told cookies, then send rubbish over a bare line, then stray; print what came of it.
    """
    [user] = users(url, 1)
    browser = FastBrowser(user, Clock())
    browser.ask(Request("room page", "GET", f"{url}/waiting-room/sale", 5.0))
    for told in ({}, {"Cookie": "wr_visitor=another", "Waiting-Room-Pass": "made-up"}):
        browser.ask(Request("basket", "GET", f"{url}/basket", 5.0, headers=told))
    line = user.dial(url)
    assert line is not None
    listened = [line.send(b"GET / HTTP/1.1"), line.send(b"x" * 100_000)]
    for _ in range(1_500):
        if not line.send(b""):
            break
        gevent.sleep(0.02)
    listened.append(line.send(b"x"))
    line.close()
    sys.stdout.write(f"{browser.cookie('wr_')} {listened} {user.dial('http://127.0.0.1:1')}".replace(", ", ","))
    strayed(url)


def strayed(url: str) -> None:
    """
    Visit as a buyer and as one who holds connections, with every host forbidden; print what came of it.
    """
    for kind in ("buyer", "slowloris"):
        plan = replace(PLAN, shop_url=url, streams=(replace(PLAN.streams[0], journeys={kind: 1.0}),))
        stage = Stage(plan, Recorder(plan, Unobserved()), Clock())
        user = shopper_class(plan)(Environment(), stage, 0, None)
        user.exchange = Exchange(user.exchange.context, lambda _host: False)
        with suppress(StopUser):
            user.shop()
        found = stage.recorder.take(started_at_ms=0, duration_s=1, scheduled=1, cpu_share=0, interrupted=False)
        said = [problem.rpartition(", ")[2].replace(" ", "-") for problem in found.problems]
        sys.stdout.write(f" {found.outcomes.error},{found.shop_requests},{said}")


def ended_twice(url: str) -> None:
    """
    End a run while it is driven, and print what its driver has of it: who came, who is told, who was on the way.
    """
    crowd = Stream("crowd", Rate(((0.0, 30.0), (600.0, 30.0))), {"buyer": 1.0})
    plan = replace(PLAN, shop_url=url, streams=(crowd,), duration_s=600)
    generator = Generator(plan, Environment(), lambda _line: None)

    def driven() -> Measures:
        generator.run(round(time.time() * 1000))
        return generator.take()

    driver = gevent.spawn(driven)
    while not len(generator._shoppers):
        gevent.sleep(0.01)
    generator.interrupt()
    generator.finish()
    found = driver.get()
    sys.stdout.write(f"{found.arrivals} {len(found.shoppers)} {found.outcomes.unfinished}\n")


if __name__ == "__main__":
    looks = {
        "many_files": many_files,
        "no_file_left": no_file_left,
        "certificates": certificates,
        "bare_means": bare_means,
        "ended_twice": ended_twice,
    }
    looks[sys.argv[1]](sys.argv[2])
