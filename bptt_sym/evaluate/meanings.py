"""What unknown functions mean: ``g`` of one sequence, bound to tanh, acts on its entries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bptt_sym.errors import InputError
from bptt_sym.notation import At, Call, Fn, Node, rebuild, walk
from bptt_sym.recurrence import Recurrence, Shape


def bound(rec: Recurrence, bind: Mapping[str, str] | None) -> Recurrence:
    r"""``rec`` with the functions of one sequence that ``bind`` names as elementwise ones.

    Of :math:`h_t=g(c_t)` with :math:`g` bound to tanh, h and c are of one shape.

    Raises
    ------
    InputError
        A function that makes a number of a vector, or has several arguments.
    """
    calls = [x for e in rec.equations for x in walk(e.rhs) if isinstance(x, Call)]
    meant = {x.name for x in calls if x.name in (bind or {})}
    if not meant:
        return rec
    for x in calls:
        if x.name in meant and len(x.args) != 1:
            raise InputError(f"{x.name} has {len(x.args)} arguments: it is not elementwise",
                             token=x.name)  # fmt: skip

    def known(node: Node) -> Node:
        if isinstance(node, Call) and node.name in meant:
            return Fn(node.name, rebuild(node.args[0], known))
        return rebuild(node, known)

    same: dict[str | int, str | int] = {}
    for e in rec.equations:
        if isinstance(e.rhs, Call) and e.rhs.name in meant and isinstance(e.rhs.args[0], At):
            made, given = rec.shape(e.target), rec.shape(e.rhs.args[0].name)
            if len(made) != len(given):
                raise InputError(
                    f"{e.rhs.name} makes {e.target} of another shape: it is not elementwise",
                    token=e.rhs.name,
                )
            same |= dict(zip(made, given, strict=True))

    def shape(own: Shape) -> Shape:
        return tuple(same.get(d, d) for d in own)

    return replace(
        rec,
        equations=tuple(replace(e, rhs=known(e.rhs)) for e in rec.equations),
        totals={k: known(v) for k, v in rec.totals.items()},
        shapes={k: shape(v) for k, v in rec.shapes.items()},
        functions={k: v for k, v in rec.functions.items() if k not in meant},
    )


__all__ = ["bound"]
