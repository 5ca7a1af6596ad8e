"""Gates and the state that they let through, where a text leaves their equations out."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from bptt_sym.definitions.usage import Usage
from bptt_sym.notation import Add, At, Had, Mul, Node, walk
from bptt_sym.read.vocabulary import plain_name
from bptt_sym.recurrence import Recurrence, lag_of

#: Letters of gates and candidates.
GATES = {
    "i": r"\sigma", "f": r"\sigma", "o": r"\sigma", "z": r"\sigma", "r": r"\sigma",
    "\\Gamma": r"\sigma", "g": r"\tanh", "n": r"\tanh", "a": r"\tanh", "j": r"\tanh",
    r"\tilde{c}": r"\tanh", r"\hat{c}": r"\tanh", r"\bar{c}": r"\tanh", r"\tilde{C}": r"\tanh",
    r"\hat{C}": r"\tanh", r"\tilde{h}": r"\tanh", r"\hat{h}": r"\tanh", r"\bar{C}": r"\tanh",
}  # fmt: skip


#: What texts call the argument of a gate's activation.
ARGUMENTS = ("a_%s", "z_%s", "a_{%s}", "z_{%s}", r"\mathrm{net}_%s", r"\mathrm{net}_{%s}")


def at_step_t(name: str) -> str:
    """``name`` at step t, as LaTeX takes it beside a script that the name has already."""
    return f"{name}^{{(t)}}" if "_" in name else f"{name}_{{t}}"


def written(function: str) -> str:
    """A function's name in the reader's LaTeX."""
    if function == "sigma":
        return r"\sigma"
    return "\\" + function if function in ("tanh", "exp") else function


def bare_letter(name: str) -> str:
    r"""The letter of a gate in the scripts of its weights: ``c`` for ``\tilde{c}``."""
    letter = letter_of(plain_name(name))
    if letter.startswith(r"\Gamma_"):
        return letter.rpartition("_")[2]
    return letter[letter.find("{") + 1 : -1] if letter.endswith("}") else letter


def label_of_weights(name: str, usage: Usage) -> str:
    """The letter in the scripts of the weights of a gate, which may be small where it is not."""
    letter = bare_letter(name)

    def weighs(tag: str) -> bool:
        return any(re.match(rf"[WU]_\{{?{tag}", s) for s in usage.scripts | usage.scripted)

    if letter.isalpha() and not weighs(letter) and weighs(letter.lower()):
        return letter.lower()
    return letter


def named_arguments(
    gates: Sequence[str], usage: Usage, known: Collection[str]
) -> dict[str, str]:
    r"""What the text calls the arguments of these gates: ``\mathrm{net}_{f}^{(t)}``.

    Empty where one alone has a letter, which may mean anything.
    """
    found: dict[str, str] = {}
    for gate in gates:
        letters = dict.fromkeys((bare_letter(gate), plain_name(gate), bare_letter(gate).lower()))
        for name in (form % n for n in letters for form in ARGUMENTS if "{%s}" in form):
            if plain_name(name) in usage.running and plain_name(name) not in known:
                found.setdefault(gate, rf"{name}^{{(t)}}")
    sure = len(found) > 1 or any(name.startswith(r"\mathrm") for name in found.values())
    return found if sure else {}


def free_gates(rec: Recurrence) -> list[str]:
    """What multiplies in the equations, has the letter of a gate, and no equation."""
    factors: set[str] = set()
    for e in rec.equations:
        for n in walk(e.rhs):
            if isinstance(n, (Had, Mul)):
                parts = [m for a in n.args for m in ([a] if isinstance(a, At) else walk(a))]
                factors |= {m.name for m in parts if isinstance(m, At)}
    return [n for n in rec.inputs if letter_of(n) in GATES and n in factors]


def letter_of(name: str) -> str:
    """The letter of a gate, without an arrow over it."""
    plain = plain_name(name)
    return plain[5:-1] if plain.startswith(r"\vec{") else plain


def hidden_state(
    rec: Recurrence, usage: Usage, known: Collection[str]
) -> tuple[str, str, str] | None:
    r"""The names of h, o and c of ``h_t = o_t \odot \tanh(c_t)``, where c alone is written.

    ``None`` if nothing of the kind is to be supposed.
    """
    for cell in rec.states:
        letter = letter_of(cell)
        if letter not in ("c", "C") or not isinstance(rec.rhs(cell), Add):
            continue
        plain, braced = plain_name(cell), "{" + letter + "}"
        state, gate = (plain.replace(braced, "{" + n + "}") if braced in plain else n for n in "ho")
        if any(e.target != cell and _reads(e.rhs, cell) for e in rec.equations):
            continue  # it is let through under another name
        gated = any(isinstance(n, (Had, Mul)) for n in walk(rec.rhs(cell)))
        used = {plain_name(n) for n in (state, gate)} <= {*usage.timed, *known}
        if gated and used and plain_name(state) not in known:
            return state, gate, cell
    return None


def _reads(node: Node, cell: str) -> bool:
    """Whether the cell state of the same step stands in an equation."""
    return any(isinstance(n, At) and n.name == cell and lag_of(n.time) == 0 for n in walk(node))
