r"""Names for derivatives by all parameters: :math:`M_t = \partial h_t/\partial\theta`.

Notes on real-time recurrent learning carry the influence of the parameters along by a name. What
:math:`\theta` stands for is supposed formula by formula, so that its name is written out first.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import names_in
from bptt_sym.documents.respelling import edited

_FONT = r"\\(?:mathbf|boldsymbol|bm|mathcal)\s*\{\s*[A-Za-z]\s*\}"
_THETA = r"(?:\\(?:mathbf|boldsymbol|bm)\s*\{\s*\\[tT]heta\s*\}|\\[tT]heta(?![A-Za-z]))"
_STEP = r"\s*_\s*(?:\{\s*t\s*\}|t(?![A-Za-z]))"
#: ``M_t = \\frac{\\partial h_t}{\\partial \\theta}``, and nothing else.
_NAMED = re.compile(
    rf"\s*(?P<name>[A-Z]|\\Gamma|{_FONT}){_STEP}\s*(?::=|=|\\equiv|\\coloneqq)\s*"
    rf"\\[dt]?frac\s*\{{\s*(?P<d>\\partial|d|\\mathrm\s*\{{\s*d\s*\}})\s*(?P<of>[a-z]|{_FONT}){_STEP}\s*\}}"
    rf"\s*\{{\s*(?P=d)\s*(?P<by>{_THETA})\s*\}}\s*[.,;]?\s*"
)


def with_influences_written_out(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the derivative by the parameters for each name that is given to one."""
    found = [m for f in formulas if (m := _NAMED.fullmatch(f.latex))]
    count = Counter(m["name"] for m in found)
    meant = {m["name"]: m for m in found if count[m["name"]] == 1}
    if not meant:
        return list(formulas)

    def written(formula: Formula) -> Formula:
        if _NAMED.fullmatch(formula.latex) is not None:
            return formula
        edits = []
        for n in names_in(formula.latex):
            if n.base in meant and len(n.scripts) == 1 and n.scripts[0].kind == "_":
                m, step = meant[n.base], n.scripts[0].inside
                new = rf"\frac{{{m['d']} {m['of']}_{{{step}}}}}{{{m['d']} {m['by']}}}"
                edits.append((n.start, n.scripts[0].end, new))
        return edited(formula, edits)

    return [written(f) for f in formulas]
