r"""A cell that is :math:`C_t` in the equations and :math:`c_t` in the gradients.

The two are one where the text gives :math:`C_t` from :math:`C_{t-1}`, gives no :math:`c_t`, has
them in no formula together, and has the small one in no equation but that of the state.
Both are small then; so is the candidate, under one accent. A candidate that is given in one case,
:math:`\widetilde{\mathbf{C}}_t`, and meant in the other, under that accent, has the one given.
A weight that is capital in the equations is so below the bar of a derivative.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import Name, names_in
from bptt_sym.documents.respelling import edited, replaced

_ACCENT = r"\\(?:wide)?(?:hat|tilde|bar)"
_FONT = r"\\(?:mathbf|boldsymbol|bm|mathrm)"
_STEP = (
    r"(?=\s*(?:_|\^)\s*(?:[tTk](?![A-Za-z])|"
    r"\{\s*\(?\s*[tTks]\s*'?\s*(?:[-+]\s*[a-z0-9]\s*)?\)?\s*\}|\(\s*t\s*\)))"
)
_START = r"(?:(?<![A-Za-z\\])|(?<=[^A-Za-z\\]d)|(?<=^d))"


def _name(letter: str) -> str:
    return (
        rf"(?:(?P<accent>{_ACCENT})\s*(?:\{{\s*{letter}\s*\}}|(?<=[\s}}]){letter})|"
        rf"{_START}{letter}(?![A-Za-z])){_STEP}"
    )


_SMALL, _LARGE = re.compile(_name("c")), re.compile(_name("C"))
_BEGINS = r"(?:^|\\\\|\\begin\s*\{[a-z]+\*?\}|\\q?quad|[,\n])[\s&]*"
_SCRIPT = r"\s*(?:_|\^)\s*(?:\{[^{}]*\}|t)\s*&?\s*(?::?=|\\equiv|\\leftarrow|\\triangleq)"
_GIVES_SMALL = re.compile(rf"{_BEGINS}{_name('c').replace(_STEP, '')}{_SCRIPT}")
_GIVES_LARGE = re.compile(
    rf"{_BEGINS}{_name('C').replace('(?P<accent>', '(?:').replace(_STEP, '')}{_SCRIPT}[^=]*"
    r"(?<![A-Za-z\\])C\s*(?:_|\^)\s*\{\s*\(?\s*t\s*-\s*1"
)
_GIVES_CANDIDATE = re.compile(rf"{_BEGINS}(?P<accent>{_ACCENT})\s*\{{?\s*C\s*\}}?{_SCRIPT}")
#: What is no cell: a cost, a weight.
_BARE = re.compile(r"(?<![A-Za-z\\])C(?![A-Za-z])(?!\s*\}\s*(?:_|\^))")
#: ``\\tanh(c_t)``: what the state is made of.
_OUTPUT = re.compile(
    r"(?:\\tanh|tanh|\\phi|\\sigma_h)\s*(?:\\left\s*)?[({]?\s*"
    + _name("c").replace("(?P<accent>", "(?:")
)
_DIFFERENTIATES = re.compile(
    r"\\partial|\\nabla|\\delta|\\frac\s*\{\s*d|(?<![A-Za-z\\])d[a-zA-Z\\]|\\mathrm\s*\{\s*d"
)
#: A face that tells the two apart.
_FACES = re.compile(rf"{_FONT}\s*\{{\s*[cC]\s*\}}")


_CANDIDATE = re.compile(
    r"\\(?:wide)?(?P<accent>hat|tilde)\s*(?:\{\s*)?(?:(?P<face>\\(?:mathbf|boldsymbol|bm))\s*(?:\{\s*)?)?"
    r"(?P<letter>[cC])(?P<closes>(?(face)\s*\}\s*\}|(?:\s*\})?))(?=\s*[_^])"
)
_IS_GIVEN = re.compile(r"\s*[_^]\s*(?:\{[^{}]*\}|t)\s*&?\s*(?::?=|\\equiv)")
_FRACTION = re.compile(r"\\partial|\\nabla|\\delta|\\frac\s*\{\s*d|(?<![A-Za-z\\])d\s*\Z")


def _with_one_candidate(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the candidate in the case in which an equation gives it."""
    found: dict[str, dict[str, str]] = {}
    given: dict[str, set[str]] = {}
    for text in (f.latex for f in formulas):
        for m in _CANDIDATE.finditer(text):
            found.setdefault(m["accent"], {}).setdefault(m["letter"], m.group())
            if _IS_GIVEN.match(text, m.end()) and not _FRACTION.search(text, 0, m.start()):
                given.setdefault(m["accent"], set()).add(m["letter"])
    lone = {a: next(iter(g)) for a, g in given.items() if len(g) == 1 and len(found[a]) == 2}
    if not lone:
        return list(formulas)

    def as_given(m: re.Match[str]) -> str | None:
        letter = lone.get(m["accent"], m["letter"])
        return None if letter == m["letter"] else found[m["accent"]][letter]

    return [replaced(f, _CANDIDATE, as_given) for f in formulas]


