"""What every printed format of :mod:`bptt_sym.notation` shares.

The order of the parts, where a bracket is needed, which sums and products run together: a rule for
each kind of node, :func:`form`. A :class:`Style` says how each construct looks. The walk that puts
the parts together is in :mod:`bptt_sym.render.writer`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Final

from bptt_sym.errors import LimitExceeded
from bptt_sym.notation import (
    Abs,
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
    Kind,
    Matrix,
    Mul,
    Neg,
    Node,
    Norm,
    Num,
    Ones,
    Outer,
    Pow,
    Prod,
    Rel,
    Sum,
    Sym,
    Transpose,
    walk,
)
from bptt_sym.recurrence import Recurrence
from bptt_sym.slices import Slice

#: The most digits of one number. Python itself refuses to write more than 4300.
MAX_DIGITS: Final = 4000

# How tightly a printed form holds together. A part that is weaker than its place demands gets
# brackets.
LOOSE: Final = 0
SUM: Final = 1  # a + b, -a
REACH: Final = 2  # \sum_t a, d/dw a: takes in everything to its right within a product
PRODUCT: Final = 3  # a b
FACTOR: Final = 4  # may stand in a product, may not carry a superscript: fractions, f(x), a^2
ATOM: Final = 5  # may carry a superscript


@dataclass(slots=True, eq=False)  # not frozen: one is made for each node printed, and that costs
class Slot:
    """A place for ``node``, bracketed if it is weaker than ``least``; ``compact`` in indices."""

    node: Node
    least: int = LOOSE
    compact: bool = False


class Kept:
    """Stands before and after the parts of a node whose text is to be kept."""

    __slots__ = ("node", "start", "strength", "texts")

    def __init__(self, texts: dict[int, object], node: Node, strength: int) -> None:
        self.texts = texts
        self.node = node
        self.strength = strength
        self.start = -1


#: What is left to print: finished text, a place for a node, or a mark about what is around it.
Items = list["str | Slot | Kept"]
#: Parts in order, and how tightly they hold together.
Form = tuple[int, Items]


class Style(ABC):
    """How each construct looks in one format. Every method returns the parts in order."""

    #: Whether a product inside a product, or a sum inside a sum, is shown as such.
    explicit: bool = False

    def __init__(self, rec: Recurrence | None = None, roots: Sequence[Node] = ()) -> None:
        self._scalar = rec is not None and rec.is_scalar
        self._roots = roots

    @cached_property
    def factors_commute(self) -> bool:
        """Whether products need not show their order: all is scalar, and no matrix is printed.

        (The joint state of a scalar cell has a matrix for its Jacobian.) Asked only when there is a
        product whose order is known, and then once for all that is printed.
        """
        return self._scalar and not any(isinstance(n, Matrix) for r in self._roots for n in walk(r))

    @abstractmethod
    def number(self, value: Fraction) -> Form:
        """A non-negative rational."""

    @abstractmethod
    def idx(self, name: str) -> str:
        """An integer variable."""

    @abstractmethod
    def sym(self, name: str) -> Form:
        """A name without time."""

    @abstractmethod
    def at(self, name: str, time: Node) -> Form:
        """An element of a sequence."""

    @abstractmethod
    def ones(self) -> Form:
        """The number 1 of whatever shape is wanted."""

    @abstractmethod
    def sign(self, minus: bool, first: bool, compact: bool) -> str:
        """The sign before a term; the first term has one only if it is negative."""

    @abstractmethod
    def times(self, left: Node, right: Node, compact: bool) -> str:
        """What stands between two factors of a natural product."""

    @abstractmethod
    def odot(self) -> str:
        """The sign of the elementwise product."""

    @abstractmethod
    def brackets(self, inside: Items) -> Items:
        """Round brackets."""

    @abstractmethod
    def fraction(self, num: Node, den: Node, compact: bool) -> Form:
        """A quotient."""

    @abstractmethod
    def power(self, base: Slot, exp: Slot) -> Form:
        """A superscript."""

    @abstractmethod
    def transpose(self, base: Slot) -> Form:
        """A transpose."""

    @abstractmethod
    def fn(self, name: str, order: int, exp: int | None, arg: Node) -> Form:
        """An elementwise function, with its primes, or with a power on its name."""

    @abstractmethod
    def call(self, name: str, args: Sequence[Node]) -> Form:
        """An opaque function of several arguments."""

    @abstractmethod
    def derivative(self, kind: Kind, y: Node, xs: Sequence[Node]) -> Form:
        """The derivative of ``y`` with respect to ``xs``, the outermost first."""

    @abstractmethod
    def big(self, op: Sum | Prod, var: str) -> Form:
        """A sum or product with its range and body; the form's strength is REACH."""

    @abstractmethod
    def diag(self, arg: Node) -> Form:
        """The diagonal matrix of a vector."""

    @abstractmethod
    def concat(self, args: Sequence[Node]) -> Form:
        """Vectors stacked."""

    @abstractmethod
    def block(self, arg: Node, part: str) -> Form:
        """The columns of a matrix that multiply one part of a concatenation."""

    def sliced(self, base: Slot, ranges: str) -> Form:
        """A part of a vector or matrix, by the range of each axis."""
        return FACTOR, [base, f"[{ranges}]"]

    @abstractmethod
    def matrix(self, rows: Sequence[Sequence[Node]]) -> Form:
        """A block matrix."""

    @abstractmethod
    def norm(self, arg: Node, order: str) -> Form:
        """A norm."""

    @abstractmethod
    def absolute(self, arg: Node) -> Form:
        """An absolute value."""

    @abstractmethod
    def relation(self, rel: Rel) -> str:
        """A relation sign, with the space around it."""


