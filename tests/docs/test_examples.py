"""
The examples in the documentation are right as they stand.
"""

import ast

from tests.docs.markdown import Example, examples, fenced


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
