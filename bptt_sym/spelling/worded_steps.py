r"""A word and a step in one script: :math:`y_{\text{logits}, t}`, :math:`y_{true, t, i}`.

Such a name runs in time, with the word as a part of it, and so does :math:`h_{raw}^{t}`, which an
equation gives, and one without a step that an activation is applied to,
:math:`h_t = \tanh(h_{raw})`.
Words for the parts of a cell, and for a neighbouring step, are read elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_WORD = (
    r"(?:\\(?:text|mathrm|textrm|mathit)\s*\{\s*(?P<boxed>[a-z]{3,9})\s*\}|(?P<word>[a-z]{3,9}))"
)
_STEP = r"(?:[tkT]|\\tau)(?:\s*[-+]\s*1)?"
_NAME = re.compile(
    rf"(?:(?<![A-Za-z\\])|(?<=(?<![A-Za-z\\])d)|(?<=\\partial ))(?P<base>[a-z])\s*_\s*\{{\s*{_WORD}"
    rf"\s*(?:,|\\,)\s*(?P<step>{_STEP})\s*(?P<unit>,\s*[a-z]\s*)?\}}"
)
#: ``h_t = \\tanh(h_{raw})``
_APPLIED = re.compile(
    r"(?<![A-Za-z\\])[a-z]\s*_\s*(?:t|\{\s*t\s*\})\s*&?\s*=\s*&?\s*(?:\\?tanh|\\sigma|\\phi|\\varphi|[fg]|"
    r"\\(?:text|mathrm|operatorname)\s*\{\s*[A-Za-z]+\s*\})\s*(?:\\left\s*)?\(\s*"
    rf"(?P<base>[a-z])\s*_\s*\{{\s*{_WORD}\s*\}}\s*(?:\\right\s*)?\)"
)
_STEPLESS = re.compile(
    r"(?:(?<![A-Za-z\\])|(?<=(?<![A-Za-z\\])d)|(?<=\\partial ))(?P<base>[a-z])\s*_\s*"
    rf"\{{\s*{_WORD}\s*\}}(?P<more>\s*[\^_])?"
)
#: Labels of gates and layers, and of what stands before or behind.
_OTHER = frozenset(
    "next prev old new forget input output candidate cell cand gate update reset out inp hidden "
    "layer max min sum total".split()
)


#: ``h_{raw}^{t}``: the word below and the step above.
_RAISED = re.compile(
    rf"(?:(?<![A-Za-z\\])|(?<=(?<![A-Za-z\\])d)|(?<=\\partial ))(?P<base>[a-z])\s*_\s*"
    rf"\{{\s*{_WORD}\s*\}}"
    r"\s*\^\s*(?:\{\s*(?P<step>\(?\s*[a-zT]\s*(?:[-+]\s*[0-9])?\s*\)?)\s*\}|(?P<one>[a-zT])(?![A-Za-z]))"
)

_GIVEN = re.compile(r"\s*&?\s*:?=")


def with_names_for_words(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with one name for each letter with a word and a step in its script."""

    def named(m: re.Match[str]) -> str | None:
        word = m["boxed"] or m["word"]
        if word in _OTHER:
            return None
        unit = "".join((m["unit"] or "").split())
        return rf"\mathrm{{{m['base']}{word}}}_{{{m['step']}{unit}}}"

    raised = {
        _key(m) for f in formulas for m in _RAISED.finditer(f.latex)
        if _step(m) == "t" and not f.latex[: m.start()].strip() and _GIVEN.match(f.latex, m.end())
    }  # fmt: skip

    def lowered(m: re.Match[str]) -> str | None:
        if _key(m)[1] in _OTHER or _key(m) not in raised:
            return None  # a power, or a transpose
        return rf"\mathrm{{{''.join(_key(m))}}}_{{{_step(m)}}}"

    found = [replaced(f, _NAME, named) if "_" in f.latex else f for f in formulas]
    found = [replaced(f, _RAISED, lowered) for f in found] if raised else found
    inner = {_key(m) for f in found for m in _APPLIED.finditer(f.latex)}
    inner -= {_key(m) for f in found for m in _STEPLESS.finditer(f.latex) if m["more"]}
    inner = {(base, word) for base, word in inner if word not in _OTHER}

    def of_step_t(m: re.Match[str]) -> str | None:
        return rf"\mathrm{{{''.join(_key(m))}}}_{{t}}" if _key(m) in inner else None

    return [replaced(f, _STEPLESS, of_step_t) for f in found] if inner else found


def _step(m: re.Match[str]) -> str:
    return "".join((m["step"] or m["one"]).strip("()").split())


def _key(m: re.Match[str]) -> tuple[str, str]:
    return m["base"], m["boxed"] or m["word"]
