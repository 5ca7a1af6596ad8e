"""The proof kernel: every theorem of this project is made by the rules in this file.

A term is its own normal form: a ``Poly`` is a polynomial over Q in *atoms*, so ring identities hold
by ``==`` and need no rule; a ``Mat`` is the same for an abstract normed algebra, non-commutative in
letters. A formula is a relation between a term and zero, or built by and, implies, for all, exists.
A theorem ``hyps |- concl`` holds for all values of its real and integer variables, all meanings of
its function and matrix symbols, and every normed algebra that obeys the laws in ``FACTS``. Trusted:
the rules (each below its inference bar), the tables ``FACTS`` and ``DERIVATIVE``, and ball
arithmetic (python-flint, in ``_positive`` only). Nothing here imports the rest of the package.
"""
# fmt: off
# ruff: noqa: E701 - a one-line case or guard is a row of a table
from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, wraps
from itertools import pairwise
from math import prod
from typing import Any, Final

Atom = tuple[Any, ...]
Formula = tuple[Any, ...]
Var = tuple[str, str]
NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_']*")
UNARY: Final = ("tanh", "sg", "exp", "abs", "inv")
BINDERS: Final = ("sum", "D", "diag", "all", "ex")  # (tag, variable, ..., scope)
_KEY: Final = object()                              # held by this file only

class KernelError(Exception):
    """A rule refused. The message starts with the rule's name."""
def need(condition: object, message: str) -> None:
    if not condition: raise KernelError(message)
class _Sealed:
    """A value that only this file makes (it holds _KEY) and that nothing changes afterwards."""
    __slots__ = ()
    def __init__(self, key: object, **fields: Any) -> None:
        need(key is _KEY, f"{type(self).__name__}: made by the kernel's operations only")
        for name, value in fields.items(): object.__setattr__(self, name, value)
    def __setattr__(self, *_: object) -> None:
        raise KernelError(f"{type(self).__name__}: immutable")

# ---------------------------------------------------------------- terms
class _Combination(_Sealed):
    """Keys with non-zero coefficients, compared by value."""
    __slots__ = ("_free", "_hash", "terms")
    terms: dict[Any, Any]
    of: Callable[[Any], Any]
    joined: Callable[[Any, Any], Any]
    _hash: int | None
    _free: frozenset[Var] | None
    def __init__(self, key: object, terms: Mapping[Any, Any]) -> None:
        kept = {k: c for k, c in terms.items() if c}
        super().__init__(key, terms=kept, _hash=None, _free=None)
    def __bool__(self) -> bool: return bool(self.terms)
    def __eq__(self, other: Any) -> bool:
        return self is other or (type(self) is type(other) and self.terms == other.terms)
    def __hash__(self) -> int:
        if self._hash is None:
            object.__setattr__(self, "_hash", hash(frozenset(self.terms.items())))
        return self._hash or 0
    def __add__(self, other: Any) -> Any:
        out = dict(self.terms)
        for k, c in type(self).of(other).terms.items():
            out[k] = out[k] + c if k in out else c
        return type(self)(_KEY, out)
    def __neg__(self) -> Any: return type(self)(_KEY, {k: -c for k, c in self.terms.items()})
    def __sub__(self, other: Any) -> Any: return self + -type(self).of(other)
    def __rsub__(self, other: Any) -> Any: return -self + other
    def __mul__(self, other: Any) -> Any:
        if type(self) is Poly and type(other) is Mat: return NotImplemented
        out: dict[Any, Any] = {}
        for n, d in type(self).of(other).terms.items():
            for m, c in self.terms.items():
                key = type(self).joined(m, n)
                out[key] = out.get(key, 0) + c * d
        return type(self)(_KEY, out)
    def __rmul__(self, other: Any) -> Any: return type(self).of(other) * self
    def __pow__(self, n: int) -> Any:
        need(type(n) is int and 0 <= n <= 10**4, "term: exponent")
        return prod([self] * n, start=type(self).of(1))
    __radd__ = __add__
