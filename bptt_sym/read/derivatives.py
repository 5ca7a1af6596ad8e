r"""Derivatives: fractions of ∂ and d, ``\partial_w h``, and operators on expressions."""

from __future__ import annotations

from bptt_sym.entries import WHOLE, Entry, letters, of_a_product
from bptt_sym.errors import ReadError, Span
from bptt_sym.notation import ZERO, At, Call, D, Div, Kind, Node, Pow, Sym, Transpose, affine
from bptt_sym.read.applications import Applications
from bptt_sym.read.grammar import parse
from bptt_sym.read.surface import (
    Differential,
    Expr,
    Factor,
    Frac,
    Group,
    Scripted,
    Term,
    Word,
)
from bptt_sym.read.unit_calculus import through_entries

_HINT = r"write \frac{\partial h_t}{\partial w}"
#: Superscripts of ∂ that say which derivative it is.
_MARKS: dict[str, Kind] = {"+": "immediate", "dir": "direct", "own": "own", "loc": "local"}


class Derivatives(Applications):
    """Binds differentials with what they differentiate."""

    def factor(self, f: Factor) -> Node:
        if isinstance(f, Frac) and (split := _scaled_below(f)) is not None:
            scale, derivative = split
            return Div(self.factor(derivative), self.expr(scale), span=f.span)
        if isinstance(f, Frac):
            operator = self.derivative_operator(f)
            if operator is not None:
                return self.apply_operator(operator, f, [], 0)[0]
        return super().factor(f)

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
            y, after = self.operand(factors, i + 1)
            x = argument_called(y, f.sub.text) or self.expr(
                parse(f.sub.tokens, f.sub.span.end)
            )
            span = f.span.join(factors[after - 1][1].span)
            return self.derivative(y, [x] * order, f.mark, marked, span), after
        if f.mark == "∇":
            raise ReadError("∇ without its variable", span=f.span, token=r"\nabla",
                            hint=r"write \nabla_{h_t} L")  # fmt: skip
        order, marked = self.order(f)
        y, after = self.operand(factors, i + 1)
        if after >= len(factors) or factors[after][0] != "/":
            raise ReadError("a differential that is not divided by another", span=f.span,
                            token=f.mark, hint=_HINT)  # fmt: skip
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
        if text in _MARKS:
            return 1, _MARKS[text]
        if text.isdigit() and 1 <= int(text) <= 4:
            return int(text), "unmarked"
        raise ReadError("the order of a derivative must be 1 to 4, + or dir", span=f.sup.span,
                        token=text)  # fmt: skip

    def derivative_operator(self, f: Frac) -> tuple[str, Node | None, list[Node], Kind] | None:
        """``(mark, y or None, the variables, kind)`` if the fraction is a derivative."""
        top, below = _only_term(f.num), _only_term(f.den)
        if top is None or below is None or any(op == "/" for op, _ in top):
            return None
        if _scaled_below(f) is not None:
            return None
        head = _mark_of(top[0][1])
        if head is None or _mark_of(below[0][1]) is None or head.sub is not None:
            if isinstance(top[0][1], Differential) and top[0][1].sub is None:
                raise ReadError("the denominator is not a differential", span=f.den.span,
                                token=r"\frac", hint=_HINT)  # fmt: skip
            return None
        if head.mark == "d" and len(below) < 2:
            return None
        order, marked = self.order(head)
        rest = top[1:]
        if not rest:
            return head.mark, None, self.variables(below, order, f), marked
        rest = [("", rest[0][1]), *rest[1:]]
        y = self.fold(self.units(rest), f.num.span)
        bare = below[1][1] if len(below) == 2 else None
        x = argument_called(y, bare.name) if isinstance(bare, Word) else None
        return head.mark, y, [x] if x else self.variables(below, order, f), marked

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

    def entry_of_derivative(
        self, y: Node, variables: list[Node], mark: str, marked: Kind, span: Span
    ) -> Node:
        """``\\partial h_j / \\partial W_{ji}``: an entry of the derivative of the whole.

        A whole parameter, in ``\\partial h_j / \\partial W``, has letters that no text has.
        """
        at = y.at if isinstance(y, Entry) else ""
        if len(variables) != 1:
            raise ReadError("a second derivative of an entry", span=span, token=mark)
        (x,) = variables
        if letters(y) and not isinstance(y, Entry) and isinstance(x, Entry):
            known = self.vocabulary.inputs | self.vocabulary.parameters

            def of_one(one: Entry) -> Node:
                name = one.arg.name if isinstance(one.arg, (At, Sym)) else None
                if name in known and name != getattr(x.arg, "name", None):
                    return ZERO  # what comes from outside depends on no other
                return self.entry_of_derivative(one, variables, mark, marked, span)

            if (spread := through_entries(y, x, of_one)) is not None:
                return spread
        at += x.at if isinstance(x, Entry) else WHOLE[: len(self.shape(x) or ())]
        whole = [n.arg if isinstance(n, Entry) else n for n in (y, x)]
        found = self.derivative(whole[0], [whole[1]], mark, marked, span)
        return Entry(found, at, span=span)

    def derivative(
        self, y: Node, variables: list[Node], mark: str, marked: Kind, span: Span
    ) -> Node:
        y = of_a_product(y)
        out = y
        if any(isinstance(n, Entry) for n in (y, *variables)):
            return self.entry_of_derivative(y, variables, mark, marked, span)
        for x in reversed(variables):
            if isinstance(x, Transpose) and isinstance(x.arg, At):
                x = x.arg  # ∂y/∂x^T says the layout, which is a reading here
            x = at_its_use(x)
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
            elif isinstance(out, Call) and x in out.args:
                kind = "direct"
            out = D(out, x, kind, span=span)
        return out


def at_its_use(x: Node) -> Node:
    r"""``W^{(t)}`` below a derivative sign: the parameter where step t uses it, no power of it."""
    form = affine(x.exp) if isinstance(x, Pow) and isinstance(x.base, Sym) else None
    if form is None or not (form[0] or form[1] >= 1):
        return x
    assert isinstance(x, Pow) and isinstance(x.base, Sym)
    return At(x.base.name, x.exp, span=x.span)


def argument_called(y: Node, name: str) -> Node | None:
    r"""The argument of a function that ``\partial_h f(x_t, h_{t-1}, w)`` differentiates by.

    ``None`` unless exactly one of the arguments is an element of the sequence ``name``.
    """
    if not isinstance(y, Call):
        return None
    found = [a for a in y.args if isinstance(a, At) and a.name == name.strip()]
    return found[0] if len(found) == 1 else None


def _only_term(e: Expr) -> list[tuple[str, Factor]] | None:
    if len(e.terms) != 1 or e.terms[0][0]:
        return None
    return e.terms[0][1].factors


def _scaled_below(f: Frac) -> tuple[Expr, Frac] | None:
    r"""``\frac{\partial l}{T \cdot \partial o}`` as ``T`` and the derivative."""
    top, below = _only_term(f.num), _only_term(f.den)
    if top is None or below is None or _mark_of(top[0][1]) is None:
        return None
    at = next((k for k, (_, x) in enumerate(below) if isinstance(x, Differential)), 0)
    if not at or any(op not in ("", r"\cdot", r"\times", "*") for op, _ in below[: at + 1]):
        return None
    span = f.den.span
    scale = Expr([(False, Term(below[:at], span))], span)
    rest = Expr([(False, Term([("", below[at][1]), *below[at + 1 :]], span))], span)
    return scale, Frac(f.num, rest, f.span)


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
