r"""A letter f that a text never says anything about: its activation in ``f'``, its step in ``∂f``.

.. math::

    h_t = \tanh(W h_{t-1} + U x_t), \qquad
    \frac{\partial h_t}{\partial h_{t-1}} = \operatorname{diag}(f'(a_t)) W, \qquad
    \frac{\partial h_t}{\partial\theta} = \frac{\partial f}{\partial\theta}
    + \frac{\partial f}{\partial h_{t-1}} \frac{\partial h_{t-1}}{\partial\theta}
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_LETTERS = (r"f", r"g", r"\phi", r"\varphi", r"\sigma")
#: Capital letters of maps.
_MAPS = ("F", "G", r"\Phi")
_PRIME = r"(?:\s*'|\s*\^\s*\{?\s*(?:\\prime|')\s*\}?)"
_ACTIVATION = (
    r"(?:\\tanh|\\sigma|(?<![A-Za-z\\])(?:tanh|sigmoid)|"
    r"\\(?:mathrm|text|operatorname)\s*\{\s*(?:tanh|sigmoid)\s*\})"
)
_NAME = r"(?P<name>\\(?:mathbf|boldsymbol|bm)\s*\{\s*[a-z]\s*\}|(?<![A-Za-z\\])[a-z])"
#: ``h_t = \tanh(… h_{t-1} …)``: the activation of a state.
_STATE = re.compile(
    rf"{_NAME}\s*(?:_\s*(?:t|\{{\s*t\s*\}})|\^\s*\{{\s*\(\s*t\s*\)\s*\}})\s*&?\s*=\s*&?\s*"
    rf"(?P<a>{_ACTIVATION})?"
    r"(?P<right>[^=]*?(?P=name)\s*(?:_\s*\{\s*t\s*-\s*1\s*\}|\^\s*\{\s*\(\s*t\s*-\s*1\s*\)\s*\}))"
)

#: What a function may carry below: ``g_\\theta(h_{t-1})`` is no other g.
_LABEL = r"(?:\s*_\s*(?:\{[^{}]{1,16}\}|\\[A-Za-z]+|[A-Za-z0-9]))?"
#: ``\\sigma_h``, and no singular value: ``\\sigma_1``, ``\\sigma_{\\max}``.
_LABELLED = re.compile(
    r"\\sigma\s*_\s*+\{?\s*+(?![0-9]|\\?(?:max|min)|\\(?:text|mathrm)\{m(?:ax|in)\})"
)
#: What a function is applied to.
_OF_IT = r"(?P<x>\((?:[^()=]|\([^()=]*\)){1,40}\))"
#: ``h_t = \\tanh(z_t)``, of whatever.
_ACTIVATED = re.compile(
    rf"{_NAME}\s*(?:_\s*(?:t|\{{\s*t\s*\}})|\^\s*\{{\s*\(\s*t\s*\)\s*\}})\s*&?\s*=\s*&?\s*"
    rf"(?P<a>{_ACTIVATION})"
)


def _whole_steps(letter: str, every: str) -> set[tuple[str, str]]:
    """The states whose step is the function alone, and which: ``h_t = f(h_{t-1}, x_t, w)``."""
    step = re.compile(
        rf"{_NAME}\s*(?:_\s*(?:t|\{{\s*t\s*(?P<ahead>\+\s*1)?\s*\}})"
        rf"|\^\s*\{{\s*\(\s*t\s*\)\s*\}})\s*&?\s*=\s*&?\s*"
        rf"{letter}\s*(?:\\left\s*)?\((?:[^()=]|\([^()]*\))*,(?:[^()=]|\([^()]*\))*(?:\\right\s*)?\)"
        r"(?=\s*(?:\\[,;:! ]\s*)*(?:[.,;]|\n|$|\\\\|\\(?:end|q?quad|tag)))"
    )
    return {(m.group("name"), "t+1" if m["ahead"] else "t") for m in step.finditer(every)}


def _letter(name: str) -> str:
    return (r"(?<![A-Za-z\\])" if len(name) == 1 else "") + rf"{re.escape(name)}(?![A-Za-z])"


def with_own_function(formulas: Sequence[Formula]) -> list[Formula]:
    """The formulas with such letters as what they stand for."""
    texts = [f.latex for f in formulas]
    every = "\n".join(texts)
    states = [m for text in texts for m in _STATE.finditer(text) if r"\partial" not in m.group()]
    # What is said of a network is said of its state, whatever the gates of another apply.
    recurrent = {_plain(m.group("a")) for m in states if m.group("a")}
    formulas = list(formulas)

    def stands(f: Formula, pattern: re.Pattern[str], new: str, said: str, mark: str) -> Formula:
        found = replaced(f, pattern, lambda _: new)
        if found.latex == f.latex:
            return f
        return replace(found, supposes=(*found.supposes, (said, mark)))

    for name in (*_LETTERS, *_MAPS):
        letter = _letter(name)
        of_one = rf"{letter}\s*\(\s*[a-z]\s*\)\s*&?\s*=\s*"
        given = rf"{of_one}(?P<a>{_ACTIVATION})\s*(?:\\left\s*)?\("
        said = {_plain(m.group("a")) for m in re.finditer(given, every)}
        # h_t = σ(z_t) = f(z_t)
        again = re.compile(
            rf"(?P<a>{_ACTIVATION})(?P<of>\s*{_OF_IT})\s*&?\s*=\s*&?\s*{letter}\s*(?P=x)"
        )
        if name != r"\sigma":
            said |= {_plain(m.group("a")) for m in again.finditer(every)}
            formulas = [replaced(f, again, lambda m: m["a"] + m["of"]) for f in formulas]
        applied = re.search(rf"{letter}{_LABEL}\s*(?:\\[Bb]igg?l?\s*|\\left\s*)?\(", every)
        whole = re.compile(rf"\\partial\s*\{{?\s*{letter}\s*\}}?(?=\s*\}}\s*\{{)")
        if len(maps := _whole_steps(letter, every)) == 1:
            ((state, at),) = maps
            step = rf"\partial^{{+}} {state}_{{{at}}}"
            written = f"{state}_t" if at == "t" else rf"{state}_{{{at}}}"
            said_so = f"{name} is the equation of {written}"
            formulas = [stands(f, whole, step, said_so, step) for f in formulas]
            continue
        if name in _MAPS:
            continue
        if applied is not None and not said:
            # Below, σ may be that of gates; up to there it is what the state has.
            apply = re.compile(applied.re.pattern)
            first = next(k for k, text in enumerate(texts) if apply.search(text))
            early = {_plain(m["a"]) for t in texts[:first] for m in _STATE.finditer(t) if m["a"]}
            early |= {_plain(m["a"]) for t in texts[:first] for m in _ACTIVATED.finditer(t)}
            if early == {r"\tanh"}:
                slope = re.compile(rf"{letter}(?={_PRIME}\s*(?:\\[Bb]igg?l?\s*|\\left\s*)?\()")
                said_so = f"{name}, which nothing defines before, is the activation \\tanh"
                formulas[:first] = [
                    stands(f, slope, r"\tanh", said_so, r"\tanh") for f in formulas[:first]
                ]
        if applied is not None and len(said) != 1:
            continue
        if name == r"\sigma" and _LABELLED.search(every):
            continue
        found = said or recurrent or {
            _plain(m.group("a")) for t in texts for m in _ACTIVATED.finditer(t)
        }
        values = bool(said) and name == r"\sigma"
        if len(found) == 1 and (values or re.search(letter + _PRIME, every)):
            (activation,) = found
            # (What is said of σ is said of its values as well: by itself it is the sigmoid.)
            primes = _PRIME + ("?" if values else "")
            slope = re.compile(rf"{letter}(?={primes}\s*(?:\\[Bb]igg?l?\s*|\\left\s*)?\()")
            defined = "as the text says" if said else "which nothing defines"
            said_so = f"{name}, {defined}, is the activation {activation}"
            formulas = [stands(f, slope, activation, said_so, activation) for f in formulas]
        steps = {m.group("name") for m in states}
        if applied is None and len(steps) == 1:
            (state,) = steps
            step = rf"\partial^{{+}} {state}_{{t}}"
            said_so = f"{name}, which nothing defines, is the equation of {state}_t"
            formulas = [stands(f, whole, step, said_so, step) for f in formulas]
    return formulas


def _plain(activation: str) -> str:
    return r"\tanh" if "tanh" in activation else r"\sigma"
