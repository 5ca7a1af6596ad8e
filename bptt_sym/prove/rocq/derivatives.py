"""Scripts for differentiation and for recursions: their definition, equations and smoothness."""

from __future__ import annotations

from bptt_sym.prove.kernel import (
    Atom,
    Def,
    KernelError,
    Mat,
    Poly,
    Var,
    diff,
    free,
    instance,
    subst,
    term,
)
from bptt_sym.prove.rocq.equalities import Equalities, Scope, one
from bptt_sym.prove.rocq.terms import ALGEBRA, Env, Printer, atoms


def slope(p: Poly, x: str, at: str, env: Env, text: Printer) -> str:
    """A tactic for the goal is_derive (x => p) at (diff(p, x) at that point)."""
    v: Var = ("v", x)
    steps = []
    for a in atoms(p):
        if a == v or v not in free(a):
            continue
        fun = f"(fun {at}' : R => {text.atom(a, {**env, v: at + chr(39)})})"
        value = text.real(_slope_of(a, x), {**env, v: at})
        name = text.names.fresh("d")
        steps.append(
            f"assert ({name} : is_derive {fun} {at} {value}) by ({_atom(a, x, at, env, text)})"
        )
    return "; ".join([*steps, "eapply is_derive_to; [derive | ring]"])


def _slope_of(a: Atom, x: str) -> Poly:
    return diff(term(a), x)


def _atom(a: Atom, x: str, at: str, env: Env, text: Printer) -> str:
    match a:
        case (("tanh" | "sg" | "exp") as f, arg):
            inner = slope(arg, x, at, env, text)
            value = text.real(diff(arg, x), {**env, ("v", x): at})
            prime = f"{at}'"
            fun = f"(fun {prime} : R => {text.real(arg, {**env, ('v', x): prime})})"
            name = text.names.fresh("d")
            return (f"assert ({name} : is_derive {fun} {at} {value}) by ({inner}); "
                    f"apply (is_derive_to _ _ _ _ (d_{f} {fun} {at} {value} {name})); ring")
        case ("sum", k, lo, hi, body):
            b = text.names.fresh("b")
            prime = f"{at}'"
            inside = {**env, k: b, ("v", x): prime}
            f2 = f"(fun ({prime} : R) ({b} : Z) => {text.real(body, inside)})"
            d = f"(fun {b} : Z => {text.real(diff(body, x), {**inside, ('v', x): at})})"
            ends = f"{text.integer(lo, env)} {text.integer(hi, env)}"
            inner = slope(body, x, at, {**env, k: b}, text)
            return f"apply (d_zsum {f2} {d} {ends}); intro {b}; cbv beta; {inner}"
        case ("def", *_):
            return "apply d_atom; smooth"
    raise AssertionError(f"not differentiable: {a[0]}")


