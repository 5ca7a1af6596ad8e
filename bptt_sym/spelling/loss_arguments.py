r"""Losses with what they are functions of behind them: ``J(\theta)``, ``L(\hat{y}, y)``.

Of what a loss is a function says nothing of its value. A list of names without steps behind the
letter of a loss is left out, in definitions and in derivatives alike; :math:`L(\hat y_t, y_t)`,
with steps, is the loss of one of them, and stays. So does :math:`E_t(y_t, \hat y_t)`, unless the
text says what :math:`E_t` is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_LOSS = (
    r"(?:(?<![A-Za-z\\])[LJEC]|\\(?:mathcal|mathscr)\s*\{\s*[LJEC]\s*\}|\\ell(?![A-Za-z]))"
    r"(?:\s*[_^]\s*(?:\{\s*\(?\s*[tTij]\s*\)?\s*\}|[tT]))?"
)
_FONT = r"\\(?:mathbf|boldsymbol|bm|vec|hat|widehat|tilde|bar)"
#: A parameter, or several: what a loss alone can be a function of.
_PARAMETER = rf"(?:{_FONT}\s*)?\{{?\s*(?:\\[tT]heta|\\Omega|\\phi|[wW])\s*\}}?"
_NAME = (
    rf"(?:{_FONT}\s*\{{\s*(?:\\[a-zA-Z]+|[A-Za-z])\s*\}}|{_FONT}\s*[A-Za-z]|\\[tT]heta|[A-Za-z])"
)
#: ``x_1, …, x_T`` and ``\\{x_1, …, x_T\\}``: everything that was put in.
_FLAT = (
    r"(?:[^()=+]|\([^()=+]*\)){1,80}?(?:\\[lc]?dots[a-z]?(?![A-Za-z])|\.\.\.|…)"
    r"(?:[^()=+]|\([^()=+]*\)){0,80}?"
)
_LIST = (
    r"(?:(?:\\left\s*)?\\\{(?:(?!\\\})[^=()]|\((?:(?!\\\})[^=()])*+\))*+\\\}"
    rf"|(?:\\left\s*)?\({_FLAT}\))"
)
_APPLIED = re.compile(
    rf"(?P<loss>{_LOSS})\s*(?:\\left\s*)?\(\s*(?:{_PARAMETER}|{_NAME}(?:\s*[,;]\s*{_NAME})+"
    rf"|{_LIST}(?:\s*(?:\\right\s*)?[,;]\s*{_LIST})*|{_FLAT})\s*(?:\\right\s*)?\)"
)


def without_arguments(formula: Formula) -> Formula:
    """``formula`` with the losses alone."""
    return replaced(formula, _APPLIED, lambda m: m.group("loss"))


_RUNNING = (
    r"(?P<loss>(?:(?<![A-Za-z\\])[LJEC]|\\(?:mathcal|mathscr)\s*\{\s*[LJEC]\s*\}|\\ell(?![A-Za-z]))"
    r"\s*_\s*(?:\{\s*(?:t|\d)\s*\}|t|\d))"
)
_STEPS_LOSS = re.compile(_RUNNING)
_AT_A_STEP = r"\s*_\s*(?:\{\s*(?:t|\d)\s*\}|t|\d)"
#: ``\\hat{y}_t``, and ``\\hat{y_t}``
_STEPPED = rf"(?:{_NAME}{_AT_A_STEP}|\\(?:hat|tilde|bar)\s*\{{\s*[a-z]{_AT_A_STEP}\s*\}})"
_OF_ITS_STEP = re.compile(
    rf"{_RUNNING}\s*(?:\\left\s*)?\(\s*{_STEPPED}(?:\s*[,;]\s*{_STEPPED})+\s*(?:\\right\s*)?\)"
)
#: ``E(y_t, \\hat{y}_t) = -y_t \\log \\hat{y}_t``
_WITHOUT_STEP = re.compile(
    r"(?P<loss>(?<![A-Za-z\\])[LJEC]|\\(?:mathcal|mathscr)\s*\{\s*[LJEC]\s*\}|\\ell(?![A-Za-z]))"
    rf"(?P<of>\s*(?:\\left\s*)?\(\s*{_STEPPED}(?:\s*[,;]\s*{_STEPPED})+\s*(?:\\right\s*)?\))"
    r"(?=\s*&?\s*=(?!\s*&?\s*[-+]?\s*\\sum))"
)
_GIVEN = re.compile(r"\s*&?\s*=\s*[-+]?\s*(?:\\sum(?![A-Za-z])|\\frac|[A-Za-z\\(])")


def without_arguments_of_a_step(formulas: Sequence[Formula]) -> list[Formula]:
    r"""``formulas`` with ``E_t`` for ``E_t(y_t, \hat{y}_t)``, where one goes on to its value.

    ``E_3(y_3, \hat{y}_3)`` is that of one step, and so is ``E(y_t, \hat{y}_t) = …`` where the text
    has an E_t; ``L(y_T, \hat{y}_T)`` beside ``L`` is that of all.
    """
    formulas = _with_the_step(_without_the_last(formulas))
    found = [(f, m) for f in formulas for m in _OF_ITS_STEP.finditer(f.latex)]
    if not any(_GIVEN.match(f.latex, m.end()) for f, m in found):
        return list(formulas)
    if len({re.sub(r"[\s{}]|_[^_]*$", "", m["loss"]) for _, m in found}) > 1:
        return list(formulas)
    return [replaced(f, _OF_ITS_STEP, _of_one_step) for f in formulas]


_BARE = r"(?P<loss>(?<![A-Za-z\\])[LJEC]|\\(?:mathcal|mathscr)\s*\{\s*[LJEC]\s*\})"
_OF_STEPS = re.compile(
    rf"{_BARE}\s*(?:\\left\s*)?\(\s*(?P<of>[^()=+]{{1,80}}?)\s*(?:\\right\s*)?\)"
)
_LAST = re.compile(rf"{_NAME}\s*_\s*(?:\{{\s*(?:T|\\tau)\s*\}}|T|\\tau)")


def _without_the_last(formulas: Sequence[Formula]) -> Sequence[Formula]:
    """``formulas`` with a loss alone that is a function of what stands at the last step."""
    found = [m for f in formulas for m in _OF_STEPS.finditer(f.latex)]
    if not found or not all(_is_of_the_last(m["of"]) for m in found):
        return formulas
    names = {m["loss"] for m in found}
    bare = re.compile(rf"{_BARE}(?!\s*(?:[_^(]|\\left))")
    if not names <= {m["loss"] for f in formulas for m in bare.finditer(f.latex)}:
        return formulas
    return [replaced(f, _OF_STEPS, lambda m: m["loss"]) for f in formulas]


def _is_of_the_last(names: str) -> bool:
    parts = [part.strip() for part in re.split(r"[,;]", names)]
    return len(parts) > 1 and all(map(_LAST.fullmatch, parts))


def _with_the_step(formulas: Sequence[Formula]) -> list[Formula]:
    running = {
        re.sub(r"[\s{}]|_[^_]*$", "", m["loss"])
        for f in formulas for m in _STEPS_LOSS.finditer(f.latex)
    }  # fmt: skip

    def change(m: re.Match[str]) -> str | None:
        steps = set(re.findall(r"_\s*\{?\s*(t|\d)", m["of"]))
        known = re.sub(r"[\s{}]", "", m["loss"]) in running
        return rf"{m['loss']}_{{t}}{m['of']}" if known and steps == {"t"} else None

    return [replaced(f, _WITHOUT_STEP, change) for f in formulas]


def _of_one_step(m: re.Match[str]) -> str | None:
    """The loss alone, where all that it is of stands at its step."""
    steps = set(re.findall(r"_\s*\{?\s*(t|\d)", m.group()))
    return m["loss"] if len(steps) == 1 else None
