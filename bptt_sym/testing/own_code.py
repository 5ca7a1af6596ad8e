"""The functions of a person's own that a gradient runs, and the same functions with other code.

Their source is compiled again with one thing changed, and the code objects are exchanged for the
time of a call: so closures, methods and the functions within an ``autograd.Function`` are changed
where they are, whoever calls them. Nothing is run but what the gradient runs anyway.
"""

from __future__ import annotations
import __future__

import ast
import contextlib
import gc
import inspect
import io
import sys
import textwrap
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any, final

from bptt_sym.testing.compare import FAILURES
from bptt_sym.testing.named import theirs

#: Libraries that compute; what uses others may do anything, and is not run again changed.
_COMPUTING = frozenset(
    ("numpy", "math", "cmath", "scipy", "torch", "jax", "jaxlib", "typing", "collections",
     "functools", "itertools", "operator", "dataclasses", "abc", "copy", "enum", "numbers",
     "types", "contextlib", "warnings", "time", "random", "bptt_sym", "__future__")
)  # fmt: skip
#: Names with effects outside of the code itself, of these libraries and of Python.
_OUTSIDE = frozenset(
    ("open", "exec", "eval", "compile", "input", "breakpoint", "exit", "quit", "__import__",
     "globals", "locals", "setattr", "delattr", "save", "savez", "savez_compressed", "savetxt",
     "load", "tofile", "dump", "dumps", "memmap", "fromfile", "distributed", "multiprocessing",
     "hub", "onnx", "cpp_extension", "pure_callback", "io_callback", "sleep", "ctypeslib",
     "__subclasses__", "__globals__", "__builtins__")
)  # fmt: skip
#: Functions that are looked at, and lines of one, at most.
_MOST, _LINES = 12, 300
#: Turns of a ``while`` loop, at most.
_TURNS = 10_000
#: The name of what counts the turns of all loops.
TURN = "bptt_sym_turn"


@final
@dataclass(frozen=True, eq=False)
class OwnFunction:
    """A function of a person's own: its objects, its source as a tree, its local values, and
    those of its module. ``loops`` are those in the tree: each of their turns is counted."""

    name: str
    code: CodeType
    objects: tuple[FunctionType, ...]
    tree: ast.FunctionDef
    values: dict[str, Any] = field(repr=False)
    space: dict[str, Any] = field(repr=False)
    loops: tuple[ast.For, ...] = ()

    def compiled(self) -> CodeType:
        """The code of the tree as it is now.

        Raises
        ------
        SyntaxError, ValueError, TypeError
            It is no code: a tree that was changed may be anything.
        """
        module = ast.parse(f"def outer({', '.join(self.code.co_freevars)}): pass")
        outer = module.body[0]
        assert isinstance(outer, ast.FunctionDef)
        outer.body = [self.tree]
        flags = self.code.co_flags & __future__.annotations.compiler_flag
        for loop in self.loops:
            loop.body.insert(0, ast.Expr(ast.Call(ast.Name(TURN, ast.Load()), [], [])))
        try:
            ast.fix_missing_locations(module)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                made = compile(module, self.code.co_filename, "exec", flags, dont_inherit=True)
        finally:
            for loop in self.loops:
                del loop.body[0]
        return _named(_named(made, "outer"), self.tree.name)

    @contextlib.contextmanager
    def named(self, name: str, value: Any) -> Iterator[None]:
        """Within it, ``name`` is a name of the function's module."""
        kept = self.space.get(name, self)
        self.space[name] = value
        try:
            yield
        finally:
            if kept is self:
                del self.space[name]
            else:
                self.space[name] = kept

    @contextlib.contextmanager
    def exchanged(self, code: CodeType) -> Iterator[None]:
        """Within it, the function has other code.

        Raises
        ------
        ValueError
            The code has other free variables.
        """
        kept = [f.__code__ for f in self.objects]
        try:
            for f in self.objects:
                f.__code__ = code
            yield
        finally:
            for f, before in zip(self.objects, kept, strict=True):
                f.__code__ = before


def _named(code: CodeType, name: str) -> CodeType:
    for part in code.co_consts:
        if isinstance(part, CodeType) and part.co_name == name:
            return part
    raise ValueError(f"{name} is not in the code")


def run_by(call: Callable[[], Any]) -> frozenset[CodeType]:
    """The code of a person's own that ``call`` runs."""
    return frozenset(_followed(call)[0])


