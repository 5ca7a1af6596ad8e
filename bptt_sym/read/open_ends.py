r"""Sums that end in dots: a chain rule that goes on "and so on" to the first step.

.. math::

    \frac{\partial^+ h_t}{\partial W} + \frac{\partial h_t}{\partial h_{t-1}}
    \frac{\partial^+ h_{t-1}}{\partial W} + \frac{\partial h_t}{\partial h_{t-1}}
    \frac{\partial h_{t-1}}{\partial h_{t-2}} \frac{\partial^+ h_{t-2}}{\partial W} + \dots

has no last term, and needs none: each term has one factor more than the one before, by which the
state is that of a step earlier, and before the first step there is no use of W. The losses of later
steps,

.. math::

    \frac{\partial L_t}{\partial h_t} + \frac{\partial h_{t+1}}{\partial h_t}
    \frac{\partial L_{t+1}}{\partial h_{t+1}} + \dots, \qquad
    \frac{\partial L_t}{\partial h_t} + \frac{\partial L_{t+1}}{\partial h_t} + \dots,

go on to the last step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from bptt_sym.errors import Span
from bptt_sym.notation import (
    At,
    D,
    Idx,
    Kind,
    Mul,
    Node,
    Prod,
    Sum,
    Sym,
    Transpose,
    affine,
    fresh,
    from_affine,
    num,
    walk,
)
from bptt_sym.read.positions import factors_of
from bptt_sym.recurrence import HORIZON


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
    if (losses := _later_losses(leads, span)) is not None:
        return losses
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


@dataclass(frozen=True)
class _Loss:
    """``∂L_s/∂h_s`` and the steps from ``h_s`` back to ``h_b``, or ``∂L_s/∂h_b`` alone."""

    name: str
    step: Node
    #: Where the state stands by which the loss is differentiated in the end.
    base: At
    chain: tuple[D, ...] = ()
    #: Whether the loss stands last, and the steps are transposed.
    ends: bool = True
    turned: bool = False
    #: Whether the steps stand from the latest to the first; ``None`` where that is not seen.
    descending: bool | None = None
    kind: Kind = "unmarked"


def _later_losses(leads: Sequence[Node], span: Span) -> tuple[int, Node] | None:
    """A sum of the losses from one step on, each with the way back to one state."""
    found = [_loss(lead) for lead in leads]
    last = found[-1]
    if last is None:
        return None
    count = 1
    for earlier, later in zip(found[-2::-1], found[:0:-1], strict=True):
        if earlier is None or later is None or not _is_one_later(earlier, later):
            break
        count += 1
    first = found[-count]
    # (∂L_t/∂h_t + ∂L_{t+1}/∂h_t, without a chain; with one, the first way is that of no step.)
    if count < 2 or first is None or (last.chain and first.chain):
        return None
    j = fresh("j", frozenset(n.name for lead in leads for n in walk(lead) if isinstance(n, Idx)))
    i = fresh("i", frozenset((j, *(n.name for x in leads for n in walk(x) if isinstance(n, Idx)))))
    at = last.base if not last.chain else replace(last.base, time=Idx(j))
    loss = D(At(last.name, Idx(j)), at, last.kind)
    body: Node = loss
    if last.chain:
        state = last.base.name
        step: Node = D(At(state, Idx(i)), At(state, from_affine({i: 1}, -1)), last.chain[0].kind)
        step = Transpose(step) if last.turned else step
        one_later = moved_by_one(last.base.time)
        run = Prod(i, one_later, Idx(j), step, last.descending, span=span)
        body = Mul((run, loss) if last.ends else (loss, run))
    return count, Sum(j, first.step, Idx(HORIZON), body, span=span)


def moved_by_one(time: Node) -> Node:
    """The step after ``time``."""
    form = affine(time)
    assert form is not None
    return from_affine(form[0], form[1] + 1)


def _loss(node: Node) -> _Loss | None:
    """``node`` as a term of such a sum."""
    factors = list(factors_of(node))
    bare = [f.arg if isinstance(f, Transpose) else f for f in factors]
    if not all(
        isinstance(f, D) and isinstance(f.y, At) and isinstance(f.x, At) and affine(f.y.time)
        and affine(f.x.time) for f in bare
    ):  # fmt: skip
        return None
    parts = [f for f in bare if isinstance(f, D)]
    losses = [f for f in parts if _name(f.y) != _name(f.x)]
    ends = losses == [parts[-1]]
    if len(losses) != 1 or not (ends or losses == [parts[0]]) or losses[0] not in factors:
        return None
    (loss,) = losses
    assert isinstance(loss.y, At) and isinstance(loss.x, At)
    chain = parts[:-1] if ends else parts[1:]
    if not chain:
        return _Loss(loss.y.name, loss.y.time, loss.x, kind=loss.kind)
    turned = {isinstance(f, Transpose) for f in factors if f is not loss}
    down = all(a.x == b.y for a, b in pairwise(chain))
    up = all(a.y == b.x for a, b in pairwise(chain))
    top, bottom = (chain[0], chain[-1]) if down else (chain[-1], chain[0])
    fits = top.y == loss.x and affine(loss.x.time) == affine(loss.y.time)
    if len(turned) != 1 or not (down or up) or not fits or not all(map(_is_one_step, chain)):
        return None
    assert isinstance(bottom.x, At)
    return _Loss(
        loss.y.name, loss.y.time, bottom.x, tuple(chain), ends, turned.pop(),
        None if down and up else down, loss.kind,
    )  # fmt: skip


def _name(node: Node) -> str:
    assert isinstance(node, At)
    return node.name


def _is_one_later(earlier: _Loss, later: _Loss) -> bool:
    """Whether ``later`` is about the loss of one step more, by the same state."""
    one, other = affine(earlier.step), affine(later.step)
    assert one is not None and other is not None
    same = earlier.name == later.name and earlier.kind == later.kind
    same = same and earlier.base == later.base and one[0] == other[0] and other[1] - one[1] == 1
    if not later.chain:
        return same and not earlier.chain
    alike = not earlier.chain or (earlier.ends, earlier.turned) == (later.ends, later.turned)
    ways = {earlier.descending, later.descending} - {None}
    return same and alike and len(ways) < 2 and len(later.chain) == len(earlier.chain) + 1
