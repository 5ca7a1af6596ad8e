r"""Dots: ``a_1 + a_2 + \dots + a_T`` as a sum, ``a_T a_{T-1} \cdots a_1`` as a product.

The visible terms are compared with the last one. Every integer position in which they differ (a
time, an exponent, a bound) must move by the same number of steps; that number and the step of each
position are solved for, and a pattern is accepted only if the general term so found gives back every
visible leading term and the last term. Products inside a term are compared as runs of factors:
``(1-h_T^2)(1-h_{T-1}^2)`` is ``\prod_{j=T-1}^{T}`` when the last term has a product there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from bptt_sym.errors import ReadError, Span
from bptt_sym.notation import (
    Add,
    At,
    D,
    Had,
    Idx,
    Mul,
    Node,
    Num,
    Pow,
    Prod,
    Sum,
    affine,
    children,
    free_indices,
    fresh,
    from_affine,
    num,
    rebuild,
    substitute_index,
)

Form = tuple[dict[str, int], int]


@dataclass(frozen=True)
class Ellipsis:
    """Dots among the terms of a sum."""

    span: Span


def expand_sum(parts: Sequence[Node | Ellipsis], span: Span) -> Node:
    """A sum with dots as :class:`Sum` plus the terms that do not belong to it."""
    terms = list(parts)
    while True:
        at = next((j for j, p in enumerate(terms) if isinstance(p, Ellipsis)), None)
        if at is None:
            nodes = [p for p in terms if isinstance(p, Node)]
            return nodes[0] if len(nodes) == 1 else Add(tuple(nodes), span=span)
        dots = terms[at]
        assert isinstance(dots, Ellipsis)
        leads: list[Node] = []
        for p in reversed(terms[:at]):
            if isinstance(p, Ellipsis):
                break
            leads.insert(0, p)
        last = terms[at + 1] if at + 1 < len(terms) else None
        if not leads or not isinstance(last, Node):
            raise _not_recognised(dots.span)
        for count in range(len(leads), 0, -1):
            found = _series(leads[len(leads) - count :], last)
            if found is not None:
                nodes = list(found.as_sum(dots.span))
                terms[at - count : at + 2] = nodes
                break
        else:
            raise _not_recognised(dots.span)


def expand_product(
    before: Sequence[Node], after: Sequence[Node], span: Span, elementwise: bool
) -> tuple[int, Node, int]:
    r"""The run of factors around ``\cdots``.

    Returns the number of factors before the run, the run as a :class:`Prod`, and how many of the
    factors after the dots belong to it.
    """
    make: Callable[[tuple[Node, ...]], Node] = Had if elementwise else Mul
    for period in range(1, min(len(before), len(after), 4) + 1):
        last = _joined(after[:period], make)
        for count in range(len(before) // period, 0, -1):
            start = len(before) - count * period
            leads = [
                _joined(before[start + k * period : start + (k + 1) * period], make)
                for k in range(count)
            ]
            found = _series(leads, last)
            if found is not None and found.steps_of_one and found.same_kind:
                return start, found.as_product(span), period
    raise _not_recognised(span)


def _joined(nodes: Sequence[Node], make: Callable[[tuple[Node, ...]], Node]) -> Node:
    return nodes[0] if len(nodes) == 1 else make(tuple(nodes))


def _not_recognised(span: Span) -> ReadError:
    return ReadError(
        "the pattern of the dots was not recognised", span=span, token=r"\dots",
        hint="write two leading terms and the last one so that one formula gives them all, "
        r"or write \sum or \prod with its bounds",
    )  # fmt: skip


# -- index positions

Value = Form | None


@dataclass
class _Instance:
    """The integer positions of the last term, as some other term fills them.

    ``None`` is a position that this term leaves open: a bound of an empty product.
    """

    values: list[Value]
    #: Pairs of positions (lowest, highest) of products that are empty in this term.
    empty: list[tuple[int, int]]


@dataclass(frozen=True)
class _Series:
    """``template`` in the variable ``var``: the leading terms are its values from ``first`` on."""

    template: Node
    last_term: Node
    var: str
    first: Node
    last: Node
    step: int
    same_kind: bool
    steps_of_one: bool

    def as_sum(self, span: Span) -> Iterator[Node]:
        if self.same_kind:
            lo, hi = (self.first, self.last) if self.step > 0 else (self.last, self.first)
            yield Sum(self.var, lo, hi, self.template, span=span)
            return
        # The last term is of another kind of derivative: it is kept as it was written.
        before = _plus(self.last, -self.step)
        lo, hi = (self.first, before) if self.step > 0 else (before, self.first)
        yield Sum(self.var, lo, hi, self.template, span=span)
        yield self.last_term

    def as_product(self, span: Span) -> Node:
        if self.step > 0:
            return Prod(self.var, self.first, self.last, self.template, False, span=span)
        return Prod(self.var, self.last, self.first, self.template, True, span=span)


def _plus(node: Node, k: int) -> Node:
    form = affine(node)
    assert form is not None
    return from_affine(form[0], form[1] + k)


def _series(leads: list[Node], last: Node) -> _Series | None:
    """The general term of ``leads[0], leads[1], …, last``, or ``None``."""
    slots = _slots(last)
    if slots is None:
        return None
    final: list[Form] = [f for f, _ in slots]
    instances = []
    for lead in leads:
        found = _match(last, lead, len(slots))
        if found is None:
            return None
        instances.append(found)
    steps, count = _solve(instances, final)
    if count is None:
        return None
    # first values: final - steps * count
    first = [_add(f, _times(count, -s)) for f, s in zip(final, steps, strict=True)]
    for k, inst in enumerate(instances):
        for j, value in enumerate(inst.values):
            if value is not None and value != _add(first[j], ({}, steps[j] * k)):
                return None
        for lo, hi in inst.empty:
            low = _add(first[lo], ({}, steps[lo] * k))
            high = _add(first[hi], ({}, steps[hi] * k))
            if _add(low, _times(high, -1)) != ({}, 1):
                return None
    primary = _primary(steps, [is_time for _, is_time in slots])
    if primary is None:
        return None
    var = fresh("j", _names(last, leads))
    d = steps[primary]
    forms: list[Form] = []
    for j in range(len(slots)):
        if steps[j] % d and steps[j]:
            return None
        ratio = steps[j] // d
        rest = _add(final[j], _times(final[primary], -ratio))
        forms.append(_add(rest, ({var: ratio}, 0)) if ratio else final[j])
    template = _filled(last, forms)
    same = all(_kinds(lead) == _kinds(last) for lead in leads)
    if not same:
        template = _with_kinds(template, leads)
        if template is None:
            return None
    return _Series(
        template=template,
        last_term=last,
        var=var,
        first=from_affine(*first[primary]),
        last=from_affine(*final[primary]),
        step=d,
        same_kind=same,
        steps_of_one=abs(d) == 1,
    )


def _names(last: Node, leads: list[Node]) -> frozenset[str]:
    """Every integer variable in the terms, bound ones too."""
    out: set[str] = set()
    stack = [last, *leads]
    while stack:
        n = stack.pop()
        if isinstance(n, Idx):
            out.add(n.name)
        elif isinstance(n, (Sum, Prod)):
            out.add(n.var)
        stack.extend(children(n))
    return frozenset(out)


def _solve(instances: list[_Instance], final: list[Form]) -> tuple[list[int], Form | None]:
    """``(step of each position, number of steps from the first term to the last)``."""
    size = len(final)
    steps: list[int | None] = [None] * size
    for j in range(size):
        known = [(k, v) for k, inst in enumerate(instances) if (v := inst.values[j]) is not None]
        if len(known) >= 2:
            (k0, v0), (k1, v1) = known[0], known[1]
            gap = _add(v1, _times(v0, -1))
            if gap[0] or gap[1] % (k1 - k0):
                return [], None
            steps[j] = gap[1] // (k1 - k0)
    count: Form | None = None
    for j in range(size):
        s = steps[j]
        if s:
            k, v = next((k, v) for k, i in enumerate(instances) if (v := i.values[j]) is not None)
            total = _add(final[j], _times(v, -1))
            divided = _divided(total, s)
            if divided is None:
                return [], None
            count = _add(divided, ({}, k))
            break
    if count is None:
        # One visible term: each moving position makes one step at a time, in the direction in
        # which the number of steps is positive.
        for j in range(size):
            v0 = instances[0].values[j]
            if steps[j] is None and v0 is not None and v0 != final[j]:
                total = _add(final[j], _times(v0, -1))
                count = total if _looks_positive(total) else _times(total, -1)
                break
    if count is None:
        return [], None
    out: list[int] = []
    for j in range(size):
        s = steps[j]
        if s is None:
            s = 0
            for k, inst in enumerate(instances):
                v = inst.values[j]
                if v is None:
                    continue
                total = _add(final[j], _times(v, -1))
                left = _add(count, ({}, -k))
                ratio = _ratio(total, left)
                if ratio is None:
                    return [], None
                s = ratio
                break
        out.append(s)
    return out, count


def _looks_positive(form: Form) -> bool:
    """Whether a number of steps is positive when later letters of the usage come later in time."""
    order = {"T": 10_000, "N": 9_000, "n": 5_000, r"\tau": 4_000, "t": 1_000, "k": 500, "j": 200,
             "i": 150, "s": 100, "l": 60, "r": 50, "p": 30, "q": 30, "m": 20}  # fmt: skip
    return sum(c * order.get(name, 40) for name, c in form[0].items()) + form[1] > 0


def _primary(steps: list[int], is_time: list[bool]) -> int | None:
    """The position whose value names the terms: a time that moves by one, if there is one."""
    moving = [j for j, s in enumerate(steps) if s]
    for good in (
        lambda j: is_time[j] and abs(steps[j]) == 1,
        lambda j: abs(steps[j]) == 1,
        lambda j: True,
    ):
        for j in moving:
            if good(j):
                return j
    return None


def _add(a: Form, b: Form) -> Form:
    coeffs = dict(a[0])
    for n, c in b[0].items():
        coeffs[n] = coeffs.get(n, 0) + c
    return {n: c for n, c in coeffs.items() if c}, a[1] + b[1]


def _times(a: Form, k: int) -> Form:
    return {n: c * k for n, c in a[0].items() if k}, a[1] * k


def _divided(a: Form, k: int) -> Form | None:
    if a[1] % k or any(c % k for c in a[0].values()):
        return None
    return {n: c // k for n, c in a[0].items()}, a[1] // k


def _ratio(a: Form, b: Form) -> int | None:
    """The integer r with ``a == r*b``."""
    if a == ({}, 0):
        return 0
    for name, c in b[0].items():
        top = a[0].get(name, 0)
        if top % c:
            return None
        return top // c if _times(b, top // c) == a else None
    if a[0] or not b[1] or a[1] % b[1]:
        return None
    return a[1] // b[1]


# -- walking a term by its positions


def _movable(form: Form, bound: frozenset[str]) -> bool:
    """Whether an index may differ from term to term.

    What a sum or product inside the term binds may not, nor the plain numbers in its body.
    """
    return not set(form[0]) & bound and not (bound and not form[0])


def _slots(node: Node) -> list[tuple[Form, bool]] | None:
    """The integer positions of a term in a fixed order, and whether each is a time."""
    out: list[tuple[Form, bool]] = []

    def visit(n: Node, bound: frozenset[str]) -> bool:
        if isinstance(n, At):
            form = affine(n.time)
            if form is None:
                return False
            if _movable(form, bound):
                out.append((form, True))
            return True
        if isinstance(n, Pow):
            form = affine(n.exp)
            if not visit(n.base, bound):
                return False
            if form is None:
                return visit(n.exp, bound)
            if _movable(form, bound):
                out.append((form, False))
            return True
        if isinstance(n, (Sum, Prod)):
            for end in (n.lo, n.hi):
                form = affine(end)
                if form is None or set(form[0]) & bound:
                    return False
                out.append((form, False))
            return visit(n.body, bound | {n.var})
        if isinstance(n, (Idx, Num)):
            # A bare index or number is a position as well: 1·a_1 + 2·a_2 + …
            form = affine(n)
            if form is not None and _movable(form, bound):
                out.append((form, False))
            return True
        return all(visit(c, bound) for c in children(n))

    return out if visit(node, frozenset()) else None


def _filled(node: Node, forms: list[Form]) -> Node:
    """``node`` with the values of its positions replaced, in the order of :func:`_slots`."""
    queue = iter(forms)

    def fill(n: Node, bound: frozenset[str]) -> Node:
        if isinstance(n, At):
            form = affine(n.time)
            assert form is not None
            if not _movable(form, bound):
                return n
            return replace(n, time=from_affine(*next(queue)))
        if isinstance(n, Pow):
            form = affine(n.exp)
            base = fill(n.base, bound)
            if form is None:
                return replace(n, base=base, exp=fill(n.exp, bound))
            if not _movable(form, bound):
                return replace(n, base=base)
            return replace(n, base=base, exp=from_affine(*next(queue)))
        if isinstance(n, (Sum, Prod)):
            lo, hi = from_affine(*next(queue)), from_affine(*next(queue))
            return replace(n, lo=lo, hi=hi, body=fill(n.body, bound | {n.var}))
        if isinstance(n, (Idx, Num)):
            form = affine(n)
            return from_affine(*next(queue)) if form and _movable(form, bound) else n
        return rebuild(n, lambda c: fill(c, bound))

    return fill(node, frozenset())


class _NoMatch(Exception):
    pass


def _match(pattern: Node, term: Node, size: int) -> _Instance | None:
    """How ``term`` fills the positions of ``pattern``."""
    matcher = _Matcher()
    try:
        matcher.product(pattern, term)
    except _NoMatch:
        return None
    if len(matcher.values) != size:
        return None
    return _Instance(matcher.values, matcher.empty)


class _Matcher:
    def __init__(self) -> None:
        self.values: list[Value] = []
        self.empty: list[tuple[int, int]] = []

    def product(self, pattern: Node, term: Node) -> None:
        """Factor by factor; absent powers are powers 0, runs of factors are products."""
        left, right = _factors(pattern), _factors(term)
        if not any(isinstance(p, (Prod, Pow)) for p in left):
            self.zipped(left, right, pattern, term)
            return
        k = 0
        for n, p in enumerate(left):
            rest = len([q for q in left[n + 1 :] if not isinstance(q, (Prod, Pow))])
            if isinstance(p, Prod):
                k = self.run(p, right, k, rest)
            elif isinstance(p, Pow) and affine(p.exp) is not None:
                k = self.power(p, right, k)
            else:
                if k >= len(right):
                    raise _NoMatch
                self.one(p, right[k], frozenset())
                k += 1
        if k != len(right):
            raise _NoMatch

    def zipped(self, left: list[Node], right: list[Node], pattern: Node, term: Node) -> None:
        if len(left) != len(right):
            raise _NoMatch
        if len(left) > 1 and type(pattern) is not type(term):
            raise _NoMatch
        for p, q in zip(left, right, strict=True):
            self.one(p, q, frozenset())

    def power(self, p: Pow, right: list[Node], k: int) -> int:
        mark = len(self.values)
        if k < len(right):
            q = right[k]
            try:
                if isinstance(q, Pow) and affine(q.exp) is not None:
                    self.one(p.base, q.base, frozenset())
                    self.value(q.exp)
                    return k + 1
                self.one(p.base, q, frozenset())
                self.values.append(({}, 1))
                return k + 1
            except _NoMatch:
                del self.values[mark:]
        # The factor is absent: power 0 of a base without positions of its own.
        if _slots(p.base):
            raise _NoMatch
        self.values.append(({}, 0))
        return k

    def run(self, p: Prod, right: list[Node], k: int, rest: int) -> int:
        """A product against the longest run of factors that are its values in turn."""
        own = _slots(p)
        if own is None:
            raise _NoMatch
        here = len(self.values)
        if k < len(right) and isinstance(right[k], Prod):
            self.one(p, right[k], frozenset())
            return k + 1
        width = len(_factors(p.body))
        seen: list[Form] = []
        extra: list[Value] = []
        while k + width <= len(right) - rest:
            found = _values_of_body(p, right[k : k + width])
            if found is None:
                break
            value, others = found
            if seen:
                gap = _add(value, _times(seen[-1], -1))
                want = -1 if p.descending else 1 if p.descending is False else None
                if gap[0] or abs(gap[1]) != 1 or (want is not None and gap[1] != want):
                    break
                if len(seen) > 1 and gap != _add(seen[-1], _times(seen[-2], -1)):
                    break
                if others != extra:
                    break
            seen.append(value)
            extra = others
            k += width
        if not seen:
            self.values += [None] * len(own)
            self.empty.append((here, here + 1))
            return k
        low, high = seen[0], seen[-1]
        if (len(seen) > 1 and _add(high, _times(low, -1))[1] < 0) or (
            len(seen) == 1 and p.descending
        ):
            low, high = high, low
        self.values += [low, high, *extra]
        return k

    def value(self, node: Node) -> None:
        form = affine(node)
        if form is None:
            raise _NoMatch
        self.values.append(form)

    def position(self, p: Node, q: Node, bound: frozenset[str]) -> None:
        form = affine(p)
        if form is None:
            self.one(p, q, bound)
        elif _movable(form, bound):
            self.value(q)
        elif affine(q) != form:
            raise _NoMatch

    def one(self, p: Node, q: Node, bound: frozenset[str]) -> None:
        """Same shape, positions apart; the kinds of derivatives may differ."""
        if isinstance(p, (Num, Idx)):
            form = affine(p)
            if form is not None and _movable(form, bound):
                self.value(q)
            elif p != q:
                raise _NoMatch
            return
        if type(p) is not type(q):
            raise _NoMatch
        if isinstance(p, At) and isinstance(q, At):
            if p.name != q.name:
                raise _NoMatch
            self.position(p.time, q.time, bound)
            return
        if isinstance(p, Pow) and isinstance(q, Pow):
            self.one(p.base, q.base, bound)
            self.position(p.exp, q.exp, bound)
            return
        if isinstance(p, (Sum, Prod)) and isinstance(q, (Sum, Prod)):
            self.value(q.lo)
            self.value(q.hi)
            body = substitute_index(q.body, q.var, Idx(p.var)) if q.var != p.var else q.body
            self.one(p.body, body, bound | {p.var})
            return
        if _label(p) != _label(q):
            raise _NoMatch
        below, other = children(p), children(q)
        if len(below) != len(other):
            raise _NoMatch
        for a, b in zip(below, other, strict=True):
            self.one(a, b, bound)


def _label(node: Node) -> tuple[object, ...]:
    """What of a node is neither a child nor an integer position."""
    skip = ("kind",) if isinstance(node, D) else ()
    return (type(node),) + tuple(
        v
        for n in node.__dataclass_fields__
        if n != "span" and n not in skip
        and not isinstance(v := getattr(node, n), (Node, tuple))
    )  # fmt: skip


def _values_of_body(p: Prod, factors: list[Node]) -> tuple[Form, list[Value]] | None:
    """``(value of the index, the other positions)`` if the factors are a value of the body."""
    body = p.body
    matcher = _Matcher()
    parts = _factors(body)
    if len(parts) != len(factors):
        return None
    slots: list[tuple[Form, bool]] = []
    try:
        for a, b in zip(parts, factors, strict=True):
            own = _slots(a)
            if own is None:
                return None
            slots += own
            matcher.one(a, b, frozenset())
    except _NoMatch:
        return None
    value: Form | None = None
    for (form, _), v in zip(slots, matcher.values, strict=True):
        c = form[0].get(p.var, 0)
        if not c:
            continue
        if v is None:
            return None
        rest = ({n: k for n, k in form[0].items() if n != p.var}, form[1])
        here = _divided(_add(v, _times(rest, -1)), c)
        if here is None or (value is not None and here != value):
            return None
        value = here
    if value is None:
        return None
    mine = [v for (form, _), v in zip(slots, matcher.values, strict=True) if not form[0]]
    if mine != [form for form, _ in slots if not form[0]]:
        return None
    return value, [
        v for (form, _), v in zip(slots, matcher.values, strict=True)
        if form[0] and p.var not in form[0]
    ]  # fmt: skip


def _factors(node: Node) -> list[Node]:
    if isinstance(node, (Mul, Had)):
        out: list[Node] = []
        for a in node.args:
            out += _factors(a) if type(a) is type(node) else [a]
        return out
    return [node]


def _kinds(node: Node) -> list[str]:
    stack, out = [node], []
    while stack:
        n = stack.pop()
        if isinstance(n, D):
            out.append(n.kind)
        stack.extend(reversed(children(n)))
    return sorted(set(out))


def _with_kinds(template: Node, leads: list[Node]) -> Node | None:
    """The template with the kind of derivative that the leading terms have at its end."""
    ends = {d.kind for lead in leads for d in _factors(lead)[-1:] if isinstance(d, D)}
    if len(ends) != 1:
        return None
    (kind,) = ends
    factors = _factors(template)
    end = factors[-1]
    if not isinstance(end, D):
        return None
    changed = replace(end, kind=kind)
    if len(factors) == 1:
        return changed
    return Mul((*factors[:-1], changed))


__all__ = ["Ellipsis", "Fraction", "expand_product", "expand_sum", "free_indices", "num"]
