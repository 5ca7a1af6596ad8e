"""Kernel terms and formulas as Gallina text, one canonical text a value.

Equal kernel values have equal texts, so that a lemma about one is a lemma about the other. A text
may be printed under an *environment*, which says what stands for a variable or letter; the proofs
that such a text equals the canonical text of the substituted term are made in ``equalities``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any, Final, TypeAlias

from bptt_sym.prove.kernel import Atom, Def, Formula, Mat, Poly, Var, free, is_var

Env: TypeAlias = Mapping[Atom, str]
ALGEBRA: Final = "algebra"
FUNCTIONS: Final = {"tanh": "tanh", "sg": "sg", "exp": "exp", "abs": "Rabs", "inv": "/"}
#: Keywords of Gallina, and the names of the library that generated text mentions.
RESERVED: Final = frozenset((
    "as at by cofix do else end exists exists2 fix for forall from fun fst if in IF is let Lemma "
    "match mod nat Prop R return Set snd SProp Theorem then Type using where with Z Q O S I X C "
    "tanh sg exp Rabs IZR Derive is_derive ex_derive ring lra algebra cast derive smooth pow "
    "zsum zprod zrec mone mzero madd mmul mscal mnorm mdiag carrier normed_algebra Enclosure"
).split())


class ExportError(Exception):
    """A theorem that cannot be put into Gallina; the message says why."""


def integer_text(p: Poly, env: Env, names: Names) -> str:
    """An integer term in Z, with its scope."""
    return f"({_sum(p, lambda a: _int_atom(a, env, names), plain_powers=True)})%Z"


def rational(q: Fraction) -> str:
    """A rational constant in R, as the tactic ``ring`` of the library reads it."""
    top = str(q.numerator) if q.numerator >= 0 else f"({q.numerator})"
    return top if q.denominator == 1 else f"({top} / {q.denominator})"


class Names:
    """Gallina identifiers: each symbol its own, the kernel's own name wherever it is free.

    Identifiers of scripts start with an underscore, which no kernel name does.
    """

    def __init__(self) -> None:
        self.of_symbol: dict[Any, str] = {}
        self.taken: set[str] = set(RESERVED)
        self.count = 0

    def __call__(self, symbol: Any, wish: str) -> str:
        """The identifier of a symbol: the wish, or the first of wish_1, wish_2, … that is free."""
        if symbol not in self.of_symbol:
            name, k = wish, 0
            while name in self.taken:
                k += 1
                name = f"{wish}_{k}"
            self.taken.add(name)
            self.of_symbol[symbol] = name
        return self.of_symbol[symbol]

    def variable(self, x: Var) -> str:
        return self(x, x[1])

    def part(self, d: Def, j: int) -> str:
        """The constant of one part of a recursion."""
        return self(("def", d, j), f"{d.name}_{d.parts[j][0]}")

    def fresh(self, stem: str) -> str:
        """A name of a script."""
        self.count += 1
        return f"_{stem}{self.count}"


# ---------------------------------------------------------------- order
_keys: dict[Any, str] = {}
#: The same by identity, which spares comparing long values; each is kept alive with its text.
_seen: dict[int, tuple[Any, str]] = {}
_ordered: dict[int, tuple[Poly, list[tuple[list[tuple[Atom, int]], Fraction]]]] = {}


def forget() -> None:
    """Let go of the values that were ordered, which are kept alive until then."""
    for known in (_keys, _seen, _ordered):
        known.clear()


def key(x: Any) -> str:
    """A string that orders values; it does not depend on how they were built."""
    if isinstance(x, (Poly, Mat)):
        seen = _seen.get(id(x))
        if seen is not None:
            return seen[1]
        known = _keys.get((type(x), x))
        if known is None:
            rows = sorted(
                f"{key(tuple(sorted(map(key, k))) if isinstance(x, Poly) else k)}:{key(c)}"
                for k, c in x.terms.items()
            )
            known = _keys[type(x), x] = f"{type(x).__name__}[{'+'.join(rows)}]"
        _seen[id(x)] = x, known
        return known
    if isinstance(x, Def):
        return key((x.name, x.params, x.index, x.parts))
    if isinstance(x, tuple):
        known = _keys.get(x)
        if known is None:
            known = _keys[x] = f"({','.join(map(key, x))})"
        return known
    return str(x)


def monomials(p: Poly) -> list[tuple[list[tuple[Atom, int]], Fraction]]:
    """The monomials in their canonical order, each with its factors in theirs."""
    known = _ordered.get(id(p))
    if known is None:
        terms = p.terms.items()
        rows = [(sorted(m, key=lambda f: (not is_var(f[0]), key(f))), c) for m, c in terms]
        rows.sort(key=lambda row: (-sum(e for _, e in row[0]), key(tuple(row[0]))))
        known = _ordered[id(p)] = p, rows
    return known[1]


def is_atom(p: Poly) -> bool:
    """Whether a term is one atom, times 1."""
    if len(p.terms) != 1:
        return False
    ((m, c),) = p.terms.items()
    return c == 1 and [e for _, e in m] == [1]


def words(m: Mat) -> list[tuple[tuple[Atom, ...], Poly]]:
    return sorted(m.terms.items(), key=lambda row: (-len(row[0]), key(row[0])))


def atoms(x: Poly | Mat) -> list[Atom]:
    """The atoms and letters of a term, those of the scalars of a matrix included, each once."""
    if isinstance(x, Poly):
        found = [a for m, _ in monomials(x) for a, _ in m]
    else:
        found = [a for w, c in words(x) for a in (*w, *atoms(c))]
    return list(dict.fromkeys(found))


def symbols(values: Iterable[Any]) -> Iterator[Any]:
    """Every variable, symbol and definition that occurs anywhere in the values, in a fixed order.

    Variables as themselves, ``("fun", name, sorts)``, ``("mat", name, arity)``, ``Def`` (after
    those that it mentions) and ``ALGEBRA`` if there is a matrix.
    """
    seen: set[Any] = set()

    def visit(x: Any) -> Iterator[Any]:
        if isinstance(x, (Poly, Mat, Def)):
            if (type(x), x) in seen:
                return
            seen.add((type(x), x))
        if isinstance(x, Poly):
            for factors, _ in monomials(x):
                for a, _ in factors:
                    yield from visit(a)
        elif isinstance(x, Mat):
            yield ALGEBRA
            for word, c in words(x):
                yield from visit(c)
                for a in word:
                    yield from visit(a)
        elif isinstance(x, Def):
            yield from visit((x.params, ("i", x.index)))
            labels = {("mat", label, 0) for label, _, _ in x.parts}
            for _, base, step in x.parts:
                yield from (s for s in visit((base, step)) if s not in labels)
            yield x
        elif isinstance(x, tuple):
            if is_var(x):
                yield x
            elif x and x[0] == "fun" and len(x) > 2:
                yield x[:3]
            elif x and x[0] == "mat" and len(x) > 1 and isinstance(x[1], str):
                yield ("mat", x[1], len(x) - 2)
            for y in x:
                if not isinstance(y, str):
                    yield from visit(y)

    for v in values:
        yield from visit(v)


# ---------------------------------------------------------------- texts
def _sum(p: Poly, atom: Any, *, plain_powers: bool = False) -> str:
    rows = []
    for factors, c in monomials(p):
        texts = [] if c == 1 and factors else [rational(c)]
        for a, e in factors:
            texts += [atom(a)] * e if plain_powers else [atom(a) + (f" ^ {e}" if e > 1 else "")]
        rows.append(" * ".join(texts))
    return " + ".join(rows) or "0"


def _int_atom(a: Atom, env: Env, names: Names) -> str:
    return env.get(a) or names.variable((a[0], a[1]))


class Printer:
    """The texts of kernel values under one table of names."""

    def __init__(self, names: Names) -> None:
        self.names = names
        #: Texts that no environment changes, by identity; the terms are kept alive with them.
        self._plain: dict[int, tuple[Poly, str]] = {}

    def real(self, p: Poly, env: Env) -> str:
        """A real term, bracketed unless it is one token or call."""
        if env and (any(a[0] == "mat" for a in env) or not free(p).isdisjoint(env)):
            return self._real(p, env)
        known = self._plain.get(id(p))
        if known is None:
            known = self._plain[id(p)] = p, self._real(p, env)
        return known[1]

    def _real(self, p: Poly, env: Env) -> str:
        text = _sum(p, lambda a: self.atom(a, env))
        single = text.startswith("(") and is_atom(p)
        return text if text.isalnum() or single else f"({text})"

    def integer(self, p: Poly, env: Env) -> str:
        return integer_text(p, env, self.names)

    def argument(self, sort: str, p: Poly, env: Env) -> str:
        return self.real(p, env) if sort == "v" else self.integer(p, env)

    def matrix(self, m: Mat, env: Env) -> str:
        rows = []
        for word, c in words(m):
            body = " *m ".join(self.atom(a, env) for a in word) or f"@mone {ALGEBRA}"
            rows.append(f"({body})" if c == Poly.of(1) else f"({self.real(c, env)} *s ({body}))")
        return f"({' +m '.join(rows)})" if rows else f"(@mzero {ALGEBRA})"

    def term(self, x: Poly | Mat, env: Env) -> str:
        return self.real(x, env) if isinstance(x, Poly) else self.matrix(x, env)

    def atom(self, a: Atom, env: Env) -> str:
        """An atom or letter, bracketed unless it is one token. In R, an integer is injected."""
        if a in env:
            return env[a] if a[0] != "i" else f"(IZR {env[a]})"
        if is_var(a):
            name = self.names.variable((a[0], a[1]))
            return name if a[0] == "v" else f"(IZR {name})"
        if a[0] in ("sum", "D", "diag"):
            return self.binder(a, env, self.names.variable(a[1]))
        if a[0] == "norm":
            return f"(mnorm {self.matrix(a[1], env)})"
        if a[0] in FUNCTIONS:
            return f"({FUNCTIONS[a[0]]} {self.real(a[1], env)})"
        head = self.head(a)
        args = [self.argument(s, x, env) for s, x in self.arguments(a)]
        return f"({' '.join([head, *args])})" if args else head

    def head(self, a: Atom) -> str:
        """The constant of an applied symbol or recursion."""
        match a:
            case ("fun", f, sorts, *_):
                return self.names(("fun", f, sorts), str(f))
            case ("mat", f, *args):
                return self.names(("mat", f, len(args)), str(f))
            case ("def", d, j, *_):
                return self.names.part(d, j)
        raise ExportError(f"no name for {a[0]}")

    @staticmethod
    def arguments(a: Atom) -> list[tuple[str, Poly]]:
        """The sorts and arguments of an applied symbol or recursion."""
        match a:
            case ("fun", _, sorts, *args):
                return list(zip(sorts, args, strict=True))
            case ("mat", _, *args):
                return [("i", x) for x in args]
            case ("def", d, _, *args):
                return list(zip([s for s, _ in d.params] + ["i"], args, strict=True))
        raise ExportError(f"no arguments of {a[0]}")

    def binder(self, a: Atom, env: Env, bound: str) -> str:
        """A sum, derivative or diagonal whose bound variable is printed by the name given."""
        body = self.under(a[1], a[-1], env, bound)
        match a[0]:
            case "sum":
                return f"(zsum {body} {self.integer(a[2], env)} {self.integer(a[3], env)})"
            case "D":
                return f"(Derive {body} {self.real(a[2], env)})"
        return f"(@mdiag {ALGEBRA} {body})"

    def under(self, x: Var, body: Poly, env: Env, bound: str | None = None) -> str:
        """The function of one variable with that body."""
        name = bound or self.names.variable(x)
        sort = "R" if x[0] == "v" else "Z"
        return f"(fun {name} : {sort} => {self.real(body, {**env, x: name})})"

    def formula(self, f: Formula, env: Env) -> str:
        match f:
            case ("ge", p):
                return f"0 <= {self.real(p, env)}"
            case ("gt", p):
                return f"0 < {self.real(p, env)}"
            case ("eq", p):
                return f"{self.real(p, env)} = 0"
            case ("meq", m):
                return f"{self.matrix(m, env)} = mzero"
            case ("and", *parts):
                return " /\\ ".join(f"({self.formula(g, env)})" for g in parts)
            case ("imp", g, h):
                return f"({self.formula(g, env)}) -> {self.formula(h, env)}"
            case ("all" | "ex" as q, x, g):
                name, sort = self.names.variable(x), "R" if x[0] == "v" else "Z"
                word = "forall" if q == "all" else "exists"
                return f"{word} {name} : {sort}, {self.formula(g, {**env, x: name})}"
        raise ExportError(f"no formula {f[0]}")

    def bind(self, x: Var) -> str:
        """A variable as a binder of a statement."""
        return f"({self.names.variable(x)} : {'R' if x[0] == 'v' else 'Z'})"
