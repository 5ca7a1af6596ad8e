r"""The letter of a state that names a function as well: :math:`h^t = o^t\, h(c^t)`.

Where a letter that runs in time stands without its step before parentheses and nowhere else, what
stands there is a function of its own; it gets a letter that the text has not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import Name, names_in
from bptt_sym.documents.respelling import Edit, edited

_LETTERS = frozenset("hs")
_FREE = (r"\psi", r"\varphi", r"\chi")
_STEP = re.compile(r"\(?\s*t\s*(?:[-+]\s*1\s*)?\)?")
#: What stands behind a function: its argument, which is something at a step and no step.
_APPLIED = re.compile(
    r"\s*(?:'|\^\s*(?:\\prime|\{\s*\\prime\s*\}))?\s*(?:\\left\s*)?\((?!\s*(?:t|T|[0-9]|k)\s*(?:[-+]\s*[0-9a-z]\s*)?\))"
    r"\s*(?:\\(?:tilde|hat|bar)\s*\{\s*[a-zA-Z]\s*\}|[a-zA-Z])\s*[_^]"
)


def with_letters_for_functions(formulas: Sequence[Formula]) -> list[Formula]:
    r"""``formulas`` with :math:`\psi(c_t)` for :math:`h(c_t)` beside the state :math:`h_t`."""
    every = "\n".join(f.latex for f in formulas)
    free = [name for name in _FREE if name not in every]
    out = list(formulas)
    for letter in sorted(_LETTERS):
        if not free or not re.search(rf"(?<![A-Za-z\\]){letter}\s*'?\s*\(", every):
            continue
        found = [list(_standing(f.latex, letter)) for f in formulas]
        runs = any(_runs(n) for names in found for n in names)
        applied = [
            n.scripts or _APPLIED.match(f.latex, n.end) is not None
            for f, names in zip(formulas, found, strict=True) for n in names
        ]  # fmt: skip
        if runs and all(applied):
            new = free.pop(0)
            out = [edited(f, list(_renamed(f.latex, letter, new))) for f in out]
    return out


def _standing(text: str, letter: str) -> Iterator[Name]:
    """The names of that letter that stand in no script."""
    names = names_in(text)
    scripts = [(s.start, s.end) for n in names for s in n.scripts]
    for name in names:
        if name.base == letter and not any(a <= name.start < b for a, b in scripts):
            yield name


def _runs(name: Name) -> bool:
    return any(_STEP.fullmatch(s.inside) for s in name.scripts)


def _renamed(text: str, letter: str, new: str) -> Iterator[Edit]:
    for name in _standing(text, letter):
        if not _runs(name) and _APPLIED.match(text, name.end):
            yield name.start, name.end, new
