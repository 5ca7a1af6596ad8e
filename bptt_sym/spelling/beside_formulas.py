r"""What stands in a display beside its formulas: headings of rows, updates, "and so on".

A row ``\boldsymbol{forget:} & \\`` is a heading; ``\quad W \pm \alpha \, \partial J/\partial W``
behind an equation says how it is used, and ``\quad \cdots \text{(likewise)}`` that there is more.
"""

from __future__ import annotations

import re

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced
from bptt_sym.read.symbols import NAMES

_SPACE = r"(?:\\[,;:! ]\s*|\s|&)*+"
#: A heading between the beginning of a row and its end.
_HEADING = re.compile(
    r"(?P<before>\\\\|\\begin\s*\{[a-z]+\*?\}(?:\s*\{\s*[0-9lcr|]+\s*\})?)"
    rf"{_SPACE}\\(?:text(?:bf|it|rm)?|mbox|mathrm|mathbf|boldsymbol|bm)\s*"
    r"\{[^{}=_^\\$]{2,40}[:：]\s*\}"
    rf"{_SPACE}\\\\"
)
#: ``Optimizer: SGD \\\\``: a row of words that says what the next ones are about.
_ABOUT = re.compile(
    r"(?P<before>\A|\\\\)\s*[A-Za-z]{4,20}\s*[:：]\s*[A-Za-z][A-Za-z ]{1,30}\\\\(?!\s*[-+=])"
)
_GAP = r",?\s*(?:\\q?quad(?![A-Za-z])|\\mspace\s*\{[^{}]*\}|\\hspace\s*\{[^{}]*\})"
#: ``W \pm \alpha …``, related to nothing.
_UPDATE = re.compile(
    rf"(?<==)(?P<kept>[^=]*?){_GAP}(?P<update>[^=<>&]*?\\(?:pm|mp)(?![A-Za-z])[^=<>&]*)$"
)
_AND_SO_ON = re.compile(
    rf"{_GAP}\s*(?:\\[cl]?dots|…)\s*(?:\\[,;:! ]\s*)*"
    r"(?:\\(?:text|mbox|textrm)\s*\{[^{}]*\}\s*)?[.,]?\s*$"
)
#: ``\quad \partial h_t/\partial h_{t-1} = \mathrm{diag}(1 - z_t) + \cdots``: the rest is open.
_OPEN_SUM = re.compile(
    rf"(?<=.){_GAP}(?:(?!\\q?quad)[^=])+=(?:(?!\\q?quad|\\\\)[^=])*"
    r"[+\-]\s*(?:\\[cl]?dots(?![A-Za-z])|…)\s*[.,]?\s*$",
    re.DOTALL,
)
#: ``\quad (\text{need } s_t, x_t)``: a remark in brackets at the end of a row, about names.
_REMARK = re.compile(
    rf"{_GAP}\s*\(\s*\\(?:text|mbox|textrm|textit)\s*\{{[^{{}}$]*[a-z]{{3}}[^{{}}$]*\}}[^()=<>&]*\)"
    r"(?=\s*(?:\\\\|\\end|[.,;]?\s*$))"
)
#: ``\\qquad \\text{BPTT}`` at the end of a row: what the formula is called.
_CALLED = re.compile(
    rf"(?<=[A-Za-z0-9)\]}}])\s*{_GAP}\s*\\(?:text|mbox|textrm|textbf|textit|mathrm)\s*"
    r"\{\s*(?!(?i:wrong|false|incorrect|not|no|if|when|where|and|or)\b)[A-Z][A-Za-z]{2,9}\s*\}"
    r"(?=\s*[.,;]?\s*(?:\\\\|\\end(?![A-Za-z])|$))"
)
#: A row ``& \\odot \\text{ is the elementwise product}``, which says what a sign is.
_ABOUT_A_SIGN = re.compile(
    r"\\\\\s*+&?\s*+\\(?:bullet|odot|circ|otimes|ast|star|cdot|times)\s*+(?:\\[,;:! ]\s*+)*+"
    r"\\(?:text|mathrm|textrm|mbox)\s*\{[^{}]*\}\s*(?=\\\\|\\end(?![A-Za-z]))"
)
#: ``\\ (2)`` and ``, (2.3)`` at the end of a row: the number of the equation.
_NUMBER = re.compile(
    r"(?:(?<![\\0-9])(?:\\ |~)|(?<!\\),)(?:\\[,;:! ]|~|\s)*+"
    r"\(\s*\d{1,2}(?:[.-]\d{1,2})?[a-z]?'{0,2}\s*\)"
    r"(?=\s*[.,;]?\s*(?:\\\\|\\end(?![A-Za-z])|\}?\s*$))"
)
#: ``\\quad (\\bigstar)`` at the end of a row: a mark to come back to.
_MARK = re.compile(
    r"(?:\\q?quad(?![A-Za-z])|\\[,;:! ]|~)\s*+"
    r"\(\s*(?P<mark>\\[A-Za-z]+|\*{1,3}|[†‡★☆♠♣♥♦•])\s*\)"
    r"(?=\s*+[.,;]?\s*+(?:\\\\|\\end(?![A-Za-z])|\}?\s*+$))"
)
#: A row of nothing but dots between two others. (In a matrix it stands for rows.)
_DOTTED = re.compile(
    r"\\\\(?:\s*\[[^\[\]]{1,8}\])?[\s&]*+\\[vcld]?dots(?![A-Za-z])[\s&]*+(?=\\\\)"
)
#: ``W &: 128 \\times 50 = 6.4K``: of what size something is.
_SIZE = re.compile(
    r"(?P<row>^|\\\\|\\begin\s*\{[a-z]+\*?\})[\s&]*+(?:\\(?:text|mathrm)\s*\{[^{}]{1,40}\}"
    r"|[A-Za-z](?:_(?:\{[A-Za-z]{1,4}\}|[A-Za-z0-9]))?)[\s&]*+:(?!=)\s*"
    r"(?=[^\\&:=]{1,20}\\times(?![A-Za-z]))[^&]*?(?=\\\\|\\end(?![A-Za-z])|$)"
)
#: Where a proof ends.
_DONE = re.compile(
    r"(?:\\(?:blacksquare|square|Box|qed(?:symbol|here)?)(?![A-Za-z])|[∎■□])"
    r"(?=\s*+[.,;]?\s*+(?:\\\\|\\end(?![A-Za-z])|\}?\s*+$))"
)

