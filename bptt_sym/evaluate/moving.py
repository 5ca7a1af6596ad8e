"""An adjoint whose operations stand at other places of another program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bptt_sym.evaluate.adjoint import Adjoint
from bptt_sym.evaluate.program import Program


def moved(adj: Adjoint, new: Program, place: Mapping[int, int], forward: int) -> Adjoint:
    """``adj`` of the ``new`` program, which holds each old operation at its ``place``."""
    old = adj.program
    new.targets = {k: place[v] for k, v in old.targets.items()}
    new.initial = {k: place[v] for k, v in old.initial.items()}
    new.loss = None if old.loss is None else place[old.loss]
    return replace(
        adj,
        program=new,
        forward=forward,
        params={k: place[v] for k, v in adj.params.items()},
        contexts={k: place[v] for k, v in adj.contexts.items()},
        reads={k: place[v] for k, v in adj.reads.items()},
        cotangents={k: place[v] for k, v in adj.cotangents.items()},
        of={place[k]: place[v] for k, v in adj.of.items()},
    )
