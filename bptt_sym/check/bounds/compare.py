"""Comparing magnitudes under hypotheses about sizes: when is one bound at most another."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from fractions import Fraction
from typing import Any

from bptt_sym.check.bounds.magnitude import Bounder
from bptt_sym.check.bounds.sizes import Sizes, larger
from bptt_sym.check.bounds.terms import (
    ANY,
    ONE_EXP,
    ZERO_EXP,
    Exponent,
    Magnitude,
    Term,
    Unbounded,
    plus,
)
from bptt_sym.errors import BpttError
from bptt_sym.notation import (
    Abs,
    Add,
    At,
    Div,
    Idx,
    Mul,
    Neg,
    Node,
    Norm,
    Num,
    Pow,
    Sum,
    Sym,
    from_affine,
    num,
    walk,
)
from bptt_sym.recurrence import Recurrence
from bptt_sym.shapes import shape_of


def at_most(left: Magnitude, right: Magnitude, sizes: Sizes) -> tuple[bool, bool]:
    """``(left <= right, and strictly)`` as far as it is seen; ``False`` is "not seen"."""
    left, right = merged(left), merged(right)
    if not left:
        return True, bool(right) and all(t.coefficient > 0 for t in right)
    remaining = list(right)
    strict = len(right) > len(left)
    for term in left:
        for other in remaining:
            seen, strictly = _term_at_most(term, other, sizes)
            if seen:
                remaining.remove(other)
                strict = strict or strictly or term.strict
                break
        else:
            return False, False
    return True, strict


def merged(terms: Magnitude) -> Magnitude:
    """Terms with the same sizes added up."""
    found: dict[Any, Term] = {}
    for t in terms:
        key = tuple(sorted(t.powers, key=repr))
        old = found.get(key)
        found[key] = (
            t
            if old is None
            else Term(old.coefficient + t.coefficient, t.powers, old.strict or t.strict)
        )
    return tuple(found.values())


def _term_at_most(term: Term, other: Term, sizes: Sizes) -> tuple[bool, bool]:
    """Whether ``term / other <= 1``: the quotient's sizes are grouped by exponent."""
    if other.coefficient <= 0:
        return False, False
    # With a constant of which nothing is said, only what grows with the steps counts.
    loose = any(base == ANY for base, _ in other.powers)
    ratio = Fraction(0) if loose else term.coefficient / other.coefficient
    exponents: dict[Any, Exponent] = dict(term.powers)
    for base, e in other.powers:
        exponents[base] = plus(exponents.get(base, ZERO_EXP), e, -1)
    for base in list(exponents):
        # ‖W‖₂ ≤ ‖W‖_F: as many factors may be exchanged as the other side has.
        surplus = _surplus(larger(base), term, other)
        if larger(base) != base and surplus != ZERO_EXP:
            exponents[base] = plus(exponents[base], surplus, -1)
            del exponents[larger(base)]
    lags = {e[0] for t in (term, other) for _, e in t.powers if e[0]}
    groups: dict[Exponent, tuple[Fraction, bool]] = {}
    for base, e in exponents.items():
        if isinstance(base, Fraction) and not _never_negative(e, lags):
            base, e = 1 / base, _negative(e)
        if e == ZERO_EXP or (loose and not e[0] and not _grows_with_steps(base, sizes)):
            continue
        if not _never_negative(e, lags):
            return False, False
        limit = sizes.at_most(base)
        if limit is None:
            limit = _sum_limit(base, sizes)
        if limit is None:
            return False, False
        value, strict = groups.get(e, (Fraction(1), False))
        groups[e] = (value * limit[0], strict or limit[1])
    strict = False
    for e, (value, strictly) in groups.items():
        if value > 1 and not e[0]:
            ratio *= value ** e[1]
            strict = strict or strictly
        elif value > 1:
            return False, False
        else:
            if not e[0]:
                ratio *= value ** e[1]
            strict = strict or strictly
    return ratio <= 1, ratio < 1 or strict


