r"""Numbers that an example puts in: ``\frac{\partial h_2}{\partial h_1} = (1 - 0.7^2) \cdot 0.5``.

A text that works a formula out for given weights and inputs goes on from it in numbers, which are
rounded and hold for these values only. What stands before them is judged; they claim nothing of
every run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from bptt_sym.check.conditions import behind_script, constant
from bptt_sym.check.slopes import bounds_a_slope
from bptt_sym.definitions.outline import Kind, Row
from bptt_sym.notation import FUNCTIONS
from bptt_sym.read.tokens import Token

#: A number with a decimal point.
_DECIMAL = re.compile(r"[0-9]\.[0-9]")
#: ``c_t \\equiv f(h_{t-1}) - h_t = 0``: a constraint, which is set and not found.
_IS_SET = re.compile(r"\\equiv|:=|\\triangleq|\\coloneqq")
#: ``h_0 = 0.0``
_START = re.compile(r"[^=]*=[\s&{]*-?[\s0-9.]+[\s}]*")


def has_decimals(lines: Iterable[str]) -> bool:
    """Whether definitions have decimal fractions of their own: then a claim may have them too."""
    return any(_DECIMAL.search(line) and not _START.fullmatch(line) for line in lines)


def without_numbers(row: Row) -> Row | None:
    """``row`` up to where it goes on in numbers; ``None`` if they are all that it equates.

    A row that has no such numbers is returned as it is. A lone whole number is no example:
    ``\\prod f_t = 1`` says for which case it speaks.
    """
    chain = row.chain
    if len(chain.ops) == 2 and _IS_SET.search(row.latex) and chain.sides[2] and all(
        t.text.lstrip("\\") in ("0", "mathbf", "boldsymbol", "{", "}") for t in chain.sides[2]
    ):
        return replace(row, chain=replace(chain, sides=chain.sides[:2], ops=chain.ops[:1]))
    if not set(chain.ops) <= {"=", "~", "+="} or chain.given or row.kind is Kind.INITIAL:
        return row
    if bounds_a_slope(row.latex):
        return row
    gradient = "+=" in chain.ops or any(
        t.kind == "partial" or t.text in (r"\delta", r"\nabla") for t in chain.sides[0]
    )
    first = next((k for k, s in enumerate(chain.sides) if k and (
        worked_out(s) or (gradient and _mixed(s)))), None)  # fmt: skip
    if first is None or not _of_a_run(chain.sides[0]):
        return row
    primed = any(t.kind == "prime" for t in chain.sides[0])
    if "=" not in chain.ops and not (gradient or primed):
        return row  # what is about a number is about it for every run
    if not all(constant(s) or _mixed(s) for s in map(_plain, chain.sides[first:])):
        return row
    if first == 1:
        return None
    return replace(
        row, chain=replace(chain, sides=chain.sides[:first], ops=chain.ops[: first - 1])
    )


def puts_values_in(row: Row) -> bool:
    """Whether it gives numbers to inputs of single steps: ``x_1 = 1``, ``(x_1, x_2) = (1, 0)``."""
    chain = row.chain
    if chain.ops != ["="] or not constant([t for t in chain.sides[1] if t.text != ","]):
        return False
    left = chain.sides[0]
    steps = [b.text for a, b in pairwise(left) if a.kind == "_" and b.kind == "num"]
    return bool(steps) and not set(steps) <= {"0"} and not any(
        t.kind in ("partial", "frac", "op", "big") for t in left
    )


def gives_a_state(row: Row) -> bool:
    """Whether it says what a state of one single step is: ``h_3 = w^2``."""
    left = [t for t in row.chain.sides[0] if t.kind not in ("{", "}")]
    return (
        row.chain.ops == ["="] and not row.differentiates and len(left) == 3
        and left[0].kind == "word" and left[1].kind == "_" and left[2].kind == "num"
    )  # fmt: skip


def worked_out(side: Sequence[Token]) -> bool:
    """Whether a side is a calculation in numbers, or a number that is not whole."""
    if not constant(_plain(side)):
        return False
    if any(t.kind in ("op", "frac", "^") for t in side):
        return True
    return any(t.kind == "num" and "." in t.text for t in side)


def _of_a_run(side: Sequence[Token]) -> bool:
    """Whether a left side is about states or gradients, not about numbers or a function alone."""
    return any(
        t.kind in ("partial", "_", "big") or t.text in (r"\delta", r"\nabla") for t in side
    ) or (any(t.kind == "prime" for t in side) and any(
        t.kind == "word" and t.text not in FUNCTIONS for t in side
    ))


#: Fractions that stand in formulas of every kind.
_USUAL = frozenset(("0.5", "1.0", "2.0", "0.25"))


def _mixed(side: Sequence[Token]) -> bool:
    """Whether measured numbers stand beside names: ``0.4838 (1 - h_2^2)``."""
    return any(t.kind == "num" and "." in t.text and t.text not in _USUAL for t in side)


def _plain(side: Sequence[Token]) -> list[Token]:
    """A side without its products' and sums' signs and what stands below and above them.

    The sign of a transpose behind a list of numbers says nothing of their values.
    """
    out: list[Token] = []
    k = 0
    last = [t.text for t in side[-4:]]
    for sign in (["^", "T"], ["^", "\\top"], ["^", "{", "T", "}"], ["^", "{", "\\top", "}"]):
        if last[-len(sign) :] == sign and len(side) > len(sign):
            side = side[: -len(sign)] if side[-len(sign) - 1].kind == "close" else side
            break
    while k < len(side):
        if side[k].kind != "big":
            out.append(side[k])
            k += 1
            continue
        k += 1
        while k < len(side) and (behind := behind_script(side, k)) > k:
            k = behind
    return out
