r"""Gradients whose columns are stacked: :math:`\mathrm{vec}(\partial L/\partial W) = …`.

vec of a product is a product of Kronecker, so that each term says what the matrix itself is:

.. math::

    \mathrm{vec}(M) \mapsto M, \quad u \otimes v \mapsto v u^\top, \quad
    (u \otimes I) v \mapsto v u^\top, \quad (I \otimes v) u \mapsto v u^\top, \quad
    (B^\top \otimes A) \mathrm{vec}(X) \mapsto A X B.

All sides are brought back, or none: then vec is a name that nothing defines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import closing, edited

_VEC = (
    r"(?:\\(?:mathrm|operatorname|text|mathop|textrm|mathsf|mathbf|rm)\s*\{\s*vec\s*\}|"
    r"(?<![A-Za-z\\])vec(?=\s*(?:\\left\s*|\\[bB]igg?l?\s*)?[(\[]))"
)
_HEAD = re.compile(rf"\s*{_VEC}")
#: It by itself, or anywhere.
_ALONE = re.compile(rf"{_VEC}|vec")
_ANY = re.compile(_VEC)
_CUT = re.compile(r"\\\\|\\(?:begin|end)\s*\{[a-z]+\*?\}")
_SPACE = re.compile(r"(?:\s|\\[,;:! ]|\\q?quad(?![A-Za-z])|~|&)++")
_KRON = r"\otimes"
#: Before a bracket, which has its size.
_SIZE = re.compile(r"\\(?:left|right|[bB]igg?[lrm]?)(?![A-Za-z])\s*+")
_ATOM = re.compile(
    rf"{_VEC}|\\(?:mathbf|boldsymbol|bm|mathrm|mathbb|operatorname|text)\s*\{{[^{{}}]*\}}|"
    r"\\[A-Za-z]++|[A-Za-z0-9]|[=+*-]|'"
)
_SCRIPT = re.compile(r"\s*+(?:'|[_^]\s*+)")
_BIG = re.compile(r"\\sum(?![A-Za-z])")
_TIMES = re.compile(r"\\cdot|\*")
_IDENTITY = re.compile(r"(?:\\(?:mathbf|boldsymbol|bm|mathrm|mathbb)\s*\{\s*I\s*\}|I)(?:_.*)?")
_TURNED = re.compile(r"\^\s*(?:\{\s*)?(?:\\top|\\intercal|T(?![A-Za-z]))\s*\}?\s*\Z")
#: Lengths beyond which nothing is taken apart.
_LONG = 600


def with_matrices_for_their_columns(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with equations of gradients for those of their columns one below the other."""
    if not any("vec" in f.latex for f in formulas):
        return list(formulas)
    return [_brought_back(f) for f in formulas]


def _brought_back(formula: Formula) -> Formula:
    text = formula.latex
    if len(text) > _LONG or not _HEAD.match(text) or _CUT.search(text):
        return formula
    end = len(text.rstrip().rstrip(".,;").rstrip())
    try:
        factors = list(_factors(text, 0, end))
        sides = _parts(text, factors, "=")
        if len(sides) < 2 or not all(sides) or r"\partial" not in text[: sides[1][0][0]]:
            return formula
        said = [_side(text, side) for side in sides]
    except _Unread:
        return formula
    edits = [(s[0][0], s[-1][1], new) for s, new in zip(sides, said, strict=True)]
    return edited(formula, edits)


def stacks(latex: str) -> int:
    """How often vec stands in an equation that begins with it."""
    return len(_ANY.findall(latex)) if _HEAD.match(latex) else 0


class _Unread(ValueError):
    """What is no vector of columns that is known."""


#: Where a factor begins and ends, with its scripts.
_Factor = tuple[int, int]


def _factors(text: str, at: int, end: int) -> Iterator[_Factor]:
    while at < end:
        if (space := _SPACE.match(text, at, end)) is not None:
            at = space.end()
            continue
        start = at
        size = _SIZE.match(text, at, end)
        opened = size.end() if size is not None else at
        if text[opened : opened + 1] in ("(", "[", "{"):
            at = _closed(text, opened, end)
        elif (m := _ATOM.match(text, at, end)) is not None:
            at = m.end()
            if m.group() in (r"\frac", r"\dfrac", r"\tfrac"):
                at = _braced(text, _braced(text, at, end), end)
        else:
            raise _Unread
        while (script := _SCRIPT.match(text, at, end)) is not None:
            at = script.end()
            if not script.group().endswith("'"):
                one = _ATOM.match(text, at, end)
                at = one.end() if one is not None else _braced(text, at, end)
        yield start, at