def form(node: Node, style: Style, compact: bool = False) -> Form:
    """The parts of one node; what lies below it is left in slots."""
    rule = RULES.get(type(node))
    if rule is None:
        raise TypeError(f"not an expression node: {type(node).__name__}")
    return rule(node, style, compact)


def terms(node: Node, style: Style) -> Iterator[tuple[bool, Node]]:
    """``(negative, term)`` of a sum, sums inside it opened."""
    for term in spliced(node, Add, style):
        if type(term) is Neg:
            yield True, term.arg
        elif (opened := without_minus(term)) is not None:
            yield True, opened
        else:
            yield False, term


def without_minus(node: Node) -> Node | None:
    """``-node`` if ``node`` is a negative number or a product that starts with one."""
    if type(node) is Num:
        return Num(-node.value) if node.value.numerator < 0 else None
    if type(node) is Mul and len(node.args) > 1:
        first = node.args[0]
        if type(first) is Num and first.value.numerator < 0:
            rest = node.args[1:]
            if first.value == -1:
                return rest[0] if len(rest) == 1 else Mul(rest)
            return Mul((Num(-first.value), *rest))
    return None


#: What is opened within a sum or product of each kind.
_OPENED: Final[Mapping[type[Node], frozenset[type[Node]]]] = {
    Add: frozenset((Add,)),
    Mul: frozenset((Mul, Outer)),
    Had: frozenset((Had,)),
}


def spliced(node: Node, kind: type[Add] | type[Mul] | type[Had], style: Style) -> list[Node]:
    """The operands of ``node``, operands of the same kind opened in place."""
    if style.explicit:
        return list(node.args) if isinstance(node, (Add, Mul, Had)) else [node]
    if type(node) is kind and not _OPENED[kind].intersection(map(type, node.args)):
        return list(node.args)
    out: list[Node] = []
    stack: list[Node] = [node]
    while stack:
        n = stack.pop()
        if isinstance(n, kind):
            stack.extend(reversed(n.args))
        elif kind is Mul and isinstance(n, Outer):
            # left right^T is a product like any other; only its operands' order matters.
            stack += (Transpose(n.right), n.left)
        else:
            out.append(n)
    return out


