r"""Gradients told by a differential.

.. math::

    dL = \langle G, dW \rangle, \qquad dL = \mathrm{tr}(A\,dW)

The first says :math:`\partial L/\partial W = G`, the second :math:`\partial L/\partial W = A^\top`,
and :math:`\mathrm{tr}(\sum_t A_t^\top\,dW)` that it is :math:`\sum_t A_t`. Terms of one variable
are added. A side that is none of these is a step on the way: one with :math:`dW\, h_{t-1}`, one
with :math:`dc_t` in a sum over t, and one of several variables of which one runs in time, since
the others may change with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import closing, edited

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
_SUM = r"\\sum\s*(?:_\s*(?:\{[^{}]*\}|[a-z])\s*)?(?:\^\s*(?:\{[^{}]*\}|[A-Za-z])\s*)?"
_TRACE = re.compile(
    rf"(?P<sum>{_SUM})?"
    r"(?:\\(?:operatorname|mathrm|text)\s*\{\s*[tT]r(?:ace)?\s*\}|\\[tT]r(?![A-Za-z])|(?<![A-Za-z\\])tr)\s*"
    rf"(?:\\left\s*)?[(\[]\s*(?P<within>{_SUM})?(?P<of>.+?){_D}{_NAME}\s*(?P<end>\}}\s*)?"
    r"(?:\\right\s*)?[)\]]", re.DOTALL,
)
#: ``\\left(A\\right)^T``, from the bracket on.
_BRACKET = re.compile(r"\s*(?:\\left\s*)?(?P<open>\()")
_TURNED = re.compile(r"\s*\^\s*(?:T|\\top|\{\s*(?:T|\\top)\s*\})\s*")
_LONGEST = 2_000
#: A product that goes on behind the differential.
_OPEN_ENDED = re.compile(r"(?:\\(?:odot|circ|otimes|times)|[*+-])\s*\Z")
#: A name that runs in time.
_RUNS = re.compile(r"_\s*(?:\{[^{}]*[tkT][^{}]*\}|[tkT](?![A-Za-z]))")
_DIFFERENTIAL = re.compile(rf"(?<![A-Za-z\\]){_D}(?:\\mathbf\s*\{{\s*)?[A-Za-z](?![A-Za-z])")
_CUT = re.compile(r"\\\\|\\(?:begin|end)\s*\{[a-z]+\*?\}")


def with_gradients_for_differentials(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the derivatives that differentials of the loss tell."""
    return [new for f in formulas for new in _told(f)]


def _told(formula: Formula) -> list[Formula]:
    m = _LEFT.match(formula.latex)
    if m is None or _CUT.search(formula.latex):
        return [formula]
    out = []
    said = set[str]()
    for start, end in _sides(formula.latex, m.end()):
        terms = [_read(formula.latex[a:b]) for a, b in _terms(formula.latex, start, end)]
        for by, of in _gradients([term for term in terms if term is not None], len(terms)):
            derivative = rf"\frac{{\partial {m['loss']}}}{{\partial {by}}}"
            claim = f"{derivative} = {of}"
            if _tight(of) == _tight(derivative) or claim in said:
                continue
            said.add(claim)
            whole = edited(formula, [(end, len(formula.latex), "")])
            out.append(edited(whole, [(0, end, claim)]))
    return out or [formula]


def _gradients(terms: Sequence[tuple[str, str]], number: int) -> Iterator[tuple[str, str]]:
    """The variables of a side, all of whose terms were read, and what their gradients are."""
    of: dict[str, list[tuple[str, str]]] = {}
    for by, gradient in terms:
        of.setdefault(_tight(by), []).append((by, gradient))
    if len(terms) < number or (len(of) > 1 and any(map(_RUNS.search, of))):
        return
    for found in of.values():
        yield found[0][0], " + ".join(gradient for _, gradient in found)


def _read(term: str) -> tuple[str, str] | None:
    """By what a term differentiates, and what it says the gradient is."""
    term = term.strip().rstrip(".,; ")
    m = _INNER.fullmatch(term) or _TRACE.fullmatch(term)
    if m is None or _DIFFERENTIAL.search(_without_fractions(m["of"])):
        return None
    of = re.sub(r"(?:\\[,;]|\\cdot|\s)+\Z", "", m["of"]).strip()
    if m.re is _INNER:
        return m["by"], of
    sums = (m["sum"] or "") + (m["within"] or "")
    group = of.startswith("{") and m["within"] and m["end"]
    running = sums and _RUNS.search(m["by"])
    if running or bool(m["end"]) != bool(group) or _OPEN_ENDED.search(of):
        return None
    return m["by"], f"{sums} {_transposed(of[1:] if group else of)}"


def _transposed(of: str) -> str:
    m = _BRACKET.match(of)
    end = closing(of, m.start("open"), "(", ")", within=_LONGEST) if m is not None else None
    if m is not None and end is not None and _TURNED.fullmatch(of, end + 1):
        return rf"\left({of[m.end() : end + 1]}"
    return rf"\left({of}\right)^\top"


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


def _tight(text: str) -> str:
    return re.sub(r"[\s{}]|\\(?:left|right)(?![A-Za-z])", "", text)