_WORD_FOR = (
    r"(?:\\(?:text|mbox|textrm|mathrm)\s*\{\s*for(?: all| each| every)?\s*\}|\\forall(?![A-Za-z]))?"
)
_DOTS = r"(?:\\[cl]?dots(?![A-Za-z])|…|\.\.\.)"
_UNITS = r"[a-su-z](?:\s*,\s*[a-su-z]){0,2}"
_UP = r"[A-SU-Zdmn](?:\s*_\s*(?:\{\s*[A-Za-z]{1,4}\s*\}|[A-Za-z]))?+(?![A-Za-z0-9_^])"
#: ``\quad (i = 1, 2, \dots, C)``, ``\text{ for } i, j = 1, \ldots, n``: over which entries.
_OVER_ENTRIES = re.compile(
    rf"(?:{_GAP}|,)(?:\\[,;:! ]|~|\s|\\q?quad(?![A-Za-z]))*+(?P<open>\(\s*)?{_WORD_FOR}\s*"
    rf"(?:{_UNITS}\s*=\s*1\s*,(?:\s*2\s*,)?\s*{_DOTS}\s*,\s*{_UP}"
    rf"|{_UNITS}\s*\\in\s*(?:\\\{{|\[)\s*1\s*,(?:\s*2\s*,)?\s*(?:{_DOTS}\s*,\s*)?{_UP}\s*(?:\\\}}|\])"
    rf"|1\s*(?:\\leq?|≤)\s*{_UNITS}\s*(?:\\leq?|≤)\s*{_UP})\s*"
    r"(?(open)\))(?=\s*[.,;]?\s*(?:\\\\|\\end(?![A-Za-z])|$))"
)


def without_ranges_of_entries(formula: Formula) -> Formula:
    """``formula`` without the entries that it is said to hold for, which are all there are."""
    return replaced(formula, _OVER_ENTRIES, lambda m: "") if "1" in formula.latex else formula


#: ``\\\\ \\text{so } d_t &= …``: a word before the equation of a row of its own. (Behind "where"
#: stands what a name means there.)
_GOES_ON = re.compile(
    r"(?P<before>\\\\(?:\s*\[[^\[\]]{0,9}\])?[\s&]*)\\(?:text|mathrm|mbox)\s*\{\s*"
    r"(?:and|so|so that|thus|hence|then|therefore|also)\s*,?\s*\}"
    r"(?=[^&=]{1,60}&\s*=)"
)


def without_what_stands_beside(formula: Formula) -> Formula:
    """``formula`` without headings, numbers, remarks, rows about a sign, updates, last dots."""
    text = formula.latex
    if "\\\\" in text:
        if "dots" in text and "matrix" not in text and "array" not in text:
            formula = replaced(formula, _DOTTED, lambda m: "")
        if ":" in text and r"\times" in text:
            formula = replaced(formula, _SIZE, lambda m: m["row"])
        formula = replaced(formula, _ABOUT, lambda m: m["before"] + " ")
        formula = replaced(formula, _HEADING, lambda m: m["before"] + " ")
        if formula.latex != text:  # the end of one heading may be the beginning of the next
            formula = replaced(formula, _HEADING, lambda m: m["before"] + " ")
    if r"\pm" in text or r"\mp" in text:
        formula = replaced(formula, _UPDATE, lambda m: m["kept"])
    if r"\text" in text or "mbox" in text:
        formula = replaced(formula, _GOES_ON, lambda m: m["before"] + " ")
        formula = replaced(formula, _REMARK, lambda m: "")
        formula = replaced(formula, _CALLED, lambda m: "")
        formula = replaced(formula, _ABOUT_A_SIGN, lambda m: "")
    if ")" in text and "=" in text:
        formula = replaced(formula, _NUMBER, lambda m: "")
        formula = replaced(formula, _MARK, _without_a_mark)
    formula = replaced(formula, _DONE, lambda m: "")
    if "dots" in text or "…" in text:
        formula = replaced(formula, _OPEN_SUM, lambda m: "")
    return replaced(formula, _AND_SO_ON, lambda m: "") if "=" in text else formula


def _without_a_mark(m: re.Match[str]) -> str | None:
    return None if m["mark"] in NAMES else ""
