"""The one expression type: what is read, derived, decided and printed.

A node is a small frozen value. Equality is structural and ignores :attr:`Node.span`, the place in
the source text that a node was read from. Nothing here evaluates or simplifies: meaning is given by
the interpreters (``decide`` for exact and numerical values, ``render`` for text).

Time indices are ordinary nodes built from :class:`Num`, :class:`Idx`, :class:`Add`, :class:`Mul`
and :class:`Neg`; :func:`affine` turns one into its canonical form.

Two derivatives that books print alike are different values here, see :class:`D`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import chain, count
from typing import Any, Literal, final

from bptt_sym.errors import Span
from bptt_sym.remembering import Remembering

Kind = Literal["total", "immediate", "direct", "unmarked", "own", "local"]


@dataclass(frozen=True)
class Node(Remembering):
    """Base of all expression nodes."""

    span: Span | None = field(default=None, compare=False, repr=False, kw_only=True)


@final
@dataclass(frozen=True)
class Num(Node):
    """An exact rational number."""

    value: Fraction


@final
@dataclass(frozen=True)
class Idx(Node):
    """An integer variable: ``T``, ``t``, ``k``, a summation index."""

    name: str


@final
@dataclass(frozen=True)
class Sym(Node):
    """A name without time: a parameter, a cost, a constant. Shape comes from the recurrence."""

    name: str


@final
@dataclass(frozen=True)
class At(Node):
    """An element of a sequence, ``h_t`` as ``At("h", Idx("t"))``."""

    name: str
    time: Node


@final
@dataclass(frozen=True)
class Add(Node):
    args: tuple[Node, ...]


@final
@dataclass(frozen=True)
class Mul(Node):
    """The natural product, in order: numbers, matrix products, number times matrix."""

    args: tuple[Node, ...]


@final
@dataclass(frozen=True)
class Had(Node):
    """The elementwise (Hadamard) product, in order."""

    args: tuple[Node, ...]


@final
@dataclass(frozen=True)
class Neg(Node):
    arg: Node


@final
@dataclass(frozen=True)
class Div(Node):
    num: Node
    den: Node


@final
@dataclass(frozen=True)
class Pow(Node):
    """``base ** exp``; elementwise on vectors, a matrix power on square matrices."""

    base: Node
    exp: Node


@final
@dataclass(frozen=True)
class Fn(Node):
    """An elementwise function; ``order`` counts primes.

    ``name`` is one of :data:`FUNCTIONS` or the name of an opaque elementwise activation.
    """

    name: str
    arg: Node
    order: int = 0


@final
@dataclass(frozen=True)
class Call(Node):
    """An opaque function of several arguments, ``f(x_t, h_{t-1}, w)`` or ``E_k(h_k)``."""

    name: str
    args: tuple[Node, ...]


@final
@dataclass(frozen=True)
class D(Node):
    r"""The derivative of ``y`` with respect to ``x`` (an :class:`At` or :class:`Sym`).

    ``kind`` says which derivative:

    * ``total``: along every path of the unrolled computation from ``x`` to ``y``, the node ``x``
      itself being cut loose from its own definition;
    * ``immediate``: states of earlier steps than ``y`` are held fixed, written
      :math:`[\partial h_t/\partial w]` or :math:`\partial^+ h_t/\partial w`;
    * ``direct``: every other symbol in ``y``'s defining equation is held fixed,
      :math:`\partial f(x_t,h_{t-1},w)/\partial w`, or :math:`\partial c_t/\partial c_{t-1}=f_t`;
    * ``unmarked``: read from a text that does not say; a reading decides.

    Two more kinds exist only as readings: ``own`` (along one state's own sequence, other states
    held fixed) and ``local`` (a loss by a state, not through later states).
    """

    y: Node
    x: Node
    kind: Kind = "total"


@final
@dataclass(frozen=True)
class Sum(Node):
    """The sum of ``body`` for ``var`` from ``lo`` to ``hi``; empty if ``hi < lo``."""

    var: str
    lo: Node
    hi: Node
    body: Node


@final
@dataclass(frozen=True)
class Prod(Node):
    """The ordered product of ``body`` for ``var`` from ``lo`` to ``hi``; empty if ``hi < lo``.

    ``descending`` tells whether the factor with the greatest index stands leftmost; ``None`` is
    "the text does not say" (:func:`bptt_sym.distances.highest_first`).
    """

    var: str
    lo: Node
    hi: Node
    body: Node
    descending: bool | None = None


@final
@dataclass(frozen=True)
class Diag(Node):
    arg: Node


@final
@dataclass(frozen=True)
class Transpose(Node):
    arg: Node


@final
@dataclass(frozen=True)
class Outer(Node):
    """``left right^T`` of two vectors."""

    left: Node
    right: Node


@final
@dataclass(frozen=True)
class Concat(Node):
    """``[h_{t-1}, x_t]``: vectors stacked one below the other, in order."""

    args: tuple[Node, ...]


@final
@dataclass(frozen=True)
class Block(Node):
    """The columns of ``arg`` that multiply ``part`` (a sequence name) of a concatenation."""

    arg: Node
    part: str


@final
@dataclass(frozen=True)
class Matrix(Node):
    """A block matrix by rows; a scalar block among matrices is that multiple of the identity."""

    rows: tuple[tuple[Node, ...], ...]


@final
@dataclass(frozen=True)
class Norm(Node):
    """``ord`` is ``"2"``, ``"1"``, ``"inf"``, ``"F"`` or ``"any"`` (a sub-multiplicative one)."""

    arg: Node
    ord: str = "any"


@final
@dataclass(frozen=True)
class Abs(Node):
    arg: Node


@final
@dataclass(frozen=True)
class Ones(Node):
    """The number 1 of whatever shape is wanted: all ones, or the identity matrix."""


Rel = Literal["=", "<=", "<", ">=", ">", "->", "~", "!=", "prop"]


@final
@dataclass(frozen=True)
class Claim:
    """``sides[0] ops[0] sides[1] ops[1] …``: an equation, a chain, a bound, a limit.

    ``source`` is the text it was read from; the spans of the nodes point into it. ``given`` are the
    hypotheses that the text itself states with it: "… if |w| < 1".
    """

    sides: tuple[Node, ...]
    ops: tuple[Rel, ...]
    source: str = ""
    given: tuple[Claim, ...] = ()

    def __post_init__(self) -> None:
        if len(self.sides) != len(self.ops) + 1:
            raise ValueError("a claim needs one relation between every two sides")


#: Elementwise functions with a known meaning. ``sigma`` is the logistic function.
FUNCTIONS = frozenset(
    "tanh sigma exp log sinh cosh sech coth relu softmax sqrt identity".split()
)

#: Functions that stand in formulas beside recurrences, and in no recurrence.
CIRCULAR = frozenset(("sin", "cos"))
#: The name of the index that stands for the last step.
HORIZON_NAME = "T"
#: The name of the symbol that limits go to; it has no value.
INFINITY = r"\infty"
#: Before the name of an activation: the least upper bound of its slope, where that is unknown.
STEEPEST = "sup "
#: Nodes of an expression that remembers them all; of a larger one they are found again.
MAX_WALKED = 100
ZERO = Num(Fraction(0))
ONE = Num(Fraction(1))


def num(value: int | Fraction) -> Num:
    """A :class:`Num` from an integer or a fraction."""
    return Num(Fraction(value))


def add(*args: Node) -> Node:
    """A flat sum without zeros; ``0`` if nothing is left."""
    flat: list[Node] = []
    for a in args:
        flat.extend(a.args if isinstance(a, Add) else () if a == ZERO else (a,))
    return ZERO if not flat else flat[0] if len(flat) == 1 else Add(tuple(flat))


def mul(*args: Node) -> Node:
    """A flat product without ones; ``0`` if a factor is 0, ``1`` if nothing is left."""
    flat: list[Node] = []
    for a in args:
        flat.extend(a.args if isinstance(a, Mul) else () if a == ONE else (a,))
    if ZERO in flat:
        return ZERO
    return ONE if not flat else flat[0] if len(flat) == 1 else Mul(tuple(flat))


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below ``node``, in the order of its fields."""
    # Nodes never change, so what is asked often is remembered on the node itself.
    known: tuple[Node, ...] | None = node.__dict__.get("_children")
    if known is not None:
        return known
    out: list[Node] = []
    for name in node.__dataclass_fields__:
        value = getattr(node, name)
        if isinstance(value, Node):
            out.append(value)
        elif isinstance(value, tuple):
            for v in value:
                out.extend(v if isinstance(v, tuple) else (v,) if isinstance(v, Node) else ())
    known = node.__dict__["_children"] = tuple(out)
    return known


