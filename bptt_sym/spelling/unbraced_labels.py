r"""Labels without their braces: ``W_hh h_{t-1}``, where :math:`W_{hh} h_{t-1}` is meant.

TeX takes the first letter alone and sets the second beside it. A text whose letters behind such a
script never stand alone anywhere else, because they run in time or are no names at all, means the
label; ``W_xx_t`` shows that its author means what TeX reads.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import Edit, edited, replaced

_LABELLED = re.compile(
    r"(?<![A-Za-z\\])(?P<base>[A-Zbwuv])\s*\\?_\s*(?P<label>(?!t)[a-z]{2,8})"
    r"(?P<next>\s*_|\s*\^\s*\{\s*(?:\(|<|\\langle)\s*t|(?![A-Za-z]))"
)
_WORDS = re.compile(r"\\[A-Za-z]+\s*\{[A-Za-z\s]{2,}\}|\\[A-Za-z]+")
_SCRIPT = re.compile(r"\s*[_^]\s*(?:\{(?:[^{}]|\{[^{}]*\})*\}|[A-Za-z0-9])")
_ALONE = re.compile(r"(?<![A-Za-z])[a-z](?![A-Za-z_(\[])")
_STEP = re.compile(r"[_^]\s*\{?\s*[(<\[]?\s*(?:\\langle\s*)?t(?![A-Za-z])")


def with_braces(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with their labels in braces, if the text can mean nothing else by them."""
    found = [list(_LABELLED.finditer(f.latex)) for f in formulas]
    every = [m for ms in found for m in ms]
    if not every or any(m["next"] for m in every):
        return list(formulas)
    if not any(_STEP.search(f.latex) for f in formulas):
        return list(formulas)  # W_x x may have a network without steps
    rest = (_SCRIPT.sub("_", _WORDS.sub(" ", _LABELLED.sub(" ", f.latex))) for f in formulas)
    alone = {m.group() for text in rest for m in _ALONE.finditer(text)}
    out = []
    for formula, ms in zip(formulas, found, strict=True):
        edits: list[Edit] = []
        for m in ms:
            if alone.isdisjoint(m["label"][1:]):
                start, end = m.span("label")
                edits += [(start, start, "{"), (end, end, "}")]
        out.append(edited(formula, edits))
    return out


_RUN = r"\s*_\s*(?:\{\s*(?P<at>t\s*(?:[-+]\s*1)?)\s*\}|(?P<t>t)(?![A-Za-z]))"
#: ``zf_t =``
_GLUED = re.compile(
    rf"(?:^|\\\\|&|\n|\\q?quad|[,;])\s*&?\s*(?P<name>[asuz])(?P<gate>[fiogcrznh]){_RUN}\s*&?\s*="
)


def with_labels_for_glued_gates(
    formulas: Sequence[Formula],
) -> tuple[list[Formula], dict[str, str]]:
    r"""``formulas`` with ``z_{f,t}`` for ``zf_t``, as a program names what is inside a gate.

    Several such names have an equation each. Where their first letter is that of a gate itself,
    ``zr_t`` beside :math:`z_t`, a free one takes its place, and which one is told.
    """
    gates: dict[str, set[str]] = {}
    for m in (m for f in formulas for m in _GLUED.finditer(f.latex)):
        gates.setdefault(m["name"], set()).add(m["gate"])
    every = "\n".join(f.latex for f in formulas)
    letters: dict[str, str] = {}
    for name in [n for n, of in gates.items() if len(of) > 1]:
        free = (c for c in (name, "a", "u", "s") if not _stands_alone(c, every))
        new = next(free, "")
        if not new:
            continue
        if new != name:
            letters[new] = name
        glued = re.compile(
            rf"(?<![A-Za-z\\])(?P<mark>d?){name}(?P<gate>[{''.join(sorted(gates[name]))}]){_RUN}"
        )

        def labelled(m: re.Match[str], new: str = new) -> str:
            return f"{m['mark']}{new}_{{{m['gate']},{m['at'] or m['t']}}}"

        formulas = [replaced(f, glued, labelled) for f in formulas]
    return list(formulas), letters


def _stands_alone(letter: str, every: str) -> bool:
    return re.search(rf"(?<![A-Za-z\\]){letter}\s*[_^]", every) is not None
