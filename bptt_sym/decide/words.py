r"""Of what the values of a formula are made: entrywise symbols, and words in parameter matrices.

A word runs from one index to another through matrices and diagonals
(:math:`\mathrm{diag}(s_t)\,W\,\mathrm{diag}(s_{t-1})\,W\cdots`); see
:mod:`bptt_sym.decide.blocks` for what that is good for.
"""

from __future__ import annotations

from typing import Literal

from bptt_sym.decide.conventions import Conventions
from bptt_sym.decide.index_variables import Outside
from bptt_sym.notation import (
    Add,
    At,
    Block,
    Call,
    Concat,
    D,
    Diag,
    Div,
    Fn,
    Had,
    Idx,
    Mul,
    Neg,
    Node,
    Num,
    Outer,
    Pow,
    Prod,
    Sum,
    Sym,
    Transpose,
    affine,
)
from bptt_sym.recurrence import Recurrence, references

#: What a value is made of: numbers, entrywise symbols, or words from the left to the right index.
#: ``outer`` is a column times a row, or a derivative by a matrix: a word times entries of a step.
#: ``tensor`` is the derivative of a vector by a matrix.
Kind = Literal["number", "entries", "column", "row", "matrix", "outer", "tensor"]
_FLIPPED: dict[Kind, Kind] = {"entries": "row", "column": "row", "row": "column"}
#: Conventions under which a product is no word in the order in which it is written.
_DISORDERLY = ("rows", "transposed", "trailing", "chained", "lenient", "compact")


