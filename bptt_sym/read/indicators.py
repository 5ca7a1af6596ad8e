r"""Indicators of a positive value, the derivative of ReLU: ``\mathbb{1}[a_t > 0]``.

They are turned into the tokens of ``\mathrm{ReLU}'(a_t)``. (At 0, where ReLU has no derivative,
both are 0, as in the usual frameworks.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bptt_sym.read.tokens import Token

#: Letters that stand for an indicator where a condition follows.
_LETTERS = frozenset((r"\mathbb{I}", r"\mathbf{I}", "I"))
_OPENING = {"open": "close", "{": "}"}


def without_indicators(tokens: list[Token]) -> list[Token]:
    """The tokens with each indicator written as a derivative of ReLU; places are kept."""
    if not any(t.kind == "rel" and t.text in (">", "<") for t in tokens):
        return tokens
    out: list[Token] = []
    i = 0
    while i < len(tokens):
        begin = _head(tokens, i)
        found = _condition(tokens, begin) if begin is not None else None
        if found is None:
            out.append(tokens[i])
            i += 1
            continue
        inner, end = found
        head, last = tokens[i], tokens[end - 1]
        out += (
            head._replace(kind="word", text="relu"),
            head._replace(kind="prime", text="'"),
            head._replace(kind="open", text="("),
            *inner,
            last._replace(kind="close", text="("),
        )
        i = end
    return out


def _head(tokens: list[Token], i: int) -> int | None:
    r"""Where the condition of an indicator at ``i`` begins, if there is one."""
    t = tokens[i]
    if t.kind == "open" and t.text == "[":
        return i  # Iverson's bracket, if a condition stands in it
    if t.kind == "font":
        brace = [u.text for u in tokens[i + 1 : i + 4]]
        return i + 4 if brace == ["{", "1", "}"] else None
    if t.kind == "num" and t.text == "1":
        # (Brackets with a condition in them are no factor.)
        kinds = [u.kind for u in tokens[i + 1 : i + 3]]
        return i + 1 if kinds == ["_", "{"] or kinds[:1] == ["open"] else None
    return i + 1 if t.kind == "word" and t.text in _LETTERS else None


def _condition(tokens: list[Token], i: int) -> tuple[list[Token], int] | None:
    """What is said to be positive within the brackets that open at ``i``, and where they end."""
    if i < len(tokens) and tokens[i].kind == "_":
        i += 1
    opened: list[str] = []
    while i < len(tokens) and tokens[i].kind in _OPENING:
        opened.append(_OPENING[tokens[i].kind])
        i += 1
    if not opened:
        return None
    depth, start = 0, i
    while i < len(tokens) and not (depth == 0 and tokens[i].kind == opened[-1]):
        depth += tokens[i].kind in _OPENING
        depth -= tokens[i].kind in _OPENING.values()
        i += 1
    inner, end = tokens[start:i], i + len(opened)
    if [t.kind for t in tokens[i:end]] != opened[::-1]:
        return None
    places = [k for k, t in enumerate(inner) if t.kind == "rel"]
    if len(places) != 1:
        return None
    left, right = inner[: places[0]], inner[places[0] + 1 :]
    if inner[places[0]].text == "<":
        left, right = right, left
    elif inner[places[0]].text != ">":
        return None
    zero = len(right) == 1 and right[0].kind == "num" and right[0].text == "0"
    return (left, end) if left and zero else None
