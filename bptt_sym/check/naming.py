"""Names that a document gives to gradients: ``A_t = ∂L/∂h_t``."""

from __future__ import annotations

from bptt_sym.check.models import Model
from bptt_sym.check.wording import looks_ahead, one_step_off
from bptt_sym.decide.verdict import Verdict
from bptt_sym.definitions.outline import Kind, Row
from bptt_sym.errors import InputError
from bptt_sym.messages import marked
from bptt_sym.notation import ZERO, At, Idx, Sym, num, shift, substitute_index
from bptt_sym.read import read_claim


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
            body = substitute_index(body, variable := found[0], shift(Idx(variable), -found[1]))
            model.aliases[name] = variable, body
            if looks_ahead(row):
                # Bare, it is what is still to come at the start: all of it.
                model.totals[name] = substitute_index(body, variable, num(1))
        case Sym(name=name):
            model.totals[name] = body
        case _:
            return None
    return Verdict("not_a_claim", note=marked("a name for its right side"))
