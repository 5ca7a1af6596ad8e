r"""Cells that a text names, or uses, without writing them down.

A text that says "LSTM" and goes on to :math:`\partial c_t/\partial c_{t-1}` means equations that
everybody knows, in one of their usual forms. :func:`standard_cells` gives those forms in the
letters of the text: the LSTM of Hochreiter and Schmidhuber with the forget gate of Gers et al.
(2000), the GRU of Cho et al. (2014) with either meaning of its update gate, and Elman's network
(1990).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from bptt_sym.definitions.supposed import Evidence, Supposition
from bptt_sym.definitions.usage import Usage
from bptt_sym.documents.prose import Wording

#: How the letters of one text are written: all alike.
_FORMS = ("{}", r"\vec{{{}}}", r"\mathbf{{{}}}")
#: So many signs of an LSTM beside its cell (its name, each gate, their weights, their arguments,
#: the tanh of the cell) leave no doubt what the letters mean; its name alone does.
_SIGNS = 4
_UNWRITTEN = ", which the text does not write down"
SIMPLE = "the cell is the simple recurrent network"
#: What is supposed where a text differentiates a state and has no weight.
ANY_NETWORK = "the state is any function of the one before it and of the input" + _UNWRITTEN


def standard_cells(
    usage: Usage, wording: Wording, applied: Mapping[str, str]
) -> list[list[Supposition]]:
    """The cells that a text may be about; of each its forms, the most usual one first."""
    abstract = _abstract(applied)
    concrete = _concrete(usage, wording)
    beside = []
    if concrete and "simple" not in concrete[0].says[0] and "h" in usage.timed:
        # A gated cell is set against the simple network, whose weight W_{hh} nobody writes down.
        plain = replace(usage, bare=usage.bare - {"U", "W"})
        if _weight(usage, "W_{hh}", "W_{rec}"):
            beside = list(_simple("h", plain, wording))
    families = ([abstract] if abstract else [], concrete, beside)
    return [forms for forms in families if forms]


def _concrete(usage: Usage, wording: Wording) -> list[Supposition]:
    timed = set(usage.timed)
    if {r"\Gamma", "a", "c"} <= timed and {"W_f", "W_u", "W_o", "W_c"} <= usage.scripts:
        return [_gates_called_gamma(usage)]
    for form in _FORMS:
        names = {n: form.format(n) for n in "c C f i o h s g a x z r n".split()}
        cell = next((names[c] for c in ("c", "C") if names[c] in timed), "")
        gates = {names["f"], names["i"], names["o"]} & timed
        weights = {w + tag for w in ("W_", "U_") for tag in "fio"} & usage.scripts
        if not cell and weights & {"W_f", "U_f"} and (gates or names["h"] in timed):
            cell = names["c"]  # a weight of a forget gate beside a state that runs in time
        if cell and (wording.lstm or gates or weights):
            read_out = (r"\tanh", cell) in usage.activated
            inner = {w + tag for w in ("a_", "z_") for tag in "fio"} & usage.scripts
            signs = len(gates) + bool(weights) + bool(inner) + read_out + wording.lstm
            evidence = Evidence.NAMED if signs >= _SIGNS else Evidence.GUESSED
            return list(_lstm(cell, names, usage, evidence, coupled=wording.coupled))
        h, z, r, n = (names[letter] for letter in "hzrn")
        candidate = bool({rf"\tilde{{{h}}}", rf"\hat{{{h}}}", n} & timed)
        if h in timed and (z in timed or r in timed) and (wording.gru or candidate):
            return list(_gru(names, usage, wording))
    for letter in ("h", "s"):
        if letter in timed:
            return list(_simple(letter, usage, wording))
    return []


def _abstract(applied: Mapping[str, str]) -> Supposition | None:
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
        tuple(lines[:2]), ("the state is what f gives" + _UNWRITTEN,), evidence=Evidence.NAMED
    )


def _weight(usage: Usage, *candidates: str) -> str:
    """The first of some spellings of a weight that the text uses; "" if none."""
    used = usage.bare | usage.scripts
    return next((w for w in candidates if w in used), "")


def _simple(h: str, usage: Usage, wording: Wording) -> Iterator[Supposition]:
    recurrent = _weight(
        usage, "W_{hh}", "W_h", "W_{h}", "W_{rec}", "W_{hidden}", "W_{ss}", "W_s", "U_h", "U", "W"
    )
    if not recurrent:
        if h in usage.computed & usage.varied:
            # No weight stands anywhere: what holds, holds of any network.
            step = rf"{h}_{{t}} = \mathrm{{step}}({h}_{{t-1}}, x_{{t}})"
            yield Supposition((step,), (ANY_NETWORK,), evidence=Evidence.GUESSED)
        return
    inputs = _weight(usage, "W_{hx}", "W_{xh}", "W_{ih}", "W_x", "W_{x}", "W_{in}", "W_{input}")
    inputs = inputs or ("U" if recurrent.startswith("W") and "U" in usage.bare else "V_x")
    pairs = [(recurrent, inputs)]
    if recurrent == "U" and "W" in usage.bare:
        # U belongs to the input and W to the state, or the reverse.
        pairs = [("W", "U"), ("U", "W")]
    bias = "b" if "b" in usage.bare else "b_x"
    outputs = tuple(_output(h, usage))
    for recurrent, inputs in pairs:
        for function, called in _activations(wording):
            argument = rf"{recurrent} {h}_{{t-1}} + {inputs} x_{{t}} + {bias}"
            right = rf"{function}({argument})" if function else argument
            yield Supposition(
                (rf"{h}_{{t}} = {right}", *outputs),
                (f"{SIMPLE} {called}" + _UNWRITTEN,),
                # W or U alone may be any weight, W_{hh} says whose it is.
            evidence=Evidence.NAMED if wording.activation and "_" in recurrent
            else Evidence.GUESSED,
            )


def _output(h: str, usage: Usage) -> Iterator[str]:
    """The line of the output, where the text has a weight for it and a name before the softmax."""
    weight = _weight(
        usage, "V", "W_{hy}", "W_{yh}", "W_{ho}", "W_{oh}", "W_{hq}", "W_{qh}", "W_y", "W_{out}"
    )
    name = next((n for n in ("o", "z", "y") if n in usage.timed), "")
    if not weight or not name or (name == "y" and r"\hat{y}" in usage.timed):
        return
    bias = "c" if "c" in usage.bare and "c" not in usage.timed else "b_y"
    yield rf"{name}_{{t}} = {weight} {h}_{{t}} + {bias}"


_ACTIVATIONS = {
    "tanh": (r"\tanh", "with tanh"),
    "sigmoid": (r"\sigma", "with the logistic function"),
    "linear": ("", "without an activation"),
}


def _activations(wording: Wording) -> list[tuple[str, str]]:
    """The activation that the words name; the usual ones if they name none."""
    if wording.activation:
        return [_ACTIVATIONS[wording.activation]]
    return [_ACTIVATIONS["tanh"], _ACTIVATIONS["sigmoid"]]


def _affine(tag: str, h: str, x: str, usage: Usage, *, state: str = "") -> str:
    """The argument of a gate: split or concatenated weights, as the text has them."""
    state = state or f"{h}_{{t-1}}"
    used = usage.scripted
    if any(s.startswith(("U_", r"\mathbf{U}_")) for s in used):
        return rf"W_{{{tag}}} {x}_{{t}} + U_{{{tag}}} {state} + b_{{{tag}}}"
    for first, second in (("x", "h"), ("i", "h")):
        if any(s.startswith((f"W_{{{first}{tag}", f"W_{{{tag}{first}")) for s in used):
            after = any(s.startswith(f"W_{{{tag}{first}") for s in used)
            a, b = (tag + first, tag + second) if after else (first + tag, second + tag)
            return rf"W_{{{a}}} {x}_{{t}} + W_{{{b}}} {state} + b_{{{tag}}}"
    return rf"W_{{{tag}}} [{state}, {x}_{{t}}] + b_{{{tag}}}"


def _lstm(
    cell: str, names: Mapping[str, str], usage: Usage, evidence: Evidence, *, coupled: bool
) -> Iterator[Supposition]:
    candidate = next(
        (n for n in (rf"\tilde{{{cell}}}", rf"\hat{{{cell}}}", names["g"], rf"\bar{{{cell}}}",
                     names["a"]) if n in usage.timed),
        rf"\tilde{{{cell}}}",
    )  # fmt: skip
    f, i, o, h, x = (names[n] for n in "fiohx")
    letter = cell if len(cell) == 1 else cell[-2]
    tag = {names["g"]: "g", names["a"]: "a"}.get(candidate, letter)

    def gate(name: str, tag: str, function: str) -> str:
        return f"{name}_{{t}} = {function}({_affine(tag, h, x, usage)})"

    if coupled:
        # Of the two usual forms the text may be about either, unless a gate has no weights.
        evidence = Evidence.GUESSED
        mix = rf"{f}_{{t}} \odot {cell}_{{t-1}} + (1 - {f}_{{t}}) \odot {candidate}_{{t}}"
        yield Supposition(
            (
                gate(f, "f", r"\sigma"), rf"{i}_{{t}} = 1 - {f}_{{t}}", gate(o, "o", r"\sigma"),
                gate(candidate, tag, r"\tanh"),
                rf"{cell}_{{t}} = {mix}", rf"{h}_{{t}} = {o}_{{t}} \odot \tanh({cell}_{{t}})",
            ),
            ("the cell is the LSTM with coupled gates" + _UNWRITTEN,),
            evidence=evidence,
        )  # fmt: skip
        if not any(re.match(r"[WUb]_\{?i", s) for s in usage.scripts | usage.scripted):
            return
    common = (
        gate(f, "f", r"\sigma"), gate(i, "i", r"\sigma"), gate(o, "o", r"\sigma"),
        gate(candidate, tag, r"\tanh"),
        rf"{cell}_{{t}} = {f}_{{t}} \odot {cell}_{{t-1}} + {i}_{{t}} \odot {candidate}_{{t}}",
    )  # fmt: skip
    yield Supposition(
        (*common, rf"{h}_{{t}} = {o}_{{t}} \odot \tanh({cell}_{{t}})"),
        ("the cell is the standard LSTM" + _UNWRITTEN,),
        evidence=evidence,
    )
    yield Supposition(
        (*common, rf"{h}_{{t}} = {o}_{{t}} \odot {cell}_{{t}}"),
        ("the cell is the LSTM without an activation of its output" + _UNWRITTEN,),
        evidence=evidence,
    )


def _gates_called_gamma(usage: Usage) -> Supposition:
    """The LSTM with the gates :math:`\\Gamma_f, \\Gamma_u, \\Gamma_o` and the output a.

    (So in the course "Sequence Models" of A. Ng.)
    """
    gates = tuple(
        rf"\Gamma_{{{tag}}}^{{(t)}} = \sigma({_affine(tag, 'a', 'x', usage)})" for tag in "fuo"
    )
    mix = r"\Gamma_{f}^{(t)} \odot c_{t-1} + \Gamma_{u}^{(t)} \odot \tilde{c}_{t}"
    lines = (
        *gates, rf"\tilde{{c}}_{{t}} = \tanh({_affine('c', 'a', 'x', usage)})",
        f"c_{{t}} = {mix}", r"a_{t} = \Gamma_{o}^{(t)} \odot \tanh(c_{t})",
    )  # fmt: skip
    said = "the cell is the standard LSTM" + _UNWRITTEN
    return Supposition(lines, (said,), evidence=Evidence.NAMED)


def _gru(names: Mapping[str, str], usage: Usage, wording: Wording) -> Iterator[Supposition]:
    h, x, z, r = (names[n] for n in "hxzr")
    candidate = next(
        (n for n in (rf"\tilde{{{h}}}", rf"\hat{{{h}}}", names["n"], rf"\bar{{{h}}}", names["g"])
         if n in usage.timed),
        rf"\tilde{{{h}}}",
    )  # fmt: skip
    tag = {names["n"]: "n", names["g"]: "g"}.get(candidate, "h")
    gates = tuple(
        f"{name}_{{t}} = \\sigma({_affine(letter, h, x, usage)})"
        for name, letter in ((z, "z"), (r, "r"))
    )
    reset = rf"({r}_{{t}} \odot {h}_{{t-1}})"
    before = f"{candidate}_{{t}} = \\tanh({_affine(tag, h, x, usage, state=reset)})"
    after = (
        rf"{candidate}_{{t}} = \tanh(W_{{{tag}}} {x}_{{t}} + {r}_{{t}} \odot "
        rf"(U_{{{tag}}} {h}_{{t-1}}) + b_{{{tag}}})"
    )
    keeps = rf"{h}_{{t}} = {z}_{{t}} \odot {h}_{{t-1}} + (1 - {z}_{{t}}) \odot {candidate}_{{t}}"
    takes = rf"{h}_{{t}} = (1 - {z}_{{t}}) \odot {h}_{{t-1}} + {z}_{{t}} \odot {candidate}_{{t}}"
    both = {z, r} <= set(usage.timed)
    evidence = Evidence.NAMED if wording.gru and both else Evidence.GUESSED
    for mix, said in ((takes, "z takes the new value"), (keeps, "z keeps the old value")):
        for line in (before, after):
            where = "before" if line is before else "after"
            yield Supposition(
                (*gates, line, mix),
                (f"the cell is the GRU ({said}, reset {where} the matrix)" + _UNWRITTEN,),
                evidence=evidence,
            )