class Poly(_Combination):
    """A polynomial over Q: monomials, frozensets of (atom, exponent), to non-zero rationals."""
    __slots__ = ()
    @staticmethod
    def of(x: Any) -> Poly:
        need(type(x) in (Poly, int, Fraction), f"term: {x!r} is neither a term nor a rational")
        return x if isinstance(x, Poly) else Poly(_KEY, {frozenset(): Fraction(x)})
    @staticmethod
    def joined(m: frozenset[Any], n: frozenset[Any]) -> frozenset[Any]:
        exponents = dict(m)
        for a, e in n:
            exponents[a] = exponents.get(a, 0) + e
        return frozenset(exponents.items())
class Mat(_Combination):
    """A non-commutative polynomial: words, tuples of letters, to non-zero ``Poly`` scalars."""
    __slots__ = ()
    @staticmethod
    def of(x: Any) -> Mat: return x if type(x) is Mat else Mat(_KEY, {(): Poly.of(x)})
    @staticmethod
    def joined(u: tuple[Any, ...], v: tuple[Any, ...]) -> tuple[Any, ...]: return u + v
ZERO: Final = Poly.of(0)
ONE: Final = Poly.of(1)
@dataclass(frozen=True)
class Def:
    """A simultaneous primitive recursion. It is its own name: no global state, no circularity.
    ``parts`` lists (label, base, step). Part j is base at index 0, and at index + 1 it is step, in
    which the real variable (or matrix letter) ``label`` stands for that part's value at index.
    Fails if a base mentions more than the parameters, or a step more than those, index, labels."""
    name: str
    params: tuple[Var, ...]
    index: str
    parts: tuple[tuple[str, Any, Any], ...]
    def __post_init__(self) -> None:
        need(type(self.params) is tuple and type(self.parts) is tuple, "definition: not tuples")
        labels = [label for label, _, _ in self.parts]
        need(labels and all(map(is_var, self.params)), "definition: no parts, or bad parameters")
        names = [self.index, *labels, *[x for _, x in self.params]]
        need(len(set(names)) == len(names), "definition: names must be distinct")
        need(all(is_var(("v", x)) for x in (self.name, *names)), "definition: bad name")
        inner = {*self.params, ("i", self.index)} | {("v", label) for label in labels}
        for label, base, step in self.parts:
            need(type(base) is type(step) and type(base) in (Poly, Mat), f"definition: {label}")
            need(free(base) <= set(self.params), f"definition: the base of {label} is not closed")
            need(free(step) <= inner, f"definition: the step of {label} is not closed")
    def at(self, j: int, *args: Any) -> Any:
        """The term: part j at parameters args[:-1] and index args[-1]."""
        return term(("def", self, j, *map(Poly.of, args)))
def is_var(x: object) -> bool:
    return type(x) is tuple and len(x) == 2 and x[0] in ("v", "i") and type(x[1]) is str \
        and NAME.fullmatch(x[1]) is not None
def is_int(p: Poly) -> bool:
    """Integer coefficients and integer variables only: an integer whatever the values."""
    return all(c.denominator == 1 and all(a[0] == "i" for a, _ in m) for m, c in p.terms.items())
def _fits(sorts: str, args: Iterable[Any]) -> bool:
    return all(type(x) is Poly and (s == "v" or (s == "i" and is_int(x)))
               for s, x in zip(sorts, args, strict=True))
def term(a: Atom) -> Any:
    """The term of one atom (a ``Poly``) or one letter (a ``Mat``). Fails on any other shape.
    ``("D", x, at, body)`` is the derivative of x -> body at the point at; ``("diag", i, body)`` has
    the diagonal entries body(i), i an integer; the second entry of "fun" has its argument sorts."""
    matrix = False
    match a:
        case ("v" | "i", _) if is_var(a): pass
        case (tag, Poly()) if tag in UNARY: pass
        case ("fun", str(f), str(sorts), _, *_) if NAME.fullmatch(f) and _fits(sorts, a[3:]): pass
        case ("mat", str(f), *x) if NAME.fullmatch(f) and _fits("i" * len(x), x): matrix = True
        case ("def", Def() as d, int(j), *args) if 0 <= j < len(d.parts) and _fits(
                "".join(sort for sort, _ in d.params) + "i", args):
            matrix = type(d.parts[j][1]) is Mat
        case ("sum", ("i", _) as x, Poly() as lo, Poly() as hi, Poly()) if is_var(x) and _fits(
                "ii", (lo, hi)): pass
        case ("D", ("v", _) as x, Poly(), Poly()) if is_var(x): pass
        case ("diag", ("i", _) as x, Poly()) if is_var(x): matrix = True
        case ("norm", Mat()): pass
        case _: raise KernelError("term: malformed atom")
    return Mat(_KEY, {(a,): ONE}) if matrix else Poly(_KEY, {frozenset({(a, 1)}): Fraction(1)})

