r"""Letters in bounds that a text gives a size to, and no equation: γ bounds the slope, λ is ‖W‖.

Analyses of vanishing gradients write :math:`\|\partial h_t/\partial h_k\| \le
(\gamma\lambda)^{t-k}` with :math:`\gamma = \sup |\sigma'|` and the largest singular value λ of the
recurrent weight (Pascanu, Mikolov and Bengio 2013, sec. 2.2), or
:math:`(\beta_W \beta_h)^{t-k}` with bounds of the two norms. Put in are the least bounds, so that
what holds is right for them; a formula that fails is wrong only if the text says what its letters
are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

from bptt_sym.notation import (
    ONE,
    Abs,
    Add,
    Claim,
    D,
    Diag,
    Div,
    Fn,
    Mul,
    Neg,
    Node,
    Norm,
    Num,
    Pow,
    Prod,
    Sym,
    free_indices,
    rebuild,
    walk,
)
from bptt_sym.read.vocabulary import Vocabulary
from bptt_sym.recurrence import Recurrence

_SCRIPT = (
    r"\s*_\s*(?:\{\s*(?:[A-Za-z]{1,3}|\\[a-z]+|\\(?:text|mathrm)\{[a-z]+\})\s*\}|"
    r"\\[a-z]+|[A-Za-z1])"
)
_LETTER = re.compile(rf"\\(?:gamma|beta|kappa|eta)(?![A-Za-z])(?:{_SCRIPT})?")
_OF_WEIGHT = re.compile(r"\\(?:gamma|beta|kappa)_\{?[Ww]\}?$|\\lambda(?:_\{?(?:\\?max|1|W)\}?)?$|"
                        r"(?:\\sigma|s)_\{?(?:\\?max|1)\}?$")  # fmt: skip
_OF_SLOPE = re.compile(r"\\(?:gamma|beta|kappa)(?:_\{?(?:\\?max|\\?sigma|\\?phi|h|f|g|1)\}?)?$")
_OF_BOTH = re.compile(r"\\eta$")
_RELATES = re.compile(r"\\leq?(?![a-z])|\\leqslant|<|≤|\\(?:to|rightarrow)(?![a-z])")
#: ``|\sigma'(z_j)|`` and ``|1 - h_j^2| \le 1``: the slope of an activation, and nothing beside it.
A_SLOPE = (
    r"(?:\\left\s*)?(?:\\?\||\\l?vert(?![a-z])|\()?\s*"
    r"(?:(?:\\[a-z]+|[fg])\s*(?:'|\^\s*\{?\s*\\prime\s*\}?)\s*(?:\((?:[^()]|\([^()]*\))*\))?"
    r"|1\s*-\s*\\tanh\s*\^\s*\{?\s*2\s*\}?\s*(?:\((?:[^()]|\([^()]*\))*\))?"
    r"|1\s*-\s*[a-z]\s*(?:_\s*(?:[a-z]|\{[^{}]*\}))?\s*\^\s*\{?\s*2\s*\}?)"
    r"\s*(?:\\right\s*)?(?:\\?\||\\r?vert(?![a-z])|\))?\s*"
    r"(?:\\leq?(?![a-z])\s*(?:1|1/4|\\[dt]?frac\s*\{?\s*1\s*\}?\s*\{?\s*4\s*\}?))?\s*[.,;]?\s*$"
)
#: ``\gamma = …`` up to the end of what it is.
_EQUATED = re.compile(rf"(?P<letter>{_LETTER.pattern})\s*(?::\s*)?=\s*(?P<what>[^$\n]*)")
_MOST = re.compile(r"\\(?:max|sup)(?![a-z])\s*(?:_\s*(?:[A-Za-z]|\{[^{}]*\}))?\s*")
_A_NORM = re.compile(r"\\(?:\||[lr]?Vert)|‖|\\sigma_|\\lambda_")
#: The least upper bounds of the slopes of activations.
_SLOPES = {"tanh": Fraction(1), "sigma": Fraction(1, 4), "relu": Fraction(1)}

_VALUE = r"(?:singular value|奇异值|奇異值|특[이잇]값|сингулярн)"
_SINGULAR = re.compile(
    rf"(?:\\lambda|λ)(?![A-Za-z])[^.\n]{{0,60}}{_VALUE}|{_VALUE}[^.\n]{{0,60}}(?:\\lambda|λ)(?![A-Za-z])"
)
_BOUNDED = re.compile(
    r"(?:\\(?:gamma|beta|kappa)|γ|β|\bgamma|\bbeta)(?![A-Za-z])[^.\n]{0,60}?(?:\bsup\b|\\sup|\\max|bound|slope|"
    r"derivative|上界|导数|導數)|'[^.$\n]{0,40}(?:\\leq?|≤|<)\s*\\(?:gamma|beta)|"
    r"bound[^.\n]{0,40}\\(?:gamma|beta)|upper bounds?[^.\n]{0,60}(?:norm|matri)"
)


@dataclass(frozen=True)
class SaidSizes:
    """Which sizes the words of a document tell."""

    singular: bool = False
    bounded: bool = False
    #: Letters that an equation of the text makes something else.
    others: frozenset[str] = frozenset()

    @classmethod
    def of(cls, text: str) -> SaidSizes:
        others: set[str] = set()
        for m in _EQUATED.finditer(text):
            what = _MOST.sub("", m.group("what"), count=1)
            if not (re.match(A_SLOPE, what) or _A_NORM.match(what)):
                others |= _spellings(m.group("letter"))
        singular, bounded = _SINGULAR.search(text), _BOUNDED.search(text)
        return cls(singular is not None, bounded is not None, frozenset(others))


_ADDED_TO = re.compile(r"(?<![A-Za-z\\_^{])I\s*\+|\+\s*I(?![A-Za-z_^])")


def with_bound_names(vocabulary: Vocabulary, latex: str) -> Vocabulary:
    """``vocabulary`` with the letters for sizes that a bound uses undefined.

    An I that something is added to is the number 1 beside numbers.
    """
    if _ADDED_TO.search(latex) and not any(vocabulary.shapes.values()):
        vocabulary = replace(vocabulary, unit_identity=True)
    if not _RELATES.search(latex):
        return vocabulary
    found: set[str] = set()
    for m in _LETTER.finditer(latex):
        found |= _spellings(m.group())
    found -= vocabulary.sequences | vocabulary.parameters | vocabulary.totals
    if not found:
        return vocabulary
    return replace(vocabulary, parameters=vocabulary.parameters | found)


def _spellings(letter: str) -> set[str]:
    """A letter with its script as the reader may name it, and without."""
    head, _, script = re.sub(r"\s|\\(?:text|mathrm)(?=\{)", "", letter).partition("_")
    script = script.strip("{}")
    return {head, f"{head}_{script}", f"{head}_{{{script}}}"} if script else {head}


@dataclass(frozen=True)
class Sized:
    """A bound with sizes for its letters, what is said of them, and whether the text says it."""

    claim: Claim
    said: tuple[str, ...]
    sure: bool


def sized(claim: Claim, rec: Recurrence, text: SaidSizes) -> Sized | None:
    """``claim`` with the sizes of a one-state network put in; ``None`` if it has no such letter."""
    if all(op in ("=", "~") for op in claim.ops):
        return None
    nodes = [n for s in claim.sides for n in walk(s)]
    letters = {n.name for n in nodes if isinstance(n, Sym) and n.name not in rec.shapes}
    letters = {n for n in letters if any(p.match(n) for p in (_OF_WEIGHT, _OF_SLOPE, _OF_BOTH))}
    if not letters or letters & text.others:
        return None
    if not any(isinstance(n, (D, Diag, Prod, Fn)) for n in nodes) or _divides(nodes, letters):
        return None  # a condition on the parameters
    weight, slope = _weight(rec), _slope(rec)
    put: dict[str, Node] = {}
    said: list[str] = []
    sure = True
    for name in sorted(letters):
        if name.startswith(r"\lambda") and not text.singular:
            return None  # it may be an eigenvalue
        if _OF_WEIGHT.match(name) and weight is not None:
            put[name] = weight
            bounds = name.startswith((r"\gamma", r"\beta", r"\kappa"))
            what = "norm" if bounds else "largest singular value"
            said.append(f"{name} is the {what} of {_name(weight)}")
            sure &= text.bounded or not bounds
        elif _OF_SLOPE.match(name) and slope is not None:
            put[name] = Num(slope)
            said.append(f"{name} is the least upper bound of the activation's slope, {slope}")
            sure &= text.bounded
        elif _OF_BOTH.match(name) and weight is not None and slope is not None:
            put[name] = Mul((Num(slope), weight)) if slope != 1 else weight
            said.append(f"{name} bounds the norm of the derivative of each step by the one before")
            sure = False
        else:
            return None
    if list(put.values()).count(Num(slope or Fraction(0))) > 1:
        return None  # one of the two is something else

    def change(n: Node) -> Node:
        if isinstance(n, Sym) and n.name in put:
            return put[n.name]
        n = rebuild(n, change)
        if isinstance(n, Prod) and n.var not in free_indices(n.body):
            steps = Add((n.hi, Neg(n.lo), ONE))
            return Pow(n.body, steps)
        return n.arg if isinstance(n, (Abs, Norm)) and isinstance(n.arg, (Num, Norm)) else n

    sides = tuple(change(s) for s in claim.sides)
    return Sized(replace(claim, sides=sides), tuple(said), sure)


def unsized(claim: Claim, rec: Recurrence) -> Sym | None:
    """A letter for a size that stands in ``claim`` and means nothing in ``rec``."""
    for side in claim.sides:
        for n in walk(side):
            if isinstance(n, Sym) and n.name not in rec.shapes and _LETTER.fullmatch(n.name):
                return n
    return None


def _divides(nodes: Iterable[Node], letters: set[str]) -> bool:
    below = [n.den for n in nodes if isinstance(n, Div)]
    return any(isinstance(m, Sym) and m.name in letters for n in below for m in walk(n))


def _weight(rec: Recurrence) -> Node | None:
    """The norm of the only square weight, in a network with one state."""
    if len(rec.states) != 1:
        return None
    shape = rec.shape(rec.states[0])
    if not shape:
        return None
    found = [p for p in rec.parameters if rec.shapes.get(p) == (*shape, *shape)]
    return Norm(Sym(found[0]), "any") if len(found) == 1 else None


def _slope(rec: Recurrence) -> Fraction | None:
    names = {n.name for e in rec.equations if e.target in rec.states or e.target in rec.gates
             for n in walk(e.rhs) if isinstance(n, Fn)}  # fmt: skip
    known = [_SLOPES.get(n) for n in names]
    return known[0] if len(known) == 1 else None


def _name(weight: Node) -> str:
    return weight.arg.name if isinstance(weight, Norm) and isinstance(weight.arg, Sym) else ""
