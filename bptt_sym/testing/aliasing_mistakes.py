"""Gates whose cotangents are written over them, and read afterwards.

Code that keeps the gates of a step in one array and fills it with their cotangents on the way back
has to be done with a gate by then. What is read later is the cotangent of the gate's argument.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import permutations
from typing import Any

import numpy as np

from bptt_sym.evaluate.domains import floats
from bptt_sym.evaluate.interpret import apply_op
from bptt_sym.evaluate.program import PER_STEP
from bptt_sym.testing.derivation_mistakes import Mistake
from bptt_sym.testing.inside_mistakes import hooked
from bptt_sym.testing.models import Model
from bptt_sym.testing.place_words import shown
from bptt_sym.testing.problems import Problem

Array = Any
#: By product of the way back: the place of its factor that is a gate, the cotangent that stands for
#: the gate, and whether the factor is 1 minus the gate.
Stale = Mapping[int, tuple[int, int, bool]]
#: Gates whose orders are all tried, at most.
_GATES = 4


def aliasing_mistakes(model: Model) -> Iterator[Mistake]:
    """One for every set of products that an order of writing spoils."""
    p, adj = model.program, model.adjoint
    back = {of: b for b, of in adj.of.items()}
    states = set(p.targets.values())
    gates = {
        i: back[op.args[0]] for i, op in enumerate(p.ops)
        if op.kind == "fn" and op.attr[1] == 0 and op.args[0] in back
        and op.args[0] not in states and len(op.shape) == 1
    }  # fmt: skip
    if not 2 <= len(gates) <= _GATES or len({p.shape(i) for i in gates}) > 1:
        return
    inside = {g: _inside(model, b) for g, b in gates.items()}
    known: set[frozenset[int]] = set()
    for order in (list(gates), list(gates)[::-1], *map(list, permutations(gates))):
        stale = _stale(model, gates, inside, order)
        if not stale or frozenset(stale) in known:
            continue
        known.add(frozenset(stale))
        said = sorted({shown(model, adj.program.ops[k].args[v[0]]) for k, v in stale.items()})
        yield Mistake(
            f"overwritten-gates-{'-'.join(map(str, sorted(stale)))}",
            f"the cotangents of the gates' arguments are written over the gates: {', '.join(said)} "
            f"{'is' if len(said) == 1 else 'are'} read after that (one array for both)",
            partial(_overwritten, stale=stale),
        )  # fmt: skip


def _inside(model: Model, end: int) -> set[int]:
    """What ``end`` is computed from in its own step."""
    adj, seen, waiting = model.adjoint, set[int](), [end]
    while waiting:
        i = waiting.pop()
        if i not in seen and i >= adj.forward:
            seen.add(i)
            waiting += adj.program.ops[i].args
    return seen


def _stale(
    model: Model, gates: Mapping[int, int], inside: Mapping[int, set[int]], order: Sequence[int]
) -> Stale:
    """The products whose gate has been written over where ``order`` is that of writing."""
    adj = model.adjoint
    ops, out = adj.program.ops, {}
    complements = {
        i: a for i, op in enumerate(ops[: adj.forward]) if op.kind == "add"
        for c, n in (op.args, op.args[::-1])
        if adj.program.constant(c) == 1 and ops[n].kind == "neg"
        for a in ops[n].args if a in gates
    }  # fmt: skip
    for k in range(adj.forward, len(ops)):
        if ops[k].kind != "mul" or ops[k].lead < PER_STEP:
            continue
        for side, a in enumerate(ops[k].args):
            gate = a if a in gates else complements.get(a)
            if gate is None:
                continue
            users = [g for g in gates if k in inside[g]]
            # Of gates one behind the other, that which the product enters first.
            first = [g for g in users if not any(gates[o] in inside[g] for o in users if o != g)]
            late = not first
            if len(first) == 1 and first[0] != gate:
                late = order.index(gate) < order.index(first[0])
            if late:
                out[k] = (side, gates[gate], a != gate)
    return out


def _overwritten(problem: Problem, stale: Stale) -> dict[str, Array]:
    domain, p = floats(), problem.model.adjoint.program
    dims = problem.plain_run.dims

    def value(i: int, env: Any, made: dict[int, Array]) -> Array:
        """What is not there yet in the step, computed from what is."""
        if i in env:
            return env[i]
        if i not in made:
            found = {a: value(a, env, made) for a in p.ops[i].args}
            made[i] = apply_op(p, i, found, domain, dims)
        return made[i]

    def alter(i: int, v: Array, t: int, env: Any) -> Array:
        if i not in stale:
            return v
        side, cotangent, complement = stale[i]
        read = np.asarray(value(cotangent, env, {}))
        return env[p.ops[i].args[1 - side]] * (1 - read if complement else read)

    return hooked(problem, alter=alter)


__all__ = ["aliasing_mistakes"]