class Recursions:
    """The Gallina definitions of recursions."""

    def __init__(self, text: Printer) -> None:
        self.text = text
        self.smooth: list[str] = []

    def parameters(self, d: Def) -> tuple[str, str]:
        """The parameters as binders and as arguments."""
        names = self.text.names
        binders = " ".join(map(self.text.bind, d.params))
        return binders, " ".join(names.variable(p) for p in d.params)

    def define(self, d: Def) -> list[str]:
        """Commands: the state, its parts, their equations, and their smoothness if it holds."""
        text, names = self.text, self.text.names
        binders, args = self.parameters(d)
        state = names(("state", d), f"{d.name}_state")
        parts = range(len(d.parts))
        n = names.variable(("i", d.index))
        sorts = ["R" if isinstance(b, Poly) else f"carrier {ALGEBRA}" for _, b, _ in d.parts]
        labels = [("v" if isinstance(b, Poly) else "mat", label) for label, b, _ in d.parts]
        env = {a: _project("_s", j, len(d.parts)) for j, a in enumerate(labels)}
        bases = _tuple([text.term(b, {}) for _, b, _ in d.parts])
        steps = _tuple([text.term(s, env) for _, _, s in d.parts])
        kind = _product(sorts)
        out = [
            f"Definition {state} {binders} : Z -> {kind} :=\n"
            f"  zrec {bases}\n  (fun ({n} : Z) (_s : {kind}) => {steps})."
        ]
        for j in parts:
            name = names.part(d, j)
            value = _project(f"({state} {args} {n})", j, len(d.parts))
            out.append(f"Definition {name} {binders} ({n} : Z) : {sorts[j]} := {value}.")
        index = term(("i", d.index))
        unfolded = ", ".join([*(names.part(d, j) for j in parts), state])
        for j, (_, base, step) in enumerate(d.parts):
            name = names.part(d, j)
            head = f"{name} {args}".rstrip()
            now = {a: f"({names.part(d, i)} {args} {n})".replace("  ", " ")
                   for i, a in enumerate(labels)}
            quantified = f"forall {binders}, " if binders else ""
            zero = text.integer(Poly.of(0), {})
            after = text.integer(index + 1, {})
            out.append(
                f"Lemma _{name}_base : {quantified}{head} {zero} = {text.term(base, {})}.\n"
                "Proof. reflexivity. Qed."
            )
            out.append(
                f"Lemma _{name}_step : forall {binders} ({n} : Z), (0 <= {n})%Z ->\n"
                f"  {head} {after} = {text.term(step, now)}.\n"
                f"Proof. intros; replace {after} with ({n} + 1)%Z by ring; unfold {unfolded}; "
                "rewrite zrec_S by assumption; cbv beta; cbn [fst snd]; reflexivity. Qed."
            )
        if self.is_smooth(d):
            out += self._smoothness(d, state)
        factor = product_factor(d)
        if factor is not None:
            out.append(self._product(d, factor, state))
        out.append(f"Opaque {' '.join(names.part(d, j) for j in parts)}.")
        return out

    def _product(self, d: Def, factor: Poly, state: str) -> str:
        """The recursion is the library's product of its factors."""
        text, names = self.text, self.text.names
        name, (binders, args) = names.part(d, 0), self.parameters(d)
        start, n = d.params[-1], names.variable(("i", d.index))
        first, b, v = names.variable(start), names.fresh("b"), names.fresh("v")
        s = one(start, term(start) + term(("i", d.index)), f"({first} + {b})%Z",
                {("i", d.index): b})
        inner = Equalities(text).prove(factor, s, Scope())
        f = text.under(start, factor, {})
        return (
            f"Lemma _{name}_product : forall {binders} ({n} : Z),\n"
            f"  {name} {args} {n} = zprod {f} {first} ({first} + {n} - 1)%Z.\n"
            f"Proof.\n  intros; unfold {name}, {state}, zprod; apply zrec_ext; "
            f"[ring | reflexivity |].\n  intros {b} {v}; "
            f"transitivity ({text.real(instance(factor, start, s.values[start]), s.env)} * {v}); "
            f"[ring |].\n  apply (f_equal (fun _z => _z * {v})); symmetry; {inner}.\nQed."
        )

    @staticmethod
    def is_smooth(d: Def) -> bool:
        """Whether the kernel differentiates this recursion in a parameter."""
        reals = [x for x in d.params if x[0] == "v"]
        if not reals or any(isinstance(b, Mat) for _, b, _ in d.parts):
            return False
        try:
            for _, base, step in d.parts:
                for _, x in reals:
                    diff(base, x)
                for x in [*(x for _, x in reals), *(label for label, _, _ in d.parts)]:
                    diff(step, x)
        except KernelError:
            return False
        return True

    def _smoothness(self, d: Def, state: str) -> list[str]:
        names = self.text.names
        curves = [f"_g{k}" if p[0] == "v" else names.variable(p) for k, p in enumerate(d.params)]
        binders = " ".join(f"({c} : R -> R)" if p[0] == "v" else f"({c} : Z)"
                           for c, p in zip(curves, d.params, strict=True))
        along = " ".join(f"({c} _v)" if p[0] == "v" else c
                         for c, p in zip(curves, d.params, strict=True))
        given = " -> ".join(f"ex_derive {c} _w" for c, p in zip(curves, d.params, strict=True)
                            if p[0] == "v")
        parts = [names.part(d, j) for j in range(len(d.parts))]
        goals = " /\\ ".join(f"ex_derive (fun _v => {p} {along} _n) _w" for p in parts)
        head = f"_{d.name}_{len(self.smooth)}_smooth"
        quantified = f"forall {binders} (_n : Z) (_w : R), {given}"
        hyps = [f"_h{j}" for j in range(len(parts))]
        opened = f"destruct _ih as {_pattern(hyps)}" if len(parts) > 1 else "idtac"
        each = _nested(["smooth"] * len(parts))
        out = [
            f"Lemma {head} : {quantified} -> {goals}.\n"
            f"Proof.\n  intros; unfold {', '.join(parts)}, {state}, zrec.\n"
            f"  induction (Z.to_nat _n) as [| _m _ih]; cbn [nrec fst snd]; "
            f"[{each} | {opened}; {each}].\nQed."
        ]
        smooth = [f"_e{k}" for k, p in enumerate(d.params) if p[0] == "v"]
        args = " ".join([*curves, "_n", "_w", *smooth])
        for j, part in enumerate(parts):
            out.append(
                f"Lemma _{part}_smooth : {quantified} -> "
                f"ex_derive (fun _v => {part} {along} _n) _w.\n"
                f"Proof. intros {args}; exact {_nth(f'({head} {args})', j, len(parts))}. Qed."
            )
            pattern = " ".join(f"(@?{c} _v)" if q[0] == "v" else f"?{c}"
                               for c, q in zip(curves, d.params, strict=True))
            self.smooth.append(f"ex_derive (fun _v => {part} {pattern} ?_n) _ => "
                               f"apply (_{part}_smooth {' '.join(curves)} _n)")
        # by matching: to find the curves by unification takes for ever
        cases = "\n  | |- ".join(self.smooth)
        out.append(f"Ltac smooth_recursion ::= lazymatch goal with\n  | |- {cases}\n  end.")
        return out


