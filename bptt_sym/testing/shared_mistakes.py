"""Mistakes with a matrix that a step multiplies by twice or more: tied weights, counted wrongly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bptt_sym.evaluate.adjoint import RULES
from bptt_sym.evaluate.program import Program
from bptt_sym.testing.derivation_mistakes import Mistake, altered, described
from bptt_sym.testing.models import Model


def shared_mistakes(model: Model) -> Iterator[Mistake]:
    """The share of one use is lost, counted twice, transposed, or has the wrong sign."""
    p = model.program
    uses: dict[int, list[int]] = {}
    for i, op in enumerate(p.ops):
        if op.kind != "matvec":
            continue
        m = op.args[0]
        root = p.ops[m].args[0] if p.ops[m].kind == "transpose" else m
        if p.ops[root].kind == "param":
            uses.setdefault(root, []).append(i)
    for root, places in uses.items():
        if len(places) < 2:
            continue
        name, square = p.ops[root].attr[0], len(set(p.shape(root))) == 1
        for at in places:
            m, v = p.ops[at].args
            product = f"{name}{'' if m == root else '^T'} {described(p, v)}"
            for code, said in (
                ("lost", f"the share of {product} in the gradient of {name} is missing"),
                ("twice", f"the share of {product} in the gradient of {name} is counted twice"),
                ("negated", f"the share of {product} in the gradient of {name} has the wrong sign"),
                ("turned", f"the share of {product} in the gradient of {name} is transposed"),
            ):
                if code == "turned" and not square:
                    continue

                def rule(
                    q: Program, y: int, g: int, at: int = at, code: str = code
                ) -> list[tuple[int, int]]:
                    (m, share), (v, back) = RULES["matvec"](q, y, g)
                    if y != at:
                        return [(m, share), (v, back)]
                    if code == "lost":
                        return [(v, back)]
                    made = {
                        "twice": lambda: q.outer(q.add(g, g), v),
                        "negated": lambda: q.outer(q.neg(g), v),
                        "turned": lambda: q.outer(v, g),
                    }[code]()
                    return [(m, made), (v, back)]

                code_ = f"share-{code}-{name}-{at}"
                mistake = altered(model, code_, said, rules={"matvec": rule})
                if mistake:
                    # What is carried back is right: other gradients are what they should be.
                    yield replace(mistake, alone=True)


__all__ = ["shared_mistakes"]
