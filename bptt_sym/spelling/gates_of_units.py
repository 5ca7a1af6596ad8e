r"""Gates unit by unit.

.. math:: a^f_j(t) = \sum_k W^f_{jk} x_k(t) + \sum_l U^f_{jl} h_l(t-1) + b^f_j

The label of a gate stands above or below what has the index of a unit, and of two in a weight. A
definition is that of vectors, :math:`a_f^{(t)} = W_f x^{(t)} + U_f h^{(t-1)} + b_f`, and in a
gradient :math:`U^f_{jl}` is the entry :math:`(U_f)_{jl}`. Two gates at least must have weights of
their own: one label alone may be that of a layer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_GATES = "fiogcazrun"
_LABEL = rf"[xh]?[{_GATES}hy]|[{_GATES}][xh]"
_WEIGHT = r"(?<![A-Za-z\\])[A-DF-IK-SU-Zuvw]"
_SMALL = r"(?<![A-Za-z\\])[a-z]"
_U = r"[ijklmpqrs]"
_AT = r"[tT]\s*(?:[-+]\s*1\s*)?"
_CALLED = rf"\s*[(\[]\s*{_AT}[)\]]"
_ABOVE = rf"\s*\^\s*(?:\{{\s*\(?\s*{_AT}\)?\s*\}}|t(?![A-Za-z]))"


def _raised(group: str, what: str) -> str:
    inside = rf"\{{\s*\(?\s*(?P<{group}>{what})\s*\)?\s*\}}"
    return rf"\s*\^\s*(?:{inside}|(?P<{group}_>{what})(?![A-Za-z]))"


def _lowered(group: str, what: str) -> str:
    return rf"\s*_\s*(?:\{{\s*(?P<{group}>{what})\s*\}}|(?P<{group}_>{what})(?![A-Za-z]))"


_PAIR = rf"{_U}\s*,?\s*{_U}"
#: ``W^f_{jk}``, ``W_{jk}^f``, ``W_{f,jk}``
_OF_TWO = re.compile(
    rf"(?P<w>{_WEIGHT})(?:{_raised('g1', _LABEL)}\s*_\s*\{{\s*(?P<ij1>{_PAIR})\s*\}}"
    rf"|\s*_\s*\{{\s*(?P<ij2>{_PAIR})\s*\}}{_raised('g2', _LABEL)}"
    rf"|\s*_\s*\{{\s*(?P<g3>{_LABEL})\s*,\s*(?P<ij3>{_PAIR})\s*\}})(?!\s*\()"
)
#: ``a^f_j(t)``, ``a_j^f(t)``, ``a^f_{j,t}``, ``a_{f,j}^{(t)}``, ``b^f_j``, ``b_{f,j}``
_SCRIPTS = (
    r"(?:"
    rf"{_raised('g1', _LABEL)}{_lowered('j1', _U)}(?P<t1>{_CALLED})?"
    rf"|{_lowered('j2', _U)}{_raised('g2', _LABEL)}(?P<t2>{_CALLED})?"
    rf"|{_raised('g3', _LABEL)}\s*_\s*"
    rf"\{{\s*(?:(?P<j3>{_U})\s*,\s*(?P<t3>{_AT})|(?P<t4>{_AT}),\s*(?P<j4>{_U}))\s*\}}"
    rf"|\s*_\s*\{{\s*(?P<g5>{_LABEL})\s*,\s*(?P<j5>{_U})\s*\}}(?P<t5>{_CALLED}|{_ABOVE})?)"
)
_OF_ONE = re.compile(rf"(?P<d>\\delta|{_SMALL}){_SCRIPTS}")
#: ``x_k(t)``, ``x_k^{(t)}``, ``x_{k,t}``: what a weight multiplies.
_ELEMENT = (
    rf"(?P<x>{_SMALL})(?:{_lowered('k1', _U)}(?P<s1>{_CALLED}|{_ABOVE})"
    rf"|\s*\^\s*\{{\s*\(?\s*(?P<s2>{_AT})\)?\s*\}}{_lowered('k2', _U)}"
    rf"|\s*_\s*\{{\s*(?:(?P<k3>{_U})\s*,\s*(?P<s3>{_AT})|(?P<s4>{_AT}),\s*(?P<k4>{_U}))\s*\}})"
)
_SUM = (
    rf"\\sum(?:\\limits)?\s*_\s*(?:\{{\s*(?P<over>{_U})\s*(?:=\s*[01]\s*)?\}}|(?P<over_>{_U}))\s*"
    r"(?:\^\s*(?:\{[^{}]{1,12}\}|[A-Za-z]))?\s*"
)
_TIMES = r"\s*(?:\\cdot(?![a-z])|\\,|\*)?\s*"
#: ``\\sum_l U^c_{jl} r_l(t) h_l(t-1)``: of two factors at most, entry by entry.
_PRODUCT = re.compile(
    rf"(?:{_SUM})?{_OF_TWO.pattern}{_TIMES}{_ELEMENT}"
    rf"(?P<second>{_TIMES}{_ELEMENT.replace('?P<', '?P<y')})?"
)
#: ``p^f_j c_j(t-1)``: a weight for each unit, beside what it multiplies.
_DIAGONAL = re.compile(rf"(?P<d>(?<![A-Za-z\\])[A-Za-z]){_SCRIPTS}{_TIMES}{_ELEMENT}")
_DIFFERENTIATES = re.compile(r"\\partial|\\delta|∂|\\nabla|\\frac\s*\{\s*d")


def with_vectors_of_gates(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the gates as vectors, and entries of them where they are differentiated."""
    labels = {_first(m, "g", 3) for f in formulas for m in _OF_TWO.finditer(f.latex)}
    if len({label.strip("xh") for label in labels} & set(_GATES)) < 2:
        return list(formulas)
    return [_entries(f) if _DIFFERENTIATES.search(f.latex) else _vectors(f) for f in formulas]


