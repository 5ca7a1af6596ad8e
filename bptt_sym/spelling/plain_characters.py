r"""Characters that are mathematics by themselves, as LaTeX writes them: ``h⁽ᵗ⁻¹⁾²``, ``Wᵧᵀ``.

A mail, a comment and a fence in no language have raised and lowered characters and Greek letters
for scripts and commands. What looks for the step of a name, or for a δ, need not know of them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import partial

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced
from bptt_sym.read.symbols import COMBINING, SUBSCRIPTS, SUPERSCRIPTS, UNICODE_NAMES

_RAISED, _LOWERED = ("".join(map(re.escape, table)) for table in (SUPERSCRIPTS, SUBSCRIPTS))
#: (A word below a bar has letters of the line where none is lowered: ``|ᵣₑcᵤᵣᵣₑₙₜ``.)
_SCRIPT = re.compile(
    rf"(?P<raised>[{_RAISED}]+)|(?<=[|∣])[{_LOWERED}]+(?:[a-z][{_LOWERED}]+)+|[{_LOWERED}]+"
)
#: A sign whose bound stands behind what is below it.
_BIG = re.compile(rf"(?:[Σ∑Π∏]|\\(?:sum|prod))\s*(?:[{_LOWERED}]*|_\{{[^{{}}]*\}}|_[a-z])\Z")
#: How far before a bound its sign is looked for.
_REACH = 24
#: ``(t)``, and what stands behind it in the same script.
_STEP = re.compile(r"\([^()]*\)")
#: ``h^{(t)}^2``: a square or a transpose behind a step in brackets.
_TWICE = re.compile(
    r"\^\s*\{\s*(?P<step>\([^(){}]{1,12}\))\s*\}\s*\^\s*"
    r"(?:\{\s*(?P<braced>2|T|\\top|\\intercal)\s*\}|(?P<bare>[2T]|\\top(?![A-Za-z])))"
)
_NOT = re.compile(r"\\not\s*=")
_SIGNS = {
    **UNICODE_NAMES,
    "∂": r"\partial", "𝜕": r"\partial", "∇": r"\nabla", "⊙": r"\odot", "⊗": r"\otimes",
    "·": r"\cdot", "⋅": r"\cdot", "×": r"\times", "∘": r"\circ", "≤": r"\le", "≥": r"\ge",
    "Σ": r"\sum", "∑": r"\sum", "∏": r"\prod", "Π": r"\prod", "⊤": r"\top",
}  # fmt: skip
_SIGN = re.compile("[" + "".join(_SIGNS) + "]")
#: ``ŷ``, in one character or with the accent behind the letter.
_ACCENTED = re.compile(rf"[A-Za-z][{''.join(COMBINING)}]|[\u00c0-\u017f\u1e00-\u1eff]")
#: Words set as such keep their characters.
_WORDS = re.compile(r"\\(?:text[a-z]*|mbox|tag|label|operatorname)\*?\s*\{[^{}]*+\}")


def with_commands_for_characters(formula: Formula) -> Formula:
    """``formula`` with commands and scripts for such characters, where no words are set."""
    if not formula.latex.isascii():
        for pattern, new in ((_SCRIPT, _script), (_ACCENTED, _accented), (_SIGN, _sign)):
            words = [m.span() for m in _WORDS.finditer(formula.latex)]
            formula = replaced(formula, pattern, partial(_outside, words, new))
    formula = replaced(formula, _NOT, lambda m: r"\neq ")
    return replaced(formula, _TWICE, lambda m: f"^{{{m['step']}{m['braced'] or m['bare']}}}")


def _outside(
    words: list[tuple[int, int]],
    new: Callable[[re.Match[str]], str | None],
    m: re.Match[str],
) -> str | None:
    return None if any(a <= m.start() < b for a, b in words) else new(m)


def _script(m: re.Match[str]) -> str:
    if m["raised"] is None:
        return f"_{{{''.join(SUBSCRIPTS.get(c, c) for c in m.group())}}}"
    plain = "".join(map(SUPERSCRIPTS.__getitem__, m.group()))
    step = _STEP.match(plain)
    head, tail = (step.group(), plain[step.end() :]) if step else ("", plain)
    if tail == "T" and not _BIG.search(m.string, max(0, m.start() - _REACH), m.start()):
        tail = r"\top"
    return f"^{{{head}{tail}}}"


def _accented(m: re.Match[str]) -> str | None:
    decomposed = unicodedata.normalize("NFD", m.group())
    if len(decomposed) != 2 or not decomposed[0].isascii() or decomposed[1] not in COMBINING:
        return None
    return f"{COMBINING[decomposed[1]]}{{{decomposed[0]}}}"


def _sign(m: re.Match[str]) -> str:
    behind = m.string[m.end() : m.end() + 1]
    return _SIGNS[m.group()] + (" " if behind.isalpha() else "")
