r"""Parts of a gradient by number: :math:`\text{Path}_1 = …`, :math:`\sum_k \text{Path}_k`.

A word with a number below it, which has an equation and no step anywhere, is a name of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_WORD = r"\\(?:text|mathrm|textrm|operatorname)\s*\{\s*(?P<word>[A-Za-z]{3,12})\s*\}\s*_\s*"
_NUMBERED = re.compile(rf"{_WORD}(?:\{{\s*(?P<a>[1-9])\s*\}}|(?P<b>[1-9]))")
_GIVEN = re.compile(rf"^\s*{_NUMBERED.pattern}\s*&?\s*=(?!=)")
#: The word with anything else below it.
_OTHER = re.compile(
    rf"{_WORD}(?:\{{\s*(?![0-9]\s*\}}|[k-ni-j]\s*\}})|(?![0-9{{k-ni-j]))"
)
_SUM = re.compile(
    r"\\sum\s*(?:\\limits\s*)?_\s*\{\s*(?P<k>[ijklmn])\s*=\s*(?P<first>[1-9])\s*\}\s*\^\s*"
    rf"(?:\{{\s*(?P<last>[1-9])\s*\}}|(?P<end>[1-9]))\s*{_WORD}(?:\{{\s*(?P<l>[a-z])\s*\}}|(?P<m>[a-z]))"
)


def with_names_for_numbers(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with a name of its own for each numbered word, and their sums written out."""
    given = {m["word"] for f in formulas if (m := _GIVEN.match(f.latex))}
    given -= {m["word"] for f in formulas for m in _OTHER.finditer(f.latex)}
    if not given:
        return list(formulas)

    def summed(m: re.Match[str]) -> str | None:
        first, last = int(m["first"]), int(m["last"] or m["end"])
        if m["word"] not in given or (m["l"] or m["m"]) != m["k"] or last < first:
            return None
        return "(" + " + ".join(_name(m["word"], k) for k in range(first, last + 1)) + ")"

    def named(m: re.Match[str]) -> str | None:
        return _name(m["word"], int(m["a"] or m["b"])) if m["word"] in given else None

    return [replaced(replaced(f, _SUM, summed), _NUMBERED, named) for f in formulas]


def _name(word: str, number: int) -> str:
    return rf"\mathrm{{{word}{'abcdefghi'[number - 1]}}}"
