r"""Facts that texts about gradients cite: what comes later, norms of matrices, small differences.

:math:`\partial h_t/\partial x_k = 0` for :math:`k > t`, since no step depends on a later one;
what holds of any matrices (:mod:`bptt_sym.check.any_matrices`); and the quotient of differences by
which a gradient is checked (:mod:`bptt_sym.check.difference_quotients`).
"""

from __future__ import annotations

import re

from bptt_sym.check.any_matrices import of_any_matrices
from bptt_sym.check.difference_quotients import of_differences
from bptt_sym.check.equivalent_norms import of_norms
from bptt_sym.check.listed_gradients import of_listed_entries
from bptt_sym.check.matrix_identities import is_of_matrices, of_matrices
from bptt_sym.check.models import Models
from bptt_sym.check.powers_in_the_limit import of_powers
from bptt_sym.check.powers_of_parts import of_a_power
from bptt_sym.check.slopes import bounds_a_slope, of_an_activation
from bptt_sym.check.softmax import by_its_entries, of_a_loss, of_a_softmax
from bptt_sym.decide.verdict import Verdict
from bptt_sym.definitions.outline import Row
from bptt_sym.definitions.powers_of_parts import raises_parts
from bptt_sym.documents.document import Formula
from bptt_sym.read.vocabulary import plain_name

_NAME = r"(?:\\[A-Za-z]+\s*\{\s*\\?[A-Za-z]+\s*\}|\\[A-Za-z]+|[A-Za-z])"
_AT = r"\s*(?:_\s*\{?\s*%s\s*\}?|\^\s*\{\s*\(\s*%s\s*\)\s*\})"
_FIRST, _SECOND = (_AT % (f"(?P<{k}>[a-z])", f"(?P<{k}1>[a-z])") for k in "ab")
_VANISHES = re.compile(
    rf"\s*\\[dt]?frac\s*\{{\s*\\partial\s*\{{?\s*(?P<of>{_NAME}){_FIRST}\s*\}}?\s*\}}\s*"
    rf"\{{\s*\\partial\s*\{{?\s*(?P<by>{_NAME}){_SECOND}\s*\}}?\s*\}}\s*&?\s*=\s*&?\s*"
    r"(?:0|\\(?:mathbf|boldsymbol|bm)\s*\{\s*0\s*\})(?![0-9.])"
)
_GREATER, _LESS = r"(?:>|\\gt(?![A-Za-z]))", r"(?:<|\\lt(?![A-Za-z]))"
#: What may stand between a claim and its condition.
_SPACE = re.compile(r"\\(?:left|right|[bB]igg?[lr]?)(?![A-Za-z])|\\[,;:! ]|~|\s|&")
_OF_FIRST = "a step depends on no later one"


def of_a_fact(row: Row, formula: Formula, models: Models) -> Verdict | None:
    """The verdict of ``row`` if it needs no recurrence: one of these facts, the slope of an
    activation, the derivative of a softmax or of a loss; ``None`` for every other row.
    """
    # (As it is written: L(w) stands for L elsewhere.)
    written = (formula.origin or formula).latex
    softmax = models.context.wording.softmax
    found = of_an_activation(row.latex, formula.written) or of_a_softmax(row.latex, softmax)
    if found is None and r"\\" not in written:
        found = of_a_softmax(written, softmax)  # with the case that was taken from it
    found = found or of_a_loss(row.latex, softmax) or by_its_entries(row.latex)
    found = found or of_norms(row.latex, formula) or of_powers(row, formula)
    found = found or of_a_power(row, formula) or of_listed_entries(row.latex)
    found = found or of_matrices(row, formula, models)
    found = found or _later(row, formula, models) or of_any_matrices(row, formula, models)
    found = found or of_differences(row.latex) or of_differences(written)
    return found or of_listed_entries(written)


def needs_no_model(latex: str) -> bool:
    """Whether a row says something of a function alone, and so defines nothing of a run."""
    known = of_an_activation(latex) is not None or of_differences(latex) is not None
    known |= bounds_a_slope(latex) or raises_parts(latex)
    return known or is_of_matrices(latex) or by_its_entries(latex) is not None


def _later(row: Row, formula: Formula, models: Models) -> Verdict | None:
    found = _VANISHES.match(row.latex)
    if found is None or models.current is None or formula.open:
        return None
    a, b = (found[k] or found[f"{k}1"] for k in "ab")
    said = _SPACE.sub("", (formula.origin or formula).latex)
    later = rf"{b}{_GREATER}{a}(?![A-Za-z0-9+-])|{a}{_LESS}{b}(?![A-Za-z0-9-])"
    if a == b or not re.search(later, said):
        return None
    rec = models.current.court.model
    of, by = plain_name(found["of"]), plain_name(found["by"])
    forward = of in rec.defined and of not in models.context.ahead
    if not forward or by not in (*rec.defined, *rec.inputs):
        return None
    return Verdict("right", scope="every T", method=_OF_FIRST, note="")
