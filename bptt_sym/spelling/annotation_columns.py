r"""A column of remarks to the right of the equations: ``a &= b & (z_t = V s_t) \\``.

The third column of an aligned row has what the step rests on: an equation, in brackets or without,
or words. Read on, it would be a factor of the right side. What says when a row holds (``if``,
``for``) stays where it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import Edit, edited

_TOKEN = re.compile(
    r"\\begin\s*\{(?P<begin>[a-zA-Z]+\*?)\}|\\end\s*\{(?P<end>[a-zA-Z]+\*?)\}|\\(?P<row>\\)|\\."
    r"|(?P<open>\{)|(?P<close>\})|(?P<cell>&)",
    re.DOTALL,
)
_ALIGNED = frozenset(
    f"{name}{star}" for name in ("align", "aligned", "split", "alignat", "alignedat", "eqnarray")
    for star in ("", "*")
)  # fmt: skip
_RELATION = re.compile(
    r"(?:\\[,;:! ]|\s|\{\})*(?:[=<>≤≥≈]|"
    r"\\(?:leq?|geq?|approx|equiv|propto|sim|simeq|neq|to)(?![A-Za-z]))"
)
_ONLY_RELATION = re.compile(_RELATION.pattern + r"(?:\\[,;:! ]|\s|\{\})*\Z")
_WORDS = re.compile(r"\\(?:text[a-z]*|mbox|mathrm|rm)\s*\{(?P<in>[^{}]*)\}")
#: Words that say when the row holds, or that it goes on: they are no remark.
_CONDITION = re.compile(
    r"\s*[,(]?\s*(?:if|for|when|where|with|otherwise|else|falls|für|wenn|si|pour|sonst|and|и|если|при"
    r"|当|若|如果|其中|otro)(?![A-Za-z])",
    re.IGNORECASE,
)
_BRACKETED = re.compile(
    r"\s*(?:\\left\s*)?\((?P<in>.*?)(?:\\right\s*)?\)\s*(?P<end>[.,;]?)\s*", re.DOTALL
)
_CLOSE = re.compile(r"\\end\s*\{[a-zA-Z]+\*?\}\s*\Z")
_HAS_RELATION = re.compile(r"=|<|>|\\(?:leq?|geq?|approx)(?![A-Za-z])|≤|≥|≈")


def with_remarks_apart(formula: Formula) -> Formula:
    """``formula`` without such remarks; equations among them are rows of their own at its end."""
    text = formula.latex
    if text.count("&") < 2:
        return formula
    edits, moved = list[Edit](), list[str]()
    for row in _rows(text):
        remark = _remark(text, row)
        if remark is not None:
            edits.append((row[2][0] - 1, row[2][1], " "))
            moved += [remark] if remark and remark not in moved else []
    if moved:
        close = _CLOSE.search(text)
        end = close.start() if close else len(text.rstrip())
        edits.append((end, end, "".join(rf" \\ {equation}" for equation in moved)))
    return edited(formula, edits)


def _rows(text: str) -> Iterator[list[tuple[int, int]]]:
    """The cells of each row of an aligned display, as spans."""
    depth, inner, start = 0, 0, 0
    row: list[tuple[int, int]] = []
    for m in _TOKEN.finditer(text):
        if m["open"]:
            depth += 1
        elif m["close"]:
            depth -= 1
        elif m["begin"]:
            if m["begin"] in _ALIGNED and not depth and not inner:
                row, start = [], m.end()
            else:
                inner += 1
        elif m["end"]:
            if inner:
                inner -= 1
            elif not depth:
                yield [*row, (start, m.start())]
                row, start = [], m.end()
        elif depth or inner:
            continue
        elif m["cell"]:
            row.append((start, m.start()))
            start = m.end()
        elif m["row"]:
            yield [*row, (start, m.start())]
            row, start = [], m.end()
    if row:
        yield [*row, (start, len(text))]


def _remark(text: str, row: list[tuple[int, int]]) -> str | None:
    """The equation that is the remark of ``row``, "" for words, ``None`` if it has none."""
    if len(row) != 3:
        return None
    middle, remark = (text[a:b] for a, b in row[1:])
    if not _RELATION.match(middle) or _ONLY_RELATION.match(middle) or _RELATION.match(remark):
        return None
    words = _WORDS.search(remark)
    if words is not None and (_CONDITION.match(words["in"]) or _CONDITION.match(remark)):
        return None
    if words is not None and len(words["in"].strip()) > 2:
        return ""
    bracketed = _BRACKETED.fullmatch(remark)
    inside = bracketed["in"] if bracketed is not None else remark
    return inside.strip() if _HAS_RELATION.search(inside) else None
