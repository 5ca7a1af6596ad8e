r"""Steps that a text about step t leaves out: ``\theta = U h^{(t)} + b``, ``\hat y - y``.

Solutions of exercises go through one step: the argument of the output, that of the state and their
error signals carry no step, and neither do the prediction and the target beside them, which have
one in their own equations. A name that is given so, by what is of step t or of the step before, is
of step t wherever it stands bare. Cells whose gates are written so have a pass of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import Name, names_in
from bptt_sym.documents.respelling import Edit, edited
from bptt_sym.spelling.steps import given_in

#: What cells with gates have an equation for.
_GATES = frozenset("i f r g n u c C \\Gamma \\tilde{c} \\tilde{C} \\tilde{h} \\tilde{s}".split())
#: What may be given without its step: values, by letters that are no weights.
_VALUE = re.compile(
    r"[aehopqsyz]|\\theta|\\(?:hat|widehat)\{(?:\\mathbf\{[a-z]\}|[a-z])\}|\\(?:mathbf|boldsymbol|bm)\{[ahosyz]\}"
)
_LOSS = frozenset("J L E C \\ell \\mathcal{J} \\mathcal{L} \\mathcal{E}".split())
_AT = re.compile(r"[(<]?\s*(?:\\langle)?\s*t\s*(?P<off>[-+]\s*[0-9])?\s*(?:\\rangle)?\s*[)>]?")
_ENDS = re.compile(r"\\\\|\\q?quad(?![A-Za-z])|\\end(?![A-Za-z])")
#: Where a row or an equation of its own begins.
_BEGINS = re.compile(r"(?:^|\\\\|\\begin\s*\{[a-z]+\*?\}|\\q?quad(?![A-Za-z])|,|;)(?:\s|&)*\Z")
_EQUALS = re.compile(r"(?:\s|&)*=(?!=)")
_DERIVES = re.compile(r"\\partial|\\nabla|∂")
_BIG = re.compile(r"\\(?:sum|prod)(?![A-Za-z])")
_TEXT = re.compile(r"\\(?:text[a-z]*|mathrm|operatorname|mbox|tag|label)\*?\s*\{[^{}]*+\}")
_GATE = re.compile(r"(?<![A-Za-z\\])[ifrgu]\s*&?\s*=\s*&?\s*\\(?:sigma|mathrm|text)")
#: The argument of h, where ``a`` is given without a step: ``h^{(t)} = \\tanh(a^{(h)})``.
_LABEL = re.compile(r"\(\s*([a-su-z])\s*\)")
_LOOK_BACK = 80


def with_left_out_steps(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with step t at the names of a text that leaves it out."""
    found = [names_in(f.latex) for f in formulas]
    both = list(zip(formulas, found, strict=True))
    bare = {b for f, names in both for b in _given_bare(f.latex, names)}
    if not bare:
        return list(formulas)
    every = {n.base for f, names in both for n in given_in(f.latex, names)}
    if (every | bare) & _GATES or any(map(_is_gate, (f.latex for f in formulas))):
        return list(formulas)
    given = {n.base for f, names in both for n in given_in(f.latex, names) if _at(n) == "t"}
    stepped = {n.base for names in found for n in names if _at(n) is not None}
    losses = {b for b in given & _LOSS if not any(_is_given(b, f.latex) for f in formulas)}
    targets = {b for b in ("y",) if b in stepped and b not in given}
    values = {b for b in given | targets if _VALUE.fullmatch(b)}
    signals = {
        _signal(n) for f, names in both for n in names
        if _signal(n) and _EQUALS.match(f.latex, n.close)
    }  # fmt: skip
    left_out = bare | losses | values
    out = []
    for formula, names in both:
        here = {n.base for n in given_in(formula.latex, names) if _at(n) == "t"}
        edits = list(_edits(formula.latex, names, left_out, signals))
        edits += _labelled(names, bare, here)
        edits.sort()
        new = edited(formula, edits)
        out.append(replace(new, delta=True) if edits and _DERIVES.search(new.latex) else new)
    return out


def _at(name: Name) -> str | None:
    """The step of a name, ``t`` or one beside it, if that is all it carries."""
    if len(name.scripts) != 1 or name.scripts[0].kind == "(":
        return None
    found = _AT.fullmatch(name.scripts[0].inside)
    if found is None:
        return None
    return "t" + "".join((found["off"] or "").split())


def _is_gate(text: str) -> bool:
    r"""Whether a gate has an equation without a step, ``f = \sigma(…)``."""
    return _GATE.search(text) is not None


def _signal(name: Name) -> str:
    r"""``\delta_1`` without its step."""
    if name.base != r"\delta" or len(name.scripts) != 1 or name.scripts[0].kind != "_":
        return ""
    return name.scripts[0].inside if name.scripts[0].inside.isdigit() else ""


def _given_bare(text: str, names: Sequence[Name]) -> Iterator[str]:
    """The names of values that an equation gives without a step by what is of step t."""
    for name in names:
        if name.scripts or not _VALUE.fullmatch(name.base):
            continue
        if not _EQUALS.match(text, name.end) or not _begins(text, name):
            continue
        end = _ENDS.search(text, name.end)
        stop = end.start() if end else len(text)
        right = text[name.end : stop]
        if _DERIVES.search(right) or _BIG.search(right) or right.count("=") != 1:
            continue
        steps = [n for n in names if name.end < n.start < stop]
        at = [_at(n) for n in steps]
        if any(a in ("t", "t-1") for a in at) and not any(
            s.inside in ("T", "0", "t+1") or s.inside.strip("()") in ("T", "0")
            for n in steps for s in n.scripts if n.base.islower() and _at(n) != "t"
        ):  # fmt: skip
            yield name.base


def _begins(text: str, name: Name) -> bool:
    return _BEGINS.search(text, max(0, name.start - _LOOK_BACK), name.start) is not None


def _is_given(base: str, text: str) -> bool:
    """Whether a loss has an equation without a step."""
    return any(
        n.base == base and not n.scripts and _EQUALS.match(text, n.end) and _begins(text, n)
        for n in names_in(text)
    )


def _edits(
    text: str, names: Sequence[Name], left_out: set[str], signals: set[str]
) -> Iterator[Edit]:
    words = [m.span() for m in _TEXT.finditer(text)]
    inside = [(s.start, s.end) for n in names for s in n.scripts if s.kind in "_^"]
    for name in names:
        if any(a <= name.start < b for a, b in (*words, *inside)) or _in_a_word(text, name):
            continue
        if name.base in left_out and not name.scripts:
            yield name.end, name.end, "^{(t)}"
        elif _signal(name) in signals and _signal(name):
            yield name.close, name.close, "^{(t)}"


def _labelled(names: Sequence[Name], bare: set[str], given: set[str]) -> Iterator[Edit]:
    r"""The step in place of the label of ``a^{(h)}``, beside an equation that gives h."""
    for name in names:
        if name.base not in bare or len(name.scripts) != 1 or name.scripts[0].kind != "^":
            continue
        label = _LABEL.fullmatch(name.scripts[0].inside)
        if label is not None and label[1] in given:
            yield name.scripts[0].start, name.scripts[0].end, "^{(t)}"


def _in_a_word(text: str, name: Name) -> bool:
    """Whether letters stand directly beside a letter, but for a weight before it: ``Uh``."""
    before, behind = text[max(0, name.start - 1) : name.start], text[name.end : name.end + 1]
    return before.islower() or (behind.isalpha() and name.base.isalpha())
