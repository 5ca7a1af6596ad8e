"""Functions and their arguments."""

from __future__ import annotations

from bptt_sym.errors import ReadError, Span, UnboundName
from bptt_sym.notation import ZERO, At, Call, D, Diag, Fn, Mul, Node, Sym, affine, free_indices
from bptt_sym.read.bare_derivatives import hidden_argument
from bptt_sym.read.factors import Factors
from bptt_sym.read.surface import (
    Differential,
    Factor,
    Frac,
    Group,
    Number,
    Script,
    Scripted,
    Term,
    Word,
    single_factor,
)
from bptt_sym.read.vocabulary import subscripted


class Applications(Factors):
    """Binds a function with the group, or the one symbol, that follows it."""

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
        group, power = unscript(argument)
        if base.name == "diag":
            if group is None:
                raise ReadError("diag without its argument", span=f.span, token="diag",
                                hint=r"write \mathrm{diag}(…)")  # fmt: skip
            diagonal: Node = Diag(self.items(group)[0], span=f.span.join(group.span))
            return self.with_power(diagonal, power, group.span), i + 2
        if base.name == "prod" and group is not None:
            # prod(a, b): the chain rule's product of a book that leaves the layout open.
            return Mul(tuple(self.items(group)), span=f.span.join(group.span)), i + 2
        if base.name == "max" and group is not None and len(group.items) == 2:
            above = [a for a in self.items(group) if a != ZERO]
            if len(above) == 1:  # max(0, a), or max(a, 0)
                span = f.span.join(group.span)
                return self.with_power(Fn("relu", above[0], span=span), power, span), i + 2
        if base.name in ("max", "min", "sup", "lim", "inf"):
            raise ReadError(f"{base.name} is not read", span=f.span, token=base.name,
                            hint="state the claim for every step instead")  # fmt: skip
        element = self.timed_by_argument(f, base, sub, sup, primes, group)
        if element is not None:
            return self.with_power(element, power, f.span), i + 2
        partial = self.partial(f, base, sub, sup, primes, group)
        if partial is not None:
            return self.with_power(partial, power, f.span), i + 2
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
            if all(_is_step(a) for a in arguments):
                raise UnboundName(
                    f"{name} of a step, not of a value", span=group.span, token=name,
                    hint=f"write the states that {name} depends on, or {name} alone",
                )  # fmt: skip
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
        if order and _is_step(arg) and not self.vocabulary.open:
            return Fn(name, hidden_argument(arg), order, span=span), after
        if _is_step(arg):
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

    def partial(
        self, f: Factor, base: Word, sub: Script | None, sup: Script | None, primes: int,
        group: Group | None,
    ) -> Node | None:  # fmt: skip
        r"""A derivative of an unknown function by its argument: ``C'(h_T)``, ``f_w(h_{t-1}, w)``.

        ``None`` for what is none. A number below a function of several arguments may be a step as
        well as the place of an argument, and is refused.
        """
        v = self.vocabulary
        called = v.canonical(base.name, v.functions)
        if group is None or called is None or sup is not None or base.name in self.bound:
            return None
        if sub is not None and v.canonical(subscripted(base.name, sub.text), v.functions):
            return None  # a function of its own
        span = f.span.join(group.span)
        args = tuple(self.items(group))
        if primes and (sub is None or self.time(sub) is not None):
            shown = base.name + "'" * primes
            if len(args) != 1:
                raise ReadError(
                    f"{shown} does not say by which argument", span=f.span, token=shown,
                    hint=rf"write \frac{{\partial {base.name}}}{{\partial …}}",
                )  # fmt: skip
            derivative: Node = Call(called, args, span=span)
            for _ in range(primes):
                derivative = D(derivative, args[0], "direct", span=span)
            return derivative
        if sub is None or primes:
            return None
        by = [a for a in args if isinstance(a, (At, Sym)) and a.name == sub.text]
        if len(by) == 1 and not v.is_index(sub.text):
            return D(Call(called, args, span=span), by[0], "direct", span=span)
        if len(args) > 1 and sub.text.isdigit():
            raise ReadError(
                f"{base.name}_{sub.text} may be {base.name} at step {sub.text} or its derivative by"
                f" an argument", span=f.span, token=f"{base.name}_{sub.text}",
                hint=rf"write \frac{{\partial {base.name}}}{{\partial …}} for a derivative",
            )  # fmt: skip
        step = self.time(sub)
        steps = frozenset().union(*map(free_indices, args))
        if step is not None and not free_indices(step) <= steps:
            raise UnboundName(
                f"{base.name}_{sub.text} is no {base.name} at a step of its arguments, and"
                f" {sub.text} is none of them", span=f.span, token=f"{base.name}_{sub.text}",
            )  # fmt: skip
        return None

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
        if order and not self.vocabulary.open:
            return hidden_argument(), i
        # What follows a bare derivative such as σ' is as likely multiplied as it is the argument.
        absent = i >= len(factors) or factors[i][0] != "" or isinstance(factors[i][1], Group)
        if absent or order:
            raise ReadError(f"{shown} without an argument", span=f.span, token=shown,
                            hint=f"write {shown}(…) with its pre-activation")  # fmt: skip
        nxt = factors[i][1]
        if not isinstance(nxt, (Word, Scripted, Frac, Number)):
            raise ReadError(f"{shown} without an argument", span=f.span, token=shown)
        arg, after = self.operand(factors, i)
        if after < len(factors) and factors[after][0] == "":
            later = factors[after][1]
            base = later.base if isinstance(later, Scripted) else later
            applied = isinstance(base, Word) and self.function_name(base, None, None)[0]
            ends = isinstance(arg, At) and (_derivative(later) or _slope(factors, after))
            if not applied and not ends:
                raise ReadError(
                    f"it is not plain how far the argument of {shown} reaches",
                    span=f.span.join(later.span), token=shown, hint=f"write {shown}(…)",
                )  # fmt: skip
        return arg, after


