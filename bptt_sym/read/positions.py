"""The integer positions of a term: times, exponents, bounds; and how another term fills them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bptt_sym.notation import (
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
    from_affine,
    rebuild,
    substitute_index,
)

Form = tuple[dict[str, int], int]
Value = Form | None


@dataclass
class Instance:
    """The integer positions of the last term, as some other term fills them.

    ``None`` is a position that this term leaves open: a bound of an empty product.
    """

    values: list[Value]
    #: Pairs of positions (lowest, highest) of products that are empty in this term.
    empty: list[tuple[int, int]]


def _movable(form: Form, bound: frozenset[str]) -> bool:
    """Whether an index may differ from term to term.

    What a sum or product inside the term binds may not, nor the plain numbers in its body.
    """
    return not set(form[0]) & bound and not (bound and not form[0])


def slots_of(node: Node) -> list[tuple[Form, bool]] | None:
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


def filled(node: Node, forms: list[Form]) -> Node:
    """``node`` with the values of its positions replaced, in the order of :func:`slots_of`."""
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


def match(pattern: Node, term: Node, size: int) -> Instance | None:
    """How ``term`` fills the positions of ``pattern``."""
    matcher = _Matcher()
    try:
        matcher.product(pattern, term)
    except _NoMatch:
        return None
    if len(matcher.values) != size:
        return None
    return Instance(matcher.values, matcher.empty)


class _Matcher:
    def __init__(self) -> None:
        self.values: list[Value] = []
        self.empty: list[tuple[int, int]] = []

    def product(self, pattern: Node, term: Node) -> None:
        """Factor by factor; absent powers are powers 0, runs of factors are products."""
        left, right = factors_of(pattern), factors_of(term)
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
        if slots_of(p.base):
            raise _NoMatch
        self.values.append(({}, 0))
        return k

    def run(self, p: Prod, right: list[Node], k: int, rest: int) -> int:
        """A product against the longest run of factors that are its values in turn."""
        own = slots_of(p)
        if own is None:
            raise _NoMatch
        here = len(self.values)
        if k < len(right) and isinstance(right[k], Prod):
            self.one(p, right[k], frozenset())
            return k + 1
        width = len(factors_of(p.body))
        seen: list[Form] = []
        extra: list[Value] = []
        while k + width <= len(right) - rest:
            found = _values_of_body(p, right[k : k + width])
            if found is None:
                break
            value, others = found
            if seen:
                gap = plus(value, times(seen[-1], -1))
                want = -1 if p.descending else 1 if p.descending is False else None
                if gap[0] or abs(gap[1]) != 1 or (want is not None and gap[1] != want):
                    break
                if len(seen) > 1 and gap != plus(seen[-1], times(seen[-2], -1)):
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
        if (len(seen) > 1 and plus(high, times(low, -1))[1] < 0) or (
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
    parts = factors_of(body)
    if len(parts) != len(factors):
        return None
    slots: list[tuple[Form, bool]] = []
    try:
        for a, b in zip(parts, factors, strict=True):
            own = slots_of(a)
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
        here = divided(plus(v, times(rest, -1)), c)
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


def factors_of(node: Node) -> list[Node]:
    if isinstance(node, (Mul, Had)):
        out: list[Node] = []
        for a in node.args:
            out += factors_of(a) if type(a) is type(node) else [a]
        return out
    return [node]


def plus(a: Form, b: Form) -> Form:
    coeffs = dict(a[0])
    for n, c in b[0].items():
        coeffs[n] = coeffs.get(n, 0) + c
    return {n: c for n, c in coeffs.items() if c}, a[1] + b[1]


def times(a: Form, k: int) -> Form:
    return {n: c * k for n, c in a[0].items() if k}, a[1] * k


def divided(a: Form, k: int) -> Form | None:
    if a[1] % k or any(c % k for c in a[0].values()):
        return None
    return {n: c // k for n, c in a[0].items()}, a[1] // k
