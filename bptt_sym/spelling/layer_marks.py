r"""Where the names of networks above each other carry their layer, and where their step.

:math:`h_t^{(l)}`, :math:`h^{[l]\langle t\rangle}`, :math:`h_{l,t}`, :math:`h^{t,l}` and
:math:`h_l^{(t)}` are one thing. Which of them a text writes, its equations show: one gives a state
from its own past and the same state of the layer below. A text in which no equation does that has
no such marks, and a number above a name is left to be the power, or the step, that it may be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import Name, Script, names_in
from bptt_sym.documents.respelling import Edit, edited, replaced

_LAYER = r"(?:\\ell|[a-su-z]|[A-SU-Z]|[0-9])(?:\s*[-+]\s*[12])?"
_TIME = r"(?:t|T|\\tau|[a-z]|[0-9]{1,3})(?:\s*[-+]\s*(?:[0-9]|[a-z](?![a-z])|\\tau))?"
_TURNED = r"(?:\s*(?:,|\\[,;!])?\s*(?P<turned>T|\\top|\\intercal|\\mathsf\s*\{\s*T\s*\}|2)\s*)?"
_MARK = rf"\s*(?:(?P<open>[(\[])\s*(?:(?:l|\\ell)\s*=\s*)?)?(?P<layer>{_LAYER})\s*(?(open)[)\]])"
_AT = rf"\s*(?:(?P<around>[(\[<]|\\langle)\s*)?(?P<step>{_TIME})\s*(?(around)(?:[)\]>]|\\rangle))"
_ABOVE = re.compile(rf"{_MARK}{_TURNED}\s*")
_STEP = re.compile(rf"{_AT}\s*")
_BETWEEN = r"\s*(?:[,;]|(?=\\langle|<|\(|\[))"
_BOTH = {
    "lt": re.compile(rf"(?P<all>\()?{_MARK}{_BETWEEN}{_AT}\s*(?(all)\)){_TURNED}"),
    "tl": re.compile(rf"(?P<all>\()?{_AT}{_BETWEEN}{_MARK}\s*(?(all)\)){_TURNED}"),
}
_TURNS = re.compile(r"\s*(?:T|\\top|\\intercal)\s*")
_POWER = re.compile(r"\s*2\s*")
_LABEL = re.compile(r"\s*(?:[A-Za-z]{1,3}|\\(?:text|mathrm)\s*\{\s*[A-Za-z]+\s*\})\s*")
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
_OFFSET = re.compile(r"(?P<letter>\\?[A-Za-z]+|[0-9]+)(?:(?P<by>[-+][0-9]+))?")
#: ``h_1(t)``, ``h_{l}[t-1]``
_CALLED = re.compile(
    r"(?P<name>_\s*(?:\{\s*(?:\\ell|[l1-9])\s*(?:[-+]\s*1\s*)?\}|[l1-9]))\s*"
    r"(?P<open>[(\[])\s*(?P<step>(?:t|\\tau)\s*(?:[-+]\s*1\s*)?|T)\s*[)\]]"
)
_ABOVE_ALONE = re.compile(r"(?:t|\\tau)\s*(?:[-+]\s*[0-9])?|T|0")
#: How a name may carry both: the step below and the layer above, both above, both below, …
KINDS = ("_^", "^lt", "^tl", "_lt", "_tl", "^_")
#: Those in which the layer of a weight stands below it.
BELOW = frozenset(("_lt", "_tl", "^_"))
_FUNCTIONS = frozenset(r"f g \sigma \phi \varphi \psi".split())


@dataclass(frozen=True)
class Marks:
    """What a name carries: its layer, its step or "", a label or "", a ``\\top`` or a power."""

    layer: str
    step: str
    label: str
    turned: str
    end: int


@dataclass(frozen=True)
class Form:
    """The place of the marks in one text, the letter of its layers, and its states."""

    kind: str
    #: The letter that stands for any layer, "" where all of them have numbers.
    letter: str
    states: frozenset[str]
    #: Names without a step that carry the number of the layer that they are used in.
    weights: frozenset[str]
    #: The highest number of a layer that an equation gives.
    most: int

    def of(self, name: Name) -> Marks | None:
        """The marks of ``name``, if it has any."""
        found = _timed(name, self.kind)
        if found is not None:
            return found
        return _still(name, self.kind)


def form_of(formulas: Sequence[Formula]) -> Form | None:
    """The form of the marks in a text, if it has a network of layers above each other."""
    rows = [r for f in formulas if _EQUATION.search(f.latex) for r in _equations(f.latex)]
    for kind in KINDS:
        given = [g for r in rows if (g := _given(r, kind)) is not None]
        if given:
            break
    else:
        return None
    letters = [g.letter for g in given if g.letter]
    numbers = [g.number for g in given if g.number]
    weights = frozenset(b for g in given for b in g.weights)
    states = frozenset(g.state for g in given)
    if not letters:  # the first layer has an equation that is like the others
        firsts = [w for r in rows for w in _numbered_weights(r, kind)]
        weights |= frozenset(firsts)
    return Form(kind, letters[0] if letters else "", states, weights, max(numbers, default=0))


@dataclass(frozen=True)
class _Given:
    state: str
    letter: str
    number: int
    weights: tuple[str, ...]


def _equations(text: str) -> Iterator[str]:
    for row in _ROWS.split(text):
        if _EQUATION.search(row) and _DERIVES.search(row) is None:
            yield row


def _sides(row: str) -> tuple[str, str]:
    """The left side of an equation and the rest."""
    sign = _EQUATION.search(row)
    return (row[: sign.start()], row[sign.end() :]) if sign else (row, "")


def _given(row: str, kind: str) -> _Given | None:
    """The state that ``row`` takes from its own past and from the layer below."""
    left, right = _sides(row)
    heads = [m for n in names_in(left) if (m := _timed(n, kind)) is not None]
    if not heads or not _IN_TIME.match(heads[0].step):
        return None
    here, now = shifted(heads[0].layer), shifted(heads[0].step)
    read = [(n, m) for n in names_in(right) if (m := _timed(n, kind)) is not None]
    past, below = set(), set()
    for name, marks in read:
        layer, step = shifted(marks.layer), shifted(marks.step)
        if layer == here and step == (now[0], now[1] - 1):
            past.add(name.base)
        if layer == (here[0], here[1] - 1) and step[0] == now[0] and step[1] <= now[1]:
            below.add(name.base)
    both = past & below
    if len(both) != 1 or here[0] == now[0]:
        return None
    return _Given(
        next(iter(both)), here[0], 0 if here[0] else here[1],
        () if here[0] else tuple(_numbered(right, kind, here[1])),
    )  # fmt: skip


def _numbered_weights(row: str, kind: str) -> Iterator[str]:
    left, right = _sides(row)
    heads = [m for n in names_in(left) if (m := _timed(n, kind)) is not None]
    if heads and heads[0].layer == "1" and _IN_TIME.match(heads[0].step):
        yield from _numbered(right, kind, 1)


def _numbered(right: str, kind: str, layer: int) -> Iterator[str]:
    """What stands in the equation of a layer without a step and with its number."""
    for name in names_in(right):
        marks = None if _timed(name, kind) is not None else _still(name, kind)
        if marks is not None and marks.layer == str(layer):
            yield name.base


def shifted(text: str) -> tuple[str, int]:
    """``l-1`` as the letter and what is added to it; a number has no letter."""
    m = _OFFSET.fullmatch("".join(text.split()))
    if m is None:
        return text, 0
    by = int(m["by"] or 0)
    return ("", int(m["letter"]) + by) if m["letter"].isdigit() else (m["letter"], by)


def _timed(name: Name, kind: str) -> Marks | None:
    """The marks of a name that carries a layer and a step."""
    scripts = list(name.scripts)
    if (name.base in _FUNCTIONS and name.base.startswith("\\")) or not scripts:
        return None
    if kind in ("_^", "^_"):
        return _in_two(scripts, kind)
    sign, order = kind[0], kind[1:]
    own = next((s for s in scripts if s.kind == sign and _BOTH[order].fullmatch(s.inside)), None)
    m = _BOTH[order].fullmatch(own.inside) if own is not None else None
    if own is None or m is None:
        return None
    beside = _beside(scripts, own, m["turned"] or "")
    if beside is None:
        return None
    label, turned = beside
    return Marks(_bare(m["layer"]), m["step"], label, turned, _end(scripts))


def _beside(
    scripts: Sequence[Script], own: Script, turned: str, *, powers: bool = True
) -> tuple[str, str] | None:
    """The label, and the transpose or power, in the scripts beside the one with the marks."""
    label = ""
    for other in scripts:
        if other is own:
            continue
        if other.kind == "^" and _TURNS.fullmatch(other.inside):
            turned = r"\top"
        elif powers and other.kind == "^" == _other(own) and _POWER.fullmatch(other.inside):
            turned = "2"
        elif other.kind == "_" == _other(own) and _LABEL.fullmatch(other.inside):
            label = other.inside.strip()
        elif other.kind in "([":
            break
        else:
            return None
    return label, turned


def _other(script: Script) -> str:
    """The place that ``script`` leaves to others."""
    return "^" if script.kind == "_" else "_"


def _in_two(scripts: Sequence[Script], kind: str) -> Marks | None:
    """One script is the step, the other the layer: which is which tells ``kind``."""
    below = [s for s in scripts if s.kind == "_"]
    above = [s for s in scripts if s.kind == "^"]
    if len(below) != 1 or not above or len(above) > 2 or len(scripts) > 3:
        return None
    turned = ""
    if len(above) == 2:
        if not _TURNS.fullmatch(above[1].inside):
            return None
        turned = r"\top"
    at = _STEP.fullmatch((below if kind == "_^" else above)[0].inside)
    mark = _ABOVE.fullmatch((above if kind == "_^" else below)[0].inside)
    if at is None or mark is None or (kind == "_^" and at["around"]):
        return None
    return Marks(
        _bare(mark["layer"]), at["step"], "", turned or mark["turned"] or "", _end(scripts)
    )


def _still(name: Name, kind: str) -> Marks | None:
    """The marks of a name without a step: of a weight."""
    scripts = list(name.scripts)
    sign = "_" if kind in BELOW else "^"
    own = next((s for s in scripts if s.kind == sign), None)
    mark = _ABOVE.fullmatch(own.inside) if own is not None else None
    if own is None or mark is None or (mark["turned"] and not (mark["open"] or sign == "^")):
        return None
    beside = _beside(scripts, own, mark["turned"] or "", powers=False)
    if beside is None:
        return None
    label, turned = beside
    return Marks(_bare(mark["layer"]), "", label, turned, _end(scripts))


def _end(scripts: Sequence[Script]) -> int:
    return max((s.end for s in scripts if s.kind in "_^"), default=scripts[-1].end)


def _bare(layer: str) -> str:
    return "".join(layer.split())


def in_one_form(name: Name, marks: Marks, layer: str, kind: str) -> list[Edit]:
    """What makes ``name`` of ``layer`` what is read: the step below, the layer in brackets above.

    A weight whose layer stands below it keeps it there.
    """
    if kind in BELOW and not marks.step:
        turned = r"^{\top}" if marks.turned else ""
        return [(name.end, marks.end, f"_{{{layer}}}{turned}")]
    below = marks.step or marks.label
    if marks.step and marks.label:
        # (Both stand below; which is the step, its letter tells.)
        below = f"{marks.label},{marks.step}"
    scripts = (f"_{{{below}}}" if below else "") + f"^{{({layer})}}"
    if not marks.turned:
        return [(name.end, marks.end, scripts)]
    sign = "2" if marks.turned == "2" else r"\top"
    whole = f"{scripts}}}^{{{sign}}}"
    return [(name.start, name.start, "{"), (name.end, marks.end, whole)]


def with_steps_above(formulas: Sequence[Formula]) -> list[Formula]:
    r"""``formulas`` with :math:`h_1^{t}` for :math:`h_1(t)`."""
    def above(m: re.Match[str]) -> str:
        return f"{m['name']}^{{{m['step'].strip()}}}"

    return [replaced(f, _CALLED, above) for f in formulas]


def with_lone_steps_below(formulas: Sequence[Formula], form: Form) -> list[Formula]:
    """``formulas`` with the steps below that stand above names without a layer.

    Where what has a layer has its step above, so has the input and the output.
    """
    if form.kind not in ("^lt", "^tl", "^_"):
        return list(formulas)
    found = [names_in(f.latex) for f in formulas]
    lone = {
        n.base for names in found for n in names
        if (s := _lone(n)) is not None and _IN_TIME.match(s["step"])
    }  # fmt: skip
    out = []
    for formula, names in zip(formulas, found, strict=True):
        edits: list[Edit] = []
        for name in names:
            at = _lone(name) if name.base in lone else None
            if at is not None and _ABOVE_ALONE.fullmatch(at["step"]):
                edits.append((name.end, name.scripts[0].end, f"_{{{at['step']}}}"))
        out.append(edited(formula, edits))
    return out


def _lone(name: Name) -> re.Match[str] | None:
    own = name.scripts
    if len(own) != 1 or own[0].kind not in "^([" or name.base in _FUNCTIONS:
        return None
    return _STEP.fullmatch(own[0].inside)