def _derivative(f: Factor) -> bool:
    """Whether ``f`` is one: no activation is taken of what has been multiplied by it."""
    top = f.num.terms[0][1].factors[0][1] if isinstance(f, Frac) and f.num.terms else None
    return isinstance(top, Differential)


def _slope(factors: list[tuple[str, Factor]], i: int) -> bool:
    """Whether ``o (1 - o)`` stands from factor ``i`` on, the slope of a gate (or a slip in it)."""
    if i + 1 >= len(factors) or factors[i + 1][0] != "":
        return False
    name, group = _name(factors[i][1]), factors[i + 1][1]
    if name is None or not isinstance(group, Group) or len(group.items) != 1:
        return False
    match group.items[0].terms:
        case [(False, Term([(_, Number("1", _))], _)), (_, Term([(_, other)], _))]:
            return _name(other) == name
    return False


def _name(f: Factor) -> tuple[str, str, str] | None:
    """A name with its scripts, to be compared."""
    match f:
        case Word():
            return f.name, "", ""
        case Scripted(base=Word() as base) if not f.primes:
            return base.name, f.sub.text if f.sub else "", f.sup.text if f.sup else ""
    return None


def _is_step(node: Node) -> bool:
    """Whether ``node`` is an index and not a number: t, k-1."""
    form = affine(node)
    return form is not None and bool(form[0])


def _bracketed_number(sup: Script) -> int | None:
    """4 for the superscript of ``f^{(4)}``."""
    t = sup.tokens
    if len(t) == 3 and t[0].kind == "open" and t[1].kind == "num" and t[1].text.isdigit():
        return int(t[1].text) if int(t[1].text) <= 64 else None
    return None


def unscript(f: Factor | None) -> tuple[Group | None, Script | None]:
    """The parenthesised argument and the power that follows it."""
    power: Script | None = None
    if isinstance(f, Scripted) and f.sub is None and not f.primes:
        power = f.sup
        f = f.base
    if isinstance(f, Group) and f.bracket in ("(", "[", r"\{"):
        return f, power
    return None, None
