r"""Terms of a sum that vanish but for one: :math:`\sum_k \partial E_k/\partial\hat y_t \cdots s_k`.

An output is read at its own step alone, so that of the terms only that of :math:`k = t` is left.
Where the factors behind it come back to step k, all terms were meant, of another loss.
"""

from __future__ import annotations

from bptt_sym.notation import At, Claim, D, Idx, Mul, Node, Sum, Sym, walk
from bptt_sym.recurrence import Recurrence


def only_at_its_step(claim: Claim, rec: Recurrence) -> tuple[str, str] | None:
    """Of what such a sum takes a derivative, and by what, if it has one term alone."""
    for side in claim.sides[1:]:
        for n in walk(side):
            if not (isinstance(n, Sum) and isinstance(n.body, Mul)):
                continue
            step = Idx(n.var)
            for k, factor in enumerate(n.body.args):
                match factor:
                    case D(y=At(name=of, time=a), x=At(name=by, time=b)) if a == step != b:
                        behind = n.body.args[k + 1 :]
                        # (What stands at the end of the range acts on no step before it.)
                        alone = n.hi == b or not _runs_on(by, rec)
                        if alone and any(_has(o, step) for o in behind):
                            return of, by
    return None


def _has(node: Node, step: Idx) -> bool:
    return any(isinstance(n, At) and n.time == step for n in walk(node))


def _runs_on(name: str, rec: Recurrence) -> bool:
    """Whether a state depends on ``name``, so that later steps do."""
    if name in rec.states or name not in rec.defined:
        return True
    seen: set[str] = set()
    todo = [rec.rhs(s) for s in rec.states]
    while todo:
        for n in walk(todo.pop()):
            if isinstance(n, (At, Sym)) and n.name not in seen:
                seen.add(n.name)
                if n.name in rec.defined:
                    todo.append(rec.rhs(n.name))
    return name in seen
