r"""The letter of a gate above a name and the step below: ``a^f_t``, ``\mathbf{p}^o_t``.

Texts that name what stands inside an activation by its gate write the gate where a power would
stand. If one letter carries the letters of several gates so, and no equation says what it is,
``a^f_t`` is what f is the activation of at step t; so is ``f_t^{pre}``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced
from bptt_sym.spelling.deltas import by_argument

_ACCENTED = r"\\(?:tilde|hat|bar)\s*(?:\{\s*[a-z]\s*\}|[a-z])"
_LABEL = rf"(?:[a-su-z]|{_ACCENTED}|\\(?:mathrm|text)\s*\{{\s*[a-su-z]\s*\}})"
_STEP = r"(?:\{\s*(?P<step>t\s*(?:[-+]\s*1\s*)?)\}|(?P<s>t)(?![A-Za-z]))"
_BASE = (
    r"\\(?:mathbf|boldsymbol|bm)\s*\{\s*[ampqsuvz]\s*\}|\\mathrm\s*\{net\}|"
    r"(?:(?<![A-Za-z\\{])|(?<=(?<![A-Za-z\\])d))[ampqsuvz]"
)
#: ``a^f_t``, ``a^{f}_{t-1}``, ``\mathbf{a}_f^t``, ``a_t^f``.
_ABOVE = re.compile(
    rf"(?P<base>{_BASE})\s*(?:\^\s*(?:\{{\s*(?P<g1>{_LABEL})\s*\}}|(?P<g2>{_LABEL}))\s*_\s*{_STEP}"
    rf"|_\s*(?:\{{\s*(?P<g3>{_LABEL})\s*\}}|(?P<g4>{_LABEL}))\s*\^\s*"
    rf"{_STEP.replace('<step>', '<step2>').replace('<s>', '<s2>')}"
    rf"|_\s*{_STEP.replace('<step>', '<step3>').replace('<s>', '<s3>')}\s*"
    rf"\^\s*(?:\{{\s*(?P<g5>{_LABEL})\s*\}}|(?P<g6>{_LABEL})))"
)
#: ``o_t^{pre}``: what stands inside the activation.
_BEFORE = re.compile(
    r"(?<![A-Za-z\\])(?P<gate>[fiogzrn])\s*_\s*(?:t|\{\s*t\s*\})\s*\^\s*\{\s*"
    r"(?P<font>\\(?:text|mathrm)\s*\{)?\(?\s*pre\s*\)?(?(font)\s*\})\s*\}"
)
#: Letters of gates, and of what they let through.
_GATES = frozenset("fiocgzrhnu")
#: The mark of a gradient before a name.
_MARKED = re.compile(r"(?:(?<![A-Za-z\\])d|\\(?:delta|partial))\s*\Z")
_DEFINES = re.compile(r"\s*&?\s*=(?!\s*\\[dt]?frac\s*\{\s*(?:\\partial|d)\b)")


@dataclass(frozen=True)
class GateLabels:
    """Which letters carry the letters of gates, and which of them have equations."""

    bases: frozenset[str]
    #: The letter and the label of what has an equation: it keeps its name.
    given: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def of(cls, texts: Iterable[str]) -> GateLabels:
        labels: dict[str, set[str]] = {}
        given: set[tuple[str, str]] = set()
        for text in texts:
            for m in _ABOVE.finditer(text):
                base = "".join(m.group("base").split())
                labels.setdefault(base, set()).add(_label(m))
                before = text[max(0, m.start() - 12) : m.start()]
                if not _MARKED.search(before) and _DEFINES.match(text, m.end()):
                    given.add((base, _label(m)))
        several = (b for b, found in labels.items() if len(found & _GATES) > 1)
        return cls(frozenset(several), frozenset(given))

    def written_out(self, formula: Formula) -> Formula:
        """``formula`` with the labels below and the steps above."""
        return replaced(formula, _ABOVE, self._apart)

    def _apart(self, m: re.Match[str]) -> str | None:
        base, label = "".join(m.group("base").split()), _label(m)
        if base not in self.bases or label not in _GATES or (base, label) in self.given:
            return None
        step = next(g for g in m.group("step", "s", "step2", "s2", "step3", "s3") if g)
        return by_argument(_label(m)).replace("(t)", f"({step})")


#: ``W^n``, ``b^{z}``: a parameter with a letter above it.
_RAISED = re.compile(
    r"(?<![A-Za-z\\])(?P<base>[WURVb])\s*\^\s*(?:\{\s*(?P<a>[a-z])\s*\}|(?P<b>[a-z])(?![A-Za-z]))"
)
_RUNS = re.compile(
    r"(?<![A-Za-z\\])(?P<name>[a-z])\s*_\s*(?:t|\{\s*t\s*\})\s*&?\s*=(?!\s*\\[dt]?frac\s*\{\s*\\partial)"
)


def _with_labels_for_powers(formulas: list[Formula]) -> list[Formula]:
    """``W^n`` beside ``W^z``, of gates ``n_t`` and ``z_t``: a label in brackets and no power."""
    texts = [f.latex for f in formulas]
    labels: dict[str, set[str]] = {}
    for text in texts:
        for m in _RAISED.finditer(text):
            labels.setdefault(m["base"], set()).add(m["a"] or m["b"])
    if not any("n" in found and len(found) > 1 for found in labels.values()):
        return formulas
    runs = {m["name"] for text in texts for m in _RUNS.finditer(text)}
    bases = {b for b, found in labels.items() if len(found) > 1 and found <= runs}

    def label(m: re.Match[str]) -> str | None:
        return f"{m['base']}^{{({m['a'] or m['b']})}}" if m["base"] in bases else None

    return [replaced(f, _RAISED, label) for f in formulas]


#: ``W_{xh}^{f}``, ``b_n^i``: what a parameter is for below, and a letter above it.
_BOTH = re.compile(
    r"(?<![A-Za-z\\])(?P<mark>d(?=[A-Za-z]))?(?P<base>[WURVbwu])\s*_\s*"
    r"(?:\{\s*(?P<x>[a-z]{1,3})\s*\}|(?P<x1>[a-z]))\s*"
    r"\^\s*(?:\{\s*(?P<a>[a-z])\s*\}|(?P<b>[a-z])(?![A-Za-z]))"
)
#: Letters that are indices below.
_INDICES = frozenset("ijklmpqrst")


def _with_labels_below(formulas: list[Formula]) -> list[Formula]:
    """``W_{xh}^{i}`` beside ``W_{xh}^{f}``, of gates ``i_t`` and ``f_t``, as ``W_{i,xh}``."""
    labels: dict[tuple[str, str], set[str]] = {}
    for text in (f.latex for f in formulas):
        for m in _BOTH.finditer(text):
            if not set(m["x"] or m["x1"]) <= _INDICES:
                labels.setdefault((m["base"], m["x"] or m["x1"]), set()).add(m["a"] or m["b"])
    if not labels:
        return formulas
    runs = {m["name"] for f in formulas for m in _RUNS.finditer(f.latex)}
    named = {b for b, found in labels.items() if len(found & runs) > 1 and found - runs <= _GATES}

    def below(m: re.Match[str]) -> str | None:
        of, gate = m["x"] or m["x1"], m["a"] or m["b"]
        return f"{m['mark'] or ''}{m['base']}_{{{gate},{of}}}" if (m["base"], of) in named else None

    return [replaced(f, _BOTH, below) for f in formulas]


def with_gate_labels(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the letters of gates that stand above written below."""
    formulas = [replaced(f, _BEFORE, lambda m: by_argument(m["gate"])) for f in formulas]
    formulas = _with_labels_below(_with_labels_for_powers(formulas))
    labels = GateLabels.of(f.latex for f in formulas)
    return [labels.written_out(f) for f in formulas] if labels.bases else list(formulas)


def _label(m: re.Match[str]) -> str:
    label = next(g for g in (m.group(f"g{k}") for k in range(1, 7)) if g)
    return re.sub(r"\\[a-z]+|[{}\s]", "", label)
