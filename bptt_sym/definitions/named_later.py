r"""Arguments named further down: ``o_t = V h_t + c`` behind ``\hat y_t = f(V h_t + c)``.

What stands between may already speak of :math:`o_t`. Its equation is written down softly where
its value stands first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bptt_sym.definitions.instances import soft
from bptt_sym.definitions.outline import Kind, Row, is_relation, outline
from bptt_sym.documents.document import Formula
from bptt_sym.errors import BpttError
from bptt_sym.read.tokens import Token

#: Tokens of the name of a function: ``\mathrm { softmax }`` and the like.
_MOST_OF_A_NAME = 9
#: Letters of steps.
_STEPS = ("t", "k", "j", "i", "s", r"\tau")


@dataclass(frozen=True)
class Equation:
    """A row that says what a sequence is, and the formula that it stands in.

    ``argument`` is what one function is applied to that the value consists of, if it is one, and
    ``span`` its place in the text of the row.
    """

    row: Row
    formula: Formula
    value: tuple[str, ...]
    argument: tuple[str, ...]
    span: tuple[int, int]


def equations_named_later(formulas: Sequence[Formula]) -> list[Formula]:
    """The equations of names that ``formulas`` give to arguments further up, as soft ones there."""
    known = list(equations(formulas))
    first: dict[tuple[str, ...], Equation] = {}
    for equation in known:
        if equation.argument:
            first.setdefault(equation.argument, equation)
    out = []
    given = set[str]()
    for equation in known:
        use = first.get(equation.value)
        name = equation.row.name
        if use is None or name in given or use.formula.order >= equation.formula.order:
            given.add(name)
            continue
        given.add(name)
        if name not in use.row.mentions:
            out.append(soft(use.formula, equation.row.definition()))
    return out


def equations(formulas: Sequence[Formula]) -> Iterator[Equation]:
    """The rows that say what a sequence is."""
    for formula in formulas:
        if "=" not in formula.latex or not is_relation(formula.latex):
            continue
        try:
            rows = outline(formula).rows
        except (BpttError, ValueError):
            continue
        for row in rows:
            plain = row.kind is Kind.SEQUENCE and not row.differentiates and not row.chain.given
            if plain and row.chain.ops == ["="]:
                side = row.chain.sides[1]
                argument = _argument(side)
                span = (argument[0].start, argument[-1].end) if argument else (0, 0)
                bare = (_bare(side, row), _bare(argument, row))
                yield Equation(row, formula, *bare, span)


def _argument(side: Sequence[Token]) -> Sequence[Token]:
    """What the one function is applied to that a side consists of."""
    opened = next((k for k, t in enumerate(side) if t.kind == "open"), None)
    if opened is None or not 0 < opened <= _MOST_OF_A_NAME or side[-1].kind != "close":
        return ()
    if any(t.kind in ("op", "close", "frac", "big", "_", "^") for t in side[:opened]):
        return ()
    depth = 0
    for k, t in enumerate(side[opened:], opened):
        depth += (t.kind == "open") - (t.kind == "close")
        if not depth:
            return side[opened + 1 : k] if k == len(side) - 1 else ()
    return ()


def _bare(side: Sequence[Token], row: Row) -> tuple[str, ...]:
    """The signs of a side, without the braces around them; nothing of a name alone.

    The step of the left side is t, and the terms of a sum have one order.
    """
    if not any(t.kind == "op" for t in side):
        return ()
    left = [t.text for t in row.chain.sides[0] if t.kind in ("word", "_")]
    step = left[-1] if left[-2:-1] == ["_"] and left[-1] in _STEPS else "t"
    terms: list[list[str]] = [[]]
    depth = 0
    for t in side:
        depth += (t.kind in ("open", "{")) - (t.kind in ("close", "}"))
        if t.text == "+" and not depth:
            terms.append([])
        elif t.kind not in ("{", "}"):
            terms[-1].append("t" if t.text == step else t.text)
    return tuple(sign for term in sorted(terms) for sign in ("+", *term))