def rebuild(node: Node, change: Callable[[Node], Node]) -> Node:
    """``node`` with ``change`` applied to each child; the same object if nothing changed."""
    if not children(node):
        return node
    if isinstance(node, Matrix):
        return replace(node, rows=tuple(tuple(change(e) for e in row) for row in node.rows))
    updates: dict[str, Any] = {}
    for name in node.__dataclass_fields__:
        value = getattr(node, name)
        if isinstance(value, Node):
            new = change(value)
            if new is not value:
                updates[name] = new
        elif isinstance(value, tuple) and any(isinstance(v, Node) for v in value):
            news = tuple(change(v) if isinstance(v, Node) else v for v in value)
            if any(a is not b for a, b in zip(news, value, strict=True)):
                updates[name] = news
    if not updates:
        return node
    # As ``dataclasses.replace`` does, which is slow: edits are made by the thousand.
    new = object.__new__(type(node))
    kept = ((name, value) for name, value in node.__dict__.items() if name[0] != "_")
    new.__dict__.update(kept, **updates)
    return new


def walk(node: Node) -> Iterator[Node]:
    """``node`` and everything below it, depth first, without recursion."""
    known: list[Node] | None = node.__dict__.get("_below")
    if known is None:
        known, stack = [], [*children(node)[::-1]]
        while stack:
            known.append(stack.pop())
            stack.extend(reversed(children(known[-1])))
        if len(known) < MAX_WALKED:
            node.__dict__["_below"] = known  # (with itself only a search would free it)
    return chain((node,), known)


