r"""Numbers of steps with a name of their own.

:math:`W^\ell`, where :math:`\ell = i - j`; ``\sum_{t=1}^{sl}``, which runs to the last step.
"""

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


_WORD = (
    r"(?:\\(?:text|mathrm|textit|mathit)\s*\{\s*[a-z]{2,10}\s*\}|"
    r"(?<![A-Za-z\\])[a-z]{2,6}(?![A-Za-z]))"
)
_FROM = r"_\s*\{\s*[a-z]\s*=\s*[^{}]{1,6}\}"
_SIGN = r"\\(?:sum|prod)\s*(?:\\limits\s*)?"
_TO = re.compile(
    rf"{_SIGN}(?:\^\s*\{{\s*(?P<a>{_WORD})\s*\}}\s*{_FROM}"
    rf"|{_FROM}\s*\^\s*\{{\s*(?P<b>{_WORD})\s*\}})"
)
#: T at the end of a sum, or below a name.
_HAS_T = re.compile(rf"_\s*(?:\{{\s*T\b|T(?![A-Za-z]))|{_SIGN}(?:{_FROM}\s*)?\^\s*\{{?\s*T")


def with_a_letter_for_the_length(
    formulas: Sequence[Formula],
) -> tuple[list[Formula], dict[str, str]]:
    """``formulas`` with T for the one word that ends their sums, and that word."""
    ends = {m["a"] or m["b"] for f in formulas if "=" in f.latex for m in _TO.finditer(f.latex)}
    if len(ends) != 1 or any(_HAS_T.search(f.latex) for f in formulas):
        return list(formulas), {}
    (word,) = ends
    bare = rf"(?<![A-Za-z\\]){word}(?![A-Za-z])"
    every = re.compile(re.escape(word) if word.startswith("\\") else bare)
    return [replaced(f, every, lambda m: "T") for f in formulas], {"T": word}
