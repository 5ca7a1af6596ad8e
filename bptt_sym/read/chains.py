"""One formula into its claims: chains, rows of ``align``, signs between two claims."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bptt_sym.errors import LimitExceeded, ReadError, Span
from bptt_sym.read import limits
from bptt_sym.read.tokens import Token

_JOINING = frozenset(("+", "-", r"\cdot", r"\times", r"\odot", r"\otimes", r"\oplus", "*", "/"))


@dataclass
class Chain:
    """The tokens of ``a = b = c``: sides between relations."""

    sides: list[list[Token]]
    ops: list[str]
    #: The first token that opened this claim, for messages about an empty side.
    start: int = 0


def strip(tokens: list[Token]) -> list[Token]:
    """Without row marks and punctuation at the ends."""
    lo, hi = 0, len(tokens)
    while lo < hi and tokens[lo].kind in ("row", "&", "sep", "connective"):
        lo += 1
    while hi > lo and tokens[hi - 1].kind in ("row", "&", "sep", "connective"):
        hi -= 1
    return tokens[lo:hi]


def split_claims(tokens: list[Token], text: str) -> list[Chain]:
    """The chains of a formula, in order, with rows that continue a side joined to it."""
    pieces = _pieces(tokens)
    chains: list[Chain] = []
    current: Chain | None = None
    for first, piece in pieces:
        # `first` tells what separates this piece from the one before: "row", "&" or "new".
        if current is not None and first != "new":
            ends_open = not current.sides[-1] or (
                current.sides[-1][-1].kind == "op" and current.sides[-1][-1].text in _JOINING
            )
            head = piece[0]
            if ends_open or (head.kind == "op" and head.text in _JOINING):
                _extend(current, piece)
                continue
            if head.kind == "rel":
                if first == "&":
                    _extend(current, piece)
                    continue
                last_equal = all(op == "=" for op in current.ops)
                left = current.sides[0] if last_equal else current.sides[-1]
                chains.append(current)
                current = Chain([left], [], head.start)
                _extend(current, piece)
                continue
            if not current.ops or (first == "&" and not any(t.kind == "rel" for t in piece)):
                _extend(current, piece)
                continue
        if current is not None:
            chains.append(current)
        current = Chain([[]], [], piece[0].start)
        _extend(current, piece)
    if current is not None:
        chains.append(current)
    if not chains:
        raise ReadError("nothing is written", span=Span(0, len(text)), hint="write a claim")
    if len(chains) > limits.MAX_TERMS:
        raise LimitExceeded(f"more than {limits.MAX_TERMS} claims in one block",
                            span=Span(0, len(text)))  # fmt: skip
    out = []
    for chain in chains:
        if not chain.ops and len(chains) > 1:
            first_token = chain.sides[0][0]
            raise ReadError("a row without a relation", span=first_token.span,
                            token=first_token.text, hint="write each row as a claim")  # fmt: skip
        for k, side in enumerate(chain.sides):
            side[:] = strip(side)
            if not side:
                raise ReadError(
                    "a relation without its " + ("left side" if k == 0 else "right side"),
                    span=Span(chain.start, chain.start + 1), token=chain.ops[max(k - 1, 0)],
                    hint="write both sides",
                )  # fmt: skip
        if not chain.ops:
            raise ReadError(
                "no relation: this is an expression and not a claim",
                span=Span(chain.sides[0][0].start, chain.sides[0][-1].end),
                token=chain.sides[0][0].text, hint="write an equation or a bound",
            )  # fmt: skip
        out.append(chain)
    return out


def _extend(chain: Chain, piece: list[Token]) -> None:
    for t in piece:
        if t.kind == "rel":
            chain.ops.append(t.text)
            chain.sides.append([])
        else:
            chain.sides[-1].append(t)


def _pieces(tokens: list[Token]) -> list[tuple[str, list[Token]]]:
    """Runs of tokens between rows, column marks and signs that separate claims."""
    out: list[tuple[str, list[Token]]] = []
    current: list[Token] = []
    first = "new"
    depth = 0
    seen_relation = False
    for k, t in enumerate(tokens):
        if t.kind in ("{", "open"):
            depth += 1
        elif t.kind in ("}", "close"):
            depth -= 1
        if t.kind in ("row", "&", "connective") or (t.kind == "sep" and depth <= 0):
            if t.kind == "&" or (t.kind == "row" and depth > 0):
                kind = "&" if t.kind == "&" else "row"
            elif t.kind == "sep":
                # A comma separates claims only if a relation stands on both of its sides.
                if not (seen_relation and _relation_follows(tokens, k)):
                    current.append(t)
                    continue
                kind = "new"
            else:
                kind = "row" if t.kind == "row" else "new"
            if t.kind == "&" and depth > 0:
                continue
            piece = _trim(current)
            if piece:
                out.append((first, piece))
                current = []
                first = kind
                seen_relation = False
            elif kind == "new" or (kind == "row" and first == "&"):
                first = kind
            current = []
            continue
        if t.kind == "rel" and depth <= 0:
            seen_relation = True
        current.append(t)
    piece = _trim(current)
    if piece:
        out.append((first, piece))
    return out


def _trim(tokens: list[Token]) -> list[Token]:
    hi = len(tokens)
    while hi and tokens[hi - 1].kind == "sep":
        hi -= 1
    return tokens[:hi]


def _relation_follows(tokens: Sequence[Token], k: int) -> bool:
    depth = 0
    for t in tokens[k + 1 :]:
        if t.kind in ("{", "open"):
            depth += 1
        elif t.kind in ("}", "close"):
            depth -= 1
        elif not depth and t.kind in ("row", "connective", "sep"):
            return False
        elif not depth and t.kind == "rel":
            return True
    return False
