r"""A number of steps with a name of its own: :math:`W^\ell`, where :math:`\ell = i - j`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_GIVEN = re.compile(
    r"\s*(?P<name>\\ell|\\tau|\\Delta|[dklmnpqr])\s*:?=\s*"
    r"(?P<late>[ijktT])\s*-\s*(?P<early>[ijkst])\s*[.,;]?\s*"
)
_EXPONENT = r"\^\s*(?:\{{\s*{name}\s*\}}|{name}(?![A-Za-z]))"


def with_lengths(formulas: Sequence[Formula]) -> list[Formula]:
    """The formulas with such a name, above a factor, as the difference that it is."""
    out = list(formulas)
    for k, formula in enumerate(formulas):
        m = _GIVEN.fullmatch(formula.latex)
        if m is None or m["name"] in (m["late"], m["early"]):
            continue
        above = re.compile(_EXPONENT.format(name=re.escape(m["name"])))
        steps = f"^{{{m['late']}-{m['early']}}}"
        for j, f in enumerate(out):
            if j != k and f.section == formula.section:
                out[j] = replaced(f, above, lambda _: steps)  # noqa: B023
    return out
