"""Formulas taken apart and put together again, for the edits of the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from bptt_sym.notation import (
    ONE,
    Add,
    At,
    D,
    Diag,
    Fn,
    Had,
    Idx,
    Kind,
    Mul,
    Neg,
    Node,
    Num,
    Pow,
    Prod,
    Sum,
    Sym,
    Transpose,
    affine,
    from_affine,
    index,
    mul,
    num,
    rebuild,
    shift,
    substitute_index,
    walk,
)
from bptt_sym.recurrence import STEP


def slope(rhs: Fn, element: At) -> Node:
    """The activation's derivative by its output where that is known, else at its argument."""
    if rhs.name == "tanh":
        return Add((ONE, Neg(Pow(element, num(2)))))
    if rhs.name == "sigma":
        return Had((element, Add((ONE, Neg(element)))))
    return Fn(rhs.name, substitute_index(rhs.arg, STEP, element.time), 1)


def substituted(node: Node, old: Node, new: Node) -> Node:
    """``node`` with ``new`` wherever ``old`` stands; names below a derivative sign stay."""
    if node == old:
        return new
    if isinstance(node, D):
        return node
    return rebuild(node, lambda c: substituted(c, old, new))


def moved_by(time: Node, k: int) -> Node:
    return shift(time, k) if affine(time) is not None else time


def bound_in(node: Node) -> frozenset[str]:
    return frozenset(n.var for n in walk(node) if isinstance(n, (Sum, Prod)))


def abstracted(node: Node, start: int, var: str) -> Node:
    """``start`` and its neighbours in indices and bounds become ``var`` and its neighbours."""

    def time(n: Node) -> Node:
        form = affine(n)
        if form is None or form[0] or abs(form[1] - start) > 1:
            return n
        return index(var, form[1] - start) if form[1] != start else Idx(var)

    def change(n: Node) -> Node:
        n = rebuild(n, change)
        match n:
            case At():
                return replace(n, time=time(n.time))
            case Prod() | Sum():
                return replace(n, lo=time(n.lo))
            case Pow(exp=e):
                # The number of steps since then: w^{T-1}.
                form = affine(e)
                if form is not None and len(form[0]) == 1 and form[1] == -start:
                    return replace(n, exp=from_affine({**form[0], var: -1}, 0))
        return n

    return change(node)


def with_kind(node: Node, kind: Kind) -> Node:
    def change(n: Node) -> Node:
        n = rebuild(n, change)
        if isinstance(n, D) and isinstance(n.x, Sym) and isinstance(n.y, At):
            return replace(n, kind=kind)
        return n

    return change(node)


def power_into_product(
    args: tuple[Node, ...], make: type[Mul] | type[Had]
) -> Iterator[Node]:
    """``W^k`` beside a product of k diagonal matrices, with which W does not commute."""
    for i, power in enumerate(args):
        for product in args:
            if not isinstance(power, Pow) or not isinstance(product, Prod):
                continue
            rest = [a for k, a in enumerate(args) if k != i]
            at = rest.index(product)
            for body in ((product.body, power.base), (power.base, product.body)):
                rest[at] = replace(product, body=mul(*body))
                yield rest[0] if len(rest) == 1 else make(tuple(rest))


def with_fewer_brackets(
    args: tuple[Node, ...], make: type[Mul] | type[Had]
) -> Iterator[Node]:
    """``s A + B`` for ``s (A + B)``: a factor that one of the terms has in itself."""
    for i, inner in enumerate(args):
        if not isinstance(inner, Add) or len(args) < 2:
            continue
        for k, term in enumerate(inner.args):
            rest = inner.args[:k] + inner.args[k + 1 :]
            kept = rest[0] if len(rest) == 1 else Add(rest)
            yield Add((make((*args[:i], kept, *args[i + 1 :])), term))


