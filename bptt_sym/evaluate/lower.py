"""From a recurrence to the tensor program of one step.

Nothing here knows a cell by name: any :class:`~bptt_sym.recurrence.Recurrence` whose functions have
numerical values is lowered, with as many states, layers and lags as it has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from bptt_sym.errors import ModelError, NotSupported
from bptt_sym.evaluate import activations
from bptt_sym.evaluate.program import EXAMPLE, ONE_ROW, PER_STEP, Program, Size, check, sizes
from bptt_sym.notation import (
    Abs,
    Add,
    At,
    Block,
    Concat,
    Diag,
    Div,
    Fn,
    Had,
    Idx,
    Mul,
    Neg,
    Node,
    Norm,
    Num,
    Ones,
    Outer,
    Pow,
    Sum,
    Sym,
    Transpose,
    affine,
    substitute_index,
    walk,
)
from bptt_sym.recurrence import HORIZON, STEP, Recurrence, lag_of

#: An input sequence that is 1 at the last step and 0 before: how a loss of the last state is
#: written as a sum over steps.
LAST = "last"


def lower(
    rec: Recurrence,
    *,
    loss: str | Node | None = None,
    context: Iterable[str] = (),
    bind: Mapping[str, str] | None = None,
) -> Program:
    """The one-step program of ``rec``.

    Parameters
    ----------
    loss:
        The name of one of ``rec.totals``, or an expression of the same kind: a sum over all steps,
        an expression of the values at step ``T``, or a combination of both.
    context:
        Names of symbols that differ from example to example and do not depend on time (encoder
        states that an attention reads).
    bind:
        Numerical meanings of opaque activations: ``{"\\varphi": "tanh"}``.

    Raises
    ------
    ModelError
        Shapes that do not fit.
    NotSupported
        An opaque function without a meaning, or a loss of another form.
    """
    lowering = _Lowering(rec, frozenset(context), dict(bind or {}))
    program = lowering.program
    for equation in rec.equations:
        value = lowering.node(equation.rhs)
        want = sizes(rec.shape(equation.target))
        if program.shape(value) != want:
            if program.shape(value) == ():
                value = program.expand(value, want)
            elif want == () and program.shape(value) in ((ONE_ROW,), (ONE_ROW, ONE_ROW)):
                value = program.reduce(value)
            else:
                raise ModelError(f"{rec.name}: {equation.target!r} does not have its stated shape")
        if program.ops[value].lead < PER_STEP:
            # A sequence that is the same at every step still has a place per step.
            value = program.mul(program.unit(want), value)
        program.targets[equation.target] = value
    for name, start in rec.initial.items():
        value, want = lowering.node(start), sizes(rec.shape(name))
        if program.shape(value) == ():
            value = program.expand(value, want)
        if program.shape(value) != want or program.ops[value].lead == PER_STEP:
            raise ModelError(f"{rec.name}: the initial value of {name!r} does not fit it")
        program.initial[name] = value
    if loss is not None:
        total = lowering.total(rec.totals[loss] if isinstance(loss, str) else loss)
        if program.ops[total].lead < PER_STEP:
            total = program.mul(program.unit(), total)
        program.loss = total
    check(program)
    return program


class _Lowering:
    def __init__(self, rec: Recurrence, context: frozenset[str], bind: dict[str, str]) -> None:
        self.rec = rec
        self.context = context
        self.bind = bind
        self.program = Program()

    def node(self, node: Node) -> int:
        """The handle of an expression at step t."""
        p = self.program
        match node:
            case Num(value=v):
                return p.const(v)
            case Ones():
                return p.const(1)
            case Sym(name=name):
                kind, lead = ("context", EXAMPLE) if name in self.context else ("param", 0)
                shape = sizes(self.rec.shape(name))
                return p.emit(kind, (), shape, attr=(name,), lead=lead)  # type: ignore[arg-type]
            case At(name=name, time=time):
                lag = lag_of(time)
                if lag is None:
                    raise NotSupported(f"the time of {name!r} is not t minus a number")
                if lag == 0 and name in p.targets:
                    return p.targets[name]
                return p.emit(
                    "read", (), sizes(self.rec.shape(name)), attr=(name, lag), lead=PER_STEP
                )
            case Add(args=args):
                return self.sum([self.node(a) for a in args])
            case Neg(arg=a):
                return p.neg(self.node(a))
            case Mul(args=args):
                return self.product(args)
            case Had(args=args):
                total = self.node(args[0])
                for a in args[1:]:
                    total = p.mul(total, self.node(a))
                return total
            case Div(num=a, den=b):
                top, bottom = self.node(a), self.node(b)
                number = p.constant(bottom)
                if number:
                    return p.mul(top, p.const(1 / number))
                return p.div(top, bottom)
            case Pow(base=base, exp=exp):
                return self.power(base, exp)
            case Fn(name=name, arg=arg, order=order):
                return self.function(name, arg, order)
            case Diag(arg=a):
                return p.diag(self.node(a))
            case Transpose(arg=a):
                value = self.node(a)
                if len(p.shape(value)) == 1:
                    return p.outer(p.const(1, (ONE_ROW,)), value)
                return value if p.shape(value) == () else p.transpose(value)
            case Outer(left=a, right=b):
                return p.outer(self.node(a), self.node(b))
            case Concat(args=args):
                # A scalar in a concatenation is a row.
                parts = [self.node(a) for a in args]
                return p.concat([p.expand(x, (ONE_ROW,)) if not p.shape(x) else x for x in parts])
            case Block(arg=a, part=part):
                return self.block(a, part)
            case Norm(arg=a, ord=order):
                if order not in ("2", "F", "any"):
                    raise NotSupported(f"a norm of order {order} in an equation")
                return p.fn("sqrt", self.square(self.node(a)))
            case Abs(arg=a):
                return p.fn("abs", self.node(a))
            case _:
                raise NotSupported(f"{type(node).__name__} in an equation has no numerical value")

    def sum(self, terms: list[int]) -> int:
        """What does not wait for a state is added first, so that it is done before the loop."""
        p = self.program
        terms = sorted(terms, key=lambda i: (p.ops[i].lead, self.waits(i)))
        total = terms[0]
        for term in terms[1:]:
            total = p.add(total, term)
        return total

    def waits(self, i: int) -> bool:
        """Whether the value depends on a defined sequence of an earlier step."""
        seen, stack = set(), [i]
        while stack:
            j = stack.pop()
            if j in seen:
                continue
            seen.add(j)
            op = self.program.ops[j]
            if op.kind == "read" and op.attr[0] in self.rec.defined:
                return True
            stack.extend(op.args)
        return False

    def product(self, args: tuple[Node, ...]) -> int:
        """The natural product. From the right, so that a matrix meets a vector, not a matrix."""
        p = self.program
        number: int | None = None
        result: int | None = None
        for a in reversed(args):
            # x^T y is a number; forming the row first would cost a matrix.
            if isinstance(a, Transpose) and result is not None:
                left = self.node(a.arg)
                if len(p.shape(left)) == 1 and p.shape(left) == p.shape(result):
                    dot = p.dot(left, result)
                    number = dot if number is None else p.mul(dot, number)
                    result = None
                    continue
            value = self.node(a)
            if p.shape(value) == ():
                number = value if number is None else p.mul(value, number)
            elif result is None:
                result = value
            elif len(p.shape(value)) == 2 and len(p.shape(result)) == 1:
                result = p.matvec(value, result)
            elif len(p.shape(value)) == 2 and len(p.shape(result)) == 2:
                result = p.matmul(value, result)
            elif p.shape(result)[0] == ONE_ROW:
                row = p.matvec(p.transpose(result), p.const(1, (ONE_ROW,)))
                result = p.outer(value, row)
            else:
                raise ModelError("a natural product of two vectors; write ⊙, or transpose one")
        if result is None:
            return number if number is not None else p.const(1)
        return result if number is None else p.mul(number, result)

    def power(self, base: Node, exp: Node) -> int:
        p = self.program
        if not isinstance(exp, Num):
            raise NotSupported("a power whose exponent is not a number")
        if isinstance(base, Norm) and exp.value == 2 and base.ord in ("2", "F", "any"):
            return self.square(self.node(base.arg))
        value = self.node(base)
        if len(p.shape(value)) == 2:
            if exp.value.denominator != 1 or not 1 <= exp.value <= 64:
                raise NotSupported("a matrix power other than 1 to 64 in an equation")
            out = value
            for _ in range(int(exp.value) - 1):
                out = p.matmul(value, out)
            return out
        return p.pow(value, exp.value)

    def square(self, value: int) -> int:
        """The squared Euclidean (Frobenius) norm."""
        p = self.program
        return p.dot(value, value) if len(p.shape(value)) == 1 else p.reduce(p.mul(value, value))

    def function(self, name: str, arg: Node, order: int) -> int:
        p = self.program
        name = self.bind.get(name, name)
        value = self.node(arg)
        if name == "log" and order == 0 and p.ops[value].kind == "softmax":
            # Of p_t = softmax(y_t) too: the logarithm of a small p_t would have lost its digits.
            return p.softmax(p.ops[value].args[0], log=True)
        if name == "softmax":
            if order:
                raise NotSupported("a derivative of softmax in an equation")
            return p.softmax(value)
        if name != "identity" and not activations.known(name):
            raise NotSupported(f"{name!r} has no numerical value; bind it to a known function")
        return p.fn(name, value, order)

    def block(self, arg: Node, part: str) -> int:
        if not isinstance(arg, Sym) or arg.name not in self.rec.blocks:
            raise NotSupported("a block of something that is not a concatenated parameter")
        offset = Size()
        for name in self.rec.blocks[arg.name]:
            shape = sizes(self.rec.shape(name))
            rows = shape[0] if shape else ONE_ROW
            if name == part:
                return self.program.slice(self.node(arg), offset, rows)
            offset = offset + rows
        raise ModelError(f"{part!r} is no part of what {arg.name!r} multiplies")

    # -- losses ---------------------------------------------------------------------------------

    def total(self, node: Node) -> int:
        r"""The per-step summand :math:`\ell_t` with total :math:`= \sum_t \ell_t`, a scalar."""
        p = self.program
        match node:
            case Sum(var=var, lo=lo, hi=hi, body=body) if affine(lo) == ({}, 1) and affine(hi) == (
                {HORIZON: 1},
                0,
            ):
                return self.scalar(self.node(substitute_index(body, var, Idx(STEP))))
            case Add(args=args):
                total = self.total(args[0])
                for a in args[1:]:
                    total = p.add(total, self.total(a))
                return total
            case Neg(arg=a):
                return p.neg(self.total(a))
            case Mul(args=args) if any(isinstance(n, Sum) for n in walk(node)):
                sums = [a for a in args if any(isinstance(n, Sum) for n in walk(a))]
                rest = [a for a in args if not any(isinstance(n, Sum) for n in walk(a))]
                if len(sums) != 1 or any(isinstance(n, (At, Idx)) for a in rest for n in walk(a)):
                    raise NotSupported("a total that is a product of sums")
                return p.mul(self.node(Mul(tuple(rest))), self.total(sums[0]))
            case Div(num=a, den=Num(value=v)):
                return p.mul(p.const(Fraction(1) / v), self.total(a))
            case _:
                if any(isinstance(n, Sum) for n in walk(node)):
                    raise NotSupported("a total that is not a sum over all steps")
                value = self.scalar(self.node(substitute_index(node, HORIZON, Idx(STEP))))
                last = p.emit("read", (), (), attr=(LAST, 0), lead=PER_STEP)
                return p.mul(last, value)

    def scalar(self, value: int) -> int:
        shape = self.program.shape(value)
        if any(s != ONE_ROW for s in shape):
            raise ModelError("a loss is a number")
        return self.program.reduce(value)
