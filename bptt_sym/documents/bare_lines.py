r"""Displayed LaTeX whose delimiters were lost: ``[ … ]`` on lines of their own, and bare lines.

What is copied out of a page or a chat loses backslashes and dollars: ``\[`` becomes ``[``, the
``\\`` at the end of a row one ``\``, ``\;`` a ``;``, and a pair of ``_`` a pair of ``*``. A block
in such brackets, and a line that is LaTeX and nothing else, are formulas.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

#: The environment of a formula in brackets that have lost their backslashes.
BRACKETED = "brackets"
#: Lines of one block, and characters of one bare line.
MAX_LINES = 40
MAX_LINE = 2_000

_COMMAND = re.compile(r"\\[A-Za-z]+")
_OPENS = re.compile(r"[ \t>]*\[[ \t]*$")
_CLOSES = re.compile(r"[ \t>]*\][ \t]*[.,]?[ \t]*$")
_ONE_LINE = re.compile(r"[ \t>]*\[[ \t]+(?P<body>\S.*\S)[ \t]+\][ \t]*[.,]?[ \t]*$")
_RELATION = re.compile(r"=|\\(?:approx|leq?|geq?|propto|equiv|triangleq)(?![A-Za-z])|[≈≤≥]")
#: How a bare line begins: a command, or a name with a script or before a relation.
_BEGINS = re.compile(r"\s*(?:\\[A-Za-z]+|[({\[]*[A-Za-z](?:\s*[_^]|\s*:?=))")
#: What is no word: names in text, commands with their letters, functions.
_NO_WORDS = re.compile(
    r"\\(?:text(?:rm|bf|it)?|mathrm|mathbf|mathit|mbox|operatorname\*?|begin|end|tag|label|mathcal|mathbb)"
    r"\s*\{[^{}]*\}|\\[A-Za-z]+|_\s*\{[^{}]*\}|_[A-Za-z]+"
    r"|(?<![A-Za-z])(?:tanh|sigmoid|softmax|relu|ReLU|exp|log|diag|concat|loss|Loss)(?![A-Za-z])"
)
_WORD = re.compile(
    r"[^\W\d_]{3,}|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[.?!:;，。：；]\s+\S|[$`|#]"
)
#: ``\\;+\\;`` without its strokes.
_SPACED = re.compile(r";\s*[-+=]\s*;")
_LETTERS = re.compile(r"(?<![A-Za-z])[A-Za-z]{2}(?![A-Za-z])")


def bare_regions(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and environment of each formula in ``text``, which has no other formulas left."""
    lines = [(m.start(), m.end()) for m in re.finditer(r"[^\n]+", text)]
    k = 0
    while k < len(lines):
        start, end = lines[k]
        k += 1
        if end - start > MAX_LINE:
            continue
        line = text[start:end]
        if _OPENS.match(line):
            last = _closing(text, lines, k)
            if last is not None:
                yield end, lines[last][0], BRACKETED
                k = last + 1
        elif (one := _ONE_LINE.match(line)) is not None:
            if _COMMAND.search(one["body"]) and not _prose(one["body"]):
                yield start + one.start("body"), start + one.end("body"), BRACKETED
        elif is_formula(line):
            yield start, end, ""


def _closing(text: str, lines: list[tuple[int, int]], k: int) -> int | None:
    """The line that closes a block whose content is LaTeX."""
    for j in range(k, min(k + MAX_LINES, len(lines))):
        line = text[lines[j][0] : lines[j][1]]
        if _CLOSES.match(line):
            body = text[lines[k][0] : lines[j][0]] if j > k else ""
            return j if _COMMAND.search(body) and not _prose(body) else None
        if _OPENS.match(line) or line.lstrip().startswith("#"):
            return None
    return None


def is_formula(line: str) -> bool:
    """Whether a line without delimiters is LaTeX of a formula and nothing else."""
    return (
        _BEGINS.match(line) is not None
        and _COMMAND.search(line) is not None
        and _RELATION.search(line) is not None
        and line.count("{") == line.count("}")
        and not _prose(line)
    )


def _prose(text: str) -> bool:
    """Whether words stand in it that are no names."""
    rest = _NO_WORDS.sub(" ", _SPACED.sub(" ", text))
    return _WORD.search(rest) is not None or len(_LETTERS.findall(rest)) > 2
