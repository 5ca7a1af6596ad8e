r"""Which of the quantities of a network are numbers, vectors and matrices.

Where no weight is a capital letter, everything is a number. Else weights multiply what they are
applied to from the right, :math:`X W_1 + b_1`, where examples are rows, or from the left,
:math:`W x + b`; a text that does both is not understood. Data in capitals are those of a batch,
to each of which a bias is added. All sizes are different: a transpose or a swapped factor shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise

from bptt_sym.check.quantities.lines import ENTRIES
from bptt_sym.check.quantities.marks import EXAMPLES
from bptt_sym.errors import NotSupported
from bptt_sym.notation import (
    Abs,
    Add,
    Call,
    Claim,
    D,
    Div,
    Fn,
    Had,
    Mul,
    Neg,
    Node,
    Norm,
    Num,
    Outer,
    Pow,
    Sym,
    Transpose,
    num,
    rebuild,
    walk,
)
from bptt_sym.read.vocabulary import plain_name
from bptt_sym.recurrence import Shape

_BATCH = "m"
#: Columns of ones: of one bias for every example, and to add up entries.
_ONES = r"\mathbf{1}_{%s}"
ONES = _ONES % _BATCH
#: Labels, whose entries add to one, as a function of any numbers.
LABELS = "labels"
_SUMMING = r"\mathbf{1}_{+"
_WEIGHT = re.compile(r"(?:[WUV]|\\Theta)(?![A-Za-z])")
_BIAS = re.compile(r"(?:[bcB]|\\beta)(?![A-Za-z])")
_LOSS = re.compile(r"(?:[LJCE]|\\mathcal\{[LJCE]\}|\\ell|\\mathrm\{[A-Za-z]+\})$")
_NUMBER = re.compile(r"(?:[mnN]|\\(?:alpha|eta|lambda|gamma|mu|tau|kappa))$")


def is_weight(name: str) -> bool:
    """Whether ``name`` is what texts call a matrix of weights."""
    return _WEIGHT.match(plain_name(name)) is not None


def is_size(name: str) -> bool:
    """Whether ``name`` is a number that needs no definition: how many examples there are, say."""
    return _NUMBER.match(plain_name(name)) is not None


def is_loss(name: str) -> bool:
    """Whether ``name`` is what texts call a loss."""
    return _LOSS.match(plain_name(name)) is not None


@dataclass
class Layout:
    """The sizes of the names, found by walking through the definitions."""

    #: Whether examples are rows: weights stand on the right of what they multiply.
    rows: bool
    batch: bool
    #: Whether a loss that is written as a vector was taken for the sum of its entries.
    loose: bool = False
    names: dict[str, tuple[str, str]] = field(default_factory=dict)
    _same: dict[str, str] = field(default_factory=dict)
    _count: int = 0

    def size(self, of: str) -> str:
        while of in self._same:
            of = self._same[of]
        return of

    def unify(self, a: str, b: str) -> None:
        a, b = self.size(a), self.size(b)
        if a == b:
            return
        if "1" in (a, b) or _BATCH in (a, b):
            raise NotSupported("sizes that do not fit")
        self._same[a] = b

    def fresh(self) -> str:
        self._count += 1
        return f"d_{self._count}"

    def ones(self, dim: str, *, column: bool = False) -> Node:
        """A vector of as many ones, by which entries are added up, or a matrix of one column."""
        name = _ONES % (dim if column else f"+{dim}")
        self.names[name] = (dim, "1")
        return Sym(name)

    def of(self, name: str) -> tuple[str, str]:
        """The rows and columns of ``name``."""
        if name not in self.names:
            plain = plain_name(name)
            if is_loss(name) or is_size(name):
                self.names[name] = ("1", "1")
            elif name == ONES:
                self.names[name] = (_BATCH, "1")
            elif is_weight(name):
                self.names[name] = (self.fresh(), self.fresh())
            elif self.batch and not _BIAS.match(plain):
                feature = self.fresh()
                self.names[name] = (_BATCH, feature) if self.rows else (feature, _BATCH)
            else:
                feature = self.fresh()
                self.names[name] = ("1", feature) if self.rows else (feature, "1")
        return self.names[name]

    def measure(self, node: Node) -> tuple[str, str]:
        """The rows and columns of ``node``; what they must be is taken up."""
        one = ("1", "1")
        match node:
            case Sym(name=name):
                return self.of(name)
            case Fn(name=name, arg=a) if name == ENTRIES:
                self.measure(a)
                return one
            case Neg(arg=a) | Fn(arg=a) | Pow(base=a):
                return self.measure(a)
            case Transpose(arg=a):
                r, c = self.measure(a)
                return c, r
            case Norm(arg=a):
                self.measure(a)
                return one
            case Add(args=args) | Had(args=args):
                wide = [d for d in map(self.measure, args) if d != one]
                for d in wide[1:]:
                    self.unify(d[0], wide[0][0])
                    self.unify(d[1], wide[0][1])
                return wide[0] if wide else one
            case Mul(args=args):
                found = one
                for d in map(self.measure, args):
                    if one in (found, d):
                        found = d if found == one else found
                        continue
                    self.unify(found[1], d[0])
                    found = (found[0], d[1])
                return found
            case Outer(left=a, right=b):
                return self.measure(a)[0], self.measure(b)[0]
            case Div(num=a, den=b):
                if self.measure(b) != one:
                    raise NotSupported("a quotient of vectors")
                return self.measure(a)
            case Call(args=args):
                for a in args:
                    self.measure(a)
                return one
            case D(y=Sym(name=name), x=Sym() as x) if is_loss(name):
                return self.measure(x)
            case D():
                raise NotSupported("the derivative of what is no number")
        return one

    def take_up(self, claim: Claim) -> None:
        """What a claim says of the sizes of names that no definition has, if it fits at all."""
        with suppress(NotSupported):
            sizes = [d for d in map(self.measure, claim.sides) if d != ("1", "1")]
            for d in sizes[1:]:
                self.unify(d[0], sizes[0][0])
                self.unify(d[1], sizes[0][1])

    def shape(self, name: str) -> Shape:
        r, c = (1 if d == "1" else d for d in map(self.size, self.of(name)))
        if r == c == 1:
            return ()
        if name.startswith(_SUMMING):
            return (r,)
        if self.batch or (self.rows and r == 1) or name.startswith(_ONES[:-3]):
            return (r, c)
        return tuple(d for d in (r, c) if d != 1)


def layouts(definitions: Mapping[str, Node], claim: Claim) -> Iterator[Layout | None]:
    """The layouts that may be meant, ``None`` for numbers alone."""
    nodes = [n for v in (*definitions.values(), *claim.sides) for n in walk(v)]
    names = {n.name for n in nodes if isinstance(n, Sym)} | set(definitions)
    big = {n for n in names if _is_big(n)}
    if not big:
        yield None
        return
    sides = {s for v in definitions.values() for s in _sides_of_weights(v)}
    if len(sides) != 1 or not any(map(is_weight, big)):
        return
    data = {n for n in big if not is_weight(n) and not _BIAS.match(plain_name(n))}
    lower = {n for n in names - big if not is_loss(n) and not is_size(n)}
    batch = bool({n for n in data if "mathbf" not in n or plain_name(n)[:1].isupper()})
    lower = {n for n in lower if not _BIAS.match(plain_name(n))}
    yield Layout(rows=sides == {"right"}, batch=batch)


def _is_big(name: str) -> bool:
    plain = plain_name(name)
    base = re.sub(r"\\(?:hat|tilde|bar)\{", "", plain)
    if is_loss(name):
        return False
    return base[:1].isupper() or base.startswith(r"\Theta") or r"\mathbf" in name


def _sides_of_weights(node: Node) -> Iterator[str]:
    """On which side of what they multiply the weights in ``node`` stand."""
    for n in walk(node):
        if not isinstance(n, Mul):
            continue
        args = [a for a in n.args if not isinstance(a, Num)]
        for a, b in pairwise(args):
            first, second = (isinstance(x, Sym) and is_weight(x.name) for x in (a, b))
            if first != second:
                yield "left" if first else "right"


def with_biases(value: Node, layout: Layout) -> Node:
    """``value`` with its biases added to every example of a batch."""
    if not layout.batch:
        return value
    value = rebuild(value, lambda n: with_biases(n, layout))
    if not isinstance(value, Add) or not any(isinstance(a, Mul) for a in value.args):
        return value
    ones = Sym(ONES)

    def spread(a: Node) -> Node:
        if not (isinstance(a, Sym) and _BIAS.match(plain_name(a.name))):
            return a
        return Mul((ones, a)) if layout.rows else Mul((a, Transpose(ones)))

    return replace(value, args=tuple(map(spread, value.args)))


def as_meant(node: Node, layout: Layout) -> Node:
    r"""``node`` of a claim: :math:`\mathbf 1` has as many ones as there are examples, over which
    sums are products with it, and a power of data is taken entry by entry.
    """
    if isinstance(node, Sym) and node.name in (r"\mathbf{1}", r"\mathbb{1}") and layout.batch:
        return Sym(ONES, span=node.span)
    node = rebuild(node, lambda n: as_meant(n, layout))
    match node:
        case Add(args=args) if layout.batch:
            return replace(node, args=tuple(_filled(a, args, layout) for a in args))
        case Fn(name=name, arg=a) if name == EXAMPLES:
            if not layout.batch:
                return a
            ones = Sym(ONES)
            return Mul((Transpose(ones), a)) if layout.rows else Mul((a, ones))
        case Pow(base=Sym(name=name) as base, exp=e) if e == num(2) and layout.batch:
            r, c = map(layout.size, layout.of(name))
            return Had((base, base)) if _BATCH in (r, c) and "1" not in (r, c) else node
    return node


def with_sums(node: Node, layout: Layout | None) -> Node:
    """``node`` with the sums over entries that norms, labels and softmax are made of.

    The names must have been measured. A number beside a matrix of data is added to each entry.
    """
    node = rebuild(node, lambda n: with_sums(n, layout))
    match node:
        case Add(args=args) if layout is not None and layout.batch:
            return replace(node, args=tuple(_filled(a, args, layout) for a in args))
        case Pow(base=Norm(arg=a, ord=kind), exp=e) if e == num(2):
            if layout is not None and layout.batch and kind not in ("F", "any", "2"):
                raise NotSupported("this norm of a matrix")
            return Pow(a, e) if layout is None else _sum_of(Had((a, a)), layout)
        case Pow(base=Abs(arg=a), exp=e) if e == num(2):
            return Pow(a, e)
        case Fn(name=name, arg=a) if name == ENTRIES:
            return a if layout is None else _sum_of(a, layout)
        case Fn(name=name, arg=a) if name == LABELS:
            return a if layout is None else Div(a, _spread_sum(a, layout))
        case Fn(name="softmax", arg=a, order=0) if layout is not None:
            if layout.batch or layout.rows:
                raised = Fn("exp", a)
                return Div(raised, _spread_sum(raised, layout))
    return node


def _filled(number: Node, terms: tuple[Node, ...], layout: Layout) -> Node:
    """``number`` in each entry of a matrix like the other ``terms``; what is none, as it is."""
    try:
        sizes = {tuple(map(layout.size, layout.measure(t))) for t in terms}
        own = layout.measure(number)
    except NotSupported:
        return number
    wide = sizes - {("1", "1")}
    if own != ("1", "1") or len(wide) != 1:
        return number
    ((r, c),) = wide
    if "1" in (r, c):
        return number
    left, right = (layout.ones(d, column=True) for d in (r, c))
    return Mul((number, left, Transpose(right)))


def _sum_of(node: Node, layout: Layout) -> Node:
    """The sum of all entries of ``node``."""
    r, c = map(layout.size, layout.measure(node))
    factors = [node]
    if r != "1":
        factors.insert(0, Transpose(layout.ones(r)))
    if c != "1":
        factors.append(layout.ones(c))
    return Mul(tuple(factors)) if len(factors) > 1 else node


def _spread_sum(node: Node, layout: Layout) -> Node:
    """The sums over the features of ``node``, each in the place of every one that it adds up."""
    r, c = map(layout.size, layout.measure(node))
    if layout.rows:
        column = layout.ones(c, column=True)
        return Mul((node, column, Transpose(column)))
    column = layout.ones(r, column=layout.batch)
    return Mul((column, Mul((Transpose(column), node))))


def ones_in(nodes: Iterable[Node]) -> frozenset[str]:
    """The columns of ones that stand in ``nodes``."""
    names = {n.name for v in nodes for n in walk(v) if isinstance(n, Sym)}
    return frozenset(n for n in names if n.startswith(_ONES[:-3]))
