"""One line of Unicode for the terminal: ∂h_T/∂w, hₜ₋₁, Σ_{t=1}^{T}, ⊙, ᵀ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Final

from bptt_sym.notation import (
    Abs,
    At,
    Call,
    Claim,
    D,
    Div,
    Kind,
    Node,
    Num,
    Prod,
    Rel,
    Sum,
    Sym,
)
from bptt_sym.recurrence import Recurrence
from bptt_sym.render.layout import (
    ATOM,
    FACTOR,
    LOOSE,
    PRODUCT,
    REACH,
    Form,
    Items,
    Slot,
    Style,
    listed,
    mark_of,
    plain_index,
    runs,
    starts_with_digit,
    whole,
)
from bptt_sym.render.names import lowered, raised, text_name
from bptt_sym.render.writer import MAX_PRINTED, write, write_claim

MINUS: Final = "−"

RELATIONS: Final[Mapping[Rel, str]] = {
    "=": " = ",
    "<=": " ≤ ",
    "<": " < ",
    ">=": " ≥ ",
    ">": " > ",
    "->": " → ",
    "~": " ≈ ",
    "!=": " ≠ ",
    "prop": " ∝ ",
}

FUNCTION_NAMES: Final = {"sigma": "σ", "relu": "ReLU", "identity": "id", "sqrt": "√"}


def text(
    node: Node | Claim,
    rec: Recurrence | None = None,
    *,
    limit: int = MAX_PRINTED,
) -> str:
    """An expression or a claim on one line of Unicode.

    Subscripts are printed as Unicode subscripts when every character has one (hₜ₋₁), in plain
    form otherwise (h_{T−1}).

    Raises
    ------
    LimitExceeded
        The text would be longer than ``limit``.
    """
    roots = node.sides if isinstance(node, Claim) else (node,)
    style = TextStyle(rec, roots)
    if isinstance(node, Claim):
        return write_claim(node, style, limit)
    return write(node, style, limit)


class TextStyle(Style):
    """One line of Unicode."""

    def number(self, value: Fraction) -> Form:
        if value.denominator == 1:
            return ATOM, [whole(value.numerator)]
        return PRODUCT, [f"{whole(value.numerator)}/{whole(value.denominator)}"]

    def idx(self, name: str) -> str:
        return _joined(name)

    def sym(self, name: str) -> Form:
        return (ATOM if _roomy(name) else FACTOR), [_joined(name)]

    def at(self, name: str, time: Node) -> Form:
        letter, sub, sup = text_name(name)
        strength = ATOM if _roomy(name) else FACTOR
        simple = plain_index(time)
        if simple is None:
            before = f"{letter}{_raised_label(sup)}_{{{sub + ',' if sub else ''}"
            return strength, [before, Slot(time, LOOSE, True), "}"]
        var, k = simple
        index = _joined(var) + (f"{k:+d}" if k else "") if var else str(k)
        index = index.replace("-", MINUS)
        script = f"{sub},{index}" if sub else index
        return strength, [letter + _raised_label(sup) + lowered(script)]

    def ones(self) -> Form:
        return ATOM, ["1"]

    def sign(self, minus: bool, first: bool, compact: bool) -> str:
        if first:
            return MINUS if minus else ""
        mark = MINUS if minus else "+"
        return mark if compact else f" {mark} "

    def times(self, left: Node, right: Node, compact: bool) -> str:
        if compact and isinstance(left, Num) and not starts_with_digit(right):
            return ""
        # Slashes and digits run into their neighbours; a dot keeps them apart.
        if starts_with_digit(right) or _slashed(left) or _slashed(right):
            return " · "
        return " "

    def odot(self) -> str:
        return " ⊙ "

    def brackets(self, inside: Items) -> Items:
        return ["(", *inside, ")"]

    def fraction(self, num: Node, den: Node, compact: bool) -> Form:
        # A quotient is bracketed inside a product, so that a/b c is never printed.
        return PRODUCT, [Slot(num, FACTOR, compact), "/", Slot(den, FACTOR, compact)]

    def power(self, base: Slot, exp: Slot) -> Form:
        whole = plain_index(exp.node)
        if whole is not None:
            var, k = whole
            shown = _joined(var) + (f"{k:+d}" if k else "") if var else str(k)
            return FACTOR, [base, raised(shown.replace("-", MINUS))]
        return FACTOR, [base, "^{", exp, "}"]

    def transpose(self, base: Slot) -> Form:
        return FACTOR, [base, "ᵀ"]

    def fn(self, name: str, order: int, exp: int | None, arg: Node) -> Form:
        head = FUNCTION_NAMES.get(name) or _joined(name)
        if exp is not None:
            head += raised(str(exp))
        elif order > 3:
            head += raised(f"({order})")
        else:
            head += "′" * order
        return FACTOR, [head, "(", Slot(arg), ")"]

    def call(self, name: str, args: Sequence[Node]) -> Form:
        return FACTOR, [_joined(name), "(", *listed(args, ", "), ")"]

    def derivative(self, kind: Kind, y: Node, xs: Sequence[Node]) -> Form:
        d = "d" if kind == "total" and isinstance(y, Call) else "∂"
        top = d + (raised(str(len(xs))) if len(xs) > 1 else "")
        if mark := mark_of(kind, y, xs):
            top += raised(mark) + " "
        below: Items = []
        for x, n in runs(xs):
            if below:
                below.append(" ")
            least = ATOM if n > 1 or not isinstance(x, (At, Sym)) else LOOSE
            below += [d, Slot(x, least)]
            if n > 1:
                below.append(raised(str(n)))
        if len(xs) > 1:
            below = ["(", *below, ")"]
        if isinstance(y, (At, Sym, Call)):
            body: Items = [top, Slot(y), "/", *below]
            strength = FACTOR
        else:
            body = [top, "/", *below, " ", Slot(y, ATOM)]
            strength = REACH
        if kind == "immediate":
            return ATOM, ["[", *body, "]"]
        return strength, body

    def big(self, op: Sum | Prod, var: str) -> Form:
        sign = "Σ"
        if isinstance(op, Prod):
            sign = "∏"
            if op.descending is not None and not self.factors_commute:
                sign += "\u20d6" if op.descending else "\u20d7"
        return REACH, [
            f"{sign}_{{{_joined(var)}=",
            Slot(op.lo, LOOSE, True),
            "}^{",
            Slot(op.hi, LOOSE, True),
            "} ",
            Slot(op.body, REACH),
        ]

    def diag(self, arg: Node) -> Form:
        return FACTOR, ["diag(", Slot(arg), ")"]

    def concat(self, args: Sequence[Node]) -> Form:
        return ATOM, ["[", *listed(args, ", "), "]"]

    def block(self, arg: Node, part: str) -> Form:
        return FACTOR, [Slot(arg, ATOM), raised(f"({_joined(part)})")]

    def matrix(self, rows: Sequence[Sequence[Node]]) -> Form:
        items: Items = ["["]
        for i, entries in enumerate(rows):
            if i:
                items.append("; ")
            items += listed(entries, ", ")
        return ATOM, [*items, "]"]

    def norm(self, arg: Node, order: str) -> Form:
        sub = {"any": "", "inf": "_∞"}.get(order, lowered(order))
        return ATOM, ["‖", Slot(arg), "‖" + sub]

    def absolute(self, arg: Node) -> Form:
        # |a||b| reads badly and a bar inside bars worse: the inner one is spelt out.
        if any(isinstance(n, Abs) for n in (arg, *getattr(arg, "args", ()))):
            return FACTOR, ["abs(", Slot(arg), ")"]
        return ATOM, ["|", Slot(arg), "|"]

    def relation(self, rel: Rel) -> str:
        return RELATIONS[rel]


def _joined(name: str) -> str:
    """A name with its own scripts: W_hidden, U_f, h⁽¹⁾."""
    letter, sub, sup = text_name(name)
    if sub:
        letter += f"_{sub}"
    return letter + _raised_label(sup)


def _raised_label(sup: str) -> str:
    return raised(sup) if sup else ""


def _roomy(name: str) -> bool:
    letter, _, sup = text_name(name)
    return not sup and not letter.endswith("′")


def _slashed(node: Node) -> bool:
    """Whether a factor is printed with a slash and without brackets of its own."""
    return isinstance(node, Div) or (isinstance(node, D) and node.kind != "immediate")
