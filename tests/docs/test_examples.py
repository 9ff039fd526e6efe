"""
The examples in the documentation are right as they stand.
"""

import ast
from pathlib import Path

from loadtests.scenario.read import ScenarioError, read
from tests.docs.markdown import Example, examples, fenced
from waiting_room.config import load
from waiting_room.errors import ConfigError


def python_fault(example: Example) -> str | None:
    """
    Say what keeps a Python example from compiling; `await` may stand at its top.
    """
    try:
        compile(example.text, str(example), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except SyntaxError as error:
        return f"{example}: {error}"
    return None


def test_python_examples_compile() -> None:
    """
    Every Python example is valid Python.
    """
    assert [fault for example in examples("python") if (fault := python_fault(example))] == []


def test_a_broken_python_example_is_seen() -> None:
    """
    An example that does not compile is reported with its page and line.
    """
    fault = python_fault(Example("docs/page.md", 7, "python", "async with gate(\n"))

    assert fault is not None
    assert fault.startswith("docs/page.md:7: ")


def test_fenced_blocks_are_found_with_language_and_line() -> None:
    """
    A fenced block is found wherever it is indented, and names its language and line.
    """
    text = "# A\n\n1. first\n\n   ```toml title\n   a = 1\n     b = 2\n   ```\n\n```\nplain\n```\n"

    assert list(fenced("page.md", text)) == [
        Example("page.md", 5, "toml", "a = 1\n  b = 2\n"),
        Example("page.md", 10, "", "plain\n"),
    ]


def toml_fault(example: Example, folder: Path) -> str | None:
    """
    Say what keeps a TOML example from being a configuration that the service accepts, or (where somebody comes) a
    scenario that can be rehearsed.
    """
    file = folder / "waiting-room.toml"
    file.write_text(example.text)
    try:
        if "[[streams]]" in example.text:
            read(file)
        else:
            load(file, environ={}, options={})
    except (ConfigError, ScenarioError) as error:
        return f"{example}: {error}"
    return None


def test_toml_examples_are_valid_configuration(tmp_path: Path) -> None:
    """
    Every TOML example can be copied into a file and served from, or rehearsed.
    """
    assert [fault for example in examples("toml") if (fault := toml_fault(example, tmp_path))] == []


def test_a_broken_toml_example_is_seen(tmp_path: Path) -> None:
    """
    An example with a setting that does not exist is reported with its page, line and setting.
    """
    for text, place in (
        ("[rooms.sale]\ncapasity = 5\n", "rooms.sale.capasity"),
        ("[[streams]]\nnam = 1", "streams[0].nam"),
    ):
        fault = toml_fault(Example("docs/page.md", 7, "toml", text), tmp_path)

        assert fault is not None
        assert fault.startswith("docs/page.md:7: ")
        assert place in fault