def _num(node: Num, style: Style, compact: bool) -> Form:
    if node.value.numerator < 0:
        inner = style.number(-node.value)[1]
        return SUM, [style.sign(True, True, compact), *inner]
    return style.number(node.value)


def _add(node: Add, style: Style, compact: bool) -> Form:
    if len(node.args) < 2:
        return form(node.args[0] if node.args else Num(Fraction(0)), style, compact)
    items: Items = []
    for minus, term in terms(node, style):
        mark = style.sign(minus, not items, compact)
        if mark:
            items.append(mark)
        items.append(Slot(term, REACH if not style.explicit else FACTOR, compact))
    return SUM, items or style.number(Fraction(0))[1]


def _neg(node: Neg, style: Style, compact: bool) -> Form:
    least = FACTOR if style.explicit else REACH
    return SUM, [style.sign(True, True, compact), Slot(node.arg, least, compact)]


_REACHING: Final = frozenset((Sum, Prod, D))


def _mul(node: Mul | Outer, style: Style, compact: bool) -> Form:
    if type(node) is Mul and len(node.args) < 2:
        return form(node.args[0] if node.args else Num(Fraction(1)), style, compact)
    if not style.explicit and (positive := without_minus(node)) is not None:
        return SUM, [style.sign(True, True, compact), Slot(positive, REACH, compact)]
    factors = spliced(node, Mul, style)
    if isinstance(node, Outer) and style.explicit:
        factors = [node.left, Transpose(node.right)]
    if not factors:
        return style.number(Fraction(1))
    if len(factors) == 1:
        return form(factors[0], style, compact)
    items: Items = [Slot(factors[0], FACTOR, compact)]
    last = len(factors) - 1
    for i in range(1, len(factors)):
        factor = factors[i]
        items.append(style.times(factors[i - 1], factor, compact))
        # What reaches to the right needs no brackets where nothing follows.
        ends = i == last and not style.explicit and type(factor) in _REACHING
        least = REACH if ends else FACTOR
        items.append(Slot(factor, least, compact))
    return PRODUCT, items


def _had(node: Had, style: Style, compact: bool) -> Form:
    factors = spliced(node, Had, style)
    if not factors:
        return style.number(Fraction(1))
    if len(factors) == 1:
        return form(factors[0], style, compact)
    items: Items = []
    for factor in factors:
        if items:
            items.append(style.odot())
        items.append(Slot(factor, FACTOR, compact))
    return PRODUCT, items


#: Functions whose power is customarily written on the name: tanh^2(a).
POWER_ON_NAME: Final = frozenset("tanh sinh cosh sech coth".split())


def _pow(node: Pow, style: Style, compact: bool) -> Form:
    base, exp = node.base, node.exp
    # A negative power on the name would be read as the inverse function.
    if (
        isinstance(base, Fn)
        and base.order == 0
        and base.name in POWER_ON_NAME
        and isinstance(exp, Num)
        and exp.value.denominator == 1
        and exp.value > 1
    ):
        return style.fn(base.name, 0, int(exp.value), base.arg)
    return style.power(Slot(base, ATOM, compact), Slot(exp, LOOSE, True))


def _derivative(node: D, style: Style, compact: bool) -> Form:
    # d/dw dh/dw is d^2 h/dw^2 when both are of one unbracketed kind.
    xs = [node.x]
    y = node.y
    if node.kind in ("total", "unmarked"):
        while isinstance(y, D) and y.kind == node.kind:
            xs.append(y.x)
            y = y.y
    return style.derivative(node.kind, y, xs)