def _entries(formula: Formula) -> Formula:
    formula = replaced(formula, _OF_TWO, lambda m: f"({_weight(m)})_{{{_first(m, 'ij', 3)}}}")
    return replaced(formula, _OF_ONE, lambda m: f"({_vector(m)})_{{{_first(m, 'j', 5)}}}")


def _vectors(formula: Formula) -> Formula:
    formula = replaced(replaced(formula, _PRODUCT, _product), _DIAGONAL, _diagonal)
    return replaced(formula, _OF_ONE, _vector)


def _weight(m: re.Match[str]) -> str:
    """(In bold type a small letter is read as a matrix.)"""
    name = rf"\mathbf{{{m['w']}}}" if m["w"].islower() else m["w"]
    return f"{name}_{{{_first(m, 'g', 3)}}}"


def _diagonal(m: re.Match[str]) -> str | None:
    if _first(m, "t", 5) or _first(m, "j", 5) != _first(m, "k", 4):
        return None
    return rf"{_vector(m)} \odot {m['x']}{_step(_first(m, 's', 4))}"


def _vector(m: re.Match[str]) -> str:
    return f"{m['d']}_{{{_first(m, 'g', 5)}}}{_step(_first(m, 't', 5))}"


def _product(m: re.Match[str]) -> str | None:
    rows, k = "".join(_first(m, "ij", 3).replace(",", "").split()), _first(m, "k", 4)
    over = m["over"] or m["over_"] or k
    if k not in rows or over != k or len(set(rows)) < 2:
        return None
    weight = rf"{{{_weight(m)}}}^{{\top}}" if rows.startswith(k) else _weight(m)
    of = m["x"] + _step(_first(m, "s", 4))
    if m["second"]:
        if _first(m, "yk", 4) != k:
            return None
        of = rf"({of} \odot {m['yx']}{_step(_first(m, 'ys', 4))})"
    return f"{weight} {of}"


def _step(text: str) -> str:
    inside = "".join(re.sub(r"[\s{}()\[\]^]", "", text).split())
    return f"^{{({inside})}}" if inside else ""


def _first(m: re.Match[str], name: str, number: int) -> str:
    """What the first of the groups ``name1``, ``name2``, … has that was found."""
    groups = m.groupdict()
    keys = (f"{name}{k}{end}" for k in range(1, number + 1) for end in ("", "_"))
    return next((groups[key].strip() for key in keys if groups.get(key)), "")
