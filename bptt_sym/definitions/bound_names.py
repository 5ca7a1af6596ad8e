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
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

from bptt_sym.definitions.said_sizes import LETTER, STEEPEST_LETTER, SaidSizes, spellings
from bptt_sym.notation import (
    ONE,
    STEEPEST,
    Abs,
    Add,
    At,
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
    index,
    rebuild,
    walk,
)
from bptt_sym.read.vocabulary import Vocabulary
from bptt_sym.recurrence import STEP, Recurrence

_LETTER = re.compile(LETTER)
_OF_WEIGHT = re.compile(
    r"\\(?:gamma|beta|kappa)_\{?(?:[Ww]|\\[tT]heta)\}?$|"
    r"\\lambda(?:_\{?(?:\\?max|1|W)\}?)?$|(?:\\sigma|s)_\{?(?:\\?max|1)\}?$"
)
_OF_SLOPE = re.compile(r"\\(?:gamma|beta|kappa)(?:_\{?(?:\\?max|\\?sigma|\\?phi|h|f|g|1)\}?)?$")
_UNNAMED = spellings(STEEPEST_LETTER, bare=False)
_OF_BOTH = re.compile(r"\\eta$")
#: The first and the second of two bounds: which is which makes no difference to their product.
_NUMBERED = re.compile(r"(\\(?:gamma|beta|kappa|eta))_\{?([12])\}?$")
_RELATES = re.compile(r"\\leq?(?![a-z])|\\leqslant|<|≤|\\(?:to|rightarrow)(?![a-z])")
#: The least upper bounds of the slopes of activations.
_SLOPES = {"tanh": Fraction(1), "sigma": Fraction(1, 4), "relu": Fraction(1)}


_ADDED_TO = re.compile(r"(?<![A-Za-z\\_^{])I\s*\+|\+\s*I(?![A-Za-z_^])")


def with_bound_names(
    vocabulary: Vocabulary, latex: str, said: Collection[str] = ()
) -> Vocabulary:
    """``vocabulary`` with the letters for sizes that a bound uses undefined.

    ``said`` are those of which the text says what they bound. An I that something is added to is
    the number 1 beside numbers.
    """
    if _ADDED_TO.search(latex) and not any(vocabulary.shapes.values()):
        vocabulary = replace(vocabulary, unit_identity=True)
    if not _RELATES.search(latex):
        return vocabulary
    found = {name for name in said if name.partition("_")[0] in latex}
    for m in _LETTER.finditer(latex):
        found |= spellings(m.group())
    found -= vocabulary.sequences | vocabulary.parameters | vocabulary.totals
    if not found:
        return vocabulary
    return replace(vocabulary, parameters=vocabulary.parameters | found)


@dataclass(frozen=True)
class Sized:
    """A bound with sizes for its letters, what is said of them, and whether the text says it."""

    claim: Claim
    said: tuple[str, ...]
    sure: bool
    #: The activation of which nothing is known but its steepest slope, if it is one.
    unknown: str = ""
    #: What is supposed of the letters in the formula itself: ``\gamma \lambda < 1`` at its end.
    supposed: tuple[str, ...] = ()


def without_its_name(claim: Claim, rec: Recurrence, text: SaidSizes) -> Claim:
    r"""``A \le B \approx \gamma < 1`` without its end, which only says how B is called."""
    known = {*text.letters, *text.others, *rec.shapes}
    for k in range(2, len(claim.sides)):
        name, behind = claim.sides[k], claim.sides[k + 1 :]
        if claim.ops[k - 1] not in ("~", "=") or not isinstance(name, Sym):
            continue
        if not _LETTER.fullmatch(name.name) or name.name in known:
            continue
        if len(behind) > 1 or not all(isinstance(side, Num) for side in behind):
            continue
        before = claim.sides[:k]
        if not any(n == name for side in before for n in walk(side)):
            return replace(claim, sides=before, ops=claim.ops[: k - 1])
    return claim


def sized(claim: Claim, rec: Recurrence, text: SaidSizes) -> Sized | None:
    """``claim`` with the sizes of a one-state network put in; ``None`` if it has no such letter."""
    if all(op in ("=", "~") for op in claim.ops):
        return None
    letters = _letters(claim, rec, text)
    if not letters or letters & text.others:
        return None
    shown, supposed = _without_condition(claim, letters)
    sides = tuple(map(_cancelled, shown.sides))
    nodes = [n for s in sides for n in walk(s)]
    if not any(isinstance(n, (D, Diag, Prod, Fn)) for n in nodes) or _divides(nodes, letters):
        return None  # a condition on the parameters
    weight, slope = _weight(rec), _slope(rec)
    if weight is None and letters <= set(text.letters):
        weight = _number(rec)
    put: dict[str, Node] = {}
    said: list[str] = []
    sure = True
    for name in sorted(letters):
        if name.startswith(r"\lambda") and not text.singular and name not in text.letters:
            return None  # it may be an eigenvalue
        kind = _kind(name, letters, text)
        if kind == "weight" and weight is not None:
            put[name] = weight
            bounds = name.startswith((r"\gamma", r"\beta", r"\kappa")) or name in text.letters
            what = "norm" if bounds else "largest singular value"
            said.append(f"{name} is the {what} of {_name(weight)}")
            sure &= name in text.letters or text.bounded or not bounds
        elif kind == "slope" and slope is not None:
            put[name] = slope
            shown_slope = _shown(slope)
            shown_name = "a slope without a step" if name in _UNNAMED else name
            said.append(
                f"{shown_name} is the least upper bound of the activation's slope, {shown_slope}"
            )
            sure &= name in text.letters or text.bounded
        elif kind == "both" and weight is not None and slope is not None:
            put[name] = Mul((slope, weight)) if slope != ONE else weight
            said.append(f"{name} bounds the norm of the derivative of each step by the one before")
            sure = False
        else:
            return None
        sure &= _NUMBERED.match(name) is None or name in text.letters
    if sum(node == slope for name, node in put.items() if name not in _UNNAMED) > 1:
        return None  # one of the two is something else

    def change(n: Node) -> Node:
        if isinstance(n, Sym) and n.name in put:
            return put[n.name]
        n = rebuild(n, change)
        if isinstance(n, Prod) and n.var not in free_indices(n.body):
            steps = Add((n.hi, Neg(n.lo), ONE))
            return Pow(n.body, steps)
        return n.arg if isinstance(n, (Abs, Norm)) and isinstance(n.arg, (Num, Norm)) else n

    given = tuple(replace(g, sides=tuple(map(change, g.sides))) for g in claim.given)
    found = replace(shown, sides=tuple(map(change, sides)), given=given)
    unknown = slope.name.removeprefix(STEEPEST) if isinstance(slope, Sym) else ""
    return Sized(found, tuple(said), sure, unknown, supposed)


