"""The operations of the table, and the names of its rows."""

from __future__ import annotations

from typing import NamedTuple

# Operations, with their operands (a, b).
SYM = 0  # label, -
CONST = 1  # constant, -
ADD = 2  # node, node
MUL = 3  # node, node
NEG = 4  # node, -
POW = 5  # node, integer exponent
LET = 6  # node, label
FN = 7  # node, function
DER = 8  # output y of an FN, that FN: its derivative there, kept as one row (see `slope`)
CALL = 9  # call, -

OP_NAMES = ("sym", "const", "add", "mul", "neg", "pow", "let", "fn", "der", "call")

#: The first three rows of every table are the constants 0, 1 and -1.
ZERO, ONE, MINUS_ONE = 0, 1, 2

#: Exponents beyond this are refused: they are never what a recurrence means.
MAX_EXPONENT = 1 << 16

#: Rows whose operand a (or b) is a node.
A_IS_NODE = frozenset((ADD, MUL, NEG, POW, LET, FN, DER))
B_IS_NODE = frozenset((ADD, MUL, DER))


class Label(NamedTuple):
    """The name of a row: ``h_{3}[0]`` is ``Label("h", 3, (0,))``.

    ``time`` is None for a parameter; in the table of one generic step it is relative to t.
    ``kind`` is empty for a value, ``"bar"`` for its cotangent and ``"step"`` for the number t.
    """

    name: str
    time: int | None = None
    component: tuple[int, ...] = ()
    kind: str = ""

    def __str__(self) -> str:
        head = f"δ{self.name}" if self.kind == "bar" else self.name
        if self.time is not None:
            head += f"_{self.time}" if self.time >= 0 else f"_({self.time})"
        return head + self.suffix()

    def relative(self) -> str:
        """The name with the time read as an offset from t: ``h_{t-1}``."""
        head = f"δ{self.name}" if self.kind == "bar" else self.name
        if self.kind == "step":
            return head
        if self.time is not None:
            head += f"_{{t{self.time:+}}}" if self.time else "_t"
        return head + self.suffix()

    def suffix(self) -> str:
        """The 0-based component, in brackets."""
        return f"[{','.join(map(str, self.component))}]" if self.component else ""
