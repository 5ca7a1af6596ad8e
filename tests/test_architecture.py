"""The architecture, asserted from the parsed sources: who imports whom, who prints, who evaluates.

Each rule is a function from sources to violations, so that a planted violation can show that the
rule bites.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

import bptt_sym

PACKAGE = Path(bptt_sym.__file__).parent
MAX_LINES = 500
#: The trusted kernel stays one file, so that it can be read in one sitting.
ONE_FILE = {"prove/kernel.py": 500}

#: A module may import from the layers above its own line and, within its line, only what keeps the
#: whole graph free of cycles.
LAYERS: tuple[frozenset[str], ...] = tuple(
    frozenset(line.split())
    for line in (
        "errors",
        "files printable",
        "messages",
        "remembering",
        "notation",
        "distances",
        "entries slices",
        "shapes",
        "recurrence",
        "read sympy_bridge",
        "cells architectures",
        "graph rules",
        "jacobian",
        "derive",
        "forms",
        "decide render evaluate prove",
        "documents diagnose",
        "definitions",
        "spelling",
        "check",
        "testing joined across weights",
        "train",
        "arguments",
        "cli",
    )
)

#: Calls that turn text into code, or into objects by way of code.
EVALUATING = frozenset(
    "eval exec compile __import__ sympify parse_expr parse_latex parse_mathematica lambdify".split()
)
#: file -> calls that it may make, each with its reason.
EVALUATES_ON_PURPOSE: Mapping[str, frozenset[str]] = {
    # Runs the source that the package itself generated from a recurrence, never text that was read.
    "evaluate/compiled.py": frozenset({"exec", "compile"}),
    # Compiles the source of a function that is being tested, and was run already, with one thing
    # changed; only where all that it uses is of libraries that compute. No text that was read.
    "testing/own_code.py": frozenset({"compile"}),
}


@cache
def tree(text: str) -> tuple[ast.AST, ...]:
    """Every node of a module; the rules share the parse."""
    return tuple(ast.walk(ast.parse(text)))


def sources() -> dict[str, str]:
    """The text of every module of the package, by path relative to it."""
    return {
        path.relative_to(PACKAGE).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(PACKAGE.rglob("*.py"))
    }


def unit(path: str) -> str:
    """The layer member that a file belongs to: ``read/tokens.py`` is part of ``read``."""
    return path.split("/")[0].removesuffix(".py")


def imports(text: str, path: str) -> Iterator[tuple[int, str]]:
    """``(line, dotted name)`` of everything imported, wherever in the file it stands."""
    package = ["bptt_sym", *path.split("/")[:-1]]
    for node in tree(text):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            if module.split(".")[0] == "bptt_sym":
                # The imported name may itself be a module.
                for alias in node.names:
                    yield node.lineno, f"{module}.{alias.name}"
            else:
                yield node.lineno, module


def wrong_imports(files: Mapping[str, str]) -> list[str]:
    """Imports against the direction of the layers, and cycles within one layer."""
    rank = {name: i for i, layer in enumerate(LAYERS) for name in layer}
    found: list[str] = []
    sideways: dict[str, set[str]] = {}
    for path, text in files.items():
        here = unit(path)
        if here == "__init__":
            continue
        if here not in rank:
            found.append(f"{path}: {here!r} has no layer")
            continue
        for line, name in imports(text, path):
            if name == "bptt_sym" or name.startswith("bptt_sym."):
                there = name.split(".")[1] if "." in name else ""
                if there == here:
                    continue
                if there not in rank or rank[there] > rank[here]:
                    found.append(f"{path}:{line}: {here} imports {name}")
                elif rank[there] == rank[here]:
                    sideways.setdefault(here, set()).add(there)
    for a, targets in sideways.items():
        for b in targets:
            if a in reachable(b, sideways):
                found.append(f"{a} and {b} import each other")
    return found


def reachable(start: str, edges: Mapping[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    todo = [start]
    while todo:
        for nxt in edges.get(todo.pop(), ()):
            if nxt not in seen:
                seen.add(nxt)
                todo.append(nxt)
    return seen


def kernel_imports(text: str) -> list[str]:
    """What the trusted kernel imports beyond the standard library and Arb's enclosures."""
    return [
        f"prove/kernel.py:{line}: {name}"
        for line, name in imports(text, "prove/kernel.py")
        if name.split(".")[0] not in sys.stdlib_module_names | {"flint"}
    ]


def called(node: ast.Call) -> str:
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def printing(files: Mapping[str, str]) -> list[str]:
    """Uses of ``print`` and of the standard streams outside the command line."""
    found = []
    for path, text in files.items():
        if path == "cli.py":
            continue
        for node in tree(text):
            match node:
                case ast.Call(func=ast.Name(id="print" | "input" as name)):
                    found.append(f"{path}:{node.lineno}: {name}")
                case ast.Attribute(
                    value=ast.Name(id="sys"), attr="stdout" | "stderr" | "stdin" as name
                ):
                    found.append(f"{path}:{node.lineno}: sys.{name}")
    return found