def _closed(text: str, opened: int, end: int) -> int:
    opens = text[opened]
    found = closing(text, opened, opens, {"(": ")", "[": "]", "{": "}"}[opens])
    if found is None or found >= end:
        raise _Unread
    return found + 1


def _braced(text: str, at: int, end: int) -> int:
    space = _SPACE.match(text, at, end)
    at = space.end() if space is not None else at
    if text[at : at + 1] != "{":
        raise _Unread
    return _closed(text, at, end)


def _parts(text: str, factors: Sequence[_Factor], signs: str) -> list[list[_Factor]]:
    """What stands between signs of one character; a sign that begins a part stays with it."""
    out: list[list[_Factor]] = [[]]
    for start, end in factors:
        if text[start:end] in signs and (out[-1] or signs == "="):
            out.append([])
        if signs == "=" and text[start:end] == "=":
            continue
        out[-1].append((start, end))
    return out


def _side(text: str, factors: Sequence[_Factor]) -> str:
    """The matrix whose columns a side stacks, term by term."""
    if not factors:
        raise _Unread
    return " ".join(_term(text, term) for term in _parts(text, factors, "+-"))


def _term(text: str, factors: Sequence[_Factor]) -> str:
    before = 0
    while before < len(factors) and (
        text[slice(*factors[before])] in ("+", "-") or _BIG.match(text, factors[before][0])
    ):
        before += 1
    lead = " ".join(text[a:b] for a, b in factors[:before])
    rest = [
        text[a:b] for a, b in factors[before:] if _TIMES.fullmatch(text[a:b]) is None
    ]
    return f"{lead} {_matrix(rest)}".strip()


def _matrix(factors: Sequence[str]) -> str:
    """The matrix whose columns a product stacks."""
    if len(factors) == 2 and _ALONE.fullmatch(factors[0]):
        return _grouped(factors[1])
    if _KRON in factors:
        u, v = _both(factors)
        return rf"{_grouped(*v)} {_turned(u)}"
    if len(factors) >= 2 and (inner := _within(factors[0])) is not None:
        of = list(_strings(inner))
        if _KRON in of:
            first, second = _both(of)
            if len(factors) == 3 and _ALONE.fullmatch(factors[1]):
                return f"{_grouped(*second)} {_grouped(factors[2])} {_turned(first)}"
            if any(_ANY.search(f) for f in factors[1:]):
                raise _Unread
            if len(second) == 1 and _IDENTITY.fullmatch(second[0]):
                return rf"{_grouped(*factors[1:])} {_turned(first)}"
            if len(first) == 1 and _IDENTITY.fullmatch(first[0]):
                return rf"{_grouped(*second)} {_turned(factors[1:])}"
    raise _Unread


def _both(factors: Sequence[str]) -> tuple[list[str], list[str]]:
    """What stands on either side of the one product of Kronecker."""
    at = list(factors).index(_KRON)
    first, second = list(factors[:at]), list(factors[at + 1 :])
    if not first or not second or _KRON in second or any(f in "+-=" for f in (*first, *second)):
        raise _Unread
    return first, second


def _within(factor: str) -> str | None:
    """What stands in a bracket."""
    plain = _SIZE.sub("", factor)
    return plain[1:-1] if plain[:1] in "([" and plain[-1:] in ")]" else None


def _strings(text: str) -> Iterator[str]:
    yield from (text[a:b] for a, b in _factors(text, 0, len(text)))


def _grouped(*factors: str) -> str:
    if len(factors) == 1 and factors[0][:1] not in "(\\[":
        return factors[0]
    whole = " ".join(factors)
    inner = _within(whole) if len(factors) == 1 else None
    return whole if inner is None and len(factors) == 1 else rf"\left({inner or whole}\right)"


def _turned(factors: Sequence[str]) -> str:
    """The transpose of a product; of a transpose, what it is of."""
    if len(factors) == 1 and (m := _TURNED.search(factors[0])) is not None:
        return _grouped(factors[0][: m.start()])
    return rf"{_grouped(*factors)}^{{\top}}" if len(factors) > 1 or factors[0][:1] in "([" else (
        rf"{factors[0]}^{{\top}}"
    )


__all__ = ["stacks", "with_matrices_for_their_columns"]
