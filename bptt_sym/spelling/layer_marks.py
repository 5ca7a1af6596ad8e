r"""Where the names of networks above each other carry their layer, and where their step.

:math:`h_t^{(l)}`, :math:`h^{[l]\langle t\rangle}`, :math:`h_{l,t}`, :math:`h^{t,l}` and
:math:`h_l^{(t)}` are one thing. Which of them a text writes, its equations show: one gives a state
from its own past and the same state of the layer below. A text in which no equation does that has
no such marks, and a number above a name is left to be the power, or the step, that it may be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import Name, names_in
from bptt_sym.documents.respelling import Edit, edited, replaced
from bptt_sym.spelling.layer_scripts import (
    FUNCTIONS,
    KINDS,
    STAND_BELOW,
    SUMMED,
    Form,
    bare,
    shifted,
    step_in,
    still,
    timed,
    units_in,
)

_IN_TIME = re.compile(r"t(?![a-z])|\\tau(?![a-z])")
_DERIVES = re.compile(
    r"\\partial|\\nabla|∂|\\delta(?![a-z])|\\[dt]?frac\s*\{\s*(?:\\mathrm\s*\{\s*)?d"
)
#: (The sign in ``h^{(l=2)}`` is none.)
_EQUATION = re.compile(r"(?<![<>:!])(?<![({\[]l)(?<![({\[]l )=")
_ROWS = re.compile(
    r"\\\\|\\q?quad(?![A-Za-z])|(?<=[)}\]0-9a-z])\s*,\s*"
    r"(?=\\?[A-Za-z]+(?:\{[^{}=]{0,24}\}|[^={}]){0,24}=)"
)
_NUMBERED = r"(?:\\ell|[a-su-zLNKDMH0-9])\s*(?:[-+]\s*1\s*)?"
#: ``h_1(t)``, ``h_{l}[t-1]``, ``h^{(l)}(t)``
_CALLED = re.compile(
    r"(?P<base>\\[A-Za-z]+|[A-Za-z}])\s*(?P<name>(?P<sign>[_^])\s*"
    rf"(?:\{{\s*(?:\(\s*{_NUMBERED}\)|\[\s*{_NUMBERED}\]|{_NUMBERED}(?:,\s*[ijkmnpq]\s*)?)\}}|[l1-9]))\s*"
    r"(?P<open>[(\[])\s*(?P<step>(?P<at>t|\\tau|[a-z])\s*(?:[-+]\s*1\s*)?|T)\s*[)\]]"
)
_ABOVE_ALONE = re.compile(r"(?:t|\\tau)\s*(?:[-+]\s*[0-9])?|T|0")


def form_of(formulas: Sequence[Formula]) -> Form | None:
    """The form of the marks in a text, if it has a network of layers above each other."""
    rows = [r for f in formulas if _EQUATION.search(f.latex) for r in _equations(f.latex)]
    for kind in KINDS:
        plain = Form(kind)
        given = [g for r in rows if (g := _given(r, plain, rows)) is not None]
        if given:
            break
    else:
        return None
    letters = [g.letter for g in given if g.letter]
    numbers = [g.number for g in given if g.number]
    weights = frozenset(b for g in given for b in g.weights)
    states = frozenset(g.state for g in given)
    if not letters:  # the first layer has an equation that is like the others
        firsts = [w for r in rows for w in _numbered_weights(r, plain)]
        weights |= frozenset(firsts)
    form = Form(kind, letters[0] if letters else "", states, weights, max(numbers, default=0))
    form = replace(form, units=_with_units(formulas, form))
    form = replace(form, places=_places(formulas, form))
    return replace(form, above=frozenset(_of_the_output(rows, formulas, form)))


@dataclass(frozen=True)
class _Given:
    state: str
    letter: str
    number: int
    weights: tuple[str, ...]


#: The rows of a column are no equations.
_COLUMN = re.compile(
    r"\\begin\s*\{[bpv]?matrix\}(?:(?!\\begin).)*?\\end\s*\{[bpv]?matrix\}", re.DOTALL
)


def _equations(text: str) -> Iterator[str]:
    text = _COLUMN.sub(lambda m: m.group().replace(r"\\", ";"), text)
    for row in _ROWS.split(text):
        if _EQUATION.search(row) and _DERIVES.search(row) is None:
            yield row


def _sides(row: str) -> tuple[str, str]:
    """The left side of an equation and the rest."""
    sign = _EQUATION.search(row)
    return (row[: sign.start()], row[sign.end() :]) if sign else (row, "")


def heads(formula: Formula, form: Form) -> list[tuple[str, str]]:
    """What the equations of ``formula`` give, by its name and its layer as the text has it."""
    return [
        (bare(name.base), marks.layer)
        for row in _equations(formula.latex)
        for name in names_in(_sides(row)[0])[:1]
        if (marks := timed(name, form)) is not None
    ]


def _given(row: str, form: Form, rows: Sequence[str]) -> _Given | None:
    """The state that ``row`` takes from its own past and from the layer below.

    These may be two, :math:`u_t^l = \\lambda u_{t-1}^l + W^l s_t^{l-1}`, if one of the ``rows``
    gives the second from the first.
    """
    left, right = _sides(row)
    heads = [m for n in names_in(left) if (m := timed(n, form)) is not None]
    if not heads or not _IN_TIME.match(heads[0].step):
        return None
    here, now = shifted(heads[0].layer), shifted(heads[0].step)
    read = [(n, m) for n in names_in(right) if (m := timed(n, form)) is not None]
    past, below = set(), set()
    for name, marks in read:
        layer, step = shifted(marks.layer), shifted(marks.step)
        if layer == here and step == (now[0], now[1] - 1):
            past.add(name.base)
        if layer == (here[0], here[1] - 1) and step[0] == now[0] and step[1] <= now[1]:
            below.add(name.base)
    both = past & below
    if not both and bare(next(n for n in names_in(left)).base) in map(bare, past):
        both = below & _read_from(next(n for n in names_in(left)).base, rows, form)
    if len(both) != 1 or here[0] == now[0]:
        return None
    return _Given(
        next(iter(both)), here[0], 0 if here[0] else here[1],
        () if here[0] else tuple(_numbered(right, form, here[1])),
    )  # fmt: skip


def _read_from(base: str, rows: Sequence[str], form: Form) -> set[str]:
    """What the ``rows`` give from ``base`` at the same layer and step."""
    found = set()
    for row in rows:
        left, right = _sides(row)
        head = next(((n.base, m) for n in names_in(left) if (m := timed(n, form))), None)
        read = [(n.base, m) for n in names_in(right) if (m := timed(n, form)) is not None]
        if head is not None and any(
            b == base and (m.layer, m.step) == (head[1].layer, head[1].step) for b, m in read
        ):
            found.add(head[0])
    return found


def _numbered_weights(row: str, form: Form) -> Iterator[str]:
    left, right = _sides(row)
    heads = [m for n in names_in(left) if (m := timed(n, form)) is not None]
    if heads and heads[0].layer == "1" and _IN_TIME.match(heads[0].step):
        yield from _numbered(right, form, 1)


def _numbered(right: str, form: Form, layer: int) -> Iterator[str]:
    """What stands in the equation of a layer without a step and with its number."""
    for name in names_in(right):
        marks = None if timed(name, form) is not None else still(name, form)
        if marks is not None and marks.layer == str(layer):
            yield name.base


def _with_units(formulas: Sequence[Formula], form: Form) -> frozenset[str]:
    r"""The names of a text whose letters beside the layer tell entries: :math:`z_j^{l(t)}`.

    Some sum of the text runs over such a letter, and no name with a letter of a gate is among them.
    """
    summed = {m["k"] for f in formulas for m in SUMMED.finditer(f.latex)} - {form.letter}
    if not summed:
        return frozenset()
    alone: dict[str, set[str]] = {}
    for formula in formulas:
        for name in names_in(formula.latex):
            for script in name.scripts:
                *_, last = script.inside.split(",")
                whole = len(name.scripts) > 1 and last is script.inside
                if script.kind in "_^" and re.fullmatch(r"[A-Za-z\s_0-9]+", last) and (
                    whole or last is not script.inside
                ):
                    alone.setdefault(bare(name.base), set()).add(last)
    found = set()
    for base, labels in alone.items():
        letters = {x for label in labels if (x := units_in(label)) and form.letter not in x}
        others = {x for x in labels if not units_in(x) and re.fullmatch(r"[a-z]", x.strip())}
        if letters and not others - {form.letter, "t"}:
            found.add(base)
    return frozenset(found)


def _places(formulas: Sequence[Formula], form: Form) -> dict[str, str]:
    """Where each name without a step carries the letter of the layers, or that of the last one."""
    if not form.letter:
        return {}
    usual = "_" if form.kind in STAND_BELOW else "^"
    found: dict[str, dict[str, str]] = {form.letter: {}, "L": {}}
    for letter, places in found.items():
        own = re.compile(
            rf"(?<![A-Za-z\\]){re.escape(letter)}(?![A-Za-z])|\s*{re.escape(letter)}{{2}}\s*\Z"
        )
        for formula in formulas:
            for name in names_in(formula.latex):
                if name.base in FUNCTIONS or timed(name, form) is not None:
                    continue
                signs = [s.kind for s in name.scripts if s.kind in "_^" and own.search(s.inside)]
                if signs:
                    places.setdefault(bare(name.base), usual if usual in signs else signs[0])
    return found["L"] | found[form.letter]


def _of_the_output(
    rows: Sequence[str], formulas: Sequence[Formula], form: Form
) -> Iterator[tuple[str, str]]:
    """What the equations have of a layer behind the last one, :math:`z_{L+1}`, and its error."""
    found = [(n.base, m) for r in rows for n in names_in(r) if (m := form.of(n)) is not None]
    given = [(bare(b), m.label) for b, m in found if m.layer == "L+1" and b not in FUNCTIONS]
    yield from given
    if given and any(r"\delta" in f.latex for f in formulas):
        yield r"\delta", ""


def with_steps_above(formulas: Sequence[Formula]) -> list[Formula]:
    r"""``formulas`` with :math:`h_1^{t}` for :math:`h_1(t)`, and :math:`h_t^{(1)}` for
    :math:`h^{(1)}(t)`."""
    running = {
        m["base"] for f in formulas for m in _CALLED.finditer(f.latex) if _IN_TIME.match(m["step"])
    }

    def beside(m: re.Match[str]) -> str | None:
        if m["base"] not in running:
            return None
        other = "^" if m["sign"] == "_" else "_"
        return f"{m['base']}{m['name']}{other}{{{m['step'].strip()}}}"

    return [replaced(f, _CALLED, beside) for f in formulas]


def with_lone_steps_below(formulas: Sequence[Formula], form: Form) -> list[Formula]:
    """``formulas`` with the steps below that stand above names without a layer.

    Where what has a layer has its step above, so has the input and the output.
    """
    if form.kind not in ("^lt", "^tl", "^_"):
        return list(formulas)
    found = [names_in(f.latex) for f in formulas]
    lone = {
        n.base for names in found for n in names
        if (s := _lone(n, form)) is not None and _IN_TIME.match(s[0])
    }  # fmt: skip
    out = []
    for formula, names in zip(formulas, found, strict=True):
        edits: list[Edit] = []
        end = 0
        for name in names:
            at = _lone(name, form) if name.base in lone and name.start >= end else None
            end = max(end, name.close)  # what stands in the scripts of a name is none
            if at is None or not _ABOVE_ALONE.fullmatch(at[0]):
                continue
            if at[1]:
                edits.append((name.start, name.start, "("))
                edits.append((name.end, name.close, f"_{{{at[0]}}})_{{{at[1]}}}"))
            else:
                edits.append((name.end, name.scripts[0].end, f"_{{{at[0]}}}"))
        out.append(edited(formula, edits))
    return out


def _lone(name: Name, form: Form) -> tuple[str, str] | None:
    """The step above a name that has nothing else but an entry, and that."""
    own = [s for s in name.scripts if s.kind != "_"]
    below = [s for s in name.scripts if s.kind == "_"]
    if len(own) != 1 or own[0].kind not in "^([" or len(below) > 1:
        return None
    if name.base in FUNCTIONS or name.base == form.letter:
        return None
    units = units_in(below[0].inside) if below and form.has_entries(name) else ""
    step = step_in(own[0].inside)
    return (step, units) if step and (units or not below) else None
