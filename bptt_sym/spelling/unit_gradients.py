r"""Names for gradients unit by unit: :math:`\epsilon^t_i = \partial L/\partial a^t_i`.

Where a text gives a name so, every entry of it, :math:`\epsilon^{t+1}_j` as well, is written out as
the derivative that it stands for. The line that gives the name, if it does nothing else, gives it
to the vector.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bptt_sym.documents.document import Formula
from bptt_sym.documents.gate_letters import GateLetters
from bptt_sym.documents.respelling import Edit, edited

_UNIT = "[ijklmpqrs]"
_STEP = r"\(?\s*t\s*(?:[-+]\s*1)?\s*\)?"
_ABOVE = rf"\s*\^\s*(?:\{{\s*{_STEP}\s*\}}|t(?![A-Za-z]))"
_BELOW = rf"\s*_\s*(?:\{{\s*{_UNIT}\s*\}}|{_UNIT}(?![A-Za-z]))"
#: ``^{t}_{i}``, ``_i^{(t)}``, ``_{t,i}``, ``_{i,t}``, ``_i(t)``.
_SCRIPTS = (
    rf"(?:{_ABOVE}{_BELOW}|{_BELOW}{_ABOVE}"
    rf"|\s*_\s*\{{\s*(?:{_STEP}\s*,\s*{_UNIT}|{_UNIT}\s*,\s*{_STEP})\s*\}}"
    rf"|{_BELOW}\s*\(\s*t\s*(?:[-+]\s*1\s*)?\))"
)
_NAME = (
    r"(?:\\(?:delta|epsilon|varepsilon|lambda|mu|eta|rho|xi|zeta|beta|gamma)(?![A-Za-z])"
    r"|(?<![A-Za-z\\])[egdrq])"
)
_OF = r"(?:\\(?:mathrm|mathit|text)\s*\{\s*[a-z]{1,4}\s*\}|(?<![A-Za-z\\])[a-z])"
_LOSS = r"(?:\\mathcal\s*\{\s*[A-Z]\s*\}|[LEJC])"
_SPACE = r"(?:\s|&|\\[,;:! ])*"
_SIGN = (
    rf"{_SPACE}(?::\s*=|=|\\(?:equiv|triangleq|coloneqq)(?![A-Za-z])){_SPACE}"
)
_GIVES = re.compile(
    rf"(?P<x>{_NAME})(?P<xs>{_SCRIPTS}){_SIGN}(?P<minus>-\s*)?(?:"
    rf"\\[dt]?frac\s*\{{\s*\\partial\s*\{{?\s*(?P<l>{_LOSS})\s*\}}?\s*\}}\s*"
    rf"\{{\s*\\partial\s*\{{?\s*(?P<y>{_OF})(?P<ys>{_SCRIPTS})\s*\}}?\s*\}}"
    rf"|\\partial\s*(?P<l1>{_LOSS})\s*/\s*\\partial\s*(?P<y1>{_OF})(?P<ys1>{_SCRIPTS}))"
)
_ENTRY = re.compile(rf"(?P<x>{_NAME})(?P<xs>{_SCRIPTS})")
#: ``(\\delta_{f}^{(t)})_{j}``: of the gate whose label it has.
_OF_A_GATE = (
    rf"\((?P<x@>{_NAME}|(?<![A-Za-z\\])[a-z])_\{{(?P<g@>[a-z]{{1,2}})\}}"
    rf"(?P<s@>\^\{{\(t(?:[-+]1)?\)\}}\)_\{{{_UNIT}\}})"
)
_GATE = re.compile(_OF_A_GATE.replace("@", "1"))
_GIVES_OF_GATES = re.compile(
    rf"{_OF_A_GATE.replace('@', '1')}{_SIGN}(?:\\[dt]?frac\s*\{{\s*)?\\partial\s*(?P<l>{_LOSS})\s*"
    rf"(?:/|\}}\s*\{{)\s*\\partial\s*{_OF_A_GATE.replace('@', '2')}(?:\s*\}})?"
)


_T = re.compile(r"t\s*(?:[-+]\s*1)?")


@dataclass(frozen=True)
class _Meaning:
    """What a name stands for: the loss, the name that it is differentiated by, the sign."""

    loss: str
    by: str
    negative: bool


def with_gradients_of_units(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the entries of such names written out."""
    formulas = _of_gates(formulas)
    named: dict[str, _Meaning] = {}
    gates: GateLetters | None = None
    for formula in formulas:
        for m in _GIVES.finditer(formula.latex):
            scripts = (m["xs"], m["ys"] or m["ys1"])
            if len({"".join(sorted(re.sub(r"[\s{}()^_,]", "", s))) for s in scripts}) > 1:
                continue
            gates = gates or GateLetters.of([f.latex for f in formulas])
            if any(gates.stand_in(m.group(), letter) for letter in "ir"):
                continue  # the i of the input gate: \delta_i^t beside \delta_f^t
            meant = _Meaning(m["l"] or m["l1"], m["y"] or m["y1"], bool(m["minus"]))
            if named.setdefault(m["x"], meant) != meant:
                return list(formulas)  # by the letters of the units, of which layer it is
    return [_written_out(f, named) for f in formulas] if named else list(formulas)


