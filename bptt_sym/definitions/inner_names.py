r"""Names for what stands inside an activation, where the equations only write the activation.

:math:`z_t` beside a state, :math:`\hat f_t`, :math:`a_f` or :math:`\mathrm{net}_f` beside a gate.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from bptt_sym.definitions.gates import ARGUMENTS, GATES, at_step_t, bare_letter, written
from bptt_sym.definitions.usage import Usage
from bptt_sym.notation import At, Fn, Idx
from bptt_sym.read.vocabulary import plain_name
from bptt_sym.recurrence import STEP, Recurrence

#: Weights of an output.
OUT_WEIGHTS = r"W_y W_{y} W_{hy} W_{yh} W_{qh} W_{hq} W_{ho} W_{oh} W_{out} V W_o".split()
_OUTER = frozenset(OUT_WEIGHTS)
_ACCENTED = re.compile(r"\\(?P<accent>hat|tilde|bar)\{(?P<name>[a-z])\}")


@dataclass(frozen=True)
class Argument:
    """A name for the argument of the activation that gives ``state``."""

    name: str
    state: str
    lines: tuple[str, str]
    #: Whether the document itself puts the name into that activation.
    sure: bool

    @property
    def plain(self) -> str:
        """The name without its step."""
        return plain_name(self.name.removesuffix("_t").removesuffix("^{(t)}"))


def argument(
    name: str, state: str, rec: Recurrence, usage: Usage, *, beside: bool = False
) -> Argument | None:
    """The name of what stands inside the activation of ``state``; ``None`` if it has none.

    ``beside`` another name, which nothing goes on with, it has the equation of that one.
    """
    from bptt_sym.render.latex import latex

    rhs = rec.rhs(state)
    if isinstance(rhs, At) and rhs.name in rec.gates and rhs.time == Idx(STEP):
        rhs = rec.rhs(rhs.name)  # o_t = softmax(V s_t) stands above ŷ_t = softmax(V s_t)
    if not (isinstance(rhs, Fn) and rhs.order == 0):
        return None
    function = written(rhs.name)
    inside = rhs.arg
    if beside and isinstance(inside, At) and inside.name in rec.gates and inside.time == Idx(STEP):
        inside = rec.rhs(inside.name)
    lines = (f"{name} = {latex(inside, rec)}", f"{at_step_t(state)} = {function}({name})")
    found = Argument(name, plain_name(state), lines, sure=False)
    return replace(found, sure=(function, found.plain) in usage.activated)


def preactivation(rec: Recurrence, usage: Usage, known: set[str]) -> Argument | None:
    """``z_t`` for the argument of the state's activation, where only the activation is written."""
    of_gates = any(r.startswith("net_") for r in usage.running)
    names = ("z", "a", *(() if of_gates else (r"\mathrm{net}",)), "s", "u")
    # A letter that no derivative is taken by may be that of something else.
    for name in sorted(names, key=lambda n: plain_name(n) not in usage.varied):
        if plain_name(name) not in usage.timed or plain_name(name) in known:
            continue
        if any(k.startswith(f"{plain_name(name)}^{{(") for k in known):
            continue  # z^{(1)}: each layer has its own
        # ŷ = softmax(z): the argument of the output's activation before that of the state's.
        outputs = [n for n in rec.gates if plain_name(n) in (r"\hat{y}", r"\hat{p}", "y", "p")]
        places = [*(outputs if name in ("z", "s", "u") else ()), *rec.states]
        told = {a for z, a in usage.inner if z == plain_name(name)}
        applied = {f.lstrip("\\") for f, of in usage.activated if of == plain_name(name)}
        told |= {plain_name(n) for n in rec.states if _function_of(n, rec) in applied}
        for state in sorted(places, key=lambda n: plain_name(n) not in told):
            output_too = {"o", r"\hat{y}", "y"} & set(usage.timed)
            if name != "z" or output_too or len(rec.states) == 1:
                found = argument(f"{name}_t", state, rec, usage)
                if found is not None and plain_name(state) in told:
                    return replace(found, sure=True)
                inner = state in outputs or _looks_inner(usage)
                if found is None or (name == "z" and not (found.sure or inner)):
                    continue
                return found
    return None


