"""Single factors: names, numbers, groups, powers and transposes."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from bptt_sym.entries import UNITS, Entry
from bptt_sym.errors import LimitExceeded, ReadError, ShapeError, Span, UnboundName
from bptt_sym.notation import (
    Abs,
    Add,
    At,
    Block,
    Call,
    Concat,
    D,
    Div,
    Fn,
    Matrix,
    Mul,
    Neg,
    Node,
    Norm,
    Num,
    Pow,
    Prod,
    Sum,
    Sym,
    Transpose,
    affine,
    num,
    walk,
)
from bptt_sym.read import limits
from bptt_sym.read.grammar import parse
from bptt_sym.read.index import index_of, number
from bptt_sym.read.names import Names
from bptt_sym.read.slices import cuts
from bptt_sym.read.surface import (
    Dots,
    Expr,
    Factor,
    Frac,
    Group,
    MatrixRows,
    Number,
    Root,
    Script,
    Scripted,
    Sliced,
    Word,
    script_text,
    single_factor,
)
from bptt_sym.recurrence import HORIZON, SCALAR
from bptt_sym.slices import Slice

_NORMS = {"2": "2", "1": "1", r"\infty": "inf", "F": "F"}


def _is_whole(node: Node) -> bool:
    """Whether one letter below must name an axis: of most things it may be a step, whose share
    in them it is; a sequence at a step, the derivative by one, and a weight with a label have
    theirs."""
    if isinstance(node, D):
        node = node.x
        return isinstance(node, At)
    return isinstance(node, At) or (isinstance(node, Sym) and bool({"_", "^"} & {*node.name}))


class Factors(Names):
    """Binds one factor of a product."""

    def factor(self, f: Factor) -> Node:
        if isinstance(f, Word):
            return self.word(f)
        if isinstance(f, Scripted):
            return self.scripted(f)
        if isinstance(f, Sliced):
            return self.sliced(f)
        if isinstance(f, Number):
            value = number(f.text)
            return Num(value.value, span=f.span)
        if isinstance(f, Group):
            return self.group(f)
        if isinstance(f, Frac):
            self.nested(f.span)
            top, below = self.expr(f.num), self.expr(f.den)
            self.depth -= 1
            return self.quotient(top, below, f.span)
        if isinstance(f, Root):
            self.nested(f.span)
            arg = self.expr(f.arg)
            degree = self.expr(f.degree) if f.degree is not None else num(2)
            self.depth -= 1
            if degree == num(2):
                return Fn("sqrt", arg, span=f.span)
            return Pow(arg, self.quotient(num(1), degree, f.span), span=f.span)
        if isinstance(f, MatrixRows):
            self.nested(f.span)
            rows = tuple(tuple(self.expr(e) for e in row) for row in f.rows)
            self.depth -= 1
            return Matrix(rows, span=f.span)
        if isinstance(f, Expr):
            return self.expr(f)
        if isinstance(f, Dots):
            raise ReadError("dots that stand for nothing", span=f.span, token=r"\dots",
                            hint="write the first two terms and the last one")  # fmt: skip
        raise ReadError("an operator without its operand", span=f.span, token="")

    def group(self, f: Group) -> Node:
        if len(f.items) > 1:
            if f.bracket in "([":
                return Concat(tuple(self.items(f)), span=f.span)
            raise ReadError("a list is not read here", span=f.span, token=f.bracket)
        self.nested(f.span)
        inner = self.expr(f.items[0])
        self.depth -= 1
        if f.bracket == "[" and isinstance(inner, D) and inner.kind == "unmarked":
            # Exactly one derivative of a state, or d/dw applied to an expression.
            parameter = isinstance(inner.x, Sym) and inner.x.name not in self.vocabulary.totals
            if parameter and not isinstance(inner.y, (Sym, D, Call)):
                return D(inner.y, inner.x, "immediate", span=f.span)
        if f.bracket == "|":
            return Abs(inner, span=f.span)
        if f.bracket == "‖":
            return Norm(inner, "any", span=f.span)
        if f.bracket in ("⌈", "⌊", "<"):
            raise ReadError(f"the bracket {f.bracket} is not read here", span=f.span,
                            token=f.bracket)  # fmt: skip
        return inner

    def sliced(self, f: Sliced) -> Node:
        """``W[:, n:]``, and ``X[:, s]``: the element at a step of a sequence that is an array."""
        steps = [a for a in f.axes if a.hi is None]
        if isinstance(f.base, Word) and len(steps) == 1 and all(
            not a.lo and not a.hi for a in f.axes if a.hi is not None
        ):
            name = self.vocabulary.canonical(f.base.name, self.vocabulary.sequences)
            time = self.time(Script(list(steps[0].lo), f.span)) if steps[0].lo else None
            if name is not None and time is not None:
                return At(name, time, span=f.span)
        if self.vocabulary.open:
            raise ReadError("a slice in a definition", span=f.span, token="[")
        self.nested(f.span)
        of = self.factor(f.base)
        self.depth -= 1
        return Slice(of, cuts(f.axes, self.vocabulary, f.span), span=f.span)

    def scripted(self, f: Scripted) -> Node:
        base = f.base
        if isinstance(base, Word):
            return self.named(f, base)
        if isinstance(base, Group) and base.bracket == "{" and len(base.items) == 1:
            inner_name = single_factor(base.items[0])
            if isinstance(inner_name, Word):  # { h }_{ t }
                return self.named(replace(f, base=inner_name), inner_name)
            if (
                isinstance(inner_name, Scripted)
                and not (inner_name.primes or f.primes)
                and not (inner_name.sub and f.sub)
                and not (inner_name.sup and f.sup)
            ):
                sub, sup = inner_name.sub or f.sub, inner_name.sup or f.sup
                return self.scripted(Scripted(inner_name.base, sub, sup, 0, f.span))
        if f.primes:
            raise ReadError("a prime on something that is no function", span=f.span, token="'",
                            hint=r"write \sigma'(…) or {…}^\top")  # fmt: skip
        if f.sub is not None:
            if isinstance(base, Group) and base.bracket == "‖":
                inner = self.group(base)
                assert isinstance(inner, Norm)
                order = _NORMS.get(f.sub.text)
                if order is None:
                    raise ReadError(f"the norm ‖·‖_{f.sub.text} is not known", span=f.sub.span,
                                    token=f.sub.text, hint="1, 2, F and \\infty are")  # fmt: skip
                return self.with_power(Norm(inner.arg, order, span=f.span), f.sup, f.span)
            units = self.units_below(f.sub)
            if isinstance(base, Group) and units:
                of = self.group(base)
                if len(units) > 1 or units in "ij" or _is_whole(of):
                    return self.with_power(Entry(of, units, span=f.span), f.sup, f.span)
            raise ReadError("a subscript on something that is no name", span=f.sub.span,
                            token=f.sub.text)  # fmt: skip
        return self.with_power(self.factor(base), f.sup, f.span)

    def units_below(self, sub: Script) -> str:
        """The letters of ``(…)_{ij}`` or ``[…]_i`` that name its axes, "" if they do not."""
        units = "".join(t.text for t in sub.tokens if t.kind != "sep")
        named = all(t.kind in ("word", "sep") for t in sub.tokens)
        return units if named and set(units) <= UNITS and not self.all_numbers() else ""

    def all_numbers(self) -> bool:
        """Whether every quantity is a number."""
        return all(s == SCALAR for s in self.vocabulary.shapes.values())

    def with_power(self, node: Node, sup: Script | None, span: Span) -> Node:
        """``node`` to the power, or transposed."""
        if sup is None:
            return node
        tokens = sup.tokens
        if isinstance(node, Sym) and tokens[0].kind == "open" and tokens[-1].kind == "close":
            # W_f^{(h)}: the columns of W_f that multiply h
            part = self.vocabulary.canonical(script_text(tokens[1:-1]), self.vocabulary.sequences)
            if part is not None and part in self.vocabulary.blocks.get(node.name, ()):
                return Block(node, part, span=span)
        if len(tokens) == 1:
            text = tokens[0].text
            if text == r"\top":
                return Transpose(node, span=span)
            ones = node == Num(Fraction(1)) and not self.all_numbers()
            if text == HORIZON and (self.means_transpose(node) or ones):
                return Transpose(node, span=span)
            if text == "dagger":
                return Transpose(node, span=span)
        power = self.exponent(sup)
        square = isinstance(power, Num) and power.value == 2
        if square and isinstance(node, Abs) and self.may_be_vector(node.arg):
            # |y|^2 of a vector is the square of its length, and of a number its square.
            node = Norm(node.arg, "any", span=node.span)
        return Pow(node, power, span=span)

    def may_be_vector(self, node: Node) -> bool:
        """Whether a name in ``node`` is no scalar, or of unknown shape."""
        shapes = self.vocabulary.shapes
        names = [n.name for n in walk(node) if isinstance(n, (At, Sym))]
        return any(shapes.get(name) != () for name in names)

    def means_transpose(self, node: Node) -> bool:
        """Whether a superscript T on ``node`` is a transpose and not the horizon.

        The power T of an element of a sequence or of a vector has no use; a scalar has no
        transpose. A matrix is transposed (``W^{T-1}`` is a power all the same). So is
        ``(\\partial L/\\partial o_i)^T``, where the sum over i was first written of vectors.
        """
        if isinstance(node, Entry) and isinstance(node.arg, D) and len(node.at) == 1:
            return True
        if HORIZON in self.vocabulary.parameters or isinstance(node, At):
            return True
        if all(s == SCALAR for s in self.vocabulary.shapes.values()) and self.vocabulary.shapes:
            return False
        shape = self.shape(node)
        return shape is None or shape != SCALAR

    def exponent(self, sup: Script) -> Node:
        if any(t.kind == "sep" for t in sup.tokens) and sup.tokens[0].kind != "open":
            raise UnboundName(f"a name with {sup.text} above it that nothing defines",
                              span=sup.span, token=sup.text[:20])  # fmt: skip
        index = index_of(sup, self.vocabulary, self.ranges) if not self.has_parameter(sup) else None
        if index is None:
            self.nested(sup.span)
            index = self.expr(parse(sup.tokens, sup.span.end))
            self.depth -= 1
            self.check_exponent(index, sup)
        form = affine(index)
        if form is not None and abs(form[1]) > limits.MAX_EXPONENT:
            raise LimitExceeded(
                f"an exponent beyond {limits.MAX_EXPONENT}", span=sup.span, token=sup.text[:20]
            )
        return index

    def check_exponent(self, node: Node, sup: Script) -> None:
        stack = [node]
        while stack:
            n = stack.pop()
            if isinstance(n, (Pow, Sum, Prod, D, Fn, Call)):
                raise LimitExceeded("an exponent must be a number or an index", span=sup.span,
                                    token=sup.text[:20], hint="such as 2, k or T-1")  # fmt: skip
            if isinstance(n, Num) and abs(n.value) > limits.MAX_EXPONENT:
                raise LimitExceeded(f"an exponent beyond {limits.MAX_EXPONENT}", span=sup.span,
                                    token=sup.text[:20])  # fmt: skip
            if isinstance(n, (Add, Mul)):
                stack.extend(n.args)
            elif isinstance(n, Neg):
                stack.append(n.arg)
            elif isinstance(n, Div):
                stack += (n.num, n.den)

    def has_parameter(self, sup: Script) -> bool:
        return any(
            t.kind == "word" and t.text in self.vocabulary.parameters and t.text not in self.bound
            for t in sup.tokens
        )

    def quotient(self, top: Node, below: Node, span: Span) -> Node:
        if isinstance(top, Num) and isinstance(below, Num) and below.value:
            return Num(top.value / below.value, span=span)
        return Div(top, below, span=span)

    def shape(self, node: Node) -> tuple[str | int, ...] | None:
        from bptt_sym.shapes import shape_of

        try:
            return shape_of(node, self.vocabulary.shapes, {})
        except ShapeError:
            return None

    def items(self, group: Group) -> list[Node]:
        self.nested(group.span)
        out = [self.expr(e) for e in group.items]
        self.depth -= 1
        return out