def _of_gates(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the gradients by what is inside the gates for their names."""
    named: dict[str, set[tuple[str, str]]] = {}
    for m in (m for f in formulas for m in _GIVES_OF_GATES.finditer(f.latex)):
        if m["g1"] == m["g2"] and m["s1"] == m["s2"]:
            named.setdefault(m["x1"], set()).add((m["l"], m["x2"]))
    meant = {x: next(iter(found)) for x, found in named.items() if len(found) == 1}
    if not meant:
        return list(formulas)
    out = []
    for f in formulas:
        alone = _GIVES_OF_GATES.fullmatch(f.latex.strip(" .,;&"))
        if alone is not None and alone["x1"] in meant:
            loss, by = meant[alone["x1"]]
            label = f"_{{{alone['g1']}}}{alone['s1'].partition(')')[0]})}}"
            new = rf"{alone['x1']}{label} = \frac{{\partial {loss}}}{{\partial {by}{label}}}"
            out.append(edited(f, [(0, len(f.latex), new)]))
            continue
        given = {m.start() for m in _GIVES_OF_GATES.finditer(f.latex)}
        edits = [
            (*m.span(), rf"\frac{{\partial {meant[m['x1']][0]}}}"
             rf"{{\partial ({meant[m['x1']][1]}_{{{m['g1']}}}{m['s1']}}}")
            for m in _GATE.finditer(f.latex) if m["x1"] in meant and m.start() not in given
        ]  # fmt: skip
        out.append(edited(f, edits))
    return out


def _written_out(formula: Formula, named: Mapping[str, _Meaning]) -> Formula:
    alone = _GIVES.fullmatch(formula.latex.strip(" .,;&"))
    if alone is not None and alone["x"] in named:
        step, given_by = _T.search(alone["xs"]), named[alone["x"]]
        at = f"^{{({step.group() if step else 't'})}}"
        sign = "-" if given_by.negative else ""
        by = rf"\frac{{\partial {given_by.loss}}}{{\partial {given_by.by}{at}}}"
        return edited(formula, [(0, len(formula.latex), f"{alone['x']}{at} = {sign}{by}")])
    edits: list[Edit] = []
    given = [m.span("x") for m in _GIVES.finditer(formula.latex)]
    for m in _ENTRY.finditer(formula.latex):
        meant = named.get(m["x"])
        if meant is None or m.span("x") in given:
            continue
        entry = rf"\frac{{\partial {meant.loss}}}{{\partial {meant.by}{m['xs']}}}"
        new = rf"\left(-{entry}\right)" if meant.negative else entry
        edits.append((m.start(), m.end(), new))
    return edited(formula, edits)
