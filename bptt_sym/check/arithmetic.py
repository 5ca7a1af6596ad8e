"""Calculations: of numbers, and of the sizes of vectors, as in a count of parameters."""

from __future__ import annotations

import re
from functools import lru_cache

_WORDS = re.compile(r"\\(?:text|mathrm|textrm|mbox)\s*\{[^{}]*\}")
#: Commands of a calculation with numbers.
_OF_ARITHMETIC = re.compile(
    r"\\(?:times|cdot|approx|simeq|le|leq|ge|geq|ll|gg|frac|dfrac|tfrac|sqrt|left|right|[bB]igg?[lr]?|"
    r"mathbf|boldsymbol|boxed|q?quad|[,;:! %])(?![A-Za-z])"
)
#: ``\mathbb{R}^{d_h \times d_x}``: the sizes of what is of this space.
_SPACE = re.compile(
    r"(?:\\(?:mathbb|Bbb|mathbf)\s*(?:\{\s*R\s*\}|R)|\\R(?![A-Za-z])|ℝ)\s*\^\s*"
    r"(?:\{(?P<sizes>(?:[^{}]|\{[^{}]*\}){1,60})\}|(?P<one>[A-Za-z]))"
)
#: A letter, and below it a word in braces or one more letter.
_SIZE = re.compile(r"[A-Za-z](?:\s*_\s*(?:\{\s*[A-Za-z]+\s*\}|[A-Za-z]))?")


def is_arithmetic(latex: str, source: str) -> bool:
    """Whether nothing but numbers, and sizes of spaces in ``source``, is related.

    ``4 (104 + 8) = 448``, and ``4 (d_h d_x + d_h^2 + d_h)`` beside ``W \\in \\mathbb{R}^{d_h
    \\times d_x}``.
    """
    text = _OF_ARITHMETIC.sub(" ", _WORDS.sub(" ", latex))
    if not re.search(r"[^\W\d]|\\", text):
        return True
    sizes = _sizes(source)
    if not sizes or "\\" in text:
        return False
    text = _SIZE.sub(lambda m: " 1 " if _tight(m.group()) in sizes else m.group(), text)
    return not re.search(r"[^\W\d]", text)


@lru_cache(maxsize=16)
def _sizes(source: str) -> frozenset[str]:
    found: set[str] = set()
    for m in _SPACE.finditer(source):
        inside = re.sub(r"\\[A-Za-z]+", " ", m["sizes"] or m["one"])
        found |= {_tight(n.group()) for n in _SIZE.finditer(inside)}
    return frozenset(found)


def _tight(name: str) -> str:
    return re.sub(r"[\s{}]", "", name)