# ---------------------------------------------------------------- formulas and substitution
def check(f: Any) -> Formula:
    """The formula itself. Fails unless it is ge/gt/eq of a Poly, meq of a Mat, and/imp/all/ex."""
    match f:
        case ("ge" | "gt" | "eq", Poly()) | ("meq", Mat()) if type(f) is tuple: pass
        case ("and", _, _, *_) | ("imp", _, _) if type(f) is tuple:
            for g in f[1:]: check(g)
        case ("all" | "ex", x, g) if type(f) is tuple and is_var(x): check(g)
        case _: raise KernelError("formula: malformed")
    return f
def free(t: Any) -> frozenset[Var]:
    """The free variables of a term, an atom or a formula."""
    if isinstance(t, _Combination):
        if t._free is None:
            atoms = [a[0] if type(t) is Poly else a for key in t.terms for a in key]
            found = frozenset().union(*map(free, atoms), *map(free, t.terms.values()))
            object.__setattr__(t, "_free", found)
        return t._free or frozenset()
    if type(t) is not tuple: return frozenset()
    if t[0] in ("v", "i"): return frozenset({t})
    bound = t[0] in BINDERS
    scope = free(t[-1]) - {t[1]} if bound else free(t[-1])
    return scope.union(*map(free, t[2:-1] if bound else t[1:-1]))
def subst(t: Any, s: Mapping[Atom, Any]) -> Any:
    """t with variables (and plain matrix letters) replaced at once. Fails on variable capture."""
    if isinstance(t, _Combination):
        if not any(x in free(t) or x[0] == "mat" for x in s): return t
        def image(a: Atom) -> Any:
            return s[a] if a in s else term(a if is_var(a) else subst(a, s))
        factor = image if type(t) is Mat else lambda power: image(power[0]) ** power[1]
        rows = [prod(map(factor, key), start=type(t).of(subst(c, s))) for key, c in t.terms.items()]
        return sum(rows, type(t).of(0))
    if type(t) is not tuple: return t
    if t[0] not in BINDERS: return (t[0], *[subst(x, s) for x in t[1:]])
    inner = {x: e for x, e in s.items() if x != t[1] and (x in free(t[-1]) or x[0] == "mat")}
    need(all(t[1] not in free(e) for e in inner.values()), f"{t[1][1]} would be captured")
    return (t[0], t[1], *[subst(x, s) for x in t[2:-1]], subst(t[-1], inner))
def instance(t: Any, x: Var, e: Any) -> Any:
    """t[x := e]. Fails if x is an integer variable and e is not an integer term."""
    need(is_var(x) and _fits(x[0], [Poly.of(e)]), "an integer variable needs an integer term")
    return subst(t, {x: Poly.of(e)})

# ---------------------------------------------------------------- theorems
class Thm(_Sealed):
    """hyps |- concl, with the rule and the arguments that made it. Only rules construct one."""
    __slots__ = ("args", "concl", "hyps", "rule")
    hyps: frozenset[Formula]
    concl: Formula
    rule: str
    args: tuple[Any, ...]
Sequent = tuple[Iterable[Formula], Formula]
RULES: Final[dict[str, Callable[..., Thm]]] = {}
_REFUSALS = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError)
def _genuine(x: Any) -> bool:
    """An immutable value of exactly a known type: no duck-typed theorem gets into a rule."""
    return all(map(_genuine, x)) if type(x) is tuple else \
        type(x) in (Thm, Poly, Mat, Def, str, int, Fraction)
