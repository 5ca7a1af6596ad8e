r"""Matrices written out with dots, as the products that they are.

.. math::

    \begin{pmatrix} w_{11} f'(a_1) & \cdots & w_{1n} f'(a_n) \\ \vdots & & \vdots \\
    w_{n1} f'(a_1) & \cdots & w_{nn} f'(a_n) \end{pmatrix} = W \operatorname{diag}(f'(a))

The corners tell the entry in row i and column j: what changes down the first column is i, what
changes along the first row is j, and the last corner must agree. A factor of both is a matrix, a
factor of one of them scales rows or columns, or makes an outer product where no factor has both;
where all but the diagonal is 0, so is the matrix. What else is written must agree as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import Edit, edited

_MATRIX = re.compile(
    r"(?:(?:\\left\s*)?[\[(]\s*)?\\begin\s*\{(?P<env>[bpv]?matrix|smallmatrix)\}(?P<body>.*?)"
    r"\\end\s*\{(?P=env)\}(?:\s*(?:\\right\s*)?[\])])?"
    r"|(?:\\left\s*)?[\[(]\s*\\begin\s*\{array\}\s*\{[lcr|\s]*\}(?P<listed>.*?)"
    r"\\end\s*\{array\}\s*(?:\\right\s*)?[\])]",
    re.DOTALL,
)
_DOTTED = re.compile(r"\\(?:[cvdl]?dots|ddots|vdots)(?![a-z])|\.\.\.|…|⋮|⋯|⋱|·")
#: All that a cell may have that is not written out.
_LEFT_OUT = re.compile(rf"(?:{_DOTTED.pattern}|\\cdot)+")
_TOKEN = re.compile(r"\\[A-Za-z]+|[A-Za-z]|[0-9]|\S")
_BRACED = re.compile(r"([_^])\s*\{\s*([A-Za-z0-9])\s*\}")
#: More characters than that no matrix of corners has.
_LONGEST = 4_000
_FUNCTION = r"\\(?:sigma|tanh|phi|varphi|theta|psi)|[fg]|\\mathrm\{(?:tanh|sigmoid)\}"
_GROUP = r"(?:\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\})"
_ROW, _COLUMN = "\ue000", "\ue001"
_SCRIPTS = rf"(?:\s*(?:[_^]\s*(?:{_GROUP}|[A-Za-z0-9{_ROW}{_COLUMN}]|\\[a-z]+)|'))*"
_FACTOR = re.compile(
    rf"\s*(?:\\cdot(?![a-z])|\\odot(?![a-z])|\\times(?![a-z])|\*|\\[,;! ])?\s*(?P<factor>"
    rf"\\[dt]?frac\s*{_GROUP}\s*{_GROUP}"
    rf"|(?:{_FUNCTION}){_SCRIPTS}\s*(?:\\left\s*)?\((?:[^()]|\([^()]*\))*\)"
    rf"|(?:\\left\s*)?\((?:[^()]|\([^()]*\))*\){_SCRIPTS}"
    rf"|(?:\\[A-Za-z]+\s*\{{[A-Za-z]+\}}|\\[A-Za-z]+|[A-Za-z]){_SCRIPTS})"
)
_ENTRY = re.compile(
    rf"\s*(?P<name>[a-z])\s*_\s*\{{\s*(?P<first>{_ROW}|{_COLUMN})\s*,?\s*(?:{_ROW}|{_COLUMN})\s*\}}\s*"
)


def folded(formula: Formula) -> Formula:
    """``formula`` with each such matrix as a product, where its corners tell which."""
    return edited(formula, list(_edits(formula.latex)))


def _edits(text: str) -> Iterator[Edit]:
    for m in _MATRIX.finditer(text):
        body = m.group("body") or m.group("listed")
        if len(body) > _LONGEST or not _DOTTED.search(body):
            continue
        product = _product(_cells(body))
        if product is not None:
            yield m.start(), m.end(), product


class _Row(list[str]):
    """The entries of a row that are written; the ``first`` of them stand before any dots.

    ``above`` says whether no row is left out above it, so that its own number is known.
    """

    first: int = 0
    above: bool = True


def _cells(body: str) -> list[_Row]:
    """The entries that are written, row by row, without the dots between them."""
    rows: list[_Row] = []
    above = True
    for row in re.split(r"\\\\(?:\s*\[[^\]]*\])?", body):
        cells = [c.strip() for c in _split(row)]
        if len(cells) == 1 and _DOTTED.search(cells[0]):
            cells = [c.strip() for c in _DOTTED.split(cells[0])]
            both = all(cells[:: len(cells) - 1])
            cells = [_ends(cells[0])[0], "", _ends(cells[-1])[-1]] if both else []
        is_written = [bool(c) and not _LEFT_OUT.fullmatch("".join(c.split())) for c in cells]
        if any(is_written):
            written = _Row(c for c, is_one in zip(cells, is_written, strict=True) if is_one)
            written.first = [*is_written, False].index(False)
            written.above = above
            rows.append(written)
        above = above and bool(is_written) and is_written[0]
    return rows


def _split(row: str) -> list[str]:
    """The cells of a row: columns are parted outside braces."""
    cells, depth, last = [], 0, 0
    for k, c in enumerate(row):
        depth += (c == "{") - (c == "}")
        if c == "&" and not depth and row[k - 1 : k] != "\\":
            cells.append(row[last:k])
            last = k + 1
    return [*cells, row[last:]]


def _ends(cell: str) -> list[str]:
    """The entries that stand side by side in one cell: ``w_{11} w_{12}``."""
    return [m.group("factor") for m in _FACTOR.finditer(cell)] or [cell]


def _product(rows: Sequence[_Row]) -> str | None:
    if len(rows) < 2:
        return None
    if all(len(row) == 1 for row in rows):
        entry = _pattern(rows[0][0], rows[-1][0], rows[0][0], rows[-1][0])
        return None if entry is None or not _agrees(rows, entry) else _without(entry, _ROW)
    if any(len(row) < 2 for row in (rows[0], rows[-1])):
        return None
    (a, b), (c, d) = ((row[0], row[-1]) for row in (rows[0], rows[-1]))
    if b == c == "0":
        entry = _pattern(a, d, a, d)
        if entry is None or not _agrees(rows, entry, diagonal=True):
            return None
        return rf"\operatorname{{diag}}({_without(entry, _ROW)})"
    entry = _pattern(a, c, b, d)
    return None if entry is None or not _agrees(rows, entry) else _folded(entry)


def _agrees(rows: Sequence[_Row], entry: str, *, diagonal: bool = False) -> bool:
    """Whether what is written between the corners, its row and column known, is ``entry`` there."""
    for i, row in enumerate(rows[:-1], 1):
        if not row.above:
            break
        for j, cell in enumerate(row[: row.first if row.first < len(row) else -1], 1):
            here = entry.replace(_ROW, str(i)).replace(_COLUMN, str(j))
            wanted = _TOKEN.findall("0" if diagonal and i != j else here)
            if _TOKEN.findall(_BRACED.sub(r"\1\2", cell)) != wanted:
                return False
    return True


def _pattern(a: str, c: str, b: str, d: str) -> str | None:
    """The entry with marks for its row and its column, which its corners tell, from (1,1) over
    (n,1) and (1,n) to (n,n).
    """
    spelt = [_BRACED.sub(r"\1\2", cell) for cell in (a, c, b, d)]
    first, down, along, last = map(_TOKEN.findall, spelt)
    if not len(first) == len(down) == len(along) == len(last):
        return None
    out: list[str] = []
    for at, below, right, corner in zip(first, down, along, last, strict=True):
        rows, columns = at != below, at != right
        if (rows and columns) or ((rows or columns) and at != "1"):
            return None
        if corner != (below if rows else right if columns else at):
            return None
        out.append(_ROW if rows else _COLUMN if columns else at)
    found = "".join(t + " " if t.startswith("\\") else t for t in out)
    return found if _ROW in found or _COLUMN in found else None


def _folded(entry: str) -> str | None:
    if _ROW not in entry or _COLUMN not in entry:
        return None
    factors, pos = [], 0
    while pos < len(entry):
        m = _FACTOR.match(entry, pos)
        if m is None or m.end() == pos:
            return None
        factors.append(m.group("factor"))
        pos = m.end()
    numbers: list[str] = []
    left: list[str] = []
    middle: list[str] = []
    right: list[str] = []
    for factor in factors:
        rows, columns = _ROW in factor, _COLUMN in factor
        plain = _without(_without(factor, _ROW), _COLUMN)
        if rows and columns:
            whole = factor if r"\partial" in factor else ""
            lone = _ENTRY.fullmatch(factor)
            if not whole and lone is None:
                return None
            if lone is not None and not whole:
                turned = r"^{\top}" if lone.group("first") == _COLUMN else ""
                plain = lone.group("name").upper() + turned
            middle.append(plain)
        elif rows:
            left.append(plain)
        elif columns:
            right.append(plain)
        else:
            numbers.insert(0, plain)
    if not middle and left and right:  # the outer product of two vectors
        of_rows, of_columns = (r" \odot ".join(part) for part in (left, right))
        return " ".join((*numbers, f"({of_rows})", rf"({of_columns})^{{\top}}"))
    if len(middle) != 1:
        return None
    before, after = ([rf"\operatorname{{diag}}({of})" for of in part] for part in (left, right))
    return " ".join((*numbers, *before, *middle, *after))


def _without(text: str, mark: str) -> str:
    """``text`` without an index; a step that stood above it comes down."""
    below = rf"(?:\{{\s*{mark}\s*\}}|{mark})"
    step = r"(?:\{\s*\(?\s*(?P<s>t\s*(?:[-+]\s*[0-9])?)\s*\)?\s*\}|(?P<s1>t))"
    text = re.sub(
        rf"_\s*{below}\s*\^\s*{step}|\^\s*{step.replace('<s', '<z')}\s*_\s*{below}",
        lambda m: "_{" + next(g for g in m.groups() if g) + "}",
        text,
    )
    text = re.sub(rf"_\s*(?:\{{\s*{mark}\s*\}}|{mark})", "", text)
    return re.sub(rf"\s*,\s*{mark}|{mark}\s*,?\s*", "", text)
