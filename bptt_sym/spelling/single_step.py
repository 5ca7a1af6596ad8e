r"""Cells that are written for one step: ``i = \sigma(W_i x_t + U_i h_{t-1})``, ``c_t = f c_{t-1}``.

The gates of such a text carry no step, for there is one only; what has a memory does. Where a
stepless name is defined by what runs in time, and what has a step is defined by it, the name is of
that step wherever it stands: in the equations, below a derivative, behind the ``d`` of code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import Edit, closing, edited

_ACCENT = r"\\(?:tilde|hat|bar|widetilde|widehat|overline)"
_FONT = r"\\(?:mathbf|boldsymbol|bm)"
_HELD = (
    rf"(?:{_ACCENT}|{_FONT})\s*"
    rf"(?:\{{\s*(?:{_FONT}\s*)?\{{?\s*[a-zC]\s*\}}?\s*\}}|[a-z](?![A-Za-z]))"
)
_NAME = rf"(?:{_HELD}|(?<![A-Za-z\\])[a-zC](?![A-Za-z]))"
#: A stepless name on the left of an equation.
_DEFINED = re.compile(
    rf"(?:^|\\\\|\\q?quad|&(?!=)|\n|,|\\begin\s*\{{[a-z]+\*?\}})\s*(?P<name>{_NAME})\s*&?\s*="
    r"(?P<right>(?:(?!\\\\|\\q?quad|\\end)[^=\n])*)"
)
#: The same with a step.
_OF_STEP = re.compile(
    rf"(?:^|\\\\|\\q?quad|&(?!=)|\n|\\begin\s*\{{[a-z]+\*?\}})\s*{_NAME}\s*_\s*(?:t|\{{\s*t\s*\}})\s*&?\s*="
    r"(?P<right>(?:(?!\\\\|\\q?quad|\\end)[^=\n])*)"
)
_RUNS = re.compile(r"_\s*(?:t(?![A-Za-z])|\{\s*t\s*(?:-\s*1\s*)?\})")
_APPLIED = re.compile(
    r"(?:\\(?:sigma|tanh|phi|varphi)|(?:sigmoid|tanh)\s*\}?)\s*(?:\\left\s*)?[(\[]"
)
#: Scripts, and text: what stands in them is no name of a value.
_INSIDE = re.compile(
    rf"[_^]\s*\{{|(?:\\(?:text|mathrm|operatorname|begin|end|label|tag)|{_ACCENT}|{_FONT})\s*\{{"
)
_SLOPE = re.compile(r"\\partial|∂|\\nabla|\\delta|\\sum|\\prod")
#: Letters of gates and of what they let through.
_GATES = frozenset("ifogzrncC")
_LETTERS = re.compile(r"\\[a-z]+|[{}\s]")
_BIG = re.compile(r"\\(?:sum|prod)\s*(?:\\limits\s*)?_\s*\{?\s*([a-z])")


def with_its_step(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the step of gates that a text about one step leaves out."""
    texts = [f.latex for f in formulas]
    names = stepless(texts)
    if not names:
        return list(formulas)
    return [edited(f, list(_steps(f.latex, names))) for f in formulas]


def stepless(texts: Sequence[str]) -> frozenset[str]:
    """The names without a step that are values of one step, without their spaces and braces."""
    given: dict[str, str] = {}
    used = []
    for text in texts:
        if _SLOPE.search(text):
            continue
        for m in _DEFINED.finditer(text):
            given.setdefault(_key(m["name"]), m["right"])
        used += [m["right"] for m in _OF_STEP.finditer(text)]
    stepped = {_key(m["name"]) for text in texts for m in _STEPPED.finditer(text)}
    counts = {c for text in texts for c in _BIG.findall(text)}
    applied = {n for n, right in given.items() if _APPLIED.search(right)} - stepped - counts
    if len({n for n in applied if _LETTERS.sub("", n) in _GATES}) < 2:
        return frozenset()
    if not any(n in map(_key, re.findall(_NAME, right)) for right in used for n in applied):
        return frozenset()
    runs = {n for n, right in given.items() if _RUNS.search(right) and n[-1:] in "asuz"}
    # The input of such gates is that of their step: x U^i + s_{t-1} W^i.
    read = [n for n in applied if "x" in map(_key, re.findall(_NAME, given[n]))]
    inputs = {"x"} - stepped if len(read) > 1 else frozenset[str]()
    return frozenset(applied | inputs | (runs - stepped - counts))


_STEPPED = re.compile(
    rf"(?P<name>{_NAME})\s*(?:_\s*(?:t(?![A-Za-z])|\{{[^{{}}]*(?<![A-Za-z])t(?![A-Za-z])[^{{}}]*\}})|"
    r"\^\s*(?:\{\s*(?:\(|\\langle)|\())"
)
_ANY = re.compile(rf"(?P<name>{_NAME})(?!\s*(?:_|'|\^\s*\{{?\s*(?:\(|\\langle|\\prime)|\())")
#: ``\\hat{i}_k``: its entry for a unit.
_ENTRY = re.compile(
    rf"(?P<name>{_NAME})(?P<script>\s*_\s*(?:\{{\s*(?P<u>[jkl])\s*\}}|(?P<u1>[jkl])(?![A-Za-z])))"
)
#: ``di``: the gradient by i.
_CODED = re.compile(r"(?<![A-Za-z\\])d(?P<name>[a-z])(?![A-Za-z]|\s*[_'(])")


def _steps(text: str, names: frozenset[str]) -> Iterator[Edit]:
    inside = list(_scripts(text))
    found = [m for p in (_ANY, _CODED) for m in p.finditer(text) if _key(m["name"]) in names]
    entries = {m.start("script"): m for m in _ENTRY.finditer(text) if _key(m["name"]) in names}
    edits = [(m.end(), m.end(), "_{t}") for m in found]
    edits += [
        (m.start("script"), m.end("script"), f"_{{t,{m['u'] or m['u1']}}}")
        for m in entries.values()
    ]
    starts = {m.end("name"): m.start() for m in (*found, *entries.values())}
    for start, end, new in sorted(edits):
        if not any(a < starts[start] < b for a, b in inside):
            yield start, end, new


def _scripts(text: str) -> Iterator[tuple[int, int]]:
    """Where scripts and words stand; a letter alone behind ``_`` as well."""
    for m in _INSIDE.finditer(text):
        end = closing(text, m.end() - 1, "{", "}")
        if end is not None:
            yield m.end() - 1, end + 1
    for m in re.finditer(r"[_^]\s*(?=[a-zC])", text):
        yield m.start(), m.end() + 1


def _key(name: str) -> str:
    return re.sub(r"[{}\s]", "", name)
