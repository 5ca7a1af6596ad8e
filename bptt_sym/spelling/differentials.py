r"""Gradients told by a differential.

.. math::

    dL = \langle G, dW \rangle, \qquad dL = \mathrm{tr}(A\,dW)

The first says :math:`\partial L/\partial W = G`, the second :math:`\partial L/\partial W = A^\top`.
A side that is neither, such as one with :math:`dW\, h_{t-1}`, is a step on the way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import edited

_LOSS = r"(?P<loss>\\mathcal\s*\{\s*[A-Z]\s*\}|[CEJL])"
_LEFT = re.compile(rf"\s*(?:\\mathrm\s*\{{\s*d\s*\}}|d)\s*{_LOSS}\s*&?\s*=\s*&?")
_D = r"(?:\\mathrm\s*\{\s*d\s*\}|d)\s*"
_NAME = (
    r"(?P<by>(?:\\mathbf\s*\{\s*[A-Za-z]\s*\}|[A-Za-z])"
    r"(?:\s*_\s*(?:\{[^{}]{1,10}\}|[A-Za-z0-9]))?)"
)
_INNER = re.compile(
    rf"(?:\\left\s*)?\\langle(?P<of>.+?),\s*{_D}{_NAME}\s*(?:\\right\s*)?\\rangle", re.DOTALL
)
_TRACE = re.compile(
    r"(?:\\(?:operatorname|mathrm|text)\s*\{\s*[tT]r(?:ace)?\s*\}|\\[tT]r(?![A-Za-z]))\s*"
    rf"(?:\\left\s*)?[(\[](?P<of>.+?){_D}{_NAME}\s*(?:\\right\s*)?[)\]]", re.DOTALL,
)
_DIFFERENTIAL = re.compile(rf"(?<![A-Za-z\\]){_D}(?:\\mathbf\s*\{{\s*)?[A-Za-z](?![A-Za-z])")
_CUT = re.compile(r"\\\\|\\(?:begin|end)\s*\{[a-z]+\*?\}")


def with_gradients_for_differentials(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the derivatives that differentials of the loss tell."""
    return [new for f in formulas for new in _told(f)]


def _told(formula: Formula) -> list[Formula]:
    m = _LEFT.match(formula.latex)
    if m is None or _CUT.search(formula.latex):
        return [formula]
    found = []
    for start, end in _sides(formula.latex, m.end()):
        terms = list(_terms(formula.latex, start, end))
        read = [_read(formula.latex[a:b]) for a, b in terms]
        if all(r is not None for r in read):
            found += [(a, b, r) for (a, b), r in zip(terms, read, strict=True) if r is not None]
    loss = m["loss"]
    out = []
    for a, b, (by, of, turned) in found:
        right = rf"\left({of}\right)^\top" if turned else of
        claim = rf"\frac{{\partial {loss}}}{{\partial {by}}} = {right}"
        whole = edited(formula, [(a, b, claim), (b, len(formula.latex), "")])
        out.append(replace(edited(whole, [(0, a, "")])))
    return out or [formula]


def _read(term: str) -> tuple[str, str, bool] | None:
    for pattern, turned in ((_INNER, False), (_TRACE, True)):
        m = pattern.fullmatch(term.strip().rstrip(".,; "))
        if m is not None and not _DIFFERENTIAL.search(_without_fractions(m["of"])):
            return m["by"], re.sub(r"(?:\\[,;]|\\cdot|\s)+\Z", "", m["of"]).strip(), turned
    return None


def _without_fractions(text: str) -> str:
    """What is left without derivatives, whose d is no differential."""
    return re.sub(r"\\[dt]?frac\s*\{[^{}]*\}\s*\{[^{}]*\}", " ", text)


def _sides(text: str, start: int) -> Iterator[tuple[int, int]]:
    yield from _split(text, start, len(text), "=")


def _terms(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    yield from _split(text, start, end, "+")


def _split(text: str, start: int, end: int, sign: str) -> Iterator[tuple[int, int]]:
    """The parts between the signs that stand outside of brackets."""
    depth, begin = 0, start
    for k in range(start, end):
        if text[k] in "{([" or text.startswith(r"\langle", k):
            depth += 1
        elif text[k] in "})]" or text.startswith(r"\rangle", k):
            depth -= 1
        elif text[k] == sign and not depth:
            yield begin, k
            begin = k + 1
    yield begin, end
