r"""One label for the gate through which the new value enters: i, which some texts call u later on.

A text that defines :math:`\Gamma_f, \Gamma_i, \Gamma_o` and differentiates :math:`\Gamma_f,
\Gamma_u, \Gamma_o` has two letters for one gate, if nowhere a formula has both. So has one
with :math:`g_{in}` and :math:`g_i`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import Name, Script, names_in
from bptt_sym.documents.respelling import edited, replaced
from bptt_sym.spelling.steps import given_in

SAID = "the gate u, which nothing defines, is the gate i"
_BESIDE = frozenset("fo")
_LABELLED = re.compile(r"_\s*\{?\s*u(?![A-Za-z])")
_FONT = re.compile(r"\\(?:mathbf|boldsymbol|bm|mathrm|mathit)\s*\{|\}")


#: Words for the labels of two gates: ``g_{in}``, ``g_{\\mathrm{out}}``.
_WORDS = {"in": "i", "out": "o"}
_WORD = re.compile(r"(?:\\(?:text|mathrm)\s*\{\s*)?(?P<word>in|out)\s*\}?")


def with_letters_for_words(formulas: Sequence[Formula]) -> list[Formula]:
    r"""``formulas`` with :math:`g_i` for :math:`g_{in}` where the text writes both of one gate.

    One formula that has both tells them apart.
    """
    if not any("_" in f.latex and ("in" in f.latex or "out" in f.latex) for f in formulas):
        return list(formulas)
    every = [[(n, s) for n in names_in(f.latex) for s in n.scripts[:1] if s.kind == "_"]
             for f in formulas]  # fmt: skip
    labels = [{(_plain(n.base), s.inside) for n, s in found} for found in every]
    worded = [
        {(b, m["word"]) for b, label in of  # W_{in} is the weight of an input
         if (m := _WORD.fullmatch(label)) is not None and not re.fullmatch("[A-Z]", b)}
        for of in labels
    ]
    known = set().union(*labels)
    twice = {
        (b, w) for of in worded for b, w in of if (b, _WORDS[w]) in known and (b, "f") in known
    }
    apart = {
        (b, w) for of, words in zip(labels, worded, strict=True) for b, w in words
        if (b, _WORDS[w]) in of
    }  # fmt: skip
    if not twice - apart:
        return list(formulas)
    out = []
    for f, found in zip(formulas, every, strict=True):
        edits = [
            (s.start, s.end, f"_{{{_WORDS[m['word']]}}}") for n, s in found
            if (m := _WORD.fullmatch(s.inside)) is not None
            and (_plain(n.base), m["word"]) in twice - apart
        ]  # fmt: skip
        out.append(edited(f, edits))
    return out


_ZERO = re.compile(r"(?P<gate>\\Gamma\s*_\s*)(?:\{\s*0\s*\}|0)")
_OUTPUT = re.compile(r"\\Gamma\s*_\s*\{?\s*o(?![A-Za-z])")


def _with_letters_for_zeros(formulas: Sequence[Formula]) -> list[Formula]:
    r"""``formulas`` with :math:`\Gamma_o` for :math:`\Gamma_0` beside it: no gate has a number."""
    if not any(_OUTPUT.search(f.latex) for f in formulas):
        return list(formulas)
    return [replaced(f, _ZERO, lambda m: m["gate"] + "o") for f in formulas]


def with_one_input_gate(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with i for u, where u is the label of what only i is defined for."""
    formulas = with_letters_for_words(_with_letters_for_zeros(formulas))
    if not any(_LABELLED.search(f.latex) for f in formulas):
        return list(formulas)
    found = [names_in(f.latex) for f in formulas]
    labels = [_labels(names) for names in found]
    given: dict[str, set[str]] = {}
    for f, names in zip(formulas, found, strict=True):
        for name in given_in(f.latex, names):
            if (label := _label(name)) is not None:
                given.setdefault(_plain(name.base), set()).add(label.inside)
    gates = {b for b, of in given.items() if {"i", *_BESIDE} <= of and "u" not in of}
    used = {b for of in labels for b, label in of if label == "u"}
    both = any({"i", "u"} <= {label for _, label in of} for of in labels)
    if not gates & used or both:
        return list(formulas)
    out = []
    for f, names in zip(formulas, found, strict=True):
        edits = [
            (s.start, s.end, "_{i}") for n in names
            if (s := _label(n)) is not None and s.inside == "u"
        ]  # fmt: skip
        new = edited(f, edits)
        out.append(replace(new, supposes=(*new.supposes, (SAID, "_{i}"))) if edits else f)
    return out


def _labels(names: Sequence[Name]) -> set[tuple[str, str]]:
    return {(_plain(n.base), s.inside) for n in names if (s := _label(n)) is not None}


def _plain(base: str) -> str:
    """A name without its font: the gates of a definition may be bold, and plain later on."""
    return _FONT.sub("", base)


def _label(name: Name) -> Script | None:
    """What stands below a name, if that is a letter."""
    below: Iterator[Script] = (s for s in name.scripts if s.kind == "_")
    script = next(below, None)
    return script if script is not None and script.inside in ("i", "u", *_BESIDE) else None