def _followed(
    call: Callable[[], Any]
) -> tuple[dict[CodeType, dict[str, Any]], dict[CodeType, dict[str, Any]]]:
    """The functions that ``call`` runs, with their local names at the end and their modules'."""
    seen: dict[CodeType, dict[str, Any]] = {}
    spaces: dict[CodeType, dict[str, Any]] = {}

    def look(frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if event == "return" and theirs(code.co_filename):
            seen[code], spaces[code] = dict(frame.f_locals), frame.f_globals

    before: Any = sys.getprofile()
    sys.setprofile(look)
    try:
        with quiet():
            call()
    except FAILURES:
        return {}, {}
    finally:
        sys.setprofile(before if callable(before) else None)
        if hasattr(before, "enable"):  # a profiler of C's, which is no function
            before.enable()
    return seen, spaces


def own_functions(call: Callable[[], Any]) -> list[OwnFunction]:
    """Those that ``call`` runs, outermost ones only; empty if any has effects outside of itself."""
    seen, spaces = _followed(call)
    found = []
    within = {c for code in seen for c in _inner(code)}
    for code, values in seen.items():
        if code in within or code.co_name.startswith("<"):
            continue
        inner = {k: v for c in _inner(code) for k, v in seen.get(c, {}).items()}
        made = _function(code, inner | values, spaces[code])
        if made is None:
            continue
        if not _computes_only(made, spaces[code]):
            return []
        found.append(made)
    return found[-_MOST:]


def _computes_only(own: OwnFunction, space: dict[str, Any]) -> bool:
    """Whether all that a function uses is of libraries that compute, or a person's own code.

    That code is looked at as well, if it runs.
    """
    for node in ast.walk(own.tree):
        names: list[str] = []
        match node:
            case ast.Name(name) | ast.Attribute(_, name):
                if name in _OUTSIDE:
                    return False
                held = None
                if isinstance(node, ast.Name):
                    held = own.values.get(name, space.get(name))
                home = held.__name__ if isinstance(held, ModuleType) else None
                # (Of an object it is its class that tells what its methods may do.)
                home = home or getattr(held, "__module__", None) or type(held).__module__
                file = getattr(sys.modules.get(str(home)), "__file__", None)
                if home and not (file and theirs(file) and not isinstance(held, ModuleType)):
                    names.append(str(home))
            case ast.Import(aliases):
                names += [a.name for a in aliases]
            case ast.ImportFrom(module):
                names.append(module or "")
        if any(n.partition(".")[0] not in (*_COMPUTING, "builtins", "__main__") for n in names):
            return False
    return True


def _names(code: CodeType) -> tuple[Any, ...]:
    numbers = [c for c in code.co_consts if isinstance(c, (float, str))]
    return code.co_names, code.co_varnames, code.co_freevars, numbers


def _inner(code: CodeType) -> Iterator[CodeType]:
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield part
            yield from _inner(part)


def _objects(code: CodeType, space: dict[str, Any]) -> list[FunctionType]:
    """The functions of a code object: of the module, its classes, or anything that is alive.

    Both are asked: the collector does not see what was frozen (``gc.freeze``).
    """
    held: list[Any] = [*space.values()]
    for kind in (v for v in space.values() if isinstance(v, type)):
        held += [getattr(v, "__func__", v) for v in vars(kind).values()]
    held += gc.get_referrers(code)
    made = {id(f): f for f in held if isinstance(f, FunctionType) and f.__code__ is code}
    return list(made.values())


def _function(
    code: CodeType, values: dict[str, Any], space: dict[str, Any]
) -> OwnFunction | None:
    """The function of a code object, if its source is known and is what it was made of."""
    try:
        lines, first = inspect.getsourcelines(code)
        if len(lines) > _LINES:
            return None
        tree = ast.parse(textwrap.dedent("".join(lines))).body[0]
    except (OSError, SyntaxError, TypeError, IndexError, ValueError):
        return None
    if not isinstance(tree, ast.FunctionDef) or tree.name != code.co_name:
        return None
    if any(isinstance(n, (ast.Global, ast.Nonlocal)) for n in ast.walk(tree)):
        return None
    tree.decorator_list = []
    ast.increment_lineno(tree, max(first, 1) - 1)
    if code.co_freevars:  # what is no longer used stays a free variable all the same
        names: list[ast.expr] = [ast.Name(n, ast.Load()) for n in code.co_freevars]
        kept = ast.If(ast.Constant(0), [ast.Expr(ast.Tuple(names, ast.Load()))], [])
        tree.body.insert(0, ast.copy_location(kept, tree.body[0]))
    objects = tuple(_objects(code, space))
    own = OwnFunction(code.co_name, code, objects, tree, values, space)
    try:
        same = own.compiled()
    except (SyntaxError, ValueError, TypeError):
        return None
    # The file may have changed since it was imported. Instructions are no sign of that: they
    # depend on what is imported at the top of the module.
    if not objects or _names(same) != _names(code):
        return None
    _Ending().visit(tree)
    return replace(own, loops=tuple(n for n in ast.walk(tree) if isinstance(n, ast.For)))


class _Ending(ast.NodeTransformer):
    """Loops that end: one without an end is too easily made of one that has it."""

    def visit_While(self, node: ast.While) -> ast.stmt:
        self.generic_visit(node)
        if node.orelse:
            return ast.copy_location(ast.Pass(), node)  # such code is right with no change
        over = ast.If(ast.UnaryOp(ast.Not(), node.test), [ast.Break()], [])
        turns = ast.Call(ast.Name("range", ast.Load()), [ast.Constant(_TURNS)], [])
        body = [ast.copy_location(over, node), *node.body]
        loop = ast.For(ast.Name("_", ast.Store()), turns, body, [])
        return ast.fix_missing_locations(ast.copy_location(loop, node))


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Within it, Python prints and warns to nowhere."""
    nowhere = io.StringIO()
    with (
        contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere),
        warnings.catch_warnings(),
    ):  # fmt: skip
        warnings.simplefilter("ignore")
        yield


def statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """All statements below, one after the other."""
    for node in body:
        yield node
        for block in ("body", "orelse", "finalbody"):
            yield from statements(getattr(node, block, []))


__all__ = ["TURN", "OwnFunction", "own_functions", "quiet", "run_by", "statements"]
