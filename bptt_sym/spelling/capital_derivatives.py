r"""Derivatives with a capital D, :math:`\frac{D h_t}{D h_{t-1}}`: total ones, with d.

In a text in which D is nothing else: a letter that stands anywhere but before both of a fraction's
names may be a matrix.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_D = r"(?:D|\\mathrm\s*\{\s*D\s*\})\s*"
_OF = r"(?=[A-Za-z\\])(?!\\(?:cdot|times|odot)(?![A-Za-z]))(?:[^{}]|\{(?:[^{}]|\{[^{}]*+\})*+\})++"
_FRACTION = re.compile(
    rf"(?P<sign>\\[dt]?frac)\s*\{{\s*{_D}(?P<of>{_OF})\}}\s*\{{\s*{_D}(?P<by>{_OF})\}}"
)
_ANY = re.compile(r"(?<![A-Za-z\\])D(?![A-Za-z])")


def with_small_derivatives(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with d for the D of a derivative, if that is all that D is."""
    if not any(_FRACTION.search(f.latex) for f in formulas):
        return list(formulas)
    if any(_ANY.search(_FRACTION.sub(r"\g<of> \g<by>", f.latex)) for f in formulas):
        return list(formulas)
    return [
        replaced(f, _FRACTION, lambda m: rf"{m['sign']}{{d {m['of']}}}{{d {m['by']}}}")
        for f in formulas
    ]
