r"""Identities of any matrices: products of Kronecker, traces, vec, inverses, determinants.

The letters stand for nothing that the text defines, and for square matrices of one size. Both sides
are computed exactly for random matrices of two and of three rows; what differs is shown by small
ones. :math:`\otimes` is the product of Kronecker where a side multiplies what it gives; what fails
accuses only a text that speaks of him. vec stacks columns, or, which is a reading, rows.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise, product
from typing import Any, Literal

from bptt_sym.check.any_matrices import NOT_ANY, are_any
from bptt_sym.check.models import Models
from bptt_sym.decide.verdict import Counterexample, Verdict
from bptt_sym.definitions.outline import Row
from bptt_sym.documents.document import Formula

#: An expression: a letter, or an operation with its operands.
Tree = str | tuple[Any, ...]
Stacking = Literal["columns", "rows"]

_LAYOUT = re.compile(r"\\(?:left|right|[bB]igg?[lrm]?|displaystyle)(?![A-Za-z])|\\[,;:! ]|~|\s|&")
_FUNCTION = re.compile(
    r"\\(?:mathrm|operatorname|text|mathop)\s*\{\s*(?P<f>vec|tr|Tr|trace|det)\s*\}|\\(?P<g>det|tr|Tr)(?![A-Za-z])"
    r"|(?<![A-Za-z\\])(?P<h>vec|tr|Tr|trace|det)(?=\s*[(\[A-Z])"
)
_TOKEN = re.compile(
    r"\\(?:mathbf|boldsymbol|bm)\{(?P<bold>[A-Z])\}|(?P<letter>[A-Z])|@(?P<f>vec|tr|det);"
    r"|\^\{?(?P<turned>T|\\top|\\intercal)\}?|(?P<prime>')|\^\{?(?P<inverse>-1)\}?"
    r"|(?P<kron>\\otimes)|(?P<had>\\odot|\\circ)|(?P<dot>\\cdot)|(?P<sign>[-+])|(?P<open>[(\[])|(?P<close>[)\]])"
)
_TELLS = re.compile(r"\\otimes|@(?:vec|tr|det);|\^\{?-1|[A-Z]\)?\^\{?(?:T|\\top)|\)'|[A-Z]'")
_KRONECKER = re.compile(r"[Kk]ronecker|克罗内克|кронекер", re.IGNORECASE)
_SIZES = (2, 3)
_TRIALS = 2
MOST_LETTERS = 4
_LENGTH = 200
ROWS = "vec stacks the rows"
METHOD = "both sides agree, computed exactly, for random matrices"


class _Unread(ValueError):
    """What is no expression of matrices."""


def _plain(latex: str) -> str:
    names = {"Tr": "tr", "trace": "tr"}

    def named(m: re.Match[str]) -> str:
        f = m["f"] or m["g"] or m["h"]
        return f"@{names.get(f, f)};"

    return _LAYOUT.sub("", _FUNCTION.sub(named, latex)).rstrip(".,;")


def is_of_matrices(latex: str) -> bool:
    """Whether ``latex`` equates expressions of matrices, and so defines nothing."""
    return _sides(latex) is not None


def _sides(latex: str) -> list[Tree] | None:
    text = _plain(latex)
    if len(text) > _LENGTH or not _TELLS.search(text):
        return None
    parts = text.split("=")
    if len(parts) < 2:
        return None
    try:
        found = [_Parser(part).whole() for part in parts]
    except _Unread:
        return None
    return found if any(not isinstance(s, str) for s in found[:1]) else None


def of_matrices(row: Row, formula: Formula, models: Models) -> Verdict | None:
    """The verdict of ``row`` if it equates expressions of matrices that nothing defines."""
    if set(row.chain.ops) != {"="} or row.chain.given:
        return None
    sides = _sides(row.latex.strip())
    if sides is None:
        return None
    names = frozenset().union(*map(_letters, sides)) - {"I"}
    model = models.current.court.model if models.current is not None else None
    if model is not None and names & {*model.defined, *model.inputs, *model.totals,
                                      *model.parameters}:  # fmt: skip
        return None
    if not names or len(names) > MOST_LETTERS:
        return None
    if all(_agree(a, b, names, "columns") for a, b in pairwise(sides)):
        return Verdict("right", scope="square matrices of 2 and 3 rows", method=METHOD)
    if all(_agree(a, b, names, "rows") for a, b in pairwise(sides)):
        return Verdict(
            "right_under_reading", scope="square matrices of 2 and 3 rows", method=METHOD,
            readings=(ROWS,),
        )  # fmt: skip
    kronecker = any("kron" in _operations(s) for s in sides)
    each = {frozenset(_letters(s)) - {"I"} for s in sides}
    if each != {names} or len(names) < 2 or names & NOT_ANY or not are_any(names, formula):
        return None
    if kronecker and not _KRONECKER.search(formula.source.text):
        return None
    return _refuted(sides, sorted(names))


def _agree(a: Tree, b: Tree, names: frozenset[str], stacking: Stacking) -> bool:
    for n in _SIZES:
        for seed in range(_TRIALS):
            draw = random.Random(f"{n} {seed}")
            at = {x: _matrix([draw.randrange(-(2**40), 2**40) for _ in range(n * n)], n)
                  for x in sorted(names)}  # fmt: skip
            try:
                if not _equal(_value(a, at, n, stacking), _value(b, at, n, stacking)):
                    return False
            except (_Unread, ZeroDivisionError):
                return False
    return True


def _refuted(sides: Sequence[Tree], names: Sequence[str]) -> Verdict | None:
    """Small matrices for which neighbours differ, whichever way vec stacks."""
    entries = ((1, 1, 0, 1), (1, 2, 3, 5), (0, 1, 1, 0), (2, 0, 1, 1), (1, 0, 0, 2))
    for chosen in product(entries, repeat=len(names)):
        at = {x: _matrix(e, 2) for x, e in zip(names, chosen, strict=True)}
        for a, b in pairwise(sides):
            try:
                found = [[_value(s, at, 2, k) for s in (a, b)] for k in ("columns", "rows")]
            except (_Unread, ZeroDivisionError):
                continue
            if any(_equal(*pair) for pair in found):
                continue
            left, right = found[0]
            if _size(left) != _size(right):
                return None
            i, j = next((i, j) for i, r in enumerate(left) for j, x in enumerate(r)
                        if x != right[i][j])  # fmt: skip
            shown = {x: f"[[{e[0]}, {e[1]}], [{e[2]}, {e[3]}]]"
                     for x, e in zip(names, chosen, strict=True)}  # fmt: skip
            one = len(left) == len(left[0]) == 1
            apart = Counterexample(
                T=0, indices={}, values=shown, left=str(left[i][j]), right=str(right[i][j]),
                place="" if one else f"entry ({i + 1}, {j + 1})",
            )  # fmt: skip
            return Verdict("wrong", method="both sides computed exactly", counterexample=apart)
    return None


class _Parser:
    """Sums of Kronecker products of products of letters, brackets and functions of them."""

    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        end = 0
        while end < len(text):
            m = _TOKEN.match(text, end)
            if m is None or m.lastgroup is None:
                raise _Unread(text[end:])
            self.tokens.append((m.lastgroup, m[m.lastgroup]))
            end = m.end()
        self.at = 0
        self.depth = 0

    def whole(self) -> Tree:
        tree = self.sum()
        if self.at < len(self.tokens):
            raise _Unread
        return tree

    def kind(self) -> str:
        return self.tokens[self.at][0] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1][1]

    def sum(self) -> Tree:
        self.depth += 1
        if self.depth > 12:
            raise _Unread
        negative = self.kind() == "sign" and self.take() == "-"
        total: Tree = self.kron()
        total = ("neg", total) if negative else total
        while self.kind() == "sign":
            sign = self.take()
            term = self.kron()
            total = ("add", total, ("neg", term) if sign == "-" else term)
        self.depth -= 1
        return total

    def kron(self) -> Tree:
        total = self.product()
        while self.kind() in ("kron", "had"):
            name = self.kind()
            self.take()
            total = (name, total, self.product())
        return total

    def product(self) -> Tree:
        total = self.factor()
        while self.kind() in ("bold", "letter", "f", "open", "dot"):
            if self.kind() == "dot":
                self.take()
            total = ("mul", total, self.factor())
        return total

    def factor(self) -> Tree:
        kind = self.kind()
        if kind in ("bold", "letter"):
            tree: Tree = self.take()
        elif kind == "f":
            name = self.take()
            # tr A'B is the trace of the product, vec A B the product of vec A.
            inner = self.product() if name != "vec" and self.kind() != "open" else self.factor()
            tree = (name, inner)
        elif kind == "open":
            self.take()
            tree = self.sum()
            if self.kind() != "close":
                raise _Unread
            self.take()
        else:
            raise _Unread
        while self.kind() in ("turned", "prime", "inverse"):
            tree = ("inverse" if self.kind() == "inverse" else "turned", tree)
            self.take()
        return tree


def _letters(tree: Tree) -> frozenset[str]:
    if isinstance(tree, str):
        return frozenset((tree,))
    return frozenset().union(*map(_letters, tree[1:]))


def _operations(tree: Tree) -> frozenset[str]:
    if isinstance(tree, str):
        return frozenset()
    return frozenset((tree[0],)).union(*map(_operations, tree[1:]))


Rows = list[list[Fraction]]


def _matrix(entries: Sequence[int], n: int) -> Rows:
    return [[Fraction(entries[i * n + j]) for j in range(n)] for i in range(n)]


def _size(a: Rows) -> tuple[int, int]:
    return len(a), len(a[0])


def _equal(a: Rows, b: Rows) -> bool:
    return a == b


def _value(tree: Tree, at: Mapping[str, Rows], n: int, stacking: Stacking) -> Rows:
    """The value of an expression; a number is a matrix of one row."""
    if isinstance(tree, str):
        if tree == "I":
            return [[Fraction(i == j) for j in range(n)] for i in range(n)]
        return at[tree]
    args = [_value(t, at, n, stacking) for t in tree[1:]]
    a, b = args[0], args[-1]
    match tree[0]:
        case "neg":
            return [[-x for x in row] for row in a]
        case "add":
            if _size(a) != _size(b):
                raise _Unread
            return [[x + y for x, y in zip(r, s, strict=True)] for r, s in zip(a, b, strict=True)]
        case "had":
            if _size(a) != _size(b):
                raise _Unread
            return [[x * y for x, y in zip(r, s, strict=True)] for r, s in zip(a, b, strict=True)]
        case "mul":
            if _size(a) == (1, 1) or _size(b) == (1, 1):
                (scale,), rest = (a[0], b) if _size(a) == (1, 1) else (b[0], a)
                return [[scale * x for x in row] for row in rest]
            if len(a[0]) != len(b):
                raise _Unread
            return [[sum((x * y for x, y in zip(r, c, strict=True)), Fraction(0))
                     for c in zip(*b, strict=True)] for r in a]  # fmt: skip
        case "kron":
            return [[x * y for x in r for y in s] for r in a for s in b]
        case "turned":
            return [list(c) for c in zip(*a, strict=True)]
        case "vec":
            columns = zip(*a, strict=True) if stacking == "columns" else a
            return [[x] for c in columns for x in c]
        case "tr":
            _square(a)
            return [[sum((a[i][i] for i in range(len(a))), Fraction(0))]]
        case "det":
            return [[_eliminated(a)[1]]]
        case "inverse":
            return _eliminated(a)[0]
    raise _Unread


def _square(a: Rows) -> None:
    if len(a) != len(a[0]):
        raise _Unread


def _eliminated(a: Rows) -> tuple[Rows, Fraction]:
    """The inverse and the determinant. Raises ZeroDivisionError if there is no inverse."""
    _square(a)
    n = len(a)
    work = [[*row, *(Fraction(i == j) for j in range(n))] for i, row in enumerate(a)]
    det = Fraction(1)
    for k in range(n):
        pivot = next((i for i in range(k, n) if work[i][k]), None)
        if pivot is None:
            raise ZeroDivisionError
        if pivot != k:
            work[k], work[pivot] = work[pivot], work[k]
            det = -det
        det *= work[k][k]
        work[k] = [x / work[k][k] for x in work[k]]
        for i in range(n):
            if i != k and work[i][k]:
                work[i] = [x - work[i][k] * y for x, y in zip(work[i], work[k], strict=True)]
    return [row[n:] for row in work], det
