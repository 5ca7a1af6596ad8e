r"""Dots: ``a_1 + a_2 + \dots + a_T`` as a sum, ``a_T a_{T-1} \cdots a_1`` as a product.

The visible terms are compared with the last one. Every integer position in which they differ (a
time, an exponent, a bound) must move by the same number of steps; that number and the step of each
position are solved for, and a pattern is accepted only if the general term so found gives back
every visible leading term and the last term. Products inside a term are compared as runs of
factors: ``(1-h_T^2)(1-h_{T-1}^2)`` is ``\prod_{j=T-1}^{T}`` when the last term has a product there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from bptt_sym.errors import LimitExceeded, ReadError, Span
from bptt_sym.notation import (
    Add,
    At,
    D,
    Had,
    Idx,
    Mul,
    Node,
    Prod,
    Sum,
    Sym,
    affine,
    children,
    free_indices,
    fresh,
    from_affine,
    num,
    substitute_index,
)
from bptt_sym.read import limits
from bptt_sym.read.open_ends import open_ended
from bptt_sym.read.positions import (
    Form,
    Instance,
    divided,
    factors_of,
    filled,
    match,
    plus,
    slots_of,
    times,
)


@dataclass(frozen=True)
class Gap:
    """Dots among the terms of a sum."""

    span: Span


def check_dots(count: int, span: Span) -> None:
    """Refuse more dots than anyone writes: each is a search through its neighbours."""
    if count > limits.MAX_DOTS:
        raise LimitExceeded(
            f"more than {limits.MAX_DOTS} dots in one sum or product", span=span, token=r"\dots"
        )


def expand_sum(parts: Sequence[Node | Gap], span: Span) -> Node:
    """A sum with dots as :class:`Sum` plus the terms that do not belong to it."""
    terms = list(parts)
    while True:
        at = next((j for j, p in enumerate(terms) if isinstance(p, Gap)), None)
        if at is None:
            nodes = [p for p in terms if isinstance(p, Node)]
            return nodes[0] if len(nodes) == 1 else Add(tuple(nodes), span=span)
        dots = terms[at]
        assert isinstance(dots, Gap)
        leads: list[Node] = []
        for p in reversed(terms[:at]):
            if isinstance(p, Gap):
                break
            leads.insert(0, p)
        between = _between(terms, at, leads)
        if between is not None:
            terms[at : at + 3] = [dots]  # the general term, which the run from end to end has too
        last = terms[at + 1] if at + 1 < len(terms) else None
        if leads and last is None and (goes_on := open_ended(leads, dots.span)) is not None:
            terms[at - goes_on[0] :] = [goes_on[1]]
            continue
        if not leads or not isinstance(last, Node):
            raise _not_recognised(dots.span)
        for count in range(len(leads), 0, -1):
            rest = leads[: len(leads) - count]
            found = _series(leads[len(leads) - count :], last)
            if found is not None and not (rest and _alike(rest[-1], last)):
                end = at + 2
                # a_T + a_{T-1} + … + a_2 + a_1: every term behind the dots belongs to the run.
                while end < len(terms) and isinstance(following := terms[end], Node):
                    longer = _series(leads[len(leads) - count :], following)
                    if longer is None or not longer.goes_on(found):
                        break
                    found, end = longer, end + 1
                terms[at - count : end] = list(found.as_sum(dots.span))
                break
        else:
            raise _not_recognised(dots.span)


def _between(terms: Sequence[Node | Gap], at: int, leads: Sequence[Node]) -> Node | None:
    r"""The term k of ``a_T + \dots + a_k + \dots + a_1``, where it is one of the run."""
    inner = terms[at + 1 : at + 4]
    if len(inner) < 3 or not leads or not isinstance(inner[1], Gap):
        return None
    middle, _, last = inner
    if not isinstance(middle, Node) or not isinstance(last, Node):
        return None
    found = _series(list(leads[-1:]), last)
    letters = free_indices(middle) - _names(last) - {n for lead in leads for n in _names(lead)}
    if found is None or not found.same_kind or len(letters) != 1:
        return None
    (k,) = letters
    # Where the run has its steps counted by another of its positions, k stands one off.
    for off in (0, 1, -1):
        general = substitute_index(found.template, found.var, moved(Idx(k), off))
        if _same(general, middle):
            return middle
    return None


def _same(a: Node, b: Node) -> bool:
    """Whether two terms are the same, however their integers are written."""
    slots = slots_of(a)
    instance = match(a, b, len(slots)) if slots is not None else None
    if slots is None or instance is None or instance.empty:
        return False
    return all(v is None or v == f for v, (f, _) in zip(instance.values, slots, strict=True))


def expand_product(
    before: Sequence[Node], after: Sequence[Node], span: Span, elementwise: bool
) -> tuple[int, Node, int]:
    r"""The run of factors around ``\cdots``.

    Returns the number of factors before the run, the run as a :class:`Prod`, and how many of the
    factors after the dots belong to it.
    """
    make: Callable[[tuple[Node, ...]], Node] = Had if elementwise else Mul
    if before and after and before[-1] == after[0] == num(1):
        # 1 · 1 ⋯ 1 is 1, however many there are.
        start = len(before)
        while start and before[start - 1] == num(1):
            start -= 1
        return start, num(1), 1
    if before and after and (missing := _left_out(before, after[0])):
        if _goes_on(before, after, len(missing) + 1):
            start, run, used = expand_product(before, after[1:], span, elementwise)
            return start, run, used + 1
        start, run, used = expand_product(before, (*missing, *after), span, elementwise)
        return start, run, used - len(missing)
    for period in range(1, min(len(before), len(after), 4) + 1):
        last = _joined(after[:period], make)
        for count in range(len(before) // period, 0, -1):
            start = len(before) - count * period
            leads = [
                _joined(before[start + k * period : start + (k + 1) * period], make)
                for k in range(count)
            ]
            found = _series(leads, last)
            if found is None or not found.same_kind:
                continue
            if count == 1 and not _is_a_chain(leads[0]):
                continue  # ∂s_t/∂z_t ⋯ ∂s_1/∂z_1: what leads from one to the next is left out
            if start >= period and _alike(_joined(before[start - period : start], make), last):
                break  # a factor of the same kind that the general factor does not give
            return start, found.as_product(span), period
    if before and after and (step := _step_before(before[-1], after[0])) is not None:
        start, run, _ = expand_product(before, (step, *after), span, elementwise)
        return start, run, 0
    raise _not_recognised(span)


def _left_out(before: Sequence[Node], first: Node) -> list[Node]:
    r"""The factors before ``first`` that the period of those before the dots has there.

    Behind ``\partial s_t/\partial z_t\, \partial z_t/\partial s_{t-1}\,
    \partial s_{t-1}/\partial z_{t-1} \cdots``, and before :math:`\partial s_k/\partial z_k`, it is
    :math:`\partial z_{k+1}/\partial s_k`.
    """
    match before[-1], first:
        case D(y=At(name=a, time=now), x=At(name=b)), D(
            y=At(name=c, time=then), x=At(name=d)
        ) if (a, b) == (c, d) and a != b:
            pass
        case _:
            return []
    for at in range(len(before) - 2, max(-1, len(before) - 5), -1):
        other = before[at]
        if isinstance(other, D) and _alike(other, first):
            found = [_at_other_step(f, now, then) for f in before[at + 1 : -1]]
            return [f for f in found if f is not None] if None not in found else []
    return []


def _goes_on(before: Sequence[Node], after: Sequence[Node], period: int) -> bool:
    """Whether a whole period more stands behind the first factor after the dots."""
    if len(after) <= period or not _alike(after[period], after[0]):
        return False
    match after[0], after[1]:
        case D(x=link), D(y=to) if link == to:
            between = _left_out(before, after[period])
            return len(between) == period - 1 and all(map(_same, between, after[1:period]))
    return False


def _at_other_step(node: Node, now: Node, then: Node) -> Node | None:
    """``node``, a derivative of one step by another, as far from ``then`` as it is from ``now``."""
    match node, affine(now), affine(then):
        case D(y=At(time=up) as y, x=At(time=down) as x), (_, _) as here, (_, _) as there:
            times_ = []
            for time in (up, down):
                form = affine(time)
                apart = plus(form, times(here, -1)) if form is not None else ({"": 1}, 0)
                if apart[0]:
                    return None
                times_.append(from_affine(*plus(there, apart)))
            return replace(node, y=replace(y, time=times_[0]), x=replace(x, time=times_[1]))
    return None


def _is_a_chain(block: Node) -> bool:
    """Whether the factors of ``block``, if derivatives by states, lead back to where they began."""
    factors = block.args if isinstance(block, (Mul, Had)) else (block,)
    match factors[0], factors[-1]:
        case D(y=At(name=a)), D(x=At(name=b)):
            return a == b or len(factors) > 1
    return True


def _step_before(lead: Node, last: Node) -> Node | None:
    r"""``\partial h_2/\partial h_1`` between ``\partial h_t/\partial h_{t-1}`` and
    ``\partial h_1/\partial W``: a chain of steps that ends in the derivative of its last state."""
    match lead, last:
        case D(y=At(name=a), x=At(name=b, time=to), kind=kind), D(y=At(name=c, time=at), x=Sym()):
            if a == b == c and affine(to) != affine(at):
                return D(At(c, moved(at, 1)), At(c, at), kind)
        case D(y=At(name=a, time=up), x=At(name=b)), D(y=At(name=of), x=At(name=c, time=at)):
            # ∂h_2/∂h_1 ⋯ ∂L_k/∂h_k: the last of the steps ends in the state of the loss.
            if a == b == c != of and affine(up) != affine(at):
                return D(At(c, at), At(c, moved(at, -1)), lead.kind)
    return None


def _alike(term: Node, last: Node) -> bool:
    """Whether ``term`` has the form of the last one, so that it must belong to the series."""
    slots = slots_of(last)
    return slots is not None and match(last, term, len(slots)) is not None


def _joined(nodes: Sequence[Node], make: Callable[[tuple[Node, ...]], Node]) -> Node:
    return nodes[0] if len(nodes) == 1 else make(tuple(nodes))


def _not_recognised(span: Span) -> ReadError:
    return ReadError(
        "the pattern of the dots was not recognised", span=span, token=r"\dots",
        hint="write two leading terms and the last one so that one formula gives them all, "
        r"or write \sum or \prod with its bounds",
    )  # fmt: skip


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

    def goes_on(self, other: _Series) -> bool:
        """Whether it has one term more than ``other`` at its end."""
        one_more = affine(moved(self.last, -self.step)) == affine(other.last)
        return self.same_kind and other.same_kind and self.step == other.step and one_more

    def as_sum(self, span: Span) -> Iterator[Node]:
        if self.same_kind:
            lo, hi = (self.first, self.last) if self.step > 0 else (self.last, self.first)
            yield Sum(self.var, lo, hi, self.template, span=span)
            return
        # The last term is of another kind of derivative: it is kept as it was written.
        before = moved(self.last, -self.step)
        lo, hi = (self.first, before) if self.step > 0 else (before, self.first)
        yield Sum(self.var, lo, hi, self.template, span=span)
        yield self.last_term

    def as_product(self, span: Span) -> Node:
        if self.step > 0:
            return Prod(self.var, self.first, self.last, self.template, False, span=span)
        return Prod(self.var, self.last, self.first, self.template, True, span=span)


def moved(node: Node, k: int) -> Node:
    form = affine(node)
    assert form is not None
    return from_affine(form[0], form[1] + k)


def _series(leads: list[Node], last: Node) -> _Series | None:
    """The general term of ``leads[0], leads[1], …, last``, or ``None``."""
    slots = slots_of(last)
    if slots is None:
        return None
    final: list[Form] = [f for f, _ in slots]
    instances = []
    for lead in leads:
        found = match(last, lead, len(slots))
        if found is None:
            return None
        instances.append(found)
    steps, count = _solve(instances, final)
    if count is None or (len(leads) == 1 and count == ({}, 1)):
        return None  # between a_1 and a_2 nothing is left out
    # first values: final - steps * count
    first = [plus(f, times(count, -s)) for f, s in zip(final, steps, strict=True)]
    for k, inst in enumerate(instances):
        for j, value in enumerate(inst.values):
            if value is not None and value != plus(first[j], ({}, steps[j] * k)):
                return None
        for lo, hi in inst.empty:
            low = plus(first[lo], ({}, steps[lo] * k))
            high = plus(first[hi], ({}, steps[hi] * k))
            if plus(low, times(high, -1)) != ({}, 1):
                return None
    primary = _primary(steps, [is_time for _, is_time in slots])
    if primary is None:
        return None
    var = fresh("j", _names(last))
    d = steps[primary]
    start, end = first[primary], final[primary]
    if abs(d) != 1:
        start, end, d = ({}, 0), count, 1  # the terms are numbered instead
    # Term k has the variable start + d*k, and the values first + steps*k.
    forms: list[Form] = []
    for origin, s in zip(first, steps, strict=True):
        moving = plus(({var: 1}, 0), times(start, -1))
        forms.append(plus(origin, times(moving, s * d)) if s else origin)
    template = filled(last, forms)
    same = all(_kinds(lead) == _kinds(last) for lead in leads)
    if not same:
        marked = _with_kinds(template, leads)
        if marked is None:
            return None
        template = marked
    return _Series(
        template=template,
        last_term=last,
        var=var,
        first=from_affine(*start),
        last=from_affine(*end),
        step=d,
        same_kind=same,
    )


def _names(term: Node) -> frozenset[str]:
    """Every integer variable in the term, bound ones too."""
    out: set[str] = set()
    stack = [term]
    while stack:
        n = stack.pop()
        if isinstance(n, Idx):
            out.add(n.name)
        elif isinstance(n, (Sum, Prod)):
            out.add(n.var)
        stack.extend(children(n))
    return frozenset(out)


def _solve(instances: list[Instance], final: list[Form]) -> tuple[list[int], Form | None]:
    """``(step of each position, number of steps from the first term to the last)``."""
    size = len(final)
    steps: list[int | None] = [None] * size
    for j in range(size):
        known = [(k, v) for k, inst in enumerate(instances) if (v := inst.values[j]) is not None]
        if len(known) >= 2:
            (k0, v0), (k1, v1) = known[0], known[1]
            gap = plus(v1, times(v0, -1))
            if gap[0] or gap[1] % (k1 - k0):
                return [], None
            steps[j] = gap[1] // (k1 - k0)
    count: Form | None = None
    for j in range(size):
        s = steps[j]
        if s:
            k, v = next((k, v) for k, i in enumerate(instances) if (v := i.values[j]) is not None)
            total = plus(final[j], times(v, -1))
            quotient = divided(total, s)
            if quotient is None:
                return [], None
            count = plus(quotient, ({}, k))
            break
    if count is None:
        # One visible term: each moving position makes one step at a time, in the direction in
        # which the number of steps is positive.
        for j in range(size):
            start = instances[0].values[j]
            if steps[j] is None and start is not None and start != final[j]:
                total = plus(final[j], times(start, -1))
                count = total if _looks_positive(total) else times(total, -1)
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
                total = plus(final[j], times(v, -1))
                left = plus(count, ({}, -k))
                found = _ratio(total, left)
                if found is None:
                    return [], None
                s = found
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
    by_one = [j for j in moving if abs(steps[j]) == 1]
    times_by_one = [j for j in by_one if is_time[j]]
    return next(iter(times_by_one or by_one or moving), None)


def _ratio(a: Form, b: Form) -> int | None:
    """The integer r with ``a == r*b``."""
    if a == ({}, 0):
        return 0
    for name, c in b[0].items():
        top = a[0].get(name, 0)
        if top % c:
            return None
        return top // c if times(b, top // c) == a else None
    if a[0] or not b[1] or a[1] % b[1]:
        return None
    return a[1] // b[1]


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
    ends = {d.kind for lead in leads for d in factors_of(lead)[-1:] if isinstance(d, D)}
    if len(ends) != 1:
        return None
    (kind,) = ends
    factors = factors_of(template)
    end = factors[-1]
    if not isinstance(end, D):
        return None
    changed = replace(end, kind=kind)
    if len(factors) == 1:
        return changed
    return Mul((*factors[:-1], changed))


__all__ = ["Gap", "Fraction", "expand_product", "expand_sum", "free_indices", "num"]
