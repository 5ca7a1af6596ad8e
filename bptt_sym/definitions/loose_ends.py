r"""Definitions that hang together only in the mind of their reader.

A text writes :math:`h_t = F(h_{t-1}, x_t; \\theta)` and then works with
:math:`a_t = W h_{t-1} + U x_t + b`; its loss is made of a :math:`\\hat y_t` that no line computes,
or its softmax of a name that no line gives while the output that is computed goes nowhere. As they
stand the loss does not depend on the run, and every gradient of it would be 0.
"""

from __future__ import annotations

from dataclasses import dataclass

from bptt_sym.definitions.gates import at_step_t, written
from bptt_sym.definitions.usage import LOSSES, Usage
from bptt_sym.documents.prose import Wording
from bptt_sym.notation import At, Call, Fn, Idx, Mul, Node, Sum, Sym, substitute_index, walk
from bptt_sym.read.vocabulary import plain_name
from bptt_sym.recurrence import STEP, Recurrence, lag_of

#: What is computed and compared with a target.
_PREDICTIONS = (r"\hat{y}", r"\hat{p}", r"\tilde{y}", r"\hat{o}")


@dataclass(frozen=True)
class Tied:
    """A line that ties a loose end, the sequence it gives anew, and what is said of it."""

    name: str
    line: str
    said: str


def uncomputed(rec: Recurrence) -> frozenset[str]:
    """The predictions that only losses use, and no line computes."""
    given = {n for n in rec.inputs if plain_name(n) in _PREDICTIONS}
    for e in rec.equations:
        if plain_name(e.target) not in LOSSES:
            given -= {n.name for n in walk(e.rhs) if isinstance(n, At)}
    return frozenset(given)


def tied(rec: Recurrence, usage: Usage, wording: Wording) -> list[Tied]:
    """The loose ends of ``rec``, tied in the one way that there is."""
    used = {n.name for e in rec.equations for n in walk(e.rhs) if isinstance(n, At)}
    used |= {n.name for total in rec.totals.values() for n in walk(total) if isinstance(n, At)}
    idle = [n for n in rec.gates if n not in used and plain_name(n) not in LOSSES]
    general = _general_step(rec, idle, usage, wording)
    unsaid = [] if general else _unsaid_parameter(rec, usage)
    ends = [*_softmax_of_nothing(rec, idle), *_activation_of_nothing(rec, idle)]
    return [*ends, *general, *unsaid, *_late_argument(rec)]


def _unsaid_parameter(rec: Recurrence, usage: Usage) -> list[Tied]:
    r"""``h_t = f(h_{t-1}, x_t)`` where the text differentiates by a θ that no line has."""
    if len(rec.states) != 1 or len(usage.parameters) != 1:
        return []
    (state,), (name,) = rec.states, usage.parameters
    rhs = rec.rhs(state)
    plain = {plain_name(n) for n in rec.shapes}
    if not isinstance(rhs, Call) or plain_name(name) in plain:
        return []
    sequences = [a for a in rhs.args if isinstance(a, At)]
    if len(sequences) < len(rhs.args):
        return []
    arguments = ", ".join(_at_lag(a.name, lag_of(a.time) or 0) for a in sequences)
    line = rf"{at_step_t(state)} = {written(rhs.name)}({arguments}, {name})"
    return [Tied(state, line, f"{state}_t depends on {name}, which no equation has")]


def _at_lag(name: str, lag: int) -> str:
    step = f"t-{lag}" if lag else "t"
    return f"{name}^{{({step})}}" if "_" in name else f"{name}_{{{step}}}"


def _late_argument(rec: Recurrence) -> list[Tied]:
    """``s_t = f(v_{t-1})`` beside ``v_t = W s_{t-1} + U x_t``: the argument is that of step t."""
    found: list[Tied] = []
    for state in rec.states:
        rhs = rec.rhs(state)
        if not (isinstance(rhs, Fn) and isinstance(rhs.arg, At) and lag_of(rhs.arg.time) == 1):
            continue
        name = rhs.arg.name
        before = [n for n in walk(rec.rhs(name)) if isinstance(n, At) and n.name == state] if (
            name in rec.defined) else []  # fmt: skip
        if before and all(lag_of(n.time) == 1 for n in before):
            line = rf"{at_step_t(state)} = {written(rhs.name)}({at_step_t(name)})"
            found.append(Tied(state, line, f"{state}_t is computed from {name}_t of its own step"))
    return found


def _softmax_of_nothing(rec: Recurrence, idle: list[str]) -> list[Tied]:
    """``p_t = softmax(y_t)`` beside the output ``o_t = V h_t`` that goes nowhere."""
    ends = [e for e in rec.equations if isinstance(e.rhs, Fn) and e.rhs.name == "softmax"
            and isinstance(e.rhs.arg, At) and e.rhs.arg.name in rec.inputs]  # fmt: skip
    outputs = [n for n in idle if _reads(rec.rhs(n), rec.states) and n not in rec.states]
    if len(ends) != 1 or len(outputs) != 1:
        return []
    (end,), (output,) = ends, outputs
    assert isinstance(end.rhs, Fn) and isinstance(end.rhs.arg, At)
    line = rf"{at_step_t(end.target)} = \mathrm{{softmax}}({at_step_t(output)})"
    said = f"{end.rhs.arg.name}_t, which nothing defines, is the output {output}_t"
    return [Tied(end.target, line, said)]


