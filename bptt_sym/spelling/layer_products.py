r"""Sums and products over layers, written out: :math:`\prod_{l=2}^L \partial h_t^{(l)}/\partial
h_t^{(l-1)}` of three layers is :math:`\partial h_t^{(3)}/\partial h_t^{(2)}\,\partial
h_t^{(2)}/\partial h_t^{(1)}`.

A product over layers does not say in which order its factors stand: that of columns has the last
layer first, that of rows the first. Both are given, and what holds for one of them holds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import names_in
from bptt_sym.documents.respelling import edited
from bptt_sym.messages import marked
from bptt_sym.spelling.layer_scripts import Form, shifted

#: What is supposed of a product over layers, the last one first and the first one first.
FALLING = marked("the factors of a product over layers stand from the last layer to the first")
RISING = marked("the factors of a product over layers stand from the first layer to the last")

_NUMBER = r"(?:\\ell|[A-Za-z]|[0-9])(?:\s*[-+]\s*1)?"
_OVER = re.compile(
    r"\\(?P<sign>sum|prod)\s*(?:\\limits\s*)?_\s*(?:\{\s*(?P<k>\\ell|[a-z])\s*=\s*"
    rf"(?P<low>{_NUMBER})\s*\}}\s*\^\s*(?:\{{\s*(?P<high>{_NUMBER})\s*\}}|(?P<high1>[A-Za-z0-9])"
    r"(?![A-Za-z]))|(?:\{\s*(?P<k1>\\ell|[a-z])\s*\}|(?P<k2>\\ell|[a-z])(?![A-Za-z])))"
)
#: What ends a term, outside of brackets.
_ENDS = re.compile(
    r"[-+=,&<>]|\\\\|\\(?:q?quad|leq?|geq?|approx|text|tag|end|label|right)(?![A-Za-z])"
)
_TOKENS = re.compile(r"\\[A-Za-z]+|\\.|[{}()\[\]]|[-+=,&<>]|[A-Za-z]", re.DOTALL)
_OPENS, _CLOSES = frozenset("{(["), frozenset("})]")
#: A factor before a product.
_MULTIPLIED = re.compile(r"[})\]](?:\s|\\,|\\cdot(?![A-Za-z]))*\Z")
#: Sums and products in a formula, one within the other.
_MOST = 6


def over_layers(text: str, form: Form) -> re.Match[str] | None:
    """The first sum or product of ``text`` that runs over layers."""
    for m in _OVER.finditer(text):
        k = _letter(m)
        body = text[m.end() : _end_of_term(text, m.end())]
        marks = [found for n in names_in(body) if (found := form.of(n)) is not None]
        of_layer = any(shifted(mark.layer)[0] == k for mark in marks)
        if of_layer and not any(shifted(mark.step)[0] == k for mark in marks):
            return m
    return None


def written_out(formula: Formula, form: Form, of: Mapping[str, int]) -> list[Formula]:
    """``formula`` without sums and products over layers, in each order that its factors may have.

    ``of`` tells the numbers of letters that stand for one layer. Nothing if it is not known over
    which layers one of them runs, or if one runs over none.
    """
    ways: list[Formula] = []
    products = any(m["sign"] == "prod" for m in _OVER.finditer(formula.latex))
    for falling in (True, False) if products else (False,):
        found: Formula | None = formula
        for _ in range(_MOST):
            m = over_layers(found.latex, form) if found is not None else None
            if found is None or m is None:
                break
            found = _one_written_out(found, m, form, of, falling=falling)
        if found is None or over_layers(found.latex, form) is not None:
            return []
        if all(found.latex != way.latex for way in ways):
            ways.append(found)
    if len(ways) < 2:
        return ways
    orders = zip(ways, (FALLING, RISING), strict=True)
    return [replace(way, supposes=(*way.supposes, (order, ""))) for way, order in orders]


def _one_written_out(
    formula: Formula, m: re.Match[str], form: Form, of: Mapping[str, int], *, falling: bool
) -> Formula | None:
    text, k = formula.latex, _letter(m)
    low = _value(m["low"], form, of) if m["low"] else 1
    high = _value(m["high"] or m["high1"], form, of) if m["low"] else form.most
    is_sum = m["sign"] == "sum"
    if low is None or high is None or not (m["low"] or is_sum):
        return None
    if high < low and (is_sum or not _MULTIPLIED.search(text, 0, m.start())):
        return None  # nothing to stand for it
    end = _end_of_term(text, m.end())
    if not is_sum:
        end = _behind_the_last(text, m.end(), end, k)
    body = text[m.end() : end].strip()
    if not body or _stands_free(text, k):
        return None
    layers = range(low, high + 1)
    each = [_of_layer(body, k, layer) for layer in (reversed(layers) if falling else layers)]
    new = r"\left(" + " + ".join(each) + r"\right)" if is_sum else r" \, ".join(each)
    return edited(formula, [(m.start(), end, f" {new} ")])


def _letter(m: re.Match[str]) -> str:
    return m["k"] or m["k1"] or m["k2"]


def _value(text: str, form: Form, of: Mapping[str, int]) -> int | None:
    letter, by = shifted(text)
    if not letter:
        return by
    if letter in of:
        return of[letter] + by
    return form.most + by if letter == "L" else None


def _end_of_term(text: str, start: int) -> int:
    """Where the term that begins at ``start`` ends."""
    depth = 0
    for m in _TOKENS.finditer(text, start):
        sign = m.group()
        if sign in _OPENS:
            depth += 1
        elif sign in _CLOSES:
            depth -= 1
            if depth < 0:
                return m.start()
        elif not depth and _ENDS.match(text, m.start()):
            return m.start()
    return len(text)


def _behind_the_last(text: str, start: int, end: int, k: str) -> int:
    """Where, behind the last place that has the letter ``k``, a factor ends."""
    last = start
    depth, has = 0, False
    for m in _TOKENS.finditer(text, start, end):
        sign = m.group()
        depth += (sign in _OPENS) - (sign in _CLOSES)
        has |= sign == k
        if has and not depth:
            last, has = m.end(), False
    return last


def _stands_free(text: str, k: str) -> bool:
    """Whether the letter stands in a term over which no sum and no product with it runs."""
    terms = [(m.start(), _end_of_term(text, m.end())) for m in _OVER.finditer(text)
             if _letter(m) == k]  # fmt: skip
    found = re.finditer(rf"(?<![A-Za-z\\]){re.escape(k)}(?![A-Za-z])", text)
    return any(all(not a <= m.start() < b for a, b in terms) for m in found)


def _of_layer(body: str, k: str, layer: int) -> str:
    def number(m: re.Match[str]) -> str:
        return str(layer + int("".join((m["by"] or "0").split())))

    letter = rf"(?<![A-Za-z]){re.escape(k)}(?![A-Za-z])(?P<by>\s*[-+]\s*[12](?![0-9]))?"
    if not k.startswith("\\"):
        letter = rf"(?<!\\){letter}"
    return re.sub(letter, number, body)
