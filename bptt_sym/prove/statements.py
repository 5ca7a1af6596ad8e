"""Expressions and claims about a recurrence, as terms and claims of the kernel's language."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fractions import Fraction

from bptt_sym.notation import (
    Abs,
    Add,
    At,
    Claim,
    Div,
    Fn,
    Had,
    Idx,
    Mul,
    Neg,
    Node,
    Norm,
    Num,
    Pow,
    Sym,
    affine,
    substitute_index,
)
from bptt_sym.prove import language as L
from bptt_sym.prove.kernel import Poly
from bptt_sym.prove.language import Term
from bptt_sym.recurrence import Recurrence

#: What an element of a sequence is in the kernel.
Reading = Callable[[At], Term]


class NotStated(Exception):
    """The expression has no counterpart in the kernel's language."""


class Names:
    """The kernel's names for what a recurrence mentions, each used for one thing only."""

    def __init__(self, rec: Recurrence) -> None:
        self.rec = rec
        self._taken: dict[str, str] = {}
        self.before: dict[str, tuple[str, Term]] = {}  # earlier states that occur, by their names

    def plain(self, name: str, meaning: str = "") -> str:
        """A name that the kernel allows: ``W_{input}`` becomes ``W_input``."""
        out = re.sub(r"[^A-Za-z0-9_]", "", name)
        out = out if out[:1].isalpha() else f"v{out}"
        if self._taken.setdefault(out, meaning or name) != (meaning or name):
            raise NotStated(f"two things would have the name {out}")
        return out

    def element(self, a: At) -> str:
        """The name of one element: ``x_t``, ``h_3``, and ``h_before`` for h_{t-1}."""
        form = affine(a.time)
        if form is None:
            raise NotStated("an index that is not affine")
        coefficients, c = form
        if list(coefficients.values()) == [1] and c == -1:
            when = "before"
        else:
            when = "".join(v * k for v, k in sorted(coefficients.items())) or str(c)
            when += f"p{c}" if coefficients and c > 0 else f"m{-c}" if coefficients and c else ""
        return self.plain(f"{self.plain(a.name)}_{when}", str(a))

    # ----------------------------------------------------------------- one step
    def within_step(self, a: At) -> Term:
        """An element within one step: what is computed there by its equation, else a variable."""
        if a.name in self.rec.defined and self.rec.shape(a.name) == ():
            form = affine(a.time)
            early = form is None or (form[1] < 0 if form[0] else form[1] < 1)
            if a.name not in self.rec.states or not early:
                return self.term(substitute_index(self.rec.rhs(a.name), "t", a.time))
            found = L.real(self.element(a))
            self.before[self.element(a)] = (a.name, found)
            return found
        if self.rec.shape(a.name) != ():
            raise NotStated(f"{a.name} is no scalar")
        return L.real(self.element(a))

    def ranges(self) -> list[L.Claim]:
        """|h| < 1 for each earlier state that has occurred and is a tanh or σ of something."""
        found = []
        for name, value in self.before.values():
            rhs = self.rec.rhs(name)
            if isinstance(rhs, Fn) and rhs.name in ("tanh", "sigma") and not rhs.order:
                found.append(L.absolute(value) < 1)
        return found

    # ------------------------------------------------------------------ terms
    def term(
        self, node: Node, indices: Mapping[str, Poly] | None = None, at: Reading | None = None
    ) -> Term:
        """The term of a node. Raises :class:`NotStated` for what the language does not have.

        ``indices`` are the integer terms of time indices, ``at`` reads elements of sequences.
        """
        times = indices or {}
        read = at or self.within_step

        def go(n: Node) -> Term:
            return self.term(n, indices, at)

        match node:
            case Num(value=v):
                return L.number(v)
            case Idx():
                return L.shape(_count(node, times))
            case Sym(name=name) if self.rec.shape(name) == ():
                return L.real(self.plain(name))
            case At():
                return read(node)
            case Neg(arg=a):
                return -go(a)
            case Add(args=args):
                out = go(args[0])
                for a in args[1:]:
                    out = out - go(a.arg) if isinstance(a, Neg) else out + go(a)
                return out
            case Mul(args=args) | Had(args=args):
                out = go(args[0])
                for a in args[1:]:
                    out = out * go(a)
                return out
            case Div(num=a, den=b):
                return go(a) / go(b)
            case Pow(base=b, exp=e):
                return _power(go(b), _count(e, times))
            case Abs(arg=a):
                return L.absolute(go(a))
            case Norm(arg=Sym(name=name)) if self.rec.shape(name) != ():
                return L.norm(L.matrix(self.plain(name)))
            case Norm(arg=a) if self.rec.is_scalar:
                return L.absolute(go(a))
            case Fn(name="tanh" | "sigma" as name, arg=a, order=0 | 1 as order):
                value = (L.tanh if name == "tanh" else L.sigmoid)(go(a))
                if not order:
                    return value
                return 1 - value**2 if name == "tanh" else value * (1 - value)
            case Fn(name="exp", arg=a, order=0):
                return L.exp(go(a))
        raise NotStated(f"a {type(node).__name__} of this kind is not in the kernel's language")

    def claim(
        self, claim: Claim, indices: Mapping[str, Poly] | None = None, at: Reading | None = None
    ) -> L.Claim:
        """A single relation between terms."""
        if len(claim.ops) != 1:
            raise NotStated("a chain of relations")
        left, right = (self.term(s, indices, at) for s in claim.sides)
        match claim.ops[0]:
            case "<=":
                return left <= right
            case "<":
                return left < right
            case ">=":
                return left >= right
            case ">":
                return left > right
            case "=":
                return left.eq(right)
        raise NotStated(f"the relation {claim.ops[0]}")


def _count(node: Node, indices: Mapping[str, Poly]) -> Poly:
    form = affine(node)
    if form is None:
        raise NotStated("an index that is not affine")
    out = Poly.of(form[1])
    for name, c in form[0].items():
        out = out + c * indices.get(name, L.integer(name).kernel)
    return out


def _power(base: Term, exponent: Poly) -> Term:
    constant = exponent.terms.get(frozenset(), Fraction(0))
    if exponent.terms.keys() <= {frozenset()}:
        if abs(constant) > 50:
            raise NotStated("so large a power")
        size = base ** abs(int(constant))
        return size if constant >= 0 else L.number(1) / size
    return base ** L.shape(exponent)
