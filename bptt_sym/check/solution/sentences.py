"""What the words around a formula of a solution say of it: that it is supposed, or goes on."""

from __future__ import annotations

import re

from bptt_sym.documents.document import Formula

#: Characters before a formula that are looked at.
_NEAR = 90
_SUPPOSED = re.compile(
    r"(?:\b(?:if|when|whenever|suppose|supposing|assume|assuming|provided|unless|as long as)\b|"
    r"(?<![א-ת])(?:אם|נניח|כאשר|בהנחה)(?![א-ת])|(?:^|[\s\u200c])(?:اگر|فرض|وقتی)(?=\s))"
    r"[^.;:؛。$]{0,60}$",
    re.IGNORECASE,
)
#: ``(b)``, ``c.`` before a formula.
_LABEL = re.compile(
    r"(?:\A|[\s.,;$>])[*_]{0,2}\(?[a-hA-H1-9]\s*[).:][*_]{0,2}\s*(?:\$|\\[(\[]|\s)*\Z"
)
#: Words that say no more than that the chain goes on.
_GOES_ON = frozenset(
    "and so thus hence then therefore which that this is it in turn again finally also at most "
    "least equal equals implies gives we get have obtain now consequently i e further furthermore "
    "to becomes simplifies וזה זה לכן ולכן שהוא שזה אז ואז כלומר ומכאן "
    "و پس که بنابراین یعنی لذا".split()
)


def is_supposed(formula: Formula) -> bool:
    """Whether a sentence only supposes what it says: "If $|w| < 1$", "Suppose $h_t > 0$"."""
    if formula.display:
        return False
    start = formula.offsets[0]
    before = formula.source.text[max(0, start - _NEAR) : start].rstrip("$\\( \n")
    return _SUPPOSED.search(before) is not None


def is_labelled(formula: Formula) -> bool:
    """Whether the label of a part of the question stands directly before the formula."""
    start = formula.offsets[0]
    return _LABEL.search(formula.source.text[max(0, start - 24) : start]) is not None


def is_loose(before: Formula, after: Formula) -> bool:
    r"""Whether ``after``, which begins with a relation, may be about the words before it.

    ``… \le |w|`` because each factor is ``\le 1``: of what 1 is the bound, the words say.
    """
    if after.display:
        return False
    gap = after.source.text[before.offsets[-1] : after.offsets[0]]
    return any(word.lower() not in _GOES_ON for word in re.findall(r"[^\W\d_]+", gap))


__all__ = ["is_labelled", "is_loose", "is_supposed"]
