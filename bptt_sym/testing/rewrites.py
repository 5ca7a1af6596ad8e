"""A function's source with one thing changed: the slips that people make, undone.

The tree is changed in place and as it was again when the generator goes on. What is more likely
comes first: operators, transposes and indices; then statements that are too many, or in the wrong
place; then numbers and conditions; then other names and keys; then factors and terms that stand
elsewhere in the function.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, final

from bptt_sym.testing.own_code import statements

#: Characters of an expression that is put in elsewhere, at most; and how many of them.
_LONGEST, _POOL = 40, 80
#: Characters of a statement that are shown.
_SHOWN = 120
#: Places by which a statement is moved, at most.
_FAR = 6
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


def rewrites(tree: ast.FunctionDef, values: Mapping[str, Any]) -> Iterator[Callable[[], str]]:
    """Changes of a function, each while it is there, and the words that say what it is.

    ``values`` are those of its local names, which tell what may stand for what.
    """
    slots = list(_slots(tree))
    for alternatives in (_operators, _numbers, _names(slots, values)):
        for slot in slots:
            node = slot.get()
            before = _shown(slot)
            for new in alternatives(node, slot):
                slot.put(ast.copy_location(new, node) if hasattr(node, "lineno") else new)
                yield partial(_instead, slot, before)
                slot.put(node)
        if alternatives is _operators:
            yield from _statements(tree)
    yield from _put_in(tree, slots)


def _head(node: ast.stmt) -> str:
    """A statement's first line, not too long."""
    text = ast.unparse(node).splitlines()[0]
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} …"


def _line(node: ast.stmt) -> str:
    return f"line {node.lineno}, `{_head(node)}`"


def _shown(slot: Slot) -> str:
    """The statement; of a long one what stands around the slot, or else the slot itself."""
    for node in (slot.statement, slot.parent, slot.get()):
        text = ast.unparse(node).splitlines()[0]
        if len(text) <= _SHOWN:
            return text
    return f"{text[:_SHOWN]} …"


def _instead(slot: Slot, before: str) -> str:
    return f"line {slot.statement.lineno}, `{before}`, but with `{_shown(slot)}`"


def _with(line: str, new: ast.stmt) -> str:
    return f"{line}, but with `{_head(new)}`"


def _slots(tree: ast.FunctionDef) -> Iterator[Slot]:
    """All expressions that are computed, without annotations and texts that do nothing."""
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


def _call(name: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])


def _number(value: float) -> ast.expr:
    plain = ast.Constant(abs(value))
    return plain if value >= 0 else ast.UnaryOp(ast.USub(), plain)


def _binary(left: ast.expr, op: ast.operator, right: ast.expr) -> ast.BinOp:
    return ast.BinOp(left, op, right)


def _operators(node: Any, slot: Slot) -> Iterator[Any]:
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
            if isinstance(func, ast.Attribute):
                yield func.value
            yield from (a for a in arguments[:2] if not isinstance(a, ast.Starred))
            if len(arguments) == 2:
                yield ast.Call(func, arguments[::-1], named)
            for k in range(len(named)):
                yield ast.Call(func, arguments, named[:k] + named[k + 1 :])
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
    index = slot.field == "slice" or (
        isinstance(slot.parent, ast.Tuple) and isinstance(node, (ast.Name, ast.BinOp))
    )
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


def _numbers(node: Any, slot: Slot) -> Iterator[Any]:
    """Another number, a condition that is turned round or holds always, or never."""
    match node:
        case ast.Constant(bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(int() | float() as value):
            for other in dict.fromkeys(
                (value + 1, value - 1, 0, 1, -value, 2 * value, value / 2, 1 - value, value**2)
            ):
                if other != value and (isinstance(other, int) or not isinstance(value, int)
                                       or value > 1):  # fmt: skip
                    yield _number(other)
    if slot.field == "test":
        yield ast.UnaryOp(ast.Not(), node)
        yield ast.Constant(True)
        yield ast.Constant(False)


def _kind(value: Any) -> tuple[type, str]:
    """What has to be the same of two values, for one to stand for the other."""
    shape = getattr(value, "shape", None)
    return type(value), str(tuple(shape)) if isinstance(shape, tuple) else ""


def _names(
    slots: list[Slot], values: Mapping[str, Any]
) -> Callable[[Any, Slot], Iterator[Any]]:
    """Another name of the same kind for a name, another key or attribute for one."""
    used = {s.get().id for s in slots if isinstance(s.get(), ast.Name)}
    kinds = {k: _kind(v) for k, v in values.items() if not callable(v)}
    keys = dict.fromkeys(
        s.get().value for s in slots
        if s.field == "slice" and isinstance(getattr(s.get(), "value", None), str)
    )  # fmt: skip
    fields = {k: _kind(v) for k, v in getattr(values.get("self"), "__dict__", {}).items()}

    def other(node: Any, slot: Slot) -> Iterator[Any]:
        dtype = getattr(values.get(node.id), "dtype", None) if isinstance(node, ast.Name) else None
        if getattr(dtype, "kind", "") == "c" or getattr(dtype, "is_complex", False):
            yield ast.Call(ast.Attribute(node, "conj", ast.Load()), [], [])
        match node:
            case ast.Name(name) if name in kinds:
                for word, kind in kinds.items():
                    if word != name and kind == kinds[name] and (word in used):
                        yield ast.Name(word, ast.Load())
            case ast.Constant(str(key)) if key in keys and slot.field == "slice":
                for word in keys:
                    if word != key:
                        yield ast.Constant(word)
            case ast.Attribute(ast.Name("self") as owner, field) if field in fields:
                for word, kind in fields.items():
                    if word != field and kind == fields[field]:
                        yield ast.Attribute(owner, word, ast.Load())

    return other


def _bodies(tree: Any) -> Iterator[tuple[list[ast.stmt], Any]]:
    """Every block, and the statement that it belongs to."""
    for node in ast.walk(tree):
        for field in ("body", "orelse"):
            held = getattr(node, field, None)
            if isinstance(held, list) and held and isinstance(held[0], ast.stmt):
                yield held, node


def _statements(tree: ast.FunctionDef) -> Iterator[Callable[[], str]]:
    """One statement less, in another place, added up or assigned."""
    blocks = list(_bodies(tree))
    for block, owner in blocks:
        for k, node in enumerate(block):
            line = _line(node)
            new: Any
            if isinstance(node, ast.AugAssign):
                if isinstance(node.op, (ast.Add, ast.Sub)):
                    target = copy.copy(node.target)
                    new = ast.copy_location(ast.Assign([target], node.value), node)
                    block[k] = new
                    yield partial(_with, line, new)
                for kind in _SWAPS.get(type(node.op), ()):
                    new = ast.AugAssign(node.target, kind(), node.value)
                    block[k] = ast.copy_location(new, node)
                    yield partial(_with, line, new)
                block[k] = node
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(
                node.targets[0], (ast.Name, ast.Subscript, ast.Attribute)
            ):
                new = ast.AugAssign(node.targets[0], ast.Add(), node.value)
                block[k] = ast.copy_location(new, node)
                yield partial(_with, line, new)
                block[k] = node
            if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Return)):
                continue
            block[k] = ast.copy_location(ast.Pass(), node)
            yield partial(str, f"{line}, but without it")
            block[k] = node
            for inner in ("body", "orelse"):
                held = getattr(node, inner, None)
                if isinstance(node, ast.If) and held:
                    block[k : k + 1] = held
                    yield partial(str, f"{line}, but without the condition")
                    block[k : k + len(held)] = [node]
            yield from _moved(block, k, owner, blocks)


