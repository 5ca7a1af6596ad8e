"""Binding: a surface tree and a vocabulary to a :class:`~bptt_sym.notation.Node`."""

from __future__ import annotations

from bptt_sym.errors import InputError, LimitExceeded, ReadError, ShapeError, Span, UnboundName
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
    Outer,
    Pow,
    Prod,
    Sum,
    Sym,
    Transpose,
    affine,
    num,
)
from bptt_sym.read import limits
from bptt_sym.read.dots import Ellipsis, expand_product, expand_sum
from bptt_sym.read.grammar import (
    Big,
    Differential,
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
    Term,
    Word,
    parse,
    script_text,
    single_factor,
)
from bptt_sym.read.index import bounds, index_of, number
from bptt_sym.read.names import Names
from bptt_sym.read.tokens import Token
from bptt_sym.recurrence import HORIZON, SCALAR

_MUL = ("", r"\cdot", r"\times", "*")
#: Superscripts of ∂ that say which derivative it is.
_MARKS: dict[str, Kind] = {"+": "immediate", "dir": "direct", "own": "own", "loc": "local",
                           "local": "local"}  # fmt: skip
_NORMS = {"2": "2", "1": "1", r"\infty": "inf", "F": "F", "max": "inf", "∞": "inf"}
#: A unit of a product: the operator before it, its node (``None`` for dots), its surface factor.
Unit = tuple[str, Node | None, Factor]


