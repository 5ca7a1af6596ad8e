"""The same model, and the same claim, with one unit, or with vectors of units.

With one unit every quantity is a number.

A transpose, a ``diag`` and the order of factors say nothing there, so a claim that fails with one
unit fails under every reading of its shapes.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import count, pairwise

from bptt_sym.errors import BpttError
from bptt_sym.notation import (
    Add,
    At,
    Block,
    Call,
    Claim,
    Concat,
    D,
    Diag,
    Fn,
    Had,
    Mul,
    Node,
    Outer,
    Pow,
    Sym,
    Transpose,
    mul,
    num,
    rebuild,
    walk,
)
from bptt_sym.read.vocabulary import plain_name
from bptt_sym.recurrence import Recurrence


def one_unit(rec: Recurrence) -> Recurrence | None:
    """``rec`` with scalars only; ``None`` where that is another model (a softmax)."""
    roots = [e.rhs for e in rec.equations] + list(rec.totals.values())
    if any(isinstance(n, Fn) and n.name == "softmax" for r in roots for n in walk(r)):
        return None
    plain = {r: scalar(r, rec) for r in roots}
    names = {n.name for r in plain.values() for n in walk(r) if isinstance(n, (At, Sym))}
    shapes = dict.fromkeys((*rec.shapes, *names), ())
    shapes.update({_part(w, p): () for w, parts in rec.blocks.items() for p in parts})
    try:
        return Recurrence(
            rec.name,
            tuple(replace(e, rhs=plain[e.rhs]) for e in rec.equations),
            shapes,
            initial={n: scalar(v, rec) for n, v in rec.initial.items()},
            totals={n: plain[v] for n, v in rec.totals.items()},
            functions=dict.fromkeys(rec.functions, ()),
        )
    except BpttError:
        return None


def of_vectors(rec: Recurrence) -> Recurrence | None:
    r"""``rec`` with vectors for what is abstract in it, ``h_t = F(h_{t-1}, x_t, \theta)``.

    Nothing in such a definition tells vectors from numbers: what it makes, and all that it is made
    of, gets a dimension of its own. ``None`` where numbers are meant by the form of some equation,
    or nothing is abstract.
    """
    from bptt_sym.definitions.usage import LOSSES

    if not rec.is_scalar:
        return None
    shapes, functions = dict(rec.shapes), dict(rec.functions)

    fresh = (f"v{k}" for k in count())

    def take(name: str) -> None:
        shapes[name] = shapes.get(name) or (next(fresh),)

    for e in rec.equations:
        if plain_name(e.target) in LOSSES:
            continue
        if not isinstance(e.rhs, Call) or any(isinstance(n, D) for n in walk(e.rhs)):
            return None
        take(e.target)
        functions[e.rhs.name] = shapes[e.target]
        for n in walk(e.rhs):
            if isinstance(n, (At, Sym)):
                take(n.name)
    def of_lengths(n: Node) -> Node:
        """The square of what a loss compares as that of its length."""
        n = rebuild(n, of_lengths)
        compared = isinstance(n, Pow) and n.exp == num(2) and isinstance(n.base, Add)
        names = {m.name for m in walk(n) if isinstance(m, At)} if compared else set()
        known = {shapes[name] for name in names if shapes.get(name)}
        if not isinstance(n, Pow) or len(known) != 1:
            return n
        shapes.update(dict.fromkeys(names, known.pop()))
        return Mul((Transpose(n.base), n.base))

    totals = {name: of_lengths(body) for name, body in rec.totals.items()}
    equations = tuple(
        replace(e, rhs=of_lengths(e.rhs)) if plain_name(e.target) in LOSSES else e
        for e in rec.equations
    )
    if shapes == dict(rec.shapes):
        return None
    try:
        return replace(
            rec, equations=equations, totals=totals, shapes=shapes, functions=functions
        )
    except BpttError:
        return None


def claim_of_one_unit(claim: Claim, rec: Recurrence) -> Claim:
    """``claim`` about ``one_unit(rec)``; a matrix of a concatenation is its part for the state."""
    return replace(
        claim,
        sides=tuple(_state_part(scalar(s, rec), rec) for s in claim.sides),
        given=tuple(claim_of_one_unit(g, rec) for g in claim.given),
    )


def _part(name: str, part: str) -> str:
    return f"{name}^{{({part})}}"


def scalar(node: Node, rec: Recurrence) -> Node:
    """``node`` with what only arranges vectors left out."""
    if isinstance(node, Block) and isinstance(node.arg, Sym):
        return Sym(_part(node.arg.name, node.part))
    if isinstance(node, Mul):
        node = _split(node, rec)
    node = rebuild(node, lambda c: scalar(c, rec))
    match node:
        case Transpose(arg=a) | Diag(arg=a):
            return a
        case Had(args=args):
            return mul(*args)
        case Outer(left=a, right=b):
            return mul(a, b)
    return node


def _split(node: Mul, rec: Recurrence) -> Node:
    """``W [h, x]`` as the sum over the parts."""
    args = node.args
    for i, (w, v) in enumerate(pairwise(args)):
        if isinstance(w, Sym) and isinstance(v, Concat):
            parts = rec.blocks.get(w.name) or tuple(map(str, range(1, len(v.args) + 1)))
            if len(parts) == len(v.args):
                terms = tuple(
                    Mul((Sym(_part(w.name, p)), a)) for p, a in zip(parts, v.args, strict=True)
                )
                return mul(*args[:i], Add(terms), *args[i + 2 :])
    return node


def _state_part(node: Node, rec: Recurrence) -> Node:
    if isinstance(node, Sym) and node.name in rec.blocks:
        part = next((p for p in rec.blocks[node.name] if p in rec.states), None)
        return Sym(_part(node.name, part)) if part is not None else node
    return rebuild(node, lambda c: _state_part(c, rec))
