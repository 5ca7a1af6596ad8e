"""Parts of vectors and matrices as arrays write them: :math:`W_h[:, n_x:]`, :math:`v[:n]`.

A bound is a size, and sizes are those of vectors that run in time: ``n_x`` in
:math:`W [x_t, h_{t-1}]` is the size of x, the first of what is joined there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import final

from bptt_sym.notation import Claim, Node, walk


@final
@dataclass(frozen=True)
class Bound:
    """The sizes of the sequences ``of``, added; counted from the end where it is ``back``.

    ``shown`` is what the text calls it. Where it is ``assumed``, the name does not tell whose size
    it is: it is taken for that of the first part of what is joined, or of the last one from behind.
    """

    of: tuple[str, ...]
    back: bool = False
    shown: str = field(default="", compare=False)
    assumed: bool = field(default=False, compare=False)

    def __str__(self) -> str:
        shown = self.shown or "+".join(f"n_{name}" for name in self.of)
        return f"-{shown}" if self.back else shown


@final
@dataclass(frozen=True)
class Cut:
    """What is taken of one axis, from ``lo`` up to before ``hi``; of each, ``None`` is its end."""

    lo: Bound | None = None
    hi: Bound | None = None

    @property
    def is_whole(self) -> bool:
        return self.lo is None and self.hi is None

    def __str__(self) -> str:
        return f"{self.lo or ''}:{self.hi or ''}"


WHOLE = Cut()


@final
@dataclass(frozen=True)
class Slice(Node):
    """``arg[…]`` with a cut for each of its first axes in turn; of the others all is taken."""

    arg: Node
    axes: tuple[Cut, ...]

    @property
    def shown(self) -> str:
        """What stands between the brackets."""
        return ", ".join(map(str, self.axes))


def has_slices(claim: Claim) -> bool:
    """Whether a part of something is taken in ``claim``."""
    return any(isinstance(n, Slice) for side in claim.sides for n in walk(side))


def said_of_bounds(claim: Claim) -> tuple[str, ...]:
    """What is assumed of the bounds in ``claim``, in words."""
    bounds = {
        bound: None
        for side in claim.sides
        for n in walk(side)
        if isinstance(n, Slice)
        for cut in n.axes
        for bound in (cut.lo, cut.hi)
        if bound is not None and bound.assumed
    }
    return tuple(
        f"{bound.shown} is the size of {' and '.join(bound.of)}, "
        + ("all of" if len(bound.of) > 1 else f"the {'last' if bound.back else 'first'} part of")
        + " what is joined"
        for bound in bounds
    )