def free_indices(node: Node) -> frozenset[str]:
    """Integer variables of ``node`` that no sum or product in it binds."""
    known: frozenset[str] | None = node.__dict__.get("_free")
    if known is not None:
        return known
    out: frozenset[str] = frozenset()
    if isinstance(node, Idx):
        out = frozenset((node.name,))
    elif isinstance(node, (Sum, Prod)):
        out = free_indices(node.body) - {node.var}
        out |= free_indices(node.lo) | free_indices(node.hi)
    else:
        for c in children(node):
            out |= free_indices(c)
    node.__dict__["_free"] = out
    return out


def fresh(name: str, taken: frozenset[str] | set[str]) -> str:
    """``name``, or the first of j, k, s, r, i, then ``name1``, ``name2``, … that is not taken."""
    numbered = (f"{name}{n}" for n in count(1))
    return next(c for c in chain((name, "j", "k", "s", "r", "i"), numbered) if c not in taken)


def substitute_index(node: Node, name: str, value: Node) -> Node:
    """``node[name := value]`` for an integer variable; bound variables are renamed when needed."""
    if isinstance(node, Idx):
        return value if node.name == name else node
    if name not in free_indices(node):
        return node
    if isinstance(node, (Sum, Prod)):
        lo, hi = (substitute_index(end, name, value) for end in (node.lo, node.hi))
        if node.var == name:
            return replace(node, lo=lo, hi=hi)
        var, body = node.var, node.body
        if var in free_indices(value) and name in free_indices(body):
            var = fresh(var, free_indices(value) | free_indices(body) | {name})
            body = substitute_index(body, node.var, Idx(var))
        return replace(node, var=var, lo=lo, hi=hi, body=substitute_index(body, name, value))
    return rebuild(node, lambda c: substitute_index(c, name, value))


def affine(node: Node) -> tuple[dict[str, int], int] | None:
    """``(coefficients, constant)`` of an integer-affine index expression, else ``None``."""
    if "_affine" not in node.__dict__:
        node.__dict__["_affine"] = _affine(node)
    known: tuple[dict[str, int], int] | None = node.__dict__["_affine"]
    return known


def _affine(node: Node) -> tuple[dict[str, int], int] | None:
    match node:
        case Num(value=v):
            return ({}, int(v)) if v.denominator == 1 else None
        case Idx(name=n):
            return {n: 1}, 0
        case Neg(arg=a):
            return _scale(affine(a), -1)
        case Add(args=args):
            coeffs: dict[str, int] = {}
            const = 0
            for a in args:
                part = affine(a)
                if part is None:
                    return None
                for n, c in part[0].items():
                    coeffs[n] = coeffs.get(n, 0) + c
                const += part[1]
            return {n: c for n, c in coeffs.items() if c}, const
        case Mul(args=args):
            acc: tuple[dict[str, int], int] | None = ({}, 1)
            for a in args:
                part = affine(a)
                if part is None or acc is None:
                    return None
                if not part[0]:
                    acc = _scale(acc, part[1])
                elif not acc[0]:
                    acc = _scale(part, acc[1])
                else:
                    return None
            return acc
        case _:
            return None


def _scale(
    part: tuple[dict[str, int], int] | None, k: int
) -> tuple[dict[str, int], int] | None:
    if part is None:
        return None
    return {n: c * k for n, c in part[0].items() if c * k}, part[1] * k


def index(*terms: str | int) -> Node:
    """An index expression: ``index("t", -1)`` is t-1, ``index("t", "-k", 2)`` is t-k+2."""
    coeffs: dict[str, int] = {}
    const = 0
    for term in terms:
        if isinstance(term, int):
            const += term
        elif term.startswith("-"):
            coeffs[term[1:]] = coeffs.get(term[1:], 0) - 1
        else:
            coeffs[term] = coeffs.get(term, 0) + 1
    return from_affine(coeffs, const)


def from_affine(coeffs: dict[str, int], const: int) -> Node:
    """The canonical node of an affine form: positive terms first, then negative, then number."""
    terms: list[Node] = []
    for name, c in sorted(coeffs.items(), key=lambda item: item[1] < 0):
        if not c:
            continue
        size: Node = Idx(name) if abs(c) == 1 else Mul((num(abs(c)), Idx(name)))
        terms.append(size if c > 0 else Neg(size))
    if const > 0 or not terms:
        terms.append(num(const))
    elif const < 0:
        terms.append(Neg(num(-const)))
    return terms[0] if len(terms) == 1 else Add(tuple(terms))


def shift(node: Node, k: int) -> Node:
    """The index ``node + k`` in canonical form."""
    form = affine(node)
    if form is None:
        raise ValueError(f"not an affine index: {node}")
    return from_affine(form[0], form[1] + k)
