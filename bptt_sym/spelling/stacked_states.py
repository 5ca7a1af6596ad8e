r"""States that are collected in one, :math:`s_t = [v_t; h_t]`, and the blocks of its Jacobian.

.. math::

    \frac{\partial s_t}{\partial s_{t-1}} = \begin{bmatrix}
    \beta I & D_t W \\ \beta I & I + D_t W \end{bmatrix}

says four things, each of one step: of :math:`v_t` by :math:`v_{t-1}` while :math:`h_{t-1}` is held
fixed, and so on. What else is said of the collected state is not taken for a claim about a name
that nothing is computed from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import Name, names_in
from bptt_sym.documents.respelling import Edit, edited
from bptt_sym.messages import marked

COLLECTED = marked("it is about several states as one, and no more is read of that than its blocks")
_GROUP = r"(?:[^{}]|\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*+\})*+\})*+\})*+"
_OPEN = r"(?:\\left\s*[\[(]|[\[(]|(?:\\left\s*[\[(]\s*)?\\begin\s*\{[bp]?matrix\})"
_CLOSE = r"(?:\\right\s*[\])]|[\])]|\\end\s*\{[bp]?matrix\}(?:\s*\\right\s*[\])])?)"
#: ``s_t = [v_t; h_t]``, as a column or as a row that is turned.
_COLLECTS = re.compile(
    rf"(?P<left>[^=&,;]{{1,40}}?)\s*&?\s*(?::?=|\\equiv|\\coloneqq)\s*&?\s*{_OPEN}(?P<parts>(?:(?!\\begin|\\end)[^=]){{3,160}}?)"
    rf"{_CLOSE}\s*(?:\^\s*(?:\{{\s*(?:T|\\top)\s*\}}|T|\\top))?\s*(?=[.,;]|$|\\q?quad|\\tag|\\\\|\\end|\n)"
)
_GAP = re.compile(r"(?:\s|\\q?quad(?![A-Za-z])|\\[,;:! ])+")
_BETWEEN = re.compile(r"\\\\|[,;&]")
_TURNED = re.compile(r"\s*\^\s*(?:\{\s*(?:T|\\top)\s*\}|T|\\top)\s*$")
_AT_T = re.compile(r"\{?\s*t\s*\}?")
_PARTIAL = r"(?:\\partial|\\mathrm\s*\{\s*d\s*\}|d)(?![A-Za-z])\s*"
_DERIVATIVE = (
    rf"\\[dt]?frac\s*\{{\s*{_PARTIAL}(?P<y>{_GROUP})\}}\s*\{{\s*{_PARTIAL}(?P<x>{_GROUP})\}}"
)
_INNER = re.compile(_DERIVATIVE)
_BLOCKS = re.compile(
    _DERIVATIVE
    + r"\s*&?\s*=\s*&?\s*(?:\\left\s*[\[(]\s*)?\\begin\s*\{(?P<env>[bp]?matrix|array)\}"
    r"(?:\{[lcr|]+\})?"
    r"(?P<rows>(?:(?!\\begin|\\end).){1,1200}?)\\end\s*\{(?P=env)\}(?:\s*\\right\s*[\])])?",
    re.DOTALL,
)
_EQUATION = re.compile(r"(?<![<>:!])=")
_DERIVES = re.compile(r"\\partial|\\nabla|∂|\\delta(?![a-z])")
#: More parts than this are no state of a cell.
_MOST = 4


def with_blocks_of_states(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the Jacobians of collected states block by block."""
    stacks = _stacks(formulas)
    if not stacks:
        return list(formulas)
    return [_of_blocks(f, stacks) for f in formulas]


def _stacks(formulas: Sequence[Formula]) -> dict[str, tuple[str, ...]]:
    """The names of collected states that no equation uses, and their parts."""
    found: dict[str, tuple[str, ...]] = {}
    for formula in formulas:
        for name, parts, _, _ in collecting(formula.latex):
            found[name] = parts
    if not found:
        return {}
    given = {
        n.base for f in formulas for row in _rows(f.latex)
        for n in names_in(row.partition("=")[0])[:1]
    }  # fmt: skip
    for formula in formulas:
        for row in _rows(formula.latex):
            right = row.partition("=")[2]
            if _DERIVES.search(row) is None and _COLLECTS.search(row) is None:
                for used in names_in(right):
                    found.pop(used.base, None)
    return {name: parts for name, parts in found.items() if set(parts) <= given}