#: What stands before the variable of a derivative.
_BELOW_D = re.compile(r"(?:\\partial\s*|(?<![A-Za-z\\])d\s*)\{?\s*\Z")
_WEIGHTS = frozenset("uvw")
_STEP_OR_NUMBER = re.compile(r"\(?\s*(?:[tTk0-9]|\\tau)\s*(?:[-+]\s*[0-9]\s*)?\)?")


def _with_weights_as_given(formulas: Sequence[Formula]) -> list[Formula]:
    """``\\partial L/\\partial w_{xh}^o`` by what the equations have as ``W_{xh}^o``.

    Only with a label below and one above, and where the small one stands nowhere but below the
    bar of a derivative.
    """
    if not any(r"\partial" in f.latex or r"\frac" in f.latex for f in formulas):
        return list(formulas)
    found = [names_in(f.latex) for f in formulas]
    used = {_labelled(n) for names in found for n in names if n.scripts}
    small = {key for key in used if key and key[0] in _WEIGHTS and (key[0].upper(), key[1]) in used}
    for formula, names in zip(formulas, found, strict=True):
        for n in names if small else ():
            before = formula.latex[max(0, n.start - 12) : n.start]
            if _labelled(n) in small and not _BELOW_D.search(before):
                small.discard(_labelled(n))
    if not small:
        return list(formulas)
    return [
        edited(f, [(n.start, n.end, n.base.upper()) for n in names if _labelled(n) in small])
        for f, names in zip(formulas, found, strict=True)
    ]


def _labelled(name: Name) -> tuple[str, tuple[str, ...]] | None:
    """The letter of a name that has two labels and no step, and these.

    (With one it may be another weight: :mod:`bptt_sym.check.other_case`.)
    """
    inside = ["".join(s.inside.split()) for s in name.scripts]
    if len(name.base) > 1 or len(inside) < 2 or any(map(_STEP_OR_NUMBER.fullmatch, inside)):
        return None
    return name.base, tuple(sorted(s.kind + i for s, i in zip(name.scripts, inside, strict=True)))


def with_one_case(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with one letter for the cell, and for a weight."""
    formulas = _with_weights_as_given(_with_one_candidate(formulas))
    texts = [f.latex for f in formulas]
    if not any(map(_SMALL.search, texts)) or not any(map(_GIVES_LARGE.search, texts)):
        return list(formulas)
    if any(_GIVES_SMALL.search(t) or _FACES.search(t) for t in texts):
        return list(formulas)
    if any(_SMALL.search(t) and _LARGE.search(t) for t in texts):
        return list(formulas)
    if any(_SMALL.search(_OUTPUT.sub("", t)) and not _DIFFERENTIATES.search(t) for t in texts):
        return list(formulas)  # (a context, say, that no equation gives)
    if any(_BARE.search(_LARGE.sub("", t)) for t in texts):
        return list(formulas)
    accents = {m["accent"] for t in texts for p in (_SMALL, _LARGE) for m in p.finditer(t)}
    if len(accents - {None}) > 2:
        return list(formulas)
    given = {m["accent"] for t in texts for m in _GIVES_CANDIDATE.finditer(t)}
    if len(given) > 1:
        return list(formulas)
    accent = next(iter(given), "")

    def small(m: re.Match[str]) -> str:
        return rf"{accent or m['accent']}{{c}}" if m["accent"] else "c"

    return [replaced(replaced(f, _SMALL, small), _LARGE, small) for f in formulas]
