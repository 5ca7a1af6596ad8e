r"""Texts about any recurrence: gradients of a state of which no equation is given.

.. math::

    \frac{\partial h_t}{\partial\theta} = \frac{\partial h_t}{\partial\theta_t}
    + \frac{\partial h_t}{\partial h_{t-1}} \frac{\partial h_{t-1}}{\partial\theta}

Where the only state that is differentiated has no equation, and nothing else has one, it is what an
unknown function gives of itself one step before, an input and the parameters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from bptt_sym.definitions.instances import soft
from bptt_sym.definitions.outline import Kind, Row, is_relation, outline
from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced
from bptt_sym.errors import BpttError
from bptt_sym.read.vocabulary import plain_name

#: What is supposed of such a text.
SAID = "the state is what an unknown function gives of the state before, an input and \\theta"

_NAME = r"(?P<x>\\(?:mathbf|boldsymbol|bm)\s*\{\s*[a-z]\s*\}|[a-z])"
_JACOBIAN = re.compile(
    rf"\\[dt]?frac\s*\{{\s*(?:\\partial|d)\s*{_NAME}\s*_\s*(?:\{{\s*t\s*\}}|t)\s*\}}"
    r"\s*\{\s*(?:\\partial|d)\s*(?P=x)\s*_\s*\{\s*t\s*-\s*1\s*\}\s*\}"
)
_THETA = r"(?P<theta>\\(?:mathbf|boldsymbol|bm)\s*\{\s*\\theta\s*\}|\\theta(?![A-Za-z]))"
_BY_THETA = re.compile(
    rf"\\[dt]?frac\s*\{{\s*(?:\\partial|d)\s*{_NAME}\s*_[^{{}}]{{0,3}}(?:\{{[^{{}}]*\}})?\s*\}}"
    rf"\s*\{{\s*(?:\\partial|d)\s*{_THETA}"
)
_LOSS = re.compile(
    r"\{\s*(?:\\partial|d)\s*(?P<loss>\\mathcal\s*\{\s*[LEJC]\s*\}|[LEJC])(?![A-Za-z])"
)
_STATE_BY_THETA = re.compile(
    rf"\\[dt]?frac\s*\{{\s*\\partial\s*(?P<of>{_NAME}\s*_\s*(?:\{{[^{{}}]{{1,12}}\}}|[a-z0-9]))\s*\}}"
    rf"\s*\{{\s*\\partial\s*{_THETA}\s*\}}"
)
_OF_A_COPY = re.compile(rf"\{{\s*\\partial\s*{_THETA}\s*[_^]")


def any_recurrence(formulas: Sequence[Formula]) -> list[Formula]:
    """The formulas of such a text with the definitions that it leaves out, else as they are."""
    if not any(r"\theta" in f.latex for f in formulas):
        return list(formulas)
    every = "\n".join(f.latex for f in formulas)
    states = {m["x"] for m in _JACOBIAN.finditer(every)}
    by = {(m["x"], m["theta"]) for m in _BY_THETA.finditer(every)}
    if len(states) != 1 or len(by) != 1:
        return list(formulas)
    ((state, theta),) = by
    section = next(f.section for f in formulas if _BY_THETA.search(f.latex))
    here = [f for f in formulas if f.section <= section]
    if state not in states or _gives(here, "") or _gives(formulas, state):
        return list(formulas)
    found = _LOSS.search(every)
    loss = found["loss"] if found else "L"
    unused = next((x for x in ("x", "u", "v") if x != state), "x")
    lines = [
        rf"{state}_{{t}} = f({state}_{{t-1}}, {unused}_{{t}}, {theta})",
        rf"{loss}_{{t}} = \ell({state}_{{t}})",
        rf"{loss} = \sum_{{t=1}}^{{T}} {loss}_{{t}}",
    ]
    first = formulas[0]
    if _OF_A_COPY.search(every):
        # Beside ∂h_t/∂θ_t, of the step alone, ∂h_t/∂θ is along every path.
        formulas = [
            replaced(f, _STATE_BY_THETA, lambda m: rf"\frac{{d {m['of']}}}{{d {m['theta']}}}")
            for f in formulas
        ]  # fmt: skip
    told = [replace(f, supposes=(*f.supposes, (SAID, ""))) for f in formulas]
    return [*(soft(first, line) for line in lines), *told]


def _gives(formulas: Iterable[Formula], name: str) -> bool:
    """Whether a row gives ``name``, or any at all if it is "", and is about no derivative."""
    rows: list[Row] = []
    for formula in formulas:
        if is_relation(formula.latex):
            try:
                rows += outline(formula).rows
            except (BpttError, ValueError):
                continue
    named = {r.name for r in rows if r.kind is Kind.SEQUENCE and r.differentiates}
    return any(
        r.kind in (Kind.SEQUENCE, Kind.TOTAL) and not r.differentiates and r.name not in named
        and (not name or plain_name(r.name) == plain_name(name))
        for r in rows
    )  # fmt: skip
