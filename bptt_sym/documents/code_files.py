r"""Source code that shows formulas: the texts of an application, a question bank, a docstring.

.. code-block:: python

    st.latex(r"\frac{\partial h_t}{\partial h_{t-1}} = \operatorname{diag}(1 - h_t^2) W")
    TEXT = "The gradient is $\\frac{\\partial L}{\\partial W}$."

A string that is a formula as a whole is one, however it is put to use. A string that doubles its
backslashes shows one for each pair. Everything keeps its place: a blank stands for what went.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bptt_sym.documents.fences import Region
from bptt_sym.documents.masking import Masked
from bptt_sym.documents.regions import blanked

#: Commands that tell LaTeX from other uses of backslashes.
_KNOWN = (
    r"(?:[dt]?frac|partial|sum|prod|nabla|delta|sigma|alpha|theta|tanh|text|math[a-z]{2,4}|hat|tilde|"
    r"bar|odot|otimes|cdots?|times|left|right|begin|end|top|operatorname|boldsymbol|bm|leq?|geq?|"
    r"approx|quad|to|infty|ldots|in|log|exp|sqrt|lVert|Vert|label|circ|phi|lambda|gamma|eta|epsilon)"
)
_ONCE = re.compile(rf"(?<!\\)(?:\\\\)*\\{_KNOWN}(?![A-Za-z])")
_TWICE = re.compile(rf"(?<!\\)(?:\\\\\\\\)*\\\\{_KNOWN}(?![A-Za-z])")
_BACKSLASHES = re.compile(r"\\+")
#: What opens a string: three quotes before one, and none that is an apostrophe.
_OPENS = re.compile(
    r"(?<![\w\\])(?:(?P<raw>[rR][bBfF]?|[bBfF][rR]|String\.raw\s{0,3})|[bBfFuU])?"
    r"(?P<mark>" + "|".join(('"' * 3, "'" * 3, '"', "'", "`")) + ")"
)
#: What closes it. One quote does so within its line only.
_CLOSES = {
    mark: re.compile(rf"(?:[^\\{mark[0]}{line}]|\\.|{mark[0]}(?!{mark[1:]}))*+{mark}", re.DOTALL)
    if len(mark) == 3
    else re.compile(rf"(?:[^\\{mark}{line}]|\\.)*+{mark}", re.DOTALL)
    for mark, line in (('"' * 3, ""), ("'" * 3, ""), ('"', r"\n"), ("'", r"\n"), ("`", ""))
}
_RELATION = re.compile(r"=|\\(?:leq?|geq?|approx|propto|to|rightarrow)(?![A-Za-z])|<|>")
_DELIMITER = re.compile(r"\$|\\[()\[\]]|\\begin\s*\{(?:equation|align|gather|multline|eqnarray)")
_WORDS = re.compile(r"(?<![A-Za-z\\{])[A-Za-z]{3,}\s+[A-Za-z]{2,}(?![A-Za-z({])")
_OF_TEXT = re.compile(r"\\(?:text|mathrm|textrm|mbox|operatorname|textbf)\s*\{[^{}]*\}")
#: A longer string is no formula.
MAX_STRING = 4_000


def mask_code(text: str) -> Masked:
    """``text`` with one backslash for two where strings double them, and strings that are formulas.

    What stands around the strings is left to be read as a text is: that of a page may be there.
    """
    pieces: list[str] = []
    math: list[Region] = []
    for start, end, raw, inside in _pieces(text):
        piece = text[start:end]
        if not raw:
            piece = _halved(piece)
        if inside and _is_formula(piece):
            math.append(Region(start, end, display=True))
        pieces.append(piece)
    return Masked("".join(pieces), (), tuple(math))


def mask_python(text: str) -> Masked:
    """The same of a program in Python, of which only strings and comments are text."""
    shown: list[str] = []
    last = 0
    for start, end, _, inside in _pieces(text):
        if inside:
            shown += [_comments(text[last:start]), text[start:end]]
            last = end
    masked = mask_code(text)
    kept = "".join([*shown, _comments(text[last:])])
    # (A blank stands for what is blank in either.)
    both = "".join(a if b != " " else b for a, b in zip(masked.text, kept, strict=True))
    return Masked(both, (), masked.math)


def _comments(code: str) -> str:
    return re.sub(r"[^\n]*", _comment, code)


def _comment(line: re.Match[str]) -> str:
    before, sign, after = line.group().partition("#")
    return blanked(before + sign) + after


def _pieces(text: str) -> Iterator[tuple[int, int, bool, bool]]:
    """The text in pieces: whether each is raw, and whether it is the inside of a string."""
    last = pos = 0
    open_ended: set[str] = set()  # (One that nothing closes is looked for to the end once.)
    while opened := _OPENS.search(text, pos):
        mark, start = opened["mark"], opened.end()
        pos = start
        closed = None if mark in open_ended else _CLOSES[mark].match(text, start)
        if closed is None and len(mark) < 3:
            open_ended |= {mark} - {"'", '"'}
            continue
        # (Three quotes that nothing closes open what goes on to the end of an excerpt.)
        pos = len(text) if closed is None else closed.end()
        end = pos if closed is None else pos - len(mark)
        yield last, start, False, False
        yield start, end, opened["raw"] is not None, True
        last = end
    yield last, len(text), False, False


def _halved(piece: str) -> str:
    """``piece`` with half of its backslashes, if it doubles those of its commands."""
    if _TWICE.search(piece) is None or _ONCE.search(piece) is not None:
        return piece

    def half(m: re.Match[str]) -> str:
        pairs, odd = divmod(len(m.group()), 2)
        after = piece[m.end() : m.end() + 1]
        kept = " " * pairs + "\\" * pairs
        if not odd:
            return kept
        return kept + (" " if after in "\"'`\n" else "\\")

    return _BACKSLASHES.sub(half, piece)


def _is_formula(inside: str) -> bool:
    if not inside.strip() or len(inside) > MAX_STRING or _DELIMITER.search(inside):
        return False
    if _ONCE.search(inside) is None or _RELATION.search(inside) is None:
        return False
    return _WORDS.search(_OF_TEXT.sub(" ", inside)) is None


__all__ = ["mask_code"]