_Rule = Callable[..., Form]
RULES: Final[dict[type[Node], _Rule]] = {
    Num: _num,
    Idx: lambda n, s, c: (ATOM, [s.idx(n.name)]),
    Sym: lambda n, s, c: s.sym(n.name),
    At: lambda n, s, c: s.at(n.name, n.time),
    Add: _add,
    Mul: _mul,
    Had: _had,
    Neg: _neg,
    Div: lambda n, s, c: s.fraction(n.num, n.den, c),
    Pow: _pow,
    Fn: lambda n, s, c: s.fn(n.name, n.order, None, n.arg),
    Call: lambda n, s, c: s.call(n.name, n.args),
    D: _derivative,
    Sum: lambda n, s, c: s.big(n, n.var),
    Prod: lambda n, s, c: s.big(n, n.var),
    Diag: lambda n, s, c: s.diag(n.arg),
    Transpose: lambda n, s, c: s.transpose(Slot(n.arg, ATOM, c)),
    Outer: _mul,
    Concat: lambda n, s, c: s.concat(n.args),
    Block: lambda n, s, c: s.block(n.arg, n.part),
    Slice: lambda n, s, c: s.sliced(Slot(n.arg, ATOM, c), n.shown),
    Matrix: lambda n, s, c: s.matrix(n.rows),
    Norm: lambda n, s, c: s.norm(n.arg, n.ord),
    Abs: lambda n, s, c: s.absolute(n.arg),
    Ones: lambda n, s, c: s.ones(),
}


def whole(n: int) -> str:
    """The digits of a whole number.

    Raises
    ------
    LimitExceeded
        It has more than :data:`MAX_DIGITS` digits.
    """
    if n.bit_length() > 3.33 * MAX_DIGITS:
        raise LimitExceeded(f"a number of more than {MAX_DIGITS} digits is not printed")
    return str(n)


#: Marks of the kinds of derivative that have no sign of their own.
MARKS: Final[Mapping[Kind, str]] = {"direct": "dir", "own": "own", "local": "loc"}


def mark_of(kind: Kind, y: Node, xs: Sequence[Node]) -> str:
    """The mark on the sign; a function's derivative by its own argument needs none."""
    plain = kind == "direct" and isinstance(y, Call) and all(x in y.args for x in xs)
    return "" if plain else MARKS.get(kind, "")


def listed(args: Sequence[Node], separator: str) -> Items:
    """The slots of ``args`` with ``separator`` between them."""
    items: Items = []
    for a in args:
        items += (separator, Slot(a)) if items else (Slot(a),)
    return items


def plain_index(node: Node) -> tuple[str, int] | None:
    """``(name, offset)`` of an index that is a variable plus a whole number, or ``("", n)``.

    Nearly every index printed has this form, so it is told apart without the general walk.
    """
    if type(node) is Idx:
        return node.name, 0
    if type(node) is Num:
        return ("", int(node.value)) if node.value.denominator == 1 else None
    if type(node) is Add and len(node.args) == 2 and type(node.args[0]) is Idx:
        name, rest = node.args[0].name, node.args[1]
        if type(rest) is Neg and type(rest.arg) is Num:
            k = -rest.arg.value
        elif type(rest) is Num:
            k = rest.value
        else:
            return None
        return (name, int(k)) if k.denominator == 1 and k else None
    return None


def starts_with_digit(node: Node) -> bool:
    """Whether a factor's print begins with a digit, so that a sign of product must part it."""
    while True:
        if type(node) is Num:
            return node.value.numerator >= 0
        if type(node) is Ones:
            return True
        if type(node) is Pow:
            node = node.base
        elif type(node) is Mul and node.args:
            node = node.args[0]
        else:
            return False


def runs(xs: Sequence[Node]) -> list[tuple[Node, int]]:
    """Equal neighbours counted."""
    out: list[tuple[Node, int]] = []
    for x in xs:
        if out and _same(out[-1][0], x):
            out[-1] = (x, out[-1][1] + 1)
        else:
            out.append((x, 1))
    return out


def _same(a: Node, b: Node) -> bool:
    # Structural equality recurses, so it is asked only of nodes known to be flat.
    if isinstance(a, At) and isinstance(b, At):
        return a.name == b.name and plain_index(a.time) is not None and a == b
    return isinstance(a, Sym) and a == b
