r"""Texts that mark immediate derivatives: there the derivative without the mark is the total one.

.. math:: \frac{\partial L}{\partial W} = \sum_t \frac{\partial L}{\partial h_t}
   \frac{\partial h_t}{\partial W}, \qquad
   \frac{\partial h_t}{\partial W} = \sum_{k \le t} \frac{\partial h_t}{\partial h_k}
   \frac{\partial^+ h_k}{\partial W}

The first holds if its last factor is immediate. The second, right beside it, says that it is not;
and where a recursion beside it says that :math:`\partial L/\partial h_t` takes in all later losses
as well, paths are counted more than once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from bptt_sym.check.as_in_the_sum import BOTH
from bptt_sym.check.judged import Judged
from bptt_sym.check.provenance import Basis
from bptt_sym.decide.readings import IMMEDIATE, LOCAL_LOSS, SOME_IMMEDIATE
from bptt_sym.decide.rewriting import is_loss, mark
from bptt_sym.decide.verdict import Verdict
from bptt_sym.definitions.supposed import Evidence
from bptt_sym.errors import BpttError
from bptt_sym.notation import At, Claim, D, Sym, walk

#: How many claims further a formula is still beside another.
NEAR = 2
#: A state by a parameter, and the loss by a state.
_Pair = tuple[str, str]


def where_marked(entries: Sequence[Judged]) -> list[Judged]:
    """``entries``, those that hold of immediate derivatives only judged by what the text marks."""
    out = list(entries)
    claims = [k for k, e in enumerate(entries) if e.basis is not None]
    told = {k: frozenset(_told(entries[k])) for k in claims if entries[k].verdict.is_right}
    if not any(told.values()):
        return out
    for at, k in enumerate(claims):
        entry = entries[k]
        if not {IMMEDIATE.message, SOME_IMMEDIATE} & set(entry.verdict.readings):
            continue
        beside = claims[max(0, at - NEAR) : at + NEAR + 1]
        total = frozenset[_Pair]().union(*(told.get(j, frozenset()) for j in beside if j != k))
        assert entry.basis is not None
        claim = _in_total(entry.basis, total)
        if claim is None:
            continue
        try:
            verdict = entry.basis.model.court.judge(claim)
        except BpttError:
            continue
        out[k] = replace(entry, verdict=_under(verdict, entry), part=None)
    return out


def _under(verdict: Verdict, entry: Judged) -> Verdict:
    """``verdict`` under what was supposed of ``entry``; a guessed cell accuses of nothing."""
    assert entry.basis is not None
    if verdict.verdict == "wrong" and entry.basis.model.evidence < Evidence.WRITTEN:
        return Verdict("undecided", note=BOTH)
    said = dict.fromkeys((*entry.verdict.assumptions, *verdict.assumptions))
    return replace(verdict, assumptions=tuple(said))


def _told(entry: Judged) -> Iterator[_Pair]:
    """Of which derivatives a formula says that they are total: it gives them so."""
    basis = entry.basis
    assert basis is not None
    left, *rest = basis.claim.sides
    if not isinstance(left, D) or left.kind != "unmarked" or set(basis.claim.ops) != {"="}:
        return
    nodes = [n for side in rest for n in walk(side) if isinstance(n, D)]
    match left:
        case D(y=At(name=y), x=Sym(name=x)):
            if any(n.kind == "immediate" and _names(n) == (y, x) for n in nodes):
                yield y, x
        case D(y=Sym(name=y), x=At(name=x)) if is_loss(left.y, basis.model.court.model):
            again = any(n.kind == "unmarked" and _names(n) == (y, x) and n != left for n in nodes)
            if again and LOCAL_LOSS.message not in entry.verdict.readings:
                yield y, x


def _names(node: D) -> _Pair | None:
    if isinstance(node.y, (At, Sym)) and isinstance(node.x, (At, Sym)):
        return node.y.name, node.x.name
    return None


def _in_total(basis: Basis, pairs: Collection[_Pair]) -> Claim | None:
    """The claim with these derivatives as total ones; ``None`` if it has no state by a parameter
    among them."""
    first, *rest = basis.claim.sides
    by_parameter = any(
        isinstance(n, D) and isinstance(n.y, At) and n.kind == "unmarked" and _names(n) in pairs
        for side in rest for n in walk(side)
    )  # fmt: skip
    if not by_parameter:
        return None
    marked = (mark(side, lambda n: "total" if _names(n) in pairs else n.kind) for side in rest)
    return replace(basis.claim, sides=(first, *marked))
