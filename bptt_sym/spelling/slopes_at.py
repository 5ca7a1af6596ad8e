r"""The slope of an activation where a bar says at what it is taken, or a name below its letter.

:math:`\left.\frac{d\sigma(z)}{dz}\right|_{z = a_t}` is :math:`\sigma'(a_t)`, and so is
:math:`\sigma_{a_t}'`. Of a gate, :math:`f_t = \sigma(\dots)`, :math:`\sigma_{f_t}'` is the slope of
what :math:`f_t` is, :math:`f_t (1 - f_t)`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import Edit, closing, edited, replaced

_D = r"(?:\\partial(?![A-Za-z])|\\mathrm\s*\{\s*d\s*\}|d|∂)\s*"
_LETTER = r"(?:\\(?:mathbf|boldsymbol|bm|vec)\s*\{\s*[a-z]\s*\}|[a-z]|\\(?:xi|zeta))"
_FUNCTION = (
    r"(?P<f>\\(?:sigma|phi|varphi|psi|tanh|theta|rho)(?![A-Za-z])"
    r"|\\(?:mathbf|mathrm|boldsymbol)\s*\{\s*[fgG]\s*\}|[fgGFHe](?![A-Za-z]))"
)
_OF = r"\s*(?:\\left\s*)?\(\s*(?P<of>LETTER)\s*(?:\\right\s*)?\)\s*"
_SLOPE = re.compile(
    r"(?P<left>\\left\s*\.\s*)?(?:"
    rf"\\[dt]?frac\s*\{{\s*{_D}{_FUNCTION}{_OF.replace('LETTER', _LETTER)}\}}\s*"
    rf"\{{\s*{_D}(?:\{{\s*)?(?P<by>{_LETTER})\s*(?:\}}\s*)?\}}"
    rf"|{_FUNCTION.replace('?P<f>', '?P<g>')}\s*'"
    rf"{_OF.replace('LETTER', _LETTER).replace('?P<of>', '?P<at>')})"
    r"\s*(?:\\right\s*|\\[bB]igg?[rm]?\s*)?(?:\||\\r?vert(?![a-z]))\s*_\s*(?=\{)"
)
_EQUALS = re.compile(rf"\{{\s*(?P<what>{_LETTER})\s*=\s*")
#: ``{\sigma_{f_t}}^\prime``, ``\tanh_{g_t}'``
_OF_GATE = re.compile(
    r"(?P<group>\{\s*)?\\(?P<f>sigma|tanh)\s*_\s*\{\s*(?P<gate>(?:\\(?:wide)?tilde\s*\{\s*)?[a-zC](?:\s*\})?"
    r"\s*_\s*(?:\{\s*t\s*(?:[-+]\s*1\s*)?\}|t))\s*\}\s*(?(group)\})\s*"
    r"(?:\^\s*(?:\{\s*\\prime\s*\}|\\prime(?![A-Za-z]))|')(?!\s*\()"
)


#: ``f_t = \sigma(``: what a name of step t is given by.
_GIVEN = re.compile(
    r"(?P<name>(?:\\(?:wide)?tilde\s*\{\s*)?(?<![A-Za-z\\])[a-zC](?:\s*\})?)\s*_\s*(?:t|\{\s*t\s*\})\s*&?\s*="
    r"\s*&?\s*(?:\\(?P<f>sigma|tanh)\s*(?:\\left\s*)?[(\[])?"
)


def with_slopes_of_names(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with :math:`f_t (1 - f_t)` or :math:`\\sigma'(a_t)` for such a slope.

    One below which a name stands that no line gives is left as it is.
    """
    if not any(_OF_GATE.search(f.latex) for f in formulas):
        return list(formulas)
    given: dict[str, str] = {}
    for m in (m for f in formulas for m in _GIVEN.finditer(f.latex)):
        given.setdefault(_tight(m["name"]), m["f"] or "")

    def slope(m: re.Match[str]) -> str | None:
        name = m["gate"]
        function = given.get(_tight(name.partition("_")[0]))
        if function is None or function not in ("", m["f"]):
            return None
        if not function:
            return rf"\{m['f']}'\left({name}\right)"
        if function == "tanh":
            return rf"\left(1 - {name} \odot {name}\right)"
        return rf"\left({name} \odot \left(1 - {name}\right)\right)"

    return [replaced(f, _OF_GATE, slope) for f in formulas]


def with_slopes_taken_at(formula: Formula) -> Formula:
    """``formula`` with such slopes by their prime, of what they are taken at."""
    text = formula.latex
    if "_" not in text or not ("|" in text or "vert" in text):
        return formula
    edits: list[Edit] = []
    for m in _SLOPE.finditer(text):
        of = m["of"] or m["at"]
        if m["by"] and _tight(m["by"]) != _tight(of):
            continue
        end = closing(text, m.end(), "{", "}", within=80)
        at = _EQUALS.match(text, m.end())
        if end is None or at is None or _tight(at["what"]) != _tight(of):
            continue
        edits.append((m.start(), end + 1, f"{m['f'] or m['g']}'({text[at.end():end].strip()})"))
    return edited(formula, edits)


def _tight(text: str) -> str:
    return re.sub(r"\s", "", text)
