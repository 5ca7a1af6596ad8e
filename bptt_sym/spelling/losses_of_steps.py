r"""The loss of one step as a function: :math:`\ell(g_u, y_u)`, :math:`L_{elt}(\hat y_t, y_t)`.

What such a loss is a function of stands at one step, and that step is the loss's own:
:math:`\sum_t L(\hat y_t, y_t)` adds up :math:`L_t`. A letter that names the whole elsewhere names
the loss of a step only where the text adds these up, or gives the letter a step itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bptt_sym.documents.contained import cannot_match
from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import Edit, closing, edited

_WORD = r"(?:\\(?:text|mathrm|textrm|textit|rm|mathit)\s*\{?\s*)?[A-Za-z]{2,12}\s*\}?"
_HEAD = re.compile(
    r"(?P<letter>(?<![A-Za-z\\{])[LJEC](?![A-Za-z])|\\(?:mathcal|mathscr)\s*(?:\{\s*[LJEC]\s*\}|[LJEC](?![A-Za-z]))"
    r"|\\ell(?![A-Za-z]))"
    rf"(?P<label>\s*_\s*(?:\{{\s*{_WORD}\s*\}}|\\(?:text|mathrm)\s*\{{\s*[A-Za-z]{{2,12}}\s*\}}))?"
    r"(?P<step>\s*[_^]\s*(?:\{\s*\(?\s*[a-zA-Z0-9+ -]{1,5}\s*\)?\s*\}|[a-z0-9T]))?"
    r"\s*(?:\\left\s*)?\("
)
_FACE = r"\\(?:mathbf|boldsymbol|bm|vec|hat|widehat|tilde|bar|mathrm|mathit)"
_NAME = re.compile(
    rf"\s*(?:{_FACE}\s*\{{?\s*)*(?P<base>\\?[A-Za-z]+)(?P<inner>\s*_\s*(?:\{{[^{{}}]{{1,6}}\}}|[A-Za-z0-9]|\\tau))?"
    r"\s*\}*(?:\s*\^\s*\*)?"
    r"(?P<step>\s*[_^]\s*(?:\{\s*\(?[^{}()]{1,6}\)?\s*\}|[A-Za-z0-9]|\\tau))?\s*"
)
_PARAMETERS = frozenset((r"\theta", r"\Theta", r"\phi", "W", "w"))
#: What two computed sequences are called: a function of them alone is of no step's target.
_STATES = frozenset("hcsxu")
#: The index of a sum, in the formula before the loss.
_SUM = re.compile(r"\\sum\s*(?:\\limits\s*)?_\s*(?:\{\s*(?P<a>[a-zA-Z])(?![A-Za-z])|(?P<b>[a-z]))")
_STEPPED = re.compile(r"\s*_\s*(?:t(?![A-Za-z])|\{\s*t\s*\})")


@dataclass(frozen=True)
class _Application:
    """A loss of what stands at one step: where it is written, and how."""

    letter: str
    label: str
    step: str
    #: Whether the step stands with the loss, too.
    has_step: bool
    start: int
    end: int
    #: Where its bracket opens.
    opens: int
    #: Whether a sum over the step stands somewhere before it.
    added: bool
    #: Whether it is all of one side of an equation.
    alone: bool

    @property
    def with_step(self) -> str:
        return f"{self.letter}_{{{self.step}}}"


def with_losses_of_steps(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with :math:`L_u` for the function of what stands at step u."""
    found = [list(_applications(f.latex)) for f in formulas]
    named = {a.letter for of in found for a in of}
    if not named:
        return list(formulas)
    every = [a for of in found for a in of]
    taken = {k for k in named if _is_of_steps(k, formulas, every)}
    whole = {k for k in named if _is_of_the_last(k, formulas, every)}
    free = all(r"\ell" not in f.latex for f in formulas)
    given = {
        a.letter for f, of in zip(formulas, found, strict=True) for a in of
        if _GIVEN.match(f.latex, a.end)
    }  # fmt: skip
    # (A function that says what the loss is stands for itself in its derivatives, too.)
    taken -= {
        a.letter for f, of in zip(formulas, found, strict=True) for a in of
        if not a.label and a.letter not in given and _defines(f.latex, a)
    }  # fmt: skip
    out = []
    for formula, of in zip(formulas, found, strict=True):
        edits: list[Edit] = []
        for a in of:
            if a.letter in whole:
                edits.append((a.start, a.end, a.letter))
            elif a.letter in taken and (a.letter in given or not _defines(formula.latex, a)):
                edits.append((a.start, a.end, a.with_step))
            elif a.letter in taken and a.label and free:
                # L_u = L_elt(g_u, y_u): a letter of its own, for the label goes.
                edits.append((a.start, a.opens, r"\ell"))
        out.append(edited(formula, edits))
    return out


