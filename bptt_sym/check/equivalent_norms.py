r"""Norms beside each other: :math:`\|A\|_F \le \sqrt n\|A\|_2`, the reverse triangle inequality.

The best constants between the norms of a square matrix of n rows, and of a vector of n entries, are
powers of n (Horn and Johnson, Matrix Analysis, 5.4 and 5.6). What a constant below them claims is
refuted by a matrix of two rows, or a vector of two entries, that is shown.
"""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise, product
from typing import Any

from bptt_sym.check.any_matrices import are_any, spectral_norm
from bptt_sym.decide.counterexample import BITS, enclosure
from bptt_sym.decide.domains import precision
from bptt_sym.decide.norms import ball_norm
from bptt_sym.decide.verdict import Counterexample, Verdict
from bptt_sym.documents.document import Formula

_HALF = Fraction(1, 2)
#: ``\\|A\\|_p <= n^e \\|A\\|_q`` with the least e, of matrices and of vectors.
_OF_MATRICES = {
    ("1", "2"): _HALF, ("1", "inf"): Fraction(1), ("1", "F"): _HALF,
    ("2", "1"): _HALF, ("2", "inf"): _HALF, ("2", "F"): Fraction(0),
    ("inf", "1"): Fraction(1), ("inf", "2"): _HALF, ("inf", "F"): _HALF,
    ("F", "1"): _HALF, ("F", "2"): _HALF, ("F", "inf"): _HALF,
}  # fmt: skip
_OF_VECTORS = {
    ("1", "2"): _HALF, ("1", "inf"): Fraction(1), ("2", "1"): Fraction(0),
    ("2", "inf"): _HALF, ("inf", "1"): Fraction(0), ("inf", "2"): Fraction(0),
}  # fmt: skip
_LAYOUT = re.compile(
    r"\\(?:left|right|[bB]igg?[lrm]?|displaystyle)(?![A-Za-z])|\\[,;:! ]|~|\s|&|\{\}|\\q?quad"
)
_NORM = (
    r"(?:\\\||\|\||‖|\\[lr]?Vert)(?P<x%s>\\(?:mathbf|boldsymbol)\{[A-Za-z]\}|[A-Za-z])"
    r"(?:\\\||\|\||‖|\\[lr]?Vert)_\{?(?P<k%s>1|2|F|\\infty)\}?"
)
_FACTOR = (
    r"(?:(?P<root%s>\\sqrt\{?n\}?)|(?P<n%s>n)|\\[dt]?frac\{?1\}?(?:\{\\sqrt\{?n\}?\}|\{?(?P<under%s>n)\}?))?"
    r"(?:\\cdot)?"
)
_SIDE = re.compile(_FACTOR % ("", "", "") + _NORM % ("", ""))
_LE = re.compile(r"\\leq?(?:slant)?(?![A-Za-z])|≤|⩽")
_ONE = r"(?:\\\||\|\||‖|\\[lr]?Vert)%s(?:\\\||\|\||‖|\\[lr]?Vert)"
_ANY = r"(?:\\(?:mathbf|boldsymbol)\{[A-Za-z]\}|[A-Za-z])"
_TRIANGLE = re.compile(
    rf"(?P<abs>\|)?{_ONE % f'(?P<a>{_ANY})'}(?P<k>_(?:\{{[^{{}}]*\}}|[A-Za-z0-9]))?-"
    rf"{_ONE % f'(?P<b>{_ANY})'}(?(k)(?P=k))(?(abs)\|)"
    rf"(?:\\leq?(?![A-Za-z])|≤){_ONE % '(?P=a)[-+](?P=b)'}(?(k)(?P=k))[.,;]?"
)


def of_norms(latex: str, formula: Formula) -> Verdict | None:
    """The verdict of a comparison of norms of one thing, or of the reverse triangle inequality.

    It is wrong only where the text around says nothing of the thing.
    """
    text = _LAYOUT.sub("", latex).rstrip(".,;")
    if (m := _TRIANGLE.fullmatch(text)) is not None and m["a"] != m["b"]:
        return Verdict("right", scope="every dimension", method="the triangle inequality")
    sides = [_SIDE.fullmatch(side) for side in _LE.split(text)]
    found = [s for s in sides if s is not None]
    if len(sides) < 2 or len(found) < len(sides) or len({s["x"] for s in found}) != 1:
        return None
    wrong = None
    for small, great in pairwise(found):
        link = _link(small, great)
        if link is None:
            return None
        wrong = wrong or (link if link.verdict == "wrong" else None)
    method = "the best constants between norms are powers of n"
    if wrong is not None:
        return wrong if are_any(frozenset((found[0]["x"][-2:].strip("{}"),)), formula) else None
    return Verdict("right", scope="every n", method=method)


def _link(small: re.Match[str], great: re.Match[str]) -> Verdict | None:
    p, q = (s["k"].replace("\\infty", "inf") for s in (small, great))
    name = small["x"]
    matrix = re.sub(r"\\[a-z]+\{|\}", "", name).isupper()
    table = _OF_MATRICES if matrix else _OF_VECTORS
    if p == q or (p, q) not in table:
        return None
    if table[p, q] <= _power(great) - _power(small):
        return Verdict("right")
    shown = _apart(small, great, matrix=matrix)
    if shown is None:
        return None
    return Verdict("wrong", counterexample=shown, method="both sides enclosed by Arb balls")


def _power(side: re.Match[str]) -> Fraction:
    """The exponent of n before a norm."""
    if side["root"]:
        return _HALF
    if side["n"]:
        return Fraction(1)
    if side["under"]:
        return Fraction(-1)
    return -_HALF if "frac" in side.group() else Fraction(0)


def _apart(
    small: re.Match[str], great: re.Match[str], *, matrix: bool
) -> Counterexample | None:
    """Something of two rows, with entries -1, 0 or 1, for which ``small`` is greater."""
    import numpy as np
    from flint import arb

    with precision(BITS):
        two = arb(2)
        for entries in product((0, 1, -1), repeat=4 if matrix else 2):
            a = np.array([arb(e) for e in entries], dtype=object)
            a = a.reshape(2, 2) if matrix else a
            left, right = (
                _norm(a, s["k"].replace("\\infty", "inf")) * two ** arb(str(float(_power(s))))
                for s in (small, great)
            )
            if left > right:
                e = entries
                shown = f"[[{e[0]}, {e[1]}], [{e[2]}, {e[3]}]]" if matrix else f"({e[0]}, {e[1]})"
                return Counterexample(
                    T=0, indices={}, values={"n": "2", small["x"]: shown},
                    left=enclosure(left), right=enclosure(right),
                )  # fmt: skip
    return None


def _norm(a: Any, kind: str) -> Any:
    return spectral_norm(a) if a.ndim == 2 and kind == "2" else ball_norm(kind, a)
