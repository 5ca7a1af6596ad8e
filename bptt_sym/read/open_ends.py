r"""Sums that end in dots: a chain rule that goes on "and so on" to the first step.

.. math::

    \frac{\partial^+ h_t}{\partial W} + \frac{\partial h_t}{\partial h_{t-1}}
    \frac{\partial^+ h_{t-1}}{\partial W} + \frac{\partial h_t}{\partial h_{t-1}}
    \frac{\partial h_{t-1}}{\partial h_{t-2}} \frac{\partial^+ h_{t-2}}{\partial W} + \dots

has no last term, and needs none: each term has one factor more than the one before, by which the
state is that of a step earlier, and before the first step there is no use of W.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bptt_sym.errors import Span
from bptt_sym.notation import (
    At,
    D,
    Idx,
    Mul,
    Node,
    Prod,
    Sum,
    Sym,
    affine,
    fresh,
    from_affine,
    num,
    walk,
)
from bptt_sym.read.positions import factors_of


@dataclass(frozen=True)
class _Term:
    """``before · ∂h_s/∂h_{s-1} ⋯ ∂h_{j+1}/∂h_j · ∂h_j/∂W``."""

    before: tuple[Node, ...]
    chain: tuple[D, ...]
    end: D

    @property
    def state(self) -> At:
        """The state that the last factor differentiates."""
        assert isinstance(self.end.y, At)
        return self.end.y


def open_ended(leads: Sequence[Node], span: Span) -> tuple[int, Node] | None:
    """How many of the last of ``leads`` belong to a chain that goes on, and the whole of it."""
    terms = [_term(lead) for lead in leads]
    last = terms[-1]
    if last is None or not last.chain:
        return None
    count = 1
    for earlier, later in zip(terms[-2::-1], terms[:0:-1], strict=True):
        if earlier is None or later is None or not _goes_on(earlier, later):
            break
        count += 1
    first = terms[-count]
    if count < 2 or first is None:
        return None
    start, top = first.state.time, last.chain[0].y
    assert isinstance(top, At)
    name, taken = last.state.name, _indices(last)
    j = fresh("j", taken)
    i = fresh("i", taken | {j})
    step = D(At(name, Idx(i)), At(name, from_affine({i: 1}, -1)), last.chain[0].kind)
    run = Prod(i, from_affine({j: 1}, 1), top.time, step, True, span=span)
    end = D(At(name, Idx(j)), last.end.x, last.end.kind)
    return count, Sum(j, num(1), start, Mul((*last.before, run, end)), span=span)


def _term(node: Node) -> _Term | None:
    """``node`` as a term of such a sum."""
    factors = factors_of(node)
    end = factors[-1]
    if not isinstance(end, D) or not isinstance(end.y, At) or not isinstance(end.x, Sym):
        return None
    chain: list[D] = []
    state = end.y
    for factor in reversed(factors[:-1]):
        if not isinstance(factor, D) or factor.x != state or not _is_one_step(factor):
            break
        assert isinstance(factor.y, At)
        chain.insert(0, factor)
        state = factor.y
    return _Term(tuple(factors[: len(factors) - 1 - len(chain)]), tuple(chain), end)


def _is_one_step(factor: D) -> bool:
    """Whether it is the derivative of a state by the same state one step before."""
    if not isinstance(factor.y, At) or not isinstance(factor.x, At):
        return False
    one, other = affine(factor.y.time), affine(factor.x.time)
    same = factor.y.name == factor.x.name and one is not None and other is not None
    return bool(same and one and other and one[0] == other[0] and one[1] - other[1] == 1)


def _goes_on(earlier: _Term, later: _Term) -> bool:
    """Whether ``later`` has one factor more, by which its state is that of a step earlier."""
    return (
        earlier.before == later.before
        and earlier.chain == later.chain[:-1]
        and later.chain[-1].y == earlier.state
        and earlier.end.x == later.end.x
        and earlier.end.kind == later.end.kind
    )


def _indices(term: _Term) -> frozenset[str]:
    parts = (*term.before, *term.chain, term.end)
    return frozenset(n.name for part in parts for n in walk(part) if isinstance(n, Idx))
