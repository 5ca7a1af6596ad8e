"""Claims and expressions from text; definitions are in :mod:`bptt_sym.read.definitions`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

from bptt_sym.entries import with_entries
from bptt_sym.errors import ReadError, Span
from bptt_sym.notation import Claim, Node, Rel
from bptt_sym.read.bare_derivatives import with_arguments
from bptt_sym.read.chains import Chain, outside, split_claims, strip
from bptt_sym.read.definitions import read_equations, recurrence_from_latex
from bptt_sym.read.expressions import Binder
from bptt_sym.read.grammar import parse
from bptt_sym.read.hyperbolic import slopes_of_tanh, with_slopes_of_tanh
from bptt_sym.read.tokens import tokenize
from bptt_sym.read.vocabulary import Vocabulary
from bptt_sym.recurrence import Recurrence

__all__ = ["read_claim", "read_claims", "read_equations", "read_expression",
           "recurrence_from_latex"]  # fmt: skip


def read_claims(
    text: str,
    rec: Recurrence,
    *,
    vocabulary: Vocabulary | None = None,
    indices: Iterable[str] = (),
    aliases: Mapping[str, str] | None = None,
    extra: Iterable[Node] = (),
) -> list[Claim]:
    r"""The claims that a formula makes about ``rec``: one for each chain and each ``align`` row.

    A row that starts with a relation continues the left side of the row before (its last side if
    the row before has another relation than ``=``); a row that starts or ends with an operator is
    part of the same side. ``\Rightarrow``, ``\text{ and }`` and a comma between two relations
    separate claims; what is stated as a hypothesis (``|w|<1 \implies …``, ``… \text{ if } …``) is
    in :attr:`~bptt_sym.notation.Claim.given`.

    Raises
    ------
    ReadError, UnboundName, LimitExceeded
        With the span in ``text``.

    Examples
    --------
    >>> from bptt_sym.read import recurrence_from_latex
    >>> rec = recurrence_from_latex([r"h_t = \tanh(w h_{t-1} + u_t)"], name="cell")
    >>> [claim.ops for claim in read_claims(r"h_t^2 \le 1", rec)]
    [('<=',)]
    """
    v = vocabulary or Vocabulary.of(rec, indices=indices, aliases=aliases, extra=extra)
    tokens = tokenize(text, v.words)
    claims = [with_arguments(_claim(c, v, text), rec) for c in split_claims(tokens, text)]
    return [with_entries(with_slopes_of_tanh(claim)) for claim in claims]


def _claim(
    chain: Chain, vocabulary: Vocabulary, text: str
) -> Claim:
    binder = Binder(vocabulary, list(chain.tokens))
    sides = tuple(binder.expr(parse(side, side[-1].end)) for side in chain.sides)
    given = tuple(_claim(c, vocabulary, text) for c in chain.given)
    return Claim(sides, cast("tuple[Rel, ...]", tuple(chain.ops)), text, given)


def read_claim(text: str, rec: Recurrence, *, vocabulary: Vocabulary | None = None) -> Claim:
    """The one claim of a formula."""
    claims = read_claims(text, rec, vocabulary=vocabulary)
    if len(claims) != 1:
        raise ReadError(f"one claim is wanted, {len(claims)} are written",
                        span=Span(0, len(text)), token=text[:20])  # fmt: skip
    return claims[0]


def read_expression(
    text: str,
    rec: Recurrence,
    *,
    vocabulary: Vocabulary | None = None,
) -> Node:
    """The expression that ``text`` is; it may have no relation."""
    v = vocabulary or Vocabulary.of(rec)
    tokens = strip(tokenize(text, v.words))
    relation = next(
        (t for free, t in outside(tokens) if free and t.kind in ("rel", "connective")), None
    )
    if relation is not None:
        raise ReadError("an expression is wanted, not a claim", span=relation.span,
                        token=relation.text, hint="leave out the left side")  # fmt: skip
    tokens = [t for free, t in outside(tokens) if not (free and t.kind in ("&", "row"))]
    if not tokens:
        raise ReadError("nothing is written", span=Span(0, len(text)))
    node = Binder(v, tokens).expr(parse(tokens, len(text)))
    return slopes_of_tanh(with_arguments(Claim((node,), (), text), rec).sides[0])