def collecting(text: str) -> Iterator[tuple[str, tuple[str, ...], int, int]]:
    """The collected states of ``text`` with their parts, and from where to where it says so."""
    for m in _COLLECTS.finditer(text):
        gap = _GAP.match(m["left"])
        behind = gap.end() if gap else 0
        name = timed(m["left"][behind:])
        parts = tuple(timed(_TURNED.sub("", p)) for p in _BETWEEN.split(m["parts"]))
        if name and 1 < len(parts) <= _MOST and all(parts) and name not in parts:
            yield name, parts, m.start() + behind, m.end()


def _rows(text: str) -> list[str]:
    return [r for r in re.split(r"\\\\|\\q?quad(?![A-Za-z])|\n", text) if _EQUATION.search(r)]


def timed(text: str) -> str:
    """The name that ``text`` is at step t, and nothing else; "" if it is not."""
    text = text.strip(" \n\t&")
    own = next(iter(names_in(text)), None)
    if own is None or own.start or own.close != len(text) or len(own.scripts) != 1:
        return ""
    script = own.scripts[0]
    return own.base if script.kind == "_" and _AT_T.fullmatch(script.inside) else ""


def _step(text: str) -> Name | None:
    text = text.strip()
    own = next(iter(names_in(text)), None)
    alone = own is not None and not own.start and own.close == len(text) and len(own.scripts) == 1
    return own if alone else None


def _of_blocks(formula: Formula, stacks: Mapping[str, tuple[str, ...]]) -> Formula:
    text = formula.latex
    m = _BLOCKS.search(text)
    pair = _pair(m, stacks) if m is not None else None
    if m is None or pair is None:
        about = any(
            own is not None and own.base in stacks
            for d in _INNER.finditer(text) for own in (_step(d["y"]), _step(d["x"]))
        )  # fmt: skip
        return replace(formula, open=COLLECTED) if about else formula
    parts, of, by = pair
    cells = _cells(text, m.start("rows"), m.end("rows"))
    if len(cells) != len(parts) or any(len(row) != len(parts) for row in cells):
        return replace(formula, open=COLLECTED)
    edits: list[Edit] = []
    last = m.start()
    for part, row in zip(parts, cells, strict=True):
        for other, (start, end) in zip(parts, row, strict=True):
            sign = r" \begin{aligned} " if last == m.start() else r" \\ "
            left = rf"\frac{{\partial^+ {part}_{{{of}}}}}{{\partial {other}_{{{by}}}}} = "
            edits.append((last, start, sign + left))
            edits += _inside(text, start, end, parts, (of, by))
            last = end
    edits.append((last, m.end(), r" \end{aligned}"))
    return edited(formula, edits)


def _pair(
    m: re.Match[str], stacks: Mapping[str, tuple[str, ...]]
) -> tuple[tuple[str, ...], str, str] | None:
    """The parts of a collected state of which ``m`` has the Jacobian of one step, and the steps."""
    top, below = _step(m["y"]), _step(m["x"])
    if top is None or below is None or top.base != below.base or top.base not in stacks:
        return None
    of, by = ("".join(n.scripts[0].inside.split()) for n in (top, below))
    one = by == f"{of}-1" or of == f"{by}+1"
    return (stacks[top.base], of, by) if one else None


def _cells(text: str, start: int, end: int) -> list[list[tuple[int, int]]]:
    """Where the blocks of a matrix stand, row by row."""
    rows: list[list[tuple[int, int]]] = [[]]
    depth, last, k = 0, start, start
    while k <= end:
        here = text[k : k + 2] if k < end else ""
        row = here == r"\\" and not depth
        if k == end or row or (here[:1] == "&" and not depth):
            rows[-1].append((last, k))
            k += 2 if row else 1
            last = k
            if row:
                gap = re.compile(r"\s*\[[^\[\]]{0,12}\]").match(text, k)
                k = last = gap.end() if gap else k
                rows.append([])
            continue
        depth += (here[:1] == "{") - (here[:1] == "}")
        k += 2 if here[:1] == "\\" else 1
    if len(rows) > 1 and all(not text[a:b].strip() for a, b in rows[-1]):
        rows.pop()
    return rows


def _inside(
    text: str, start: int, end: int, parts: Sequence[str], steps: tuple[str, str]
) -> list[Edit]:
    """The derivatives of one part by another in a block, those of one step as well."""
    edits: list[Edit] = []
    for d in _INNER.finditer(text, start, end):
        ends = [_step(d["y"]), _step(d["x"])]
        found = [("".join(n.scripts[0].inside.split()), n.base) for n in ends if n is not None]
        if [s for s, _ in found] == list(steps) and all(base in parts for _, base in found):
            new = rf"\frac{{\partial^+ {d['y'].strip()}}}{{\partial {d['x'].strip()}}}"
            edits.append((d.start(), d.end(), new))
    return edits
