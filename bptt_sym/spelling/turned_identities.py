"""What says that a function is the identity, ``x = g(x)``, as ``g(x) = x``.

It gives nothing that runs, though x does elsewhere.
"""

from __future__ import annotations

import re

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_TURNED = re.compile(
    r"\A(?P<before>\s*)(?P<x>[a-z])\s*=\s*(?P<of>(?:\\(?:sigma|phi|varphi)|[fg])\s*"
    r"(?:\\left\s*)?\(\s*(?P=x)\s*(?:\\right\s*)?\))(?P<after>\s*[.,;]?\s*)\Z"
)


def with_the_function_first(formula: Formula) -> Formula:
    """``formula`` with the function on the left, if that is all it says."""
    if len(formula.latex) > 40:
        return formula
    return replaced(
        formula, _TURNED, lambda m: f"{m['before']}{m['of']} = {m['x']}{m['after']}"
    )
