"""MathML, straight from the expression: what browsers show without any script or font."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from html import escape
from typing import Final

from bptt_sym.notation import At, Call, Claim, Kind, Node, Prod, Rel, Sum, Sym
from bptt_sym.recurrence import Recurrence
from bptt_sym.render.layout import (
    ATOM,
    FACTOR,
    LOOSE,
    REACH,
    Form,
    Items,
    Slot,
    Style,
    listed,
    mark_of,
    runs,
    starts_with_digit,
    whole,
)
from bptt_sym.render.names import ACCENTS, FONTS, parts
from bptt_sym.render.writer import MAX_PRINTED, write, write_claim

RELATIONS: Final[Mapping[Rel, str]] = {
    "=": "=",
    "<=": "≤",
    "<": "<",
    ">=": "≥",
    ">": ">",
    "->": "→",
    "~": "≈",
    "!=": "≠",
    "prop": "∝",
}
FUNCTION_NAMES: Final = {"sigma": "σ", "relu": "ReLU", "identity": "id"}


def mathml(
    node: Node | Claim,
    rec: Recurrence | None = None,
    *,
    display: bool = True,
    limit: int = MAX_PRINTED,
) -> str:
    """A ``<math>`` element for an expression or a claim.

    Raises
    ------
    LimitExceeded
        The element would be longer than ``limit`` characters.
    """
    inside = mathml_row(node, rec, limit=limit)
    shown = ' display="block"' if display else ""
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML"{shown}>{inside}</math>'


def mathml_row(
    node: Node | Claim, rec: Recurrence | None = None, *, limit: int = MAX_PRINTED
) -> str:
    """The same without its ``<math>`` element, as one ``<mrow>``."""
    roots = node.sides if isinstance(node, Claim) else (node,)
    style = MathMLStyle(rec, roots)
    if isinstance(node, Claim):
        return f"<mrow>{write_claim(node, style, limit)}</mrow>"
    return f"<mrow>{write(node, style, limit)}</mrow>"


def mo(sign: str, attributes: str = "") -> str:
    """An operator element."""
    return f"<mo{attributes}>{escape(sign)}</mo>"


def mi(name: str) -> str:
    """An identifier element."""
    return f"<mi>{escape(name)}</mi>"


class MathMLStyle(Style):
    """MathML Core."""

    def number(self, value: Fraction) -> Form:
        if value.denominator == 1:
            return ATOM, [f"<mn>{whole(value.numerator)}</mn>"]
        return FACTOR, [
            f"<mfrac><mn>{whole(value.numerator)}</mn><mn>{whole(value.denominator)}</mn></mfrac>"
        ]

    def idx(self, name: str) -> str:
        return named(name)

    def sym(self, name: str) -> Form:
        return _strength(name), [named(name)]

    def at(self, name: str, time: Node) -> Form:
        base, sub, sup = _pieces(name)
        label = f"{_label(sub)}<mo>,</mo>" if sub else ""
        below: Items = [f"<mrow>{label}", Slot(time, LOOSE, True), "</mrow>"]
        if sup:
            return FACTOR, ["<msubsup>", base, *below, _label(sup), "</msubsup>"]
        return _strength(name), ["<msub>", base, *below, "</msub>"]

    def ones(self) -> Form:
        return ATOM, ["<mn>1</mn>"]

    def sign(self, minus: bool, first: bool, compact: bool) -> str:
        if first:
            return mo("−", ' form="prefix"') if minus else ""
        return mo("−" if minus else "+", ' form="infix"')

    def times(self, left: Node, right: Node, compact: bool) -> str:
        return mo("⋅") if starts_with_digit(right) else mo("\u2062")

    def odot(self) -> str:
        return mo("⊙")

    def brackets(self, inside: Items) -> Items:
        return ["<mrow><mo>(</mo>", *inside, "<mo>)</mo></mrow>"]

    def fraction(self, num: Node, den: Node, compact: bool) -> Form:
        return FACTOR, [
            "<mfrac><mrow>",
            Slot(num),
            "</mrow><mrow>",
            Slot(den),
            "</mrow></mfrac>",
        ]

    def power(self, base: Slot, exp: Slot) -> Form:
        return FACTOR, ["<msup><mrow>", base, "</mrow><mrow>", exp, "</mrow></msup>"]

    def transpose(self, base: Slot) -> Form:
        return FACTOR, ["<msup><mrow>", base, "</mrow><mo>⊤</mo></msup>"]

    def fn(self, name: str, order: int, exp: int | None, arg: Node) -> Form:
        if name == "sqrt" and not order and exp is None:
            return FACTOR, ["<msqrt>", Slot(arg), "</msqrt>"]
        head = mi(FUNCTION_NAMES[name]) if name in FUNCTION_NAMES else named(name)
        if exp is not None:
            head = f"<msup>{head}<mn>{exp}</mn></msup>"
        elif order:
            primes = (
                mo("′" * order)
                if order <= 3
                else f"<mrow>{mo('(')}<mn>{order}</mn>{mo(')')}</mrow>"
            )
            head = f"<msup>{head}{primes}</msup>"
        return FACTOR, [head, mo("\u2061"), *self.brackets([Slot(arg)])]

    def call(self, name: str, args: Sequence[Node]) -> Form:
        return FACTOR, [named(name), mo("\u2061"), *self.brackets(listed(args, mo(",")))]

    def derivative(self, kind: Kind, y: Node, xs: Sequence[Node]) -> Form:
        sign = "d" if kind == "total" and isinstance(y, Call) else "∂"
        d = f"<mo>{sign}</mo>"
        top = d if len(xs) == 1 else f"<msup>{d}<mn>{len(xs)}</mn></msup>"
        if mark := mark_of(kind, y, xs):
            top = f"<msup>{d}<mtext>{mark}</mtext></msup>"
        below: Items = []
        for x, n in runs(xs):
            least = ATOM if n > 1 or not isinstance(x, (At, Sym)) else LOOSE
            if n > 1:
                below += [d, "<msup><mrow>", Slot(x, least), f"</mrow><mn>{n}</mn></msup>"]
            else:
                below += [d, Slot(x, least)]
        if isinstance(y, (At, Sym, Call)):
            body: Items = [
                "<mfrac><mrow>",
                top,
                Slot(y),
                "</mrow><mrow>",
                *below,
                "</mrow></mfrac>",
            ]
            strength = FACTOR
        else:
            body = [
                "<mfrac><mrow>",
                top,
                "</mrow><mrow>",
                *below,
                "</mrow></mfrac>",
                Slot(y, FACTOR),
            ]
            strength = REACH
        if kind == "immediate":
            return ATOM, ["<mrow><mo>[</mo>", *body, "<mo>]</mo></mrow>"]
        return strength, body

    def big(self, op: Sum | Prod, var: str) -> Form:
        sign = mo("∑")
        if isinstance(op, Prod):
            sign = mo("∏")
            if op.descending is not None and not self.factors_commute:
                sign = f"<mover>{sign}{mo('←' if op.descending else '→')}</mover>"
        return REACH, [
            f"<munderover>{sign}<mrow>{self.idx(var)}<mo>=</mo>",
            Slot(op.lo, LOOSE, True),
            "</mrow><mrow>",
            Slot(op.hi, LOOSE, True),
            "</mrow></munderover>",
            Slot(op.body, REACH),
        ]

    def diag(self, arg: Node) -> Form:
        return FACTOR, [mi("diag"), mo("\u2061"), *self.brackets([Slot(arg)])]

    def concat(self, args: Sequence[Node]) -> Form:
        return ATOM, ["<mrow><mo>[</mo>", *listed(args, mo(",")), "<mo>]</mo></mrow>"]

    def block(self, arg: Node, part: str) -> Form:
        label = f"<mrow><mo>(</mo>{named(part)}<mo>)</mo></mrow>"
        return FACTOR, ["<msup><mrow>", Slot(arg, ATOM), f"</mrow>{label}</msup>"]

    def sliced(self, base: Slot, ranges: str) -> Form:
        inside = f"<mo>[</mo><mtext>{escape(ranges)}</mtext><mo>]</mo>"
        return FACTOR, ["<mrow>", base, f"{inside}</mrow>"]

    def matrix(self, rows: Sequence[Sequence[Node]]) -> Form:
        items: Items = []
        for entries in rows:
            items.append("<mtr><mtd>")
            items += listed(entries, "</mtd><mtd>")
            items.append("</mtd></mtr>")
        return ATOM, ["<mrow><mo>(</mo><mtable>", *items, "</mtable><mo>)</mo></mrow>"]

    def norm(self, arg: Node, order: str) -> Form:
        body: Items = ["<mrow><mo>‖</mo>", Slot(arg), "<mo>‖</mo></mrow>"]
        if order == "any":
            return ATOM, body
        return FACTOR, ["<msub>", *body, _label("∞" if order == "inf" else order), "</msub>"]

    def absolute(self, arg: Node) -> Form:
        return ATOM, ["<mrow><mo>|</mo>", Slot(arg), "<mo>|</mo></mrow>"]

    def relation(self, rel: Rel) -> str:
        return mo(RELATIONS[rel])


def _label(script: str) -> str:
    if script.isdigit():
        return f"<mn>{script}</mn>"
    return mi(script) if len(script) == 1 else f"<mtext>{escape(script)}</mtext>"


def _pieces(name: str) -> tuple[str, str, str]:
    """The base element of a name, and its sub- and superscript as text."""
    p = parts(name)
    if p is None:
        return f"<mtext>{escape(name)}</mtext>", "", ""
    variant = f' mathvariant="{FONTS[p.font]}"' if p.font else ""
    base = f"<mi{variant}>{escape(p.letter)}</mi>"
    if p.accent:
        base = f"<mover>{base}<mo>{escape(ACCENTS[p.accent][1])}</mo></mover>"
    return base, p.sub, p.sup + "′" * p.primes


def named(name: str) -> str:
    """A name with its own scripts."""
    base, sub, sup = _pieces(name)
    if sub and sup:
        return f"<msubsup>{base}{_label(sub)}{_label(sup)}</msubsup>"
    if sub:
        return f"<msub>{base}{_label(sub)}</msub>"
    return f"<msup>{base}{_label(sup)}</msup>" if sup else base


def _strength(name: str) -> int:
    p = parts(name)
    return FACTOR if p is not None and (p.sup or p.primes) else ATOM
