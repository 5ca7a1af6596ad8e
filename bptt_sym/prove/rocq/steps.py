"""One lemma for each step of a derivation: the rule's name, its premises, and the library's lemma.

Nothing here is trusted: what is written is checked by ``coqc``. A step is stated for all its free
variables, with its hypotheses in a fixed order; premises are applied to the variables in scope (0
for those of a premise that the step itself no longer mentions).
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from bptt_sym.prove import kernel as K
from bptt_sym.prove.kernel import Formula, Mat, Poly, Thm, Var, diff, free, instance, subst, term
from bptt_sym.prove.rocq.derivatives import slope
from bptt_sym.prove.rocq.equalities import Equalities, Scope, Substitution, one, rename
from bptt_sym.prove.rocq.terms import (
    ALGEBRA,
    Env,
    ExportError,
    Printer,
    is_var,
    key,
    monomials,
    rational,
)

Hyps = Mapping[Formula, str]
FUEL = 12        # halvings of a box that passes in the kernel's ball arithmetic but not in Coq's
EXTRA_BITS = 32  # of precision, for the same reason


def variables(t: Thm) -> list[Var]:
    """The free variables of a theorem, in the order of its lemma."""
    return sorted(frozenset().union(free(t.concl), *map(free, t.hyps)))


def hypotheses(t: Thm) -> list[Formula]:
    """The hypotheses of a theorem, in the order of its lemma."""
    return sorted(t.hyps, key=key)


class Steps:
    """The lemmas of a derivation, in order; ``commands`` is the Gallina text so far."""

    def __init__(self, printer: Printer) -> None:
        self.text = printer
        self.names = printer.names
        self.equal = Equalities(printer)
        self.lemma: dict[int, str] = {}
        self.commands: list[str] = []
        self.script: list[str] = []
        self.scope: Env = {}

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
        lines = "\n  ".join(self.script)
        self.commands.append(
            f"(* {t.rule} *)\nLemma {name} : {self.statement(t)}.\nProof.\n  {lines}\nQed."
        )
        self.lemma[id(t)] = name

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

    def zero(self, f: Formula, left: str, right: str, proof: str) -> str:
        """left - right = 0 in canonical form, from a proof of left = right."""
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
        given = {h: self.converted(h, s, hyps[subst(h, {x: e})], forward=False) for h in a.hyps}
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

    def _same(self, a: Thm, hyps: Hyps, left: Poly, right: Poly, env: Env | None = None,
              scope: Env | None = None) -> str:
        """left = right, from left - right = 0."""
        env = env or {}
        return (f"(equal_of {self.text.real(left, env)} {self.text.real(right, env)} _ "
                f"{self.call(a, hyps, scope)} ltac:(ring))")

    def _cong(self, t: Thm, hyps: Hyps, a: Thm, left: Poly, right: Poly, p: Poly, x: Var) -> str:
        same = self._same(a, hyps, left, right)
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
        return self.zero(t.concl, *values, proof)

    def _int_gap(self, t: Thm, hyps: Hyps, p: Poly) -> str:
        return (f"(rule_int_gap {self.text.integer(p, {})} {self.text.real(p, {})} "
                f"{self.text.real(p - 1, {})} ltac:(cast; ring) ltac:(ring) {hyps['gt', p]})")

    # ---- definitions and sums
    def _unfold_base(self, t: Thm, hyps: Hyps, d: K.Def, j: int) -> str:
        base = d.parts[j][1]
        params = [*map(term, d.params)]
        have = " ".join([f"_{self.names.part(d, j)}_base",
                         *[self.names.variable(x) for x in d.params]])
        return self._minus(t.concl, d.at(j, *params, 0), base, f"({have})")

    def _minus(self, f: Formula, left: Any, right: Any, proof: str) -> str:
        texts = [self.text.term(x, {}) for x in (left, right)]
        if f[0] == "eq":
            return self.zero(f, *texts, proof)
        goal = self.text.matrix(f[1], {})
        return f"(minus_of {ALGEBRA} {texts[0]} {texts[1]} {goal} {proof} ltac:(algebra))"

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
        return self._minus(t.concl, d.at(j, *params, n + 1), subst(step, now),
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
        return self.zero(t.concl, f"(zsum {f} {low} {next_})", right, same)

    def _sum_linear(self, t: Thm, hyps: Hyps, k: str, lo: Poly, hi: Poly, c: Poly, a: Poly,
                    b: Poly) -> str:
        x: Var = ("i", k)
        f, g, whole = (self.text.under(x, p, {}) for p in (a, b, c * a + b))
        ends = f"{self.text.integer(lo, {})} {self.text.integer(hi, {})}"
        factor = self.text.real(c, {})
        right = f"({factor} * zsum {f} {ends} + zsum {g} {ends})"
        same = self.introduce(
            f"zsum {whole} {ends} = {right}",
            f"rewrite <- (rule_sum_linear {factor} {f} {g} {ends}); apply zsum_ext; intro; cbv beta; ring")
        return self.zero(t.concl, f"(zsum {whole} {ends})", right, same)

    def _sum_mono(self, t: Thm, hyps: Hyps, k: str, lo: Poly, hi: Poly, a: Thm) -> str:
        x: Var = ("i", k)
        name, above, below = (self.names.fresh(s) for s in ("k", "c", "c"))
        low, high = self.text.integer(lo, {}), self.text.integer(hi, {})
        given = {
            **hyps,
            ("ge", term(x) - lo): self.r_ge(term(x) - lo, f"({name} - {low})%Z", above, {x: name}),
            ("ge", hi - term(x)): self.r_ge(hi - term(x), f"({high} - {name})%Z", below, {x: name}),
        }
        inner = f"(fun {name} {above} {below} => {self.call(a, given, {x: name})})"
        f = self.text.under(x, a.concl[1], {})
        return f"(rule_sum_{a.concl[0]} {f} {low} {high} {inner})"

    # ---- calculus
    def _derived(self, x: str, p: Poly) -> tuple[str, str, str]:
        """The function x -> p, its derivative, and a proof that it is one, everywhere."""
        v: Var = ("v", x)
        f, d = self.text.under(v, p, {}), self.text.under(v, diff(p, x), {})
        y = self.names.fresh("y")
        how = slope(p, x, y, {}, self.text)
        name = self.introduce(
            f"forall {y} : R, is_derive {f} {y} {self.text.real(diff(p, x), {v: y})}",
            f"intro {y}; {how}", "d")
        return f, d, name

    def _d_rule(self, t: Thm, hyps: Hyps, x: str, p: Poly, at: Poly) -> str:
        v: Var = ("v", x)
        f, d, derived = self._derived(x, p)
        point = self.text.real(at, {})
        value = diff(p, x)
        equal = self.equation(value, one(v, at, point, {}))
        left = f"(Derive {f} {point})"
        right = self.text.real(instance(value, v, at), {})
        return self.zero(t.concl, left, right,
                         f"(eq_trans (rule_d {f} {d} {point} {derived}) {equal})")

    def _d_cong(self, t: Thm, hyps: Hyps, x: str, a: Thm, left: Poly, right: Poly,
                at: Poly) -> str:
        v: Var = ("v", x)
        f, g = (self.text.under(v, p, {}) for p in (left, right))
        point, y = self.text.real(at, {}), self.names.fresh("y")
        same = f"(fun {y} => {self._same(a, hyps, left, right, {v: y}, {v: y})})"
        return self.zero(t.concl, f"(Derive {f} {point})", f"(Derive {g} {point})",
                         f"(derive_eq {f} {g} {point} {point} {same} eq_refl)")

    def _mvt(self, t: Thm, hyps: Hyps, x: str, p: Poly, lo: Poly, hi: Poly) -> str:
        v: Var = ("v", x)
        f, d, derived = self._derived(x, p)
        low, high = self.text.real(lo, {}), self.text.real(hi, {})
        ends = [self.equation(p, one(v, e, end, {})) for e, end in ((hi, high), (lo, low))]
        w, a, b, c = (self.names.fresh(s) for s in ("x", "c", "c", "c"))
        below = f"(lt_of_gt {low} {high} _ {hyps['gt', hi - lo]} ltac:(ring))"
        self.script.append(f"destruct (rule_mvt {f} {d} {low} {high} {derived} {below}) "
                           f"as [{w} [{a} [{b} {c}]]].")
        slope_equal = f"(difference _ _ _ _ _ {ends[0]} {ends[1]} {c})"
        return self._inside(t.concl, w, "gt_of_lt", a, b, f"(Rminus_diag_eq _ _ {slope_equal})")

    def _inside(self, f: Formula, w: str, lemma: str, a: str, b: str, equal: str) -> str:
        """The witness of the mean or intermediate value theorem, with its bounds and equation."""
        _, x, (_, above, below, zero) = f
        low, high = (f"({lemma} _ _ {self.text.real(g[1], {x: w})} {c} ltac:(ring))"
                     for g, c in ((above, a), (below, b)))
        return f"(ex_intro _ {w} (conj {low} (conj {high} {self.to(zero, equal, {x: w})})))"

    def _ivt(self, t: Thm, hyps: Hyps, x: str, p: Poly, lo: Poly, hi: Poly, a: Thm,
             b: Thm) -> str:
        v: Var = ("v", x)
        f, d, derived = self._derived(x, p)
        low, high = self.text.real(lo, {}), self.text.real(hi, {})
        ends = []
        for e, end in ((lo, low), (hi, high)):
            value = instance(p, v, e)
            equal = self.equation(p, one(v, e, end, {}))
            raw, canonical = self.text.real(p, {v: end}), self.text.real(value, {})
            ends.append((f"{raw} {canonical}", self.text.real(-value, {}), equal))
        below = f"(le_0_of {' '.join(ends[0])} {self.call(a, hyps)} ltac:(ring))"
        above = f"(ge_0_of {ends[1][0]} {ends[1][2]} {self.call(b, hyps)})"
        order = f"(le_of_ge {low} {high} _ {hyps['ge', hi - lo]} ltac:(ring))"
        w, i, j, k = (self.names.fresh(s) for s in ("x", "c", "c", "c"))
        self.script.append(f"destruct (rule_ivt {f} {d} {low} {high} {derived} {below} {above} "
                           f"{order}) as [{w} [{i} [{j} {k}]]].")
        return self._inside(t.concl, w, "ge_of_le", i, j, k)

    # ---- enclosures
    def _evaluate(self, t: Thm, hyps: Hyps, p: Poly, prec: int) -> str:
        shape = _deep(p, None)
        return f"(rule_evaluate {prec + EXTRA_BITS}%Z {shape} ltac:(vm_compute; reflexivity))"

    def _enclose(self, t: Thm, hyps: Hyps, p: Poly, x: str, cuts: tuple[Any, ...],
                 prec: int) -> str:
        v: Var = ("v", x)
        low, *rest = (_q(Fraction(c)) for c in cuts)
        listed = "(" + " :: ".join([*rest, "nil"]) + ")"
        first, last = (rational(Fraction(c)) for c in (cuts[0], cuts[-1]))
        name = self.names.variable(v)
        bounds = (f"(le_of_ge {first} {name} _ {hyps['ge', term(v) - cuts[0]]} ltac:(ring))",
                  f"(le_of_ge {name} {last} _ {hyps['ge', cuts[-1] - term(v)]} ltac:(ring))")
        return (f"(rule_enclose {prec + EXTRA_BITS}%Z {FUEL}%nat {_deep(p, v)} {low} {listed} "
                f"{name} ltac:(vm_compute; reflexivity) ltac:(discriminate) {' '.join(bounds)})")

    # ---- matrices
    def _mat_eq(self, t: Thm, hyps: Hyps, m: Mat, thms: tuple[Thm, ...],
                combination: tuple[Any, ...]) -> str:
        proof = f"(eq_refl (@mzero {ALGEBRA}))"
        for left, k, right in combination:
            sides = [self.text.matrix(Mat.of(x), {}) for x in (left, right)]
            proof = (f"(mat_term {ALGEBRA} {sides[0]} _ {sides[1]} _ {self.call(thms[k], hyps)} "
                     f"{proof})")
        self.script.append(f"pose proof {proof} as _total.")
        return self.to(t.concl, "_total")

    def _norm_eq(self, t: Thm, hyps: Hyps, a: Thm, left: Mat, right: Mat) -> str:
        texts = [self.text.matrix(m, {}) for m in (left, right)]
        same = (f"(equal_of_minus {ALGEBRA} {texts[0]} {texts[1]} _ {self.call(a, hyps)} "
                "ltac:(algebra))")
        return self.zero(t.concl, *[f"(mnorm {x})" for x in texts], f"(f_equal mnorm {same})")

    def _diag_bound(self, t: Thm, hyps: Hyps, i: str, body: Poly, bound: Poly, a: Thm,
                    b: Thm) -> str:
        x: Var = ("i", i)
        name = self.names.fresh("k")
        f, top = self.text.under(x, body, {}), self.text.real(bound, {})
        entry = self.text.real(body, {x: name})
        sides = [f"(fun {name} => to_ge _ ({top} {sign} {entry}) {self.call(p, hyps, {x: name})} "
                 "ltac:(ring))" for p, sign in ((a, "-"), (b, "+"))]
        return self.to(t.concl, f"(rule_diag_bound {ALGEBRA} {f} {top} {sides[0]} {sides[1]})")

    def _diag_cong(self, t: Thm, hyps: Hyps, i: str, a: Thm, left: Poly, right: Poly) -> str:
        x: Var = ("i", i)
        f, g = (self.text.under(x, p, {}) for p in (left, right))
        name = self.names.fresh("k")
        same = f"(fun {name} => {self._same(a, hyps, left, right, {x: name}, {x: name})})"
        return self._minus(t.concl, term(("diag", x, left)), term(("diag", x, right)),
                           f"(mdiag_ext {ALGEBRA} {f} {g} {same})")

    # ---- facts
    def _fact(self, t: Thm, hyps: Hyps, name: str, *args: Any) -> str:
        real = [self.text.real(x, {}) if isinstance(x, Poly) else "" for x in args]
        rings = "ltac:(ring)"
        match name, args:
            case "exp_add", (x, y):
                have = f"fact_exp_add {real[0]} {real[1]} {self.text.real(x + y, {})} {rings}"
            case ("exp_ge" | "norm_ge" | "norm_one"), _:
                algebra = [ALGEBRA] if name.startswith("norm") else []
                shown = [self.text.term(x, {}) for x in args]
                have = " ".join([f"fact_{name}", *algebra, *shown])
            case "tanh_exp", (x,):
                have = f"fact_tanh_exp {real[0]} {self.text.real(2 * x, {})} {rings}"
            case "sg_exp", (x,):
                have = f"fact_sg_exp {real[0]} {self.text.real(-x, {})} {rings}"
            case "abs_pos", (x,):
                have = f"fact_abs_pos {real[0]} {hyps['ge', x]}"
            case "abs_neg", (x,):
                have = f"fact_abs_neg {real[0]} {self.text.real(-x, {})} {rings} {hyps['ge', -x]}"
            case "inv", (x,):
                have = (f"fact_inv {real[0]} {self.text.real(x * x, {})} {rings} "
                        f"{hyps['gt', x * x]}")
            case "archimedes", (x,):
                w, c = self.names.fresh("x"), self.names.fresh("c")
                self.script.append(f"destruct (fact_archimedes {real[0]}) as [{w} {c}].")
                _, n, g = t.concl
                return f"(ex_intro _ {w} {self.to(g, c, {n: w})})"
            case ("norm_mul" | "norm_add"), (a, b):
                whole = a * b if name == "norm_mul" else a + b
                texts = [self.text.matrix(m, {}) for m in (a, b, whole)]
                have = f"fact_{name} {ALGEBRA} {' '.join(texts)} ltac:(algebra)"
            case "norm_scale", (c, a):
                texts = [self.text.matrix(m, {}) for m in (a, c * a)]
                have = f"fact_norm_scale {ALGEBRA} {real[0]} {' '.join(texts)} ltac:(algebra)"
            case "diag_mul", (i, a, b):
                x: Var = ("i", i)
                f, g, h = (self.text.under(x, p, {}) for p in (a, b, a * b))
                d = [self.text.matrix(term(("diag", x, p)), {}) for p in (a, b, a * b)]
                same = f"(fact_diag_mul {ALGEBRA} {f} {g} {h} ltac:(intro; cbv beta; ring))"
                goal = self.text.matrix(t.concl[1], {})
                return (f"(minus_of {ALGEBRA} ({d[0]} *m {d[1]}) {d[2]} {goal} {same} "
                        "ltac:(algebra))")
            case "diag_one", (i,):
                return self._minus(t.concl, term(("diag", ("i", i), K.ONE)), Mat.of(1),
                                   f"(fact_diag_one {ALGEBRA})")
            case _:
                raise ExportError(f"no lemma for the fact {name}")
        return self.to(t.concl, f"({have})")


def _q(c: Fraction) -> str:
    return f"(Qmake ({c.numerator}) {c.denominator})"


def _deep(p: Poly, x: Var | None) -> str:
    """The term as data of ``Enclosure.fn``, in the shape of its canonical text."""
    tags = {"tanh": "Tanh", "sg": "Sg", "exp": "Exp", "abs": "Abs", "inv": "Inv"}

    def atom(a: Any) -> str:
        if is_var(a) and a == x:
            return "Enclosure.X"
        if a[0] not in tags:
            raise ExportError(f"no enclosure for {a[0]}")
        return f"(Enclosure.{tags[a[0]]} {_deep(a[1], x)})"

    rows = []
    for factors, c in monomials(p):
        parts = [] if c == 1 and factors else [f"(Enclosure.C {_q(c)})"]
        for a, e in factors:
            parts.append(f"(Enclosure.Power {atom(a)} {e}%nat)" if e > 1 else atom(a))
        rows.append(_left("Times", parts))
    return _left("Plus", rows) if rows else f"(Enclosure.C {_q(Fraction(0))})"


def _left(op: str, parts: list[str]) -> str:
    out = parts[0]
    for part in parts[1:]:
        out = f"(Enclosure.{op} {out} {part})"
    return out
