r"""The loss that goes with a softmax, where a text names neither the loss nor its equation.

:math:`\hat y_t = \mathrm{softmax}(o_t)` and :math:`\partial L_t/\partial o_t = \hat y_t - y_t`
say together that the loss is the cross-entropy.
"""

from __future__ import annotations

from dataclasses import replace

from bptt_sym.check.prose import Wording
from bptt_sym.check.supposed import Evidence, Supposition
from bptt_sym.check.usage import Usage
from bptt_sym.notation import Fn
from bptt_sym.read.vocabulary import plain_name
from bptt_sym.recurrence import Recurrence

_OUTPUTS = (r"\hat{y}", r"\hat{p}", "p", "o", "y")
_TARGETS = ("y", r"\mathbf{y}", "d", r"\hat{y}")


def cross_entropy(
    s: Supposition, rec: Recurrence, usage: Usage, wording: Wording
) -> Supposition | None:
    """``s`` with the cross-entropy in the place of its unknown loss; ``None`` where nothing
    suggests it."""
    known = {plain_name(n) for n in (*rec.defined, *rec.inputs)}
    target = next((y for y in _TARGETS if y in usage.timed and y not in known), "")
    if not target:
        return None
    lines = list(s.lines)
    output = next((n for n in _OUTPUTS if _is_softmax(n, rec)), "")
    if not output and wording.cross_entropy:
        # The words name the loss, and ŷ is what comes out of the softmax before it.
        output = next((n for n in _OUTPUTS if n in usage.timed and n != target), "")
        made = next((k for k, line in enumerate(lines) if _left(line) == output), -1)
        if not output or (made < 0 and output not in known):
            return None
        if made >= 0:
            argument = lines[made].split("(", 1)[1].rsplit(", 1)", 1)[0]
            lines[made] = rf"{output}_{{t}} = \mathrm{{softmax}}({argument})"
    if not output:
        return None
    loss = rf"-{target}_{{t}}^\top \log {output}_{{t}}"
    changed = False
    for k, line in enumerate(lines):
        for step in ("t", "T"):
            unknown = rf"\mathrm{{loss}}({output}_{{{step}}}, 1)"
            if unknown in line:
                lines[k] = line.replace(unknown, f"({loss.replace('{t}', f'{{{step}}}')})")
                changed = True
    if not changed:
        return None
    said = f"the loss is the cross-entropy of {output}_t and {target}_t"
    evidence = s.evidence if wording.cross_entropy else Evidence.GUESSED
    shapes = {n: shape for n, shape in s.shapes.items() if n != output}
    return replace(
        s, lines=tuple(lines), says=(*s.says, said), shapes=shapes, evidence=evidence,
        special=not wording.cross_entropy,
    )  # fmt: skip


def _is_softmax(name: str, rec: Recurrence) -> bool:
    owner = next((n for n in rec.defined if plain_name(n) == name), "")
    rhs = rec.rhs(owner) if owner else None
    return isinstance(rhs, Fn) and rhs.name == "softmax"


def _left(line: str) -> str:
    return line.split("_{t}", 1)[0] if " = " in line else ""
