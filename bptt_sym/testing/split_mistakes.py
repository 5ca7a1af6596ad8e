"""Mistakes in a part of the way back alone: in what is carried, or in the parameters' gradients.

Code that multiplies by the Jacobian of a step, or that computes what is carried back by lines of
their own, may be wrong there and right elsewhere. The adjoint of a step that is wrong everywhere
and the right one are put together, each for the part that is its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from bptt_sym.evaluate.adjoint import Adjoint
from bptt_sym.testing.derivation_mistakes import Mistake, through
from bptt_sym.testing.models import Model

Array = Any


def split_mistakes(model: Model, known: Sequence[Mistake]) -> Iterator[Mistake]:
    """Those of ``known`` that another adjoint makes, in one part of the way back."""
    states = frozenset(f"{s}0" for s in model.rec.states)
    adjoints = [(m.code, m.message, _adjoint_of(m)) for m in known]
    made = [(code, words, a) for code, words, a in adjoints if a is not None]
    for state in model.rec.states:
        if len(model.rec.states) > 1 and (state, 1) in model.adjoint.reads:
            cut = f"what {state} carries back does not get further"
            made.insert(0, (f"later-{state}", cut, _without(model.adjoint, state)))
    seen: set[tuple[Any, ...]] = set()
    for code, words, wrong in made:
        for part, where, off, both in _parts(model.adjoint, wrong):
            # Where T = 1 nothing has been carried yet: what is right there, is right at once.
            touched = {f"{s}0" for s, _ in off}
            spares = states - touched | (frozenset(model.layout) if touched else frozenset())
            key = (*both.params.items(), *both.reads.items(), len(both.program.ops))
            # A table that is the same is so row for row.
            whole = (key, tuple(both.program.ops[model.adjoint.forward :]))
            if whole not in seen:
                seen.add(whole)
                yield Mistake(
                    f"{code}-in-{part}", f"{words}; so it is in {where}",
                    partial(through, wrong=both), whole=True, spares=spares,
                )  # fmt: skip


def _adjoint_of(mistake: Mistake) -> Adjoint | None:
    found = getattr(mistake.gradient, "keywords", {}).get("wrong")
    return found if isinstance(found, Adjoint) else None


def _without(right: Adjoint, state: str) -> Adjoint:
    """The adjoint of a step that gets nothing from the next one by a state."""
    q = right.program.forward_copy()
    laters = [i for i, op in enumerate(q.ops) if op.kind == "later" and op.attr == (state, 1)]
    place: dict[int, int] = {}
    for i, op in enumerate(right.program.ops):
        if i in laters:
            place[i] = q.const(0, op.shape)
        elif any(place.get(a, a) != a for a in op.args):
            args = [place.get(a, a) for a in op.args]
            place[i] = q.emit(op.kind, args, op.shape, attr=op.attr, lead=op.lead)
    return _moved(right, replace(right, program=q), place)


def _moved(right: Adjoint, onto: Adjoint, place: Mapping[int, int]) -> Adjoint:
    return replace(
        onto,
        params={k: place.get(v, v) for k, v in right.params.items()},
        reads={k: place.get(v, v) for k, v in right.reads.items()},
    )


def _parts(
    right: Adjoint, wrong: Adjoint
) -> Iterator[tuple[str, str, list[tuple[str, int]], Adjoint]]:
    """The two put together in all ways that are neither of them, and what is wrongly carried."""
    q = right.program.forward_copy()
    place: dict[int, int] = {}
    for i, op in enumerate(wrong.program.ops):
        args = [place[a] for a in op.args]
        place[i] = q.emit(op.kind, args, op.shape, attr=op.attr, lead=op.lead)
    params = {k: place[v] for k, v in wrong.params.items()}
    reads = {
        k: place[wrong.reads[k]] if k in wrong.reads else q.const(0, q.shape(v))
        for k, v in right.reads.items()
    }
    off = [k for k, v in reads.items() if v != right.reads[k]]
    if params == right.params or not off:
        return  # it is in one part already
    base = replace(right, program=q)
    yield "carry", "what is carried back alone", off, replace(base, reads=reads)
    yield "params", "the gradients of the parameters alone", [], replace(base, params=params)
    for k in off if len(reads) > 1 else ():
        words = f"what is carried back to {k[0]} alone"
        one = replace(base, reads={**right.reads, k: reads[k]})
        yield f"carry-{k[0]}-{k[1]}", words, [k], one


__all__ = ["split_mistakes"]
