"""A function's source with one thing changed: the slips that people make, undone.

The tree is changed in place and as it was again when a generator goes on. What is more likely comes
first: precisions and conditions; names that are never read; operators, transposes and indices; then
statements that are too many, or in the wrong place; then other names and keys; numbers and
conditions; two things exchanged; and at last factors and terms that stand elsewhere in the
function.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from bptt_sym.testing.expressions import exchanged, put_in, terms
from bptt_sym.testing.guarded_rewrites import guarded, parameters, unconditional, unrounded
from bptt_sym.testing.other_names import names
from bptt_sym.testing.regrouped import regrouped
from bptt_sym.testing.shifted_rewrites import shifted
from bptt_sym.testing.slots import Slot, instead, shown
from bptt_sym.testing.source import Source
from bptt_sym.testing.statement_rewrites import statement_rewrites
from bptt_sym.testing.sums_rewrites import sums_rewrites

_SWAPS: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub,), ast.Sub: (ast.Add,), ast.Mult: (ast.Div,), ast.Div: (ast.Mult,),
    ast.MatMult: (ast.Mult,),
}  # fmt: skip
_COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.Lt), ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,),
}  # fmt: skip
_NAMES = {"mean": "sum", "sum": "mean", "maximum": "minimum", "minimum": "maximum",
          "hstack": "vstack", "vstack": "hstack", "sin": "cos", "cos": "sin", "imag": "real",
          "real": "imag"}  # fmt: skip
_PRODUCTS = frozenset(("dot", "matmul", "mm", "addmm", "addmm_", "outer", "einsum"))
_REDUCTIONS = frozenset(("sum", "mean", "max", "min", "prod"))
#: The greatest whole number that another one is tried for: it may be a size.
_GREATEST = 1000

#: A change while it is there, and the words that say what it is.
Change = Callable[[], str]


def stages() -> tuple[Callable[[Source], Iterator[Change]], ...]:
    """Kinds of changes, the likely ones first; each goes through a whole function."""
    return (
        partial(_each, alternatives=unrounded),
        unconditional,
        partial(put_in, how="unread"),
        partial(_each, alternatives=_operators),
        partial(_each, alternatives=_regrouped),
        statement_rewrites,
        sums_rewrites,
        partial(_each, alternatives=names),
        partial(_each, alternatives=_numbers),
        guarded,
        parameters,
        partial(_each, alternatives=_backwards),
        exchanged,
        shifted,
        # Whole values of statements first, and short expressions: there are few.
        partial(put_in, how="times", whole=True, short=True),
        partial(put_in, how="plus", whole=True, short=True),
        partial(put_in, how="instead", short=True),
        partial(terms, whole=True),
        partial(put_in, how="times", whole=False, short=True),
        partial(put_in, how="plus", whole=False, short=True),
        partial(put_in, how="instead", short=False),
        partial(put_in, how="times", short=False),
        partial(put_in, how="plus", short=False),
        partial(terms, whole=False),
        partial(put_in, how="over"),
    )


def rewrites(source: Source) -> Iterator[Change]:
    """All changes of one function."""
    for stage in stages():
        yield from stage(source)


def _each(
    source: Source, alternatives: Callable[[Any, Slot, Source], Iterable[Any]]
) -> Iterator[Change]:
    """Other expressions for that at each place that the code passes."""
    for slot in source.slots:
        if not source.seen.ran(slot):
            continue
        node = slot.get()
        before = shown(slot)
        for new in alternatives(node, slot, source):
            slot.put(ast.copy_location(new, node) if hasattr(node, "lineno") else new)
            yield partial(instead, slot, before)
            slot.put(node)


def _call(name: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])


def _number(value: float) -> ast.expr:
    plain = ast.Constant(abs(value))
    return plain if value >= 0 else ast.UnaryOp(ast.USub(), plain)


def _binary(left: ast.expr, op: ast.operator, right: ast.expr) -> ast.BinOp:
    return ast.BinOp(left, op, right)


def _regrouped(node: Any, slot: Slot, source: Source) -> Iterator[Any]:
    yield from regrouped(node)
    if isinstance(node, ast.Call):
        yield from _along(node, source)


def _along(node: ast.Call, source: Source) -> Iterator[ast.expr]:
    """A reduction of a whole array, along one axis only."""
    if not isinstance(node.func, ast.Attribute) or node.func.attr not in _REDUCTIONS:
        return
    method = not isinstance(node.func.value, ast.Name) or source.is_value(node.func.value.id)
    given = len(node.args) + sum(k.arg in ("axis", "dim") for k in node.keywords)
    if given > (0 if method else 1):
        return
    of = node.func.value if method else node.args[0] if node.args else None
    ranks = {len(k.shape) for k in source.seen.of(ast.unparse(of))} if of is not None else {2}
    for axis in range(max(ranks, default=2)):
        for keep in ((), (ast.keyword("keepdims", ast.Constant(True)),)):
            named = [*node.keywords, ast.keyword("axis", ast.Constant(axis)), *keep]
            yield ast.Call(node.func, node.args, named)


def _operators(node: Any, slot: Slot, source: Source) -> Iterator[Any]:
    """An operator, an index, a transpose, a call, a number that is another."""
    one = ast.Constant(1)
    operand = isinstance(slot.parent, ast.BinOp) and isinstance(slot.parent.op, ast.MatMult)
    function = slot.parent.func if isinstance(slot.parent, ast.Call) else None
    if isinstance(function, ast.Attribute) and slot.field == "args":
        operand = function.attr in _PRODUCTS
    match node:
        case ast.BinOp(left, op, right):
            if isinstance(op, ast.MatMult):
                yield _binary(right, op, left)
            for kind in _SWAPS.get(type(op), ()):
                yield _binary(left, kind(), right)
            yield left
            yield right
            if isinstance(op, (ast.Sub, ast.Div)):
                yield _binary(right, op, left)
        case ast.UnaryOp(_, inner):
            yield inner
        case ast.Attribute(value, "T"):
            yield value
        case ast.Attribute(value, name) if name in _NAMES:
            yield ast.Attribute(value, _NAMES[name], ast.Load())
        case ast.Call(func, arguments, named):
            if isinstance(func, ast.Attribute) and source.is_object(func.value):
                yield func.value
            yield from (a for a in arguments[:2] if not isinstance(a, ast.Starred))
            if len(arguments) == 2:
                yield ast.Call(func, arguments[::-1], named)
            for k in range(len(named)):
                yield ast.Call(func, arguments, named[:k] + named[k + 1 :])
            if isinstance(func, ast.Attribute) and func.attr == "scan" and not any(
                k.arg == "reverse" for k in named
            ):
                backwards = ast.keyword("reverse", ast.Constant(True))
                yield ast.Call(func, arguments, [*named, backwards])
            if isinstance(func, ast.Attribute) and len(arguments) == 1 and func.attr == "append":
                front = ast.Attribute(func.value, "insert", ast.Load())
                yield ast.Call(front, [ast.Constant(0), *arguments], [])
            if isinstance(func, ast.Attribute) and func.attr == "insert":
                yield ast.Call(ast.Attribute(func.value, "append", ast.Load()), arguments[1:], [])
        case ast.Compare(left, [op], right):
            for kind_ in _COMPARED.get(type(op), ()):
                yield ast.Compare(left, [kind_()], right)
        case ast.IfExp(test, body, orelse):
            yield body
            yield orelse
            yield ast.IfExp(test, orelse, body)
        case ast.BoolOp(_, parts):
            yield from parts
        case ast.Slice(lower, upper, step):
            for low, high in ((None, upper), (lower, None), (upper, lower),
                              (ast.Constant(1), None), (None, ast.Constant(-1)), (None, None)):
                yield ast.Slice(low, high, step)
            if isinstance(upper, ast.Name):
                yield ast.Slice(ast.UnaryOp(ast.USub(), upper), None, step)
            yield ast.Slice(lower, upper, None if step else ast.Constant(-1))
        case ast.Subscript(value, _):
            yield value
    index = slot.is_index or source.in_index(slot)
    if index and not isinstance(node, (ast.Slice, ast.Tuple)):
        yield _binary(node, ast.Sub(), one)
        yield _binary(node, ast.Add(), one)
        yield ast.UnaryOp(ast.USub(), node)
    if isinstance(slot.parent, ast.Call) and isinstance(function, ast.Name) and (
        function.id in ("range", "max", "min")
    ):
        yield _binary(node, ast.Sub(), one)
        yield _binary(node, ast.Add(), one)
    if slot.field == "iter":
        items = _call("list", node)
        yield _call("reversed", items)
        for low, high in ((one, None), (None, ast.Constant(-1))):
            yield ast.Subscript(items, ast.Slice(low, high), ast.Load())
    if operand and isinstance(node, (ast.Name, ast.Subscript, ast.Attribute, ast.Call)):
        yield ast.Attribute(node, "T", ast.Load())
    factor = isinstance(slot.parent, ast.BinOp) and isinstance(slot.parent.op, (ast.Sub, ast.Mult))
    if factor and not isinstance(node, (ast.Constant, ast.Call)):
        yield _binary(node, ast.Pow(), ast.Constant(2))
        yield _binary(one, ast.Sub(), node)
    product = isinstance(slot.parent, ast.BinOp) and isinstance(slot.parent.op, ast.Mult)
    if slot.field == "values" or (product and slot.field == "left"):
        yield ast.UnaryOp(ast.USub(), node)
    if slot.field == "value" and isinstance(slot.parent, (ast.Assign, ast.AugAssign)):
        yield ast.UnaryOp(ast.USub(), node)
        if isinstance(node, (ast.Name, ast.Subscript)):
            yield ast.Call(ast.Attribute(node, "copy", ast.Load()), [], [])
    if isinstance(node, ast.Name) and slot.field in ("elts", "args", "keywords"):
        yield ast.Call(ast.Attribute(node, "copy", ast.Load()), [], [])


def _backwards(node: Any, slot: Slot, source: Source) -> Iterator[ast.expr]:
    """The same place of an array in reverse order along an axis."""
    if not isinstance(node, ast.Subscript):
        return
    value, place = node.value, node.slice
    backwards = ast.Slice(None, None, ast.UnaryOp(ast.USub(), ast.Constant(1)))
    indices = place.elts if isinstance(place, ast.Tuple) else [place]
    for k, index in enumerate(indices):
        match index:
            case ast.Constant() | ast.Slice(None, None, None) | ast.Starred():
                continue
        before: list[ast.expr] = [ast.Slice(None, None, None)] * k
        order: ast.expr = ast.Tuple([*before, backwards], ast.Load()) if k else backwards
        yield ast.Subscript(ast.Subscript(value, order, ast.Load()), place, node.ctx)


def _numbers(node: Any, slot: Slot, source: Source) -> Iterator[Any]:
    """Another number, a condition that is turned round or holds always, or never; other indices
    of a sum of products."""
    match node:
        case ast.Constant(bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(int() | float() as value):
            for other in dict.fromkeys(
                (value + 1, value - 1, 0, 1, -value, 2 * value, value / 2, 1 - value, value**2)
            ):
                large = isinstance(value, int) and abs(other) > max(abs(value) + 1, _GREATEST)
                if other != value and not large and (
                    isinstance(other, int) or not isinstance(value, int) or value > 1
                ):
                    yield _number(other)
        case ast.Constant(str(text)) if _summed_over(slot):
            letters = dict.fromkeys(c for c in text if c.isalpha())
            for k, c in enumerate(text):
                for letter in letters:
                    if c.isalpha() and letter != c:
                        yield ast.Constant(f"{text[:k]}{letter}{text[k + 1:]}")
    if slot.field == "test":
        yield ast.UnaryOp(ast.Not(), node)
        yield ast.Constant(True)
        yield ast.Constant(False)


def _summed_over(slot: Slot) -> bool:
    """Whether a text says which indices are summed over."""
    function = getattr(slot.parent, "func", None)
    name = getattr(function, "attr", getattr(function, "id", ""))
    return name in ("einsum", "contract") and slot.field == "args" and slot.index == 0


__all__ = ["Change", "rewrites", "stages"]
