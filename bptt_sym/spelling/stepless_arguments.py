r"""Arguments of gates that never carry a step: :math:`\delta_{z_f} = \delta_{c_t} \odot \dots`.

A text may give the gradients by the arguments of its gates without saying the step, which is the
one of everything else in the formula: step t, or the one number that stands there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import Name, names_in
from bptt_sym.documents.respelling import edited

_CELLS = tuple(frozenset(labels.split()) for labels in ("f o", "z r", "u r", "r n", "f i"))
_BASE = r"(?P<base>[azpsu])\s*_\s*(?:\{\s*(?P<label>[a-su-z])\s*\}|(?P<one>[a-su-z]))"
_DELTA = re.compile(rf"\\delta\s*_\s*\{{\s*{_BASE}\s*\}}(?!\s*[_^])")
_AT = re.compile(r"_\s*(?:\{\s*(?P<at>t|[0-9])\s*\}|(?P<one>t|[0-9])(?![A-Za-z]))")


def with_steps_of_arguments(formulas: Sequence[Formula]) -> list[Formula]:
    r"""``formulas`` with :math:`z_{f,t}` for :math:`z_f`, where a δ has it below."""
    wanted: dict[str, set[str]] = {}
    for formula in formulas:
        if "delta" in formula.latex:
            for m in _DELTA.finditer(formula.latex):
                wanted.setdefault(m["base"], set()).add(m["label"] or m["one"])
    bases = {b for b, of in wanted.items() if any(cell <= of for cell in _CELLS)}
    if not bases:
        return list(formulas)
    found = [
        [n for n in names_in(f.latex) if n.base in bases and n.scripts] for f in formulas
    ]
    if any(_has_a_step(n, wanted[n.base]) for names in found for n in names):
        return list(formulas)
    out = []
    for formula, names in zip(formulas, found, strict=True):
        steps = {m["at"] or m["one"] for m in _AT.finditer(formula.latex)}
        step = "t" if "t" in steps or len(steps) != 1 else steps.pop()
        edits = [
            (n.scripts[0].start, n.scripts[0].end, f"_{{{n.scripts[0].inside},{step}}}")
            for n in names
            if n.scripts[0].kind == "_" and n.scripts[0].inside in wanted[n.base]
        ]  # fmt: skip
        out.append(edited(formula, edits))
    return out


def _has_a_step(name: Name, labels: set[str]) -> bool:
    """Whether it carries one of the labels and something besides."""
    first = name.scripts[0].inside
    apart = re.fullmatch(r"([a-z])\s*[,_]\s*\{?.+", first)
    if apart is not None:
        return apart[1] in labels
    return first in labels and len(name.scripts) > 1
