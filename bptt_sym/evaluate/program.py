"""The tensor program of one step: a hash-consed, single-assignment table of array operations.

A recurrence is lowered to such a table once (:mod:`~bptt_sym.evaluate.lower`), differentiated once
(:mod:`~bptt_sym.evaluate.adjoint`) and then read by many interpreters: arrays of floats, of
high-precision numbers or of balls (:mod:`~bptt_sym.evaluate.interpret`) and source emitters. Time
stays rolled: no operation is ever copied per step.

Every value has its *own* shape, the one of the formula (``()``, ``(n,)`` or ``(n, m)``), and a
*lead*: 0 for what depends on parameters alone, 1 for what is constant in time but differs from
example to example, 2 for what differs from step to step. An array of lead 2 is stored as
``(T, B, *own)``, or ``(B, *own)`` inside the loop over time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal, final

from bptt_sym.errors import ModelError, NotSupported
from bptt_sym.recurrence import Dim, Shape

Kind = Literal[
    # sources
    "param", "context", "read", "seed", "later", "start", "const", "unit",
    # elementwise, all of one own shape
    "add", "mul", "div", "neg", "fn", "pow",
    # linear algebra on own shapes
    "matvec", "matmul", "transpose", "outer", "dot", "diag", "diagpart",
    # shape
    "expand", "reduce", "concat", "slice", "pad",
    # over the last own axis
    "softmax", "logsoftmax",
    # over leading axes: what a parameter's cotangent is summed with
    "accumulate", "contract",
]  # fmt: skip

STATIC, EXAMPLE, PER_STEP = 0, 1, 2


@final
@dataclass(frozen=True, slots=True)
class Size:
    """A dimension as a sum of symbolic dimensions and a number, in canonical order."""

    terms: tuple[tuple[str, int], ...] = ()
    const: int = 0

    @classmethod
    def of(cls, dim: Dim) -> Size:
        """The size of a recurrence's dimension; ``"n+m"`` is a sum."""
        if isinstance(dim, int):
            return cls((), dim)
        total = cls()
        for part in dim.split("+"):
            part = part.strip()
            total = total + (cls((), int(part)) if part.isdigit() else cls(((part, 1),)))
        return total

    def __add__(self, other: Size) -> Size:
        counts = dict(self.terms)
        for name, k in other.terms:
            counts[name] = counts.get(name, 0) + k
        return Size(tuple(sorted((n, k) for n, k in counts.items() if k)), self.const + other.const)

    def value(self, dims: Mapping[str, int]) -> int:
        """The number of rows this stands for."""
        return self.const + sum(k * dims[n] for n, k in self.terms)

    def text(self, name: Callable[[str], str] = str) -> str:
        """As source: ``n``, ``n + m``, ``4*n``."""
        parts = [name(n) if k == 1 else f"{k}*{name(n)}" for n, k in self.terms]
        if self.const or not parts:
            parts.append(str(self.const))
        return " + ".join(parts)


ONE_ROW = Size((), 1)
Sizes = tuple[Size, ...]


def sizes(shape: Shape) -> Sizes:
    """A recurrence's shape as sizes."""
    return tuple(Size.of(d) for d in shape)


@final
@dataclass(frozen=True, slots=True)
class Op:
    """One assignment. ``attr`` holds what the kind needs besides its arguments.

    ``param``/``context``/``seed``/``start``: (name,); ``read`` and ``later``: (name, lag);
    ``const`` and ``unit``: (value,); ``fn``: (name, order); ``pow``: (exponent,);
    ``concat``: (axis,); ``slice`` and ``pad``: (axis, offset). Axes count from the end: −1 or −2.
    """

    kind: Kind
    args: tuple[int, ...]
    shape: Sizes
    lead: int
    attr: tuple[Any, ...] = ()


