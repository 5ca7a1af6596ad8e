r"""Slices as arrays write them, ``W_h[:, \text{in}:]`` and ``(…)_{[:H]}``: whose size a bound is.

The name of a bound tells it where it has the name of a sequence in it (``n_x``, ``d_h``,
``input_size``); any other name is the one at which joined vectors are cut, and the verdict says so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.errors import ReadError, Span, UnboundName
from bptt_sym.read.surface import Axis
from bptt_sym.read.tokens import Token
from bptt_sym.read.vocabulary import Vocabulary
from bptt_sym.slices import WHOLE, Bound, Cut

#: Words for a size, which say nothing of whose it is.
_SIZE = frozenset("n d N D size dim dims len length num units width s".split())
_INPUT = frozenset("x in inp input inputs emb embed embedding feature features".split())
_STATE = frozenset("h hid hidden state states rec recurrent".split())
_PIECES = re.compile(r"[_,]|(?<=[a-z])(?=[A-Z])")


def cuts(axes: Sequence[Axis], v: Vocabulary, span: Span) -> tuple[Cut, ...]:
    """The cuts of ``axes``.

    Raises
    ------
    UnboundName
        Nothing tells whose size a bound is.
    """
    if any(a.hi is None for a in axes):
        raise ReadError("an entry in a slice", span=span, token="[",
                        hint="write a range of each axis, such as [:, n:]")  # fmt: skip
    return tuple(
        Cut(_bound(_from_zero(a.lo, bool(a.hi)), v), _bound(a.hi or (), v))
        if a.lo or a.hi
        else WHOLE
        for a in axes
    )


def _from_zero(lo: tuple[Token, ...], ends: bool) -> tuple[Token, ...]:
    """A lower bound as arrays count it: ``1:n`` and ``n+1:n+m`` begin with an entry 1."""
    if [t.text for t in lo[-2:]] == ["+", "1"]:
        return lo[:-2]
    return () if ends and [t.text for t in lo] == ["1"] else lo


def _name(tokens: Sequence[Token]) -> str:
    words = (t.text[8:-1] if t.text.startswith(r"\mathrm{") else t.text for t in tokens)
    return "".join(w for w in words if w not in "{}").replace("\\_", "_")


def _bound(tokens: Sequence[Token], v: Vocabulary) -> Bound | None:
    back = bool(tokens) and tokens[0].kind == "op" and tokens[0].text == "-"
    tokens = tokens[back:]
    shown = _name(tokens)
    if not tokens or (shown in ("0", "end") and not back):
        return None
    names = shown.split("+")
    if len(names) > 1:
        each = [_sequence(name, v) for name in names]
        ends = [_at_the_joint(name, at > 0, v) for at, name in enumerate(names)]
        for whose, assumed in (each, False), (ends if len(ends) == 2 else [None], True):
            if None not in whose:
                return Bound(tuple(sorted(filter(None, whose))), back, shown, assumed)
    elif (found := _sequence(shown, v)) is not None:
        return Bound((found,), back, shown)
    elif (of := _at_the_joint(shown, back, v)) is not None:
        return Bound((of,), back, shown, assumed=True)
    at = Span(tokens[0].start, tokens[-1].end)
    raise UnboundName(f"nothing tells what {shown} is the size of, a bound of a slice", span=at,
                      token=shown, hint="name it by what it is the size of: n_x, n_h")  # fmt: skip


def _sequence(name: str, v: Vocabulary) -> str | None:
    """The sequence whose size ``name`` is by its form."""
    known = v.canonical(name, v.sequences)
    if known is not None:
        return known
    pieces = [p for p in _PIECES.split(name) if p]
    told = [p for p in pieces if p not in _SIZE and p.lower() not in _SIZE]
    if len(told) != 1 or len(pieces) > 3:
        return None
    (word,) = told
    known = v.canonical(word, v.sequences)
    if known is not None:
        return known
    joined = {part for parts in v.joins for part in parts}
    if word.lower() in _INPUT:
        return _only(joined & v.inputs)
    if word.lower() in _STATE:
        return _only(joined - v.inputs)
    return None


def _only(names: frozenset[str] | set[str]) -> str | None:
    return next(iter(names)) if len(names) == 1 else None


def _at_the_joint(name: str, back: bool, v: Vocabulary) -> str | None:
    """The part at the end of every join in the text, whose size a plain name may be."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z_]*[0-9]?", name) or v.canonical(name, v.parameters):
        return None
    if any(len(parts) != 2 for parts in v.joins):
        return None
    return _only({parts[-1 if back else 0] for parts in v.joins})
