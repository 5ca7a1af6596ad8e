r"""What a text about gradients leaves unsaid, and may: its loss, its outputs, its gates.

Notes write :math:`\partial L/\partial h_t` without ever defining :math:`L`. Everybody reads a loss
that adds up over the steps, or one of the last step, through an output computed from the state.
:func:`suppositions` says so in lines of LaTeX, with a sentence for the report. The functions are
left unknown, so that a formula is right only if it holds whatever they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bptt_sym.check.completion import mentions
from bptt_sym.check.prose import Wording
from bptt_sym.errors import InputError
from bptt_sym.notation import At, Fn, Had, Mul, Node, walk
from bptt_sym.read.tokens import tokenize
from bptt_sym.read.vocabulary import plain_name
from bptt_sym.recurrence import Recurrence, Shape

#: Letters of a loss, most usual first.
LOSSES = tuple(
    r"L \mathcal{L} E J C \ell l \mathcal{E} \mathcal{J} \mathcal{C} \mathrm{Loss} \mathrm{loss} "
    r"\mathrm{cost} \mathrm{Cost} Loss loss cost Cost \xi \varepsilon e".split()
)
#: Letters of an output, those computed first before those computed from them.
OUTPUTS = tuple(r"z o s v a q \hat{o} \hat{z} p y \hat{p} \hat{y} \tilde{y} \bar{y}".split())
#: Letters of gates and candidates.
GATES = {
    "i": r"\sigma", "f": r"\sigma", "o": r"\sigma", "z": r"\sigma", "r": r"\sigma",
    "\\Gamma": r"\sigma", "g": r"\tanh", "n": r"\tanh", "a": r"\tanh", "j": r"\tanh",
    r"\tilde{c}": r"\tanh", r"\hat{c}": r"\tanh", r"\bar{c}": r"\tanh", r"\tilde{C}": r"\tanh",
    r"\hat{C}": r"\tanh", r"\tilde{h}": r"\tanh", r"\hat{h}": r"\tanh", r"\bar{C}": r"\tanh",
}  # fmt: skip


_LAST = re.compile(r"\s*\}?\s*_\s*\{?\s*(?:n|N|\\tau)\s*(?:\}|(?![A-Za-z}]))")


@dataclass(frozen=True)
class Supposition:
    """Lines to add to a model, the shapes that go with them, and what is said about it.

    ``sure`` tells whether a formula that fails under it may be called wrong: a standard cell that
    the text nowhere writes down is not what its author can be held to.
    """

    lines: tuple[str, ...]
    says: tuple[str, ...]
    shapes: Mapping[str, Shape] = field(default_factory=dict)
    sure: bool = True
    #: A sequence whose own line gives way to one of these.
    replaces: str = ""


@dataclass
class Usage:
    """The names of a whole document: with which steps each occurs, and that it stands bare."""

    timed: dict[str, set[str]] = field(default_factory=dict)
    bare: set[str] = field(default_factory=set)
    scripted: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, texts: Sequence[str], words: frozenset[str] = frozenset()) -> Usage:
        usage = cls()
        for text in texts:
            try:
                tokens = tokenize(text, words)
            except InputError:
                continue
            for m in mentions(text, tokens):
                name = plain_name(m.name)
                if m.step == "name" and name in (*LOSSES, *OUTPUTS) and _LAST.match(text, m.end):
                    usage.timed.setdefault(name, set()).add("n")
                elif m.step == "name":
                    usage.scripted.add(name + "".join(text[m.end : m.end + 6].split()))
                elif m.step:
                    usage.timed.setdefault(name, set()).add(m.step)
                else:
                    usage.bare.add(name)
        return usage


def suppositions(
    rec: Recurrence, usage: Usage, wording: Wording, refused: frozenset[str] = frozenset()
) -> list[Supposition]:
    """The ways to complete ``rec`` by what the document uses and does not define.

    ``refused`` are names that the document does define, in a way that could not be read.
    """
    lines: list[str] = []
    says: list[str] = []
    shapes: dict[str, Shape] = {}
    sequences = {*rec.defined, *rec.inputs}
    parameters = set(rec.shapes) - {n for r in rec.totals.values() for n in _elements(r)}
    known = {plain_name(n) for n in (*sequences, *(parameters - set(rec.totals)))} | refused
    gates, sure = _gates(rec, usage, lines, says)
    if not rec.states:
        return []
    readout = _readout(rec)
    outputs = [n for n in OUTPUTS if n in usage.timed and n not in known and n not in gates]
    pre = _preactivation(rec, usage, known)
    replaces = ""
    if pre:
        name, replaces, added = pre
        lines += added
        says.append(f"{name}_t is the argument of the activation")
        # Of which activation is a guess: what fails under it is not thereby wrong.
        sure = False
        known.add(name)
        outputs = [n for n in outputs if n != name]
    if "\\hat{y}" in outputs or "\\hat{y}" in known:
        outputs = [n for n in outputs if n != "y"]  # the target
    scalar = rec.is_scalar and not any("[h" in line for line in lines)
    for name in outputs:
        lines.append(rf"{name}_{{t}} = \mathrm{{output}}_{len(lines)}({readout}_{{t}}, 1)")
        if not scalar:
            shapes[name] = (f"d{len(shapes)}",)
        says.append(f"{name}_t is computed from {readout}_t")
        readout = name
    step_losses = [n for n in rec.gates if _is_loss(n) and rec.shape(n) == ()]
    for name in LOSSES:
        if name in usage.timed and name not in known and _steps(usage.timed[name]):
            lines.append(rf"{name}_{{t}} = \mathrm{{loss}}({readout}_{{t}}, 1)")
            says.append(f"{name}_t is a loss of step t")
            step_losses.append(name)
            known.add(name)
            break
    known |= {plain_name(n) for n in rec.totals}
    totals = [n for n in LOSSES if n in usage.bare and n not in known]
    if len(totals) > 1:
        totals = [n for n in totals if n not in ("C", "e", "l", "J", r"\varepsilon")]
    same = [n for n in LOSSES if n in usage.bare and n in step_losses]
    if not totals and same and not rec.totals:
        totals = same[:1]
    if not totals:
        if not lines:
            return []
        return [Supposition(tuple(lines), tuple(says), shapes, sure, replaces)]
    term = f"{step_losses[0]}_{{t}}" if step_losses else rf"\mathrm{{loss}}({readout}_{{t}}, 1)"
    last = term.replace("_{t}", "_{T}")
    out = []
    for total_line, said in (
        (rf"\sum_{{t=1}}^{{T}} {term}", "is the sum of the losses of the steps"),
        (last, "is a loss of the last step"),
    ):
        more = [f"{n} = {total_line}" for n in totals]
        told = [f"{n} {said}" for n in totals]
        out.append(Supposition((*lines, *more), (*says, *told), shapes, sure, replaces))
    return out[::-1] if wording.last_step_loss else out


def _elements(node: Node) -> set[str]:
    return {n.name for n in walk(node) if isinstance(n, At)}


def _steps(steps: set[str]) -> bool:
    return any(s != "name" for s in steps)


def _is_loss(name: str) -> bool:
    return plain_name(name) in LOSSES


def _readout(rec: Recurrence) -> str:
    """What a loss looks at: the last output that no state uses, else the last state."""
    used = {n.name for e in rec.equations for n in walk(e.rhs) if isinstance(n, At)}
    reached: set[str] = set(rec.states)
    found = ""
    for e in rec.equations:
        names = {n.name for n in walk(e.rhs) if isinstance(n, At)}
        if names & reached:
            reached.add(e.target)
            if e.target not in used and e.target not in rec.states and not _is_loss(e.target):
                found = e.target
    return found or rec.states[-1]


def _preactivation(
    rec: Recurrence, usage: Usage, known: set[str]
) -> tuple[str, str, tuple[str, str]] | None:
    """``z_t`` for the argument of the state's activation, where only the activation is written."""
    from bptt_sym.render.latex import latex

    for name in ("z", "a", r"\mathrm{net}", "net", "s", "u"):
        if name not in usage.timed or name in known:
            continue
        # ŷ = softmax(z): the argument of the output's activation before that of the state's.
        outputs = [n for n in rec.gates if plain_name(n) in (r"\hat{y}", r"\hat{p}", "y", "p")]
        for state in (*(outputs if name in ("z", "s", "u") else ()), *rec.states):
            rhs = rec.rhs(state)
            output_too = {"o", r"\hat{y}", "y"} & set(usage.timed)
            if isinstance(rhs, Fn) and (name != "z" or output_too or len(rec.states) == 1):
                if name == "z" and not _looks_inner(usage):
                    continue
                return name, plain_name(state), (
                    f"{name}_{{t}} = {latex(rhs.arg, rec)}",
                    f"{state}_{{t}} = {_written(rhs.name)}({name}_{{t}})",
                )  # fmt: skip
    return None


