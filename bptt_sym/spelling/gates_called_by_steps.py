r"""A gate called T or t, as the transform gate of a highway network: ``T_t = \sigma(W_T h_{t-1})``.

Below a weight or a bias the letter says to which gate it belongs; of a sequence it would be the
last step, or the one at hand. A gate is told by its own equation, whose right side has weights
with that label alone or before another letter. It gets a letter that the text has nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import Name, names_in
from bptt_sym.documents.respelling import Edit, edited

_STEPS = ("T", "t")
#: A font of a name; an accent makes another name of it.
_FONT = re.compile(r"\\(?:mathbf|boldsymbol|bm|mathrm|mathit|mathcal|vec|text|textbf)(?![A-Za-z])")
_SPACE = re.compile(r"[\s{}]")
#: What a gate may be called that its text calls T.
_FREE = ("g", "z", "r", "a", "e", "v")
_NOW = frozenset(("t", "(t)", "<t>", r"\langle t\rangle"))
_WEIGHTS = frozenset("WURVbwuvB")
#: What stands directly before a name that an equation gives.
_BEGINS = re.compile(r"(?:^|\\\\|[,;&]|\\q?quad|\})\s*\Z")
_GIVES = re.compile(r"\s*&?\s*=")
_ENDS = re.compile(r"\\\\|\\q?quad(?![A-Za-z])|\\end(?![A-Za-z])|$")


def with_letters_for_gates(formulas: Sequence[Formula], names: dict[str, str]) -> Sequence[Formula]:
    """``formulas`` with another letter for such a gate, which ``names`` then explains."""
    if not any(map(_may_be_a_label, formulas)):
        return formulas
    found = [names_in(f.latex) for f in formulas]
    for step in _STEPS:
        if not any(_gives_a_gate(f.latex, ns, step) for f, ns in zip(formulas, found, strict=True)):
            continue
        bare = {_letter(n.base) for ns in found for n in ns}
        letter = next((x for x in _FREE if x not in bare), None)
        if letter is None:
            continue
        edits = [_edits(f.latex, ns, step, letter) for f, ns in zip(formulas, found, strict=True)]
        faces = {n.base for ns in found for n in ns if _letter(n.base) == step and _runs(n)}
        names |= {_in_its_place(face, step, letter): face for face in faces}
        names[letter] = step
        formulas = [edited(f, made) for f, made in zip(formulas, edits, strict=True)]
        found = [names_in(f.latex) for f in formulas]
    return formulas


def _may_be_a_label(formula: Formula) -> bool:
    text = _SPACE.sub("", formula.latex)
    return "_T" in text or "_t" in text or "^T" in text


def _letter(base: str) -> str:
    """A name without its font."""
    return _SPACE.sub("", _FONT.sub("", base))


def _in_its_place(text: str, step: str, letter: str) -> str:
    """``text`` with ``letter`` for the last ``step`` in it: the name of a command has one, too."""
    before, _, behind = text.rpartition(step)
    return before + letter + behind


def _runs(name: Name) -> bool:
    """Whether a name carries a step: ``T_t``, ``T^{(t-1)}``, ``T_{t}``."""
    return any(re.sub(r"\s", "", s.inside).strip("()<>")[:1] in "tkijT" for s in name.scripts)


def _gives_a_gate(text: str, names: Sequence[Name], step: str) -> bool:
    """Whether an equation gives what ``step`` is called, with weights that have that label."""
    for n in names:
        steps = [re.sub(r"\s", "", s.inside) in _NOW for s in n.scripts]
        if _letter(n.base) != step or steps != [True]:
            continue
        sign = _GIVES.match(text, n.close)
        if sign is None or not _BEGINS.search(text, max(0, n.start - 12), n.start):
            continue
        end = _ENDS.search(text, sign.end())
        assert end is not None
        if any(sign.end() <= w.start < end.start() and _has_label(w, step) for w in names):
            return True
    return False


def _has_label(name: Name, step: str) -> bool:
    below = [s.inside for s in name.scripts[:1] if s.kind == "_"]
    return _letter(name.base) in _WEIGHTS and bool(below) and _is_label(below[0], step)


def _is_label(inside: str, step: str) -> bool:
    """``T``, ``Tx``, ``xT``, ``T,x``: a gate, and what its weight multiplies."""
    plain = re.sub(r"\\(?:mathrm|text|textrm|mathbf)|[\s{},]", "", inside)
    return plain.isalpha() and len(plain) < 4 and step in plain and plain.count(step) == 1


def _edits(text: str, names: Sequence[Name], step: str, letter: str) -> list[Edit]:
    made: list[Edit] = []
    for n in names:
        if _letter(n.base) == step and _runs(n) and n.scripts:
            made.append((n.start, n.end, _in_its_place(text[n.start : n.end], step, letter)))
        elif _has_label(n, step):
            s = n.scripts[0]
            at = s.start + text[s.start : s.end].rindex(step)
            made.append((at, at + 1, letter))
    return made