def rule(bar: str) -> Callable[[Callable[..., Sequent]], Callable[..., Thm]]:
    """Makes a function from premises to a sequent a rule; the bar says what it does, and fails."""
    def register(f: Callable[..., Sequent]) -> Callable[..., Thm]:
        @wraps(f)
        def apply(*args: Any) -> Thm:
            try:
                need(_genuine(args), "an argument of a foreign type")
                hyps, concl = f(*args)
                return Thm(_KEY, hyps=frozenset(map(check, hyps)), concl=check(concl),
                           rule=f.__name__, args=args)
            except KernelError as e:
                raise KernelError(f"{f.__name__}: {e}") from None
            except _REFUSALS as e:
                raise KernelError(f"{f.__name__}: malformed argument ({e})") from None
        apply.__doc__ = bar
        RULES[f.__name__] = apply
        return apply
    return register
def _union(thms: Iterable[Thm]) -> Any: return frozenset().union(*(t.hyps for t in thms))
def _fresh(x: Var, *where: Any) -> None:
    need(is_var(x) and all(x not in free(t) for t in where), f"{x[1]} is free where it must not be")
# ---- logic
@rule("f |- f.")
def assume(f: Formula) -> Sequent: return {f}, f
@rule("A |- f,  B |- g   ==>   A u (B - f) |- g.  Fails if f is not a hypothesis of the second.")
def cut(a: Thm, b: Thm) -> Sequent:
    need(a.concl in b.hyps, "the first conclusion is not a hypothesis of the second")
    return a.hyps | (b.hyps - {a.concl}), b.concl
@rule("A |- f,  B |- f   ==>   (A - {p >= 0}) u (B - {-p > 0}) |- f.  Fails if the f's differ.")
def split(p: Poly, a: Thm, b: Thm) -> Sequent:
    need(a.concl == b.concl, "the two cases prove different formulas")
    return (a.hyps - {("ge", p)}) | (b.hyps - {("gt", -p)}), a.concl
@rule("A |- 0 > 0   ==>   A |- f.  Fails if the premise is anything but 0 > 0.")
def absurd(a: Thm, f: Formula) -> Sequent:
    need(a.concl == ("gt", ZERO), "the premise is not 0 > 0")
    return a.hyps, f
@rule("A |- f, B |- g, ...   ==>   A u B u ... |- f and g and ...  Fails on fewer than two.")
def conj(*thms: Thm) -> Sequent: return _union(thms), ("and", *[t.concl for t in thms])
@rule("A |- f0 and f1 and ...   ==>   A |- fk.  Fails if there is no k-th part.")
def part(a: Thm, k: int) -> Sequent:
    need(a.concl[0] == "and" and 0 <= k < len(a.concl) - 1, "no such part")
    return a.hyps, a.concl[k + 1]
@rule("A |- g   ==>   A - f |- f implies g.")
def discharge(f: Formula, a: Thm) -> Sequent: return a.hyps - {f}, ("imp", f, a.concl)
@rule("A |- f implies g,  B |- f   ==>   A u B |- g.  Fails if the f's differ.")
def modus(a: Thm, b: Thm) -> Sequent:
    need(a.concl[0] == "imp" and a.concl[1] == b.concl, "not an implication from that formula")
    return a.hyps | b.hyps, a.concl[2]
@rule("A |- f   ==>   A |- for all x, f.  Fails if x is free in A.")
def gen(x: Var, a: Thm) -> Sequent:
    _fresh(x, *a.hyps)
    return a.hyps, ("all", x, a.concl)
@rule("A |- for all x, f   ==>   A |- f[x := e].  Fails on capture, or a non-integer e for Z.")
def spec(a: Thm, e: Poly) -> Sequent:
    need(a.concl[0] == "all", "not a universal statement")
    return a.hyps, instance(a.concl[2], a.concl[1], e)
@rule("A |- g[x := e]   ==>   A |- exists x, g,  where f is (exists x, g).  Fails on a mismatch.")
def witness(f: Formula, e: Poly, a: Thm) -> Sequent:
    need(check(f)[0] == "ex" and instance(f[2], f[1], e) == a.concl, "the witness does not fit")
    return a.hyps, f
@rule("A |- exists y, f;  B |- g   ==>   A u (B - f[y := x]) |- g.  Fails if x is free in g, in "
      "(exists y, f) or in the rest of B, or is of the wrong sort.")
def choose(a: Thm, x: Var, b: Thm) -> Sequent:
    need(a.concl[0] == "ex" and is_var(x) and x[0] == a.concl[1][0], "nothing to choose")
    rest = b.hyps - {instance(a.concl[2], a.concl[1], term(x))}
    _fresh(x, *rest, a.concl, b.concl)
    return a.hyps | rest, b.concl