class Words:
    """The kinds of the values of formulas of one model under one convention.

    Raises
    ------
    Outside
        By every method, for what is not made of words.
    """

    def __init__(self, rec: Recurrence, conv: Conventions) -> None:
        if any(getattr(conv, name) for name in _DISORDERLY):
            raise Outside
        self.rec = rec
        self.conv = conv
        self.rhs = {e.target: e.rhs for e in rec.equations}
        self.totals = frozenset(rec.totals)
        self._sequences: dict[str, Kind] = {}

    def kind(self, node: Node) -> Kind:
        """What the value of ``node`` is made of."""
        match node:
            case Num() | Idx():
                return "number"
            case Sym(name=n):
                if n in self.totals:
                    raise Outside
                return self._of_rank(len(self.rec.shape(n)))
            case At(name=n):
                return self._sequence(n)
            case Neg(arg=a) | Div(num=a, den=Num() | Idx()):
                return self.kind(a)
            case Transpose(arg=a):
                inner = self.kind(a)
                return _FLIPPED.get(inner, inner)
            case Diag(arg=a) if self.kind(a) == "entries":
                return "matrix"
            case Block():
                return "matrix"
            case Fn(arg=a):
                return self._applied(self.kind(a))
            case Concat(args=args):
                return self._joined([self.kind(a) for a in args])
            case Add(args=args):
                return self._added([self.kind(a) for a in args])
            case Had(args=args):
                kinds = [self.kind(a) for a in args]
                return self._entrywise(kinds)
            case Pow(base=b, exp=e):
                inner = self.kind(b)
                form = affine(e)
                if form is None or (inner not in ("number", "entries", "matrix")):
                    raise Outside
                if inner == "matrix" and not isinstance(b, (Sym, Transpose)):
                    raise Outside
                return inner
            case Mul(args=args):
                return self._multiplied(args)
            case Outer(left=a, right=b):
                if {self.kind(a), self.kind(b)} <= {"entries", "column", "row"}:
                    return "outer"
                raise Outside
            case Prod(body=body):
                inner = self.kind(body)
                if inner not in ("number", "matrix"):
                    raise Outside
                return inner
            case Sum(body=body):
                return self.kind(body)
            case D(y=(At() | Sym()) as y, x=(At() | Sym()) as x):
                return self._derivative(y, x)
            case _:
                raise Outside

    @staticmethod
    def _of_rank(rank: int) -> Kind:
        kinds: tuple[Kind, ...] = ("number", "entries", "matrix")
        if rank > 2:
            raise Outside
        return kinds[rank]

    def _sequence(self, name: str) -> Kind:
        """``entries`` for symbols and entrywise products of them, ``column`` for sums of words."""
        found = self._sequences.get(name)
        if found is not None:
            return found
        rank = len(self.rec.shape(name))
        if rank > 1:
            raise Outside
        self._sequences[name] = kind = self._of_rank(rank)
        if name in self.rhs:
            rhs = self.rhs[name]
            if isinstance(rhs, Call):
                if not all(isinstance(a, At) and self.kind(a) == "entries" for a in rhs.args):
                    raise Outside
            else:
                kind = self._equation(rhs)
                if rank == 0 and not isinstance(rhs, Fn):
                    raise Outside
                if kind == "column" and name in self.rec.states:
                    raise Outside
                if kind not in ("number", "entries", "column"):
                    raise Outside
            for other, _ in references(rhs):
                self._sequence(other)
        self._sequences[name] = kind
        return kind

    def _equation(self, node: Node) -> Kind:
        """The kind of a right side; all of its derivatives are words then."""
        match node:
            case Fn(arg=a):
                return self._applied(self._equation(a))
            case Add(args=args):
                return self._added([self._equation(a) for a in args])
            case Neg(arg=a):
                return self._equation(a)
            case Mul(args=args):
                total: Kind = "number"
                for a in args:
                    total = self._times(total, self._equation(a), loose=False)
                return total
            case Concat(args=args):
                # Behind its matrix, whose columns belong to one part each.
                return self._joined([self._equation(a) for a in args])
            case Had(args=args):
                return self._joined([self._equation(a) for a in args])
            case Pow(base=base):
                return self._joined([self._equation(base)])
            case _:
                return self.kind(node)

    @staticmethod
    def _applied(inner: Kind) -> Kind:
        """An entrywise function: its values are symbols."""
        if inner == "number":
            return "number"
        if inner in ("entries", "column"):
            return "entries"
        raise Outside

    @staticmethod
    def _joined(kinds: list[Kind]) -> Kind:
        """Symbols entry by entry, or one below the other."""
        if set(kinds) == {"number"}:
            return "number"
        if set(kinds) <= {"number", "entries"}:
            return "entries"
        raise Outside

    @staticmethod
    def _added(kinds: list[Kind]) -> Kind:
        seen = set(kinds)
        if len(seen) == 1:
            return kinds[0]
        if seen <= {"number", "entries"}:
            return "entries"
        if seen <= {"number", "entries", "column"}:
            return "column"
        if seen <= {"number", "row"}:
            return "row"
        if seen <= {"matrix", "outer"}:
            return "outer"
        raise Outside

    @staticmethod
    def _entrywise(kinds: list[Kind]) -> Kind:
        rest = [k for k in kinds if k != "number"]
        if not rest:
            return "number"
        words = [k for k in rest if k != "entries"]
        if not words:
            return "entries"
        if len(words) > 1 or words[0] not in ("column", "row"):
            raise Outside
        return words[0]

    def _multiplied(self, args: tuple[Node, ...]) -> Kind:
        total: Kind = "number"
        for a in args:
            total = self._times(total, self.kind(a))
        return total

    def _times(self, a: Kind, b: Kind, *, loose: bool = True) -> Kind:
        if a == "number" or b == "number":
            return b if a == "number" else a
        elementwise = loose and self.conv.elementwise
        match a, b:
            case "matrix", ("matrix" | "outer" | "tensor"):
                return b
            case "row", "tensor":
                return "outer"
            case "matrix", ("entries" | "column"):
                if not elementwise:
                    return "column"
                if b == "entries":
                    return "matrix"
            case "row", "matrix":
                return "row"
            case (("entries" | "column"), "row") if not elementwise:
                return "outer"
            case "entries", "matrix" if elementwise:
                return "matrix"
            case "entries", ("entries" | "column") if elementwise or (loose and self.conv.pairs):
                return b
        raise Outside

    def _derivative(self, y: At | Sym, x: At | Sym) -> Kind:
        ranks = []
        for part in (y, x):
            if isinstance(part, At):
                ranks.append(min(len(self.rec.shape(part.name)), 2))
                if self._sequence(part.name) == "number" and part is x:
                    raise Outside
            elif part.name in self.totals:
                self._total(part.name)
                ranks.append(0)
            else:
                ranks.append(len(self.rec.shape(part.name)))
        match ranks:
            case 1, 1:
                return "matrix"
            case 0, 1:
                return "row" if self.conv.layout == "numerator" else "column"
            case 0, 2:
                return "outer"
            case 1, 2 if self.conv.layout != "denominator":
                return "tensor"
        raise Outside

    def _total(self, name: str) -> None:
        """Losses added up over the run, or one at its end."""
        node = self.rec.totals[name]
        if isinstance(node, Div) and isinstance(node.den, Num):
            node = node.num
        body = node.body if isinstance(node, Sum) else node
        parts = body.args if isinstance(body, (Add, Call)) else (body,)
        for part in parts:
            if not isinstance(part, At) or affine(part.time) is None:
                raise Outside
            if self._sequence(part.name) != ("entries" if isinstance(body, Call) else "number"):
                raise Outside


__all__ = ["Kind", "Words"]
