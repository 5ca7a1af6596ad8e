"""Gates and the state that they let through, where a text leaves their equations out."""

from __future__ import annotations

from collections.abc import Collection

from bptt_sym.check.usage import Usage
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