def _grows_with_steps(base: Any, sizes: Sizes) -> bool:
    """Whether a size is a number of steps, or a sum over them that does not come to an end."""
    if not isinstance(base, tuple) or base[0] not in ("#", "geo"):
        return False
    limit = ratio_limit(base[1], sizes) if base[0] == "geo" else None
    return limit is None or not (limit[0] < 1 or (limit[0] == 1 and limit[1]))


def _surplus(base: Any, term: Term, other: Term) -> Exponent:
    """How many factors of one size ``other`` has that ``term`` has not; 0 if it is not seen."""
    has, wants = (dict(t.powers).get(base, ZERO_EXP) for t in (other, term))
    rest = plus(has, wants, -1)
    seen = wants == ZERO_EXP or not rest[0]
    return rest if seen and _never_negative(rest, {rest[0]}) else ZERO_EXP


def _sum_limit(base: Any, sizes: Sizes) -> tuple[Fraction, bool] | None:
    """A geometric sum with ratio at most r < 1 is below 1/(1 - r)."""
    if isinstance(base, tuple) and base and base[0] == "geo":
        ratio = ratio_limit(base[1], sizes)
        if ratio is not None and ratio[0] < 1:
            return 1 / (1 - ratio[0]), True
    return None


def ratio_limit(bases: tuple[Any, ...], sizes: Sizes) -> tuple[Fraction, bool] | None:
    value, strict = Fraction(1), False
    for b in bases:
        limit = sizes.at_most(b)
        if limit is None:
            return None
        value, strict = value * limit[0], strict or limit[1]
    return value, strict


def counted(magnitude: Magnitude, sizes: Sizes) -> Magnitude:
    """Geometric sums whose ratio is at most 1 replaced by their number of terms."""
    out = []
    for t in magnitude:
        powers = []
        for base, e in t.powers:
            if isinstance(base, tuple) and base[0] == "geo" and e == ONE_EXP:
                ratio = ratio_limit(base[1], sizes)
                if ratio is not None and ratio[0] <= 1:
                    powers.append((("#", base[2]), ONE_EXP))
                    continue
            powers.append((base, e))
        out.append(Term(t.coefficient, tuple(powers), t.strict))
    return tuple(out)


def _negative(e: Exponent) -> Exponent:
    return plus(ZERO_EXP, e, -1)


def _never_negative(e: Exponent, lags: Collection[tuple[tuple[str, int], ...]]) -> bool:
    """Whether an exponent such as ``T - k`` or ``T - 1`` is not negative where a claim makes sense.

    ``lags`` are the differences of indices that the two sides have as exponents, and so count
    steps, and T is the last of them; one less than that is negative for no steps alone, of which
    no bound speaks. An index alone is at least 1. Of other differences, ``j - k``, the sign is not
    known.
    """
    if not e[0]:
        return e[1] >= 0
    alone = len(e[0]) == 1 and e[0][0][1] == 1
    back = _negative(e)[0]
    counts = (e[0] in lags or back in lags) and dict(e[0]).get("T", 0) > 0
    counts |= e[0] in lags and back not in lags and "T" not in dict(e[0])
    return e[1] >= -1 and (alone or counts)


def _grows(e: Exponent) -> bool:
    """Whether an exponent grows with the run: T, or the step of what is differentiated, has + 1."""
    named = dict(e[0])
    if not all(abs(c) == 1 for c in named.values()):
        return False
    return named["T"] == 1 if "T" in named else sum(c > 0 for c in named.values()) == 1


def vanishes(magnitude: Magnitude, sizes: Sizes) -> bool:
    """Whether every term tends to 0 as its exponent grows: the bases' product is below 1."""
    for t in magnitude:
        groups: dict[tuple[tuple[str, int], ...], tuple[Fraction, bool]] = {}
        moving = [(base, e) for base, e in t.powers if e[0]]
        one = len({e[0] for _, e in moving}) == 1 and _grows(moving[0][1])
        if one and sizes.falls(frozenset(base for base, _ in moving)):
            continue
        for base, e in moving:
            limit = sizes.at_most(base)
            if limit is None or not _grows(e):
                return False
            value, strict = groups.get(e[0], (Fraction(1), False))
            groups[e[0]] = (value * limit[0], strict or limit[1])
        if not any(v < 1 or (v == 1 and s) for v, s in groups.values()):
            return False
        if any(v > 1 for v, _ in groups.values()):
            return False
    return True


