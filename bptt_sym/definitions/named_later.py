r"""Arguments named further down: ``o_t = V h_t + c`` behind ``\hat y_t = f(V h_t + c)``.

What stands between may already speak of :math:`o_t`. Its equation is written down softly where
its value stands first. So is that of :math:`z_t` in :math:`h_t = \tanh(z_t)`, behind
:math:`h_t = \tanh(W h_{t-1} + U x_t)`, where no line gives it. A function that one of two lines
leaves open, :math:`h_t = \phi(W h_{t-1} + U x_t)`, is the one that the other has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bptt_sym.definitions.instances import soft
from bptt_sym.definitions.outline import Kind, Row, is_relation, outline
from bptt_sym.documents.document import Formula
from bptt_sym.errors import BpttError
from bptt_sym.read.tokens import Token
from bptt_sym.read.vocabulary import plain_name

#: Tokens of the name of a function: ``\mathrm { softmax }`` and the like.
_MOST_OF_A_NAME = 9
#: ``z_t``
_ONE_NAME = re.compile(r"\s*(?:[a-z]|\\mathrm\s*\{\s*[a-z]+\s*\})\s*_\s*(?:t|\{\s*t\s*\})\s*")
#: Functions that a text may leave open, and those that it may mean.
_OPEN = frozenset((r"\phi", r"\varphi", r"\psi", "f", "g"))
_KNOWN = frozenset((r"\tanh", r"\sigma"))
_SIGMOID = re.compile(r"\\?sigmoid|\\(?:mathrm|text|operatorname)\{sigmoid\}")
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

    @property
    def function(self) -> str:
        """What stands before the argument."""
        before = self.row.text[: self.span[0]].partition("=")[2].strip(" &\n(")
        name = "".join(before.removesuffix(r"\left").split())
        return r"\sigma" if _SIGMOID.fullmatch(name) else name


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
    return [*out, *_applied_to_a_name(known), *_functions_by_name(known)]


def _applied_to_a_name(known: Sequence[Equation]) -> Iterator[Formula]:
    """The arguments of activations that a line further down gives a name, as soft equations."""
    given = {plain_name(equation.row.name) for equation in known}
    whole: dict[tuple[str, str], Equation] = {}
    for equation in known:
        start, end = equation.span
        if not end:
            continue
        name = equation.row.name
        key = (plain_name(name), equation.function)
        if equation.argument:
            whole.setdefault(key, equation)
            continue
        inner, first = equation.row.text[start:end], whole.get(key)
        m = _ONE_NAME.fullmatch(inner)
        if m is None or first is None or plain_name(_unstepped(inner)) in given:
            continue
        given.add(plain_name(_unstepped(inner)))
        yield soft(first.formula, f"{inner} = {first.row.text[slice(*first.span)]}")


def _functions_by_name(known: Sequence[Equation]) -> Iterator[Formula]:
    """What an open function is by another line that gives the same name the same argument."""
    seen: dict[tuple[str, tuple[str, ...]], list[Equation]] = {}
    for equation in known:
        if equation.argument:
            seen.setdefault((plain_name(equation.row.name), equation.argument), []).append(equation)
    found: dict[str, dict[str, Equation]] = {}
    for lines in seen.values():
        named = [e for e in lines if e.function in _OPEN]
        for function in {e.function for e in lines} & _KNOWN:
            for e in named:
                found.setdefault(e.function, {}).setdefault(function, e)
    for name, functions in found.items():
        if len(functions) == 1:
            ((function, equation),) = functions.items()
            yield soft(equation.formula, f"{name} = {function}")


def _unstepped(name: str) -> str:
    return re.sub(r"_\s*(?:t|\{\s*t\s*\})\s*$", "", name).strip()


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
