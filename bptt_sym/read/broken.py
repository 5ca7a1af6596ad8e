r"""What is broken in a formula whatever it says: :math:`\frac{a` has no second argument.

A formula that relates nothing claims nothing, and is not read further. One of which a brace was
left out may have lost its relation with it, and no renderer shows it: that has to be said.
"""

from __future__ import annotations

import re

from bptt_sym.errors import ReadError, Span

_TOKEN = re.compile(r"\\(?:[A-Za-z]+|.|\Z)|[{}^_&]|[^\s{}^_&\\]", re.DOTALL)
#: Commands whose argument is text: what stands in it is not looked at, but for its braces.
_WORDS = re.compile(r"\\(?:text[a-z]*|mbox|hbox|label|tag|ref|eqref|cite[pt]?|href|url|verb)\Z")
_ARGUMENTS = {r"\frac": 2, r"\dfrac": 2, r"\tfrac": 2, r"\binom": 2, r"\sqrt": 1}
#: What is no argument.
_NONE = frozenset(("}", "&", "^", "_", "\\\\", r"\right", r"\end", r"\over"))
_TOO_FEW = {1: "an argument", 2: "two arguments"}


def broken(latex: str) -> ReadError | None:
    r"""The first brace, ``\left``, fraction or script of ``latex`` that is not complete.

    >>> broken(r"\frac{\partial L}{\partial W").message
    'a brace that is not closed'
    >>> broken(r"\frac{\partial L}{\partial W}") is None
    True
    """
    tokens = list(_TOKEN.finditer(latex))
    opened: list[re.Match[str]] = []
    ends: dict[int, int] = {}  # the place behind each group, by that of its brace
    index = {m.start(): k for k, m in enumerate(tokens)}
    for k, m in enumerate(tokens):
        sign = m.group()
        if sign == "}" and (not opened or opened[-1].group() != "{"):
            if opened:
                return _error(opened[-1], r"\left is not closed", r"write \right")
            return _error(m, "a brace that is not opened", "write { before it")
        if sign == r"\right" and (not opened or opened[-1].group() != r"\left"):
            if opened:
                return _error(opened[-1], "a brace that is not closed", "write }")
            return _error(m, r"\right without \left", r"write \left before it")
        if sign in ("{", r"\left"):
            opened.append(m)
        elif sign in ("}", r"\right"):
            ends[index[opened.pop().start()]] = k + 1
    if opened:
        if opened[-1].group() == "{":
            return _error(opened[-1], "a brace that is not closed", "write }")
        return _error(opened[-1], r"\left is not closed", r"write \right")
    return _incomplete(tokens, ends)


def _incomplete(tokens: list[re.Match[str]], ends: dict[int, int]) -> ReadError | None:
    k = 0
    while k < len(tokens):
        sign = tokens[k].group()
        if _WORDS.match(sign) and k + 1 in ends:
            k = ends[k + 1]
            continue
        if sign in "^_" and not _argument(tokens, k + 1):
            return _error(tokens[k], f"nothing stands behind {sign}", "write what it is")
        at, wanted = k + 1, _ARGUMENTS.get(sign, 0)
        if sign == r"\sqrt" and at < len(tokens) and tokens[at].group() == "[":
            wanted = 0  # a root of another degree
        for _ in range(wanted):
            if not _argument(tokens, at):
                return _error(tokens[k], f"{sign} needs {_TOO_FEW[wanted]}", "write it whole")
            at = ends.get(at, at + 1)
        k += 1
    return None


def _argument(tokens: list[re.Match[str]], k: int) -> bool:
    return k < len(tokens) and tokens[k].group() not in _NONE


def _error(at: re.Match[str], message: str, hint: str) -> ReadError:
    return ReadError(message, span=Span(at.start(), at.end()), token=at.group(), hint=hint)
