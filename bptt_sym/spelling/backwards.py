r"""States that run from the last step to the first: :math:`\overleftarrow h_t`.

.. math::

    \overleftarrow h_t = \tanh(W x_t + U \overleftarrow h_{t+1}), \qquad
    \frac{\partial L}{\partial \overleftarrow h_t} = … + U^\top \overleftarrow\delta_{t-1}

So do the networks of Schuster and Paliwal (1997) that read in both directions. Counted from the
end, such a state is one like any other. A formula in which all that runs is of that direction, or
an input, has its steps after and before exchanged; what is of step t alone, :math:`\hat y_t - y_t`,
may be anything. (Sums over all steps are the same from the other end, others are not.) A state
without an arrow, :math:`g_t = \tanh(A x_t + B g_{t+1})` or :math:`h_t^b`, is given one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import Name, names_in
from bptt_sym.documents.respelling import Edit, closing, edited
from bptt_sym.messages import marked

BOTH = marked("it is about what runs backwards, and about more than its neighbouring steps")
SAID = "the steps of what runs backwards are counted from the last one"

_LEFT = r"\\overleftarrow\s*(?:\{\s*(?:\\[A-Za-z]+\s*)?\{?\s*[A-Za-z]*\s*\}?\s*\}|[A-Za-z])"
_SCRIPT = r"\s*(?:\^\s*(?:\{[^{}]*\}|[A-Za-z])\s*)?_\s*"
#: A state that is computed from the step after.
_RECURS = re.compile(
    rf"(?:^|\\\\|\\q?quad(?![A-Za-z])|\n)\s*&?\s*(?P<name>{_LEFT}){_SCRIPT}"
    rf"(?:\{{\s*t\s*\}}|t)\s*&?\s*=[^=]*{_LEFT}{_SCRIPT}\{{\s*t\s*\+\s*1\s*\}}"
)
_NEXT = re.compile(r"(?P<before>_\s*\{\s*[a-z]\s*)(?P<sign>[-+])(?=\s*1\s*\})")
#: What runs in another direction, or as a whole, and ranges that have one.
_OTHER = re.compile(
    r"\\overrightarrow|\\vec(?![A-Za-z])|\\prod|\\[lc]?dots|_\s*(?:\{\s*[T0-9]\s*(?:[-+]\s*1)?\s*\}|[T0-9])"
)
#: What is of a step beside the one at hand.
_BESIDE = re.compile(
    r"(?P<name>(?<![A-Za-z])[A-Za-z])\s*\}?\s*_\s*\{\s*[tjk]\s*[-+]\s*1\s*\}"
)
_DERIVES = re.compile(r"\\partial|\\delta|∂|\\nabla")
#: A sum with bounds, and one over all the steps.
_BOUNDED = re.compile(r"\\sum\s*(?:\\limits\s*)?(?=_\s*\{[^{}]*=|\^|_\s*[A-Za-z]\s*\^)")
_WHOLE = re.compile(
    r"\\sum\s*(?:\\limits\s*)?_\s*\{\s*[tjk]\s*=\s*1\s*\}\s*\^\s*(?:T(?![A-Za-z])|\{\s*T\s*\})"
)
#: Which step is before which: from the other end it is the other one.
_ORDER = re.compile(r"[<>≤≥]|\\(?:[lg]eq?|[lg]t|ll|gg)(?![A-Za-z])")
_INPUTS = frozenset("xue")


def counted_from_the_end(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the steps of states that run backwards counted from the end."""
    formulas = _with_arrows(formulas)
    if not any(_RECURS.search(f.latex) for f in formulas):
        return list(formulas)
    return [f if re.search(_LEFT, f.latex) is None else _reversed(f) for f in formulas]


