"""The theorem in the shape in which a person wrote it, and its proof from the normal form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bptt_sym.prove.kernel import Def, Mat, Thm, free, term
from bptt_sym.prove.language import POWER, Claim, Term, inv
from bptt_sym.prove.rocq.derivatives import product_factor
from bptt_sym.prove.rocq.equalities import Equalities, Scope, Substitution
from bptt_sym.prove.rocq.pieces import hypotheses, variables
from bptt_sym.prove.rocq.terms import ALGEBRA, FUNCTIONS, Env, ExportError, rational

RELATIONS = {"lt": ("<", False), "le": ("<=", False), "gt": ("<", True), "ge": ("<=", True),
             "eq": ("=", False)}


class Statement:
    """Gallina texts of claims, and scripts that they follow from the kernel's formulas."""

    def __init__(self, equal: Equalities) -> None:
        self.equal = equal
        self.text = equal.text
        self.names = equal.names

    def theorem(
        self, name: str, hyps: Sequence[Claim], conclusion: Claim, t: Thm, lemma: str
    ) -> str:
        """The command that states and proves the theorem from the lemma of its last step."""
        order = variables(t)
        bound = " ".join(map(self.text.bind, order))
        statement = (f"forall {bound},\n  " if bound else "") + "".join(
            f"({self.claim(h, {})}) ->\n  " for h in hyps) + self.claim(conclusion, {})
        given = [f"_h{k}" for k in range(len(hyps))]
        script = [f"intros {' '.join([*map(self.names.variable, order), *given])}."]
        proofs = {}
        for h, have in zip(hyps, given, strict=True):
            proofs[h.formula] = f"(proj1 {self._iff(h, script)} {have})"
        last = self._iff(conclusion, script)
        args = [*map(self.names.variable, order), *[proofs[f] for f in hypotheses(t)]]
        script.append(f"exact (proj2 {last} ({' '.join([lemma, *args])})).")
        lines = "\n  ".join(script if order or hyps else script[1:])
        return f"Theorem {name} :\n  {statement}.\nProof.\n  {lines}\nQed."

    def _iff(self, c: Claim, script: list[str]) -> str:
        scope, name = Scope(), self.names.fresh("i")
        how = self.follows(c, {}, scope)
        script += scope.script
        script.append(f"assert ({name} : ({self.claim(c, {})}) <-> "
                      f"({self.text.formula(c.formula, {})})) by ({how}).")
        return name

    # ---- texts
    def claim(self, c: Claim, env: Env) -> str:
        match c.op, c.args:
            case op, (a, b) if op in RELATIONS:
                sign, swap = RELATIONS[op]
                show = self._as_matrix if c.formula[0] == "meq" else self.shape
                left, right = (show(x, env) for x in ((b, a) if swap else (a, b)))
                return f"{left} {sign} {right}"
            case "and", parts:
                return " /\\ ".join(f"({self.claim(p, env)})" for p in parts)
            case "imp", (a, b):
                return f"({self.claim(a, env)}) -> {self.claim(b, env)}"
            case ("all" | "ex") as q, (x, body):
                name, sort = self.names.variable(x.args), "R" if x.args[0] == "v" else "Z"
                word = "forall" if q == "all" else "exists"
                return f"{word} {name} : {sort}, {self.claim(body, {**env, x.args: name})}"
        raise ExportError(f"no statement for {c.op}")

    def shape(self, t: Term, env: Env) -> str:
        """A term as written, bracketed unless it is one token."""
        def inner(x: Any) -> str:
            return self.shape(x, env)

        match t.op, t.args:
            case "num", (q,):
                return rational(q)
            case "var", _:
                return self.text.atom(t.args, env)
            case "neg", (a,):
                return f"({'-1 *s' if self._matrix(a) else '-'} {inner(a)})"
            case ("add" | "sub" | "mul") as op, (a, b):
                return self._arithmetic(op, a, b, env)
            case "div", (a, b):
                if not free(b.kernel) and set(b.kernel.terms) == {frozenset()}:
                    c = b.kernel.terms[frozenset()]
                    return f"({inner(a)} * {rational(1 / c)})"
                return f"({inner(a)} * / {inner(b)})"
            case "pow", (a, n):
                return self._power(a, n, env)
            case "prod", (k, lo, hi, body):
                return f"(zprod {self._function(k, body, env)} {self._ends(lo, hi, env)})"
            case "sum", (k, lo, hi, body):
                return f"(zsum {self._function(k, body, env)} {self._ends(lo, hi, env)})"
            case "D", (x, at, body):
                return f"(Derive {self._function(x, body, env)} {inner(at)})"
            case "diag", (i, body):
                return f"(@mdiag {ALGEBRA} {self._function(i, body, env)})"
            case "norm", (m,):
                return f"(mnorm {self._as_matrix(m, env)})"
            case "one", ():
                return f"(@mone {ALGEBRA})"
            case op, (a,) if op in FUNCTIONS:
                return f"({FUNCTIONS[op]} {inner(a)})"
        return self._call(t, env)

    @staticmethod
    def _matrix(t: Term) -> bool:
        return isinstance(t.kernel, Mat)

    def _as_matrix(self, t: Term, env: Env) -> str:
        """The term as an element of the algebra: a number is that multiple of the identity."""
        if not t.kernel:
            return f"(@mzero {ALGEBRA})"
        if self._matrix(t) and t.op != "num":
            return self.shape(t, env)
        return f"({self.shape(t, env)} *s @mone {ALGEBRA})"

    def _arithmetic(self, op: str, a: Term, b: Term, env: Env) -> str:
        left, right = self.shape(a, env), self.shape(b, env)
        if not self._matrix(a) and not self._matrix(b):
            sign = {"add": "+", "sub": "-", "mul": "*"}[op]
            return f"({left} {sign} {right})"
        if op == "mul":
            return f"({left} {'*m' if self._matrix(a) else '*s'} {right})" if self._matrix(b) \
                else f"({right} *s {left})"
        left, right = self._as_matrix(a, env), self._as_matrix(b, env)
        return f"({left} +m {right})" if op == "add" else f"({left} +m (-1) *s {right})"

    def _power(self, a: Term, n: int, env: Env) -> str:
        base = self.shape(a, env)
        if not self._matrix(a):
            return f"({base} ^ {n})"
        return f"({' *m '.join([base] * n)})" if n else f"(@mone {ALGEBRA})"

    def _function(self, x: Term, body: Term, env: Env, bound: str | None = None) -> str:
        name = bound or self.names.variable(x.args)
        sort = "R" if x.args[0] == "v" else "Z"
        return f"(fun {name} : {sort} => {self.shape(body, {**env, x.args: name})})"

    def _ends(self, lo: Term, hi: Term, env: Env) -> str:
        return f"{self.text.integer(lo.kernel, env)} {self.text.integer(hi.kernel, env)}"

    def _rows(self, t: Term) -> list[tuple[str, Term]]:
        """The sorts and arguments of an application."""
        match t.op, t.args:
            case "power", (a, n):
                return [("v", a), ("i", n)]
            case "mat", (_, *args):
                return [("i", a) for a in args]
            case ("seq" | "fun"), (_, *args):
                return list(zip(self._atom(t)[2], args, strict=True))
            case "rec", (Def() as d, _, *args):
                return list(zip([s for s, _ in d.params] + ["i"], args, strict=True))
        raise ExportError(f"no statement for {t.op}")

    def _head(self, t: Term) -> str:
        if t.op == "power":
            return self.names.part(POWER, 0)
        return self.text.head(self._atom(t))

    @staticmethod
    def _atom(t: Term) -> Any:
        """The kernel's atom or letter of an application."""
        keys = iter(t.kernel.terms)
        first = next(keys)
        return first[0] if isinstance(t.kernel, Mat) else next(iter(first))[0]

    def _call(self, t: Term, env: Env) -> str:
        args = [self.shape(a, env) if s == "v" else self.text.integer(a.kernel, env)
                for s, a in self._rows(t)]
        return f"({' '.join([self._head(t), *args])})" if args else self._head(t)

    # ---- proofs
    def follows(self, c: Claim, env: Env, scope: Scope) -> str:
        """A tactic for the goal (claim as written) <-> (kernel's formula)."""
        match c.op, c.args:
            case op, (a, b) if op in RELATIONS:
                inner = scope.inner()
                done = self._rewritten([a, b], env, inner)
                if c.formula[0] == "meq":
                    last = f"apply mat_same_iff; {done}algebra"
                else:
                    lemma = {"lt": "lt_iff", "gt": "lt_iff", "le": "le_iff", "ge": "le_iff",
                             "eq": "same_iff"}[op]
                    last = f"apply {lemma}; {done}ring"
                return self.equal.sequence([*inner.script, last])
            case "and", (a, *rest):
                if not rest:
                    return self.follows(a, env, scope)
                tail = self.follows(Claim("and", tuple(rest), ()), env, scope)
                return f"apply and_iff; [{self.follows(a, env, scope)} | {tail}]"
            case "imp", (a, b):
                first, second = (self.follows(x, env, scope) for x in (a, b))
                return f"apply imp_iff; [{first} | {second}]"
            case ("all" | "ex") as q, (x, body):
                name = self.names.fresh("b")
                inner_ = self.follows(body, {**env, x.args: name}, scope)
                return f"apply {q}_iff; intro {name}; cbv beta; {inner_}"
        raise ExportError(f"no statement for {c.op}")

    def _rewritten(self, terms: Sequence[Term], env: Env, scope: Scope) -> str:
        """Rewrites that make every part that is no polynomial canonical."""
        names = []
        for part in self._parts(terms):
            found = self._part(part, env, scope)
            if found:
                names.append((len(self.shape(part, env)), found))
        longest_first = sorted(set(names), key=lambda r: (-r[0], r[1]))
        return "".join(f"try rewrite {n}; " for _, n in longest_first)

    def _parts(self, terms: Sequence[Term]) -> list[Term]:
        """The applications in terms, outermost ones only."""
        found: list[Term] = []
        for t in terms:
            match t.op, t.args:
                case ("num" | "var" | "one"), _:
                    pass
                case ("add" | "sub" | "mul" | "neg"), args:
                    found += self._parts(args)
                case "pow", (a, _):
                    found += self._parts([a])
                case "div", (a, b):
                    found += self._parts([a])
                    if free(b.kernel) or set(b.kernel.terms) != {frozenset()}:
                        found.append(Term("inv", (b,), _inverse(b)))
                case _:
                    found.append(t)
        return found

    def _term(self, t: Term, env: Env, scope: Scope, *, matrix: bool = False) -> str | None:
        """The name of a hypothesis (t as written) = canonical."""
        left, right = self.shape(t, env), self.text.term(t.kernel, env)
        if matrix:
            left, right = self._as_matrix(t, env), self.text.matrix(Mat.of(t.kernel), env)
        inner = scope.inner()
        done = self._rewritten([t], env, inner)
        last = "algebra" if matrix else "ring"
        how = self.equal.sequence([*inner.script, done + last])
        return self.equal.state(left, right, how, scope)

    def _body(self, x: Term, body: Term, env: Env, scope: Scope) -> str:
        name = self.names.fresh("b")
        inner = scope.inner()
        inside = {**env, x.args: name}
        last = self._rewritten([body], inside, inner) + "ring"
        if self.shape(body, inside) == self.text.real(body.kernel, inside):
            last = "reflexivity"
        return f"intro {name}; cbv beta; {self.equal.sequence([*inner.script, last])}"

    def _part(self, t: Term, env: Env, scope: Scope) -> str | None:
        """The name of a hypothesis (application as written) = its canonical text."""
        left, right = self.shape(t, env), self.text.atom(self._atom(t), env)
        if left == right:
            return None
        match t.op, t.args:
            case op, (a,) if op in FUNCTIONS or op == "norm":
                function = "mnorm" if op == "norm" else FUNCTIONS[op]
                inner = self._term(a, env, scope, matrix=op == "norm")
                how = self.equal.congruence(function, inner)
            case "sum", (k, _, _, body):
                how = (f"apply zsum_eq; [reflexivity | reflexivity | "
                       f"{self._body(k, body, env, scope)}]")
            case "D", (x, at, body):
                point = self._term(at, env, scope)
                how = (f"apply derive_eq; [{self._body(x, body, env, scope)} | "
                       f"{f'exact {point}' if point else 'reflexivity'}]")
            case "diag", (i, body):
                how = f"apply mdiag_ext; {self._body(i, body, env, scope)}"
            case "prod", _:
                how = self._product(t, env, scope)
            case _:
                how = self._applied(t, env, scope)
        return self.equal.state(left, right, how, scope)

    def _product(self, t: Term, env: Env, scope: Scope) -> str:
        """By the lemma that the recursion for this product is a product of the library."""
        k, lo, hi, body = t.args
        _, d, _, *args = self._atom(t)
        factor = product_factor(d)
        if factor is None:
            raise ExportError("a product that is not the recursion for products")
        b = self.names.fresh("b")
        values = {**dict(zip(d.params, args[:-1], strict=True)), d.params[-1]: term(k.args)}
        raw = {p: self.text.argument(p[0], e, env) for p, e in values.items()}
        s = Substitution(values, {**raw, d.params[-1]: b}, {**env, k.args: b})
        inner = self.equal.prove(factor, s, scope)
        lemma = f"_{self.names.part(d, 0)}_product"
        middle = f"(zprod {self._canonical(k, body, env)} {self._ends(lo, hi, env)})"
        return (f"transitivity {middle}; [apply zprod_eq; [reflexivity | reflexivity | "
                f"{self._body(k, body, env, scope)}] | symmetry; etransitivity; [apply {lemma} | "
                f"apply zprod_eq; [reflexivity | ring | intro {b}; cbv beta; {inner}]]]")

    def _canonical(self, x: Term, body: Term, env: Env) -> str:
        return self.text.under(x.args, body.kernel, env)

    def _applied(self, t: Term, env: Env, scope: Scope) -> str:
        head, rows = self._head(t), self._rows(t)
        old = [self.shape(a, env) if s == "v" else self.text.integer(a.kernel, env)
               for s, a in rows]
        new = [self.text.argument(s, a.kernel, env) for s, a in rows]
        proof = "eq_refl"
        for j, (s, a) in reversed(list(enumerate(rows))):
            found = self._term(a, env, scope) if s == "v" else None
            if found:
                hole = " ".join([head, *new[:j], "_z", *old[j + 1:]])
                proof = f"(eq_trans (f_equal (fun _z : R => {hole}) {found}) {proof})"
        return f"exact {proof}"


def _inverse(b: Term) -> Any:
    return inv(b).kernel