def evaluating(files: Mapping[str, str]) -> list[str]:
    """Calls that evaluate text. ``re.compile`` is the one ``compile`` that does not."""
    found = []
    for path, text in files.items():
        allowed = EVALUATES_ON_PURPOSE.get(path, frozenset())
        for node in tree(text):
            if not isinstance(node, ast.Call):
                continue
            name = called(node)
            if name == "compile" and isinstance(node.func, ast.Attribute):
                continue
            pickled = (
                isinstance(node.func, ast.Attribute)
                and name in ("load", "loads")
                and (isinstance(node.func.value, ast.Name) and node.func.value.id == "pickle")
            )
            if pickled or (name in EVALUATING and name not in allowed):
                found.append(f"{path}:{node.lineno}: {name}")
    return found


def heavy_at_start(files: Mapping[str, str], start: str = "cli") -> list[str]:
    """Heavy packages that importing ``start`` loads, through imports at module scope."""
    heavy = set("sympy numpy flint rich mpmath torch jax hypothesis matplotlib".split())
    by_module = {p.removesuffix(".py").replace("/", "."): p for p in files}
    by_module |= {m.removesuffix(".__init__"): p for m, p in list(by_module.items())}
    seen: set[str] = set()
    todo, found = [start, "__init__"], []
    while todo:
        path = by_module.get(todo.pop())
        if path is None or path in seen:
            continue
        seen.add(path)
        scope = [n for n in ast.parse(files[path]).body if not _type_checking(n)]
        for line, name in imports(ast.unparse(ast.Module(scope_only(scope), [])), path):
            if name.split(".")[0] in heavy:
                found.append(f"{path}:{line}: {name}")
            elif name.startswith("bptt_sym."):
                parts = name.split(".")[1:]
                todo += [".".join(parts[: i + 1]) for i in range(len(parts))]
    return found


def _type_checking(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and node.test.id == "TYPE_CHECKING"
    )


def scope_only(body: list[ast.stmt]) -> list[ast.stmt]:
    return [n for n in body if isinstance(n, ast.Import | ast.ImportFrom | ast.If | ast.Try)]


def test_imports_point_one_way() -> None:
    assert wrong_imports(sources()) == []


@pytest.mark.parametrize(
    "planted",
    [
        {"notation.py": "from bptt_sym.recurrence import Recurrence"},
        {"read/tokens.py": "def f():\n    import bptt_sym.decide.identity"},
        {"errors.py": "from bptt_sym import cli"},
        {"errors.py": "from . import cli"},
        {"read/tokens.py": "from ..decide import x"},
        {"graph.py": "import bptt_sym.rules", "rules.py": "import bptt_sym.graph"},
        {"utils.py": ""},
    ],
)
def test_a_planted_import_is_found(planted: dict[str, str]) -> None:
    assert wrong_imports(planted)


def test_imports_within_a_package_and_downwards_are_fine() -> None:
    fine = {
        "read/tokens.py": "from bptt_sym.read.grammar import x\nfrom . import y\nimport re",
        "cli.py": "from bptt_sym.check import audit",
    }
    assert wrong_imports(fine) == []


def test_the_kernel_imports_no_sibling_and_no_algebra_system() -> None:
    kernel = sources().get("prove/kernel.py")
    if kernel is None:
        pytest.skip("no kernel in this tree")
    assert kernel_imports(kernel) == []


def test_a_planted_kernel_import_is_found() -> None:
    assert kernel_imports("import sympy") and kernel_imports("from bptt_sym import notation")
    assert kernel_imports("from . import tactics")
    assert kernel_imports("from fractions import Fraction") == []


def test_only_the_command_line_prints() -> None:
    assert printing(sources()) == []
    assert printing({"check/audit.py": "print(1)"})
    assert printing({"check/audit.py": "import sys\nsys.stdout.write('')"})


def test_nothing_read_is_evaluated() -> None:
    assert evaluating(sources()) == []


@pytest.mark.parametrize(
    "planted",
    [
        "eval('1')",
        "import sympy\nsympy.sympify(s)",
        "compile(s, '', 'exec')",
        "import pickle\npickle.loads(b)",
        "def f(s):\n    return parse_latex(s)",
    ],
)
def test_a_planted_evaluation_is_found(planted: str) -> None:
    assert evaluating({"read/tokens.py": planted})
    assert evaluating({"read/tokens.py": "import re\nre.compile('a')"}) == []


def test_files_are_one_thing_each() -> None:
    long = {
        path: lines
        for path, text in sources().items()
        if (lines := text.count("\n")) > ONE_FILE.get(path, MAX_LINES)
    }
    assert long == {}


def test_starting_the_command_line_loads_nothing_heavy() -> None:
    assert heavy_at_start(sources()) == []
    below = {"check/__init__.py": "", "check/audit.py": "import sympy"}
    assert heavy_at_start({"cli.py": "from bptt_sym.check import audit", **below})
    assert heavy_at_start({"cli.py": "import bptt_sym.check.audit", **below})
    assert heavy_at_start({"cli.py": "def f():\n    import sympy"}) == []
