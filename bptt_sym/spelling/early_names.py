r"""Names that carry the step before: :math:`q_{t-1} = r_t \odot h_{t-1}`, used in step t.

Texts of the GRU name the state that the reset gate has let through after the state it is made of.
Such a name belongs to the step in which it is computed, and is counted so here: as
:math:`q_{t-1}` stands for what step t makes, it is the :math:`q_t` of step t.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_ACCENT = r"\\(?:tilde|hat|bar|check|widetilde|widehat|overline)"
_FONT = r"\\(?:mathbf|boldsymbol|bm|vec|mathrm|text)"
#: ``q``, ``\\tilde{h}``, ``\\mathbf{q}``, ``\\tilde{\\mathbf{h}}``.
_NAME = (
    rf"(?:{_ACCENT}\s*\{{\s*(?:{_FONT}\s*\{{\s*[A-Za-z]\s*\}}|[A-Za-z])\s*\}}|{_ACCENT}\s+[A-Za-z]"
    rf"|{_FONT}\s*\{{\s*[A-Za-z]+\s*\}}|[A-Za-z])"
)
_SAID = "{name}_t is counted from the step that makes it"
_GIVEN = re.compile(
    rf"(?:^|\\\\|\\q?quad(?![A-Za-z])|\\begin\s*\{{[a-z]+\*?\}}|&&)\s*&?\s*"
    rf"(?P<name>{_NAME})\s*_\s*\{{\s*t\s*-\s*1\s*\}}"
    r"\s*&?\s*(?:=|:=|\\equiv(?![A-Za-z])|\\coloneqq|\\triangleq)"
    r"(?P<right>(?:(?!\\\\|\\q?quad(?![A-Za-z])|\\end(?![A-Za-z]))[^=])*)(?P<more>=?)"
)
#: Something of step t; what is no equation of a step.
_NOW = re.compile(r"_\s*(?:\{\s*(?:[A-Za-z]+\s*,\s*)?t\s*\}|t(?![A-Za-z]))")
_OTHERWISE = re.compile(
    r"\\partial|∂|\\delta|\\nabla|\\frac|\\sum|\\prod|t\s*\+\s*1|t\s*-\s*[2-9]|(?<![A-Za-z\\])d[a-zA-Z](?![a-z])"
)


def counted_from_their_step(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the names of the step before, made in step t, as names of step t."""
    found: set[str] = set()
    for f in formulas:
        for m in _GIVEN.finditer(f.latex):
            name, right = m["name"], m["right"]
            if m["more"] or not _NOW.search(right) or _OTHERWISE.search(right):
                continue
            if re.search(rf"(?<![A-Za-z\\{{]){re.escape(name)}\s*_\s*\{{?\s*(?!t\s*-\s*1)", right):
                continue  # h_{t-1} = … h_t …: a recursion
            accent = re.match(_ACCENT, name)
            if accent is not None and accent.group() in right:
                continue  # \\bar{h}_{t-1} = W^\\top \\bar{a}_t: an accent for gradients
            found.add(name)
    for name in sorted(found):
        formulas = _shifted(formulas, name)
    return list(formulas)


def _shifted(formulas: Sequence[Formula], name: str) -> list[Formula]:
    own = re.compile(
        rf"(?<![A-Za-z\\{{]){re.escape(name)}\s*_\s*(?:\{{\s*t\s*\}}|t)\s*&?\s*(?:=(?!=)|\\equiv)"
    )
    if any(own.search(f.latex) for f in formulas):
        return list(formulas)  # h_t has an equation of its own: h_{t-1} = … says something of it
    element = re.compile(
        rf"(?<![A-Za-z\\])(?P<name>{re.escape(name)}\s*_\s*)"
        r"(?:\{\s*(?P<step>[tksjT]|\\tau|[0-9]{1,3})(?:\s*(?P<by>[-+]\s*[0-9]))?\s*\}"
        r"|(?P<bare>[tksjT0-9])(?![A-Za-z]))"
    )
    said = _SAID.format(name=name)

    def new(m: re.Match[str]) -> str:
        step, by = m["step"] or m["bare"], int("".join((m["by"] or "0").split())) + 1
        if step.isdigit():
            return f"{m['name']}{{{int(step) + by}}}"
        return f"{m['name']}{{{step}{by:+d}}}" if by else f"{m['name']}{{{step}}}"

    out = []
    for f in formulas:
        found = replaced(f, element, new)
        changed = found.latex != f.latex
        out.append(replace(found, supposes=(*found.supposes, (said, name))) if changed else f)
    return out