def product_factor(d: Def) -> Poly | None:
    """The factor at index ``start`` if the recursion is that of a product, else None."""
    (label, base, step), *others = d.parts
    start, count = d.params[-1] if d.params else None, ("i", d.index)
    if others or start is None or start[0] != "i" or base != Poly.of(1):
        return None
    value = term(("v", label))
    factor: Poly = Poly.of(0) + subst(step, {("v", label): Poly.of(1), count: Poly.of(0)})
    same = instance(factor, start, term(start) + term(count)) * value == step
    return factor if same else None


def _tuple(texts: list[str]) -> str:
    return texts[0] if len(texts) == 1 else f"({texts[0]}, {_tuple(texts[1:])})"


def _product(sorts: list[str]) -> str:
    return sorts[0] if len(sorts) == 1 else f"({sorts[0]} * {_product(sorts[1:])})%type"


def _project(state: str, j: int, count: int) -> str:
    for _ in range(j):
        state = f"(snd {state})"
    return state if j == count - 1 else f"(fst {state})"


def _pattern(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"[{names[0]} {_pattern(names[1:])}]"


def _nth(proof: str, j: int, count: int) -> str:
    for _ in range(j):
        proof = f"(proj2 {proof})"
    return proof if j == count - 1 else f"(proj1 {proof})"


def _nested(tactics: list[str]) -> str:
    if len(tactics) == 1:
        return tactics[0]
    return f"split; [{tactics[0]} | {_nested(tactics[1:])}]"
