"""A hash-consed single-assignment table of scalars, in flat lists.

A node is an integer: the row of the table that holds its operation and operands. Operands always
come before the rows that use them, so every pass is a loop over row numbers; nothing here recurses
over an expression, and no size of table exhausts a stack. Equal rows are one row.

A *named* row (:data:`LET`) is what keeps ``h_t`` a symbol: it is distinct from its value and from
every other name with the same value, it is printed as one assignment and never inlined, and a
derivative with respect to it is a derivative with respect to that name alone (so that
``h_0 = c_0 = 0`` do not become one variable).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from fractions import Fraction

from bptt_sym.errors import LimitExceeded, ModelError
from bptt_sym.graph.operations import (
    A_IS_NODE,
    ADD,
    B_IS_NODE,
    CALL,
    CONST,
    DER,
    FN,
    LET,
    MAX_EXPONENT,
    MINUS_ONE,
    MUL,
    NEG,
    ONE,
    OP_NAMES,
    POW,
    SYM,
    ZERO,
    Label,
)

#: Constants are folded only while they stay this small, or 2^T would be quadratic in T.
_FOLD_BITS = 256
DEFAULT_LIMIT = 1 << 26
#: The columns of a table, and what its look-up tables are called.
_HELD = (
    *("op", "a", "b", "labels", "constants", "functions", "calls", "row_of"),
    *("_label_row", "_constant_no", "_function_no", "_call_no", "_let_of"),
)


class Table:
    """The table. Rows 0, 1 and 2 are the constants 0, 1 and -1.

    ``limit`` caps the number of rows (:class:`LimitExceeded` beyond it).
    """

    def __init__(self, *, limit: int = DEFAULT_LIMIT) -> None:
        self.op: list[int] = []
        self.a: list[int] = []
        self.b: list[int] = []
        self.labels: list[Label] = []
        self.constants: list[Fraction] = []
        #: ``(name, order)``: order counts the primes of an opaque function.
        self.functions: list[tuple[str, int]] = []
        #: ``(name, orders, args)``: ``orders[i]`` times differentiated by argument i.
        self.calls: list[tuple[str, tuple[int, ...], tuple[int, ...]]] = []
        self.limit = limit
        self.row_of: dict[int, int] = {}
        self._label_row: dict[Label, int] = {}
        self._constant_no: dict[int | Fraction, int] = {}
        self._function_no: dict[tuple[str, int], int] = {}
        self._call_no: dict[tuple[str, tuple[int, ...], tuple[int, ...]], int] = {}
        self._let_of: dict[int, int] = {}
        #: Ranges of rows that the look-up tables above do not know yet, see `catch_up`.
        self.unindexed: list[tuple[int, int]] = []
        for value in (0, 1, -1):
            self.const(value)

    def __len__(self) -> int:
        return len(self.op)

    def copy(self, other: Table) -> None:
        """Take over all that another table holds, in place of what is here."""
        other.catch_up()
        for name in _HELD:
            setattr(self, name, getattr(other, name).copy())

    # ------------------------------------------------------------------ construction

    def row(self, op: int, a: int, b: int) -> int:
        """The row with that content: the one there is, or a new one (LimitExceeded)."""
        if self.unindexed:
            self.catch_up()
        # Injective (a + b is below 2^32), and its low bits, where a dictionary looks first, are
        # those of a + b: rows made one after the other land side by side and stay in the cache.
        key = (a << 32) + a + b << 4 | op
        i = self.row_of.get(key)
        if i is None:
            i = len(self.op)
            if i >= self.limit:
                raise LimitExceeded(f"the graph has more than {self.limit} rows")
            self.row_of[key] = i
            self.op.append(op)
            self.a.append(a)
            self.b.append(b)
        return i

    def catch_up(self) -> None:
        """Enter the rows that were written in bulk into the look-up tables."""
        ranges, self.unindexed = self.unindexed, []
        for start, end in ranges:
            self.index(start, end)

    def index(self, start: int, end: int) -> None:
        """Enter the rows from ``start`` up to ``end`` into the look-up tables."""
        op, A, B = self.op[start:end], self.a[start:end], self.b[start:end]
        self.row_of.update(zip(keys(op, A, B), range(start, end), strict=True))
        for i, (o, a, b) in enumerate(zip(op, A, B, strict=True), start):
            if o == LET:
                self._label_row[self.labels[b]] = i
                self._let_of.setdefault(a, i)
            elif o == SYM:
                self._label_row[self.labels[a]] = i
            elif o == CALL:
                self._call_no[self.calls[a]] = a

    def const(self, value: int | Fraction) -> int:
        """An exact rational."""
        no = self._constant_no.get(value)
        if no is None:
            value = Fraction(value)
            no = self._constant_no[value] = len(self.constants)
            self.constants.append(value)
        return self.row(CONST, no, 0)

    def sym(self, name: str | Label) -> int:
        """The free variable of that name; the same row each time."""
        if self.unindexed:
            self.catch_up()
        label = name if isinstance(name, Label) else Label(name)
        row = self._label_row.get(label)
        if row is None:
            row = self.row(SYM, len(self.labels), 0)
            self.labels.append(label)
            self._label_row[label] = row
        elif self.op[row] != SYM:
            raise ModelError(f"{label} is defined, not free")
        return row

    def let(self, name: str | Label, value: int) -> int:
        """The row ``name := value``. A name is assigned once: ModelError for another value."""
        if self.unindexed:
            self.catch_up()
        label = name if isinstance(name, Label) else Label(name)
        row = self._label_row.get(label)
        if row is None:
            row = self.row(LET, value, len(self.labels))
            self.labels.append(label)
            self._label_row[label] = row
            self._let_of.setdefault(value, row)
        elif self.op[row] != LET or self.a[row] != value:
            raise ModelError(f"{label} is bound twice")
        return row

    def label(self, node: int) -> Label | None:
        """The name of a free or named row."""
        if self.op[node] == SYM:
            return self.labels[self.a[node]]
        return self.labels[self.b[node]] if self.op[node] == LET else None

    def add(self, a: int, b: int) -> int:
        if a > b:
            a, b = b, a
        if a == ZERO:
            return b
        op = self.op
        if op[a] == CONST and op[b] == CONST:
            value = self._value(a) + self._value(b)
            if _small(value):
                return self.const(value)
        return self.row(ADD, a, b)

    def mul(self, a: int, b: int) -> int:
        if a > b:
            a, b = b, a
        if a <= MINUS_ONE:
            return ZERO if a == ZERO else b if a == ONE else self.neg(b)
        op = self.op
        if op[a] == CONST and op[b] == CONST:
            value = self._value(a) * self._value(b)
            if _small(value):
                return self.const(value)
        return self.row(MUL, a, b)

    def neg(self, a: int) -> int:
        op = self.op[a]
        if op == NEG:
            return self.a[a]
        return self.const(-self._value(a)) if op == CONST else self.row(NEG, a, 0)

    def sub(self, a: int, b: int) -> int:
        return ZERO if a == b else self.add(a, self.neg(b))

    def div(self, a: int, b: int) -> int:
        return self.mul(a, self.pow(b, -1))

    def pow(self, a: int, n: int) -> int:
        """``a`` to an integer power, with ``0^0 = 1``. ModelError for ``0`` to a negative one."""
        if abs(n) > MAX_EXPONENT:
            raise LimitExceeded(f"the exponent {n} is beyond {MAX_EXPONENT}")
        if n == 0:
            return ONE
        if n == 1 or a == ONE:
            return a
        if self.op[a] == CONST:
            value = self._value(a)
            if not value and n < 0:
                raise ModelError("division by the constant 0")
            bits = max(value.numerator.bit_length(), value.denominator.bit_length())
            if bits * abs(n) <= _FOLD_BITS:
                return self.const(value**n)
        return self.row(POW, a, n)

    def fn(self, name: str, a: int, order: int = 0) -> int:
        """An elementwise function at ``a``; ``order`` counts the primes of an opaque one."""
        if name == "identity" and not order:
            return a
        key = (name, order)
        no = self._function_no.get(key)
        if no is None:
            no = self._function_no[key] = len(self.functions)
            self.functions.append(key)
        return self.row(FN, a, no)

    def call(self, name: str, args: Sequence[int], orders: Sequence[int] | None = None) -> int:
        """An unknown function of several arguments, or one of its partial derivatives.

        Partial derivatives commute: they are counted by argument.
        """
        key = (name, tuple(orders) if orders is not None else (0,) * len(args), tuple(args))
        if len(key[1]) != len(key[2]):
            raise ModelError(f"{name} has {len(key[2])} arguments, not {len(key[1])}")
        if self.unindexed:
            self.catch_up()
        no = self._call_no.get(key)
        if no is None:
            no = self._call_no[key] = len(self.calls)
            self.calls.append(key)
        return self.row(CALL, no, 0)

    def _value(self, node: int) -> Fraction:
        return self.constants[self.a[node]]

    # ------------------------------------------------------------------ structure

    def operands(self, node: int) -> tuple[int, ...]:
        """The rows that a row uses."""
        o = self.op[node]
        if o in B_IS_NODE:
            return self.a[node], self.b[node]
        if o in A_IS_NODE:
            return (self.a[node],)
        return self.calls[self.a[node]][2] if o == CALL else ()

    def live(self, roots: Iterable[int], *, bound: Iterable[int] = ()) -> list[int]:
        """The rows needed for ``roots``, in order; rows of ``bound`` are taken as given."""
        roots = list(roots)
        top = max(roots, default=-1) + 1
        mark = bytearray(top)
        for r in roots:
            mark[r] = 1
        given = set(bound)
        op, A, B = self.op, self.a, self.b
        for i in range(top - 1, -1, -1):
            if not mark[i] or i in given:
                continue
            o = op[i]
            if o in (ADD, MUL, DER):
                mark[A[i]] = mark[B[i]] = 1
            elif o >= NEG:
                for k in self.operands(i):
                    mark[k] = 1
        return [i for i in range(top) if mark[i]]

    def free(self, roots: Iterable[int]) -> list[Label]:
        """The free variables of ``roots``."""
        return [self.labels[self.a[i]] for i in self.live(roots) if self.op[i] == SYM]

    def check(self) -> None:
        """Re-check the table: ModelError unless it is a well-formed single-assignment program.

        Operands precede their uses, every name, constant, function and call exists, no name is
        bound twice, no row is written twice, and a DER row stands on a function row.
        """
        op, A, B = self.op, self.a, self.b
        if not len(op) == len(A) == len(B):
            raise ModelError("the columns of the table differ in length")
        if [self.constants[A[i]] if op[i] == CONST else None for i in range(3)] != [0, 1, -1]:
            raise ModelError("rows 0, 1, 2 are not the constants 0, 1, -1")
        bound: set[int] = set()
        rows: set[tuple[int, int, int]] = set()
        for i in range(len(op)):
            o = op[i]
            if not 0 <= o < len(OP_NAMES):
                raise ModelError(f"row {i}: no operation {o}")
            table = {SYM: self.labels, CONST: self.constants, CALL: self.calls}.get(o)
            if table is not None and not 0 <= A[i] < len(table):  # type: ignore[arg-type]
                raise ModelError(f"row {i}: unbound {OP_NAMES[o]} {A[i]}")
            for k in self.operands(i):
                if not 0 <= k < i:
                    raise ModelError(f"row {i} uses row {k}, which does not precede it")
            if o in (SYM, LET):
                no = A[i] if o == SYM else B[i]
                if not 0 <= no < len(self.labels):
                    raise ModelError(f"row {i}: unbound name {no}")
                if no in bound:
                    raise ModelError(f"row {i}: {self.labels[no]} is bound twice")
                bound.add(no)
            elif o == FN and not 0 <= B[i] < len(self.functions):
                raise ModelError(f"row {i}: unbound function {B[i]}")
            elif o == DER:
                f = B[i]
                if op[f] != FN or not (A[i] == f or (op[A[i]] == LET and A[A[i]] == f)):
                    raise ModelError(f"row {i}: a derivative of something that is no function")
            elif o == CALL and len(self.calls[A[i]][1]) != len(self.calls[A[i]][2]):
                raise ModelError(f"row {i}: a call whose orders do not fit its arguments")
            row = (o, A[i], B[i])
            if row in rows:
                raise ModelError(f"row {i} repeats an earlier row")
            rows.add(row)
        if len(bound) != len(self.labels) or len(set(self.labels)) != len(self.labels):
            raise ModelError("a name has no row, or two names are the same")

    def statistics(self) -> dict[str, int | float]:
        """Rows, rows by operation, and bytes per row of everything the table holds."""
        self.catch_up()
        held = [getattr(self, name) for name in _HELD]
        size = sum(map(sys.getsizeof, held))
        # Integers above 256 are objects: the key and the row number of each row, shared operands.
        size += sum(sys.getsizeof(k) + sys.getsizeof(v) for k, v in self.row_of.items())
        size += sum(
            sum(map(sys.getsizeof, (label, label.time, label.component))) for label in self.labels
        )
        size += sum(map(sys.getsizeof, self.constants))
        size += sum(sum(map(sys.getsizeof, (c, c[1], c[2]))) for c in self.calls)
        counts = [0] * len(OP_NAMES)
        for o in self.op:
            counts[o] += 1
        return {
            "rows": len(self.op),
            **{name: counts[o] for o, name in enumerate(OP_NAMES)},
            "bytes": size,
            "bytes_per_row": size / len(self.op),
        }


def keys(op: list[int], a: list[int], b: list[int]) -> list[int]:
    """The keys under which rows are looked up, see :meth:`Table.row`."""
    return [(x << 32) + x + y << 4 | o for o, x, y in zip(op, a, b, strict=True)]


def _small(value: Fraction) -> bool:
    return max(value.numerator.bit_length(), value.denominator.bit_length()) <= _FOLD_BITS
