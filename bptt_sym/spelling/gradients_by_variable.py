r"""Gradients called by a mark and their variable: ``\delta^{h_t}``, ``\mathrm{grad}_{h_t}``.

A text that says once that the mark with a value of a step in its script is the derivative of the
loss by that value means so wherever it stands.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_LETTER = (
    r"(?:\\(?:mathbf|boldsymbol|bm|hat|tilde|bar|vec)\s*\{\s*\\?[A-Za-z]+\s*\}|\\(?:alpha|sigma|zeta|mathrm\{net\})"
    r"|[A-Za-z])"
)
_VALUE = (
    rf"(?:{_LETTER}\s*(?:[_^]\s*(?:\{{[^{{}}]*\}}|[A-Za-z0-9])){{1,2}}"
    rf"|{_LETTER}\s*\(\s*[a-zT]\s*(?:[-+]\s*[0-9]\s*)?\))"
)
_MARK = (
    r"(?:\\(?:delta|Delta|epsilon|varepsilon|eta|lambda|gamma|xi|nabla)(?![A-Za-z])"
    r"|\\(?:mathrm|text|mathbf|boldsymbol|bm|operatorname|mathcal)\s*\{\s*\\?[A-Za-z]+\s*\}"
    r"|(?<![A-Za-z\\])[A-Za-z])"
)
_MARKED = re.compile(
    rf"(?P<mark>{_MARK})\s*(?P<kind>[_^])\s*\{{\s*(?P<of>{_VALUE})\s*\}}(?!\s*[_^])"
)
_SAYS = re.compile(
    r"\s*(?:&\s*)?(?:=|:=|\\equiv|\\coloneqq|\\triangleq|\\doteq|\\stackrel\s*\{[^{}]*\}\s*\{\s*=\s*\})"
    r"\s*(?:&\s*)?\\[dt]?frac\s*\{\s*(?:\\partial|d|\\mathrm\s*\{\s*d\s*\})"
    r"\s*(?P<loss>(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}"
    r"\s*\{\s*(?:\\partial|d|\\mathrm\s*\{\s*d\s*\})\s*(?P<by>(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}"
    # (One summand of several, or a factor, says nothing of the sort.)
    r"(?=\s*(?:$|[.,;:]|\\\\|\\q?quad(?![A-Za-z])|\\end(?![A-Za-z])|\\text|&?\s*=))"
)
#: A loss of the whole run: what has a step is another thing beside another variable.
_LOSS = re.compile(
    r"\s*(?:[LEJC]|\\(?:mathcal|mathscr)\s*\{\s*[LEJC]\s*\}|\\ell"
    r"|(?:\\(?:mathrm|text|operatorname)\s*\{\s*)?(?:[Ll]oss|[Cc]ost)\s*\}?)"
    r"(?:\s*[_^]\s*\{\s*\\?(?:text|mathrm)?\s*\{?\s*[a-zA-Z]{2,10}\s*\}?\s*\})?\s*"
)
_DELTA = r"\delta"
#: Names of sums that no mark is read with.
_GREEK = re.compile(r"\\(?:alpha|sigma|zeta|mathrm)(?![A-Za-z])")


def with_deltas_for_marks(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with :math:`\\delta_{h_t}`, or the derivative, for such marks."""
    told: dict[tuple[str, str], str] = {}
    for f in formulas:
        for m in _MARKED.finditer(f.latex):
            says = _SAYS.match(f.latex, m.end())
            if says is None or not _LOSS.fullmatch(says["loss"]):
                continue
            if _bare(says["by"]) == _bare(m["of"]):
                told[_bare(m["mark"]), m["kind"]] = says["loss"]
    if len(told) != 1:
        return list(formulas)
    (((mark, kind), loss),) = told.items()
    usual = (mark, kind) == (_DELTA, "_")

    def new(m: re.Match[str]) -> str | None:
        if (_bare(m["mark"]), m["kind"]) != (mark, kind):
            return None
        if usual and not _GREEK.match(m["of"]):
            return None
        if mark == _DELTA and not usual:
            return rf"{_DELTA}_{{{m['of']}}}"
        if _SAYS.match(m.string, m.end()):
            return None
        return rf"\frac{{\partial {loss}}}{{\partial {m['of']}}}"

    return [replaced(f, _MARKED, new) for f in formulas]


def _bare(text: str) -> str:
    return re.sub(r"[\s{}]", "", text)
