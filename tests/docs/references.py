"""
The parts of the reference pages that are made from the code, and the OpenAPI document.

``python -m tests.docs.references`` writes them anew; a test holds that they are as it would write them.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import MISSING, Field, fields
from pathlib import Path
from textwrap import dedent
from typing import Any, get_args

import click
from pydantic.fields import FieldInfo

from loadtests.arrivals.history import History
from loadtests.arrivals.models import MODELS
from loadtests.cli.demo import demo
from loadtests.cli.rehearse import rehearse
from loadtests.scenario.crowds import HISTORY, HistoryHead
from tests.outcomes import NAMES, ROWS, TABLE
from tests.source import ROOT
from waiting_room.cli import COMMANDS
from waiting_room.cli import main as program
from waiting_room.config.sections import SECTIONS
from waiting_room.config.sources import ENV_PREFIX
from waiting_room.core.policy import Policy
from waiting_room.doctor.catalogue import KINDS
from waiting_room.doctor.findings import TOPICS
from waiting_room.web.openapi.document import document, written

PAGES = tuple(
    ROOT / "docs" / name for name in ("configuration.md", "command-line.md", "doctor.md", "proxies.md", "rehearsal.md")
)
OPENAPI = ROOT / "docs" / "openapi.json"
BLOCK = re.compile(r"(<!-- made: (?P<name>[\w .-]+) -->\n)(?P<text>.*?)(<!-- end -->)", re.DOTALL)
WIDTH = 100
PLUGINS = {"rehearse": rehearse, "demo": demo}


def settings_table(section: str) -> str:
    """
    Return the table of a section of the configuration.
    """
    rows = [
        (f"`{name}`", default_of(info.default), kind_of(info), info.description or "", variable(section, name, info))
        for name, info in SECTIONS[section].model_fields.items()
    ]
    return table(("setting", "default", "value", "meaning", "variable"), rows)


def kind_of(info: FieldInfo) -> str:
    """
    Return the kind of value in words.
    """
    low, high = bound_of(info, "ge"), bound_of(info, "le")
    if low is not None:
        return f"{low} to {high}"
    choices = [choice for choice in get_args(info.annotation) if isinstance(choice, str)]
    if choices:
        return " or ".join(f"`{choice}`" for choice in choices)
    return "list of texts" if "tuple" in str(info.annotation) else "text"


def bound_of(info: FieldInfo, name: str) -> Any:
    """
    Return a bound of a number, or None.
    """
    return next((getattr(limit, name) for limit in info.metadata if hasattr(limit, name)), None)


def variable(section: str, name: str, info: FieldInfo) -> str:
    """
    Return the variables that set a setting; a secret's may name a file.
    """
    plain = f"`{ENV_PREFIX}{section.upper()}__{name.upper()}`"
    return f"{plain}, or a file's name in `…_FILE`" if info.repr is False else plain


def default_of(value: object) -> str:
    """
    Return a default as it would stand in the file.
    """
    if value is None or value in {"", ()}:
        return "–"
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    if isinstance(value, tuple):
        return f"`{json.dumps(value)}`"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


def default_of_setting(entry: Field[Any]) -> str:
    """
    Return the default of a room's setting; that of a table is told in words.
    """
    return str(entry.metadata["default"]) if "table" in entry.metadata else default_of(entry.default)


def rooms_table(_: str) -> str:
    """
    Return the table of a room's settings.
    """
    rows = [
        (f"`{entry.name}`", default_of_setting(entry), range_of(entry), entry.metadata["help"])
        for entry in fields(Policy)
    ]
    return table(("setting", "default", "value", "meaning"), rows)


def range_of(entry: Field[Any]) -> str:
    """
    Return what a setting of a room may be.
    """
    meta = entry.metadata
    if "table" in meta:
        return str(meta["table"])
    if "choices" in meta:
        return " or ".join(f"`{choice}`" for choice in meta["choices"])
    if "low" in meta:
        return f"{meta['low']:,} to {meta['high']:,} {meta['unit']}"
    if isinstance(entry.default, bool):
        return "`true` or `false`"
    return str(meta.get("kind", "list of texts" if entry.default == () else "text"))


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """
    Return a Markdown table.
    """
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def command_help(path: str) -> str:
    """
    Return the help of a command, as a terminal of 100 columns shows it.
    """
    context = click.Context(program, info_name="waiting-room", **program.context_settings)
    command: click.Command | None = program
    for name in path.split()[1:]:
        assert isinstance(command, click.Group)
        command = PLUGINS[name] if name in PLUGINS else command.get_command(context, name)
        assert command is not None
        context = click.Context(command, parent=context, info_name=name)
    assert command is not None
    context.max_content_width = context.terminal_width = WIDTH
    return f"```text\n{command.get_help(context).rstrip()}\n```"


def commands() -> Iterator[str]:
    """
    Yield every command with its path, groups before what stands in them.
    """
    context = click.Context(program)
    ours = {name: program.get_command(context, name) for name in COMMANDS}
    for name, command in (ours | PLUGINS).items():
        yield f"waiting-room {name}"
        if isinstance(command, click.Group):
            yield from (f"waiting-room {name} {inner}" for inner in command.commands)


def findings(name: str) -> str:
    """
    Return a part for each kind of finding on one topic.
    """
    kinds = [kind for kind in KINDS.values() if kind.topic == name.removeprefix("findings ")]
    return "\n\n".join(
        f"#### `{kind.code}`\n\n{kind.severity.capitalize()}: {kind.title}.\n{kind.why}\n\n{kind.remedy}"
        for kind in kinds
    )


def outcomes_table(_: str) -> str:
    """
    Return what a visitor gets, by what stands in front of the shop: the table that the tests hold.
    """
    rows = [(heading, *(cell_text(row, column) for column in NAMES)) for row, heading in ROWS.items()]
    return table(("the service; who asks", *NAMES.values()), rows)


def cell_text(row: str, column: str) -> str:
    """
    Return a cell in words, or a dash where there is no such case.
    """
    cell = TABLE[row].get(column)
    return f"{cell.status} {cell.what}" if cell else "–"


def models_table(_: str) -> str:
    """
    Return every number of every model of arrivals, as a scenario's stream has it.
    """
    heads: dict[str, tuple[Any, Any]] = {name: (kind, kind) for name, kind in MODELS.items()}
    heads |= {HISTORY: (HistoryHead, History)}
    rows = [
        (f"`{name}`", f"`{item.name}`", default_of_number(item), means[item.name].rstrip("."))
        for name, (kind, explained) in heads.items()
        for means in [{"file": HISTORY_FILE} | arguments_of(explained)]
        for item in fields(kind)
    ]
    return table(("model", "number", "default", "meaning"), rows)


HISTORY_FILE = "the log or the table, looked for beside the scenario"


def default_of_number(item: Field[Any]) -> str:
    """
    Return what a number is where a scenario does not say, or that it must.
    """
    if item.default is MISSING:
        return "needed, a list" if "tuple" in str(item.type) else "needed"
    return f"`{item.default:g}`" if isinstance(item.default, float) else default_of(item.default)


def arguments_of(kind: type[Any]) -> dict[str, str]:
    """
    Return what a dataclass says of its fields, each by its name.
    """
    told = dedent(str(kind.__doc__).partition("Args:\n")[2])
    found = re.findall(r"^(\w[\w, ]*): (.*(?:\n +.*)*)", told, re.MULTILINE)
    return {name.strip(): " ".join(text.split()) for names, text in found for name in names.split(",")}


MAKERS: dict[str, Callable[[str], str]] = {
    "server": settings_table,
    "redis": settings_table,
    "jwt": settings_table,
    "rooms": rooms_table,
    **{f"findings {topic}": findings for topic in TOPICS},
    "outcomes": outcomes_table,
    "models": models_table,
}


def rewritten(text: str) -> str:
    """
    Return a page with its made parts made anew.
    """

    def made(match: re.Match[str]) -> str:
        name = match["name"]
        maker = MAKERS.get(name, command_help)
        return f"{match[1]}\n{maker(name)}\n\n{match[4]}"

    return BLOCK.sub(made, text)


def main() -> None:
    """
    Write the pages.
    """
    for page in PAGES:
        write(page)
    OPENAPI.write_text(written(document()), encoding="utf-8")


def write(page: Path) -> None:
    """
    Write one page.
    """
    page.write_text(rewritten(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
