r"""Outputs without a step between a loss and a state that has one.

.. math::

    \frac{\partial L}{\partial \hat y} \frac{\partial \hat y}{\partial s_t}
    \frac{\partial s_t}{\partial W}

Where a text never gives its output a step, nor an equation, nor compares it with a target, the
output that is differentiated by the state of step t is that of step t.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from bptt_sym.definitions.usage import OUTPUTS
from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import Name, names_in
from bptt_sym.documents.respelling import edited

_NAMES = frozenset(OUTPUTS)
_UP = re.compile(r"\\partial\s*\{?\s*\Z")
_BETWEEN = re.compile(r"\s*\}?\s*\}\s*\{\s*\\partial\s*\{?\s*\Z")
_STEP = re.compile(r"[(<]?\s*(?:[tTk]|\\tau|[1-9])\s*[)>]?")
_ACCENTED = re.compile(r"(\\(?:hat|tilde|bar))\s*\{?\s*([a-z])\s*\}?")
#: ``\\hat{y} - y``
_COMPARED = re.compile(r"\s*-\s*(?:[ydt]|\\hat\s*\{?\s*y)(?![A-Za-z]|\s*\}?\s*[_^])")
_EQUALS = re.compile(r"\s*&?\s*:?=")


def with_steps_for_bare_outputs(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the step of the state at such outputs."""
    found = [names_in(f.latex) for f in formulas]
    scripted, given = set[str](), set[str]()
    for f, names in zip(formulas, found, strict=True):
        scripted |= {n.base for n in names if n.scripts}
        given |= {n.base for n in names if not n.scripts and _EQUALS.match(f.latex, n.end)}
        given |= {n.base for n in names if _COMPARED.match(f.latex, n.end)}
    out = []
    for f, names in zip(formulas, found, strict=True):
        steps = {b: s for b, s in _between(f.latex, names) if b not in scripted | given}
        edits = [
            (n.end, n.end, steps[n.base]) for n in names if n.base in steps and not n.scripts
        ]
        out.append(edited(f, edits) if edits else f)
    return out


def _between(text: str, names: Sequence[Name]) -> Iterator[tuple[str, str]]:
    """Each bare output that is differentiated by what has a step, with the script of that."""
    for upper, lower in pairwise(names):
        bare = not upper.scripts and _ACCENTED.sub(r"\1{\2}", upper.base) in _NAMES
        if not bare or len(lower.scripts) != 1:
            continue
        (script,) = lower.scripts
        if not _STEP.fullmatch(script.inside) or script.kind not in "_^":
            continue
        up = _UP.search(text, max(0, upper.start - 20), upper.start)
        if up and _BETWEEN.fullmatch(text, upper.end, lower.start):
            yield upper.base, text[script.start : script.end]
