r"""Two steps of a run by one letter with numbers: :math:`\partial h_{t_1}/\partial h_{t_0+1}`.

Each is a step like any other, and gets a letter of its own: a later one where it stands above. A
text that counts its steps so, ``h_{t_j} = f(h_{t_{j-1}})``, or gives what it has at one of them in
terms of another, has these for its steps and is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_NUMBERED = r"(?P<%s>t|l|k|\\tau|\\ell)\s*_\s*(?:\{\s*(?P<%s>[0-9])\s*\}|(?P<%s_>[0-9]))"
_FACE = r"\\(?:mathbf|boldsymbol|bm|mathrm|vec|hat|tilde|bar|underline|overline)(?![A-Za-z])\s*"
_NAME = (
    rf"(?:{_FACE}(?:\{{(?:[^{{}}]|\{{[^{{}}]*\}})*\}}|[A-Za-z])|\\phi|(?<![A-Za-z\\])[A-Za-z])\s*"
)


def _at(letter: str, number: str) -> str:
    return _NUMBERED % (letter, number, number) + r"\s*(?:[-+]\s*[0-9]\s*)?"


#: One state differentiated by another (or the same), each at such a step.
_BETWEEN = re.compile(
    rf"\{{\s*\\partial\s*\{{?\s*{_NAME}_\s*\{{\s*{_at('a', 'm')}\}}\s*\}}?\s*\}}\s*"
    rf"\{{\s*\\partial\s*\{{?\s*{_NAME}_\s*\{{\s*{_at('b', 'n')}\}}"
)
#: ``t_j`` counts the steps.
_COUNTED = re.compile(
    r"(?<![A-Za-z\\])(?:t|l|k|\\tau|\\ell)\s*_\s*(?:[a-z](?![a-z])|\{\s*[a-z](?![a-z]))"
)
_GIVEN = re.compile(
    rf"(?:^|\\\\|&)\s*{_NAME}_\s*\{{\s*{_at('a', 'm')}\}}\s*&?\s*="
    r"(?P<right>(?:(?!\\\\).)*)",
    re.DOTALL,
)
_ANY = re.compile(r"(?<![A-Za-z])" + _NUMBERED % ("a", "m", "m") + r"(?![0-9])")
_LEFT_OPEN = re.compile(r"\\[cl]?dots|…")
#: From the latest to the earliest, as the reader takes them.
_FREE = ("n", "k", "j", "s", "q", "m")


def with_letters_for_numbered_steps(
    formulas: Sequence[Formula],
) -> tuple[list[Formula], dict[str, str]]:
    """``formulas`` with a letter for each such step, and what these stand for."""
    found = [m for f in formulas if "partial" in f.latex for m in _BETWEEN.finditer(f.latex)]
    pairs = [(_number(m, "m"), _number(m, "n")) for m in found if m["a"] == m["b"]]
    letters = {m["a"] for m in found} | {m["b"] for m in found}
    texts = [f.latex for f in formulas]
    if not pairs or len(letters) != 1 or any(map(_COUNTED.search, texts)) or any(_steps(texts)):
        return list(formulas), {}
    (letter,) = letters
    numbers = {_number(m, "m") for t in texts for m in _ANY.finditer(t) if m["a"] == letter}
    upwards = all(int(late) <= int(early) for late, early in pairs)
    ordered = sorted(numbers, reverse=not upwards)
    every = " ".join(re.sub(r"\\[A-Za-z]+", " ", t) for t in texts)
    free = [x for x in _FREE if not re.search(rf"(?<![A-Za-z]){x}(?![A-Za-z])", every)]
    if len(free) < len(ordered):
        return list(formulas), {}
    names = dict(zip(ordered, free, strict=False))

    def new(m: re.Match[str]) -> str | None:
        return f" {names[_number(m, 'm')]} " if m["a"] == letter else None

    own = {name: f"{letter}_{number}" for number, name in names.items()}
    return [replaced(f, _ANY, new) for f in formulas], own


def _number(m: re.Match[str], group: str) -> str:
    return m[group] or m[f"{group}_"]


def _steps(texts: Sequence[str]) -> Iterator[bool]:
    """Whether equations give what is at such a step from what is at another one, all written."""
    for text in texts:
        for m in _GIVEN.finditer(text):
            yield bool(_ANY.search(m["right"])) and not _LEFT_OPEN.search(m["right"])
