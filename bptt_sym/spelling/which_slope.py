r"""Which activation a text means by σ: that whose slope it writes.

Books write :math:`h_t = \sigma(a_t)` for a network with any activation and go on with
:math:`\mathrm{diag}(1 - h_t^2)`, the slope of tanh by its value. Where that slope stands and
:math:`h_t (1 - h_t)` nowhere, the σ of the state is tanh. So is that of a candidate that is
defined by tanh in one place and, among the gates, by σ in another.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import Edit, edited

_STEP = r"\s*(?:_\s*(?:\{[^{}]*\}|[a-z0-9])|\^\s*\{\s*(?:\(|\\langle)[^{}]*\}|\(\s*t[^()]{0,4}\))"
#: Letters stand side by side, but not in the name of a command.
_NOT_IN_A_COMMAND = "".join(rf"(?<!\\[A-Za-z]{{{n}}})" for n in range(9))
_BEFORE = r"\s*[_^(]\s*\{?\s*\(?[^{}()=]*-\s*1"
_ROWS = re.compile(r"\\\\|\\begin\s*\{[a-z]+\*?\}|\\q?quad(?![A-Za-z])")
_SIGMA = re.compile(r"\\sigma(?=\s*(?:\\left|\\[bB]igg?l?)?\s*[(\[])")
_GIVEN = re.compile(
    r"\s*&?\s*(?:\\(?:mathbf|boldsymbol|bm|vec)\s*\{\s*(?P<a>[a-z])\s*\}|(?P<b>[a-z]))"
    rf"{_STEP}\s*&?\s*=(?P<right>.*)",
    re.DOTALL,
)


def with_the_slope_written(formulas: Sequence[Formula], words: str) -> list[Formula]:
    """``formulas`` with tanh for the σ of a state whose slope is written as that of tanh.

    Once may be a slip: it has to stand twice, in a text whose ``words`` name no logistic function.
    """
    texts = [f.latex for f in formulas]
    every = "\n".join(texts)
    if r"\sigma" not in every or re.search(r"sigmoid|logistic", words, re.IGNORECASE):
        return list(formulas)
    states = {
        name for t in texts for row in _ROWS.split(t)
        if (m := _GIVEN.match(row)) and _SIGMA.search(m["right"])
        and re.search(_named(name := m["a"] or m["b"]) + _BEFORE, every)
    }  # fmt: skip
    meant = [
        s for s in states
        if sum(_slope(s).search(t) is not None for t in texts) > 1
        and not _logistic(s).search(every)
    ]  # fmt: skip
    if len(states) != 1 or not meant:
        return list(formulas)
    said = (rf"\sigma of the state is tanh, as its slope 1 - {meant[0]}^2 shows", r"\partial")
    out = [_changed(f, meant[0]) for f in formulas]
    return [replace(f, supposes=(*f.supposes, said)) for f in out]


#: ``\hat{y}_t = \sigma(o_t)``: one activation of one name, outside of any state.
_OUTPUT = re.compile(
    r"\s*&?\s*(?P<name>\\(?:hat|widehat)\s*\{?\s*(?:\\(?:mathbf|boldsymbol)\s*\{\s*)?y\s*\}*|"
    r"(?:\\(?:mathbf|boldsymbol|bm)\s*\{\s*)?[ayp]\s*\}?)"
    rf"{_STEP}\s*&?\s*=\s*&?\s*(?P<function>\\sigma|\\phi|\\varphi|[fg])\s*(?:\\left\s*)?\(\s*"
    rf"(?P<of>(?:\\(?:mathbf|boldsymbol|bm)\s*\{{\s*)?[a-z]\s*\}}?){_STEP}\s*(?:\\right\s*)?\)\s*[.,;]?\s*$"
)
_RESIDUAL = re.compile(
    r"\\(?:wide)?hat\s*\{?\s*(?:\\(?:mathbf|boldsymbol)\s*\{\s*)?y[^+=]{0,20}?-\s*(?:\\(?:mathbf|boldsymbol)\s*\{\s*)?y"
)
_SAID_SOFTMAX = "the activation of the output is the softmax, of which the text speaks"


def with_softmax_of_outputs(formulas: Sequence[Formula], words: str) -> list[Formula]:
    """``formulas`` with softmax for the σ of an output, where the words speak of one.

    Only where a prediction less its target is a gradient, and another σ is that of the state, so
    that the sign stands for whatever activation there is; :math:`\\hat y_t` that no line gives is
    then that output.
    """
    every = "\n".join(f.latex for f in formulas)
    if not re.search("softmax", words, re.IGNORECASE) or re.search("softmax", every, re.IGNORECASE):
        return list(formulas)
    rows = [(f, m) for f in formulas if (m := _OUTPUT.match(f.latex))]
    if len(rows) != 1 or not _RESIDUAL.search(every):
        return list(formulas)
    ((formula, found),) = rows
    argument = found["of"]
    state = rf"[hs]\s*\}}?{_STEP}\s*&?\s*=[^=]*?{re.escape(found['function'])}"
    affine = rf"{re.escape(argument)}{_STEP}\s*&?\s*=(?:(?!\\sigma|\\tanh)[^=])*?[hs]\s*\}}?{_STEP}"
    if not re.search(state, every) or not re.search(affine, every):
        return list(formulas)
    edits = [(*found.span("function"), r"\mathrm{softmax}")]
    if "hat" not in found["name"]:
        if re.search(r"\\hat\s*\{?\s*y[^=]{0,16}=(?!=)", every.split(formula.latex)[0]):
            return list(formulas)
        edits = [(*found.span("name"), r"\hat{y}"), *edits]
    said = (_SAID_SOFTMAX, r"\hat")
    return [
        replace(edited(f, edits) if f is formula else f, supposes=(*f.supposes, said))
        for f in formulas
    ]


#: ``\tilde{c}_t = \sigma(…)``, alone or behind other formulas.
_ONE_OF_TWO = re.compile(
    r"(?P<name>\\(?:tilde|hat|bar|widetilde|widehat|overline)\s*(?:\{\s*[A-Za-z]\s*\}|\s[A-Za-z])|"
    rf"(?<![A-Za-z\\{{])[gn]){_STEP}\s*&?\s*=\s*&?\s*(?P<function>\\sigma|\\tanh)(?![A-Za-z'])"
)


def with_one_of_two_functions(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with tanh for the σ of what has tanh elsewhere, and its slope alone."""
    every = "\n".join(f.latex for f in formulas)
    given: dict[str, set[str]] = {}
    for m in _ONE_OF_TWO.finditer(every):
        given.setdefault(_plain(m["name"]), set()).add(m["function"])
    both = [name for name, functions in given.items() if len(functions) > 1]
    both = [n for n in both if _slope(n).search(every) and not _logistic(n).search(every)]
    if not both:
        return list(formulas)
    return [_with_tanh(f, both) for f in formulas]


