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


@dataclass(frozen=True)
class _Equation:
    """A row that says what a sequence is, and the formula that it stands in."""

    row: Row
    formula: Formula
    value: tuple[str, ...]
    argument: tuple[str, ...]


def equations_named_later(formulas: Sequence[Formula]) -> list[Formula]:
    """The equations of names that ``formulas`` give to arguments further up, as soft ones there."""
    known = list(_equations(formulas))
    first: dict[tuple[str, ...], _Equation] = {}
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
            out.append(soft(use.formula, use.row.start, equation.row.definition()))
    return out


def _equations(formulas: Sequence[Formula]) -> Iterator[_Equation]:
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
                yield _Equation(row, formula, _bare(side), _bare(_argument(side)))


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


def _bare(side: Sequence[Token]) -> tuple[str, ...]:
    """The signs of a side, without the braces around them; nothing of a name alone."""
    if not any(t.kind == "op" for t in side):
        return ()
    return tuple(t.text for t in side if t.kind not in ("{", "}"))
