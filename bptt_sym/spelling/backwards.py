r"""States that run from the last step to the first: :math:`\overleftarrow h_t`.

.. math::

    \overleftarrow h_t = \tanh(W x_t + U \overleftarrow h_{t+1}), \qquad
    \frac{\partial L}{\partial \overleftarrow h_t} = … + U^\top \overleftarrow\delta_{t-1}

So do the networks of Schuster and Paliwal (1997) that read in both directions. Counted from the
end, such a state is one like any other. A formula in which all that runs is of that direction, or
an input, has its steps after and before exchanged.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced
from bptt_sym.messages import marked

BOTH = marked("it is about what runs backwards, and about more than its neighbouring steps")
SAID = "the steps of what runs backwards are counted from the last one"

_LEFT = r"\\overleftarrow\s*(?:\{\s*(?:\\[A-Za-z]+\s*)?\{?\s*[A-Za-z]*\s*\}?\s*\}|[A-Za-z])"
_SCRIPT = r"\s*(?:\^\s*(?:\{[^{}]*\}|[A-Za-z])\s*)?_\s*"
#: A state that is computed from the step after.
_RECURS = re.compile(
    rf"^\s*(?P<name>{_LEFT}){_SCRIPT}(?:\{{\s*t\s*\}}|t)\s*&?\s*=[^=]*{_LEFT}{_SCRIPT}\{{\s*t\s*\+\s*1\s*\}}"
)
_NEXT = re.compile(r"(?P<before>_\s*\{\s*[a-z]\s*)(?P<sign>[-+])(?=\s*1\s*\})")
#: What runs in another direction, or as a whole, and ranges that have one.
_OTHER = re.compile(
    r"\\overrightarrow|\\vec(?![A-Za-z])|\\prod|\\[lc]?dots|_\s*(?:\{\s*[T0-9]\s*(?:[-+]\s*1)?\s*\}|[T0-9])"
)
_BARE = re.compile(
    r"(?<![A-Za-z\\{])\{?(?P<name>[A-Za-z])\}?\s*_\s*(?:\{\s*[tjk]\s*(?:[-+]\s*1\s*)?\}|[tjk](?![A-Za-z]))"
)
_DERIVES = re.compile(r"\\partial|\\delta|∂|\\nabla")
_INPUTS = frozenset("xue")


def counted_from_the_end(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the steps of states that run backwards counted from the end."""
    if not any(_RECURS.search(f.latex) for f in formulas):
        return list(formulas)
    return [f if re.search(_LEFT, f.latex) is None else _reversed(f) for f in formulas]


def _is_of_that_direction(text: str) -> bool:
    if _OTHER.search(text):
        return False
    rest = re.sub(_LEFT, "|", text)
    return {m["name"] for m in _BARE.finditer(rest)} <= _INPUTS


def _reversed(formula: Formula) -> Formula:
    if not _is_of_that_direction(formula.latex):
        return replace(formula, open=BOTH) if _DERIVES.search(formula.latex) else formula
    new = replaced(formula, _NEXT, lambda m: m["before"] + ("-" if m["sign"] == "+" else "+"))
    return replace(new, supposes=(*new.supposes, (SAID, r"\overleftarrow")))
