r"""States that run from the last step to the first: :math:`\overleftarrow h_t`.

.. math::

    \overleftarrow h_t = \tanh(W x_t + U \overleftarrow h_{t+1}), \qquad
    \frac{\partial L}{\partial \overleftarrow h_t} = … + U^\top \overleftarrow\delta_{t-1}

So do the networks of Schuster and Paliwal (1997) that read in both directions. Counted from the
end, such a state is one like any other, and so are the steps of the equations about it. A state
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
from bptt_sym.spelling.mirrored_steps import INPUTS, mirrored

BOTH = marked("it is about what runs backwards, and about more than its neighbouring steps")
SAID = "the steps of what runs backwards are counted from the last one"

_LEFT = r"\\overleftarrow\s*(?:\{\s*(?:\\[A-Za-z]+\s*)?\{?\s*[A-Za-z]*\s*\}?\s*\}|[A-Za-z])"
_SCRIPT = r"\s*(?:\^\s*(?:\{[^{}]*\}|[A-Za-z])\s*)?_\s*"
#: A state that is computed from the step after.
_RECURS = re.compile(
    rf"(?:^|\\\\|\\q?quad(?![A-Za-z])|\n)\s*&?\s*(?P<name>{_LEFT}){_SCRIPT}"
    rf"(?:\{{\s*t\s*\}}|t)\s*&?\s*=[^=]*{_LEFT}{_SCRIPT}\{{\s*t\s*\+\s*1\s*\}}"
)
_DERIVES = re.compile(r"\\partial|\\delta|∂|\\nabla")
_BEFORE = re.compile(r"_\s*\{\s*t\s*-\s*1\s*\}")
_CUT = re.compile(r"\\\\|\\q?quad(?![A-Za-z])|\n")
#: What belongs to the equation before.
_GOES_ON = re.compile(
    r"(?:\s|&|\[[^\[\]]{1,8}\]|\\[,;:! ])*+(?:[-+=]|\\approx|\\(?:end|q?quad)|\\\\|\Z)"
)


def counted_from_the_end(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the steps of states that run backwards counted from the end."""
    formulas = _with_arrows(formulas)
    if not any(_RECURS.search(f.latex) for f in formulas):
        return list(formulas)
    kinds = _forwards(formulas), _pointwise(formulas)
    out = [f if re.search(_LEFT, f.latex) is None else _reversed(f, *kinds) for f in formulas]
    if any(f.open == BOTH and _may_define(f.latex) for f in out):
        return [replace(f, open=BOTH) if re.search(_LEFT, f.latex) else f for f in out]
    return out


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


def _may_define(text: str) -> bool:
    """Whether ``text`` says what something is, and is no list."""
    return "=" in text and _DERIVES.search(text) is None and "dots" not in text


def _forwards(formulas: Sequence[Formula]) -> frozenset[str]:
    """The letters of what is computed from the step before, without an arrow."""
    found = set[str]()
    for formula in formulas:
        if not _BEFORE.search(formula.latex) or _DERIVES.search(formula.latex):
            continue
        for _, row in _rows(formula.latex):
            left, equals, right = row.partition("=")
            own = names_in(left)[:1] if equals else ()
            before = [
                n.base for n in names_in(right)
                if any("".join(s.inside.split()) == "t-1" for s in n.scripts if s.kind == "_")
            ]  # fmt: skip
            found.update(*(([n.base for n in own], before) if before else ()))
    return frozenset(b for b in found if "arrow" not in b) - INPUTS


def _pointwise(formulas: Sequence[Formula]) -> frozenset[str]:
    """The letters of what is computed from values of its own step alone."""
    found, others = set[str](), set[str]()
    for formula in formulas:
        if "=" not in formula.latex or _DERIVES.search(formula.latex):
            continue
        for _, row in _rows(formula.latex):
            left, _, right = row.partition("=")
            own = [n for n in names_in(left)[:1] if _step_of(n) == "t"]
            steps = {_step_of(n) for n in names_in(right)} - {""}
            (found if steps == {"t"} else others).update(n.base for n in own)
    return frozenset(found - others)


def _step_of(name: Name) -> str:
    """What stands below ``name``, of a list the first."""
    below = [s.inside for s in name.scripts if s.kind == "_"]
    step = "".join(below[0].split(",")[0].split()) if below else ""
    return step if re.fullmatch(r"[tT0-9](?:[-+][0-9])?", step) else ""


def _rows(text: str) -> Iterator[tuple[int, str]]:
    """The equations of ``text``, each with where it begins; a chain goes on over its rows."""
    cuts = [0]
    by_line = all("=" in line.lstrip(" &=") for line in text.split("\n") if line.strip())
    for m in _CUT.finditer(text):
        if (m.group() != "\n" or by_line) and _GOES_ON.match(text, m.end()) is None:
            cuts.append(m.end())
    for start, end in zip(cuts, [*cuts[1:], len(text)], strict=True):
        yield start, text[start:end]


def _reversed(
    formula: Formula, forwards: Collection[str], pointwise: Collection[str]
) -> Formula:
    """``formula`` with the rows about that direction counted from the end, or left open."""
    edits: list[Edit] = []
    for start, row in _rows(formula.latex):
        if re.search(_LEFT, row) is None:
            continue
        found = mirrored(row, forwards, pointwise)
        if found is not None:
            edits += [(start + a, start + b, new) for a, b, new in found]
        else:
            return replace(formula, open=BOTH)
    new = edited(formula, edits)
    return replace(new, supposes=(*new.supposes, (SAID, r"\overleftarrow")))
