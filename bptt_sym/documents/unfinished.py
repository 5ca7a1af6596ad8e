"""Sums whose rest is not written, and those among them that say how they go on."""

from __future__ import annotations

import re

#: A sum whose rest is not written: ``f_t + \\cdots``, ``f_t + (\\text{further terms})``.
_REST = re.compile(
    r"\+\s*(?:\\(?:[cl]?dots|ldots|dotsb?)|\.\.\.|…|\(?\s*\\text\s*\{[^{}]*\}[^=]{0,80}\)?)"
    r"\s*(?:\\right)?[)\]]?\s*[.,]?\s*$"
)
#: A derivative, of what and by what.
_FRACTION = re.compile(
    r"\\[dt]?frac\s*\{\s*(?:\\partial|d)(?P<of>(?:[^{}]|\{[^{}]*\})*)\}\s*"
    r"\{\s*(?:\\partial|d)(?P<by>(?:[^{}]|\{[^{}]*\})*)\}"
)


def leaves_the_rest(latex: str) -> bool:
    """Whether the last sum of a formula goes on with what is not written."""
    if "+" not in latex or (rest := _REST.search(latex)) is None or r"\prod" in latex:
        return False
    return not _goes_on(latex[: rest.start()])


def _goes_on(latex: str) -> bool:
    """Whether the last two terms say how a chain of derivatives goes on to the first step."""
    chains: list[list[str]] = []
    last = ""
    for m in _FRACTION.finditer(latex, latex.rfind("=") + 1):
        of, by = ("".join(re.findall(r"[^\s{}+^]", m[k])) for k in ("of", "by"))
        if of != last or not chains:
            chains.append([])
        chains[-1].append(last := by)
    if len(chains) < 2:
        return False
    before, here = chains[-2:]
    return len(here) == len(before) + 1 and here[-1] == before[-1]
