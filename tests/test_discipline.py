"""
What holds of every test: it waits for what it needs instead of sleeping, and is never skipped in silence.
"""

import ast
from collections.abc import Iterator

import pytest

from tests.source import Module, modules

# `peer` (tests/peers.py) is the one way to leave a test out: it names what is missing, and fails under CI.
SKIPS = {"skip", "skipif", "importorskip", "skipTest"}


def habits(module: Module) -> Iterator[str]:
    """
    Say where *module* sleeps for a fixed time, or skips for anything but the platform.
    """
    tree = module.tree
    excused = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call) and asks_for_platform(node)}
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr="sleep") | ast.Name(id="sleep"), args=[ast.Constant(value=time)]) if (
                time
            ):
                yield f"{module.name}:{node.lineno} sleeps; wait_until (tests/waiting.py) ends as soon as it may"
            case ast.Attribute(attr=name) | ast.Name(id=name) if name in SKIPS and id(node) not in excused:
                yield f"{module.name}:{node.lineno} skips; pytest.mark.peer names what is missing, and fails under CI"


def asks_for_platform(call: ast.Call) -> bool:
    """
    Tell whether *call* skips with a reason on another platform: nothing that could be installed would help there.
    """
    match call:
        case ast.Call(
            func=ast.Attribute(attr="skipif"),
            args=[ast.Compare(left=ast.Attribute(value=ast.Name(id="sys"), attr="platform"))],
            keywords=[ast.keyword(arg="reason")],
        ):
            return True
    return False


@pytest.mark.parametrize(
    "module",
    [module for module in modules("tests") if module.name.rpartition(".")[2].startswith(("test_", "conftest"))],
    ids=lambda module: module.name,
)
def test_tests_neither_sleep_nor_skip(module: Module) -> None:
    """
    No test waits a fixed time for something to have happened, and none leaves itself out.
    """
    assert list(habits(module)) == []


@pytest.mark.parametrize(
    "text",
    ["await asyncio.sleep(0.2)", "time.sleep(1)", "pytest.skip('no')", "@pytest.mark.skipif(True)\ndef f(): ..."],
)
def test_a_bad_habit_is_seen(text: str) -> None:
    """
    Sleeping and skipping are found in the forms they come in.
    """
    assert list(habits(Module("tests.planted", is_package=False, text=text)))


@pytest.mark.parametrize(
    "text",
    [
        "await asyncio.sleep(0)",
        "SLEEPER = 'time.sleep(60)'",
        "await sleep(pause_s)",
        "@pytest.mark.skipif(sys.platform != 'linux', reason='prctl')\ndef f(): ...",
    ],
)
def test_what_is_not_meant_is_let_through(text: str) -> None:
    """
    Giving way to the event loop, programs that tests start, and what only one platform can do, are not meant.
    """
    assert list(habits(Module("tests.planted", is_package=False, text=text))) == []