def _with_tanh(formula: Formula, names: Sequence[str]) -> Formula:
    spans = [
        m.span("function") for m in _ONE_OF_TWO.finditer(formula.latex)
        if m["function"] == r"\sigma" and _plain(m["name"]) in names
    ]  # fmt: skip
    said = r"\sigma of {} is tanh, by which it is defined as well"
    told = tuple((said.format(n), n.split()[0]) for n in names)
    formula = replace(formula, supposes=(*formula.supposes, *told))
    return edited(formula, [(a, b, r"\tanh") for a, b in spans])


def _plain(name: str) -> str:
    accent, _, letter = re.sub(r"[\s{}]+", " ", name).strip().rpartition(" ")
    return f"{accent} {letter}" if accent else letter


def _changed(formula: Formula, state: str) -> Formula:
    edits: list[Edit] = []
    at = 0
    for row in re.split(rf"({_ROWS.pattern})", formula.latex):
        m = _GIVEN.match(row)
        if m is not None and (m["a"] or m["b"]) == state:
            edits += [(at + k.start(), at + k.end(), r"\tanh") for k in _SIGMA.finditer(row)]
        at += len(row)
    return edited(formula, edits)


def _named(letter: str) -> str:
    if letter.startswith("\\"):
        accent, letter = letter.split()
        return rf"\{accent}\s*(?:\{{\s*{letter}\s*\}}|{letter}(?![A-Za-z]))"
    return rf"(?:\\(?:mathbf|boldsymbol|bm|vec)\s*\{{\s*{letter}\s*\}}|{_NOT_IN_A_COMMAND}{letter})"


