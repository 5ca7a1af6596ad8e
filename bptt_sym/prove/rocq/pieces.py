"""What the lemma of a step is made of, whatever its rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bptt_sym.prove.kernel import Formula, Mat, Poly, Thm, Var, free
from bptt_sym.prove.rocq.equalities import Equalities, Scope, Substitution
from bptt_sym.prove.rocq.terms import ALGEBRA, Env, Printer, key

Hyps = Mapping[Formula, str]


def variables(t: Thm) -> list[Var]:
    """The free variables of a theorem, in the order of its lemma."""
    return sorted(frozenset().union(free(t.concl), *map(free, t.hyps)))


def hypotheses(t: Thm) -> list[Formula]:
    """The hypotheses of a theorem, in the order of its lemma."""
    return sorted(t.hyps, key=key)


class Pieces:
    """What the lemmas of all rules are made of: premises applied, texts converted, ends closed."""

    def __init__(self, printer: Printer) -> None:
        self.text = printer
        self.names = printer.names
        self.equal = Equalities(printer)
        self.lemma: dict[int, str] = {}
        self.commands: list[str] = []
        self.script: list[str] = []
        self.scope: Env = {}

    def statement(self, t: Thm) -> str:
        bound = " ".join(map(self.text.bind, variables(t)))
        hyps = "".join(f"({self.text.formula(h, {})}) -> " for h in hypotheses(t))
        return (f"forall {bound}, " if bound else "") + hyps + self.text.formula(t.concl, {})

    # ---- pieces
    def call(self, t: Thm, hyps: Hyps | None, scope: Env | None = None) -> str:
        """The lemma of a premise at the variables in scope and, if given, its hypotheses."""
        known = {**self.scope, **(scope or {})}
        args = [known.get(v, "0" if v[0] == "v" else "0%Z") for v in variables(t)]
        given = [] if hyps is None else [hyps[h] for h in hypotheses(t)]
        return f"({' '.join([self.lemma[id(t)], *args, *given])})"

    def introduce(self, statement: str, how: str, stem: str = "e") -> str:
        """A hypothesis by a tactic; its name."""
        name = self.names.fresh(stem)
        self.script.append(f"assert ({name} : {statement}) by ({how}).")
        return name

    def converted(self, f: Formula, s: Substitution, have: str, *, forward: bool) -> str:
        """From a proof of raw(f) one of canonical(f), or backward."""
        found = self.equal.same_formula(f, s)
        if found is None:
            return have
        sentences, name = found
        self.script += sentences
        return f"(proj{1 if forward else 2} {name} {have})"

    def equation(self, x: Poly | Mat, s: Substitution) -> str:
        """A proof of raw(x) = canonical(x)."""
        scope = Scope()
        name = self.equal.term(x, s, scope)
        self.script += scope.script
        return name or "eq_refl"

    def to(self, f: Formula, have: str, env: Env | None = None) -> str:
        """The formula from a proof of one with an equal term."""
        goal = self.text.term(f[1], env or {})
        if f[0] == "meq":
            return f"(to_meq {ALGEBRA} _ {goal} {have} ltac:(algebra))"
        return f"(to_{f[0]} _ {goal} {have} ltac:(ring))"

    def zero(self, f: Formula, sides: Sequence[str], proof: str) -> str:
        """left - right = 0 in canonical form, from a proof of left = right."""
        left, right = sides
        return f"(zero_of {left} {right} {self.text.real(f[1], {})} {proof} ltac:(ring))"

    def z_ge(self, p: Poly, have: str, env: Env | None = None) -> str:
        """0 <= p in Z, from the same in R."""
        return (f"(Z_ge {self.text.integer(p, env or {})} {self.text.real(p, env or {})} {have} "
                "ltac:(cast; ring))")

    def r_ge(self, p: Poly, integer: str, have: str, env: Env) -> str:
        """0 <= p in R, from a proof of 0 <= (the given text) in Z."""
        return f"(R_ge {integer} {self.text.real(p, env)} {have} ltac:(cast; ring))"

    def value(self, x: Var, e: Poly) -> str:
        return self.text.argument(x[0], e, {})

    def same(self, a: Thm, hyps: Hyps, left: Poly, right: Poly, env: Env | None = None,
              scope: Env | None = None) -> str:
        """left = right, from left - right = 0."""
        env = env or {}
        return (f"(equal_of {self.text.real(left, env)} {self.text.real(right, env)} _ "
                f"{self.call(a, hyps, scope)} ltac:(ring))")

    def minus(self, f: Formula, left: Any, right: Any, proof: str) -> str:
        texts = [self.text.term(x, {}) for x in (left, right)]
        if f[0] == "eq":
            return self.zero(f, texts, proof)
        goal = self.text.matrix(f[1], {})
        return f"(minus_of {ALGEBRA} {texts[0]} {texts[1]} {goal} {proof} ltac:(algebra))"
