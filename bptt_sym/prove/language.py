"""The language of statements: terms and claims in the shape in which a person writes them.

A ``Term`` keeps its shape for display and carries its kernel normal form, computed as it is built;
a ``Claim`` is the same for a formula. What is printed and what is proved are therefore one object,
and ``Theorem`` (in ``theorem.py``) compares the claim's normal form with the kernel's conclusion.

    w, h = reals("w h")
    claim = (1 - tanh(w * h) ** 2) * h < 1
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final, TypeAlias

from bptt_sym.prove.kernel import (
    ZERO,
    Def,
    Formula,
    Mat,
    Poly,
    Var,
    free,
    instance,
    is_var,
    subst,
    term,
)

TermLike: TypeAlias = "Term | Poly | Mat | int | Fraction"


@dataclass(frozen=True, eq=False)
class Term:
    """A term as written: an operation, its operands, and the kernel term that it denotes."""

    op: str
    args: tuple[Any, ...]
    kernel: Any = field(repr=False)

    def __add__(self, other: TermLike) -> Term:
        return _binary("add", self, other)

    def __radd__(self, other: TermLike) -> Term:
        return _binary("add", other, self)

    def __sub__(self, other: TermLike) -> Term:
        return _binary("sub", self, other)

    def __rsub__(self, other: TermLike) -> Term:
        return _binary("sub", other, self)

    def __mul__(self, other: TermLike) -> Term:
        return _binary("mul", self, other)

    def __rmul__(self, other: TermLike) -> Term:
        return _binary("mul", other, self)

    def __truediv__(self, other: TermLike) -> Term:
        return _binary("div", self, other)

    def __rtruediv__(self, other: TermLike) -> Term:
        return _binary("div", other, self)

    def __neg__(self) -> Term:
        return Term("neg", (self,), -self.kernel)

    def __pow__(self, n: int | Term) -> Term:
        if isinstance(n, int):
            return Term("pow", (self, n), self.kernel**n)
        return Term("power", (self, n), POWER.at(0, self.kernel, n.kernel))

    def __lt__(self, other: TermLike) -> Claim:
        return _relation("lt", self, other)

    def __le__(self, other: TermLike) -> Claim:
        return _relation("le", self, other)

    def __gt__(self, other: TermLike) -> Claim:
        return _relation("gt", self, other)

    def __ge__(self, other: TermLike) -> Claim:
        return _relation("ge", self, other)

    def eq(self, other: TermLike) -> Claim:
        """The claim that both sides are equal. (``==`` is Python's own equality.)"""
        return _relation("eq", self, other)


def kernel(x: TermLike) -> Any:
    """The kernel term of anything that denotes one."""
    return x.kernel if isinstance(x, Term) else x if isinstance(x, (Poly, Mat)) else Poly.of(x)


def shape(x: TermLike) -> Term:
    """A term for display: as written, or, of a kernel term, the sum of its monomials."""
    if isinstance(x, Term):
        return x
    return _unfolded(x) if isinstance(x, (Poly, Mat)) else number(x)


def number(x: int | Fraction) -> Term:
    return Term("num", (Fraction(x),), Poly.of(x))


def _binary(op: str, a: TermLike, b: TermLike) -> Term:
    left, right = shape(a), shape(b)
    x, y = left.kernel, right.kernel
    match op:
        case "add":
            value = x + y
        case "sub":
            value = x - y
        case "mul":
            value = x * y
        case _:
            constant = y.terms.get(frozenset()) if len(y.terms) == 1 else None
            value = x * (1 / constant) if constant else x * term(("inv", y))
    return Term(op, (left, right), value)


# ---------------------------------------------------------------- constructors
def real(name: str) -> Term:
    """A real variable."""
    return Term("var", ("v", name), term(("v", name)))


def reals(names: str) -> tuple[Term, ...]:
    """Real variables, from their names separated by blanks."""
    return tuple(map(real, names.split()))


def integer(name: str) -> Term:
    """An integer variable."""
    return Term("var", ("i", name), term(("i", name)))


def integers(names: str) -> tuple[Term, ...]:
    """Integer variables, from their names separated by blanks."""
    return tuple(map(integer, names.split()))


def _unary(tag: str, x: TermLike) -> Term:
    inner = shape(x)
    return Term(tag, (inner,), term((tag, inner.kernel)))


def tanh(x: TermLike) -> Term:
    return _unary("tanh", x)


def sigmoid(x: TermLike) -> Term:
    """The logistic function, written σ."""
    return _unary("sg", x)


def exp(x: TermLike) -> Term:
    return _unary("exp", x)


def absolute(x: TermLike) -> Term:
    return _unary("abs", x)


def inv(x: TermLike) -> Term:
    return _unary("inv", x)


def sequence(name: str, *indices: TermLike) -> Term:
    """The value of an arbitrary real sequence (or array) at integer indices."""
    where = tuple(shape(kernel(i)) for i in indices)
    atom = ("fun", name, "i" * len(where), *[i.kernel for i in where])
    return Term("seq", (name, *where), term(atom))


def matrix(name: str, *indices: TermLike) -> Term:
    """An element of the normed algebra, or of a sequence in it."""
    where = tuple(map(shape, indices))
    return Term("mat", (name, *where), term(("mat", name, *[i.kernel for i in where])))


def identity() -> Term:
    return Term("one", (), Mat.of(1))


def diagonal(i: Term, body: TermLike) -> Term:
    """The diagonal matrix whose i-th entry is the body."""
    inner = shape(body)
    return Term("diag", (i, inner), term(("diag", i.args, inner.kernel)))


def norm(m: TermLike) -> Term:
    inner = shape(m)
    return Term("norm", (inner,), term(("norm", Mat.of(inner.kernel))))


def total(k: Term, lo: TermLike, hi: TermLike, body: TermLike) -> Term:
    """The sum of the body over lo <= k <= hi (0 if hi < lo)."""
    a, b, inner = shape(lo), shape(hi), shape(body)
    value = term(("sum", k.args, a.kernel, b.kernel, inner.kernel))
    return Term("sum", (k, a, b, inner), value)


def derivative(x: Term, body: TermLike, at: TermLike | None = None) -> Term:
    """The derivative of x -> body, at a point (at x itself unless another is given)."""
    point, inner = shape(x if at is None else at), shape(body)
    value = term(("D", x.args, point.kernel, inner.kernel))
    return Term("D", (x, point, inner), value)


POWER: Final = Def("power", (("v", "x"),), "count", (
    ("value", Poly.of(1), term(("v", "x")) * term(("v", "value"))),
))


def product_definition(k: Var, body: Poly) -> Def:
    """n -> body(start) ... body(start + n - 1), with the body's other variables as parameters."""
    others = tuple(sorted(free(body) - {k}))
    factor = instance(body, k, term(("i", "start")) + term(("i", "count")))
    step = factor * term(("v", "value"))
    return Def("product", (*others, ("i", "start")), "count", (("value", Poly.of(1), step),))


def product(k: Term, lo: TermLike, hi: TermLike, body: TermLike) -> Term:
    """The product of the body over lo <= k <= hi (1 if hi = lo - 1)."""
    a, b, inner = shape(lo), shape(hi), shape(body)
    d = product_definition(k.args, inner.kernel)
    value = d.at(0, *map(term, d.params[:-1]), a.kernel, b.kernel - a.kernel + 1)
    return Term("prod", (k, a, b, inner), value)


@dataclass(frozen=True, eq=False)
class Recursion:
    """Sequences defined together by recursion; ``r(j, n)`` is the j-th at index n.

    With further arguments, ``r(j, n, a, b)`` puts them for the parameters, which otherwise stand
    for themselves and are not printed.
    """

    definition: Def

    def __call__(self, j: int, n: TermLike, *params: TermLike) -> Term:
        d = self.definition
        values = tuple(map(shape, params)) or tuple(_variable(p) for p in d.params)
        index = shape(kernel(n))
        kernel_term = d.at(j, *[v.kernel for v in values], index.kernel)
        return Term("rec", (d, j, *values, index), kernel_term)


def recursion(
    name: str,
    params: Sequence[Term],
    index: Term,
    parts: Sequence[tuple[str, TermLike, TermLike]],
) -> Recursion:
    """Sequences by simultaneous recursion: (label, value at 0, value at index + 1) each.

    In the last, the real variable ``label`` (for a matrix, the matrix letter) stands for the value
    at the index.
    """
    rows = tuple((label, kernel(base), kernel(step)) for label, base, step in parts)
    names = tuple(p.args for p in params)
    return Recursion(Def(name, names, index.args[1], rows))


# ---------------------------------------------------------------- claims
@dataclass(frozen=True, eq=False)
class Claim:
    """A formula as written, with the kernel formula that it denotes."""

    op: str
    args: tuple[Any, ...]
    formula: Formula = field(repr=False)

    def __and__(self, other: Claim) -> Claim:
        parts = (*(self.args if self.op == "and" else (self,)), other)
        return Claim("and", parts, ("and", *[p.formula for p in parts]))

    def implies(self, other: Claim) -> Claim:
        return Claim("imp", (self, other), ("imp", self.formula, other.formula))


def _relation(op: str, a: TermLike, b: TermLike) -> Claim:
    left, right = shape(a), shape(b)
    if isinstance(left.kernel, Mat) or isinstance(right.kernel, Mat):
        if op != "eq":
            raise TypeError("matrices are compared by = only")
        return Claim(op, (left, right), ("meq", Mat.of(left.kernel) - Mat.of(right.kernel)))
    lower, upper = (left, right) if op in ("lt", "le") else (right, left)
    rel = {"lt": "gt", "gt": "gt", "le": "ge", "ge": "ge", "eq": "eq"}[op]
    difference = upper.kernel - lower.kernel if rel != "eq" else left.kernel - right.kernel
    return Claim(op, (left, right), (rel, difference))


def forall(x: Term | Sequence[Term], body: Claim) -> Claim:
    """For all values of the variables, the body."""
    for v in reversed([x] if isinstance(x, Term) else list(x)):
        body = Claim("all", (v, body), ("all", v.args, body.formula))
    return body


def exists(x: Term | Sequence[Term], body: Claim) -> Claim:
    """For some values of the variables, the body."""
    for v in reversed([x] if isinstance(x, Term) else list(x)):
        body = Claim("ex", (v, body), ("ex", v.args, body.formula))
    return body


def claim_of(f: Formula) -> Claim:
    """A claim for display, of a kernel formula: negative monomials go to the other side."""
    match f:
        case ("ge" | "gt" | "eq" as rel, Poly() as p):
            plus = Poly.of(0) + sum((_monomial(m, c) for m, c in p.terms.items() if c > 0), ZERO)
            left, right = plus, plus - p
            if rel == "eq" and left == ZERO:
                left, right = right, left
            op = {"ge": "ge", "gt": "gt", "eq": "eq"}[rel]
            constant = not free(left) and not any(m for m in left.terms)
            if constant and rel != "eq":
                return _relation({"ge": "le", "gt": "lt"}[rel], right, left)
            return _relation(op, left, right)
        case ("meq", Mat() as m):
            negative = Mat.of(0)
            for word, c in m.terms.items():
                if all(q < 0 for q in c.terms.values()):
                    letters = Mat.of(-c)
                    for a in word:
                        letters = letters * term(a)
                    negative = negative + letters
            return _relation("eq", m + negative, negative)
        case ("and", *parts):
            claims = [claim_of(p) for p in parts]
            return Claim("and", tuple(claims), f)
        case ("imp", g, h):
            return Claim("imp", (claim_of(g), claim_of(h)), f)
        case ("all" | "ex" as op, x, g):
            return Claim(op, (_variable(x), claim_of(g)), f)
    raise TypeError(f"not a formula: {f!r}")


def _monomial(m: frozenset[Any], c: Fraction) -> Poly:
    out = Poly.of(c)
    for a, e in m:
        out = out * term(a) ** e
    return out


# ---------------------------------------------------------------- kernel terms for display
def _variable(x: Var) -> Term:
    return Term("var", x, term(x))


def _unfolded(p: Poly | Mat) -> Term:
    parts: list[tuple[Term, bool]] = []
    if isinstance(p, Poly):
        rows = [(sorted(((_atom(a), e) for a, e in m), key=_order), c) for m, c in p.terms.items()]
        rows.sort(key=lambda row: (-sum(e for _, e in row[0]), [_order(x) for x in row[0]]))
        if rows and rows[0][1] < 0:  # 1 - x reads better than -x + 1
            rows.sort(key=lambda row: row[1] < 0)
        for factors, c in rows:
            t = _product([a**e if e > 1 else a for a, e in factors], abs(c))
            parts.append((t, c < 0))
    else:
        from bptt_sym.prove.notation import text

        pairs = [(_product([_atom(a) for a in word] or [identity()], Fraction(1)), scalar)
                 for word, scalar in p.terms.items()]
        for t, scalar in sorted(pairs, key=lambda pair: text(pair[0])):
            negative = all(c < 0 for c in scalar.terms.values())
            size = -scalar if negative else scalar
            t = t if size == Poly.of(1) else _binary("mul", shape(size), t)
            parts.append((t, negative))
    if not parts:
        return number(0) if isinstance(p, Poly) else Term("num", (Fraction(0),), p)
    first, negative = parts[0]
    out = -first if negative else first
    for t, minus in parts[1:]:
        out = out - t if minus else out + t
    return out


def _order(x: tuple[Term, int]) -> tuple[bool, str]:
    from bptt_sym.prove.notation import text

    return x[0].op != "var", text(x[0])


def _product(factors: list[Term], c: Fraction) -> Term:
    if not factors:
        return number(c)
    out = factors[0] if c == 1 else number(c) * factors[0]
    for f in factors[1:]:
        out = out * f
    return out


def _atom(a: tuple[Any, ...]) -> Term:
    match a:
        case x if is_var(x):
            return _variable(x)
        case ("fun", name, sorts, *args):
            return Term("seq", (name, *map(shape, args)), term(a)) if set(sorts) == {"i"} else Term(
                "fun", (name, *map(shape, args)), term(a))
        case ("mat", name, *args):
            return Term("mat", (name, *map(shape, args)), term(a))
        case ("def", d, j, *args):
            if d == POWER:
                return Term("power", (shape(args[0]), shape(args[1])), term(a))
            shown = _product_shown(d, args) if d.name == "product" else None
            return shown or Term("rec", (d, j, *map(shape, args)), term(a))
        case ("sum", k, lo, hi, body):
            return total(_variable(k), lo, hi, body)
        case ("D", x, at, body):
            return derivative(_variable(x), body, at)
        case ("diag", i, body):
            return diagonal(_variable(i), body)
        case ("norm", m):
            return norm(m)
        case (tag, x):
            return _unary(tag, x)
    raise TypeError(f"not an atom: {a!r}")


def _product_shown(d: Def, args: list[Any]) -> Term | None:
    (_, base, step), = d.parts
    value, start, n = term(("v", "value")), term(("i", "start")), term(("i", "count"))
    taken = {x for _, x in free(step)} | {x for a in args for _, x in free(a)}
    k = next(x for x in "jklmpqrs" if x not in taken)
    factor = Poly.of(0) + subst(step, {("v", "value"): Poly.of(1), ("i", "count"): Poly.of(0)})
    body = subst(factor, {("i", "start"): term(("i", k))})
    same = subst(body, {("i", k): start + n}) * value == step and base == Poly.of(1)
    if not same or d.params[-1:] != (("i", "start"),):
        return None
    body = subst(body, dict(zip(d.params[:-1], args[:-2], strict=True)))
    lo, length = args[-2], args[-1]
    index, value_term = _variable(("i", k)), term(("def", d, 0, *args))
    return Term("prod", (index, shape(lo), shape(lo + length - 1), shape(body)), value_term)
