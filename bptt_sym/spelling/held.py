r"""Derivatives with what is held fixed below a bar: :math:`\partial h_t/\partial W |_{h_{t-1}}`.

Of a derivative by a parameter, ``|_{\text{direct}}`` and ``|_{h_{t-1}\text{ fixed}}`` say that it
is the immediate one. A function with the step below it, ``f_t(s_{t-1}, \theta)``, is one function.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_GROUP = r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}"
_WORDS = (
    r"(?:direct|immediate|explicit|explicitly|local|imm|dir|partial|fixed|const|const\.|held|"
    r"直接|直接的|局部|顯式|显式|직접|прямая|directa?|directe)"
)
_STATE = (
    r"(?:\\[a-z]+\s*\{\s*[a-z]\s*\}|[a-z])\s*[_^]\s*\{\s*\(?\s*[tkTij]\s*-\s*1\s*\)?\s*\}"
)
_LABEL = (
    rf"(?:\\(?:text|mathrm|textrm|textnormal)\s*\{{[^{{}}]{{0,12}}?{_WORDS}[^{{}}]{{0,24}}\}}|{_WORDS}"
    rf"|{_STATE}(?:\s*(?:=\s*)?\\(?:text|mathrm)\s*\{{[^{{}}]{{1,24}}\}}|\s*=\s*const\.?)?"
    rf"|\\(?:text|mathrm)\s*\{{[^{{}}$]{{1,12}}\}}\s*\$?{_STATE}\$?)"
)
#: The derivative of a state by a parameter, a bar, and what is held fixed.
_HELD = re.compile(
    r"(?P<left>\\left\s*\.\s*)?"
    r"\\(?P<frac>[dt]?frac)\s*\{\s*(?:\\partial|\\mathrm\{d\}|d)(?![A-Za-z^])\s*(?P<of>(?:[^{}]|\{[^{}]*\})+)\}"
    r"\s*\{\s*(?:\\partial|\\mathrm\{d\}|d)(?![A-Za-z^])\s*(?P<by>(?:[^{}]|\{[^{}]*\})+)\}\s*"
    r"(?:\\(?:right|[bB]igg?[rm]?|middle)\s*)?(?:\||\\vert(?![a-z])|\\rvert)\s*_\s*"
    rf"\{{\s*{_LABEL}\s*\}}"
)
#: ``\\frac{\\partial h_t^+}{\\partial W}``: the mark behind the name.
_PLUS = re.compile(
    r"\\(?P<frac>[dt]?frac)\s*\{\s*(?:\\partial|d)(?![A-Za-z^])\s*(?P<of>(?:[^{}^+]|\{[^{}^+]*\})+?)"
    r"\s*\^\s*(?:\{\s*\+\s*\}|\+)\s*(?P<script>_\s*(?:\{[^{}]*\}|[A-Za-z]))?\s*\}(?=\s*\{)"
)
_LOSS = re.compile(r"\s*(?:\\mathcal|\\ell|\\text|\\mathrm|[LEJC](?![a-z])|[lL]oss)")
_PARAMETER = re.compile(
    r"\s*\{?\s*(?:\\(?:mathbf|boldsymbol|bm)\s*\{?\s*)?(?:[A-Z](?!\s*\}?\s*_\s*\{?\s*t)|b(?![a-z])|"
    r"\\[Tt]heta|\\phi|\\psi|w(?![a-z]))"
)
#: ``f_t(s_{t-1}, \theta, u_t)``
_STEPPED = re.compile(
    r"(?<![A-Za-z\\])(?P<f>[fgFG])\s*_\s*(?:\{\s*t\s*\}|t(?![A-Za-z]))(?=\s*\([^()]*,)"
)
_ONE_FUNCTION = "{f} is the same function at every step"


def held_fixed(formula: Formula) -> Formula:
    """``formula`` with such derivatives under the mark that is read as immediate."""

    def new(m: re.Match[str]) -> str | None:
        if _LOSS.match(m.group("of")) or not _PARAMETER.match(m.group("by")):
            return None
        of, by = m.group("of"), m.group("by")
        return rf"\{m.group('frac')}{{\partial^+ {of}}}{{\partial {by}}}"

    formula = replaced(formula, _PLUS, _before)
    return replaced(formula, _HELD, new)


def _before(m: re.Match[str]) -> str:
    return rf"\{m.group('frac')}{{\partial^+ {m.group('of')}{m.group('script') or ''}}}"


_MARKED = (
    r"\\(?:bar|overline|hat|widehat|tilde|widetilde)\s*"
    r"(?:\{\s*\\partial\s*\}|\\partial(?![A-Za-z]))"
)
_ABOVE = re.compile(rf"(?P<head>\\[dt]?frac\s*\{{\s*){_MARKED}")
_BELOW = re.compile(_MARKED)
_PLAIN = re.compile(r"\\partial(?![A-Za-z])")


def with_marked_partials(formulas: Sequence[Formula]) -> list[Formula]:
    r"""``formulas`` with :math:`\partial^+` for ``\bar{\partial}``, beside the sign without a mark.

    Who has two signs for derivatives marks the one that holds the earlier states fixed.
    """
    plain = any(_PLAIN.search(_BELOW.sub("", f.latex)) for f in formulas)
    if not plain or not any(_ABOVE.search(f.latex) for f in formulas):
        return list(formulas)
    found = (replaced(f, _ABOVE, lambda m: rf"{m['head']}\partial^+ ") for f in formulas)
    return [replaced(f, _BELOW, lambda m: r"\partial ") for f in found]


def with_one_function(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with functions that carry their step as one function each."""
    every = "\n".join(f.latex for f in formulas)
    letters = {m.group("f") for m in _STEPPED.finditer(every)}
    letters = {f for f in letters if not re.search(_given(f), every)}
    if not letters:
        return list(formulas)
    stepped = re.compile(
        rf"(?<![A-Za-z\\])(?P<f>[{''.join(letters)}])\s*_\s*(?:\{{\s*t\s*\}}|t(?![A-Za-z]))"
    )
    out = []
    for formula in formulas:
        new = replaced(formula, stepped, lambda m: m.group("f"))
        said = tuple((_ONE_FUNCTION.format(f=f), "") for f in letters)
        out.append(
            new if new.latex == formula.latex else replace(new, supposes=(*new.supposes, *said))
        )
    return out


def _given(f: str) -> str:
    """A gate with the letter: it is defined, or multiplies entry by entry."""
    step = r"\s*_\s*(?:\{\s*t\s*\}|t)\s*"
    return rf"(?<![A-Za-z\\]){f}{step}(?:&?\s*=|\\odot|\\circ|\*)|(?:\\odot|\\circ|\*)\s*{f}{step}"