def past_the_matrix(node: Mul | Had, is_matrix: Callable[[Node], bool]) -> Iterator[Node]:
    """``W^T δ ⊙ s``, ``s W^T δ``, ``δ x^T ⊙ s``, and of rows ``δ W ⊙ s``, with s at δ, entry by
    entry."""
    if isinstance(node, Had):
        for k, inner in enumerate(node.args):
            others = (*node.args[:k], *node.args[k + 1 :])
            if not isinstance(inner, Mul):
                continue
            matrices, rest = _led(inner.args, is_matrix)
            if matrices and rest:
                yield Mul((*matrices, Had((mul(*rest), *others))))
                for i, one in enumerate(others if len(others) > 1 else ()):
                    left = (*others[:i], *others[i + 1 :])
                    yield Had((Mul((*matrices, Had((mul(*rest), one)))), *left))
            behind, ahead = _led(inner.args[::-1], is_matrix)
            if behind and ahead and not matrices:
                yield Mul((Had((mul(*ahead[::-1]), *others)), *behind[::-1]))
            *before, last = inner.args
            if isinstance(last, Transpose) and not is_matrix(last):
                yield Mul((Had((mul(*before), *others)), last))
        return
    at = next((i for i, a in enumerate(node.args) if is_matrix(a)), None)
    if at is not None:
        matrices, rest = _led(node.args[at:], is_matrix)
        if rest and (at or len(rest) > 1):
            yield Mul((*matrices, Had((*node.args[:at], *rest))))
    for k, row in enumerate(node.args[:-1]):
        if k and isinstance(row, Transpose) and not is_matrix(row):
            yield Mul((Had((*node.args[:k], *node.args[k + 1 :])), row))


#: Vectors of a product of which every outer product is looked at.
_MOST_VECTORS = 5


def as_outer_products(node: Mul | Had, is_matrix: Callable[[Node], bool]) -> Iterator[Node]:
    """``(a ⊙ δ) x^T`` and the like for ``(a ⊙ x) δ``: the vectors multiplied in another way.

    Nothing if the product has a matrix, or a derivative that is one, among its factors; nor of
    ``δ^T x``, the outer product of rows; nor of ``δ ⊙ s ⊙ r``, with or without its last factor as
    a row, which lists the factors of an entry and leaves open which sign binds first.
    """
    match node:
        case Mul(args=(Transpose(), _)) | Mul(args=(Had(), Transpose())):
            return
        case Had(args=args) if not any(isinstance(a, (Mul, Diag)) for a in args):
            return
        case Had(args=args) if any(
            isinstance(a, Mul) and isinstance(a.args[-1], Transpose) for a in args
        ):
            return
    found = list(_vectors(node))
    vectors = [v for v in found if not isinstance(v, Num)]
    numbers = [v for v in found if isinstance(v, Num)]
    if not 2 <= len(vectors) <= _MOST_VECTORS or any(is_matrix(v) for v in vectors):
        return
    for chosen in range(1, 2 ** len(vectors) - 1):
        first = [v for k, v in enumerate(vectors) if chosen >> k & 1]
        last = [v for k, v in enumerate(vectors) if not chosen >> k & 1]
        yield Mul((*numbers, _entrywise(first), Transpose(_entrywise(last))))


def _vectors(node: Node) -> Iterator[Node]:
    """The factors of a product, without what says how they are multiplied."""
    match node:
        case Mul() | Had():
            for a in node.args:
                yield from _vectors(a)
        case Transpose(arg=a) | Diag(arg=a):
            yield from _vectors(a)
        case _:
            yield node


def _entrywise(vectors: list[Node]) -> Node:
    return vectors[0] if len(vectors) == 1 else Had(tuple(vectors))


def _led(
    args: tuple[Node, ...], is_matrix: Callable[[Node], bool]
) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
    """The matrices that ``args`` begin with, and the rest."""
    end = next((i for i, a in enumerate(args) if not is_matrix(a)), len(args))
    return args[:end], args[end:]