def _written(function: str) -> str:
    """A function's name in the reader's LaTeX."""
    if function == "sigma":
        return r"\sigma"
    return "\\" + function if function in ("tanh", "exp") else function


def _looks_inner(usage: Usage) -> bool:
    return r"\hat{y}" in usage.timed or "o" in usage.timed or not usage.bare & {"V", "W_y"}


def _gates(
    rec: Recurrence, usage: Usage, lines: list[str], says: list[str]
) -> tuple[frozenset[str], bool]:
    """Gates that multiply a state and that nothing defines get the equations that gates have."""
    free = [n for n in rec.inputs if plain_name(n) in GATES]
    factors: set[str] = set()
    for e in rec.equations:
        for n in walk(e.rhs):
            if isinstance(n, (Had, Mul)):
                parts = [m for a in n.args for m in ([a] if isinstance(a, At) else walk(a))]
                factors |= {m.name for m in parts if isinstance(m, At)}
    free = [n for n in free if n in factors]
    if not free or not rec.states:
        return frozenset(), True
    state = next((s for s in rec.defined if plain_name(s) == "h"), rec.states[-1])
    for name in free:
        tag = plain_name(name)
        tag = tag[7:-1] if tag.startswith("\\tilde{") else tag[5:-1] if "{" in tag else tag
        function = GATES[plain_name(name)]
        split = any(s.startswith(("U_" + tag, "U_{" + tag)) for s in usage.scripted)
        inner = (
            rf"W_{{{tag}}} x_{{t}} + U_{{{tag}}} {state}_{{t-1}} + b_{{{tag}}}" if split
            else rf"W_{{{tag}}} [{state}_{{t-1}}, x_{{t}}] + b_{{{tag}}}"
        )  # fmt: skip
        lines.append(f"{name}_{{t}} = {function}({inner})")
    says.append(
        "the gates " + ", ".join(free) + f" are activations of {state}_{{t-1}} and x_t"
    )
    return frozenset(plain_name(n) for n in free), True


