r"""The step of a network as a function that a line names and writes out.

.. math::

    x_t = F(x_{t-1}, u_t, \theta) = W \sigma(x_{t-1}) + U u_t, \qquad
    \nabla_x F(x_{t-1}, u_t, \theta) = W \operatorname{diag}(\sigma'(x_{t-1}))

The derivative of F by one of its arguments is that of the state by it, all else held fixed: the
immediate one. At other steps F stands with other arguments, by which it is known. (Of an F that no
line writes out the reader knows its arguments as well.)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import closing, edited

_LETTER = (
    r"(?:\\(?:mathbf|boldsymbol|bm)\s*\{\s*[a-zA-Z]\s*\}|"
    r"\\(?:theta|Theta|phi|psi|omega|xi)|[A-Za-z])"
)
_STEP = r"(?:_\s*(?:\{(?P<at>[^{}]{1,12})\}|(?P<one>[a-zT])))"
_RUNNING = re.compile(rf"\s*(?P<base>{_LETTER})\s*{_STEP}\s*")
_FUNCTION = r"(?P<f>\\(?:Phi|phi|varphi|psi|mathcal\s*\{\s*[A-Z]\s*\})|(?<![A-Za-z\\])[fgFGHS])"
_OPEN = r"\s*(?:\\left\s*|\\[bB]igg?l?\s*)?\("
#: ``x_t = F(``
_GIVEN = re.compile(
    rf"(?:^|\\\\|&|\\q?quad|,)\s*&?\s*(?P<state>{_LETTER})\s*_\s*(?:t(?![A-Za-z])|\{{\s*t\s*\}})\s*"
    rf"&?\s*=\s*&?\s*{_FUNCTION}{_OPEN}"
)
_ON = re.compile(r"\s*&?\s*=(?!=)\s*&?\s*(?P<rest>[^=]+)")
_BY = re.compile(
    rf"(?:\\nabla|(?<![A-Za-z\\])D)\s*_\s*(?:\{{\s*(?P<by>{_LETTER}(?:\s*_\s*(?:\{{[^{{}}]*\}}|[a-zT]))?)\s*\}}"
    rf"|(?P<by1>{_LETTER}))\s*$"
)
#: ``\\partial f_j``
_DIFFERENTIATED = re.compile(rf"\\partial\s*\{{?\s*{_FUNCTION}(?=\s*_)")
_OF = re.compile(r"(?:\\partial|∂)\s*$")


@dataclass(frozen=True)
class _StepFunction:
    """``state_t = name(arguments)``."""

    state: str
    name: str
    arguments: tuple[str, ...]

    def step_of(self, arguments: Sequence[str]) -> str | None:
        """The step at which the function has these arguments; ``None`` if at none."""
        if len(arguments) != len(self.arguments):
            return None
        shift: str | None = None
        for given, here in zip(self.arguments, arguments, strict=True):
            a, b = _RUNNING.fullmatch(given), _RUNNING.fullmatch(here)
            if a is None or b is None:
                if _tight(given) != _tight(here):
                    return None
                continue
            if _tight(a["base"]) != _tight(b["base"]):
                return None
            found = _moved(_at(a), _at(b))
            if found is None or (shift is not None and found != shift):
                return None
            shift = found
        return shift


def with_states_for_step_functions(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with such functions as the states that they give."""
    found = dict[str, _StepFunction]()
    for f in formulas:
        for function in _given_in(f.latex):
            if found.setdefault(function.name, function) != function:
                return list(formulas)  # a letter for several functions
    formulas = [_written(f, found) for f in formulas] if found else list(formulas)
    return _without_arguments(formulas)


def _without_arguments(formulas: Sequence[Formula]) -> list[Formula]:
    r"""``formulas`` with the state for :math:`f_j` beside :math:`h_t = f(x_t, h_{t-1}, w)`.

    It stands below ∂ alone, and no line gives it: the function of step j, all else held fixed.
    """
    states: dict[str, set[str]] = {}
    for f in formulas:
        for m in _GIVEN.finditer(f.latex):
            states.setdefault(_tight(m["f"]), set()).add(m["state"])
    short = {
        name: state for name, (state, *more) in states.items()
        if not more and _is_short(name, formulas)
    }  # fmt: skip
    if not short:
        return list(formulas)
    return [
        edited(f, [
            (m.start(), m.end("f"), rf"\partial^{{+}} {short[_tight(m['f'])]}")
            for m in _DIFFERENTIATED.finditer(f.latex) if _tight(m["f"]) in short
        ])
        for f in formulas
    ]  # fmt: skip


