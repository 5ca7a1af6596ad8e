"""A table as a list of single assignments, in text or in SymPy.

Every named row is one assignment and is referred to by its name, never inlined: ``h_3`` stays a
symbol. Unnamed rows are inlined where they are used once and are small; the others get a name
``v1``, ``v2``, … of their own, so the whole is never longer than a fixed multiple of the table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any, NamedTuple, TypeVar

from bptt_sym.graph.cell import Cell
from bptt_sym.graph.domains import Domain, SymPyExpressions
from bptt_sym.graph.graph import Graph
from bptt_sym.graph.interpret import Program
from bptt_sym.graph.operations import CONST, NEG, SYM, Label

X = TypeVar("X")

#: Rows in one right-hand side, roughly.
_LARGEST = 40


class Assignment(NamedTuple):
    """``name := value``; ``node`` is the row of the table."""

    name: Any
    value: Any
    node: int


def assignments(
    graph: Graph,
    outputs: Mapping[str, int],
    domain: Domain[X],
    reference: Callable[[str], X],
    name: Callable[[Label], str] = str,
    *,
    given: Iterable[int] = (),
    sums: bool = False,
) -> Iterator[Assignment]:
    """The program for ``outputs`` in order of computation, one assignment at a time.

    ``reference`` makes the domain's value that stands for a name. The named rows of ``given`` are
    not defined again. With ``sums``, outputs are meant to be added to: nothing refers to them.
    """
    program = Program(graph, list(outputs.values()), bound=given)
    uses = dict.fromkeys(program.rows, 0)
    for i in program.rows:
        for k in () if i in program.bound else program.operands(i):
            uses[k] += 1
    at: dict[int, X] = {}
    weight: dict[int, int] = {}
    taken = set(outputs) | {name(label) for label in graph.labels}
    wanted: dict[int, list[str]] = {}
    for text, node in outputs.items():
        wanted.setdefault(node, []).append(text)
    fresh = 0
    for i in program.rows:
        op = graph.op[i]
        label = graph.label(i)
        if label is not None and (op == SYM or i in program.bound):
            at[i], weight[i] = reference(name(label)), 1
        elif label is not None:
            yield Assignment(name(label), at[graph.a[i]], i)
            at[i], weight[i] = reference(name(label)), 1
        else:
            at[i] = program.step(domain, i, at)
            weight[i] = 1 + sum(weight[k] for k in program.operands(i))
            shared = uses[i] + (len(wanted.get(i, ())) if sums else 0) > 1 and op != NEG
            if (sums or i not in wanted) and op != CONST and (shared or weight[i] > _LARGEST):
                fresh += 1
                while f"v{fresh}" in taken:
                    fresh += 1
                yield Assignment(f"v{fresh}", at[i], i)
                at[i], weight[i] = reference(f"v{fresh}"), 1
        for text in wanted.get(i, ()):
            yield Assignment(text, at[i], i)
            if label is None and op != CONST and not sums:
                at[i], weight[i] = reference(text), 1


class _Text(NamedTuple):
    text: str
    #: 0 sum, 1 product, 2 power, 3 atom
    binds: int


class Plain(Domain[_Text]):
    """Plain text with ``+ - * ^``; a rule such as ``1 - h_3^2`` comes out as it is written."""

    def __init__(self, name: Callable[[Label], str] = str) -> None:
        super().__init__()
        self._name = name
        self.add, self.mul, self.neg, self.pow = _add, _mul, _neg, _pow

    def const(self, value: Fraction) -> _Text:
        return _Text(str(value), 3 if value.denominator == 1 and value >= 0 else 0)

    def symbol(self, label: Label) -> _Text:
        return _Text(self._name(label), 3)

    def call(self, name: str, orders: tuple[int, ...], args: tuple[_Text, ...]) -> _Text:
        marks = "".join(f"_{i}" * n for i, n in enumerate(orders, 1))
        mark = "'" * orders[0] if len(orders) == 1 else f"'{marks}" if marks else ""
        return _Text(f"{name}{mark}({', '.join(a.text for a in args)})", 3)


def _wrap(a: _Text, least: int) -> str:
    return a.text if a.binds >= least else f"({a.text})"


def _add(a: _Text, b: _Text) -> _Text:
    if b.text.startswith("-"):
        return _Text(f"{a.text} - {b.text[1:]}", 0)
    if a.text.startswith("-"):
        return _Text(f"{b.text} - {a.text[1:]}", 0)
    return _Text(f"{a.text} + {b.text}", 0)


def _mul(a: _Text, b: _Text) -> _Text:
    return _Text(f"{_wrap(a, 1)}*{_wrap(b, 1)}", 1)


def _neg(a: _Text) -> _Text:
    return _Text(f"-{_wrap(a, 1)}", 0)


def _pow(a: _Text, n: int) -> _Text:
    return _Text(f"{_wrap(a, 3)}^{n if n >= 0 else f'({n})'}", 2)


def text(graph: Graph, outputs: Mapping[str, int], name: Callable[[Label], str] = str) -> str:
    """The program for ``outputs``, one assignment on a line."""
    rows = assignments(graph, outputs, Plain(name), _atom, name)
    return "\n".join(f"{row.name} = {row.value.text}" for row in rows)


def to_sympy(
    graph: Graph, outputs: Mapping[str, int], name: Callable[[Label], str] = str
) -> list[tuple[Any, Any]]:
    """``(symbol, expression)`` of every assignment; all names become real SymPy symbols."""
    import sympy

    def reference(text: str) -> Any:
        return sympy.Symbol(text, real=True)

    rows = assignments(graph, outputs, SymPyExpressions(name), reference, name)
    return [(reference(row.name), row.value) for row in rows]


def rolled(cell: Cell, *outputs: str) -> str:
    """The forward step, and the backward step for cotangents of ``outputs``, at a generic t.

    This is the whole gradient for a symbolic T: run the first block for t = 1 .. T, give
    ``δ`` of the outputs their values, run the second for t = T .. 1. By default the outputs are the
    states.
    """
    g = cell.graph
    adjoint = cell.adjoint(frozenset((*outputs, *cell.recurrence.states)))
    targets = [row for rows in cell.targets.values() for row in rows]
    sources = [row for row, *_ in cell.sources]
    weights = [row for rows in cell.parameters.values() for row in rows]
    forward = {_relative(g, row): row for row in targets}
    backward = {f"δ{_relative(g, row)}": adjoint.received[row] for row in sources + weights}

    def rows(outputs: dict[str, int], given: list[int]) -> Iterator[Assignment]:
        return assignments(
            g, outputs, Plain(Label.relative), _atom, Label.relative, given=given, sums=bool(given)
        )

    lines = ["for t = 1 .. T:"]
    lines += [f"  {r.name} = {r.value.text}" for r in rows(forward, []) if r.name != r.value.text]
    lines.append("for t = T .. 1:")
    for r in rows(backward, targets):
        if r.value.text != "0":
            lines.append(f"  {r.name} {'+=' if r.name in backward else '='} {r.value.text}")
    return "\n".join(lines)


def _atom(name: str) -> _Text:
    return _Text(name, 3)


def _relative(graph: Graph, row: int) -> str:
    label = graph.label(row)
    return label.relative() if label is not None else f"row {row}"