#: A function of what follows: an activation, or a cell by its name.
_APPLIED = re.compile(
    r"\s*&?\s*(?!\\(?:operatorname|text|mathrm)\s*\{\s*[dD]iag|\\[dD]iag)"
    r"(?:\\[A-Za-z]+\s*(?:\{\s*[A-Za-z]+\s*\})?|[fgF])\s*(?:\\left\s*)?(?=[(\[])"
)
_END = re.compile(r"\s*(?:\\tag\s*\{[^{}]*\}|[.,;&]|\\end\s*\{[a-z]+\*?\}|\s)*")
_ROW = re.compile(r"\\\\|\\q?quad(?![A-Za-z])|\n")
_LABEL = re.compile(r"\(?\s*(?:[a-z]{1,8}|\\(?:text|mathrm)\s*\{\s*[a-z]+\s*\}|\\leftarrow)\s*\)?")
_STEP = re.compile(r"t\s*(?:[-+]\s*1)?")


def _with_arrows(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with arrows over the states that their equations give from the step after."""
    found: set[tuple[str, str]] = set()
    before: set[tuple[str, str]] = set()
    for formula in formulas:
        if not re.search(r"t\s*\+\s*1", formula.latex):
            continue
        for row in _ROW.split(formula.latex):
            left, equals, right = row.partition("=")
            if not equals or _DERIVES.search(row) or not _is_a_value(right):
                continue
            own = [_read(n) for n in names_in(left)[:1]]
            steps = [r for n in names_in(right) if (r := _read(n)) is not None]
            for key, _ in (r for r in own if r is not None and r[1] == "t"):
                found |= {key} if (key, "t+1") in steps else set()
                before |= {key} if (key, "t-1") in steps else set()
    found = {key for key in found - before if "overleftarrow" not in key[0]}
    if not found:
        return list(formulas)
    return [edited(f, list(_arrows(f.latex, found))) for f in formulas]


def _is_a_value(right: str) -> bool:
    """Whether ``right`` is a function of one argument, or of several, and nothing else."""
    called = _APPLIED.match(right)
    end = closing(right, called.end(), "([", ")]") if called is not None else None
    return end is not None and _END.fullmatch(right, end + 1) is not None


def _read(name: Name) -> tuple[tuple[str, str], str] | None:
    """The letter and the label of ``name``, and its step."""
    step = [s for s in name.scripts if s.kind == "_" and _STEP.fullmatch(s.inside)]
    label = [s for s in name.scripts if s not in step and _LABEL.fullmatch(s.inside)]
    if len(step) != 1 or len(label) > 1:
        return None
    return (name.base, label[0].inside if label else ""), "".join(step[0].inside.split())


def _arrows(text: str, found: Collection[tuple[str, str]]) -> Iterator[Edit]:
    for name in names_in(text):
        read = _read(name)
        bare = read[0][0] if read is not None else ""
        if read is None or read[0] not in found:
            continue
        arrow = rf"\overleftarrow{{{bare}}}"
        if read[0][1]:
            more = [s for s in name.scripts if s.inside == r"\top"]
            end = "^{\\top}" if more else ""
            yield name.start, name.close, f"{arrow}_{{{read[1]}}}{end}"
        else:
            yield name.start, name.end, arrow


def _is_of_that_direction(text: str) -> bool:
    if _OTHER.search(text) or _ORDER.search(text):
        return False
    if len(_BOUNDED.findall(text)) > len(_WHOLE.findall(text)):
        return False
    rest = re.sub(_LEFT, "|", text)
    return {m["name"] for m in _BESIDE.finditer(rest)} <= _INPUTS


def _reversed(formula: Formula) -> Formula:
    """``formula`` with the rows about that direction counted from the end, or left open."""
    text = formula.latex
    edits: list[Edit] = []
    start = 0
    for end in [*_ROW.finditer(text), None]:
        stop = end.start() if end is not None else len(text)
        row = text[start:stop]
        if re.search(_LEFT, row):
            if not _is_of_that_direction(row):
                if _DERIVES.search(row):
                    return replace(formula, open=BOTH)
            else:
                edits += [
                    (m.start("sign"), m.end("sign"), "-" if m["sign"] == "+" else "+")
                    for m in _NEXT.finditer(text, start, stop)
                ]
        start = end.end() if end is not None else stop
    new = edited(formula, edits)
    return replace(new, supposes=(*new.supposes, (SAID, r"\overleftarrow")))