def _activation_of_nothing(rec: Recurrence, idle: list[str]) -> list[Tied]:
    """``h_t = tanh(a_t)`` beside ``z_t = W h_{t-1} + U x_t``, which goes nowhere."""
    found: list[Tied] = []
    for state in rec.states:
        rhs = rec.rhs(state)
        if not (isinstance(rhs, Fn) and isinstance(rhs.arg, At) and rhs.arg.name in rec.inputs):
            continue
        lost = rhs.arg.name
        elsewhere = [n for e in rec.equations if e.target != state for n in walk(e.rhs)]
        made = [n for n in idle if _reads(rec.rhs(n), (state,), lag=1)]
        made = [n for n in made if not any(isinstance(m, (Call, Fn)) for m in walk(rec.rhs(n)))]
        if len(made) == 1 and not any(isinstance(n, At) and n.name == lost for n in elsewhere):
            line = rf"{at_step_t(state)} = {written(rhs.name)}({at_step_t(made[0])})"
            said = f"{lost}_t, which nothing defines, is the argument {made[0]}_t"
            found.append(Tied(state, line, said))
    return found


def _general_step(
    rec: Recurrence, idle: list[str], usage: Usage, wording: Wording
) -> list[Tied]:
    """``h_t = F(h_{t-1}, x_t)`` beside ``a_t = W h_{t-1} + U x_t``: F is the activation."""
    if len(rec.states) != 1:
        return []
    (state,) = rec.states
    rhs = rec.rhs(state)
    if not isinstance(rhs, Call):
        return []
    before = {n for n in walk(rhs) if isinstance(n, At)}
    made = [n for n in idle if {m for m in walk(rec.rhs(n)) if isinstance(m, At)} == before]
    made = [n for n in made if not any(isinstance(m, (Call, Fn)) for m in walk(rec.rhs(n)))]
    if len(made) != 1 or At(state, Idx(STEP)) in before:
        return []
    (argument,) = made
    applied = {f for f, name in usage.activated if name == plain_name(argument)}
    said = {"tanh": r"\tanh", "sigmoid": r"\sigma"}.get(wording.activation, "")
    function = applied.pop() if len(applied) == 1 else said
    if not function:
        return []
    line = rf"{at_step_t(state)} = {function}({at_step_t(argument)})"
    return [Tied(state, line, f"{state}_t is the activation of {argument}_t")]


def readout(rec: Recurrence) -> str:
    """What a loss looks at: the last output that only losses use, else the last state."""
    used = {n.name for e in rec.equations if plain_name(e.target) not in LOSSES
            for n in walk(e.rhs) if isinstance(n, At)}  # fmt: skip
    reached: set[str] = set(rec.states)
    found = ""
    for e in rec.equations:
        # What is computed from the step before alone is no output: it is on its way to the state.
        names = {n.name for n in walk(e.rhs) if isinstance(n, At) and lag_of(n.time) == 0}
        if names & reached:
            reached.add(e.target)
            last = e.target not in used and e.target not in rec.states
            last &= len(rec.shapes.get(e.target, ())) < 2  # D_t = diag(…) is no output
            if last and plain_name(e.target) not in LOSSES:
                found = e.target
    return found or (*rec.defined[-1:], *rec.states)[-1]


def output_of(state: str, argument: str, rec: Recurrence) -> str:
    """The output that is made of ``state`` and used nowhere, else ``state`` itself."""
    used = {n.name for e in rec.equations for n in walk(e.rhs) if isinstance(n, At)}
    made = [e.target for e in rec.equations if e.target not in used and _reads(e.rhs, (state,))]
    made = [n for n in made if len(rec.shapes.get(n, ())) < 2]
    return next((n for n in made if n != argument and plain_name(n) not in LOSSES), state)


def is_output(name: str, rec: Recurrence) -> bool:
    """Whether ``name`` has weights already and is used nowhere: it needs none of its own.

    It is affine in something, or an unknown function of a parameter as well, ``g(h_t, w_o)``.
    """
    if name not in rec.gates:
        return False
    used = {n.name for e in rec.equations for n in walk(e.rhs) if isinstance(n, At)}
    rhs = rec.rhs(name)
    if isinstance(rhs, Call) and any(isinstance(a, Sym) for a in rhs.args):
        return name not in used
    return name not in used and not any(isinstance(n, (Call, Fn)) for n in walk(rhs))


def _reads(node: Node, names: tuple[str, ...], lag: int = 0) -> bool:
    return any(
        isinstance(n, At) and n.name in names and lag_of(n.time) == lag for n in walk(node)
    )


def share(loss: str, rec: Recurrence) -> str | None:
    r"""What ``L_t`` is in ``L = \sum_t \ell(y_t, d_t)``, under whatever letter; "" if nothing says.

    ``None`` for a summand with the step as a number in it: :math:`\tau(t)` may be a sequence.
    """
    from bptt_sym.render.latex import latex

    totals = [rec.totals[loss]] if loss in rec.totals else [*rec.totals.values()]
    sums = [n for total in totals for n in walk(total) if isinstance(n, Sum)]
    if len(totals) != 1 or len(sums) != 1 or not isinstance(totals[0], (Mul, Sum)):
        return ""
    terms = [n for n in walk(sums[0].body) if isinstance(n, At) and plain_name(n.name) in LOSSES]
    if any(n.name == loss or n.name not in rec.defined for n in terms):
        return ""  # L = sum of L_t, which is what nothing says
    step = sums[0].var
    if any(isinstance(n, Mul) and Idx(step) in n.args for n in walk(sums[0].body)):
        return None
    return latex(substitute_index(sums[0].body, sums[0].var, Idx(STEP)), rec)
