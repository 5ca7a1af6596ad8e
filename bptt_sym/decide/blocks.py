r"""Every T and every n at once: automata whose states are blocks.

The states that :mod:`~bptt_sym.decide.automaton` counts are numbers, and a vector of n entries has
n of them: the length at which agreement is proved grows with n, and the dimension at which it is
proved (:mod:`~bptt_sym.decide.dimensions`) with the length. Taken by blocks neither does.

Let R be the ring of words in the parameter matrices, the values of entrywise symbols between them
commuting (:math:`\mathrm{diag}(s_t)\,W\,\mathrm{diag}(s_{t-1})\,W\cdots`): the coproduct over the
scalars of the field of entrywise rational functions and of the free algebra on the matrices, their
transposes and a column of ones. It is a free ideal ring and lies in a skew field U (P. M. Cohn,
Free Ideal Rings and Localization in General Rings, 2006, chapter 7). A formula is of this kind if
it is, for steps 1 to T,

.. math:: F_T=\alpha\,M_1M_2\cdots M_T\,\beta_T\quad\text{or the same from right to left},

with d by d matrices over R, :math:`M_{i+1}=\sigma(M_i)`, :math:`\beta_{T+1}=\sigma(\beta_T)`, where
:math:`\sigma` shifts every step by one. Then :math:`c_T=M_1\cdots M_T\beta_T` satisfies
:math:`c_{T+1}=M_1\sigma(c_T)`. If :math:`c_{k+1}` lies in the right span over U of
:math:`c_0,\dots,c_k`, so do all later ones, and that happens for a :math:`k<d`. Hence :math:`F_T=0`
for all T as soon as it is for the first d lengths: d counts blocks, whatever n is. (A mark at a
second index adds the state "not yet seen"; the spans of all marked and unmarked runs grow alike.)

For each of these lengths :mod:`~bptt_sym.decide.dimensions` shows the equation for all dimensions,
hence for one that exceeds the number of indices; there words with different letters have different
monomials (the indices all differ, and the path from the entry's first index is read off from the
factors), so that it holds in R, hence for all T in R, and evaluated for all T and n.

What must be so, and is checked here: every factor is a word; what spans many steps stands in the
order of time, in one direction throughout; only one factor of a product spans the same steps; no
scalar is closed out of row and column; what stands behind the column of an outer product
(:math:`\delta_t h_{t-1}^\top`) looks at one step only, so that its entries count as scalars of
that step.
"""

from __future__ import annotations

from dataclasses import dataclass

from bptt_sym.decide.automaton import Counter
from bptt_sym.decide.conventions import Conventions
from bptt_sym.decide.index_variables import Outside
from bptt_sym.decide.means import means
from bptt_sym.decide.words import Kind, Words
from bptt_sym.notation import (
    HORIZON_NAME,
    Add,
    At,
    D,
    Diag,
    Div,
    Had,
    Mul,
    Neg,
    Node,
    Outer,
    Pow,
    Prod,
    Sum,
    Sym,
    Transpose,
    affine,
    children,
    free_indices,
    walk,
)
from bptt_sym.recurrence import Recurrence


@dataclass(frozen=True)
class Way:
    """A run through the steps.

    ``direction`` is 1 if later steps stand to the left of earlier ones, -1 if to their right, 0 if
    their order has no say; ``half`` is the side of an outer product on which the run stands.
    """

    direction: int
    half: int = 0

    def reversed(self) -> Way:
        """That of the transpose."""
        return Way(-self.direction, {0: 0, 1: 2, 2: 1}[self.half])


NO_WAY = Way(0)


