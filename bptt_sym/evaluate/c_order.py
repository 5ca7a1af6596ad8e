"""What generated C computes when: beside what it shares work with, and in which order."""

from __future__ import annotations

from dataclasses import replace

from bptt_sym.evaluate.adjoint import Adjoint
from bptt_sym.evaluate.program import PER_STEP, STATIC, Program
from bptt_sym.evaluate.schedule import Schedule, adjoint_schedule, forward_schedule


def c_schedules(program: Program, adj: Adjoint) -> tuple[Schedule, Schedule]:
    """The schedules of both passes; operations of ``adj.program`` may change their arguments."""
    forward, back = _slopes(
        adj, forward_schedule(program, sink=True), adjoint_schedule(adj, sink=True)
    )
    return _products_first(adj, forward, back), back


def _slopes(adj: Adjoint, forward: Schedule, back: Schedule) -> tuple[Schedule, Schedule]:
    """Derivatives of activations are computed with the activations: they share exponentials."""
    p = adj.program
    made = {
        (p.ops[i].args[0], p.ops[i].attr[0]): i
        for i, op in enumerate(p.ops[: adj.forward])
        if op.kind == "fn" and op.attr[1] == 0 and op.attr[0] in ("tanh", "sigma")
    }
    groups = ("before", "loop", "after")
    homes = {name: list(getattr(forward, name)) for name in groups}
    left = {name: list(getattr(back, name)) for name in groups}
    for group in left.values():
        for i in list(group):
            op = p.ops[i]
            value = made.get((op.args[0], op.attr[0])) if op.kind == "fn" else None
            if value is None or op.attr[1] != 1:
                continue
            for home in homes.values():
                if value in home:
                    home.insert(home.index(value) + 1, i)
                    group.remove(i)
    return replace(forward, **homes), replace(back, **left)


def _products_first(adj: Adjoint, forward: Schedule, back: Schedule) -> Schedule:
    """(W x + b) + U h becomes (W x + U h) + b: U h is added to W x where that lies.

    Only where nothing else reads what is added up, for W x is gone then.
    """
    p = adj.program
    users: dict[int, set[int]] = {}
    for group in (forward, back):
        for part in (group.fixed, group.before, group.loop, group.after, group.end):
            for i in part:
                for a in p.ops[i].args:
                    users.setdefault(a, set()).add(i)
    kept = {*p.targets.values(), *adj.reads.values(), p.loss}
    before, loop = set(forward.before), list(forward.loop)

    def alone(a: int, user: int) -> bool:
        return users.get(a) == {user} and a not in kept

    for i in forward.loop:
        op = p.ops[i]
        if op.kind != "add" or op.lead < PER_STEP:
            continue
        for x, m in (op.args, op.args[::-1]):
            if p.ops[m].kind != "matvec" or m not in loop or not alone(m, i):
                continue
            if p.ops[x].kind != "add" or x not in loop or not alone(x, i):
                continue
            for z, b in (p.ops[x].args, p.ops[x].args[::-1]):
                made = p.ops[z].kind == "matvec" and z in before and alone(z, x)
                if made and p.ops[b].lead == STATIC:
                    p.ops[x] = replace(p.ops[x], args=(z, m))
                    p.ops[i] = replace(op, args=(x, b))
                    loop.remove(x)
                    loop.insert(loop.index(m) + 1, x)
                    break
    return replace(forward, loop=loop)