@rule("A |- f   ==>   A[x := e] |- f[x := e].  Fails on capture, or a non-integer e for Z.")
def inst(a: Thm, x: Var, e: Poly) -> Sequent:
    return [instance(h, x, e) for h in a.hyps], instance(a.concl, x, e)
@rule("A |- f[n := lo];   B, f, n >= lo |- f[n := n + 1]   ==>   A u B, n >= lo |- f. "
      "Fails if n is free in lo, in A or in the rest of B, or if lo is not an integer term.")
def induct(n: str, lo: Poly, f: Formula, base: Thm, step: Thm) -> Sequent:
    start = ("ge", term(x := ("i", n)) - lo)
    need(base.concl == instance(f, x, lo), "the base does not prove the first case")
    need(step.concl == instance(f, x, term(x) + 1), "the step does not prove the next case")
    rest = base.hyps | (step.hyps - {f, start})
    _fresh(x, *rest, lo)
    return rest | {start}, f

# ---- algebra
@rule("A_i |- p_i rel_i 0, ...   ==>   union of the A_i |- p rel 0,  where p = the sum of "
      "c s^2 prod(p_i, i in I) over (c, s, I) in terms + the sum of m p_k over (k, m) in eqs. "
      "Fails unless that identity holds, c >= 0, each p_i is >= or >, each p_k is =; for gt, "
      "unless a term has c > 0, s constant and not 0, strict premises only; for eq, if any terms.")
def psatz(rel: str, p: Poly, thms: tuple[Thm, ...], terms: tuple[Any, ...],
          eqs: tuple[Any, ...]) -> Sequent:
    need(rel in ("ge", "gt", "eq") and (rel != "eq" or not terms), "an equation from inequalities")
    indices = [i for _, _, chosen in terms for i in chosen] + [k for k, _ in eqs]
    need(all(type(i) is int and 0 <= i < len(thms) for i in indices), "no such premise")
    total, strict = ZERO, False
    for c, s, chosen in terms:
        need(c >= 0, "a negative coefficient")
        need(all(thms[i].concl[0] in ("ge", "gt") for i in chosen), "a premise is no inequality")
        total = total + prod((thms[i].concl[1] for i in chosen), start=Poly.of(c) * s * s)
        constant = c > 0 and s.terms.keys() == {frozenset()}
        strict |= constant and all(thms[i].concl[0] == "gt" for i in chosen)
    for k, m in eqs:
        need(thms[k].concl[0] == "eq", f"premise {k} is not an equation")
        total = total + thms[k].concl[1] * m
    need(total == p, "the identity does not hold")
    need(rel != "gt" or strict, "nothing makes it strict")
    return _union(thms), (rel, p)
@rule("A |- p >= 0,  B |- -p >= 0   ==>   A u B |- p = 0.")
def antisym(a: Thm, b: Thm) -> Sequent:
    need(a.concl[0] == b.concl[0] == "ge" and b.concl[1] == -a.concl[1], "not opposite bounds")
    return a.hyps | b.hyps, ("eq", a.concl[1])
@rule("A |- left - right = 0   ==>   A |- p[x := left] - p[x := right] = 0.  Fails on capture.")
def cong(a: Thm, left: Poly, right: Poly, p: Poly, x: Var) -> Sequent:
    need(a.concl == ("eq", left - right), "the premise is another equation")
    return a.hyps, ("eq", instance(p, x, left) - instance(p, x, right))

# ---- definitions and sums
@rule("|- d_j(params, 0) - base_j = 0.")
def unfold_base(d: Def, j: int) -> Sequent:
    base = d.parts[j][1]
    return (), ("eq" if type(base) is Poly else "meq", d.at(j, *map(term, d.params), 0) - base)
@rule("n >= 0 |- d_j(params, n + 1) - step_j[labels := d(params, n)] = 0.")
def unfold_step(d: Def, j: int) -> Sequent:
    n, params = term(("i", d.index)), [*map(term, d.params)]
    now = {("v" if type(base) is Poly else "mat", label): d.at(i, *params, n)
           for i, (label, base, _) in enumerate(d.parts)}
    value = d.at(j, *params, n + 1) - subst(d.parts[j][2], now)
    return {("ge", n)}, ("eq" if type(value) is Poly else "meq", value)