class Blocks(Words):
    """Block states and the direction of time, for formulas of one model.

    Raises
    ------
    Outside
        By every method, for what is not made of words.
    """

    def __init__(self, rec: Recurrence, conv: Conventions) -> None:
        super().__init__(rec, conv)
        #: States count as one each, whatever their dimension.
        self._count = Counter(len(rec.states), 1, rec.max_lag, means(rec)[0])

    def bound(self, sides: tuple[Node, ...], left: str | None, right: str) -> tuple[int, int]:
        """States of both sides, the first two. Raises Outside if they are not of this kind."""
        _common([self.way(side, left, right) for side in sides[:2]])
        d, e = (self._count.dimension(side, left, right) for side in sides[:2])
        if d is None or e is None:
            raise Outside
        return d, e

    # -- the order of time

    def way(self, node: Node, left: str | None, right: str) -> Way:
        """How ``node`` runs through the steps, in the order in which it is written."""
        kind = self.kind(node)
        if self._is_local(node, {left}) or self._is_local(node, {right}):
            return NO_WAY
        match node:
            case Neg(arg=a) | Div(num=a):
                return self.way(a, left, right)
            case Transpose(arg=a):
                return self.way(a, left, right).reversed()
            case Add(args=args):
                return _common([self.way(a, left, right) for a in args])
            case Mul() | Had() | Outer():
                return self._term(node, None, left, right)
            case Prod(descending=descending) if kind == "matrix":
                return Way(1 if descending else -1)
            case Prod() | Pow():
                return NO_WAY  # numbers, or a constant matrix
            case Sum(var=var, body=body):
                terms = body.args if isinstance(body, Add) else (body,)
                return _common([self._term(term, var, left, right) for term in terms])
            case D():
                return self._of_derivative(node, kind)
            case _:
                raise Outside

    def _is_local(self, node: Node, at: set[str | None]) -> bool:
        """Whether ``node`` looks at one step only, and if at one of fixed number, at no other."""
        names = free_indices(node)
        if _spans(node, self.totals) or not names <= at:
            return False
        return not names or not _at_fixed_steps(node)

    def _of_derivative(self, node: D, kind: Kind) -> Way:
        if isinstance(node.y, Sym):
            # By a matrix it is read from the rows, where the step's own factor stands first.
            return Way(1) if kind == "row" else Way(-1, int(kind == "outer"))
        if kind == "tensor":
            return Way(1, 1)
        return Way(-1 if self.conv.layout == "denominator" else 1)

    def _factors(self, node: Node) -> tuple[Node, ...]:
        """A product as a word: an entrywise factor is a diagonal matrix on the left of the rest."""
        if isinstance(node, Outer):
            return (*self._factors(node.left), Transpose(node.right))
        if isinstance(node, Mul):
            return node.args
        if not isinstance(node, Had):
            return (node,)
        kinds = [self.kind(a) for a in node.args]
        words = [a for a, k in zip(node.args, kinds, strict=True) if k not in ("number", "entries")]
        last = words or [a for a in node.args if _spans(a, self.totals)]
        if len(last) > 1 or "row" in kinds:
            raise Outside
        if not last:
            return node.args
        rest = [
            Diag(a) if k == "entries" else a
            for a, k in zip(node.args, kinds, strict=True)
            if a is not last[0]
        ]
        return (*rest, *last)

    def _term(self, term: Node, var: str | None, left: str | None, right: str) -> Way:
        """A product, or a summand of a sum over ``var``: its factors in the order of time.

        Places are counted from the sum's index: 1 is the run after it and -1 the run before it, 2
        and -2 are single steps at the ends. Without a sum there is one run, at 0.
        """
        self.kind(term)
        match term:
            case Neg(arg=a) | Div(num=a):
                return self._term(a, var, left, right)
            case Transpose(arg=a):
                return self._term(a, var, left, right).reversed()
            case Add(args=args):
                return _common([self._term(a, var, left, right) for a in args])
        args = self._factors(term)
        places: list[tuple[int, int]] = []
        runs: dict[int, int] = {}
        ways = []
        for i, a in enumerate(args):
            if self.kind(a) == "number":
                continue
            place = self._place(a, var, left, right)
            if place is None:
                continue
            places.append((i, place))
            if _spans(a, self.totals):
                if place in runs:
                    raise Outside  # two runs over the same steps
                runs[place] = i
                ends = {0: (left, right), 1: (var, right), -1: (left, var)}[place]
                ways.append(self.way(a, *ends))  # type: ignore[arg-type]
        return self._ordered(args, places, {*runs.values()}, _common(ways))

    def _place(self, a: Node, var: str | None, left: str | None, right: str) -> int | None:
        names = free_indices(a)
        if _spans(a, self.totals):
            if var is None:
                return 0
            return 1 if self._until_the_end(a, right) else -1
        if _at_fixed_steps(a):
            if names or left is not None:
                raise Outside
            return -2
        if not names:
            return None  # a constant: it stands at either end
        if names == {var}:
            return 0
        if names == {right}:
            return 2
        if names == {left}:
            return -2
        raise Outside

    def _ordered(
        self, args: tuple[Node, ...], places: list[tuple[int, int]], runs: set[int], way: Way
    ) -> Way:
        """The way of a product whose factors have ``places``; those of ``runs`` go on for steps.

        Beyond the gap of an outer product there are only entries of single steps, which are
        numbers.
        """
        half = way.half
        gap = self._gap(args)
        if gap is not None:
            parts = [[p for p in places if (p[0] < gap) is first] for first in (True, False)]
            wide = [any(i in runs for i, _ in part) for part in parts]
            if all(wide) or half:
                raise Outside
            if not any(wide) and all(len({p for _, p in part}) > 1 for part in parts):
                raise Outside
            first = wide[0] if any(wide) else len({p for _, p in parts[0]}) > 1
            places = parts[0] if first else parts[1]
            half = 1 if first else 2
        order = [p for _, p in places]
        found = 0
        if len(set(order)) > 1:
            found = 1 if order == sorted(order, reverse=True) else -1
            if order != sorted(order, reverse=found > 0):
                raise Outside
        direction = _common([Way(way.direction), Way(found)]).direction
        result = Way(direction, half) if direction else NO_WAY
        return Way(-result.direction, 1) if self._turns(args) else result

    def _turns(self, args: tuple[Node, ...]) -> bool:
        """Whether a row stands before a vector's derivative by a matrix."""
        kinds = [self.kind(a) for a in args]
        return "tensor" in kinds and "row" in kinds

    def _gap(self, args: tuple[Node, ...]) -> int | None:
        """The factor at which a row follows a column."""
        total: Kind = "number"
        for i, a in enumerate(args):
            kind = self.kind(a)
            if kind == "row" and total in ("entries", "column"):
                return i
            total = total if kind == "number" else kind
        return None

    def _until_the_end(self, node: Node, right: str) -> bool:
        """Whether a factor that spans steps goes on from the sum's index to the end."""
        for n in walk(node):
            if isinstance(n, D) and isinstance(n.y, Sym):
                if isinstance(n.x, Sym):
                    raise Outside
                return True
        return right in free_indices(node)


def _common(ways: list[Way]) -> Way:
    """The way that all go that go one."""
    found = {w for w in ways if w.direction}
    if len(found) > 1:
        raise Outside
    return found.pop() if found else NO_WAY


def _at_fixed_steps(node: Node) -> bool:
    """Whether a step is named by its number."""
    return any(isinstance(n, At) and not (affine(n.time) or ({"": 1}, 0))[0] for n in walk(node))


def _spans(node: Node, totals: frozenset[str]) -> bool:
    """Whether a value looks at a number of steps that grows with the run."""
    match node:
        case Sum() | Prod():
            return True
        case Pow(base=base, exp=e):
            form = affine(e)
            return form is None or bool(form[0]) or _spans(base, totals)
        case Sym(name=name):
            return name in totals
        case D(y=At(time=a), x=At(time=b)):
            ahead, behind = affine(a), affine(b)
            return ahead is None or behind is None or ahead[0] != behind[0]
        case D(y=Sym(), x=At(time=b)):
            return affine(b) != ({HORIZON_NAME: 1}, 0)  # by the last step: what looks at it
        case D(kind=kind):
            return kind not in ("immediate", "direct")
        case _:
            return any(_spans(a, totals) for a in children(node))


__all__ = ["Blocks"]
