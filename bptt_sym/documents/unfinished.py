"""Sums whose rest is not written, and those among them that say how they go on."""

from __future__ import annotations

import re

#: A sum whose rest is not written: ``f_t + \\cdots``, ``f_t + (\\text{further terms})``. One word
#: before an argument, ``\\text{diag}(v)``, is a function.
_REST = re.compile(
    r"\+\s*(?:\\(?:[cl]?dots|ldots|dotsb?)|\.\.\.|…|\(?\s*\\text\s*\{"
    r"(?:[^{}]*\w[\s-]+\w[^{}]*\}|[^{}]*\}(?!\s*(?:\\left\s*)?(?:[(\[]|\\\{)))[^=]{0,80}\)?)"
    r"\s*(?:\\right)?[)\]]?\s*[.,]?\s*$"
)
#: A derivative, of what and by what.
_FRACTION = re.compile(
    r"\\[dt]?frac\s*\{\s*(?:\\partial|d)(?P<of>(?:[^{}]|\{[^{}]*\})*)\}\s*"
    r"\{\s*(?:\\partial|d)(?P<by>(?:[^{}]|\{[^{}]*\})*)\}"
)


def leaves_the_rest(latex: str) -> bool:
    """Whether the last sum of a formula goes on with what is not written."""
    if "+" not in latex or (rest := _REST.search(latex)) is None or r"\prod" in latex:
        return False
    written = latex[: rest.start()]
    return not (_goes_on(written) or _goes_on_later(written))


def _goes_on(latex: str) -> bool:
    """Whether the last two terms say how a chain of derivatives goes on to the first step."""
    chains: list[list[str]] = []
    last = ""
    for m in _FRACTION.finditer(latex, latex.rfind("=") + 1):
        of, by = ("".join(re.findall(r"[^\s{}+^]", m[k])) for k in ("of", "by"))
        if of != last or not chains:
            chains.append([])
        chains[-1].append(last := by)
    if len(chains) < 2:
        return False
    before, here = chains[-2:]
    return len(here) == len(before) + 1 and here[-1] == before[-1]


#: ``L_{t+2}``: a name, and how many steps it is behind the letter of its step.
_AT = re.compile(
    r"\s*\{?\s*(?P<name>[^_^\s]+)\s*[_^]\s*\{?\s*\(?\s*"
    r"(?P<step>[a-z])(?:\s*\+\s*(?P<k>\d))?\s*\)?\s*\}*\s*"
)


def _goes_on_later(latex: str) -> bool:
    """Whether the last two terms are the losses of two steps, with the way back to one state."""
    terms = _terms(latex[latex.rfind("=") + 1 :])
    found = [term for term in map(_loss_and_steps, terms[-2:]) if term is not None]
    if len(found) < 2:
        return False
    (loss, at, by, steps), (name, later, below, more) = found
    if loss != name or later != at + 1:
        return False
    return (steps == more == 0 and by == below) or more == steps + 1


def _loss_and_steps(term: str) -> tuple[str, int, str, int] | None:
    """The loss that a product of derivatives is about, its step, by what, and how many factors."""
    factors = [(_AT.fullmatch(m["of"]), _AT.fullmatch(m["by"])) for m in _FRACTION.finditer(term)]
    losses = [(of, by) for of, by in factors if of and by and of["name"] != by["name"]]
    if len(losses) != 1 or not all(of and by for of, by in factors):
        return None
    of, by = losses[0]
    return of["name"], int(of["k"] or 0), "".join(by.group().split()), len(factors) - 1


def _terms(latex: str) -> list[str]:
    """The terms of a sum, as far as no bracket encloses them."""
    depth, start, found = 0, 0, list[str]()
    for at, mark in enumerate(latex):
        depth += (mark in "{([") - (mark in "})]")
        if mark == "+" and not depth:
            found.append(latex[start:at])
            start = at + 1
    return [*found, latex[start:]]
