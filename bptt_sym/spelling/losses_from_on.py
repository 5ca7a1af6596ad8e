r"""The losses from a step on: :math:`\partial J_{\geq t}/\partial h_t`, :math:`L_{t+1:T}`.

Texts that tell what a state does to its own loss from what it does to the later ones give the sum
of these a name with a relation, or a range, for its step. Below a derivative it is written out:
:math:`\sum_{s=t}^{T} \partial J_s/\partial h_t`. A text that gives such a name by anything but that
sum, a discounted one, say, keeps it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import names_in
from bptt_sym.documents.respelling import replaced

_LOSS = r"(?P<loss>\\mathcal\s*(?:\{\s*[LJEC]\s*\}|[LJEC])|\\ell(?![A-Za-z])|(?<![A-Za-z\\])[LJEC])"
_STEP = r"[a-z](?:\s*[-+]\s*[0-9])?"
_FROM = (
    r"\s*[_^]\s*\{\s*[(\[]?\s*(?:"
    rf"(?:(?P<least>\\geq?(?:slant)?(?![A-Za-z])|≥|⩾)|>)\s*(?P<from>{_STEP})"
    rf"|(?P<range>{_STEP})\s*:\s*(?:T|\\tau|N)?)\s*[)\]]?\s*\}}"
)
_RELATION_BELOW = re.compile(r"[_^]\s*\{\s*[(\[]?\s*(?:[a-z]\s*(?:[-+]\s*[0-9]\s*)?:|\\ge|≥|⩾|>)")
_NAME = rf"{_LOSS}{_FROM}"
_BY = r"(?P<by>\{\s*\\partial(?![A-Za-z])(?:[^{}]|\{(?:[^{}]|\{[^{}]*+\})*+\})*+\})"
_DERIVATIVE = re.compile(
    rf"\\(?P<frac>[dt]?frac)\s*\{{\s*\\partial\s*\{{?\s*{_NAME}\s*\}}?\s*\}}\s*{_BY}"
)
_GRADIENT = re.compile(
    r"\\nabla\s*_\s*(?P<by>\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*+\})*+\})*+\})\s*" + _NAME
)
_GIVEN = re.compile(
    rf"{_NAME}\s*&?\s*(?::?=|\\coloneqq)\s*(?P<right>(?:\{{[^{{}}]*+\}}|[^={{}}])*+)"
)
_PLAIN_SUM = re.compile(
    r"\\sum\s*(?:\\limits\s*)?(?:[_^]\s*(?:\{[^{}]*\}|[A-Za-z])\s*){1,2}"
    r"(?:\\mathcal\s*(?:\{\s*[A-Z]\s*\}|[A-Z])|\\ell|[A-Z])\s*[_^]\s*(?:\{[^{}]*\}|[a-z])\s*[.,;]?\s*"
)


def with_sums_for_losses_from_on(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the derivatives of such sums as sums of derivatives."""
    texts = [f.latex for f in formulas if _RELATION_BELOW.search(f.latex)]
    if not any(_DERIVATIVE.search(t) or _GRADIENT.search(t) for t in texts):
        return list(formulas)
    given = [m["right"] for t in texts for m in _GIVEN.finditer(t)]
    if any("partial" not in g and not _PLAIN_SUM.fullmatch(g) for g in given):
        return list(formulas)
    used = {n.base for t in texts for n in names_in(t)}
    step = next((c for c in "srnq" if c not in used), "s")

    def written_out(m: re.Match[str]) -> str:
        first = m["range"] or m["from"]
        if m["from"] and not m["least"]:
            first = f"{first}+1"
        loss = f"{m['loss']}_{{{step}}}"
        one = (
            rf"\nabla_{m['by']} {loss}" if m.re is _GRADIENT
            else rf"\{m['frac']}{{\partial {loss}}}{m['by']}"
        )  # fmt: skip
        return rf"\left(\sum_{{{step}={first}}}^{{T}} {one}\right)"

    found = [replaced(f, _DERIVATIVE, written_out) for f in formulas]
    return [replaced(f, _GRADIENT, written_out) for f in found]
