r"""Labels beside the step in one script, and weights that are named by their blocks.

``z_{r,t}`` and ``z_{r_t}`` are the sequence ``z_r`` at step t, ``h_{\mathrm{old},t-1}`` the
sequence that the text only ever shows one step back. ``W_{fh}`` and ``W_{fx}`` are the blocks of
the ``W_f`` that multiplies ``[h, x]``, or a vector that is said to be that: with them the product
is written out.
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
    r"\\[a-z]+\s*\{\s*[A-Za-z]{1,3}\s*\})\s*\}|(?<![A-Za-z\\])[A-Za-z](?![A-Za-z])|net(?![A-Za-z])"
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
_BOLD = r"\\(?:mathbf|boldsymbol|bm)\s*"
_MATRIX = rf"(?:{_BOLD}\{{\s*[A-Z]\s*\}}|(?<![A-Za-z\\])[A-Z]|(?<=\\partial )[A-Z])"
_BLOCK = re.compile(rf"(?P<w>{_MATRIX})\s*_\s*\{{\s*(?P<two>[A-Za-z]\s*[A-Za-z])\s*\}}")
_PAIR = (
    r"(?:\\left\s*)?(?:\[|\\begin\s*\{[bp]matrix\})\s*(?P<first>[^\[\],;=&()]{1,40}?)\s*"
    r"(?:[,;]|\\\\)\s*(?P<second>[^\[\],;=&()]{1,40}?)\s*(?:\\right\s*)?"
    r"(?:\]|\\end\s*\{[bp]matrix\})"
)
_STEP_BELOW = r"\s*_\s*(?:\{\s*t\s*(?:-\s*1\s*)?\}|t(?![A-Za-z]))"
#: A vector at a step, alone or among what multiplies it.
_RUNS = re.compile(rf"(?P<letter>[A-Za-z])\s*\}}?{_STEP_BELOW}")
_VECTOR = rf"(?:{_BOLD}\{{\s*[a-z]\s*\}}|(?<![A-Za-z\\])[a-z]){_STEP_BELOW}"
_JOINED = re.compile(
    rf"(?P<w>{_MATRIX})\s*_\s*(?:\{{\s*(?P<gate>[A-Za-z])\s*\}}|(?P<g>[A-Za-z]))\s*"
    rf"(?:\\cdot(?![A-Za-z])|\*)?\s*(?:{_PAIR}|(?P<name>{_VECTOR}))"
)
#: ``u_t = [h_{t-1}; x_t]``
_NAMES_PAIR = re.compile(
    rf"(?:^|[&\n]|\\\\|\\q?quad)\s*(?P<name>{_VECTOR})\s*&?\s*=\s*&?\s*{_PAIR}"
)
_DIFFERENTIATED = re.compile(
    rf"(?:\\partial\s*\{{?\s*|\\nabla\s*_\s*\{{?\s*|[dD]elta\s*_?\s*\{{?\s*|"
    rf"(?<![A-Za-z\\])d)(?P<name>{_VECTOR})"
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
    #: Weights with two letters below them: ``W_{fh}``.
    blocks: frozenset[str] = frozenset()
    #: Weights by which the text differentiates.
    whole: frozenset[str] = frozenset()
    #: What ``prev`` and ``next`` below a name stand for.
    inside: Mapping[str, str] = field(default_factory=dict)
    #: The parts of the joined vectors that have a name.
    pairs: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, texts: Sequence[str]) -> Labels:
        steps: dict[tuple[str, str], set[str]] = {}
        labels: dict[str, set[str]] = {}
        for text in texts:
            for m in _LABELLED.finditer(text):
                base, label = _key(m)
                if _step(m).strip().isdigit():
                    continue  # z_{r,3}: whether a step is meant tells z_{r,t}
                labels.setdefault(base, set()).add(label)
                steps.setdefault((base, label), set()).add("".join(_step(m).split()))
        blocks = {
            _tight(m["w"]) + "_" + "".join(m["two"].split())
            for text in texts for m in _BLOCK.finditer(text)
        }  # fmt: skip
        whole = {
            _tight(m[1]) + "_" + m[2] for text in texts
            for m in re.finditer(
                rf"\\partial\s*\{{?\s*({_MATRIX})\s*_\s*\{{?\s*([A-Za-z])\s*\}}", text
            )
        }  # fmt: skip
        pairs = {
            _tight(m["name"]): (m["first"], m["second"])
            for text in texts for m in _NAMES_PAIR.finditer(text)
        }  # fmt: skip
        for text in texts:
            for m in _DIFFERENTIATED.finditer(text):
                pairs.pop(_tight(m["name"]), None)  # its gradient needs who reads it
        meant = {base for base, found in labels.items() if found - _UNITS}
        seen = {m.group("a") or m.group("b") for t in texts for m in _FROM_INSIDE.finditer(t)}
        inside = {"prev": "t-1", "next": "t"} if "prev" in seen else {}
        if "next" in seen and any(_NEXT_VALUE.search(t) for t in texts):
            inside = {**inside, "next": "t+1"}
        return cls(
            {key: s == {"t-1"} for key, s in steps.items() if key[0] in meant},
            frozenset(blocks),
            frozenset(whole),
            inside,
            pairs,
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
        w, gate = _tight(m["w"]), m["gate"] or m["g"]
        pair = self.pairs.get(_tight(m["name"])) if m["name"] else (m["first"], m["second"])
        if pair is None or f"{w}_{gate}" in self.whole:
            return None
        letters = [_letter(part) for part in pair]
        if not all(letters):
            return None
        first, last = [gate + a for a in letters], [a + gate for a in letters]
        # The other way round, one alone may be a weight of another gate.
        if any(f"{w}_{two}" in self.blocks for two in first):
            below = first
        elif all(f"{w}_{two}" in self.blocks for two in last):
            below = last
        else:
            return None
        both = zip(below, pair, strict=True)
        return " + ".join(f"{w}_{{{two}}} {part}" for two, part in both)


def _letter(part: str) -> str:
    """The state or the input in a part of a joined vector, "" if that is not plain."""
    found = [m["letter"] for m in _RUNS.finditer(part)]
    usual = [a for a in found if a in "hxsuya"]
    return found[0] if len(found) == 1 else usual[0] if len(usual) == 1 else ""


def _tight(name: str) -> str:
    return re.sub(r"\s", "", name).replace("_{t}", "_t")


def _step(m: re.Match[str]) -> str:
    return str(next(filter(None, m.group("s", "s2", "s3", "s4"))))


def _key(m: re.Match[str]) -> tuple[str, str]:
    label = re.sub(r"\\(?:mathrm|text|textrm)|[{}\s]", "", m.group("a") or m.group("b"))
    return re.sub(r"\s", "", m.group("base")), label
