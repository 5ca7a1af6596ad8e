r"""Marks of gradients with a name above, a unit below and a step behind: :math:`\delta^a_i(t)`.

A text that says once that such a mark is a derivative, as :math:`\partial E(t)/\partial a_i(t)`,
has the others for the derivatives of the same loss by the names above them. Where a mark
stands at the step after that of the loss, :math:`\delta^b_j(t+1)` beside :math:`E(t)`, the loss is
that of the run: that of step t depends on nothing later, and such a term would be 0. So it is in a
text that sums the losses of the steps and has no mark at an earlier step by another letter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_LETTER = r"[A-Za-z](?![A-Za-z])"
_U = r"[ijklmnpqrs]"


def _name(k: int) -> str:
    return rf"\s*\^\s*(?:\{{\s*\(?\s*(?P<of{k}>{_LETTER})\s*\)?\s*\}}|(?P<of{k}_>{_LETTER}))"


def _unit(k: int) -> str:
    return rf"\s*_\s*(?:\{{\s*(?P<u{k}>{_U})\s*\}}|(?P<u{k}_>{_U})(?![A-Za-z]))"


_STEP = r"\s*[(\[]\s*(?P<s>(?:[tTk]|\\tau)(?:\s*[-+]\s*[0-9])?)\s*[)\]]"
_MARK = re.compile(rf"\\delta(?:{_name(1)}{_unit(1)}|{_unit(2)}{_name(2)}){_STEP}")
#: What says what a mark is: the loss, what it is differentiated by, the unit and the step of that.
_TOLD = re.compile(
    rf"{_MARK.pattern}[\s&]*=[\s&]*\\[dt]?frac\s*\{{\s*\\partial\s*"
    r"(?P<loss>\\mathcal\s*\{\s*[A-Z]\s*\}|[CEJL])\s*(?:[(\[]\s*(?P<at>[tT])\s*[)\]])?\s*\}\s*"
    rf"\{{\s*\\partial\s*(?P<by>{_LETTER})\s*_\s*\{{?\s*(?P<unit>{_U})\s*\}}?\s*"
    r"[(\[]\s*(?P<step>[tTk]|\\tau)\s*[)\]]\s*\}"
)


def with_derivatives_for_unit_marks(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with such marks written out."""
    texts = [f.latex for f in formulas if r"\delta" in f.latex]
    told = next((m for text in texts for m in _TOLD.finditer(text) if _is_told(m)), None)
    if told is None:
        return list(formulas)
    every = [m for text in texts for m in _MARK.finditer(text)]
    runs = {_of(m) for m in every if _runs(_of(m), formulas)}
    steps = {re.sub(r"\s", "", m["s"]) for m in every}
    at = told["at"]
    of_the_run = any(s.startswith(f"{at}+") for s in steps) or (
        _is_summed(told["loss"], formulas) and {re.split(r"[-+]", s)[0] for s in steps} == {at}
    )
    loss = told["loss"] + (f"({at})" if at and not of_the_run else "")

    def written(m: re.Match[str]) -> str | None:
        if _of(m) not in runs:
            return None
        return rf"\frac{{\partial {loss}}}{{\partial {_of(m)}_{{{_at_unit(m)}}}({m['s']})}}"

    return [replaced(f, _MARK, written) for f in formulas]


def _is_summed(loss: str, formulas: Sequence[Formula]) -> bool:
    """Whether an equation gives the loss of the run as a sum over steps."""
    total = re.compile(rf"(?<![A-Za-z\\]){re.escape(loss)}\s*&?\s*=[\s&]*\\sum")
    return any(total.search(f.latex) for f in formulas)


def _is_told(m: re.Match[str]) -> bool:
    same = m["by"] == _of(m) and m["unit"] == _at_unit(m)
    return same and m["step"] == m["s"] and m["at"] in (None, m["s"])


def _of(m: re.Match[str]) -> str:
    return m["of1"] or m["of1_"] or m["of2"] or m["of2_"]


def _at_unit(m: re.Match[str]) -> str:
    return m["u1"] or m["u1_"] or m["u2"] or m["u2_"]


def _runs(name: str, formulas: Sequence[Formula]) -> bool:
    """Whether the text has the name with a unit and a step."""
    unit = re.compile(rf"(?<![A-Za-z\\^]){name}\s*_\s*\{{?\s*{_U}\s*\}}?\s*[(\[]")
    return any(unit.search(f.latex) for f in formulas)
