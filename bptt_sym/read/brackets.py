"""The brackets of slices among tokens: where one ends, and its ranges."""

from __future__ import annotations

from collections.abc import Sequence

from bptt_sym.errors import ReadError
from bptt_sym.read.surface import Axis
from bptt_sym.read.tokens import Token


def slice_end(tokens: Sequence[Token], at: int) -> int | None:
    """The place of the bracket that closes a slice which opens at ``at``; ``None`` if none does."""
    if tokens[at].kind != "open" or tokens[at].text != "[":
        return None
    depth, colon = 0, False
    for j in range(at, len(tokens)):
        t = tokens[j]
        if t.kind in ("open", "close"):
            depth += 1 if t.kind == "open" else -1
            if not depth:
                return j if colon else None
        elif t.kind == "sep" and t.text == ":" and depth == 1:
            colon = True
        elif t.kind in ("rel", "row", "&"):
            return None
    return None


def slice_at(tokens: Sequence[Token], at: int, group: bool) -> tuple[int, int, int] | None:
    """Where what a slice at ``at`` holds begins and ends, and what is behind it; ``None`` if none.

    ``…[:n]``, ``…_{[:n]}``, and behind a ``group`` also ``(…)_{n+1:n+m}``, which names no step.
    """
    if (end := slice_end(tokens, at)) is not None:
        return at + 1, end, end + 1
    if tokens[at].kind != "_" or tokens[at + 1].kind != "{":
        return None
    if (end := slice_end(tokens, at + 2)) is not None:
        return (at + 3, end, end + 2) if tokens[end + 1].kind == "}" else None
    close = next((j for j in range(at + 2, len(tokens)) if tokens[j].kind == "}"), None)
    inside = tokens[at + 2 : close] if group and close is not None else ()
    colons = sum(t.kind == "sep" and t.text == ":" for t in inside)
    plain = all(t.kind in ("word", "num", "op", "sep", "_") for t in inside)
    return (at + 2, close, close + 1) if close is not None and colons == 1 and plain else None


def axes_of(inside: Sequence[Token]) -> list[Axis]:
    """What stands between the brackets, axis by axis."""
    parts: list[list[list[Token]]] = [[[]]]
    for t in inside:
        if t.kind == "sep" and t.text == ",":
            parts.append([[]])
        elif t.kind == "sep" and t.text == ":":
            parts[-1].append([])
        elif t.kind == "sep":
            raise ReadError(f"{t.text!r} in a slice", span=t.span, token=t.text)
        elif t.kind not in ("{", "}") or parts[-1][-1]:
            parts[-1][-1].append(t)
    if any(len(p) > 2 for p in parts):
        raise ReadError("a slice with a stride", span=inside[0].span, token=":")
    return [Axis(tuple(p[0]), tuple(p[1]) if len(p) == 2 else None) for p in parts]