def _sum(k: str, lo: Poly, hi: Poly, body: Poly) -> Any:
    return term(("sum", ("i", k), lo, hi, body))
@rule("lo - hi - 1 >= 0 |- sum_{k=lo}^{hi} body = 0.")
def sum_empty(k: str, lo: Poly, hi: Poly, body: Poly) -> Sequent:
    return {("ge", lo - hi - 1)}, ("eq", _sum(k, lo, hi, body))
@rule("hi - lo + 1 >= 0 |- sum_{lo}^{hi+1} body - sum_{lo}^{hi} body - body[k := hi + 1] = 0.")
def sum_peel(k: str, lo: Poly, hi: Poly, body: Poly) -> Sequent:
    last = instance(body, ("i", k), hi + 1)
    return {("ge", hi - lo + 1)}, ("eq", _sum(k, lo, hi + 1, body) - _sum(k, lo, hi, body) - last)

# ---- calculus
DERIVATIVE: Final[dict[str, Callable[[Poly], Poly]]] = {  # of f at x, from the value f(x)
    "tanh": lambda y: 1 - y**2, "sg": lambda y: y * (1 - y), "exp": lambda y: y}
def diff(p: Poly, x: str) -> Poly:
    """The derivative in the real variable x. Fails on a term not known to be smooth in x."""
    out = ZERO
    for m, c in p.terms.items():
        for a, e in m:
            if ("v", x) in free(a):
                rest = (m - {(a, e)}) | ({(a, e - 1)} if e > 1 else set())
                out = out + Poly(_KEY, {rest: c * e}) * _diff_atom(a, x)
    return out
def _diff_atom(a: Atom, x: str) -> Any:
    match a:
        case ("v", _): return ONE
        case (tag, arg) if tag in DERIVATIVE: return DERIVATIVE[tag](term(a)) * diff(arg, x)
        case ("sum", k, lo, hi, body): return term(("sum", k, lo, hi, diff(body, x)))
        case ("def", d, _, *args):
            for t in args: diff(t, x)
            _smooth(d)
            return term(("D", ("v", x), term(("v", x)), term(a)))
    raise KernelError(f"not known to be differentiable in {x}: {a[0]}")
@cache
def _smooth(d: Def) -> None:
    """Fails unless base and step are smooth in every real: then so is the recursion."""
    reals = [v for sort, v in d.params if sort == "v"]
    for _, base, step in d.parts:
        need(type(base) is Poly, f"{d.name} has a matrix part")
        for v in reals: diff(base, v)
        for v in reals + [label for label, _, _ in d.parts]: diff(step, v)
@rule("|- D_x p (at) - diff(p, x)[x := at] = 0.  Fails if p is not known to be smooth in x.")
def d_rule(x: str, p: Poly, at: Poly) -> Sequent:
    return (), ("eq", term(("D", ("v", x), at, p)) - instance(diff(p, x), ("v", x), at))
@rule("A |- left - right = 0   ==>   A |- D_x left (at) - D_x right (at) = 0.  x not free in A.")
def d_cong(x: str, a: Thm, left: Poly, right: Poly, at: Poly) -> Sequent:
    need(a.concl == ("eq", left - right), "the premise is another equation")
    _fresh(("v", x), *a.hyps)
    return a.hyps, ("eq", term(("D", ("v", x), at, left)) - term(("D", ("v", x), at, right)))
@rule("hi > lo |- exists x, lo < x < hi and p[hi] - p[lo] = p'(x) (hi - lo).  (Mean value.) "
      "Fails if p is not known to be smooth in x, or x is free in lo or hi.")
def mvt(x: str, p: Poly, lo: Poly, hi: Poly) -> Sequent:
    _fresh(v := ("v", x), lo, hi)
    slope = instance(p, v, hi) - instance(p, v, lo) - diff(p, x) * (hi - lo)
    inside = ("gt", term(v) - lo), ("gt", hi - term(v))
    return {("gt", hi - lo)}, ("ex", v, ("and", *inside, ("eq", slope)))
