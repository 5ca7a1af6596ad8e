"""A function's source without what limits its numbers, or with a statement left out at one turn.

First of all that is tried: a precision that is asked for, and what is done under a condition. Other
changes undo those as well, by the way, and say less: a product with a float64 array is one of
float64, and a condition never holds for a number with the wrong sign.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import partial
from itertools import combinations
from typing import Any

from bptt_sym.testing.own_values import may_replace
from bptt_sym.testing.slots import Slot, head, line
from bptt_sym.testing.source import Source

_PRECISIONS = frozenset(("float16", "float32", "bfloat16", "half", "single", "f2", "f4"))
#: Methods that make numbers of another precision, with it as their argument, and without one.
_CONVERTED, _HALVED = frozenset(("astype", "to", "type")), frozenset(("half", "float", "bfloat16"))


def unrounded(node: Any, slot: Slot, source: Source) -> Iterator[ast.expr]:
    """A call that asks for a precision, without it."""
    if not isinstance(node, ast.Call):
        return
    func, arguments, named = node.func, node.args, node.keywords
    method = isinstance(func, ast.Attribute) and source.is_object(func.value)
    if method and func.attr in _HALVED and not arguments:  # type: ignore[attr-defined]
        yield func.value  # type: ignore[attr-defined]
    for k, argument in enumerate(arguments):
        if _is_precision(argument):
            if method and func.attr in _CONVERTED:  # type: ignore[attr-defined]
                yield func.value  # type: ignore[attr-defined]
            elif not method and len(arguments) == 1:
                yield argument
            else:
                yield ast.Call(func, arguments[:k] + arguments[k + 1 :], named)
    if _is_precision(func) and len(arguments) == 1:
        yield arguments[0]
    for k, keyword in enumerate(named):
        if _is_precision(keyword.value):
            yield ast.Call(func, arguments, named[:k] + named[k + 1 :])


def _is_precision(node: ast.expr) -> bool:
    match node:
        case ast.Constant(str(name)) | ast.Name(name) | ast.Attribute(_, name):
            return name in _PRECISIONS
    return False


def unconditional(source: Source) -> Iterator[Callable[[], str]]:
    """Without a statement that has a condition and nothing in its place."""
    for node in ast.walk(source.tree):
        for field in ("body", "orelse"):
            block = getattr(node, field, None)
            if not isinstance(block, list):
                continue
            for k, inner in enumerate(block):
                if isinstance(inner, ast.If) and not inner.orelse and not isinstance(
                    inner.test, ast.Constant
                ):  # fmt: skip
                    block[k] = ast.copy_location(ast.Pass(), inner)
                    yield partial(str, f"{line(inner)}, but without it")
                    block[k] = inner


def guarded(source: Source) -> Iterator[Callable[[], str]]:
    """A statement of a loop over a range, left out at its first or at its last turn."""
    for loop in ast.walk(source.tree):
        if not isinstance(loop, ast.For) or not isinstance(loop.target, ast.Name):
            continue
        ends = _ends(loop.iter)
        for k, node in enumerate(loop.body):
            if not isinstance(node, (ast.Assign, ast.AugAssign, ast.Expr)):
                continue
            for text, end in ends.items():
                test = ast.Compare(ast.Name(loop.target.id, ast.Load()), [ast.NotEq()], [end])
                loop.body[k] = ast.copy_location(ast.If(test, [node], []), node)
                yield partial(str, f"{line(node)}, but only where `{loop.target.id} != {text}`")
                loop.body[k] = node


def _ends(node: ast.expr) -> dict[str, ast.expr]:
    """The first and the last value of a range, or of one that is gone through backwards."""
    match node:
        case ast.Call(ast.Name("reversed" | "list"), [inner], []) | ast.Subscript(inner, _):
            return _ends(inner)
        case ast.Call(ast.Name("range"), [stop], []):
            first, last = ast.Constant(0), _plus(stop, -1)
        case ast.Call(ast.Name("range"), [first, stop], []):
            last = _plus(stop, -1)
        case ast.Call(ast.Name("range"), [first, stop, step], []):
            down = ast.unparse(step) == "-1"
            last = _plus(stop, 1 if down else -1)
        case _:
            return {}
    return {ast.unparse(end): end for end in (first, last)}


def _plus(node: ast.expr, number: int) -> ast.expr:
    """The expression and a number; of a number their sum."""
    try:
        value = ast.literal_eval(node)
    except ValueError:
        op: ast.operator = ast.Add() if number > 0 else ast.Sub()
        return ast.BinOp(node, op, ast.Constant(abs(number)))
    return ast.Constant(value + number)


def parameters(source: Source) -> Iterator[Callable[[], str]]:
    """Two parameters of a function in each other's place."""
    own = source.tree.args.args
    for a, b in combinations(own, 2):
        kinds = source.names.get(a.arg), source.names.get(b.arg)
        if kinds[0] and kinds[1] and may_replace(kinds[0], kinds[1]):
            before = head(source.tree)
            a.arg, b.arg = b.arg, a.arg
            place = f"line {source.tree.lineno}, `{before}`"
            yield partial(str, f"{place}, but with `{head(source.tree)}`")
            a.arg, b.arg = b.arg, a.arg


__all__ = ["guarded", "parameters", "unconditional", "unrounded"]
