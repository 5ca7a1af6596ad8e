r"""Derivatives with the variable below the sign: :math:`\partial_{h_t} L`, :math:`D_{h_t} L`.

They are :math:`\partial L/\partial h_t`. A D is such a sign only where it always stands before a
name and carries a variable: something that runs in time or is a capital, and no step alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import Name, names_from
from bptt_sym.documents.respelling import Edit, edited

_GROUP = r"\{(?:[^{}]|\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\})*\}"
_SCRIPT = rf"\s*_\s*(?P<by>{_GROUP}|[A-Za-z](?![A-Za-z])|\\[A-Za-z]+)\s*(?:\\[,;:! ]\s*)*"
_PARTIAL = re.compile(rf"\\partial{_SCRIPT}")
_D = re.compile(rf"(?<![A-Za-z\\])(?:\\(?:mathrm|operatorname)\s*\{{\s*D\s*\}}|D){_SCRIPT}")
_ANY_D = re.compile(r"(?<![A-Za-z\\])D(?![A-Za-z])")
#: ``L(`` and its arguments, which no sum is: ``L (1 - h_t^2)`` is a product.
_CALLED = re.compile(
    r"\s*(?:\\left\s*)?\((?!(?!\s*[a-zT]\s*[-+]\s*[0-9a-z]\s*\))[^(),]{1,60}[-+])"
)
_RUN = frozenset("h s c a z x o y p q r n u v \\hat{y}".split())
_STEP = re.compile(r"[tknijsT0-9](?:\s*[-+]\s*[0-9a-z])?|\\[a-z]+")


def with_the_variable_beside(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with these derivatives as fractions."""
    every = "\n".join(f.latex for f in formulas)
    signs = [_PARTIAL] if _PARTIAL.search(every) else []
    if _D.search(every) and _is_a_sign(formulas):
        signs.append(_D)
    for sign in signs:
        formulas = [edited(f, _fractions(f.latex, sign)) for f in formulas]
    return list(formulas)


def _is_a_sign(formulas: Sequence[Formula]) -> bool:
    """Whether every D of ``formulas`` differentiates."""
    for f in formulas:
        if not _ANY_D.search(f.latex):
            continue
        found = list(_D.finditer(f.latex))
        by = ["".join(m["by"].strip("{}").split()) for m in found]
        operands = [_operand(f.latex, m.end()) for m in found]
        if len(found) != len(_ANY_D.findall(f.latex)) or None in operands:
            return False
        if any(_STEP.fullmatch(b) for b in by):
            return False
    return True


def _operand(text: str, at: int) -> Name | None:
    """The name that begins at ``at``, if no list of arguments follows it."""
    found = next((n for n in names_from(text, at) if n.start >= at), None)
    if found is None or found.start != at:
        return None
    # Behind h_T a bracket is a factor.
    runs = bool(found.scripts) and found.base in _RUN
    if _CALLED.match(text, found.close) and not runs:
        return None
    return None if any(s.kind == "(" for s in found.scripts) else found


def _fractions(text: str, sign: re.Pattern[str]) -> list[Edit]:
    edits: list[Edit] = []
    for m in sign.finditer(text):
        of = _operand(text, m.end())
        if of is not None:
            by = m["by"][1:-1].strip() if m["by"].startswith("{") else m["by"]
            edits.append((m.start(), m.end(), r"\frac{\partial "))
            edits.append((of.close, of.close, rf"}}{{\partial {by}}}"))
    return edits