class Binder(Names):
    """Binds the sides of one claim."""

    # -- sums

    def expr(self, tree: Expr) -> Node:
        terms = tree.terms
        parts: list[Node | Ellipsis] = []
        dots = False
        for negative, term in terms:
            factors = term.factors
            if len(factors) == 1 and isinstance(factors[0][1], Dots):
                if negative:
                    raise ReadError("a minus sign before dots", span=term.span, token="-",
                                    hint="write the sign in each term")  # fmt: skip
                parts.append(Ellipsis(term.span))
                dots = True
                continue
            node = self.term(term)
            parts.append(Neg(node, span=term.span) if negative else node)
        if dots:
            return expand_sum(parts, tree.span)
        nodes = [p for p in parts if isinstance(p, Node)]
        return nodes[0] if len(nodes) == 1 else Add(tuple(nodes), span=tree.span)

    # -- products

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
        j = 0
        while j < len(units):
            op = units[j][0]
            k = j + 1
            while k < len(units) and units[k][0] == "":
                k += 1
            nodes = [node for _, node, _ in units[j:k] if node is not None]
            if op == "/":
                assert acc is not None
                if len(nodes) > 1 and not (isinstance(acc, Num) and isinstance(nodes[0], Num)):
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

    def quotient(self, top: Node, below: Node, span: Span) -> Node:
        if isinstance(top, Num) and isinstance(below, Num) and below.value:
            return Num(top.value / below.value, span=span)
        return Div(top, below, span=span)

    def big(
        self, f: Big, factors: list[tuple[str, Factor]], i: int
    ) -> tuple[Node, int]:
        """``\\sum`` or ``\\prod`` with its body among the following factors."""
        var, lo, hi, descending = bounds(f.sub, f.sup, f.span, self.vocabulary, self.ranges)
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
        if f.kind == "sum":
            return Sum(var, lo, hi, body, span=span), taken
        if f.descending is not None:
            descending = f.descending
        return Prod(var, lo, hi, body, descending, span=span), taken

    def product_end(self, factors: list[tuple[str, Factor]], i: int, var: str) -> int:
        r"""Where the body of ``\prod`` ends among the factors that follow it.

        After the last factor that has the index, or after parameters without a power that follow
        that one by juxtaposition or a dot (``\prod_j \mathrm{diag}(1-h_j^2) W``). Braces directly
        after the operator are the whole body.
        """
        first = factors[i][1]
        if isinstance(first, Group) and first.bracket == "{":
            return i + 1
        end = i
        places = [t.start for t in self.tokens if t.kind == "word" and t.text == var]
        for j in range(i, len(factors)):
            span = factors[j][1].span
            if any(span.start <= p < span.end for p in places):
                end = j + 1
        if end == i:
            return self.operand(factors, i)[1]
        while end < len(factors):
            op, f = factors[end]
            if op not in ("", r"\cdot") or not isinstance(f, (Word, Scripted)):
                break
            try:
                node = self.factor(f)
            except InputError:
                break
            inner = node.arg if isinstance(node, Transpose) else node
            if not isinstance(inner, Sym) or inner.name in self.vocabulary.totals:
                break
            end += 1
        return end

    # -- operators and applications

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

    def application(
        self,
        f: Word | Scripted,
        argument: Factor | None,
        factors: list[tuple[str, Factor]],
        i: int,
    ) -> tuple[Node, int] | None:
        """A function with its argument, if ``f`` is a function."""
        base = f.base if isinstance(f, Scripted) else f
        if not isinstance(base, Word):
            return None
        sub = f.sub if isinstance(f, Scripted) else None
        sup = f.sup if isinstance(f, Scripted) else None
        primes = f.primes if isinstance(f, Scripted) else 0
        group, power = _unscript(argument)
        if base.name == "diag":
            if group is None:
                raise ReadError("diag without its argument", span=f.span, token="diag",
                                hint=r"write \mathrm{diag}(…)")  # fmt: skip
            diagonal: Node = Diag(self.items(group)[0], span=f.span.join(group.span))
            return self.with_power(diagonal, power, group.span), i + 2
        if base.name == "prod" and group is not None:
            # prod(a, b): the chain rule's product of a book that leaves the layout open.
            return Mul(tuple(self.items(group)), span=f.span.join(group.span)), i + 2
        if base.name in ("max", "min", "sup", "lim", "inf"):
            raise ReadError(f"{base.name} is not read", span=f.span, token=base.name,
                            hint="state the claim for every step instead")  # fmt: skip
        element = self.timed_by_argument(f, base, sub, sup, primes, group)
        if element is not None:
            return self.with_power(element, power, f.span), i + 2
        name, call = self.function_name(base, sub, group)
        if name is None:
            return None
        span = f.span if argument is None else f.span.join(argument.span)
        if call:
            if group is None:
                return None  # the value of the same name, not the function
            if primes or sup is not None:
                raise ReadError("a script on a function of several arguments", span=f.span,
                                token=base.name)  # fmt: skip
            total = self.vocabulary.canonical(base.name, self.vocabulary.totals)
            if total is not None and name not in self.vocabulary.functions:
                return self.total_of(total, group, power, span, i)
            arguments = self.items(group)
            return self.with_power(Call(name, tuple(arguments), span=span), power, span), i + 2
        order = primes
        if sup is not None and (count := _bracketed_number(sup)) is not None:
            order, sup = order + count, None
        if argument is not None and group is not None:
            arguments = self.items(group)
            if len(arguments) != 1:
                raise ReadError(f"{name} takes one argument", span=group.span, token=name)
            arg, after = arguments[0], i + 2
        else:
            arg, after = self.bare_argument(f, name, order, factors, i + 1)
            power = None
        steps = affine(arg)
        if steps is not None and steps[0]:
            raise ReadError(
                f"{name} of a step, not of a value", span=arg.span or span, token=name,
                hint="write its pre-activation as the argument",
            )  # fmt: skip
        node: Node = Fn(name, arg, order, span=span)
        if sup is not None:
            if [t.text for t in sup.tokens] == ["-", "1"]:
                raise ReadError(f"the inverse function of {name} is not read", span=sup.span,
                                token="^{-1}")  # fmt: skip
            node = self.with_power(node, sup, span)
        return self.with_power(node, power, span), after

    def total_of(
        self, total: str, group: Group, power: Script | None, span: Span, i: int
    ) -> tuple[Node, int] | None:
        r"""``\mathcal{L}(\theta)``: a total with what it depends on; ``None`` if it multiplies."""
        words = [single_factor(e) for e in group.items]
        v = self.vocabulary
        if all(isinstance(w, Word) for w in words):
            names = [w.name for w in words if isinstance(w, Word)]
            if any(v.is_index(n) or n in self.bound for n in names):
                raise UnboundName(
                    f"{total} is a quantity of the whole run and has no step", span=group.span,
                    token=total, hint=f"define {total}_t, or write {total} alone",
                )  # fmt: skip
            if not any(v.canonical(n, v.sequences) for n in names):
                return self.with_power(Sym(total, span=span), power, span), i + 2
        return None

    def bare_argument(
        self, f: Factor, name: str, order: int, factors: list[tuple[str, Factor]], i: int
    ) -> tuple[Node, int]:
        """The argument of a function written without parentheses: one symbol."""
        shown = name + "'" * order
        if i >= len(factors) or factors[i][0] != "" or isinstance(factors[i][1], Group):
            raise ReadError(f"{shown} without an argument", span=f.span, token=shown,
                            hint=f"write {shown}(…) with its pre-activation")  # fmt: skip
        nxt = factors[i][1]
        if not isinstance(nxt, (Word, Scripted, Frac, Number)):
            raise ReadError(f"{shown} without an argument", span=f.span, token=shown)
        arg, after = self.operand(factors, i)
        if after < len(factors) and factors[after][0] == "":
            later = factors[after][1]
            base = later.base if isinstance(later, Scripted) else later
            if not (isinstance(base, Word) and self.function_name(base, None, None)[0]):
                raise ReadError(
                    f"it is not plain how far the argument of {shown} reaches",
                    span=f.span.join(later.span), token=shown, hint=f"write {shown}(…)",
                )  # fmt: skip
        return arg, after

    def items(self, group: Group) -> list[Node]:
        self.nested(group.span)
        out = [self.expr(e) for e in group.items]
        self.depth -= 1
        return out

    # -- derivatives

    def inline_total(self, factors: list[tuple[str, Factor]], i: int) -> bool:
        """Whether ``d`` begins ``dh_T/dw``."""
        for j in range(i + 1, min(i + 4, len(factors))):
            if factors[j][0] == "/":
                nxt = factors[j][1]
                return isinstance(nxt, Word) and nxt.name == "d" and j + 1 < len(factors)
        return False

    def differential(
        self, f: Differential, factors: list[tuple[str, Factor]], i: int
    ) -> tuple[Node, int]:
        r"""``\partial_w h``, ``\nabla_h L`` or ``\partial h/\partial w``."""
        if i + 1 >= len(factors) or factors[i + 1][0] != "":
            raise ReadError("a derivative of nothing", span=f.span, token=f.mark)
        if f.sub is not None:
            order, marked = self.order(f)
            x = self.expr(parse(f.sub.tokens, f.sub.span.end))
            y, after = self.operand(factors, i + 1)
            span = f.span.join(factors[after - 1][1].span)
            return self.derivative(y, [x] * order, f.mark, marked, span), after
        if f.mark == "∇":
            raise ReadError("∇ without its variable", span=f.span, token=r"\nabla",
                            hint=r"write \nabla_{h_t} L")  # fmt: skip
        order, marked = self.order(f)
        y, after = self.operand(factors, i + 1)
        if after >= len(factors) or factors[after][0] != "/":
            raise ReadError("a differential that is not divided by another", span=f.span,
                            token=f.mark, hint=r"write \frac{\partial h_t}{\partial w}")  # fmt: skip
        below = factors[after][1]
        if not _is_mark(below, f.mark) or after + 1 >= len(factors):
            raise ReadError("the denominator is not a differential", span=below.span, token="/",
                            hint=r"write \frac{\partial h_t}{\partial w}")  # fmt: skip
        x, end = self.operand(factors, after + 1)
        span = f.span.join(factors[end - 1][1].span)
        return self.derivative(y, [x] * order, f.mark, marked, span), end

    def order(self, f: Differential) -> tuple[int, Kind]:
        """``(order, kind)`` from the superscript of a ∂ or d."""
        if f.sup is None:
            return 1, "unmarked"
        text = f.sup.text
        if text == "+":
            return 1, "immediate"
        if text == "dir":  # as this package prints it
            return 1, "direct"
        if text.isdigit() and 1 <= int(text) <= 4:
            return int(text), "unmarked"
        raise ReadError("the order of a derivative must be 1 to 4, + or dir", span=f.sup.span,
                        token=text)  # fmt: skip

    def derivative_operator(self, f: Frac) -> tuple[str, Node | None, list[Node], Kind] | None:
        """``(mark, y or None, the variables, kind)`` if the fraction is a derivative."""
        top, below = _only_term(f.num), _only_term(f.den)
        if top is None or below is None:
            return None
        head = _mark_of(top[0][1])
        if head is None or _mark_of(below[0][1]) is None or head.sub is not None:
            if isinstance(top[0][1], Differential) and top[0][1].sub is None:
                raise ReadError("the denominator is not a differential", span=f.den.span,
                                token=r"\frac", hint=r"write \frac{\partial h_t}{\partial w}")  # fmt: skip
            return None
        if head.mark == "d" and len(below) < 2:
            return None
        order, marked = self.order(head)
        variables = self.variables(below, order, f)
        rest = top[1:]
        if not rest:
            return head.mark, None, variables, marked
        rest = [("", rest[0][1]), *rest[1:]]
        y = self.fold(self.units(rest), f.num.span)
        return head.mark, y, variables, marked

    def variables(self, below: list[tuple[str, Factor]], order: int, f: Frac) -> list[Node]:
        r"""The variables of ``\partial w^2`` or ``\partial w\,\partial b``."""
        found: list[Node] = []
        i = 0
        while i < len(below):
            mark = _mark_of(below[i][1])
            if mark is None or i + 1 >= len(below):
                raise ReadError("the denominator of a derivative must be ∂ and a name",
                                span=f.den.span, token=r"\partial",
                                hint=r"write \frac{\partial h_t}{\partial w}")  # fmt: skip
            repeat = 1
            x = below[i + 1][1]
            if order > 1 and isinstance(x, Scripted) and x.sup is not None:
                text = x.sup.text
                if text.isdigit() and int(text) <= order:
                    repeat = int(text)
                    x = (
                        Scripted(x.base, x.sub, None, x.primes, x.span)
                        if x.sub or x.primes
                        else x.base
                    )
            node, after = self.operand([*below[: i + 1], ("", x), *below[i + 2 :]], i + 1)
            found += [node] * repeat
            i = after
        if len(found) != order:
            raise ReadError(
                f"a derivative of order {order} with respect to {len(found)} variables",
                span=f.span, token=r"\partial",
                hint=r"write \frac{\partial^2 h}{\partial w^2}",
            )  # fmt: skip
        return found

    def apply_operator(
        self,
        operator: tuple[str, Node | None, list[Node], Kind],
        f: Frac,
        factors: list[tuple[str, Factor]],
        i: int,
    ) -> tuple[Node, int]:
        mark, y, variables, marked = operator
        span = f.span
        if y is None:
            if i >= len(factors) or factors[i][0] != "":
                raise ReadError("a derivative of nothing", span=f.span, token=mark,
                                hint="write what is differentiated after it")  # fmt: skip
            first = factors[i][1]
            end = i + 1
            base = first.base if isinstance(first, Scripted) else first
            opened = isinstance(base, Group) or (
                isinstance(base, Word) and self.function_name(base, None, None)[0] is not None
            )
            if not opened:
                while end < len(factors) and factors[end][0] == "":
                    end += 1
                y = self.fold(self.units(factors[i:end]), span)
            else:
                y, end = self.operand(factors, i)
            i = end
            span = span.join(factors[i - 1][1].span)
        return self.derivative(y, variables, mark, marked, span), i

    def derivative(
        self, y: Node, variables: list[Node], mark: str, marked: Kind, span: Span
    ) -> Node:
        out = y
        for x in reversed(variables):
            if not isinstance(x, (At, Sym)):
                raise ReadError(
                    "a derivative with respect to something that is no state and no parameter",
                    span=x.span or span, token=mark,
                    hint="differentiate with respect to a name such as w or h_{t-1}",
                )  # fmt: skip
            kind = marked
            if marked != "unmarked":
                pass
            elif mark == "d":
                kind = "total"
            elif isinstance(out, Call):
                kind = "direct"
            out = D(out, x, kind, span=span)
        return out

    # -- single factors

    def factor(self, f: Factor) -> Node:
        if isinstance(f, Word):
            return self.word(f)
        if isinstance(f, Scripted):
            return self.scripted(f)
        if isinstance(f, Number):
            value = number(f.text)
            return Num(value.value, span=f.span)
        if isinstance(f, Group):
            return self.group(f)
        if isinstance(f, Frac):
            operator = self.derivative_operator(f)
            if operator is not None:
                return self.apply_operator(operator, f, [], 0)[0]
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

    def scripted(self, f: Scripted) -> Node:
        base = f.base
        if isinstance(base, Word):
            return self.named(f, base)
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
            raise ReadError("a subscript on something that is no name", span=f.sub.span,
                            token=f.sub.text)  # fmt: skip
        return self.with_power(self.factor(base), f.sup, f.span)

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
            if text == HORIZON and self.means_transpose(node):
                return Transpose(node, span=span)
            if text == "dagger":
                return Transpose(node, span=span)
        return Pow(node, self.exponent(sup), span=span)

    def means_transpose(self, node: Node) -> bool:
        """Whether a superscript T on ``node`` is a transpose and not the horizon.

        The power T of an element of a sequence or of a vector has no use; a scalar has no
        transpose. A matrix is transposed (``W^{T-1}`` is a power all the same).
        """
        if HORIZON in self.vocabulary.parameters or isinstance(node, At):
            return True
        if all(s == SCALAR for s in self.vocabulary.shapes.values()) and self.vocabulary.shapes:
            return False
        shape = self.shape(node)
        return shape is None or shape != SCALAR

    def exponent(self, sup: Script) -> Node:
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

    def shape(self, node: Node) -> tuple[str | int, ...] | None:
        from bptt_sym.shapes import shape_of

        try:
            return shape_of(node, self.vocabulary.shapes, {})
        except ShapeError:
            return None


