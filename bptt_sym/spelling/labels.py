r"""Labels beside the step in one script, and weights that are named by their blocks.

``z_{r,t}`` and ``z_{r_t}`` are the sequence ``z_r`` at step t, ``h_{\mathrm{old},t-1}`` the
sequence that the text only ever shows one step back. ``W_{fh}`` and ``W_{fx}`` are the blocks of
the ``W_f`` that multiplies ``[h, x]``: with them the product is written out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_LABEL = (
    r"[A-Za-z]{1,2}|\\(?:mathrm|text|textrm)\s*\{\s*[A-Za-z]+\s*\}|"
    r"\\(?:tilde|hat|bar)\s*(?:\{\s*[A-Za-z]\s*\}|[A-Za-z])|"
    r"\\(?:iota|phi|varphi|omega|zeta|rho|gamma|alpha|beta|kappa|mu)(?![A-Za-z])"
)
_STEP = r"t\s*(?:[-+]\s*1)?|[0-9]{1,2}"
_BASE = (
    r"\\(?:mathbf|boldsymbol|bm|mathrm|text|hat|tilde|bar)\s*\{\s*(?:[A-Za-z]{1,3}|"
    r"\\[a-z]+\s*\{\s*[A-Za-z]\s*\})\s*\}|(?<![A-Za-z\\])[A-Za-z](?![A-Za-z])|net(?![A-Za-z])"
)
_LABELLED = re.compile(
    rf"(?P<base>{_BASE})\s*_\s*\{{\s*(?:(?P<a>{_LABEL})\s*"
    rf"(?:,\s*(?P<s>{_STEP})|_\s*(?:\{{\s*(?P<s3>{_STEP})\s*\}}|(?P<s4>t(?![A-Za-z]))))"
    rf"|(?P<s2>{_STEP})\s*,\s*(?P<b>{_LABEL}))\s*\}}"
    r"(?P<power>\s*\^\s*(?:T(?![A-Za-z])|\\top(?![A-Za-z])|\{\s*(?:T|\\top)\s*\}))?"
    r"(?!\s*\^\s*\{?\s*\()"  # it has a step of its own
)
#: Letters that count units; of several labels one alone does not.
_UNITS = frozenset("ijklmnpdqs")
_BLOCK = re.compile(r"(?P<w>[A-Za-z])\s*_\s*\{\s*(?P<gate>[A-Za-z])\s*(?P<part>[A-Za-z])\s*\}")
_JOINED = re.compile(
    r"(?P<w>[A-Z])\s*_\s*(?:\{\s*(?P<gate>[A-Za-z])\s*\}|(?P<g>[A-Za-z]))\s*(?:\\cdot|\*)?\s*"
    r"(?:\\left\s*)?\[\s*(?P<first>[^\[\],;]{1,24}?)\s*[,;]"
    r"\s*(?P<second>[^\[\],;]{1,24}?)\s*(?:\\right\s*)?\]"
)


#: ``c_{prev}``, ``da_{next}``: the steps of one cell, seen from inside.
_FROM_INSIDE = re.compile(
    r"_\s*(?:\{\s*(?:\\(?:text|mathrm)\s*\{\s*)?(?P<a>prev|next)\s*(?:\}\s*)?\}"
    r"|\\(?:text|mathrm)\s*\{\s*(?P<b>prev|next)\s*\})"
)


#: ``f_{next}``: a value of the step after, beside gradients that come from it.
_NEXT_VALUE = re.compile(
    r"(?<!\\delta )(?<!\\delta)(?<![A-Za-z\\])[fioz]\s*\}?\s*_\s*(?:\{\s*)?"
    r"(?:\\(?:text|mathrm)\s*\{\s*)?next"
)


@dataclass(frozen=True)
class Labels:
    """Which scripts of a text hold a label and a step, and which weights go by their blocks."""

    #: For a name with a label: whether all that is shown of it is the step before.
    shown: Mapping[tuple[str, str], bool] = field(default_factory=dict)
    #: Weights whose blocks have names of their own.
    blocks: frozenset[str] = frozenset()
    #: What ``prev`` and ``next`` below a name stand for.
    inside: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, texts: Sequence[str]) -> Labels:
        steps: dict[tuple[str, str], set[str]] = {}
        labels: dict[str, set[str]] = {}
        blocks: set[str] = set()
        for text in texts:
            for m in _LABELLED.finditer(text):
                base, label = _key(m)
                if _step(m).strip().isdigit():
                    continue  # z_{r,3}: whether a step is meant tells z_{r,t}
                labels.setdefault(base, set()).add(label)
                steps.setdefault((base, label), set()).add("".join(_step(m).split()))
            for m in _JOINED.finditer(text):
                blocks.add(m.group("w") + (m.group("gate") or m.group("g")))
        named = {
            m.group("w") + m.group("gate") for text in texts for m in _BLOCK.finditer(text)
            if m.group("part") in "hxsu"
        }  # fmt: skip
        whole = {
            m.group(1) + m.group(2) for text in texts
            for m in re.finditer(r"\\partial\s*\{?\s*([A-Z])\s*_\s*\{?\s*([A-Za-z])\s*\}", text)
        }  # fmt: skip
        meant = {base for base, found in labels.items() if found - _UNITS}
        seen = {m.group("a") or m.group("b") for t in texts for m in _FROM_INSIDE.finditer(t)}
        inside = {"prev": "t-1", "next": "t"} if "prev" in seen else {}
        if "next" in seen and any(_NEXT_VALUE.search(t) for t in texts):
            inside = {**inside, "next": "t+1"}
        return cls(
            {key: s == {"t-1"} for key, s in steps.items() if key[0] in meant},
            frozenset(blocks & named - whole),
            inside,
        )

    def from_inside(self, formula: Formula) -> Formula:
        """``formula`` with the step before for ``prev`` and this step for ``next``."""
        if not self.inside:
            return formula
        return replaced(
            formula, _FROM_INSIDE, lambda m: f"_{{{self.inside[m.group('a') or m.group('b')]}}}"
        )

    def written_out(self, formula: Formula) -> Formula:
        """``formula`` with labels and steps apart, and products of blocks written out."""
        if self.shown:
            formula = replaced(formula, _LABELLED, self._apart)
        if self.blocks:
            formula = replaced(formula, _JOINED, self._product)
        return formula

    def _apart(self, m: re.Match[str]) -> str | None:
        key = _key(m)
        if key not in self.shown:
            return None
        step = _step(m).strip()
        if self.shown[key]:
            step = str(int(step) + 1) if step.isdigit() else "t"
        new = rf"{m.group('base')}_{{{m.group('a') or m.group('b')}}}^{{({step})}}"
        return rf"{{{new}}}{m.group('power')}" if m.group("power") else new

    def _product(self, m: re.Match[str]) -> str | None:
        w, gate = m.group("w"), m.group("gate") or m.group("g")
        if w + gate not in self.blocks:
            return None
        parts = [(m.group(k), m.group(k).strip("{ \\")[:1]) for k in ("first", "second")]
        if not all(letter.isalpha() for _, letter in parts):
            return None
        return " + ".join(rf"{w}_{{{gate}{letter}}} {element}" for element, letter in parts)


def _step(m: re.Match[str]) -> str:
    return str(next(filter(None, m.group("s", "s2", "s3", "s4"))))


def _key(m: re.Match[str]) -> tuple[str, str]:
    label = re.sub(r"\\(?:mathrm|text|textrm)|[{}\s]", "", m.group("a") or m.group("b"))
    return re.sub(r"\s", "", m.group("base")), label
