r"""What is said behind a formula of the steps that it is about: ``\quad 1 \le t \le T``, ``t = T``.

All steps, or a space that something lies in, say nothing that a formula does not: they go. Some of
the steps are a condition: they stay, as ``\text{ if } t = T``. Without this the relation would be
one more step of the chain.
"""

from __future__ import annotations

import re

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import Edit, edited

_BLANK = r"(?:\\[;,:! ]|~|\s)"
_WIDE = r"\\(?:q?quad(?![A-Za-z])|hspace\*?\s*\{[^{}]*\}|hfill(?![A-Za-z]))"
#: The gap before it, or words that lead to it; the comma of ``\\,`` is none.
_GAP = re.compile(
    rf"(?<!\\)(?:[,;:.]|{_BLANK}|{_WIDE}){{0,9}}(?:[,;]{_BLANK}|{_WIDE}|"
    r"\\(?:text|mathrm|mbox|textrm)\s*\{\s*,?\s*\(?(?:where|with|when|if|при|для|"
    r"for(?:~|\s|\\ )*(?:all|any|each|every)?|f[uü]r(?:\s+alle)?|pour(?:\s+tout)?|para(?:\s+todo)?)"
    rf"\s*\}}|\\forall(?![A-Za-z]))(?:{_BLANK}|{_WIDE}|\\forall(?![A-Za-z])){{0,9}}"
)
_STEP = r"(?:[a-zTNK]|\\tau)"
_NUMBER = rf"(?:{_STEP}|\d{{1,3}})(?:\s*[-+]\s*(?:\d{{1,2}}|[a-z]))?"
_SIGN = (
    r"(?:=|<|>|≤|≥|\\(?:leq?slant|geq?slant|leq?|geq?|lt|gt)(?![A-Za-z]))"
)
_DOTS = r"(?:\\(?:[lc]?dots[cb]?)(?![A-Za-z])|\.{2,3}|…)"
_RELATIONS = re.compile(rf"{_NUMBER}(?:\s*{_SIGN}\s*{_NUMBER})+")
_LISTED = re.compile(
    rf"(?P<step>{_STEP})\s*(?:=|\\in(?![A-Za-z]))\s*(?:\\\{{|\[)?\s*(?P<first>{_NUMBER})"
    rf"(?:\s*,\s*{_NUMBER})?\s*,?\s*(?:{_DOTS}\s*,?|,|:)\s*(?P<last>{_NUMBER})\s*(?:\\\}}|\])?"
)
_SPACE = re.compile(
    r"(?P<of>[A-Za-z](?:\s*[_^]\s*(?:\{[^{}]{1,12}\}|[A-Za-z0-9]))*|\\[A-Za-z]+(?:\s*\{[A-Za-z]\})?(?:_\{?[a-z]\}?)?)"
    r"\s*\\in\s*\\?(?:mathbb\s*\{\s*[RNZ]\s*\}|mathbb\s*[RNZ]|[RNZ](?![a-z])|bbR|RR)"
    r"(?:\s*[_^]\s*(?:\{(?:[^{}]|\{[^{}]*\})*\}|[A-Za-z0-9+*]))*"
)
_END = re.compile(
    rf"(?:{_BLANK}|[.,;]|{_WIDE}){{0,19}}"
    r"(?=$|\\\\|\\end(?![A-Za-z])|\\tag(?![A-Za-z])|\\label|\\(?:nonumber|notag))"
)
_DERIVED = re.compile(r"\\partial|∂|\\nabla|\\delta|\\frac\s*\{\s*\\?(?:mathrm\s*\{)?d")
_RELATED = re.compile(r"(?<![<>:])=|\\(?:approx|leq?|geq?|coloneqq|triangleq)(?![A-Za-z])")
_BELOW = re.compile(
    r"[_^]\s*(?:\{[^{}]*\}|[a-zT](?![A-Za-z])|\\tau)|\(\s*[a-z]\s*(?:[-+]\s*1\s*)?\)"
)


def with_conditions_on_steps(formula: Formula) -> Formula:
    """``formula`` with such words in the form that is read."""
    text = formula.latex
    edits: list[Edit] = []
    start = 0
    for gap in _GAP.finditer(text):
        if gap.start() < start:
            continue
        row = text[_row_start(text, gap.start()) : gap.start()]
        if not _RELATED.search(row):
            continue
        found = _behind(text, gap.end(), row)
        if found is None:
            continue
        said, end = found
        if said is None:
            edits.append((gap.start(), end, " "))
        else:
            edits += [(gap.start(), said[0], r" \text{ if } "), (said[1], end, " ")]
        start = end
    return edited(formula, edits) if edits else formula


def _row_start(text: str, end: int) -> int:
    return text.rfind(r"\\", 0, end) + 2 if r"\\" in text[:end] else 0


def _behind(text: str, pos: int, row: str) -> tuple[tuple[int, int] | None, int] | None:
    """Where the condition stands, ``None`` if it says nothing, and the end of all that is said.

    ``None`` in place of both if nothing of the kind is said from ``pos`` on.
    """
    opened = _OPENS.match(text, pos)
    inner = opened.end() if opened else pos
    for form in (_SPACE, _LISTED, _RELATIONS):
        m = form.match(text, inner)
        closed = _CLOSES.match(text, m.end()) if m and opened else m
        end = _END.match(text, closed.end()) if closed else None
        if m is None or end is None:
            continue
        if form is _SPACE:
            # In a definition it tells the sizes, which others look for.
            return (None, end.end()) if _DERIVED.search(row) else None
        if form is _LISTED:
            ends = (m["first"], m["last"])
            full = "0" in ends or "1" in ends
            # Up to k, another step, is no word about all of them.
            return (None, end.end()) if full and any(map(_LAST.fullmatch, ends)) else None
        if not _of_steps(m.group(), row):
            return None
        if _EVERY.fullmatch(m.group().strip()):
            return None, end.end()
        return (m.span(), end.end()) if _DERIVED.search(row) else None
    return None


_OPENS = re.compile(r"(?:\\left\s*)?[(\[]\s*")
_CLOSES = re.compile(r"\s*(?:\\right\s*)?[)\]]")
_LAST = re.compile(r"[TNK]|\\tau|n")


def _of_steps(said: str, row: str) -> bool:
    """Whether relations are between the steps of a row; ``i = j`` tells one unit from another."""
    letters = set(re.findall(r"\\tau|(?<![A-Za-z\\])[a-z](?![A-Za-z])", said))
    used = " ".join(_BELOW.findall(row))
    steps = {s for s in letters if re.search(rf"(?<![A-Za-z]){re.escape(s)}(?![A-Za-z])", used)}
    of_units = letters <= {"i", "j"} and re.search("[TNK]", said) is None
    return bool(steps) and letters <= steps | {"n", "m"} and not of_units


_LESS = r"(?:≤|\\(?:leq?slant|leq?)(?![A-Za-z]))"
_EVERY = re.compile(
    rf"(?:[01]\s*{_LESS}|0\s*(?:<|\\lt(?![a-z])))\s*{_STEP}(?:\s*{_LESS}\s*[TNn])?"
    rf"|{_STEP}\s*(?:(?:≥|\\(?:geq?slant|geq?)(?![A-Za-z]))\s*[01]|(?:>|\\gt(?![a-z]))\s*0)"
    rf"|{_STEP}\s*{_LESS}\s*[TN]"
)
