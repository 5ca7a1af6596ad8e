r"""Losses with a word below them: ``L_{\text{BCE}}``, ``\mathcal{L}_{total}``.

The word says which function the loss is, or that it is the whole. Where a text has one such loss
and no other with the bare letter, the letter is its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_LETTER = (
    r"\\mathcal\s*(?:\{\s*[LEJC]\s*\}|[LEJC](?![A-Za-z]))|(?<![A-Za-z\\{])[LEJC]|"
    r"\\ell(?![a-z])"
)
_WORD = r"[A-Za-z]{2,12}"
_LABELLED = re.compile(
    rf"(?P<letter>{_LETTER})\s*_\s*(?:\{{\s*(?:\\(?:text|mathrm|textrm|rm)\s*\{{?\s*(?P<a>{_WORD})\s*\}}?"
    rf"|(?P<b>[A-Z]{{2,6}}|(?![ijklmnt]+\s*\}})[a-z]{{3,12}}))\s*\}}|\\(?:text|mathrm)\s*\{{\s*(?P<c>{_WORD})\s*\}})"
    # (A function of what stands at a step: it says what the loss of the step is.)
    r"(?!\s*(?:\\left\s*)?\()"
)
_BARE = re.compile(rf"(?P<letter>{_LETTER})(?!\s*[_^A-Za-z(\[])")
#: What tells a share of a loss, or a step, and not which loss it is.
_PARTS = frozenset("reg prev next old new later future early last final step aux".split())


def _key(letter: str) -> str:
    return re.sub(r"[\s{}]", "", letter)


def unlabelled(texts: Iterable[str]) -> frozenset[str]:
    """The letters of losses that have one word below them throughout, and never stand bare."""
    words: dict[str, set[str]] = {}
    bare: set[str] = set()
    for text in texts:
        for m in _LABELLED.finditer(text):
            words.setdefault(_key(m.group("letter")), set()).add(_word(m))
        bare |= {_key(m.group("letter")) for m in _BARE.finditer(text)}
    return frozenset(
        k for k, found in words.items() if len(found) == 1 and not found & _PARTS and k not in bare
    )


def without_labels(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the losses under their letters."""
    letters = unlabelled(f.latex for f in formulas)
    if not letters:
        return list(formulas)

    def plain(m: re.Match[str]) -> str | None:
        return m.group("letter") + " " if _key(m.group("letter")) in letters else None

    return [replaced(f, _LABELLED, plain) for f in formulas]


def _word(m: re.Match[str]) -> str:
    return next(g for g in m.group("a", "b", "c") if g)
