r"""The two cases of a quantity: :math:`\rho < 1` in one place, :math:`\rho > 1` in another.

A text that compares the same thing with the same number in both directions says when one case
holds and when the other, and claims neither of every run. What follows from a condition is claimed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from bptt_sym.check.suppositions import supposition
from bptt_sym.definitions.outline import Row
from bptt_sym.documents.document import Formula

_LESS = r"<|\\(?:lt|ll)(?![A-Za-z])"
_MORE = r">|\\(?:gt|gg)(?![A-Za-z])"
_COMPARED = re.compile(
    rf"(?P<left>[^<>=]{{2,200}})(?:(?P<less>{_LESS})|(?P<more>{_MORE}))\s*(?P<number>[0-9.]+)\s*[.,;]?\s*"
)
_SPACE = re.compile(r"\s|&|\\[,;:! ]|\\(?:left|right|[bB]igg?[lrm]?)(?![A-Za-z])")


def _case(latex: str) -> tuple[str, bool] | None:
    """What ``latex`` compares with what, and whether it is less."""
    m = _COMPARED.fullmatch(latex)
    if m is None or re.search(r"\\(?:implies|Rightarrow|leq?|geq?|to)(?![A-Za-z])", m["left"]):
        return None
    return _SPACE.sub("", m["left"]) + "|" + m["number"], m["less"] is not None


def compared_both_ways(texts: Iterable[str]) -> frozenset[str]:
    """What the text compares with one number in both directions."""
    found = {case for text in texts if (case := _case(text)) is not None}
    return frozenset(what for what, less in found if less and (what, False) in found)


def is_one_of_two_cases(row: Row, formula: Formula, both: frozenset[str]) -> bool:
    """Whether ``row`` is a case beside its opposite, and no consequence."""
    if not both or (case := _case(row.latex)) is None or case[0] not in both:
        return False
    found = supposition(formula)
    return found is None or found.itself
