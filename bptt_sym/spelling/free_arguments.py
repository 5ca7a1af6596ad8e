r"""What is said of a function at any argument: :math:`1 - \tanh^2(x) = 4/(e^x + e^{-x})^2`.

Where a formula differentiates nothing and holds no name but one letter, without a step, as the
argument of functions that are known, that letter stands for any number. It is no input then,
although :math:`x_t` is one elsewhere, and gets a letter that nothing else has.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import names_in
from bptt_sym.documents.respelling import edited

_KNOWN = r"(?:\\(?:tanh|sigma|exp|cosh|sinh)(?![A-Za-z])|(?<![A-Za-z\\])(?:tanh|sigmoid|e\s*\^))"
_FUNCTION = re.compile(_KNOWN)
_DIFFERENTIATES = re.compile(r"\\partial|\\nabla|\\prime|'|(?<![A-Za-z])d(?![A-Za-z])")
_STEP = re.compile(r"\(?\s*t(?![A-Za-z])")
_GIVES_SIGMA = re.compile(
    r"\s*(?:\\(?:sigma|text\s*\{\s*sigmoid\s*\}|mathrm\s*\{\s*sigmoid\s*\})|sigmoid)\s*"
    r"\(\s*[a-z]\s*\)\s*&?\s*:?="
)
#: Letters for any number.
_ANY = (r"\xi", r"\zeta", r"\chi")


def with_free_arguments(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with a letter of their own for such arguments."""
    about = [_argument(f) for f in formulas]
    if not any(about):
        return list(formulas)
    every = [n for f in formulas for n in names_in(f.latex)]
    runs = {n.base for n in every if any(_STEP.match(s.inside) for s in n.scripts)}
    used = {n.base for n in every}
    free = next((letter for letter in _ANY if letter not in used), "")
    return [
        edited(f, [(n.start, n.end, free + " ") for n in names_in(f.latex) if n.base == letter])
        if free and letter in runs else f
        for f, letter in zip(formulas, about, strict=True)
    ]  # fmt: skip


def _argument(formula: Formula) -> str:
    """The one letter that ``formula`` says something of functions of."""
    text = formula.latex
    if _GIVES_SIGMA.match(text):
        return ""  # it says which function σ is
    if "=" not in text or not _FUNCTION.search(text) or _DIFFERENTIATES.search(text):
        return ""
    names = names_in(_FUNCTION.sub(lambda m: " " * len(m.group()), text))
    bases = {n.base for n in names}
    bare = all(s.kind == "^" and s.inside.isdigit() for n in names for s in n.scripts)
    letter = bases.pop() if len(bases) == 1 and bare else ""
    return letter if re.fullmatch("[a-z]", letter) else ""
