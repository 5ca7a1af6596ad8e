r"""Definitions unit by unit: ``z_j^t = \sum_i U_{ji} x_i^t + b_j`` as ``z^t = U x^t + b``.

What is said of every unit is said of the vector. A formula is rewritten only if it differentiates
nothing and no letter of a unit is left over; every character keeps its offset.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from bptt_sym.documents.document import Formula
from bptt_sym.documents.gate_letters import GateLetters
from bptt_sym.documents.respelling import edited, replaced
from bptt_sym.entries import UNITS

_NAME = (
    r"(?:\\(?:hat|tilde|bar|mathbf|boldsymbol|mathrm)\s*(?:\{[^{}]{1,12}\}|[A-Za-z])"
    r"|(?<![A-Za-z\\])[A-Za-z])"
)
_STEP = r"\(?\s*(?:t|T|k)\s*(?:[-+]\s*1\s*)?\)?"
_BELOW = r"\s*_\s*(?:t|\{\s*t\s*\})"
_ABOVE = rf"\s*\^\s*(?:\{{\s*{_STEP}\s*\}}|t(?![A-Za-z]))"
_CALLED = r"\s*\(\s*t\s*(?:[-+]\s*1\s*)?\)"
#: ``h_j^{(t)}``, ``h^{(t)}_j``, ``h_j(t)``, ``h_{t,j}``, ``h_{j,t}``.
_LEFT = re.compile(
    rf"(?:^|\\\\|\\begin\s*\{{[a-z]+\*?\}}(?:\{{[^{{}}]*\}})?)\s*&?\s*{_NAME}\s*"
    rf"(?:_\s*\{{?\s*(?P<j>[a-z])\s*\}}?(?:{_ABOVE}|{_CALLED})|{_ABOVE}\s*_\s*\{{?\s*(?P<j1>[a-z])\s*\}}?"
    r"|_\s*\{\s*(?:t\s*,\s*(?P<j2>[a-z])|(?P<j3>[a-z])\s*,\s*t)\s*\})\s*&?\s*="
)


#: What stands between two equations.
_APART = re.compile(
    r"\\\\(?:\s*\[[^\[\]]{0,12}\])?|,?\s*\\q?quad(?![A-Za-z])|\\(?:begin|end)\s*\{[a-z]+\*?\}"
)
#: ``y_k(t)``: a step in parentheses behind a unit.
_CALL = re.compile(
    rf"(?P<name>{_NAME})\s*_\s*(?:\{{\s*(?P<j>[ijklmpqrs])\s*\}}|(?P<j1>[ijklmpqrs]))\s*"
    r"\(\s*(?P<step>(?:t|T|k|\\tau)\s*(?:[-+]\s*[0-9]\s*)?)\)"
)
#: ``E_t = -y_{t,i} \\log \\hat y_{t,i}``: a letter that stands twice is summed over.
_SUMMED = re.compile(
    rf"(?P<left>^\s*{_NAME}{_BELOW}\s*&?\s*=\s*&?\s*-\s*)(?P<y>{_NAME})\s*_\s*\{{\s*(?P<s>t)\s*,\s*(?P<i>[ijkl])\s*\}}"
    rf"\s*(?P<log>\\(?:log|ln))\s*(?P<open>\{{\s*)?(?P<p>{_NAME})\s*_\s*\{{\s*(?P=s)\s*,\s*(?P=i)\s*\}}(?(open)\s*\}})"
)
_POWER = re.compile(r"\s*\^")
_BARE_SUM = re.compile(r"\\sum\s*_\s*([a-z])(?![A-Za-z])")
#: ``\\sum_k (d_k - y_k)^2``.
_ELEMENT = rf"{_NAME}\s*(?:_\s*\{{?\s*(?:[a-z]\s*,\s*t|t\s*,\s*[a-z]|[a-z])\s*\}}?|{_ABOVE})+"
_SQUARES = re.compile(
    rf"\\sum(?:\\limits)?\s*_\s*(?:\{{\s*(?P<k>[ijklmpqrs])\s*(?:=\s*[01]\s*)?\}}|(?P<k1>[ijklmpqrs]))"
    r"\s*(?:\^\s*(?:\{[^{}]{1,12}\}|[A-Za-z]))?\s*(?:\\left\s*)?"
    rf"(?:\(|\[)\s*(?P<a>{_ELEMENT})\s*-\s*(?P<b>{_ELEMENT})\s*(?:\\right\s*)?(?:\)|\])\s*\^\s*\{{?\s*2\s*\}}?"
)
#: ``(y_k - d_k) (y_k - d_k)``: the letter that stands twice is summed over.
_TWICE = re.compile(
    rf"(?:\\left\s*)?\(\s*(?P<a>{_NAME}(?:{_ABOVE})?\s*_\s*\{{?\s*(?:t\s*,\s*)?(?P<k>[ijklmpqrs])\s*\}}?(?:{_ABOVE})?"
    rf"\s*-\s*{_ELEMENT})\s*(?:\\right\s*)?\)\s*(?:\\left\s*)?\(\s*(?P=a)\s*(?:\\right\s*)?\)"
)


def with_raised_steps(formula: Formula) -> Formula:
    """``formula`` with ``y_k(t)`` as ``y_k^{(t)}``."""

    def raised(m: re.Match[str]) -> str:
        new = rf"{m['name']}_{{{m['j'] or m['j1']}}}^{{({m['step']})}}"
        return f"{{{new}}}" if _POWER.match(m.string, m.end()) else new

    return replaced(formula, _CALL, raised)


def _length(m: re.Match[str]) -> str | None:
    """The square of the length of a difference."""
    k = m.group("k") or m.group("k1")
    sides = []
    for side in (m.group("a"), m.group("b")):
        bare = side
        for start, end, new in reversed(_bare(side, k)):
            bare = bare[:start] + new + bare[end:]
        if bare == side:
            return None
        sides.append(bare)
    return rf"\left\| {sides[0]} - {sides[1]} \right\|^2"


def as_vectors(formula: Formula, gates: GateLetters) -> Formula:
    """``formula`` with the definitions of single units as those of vectors."""
    formula = with_raised_steps(formula)
    text = formula.latex
    if re.search(r"\\partial|\\delta|∂|\\nabla|\\frac\s*\{\s*d", text):
        return formula
    formula = replaced(
        formula, _SUMMED,
        lambda m: rf"{m['left']}{m['y']}_{{t}}^\top {m['log']} {m['p']}_{{t}}",
    )  # fmt: skip
    formula = replaced(formula, _BARE_SUM, lambda m: rf"\sum_{{{m.group(1)}}}")
    formula = replaced(formula, _TWICE, lambda m: rf"\sum_{{{m['k']}}} ({m['a']})^2")
    formula = replaced(formula, _SQUARES, _length)
    parts = list(_parts(formula.latex))
    if len({found for _, _, found in parts}) > 1:
        # (Each equation of several has a letter of its own: h_i = …, o_m = ….)
        for start, end, _ in reversed(parts):
            part = formula.part(start, end)
            new = _as_vectors(part, gates)
            if new.latex != part.latex:
                text, at = formula.latex, formula.offsets
                latex = f"{text[:start]} {new.latex} {text[end:]}"
                offsets = [*at[: start + 1], *new.offsets, *at[end:]]
                formula = replace(formula, latex=latex, offsets=offsets)
        return formula
    return _as_vectors(formula, gates)


def _parts(text: str) -> Iterator[tuple[int, int, str]]:
    """Where the equations of a text stand that give a unit, and its letter."""
    start = 0
    for m in (*_APART.finditer(text), None):
        end = m.start() if m is not None else len(text)
        left = _LEFT.match(text[start:end])
        if left is not None:
            yield start, end, left["j"] or left["j1"] or left["j2"] or left["j3"]
        start = m.end() if m is not None else end


def _as_vectors(formula: Formula, gates: GateLetters) -> Formula:
    """``formula`` as an equation of vectors, if one letter of a unit stands on its left sides."""
    text = formula.latex
    units = {m.group("j") or m.group("j1") or m.group("j2") or m.group("j3")
             for m in _LEFT.finditer(text)}  # fmt: skip
    if len(units) != 1 or not units <= UNITS:
        return formula
    (j,) = units
    if gates.stand_in(text, j):
        return formula
    blocks = re.finditer(rf"_\s*\{{\s*(?:([a-z]){j}|{j}([a-z]))\s*\}}", text)
    if any((m[1] or m[2]) not in UNITS for m in blocks):
        return formula  # z_r = W_{xr} x + …: a label, of the gate r
    new = formula
    for product in _products(j):
        new = replaced(new, product, lambda m: _times(m, j))
    new = edited(new, [*_bare(new.latex, j)])
    left_over = rf"[_^]\s*(?:\{{[^{{}}]*(?<![A-Za-z\\]){j}(?![A-Za-z])[^{{}}]*\}}|{j}(?![A-Za-z]))"
    return formula if re.search(left_over, new.latex) else new


def _products(j: str) -> Iterator[re.Pattern[str]]:
    """``\\sum_i W_{ji} h_i^{(t-1)}``, the sum over any letter but ``j``; also without its sign."""
    letter = rf"(?P<i>(?!{j})[a-z])"
    scripts = (
        rf"(?:_\s*\{{?\s*(?P=i)\s*\}}?(?P<above>{_ABOVE}|{_CALLED})"
        rf"|(?P<above1>{_ABOVE})\s*_\s*\{{?\s*(?P=i)\s*\}}?"
        rf"|_\s*\{{\s*(?:(?P<of>{_STEP})\s*,\s*(?P=i)|(?P=i)\s*,\s*(?P<of1>{_STEP}))\s*\}})"
    )
    total = (
        rf"\\sum(?:\\limits)?\s*_\s*\{{\s*{letter}\s*(?:=\s*[01]\s*)?\}}"
        r"\s*(?:\^\s*(?:\{[^{}]{1,12}\}|[A-Za-z]))?\s*"
    )
    both = rf"{j}\s*,?\s*(?P=i)|(?P=i)\s*,?\s*{j}"
    # (A letter that stands twice in a product, and nowhere else, is summed over.)
    bare = ("", rf"{j}\s*,?\s*{letter}"), ("", rf"{letter}\s*,?\s*{j}")
    for before, rows in ((total, both), *bare):
        yield re.compile(
            rf"{before}(?P<w>{_NAME}(?:\s*\^\s*\{{\s*\(?[A-Za-z]{{1,4}}\)?\s*\}})?)\s*"
            rf"_\s*\{{\s*(?P<rows>{rows})\s*\}}"
            rf"\s*(?:\\cdot|\\,|\*)?\s*(?P<x>{_NAME})\s*{scripts}"
        )
    # (What stands before its weight is a row.)
    yield re.compile(
        rf"{total}(?P<x>{_NAME})\s*{scripts}\s*(?:\\cdot|\\,|\*)?\s*"
        rf"(?P<w>{_NAME})\s*_\s*\{{\s*(?P<rows>{j}\s*,?\s*(?P=i)|(?P=i)\s*,?\s*{j})\s*\}}"
    )


def _times(m: re.Match[str], j: str) -> str:
    step = m.group("above") or m.group("above1")
    element = m.group("x") + (step or rf"_{{{m.group('of') or m.group('of1')}}}")
    flipped = "" if m.group("rows").lstrip().startswith(j) else r"^{\top}"
    weight = m.group("w")
    before = m.start("x") < m.start("w")
    if weight.islower():  # a small letter for a matrix: in bold type it is read as one
        weight = rf"\mathbf{{{weight}}}"
    if before and flipped:
        return f"{element} {weight}"
    return rf"{{{weight}}}{flipped} {element}" if flipped else f"{weight} {element}"


def _bare(text: str, j: str) -> list[tuple[int, int, str]]:
    """The edits that leave out the unit ``j`` wherever a name carries it."""
    alone = re.compile(
        rf"(?<=[A-Za-z}})])\s*_\s*(?:\{{\s*{j}\s*\}}|{j}(?![A-Za-z]))"
        rf"|(?<=[{{,])\s*{j}\s*,\s*(?={_STEP}\s*\}})|(?<!\{{[ijklmpqrs])\s*,\s*{j}\s*(?=\}})"
    )  # (V_{{k,j}} is no V_k.)
    return [(m.start(), m.end(), "") for m in alone.finditer(text)]
