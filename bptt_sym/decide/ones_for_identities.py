r"""Numbers among square matrices: :math:`1 - W` for :math:`I - W`."""

from __future__ import annotations

from bptt_sym.errors import ShapeError
from bptt_sym.messages import marked
from bptt_sym.notation import Add, Claim, Neg, Node, Num, walk
from bptt_sym.recurrence import Recurrence
from bptt_sym.shapes.expression import shape_of

ONE_FOR_IDENTITY = marked(
    "a number that is added to a matrix is that multiple of the identity matrix"
)


def has_ones_for_identities(claim: Claim, rec: Recurrence) -> bool:
    """Whether a number is added to a matrix somewhere."""
    return not rec.is_scalar and any(
        isinstance(n, Add) and any(map(_is_number, n.args)) and any(
            _is_a_matrix(a, rec) for a in n.args if not _is_number(a)
        )
        for side in claim.sides for n in walk(side)
    )  # fmt: skip


def _is_number(node: Node) -> bool:
    return _is_number(node.arg) if isinstance(node, Neg) else isinstance(node, Num)


def _is_a_matrix(node: Node, rec: Recurrence) -> bool:
    try:
        return len(shape_of(node, rec.shapes, rec.functions)) == 2
    except (ShapeError, KeyError):
        return False
