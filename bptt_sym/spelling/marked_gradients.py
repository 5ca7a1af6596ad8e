r"""Gradients named by a letter with their variable below: ``g_{h_t}``, ``d_{o_t}``, ``G_{W_f}``.

Where one letter carries several indexed names in its script, it is the mark of the gradient by
what stands there. Scripts above tell its parts: ``g_{h_t}^{\text{total}}`` is the whole,
``g_{h_t}^{(1)}`` what comes on one way, and an equation for a part, or for ``g_{c_{t-1}}`` where
``g_{c_t}^{\text{total}}`` is the whole, adds to the gradient.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import Edit, edited

_BASE = r"(?:\\(?:tilde|hat|bar|mathbf|boldsymbol)\s*\{\s*[A-Za-z]\s*\}|[A-Za-z])"
_INDEXED = rf"{_BASE}\s*_\s*(?:\{{[^{{}}]{{1,16}}\}}|[A-Za-z0-9])"
_ABOVE = r"(?:\s*\^\s*\{(?P<above>(?:[^{}]|\{[^{}]*\})+)\})?"
_MARKED = re.compile(rf"(?<![A-Za-z\\])(?P<mark>[gdGD])_\s*\{{\s*(?P<by>{_INDEXED})\s*\}}{_ABOVE}")
_PLAIN = re.compile(
    r"(?<![A-Za-z\\])(?P<mark>[gdGD])_\s*\{?(?P<by>[WUVb](?![A-Za-z]))\}?(?P<above>)"
)
_INSIDE = re.compile(r"[azps]\s*_\s*\{\s*[fiocgzrn]\s*,")
_WHOLE = re.compile(r"\s*\\?(?:text|mathrm)?\s*\{?\s*(?:total|tot|full)\s*\}?\s*")
_EQUALS = re.compile(r"\s*&?\s*=\s*&?")
_LEFT = re.compile(r"\s*(?:\\boxed\s*\{\s*)?(?:\\begin\s*\{[a-z]+\*?\}\s*)?&?\s*$")
#: How many variables show that a letter is such a mark.
_ENOUGH = 3


@dataclass(frozen=True)
class _Marks:
    letters: frozenset[str]
    #: Bases of variables whose gradient is told in parts.
    parted: frozenset[str]
    #: What the equation of a part gives it.
    given: dict[str, str]
    loss: str
    #: Whether some are by what stands in a gate, ``g_{a_{f,t}}``: those by a gate are by itself.
    inside: bool = False

    def written_out(self, formula: Formula) -> Formula:
        text = formula.latex
        edits: list[Edit] = []
        whole = ""  # the variable whose whole gradient the equation gives
        for m in sorted(_found(text, self.letters), key=re.Match.start):
            by, above = m.group("by").strip(), m.group("above") or ""
            new = rf"\frac{{\partial {self.loss}}}{{\partial {by}}}"
            equals = _EQUALS.match(text, m.end())
            if equals is not None and _LEFT.match(text[: m.start()]):
                total = _WHOLE.fullmatch(above) is not None
                whole = by if total or (not above and _base(by) in self.parted) else ""
                rest = _alone(text, equals.end(), m.group("mark"), by) if whole else None
                if rest is not None:
                    edits.append((rest[0], rest[1], ""))
                adds = rest is not None or (not total and (above or _base(by) in self.parted))
                edits.append((m.start(), equals.end(), new + (" += " if adds else " = ")))
            elif above and not _WHOLE.fullmatch(above):
                part = self.given.get(_key(m))
                edits.append((m.start(), m.end(), rf"\left({part}\right)" if part else m.group()))
            elif not any(a <= m.start() < b for a, b, _ in edits):
                edits.append((m.start(), m.end(), new))
        found = edited(formula, sorted(edits))
        return replace(found, delta=not self.inside) if edits else formula


def with_marked_gradients(formulas: Sequence[Formula], loss: str) -> list[Formula]:
    """``formulas`` with gradients named by a letter as derivatives of ``loss``."""
    texts = [f.latex for f in formulas]
    marks = _marks(texts, loss)
    if marks is None:
        return list(formulas)
    again = replace(marks, given={})
    given = {k: again.written_out(_piece(formulas[i], a, b)).latex
             for k, (i, a, b) in _parts(texts, marks.letters).items()}  # fmt: skip
    marks = replace(marks, given=given)
    return [marks.written_out(f) for f in formulas]


def _marks(texts: Sequence[str], loss: str) -> _Marks | None:
    below: dict[str, set[str]] = {}
    parted: set[str] = set()
    for text in texts:
        for m in _MARKED.finditer(text):
            below.setdefault(m.group("mark"), set()).add(_base(m.group("by")))
            if m.group("above"):
                parted.add(_base(m.group("by")))
    letters = {k for k, bases in below.items() if len(bases) >= _ENOUGH}
    if letters:
        letters |= {k for k, bases in below.items() if len(bases) > 1}
    inside = any(_INSIDE.match(m["by"]) for t in texts for m in _MARKED.finditer(t))
    return _Marks(frozenset(letters), frozenset(parted), {}, loss, inside) if letters else None


def _found(text: str, letters: frozenset[str]) -> Iterator[re.Match[str]]:
    for pattern in (_MARKED, _PLAIN):
        yield from (m for m in pattern.finditer(text) if m.group("mark") in letters)


def _parts(texts: Sequence[str], letters: frozenset[str]) -> dict[str, tuple[int, int, int]]:
    """Where the right side of the equation of each part stands."""
    found: dict[str, tuple[int, int, int]] = {}
    for i, text in enumerate(texts):
        for m in _found(text, letters):
            equals = _EQUALS.match(text, m.end())
            if m.group("above") and equals is not None and _LEFT.match(text[: m.start()]):
                end = re.compile(r"\\q?quad|\\\\|\\end|\\text|=|$").search(text, equals.end())
                found.setdefault(_key(m), (i, equals.end(), end.start() if end else len(text)))
    return found


def _piece(formula: Formula, start: int, end: int) -> Formula:
    return replace(
        formula, latex=formula.latex[start:end], offsets=formula.offsets[start : end + 1]
    )


def _alone(text: str, start: int, mark: str, by: str) -> tuple[int, int] | None:
    """The gradient itself as a term of the sum from ``start`` on, with the sign beside it."""
    name = rf"(?<![A-Za-z\\]){mark}_\s*\{{\s*{re.escape(by)}\s*\}}(?!\s*\^)"
    first = re.compile(rf"\s*{name}\s*\+").match(text, start)
    later = re.compile(rf"\+\s*{name}(?=\s*(?:\+|-|[}}.,]|$))").search(text, start)
    found = first or later
    return found.span() if found else None


def _key(m: re.Match[str]) -> str:
    return "".join(f"{m.group('by')}^{m.group('above')}".split())


def _base(by: str) -> str:
    return "".join(re.sub(r"_\s*\{?\s*t.*", "", by, flags=re.DOTALL).split())