def abstract_cell(applied: Mapping[str, str]) -> Supposition | None:
    """``h_t = f(x_t, h_{t-1}, w)`` where a text applies f to these and never says so."""
    lines: list[str] = []
    for f, arguments in applied.items():
        state = re.search(r"([hs])_\{?\s*t\s*-\s*1\s*\}?", arguments)
        if state and f in ("f", "F", r"\phi"):
            lines.append(f"{state.group(1)}_{{t}} = {f}{arguments}")
    for g, arguments in applied.items():
        if lines and g in ("g", "G") and re.match(r"\(\s*[hs]_\{?t", arguments):
            lines.append(f"o_{{t}} = {g}{arguments}")
    if not lines:
        return None
    return Supposition(
        tuple(lines[:2]), ("the state is what f gives, which the text does not write down",),
        sure=False,
    )  # fmt: skip


def standard_cell(usage: Usage, wording: Wording) -> Supposition | None:
    """The cell that a text names and uses without writing it down."""
    timed = usage.timed
    for form in ("{}", r"\vec{{{}}}", r"\mathbf{{{}}}"):
        names = {n: form.format(n) for n in ("c", "C", "f", "i", "o", "h", "g", "a", "x")}
        cell = next((names[c] for c in ("c", "C") if names[c] in timed), "")
        gates = {names["f"], names["i"], names["o"]} & set(timed)
        if cell and (wording.lstm or gates):
            return _standard_lstm(cell, names, usage)
    for state in ("h", "s"):
        if state in timed:
            weight = next(
                (
                    w
                    for w in ("W_{hh}", "W_h", "W_{rec}", "U", "W")
                    if w in usage.bare or any(s.startswith(w) for s in usage.scripted)
                ),
                "",
            )
            if weight:
                return Supposition(
                    (rf"{state}_{{t}} = \tanh({weight} {state}_{{t-1}} + V_x x_{{t}} + b_x)",),
                    ("the cell is the simple recurrent network with tanh, "
                     "which the text does not write down",),
                    sure=False,
                )  # fmt: skip
    return None


def _standard_lstm(cell: str, names: Mapping[str, str], usage: Usage) -> Supposition:
    candidate = next(
        (n for n in (rf"\tilde{{{cell}}}", rf"\hat{{{cell}}}", names["g"], rf"\bar{{{cell}}}",
                     names["a"]) if n in usage.timed),
        rf"\tilde{{{cell}}}",
    )  # fmt: skip
    split = any(s.startswith(("U_f", "U_i", "U_{f", "U_{i", "U_c")) for s in usage.scripted)
    h, x = names["h"], names["x"]

    def gate(name: str, tag: str, function: str) -> str:
        inner = (
            rf"W_{tag} {x}_{{t}} + U_{tag} {h}_{{t-1}} + b_{tag}" if split
            else rf"W_{tag} [{h}_{{t-1}}, {x}_{{t}}] + b_{tag}"
        )  # fmt: skip
        return f"{name}_{{t}} = {function}({inner})"

    letter = cell if len(cell) == 1 else cell[-2]
    tag = {names["g"]: "g", names["a"]: "a"}.get(candidate, letter)
    f, i, o = names["f"], names["i"], names["o"]
    return Supposition(
        (
            gate(f, "f", r"\sigma"), gate(i, "i", r"\sigma"), gate(o, "o", r"\sigma"),
            gate(candidate, tag, r"\tanh"),
            rf"{cell}_{{t}} = {f}_{{t}} \odot {cell}_{{t-1}} + {i}_{{t}} \odot {candidate}_{{t}}",
            rf"{h}_{{t}} = {o}_{{t}} \odot \tanh({cell}_{{t}})",
        ),
        ("the cell is the standard LSTM, which the text does not write down",),
        sure=False,
    )  # fmt: skip
