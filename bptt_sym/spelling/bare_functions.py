r"""A function that is differentiated without what it is of: :math:`\partial\ell/\partial x_t`.

Where every other formula that has :math:`\ell` has it of the same names, as
:math:`J = \sum_t \ell(x_t, u_t) + \phi(x_T)`, those are put in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_LETTER = r"(?:\\(?:ell|phi|varphi|Phi|psi|rho)(?![A-Za-z])|(?<![A-Za-z\\])[clqrgV](?![A-Za-z]))"
_OF = r"(?P<of>\([^()=]{1,60}\))"
_APPLIED = re.compile(rf"(?P<f>{_LETTER})\s*{_OF}")
_BARE = re.compile(
    rf"(?P<d>\\[dt]?frac\s*\{{\s*(?:\\partial|d)\s*)(?P<f>{_LETTER})"
    r"(?P<by>\s*\}\s*\{\s*(?:\\partial|d)\s*(?P<x>[A-Za-z])\s*_\s*\{?\s*"
    r"(?P<t>[A-Za-z0-9+\- ]{1,6}?)\s*\}?\s*\})"
)
#: The loss: ``J = …``.
_TOTAL = re.compile(r"\s*(?:\\mathcal\s*\{\s*[A-Z]\s*\}|[A-Z])\s*&?\s*=(?![^=]*\\partial)")


def with_what_functions_are_of(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the arguments of such functions, where they are differentiated."""
    given: dict[str, set[str]] = {}
    for formula in formulas:
        if not _TOTAL.match(formula.latex):
            continue
        for m in _APPLIED.finditer(formula.latex):
            given.setdefault(m["f"], set()).add("".join(m["of"].split()))
    meant = {f: next(iter(of)) for f, of in given.items() if len(of) == 1}
    if not meant:
        return list(formulas)

    def new(m: re.Match[str]) -> str | None:
        of = meant.get(m["f"])
        step = "".join(m["t"].split())
        if of is None or not re.search(rf"{m['x']}_\{{?{re.escape(step)}(?![0-9A-Za-z+-])", of):
            return None
        return f"{m['d']}{m['f']}{of}{m['by']}"

    return [replaced(f, _BARE, new) for f in formulas]
