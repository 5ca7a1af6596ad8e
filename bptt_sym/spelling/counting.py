r"""How a text counts its steps: from 0, or up to a letter of its own.

``\sum_{t=0}^{T} L_t`` in a text whose first step is 0 is :math:`\sum_{t=1}^{T}` in one whose first
step is 1. Books that write :math:`\tau` for the last step mean what others write :math:`T` for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bptt_sym.decide.step_readings import LAST_STEPS
from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced
from bptt_sym.notation import (
    HORIZON_NAME,
    At,
    Claim,
    Idx,
    Node,
    Num,
    Prod,
    Sum,
    affine,
    free_indices,
    index,
    num,
    rebuild,
    substitute_index,
)
from bptt_sym.recurrence import HORIZON, STEP

#: ``dz_2``
_NUMBERED_MARK = re.compile(r"(?<![A-Za-z\\{/])d[a-z]\s*_\s*\{?\s*[1-9]")
FROM_ZERO = "the steps are counted from 0"


def to_the_last_step(claim: Claim) -> tuple[Claim, str] | None:
    """``claim`` with T for the one index that only its right side has, and that letter."""
    left, right = claim.sides[0], claim.sides[-1]
    only = free_indices(right) - free_indices(left) - {HORIZON, STEP}
    if len(only) != 1 or not only <= LAST_STEPS:
        return None
    (letter,) = only
    sides = tuple(substitute_index(s, letter, Idx(HORIZON)) for s in claim.sides)
    return replace(claim, sides=sides), letter


def counted_from_one(claim: Claim) -> Claim:
    """``claim`` with every sum over steps that starts at 0 started at 1."""

    def change(n: Node) -> Node:
        n = rebuild(n, change)
        if isinstance(n, (Sum, Prod)) and isinstance(n.lo, Num) and n.lo.value == 0:
            return replace(n, lo=num(1))
        return n

    return replace(claim, sides=tuple(change(side) for side in claim.sides))


def up_to_the_one_before(claim: Claim) -> Claim:
    """``claim`` of steps 0, …, T - 1 about a run whose last step is T.

    (What is written without a step, such as the one output, is of the last one as it is.)
    """

    def change(n: Node) -> Node:
        n = rebuild(n, change)
        form = affine(n.time) if isinstance(n, At) else None
        if isinstance(n, At) and form is not None and form[0] == {HORIZON_NAME: 1} and form[1] < 0:
            return replace(n, time=index(HORIZON_NAME, form[1] + 1))
        return n

    return replace(claim, sides=tuple(change(side) for side in claim.sides))


_LETTERS = {
    r"\tau": r"\\tau(?![A-Za-z])",
    "n": r"(?<![A-Za-z\\])n(?![A-Za-z])",
    "N": r"(?<![A-Za-z\\])N(?![A-Za-z])",
    "m": r"(?<![A-Za-z\\])m(?![A-Za-z])",
}
#: m beside another letter as the index of an entry: ``V_{lm}``, ``s_{t,m}``.
_A_UNIT = re.compile(
    r"_\s*\{\s*(?:[i-lp-r]\s*,?\s*m|m\s*,?\s*[i-lnp-r]|t\s*,\s*m)\s*\}"
)
_HORIZON = re.compile(
    r"_\s*(?:T(?![A-Za-z])|\{\s*T\s*(?:-\s*1\s*)?\})|\^\s*\{\s*[(<]\s*T\s*[-)>]|[a-z]\(\s*T\s*\)"
    r"|\\(?:sum|prod)(?:\\limits)?\s*_\s*(?:\{[^{}]*\}|[a-z])\s*\^\s*(?:T|\{\s*T\s*\})"
    r"|\\(?:sum|prod)(?:\\limits)?\s*\^\s*(?:T|\{\s*T\s*\})\s*_"
)
#: "the last time step", before or behind the letter.
_LAST = (
    r"(?:(?:last|final)(?![a-z])|letzte\w*|dernier\w*|último|ultim[oa]|последн\w+|最后|最後|最终|末尾|마지막|终止|"
    r"end of the sequence|sequence length|length of the sequence|time horizon|序列长度|序列長度)"
)


_STEP_BELOW = re.compile(r"_\s*(?:t(?![A-Za-z])|\{\s*t\s*(?:[-+]\s*1\s*)?\})")


def below_only(every: str) -> bool:
    """Whether steps stand below the names, and T nowhere as the last one."""
    return _STEP_BELOW.search(every) is not None and _HORIZON.search(every) is None


#: A sum or product over steps, without its upper end.
_OVER_STEPS = r"\\(?:sum|prod)\s*(?:\\limits\s*)?_\s*\{\s*(?:[tkus]|\\tau)\s*=[^{}]*\}"


def last_step_letter(texts: Sequence[str], source: str) -> str:
    """The letter that a text writes for its last step, if it is not T and T is no step in it."""
    every = "\n".join(texts)
    if _HORIZON.search(every):
        return ""
    for letter, pattern in _LETTERS.items():
        if letter == "m" and _A_UNIT.search(every):
            continue
        below = rf"_\s*(?:{pattern}|\{{\s*{pattern}\s*\}})|\^\s*\{{\s*\(\s*{pattern}\s*\)\s*\}}"
        first = r"\\sum\s*(?:\\limits\s*)?_\s*\{\s*t\s*=\s*[01]\s*\}"
        top = rf"{first}\s*\^\s*(?:{pattern}|\{{\s*{pattern}\s*\}})"
        said = (
            rf"{_LAST}[^.。\n]{{0,40}}?\$?\\?\(?\s*{pattern}"
            rf"|{pattern}\s*\$?[^.。\n$]{{0,20}}{_LAST}"
        )
        used = re.search(rf"[A-Za-z0-9}}'’]\s*(?:{below})", every) is not None
        # (A sum over t = 0 or 1, …, τ says so by itself, and to n if that is all that n is, here
        # and in sums over later or earlier steps, k = t, …, n.)
        to_it = rf"\s*\^\s*(?:{pattern}|\{{\s*{pattern}\s*\}})"
        ends = _OVER_STEPS + to_it
        later = r"\\sum\s*(?:\\limits\s*)?_\s*\{\s*[kus]\s*=\s*t[^{}]*\}" + to_it
        mean = rf"\\frac\s*\{{\s*1\s*\}}\s*\{{\s*{pattern}\s*\}}"
        from_first = re.search(top, every) is not None
        if from_first and (used or letter == r"\tau"):
            return letter
        if from_first or re.search(later, every):
            rest = re.sub(rf"{ends}|{mean}", " ", every)
            if not re.search(pattern, rest):
                return letter
        if used and re.search(said, source, re.IGNORECASE):
            return letter
        if _made_of_the_last(texts, pattern) and not _runs(every, pattern):
            return letter
        if _loss_of_the_last(texts, pattern) and not _is_bound(every, pattern):
            return letter
    return ""


#: ``z =`` and ``\\hat{y} =``: an output without a step, and all that it is made of.
_OUTPUT = re.compile(
    r"(?:^|\\\\|\\q?quad|[,;&])\s*&?\s*(?:\\(?:hat|tilde|bar)\s*\{?\s*[opyz]\s*\}?|[opqsyz])\s*&?\s*=(?P<right>[^=]*)"
)


def _made_of_the_last(texts: Sequence[str], pattern: str) -> bool:
    """Whether an output of the whole run is computed from the state of this step alone."""
    at = re.compile(rf"(?<![A-Za-z\\])[a-z][0-9]?\s*_\s*(?:{pattern}|\{{\s*{pattern}\s*\}})")
    rows = (m["right"] for text in texts for m in _OUTPUT.finditer(text))
    return any(at.search(right) and not _STEP_BELOW.search(right) for right in rows)


#: ``L =``: the one loss there is, and all that it is made of.
_LOSS = re.compile(
    r"(?:^|\\\\|\\q?quad|[,;&])\s*&?\s*(?:[LJEC]|\\mathcal\s*\{\s*[LJEC]\s*\}|\\ell)\s*&?\s*=(?P<right>[^=]*)"
)


def _loss_of_the_last(texts: Sequence[str], pattern: str) -> bool:
    """Whether the one loss of a text is computed from the value of this step alone."""
    at = re.compile(rf"[A-Za-z}}]\s*_\s*(?:{pattern}|\{{\s*{pattern}\s*\}})")
    rows = [m["right"] for text in texts for m in _LOSS.finditer(text) if "partial" not in m[0]]
    return bool(rows) and all(at.search(row) and not _STEP_BELOW.search(row) for row in rows)


def _is_bound(every: str, pattern: str) -> bool:
    """Whether a sum or a product runs over the letter, or a set has it."""
    return (
        re.search(rf"\\(?:sum|prod)[^=^]{{0,20}}_\s*\{{?\s*{pattern}|{pattern}\s*\\in", every)
        is not None
    )


def _runs(every: str, pattern: str) -> bool:
    """Whether the letter is a step that goes on, or runs in a sum."""
    return re.search(rf"[_^]\s*\{{\s*\(?\s*{pattern}\s*(?:[-+=<]|\\[lg]e)|\\in", every) is not None


#: ``\\sum_{t=1}^{T_x}``: the length of the one sequence there is.
_LENGTH = re.compile(r"(?<![A-Za-z\\])T\s*_\s*(?:\{\s*([a-z])\s*\}|([a-z])(?![A-Za-z]))")
_UP_TO = re.compile(r"\\(?:sum|prod)\s*(?:\\limits\s*)?_\s*\{[^{}]*\}\s*\^\s*\{?\s*T\s*_")


def with_one_length(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with T for ``T_x``, and for ``T_y`` or the T that stand beside it.

    That several lengths are one is supposed, and said of each formula that has them: it costs no
    formula its truth, since what holds of every pair of lengths holds of equal ones.
    """
    every = "\n".join(f.latex for f in formulas)
    lengths = sorted({a or b for a, b in _LENGTH.findall(every)})
    if not _UP_TO.search(every):
        return list(formulas)
    also = [f"T_{n}" for n in lengths] + ["T"] * bool(_HORIZON.search(_LENGTH.sub("", every)))
    out = []
    for f in formulas:
        found = replaced(f, _LENGTH, lambda m: "T")
        if len(also) > 1 and found.latex != f.latex:
            said = f"{', '.join(also[:-1])} and {also[-1]} are one length"
            found = replace(found, supposes=(*found.supposes, (said, "T")))
        out.append(found)
    return out


def with_horizon(formula: Formula, letter: str) -> Formula:
    """``formula`` with T in the place of the letter of the last step."""
    pattern = re.compile(_LETTERS[letter])
    return replaced(formula, pattern, lambda m: "T")


def by_number(text: str) -> bool:
    """Whether ``text`` has a mark of a step with a number: a walk through these has no step t."""
    return _NUMBERED_MARK.search(text) is not None