def as_tanh(claim: Claim, name: str) -> Claim:
    """``claim`` with tanh for an unknown activation, whose slope is at most 1."""

    def change(n: Node) -> Node:
        n = rebuild(n, change)
        if isinstance(n, Fn) and n.name == name:
            return replace(n, name="tanh")
        return ONE if n == Sym(f"{STEEPEST}{name}") else n

    given = tuple(replace(g, sides=tuple(map(change, g.sides))) for g in claim.given)
    return replace(claim, sides=tuple(map(change, claim.sides)), given=given)


def _letters(claim: Claim, rec: Recurrence, text: SaidSizes) -> set[str]:
    """The letters for sizes that stand in a bound or in its hypotheses."""
    sides = [*claim.sides, *(s for g in claim.given for s in g.sides)]
    names = {n.name for s in sides for n in walk(s) if isinstance(n, Sym)} - set(rec.shapes)
    found = {n for n in names if any(p.match(n) for p in (_OF_WEIGHT, _OF_SLOPE, _OF_BOTH))}
    numbered = {n for n in names if _NUMBERED.match(n)}
    return found | (names & set(text.letters)) | (numbered if len(numbered) == 2 else set())


def _kind(name: str, letters: Collection[str], text: SaidSizes) -> str:
    """What a letter bounds: the weight, the slope, both together; "" if nothing tells it."""
    if name in text.letters:
        return text.letters[name]
    if numbered := _NUMBERED.match(name):
        others = [n for n in letters if n != name and _NUMBERED.match(n)]
        known = [text.letters[n] for n in others if n in text.letters]
        if known:
            return "weight" if known[0] == "slope" else "slope"
        if others:
            return "slope" if numbered[2] == "1" else "weight"
    for kind, pattern in (("weight", _OF_WEIGHT), ("slope", _OF_SLOPE), ("both", _OF_BOTH)):
        if pattern.match(name):
            return kind
    return ""


def _without_condition(claim: Claim, letters: Collection[str]) -> tuple[Claim, tuple[str, ...]]:
    r"""``A \le \gamma \lambda < 1`` without its end, which supposes something of the letters."""
    from bptt_sym.render.text import text

    before, last = claim.sides[-2:]
    made = {n.name for n in walk(before) if isinstance(n, Sym)}
    alone = made and made <= set(letters) and not any(
        isinstance(n, (At, D, Norm)) for n in walk(before)
    )
    if len(claim.sides) < 3 or not alone or not isinstance(last, Num) or claim.ops[-1] == "=":
        return claim, ()
    condition = replace(claim, sides=(before, last), ops=claim.ops[-1:], given=())
    return replace(claim, sides=claim.sides[:-1], ops=claim.ops[:-1]), (text(condition),)


def _cancelled(node: Node) -> Node:
    r"""``\frac1\gamma \gamma`` without the letter."""
    node = rebuild(node, _cancelled)
    if not isinstance(node, Mul):
        return node
    rest = list(node.args)
    for below in [a for a in rest if isinstance(a, Div) and isinstance(a.den, Sym)]:
        if isinstance(below, Div) and below.den in rest:
            rest.remove(below.den)
            rest[rest.index(below)] = below.num
    return rest[0] if len(rest) == 1 else replace(node, args=tuple(rest))


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


def _number(rec: Recurrence) -> Node | None:
    """The size of the only number that multiplies the state of the step before."""
    if len(rec.states) != 1 or rec.shape(rec.states[0]):
        return None
    before = {At(rec.states[0], index(STEP, -1))}
    found = {
        a.name for e in rec.equations for n in walk(e.rhs)
        if isinstance(n, Mul) and before & set(n.args)
        for a in n.args if isinstance(a, Sym) and a.name in rec.parameters
    }  # fmt: skip
    return Abs(Sym(found.pop())) if len(found) == 1 else None


def _slope(rec: Recurrence) -> Node | None:
    """The least upper bound of the slope of the activation, a sign for it where that is unknown."""
    names = {n.name for e in rec.equations if e.target not in rec.readouts
             for n in walk(e.rhs) if isinstance(n, Fn)}  # fmt: skip
    if len(names) != 1:
        return None
    (name,) = names
    return Num(_SLOPES[name]) if name in _SLOPES else Sym(f"{STEEPEST}{name}")


def _shown(slope: Node) -> str:
    return str(slope.value) if isinstance(slope, Num) else f"{getattr(slope, 'name', '')}'"


def _name(weight: Node) -> str:
    match weight:
        case Norm(arg=Sym(name=name)) | Abs(arg=Sym(name=name)):
            return name
    return ""
