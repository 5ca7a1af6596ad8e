r"""Words for the number of steps: ``\sum_{t=1}^{sl}`` runs to the last step."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

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