@dataclass
class Program:
    """A table of operations with its outputs.

    ``targets`` maps each defined sequence to its value at step t, ``initial`` a state to its value
    before the first step where the recurrence gives it; ``loss`` is the scalar summed
    over steps and examples; ``note`` holds a readable name and formula of some operations.
    """

    ops: list[Op] = field(default_factory=list)
    targets: dict[str, int] = field(default_factory=dict)
    initial: dict[str, int] = field(default_factory=dict)
    loss: int | None = None
    note: dict[int, str] = field(default_factory=dict)
    _index: dict[Op, int] = field(default_factory=dict, repr=False)

    def emit(
        self,
        kind: Kind,
        args: Iterable[int] = (),
        shape: Sizes = (),
        *,
        attr: tuple[Any, ...] = (),
        lead: int | None = None,
    ) -> int:
        """The handle of an operation, shared if it is in the table already."""
        handles = tuple(args)
        if lead is None:
            lead = max((self.ops[a].lead for a in handles), default=STATIC)
        op = Op(kind, handles, shape, lead, attr)
        at = self._index.get(op)
        if at is None:
            at = self._index[op] = len(self.ops)
            self.ops.append(op)
        return at

    def forward_copy(self) -> Program:
        """A program that can be extended without touching this one."""
        return Program(
            list(self.ops),
            dict(self.targets),
            dict(self.initial),
            self.loss,
            dict(self.note),
            dict(self._index),
        )

    # -- what an operation is -------------------------------------------------------------------

    def shape(self, a: int) -> Sizes:
        return self.ops[a].shape

    def constant(self, a: int) -> Fraction | None:
        """The value of a constant, else ``None``."""
        op = self.ops[a]
        return op.attr[0] if op.kind == "const" else None

    # -- constructors; each checks shapes and drops what does nothing ---------------------------

    def const(self, value: Fraction | int, shape: Sizes = ()) -> int:
        return self.emit("const", (), shape, attr=(Fraction(value),))

    def unit(self, shape: Sizes = (), value: Fraction = Fraction(1)) -> int:
        """A number that stands at every step and example: a sum over steps counts it.

        With value 1 it is the cotangent of the loss.
        """
        return self.emit("unit", (), shape, attr=(value,), lead=PER_STEP)

    def _same(self, a: int, b: int, what: str) -> tuple[int, int]:
        """Operands of one own shape: a scalar is expanded to the other's shape."""
        sa, sb = self.shape(a), self.shape(b)
        if sa == sb:
            return a, b
        if not sa:
            return self.expand(a, sb), b
        if not sb:
            return a, self.expand(b, sa)
        raise ModelError(f"{what} of shapes {_text(sa)} and {_text(sb)}")

    def add(self, a: int, b: int) -> int:
        a, b = self._same(a, b, "a sum")
        if self.constant(a) == 0:
            return b
        if self.constant(b) == 0:
            return a
        return self.emit("add", (a, b), self.shape(a))

    def mul(self, a: int, b: int) -> int:
        """The elementwise product, or number times array."""
        a, b = self._same(a, b, "an elementwise product")
        for x, y in ((a, b), (b, a)):
            if self.ops[x].kind == "unit" and self.ops[y].lead == PER_STEP:
                return self.mul(self.const(self.ops[x].attr[0], self.shape(y)), y)
        for x, y in ((a, b), (b, a)):
            value, other = self.constant(x), self.ops[y]
            if value is None:
                continue
            if value == 1:
                return y
            if value == -1:
                return self.neg(y)
            if value == 0:
                return x
            if other.kind == "unit":
                return self.unit(other.shape, value * other.attr[0])
            if other.kind == "neg":
                return self.mul(self.const(-value, other.shape), other.args[0])
            if other.kind == "mul" and (inner := self.constant(other.args[0])) is not None:
                return self.mul(self.const(value * inner, other.shape), other.args[1])
            return self.emit("mul", (x, y), other.shape)
        return self.emit("mul", (a, b), self.shape(a))

    def div(self, a: int, b: int) -> int:
        a, b = self._same(a, b, "a quotient")
        return a if self.constant(b) == 1 else self.emit("div", (a, b), self.shape(a))

    def neg(self, a: int) -> int:
        op = self.ops[a]
        if op.kind == "neg":
            return op.args[0]
        if op.kind == "const":
            return self.const(-op.attr[0], op.shape)
        if op.kind == "unit":
            return self.unit(op.shape, -op.attr[0])
        if op.kind == "mul" and (value := self.constant(op.args[0])) is not None:
            return self.mul(self.const(-value, op.shape), op.args[1])
        return self.emit("neg", (a,), op.shape)

    def fn(self, name: str, a: int, order: int = 0) -> int:
        if name == "identity":
            return a if order == 0 else self.const(int(order == 1), self.shape(a))
        if name == "exp":
            order = 0
        return self.emit("fn", (a,), self.shape(a), attr=(name, order))

    def pow(self, a: int, exponent: Fraction) -> int:
        if exponent == 1:
            return a
        if exponent == 0:
            return self.const(1, self.shape(a))
        return self.emit("pow", (a,), self.shape(a), attr=(exponent,))

    def matvec(self, m: int, v: int) -> int:
        sm, sv = self.shape(m), self.shape(v)
        if len(sm) != 2 or len(sv) != 1 or sm[1] != sv[0]:
            raise ModelError(f"matrix {_text(sm)} times vector {_text(sv)}")
        if self.ops[m].kind == "diag":
            return self.mul(self.ops[m].args[0], v)
        return self.emit("matvec", (m, v), (sm[0],))

    def matmul(self, a: int, b: int) -> int:
        sa, sb = self.shape(a), self.shape(b)
        if len(sa) != 2 or len(sb) != 2 or sa[1] != sb[0]:
            raise ModelError(f"matrix {_text(sa)} times matrix {_text(sb)}")
        return self.emit("matmul", (a, b), (sa[0], sb[1]))

    def transpose(self, a: int) -> int:
        op = self.ops[a]
        if op.kind == "transpose":
            return op.args[0]
        if op.kind == "contract":
            return self.contract(op.args[1], op.args[0], op.lead)
        if len(op.shape) < 2:
            raise ModelError("only a matrix is transposed here; a row is a 1×n matrix")
        return self.emit("transpose", (a,), op.shape[::-1])

    def outer(self, u: int, v: int) -> int:
        return self.emit("outer", (u, v), (*self.shape(u), *self.shape(v)))

    def dot(self, u: int, v: int) -> int:
        if self.shape(u) != self.shape(v) or len(self.shape(u)) != 1:
            raise ModelError(f"a dot product of {_text(self.shape(u))} and {_text(self.shape(v))}")
        return self.emit("dot", (u, v), ())

    def diag(self, v: int) -> int:
        return self.emit("diag", (v,), self.shape(v) * 2)

    def diagpart(self, m: int) -> int:
        return self.emit("diagpart", (m,), self.shape(m)[:1])

    def expand(self, a: int, shape: Sizes) -> int:
        """A scalar repeated to ``shape``."""
        if not shape:
            return a
        if self.ops[a].kind == "unit":
            return self.unit(shape, self.ops[a].attr[0])
        value = self.constant(a)
        return self.emit("expand", (a,), shape) if value is None else self.const(value, shape)

    def reduce(self, a: int) -> int:
        """The sum of all entries of the own shape."""
        op = self.ops[a]
        if not op.shape:
            return a
        return self.emit("reduce", (a,), ())

    def concat(self, parts: Iterable[int], axis: int = -1) -> int:
        parts = tuple(parts)
        if len(parts) == 1:
            return parts[0]
        first = self.shape(parts[0])
        total = Size()
        for p in parts:
            s = self.shape(p)
            if len(s) != len(first) or _without(s, axis) != _without(first, axis):
                raise ModelError(f"{_text(s)} cannot stand beside {_text(first)}")
            total = total + s[axis]
        return self.emit("concat", parts, _with(first, axis, total), attr=(axis,))

    def slice(self, a: int, offset: Size, size: Size, axis: int = -1) -> int:
        op = self.ops[a]
        if offset == Size() and op.shape[axis] == size:
            return a
        if op.kind == "concat" and op.attr == (axis,):
            at = Size()
            for part in op.args:
                if at == offset and self.shape(part)[axis] == size:
                    return part
                at = at + self.shape(part)[axis]
        return self.emit("slice", (a,), _with(op.shape, axis, size), attr=(axis, offset))

    def pad(self, a: int, offset: Size, total: Size, axis: int) -> int:
        return self.emit("pad", (a,), _with(self.shape(a), axis, total), attr=(axis, offset))

    def softmax(self, a: int, *, log: bool = False) -> int:
        if len(self.shape(a)) != 1:
            raise ModelError("softmax takes a vector")
        return self.emit("logsoftmax" if log else "softmax", (a,), self.shape(a))

    def accumulate(self, a: int, lead: int) -> int:
        """The sum over the leading axes, down to ``lead``."""
        op = self.ops[a]
        if op.lead <= lead:
            return a
        if op.kind == "outer":
            u, v = op.args
            return self.contract(u, v, lead)
        return self.emit("accumulate", (a,), op.shape, lead=lead)

    def contract(self, u: int, v: int, lead: int) -> int:
        r"""The sum over leading axes of the outer product, :math:`\sum_{t,b} u v^\top`."""
        return self.emit("contract", (u, v), (*self.shape(u), *self.shape(v)), lead=lead)