def _moved(
    block: list[ast.stmt], k: int, owner: Any, blocks: list[tuple[list[ast.stmt], Any]]
) -> Iterator[Callable[[], str]]:
    """A statement at other places of its block, and just outside of or within a loop."""
    node = block[k]
    line = _line(node)
    for j in range(max(0, k - _FAR), min(len(block), k + _FAR + 1)):
        if j == k:
            continue
        moved = block[:k] + block[k + 1 :]
        moved.insert(j, node)
        kept, after = list(block), moved[j + 1 : j + 2]
        block[:] = moved
        before = f"before `{_head(after[0])}`" if after else "at the end of its block"
        yield partial(str, f"{line}, but {before}")
        block[:] = kept
    outer = next(((b, b.index(owner)) for b, _ in blocks if owner in b), None)
    if isinstance(owner, (ast.For, ast.If)) and outer and len(block) > 1:
        (around, at), header = outer, _head(owner)
        for place, word in ((at + 1, "after"), (at, "before")):
            kept, kept_around = list(block), list(around)
            del block[k]
            around.insert(place, node)
            yield partial(str, f"{line}, but {word} `{header}`")
            block[:], around[:] = kept, kept_around
    loops = [(j, b) for j, b in ((k + 1, 0), (k - 1, -1)) if 0 <= j < len(block)]
    for j, end in loops:
        loop = block[j]
        if isinstance(loop, (ast.For, ast.If)):
            kept, kept_in, inside = list(block), list(loop.body), _head(loop)
            del block[k]
            loop.body.insert(0 if end == 0 else len(loop.body), node)
            yield partial(str, f"{line}, but within `{inside}`")
            block[:], loop.body[:] = kept, kept_in


def _put_in(tree: ast.FunctionDef, slots: list[Slot]) -> Iterator[Callable[[], str]]:
    """A factor or a term that the function has elsewhere, or such a value for another."""
    pool: dict[str, ast.expr] = {}
    for slot in slots:
        node = slot.get()
        if isinstance(node, (ast.BinOp, ast.Name, ast.Subscript, ast.Call, ast.Attribute)):
            text = ast.unparse(node)
            if len(text) <= _LONGEST and not text.startswith(("range", "np.zeros", "len(")):
                pool.setdefault(text, node)
    for text, node in list(pool.items()):
        if isinstance(node, ast.Name) and f"{text} * (1 - {text})" not in pool:
            for form in (f"1 - {text} ** 2", f"1 - {text}"):
                pool.setdefault(form, ast.parse(form, mode="eval").body)
    chosen = sorted(pool.items(), key=lambda item: len(item[0]))[:_POOL]
    places = [s for s in slots if _value(s)]
    for slot in places:
        node, before = slot.get(), _shown(slot)
        own = ast.unparse(node)
        for text, other in chosen:
            if text == own:
                continue
            for new in (
                _binary(node, ast.Mult(), other), _binary(node, ast.Add(), other),
                _binary(node, ast.Sub(), other), other, _binary(node, ast.Div(), other),
            ):  # fmt: skip
                slot.put(ast.copy_location(new, node))
                yield partial(_instead, slot, before)
                slot.put(node)


def _value(slot: Slot) -> bool:
    """Whether a whole value stands there, or an operand of one."""
    node = slot.get()
    if isinstance(node, (ast.Constant, ast.Slice, ast.Tuple, ast.List, ast.Dict, ast.ListComp)):
        return False
    if slot.field == "value" and isinstance(slot.parent, (ast.Assign, ast.AugAssign, ast.Return)):
        return True
    if slot.field in ("left", "right") and isinstance(slot.parent, ast.BinOp):
        return True
    return slot.field in ("elts", "values", "args")


__all__ = ["rewrites"]
