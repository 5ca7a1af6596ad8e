r"""The logistic function and its derivative from one exponential.

With :math:`e = e^{-a}`, :math:`\sigma = 1/(1+e)` and :math:`\sigma' = (e\,\sigma)\,\sigma`: no
second exponential on the way back, no quotient, and no difference :math:`1-\sigma` that would
cancel. Where ``e`` overflows, :math:`\sigma` is 0, and so is the derivative once ``e`` is taken to
be the greatest number instead; where it vanishes the derivative is 0 by itself.
"""

from __future__ import annotations

from bptt_sym.evaluate.adjoint import Adjoint
from bptt_sym.evaluate.moving import moved
from bptt_sym.evaluate.program import Program


def shared_exponential(
    adj: Adjoint, program: Program, *, early: bool = False
) -> tuple[Adjoint, Program]:
    """The same computation with the logistic function taken apart; other values keep their place
    in the order of computation.

    With ``early`` derivatives that are needed are operations of the forward pass, next to their
    functions: better once the values of all steps no longer fit into the cache. Who writes the
    source then computes both at once (:func:`~bptt_sym.evaluate.pooled.logistic`). Left where
    it is is the derivative of tanh at a state, which has to be kept anyway.
    """
    old = adj.program
    new = Program()
    place: dict[int, int] = {}
    forward = 0
    sloped = {(op.attr[0], op.args) for op in old.ops if op.kind == "fn" and op.attr[1] == 1}
    states = set(program.targets.values())
    for i, op in enumerate(old.ops):
        if i == adj.forward:
            forward = len(new.ops)
        args = [place[a] for a in op.args]
        both = early and op.kind == "fn" and op.attr[1] in (0, 1) and op.args[0] not in states
        if both and op.attr[0] in ("tanh", "sigma") and (op.attr[0], op.args) in sloped:
            pair = [new.fn(op.attr[0], args[0], order) for order in (0, 1)]
            place[i] = pair[op.attr[1]]
        elif op.kind == "fn" and op.attr in (("sigma", 0), ("sigma", 1)):
            e = new.fn("exp_minus", args[0])
            s = new.fn("inverse_1p", e)
            place[i] = s if op.attr[1] == 0 else new.mul(new.mul(new.fn("finite", e), s), s)
        else:
            place[i] = new.emit(op.kind, args, op.shape, attr=op.attr, lead=op.lead)
    if adj.forward == len(old.ops):
        forward = len(new.ops)
    result = moved(adj, new, place, forward)
    step = Program(new.ops[:forward], new.targets, new.initial, new.loss)
    return result, step
