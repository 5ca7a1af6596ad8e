"""The lemmas of calculus, enclosures, matrices and facts."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from bptt_sym.prove import kernel as K
from bptt_sym.prove.kernel import (
    Formula,
    Mat,
    Poly,
    Thm,
    Var,
    diff,
    instance,
    is_var,
    term,
)
from bptt_sym.prove.rocq.derivatives import slope
from bptt_sym.prove.rocq.equalities import one
from bptt_sym.prove.rocq.pieces import Hyps, Pieces
from bptt_sym.prove.rocq.terms import ALGEBRA, ExportError, monomials, rational

FUEL = 12        # halvings of a box that passes in the kernel's ball arithmetic but not in Coq's
EXTRA_BITS = 32  # of precision, for the same reason


class Analysis(Pieces):
    """A method for each rule: from the theorem, its named hypotheses and the rule's arguments."""

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
        return self.zero(t.concl, (left, right),
                         f"(eq_trans (rule_d {f} {d} {point} {derived}) {equal})")

    def _d_cong(self, t: Thm, hyps: Hyps, x: str, a: Thm, left: Poly, right: Poly,
                at: Poly) -> str:
        v: Var = ("v", x)
        f, g = (self.text.under(v, p, {}) for p in (left, right))
        point, y = self.text.real(at, {}), self.names.fresh("y")
        same = f"(fun {y} => {self.same(a, hyps, left, right, {v: y}, {v: y})})"
        return self.zero(t.concl, (f"(Derive {f} {point})", f"(Derive {g} {point})"),
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
        return self.zero(t.concl, [f"(mnorm {x})" for x in texts], f"(f_equal mnorm {same})")

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
        same = f"(fun {name} => {self.same(a, hyps, left, right, {x: name}, {x: name})})"
        return self.minus(t.concl, term(("diag", x, left)), term(("diag", x, right)),
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
                k: Var = ("i", i)
                f, g, h = (self.text.under(k, p, {}) for p in (a, b, a * b))
                d = [self.text.matrix(term(("diag", k, p)), {}) for p in (a, b, a * b)]
                same = f"(fact_diag_mul {ALGEBRA} {f} {g} {h} ltac:(intro; cbv beta; ring))"
                goal = self.text.matrix(t.concl[1], {})
                return (f"(minus_of {ALGEBRA} ({d[0]} *m {d[1]}) {d[2]} {goal} {same} "
                        "ltac:(algebra))")
            case "diag_one", (i,):
                return self.minus(t.concl, term(("diag", ("i", i), K.ONE)), Mat.of(1),
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
