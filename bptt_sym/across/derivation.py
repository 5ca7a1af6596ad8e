r"""Derivations across joined recurrences: paths through stages and time.

Each stage runs over its own steps. What a later stage passes back to a sequence :math:`h` of an
earlier one is a cotangent :math:`\varepsilon_t`, a column; with it the earlier stage has the total
:math:`\Lambda=\sum_t\varepsilon_t^\top h_t`, whose derivatives, :math:`\varepsilon` held fixed, are
those of the loss along the paths through :math:`h` (the chain rule; :math:`\eta` stands for
:math:`\varepsilon` where only the last step is read). So every stage has a derivation of its own
that replays by itself, and the stages meet in equations between cotangents.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, final

from bptt_sym.derive import Derivation
from bptt_sym.errors import InputError, NotSupported
from bptt_sym.forms import derive
from bptt_sym.joined import Joined, Wire
from bptt_sym.notation import ONE, At, D, Idx, Mul, Node, Sum, Sym, Transpose, add, index, num
from bptt_sym.recurrence import HORIZON, STEP, Recurrence
from bptt_sym.render import latex, text

TOTAL, EACH, LAST = r"\Lambda", r"\varepsilon", r"\eta"


@final
@dataclass(frozen=True)
class Handover:
    """What ``wire`` passes back: the cotangent ``name`` of the source's sequence.

    ``derivation`` is that of the target's total by what the wire brings, at step ``t`` where it
    brings one value a step.
    """

    wire: Wire
    name: str
    derivation: Derivation

    def formula(self, show: Any, transposed: str) -> str:
        """The equation between the cotangents, printed by ``show``."""
        d = self.derivation
        assert d.target is not None
        y, x = d.target.y, d.target.x
        match self.wire.how:
            case "last":
                left: Node = Sym(self.name)
            case _:
                left = At(self.name, Idx(STEP))
        if self.wire.how == "reversed":
            x = At(self.wire.name, index(HORIZON, f"-{STEP}", 1))
        right = f"({show(D(y, x, 'total'), d.recurrence)})"
        if self.wire.how == "memory":
            return f"{show(left)} = {right}_{STEP}{transposed}"
        return f"{show(left)} = {right}{transposed}"

    @property
    def words(self) -> str:
        """In words."""
        w = self.wire
        way = {
            "same": "at the same step",
            "reversed": "at the step counted from the other end",
            "memory": f"row t of the cotangent of {w.name}",
            "last": "from the initial value to the last state",
        }[w.how]
        return f"what {w.target} passes back to {w.source}.{w.sequence}: {way}"


@final
@dataclass(frozen=True)
class Across:
    """The gradient of a joined model's loss by one parameter.

    ``parts`` are in the order of the way back: the handovers, and for every stage that uses the
    parameter the derivation of its total by it. The gradient is the sum of the latter.
    """

    net: Joined
    parameter: str
    parts: tuple[Handover | tuple[str, Derivation], ...]

    @property
    def title(self) -> str:
        return f"d{self.net.loss}/d({self.parameter}) across {', '.join(self.net.stages)}"

    def _sections(self, format: str) -> list[tuple[str, str, str]]:
        """``(heading, derivation, equation)`` of each part."""
        show, mark = (text, "ᵀ") if format == "text" else (latex, r"^\top")
        out = []
        for part in self.parts:
            if isinstance(part, Handover):
                body = part.derivation._render(format)
                out.append((f"{part.wire.target}: {part.words}", body, part.formula(show, mark)))
            else:
                stage, d = part
                out.append((f"{stage}: its own use of the parameter", d._render(format), ""))
        uses = [p[1] for p in self.parts if not isinstance(p, Handover)]
        sides = [show(d.target, d.recurrence) for d in uses if d.target is not None]
        out.append(("the gradient, summed over the stages", "", " + ".join(sides)))
        return out

    def text(self) -> str:
        """Every stage's derivation and the equations between them, as Unicode text."""
        lines = [self.title, "T is each stage's own number of steps", ""]
        for heading, body, equation in self._sections("text"):
            lines += [f"== {heading}", *([body] if body else [])]
            lines += [equation, ""] if equation else []
        return "\n".join(lines)

    def latex(self) -> str:
        """The same as LaTeX: paragraphs, ``align*`` blocks and displayed equations."""
        lines = []
        for heading, body, equation in self._sections("latex"):
            lines.append(rf"\paragraph{{{heading.replace('_', chr(92) + '_')}}}")
            lines += [body] if body else []
            lines += [rf"\[ {equation} \]"] if equation else []
        return "\n".join(lines)

    def markdown(self) -> str:
        """The same as Markdown."""
        lines = [f"# {self.title}", ""]
        for heading, body, equation in self._sections("markdown"):
            lines += [f"## {heading}", "", *([body, ""] if body else [])]
            lines += [f"$${equation}$$", ""] if equation else []
        return "\n".join(lines)

    def replay(self, seed: int = 1) -> list[Any]:
        """Decide every step of every part, and the whole.

        The whole: at exact random values (mod p), the gradient that the last formulas of the parts
        give, cotangents handed back from stage to stage, is the one by forward propagation through
        all stages. The verdicts are those of the steps.

        Raises
        ------
        ReplayError
            At the first step that does not hold, or if the whole does not.
        """
        from bptt_sym.across.whole import check_whole

        derivations = [p.derivation if isinstance(p, Handover) else p[1] for p in self.parts]
        verdicts = [v for d in derivations for v in d.replay()]
        check_whole(self, seed)
        return verdicts


