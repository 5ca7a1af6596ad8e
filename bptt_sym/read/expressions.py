"""Binding: a surface tree and a vocabulary to a :class:`~bptt_sym.notation.Node`."""

from __future__ import annotations

from bisect import bisect_left

from bptt_sym.entries import UNITS, UnitSum, letters
from bptt_sym.errors import InputError, LimitExceeded, ReadError, Span
from bptt_sym.notation import (
    ONE,
    Abs,
    Add,
    Had,
    Mul,
    Neg,
    Node,
    Norm,
    Num,
    Outer,
    Prod,
    Sum,
    Sym,
    Transpose,
    free_indices,
)  # fmt: skip
from bptt_sym.read import limits
from bptt_sym.read.applications import unscript
from bptt_sym.read.derivatives import Derivatives
from bptt_sym.read.dots import Gap, check_dots, expand_product, expand_sum
from bptt_sym.read.index import bounds
from bptt_sym.read.names import Unit
from bptt_sym.read.surface import (
    Big,
    Differential,
    Dots,
    Expr,
    Factor,
    Frac,
    Group,
    Scripted,
    Term,
    Word,
)

_MUL = ("", r"\cdot", r"\times", "*")


class Binder(Derivatives):
    """Binds the sides of one claim: sums and products."""

    def expr(self, tree: Expr) -> Node:
        terms = tree.terms
        parts: list[Node | Gap] = []
        dots = 0
        for negative, term in terms:
            factors = term.factors
            if len(factors) == 1 and isinstance(factors[0][1], Dots):
                if negative:
                    raise ReadError("a minus sign before dots", span=term.span, token="-",
                                    hint="write the sign in each term")  # fmt: skip
                parts.append(Gap(term.span))
                dots += 1
                continue
            node = self.term(term)
            parts.append(Neg(node, span=term.span) if negative else node)
        if dots:
            check_dots(dots, tree.span)
            return expand_sum(parts, tree.span)
        nodes = [p for p in parts if isinstance(p, Node)]
        return nodes[0] if len(nodes) == 1 else Add(tuple(nodes), span=tree.span)

    def term(self, term: Term) -> Node:
        units = self.units(term.factors)
        return self.fold(units, term.span)

    def units(self, factors: list[tuple[str, Factor]]) -> list[Unit]:
        """The factors of a product with functions applied and operators given their operands."""
        out: list[Unit] = []
        i = 0
        while i < len(factors):
            op, f = factors[i]
            if isinstance(f, Dots):
                out.append((op, None, f))
                i += 1
            elif isinstance(f, Big):
                node, i = self.big(f, factors, i + 1)
                out.append((op, node, f))
            else:
                node, i = self.operand(factors, i)
                out.append((op, node, f))
        return out

    def fold(self, units: list[Unit], span: Span) -> Node:
        """One node of the units: juxtaposition first, then the written operators left to right."""
        if any(node is None for _, node, _ in units):
            return self.fold_dots(units, span)
        if len(units) == 1:
            node = units[0][1]
            assert node is not None
            return node
        acc: Node | None = None
        acc_op = ""
        j = changes = 0
        while j < len(units):
            op = units[j][0]
            before = acc_op
            k = j + 1
            while k < len(units) and units[k][0] == "":
                k += 1
            nodes = [node for _, node, _ in units[j:k] if node is not None]
            if op == "/":
                assert acc is not None
                # Nobody puts a sum below a bar without brackets: 1/T sum_t ….
                over_all = len(nodes) == 2 and isinstance(nodes[1], (Sum, Prod))
                ends = isinstance(acc, Num) and (isinstance(nodes[0], Num) or over_all)
                if len(nodes) > 1 and not ends:
                    raise ReadError(
                        "it is not plain how far the denominator reaches", span=span, token="/",
                        hint=r"write \frac{…}{…} or parentheses",
                    )  # fmt: skip
                acc = self.quotient(acc, nodes[0], span)
                if len(nodes) > 1:
                    acc = Mul((acc, *nodes[1:]), span=span)
                acc_op = "/"
            else:
                right = nodes[0] if len(nodes) == 1 else Mul(tuple(nodes), span=span)
                if acc is None:
                    acc, acc_op = right, ""
                    if len(nodes) > 1:
                        acc_op = "mul"
                else:
                    acc, acc_op = self.multiply(acc, acc_op, op, right, len(nodes) > 1, span)
            j = k
            changes += acc_op != before or acc_op == "/"
            if changes > limits.MAX_CHANGES:
                raise LimitExceeded(
                    f"a product that changes its operator more than {limits.MAX_CHANGES} times",
                    span=span, token=op,
                )  # fmt: skip
        assert acc is not None
        return acc

    def multiply(
        self, left: Node, left_op: str, op: str, right: Node, right_is_product: bool, span: Span
    ) -> tuple[Node, str]:
        if op in self.vocabulary.outer:
            return Outer(left, right, span=span), "outer"
        if op in self.vocabulary.elementwise:
            if left_op == "had" and isinstance(left, Had):
                return Had((*left.args, right), span=span), "had"
            return Had((left, right), span=span), "had"
        if op not in _MUL:
            raise ReadError(f"the operator {op} is not read here", span=span, token=op)
        if op == "*" and self.same_vector_shape(left, right):
            if left_op == "had" and isinstance(left, Had):
                return Had((*left.args, right), span=span), "had"
            return Had((left, right), span=span), "had"
        lefts = left.args if left_op == "mul" and isinstance(left, Mul) else (left,)
        rights = right.args if right_is_product and isinstance(right, Mul) else (right,)
        return Mul((*lefts, *rights), span=span), "mul"

    def same_vector_shape(self, left: Node, right: Node) -> bool:
        a, b = self.shape(left), self.shape(right)
        return a is not None and a == b and len(a) == 1

    def fold_dots(self, units: list[Unit], span: Span) -> Node:
        """A product with dots: the run around each ``\\cdots`` becomes a :class:`Prod`."""
        check_dots(sum(node is None for _, node, _ in units), span)
        while True:
            at = next((j for j, u in enumerate(units) if u[1] is None), None)
            if at is None:
                return self.fold(units, span)
            before = [u[1] for u in units[:at]]
            after: list[Node] = []
            for u in units[at + 1 :]:
                if u[1] is None:
                    break
                after.append(u[1])
            ops = {u[0] for u in units[max(at - 1, 1) : at + 2]} - {""}
            elementwise = bool(ops & self.vocabulary.elementwise)
            left, node, right = expand_product(
                [b for b in before if b is not None], after, units[at][2].span, elementwise
            )
            op = units[left][0]
            units = [*units[:left], (op, node, units[left][2]), *units[at + 1 + right :]]

    def big(self, f: Big, factors: list[tuple[str, Factor]], i: int) -> tuple[Node, int]:
        """``\\sum`` or ``\\prod`` with its body among the following factors."""
        var, lo, hi, descending, no_steps = self.bounds_of(f)
        if i >= len(factors):
            raise ReadError("a big operator without a body", span=f.span, token=f.kind,
                            hint="write what is summed or multiplied after it")  # fmt: skip
        if factors[i][0] != "":
            raise ReadError(f"{factors[i][0]!r} directly after a big operator", span=f.span,
                            token=factors[i][0])  # fmt: skip
        if f.kind in ("prod<", "prod>"):
            if descending:  # an arrow says the order of the factors, so the bounds need not
                lo, hi = hi, lo
            descending = f.kind == "prod<"
        outer, outer_bound = self.ranges, self.bound
        self.ranges = {**outer, var: (lo, hi)}
        self.bound = outer_bound | {var}
        self.nested(f.span)
        try:
            taken = len(factors) if f.kind == "sum" else self.product_end(factors, i, var)
            units = self.units([("", factors[i][1]), *factors[i + 1 : taken]])
            end = factors[taken - 1][1].span.end
            body = self.fold(units, Span(factors[i][1].span.start, end))
        finally:
            self.ranges, self.bound = outer, outer_bound
            self.depth -= 1
        span = Span(f.span.start, end)
        if f.kind == "sum" and var in letters(body) and var not in free_indices(body):
            return UnitSum(var, body, span=span), taken
        if no_steps is not None:
            raise no_steps
        if f.kind == "sum":
            return Sum(var, lo, hi, body, span=span), taken
        if f.descending is not None:
            descending = f.descending
        return Prod(var, lo, hi, body, descending, span=span), taken

    def bounds_of(self, f: Big) -> tuple[str, Node, Node, bool | None, InputError | None]:
        """The bounds of a big operator; those of a sum over units need not be steps."""
        try:
            return (*bounds(f.sub, f.sup, f.span, self.vocabulary, self.ranges), None)
        except InputError as error:
            tokens = f.sub.tokens if f.sub is not None else []
            if f.kind != "sum" or not tokens or tokens[0].text not in UNITS or len(tokens) > 3:
                raise
            return tokens[0].text, ONE, ONE, None, error

    def product_end(self, factors: list[tuple[str, Factor]], i: int, var: str) -> int:
        r"""Where the body of ``\prod`` ends among the factors that follow it.

        After the last factor that has the index, or after parameters and norms of parameters,
        without a power, that follow that one by juxtaposition or a dot (``\prod_j
        \mathrm{diag}(1-h_j^2) W``). Braces directly after the operator are the whole body.
        """
        first = factors[i][1]
        if isinstance(first, Group) and first.bracket == "{":
            return i + 1
        end = i
        places = self.places(var)
        for j in range(i, len(factors)):
            f = factors[j][1]
            if isinstance(f, Big) and self.variable_of(f) == var:
                break  # from here on the index is another one of the same name
            k = bisect_left(places, f.span.start)
            if k < len(places) and places[k] < f.span.end:
                end = j + 1
        if end == i:
            # A slope without its argument has that of the product's step.
            end += self.bare_slopes(factors, i)
        if end == i:
            if not self.is_constant(factors[i][1]):
                return self.operand(factors, i)[1]
            end = i + 1
        while end < len(factors) and factors[end][0] in ("", r"\cdot"):
            more = int(self.is_constant(factors[end][1])) or self.bare_slopes(factors, end)
            if not more:
                break
            end += more
        return end

    def bare_slopes(self, factors: list[tuple[str, Factor]], i: int) -> int:
        """How many factors from ``i`` on are ``\\tanh'`` or ``\\mathrm{diag}(\\tanh')``."""
        if self.is_bare_derivative(factors, i):
            return 1
        f = factors[i][1]
        if not (isinstance(f, Word) and f.name == "diag" and i + 1 < len(factors)):
            return 0
        op, group = factors[i + 1]
        if op or not isinstance(group, Group) or len(group.items) != 1:
            return 0
        inner = group.items[0].terms
        alone = len(inner) == 1 and len(inner[0][1].factors) == 1
        return 2 if alone and self.is_bare_derivative(inner[0][1].factors, 0) else 0

    def is_constant(self, f: Factor) -> bool:
        """Whether ``f`` is a parameter or the norm of one, without a power."""
        if not (isinstance(f, (Word, Scripted)) or (isinstance(f, Group) and f.bracket in "|‖")):
            return False
        try:
            node = self.factor(f)
        except InputError:
            return False
        while isinstance(node, (Transpose, Norm, Abs)):
            node = node.arg
        return isinstance(node, Sym) and node.name not in self.vocabulary.totals

    def is_bare_derivative(self, factors: list[tuple[str, Factor]], i: int) -> bool:
        """Whether factor ``i`` is ``\\tanh'`` without an argument."""
        f = factors[i][1]
        if not (isinstance(f, Scripted) and f.primes and isinstance(f.base, Word)):
            return False
        op, following = factors[i + 1] if i + 1 < len(factors) else ("end", None)
        if not op and isinstance(following, Group):
            return False
        return self.function_name(f.base, f.sub, None)[0] is not None

    def variable_of(self, f: Big) -> str:
        return bounds(f.sub, f.sup, f.span, self.vocabulary, self.ranges)[0]

    def operand(self, factors: list[tuple[str, Factor]], i: int) -> tuple[Node, int]:
        """The node that starts at factor ``i`` and the index after it."""
        self.nested(factors[i][1].span)
        out = self.operand_at(factors, i)
        self.depth -= 1
        return out

    def operand_at(self, factors: list[tuple[str, Factor]], i: int) -> tuple[Node, int]:
        f = factors[i][1]
        if isinstance(f, Differential):
            return self.differential(f, factors, i)
        if isinstance(f, Word) and f.name == "d" and self.inline_total(factors, i):
            return self.differential(Differential("d", None, None, f.span), factors, i)
        if isinstance(f, Frac):
            operator = self.derivative_operator(f)
            if operator is not None:
                return self.apply_operator(operator, f, factors, i + 1)
        if isinstance(f, (Word, Scripted)):
            following = factors[i + 1] if i + 1 < len(factors) else None
            argument = (
                following[1]
                if following is not None and following[0] == "" and _is_argument(following[1])
                else None
            )
            applied = self.application(f, argument, factors, i)
            if applied is not None:
                return applied
        return self.factor(f), i + 1


def _is_argument(f: Factor) -> bool:
    group, _ = unscript(f)
    return group is not None