@rule("A |- -p[lo] >= 0,  B |- p[hi] >= 0   ==>   A u B, hi >= lo |- exists x in [lo, hi], p = 0. "
      "Fails if p is not known to be smooth in x, or x is free in lo or hi.  (Intermediate value.)")
def ivt(x: str, p: Poly, lo: Poly, hi: Poly, a: Thm, b: Thm) -> Sequent:
    _fresh(v := ("v", x), lo, hi)
    diff(p, x)
    ends = ("ge", -instance(p, v, lo)), ("ge", instance(p, v, hi))
    need((a.concl, b.concl) == ends, "the premises at the ends do not fit")
    inside = ("ge", term(v) - lo), ("ge", hi - term(v))
    return a.hyps | b.hyps | {("ge", hi - lo)}, ("ex", v, ("and", *inside, ("eq", p)))

# ---- enclosures
def _positive(p: Poly, x: Var | None, cuts: tuple[Any, ...], prec: int) -> None:
    """Fails unless ball arithmetic shows p > 0 on each box between neighbouring cuts: by the value
    over the box, or by the mean-value form at its middle. Without x, p is closed and is evaluated
    once. The only place that uses python-flint."""
    from flint import arb, ctx, fmpq
    functions: dict[str, Callable[[Any], Any]] = {
        "tanh": lambda b: b.tanh(), "exp": lambda b: b.exp(), "sg": lambda b: 1 / (1 + (-b).exp()),
        "abs": abs, "inv": lambda b: 1 / b}
    def ball(q: Fraction) -> Any: return arb(fmpq(q.numerator, q.denominator))
    def value(q: Poly, box: Any) -> Any:
        def factor(a: Atom) -> Any:
            need(a == x or a[0] in functions, f"no enclosure for {a[0]}")
            return box if a == x else functions[a[0]](value(a[1], box))
        rows = [prod((factor(a) ** e for a, e in m), start=ball(c)) for m, c in q.terms.items()]
        return sum(rows, arb(0))
    need(10 <= prec <= 10**5 and all(c <= d for c, d in pairwise(cuts)),
         "the boxes do not cover, or the precision is out of range")
    with ctx.workprec(prec):
        need(x is not None or value(p, None) > 0, "not shown positive")
        for lo, hi in pairwise(cuts):
            box, middle = ball(lo).union(ball(hi)), ball(Fraction(lo + hi) / 2)
            if x is not None and not value(p, box) > 0:
                mean = value(p, middle) + value(diff(p, x[1]), box) * (box - middle)
                need(mean > 0, f"not shown positive on [{lo}, {hi}]")
@rule("|- p > 0 for a closed p, by ball arithmetic.  Fails if the ball meets (-oo, 0].")
def evaluate(p: Poly, prec: int) -> Sequent:
    _positive(p, None, (), prec)
    return (), ("gt", p)
@rule("x >= cuts[0], cuts[-1] >= x |- p > 0, by ball arithmetic on each box.  p mentions x only.")
def enclose(p: Poly, x: str, cuts: tuple[Any, ...], prec: int) -> Sequent:
    need(len(cuts) > 1, "no box")
    _positive(p, ("v", x), cuts, prec)
    return {("ge", term(("v", x)) - cuts[0]), ("ge", cuts[-1] - term(("v", x)))}, ("gt", p)

# ---- matrices: an abstract normed algebra
@rule("A_k |- E_k = 0, ...   ==>   union |- m = 0,  where m = sum L E_k R over (L, k, R).")
def mat_eq(m: Mat, thms: tuple[Thm, ...], combination: tuple[Any, ...]) -> Sequent:
    total = Mat.of(0)
    for left, k, right in combination:
        need(0 <= k < len(thms) and thms[k].concl[0] == "meq", "no such premise")
        total = total + Mat.of(left) * thms[k].concl[1] * Mat.of(right)
    need(total == m, "the identity does not hold")
    return _union(thms), ("meq", m)
@rule("A |- left - right = 0 (matrices)   ==>   A |- norm(left) - norm(right) = 0.")
def norm_eq(a: Thm, left: Mat, right: Mat) -> Sequent:
    need(a.concl == ("meq", left - right), "the premise is another equation")
    return a.hyps, ("eq", term(("norm", left)) - term(("norm", right)))