def _slope(letter: str) -> re.Pattern[str]:
    """``1 - h_t^2``"""
    value = rf"{_named(letter)}{_STEP}"
    return re.compile(
        rf"1\s*\}}?\s*-\s*(?:(?:\\left\s*)?[({{]\s*)?{value}\s*(?:(?:\\right\s*)?[)}}]\s*)?"
        rf"(?:\^\s*\{{?\s*2|\\(?:odot|circ)\s*{value})"
    )


def _logistic(letter: str) -> re.Pattern[str]:
    """``h_t (1 - h_t)``"""
    value = rf"{_named(letter)}{_STEP}"
    return re.compile(
        rf"{value}\s*(?:\\(?:odot|circ|cdot|times|,)|\*)?\s*(?:\\left\s*)?\(\s*"
        rf"(?:1|\\mathbf\{{1\}})\s*-\s*{value}\s*(?:\\right\s*)?\)(?!\s*\^)"
    )


#: ``\sigma_g(``: a function with a label, as the gates of a cell have.
_LABELLED = re.compile(
    r"\\sigma\s*_\s*(?:\{\s*(?P<a>[A-Za-z]{1,4}|\\(?:text|mathrm)\s*\{\s*[A-Za-z]+\s*\})\s*\}|(?P<b>[A-Za-z]))"
    r"(?=\s*(?:\\left|\\[bB]igg?l?)?\s*[(\[])"
)
_VALUE = re.compile(
    r"(?P<name>\\(?:tilde|hat|bar|mathbf|boldsymbol|bm)\s*\{\s*[a-zA-Z]\s*\}|(?<![A-Za-z\\])[a-zA-Z])"
    rf"{_STEP}\s*&?\s*=\s*&?\s*(?P<function>\\sigma\s*_\s*(?:\{{[^{{}}]*\}}|[A-Za-z]))"
)
_WORDS = {r"\sigma": "sigmoid|logistic", r"\tanh": "hyperbolic tangent|tanh"}


def with_labelled_functions(formulas: Sequence[Formula], text: str) -> list[Formula]:
    r"""``formulas`` with σ or tanh for a function such as :math:`\sigma_g`.

    Either the words of the ``text`` say which it is, or the slopes that are written of its values.
    """
    every = "\n".join(f.latex for f in formulas)
    labels = {m["a"] or m["b"] for m in _LABELLED.finditer(every)}
    for label in sorted(labels):
        name = rf"\\sigma\s*_\s*\{{?\s*{re.escape(label)}\s*\}}?(?![A-Za-z])"
        said = [f for f, words in _WORDS.items() if _told(name, words, text)]
        if len(said) == 1:
            formulas = _named_so(formulas, name, said[0], ())
            continue
        values = {
            _plain(re.sub(r"\\(?:mathbf|boldsymbol|bm)", "", m["name"]))
            for m in _VALUE.finditer(every) if re.fullmatch(name, m["function"])
        }  # fmt: skip
        logistic = sum(len(_logistic(v).findall(every)) for v in values)
        squares = sum(len(_slope(v).findall(every)) for v in values)
        less, more = sorted((logistic, squares))
        if not said and more > less and more >= 2 * less:
            function = r"\sigma" if logistic > squares else r"\tanh"
            called = "the logistic function" if logistic > squares else "tanh"
            told = (rf"\sigma_{label} is {called}, as the slopes of its values show", r"\partial")
            formulas = _named_so(formulas, name, function, (told,))
    return list(formulas)


def _told(name: str, words: str, text: str) -> bool:
    """Whether the words beside a name, in its sentence, say what it is."""
    behind = rf"{name}\s*(?:\([^()$]{{0,12}}\)\s*)?\$?[^.;$\n]{{0,60}}?\b(?:{words})"
    before = rf"\b(?:{words})\b[^.;$\n]{{0,30}}\$\s*{name}"
    return re.search(f"{behind}|{before}", text, re.IGNORECASE) is not None


def _named_so(
    formulas: Sequence[Formula], name: str, function: str, told: tuple[tuple[str, str], ...]
) -> list[Formula]:
    pattern = re.compile(name)
    out = []
    for f in formulas:
        spans = [m.span() for m in pattern.finditer(f.latex)]
        new = edited(f, [(start, end, function) for start, end in spans])
        out.append(replace(new, supposes=(*new.supposes, *told)) if told else new)
    return out
