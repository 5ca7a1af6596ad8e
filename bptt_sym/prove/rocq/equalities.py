"""Scripts that prove a text with something substituted equal to the canonical text of the result.

Coq substitutes and keeps the shape; the kernel substitutes and normalises. An equation between the
two is proved from inside out: one hypothesis for each atom that changes, then ``ring``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bptt_sym.prove.kernel import Atom, Formula, Mat, Poly, Var, free, subst, term
from bptt_sym.prove.rocq.terms import FUNCTIONS, Env, Printer, atoms


@dataclass
class Substitution:
    """What is substituted (kernel terms), the environment that Coq sees, and that of the result."""

    values: Mapping[Atom, Any]
    raw: Env
    env: Env

    def touches(self, a: Any) -> bool:
        there = free(a) if a[0] not in ("v", "i") else {a}
        return any(x in there or x[0] == "mat" for x in self.values)

    def under(self, x: Var, name: str) -> Substitution:
        """Inside the scope of a bound variable, printed by that name on both sides."""
        inner = {y: e for y, e in self.values.items() if y != x}
        return Substitution(inner, {**self.raw, x: name}, {**self.env, x: name})


@dataclass
class Scope:
    """Hypotheses introduced so far: their script, and the name of each equation."""

    known: dict[tuple[str, str], str] = field(default_factory=dict)
    script: list[str] = field(default_factory=list)

    def inner(self) -> Scope:
        return Scope(dict(self.known))


class Equalities:
    """Proofs of ``raw = canonical`` for terms, atoms and formulas under a substitution."""

    def __init__(self, printer: Printer) -> None:
        self.text = printer
        self.names = printer.names

    def state(self, left: str, right: str, how: str, scope: Scope) -> str | None:
        """Introduce left = right, proved by the script; the hypothesis, None if trivial."""
        if left == right:
            return None
        if (left, right) not in scope.known:
            name = self.names.fresh("e")
            scope.script.append(f"assert ({name} : {left} = {right}) by ({how}).")
            scope.known[left, right] = name
        return scope.known[left, right]

    def term(self, x: Poly | Mat, s: Substitution, scope: Scope) -> str | None:
        """The name of a hypothesis raw(x) = canonical; None if the texts are the same."""
        result = subst(x, s.values)
        left, right = self.text.term(x, s.raw), self.text.term(result, s.env)
        if left == right:
            return None
        return self.state(left, right, self._finish(x, s, scope), scope)

    def _finish(self, x: Poly | Mat, s: Substitution, scope: Scope) -> str:
        """The tactic that ends a proof of raw(x) = canonical, its atoms being in scope."""
        names = [(len(self.text.atom(a, s.raw)), self.atom(a, s, scope))
                 for a in atoms(x) if s.touches(a)]
        # larger ones first: an equation for a part would spoil the left side of one for the whole
        rewrites = [f"try rewrite {n}" for _, n in sorted(names, key=lambda r: -r[0]) if n]
        return "; ".join([*rewrites, "ring" if isinstance(x, Poly) else "algebra"])

    def prove(self, x: Poly | Mat, s: Substitution, scope: Scope) -> str:
        """A script for the goal raw(x) = canonical."""
        inner = scope.inner()
        if self.text.term(x, s.raw) == self.text.term(subst(x, s.values), s.env):
            return "reflexivity"
        last = self._finish(x, s, inner)
        return self.sequence([*inner.script, last])

    @staticmethod
    def sequence(script: list[str]) -> str:
        """Sentences as one tactic expression."""
        return "; ".join(f"({line.removesuffix('.')})" for line in script)

    def integer(self, p: Poly, s: Substitution, scope: Scope) -> str | None:
        left = self.text.integer(p, s.raw)
        right = self.text.integer(subst(p, s.values), s.env)
        return self.state(left, right, "ring", scope)

    def argument(self, sort: str, p: Poly, s: Substitution, scope: Scope) -> str | None:
        return self.term(p, s, scope) if sort == "v" else self.integer(p, s, scope)

    def atom(self, a: Atom, s: Substitution, scope: Scope) -> str | None:
        """The name of a hypothesis raw(a) = canonical for an atom or letter; None if trivial."""
        if a in s.values:
            image = s.values[a]
            left, right = self.text.atom(a, s.raw), self.text.term(image, s.env)
            return self.state(left, right, "cast; ring", scope) if a[0] == "i" else None
        left, right = self.text.atom(a, s.raw), self.text.atom(subst(a, s.values), s.env)
        if left == right:
            return None
        if a[0] in FUNCTIONS:
            how = self.congruence(FUNCTIONS[a[0]], self.term(a[1], s, scope))
            return self.state(left, right, how, scope)
        if a[0] == "norm":
            how = self.congruence("mnorm", self.term(a[1], s, scope))
            return self.state(left, right, how, scope)
        if a[0] in ("sum", "D", "diag"):
            return self.state(left, right, self._binder(a, s, scope), scope)
        return self.state(left, right, self._call(a, s, scope), scope)

    @staticmethod
    def congruence(function: str, inner: str | None) -> str:
        """A tactic for the goal f x = f y, from the name of x = y (None if x is y)."""
        head = "Rinv" if function == "/" else function
        return f"exact (f_equal {head} {inner})" if inner else "reflexivity"

    def _binder(self, a: Atom, s: Substitution, scope: Scope) -> str:
        name = self.names.fresh("b")
        body = self.prove(a[-1], s.under(a[1], name), scope)
        inner = f"intro {name}; cbv beta; {body}"

        def exact(found: str | None) -> str:
            return f"exact {found}" if found else "reflexivity"

        match a[0]:
            case "sum":
                lo, hi = (exact(self.integer(x, s, scope)) for x in a[2:4])
                return f"apply zsum_eq; [{lo} | {hi} | {inner}]"
            case "D":
                return f"apply derive_eq; [{inner} | {exact(self.term(a[2], s, scope))}]"
        return f"apply mdiag_ext; {inner}"

    def _call(self, a: Atom, s: Substitution, scope: Scope) -> str:
        """f x y z = f x' y' z', one changed argument at a time."""
        head = self.text.head(a)
        rows = self.text.arguments(a)
        old = [self.text.argument(sort, x, s.raw) for sort, x in rows]
        new = [self.text.argument(sort, subst(x, s.values), s.env) for sort, x in rows]
        proof = "eq_refl"
        for k, (sort, x) in reversed(list(enumerate(rows))):
            found = self.argument(sort, x, s, scope)
            if found:
                hole = " ".join([head, *new[:k], "_z", *old[k + 1:]])
                kind = "R" if sort == "v" else "Z"
                proof = f"(eq_trans (f_equal (fun _z : {kind} => {hole}) {found}) {proof})"
        return f"exact {proof}"

    # ---- formulas
    def formula(self, f: Formula, s: Substitution, scope: Scope) -> str:
        """A tactic for the goal raw(f) <-> canonical(f)."""
        match f:
            case ("ge" | "gt" | "eq" | "meq" as rel, p):
                return f"apply {rel}_iff; {self.prove(p, s, scope)}"
            case ("and", g, h):
                return f"apply and_iff; [{self.formula(g, s, scope)} | {self.formula(h, s, scope)}]"
            case ("and", g, *rest):
                tail = self.formula(("and", *rest), s, scope)
                return f"apply and_iff; [{self.formula(g, s, scope)} | {tail}]"
            case ("imp", g, h):
                return f"apply imp_iff; [{self.formula(g, s, scope)} | {self.formula(h, s, scope)}]"
            case (("all" | "ex") as q, x, g):
                name = self.names.fresh("b")
                inner = self.formula(g, s.under(x, name), scope)
                return f"apply {q}_iff; intro {name}; cbv beta; {inner}"
        raise AssertionError(f"no formula {f[0]}")

    def same_formula(self, f: Formula, s: Substitution) -> tuple[list[str], str] | None:
        """Sentences that introduce raw(f) <-> canonical(f), and its name; None if trivial."""
        left = self.text.formula(f, s.raw)
        right = self.text.formula(subst(f, s.values), s.env)
        if left == right:
            return None
        scope, name = Scope(), self.names.fresh("i")
        how = self.formula(f, s, scope)
        return [*scope.script, f"assert ({name} : ({left}) <-> ({right})) by ({how})."], name


def one(x: Atom, value: Any, text: str, env: Env, raw: Env | None = None) -> Substitution:
    """x := value, where Coq sees the text for x."""
    return Substitution({x: value}, {**(env if raw is None else raw), x: text}, env)


def rename(x: Var, y: Var, name: str, env: Env) -> Substitution:
    """x := y, both printed by one name."""
    return Substitution({x: term(y)}, {**env, x: name}, {**env, y: name})
