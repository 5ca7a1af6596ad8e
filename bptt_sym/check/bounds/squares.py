"""Squares, in whichever way they are written."""

from __future__ import annotations

from bptt_sym.notation import Had, Mul, Node, Num, Pow


def root(node: Node) -> Node | None:
    r"""What ``node`` is the square of, :math:`h^2` or :math:`h \odot h`; ``None`` if of nothing."""
    match node:
        case Pow(base=base, exp=Num(value=e)) if e == 2:
            return base
        case Had(args=(a, b)) | Mul(args=(a, b)) if a == b:
            return a
    return None
