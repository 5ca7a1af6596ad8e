"""Time indices, exponents and the bounds of sums and products."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from bptt_sym.errors import BesideError, LimitExceeded, ReadError, Span, UnboundName
from bptt_sym.notation import Idx, Node, Num, affine, from_affine, index, num
from bptt_sym.read import limits
from bptt_sym.read.grammar import parse
from bptt_sym.read.surface import Expr, Frac, Group, Number, Script, Word
from bptt_sym.read.tokens import Token
from bptt_sym.read.vocabulary import INDEX_LETTERS, Vocabulary
from bptt_sym.recurrence import HORIZON

Form = tuple[dict[str, int], int]
#: What is known of each index: its least and its greatest value.
Ranges = Mapping[str, tuple[Node, Node]]


def index_of(script: Script, vocabulary: Vocabulary, ranges: Ranges) -> Node | None:
    """The canonical index that the script is, or ``None`` if it is none."""
    tokens = script.tokens
    if len(tokens) == 1:  # the usual case, without the parser
        t = tokens[0]
        if t.kind == "word":
            name = HORIZON if t.text == r"\top" else t.text
            return Idx(name, span=t.span) if _may_be_index(name, vocabulary, ranges) else None
        if t.kind == "num" and t.text.isdigit():
            return num(_bounded(int(t.text), t.span))
        return None
    if any(t.kind not in ("word", "num", "op", "open", "close", "{", "}", "frac") for t in tokens):
        return None
    try:
        tree = parse(tokens, script.span.end)
    except ReadError:
        return None
    form = _form(tree, vocabulary, ranges)
    if form is None:
        return None
    node = from_affine(*form)
    _bounded(form[1], script.span)
    return node


def _may_be_index(name: str, vocabulary: Vocabulary, ranges: Ranges) -> bool:
    return name in INDEX_LETTERS or name in ranges or vocabulary.is_index(name)


def _bounded(value: int, span: Span) -> int:
    if abs(value) > limits.MAX_INDEX:
        raise LimitExceeded(
            f"an index beyond {limits.MAX_INDEX}", span=span, token=str(value)[:20]
        )
    return value


def _form(expr: Expr, vocabulary: Vocabulary, ranges: Ranges) -> Form | None:
    """The affine form of a surface expression of indices."""
    coeffs: dict[str, int] = {}
    const = 0
    for negative, term in expr.terms:
        sign = -1 if negative else 1
        acc: Form = ({}, sign)
        for op, factor in term.factors:
            if op not in ("", r"\cdot", r"\times", "*"):
                return None
            if isinstance(factor, Number):
                if not factor.text.isdigit():
                    return None
                part: Form | None = ({}, int(factor.text))
            elif isinstance(factor, Word):
                name = HORIZON if factor.name == r"\top" else factor.name
                if not _may_be_index(name, vocabulary, ranges):
                    return None
                part = ({name: 1}, 0)
            elif isinstance(factor, Group) and factor.bracket in "({" and len(factor.items) == 1:
                part = _form(factor.items[0], vocabulary, ranges)
            else:
                return None
            if part is None or (acc[0] and part[0]):
                return None
            if acc[0]:
                acc, part = part, acc
            k = acc[1]
            acc = ({n: c * k for n, c in part[0].items()}, part[1] * k)
        for n, c in acc[0].items():
            coeffs[n] = coeffs.get(n, 0) + c
        const += acc[1]
    return {n: c for n, c in coeffs.items() if c}, const


def difference(high: Node, low: Node) -> Form | None:
    """``high - low`` as an affine form."""
    a, b = affine(high), affine(low)
    if a is None or b is None:
        return None
    coeffs = dict(a[0])
    for n, c in b[0].items():
        coeffs[n] = coeffs.get(n, 0) - c
    return {n: c for n, c in coeffs.items() if c}, a[1] - b[1]


def at_most(form: Form, bound: int, ranges: Ranges) -> bool:
    """Whether the form is provably at most ``bound`` within the known ranges.

    Every index is at least 1 and at most T unless ``ranges`` says more; each is replaced in turn by
    its own extreme value, so the answer "no" may also mean "not seen".
    """
    coeffs, const = dict(form[0]), form[1]
    for _ in range(8):
        if not coeffs:
            return const <= bound
        # Innermost variables first: those whose range mentions others.
        name = next((n for n in reversed(list(ranges)) if n in coeffs), None)
        if name is not None:
            lo, hi = ranges[name]
            extreme = affine(hi if coeffs[name] > 0 else lo)
        else:
            name = next((n for n in coeffs if n != HORIZON), HORIZON)
            if coeffs[name] < 0:
                extreme = ({}, 1)
            elif name != HORIZON:
                extreme = ({HORIZON: 1}, 0)
            else:
                return False
        if extreme is None:
            return False
        c = coeffs.pop(name)
        for n, k in extreme[0].items():
            coeffs[n] = coeffs.get(n, 0) + c * k
            if not coeffs[n]:
                del coeffs[n]
        const += c * extreme[1]
    return False


def _last(tokens: list[Token], variable: str) -> list[Token]:
    """``T`` of an upper bound that repeats the variable: ``k=T``."""
    repeats = len(tokens) > 2 and tokens[0].text == variable and tokens[1].text == "="
    return tokens[2:] if repeats else tokens


def bounds(
    sub: Script | None,
    sup: Script | None,
    span: Span,
    vocabulary: Vocabulary,
    ranges: Ranges,
) -> tuple[str, Node, Node, bool | None]:
    r"""``(variable, lowest, highest, descending)`` of a big operator.

    Read are ``_{k=1}^{T}``, ``_{k=1}^{k=T}``, ``_{k=T}^{1}`` (descending), ``_{t}``
    (1 to T), ``_{k \le t}``, ``_{1 \le k < t}``, ``_{t \ge j > k}`` (descending) and ``_{j=t:k}``.
    """
    if sub is None:
        raise ReadError("a big operator without its index", span=span, token="",
                        hint=r"write \sum_{t=1}^{T}")  # fmt: skip
    sides, ops = _split(sub.tokens)
    first = sides[0]

    def read(tokens: list[Token], last: bool = False) -> Node:
        where = Span(tokens[0].start, tokens[-1].end) if tokens else sub.span
        found = index_of(Script(tokens, where), vocabulary, ranges) if tokens else None
        if found is None and last and len(tokens) == 1 and tokens[0].kind == "word":
            # How many units, examples or classes there are is said by no equation.
            counts = BesideError if vocabulary.open else UnboundName
            raise counts(f"nothing says what {tokens[0].text} counts", span=where,
                         token=tokens[0].text)  # fmt: skip
        if found is None:
            raise ReadError("this bound is not an index", span=where, token=sub.text,
                            hint="write an expression such as k+1")  # fmt: skip
        return found

    def variable(tokens: list[Token]) -> str:
        if len(tokens) != 1 or tokens[0].kind != "word":
            raise ReadError("the index of a big operator must be one name", span=sub.span,
                            token=sub.text, hint=r"write \sum_{t=1}^{T}")  # fmt: skip
        return tokens[0].text

    if not ops:
        return variable(first), num(1), read(sup.tokens, last=True) if sup else Idx(HORIZON), None
    if ops == ["="]:
        var = variable(first)
        colon = [j for j, t in enumerate(sides[1]) if t.kind == "sep" and t.text == ":"]
        if sup is None and len(colon) == 1:
            low, high = read(sides[1][: colon[0]]), read(sides[1][colon[0] + 1 :])
        elif sup is None:
            low, high = read(sides[1]), Idx(HORIZON)
        else:
            low, high = read(sides[1]), read(_last(sup.tokens, var), last=True)
        gap = difference(high, low)
        if gap is not None and gap[0] and at_most(gap, 1, ranges) and not _rises(low, high):
            return var, high, low, True
        return var, low, high, None
    if sup is not None:
        raise ReadError("both a range below and a bound above", span=span, token=sub.text)
    up = [op in ("<", "<=") for op in ops]
    if any(op not in ("<", "<=", ">", ">=") for op in ops) or len(set(up)) != 1 or len(ops) > 2:
        raise ReadError("this range is not understood", span=sub.span, token=sub.text,
                        hint=r"write k=1 below and T above")  # fmt: skip
    strict = [op in "<>" for op in ops]
    if len(ops) == 2:
        var, left, right = variable(sides[1]), read(sides[0]), read(sides[2])
        if up[0]:
            return var, _moved(left, strict[0]), _moved(right, -strict[1]), None
        return var, _moved(right, strict[1]), _moved(left, -strict[0]), True
    if len(first) == 1 and first[0].kind == "word" and not vocabulary.is_index(first[0].text):
        var, limit, below = first[0].text, read(sides[1]), up[0]
    else:
        var, limit, below = variable(sides[1]), read(sides[0]), not up[0]
    if below:
        return var, num(1), _moved(limit, -strict[0]), None
    return var, _moved(limit, strict[0]), Idx(HORIZON), None


def _rises(low: Node, high: Node) -> bool:
    """``_{j=k+1}^{3}``: from the step after another one to a step with a number."""
    start, end = affine(low), affine(high)
    if start is None or end is None:
        return False
    return bool(start[0]) and start[1] > 0 and not end[0] and end[1] > 1


def _moved(node: Node, by: int) -> Node:
    form = affine(node)
    assert form is not None
    return from_affine(form[0], form[1] + by)


def _split(tokens: list[Token]) -> tuple[list[list[Token]], list[str]]:
    sides: list[list[Token]] = [[]]
    ops: list[str] = []
    for t in tokens:
        if t.kind == "rel":
            ops.append(t.text)
            sides.append([])
        else:
            sides[-1].append(t)
    return sides, ops


def number(text: str) -> Num:
    """The exact value of a decimal numeral."""
    return Num(Fraction(text))


__all__ = ["Frac", "UnboundName", "at_most", "bounds", "difference", "index", "index_of", "number"]
