"""Names that a document gives to gradients: ``A_t = ∂L/∂h_t``."""

from __future__ import annotations

from dataclasses import replace

from bptt_sym.check.model import Model
from bptt_sym.check.wording import looks_ahead, one_step_off
from bptt_sym.decide.rewriting import is_loss
from bptt_sym.decide.verdict import Verdict
from bptt_sym.definitions.outline import Kind, Row
from bptt_sym.errors import BpttError, InputError
from bptt_sym.messages import marked
from bptt_sym.notation import (
    ZERO,
    Add,
    At,
    Claim,
    D,
    Idx,
    Node,
    Sym,
    affine,
    num,
    rebuild,
    shift,
    substitute_index,
    walk,
)
from bptt_sym.read import read_claim

NAME = Verdict("not_a_claim", note=marked("a name for its right side"))


def named_in(row: Row, model: Model) -> Verdict | None:
    """Take ``A_t = ∂…`` as a name for its right side; ``None`` if it cannot be read."""
    trial = Model(model.court, model.title, dict(model.aliases), dict(model.totals))
    if row.kind is not Kind.SEQUENCE:
        trial.totals[row.name] = ZERO
    else:
        trial.aliases[row.name] = ("t", ZERO)
    # δ_t = ∂L/∂a_t = …: the first right side says what the name means, whatever follows.
    texts = [row.latex] if len(row.chain.sides) == 2 else [row.latex, row.definition()]
    for latex in texts:
        try:
            claim = read_claim(latex, model.court.model, vocabulary=trial.vocabulary)
            break
        except InputError:
            continue
    else:
        return None
    body = model.spelt_out(claim.sides[1])
    match claim.sides[0]:
        case At(name=name, time=time) if (found := one_step_off(time)) is not None:
            body = _of_a_recursion(name, body, model) or body
            body = substitute_index(body, variable := found[0], shift(Idx(variable), -found[1]))
            model.aliases[name] = variable, body
            if looks_ahead(row):
                # Bare, it is what is still to come at the start: all of it.
                model.totals[name] = substitute_index(body, variable, num(1))
        case Sym(name=name):
            model.totals[name] = body
        case _:
            return None
    return NAME


def _of_a_recursion(name: str, body: Node, model: Model) -> Node | None:
    r"""The gradient that ``δ_t = ∂L/∂h_t + (∂h_{t+1}/∂h_t)^\top δ_{t+1}`` names, if it is one.

    The derivative in it is that of the loss of the step then; the whole one solves the recursion.
    """
    found = {n for n in walk(body) if isinstance(n, D) and is_loss(n.y, model.court.model)}
    later = {n for n in walk(body) if isinstance(n, At) and n.name == name}
    if len(found) != 1 or len(later) != 1:
        return None
    ((whole,), (after,)) = found, later
    step = affine(after.time)
    by = whole.x
    if not isinstance(by, At) or step is None or step[1] != 1:
        return None
    if not (isinstance(body, Add) and whole in body.args):
        return None  # where later steps alone have a loss, any factor would do
    whole = replace(whole, kind="unmarked")
    then = replace(whole, x=At(by.name, after.time))

    def change(n: Node) -> Node:
        if n == after:
            return then
        if isinstance(n, D) and n.y == whole.y:
            return replace(n, kind="local")
        return rebuild(n, change)

    try:
        solves = model.court.judge(Claim((whole, change(body)), ("=",))).is_right
    except (BpttError, ValueError):
        return None
    return whole if solves else None