@rule("A |- b - body >= 0,  B |- b + body >= 0   ==>   A u B |- b - norm(diag body) >= 0. "
      "Fails if i is free in A, B or bound.")
def diag_bound(i: str, body: Poly, bound: Poly, a: Thm, b: Thm) -> Sequent:
    need((a.concl, b.concl) == (("ge", bound - body), ("ge", bound + body)), "other premises")
    _fresh(("i", i), *a.hyps, *b.hyps, bound)
    return a.hyps | b.hyps, ("ge", bound - term(("norm", _diag(i, body))))
@rule("A |- left - right = 0   ==>   A |- diag left - diag right = 0.  Fails if i is free in A.")
def diag_cong(i: str, a: Thm, left: Poly, right: Poly) -> Sequent:
    need(a.concl == ("eq", left - right), "the premise is another equation")
    _fresh(("i", i), *a.hyps)
    return a.hyps, ("meq", _diag(i, left) - _diag(i, right))
def _diag(i: str, body: Poly) -> Any: return term(("diag", ("i", i), body))

# ---- the facts taken on trust: sorts of the arguments (real, matrix, index), statement, reason
def _norm(m: Mat) -> Any: return term(("norm", m))
def _exp(x: Poly) -> Any: return term(("exp", x))
def _eq(p: Poly, *hyps: Formula) -> Sequent: return hyps, ("eq", p)
def _ge(p: Poly) -> Sequent: return (), ("ge", p)
_ABOVE: Final = ("ex", ("i", "N"), ("ge", term(("i", "N")) - term(("v", "x"))))
FACTS: Final[dict[str, tuple[str, Callable[..., Sequent], str]]] = {
    "exp_add": ("rr", lambda x, y: _eq(_exp(x + y) - _exp(x) * _exp(y)), "sums become products"),
    "exp_ge": ("r", lambda x: _ge(_exp(x) - 1 - x), "exp is convex, 1 + x is its tangent at 0"),
    "tanh_exp": ("r", lambda x: _eq(term(("tanh", x)) * (_exp(2 * x) + 1) - _exp(2 * x) + 1),
                 "definition: tanh x = (exp 2x - 1) / (exp 2x + 1)"),
    "sg_exp": ("r", lambda x: _eq(term(("sg", x)) * (1 + _exp(-x)) - 1), "definition of sigma"),
    "abs_pos": ("r", lambda x: _eq(term(("abs", x)) - x, ("ge", x)), "definition of |x|"),
    "abs_neg": ("r", lambda x: _eq(term(("abs", x)) + x, ("ge", -x)), "definition of |x|"),
    "inv": ("r", lambda x: _eq(x * term(("inv", x)) - 1, ("gt", x * x)), "definition of 1/x"),
    "archimedes": ("r", lambda x: ((), subst(_ABOVE, {("v", "x"): x})), "no real bounds Z"),
    "norm_mul": ("mm", lambda a, b: _ge(_norm(a) * _norm(b) - _norm(a * b)), "sub-multiplicative"),
    "norm_add": ("mm", lambda a, b: _ge(_norm(a) + _norm(b) - _norm(a + b)), "triangle inequality"),
    "norm_scale": ("rm", lambda c, a: _eq(_norm(c * a) - term(("abs", c)) * _norm(a)), "scaling"),
    "norm_ge": ("m", lambda a: _ge(_norm(a)), "a norm is not negative"),
    "norm_one": ("", lambda: _eq(_norm(Mat.of(1)) - 1), "the identity has norm 1"),
    "diag_mul": ("irr", lambda i, a, b: ((), ("meq", _diag(i, a) * _diag(i, b) - _diag(i, a * b))),
                 "diagonal matrices multiply entry by entry"),
    "diag_one": ("i", lambda i: ((), ("meq", _diag(i, ONE) - Mat.of(1))), "the entries of 1 are 1"),
}
@rule("|- the fact of that name in FACTS, at those terms.  Fails if a term is of the wrong sort.")
def fact(name: str, *args: Any) -> Sequent:
    sorts, statement, _ = FACTS[name]
    kinds = [{"r": Poly, "m": Mat, "i": str}[s] for s in sorts]
    need([type(x) for x in args] == kinds, "a term of the wrong sort, or not as many as needed")
    return statement(*args)