def _is_short(name: str, formulas: Sequence[Formula]) -> bool:
    """Whether the function with a step is differentiated somewhere, and nothing else is done."""
    stepped = re.compile(rf"(?<![A-Za-z\\]){re.escape(name)}\s*_")
    every = sum(len(stepped.findall(f.latex)) for f in formulas)
    below = [m for f in formulas for m in _DIFFERENTIATED.finditer(f.latex)]
    return 0 < every == sum(_tight(m["f"]) == name for m in below)


def _given_in(text: str) -> list[_StepFunction]:
    out = []
    for m in _GIVEN.finditer(text):
        listed = _listed(text, m.end() - 1)
        if listed is None:
            continue
        arguments, end = listed
        rest = _ON.match(text, end)
        before = re.compile(rf"\s*{re.escape(m['state'])}\s*_\s*\{{\s*t\s*-\s*1\s*\}}\s*")
        if rest is None or len(arguments) < 2 or not any(map(before.fullmatch, arguments)):
            continue
        if "partial" in rest["rest"]:
            continue
        out.append(_StepFunction(m["state"], _tight(m["f"]), tuple(arguments)))
    return out


def _listed(text: str, start: int) -> tuple[list[str], int] | None:
    """What stands in the parentheses that open at ``start``, and where they end."""
    end = closing(text, start, "(", ")", within=200)
    if end is None:
        return None
    inside = re.sub(r"\\(?:right|[bB]igg?r?)\s*$", "", text[start + 1 : end])
    if "(" in inside or "=" in inside:
        return None
    return [part.strip() for part in inside.split(",")], end + 1


def _written(formula: Formula, functions: dict[str, _StepFunction]) -> Formula:
    """``formula`` with the state for each function, but for the lines that give them."""
    text = formula.latex
    given = {m.end() for m in _GIVEN.finditer(text)}
    edits = []
    for m in re.finditer(rf"{_FUNCTION}{_OPEN}", text):
        function = functions.get(_tight(m["f"]))
        listed = _listed(text, m.end() - 1) if function and m.end() not in given else None
        if function is None or listed is None:
            continue
        step = function.step_of(listed[0])
        if step is None:
            continue
        state = rf"{function.state}_{{{step}}}"
        if (by := _BY.search(text, max(0, m.start() - 60), m.start())) is not None:
            of = _argument(by["by"] or by["by1"], listed[0])
            if of is None:
                continue
            new = rf"\frac{{\partial^{{+}} {state}}}{{\partial {of}}}"
            edits.append((by.start(), listed[1], new))
        elif (of_it := _OF.search(text, max(0, m.start() - 20), m.start())) is not None:
            edits.append((of_it.start(), listed[1], rf"\partial^{{+}} {state}"))
        else:
            edits.append((m.start(), listed[1], state))
    return edited(formula, edits)


def _argument(by: str, arguments: Sequence[str]) -> str | None:
    """The argument that ``\\nabla_x`` means: the one with that base."""
    if re.search("_", by):
        return by if any(_tight(by) == _tight(a) for a in arguments) else None
    named = [a for a in arguments if _tight(re.sub(r"\s*_.*", "", a)) == _tight(by)]
    return named[0] if len(named) == 1 else None


def _at(m: re.Match[str]) -> str:
    return (m["at"] or m["one"]).replace(" ", "")


def _moved(given: str, here: str) -> str | None:
    """The step t at which ``given``, written for t, is ``here``."""
    a = re.fullmatch(r"t(?P<n>[-+]\d+)?", given)
    b = re.fullmatch(r"(?P<base>[a-zT]|\\tau)?(?P<rest>(?:[-+][a-z0-9]+)*)", here)
    if a is None or b is None or not here:
        return None
    lag = -int(a["n"] or 0)
    number = 0
    rest = []
    for sign, term in re.findall(r"([-+])([a-z0-9]+)", b["rest"]):
        if term.isdigit():
            number += int(f"{sign}{term}")
        else:
            rest.append(sign + term)
    number += lag
    return f"{b['base'] or ''}{''.join(rest)}" + (f"{number:+d}" if number else "")


def _tight(text: str) -> str:
    return re.sub(r"[\s{}]", "", text)