def has_axes(side: Node, rec: Recurrence) -> bool:
    """Whether a side is a vector or a matrix."""
    try:
        return bool(shape_of(side, rec.shapes, rec.functions))
    except BpttError:
        return False


def side_by_side(side: Node, rec: Recurrence) -> bool:
    """Whether vectors stand side by side in it, which have no product but that of their entries."""
    for n in walk(side):
        if isinstance(n, Mul) and sum(has_axes(a, rec) for a in n.args) > 1:
            axes = [len(shape_of(a, rec.shapes, rec.functions)) for a in n.args if has_axes(a, rec)]
            return max(axes) == 1
    return False


def geometric(
    upper: Magnitude, sizes: Sizes | None = None
) -> Iterator[tuple[str, bool, tuple[Node, ...]]]:
    """Closed forms of the geometric sums in ``upper``: (x^n - 1)/(x - 1) and its like.

    Where ``sizes`` say that the ratio is below 1, also what the endless sum comes to.
    """
    if len(upper) != 1 or upper[0].coefficient != 1 or len(upper[0].powers) != 1:
        return
    (base, _), *_ = upper[0].powers
    if not (isinstance(base, tuple) and base[0] == "geo" and len(base[1]) == 1):
        return
    (ratio,) = base[1]
    if not isinstance(ratio, tuple):
        return
    size: Node = Abs(Sym(ratio[1])) if ratio[0] == "|" else Norm(Sym(ratio[1]))
    count = from_affine(dict(base[2][0]), base[2][1])
    one = num(1)
    power = Pow(size, count)
    limit = ratio_limit(base[1], sizes) if sizes is not None else None
    below = limit is not None and (limit[0] < 1 or (limit[0] == 1 and limit[1]))
    endless = (Div(one, Add((one, Neg(size)))),) if below else ()
    yield (
        ratio[1],
        True,
        (
            Div(Add((power, Neg(one))), Add((size, Neg(one)))),
            Div(Add((one, Neg(power))), Add((one, Neg(size)))),
            *endless,
        ),
    )


def exact(node: Node, rec: Recurrence) -> Magnitude:
    """A node that is a sum of products of sizes, as it stands; anything else is Unbounded."""
    values = values_in(node)
    for n in walk(node):
        fine = isinstance(n, (Num, Add, Mul, Div, Pow, Idx, Neg, Sum)) or (
            isinstance(n, (Abs, Norm)) and isinstance(n.arg, (Sym, At))
        )
        if not fine and not isinstance(n, Sym) and n not in values:
            raise Unbounded("the right side is not made of sizes of parameters")
    if any(isinstance(n, Neg) for n in _added_or_multiplied(node)):
        raise Unbounded("a difference on the right side")
    return Bounder(rec, atoms=names_of(values)).bound(node)


def values_in(node: Node) -> frozenset[At]:
    """The values of single steps of which ``node`` has the size."""
    return frozenset(
        n.arg for n in walk(node) if isinstance(n, (Abs, Norm)) and isinstance(n.arg, At)
    )


def names_of(values: Iterable[At]) -> frozenset[str]:
    """The sequences of these values."""
    return frozenset(v.name for v in values)


def _added_or_multiplied(node: Node) -> Iterator[Node]:
    """The nodes that are added or multiplied, not those within exponents."""
    stack = [node]
    while stack:
        n = stack.pop()
        yield n
        match n:
            case Add(args=args) | Mul(args=args):
                stack.extend(args)
            case Div(num=a, den=b):
                stack.extend((a, b))
            case Pow(base=b):
                stack.append(b)


def hypothesis(base: tuple[str, ...], value: Fraction, strict: bool) -> str:
    """``‖W‖ ≤ 1``, as it is said in notes."""
    sign = "<" if strict else "≤"
    kind = _SUBSCRIPTS[base[2]] if len(base) > 2 else ""
    return f"{base[0]}{base[1]}{base[0]}{kind} {sign} {value}"


#: Marks of norms in hypotheses; that of the spectral norm is left out.
_SUBSCRIPTS = {"2": "", "F": "_F", "1": "₁", "inf": "_∞"}
