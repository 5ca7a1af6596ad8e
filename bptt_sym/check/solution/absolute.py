r"""Comparing products of sizes: :math:`|ab|=|a||b|`, and what is left when common factors go.

A bound is argued in steps such as

.. math:: |(1-h_t^2)h_{t-1}| = (1-h_t^2)|h_{t-1}| \le |h_{t-1}| \le 1.

:func:`spread` moves absolute values down to the factors and drops them where the sign is known;
:func:`without_common_factors` reduces ``A ≤ B`` to what remains of the two when the non-negative
factors that they share are taken away. What remains is for the bound engine to judge. Everything
here is about scalar recurrences.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod

from bptt_sym.errors import BpttError
from bptt_sym.jacobian import Calculus
from bptt_sym.notation import (
    Abs,
    Add,
    At,
    D,
    Div,
    Fn,
    Idx,
    Mul,
    Neg,
    Node,
    Num,
    Pow,
    Prod,
    Sum,
    Sym,
    affine,
    free_indices,
    fresh,
    from_affine,
    index,
    mul,
    num,
    rebuild,
    substitute_index,
)
from bptt_sym.recurrence import Recurrence

#: Functions that are never negative, and whose first derivative is never negative.
_POSITIVE = frozenset(("sigma", "exp", "cosh", "sech"))
_INCREASING = frozenset(("sigma", "exp", "tanh", "sinh"))
#: Steps by which the ranges of two products may differ.
MAX_SHIFT = 8


@dataclass
class Signs:
    """What is known of the signs in one recurrence; ``needed`` collects hypotheses used.

    With ``started`` the initial states are below 1 in size; ``least`` is the least of them, if they
    are known.
    """

    rec: Recurrence
    started: bool
    least: Fraction | None = None
    used_start: bool = False

    def nonnegative(self, node: Node) -> bool:
        """Whether ``node`` is at least 0 in every run, as far as its form shows."""
        match node:
            case Num(value=v):
                return v >= 0
            case Abs():
                return True
            case Pow(base=b, exp=Num(value=e)) if e.denominator == 1 and e % 2 == 0:
                return True
            case Pow(base=b):
                return self.nonnegative(b)
            case Mul(args=args):
                return all(self.nonnegative(a) for a in args)
            case Div(num=a, den=b):
                return self.nonnegative(a) and self.nonnegative(b)
            case Prod(body=b):
                return self.nonnegative(b)
            case Fn(name=name, order=k):
                return (k == 0 and name in _POSITIVE) or (k == 1 and name in _INCREASING)
            case At():
                return self._activation(node) == "sigma" and self._starts_from(node, 0)
            case Add(args=(Num(value=v), Neg(arg=b))) if v == 1:
                return self._within_one(b)
            case Add(args=args):
                return all(self.nonnegative(a) for a in args)
        return False

    def positive(self, node: Node) -> bool:
        """Whether ``node`` is above 0 in every run, as far as its form shows."""
        match node:
            case Num(value=v):
                return v > 0
            case Pow(base=b) | Prod(body=b):
                return self.positive(b)
            case Mul(args=args):
                return all(self.positive(a) for a in args)
            case Div(num=a, den=b):
                return self.positive(a) and self.positive(b)
            case Fn():
                return self.nonnegative(node)  # none of these functions comes to 0
            case At():
                return self.nonnegative(node) and self._starts_from(node, 1)
            case Add(args=(Num(value=v), Neg(arg=b))) if v == 1:
                return self._within_one(b)
            case Add(args=args):
                return any(map(self.positive, args)) and all(map(self.nonnegative, args))
        return False

    def _within_one(self, node: Node) -> bool:
        """Whether the size of ``node`` is below 1."""
        if isinstance(node, Pow) and isinstance(node.exp, Num) and node.exp.value > 0:
            node = node.base
            return self._activation(node) in ("tanh", "sigma")
        return self._activation(node) == "sigma"

    def _activation(self, node: Node) -> str:
        if isinstance(node, Fn) and node.order == 0:
            return node.name
        if not isinstance(node, At) or node.name not in self.rec.defined:
            return ""
        rhs = self.rec.rhs(node.name)
        if not isinstance(rhs, Fn) or rhs.order:
            return ""
        if self._may_be_initial(node):
            if not self.started:
                return ""
            self.used_start = True
        return rhs.name

    def _starts_from(self, node: At, sign: int) -> bool:
        """Whether the element, if it can be an initial one, is at least 0, or above it."""
        if not self._may_be_initial(node):
            return True
        return self.least is not None and (self.least > 0 if sign else self.least >= 0)

    def _may_be_initial(self, node: At) -> bool:
        form = affine(node.time)
        if node.name not in self.rec.states:
            return False
        return form is None or (form[1] < 1 if not form[0] else form[1] < 0)


def spread(node: Node, signs: Signs) -> Node:
    """``node`` with every absolute value moved down to the factors it is a product of."""
    node = rebuild(node, lambda c: spread(c, signs))
    return _absolute(node.arg, signs) if isinstance(node, Abs) else node


def _absolute(node: Node, signs: Signs) -> Node:
    match node:
        case Num(value=v):
            return Num(abs(v))
        case Abs():
            return node
        case Neg(arg=a):
            return _absolute(a, signs)
        case Mul(args=args):
            return mul(*(_absolute(a, signs) for a in args))
        case Div(num=a, den=b):
            return Div(_absolute(a, signs), _absolute(b, signs))
        case Prod(body=b):
            return replace(node, body=_absolute(b, signs))
        case Pow(base=b, exp=e) if not signs.nonnegative(node):
            return Pow(_absolute(b, signs), e)
    return node if signs.nonnegative(node) else Abs(node)


def spelt_out(node: Node, rec: Recurrence) -> Node:
    """``node`` with its immediate derivatives, and those of one step, written out."""
    calculus = Calculus(rec)

    def change(n: Node) -> Node:
        n = rebuild(n, change)
        if not isinstance(n, D) or not isinstance(n.y, At):
            return n
        try:
            if n.kind == "immediate" and isinstance(n.x, (At, Sym)):
                return calculus.immediate(n.y, n.x)
            if isinstance(n.x, At) and n.x.name == n.y.name and len(rec.states) == 1:
                return _path(n.y, n.x, rec, calculus) if n.kind in ("total", "unmarked") else n
        except (BpttError, ValueError):
            return n
        return n

    return change(node)


def _path(y: At, x: At, rec: Recurrence, calculus: Calculus) -> Node:
    """The chain rule along the only state: one factor for each step from ``x`` to ``y``."""
    if _distance(x.time, y.time) == 1:
        return calculus.one_step(y, x)
    if rec.max_lag != 1:
        return D(y, x)
    var = fresh("j", free_indices(y) | free_indices(x))
    factor = calculus.one_step(At(y.name, Idx(var)), At(y.name, index(var, -1)))
    return Prod(var, _moved(x.time, 1), y.time, factor, descending=True)


#: The most bits of a number that is worked out.
MAX_BITS = 4096


def worked_out(node: Node) -> Node:
    """``node`` with sums, products and powers of numbers as one number, where it stays small."""
    form = affine(node)
    if form is not None and form[0]:
        return node  # a step: written in another way it is no longer known to be that of a state
    node = rebuild(node, worked_out)
    match node:
        case Neg(arg=Num(value=v)):
            return Num(-v)
        case Div(num=Num(value=a), den=Num(value=b)) if b:
            return _small(a / b, node)
        case Add(args=args) if all(isinstance(a, Num) for a in args):
            return _small(sum((a.value for a in args if isinstance(a, Num)), Fraction(0)), node)
        case Mul(args=args) if all(isinstance(a, Num) for a in args):
            values = (a.value for a in args if isinstance(a, Num))
            return _small(prod(values, start=Fraction(1)), node)
        case Pow(base=Num(value=b)) if b == 1:
            return node.base
        case Pow(base=Num(value=b), exp=Num(value=e)) if b and e.denominator == 1:
            bits = max(b.numerator.bit_length(), b.denominator.bit_length()) * abs(int(e))
            return Num(b ** int(e)) if bits <= MAX_BITS else node
    return node


def _small(value: Fraction, node: Node) -> Node:
    bits = max(value.numerator.bit_length(), value.denominator.bit_length())
    return Num(value) if bits <= MAX_BITS else node


def factors(node: Node) -> list[Node]:
    """The factors of a product, whole powers written out, numbers multiplied together first."""
    value, found = _collected(node)
    return found if value == 1 and found else [Num(value), *found]


def _collected(node: Node) -> tuple[Fraction, list[Node]]:
    match node:
        case Num(value=v):
            return v, []
        case Mul(args=args):
            parts = [_collected(a) for a in args]
            value = prod((v for v, _ in parts), start=Fraction(1))
            return value, [f for _, found in parts for f in found]
        case Div(num=a, den=Num(value=v)) if v:
            value, found = _collected(a)
            return value / v, found
        case Prod():
            return Fraction(1), _product_factors(node)
        case Pow(base=b, exp=Num(value=e)) if e.denominator == 1 and 1 <= e <= 8:
            value, found = _collected(b)
            return value ** int(e), found * int(e)
    return Fraction(1), [node]


def _product_factors(node: Prod) -> list[Node]:
    """``∏ a b_j`` as ``a^n`` and ``∏ b_j``, where ``a`` is the same in every step."""
    lo, hi = affine(node.lo), affine(node.hi)
    count = None
    if lo is not None and hi is not None and _least_length(node) >= 0:
        names = {n: hi[0].get(n, 0) - lo[0].get(n, 0) for n in hi[0].keys() | lo[0].keys()}
        count = from_affine(names, hi[1] - lo[1] + 1)
    out: list[Node] = []
    for body in factors(node.body):
        if node.var in free_indices(body) or count is None:
            out.append(replace(node, body=body))
        else:
            out.append(Pow(body, count))
    return out


def without_common_factors(left: Node, right: Node, signs: Signs) -> tuple[Node, Node, bool]:
    """What remains of ``left ≤ right`` without the factors that both have, and whether any went.

    A factor is taken away only if it is not negative, so what remains implies what was asked.
    """
    mine = _whole_ranges(_squares(factors(left), signs))
    yours = _whole_ranges(_squares(factors(right), signs))
    shared = False
    for theirs in list(yours):
        for own in list(mine):
            rest = _without(own, theirs)
            if rest is None or not signs.nonnegative(theirs):
                continue
            mine.remove(own)
            yours.remove(theirs)
            mine += rest
            shared = True
            break
    return mul(*mine), mul(*yours), shared


def _squares(found: list[Node], signs: Signs) -> list[Node]:
    """Two equal factors of unknown sign as one square, whose sign is known."""
    out: list[Node] = []
    single: dict[str, Node] = {}
    for f in found:
        if signs.nonnegative(f):
            out.append(f)
        elif (key := fingerprint(f)) in single:
            out.append(Pow(single.pop(key), num(2)))
        else:
            single[key] = f
    return out + list(single.values())


def _without(own: Node, theirs: Node) -> list[Node] | None:
    """The factors of ``own`` besides ``theirs``; ``None`` if it is not among them."""
    if fingerprint(own) == fingerprint(theirs):
        return []
    if not isinstance(own, Prod):
        return None
    if isinstance(theirs, Prod):
        if _body(own) != _body(theirs):
            return None
        lo, hi = _distance(own.lo, theirs.lo), _distance(theirs.hi, own.hi)
        if lo is None or hi is None or not (0 <= lo <= MAX_SHIFT and 0 <= hi <= MAX_SHIFT):
            return None
        if _least_length(own) < lo + hi:
            return None
        before = [_factor(own, _moved(own.lo, k)) for k in range(lo)]
        return before + [_factor(own, _moved(own.hi, -k)) for k in range(hi)]
    # A single factor at an end of the range, which must not be empty.
    if _least_length(own) < 1:
        return None
    if fingerprint(_factor(own, own.hi)) == fingerprint(theirs):
        return [replace(own, hi=_moved(own.hi, -1))]
    if fingerprint(_factor(own, own.lo)) == fingerprint(theirs):
        return [replace(own, lo=_moved(own.lo, 1))]
    return None


def _whole_ranges(found: list[Node]) -> list[Node]:
    """``f(t) ∏_{j=t+1}^T f(j)`` as one product."""
    products = [f for f in found if isinstance(f, Prod)]
    others = [f for f in found if not isinstance(f, Prod)]
    merged: list[Node] = []
    for product in products:
        grown = True
        while grown:
            grown = False
            for end, change in (
                (_moved(product.hi, 1), lambda p, e: replace(p, hi=e)),
                (_moved(product.lo, -1), lambda p, e: replace(p, lo=e)),
            ):
                product, grown = _absorbed(product, end, change, others, grown)
        merged.append(product)
    return others + merged


def _absorbed(
    product: Prod,
    end: Node,
    change: Callable[[Prod, Node], Prod],
    others: list[Node],
    grown: bool,
) -> tuple[Prod, bool]:
    key = fingerprint(_factor(product, end))
    if _least_length(product) < 0:
        return product, grown
    for k, other in enumerate(others):
        if fingerprint(other) == key:
            del others[k]
            return change(product, end), True
    return product, grown


def _least_length(product: Prod) -> int:
    """The least number of factors that the range has; -1 if it may end long before it starts.

    A range between two indices, ``t`` to ``T``, is taken to be in order, and a step is at least 1.
    """
    lo, hi = affine(product.lo), affine(product.hi)
    if lo is None or hi is None:
        return -1
    names = {n: hi[0].get(n, 0) - lo[0].get(n, 0) for n in hi[0].keys() | lo[0].keys()}
    left = sorted(c for c in names.values() if c)
    if left not in ([], [1], [-1, 1]):
        return -1
    return max(-1, hi[1] - lo[1] + 1 + (left == [1]))


def _factor(product: Prod, time: Node) -> Node:
    return substitute_index(product.body, product.var, time)


def _body(node: Prod | Sum) -> str:
    """The body, whatever its variable is called."""
    # The variables of the sums and products around it are dots already: one more for each.
    outer = sum(name.startswith("\N{BULLET}") for name in free_indices(node.body))
    var = Idx("\N{BULLET}" * (outer + 1))
    return fingerprint(substitute_index(node.body, node.var, var))


def _moved(time: Node, k: int) -> Node:
    form = affine(time)
    return from_affine(form[0], form[1] + k) if form is not None else mul(time, num(1))


def _distance(a: Node, b: Node) -> int | None:
    """``b - a`` if it is a number."""
    x, y = affine(a), affine(b)
    return y[1] - x[1] if x is not None and y is not None and x[0] == y[0] else None


def fingerprint(node: Node) -> str:
    """A short text that equal factors share, whatever the order of terms and form of indices."""
    known: str | None = node.__dict__.get("_fingerprint")
    if known is None:
        # Of a fixed length, so that nested formulas have no long ones.
        known = hashlib.blake2b(_described(node).encode(), digest_size=16).hexdigest()
        node.__dict__["_fingerprint"] = known
    return known


def _described(node: Node) -> str:
    form = affine(node)
    if form is not None:
        return f"{sorted(form[0].items())}+{form[1]}"
    match node:
        case Add(args=args) | Mul(args=args):
            return f"{type(node).__name__}{sorted(fingerprint(a) for a in args)}"
        case Prod() | Sum():
            lo, hi = fingerprint(node.lo), fingerprint(node.hi)
            return f"{type(node).__name__}({lo},{hi},{_body(node)})"
    return repr(rebuild(node, lambda c: Sym(fingerprint(c))))


__all__ = ["Signs", "factors", "fingerprint", "spelt_out", "spread", "without_common_factors",
           "worked_out"]  # fmt: skip