def _defines(text: str, a: _Application) -> bool:
    r"""Whether the equation says what a loss is by this function, whose letter is its own.

    :math:`L_u = L_{elt}(g_u, y_u)`, and :math:`L = \sum_t\ell(o_t, y_t)`: the function stays.
    """
    if _DERIVES.search(text):
        return False
    left = re.match(rf"\s*&?\s*{_letter(a.letter).pattern}", text)
    return left is None if not a.label else a.alone


_GIVEN = re.compile(r"\s*&?\s*=")
_DERIVES = re.compile(r"\\partial|\\nabla|\\frac\s*\{\s*d|[dD]elta")


def _is_of_steps(letter: str, formulas: Sequence[Formula], found: Sequence[_Application]) -> bool:
    of = [a for a in found if a.letter == letter]
    if len({a.label for a in of}) > 1 or all(a.step in _LAST for a in of):
        return False
    if any(a.label or a.has_step or a.added for a in of):
        return True
    ends = [f.latex[m.end() :] for f in formulas for m in _letter(letter).finditer(f.latex)]
    if any(_STEPPED.match(end) for end in ends):
        return True
    return all(_LABELLED_OR_APPLIED.match(end) for end in ends)


def _is_of_the_last(
    letter: str, formulas: Sequence[Formula], found: Sequence[_Application]
) -> bool:
    """Whether the letter alone is the loss of the last step: ``L(y_T, o_T)`` beside ``L``."""
    of = [a for a in found if a.letter == letter]
    if any(a.label or a.has_step or a.step not in _LAST for a in of):
        return False
    ends = [f.latex[m.end() :] for f in formulas for m in _letter(letter).finditer(f.latex)]
    return not all(_SCRIPTED_OR_APPLIED.match(end) for end in ends)


_LABELLED_OR_APPLIED = re.compile(r"\s*(?:_\s*(?:\{|\\text|\\mathrm)|(?:\\left\s*)?\()")
_SCRIPTED_OR_APPLIED = re.compile(r"\s*(?:[_^]|(?:\\left\s*)?\()")
_LAST = ("T", r"\tau")


def _letter(key: str) -> re.Pattern[str]:
    """The letter of a loss, with or without braces behind its font."""
    font = re.fullmatch(r"(\\[a-z]+)\{?([A-Z])\}?", key)
    if font is None:
        return re.compile(rf"(?<![A-Za-z\\]){re.escape(key)}(?![A-Za-z])")
    return re.compile(rf"{re.escape(font[1])}\s*(?:\{{\s*{font[2]}\s*\}}|{font[2]})(?![A-Za-z])")


def _applications(text: str) -> Iterator[_Application]:
    if cannot_match(_HEAD, text):
        return
    for m in _HEAD.finditer(text):
        end = closing(text, m.end() - 1, "(", ")")
        if end is None:
            continue
        inside = re.sub(r"\\right\s*\Z", "", text[m.end() : end])
        step = _one_step(inside)
        own = re.sub(r"[\s{}()_^]", "", m["step"] or "")
        if not step or own not in ("", step):
            continue
        sums = _SUM.finditer(text, 0, m.start())
        added = any((found["a"] or found["b"]) == step for found in sums)
        alone = re.search(r"(?:^|=|&)\s*\Z", text[: m.start()]) is not None and (
            re.match(r"\s*(?:$|=|&|,|\.|\\\\)", text[end + 1 :]) is not None
        )
        yield _Application(
            re.sub(r"[\s]", "", m["letter"]), re.sub(r"[\s{}]", "", m["label"] or ""),
            step, bool(own), m.start(), end + 1, m.end() - 1, added, alone,
        )  # fmt: skip


def _one_step(inside: str) -> str:
    """The step of all that has one in the list, "" if there is none or several."""
    steps, bases = set[str](), list[str]()
    for part in re.split(r"[,;|]", inside):
        name = _NAME.fullmatch(part)
        if name is None:
            return ""
        step = re.sub(r"[\s{}()_^]", "", name["step"] or name["inner"] or "")
        if name["base"] in _PARAMETERS and not step:
            continue
        if not step:
            return ""
        steps.add(step)
        bases.append(name["base"])
    if len(steps) != 1 or len(bases) < 2 or _STATES.issuperset(bases):
        return ""
    step = steps.pop()
    return step if re.fullmatch(r"[a-zT](?:[+-]\d)?|\d|\\tau", step) else ""
