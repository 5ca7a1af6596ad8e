r"""Indices with a prime, :math:`\sum_{t'} \partial E_{t'}/\partial W`, by letters of their own."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_PRIME = r"\s*(?:'(?!')|\^\s*(?:\\prime(?![a-z])|\{\s*\\prime\s*\}|'(?!')))"
_LETTER = r"(?P<letter>[tkijs]|\\tau(?![A-Za-z]))"
#: ``\\sum_{t' = 1}``, ``\\prod_{t' \\le t}``, ``\\sum_{k < t'}``
_RUNS = re.compile(
    rf"\\(?:sum|prod)\s*(?:\\limits\s*)?_\s*\{{\s*(?:[^{{}}]*(?:<|\\le)q?\s*)?{_LETTER}{_PRIME}"
)
#: ``\\prod_{k=1}^{t'-t}``: up to a primed step.
_UP_TO = re.compile(
    rf"\\(?:sum|prod)\s*(?:\\limits\s*)?_\s*\{{[^{{}}]*\}}\s*\^\s*\{{\s*{_LETTER}{_PRIME}"
)
#: An index with its prime, not the derivative of a function.
_PRIMED = re.compile(rf"(?<![A-Za-z\\]){_LETTER}{_PRIME}(?!\s*(?:\\left\s*)?\()")
_FREE = ("s", "r", "q", "m", "p")


def with_letters_for_primes(
    formulas: Sequence[Formula],
) -> tuple[list[Formula], dict[str, str]]:
    """``formulas`` with a letter for each primed one that a sum or a product runs over or up to."""
    found = {
        m["letter"] for f in formulas if "\\" in f.latex
        for pattern in (_RUNS, _UP_TO) for m in pattern.finditer(f.latex)
    }  # fmt: skip
    if not found:
        return list(formulas), {}
    every = " ".join(re.sub(r"\\[A-Za-z]+", " ", f.latex) for f in formulas)
    free = [x for x in _FREE if x not in every]
    letters = dict(zip(sorted(found), free, strict=False))

    def new(m: re.Match[str]) -> str | None:
        letter = letters.get(m["letter"])
        return f" {letter}" if letter else None

    return [replaced(f, _PRIMED, new) for f in formulas], {v: f"{k}'" for k, v in letters.items()}
