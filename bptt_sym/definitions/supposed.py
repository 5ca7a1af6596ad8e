r"""What a text about gradients leaves unsaid, and may: its loss, its outputs, its gates.

Notes write :math:`\partial L/\partial h_t` without ever defining :math:`L`. Everybody reads a loss
that adds up over the steps, or one of the last step, through an output computed from the state.
:func:`suppositions` says so in lines of LaTeX, with a sentence for the report. The functions are
left unknown, so that a formula is right only if it holds whatever they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum

from bptt_sym.decide.rewriting import defined_in_rows
from bptt_sym.definitions.gates import (
    GATES,
    at_step_t,
    free_gates,
    hidden_state,
    label_of_weights,
    letter_of,
    named_arguments,
)
from bptt_sym.definitions.inner_names import OUT_WEIGHTS, Argument, inner_names, preactivation
from bptt_sym.definitions.loose_ends import is_output, output_of, readout, share, tied, uncomputed
from bptt_sym.definitions.usage import LOSSES, OUTPUTS, Usage
from bptt_sym.documents.prose import Wording
from bptt_sym.notation import At, Fn, Idx, Mul, Node, Sym, Transpose, rebuild, walk
from bptt_sym.read.vocabulary import plain_name
from bptt_sym.recurrence import STEP, Recurrence, Shape, lag_of


class Evidence(IntEnum):
    """What a model rests on, and so what an author can be held to."""

    #: Letters alone: nothing that fails is wrong.
    GUESSED = 0
    #: Words name the cell, its equations are nowhere: what fails in all its usual forms, by a
    #: mistake that can be named, is wrong.
    NAMED = 1
    #: The document writes it down; what is supposed besides is whatever a reader supplies.
    WRITTEN = 2


@dataclass(frozen=True)
class Supposition:
    """Lines to add to a model, the shapes that go with them, and what is said about it.

    What ``evidence`` there is decides whether a formula that fails under it may be called wrong.
    """

    lines: tuple[str, ...]
    says: tuple[str, ...]
    shapes: Mapping[str, Shape] = field(default_factory=dict)
    evidence: Evidence = Evidence.WRITTEN
    #: Names whose meaning is a guess, whatever the rest is.
    guessed: frozenset[str] = frozenset()
    #: Sequences whose own lines give way to some of these.
    replaces: frozenset[str] = frozenset()
    #: Whether it mends a slip in a definition, so that the definition as written may be at fault.
    mends: bool = False
    #: Whether it only makes another supposition more special: what fails under it says nothing.
    special: bool = False


@dataclass
class _Draft:
    """A supposition in the making."""

    rec: Recurrence
    usage: Usage
    #: Names that have a meaning.
    known: set[str]
    lines: list[str] = field(default_factory=list)
    says: list[str] = field(default_factory=list)
    shapes: dict[str, Shape] = field(default_factory=dict)
    evidence: Evidence = Evidence.WRITTEN
    guessed: set[str] = field(default_factory=set)
    replaces: set[str] = field(default_factory=set)
    #: What outputs and losses are computed from.
    readout: str = ""
    #: A loss of one step, where it can be told.
    step_loss: str = ""
    #: Whether the text gives a loss that could not be read: it says which one it is.
    loss_given: bool = False
    mends: bool = False

    def add(self, says: str, *lines: str) -> None:
        self.says.append(says)
        self.lines += lines

    def finished(self, lines: Sequence[str] = (), says: Sequence[str] = ()) -> Supposition:
        return Supposition(
            (*self.lines, *lines), (*self.says, *says), self.shapes, self.evidence,
            frozenset(self.guessed), frozenset(self.replaces), self.mends,
        )  # fmt: skip


def suppositions(
    rec: Recurrence, usage: Usage, wording: Wording, refused: frozenset[str] = frozenset(),
    *, loss_given: bool = False,
) -> list[Supposition]:
    """The ways to complete ``rec`` by what the document uses and does not define.

    ``refused`` are names that the document does define, in a way that could not be read, and
    ``loss_given`` says that a loss is among those: it is supposed to be no usual one then.
    """  # fmt: skip
    sequences = {*rec.defined, *rec.inputs}
    parameters = set(rec.shapes) - {n for r in rec.totals.values() for n in _elements(r)}
    known = {plain_name(n) for n in (*sequences, *(parameters - set(rec.totals)))} | refused
    known -= {plain_name(n) for n in uncomputed(rec)}
    draft = _Draft(rec, usage, known, loss_given=loss_given and not wording.cross_entropy)
    gates = _gates(draft)
    for end in tied(rec, usage, wording):
        draft.replaces.add(plain_name(end.name))
        draft.mends = True
        draft.add(end.said, end.line)
    _closed(draft, wording)
    _slips(draft)
    _in_rows(draft)
    _applied_twice(draft)
    _arguments(draft)
    draft.readout = draft.readout or readout(rec)
    if not draft.readout:
        return []
    _outputs(draft, gates)
    return _losses(draft, wording)


def _arguments(draft: _Draft) -> None:
    """Names for the arguments of activations, where only the activation is written."""
    rec, usage, known = draft.rec, draft.usage, draft.known
    named: dict[str, Argument] = {}
    for pre in (preactivation(rec, usage, known), *inner_names(rec, usage, known)):
        if pre is None:
            continue
        lines = pre.lines
        if (first := named.get(pre.state)) is not None:
            once = re.sub(r"[{}]", "", pre.plain) == re.sub(r"[{}]", "", first.plain)
            if once or not (pre.sure and first.sure):
                continue
            # Two names for one argument: the way to the activation leads through both.
            draft.lines.remove(first.lines[-1])
            lines = (f"{pre.name} = {first.name}", pre.lines[-1])
        elif pre.state in draft.replaces:
            continue
        named[pre.state] = pre
        draft.replaces.add(pre.state)
        draft.add(f"{pre.name} is the argument of the activation", *lines)
        if not pre.sure:
            draft.guessed.add(pre.plain)  # of which activation is a guess
        known.add(pre.plain)


def _closed(draft: _Draft, wording: Wording) -> None:
    """``h_t = \\sigma(a_t)`` where ``a_t = w x_t + v h_{t-1}`` is all that is written."""
    rec = draft.rec
    if rec.states:
        return
    lagged = {
        (n.name, e.target)
        for e in rec.equations
        for n in walk(e.rhs)
        if isinstance(n, At) and n.name in rec.inputs and (lag_of(n.time) or 0) > 0
    }
    if len(lagged) != 1:
        return
    ((state, argument),) = lagged
    applied = {f for f, name in draft.usage.activated if name == plain_name(argument)}
    applied = applied or {f for f, name in draft.usage.slopes if name == plain_name(state)}
    function = applied.pop() if len(applied) == 1 else {
        "tanh": r"\tanh", "sigmoid": r"\sigma"
    }.get(wording.activation, "")  # fmt: skip
    if function:
        draft.add(
            f"{state}_t is the activation of {argument}_t",
            rf"{at_step_t(state)} = {function}({at_step_t(argument)})",
        )
        draft.readout = output_of(state, argument, rec)


def _slips(draft: _Draft) -> None:
    """``W_{xh} h_{t-1}`` in the definition of a state that has no input: ``x_t`` is meant."""
    from bptt_sym.render.latex import latex

    rec = draft.rec
    for state in rec.states:
        rhs = rec.rhs(state)
        if any(isinstance(n, At) and n.name in rec.inputs for n in walk(rhs)):
            continue
        weights = [n for n in walk(rhs) if _weighs(n, state)]
        slipped = [n for n in weights if re.search(r"_.*[xi]", _weight_of(n))]
        if len(weights) > 1 and len(slipped) == 1 and "x" not in draft.known:
            (wrong,) = slipped
            assert isinstance(wrong, Mul)
            right = replace(wrong, args=(wrong.args[0], At("x", Idx(STEP))))
            line = latex(_exchanged(rhs, wrong, right), rec)
            draft.replaces.add(plain_name(state))
            draft.mends = True
            draft.add(
                f"x_t is the input, where the definition has {_weight_of(wrong)} {state}_{{t-1}}",
                rf"{state}_{{t}} = {line}",
            )


def _in_rows(draft: _Draft) -> None:
    """``z_t = V s_t`` beside ``h_t = x_t U + s_{t-1} W``: the row ``s_t V`` is meant."""
    from bptt_sym.render.latex import latex

    rec = draft.rec
    if not defined_in_rows(rec):
        return
    for name in rec.gates:
        rhs = rec.rhs(name)
        columns = [
            n for n in walk(rhs)
            if isinstance(n, Mul) and len(n.args) == 2 and isinstance(n.args[0], Sym)
            and isinstance(n.args[1], At) and rec.shape(n.args[0].name) != ()
        ]  # fmt: skip
        if len(columns) != 1:
            continue
        weight, sequence = columns[0].args
        line = latex(_exchanged(rhs, columns[0], Mul((Transpose(weight), sequence))), rec)
        draft.replaces.add(plain_name(name))
        draft.mends = True
        draft.add(
            f"the product in {name}_t is that of a row and a matrix, as everywhere else",
            rf"{name}_{{t}} = {line}",
        )


def _applied_twice(draft: _Draft) -> None:
    """``h_t = σ(z_t)`` beside ``z_t = σ(W h_{t-1} + …)``: one of the two is a slip."""
    from bptt_sym.render.latex import latex

    rec = draft.rec
    for state in rec.states:
        rhs = rec.rhs(state)
        if not (isinstance(rhs, Fn) and isinstance(rhs.arg, At) and rhs.arg.name in rec.gates):
            continue
        inner = rec.rhs(rhs.arg.name)
        name = rhs.arg.name
        if isinstance(inner, Fn) and inner.name == rhs.name and lag_of(rhs.arg.time) == 0:
            draft.replaces.add(plain_name(name))
            draft.mends = True
            draft.add(
                f"{name}_t is the argument of the activation, which is applied once",
                rf"{name}_{{t}} = {latex(inner.arg, rec)}",
            )


def _weighs(node: Node, state: str) -> bool:
    return (
        isinstance(node, Mul)
        and len(node.args) == 2
        and isinstance(node.args[0], Sym)
        and isinstance(node.args[1], At)
        and node.args[1].name == state
    )


def _weight_of(node: Node) -> str:
    assert isinstance(node, Mul) and isinstance(node.args[0], Sym)
    return node.args[0].name


def _exchanged(node: Node, old: Node, new: Node) -> Node:
    return new if node is old else rebuild(node, lambda c: _exchanged(c, old, new))


def _outputs(draft: _Draft, gates: frozenset[str]) -> None:
    """Outputs that nothing defines: with their weight if the text uses one, else unknown."""
    known, usage, lines = draft.known, draft.usage, draft.lines
    labelled = {k.partition("_")[0] for k in known if "_" in k}  # a_f is no sign of an a
    layered = {k.partition("^{(")[0] for k in known}  # z^{(1)}, z^{(2)}, ...: they are the z
    given = known | gates | labelled | layered
    outputs = [n for n in OUTPUTS if n in usage.timed and n not in given]
    if _weighted(draft, gates):
        outputs = [n for n in outputs if n not in known]
    if "\\hat{y}" in outputs or "\\hat{y}" in known:
        outputs = [n for n in outputs if n != "y"]  # the target
    ends = any(is_softmax(n, draft.rec) for n in OUTPUTS if n != "y")
    if ends and "y" not in usage.computed | usage.varied:
        outputs = [n for n in outputs if n != "y"]  # the target of what the network ends in
    # (A state may be compared with a target itself, which then is nowhere differentiated.)
    shown = () if "y" in usage.computed | usage.varied else draft.rec.states
    if usage.aimed & {plain_name(n) for n in (*draft.rec.gates, *shown)}:
        outputs = [n for n in outputs if n != "y"]  # the target of what is written
    if any(plain_name(n) == "y" for n in draft.rec.gates) and r"\hat{y}" not in usage.computed:
        outputs = [n for n in outputs if n != r"\hat{y}"]  # y is the output, this the target
    scalar = draft.rec.is_scalar and not any("[h" in line for line in lines)
    for name in outputs:
        function = rf"\mathrm{{output}}_{{{len(lines)}}}"
        if not scalar:
            draft.shapes[name] = (f"d{len(draft.shapes)}",)
        draft.add(
            f"{name}_t is computed from {draft.readout}_t",
            rf"{at_step_t(name)} = {function}({at_step_t(draft.readout)}, 1)",
        )
        draft.readout = name


def _weighted(draft: _Draft, gates: frozenset[str]) -> bool:
    """``z_t = W_y h_t + b_y``, and its softmax where a prediction less its target stands."""
    usage, known = draft.usage, draft.known
    used = usage.scripts | usage.bare
    weights = [*OUT_WEIGHTS, *(["u", "v"] if draft.rec.is_scalar else [])]
    weight = next((w for w in weights if w in used and plain_name(w) not in known), "")
    predicted = next((p for p in (r"\hat{y}", r"\hat{p}") if p in used | set(usage.timed)), "")
    if any(plain_name(n) == "y" for n in draft.rec.gates) or is_output(draft.readout, draft.rec):
        return False
    gate_of_its_own = weight in ("W_o", "W_{oh}") and "o" in gates | known
    if not weight or gate_of_its_own or predicted in known:
        return False
    names = {*usage.bare, *usage.timed} - known - gates
    letter = next((n for n in ("z", "o", "q", "s", "y") if n in names), "")
    if letter == "y" and predicted:
        letter = ""
    # (∂E/∂V of an output that stands nowhere.)
    unnamed = weight in usage.weights and weight != "W_o" and "o" not in known
    output = letter or predicted or ("o" if unnamed else "")
    if not output:
        return False
    state = at_step_t(draft.readout)
    product = f"{state} {weight}" if defined_in_rows(draft.rec) else f"{weight} {state}"
    draft.add(
        f"{output}_t is an affine function of {draft.readout}_t",
        rf"{output}_{{t}} = {product} + b_{{{output}}}",
    )
    draft.readout = output
    known.add(output)
    if usage.residuals and predicted and draft.loss_given:
        known.add(predicted)
    elif usage.residuals and output == predicted:
        draft.step_loss = rf"\frac{{1}}{{2}} \left\| {predicted}_{{t}} - y_{{t}} \right\|^2"
        draft.says.append("the loss is half the squared error")
    elif usage.residuals and predicted:
        known.add(predicted)
        draft.add(
            f"{predicted}_t is the softmax of {letter}_t",
            rf"{predicted}_{{t}} = \mathrm{{softmax}}({letter}_{{t}})",
        )
        draft.step_loss = rf"\left(-y_{{t}}^{{\top}} \log {predicted}_{{t}}\right)"
        draft.says.append("the loss is the cross-entropy")
    return True


def _losses(draft: _Draft, wording: Wording) -> list[Supposition]:
    """Losses that nothing defines are unknown functions of the output, summed or of one step."""
    rec, usage, known = draft.rec, draft.usage, draft.known
    unknown = draft.step_loss or rf"\mathrm{{loss}}({at_step_t(draft.readout)}, 1)"
    step_losses = [n for n in rec.gates if _is_loss(n) and rec.shape(n) == ()]
    cells = {"C"} if {r"\tilde{C}", "f"} & set(usage.timed) else set()
    for name in LOSSES:
        if name in cells:
            continue  # a cell state whose equation is not in force here
        if name in usage.timed and name not in known and _steps(usage.timed[name]):
            own = next((n for n in rec.totals if plain_name(n) == name), name)  # in its font
            if (term := share(own, rec)) is None:
                continue
            draft.add(f"{own}_t is a loss of step t", rf"{own}_{{t}} = {term or unknown}")
            step_losses.append(own)
            known.add(name)
            break
    known |= {plain_name(n) for n in rec.totals}
    if rec.totals:
        known |= {plain_name(n) for n in rec.functions}  # in loss_t = L(a_t, y_t), L is no total
    totals = [n for n in LOSSES if n in usage.bare and n not in known | cells]
    if len(totals) > 1:
        rarely = {"C", "e", "l", "J", r"\varepsilon"} - usage.differentiated
        totals = [n for n in totals if n not in rarely]
    written = {plain_name(n) for n in rec.totals}
    # (In whatever font: both are one letter, as the equation of the loss of a step has it.)
    own_font = {plain_name(n): n for n in reversed(step_losses)}
    same = [
        own_font[n] for n in LOSSES if n in usage.bare and n in own_font and n not in written
    ]
    if same:
        # L beside L_t, whatever name the whole has elsewhere
        totals = [*same[:1], *(n for n in totals if n not in same[:1])]
    if not totals:
        return [draft.finished()] if draft.lines else []
    each = [n for n in step_losses if plain_name(n) in totals] or step_losses
    term = at_step_t(each[0]) if each else unknown
    last = term.replace("_{t}", "_{T}").replace("^{(t)}", "^{(T)}")
    whole = rf"\sum_{{t=1}}^{{T}} {term}"
    ways = [(whole, "is the sum of the losses of the steps"), (last, "is a loss of the last step")]
    if wording.mean:
        ways[:1] = [(rf"\frac{{1}}{{T}} {whole}", "is the mean of the losses of the steps")]
    means = [([f"{n} = {x}" for n in totals], [f"{n} {said}" for n in totals]) for x, said in ways]
    out = [draft.finished(lines, says) for lines, says in means]
    return out[::-1] if wording.last_step_loss else out


def is_softmax(name: str, rec: Recurrence) -> bool:
    """Whether ``name``, in whatever font, is defined as a softmax."""
    owner = next((n for n in rec.defined if plain_name(n) == name), "")
    rhs = rec.rhs(owner) if owner else None
    return isinstance(rhs, Fn) and rhs.name == "softmax"


def _elements(node: Node) -> set[str]:
    return {n.name for n in walk(node) if isinstance(n, At)}


def _steps(steps: set[str]) -> bool:
    return any(s != "name" for s in steps)


def _is_loss(name: str) -> bool:
    return plain_name(name) in LOSSES


def _gates(draft: _Draft) -> frozenset[str]:
    """Gates that multiply a state and that nothing defines get the equations that gates have."""
    rec, usage = draft.rec, draft.usage
    free = free_gates(rec)
    found = hidden_state(rec, usage, draft.known)
    hidden, opened = ("", "") if found is None else found[:2]
    if not rec.states or not (free or hidden):
        return frozenset()
    if found is not None:
        draft.add(
            f"{hidden}_t is what {opened}_t lets through of {found[2]}_t",
            rf"{hidden}_{{t}} = {opened}_{{t}} \odot \tanh({found[2]}_{{t}})",
        )
        draft.evidence = min(draft.evidence, Evidence.NAMED)
        draft.readout = hidden
        draft.known.add(plain_name(hidden))
    state = hidden or next((s for s in rec.defined if plain_name(s) == "h"), rec.states[-1])
    if opened and plain_name(opened) not in draft.known:
        free.append(opened)
    form = state.partition("{")[0] + "{%s}" if "{" in state else "%s"
    arguments = named_arguments(free, usage, draft.known)
    draft.known |= {plain_name(a.removesuffix("^{(t)}")) for a in arguments.values()}
    for name in free:
        function = GATES[letter_of(name)]
        tag = label_of_weights(name, usage)
        x = form % "x" if plain_name(form % "x") in usage.timed else "x"
        split = any(s.startswith(("U_" + tag, "U_{" + tag)) for s in usage.scripted)
        inner = (
            rf"W_{{{tag}}} {x}_{{t}} + U_{{{tag}}} {state}_{{t-1}} + b_{{{tag}}}" if split
            else rf"W_{{{tag}}} [{state}_{{t-1}}, {x}_{{t}}] + b_{{{tag}}}"
        )  # fmt: skip
        if argument := arguments.get(name, ""):
            draft.lines.append(f"{argument} = {inner}")
        draft.lines.append(f"{name}_{{t}} = {function}({argument or inner})")
    if free:
        said = "the gates " + ", ".join(free)
        draft.says.append(f"{said} are activations of {state}_{{t-1}} and x_t")
    return frozenset(plain_name(n) for n in free)
