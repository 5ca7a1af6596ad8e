"""Evaluating entries: tensors whose axes have the letters of units for names.

A product multiplies entry by entry, one letter being one axis; a sum over units adds along its
axis. Layouts have no say here: an entry of a derivative names its axes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from bptt_sym.decide.tensor import Mismatch, Tensor, from_flat, identity, rank, shape
from bptt_sym.entries import WHOLE, Entries, Entry, UnitSum, axes_of, letters
from bptt_sym.errors import NotSupported
from bptt_sym.notation import (
    FUNCTIONS,
    Add,
    D,
    Div,
    Fn,
    Had,
    Mul,
    Neg,
    Node,
    Num,
    Ones,
    Pow,
    Sum,
    Transpose,
    walk,
)

if TYPE_CHECKING:
    from bptt_sym.decide.interpret import Interpreter, Parts

__all__ = ["Entries", "entries", "named"]

Env = Mapping[str, int]
Named = tuple[Tensor, str]


def entries(interp: Interpreter, node: Entries, env: Env, out: list[Parts] | None) -> Tensor:
    """The tensor of all entries, its axes in the order of ``node.at``."""
    if out is not None:
        raise NotSupported("the derivative of an entry inside a step")
    value, names = named(interp, node.arg, _with_sizes(interp, node, env))
    whole = "" if set(node.at) & set(WHOLE) else "".join(c for c in WHOLE if c in names)
    if set(names) - {*node.at, *whole}:
        raise NotSupported("an entry with a letter of its own")
    if set(node.at) - set(names):
        raise Mismatch("one side has a unit that the other has not")
    if not names:
        return value
    return np.transpose(value, [names.index(c) for c in node.at + whole])


def named(interp: Interpreter, node: Node, env: Env) -> Named:
    """The value of ``node`` and the names of its axes."""
    if not any(isinstance(n, (Entry, UnitSum)) for n in walk(node)):
        return _whole(interp, node, env)
    dom = interp.dom
    match node:
        case Entry():
            return _entry(interp, node, env)
        case UnitSum(var=var, body=body):
            value, names = named(interp, body, env)
            if var not in names:
                raise NotSupported("a sum over units without any")
            axis = names.index(var)
            rest = names.replace(var, "")
            added = dom.reduce(value.sum(axis=axis))
            return added, rest
        case Add(args=args):
            return _folded(interp, args, env, lambda a, b: a + b)
        case Mul(args=args):
            return _folded(interp, args, env, lambda a, b: a * b, contracts=True)
        case Had(args=args):
            return _folded(interp, args, env, lambda a, b: a * b)
        case Neg(arg=a):
            value, names = named(interp, a, env)
            return dom.reduce(-1 * value), names
        case Transpose(arg=a) if letters(a) and not letters(a) & set(WHOLE):
            return named(interp, a, env)  # of numbers
        case Div(num=a, den=b):
            below, axes = named(interp, b, env)
            inverse = interp.map(dom.inverse, below)
            return _paired(interp, named(interp, a, env), (inverse, axes), lambda x, y: x * y)
        case Pow(base=base, exp=Num(value=power)) if power.denominator == 1 and power > 0:
            value, names = named(interp, base, env)
            result = value
            for _ in range(int(power) - 1):
                result = dom.reduce(result * value)
            return result, names
        case Fn(arg=arg) if node.name != "softmax":
            value, names = named(interp, arg, env)
            name = node.name if node.name in FUNCTIONS else "function " + node.name
            return interp.map(lambda x: dom.fn(name, x, node.order), value), names
        case Fn(arg=arg, order=0):
            value, names = named(interp, arg, env)
            if len(names) != 1:
                raise NotSupported("softmax of something that is not one vector")
            powers = interp.map(dom.exp, value)
            return dom.reduce(powers * dom.inverse(dom.reduce(powers.sum()))), names
        case Sum(var=var, lo=lo, hi=hi, body=body):
            terms = [
                named(interp, body, {**env, var: k})
                for k in range(interp.index(lo, env), interp.index(hi, env) + 1)
            ]
            if not terms:
                raise NotSupported("an empty sum of entries")
            total = terms[0]
            for term in terms[1:]:
                total = _paired(interp, total, term, lambda a, b: a + b)
            return total
    raise NotSupported("entries where they are not read")


def _whole(interp: Interpreter, node: Node, env: Env) -> Named:
    """What has no entries in it: a number, or a matrix beside the entries of vectors."""
    value = interp.exact.evaluate(node, env, None)
    if rank(value) == 2 and 1 not in shape(value):
        return value, WHOLE
    if rank(value):
        raise NotSupported("a vector beside entries")
    return value, ""


def _with_sizes(interp: Interpreter, root: Entries, env: Env) -> Env:
    """``env`` and, for each letter, how many units it counts (under the letter in brackets)."""
    sizes: dict[str, int] = {}
    shown = root.seen.entries if root.seen is not None else tuple(axes_of(root.arg))
    for at, names in shown:
        dims = [d for name in names for d in interp.world.shape(name)]
        if len(dims) == len(at):
            sizes |= {f"[{c}]": d for c, d in zip(at, dims, strict=True)}
    return {**env, **sizes}


def _entry(interp: Interpreter, node: Entry, env: Env) -> Named:
    if isinstance(node.arg, Ones):
        known = {env[f"[{c}]"] for c in node.at if f"[{c}]" in env}
        if len(known) != 1:
            raise NotSupported("the size of a Kronecker symbol is not known")
        return identity((known.pop(),), interp.one, interp.zero), node.at
    if isinstance(node.arg, D):
        value, (of, by) = interp.jacobian(node.arg, env)
        dims = (*of, *by)
    else:
        value = interp.evaluate(node.arg, env, None)
        if rank(value) == 2 and len(node.at) == 1 and 1 in shape(value):
            value = value.reshape(-1)
        dims = shape(value)
    if not dims and interp.world.scalar:
        value = from_flat((1,) * len(node.at), [value])
    elif len(dims) != len(node.at):
        raise Mismatch(f"{len(node.at)} letters for {len(dims)} axes")
    names = node.at
    for letter in sorted(set(names)):
        while names.count(letter) > 1:
            first, second = (k for k, c in enumerate(names) if c == letter)
            value = np.diagonal(value, axis1=first, axis2=second)
            names = names.replace(letter, "") + letter
    return value, names


def _folded(
    interp: Interpreter, args: tuple[Node, ...], env: Env, join: object, contracts: bool = False
) -> Named:
    factors: list[Named] = []
    k = 0
    while k < len(args):
        pair = contracts and k + 1 < len(args)
        both = _contracted(interp, args[k], args[k + 1], env) if pair else None
        factors.append(named(interp, args[k], env) if both is None else both)
        k += 1 if both is None else 2
    if contracts and sum(1 for _, names in factors if set(names) & set(WHOLE)) > 1:
        raise NotSupported("a product of matrices beside entries")
    total = factors[0]
    for factor in factors[1:]:
        total = _paired(interp, total, factor, join)
    return total


def _contracted(interp: Interpreter, first: Node, then: Node, env: Env) -> Named | None:
    """A vector times the derivative of another by an entry, ``∂L/∂z ∂z/∂V_{ij}``, if it is one."""
    if not (isinstance(then, Entry) and isinstance(then.arg, D)) or interp.world.scalar:
        return None
    if any(isinstance(n, (Entry, UnitSum)) for n in walk(first)):
        return None
    value, (of, by) = interp.jacobian(then.arg, env)
    if len(of) != 1 or len(by) != len(then.at) or len(set(then.at)) != len(then.at):
        return None
    vector = interp.exact.evaluate(first, env, None)
    if not rank(vector) or vector.size != of[0]:
        return None
    column = vector.reshape(of[0], *(1 for _ in by))
    return interp.dom.reduce((column * value.reshape(*of, *by)).sum(axis=0)), then.at


def _paired(interp: Interpreter, a: Named, b: Named, join: object) -> Named:
    assert callable(join)
    names = "".join(sorted(set(a[1]) | set(b[1])))
    for letter in set(a[1]) & set(b[1]):
        sizes = [np.shape(v)[own.index(letter)] for v, own in (a, b)]
        if sizes[0] != sizes[1]:
            raise Mismatch(f"{letter} counts {sizes[0]} and {sizes[1]} entries")
    value = interp.dom.reduce(join(_aligned(a, names), _aligned(b, names)))
    return value, names


def _aligned(a: Named, names: str) -> Tensor:
    """The tensor with an axis for each of ``names``; those that it has not have the length 1."""
    value, own = a
    if not names or not own:
        return value
    ordered = np.transpose(value, [own.index(c) for c in names if c in own])
    dims = iter(ordered.shape)
    return ordered.reshape([next(dims) if c in own else 1 for c in names])
