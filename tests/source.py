"""
The project's own source as data: which modules there are, what each imports, and how long its parts are.
"""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("waiting_room", "loadtests")  # what the wheel holds
ALL_PACKAGES = (*PACKAGES, "dashboards", "benchmarks", "tests")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Module:
    """
    One Python file: its dotted name, whether it is a package's `__init__`, and its text.
    """

    name: str
    is_package: bool
    text: str

    @property
    def tree(self) -> ast.Module:
        """
        Parse the text.
        """
        return ast.parse(self.text, filename=self.name)

    @property
    def package(self) -> list[str]:
        """
        Return the parts of the package that the module's relative imports start from.
        """
        parts = self.name.split(".")
        return parts if self.is_package else parts[:-1]


@cache
def modules(*packages: str) -> tuple[Module, ...]:
    """
    Read every module under the top-level *packages*.
    """
    return tuple(read(path) for package in packages for path in sorted((ROOT / package).rglob("*.py")))


def read(path: Path) -> Module:
    """
    Read the module at *path*, an absolute path under the project's root.
    """
    parts = path.relative_to(ROOT).with_suffix("").parts
    is_package = parts[-1] == "__init__"
    return Module(".".join(parts[:-1] if is_package else parts), is_package, path.read_text())


@dataclass(frozen=True, slots=True)
class Facts:
    """
    Hold what one look through a module tells: lines and names of imports, of reads of the environment, of functions.
    """

    imports: tuple[tuple[int, str], ...]
    environment_reads: tuple[int, ...]
    functions: tuple[tuple[str, int], ...]


@cache
def facts(module: Module) -> Facts:
    """
    Look through *module* once for all who ask.
    """
    nodes = list(ast.walk(module.tree))
    return Facts(tuple(_imports(module, nodes)), tuple(_environment_reads(nodes)), tuple(_functions(nodes)))


def imports(module: Module) -> tuple[tuple[int, str], ...]:
    """
    Return line and dotted name of everything that *module* imports, wherever it stands.

    `from a import b` is told as `a.b`, since *b* may be a module; so is `import_module("a.b")` with a plain string.
    """
    return facts(module).imports


def _imports(module: Module, nodes: Sequence[ast.AST]) -> Iterator[tuple[int, str]]:
    for node in nodes:
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(names=names, module=source, level=level):
                start = module.package[: len(module.package) - level + 1] if level else []
                origin = ".".join([*start, *([source] if source else [])])
                yield from ((node.lineno, f"{origin}.{alias.name}") for alias in names)
            case ast.Call(func=ast.Attribute(attr="import_module"), args=[ast.Constant(value=str(name)), *_]):
                yield node.lineno, name
            case ast.Call(func=ast.Name(id="import_module" | "__import__"), args=[ast.Constant(value=str(name)), *_]):
                yield node.lineno, name


def environment_reads(module: Module) -> tuple[int, ...]:
    """
    Return the lines where *module* takes hold of the process's environment, but for `{**os.environ, ...}`.

    That form hands the environment on to a child, and lets nothing in it decide what we do.
    """
    return facts(module).environment_reads


def _environment_reads(nodes: Sequence[ast.AST]) -> Iterator[int]:
    handed_on = {id(value) for node in nodes if isinstance(node, ast.Dict) for value in unpacked(node)}
    for node in nodes:
        if id(node) in handed_on:
            continue
        match node:
            case ast.Attribute(value=ast.Name(id="os"), attr="environ" | "environb" | "getenv"):
                yield node.lineno
            case ast.ImportFrom(module="os", names=names) if {"environ", "environb", "getenv"} & {
                n.name for n in names
            }:
                yield node.lineno


def unpacked(node: ast.Dict) -> Iterator[ast.expr]:
    """
    Yield what a dictionary display takes in with `**`.
    """
    return (value for key, value in zip(node.keys, node.values, strict=True) if key is None)


def functions(module: Module) -> tuple[tuple[str, int], ...]:
    """
    Return name and number of lines of each function, its decorators left out and its docstring counted.
    """
    return facts(module).functions


def _functions(nodes: Sequence[ast.AST]) -> Iterator[tuple[str, int]]:
    for node in nodes:
        if isinstance(node, Function):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def under(name: str, pattern: str) -> bool:
    """
    Tell whether the dotted *name* is what *pattern* (`a.b`, `a.b*`) names, or stands inside it.
    """
    return fnmatchcase(name, pattern) or fnmatchcase(name, f"{pattern}.*")