def _text(shape: Sizes) -> str:
    return "×".join(s.text() for s in shape) or "scalar"


def _with(shape: Sizes, axis: int, size: Size) -> Sizes:
    out = list(shape)
    out[axis] = size
    return tuple(out)


def _without(shape: Sizes, axis: int) -> Sizes:
    out = list(shape)
    del out[axis]
    return tuple(out)


def check(program: Program, start: int = 0) -> None:
    """Re-check the table: every argument stands before its use, leads and shapes fit.

    Operations before ``start`` have been checked.

    Raises
    ------
    ModelError
        At the first operation that is not well formed.
    """
    for i, op in enumerate(program.ops[start:], start):
        if any(not 0 <= a < i for a in op.args):
            raise ModelError(f"operation {i} ({op.kind}) uses a value that is not computed yet")
        leads = [program.ops[a].lead for a in op.args]
        shapes = [program.ops[a].shape for a in op.args]
        if op.kind in ("accumulate", "contract"):
            if op.lead >= max(leads):
                raise ModelError(f"operation {i} ({op.kind}) sums over no axis")
        elif leads and op.lead != max(leads):
            raise ModelError(f"operation {i} ({op.kind}) has the wrong lead")
        if op.kind in ("add", "mul", "div", "neg", "fn", "pow", "softmax", "logsoftmax") and any(
            s != op.shape for s in shapes
        ):
            raise ModelError(f"operation {i} ({op.kind}) mixes shapes")


def depends_on_sums(p: Program) -> set[int]:
    """The operations that need a sum over all steps."""
    out: set[int] = set()
    for i, op in enumerate(p.ops):
        if op.kind in ("accumulate", "contract", "start") or any(a in out for a in op.args):
            out.add(i)
    return out


def unsupported(kind: str, where: str) -> NotSupported:
    """The error of an interpreter that has no entry for an operation."""
    return NotSupported(f"{where} has no {kind!r} operation")