def derive_across(net: Joined, parameter: str, form: str = "adjoint") -> Across:
    """The gradient of a joined model's loss by ``stage.name``, for every number of steps.

    ``form`` is that of every part for which it exists, else the part is in the form adjoint.

    Raises
    ------
    InputError
        The model has no such parameter.
    NotSupported
        The loss does not depend on it, or no form of a part exists.
    """
    key = net.tied.get(parameter, parameter)
    if key not in net.parameters:
        raise InputError(
            f"no parameter {parameter!r}", token=parameter, hint=", ".join(net.parameters)
        )
    owners = [key, *(k for k, v in net.tied.items() if v == key)]
    uses = [o.partition(".")[::2] for o in owners]
    wanted = _between(net, {stage for stage, _ in uses})
    wires = [w for w in net.wires if w.source in wanted and w.target in wanted]
    parts: list[Handover | tuple[str, Derivation]] = []
    for stage in reversed([s for s in net.stages if s in wanted]):
        rec, total = stage_model(net, stage, [w for w in wires if w.source == stage])
        for w in wires:
            if w.target == stage:
                parts.append(Handover(w, cotangent(net, w, wires), _part(rec, total, _by(w), form)))
        for owner, name in uses:
            if owner == stage:
                parts.append((stage, _part(rec, total, Sym(name), form)))
    return Across(net, key, tuple(parts))


def _between(net: Joined, starts: set[str]) -> set[str]:
    """The stages on a way from one of ``starts`` to the last."""
    last = [*net.stages][-1]
    reaches = {last}
    for stage in reversed(net.stages):
        if any(w.source == stage and w.target in reaches for w in net.wires):
            reaches.add(stage)
    reached = set(starts)
    for stage in net.stages:
        if any(w.target == stage and w.source in reached for w in net.wires):
            reached.add(stage)
    if not reaches & starts:
        raise NotSupported("the loss does not depend on the parameter: the derivative is 0")
    return reaches & reached


def cotangent(net: Joined, wire: Wire, wires: list[Wire]) -> str:
    """The name of what the wire passes back; several wires from one stage have numbers."""
    beside = [w for w in wires if w.source == wire.source]
    name = LAST if wire.how == "last" else EACH
    same = [w for w in beside if (w.how == "last") == (wire.how == "last")]
    return name if len(same) == 1 else f"{name}^{{({same.index(wire) + 1})}}"


def stage_model(net: Joined, stage: str, out: list[Wire]) -> tuple[Recurrence, str]:
    """A stage with the total that its derivatives are of, and the name of that total."""
    rec = net.stages[stage]
    if stage == [*net.stages][-1]:
        return rec, net.loss
    terms: list[Node] = []
    shapes = dict(rec.shapes)
    for w in out:
        name = cotangent(net, w, out)
        shape = shapes[name] = rec.shape(w.sequence)
        time: Node = Idx(HORIZON) if w.how == "last" else Idx("k")
        given: Node = Sym(name) if w.how == "last" else At(name, time)
        body = Mul((Transpose(given) if shape else given, At(w.sequence, time)))
        terms.append(body if w.how == "last" else Sum("k", ONE, Idx(HORIZON), body))
    kept = {n: s for n, s in shapes.items() if n not in rec.totals}
    return replace(rec, totals={TOTAL: add(*terms)}, shapes=kept), TOTAL


def _by(wire: Wire) -> Node:
    """What the wire brings, in the target."""
    match wire.how:
        case "last":
            return At(wire.name, num(0))
        case "memory":
            return Sym(wire.name)
        case _:
            return At(wire.name, Idx(STEP))


def _part(rec: Recurrence, total: str, x: Node, form: str) -> Derivation:
    for attempt in dict.fromkeys((form, "adjoint", "series", "horner")):
        try:
            return derive(rec, (Sym(total), x), form=attempt)
        except NotSupported as error:
            reason = error
    raise reason
