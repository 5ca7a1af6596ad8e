"""One lemma for each step of a derivation: the rule's name, its premises, and the library's lemma.

Nothing here is trusted: what is written is checked by ``coqc``. A step is stated for all its free
variables, with its hypotheses in a fixed order; premises are applied to the variables in scope (0
for those of a premise that the step itself no longer mentions).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Final

from bptt_sym.prove import kernel as K
from bptt_sym.prove.kernel import Formula, Mat, Poly, Thm, Var, free, instance, subst, term
from bptt_sym.prove.rocq.analysis import Analysis
from bptt_sym.prove.rocq.equalities import Substitution, one, rename
from bptt_sym.prove.rocq.pieces import Hyps, hypotheses, variables
from bptt_sym.prove.rocq.terms import ExportError, monomials, rational


class Steps(Analysis):
    """The lemmas of a derivation, in order; ``commands`` is the Gallina text so far."""

    def add(self, t: Thm) -> None:
        """State and prove one step, whose premises are there already."""
        name = f"_s{len(self.lemma)}"
        hyps = {h: f"_h{k}" for k, h in enumerate(hypotheses(t))}
        self.scope = {v: self.names.variable(v) for v in variables(t)}
        names = list(self.scope.values())
        self.script = [f"intros {' '.join([*names, *hyps.values()])}."] if names or hyps else []
        rule = getattr(self, f"_{t.rule}", None)
        if rule is None:
            raise ExportError(f"no lemma for the rule {t.rule}")
        proof = rule(t, hyps, *t.args)
        self.script.append(f"exact {proof}.")
        self._cancelled(t, bool(names or hyps))
        lines = "\n  ".join(self.script)
        self.commands.append(
            f"(* {t.rule} *)\nLemma {name} : {self.statement(t)}.\nProof.\n  {lines}\nQed."
        )
        self.lemma[id(t)] = name

    def _cancelled(self, t: Thm, introduced: bool) -> None:
        """Variables of a step's terms that its statement lacks, since they cancel, are 0."""
        values = [t.args[k] for k in VALUES.get(t.rule, ())]
        mentioned = {v for x in terms_of(tuple(values)) for v in free(x)} - set(self.scope)
        text = " ".join(self.script)
        for v in sorted(mentioned):
            name = self.names.variable(v)
            if re.search(rf"(?<![\w']){re.escape(name)}(?![\w'])", text):
                zero = "(0 : R)" if v[0] == "v" else "0%Z"
                self.script.insert(int(introduced), f"pose ({name} := {zero}).")

    # ---- logic
    def _assume(self, t: Thm, hyps: Hyps, f: Formula) -> str:
        return hyps[f]

    def _cut(self, t: Thm, hyps: Hyps, a: Thm, b: Thm) -> str:
        return self.call(b, {**hyps, a.concl: self.call(a, hyps)})

    def _split(self, t: Thm, hyps: Hyps, p: Poly, a: Thm, b: Thm) -> str:
        c = self.names.fresh("c")
        left = self.call(a, {**hyps, ("ge", p): c})
        right = self.call(b, {**hyps, ("gt", -p): c})
        return (f"(rule_split {self.text.real(p, {})} {self.text.real(-p, {})} _ ltac:(ring) "
                f"(fun {c} => {left}) (fun {c} => {right}))")

    def _absurd(self, t: Thm, hyps: Hyps, a: Thm, f: Formula) -> str:
        return f"(rule_absurd _ {self.call(a, hyps)})"

    def _conj(self, t: Thm, hyps: Hyps, *thms: Thm) -> str:
        *first, last = (self.call(a, hyps) for a in thms)
        for proof in reversed(first):
            last = f"(conj {proof} {last})"
        return last

    def _part(self, t: Thm, hyps: Hyps, a: Thm, k: int) -> str:
        proof = self.call(a, hyps)
        for _ in range(k):
            proof = f"(proj2 {proof})"
        return proof if k == len(a.concl) - 2 else f"(proj1 {proof})"

    def _discharge(self, t: Thm, hyps: Hyps, f: Formula, a: Thm) -> str:
        c = self.names.fresh("c")
        return f"(fun {c} => {self.call(a, {**hyps, f: c})})"

    def _modus(self, t: Thm, hyps: Hyps, a: Thm, b: Thm) -> str:
        return f"({self.call(a, hyps)} {self.call(b, hyps)})"

    def _gen(self, t: Thm, hyps: Hyps, x: Var, a: Thm) -> str:
        name = self.names.fresh("x")
        return f"(fun {name} => {self.call(a, hyps, {x: name})})"

    def _spec(self, t: Thm, hyps: Hyps, a: Thm, e: Poly) -> str:
        _, x, f = a.concl
        value = self.value(x, e)
        have = f"({self.call(a, hyps)} {value})"
        return self.converted(f, one(x, e, value, {}), have, forward=True)

    def _witness(self, t: Thm, hyps: Hyps, f: Formula, e: Poly, a: Thm) -> str:
        _, x, g = f
        value = self.value(x, e)
        have = self.converted(g, one(x, e, value, {}), self.call(a, hyps), forward=False)
        return f"(ex_intro _ {value} {have})"

    def _choose(self, t: Thm, hyps: Hyps, a: Thm, x: Var, b: Thm) -> str:
        _, y, f = a.concl
        name, have = self.names.fresh("x"), self.names.fresh("c")
        self.script.append(f"destruct {self.call(a, hyps)} as [{name} {have}].")
        taken = self.converted(f, rename(y, x, name, {}), have, forward=True)
        return self.call(b, {**hyps, instance(f, y, term(x)): taken}, {x: name})

    def _inst(self, t: Thm, hyps: Hyps, a: Thm, x: Var, e: Poly) -> str:
        value = self.value(x, e)
        s = one(x, e, value, {})
        given = {h: self.converted(h, s, hyps[subst(h, {x: e})], forward=False)
                 for h in hypotheses(a)}
        return self.converted(a.concl, s, self.call(a, given, {x: value}), forward=True)

    def _induct(self, t: Thm, hyps: Hyps, n: str, lo: Poly, f: Formula, base: Thm,
                step: Thm) -> str:
        x: Var = ("i", n)
        start = term(x) - lo
        low = self.text.integer(lo, {})
        first = self.converted(f, one(x, lo, low, {}), self.call(base, hyps), forward=False)
        m, ge, ih = (self.names.fresh(stem) for stem in ("n", "c", "ih"))
        self.script.append(f"assert (_step : forall {m} : Z, (0 <= {m} - {low})%Z -> "
                           f"({self.text.formula(f, {x: m})}) -> "
                           f"{self.text.formula(f, {x: f'({m} + 1)%Z'})}).")
        outer, self.script = self.script, [f"intros {m} {ge} {ih}."]
        given = {**hyps, f: ih,
                 ("ge", start): self.r_ge(start, f"({m} - {low})%Z", ge, {x: m})}
        s = one(x, term(x) + 1, f"({m} + 1)%Z", {x: m})
        proof = self.converted(f, s, self.call(step, given, {x: m}), forward=False)
        outer.append("{ " + " ".join([*self.script, f"exact {proof}."]) + " }")
        self.script = outer
        name = self.names.variable(x)
        begun = (f"(Z_ge ({name} - {low})%Z {self.text.real(start, {})} {hyps['ge', start]} "
                 "ltac:(cast; ring))")
        b = self.names.fresh("b")
        pred = f"(fun {b} : Z => {self.text.formula(f, {x: b})})"
        return f"(rule_induct {pred} {low} {first} _step {name} {begun})"

    # ---- algebra
    def _psatz(self, t: Thm, hyps: Hyps, rel: str, p: Poly, thms: tuple[Thm, ...],
               terms: tuple[Any, ...], eqs: tuple[Any, ...]) -> str:
        used = {i for _, _, chosen in terms for i in chosen} | {k for k, _ in eqs}
        have = {}
        for i in sorted(used):
            have[i] = self.names.fresh("p")
            self.script.append(f"pose proof {self.call(thms[i], hyps)} as {have[i]}.")
        rows = [self._positive(Fraction(c), s, [(thms[i].concl[0], have[i]) for i in chosen])
                for c, s, chosen in terms if c]
        rows.sort(key=lambda row: not row[0])
        strict, proof = False, "eq_refl" if rel == "eq" else "(Rle_refl 0)"
        for gt, product in rows:
            if gt and not strict and rel == "gt":
                strict, proof = True, product
            else:
                weak = f"(weak _ {product})" if gt else product
                proof = f"(add_{'gt' if strict else 'ge'} _ _ {proof} {weak})"
        for k, m in eqs:
            zero = f"(mul_eq {self.text.real(m, {})} _ {have[k]})"
            kind = "eq" if rel == "eq" else "gt_eq" if strict else "ge_eq"
            proof = f"(add_{kind} _ _ {proof} {zero})"
        if rel == "eq":
            proof = proof.replace("eq_refl", "(eq_refl (0 : R))", 1)
        self.script.append(f"pose proof {proof} as _total.")
        return self.to(t.concl, "_total")

    def _positive(self, c: Fraction, s: Poly, factors: list[tuple[str, str]]) -> tuple[bool, str]:
        """Whether c s^2 (product of factors) is shown > 0 or >= 0, and the proof."""
        rows = monomials(s)
        constant = len(rows) == 1 and not rows[0][0]
        if constant:
            c = c * rows[0][1] ** 2
        b = f"{c.denominator}%positive"
        top = f"{c.numerator}%Z"
        proof = f"(int_gt {top} eq_refl)" if c.denominator == 1 else f"(frac_gt {top} {b} eq_refl)"
        strict = constant and all(rel == "gt" for rel, _ in factors)
        if not constant:
            proof = f"(square_ge {rational(c)} {self.text.real(s, {})} {proof})"
        elif not strict:
            proof = f"(weak _ {proof})"
        for rel, name in factors:
            weak = name if strict or rel == "ge" else f"(weak _ {name})"
            proof = f"(mul_{'gt' if strict else 'ge'} _ _ {proof} {weak})"
        return strict, proof

    def _antisym(self, t: Thm, hyps: Hyps, a: Thm, b: Thm) -> str:
        p, q = (self.text.real(x.concl[1], {}) for x in (a, b))
        return f"(rule_antisym {p} {q} {self.call(a, hyps)} {self.call(b, hyps)} ltac:(ring))"

    def _cong(self, t: Thm, hyps: Hyps, a: Thm, left: Poly, right: Poly, p: Poly, x: Var) -> str:
        same = self.same(a, hyps, left, right)
        ends = [self.value(x, e) for e in (left, right)]
        if x[0] == "i":
            real = self.introduce(" = ".join(self.text.real(e, {}) for e in (left, right)),
                                  f"exact {same}")
            same = self.introduce(f"{ends[0]} = {ends[1]}",
                                  f"apply Z_eq; cast; etransitivity; [| etransitivity; "
                                  f"[exact {real} |]]; ring")
        lower, upper = (self.equation(p, one(x, e, end, {}))
                        for e, end in zip((left, right), ends, strict=True))
        values = [self.text.real(instance(p, x, e), {}) for e in (left, right)]
        function = self.text.under(x, p, {})
        proof = f"(eq_trans (eq_sym {lower}) (eq_trans (f_equal {function} {same}) {upper}))"
        return self.zero(t.concl, values, proof)

    # ---- definitions and sums
    def _unfold_base(self, t: Thm, hyps: Hyps, d: K.Def, j: int) -> str:
        base = d.parts[j][1]
        params = [*map(term, d.params)]
        have = " ".join([f"_{self.names.part(d, j)}_base",
                         *[self.names.variable(x) for x in d.params]])
        return self.minus(t.concl, d.at(j, *params, 0), base, f"({have})")

    def _unfold_step(self, t: Thm, hyps: Hyps, d: K.Def, j: int) -> str:
        n, params = term(("i", d.index)), [*map(term, d.params)]
        labels = [("v" if isinstance(b, Poly) else "mat", label) for label, b, _ in d.parts]
        now = {a: d.at(i, *params, n) for i, a in enumerate(labels)}
        step = d.parts[j][2]
        args = [self.names.variable(x) for x in (*d.params, ("i", d.index))]
        have = " ".join([f"_{self.names.part(d, j)}_step", *args,
                         self.z_ge(n, hyps["ge", n])])
        raw = {a: self.text.term(x, {}) if a[0] == "v" else f"{self.text.matrix(x, {})}"
               for a, x in now.items()}
        equal = self.equation(step, Substitution(now, raw, {}))
        return self.minus(t.concl, d.at(j, *params, n + 1), subst(step, now),
                           f"(eq_trans ({have}) {equal})")

    def _sum_empty(self, t: Thm, hyps: Hyps, k: str, lo: Poly, hi: Poly, body: Poly) -> str:
        gap = lo - hi - 1
        ends = f"{self.text.integer(lo, {})} {self.text.integer(hi, {})}"
        low, high = ends.split(")%Z ", 1)[0] + ")%Z", self.text.integer(hi, {})
        begun = (f"(Z_ge ({low} - {high} - 1)%Z _ {hyps['ge', gap]} ltac:(cast; ring))")
        return f"(rule_sum_empty {self.text.under(('i', k), body, {})} {ends} {begun})"

    def _sum_peel(self, t: Thm, hyps: Hyps, k: str, lo: Poly, hi: Poly, body: Poly) -> str:
        x: Var = ("i", k)
        low, high, next_ = (self.text.integer(p, {}) for p in (lo, hi, hi + 1))
        f = self.text.under(x, body, {})
        last = instance(body, x, hi + 1)
        tail = self.equation(body, one(x, hi + 1, f"({high} + 1)%Z", {}))
        begun = f"(Z_ge ({high} - {low} + 1)%Z _ {hyps['ge', hi - lo + 1]} ltac:(cast; ring))"
        right = f"(zsum {f} {low} {high} + {self.text.real(last, {})})"
        same = self.introduce(
            f"zsum {f} {low} {next_} = {right}",
            f"transitivity (zsum {f} {low} ({high} + 1)%Z); [apply zsum_eq; [reflexivity | ring | "
            f"reflexivity] | rewrite (rule_sum_peel {f} {low} {high} {begun}); "
            f"exact (f_equal (Rplus _) {tail})]")
        return self.zero(t.concl, (f"(zsum {f} {low} {next_})", right), same)


# the arguments of a rule that are values put somewhere, where a variable may cancel
VALUES: Final = {"inst": (2,), "spec": (1,), "witness": (1,), "psatz": (3, 4), "cong": (1, 2)}


def terms_of(args: Any) -> Iterator[Any]:
    """The terms among values."""
    if isinstance(args, (Poly, Mat)):
        yield args
    elif isinstance(args, tuple):
        for x in args:
            yield from terms_of(x)