def _bracketed_number(sup: Script) -> int | None:
    """4 for the superscript of ``f^{(4)}``."""
    t = sup.tokens
    if len(t) == 3 and t[0].kind == "open" and t[1].kind == "num" and t[1].text.isdigit():
        return int(t[1].text) if int(t[1].text) <= 64 else None
    return None


def _is_argument(f: Factor) -> bool:
    group, _ = _unscript(f)
    return group is not None


def _unscript(f: Factor | None) -> tuple[Group | None, Script | None]:
    """The parenthesised argument and the power that follows it."""
    power: Script | None = None
    if isinstance(f, Scripted) and f.sub is None and not f.primes:
        f, power = f.base, f.sup
    if isinstance(f, Group) and f.bracket in ("(", "[", r"\{"):
        return f, power
    return None, None


def _only_term(e: Expr) -> list[tuple[str, Factor]] | None:
    if len(e.terms) != 1 or e.terms[0][0]:
        return None
    return e.terms[0][1].factors


def _mark_of(f: Factor) -> Differential | None:
    """A ∂, or a ``d`` that may be one."""
    if isinstance(f, Differential):
        return f
    if isinstance(f, Word) and f.name == "d":
        return Differential("d", None, None, f.span)
    if isinstance(f, Scripted) and isinstance(f.base, Word) and f.base.name == "d":
        return Differential("d", f.sub, f.sup, f.span)
    return None


def _is_mark(f: Factor, mark: str) -> bool:
    found = _mark_of(f)
    return found is not None and found.mark == mark and found.sub is None


__all__ = ["Binder", "Idx", "Token", "UnboundName", "single_factor"]