def _function_of(state: str, rec: Recurrence) -> str:
    """The activation that a state is."""
    rhs = rec.rhs(state)
    return rhs.name if isinstance(rhs, Fn) and not rhs.order else ""


#: The distance of two steps, which stands above a bound.
_DISTANCE = re.compile(r"[A-Za-z]\s*-\s*[A-Za-z]")


def _runs(name: str, usage: Usage) -> bool:
    """Whether a name has a step somewhere: ``\\bar{f}^{t-k}`` is a power."""
    return any(not _DISTANCE.search(step) for step in usage.timed.get(name, ()))


def inner_names(rec: Recurrence, usage: Usage, known: set[str]) -> list[Argument]:
    """``\\hat{f}_t`` or ``a_f`` beside a gate ``f_t``: the argument of the gate's activation."""
    out = []
    gates = {plain_name(g) for g in rec.gates}
    accents = [m["accent"] for g in gates if (m := _ACCENTED.fullmatch(g)) is not None]
    for gate in rec.gates:
        letter = plain_name(gate)
        rhs = rec.rhs(gate)
        inside = rhs.arg if isinstance(rhs, Fn) else None
        named = isinstance(inside, At)
        if isinstance(inside, At) and not _idles(inside.name, usage):
            continue  # it has a name already
        bare = bare_letter(gate)
        forms = (r"\hat{%s}", r"\bar{%s}", r"\tilde{%s}")
        for name in dict.fromkeys(f % n for n in (letter, bare) for f in forms):
            if name == letter:
                continue
            if letter in GATES and name not in known and _runs(name, usage):
                out.append(argument(f"{name}_t", gate, rec, usage))
        small = bare.lower() if bare.lower() not in gates else bare  # z_c beside \\tilde{C}
        for name in (form % n for n in dict.fromkeys((bare, letter, small)) for form in ARGUMENTS):
            runs = plain_name(name) in usage.running or name in usage.timed
            if (name in usage.scripts or runs) and plain_name(name) not in known:
                text = f"{name}^{{(t)}}" if runs else name
                found = argument(text, gate, rec, usage, beside=named)
                # The script says of which gate it is the argument.
                out.append(found and replace(found, sure=not named))
        accented = _ACCENTED.fullmatch(letter)
        if accented is not None and accents.count(accented["accent"]) == 1:
            for plain in (c for c in "azs" if c not in gates):
                name = rf"\{accented['accent']}{{{plain}}}"
                if name in usage.timed and name not in known:
                    out.append(argument(f"{name}_t", gate, rec, usage))
    arguments = [a for a in out if a is not None]
    return arguments + _beside_accented(arguments, rec, usage, known)


def _idles(name: str, usage: Usage) -> bool:
    """Whether the text does not go on with a name: another one is in use."""
    used = {_bare(n) for n in (*usage.varied, *usage.scripts, *usage.running)}
    return re.match("[a-z](?![a-z])", name) is not None and _bare(plain_name(name)) not in used


def _bare(name: str) -> str:
    return re.sub(r"[{}\s]", "", name)


def _beside_accented(
    found: list[Argument], rec: Recurrence, usage: Usage, known: set[str]
) -> list[Argument]:
    r"""``a_t`` beside :math:`\hat a_t`: the argument of the only other activation."""
    accented = [m for a in found if (m := _ACCENTED.fullmatch(a.plain)) is not None]
    letters = {m["name"] for m in accented if m["name"] in ("a", "z", "s")}
    named = {a.state for a in found}
    rest = [g for g in rec.gates if plain_name(g) not in named and isinstance(rec.rhs(g), Fn)]
    if len(letters) != 1 or len(rest) != 1:
        return []
    (letter,) = letters
    if letter in known or letter not in usage.timed or letter not in usage.varied:
        return []
    other = argument(f"{letter}_t", rest[0], rec, usage)
    return [other] if other is not None else []


def _looks_inner(usage: Usage) -> bool:
    if usage.residuals and "o" not in usage.timed and (usage.scripts | usage.bare) & _OUTER:
        return False  # ŷ - y beside z is the gradient by the argument of the softmax
    return r"\hat{y}" in usage.timed or "o" in usage.timed or not usage.bare & {"V", "W_y"}
