r"""Derivations: lists of steps, each a claim that can be decided on its own.

The steps *are* the computation: the result of a :class:`Derivation` is the right-hand side of its
last step, and everything displayed was computed. How a step was found does not matter to
:meth:`Derivation.replay`, which decides ``lhs = rhs`` afresh under the recurrence.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import Any, final

from bptt_sym.errors import ModelError
from bptt_sym.notation import ONE, D, Node, affine, free_indices, walk
from bptt_sym.recurrence import HORIZON, Recurrence


@final
@dataclass(frozen=True)
class Range:
    """An integer variable and the values for which a step is claimed: ``lo <= name <= hi``.

    ``hi`` None is "as far as you like"; only the horizon ``T`` has that.
    """

    name: str
    lo: Node
    hi: Node | None = None


@final
@dataclass(frozen=True)
class Step:
    """One equality, ``lhs = rhs``, and where it comes from.

    ``cites`` are the numbers (from 1) of the earlier steps that it uses; ``where`` bounds its free
    integer variables; ``label`` is the name that a term or an adjoint goes by, such as ``A_t``.
    """

    rule: str
    cites: tuple[int, ...]
    lhs: Node
    rhs: Node
    note: str = ""
    where: tuple[Range, ...] = ()
    label: str = ""

    def __post_init__(self) -> None:
        free = free_indices(self.lhs) | free_indices(self.rhs)
        missing = free - {r.name for r in self.where}
        if missing:
            raise ModelError(f"step {self.rule!r}: no range for {', '.join(sorted(missing))}")
        for side in (self.lhs, self.rhs):
            if any(isinstance(n, D) and n.kind == "unmarked" for n in walk(side)):
                raise ModelError(f"step {self.rule!r}: an unmarked derivative")


@final
@dataclass(frozen=True)
class Derivation:
    """How ``target`` is computed.

    Parameters
    ----------
    recurrence:
        The model the steps are about; it may have named parts (pre-activations) added to the one
        that was asked about, never anything changed.
    steps:
        In order; a step cites earlier ones only.
    T:
        The horizon, or None for every ``T``.
    layout:
        What the shapes of the derivatives in it are.
    """

    recurrence: Recurrence
    title: str
    steps: tuple[Step, ...]
    T: int | None = None
    form: str = ""
    layout: str = ""
    target: D | None = None
    #: Where the induction is, if ``T`` is symbolic: (base, step, conclusion) by number.
    inductions: tuple[tuple[int, int, int], ...] = field(default=())

    def __post_init__(self) -> None:
        if not self.steps:
            raise ModelError(f"{self.title}: a derivation needs a step")
        for number, step in enumerate(self.steps, start=1):
            if any(not 1 <= c < number for c in step.cites):
                raise ModelError(f"{self.title}: step {number} cites a step that is not before it")

    @property
    def result(self) -> Node:
        """The right-hand side of the last step."""
        return self.steps[-1].rhs

    # Printing and deciding lie downstream in the package; they are reached by name, when asked for,
    # so that deriving loads neither.

    def _render(self, format: str) -> str:
        text = importlib.import_module("bptt_sym.render").derivation(self, format)
        assert isinstance(text, str)
        return text

    def latex(self) -> str:
        """The derivation as LaTeX."""
        return self._render("latex")

    def markdown(self) -> str:
        """The derivation as Markdown with LaTeX formulas."""
        return self._render("markdown")

    def text(self) -> str:
        """The derivation as Unicode text."""
        return self._render("text")

    def html(self) -> str:
        """The derivation as HTML."""
        return self._render("html")

    def to_json(self) -> str:
        """The derivation as JSON."""
        return self._render("json")

    def _repr_latex_(self) -> str:
        return self._render("latex")

    def replay(self, **options: Any) -> Any:
        """Decide every step, independently of how it was made.

        Raises
        ------
        ReplayError
            With the number of the first step that does not hold.
        """
        return importlib.import_module("bptt_sym.decide").replay(self, **options)


class Trail:
    """Steps under construction; :meth:`add` returns the number to cite."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._seen: dict[tuple[Node, Node], int] = {}

    def add(
        self,
        rule: str,
        lhs: Node,
        rhs: Node,
        cites: tuple[int, ...] = (),
        *,
        where: tuple[Range, ...] = (),
        note: str = "",
        label: str = "",
        again: bool = False,
    ) -> int:
        """Append ``lhs = rhs``; the same equality twice is one step (the earlier), unless
        ``again`` asks for it once more, as a conclusion.

        A step that no value of its indices concerns is not made, and has the number 0.
        """
        known = self._seen.get((lhs, rhs))
        if known is not None and not again:
            return known
        if any(_is_empty(r) for r in where):
            return 0
        where = tuple(dict.fromkeys(where))
        free = free_indices(lhs) | free_indices(rhs)
        # A total speaks of the horizon without showing it: a bound on T that says something stays.
        kept = tuple(
            r for r in where if r.name in free or (r.name == HORIZON and (free or r.lo != ONE))
        )
        bounds = frozenset[str]().union(
            *(free_indices(n) for r in kept for n in (r.lo, r.hi) if n is not None)
        )
        kept += tuple(r for r in where if r not in kept and r.name in bounds)
        self.steps.append(
            Step(rule, tuple(sorted({c for c in cites if c})), lhs, rhs, note, kept, label)
        )
        number = len(self.steps)
        self._seen[(lhs, rhs)] = number
        return number

    def number_of(self, lhs: Node) -> int:
        """The latest step with this left side, or 0."""
        for n in range(len(self.steps), 0, -1):
            if self.steps[n - 1].lhs == lhs:
                return n
        return 0


def _is_empty(r: Range) -> bool:
    lo, hi = affine(r.lo), affine(r.hi) if r.hi is not None else None
    return lo is not None and hi is not None and lo[0] == hi[0] and lo[1] > hi[1]
