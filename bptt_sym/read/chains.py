"""One formula into its claims: chains, rows of ``align``, hypotheses, signs between two claims."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bptt_sym.errors import LimitExceeded, ReadError, Span
from bptt_sym.read import limits
from bptt_sym.read.broken import broken
from bptt_sym.read.surface import one_group
from bptt_sym.read.tokens import Token

_JOINING = frozenset(("+", "-", r"\cdot", r"\times", r"\odot", r"\otimes", r"\oplus", "*", "/"))
_IMPLIES = frozenset((r"\Rightarrow", r"\Longrightarrow", r"\implies", "⇒", "⟹"))
_EQUIVALENT = frozenset(
    (r"\iff", r"\Leftrightarrow", r"\Longleftrightarrow", "⇔", "⟺", r"\Leftarrow", r"\impliedby")
)
#: First words of a phrase that puts a hypothesis after its claim.
_IF = frozenset("if when for whenever provided where with assuming under given as at".split())


@dataclass
class Chain:
    """The tokens of ``a = b = c``: sides between relations."""

    sides: list[list[Token]]
    ops: list[str]
    #: Where the claim begins, for messages about an empty side.
    start: int = 0
    #: The sign or words before it.
    link: str = ""
    #: Whether a new row begins with it.
    row: bool = False
    #: The hypotheses under which it is claimed.
    given: list[Chain] = field(default_factory=list)

    @property
    def tokens(self) -> Iterator[Token]:
        return (t for side in self.sides for t in side)


def strip(tokens: list[Token]) -> list[Token]:
    """Without row marks and punctuation at the ends."""
    lo, hi = 0, len(tokens)
    while lo < hi and tokens[lo].kind in ("row", "&", "sep", "connective"):
        lo += 1
    while hi > lo and tokens[hi - 1].kind in ("row", "&", "sep", "connective"):
        hi -= 1
    return tokens[lo:hi]


def outside(tokens: Sequence[Token]) -> Iterator[tuple[bool, Token]]:
    """Whether each token stands outside all brackets (``_{t=1}`` relates nothing), and it."""
    depth = 0
    for t in tokens:
        depth -= t.kind in ("}", "close")
        yield depth <= 0, t
        depth += t.kind in ("{", "open")


def split_claims(tokens: list[Token], text: str) -> list[Chain]:
    r"""The chains of a formula, in order, with rows that continue a side joined to it.

    ``A \Rightarrow B`` with an ``A`` that has no derivative is ``B`` under the hypothesis ``A``; so
    is ``B \text{ if } A``. If ``A`` has a derivative it is a claim of its own.

    Raises
    ------
    ReadError
        A side is missing, a row has no relation, or an equivalence is stated.
    LimitExceeded
        More than :data:`~bptt_sym.read.limits.MAX_TERMS` claims.
    """
    chains = _chains(_without_remarks(_parted(tokens, text)))
    if not chains:
        raise ReadError("nothing is written", span=Span(0, len(text)), hint="write a claim")
    if len(chains) > limits.MAX_TERMS:
        raise LimitExceeded(f"more than {limits.MAX_TERMS} claims in one block",
                            span=Span(0, len(text)))  # fmt: skip
    chains = [c for c in chains if not _is_quantifier(c) and not _is_remark(c)] or chains
    if any(c.ops for c in chains):
        # Names between words ("find δ, then …") relate nothing and claim nothing.
        after = [*(c.link for c in chains[1:]), ""]
        spoken = [c.link or link for c, link in zip(chains, after, strict=True)]
        chains = [c for c, words in zip(chains, spoken, strict=True) if c.ops or not words]
    if not all(c.ops for c in chains) and (fault := broken(text)) is not None:
        # What looks like one long expression may have lost its relation with a brace.
        raise fault
    for chain in chains:
        _check(chain, alone=len(chains) == 1)
    out: list[Chain] = []
    for chain in chains:
        word = chain.link.split()[0] if chain.link else ""
        if word.lower() in _IF and out and not word[:1].isupper():
            out[-1].given.append(chain)
            continue
        both = bool(out) and _has_derivative(out[-1]) and _has_derivative(chain)
        if word in _EQUIVALENT and not both:
            raise ReadError("an equivalence is not read", span=Span(chain.start, chain.start + 1),
                            token=chain.link, hint="state each direction as a claim")  # fmt: skip
        if word in _IMPLIES:
            # The premises stand on the same row, back to the last claim about a derivative.
            premises: list[Chain] = []
            while out and not _has_derivative(out[-1]):
                before = out.pop()
                premises.insert(0, before)
                if before.row or before.link in _IMPLIES:
                    break
            for premise in premises:
                chain.given += [*premise.given, premise]
                premise.given = []
        out.append(chain)
    return out


#: Kinds of tokens with which a left side begins.
_BEGINS = frozenset("word frac partial accent font brace".split())
_GAP = re.compile(r"\\qq?uad(?![A-Za-z])|\\hspace\*?\s*\{|(?:\\[;:]|\\ |~){2,}")


def _parted(tokens: list[Token], text: str) -> list[Token]:
    r"""With a comma in a wide gap between two equations: ``a = b \qquad c = d``."""
    out: list[Token] = []
    related = False
    depth = 0
    for k, t in enumerate(tokens):
        depth -= t.kind in ("}", "close")
        if related and not depth and t.kind in _BEGINS:
            before = tokens[k - 1]
            gap = text[before.end : t.start]
            plain = before.kind not in ("op", "rel", "sep", "row", "&", "connective", "_", "^")
            if plain and _GAP.search(gap) and _relation_follows(tokens, k - 1):
                out.append(Token("sep", ",", before.end, before.end))
                related = False
        out.append(t)
        if t.kind in ("row", "connective") or (t.kind == "sep" and not depth):
            related = False
        elif t.kind == "rel" and not depth:
            related = True
        depth += t.kind in ("{", "open")
    return out


def _without_remarks(tokens: list[Token]) -> list[Token]:
    r"""Without words in parentheses, ``(\text{element-wise})``, and braces around a whole claim."""
    out: list[Token] = []
    if tokens and tokens[0].kind != "{" and not any(t.kind == "connective" for t in tokens):
        return tokens
    for k, t in enumerate(tokens := _without_reasons(tokens)):
        words = k > 1 and tokens[k - 1].kind == "connective" and tokens[k - 2].kind == "open"
        if words and t.kind == "close" and len(out) > 1:
            del out[-2:]
            continue
        out.append(t)
    while len(out) > 2 and out[0].kind == "{":
        last = len(out) - 1
        while last and out[last].kind in ("sep", "row", "&"):
            last -= 1
        inner = out[1:last]
        if not one_group(out[: last + 1]):
            break
        if not any(free and t.kind == "rel" for free, t in outside(inner)):
            break
        out = inner + out[last + 1 :]
    return out


def _without_reasons(tokens: list[Token]) -> list[Token]:
    r"""Without ``(\because …)``: why it is so is not what is claimed."""
    k = 0
    while k + 1 < len(tokens):
        if tokens[k].kind == "open" and tokens[k + 1].text in (r"\because", "∵"):
            depth, end = 1, k + 1
            while end < len(tokens) and depth:
                depth += (tokens[end].kind == "open") - (tokens[end].kind == "close")
                end += 1
            tokens = tokens[:k] + tokens[end:]
        else:
            k += 1
    return tokens


def _has_derivative(chain: Chain) -> bool:
    kinds = list(chain.tokens)
    return any(t.kind == "partial" for t in kinds) or any(
        t.kind == "frac"
        and k + 2 < len(kinds)
        and (kinds[k + 1].text == "d" or kinds[k + 2].text == "d")
        for k, t in enumerate(kinds)
    )


def _is_quantifier(chain: Chain) -> bool:
    """``for all t, T``: names alone after "for" say nothing more."""
    return (
        not chain.ops
        and chain.link.split()[:1] in (["for"], [r"\forall"], ["∀"])
        and all(t.kind in ("word", "sep") for t in chain.tokens)
    )


def _is_remark(chain: Chain) -> bool:
    r"""A row of dots alone, or what stands behind words and a colon and claims nothing."""
    tokens = [t for t in chain.tokens if t.kind not in ("row", "&", "sep")]
    if chain.ops or not tokens:
        return False
    return all(t.kind == "dots" for t in tokens) or chain.link.rstrip().endswith((":", "："))


def _check(chain: Chain, alone: bool) -> None:
    for k, side in enumerate(chain.sides):
        side[:] = strip(side)
        if not side:
            raise ReadError(
                "a relation without its " + ("left side" if k == 0 else "right side"),
                span=Span(chain.start, chain.start + 1),
                token=chain.ops[max(k - 1, 0)] if chain.ops else "", hint="write both sides",
            )  # fmt: skip
    if not chain.ops:
        first, last = chain.sides[0][0], chain.sides[0][-1]
        raise ReadError(
            "no relation: this is an expression and not a claim" if alone
            else "a row without a relation",
            span=Span(first.start, last.end), token=first.text,
            hint="write an equation or a bound" if alone else "write each row as a claim",
        )  # fmt: skip


def _chains(tokens: list[Token]) -> list[Chain]:
    chains: list[Chain] = []
    current: Chain | None = None
    pieces = list(_pieces(tokens))
    for number, (mark, link, piece) in enumerate(pieces):
        # `mark` tells what separates this piece from the one before: "row", "&" or "new".
        if current is not None and mark != "new":
            side = current.sides[-1]
            head = piece[0]
            ends_open = not side or (side[-1].kind == "op" and side[-1].text in _JOINING)
            if ends_open or (head.kind == "op" and head.text in _JOINING):
                _extend(current, piece)
                continue
            if head.kind == "rel":
                if mark == "row" and current.ops:  # else the left side is a row of its own
                    equal = all(op == "=" for op in current.ops)
                    left = current.sides[0] if equal else current.sides[-1]
                    chains.append(current)
                    current = Chain([list(left)], [], head.start, row=True)
                _extend(current, piece)
                continue
            related = any(free and t.kind == "rel" for free, t in outside(piece))
            following = pieces[number + 1] if number + 1 < len(pieces) else None
            if mark == "&" and current.ops and not related and following is not None:
                # a &= b & c &= d: the second pair of columns is a claim of its own.
                related = following[0] == "&" and following[2][0].kind == "rel"
            if mark == "row" and related and not current.ops and _is_one(side):
                current = None  # a row that names one thing says nothing of it
            elif not current.ops or (mark == "&" and not related):
                _extend(current, piece)
                continue
        if current is not None:
            chains.append(current)
        current = Chain([[]], [], piece[0].start, link, mark == "row" or not chains)
        _extend(current, piece)
    if current is not None:
        chains.append(current)
    return chains


def _is_one(side: list[Token]) -> bool:
    """Whether a side is one fraction or one name with its scripts: no factor of what follows."""
    k = 0
    if side[0].kind == "frac":
        parts = 2
    elif side[0].kind in ("word", "accent", "font"):
        parts = int(side[0].kind != "word")
    else:
        return False
    k = 1
    while k < len(side):
        if side[k].kind in ("_", "^"):
            parts, k = parts + 1, k + 1
            continue
        if not parts:
            return False
        parts -= 1
        depth = 0
        while True:
            depth += (side[k].kind == "{") - (side[k].kind == "}")
            k += 1
            if depth <= 0 or k == len(side):
                break
    return True


def _extend(chain: Chain, piece: list[Token]) -> None:
    for free, t in outside(piece):
        if free and t.kind == "rel":
            chain.ops.append(t.text)
            chain.sides.append([])
        else:
            chain.sides[-1].append(t)


def _pieces(tokens: list[Token]) -> Iterator[tuple[str, str, list[Token]]]:
    """Runs of tokens between rows, column marks and signs that separate claims."""
    current: list[Token] = []
    mark, link = "new", ""
    related = False
    for k, (free, t) in enumerate(outside(tokens)):
        separates = free and (t.kind in ("row", "&", "connective") or t.kind == "sep")
        if not separates:
            related |= free and t.kind == "rel"
            current.append(t)
            continue
        if t.kind == "sep" and not (
            t.text in ",;." and related and _relation_follows(tokens, k)
        ):
            current.append(t)  # trailing punctuation is taken off below
            continue
        piece = _trim(current)
        current = []
        if piece:
            yield mark, link, piece
            mark, link, related = t.kind if t.kind in ("row", "&") else "new", "", False
        elif t.kind == "connective" or (t.kind == "row" and mark == "&"):
            mark = "new" if t.kind == "connective" else "row"
        if t.kind == "connective":
            link = t.text
    piece = _trim(current)
    if piece:
        yield mark, link, piece


def _trim(tokens: list[Token]) -> list[Token]:
    hi = len(tokens)
    while hi and tokens[hi - 1].kind == "sep":
        hi -= 1
    return tokens[:hi]


def _relation_follows(tokens: Sequence[Token], k: int) -> bool:
    """Whether a relation stands in the claim that begins after token ``k``."""
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
