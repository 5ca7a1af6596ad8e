"""Places of a function's source that hold an expression, and the words for a change of one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, final

from bptt_sym.testing.own_code import statements

#: Characters of a statement that are shown.
_SHOWN = 120


@final
@dataclass(frozen=True)
class Slot:
    """A place in a tree that holds an expression, and the statement that it is in."""

    parent: Any
    field: str
    index: int | None
    statement: ast.stmt

    def get(self) -> Any:
        held = getattr(self.parent, self.field)
        return held if self.index is None else held[self.index]

    def put(self, node: Any) -> None:
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node

    @property
    def is_index(self) -> bool:
        """Whether it stands between the brackets of a subscript, alone or as one of several."""
        return self.field == "slice"


def slots_of(tree: ast.FunctionDef) -> list[Slot]:
    """All expressions that are computed, without annotations and texts that do nothing."""
    return list(_slots(tree))


def _slots(tree: ast.FunctionDef) -> Iterator[Slot]:
    for statement in statements(tree.body):
        if isinstance(statement, (ast.ClassDef, ast.Assert, ast.Import, ast.ImportFrom)):
            continue
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue
        if isinstance(statement, ast.If) and isinstance(statement.test, ast.Constant):
            continue
        stack: list[Any] = [statement]
        while stack:
            node = stack.pop(0)
            for field, held in ast.iter_fields(node):
                if field in ("annotation", "returns", "decorator_list", "args") and isinstance(
                    node, (ast.FunctionDef, ast.AnnAssign, ast.Lambda)
                ):
                    continue
                many = isinstance(held, list)
                for k, inner in enumerate(held if many else [held]):
                    if isinstance(inner, ast.stmt):
                        continue
                    if isinstance(inner, (ast.expr, ast.slice)) and not isinstance(
                        getattr(inner, "ctx", None), ast.Store
                    ):
                        yield Slot(node, field, k if many else None, statement)
                    if isinstance(inner, ast.AST):
                        stack.append(inner)


def head(node: ast.stmt) -> str:
    """A statement's first line, not too long."""
    text = ast.unparse(node).splitlines()[0]
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} …"


def line(node: ast.stmt) -> str:
    """Where a statement stands, and how it begins."""
    return f"line {node.lineno}, `{head(node)}`"


def shown(slot: Slot) -> str:
    """The statement; of a long one what stands around the slot, or else the slot itself."""
    for node in (slot.statement, slot.parent, slot.get()):
        text = ast.unparse(node).splitlines()[0]
        if len(text) <= _SHOWN:
            return text
    return f"{text[:_SHOWN]} …"


def instead(slot: Slot, before: str) -> str:
    """What stands there now, and what stood there before."""
    return f"line {slot.statement.lineno}, `{before}`, but with `{shown(slot)}`"


__all__ = ["Slot", "head", "instead", "line", "shown", "slots_of"]
