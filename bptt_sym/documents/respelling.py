r"""One spelling for what documents write in several ways, before anything is read.

A box around an equation, a sum without its index, the bar of a part of a gradient, a slice of a
weight, a sum over components: each is rewritten to what the reader knows. Only what is plain by its
form is touched, and every character keeps its offset.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import takewhile

from bptt_sym.documents.columns import column_by_column
from bptt_sym.documents.contained import cannot_match
from bptt_sym.documents.document import Formula
from bptt_sym.documents.gate_letters import NO_GATES, GateLetters
from bptt_sym.documents.losses_of_vectors import (
    COMPONENTS,
    CROSS_ENTROPY,
    NAMED_LOSS,
    OVER_ENTRIES,
    inner_product,
    of_two_vectors,
    without_the_sum,
    written_out,
)
from bptt_sym.read.symbols import WORDS

_ONE = re.compile(r"\\(?:mathbf|boldsymbol|bm|vec|mathbb|textbf)\s*(?:\{\s*1\s*\}|1(?![0-9]))")
_FORALL = re.compile(r"\\forall(?![A-Za-z])|∀")
_OPENING = re.compile(r"\\begin\s*\{[^{}]*\}(?:\{[^{}]*\})?")
#: How far the range of a quantifier reaches.
_WINDOW = 60
_ROW_END = re.compile(r"\\\\|\\end(?![A-Za-z])|\\tag(?![A-Za-z])|$")
_AFTER_RANGE = re.compile(r"[,:;]|\\q?quad(?![A-Za-z])")
_BEFORE_RANGE = re.compile(r"(?:[,;(]|\\text\s*\{[^{}]*\}|\\q?quad(?![A-Za-z])|\\[,;: ]|\s|~)*$")
_BOX = re.compile(r"\\(?:boxed|fbox|colorbox\s*\{[^{}]*\}|bbox\s*(?:\[[^\]]*\])?)\s*\{")
_BARE_SUM = re.compile(r"\\sum(?![A-Za-z])(?!\s*(?:\\limits|\\nolimits|\\displaylimits)?\s*[_^])")
#: ``labels_t``: a name of several letters that runs in time.
_SPELT = re.compile(
    r"(?<![A-Za-z\\{])(?<!\\)(?P<word>[a-z]{4,12})(?=\s*_\s*(?:t(?![A-Za-z])|\{\s*t\s*(?:[-+]\s*1\s*)?\}))"
)
#: ``(\\delta_t W_f)_{1 \\le i \\le n}``: the product with a block of the weight.
_SLICED = re.compile(
    r"(?<=\))\s*_\s*\{\s*[0-9n+\s]+\\leq?\s*[a-z]\s*\\leq?\s*[A-Za-z0-9_+\s]+\s*\}"
)
#: ``W_f = W_f[:, :n_a]``
_MEANT = re.compile(
    r"^\s*(?P<weight>[^=\[\]]{1,40}?)\s*=\s*(?P=weight)\s*(?P<range>\[[^\[\]=]*:[^\[\]=]*\])"
)
_BAR = re.compile(
    r"(?:\\(?:right|[bB]igg?[rm]?|middle)\s*)?(?:\||\\vert|\\rvert)\s*_\s*"
    r"(?P<label>\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}|\\text\s*\{[^{}]*\}|[A-Za-z0-9])"
    r"\s*(?P<after>&?\s*=)"
)
_OF_A_STEP = re.compile(
    r"\{?\s*\(?\s*(?:[tkij]\s*(?:[-+]\s*[0-9k]\s*)?|(?:[tkij]\s*=\s*)?(?:[1-9]|T))\s*\)?\s*\}?"
)
_DERIVATIVE = re.compile(
    r"(?P<left>\\left\s*\.\s*)?(?P<d>\\[dt]?frac\s*\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}\s*"
    r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\})\s*$"
)
_BY_PARAMETER = re.compile(
    r"\{\s*(?:\\partial|d)\s*\{?\s*(?:\\(?:mathbf|boldsymbol|bm)\s*\{?\s*)?"
    r"(?:[A-Z](?!\s*\}?\s*_\s*\{?\s*t)|b(?![a-z])|\\[Tt]heta|w(?![a-z]))"
)

#: One unit's index beside the step: ``h_i^t``, ``c^{t-1}_i``, ``o_{t,i}``, ``s^{(t)}_{[i]}``.
_TIME = r"\(?\s*t\s*(?:[-+]\s*[0-9]\s*)?\)?"
_UNIT = r"\[?\s*(?P<u>[ijnp])\s*\]?"
_ELEMENT = re.compile(
    rf"(?P<step>\s*\^\s*(?:\{{\s*{_TIME}\}}|t(?![A-Za-z])))\s*_\s*(?:\{{\s*{_UNIT}\s*\}}|(?P<u1>[ijnp])(?![A-Za-z]))"
    rf"|_\s*(?:\{{\s*\[?\s*(?P<u2>[ijnp])\s*\]?\s*\}}|(?P<u3>[ijnp])(?![A-Za-z]))(?P<later>\s*\^\s*(?:\{{\s*{_TIME}\}}|t(?![A-Za-z])))"
    rf"|_\s*\{{\s*(?P<of>{_TIME}),\s*(?P<u4>[ijp])\s*\}}"
)
#: ``\\sum_k`` beside ``z_k^{(t+1)}``: units of another letter are summed over.
_OVER_UNITS = re.compile(r"\\sum\s*(?:\\limits\s*)?_\s*\{?\s*([klmqrs])(?![A-Za-z])")
#: ``\\Gamma_f^{(t)}``, ``z_o^t``: beside it an i is the input gate.
_GATE_BESIDE = re.compile(
    r"(?:\\Gamma|(?<![A-Za-z\\])[zagW]|\\delta)\s*_\s*\{?\s*[fo]\s*\}?(?![A-Za-z,])|"
    r"(?:\\Gamma|\\mathrm\{net\})\s*_\s*\{?\s*i|\\delta\s*\^\s*\{?\s*[fo]\s*\}?(?![A-Za-z])"
)
#: ``\\tanh'(\\cdot)``: the slope where it is taken.
_ANYTHING = (
    r"\s*(?:\\left\s*)?\(\s*(?:\\(?:cdots?|[ld]?dots|bullet)|·|…|\.\.\.)\s*(?:\\right\s*)?\)"
)
_SOMEWHERE = re.compile(
    r"((?:\\(?:tanh|sigma|phi|varphi)|(?<![A-Za-z\\])[fg])\s*(?:'|\^\s*\{?\s*(?:\\prime|')\s*\}?)"
    r"(?:\s*_\s*(?:\{[^{}]*\}|[A-Za-z]))?)"
    + _ANYTHING
)
#: ``1 - \\tanh^2(\\cdot)``, ``1 - \\tanh^2`` before what closes
_SLOPE_SOMEWHERE = re.compile(
    r"1(?:\\[,;:! ]|\s)*-(?:\\[,;:! ]|\s)*(\\tanh)\s*\^\s*(?:\{\s*2\s*\}|2)"
    rf"(?:{_ANYTHING}|(?=\s*(?:\\right\s*)?[)\]]))"
)
#: A remark in a script of its own: in brackets, or below a brace.
_WRITTEN = "[\u0400-\u04ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
_REMARK = re.compile(
    rf"（[^（）]*{_WRITTEN}[^（）]*）|(?<![{{^_])(?:\\left\s*)?\((?:[^()]|\([^()]*\))*{_WRITTEN}(?:[^()]|\([^()]*\))*?(?:\\right\s*)?\)"
    rf"|(?<=\}})\s*_\s*\{{[^{{}}]*{_WRITTEN}[^{{}}]*\}}"
)
#: ``W_{ij}``: an entry of a matrix.
PAIR_OF_UNITS = re.compile(r"_\s*\{\s*[ijklmpq]\s*,?\s*[ijklmpq]\s*\}")
#: ``\\delta.z_t^T``: a full stop on the line for a product, or at the end of a line behind which
#: a fraction or a sum goes on.
_POINT = re.compile(
    r"(?<=[A-Za-z})\]])(?<!left)(?<!right)(?<!middle)\."
    r"(?:(?=[A-Za-z\\(\[{])|\s*\n\s*(?=\\(?:[dt]?frac|sum|prod)(?![A-Za-z])"
    r"(?:[^={}]|\{(?:[^{}]|\{[^{}]*\})*\})*+\Z))"
    r"(?!\\[\\,;:! ]|\\(?:q?quad|end|tag|text|label|nonumber|notag)(?![A-Za-z]))"
)
#: ``\\begin{pmatrix} h_{t-1} \\\\ x_t \\end{pmatrix}``: one vector on top of another.
_STACKED = re.compile(
    r"\\begin\s*\{[bp]matrix\}(?P<first>(?:(?!\\\\|&|\\begin|\\end).){1,40}?)\\\\+(?:\[[^\]]*\])?"
    r"(?P<second>(?:(?!\\\\|&|\\begin|\\end).){1,40}?)(?:\\\\)?\s*\\end\s*\{[bp]matrix\}",
    re.DOTALL,
)
#: ``\\mathrm{concat}(h_{t-1}, x_t)``
_CONCAT = re.compile(
    r"(?:\\(?:mathbf|mathrm|text|textrm|operatorname|textbf)\s*\{\s*[cC]oncat\s*\}|"
    r"(?<![A-Za-z\\])[cC]oncat)\s*(?:\\left\s*)?\((?P<parts>[^()]{3,80})(?:\\right\s*)?\)"
)

#: More blanks side by side than anybody means.
_LONG_BLANK = re.compile(r"(?<!\\)(?:\s|~|\\[,;:!> ]|\\q?quad(?![A-Za-z])){12,}+")

Edit = tuple[int, int, str]


def without_long_blanks(formula: Formula) -> Formula:
    """``formula`` with each long run of blanks as one, which says as much.

    Patterns that look on both sides of a run take its length squared.
    """

    def new(m: re.Match[str]) -> str:
        return r"\quad " if "quad" in m.group() else "\n" if "\n" in m.group() else " "

    return replaced(formula, _LONG_BLANK, new)


def respelt(formula: Formula, gates: GateLetters = NO_GATES) -> Formula:
    """``formula`` in the spelling that the reader knows.

    ``gates`` tells which letters of the document are labels of gates: ``W_i`` beside ``W_f``
    belongs to the input gate.
    """
    formula = edited(formula, list(_quantifiers(formula.latex)))
    formula = replaced(formula, _ONE, lambda m: "1")
    formula = without_boxes(formula)
    formula = replaced(formula, _SPELT, _one_name)
    formula = replaced(formula, _SOMEWHERE, lambda m: m.group(1))
    formula = replaced(formula, _SLOPE_SOMEWHERE, lambda m: f"{m.group(1)}'")
    if "=" in _REMARK.sub("", formula.latex):
        formula = replaced(formula, _REMARK, lambda m: " ")
    if "=" not in formula.latex:
        return formula
    formula = replaced(formula, _POINT, lambda m: r" \cdot ")
    formula = replaced(formula, _CONCAT, lambda m: f"[{m.group('parts')}]")
    formula = edited(formula, list(_bars(formula.latex)))
    formula = replaced(
        formula, _STACKED, lambda m: f"[{m.group('first').strip()}, {m.group('second').strip()}]"
    )
    formula = replaced(formula, OVER_ENTRIES, without_the_sum)
    formula = replaced(formula, _BARE_SUM, lambda m: r"\sum_{t}")
    formula = replaced(formula, COMPONENTS, inner_product)
    formula = replaced(formula, NAMED_LOSS, written_out)
    formula = replaced(formula, CROSS_ENTROPY, of_two_vectors)
    formula = edited(formula, sorted(_slices(formula.latex)))
    formula = _of_every_unit(formula, gates)
    return column_by_column(formula)


def _quantifiers(text: str) -> Iterator[tuple[int, int, str]]:
    """``\\forall k,`` before an equation or behind it: a formula is about every step anyway."""
    done = 0
    for match in _FORALL.finditer(text):
        if match.start() < done:
            continue
        end = _ROW_END.search(text, match.start())
        assert end is not None
        row = text[max(0, match.start() - 4 * _WINDOW) : match.start()].rsplit("\\\\", 1)[-1]
        if not _OPENING.sub("", row).strip(" &\n\t"):
            after = _AFTER_RANGE.search(text, match.end(), min(end.start(), match.end() + _WINDOW))
            if after is not None:
                done = after.end()
                yield match.start(), done, ""
            continue
        window = max(0, match.start() - _WINDOW)
        before = _BEFORE_RANGE.search(text[window : match.start()])
        done = end.start()
        yield (window + before.start() if before else match.start()), done, " "


def sums_over_others(text: str) -> bool:
    """Whether ``text`` sums over units that are counted by k, or by another letter of sums."""
    return any(
        re.search(rf"_\s*(?:\{{\s*{k}\s*\}}|{k}(?![A-Za-z]))\s*(?:\^\s*\{{?|\()\s*{_TIME}", text)
        for k in _OVER_UNITS.findall(text)
    )


def _of_every_unit(formula: Formula, gates: GateLetters) -> Formula:
    """``\\partial c_i^t`` as ``\\partial c^t``: what the equation of one unit says of all.

    Only where one letter counts the units and stands nowhere else.
    """
    text = formula.latex
    if not re.search(r"\\partial|\\delta|\\frac\s*\{\s*d|∂", text) or PAIR_OF_UNITS.search(text):
        return formula
    units = {next(g for k, g in m.groupdict().items() if k.startswith("u") and g)
             for m in _ELEMENT.finditer(text)}  # fmt: skip
    if len(units) != 1:
        return formula
    (unit,) = units
    if gates.stand_in(text, unit) or (unit == "i" and _GATE_BESIDE.search(text)):
        return formula
    if sums_over_others(text):
        return formula
    rest = _ELEMENT.sub("", text)
    inside = rf"\{{[^{{}}]*(?<![A-Za-z\\]){unit}(?![A-Za-z])[^{{}}]*\}}"
    if re.search(rf"[_^]\s*(?:{inside}|{unit}(?![A-Za-z]))", rest):
        return formula

    def new(m: re.Match[str]) -> str:
        return m.group("step") or m.group("later") or f"_{{{m.group('of')}}}"

    return replaced(formula, _ELEMENT, new)


def without_boxes(formula: Formula) -> Formula:
    """``formula`` without boxes around it or parts of it."""
    return edited(formula, _boxes(formula.latex))


def _boxes(text: str) -> list[Edit]:
    """The braces of boxes, which say nothing."""
    out: list[Edit] = []
    for m in _BOX.finditer(text):
        end = closing(text, m.end() - 1)
        if end is not None:
            out += [(m.start(), m.end(), ""), (end, end + 1, " ")]
    return sorted(out)


#: What opens and closes a bracket, whatever kind it is.
BRACKETS = ("([{（", ")]}）")


def closing(
    text: str, start: int, opens: str = "{", closes: str = "}", within: int = 20_000
) -> int | None:
    """Where the bracket at ``start`` closes, if ``within`` characters; escaped ones are none."""
    if text[start : start + 1] not in opens:
        return None
    depth = 0
    for m in _bracket(opens, closes).finditer(text, start, start + within):
        sign = m.group()
        if len(sign) == 1:
            depth += (sign in opens) - (sign in closes)
            if not depth:
                return m.start()
    return None


@cache
def _bracket(opens: str, closes: str) -> re.Pattern[str]:
    """What stands for itself or closes; with a backslash it is neither."""
    return re.compile(rf"\\.|[{re.escape(opens + closes)}]", re.DOTALL)


def _bars(text: str) -> Iterable[Edit]:
    r"""``\left.\frac{\partial L}{\partial h_t}\right|_{\text{future}} =`` adds a part of it."""
    for m in _BAR.finditer(text):
        before = _DERIVATIVE.search(text, 0, m.start())
        if before is None:
            continue
        part = _BY_PARAMETER.search(before.group("d").split("}", 1)[1]) is None
        if not part and _OF_A_STEP.fullmatch(m.group("label")):
            continue  # by the parameter where step t uses it: its copy
        if before.group("left"):
            yield before.start("left"), before.end("left"), ""
        yield m.start(), m.end(), " +=" if part else " ="


def _one_name(m: re.Match[str]) -> str | None:
    if m.group("word").endswith(tuple(WORDS)):
        return None
    return rf"\mathrm{{{m.group('word')}}}"


#: A block of a gradient is no longer that gradient.
_OF_A_GRADIENT = re.compile(
    r"\\[dt]?frac\s*\{(?:[^{}]|\{[^{}]*\})*\\partial(?:[^{}]|\{[^{}]*\})*\}\s*"
    r"\{(?:[^{}]|\{[^{}]*\})*\}\s*$|"
    r"\\delta\s*(?:\\[a-z]+\s*\{\s*)?[a-z]\s*\}?\s*(?:[_^]\s*(?:\{[^{}]*\}|[A-Za-z0-9])\s*)*$"
)


def _slices(text: str) -> Iterable[Edit]:
    r"""Which part of a weight is meant: ``W_f = W_f[:n_a, :]``, ``(…)_{1 \le i \le n}``.

    (Which one is right where such a remark says so, the shapes tell.)
    """
    for m in _SLICED.finditer(text):
        yield m.start(), m.end(), ""
    for m in _MEANT.finditer(text):
        yield m.start("range"), m.end("range"), ""


def replaced(
    formula: Formula, pattern: re.Pattern[str], new: Callable[[re.Match[str]], str | None]
) -> Formula:
    """``formula`` with each match replaced, ``None`` leaving it; offsets follow."""
    if cannot_match(pattern, formula.latex):
        return formula
    found = ((m.start(), m.end(), new(m)) for m in pattern.finditer(formula.latex))
    return edited(formula, [(s, e, n) for s, e, n in found if n is not None])


_COMMAND = re.compile(r"\\[A-Za-z]+\Z")


def edited(formula: Formula, edits: Sequence[Edit]) -> Formula:
    """``formula`` with the edits made, which come in order and do not overlap; offsets follow."""
    if not edits:
        return formula
    text, offsets = formula.latex, formula.offsets
    pieces: list[str] = []
    places: list[int] = []
    last = 0
    for start, end, new in edits:
        if start < last:
            continue
        follows = new or text[end : end + 1]
        if follows[:1].isalpha() and _COMMAND.search(text, max(last, start - 30), start):
            new = f" {new}"  # a letter would join the name of the command
        both = zip(text[start:end], new, strict=False)  # what they begin with stays where it is
        same = sum(1 for _ in takewhile(lambda ab: ab[0] == ab[1], both))
        place = offsets[min(start + same, max(start, end - 1))]
        pieces += [text[last:start], new]
        places += [*offsets[last : start + same], *([place] * (len(new) - same))]
        last = end
    pieces.append(text[last:])
    places += offsets[last:]
    return replace(formula, latex="".join(pieces), offsets=places)
