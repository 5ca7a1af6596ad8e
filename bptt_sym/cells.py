r"""The shipped cells: each one a short declaration, nothing that a user could not write.

``elman``
    :math:`h_t=\tanh(W_{input}x_t+b_{input}+wh_{t-1}+b_{hidden})`, cost :math:`C(h_T)`.
``elman-vector``
    The same with matrices, :math:`W_{ih}, W_{hh}` and PyTorch's two biases.
``sigmoid-rnn``, ``sigmoid-rnn-vector``
    :math:`c_t=\sigma(W_{rec}c_{t-1}+W_{in}x_t)`, output :math:`h_t=g(c_t)`, and losses
    :math:`E=\sum_tE_t(h_t)`.
``lstm``, ``lstm-vector``
    Gates :math:`f,i,o`, candidate :math:`\tilde c`, :math:`c_t=f_tc_{t-1}+i_t\tilde c_t`,
    :math:`h_t=o_t\tanh c_t` (Hochreiter & Schmidhuber 1997; forget gate of Gers et al. 2000).
``lstm-peephole``, ``lstm-peephole-vector``, ``gru``, ``gru-vector``
    See :mod:`bptt_sym.architectures.gated`.

All initial values are free; ``with_initial_zero`` sets them to 0.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any, Literal

from bptt_sym.architectures.gated import gru, lstm_peephole
from bptt_sym.architectures.terms import switch
from bptt_sym.errors import InputError
from bptt_sym.notation import (
    HORIZON_NAME,
    ONE,
    At,
    Call,
    Concat,
    Fn,
    Had,
    Idx,
    Mul,
    Node,
    Sum,
    Sym,
    add,
    index,
)
from bptt_sym.recurrence import SCALAR, STEP, Equation, Recurrence, Shape


def _now(name: str) -> At:
    return At(name, Idx(STEP))


def _before(name: str) -> At:
    return At(name, index(STEP, -1))


def _times(parameter: str, node: Node) -> Node:
    return Mul((Sym(parameter), node))


def _losses(name: str, state: str) -> tuple[Equation, dict[str, Node]]:
    """A loss of the state at every step, opaque, and their sum."""
    body = Call(name, (_now(state),))
    return Equation(name, body), {name: Sum(STEP, ONE, Idx(HORIZON_NAME), _now(name))}


def elman() -> Recurrence:
    """The scalar Elman cell, with a cost ``C`` of the last state and losses ``L_t`` of each."""
    a = add(
        _times("W_{input}", _now("x")),
        Sym("b_{input}"),
        _times("w", _before("h")),
        Sym("b_{hidden}"),
    )
    loss, totals = _losses("L", "h")
    return Recurrence(
        "elman",
        (Equation("h", Fn("tanh", a)), loss),
        dict.fromkeys(("h", "x", "W_{input}", "b_{input}", "w", "b_{hidden}", "L"), SCALAR),
        totals={"C": Call("C", (At("h", Idx(HORIZON_NAME)),)), **totals},
        functions={"C": SCALAR, "L": SCALAR},
    )


def elman_vector(bias: Literal["two", "one", "none"] = "two") -> Recurrence:
    """The Elman cell with n states and m inputs; ``bias="two"`` is PyTorch's ``nn.RNN``."""
    biases = {"two": ("b_{ih}", "b_{hh}"), "one": ("b",), "none": ()}
    if bias not in biases:
        raise InputError(f"no bias option {bias!r}", token=bias, hint="two, one or none")
    terms = [_times("W_{ih}", _now("x")), _times("W_{hh}", _before("h"))]
    for name, place in zip(biases[bias], (1, 3), strict=False):
        terms.insert(place, Sym(name))
    loss, totals = _losses("L", "h")
    shapes: dict[str, Shape] = {"h": ("n",), "x": ("m",)}
    shapes |= {"W_{ih}": ("n", "m"), "W_{hh}": ("n", "n")}
    shapes |= dict.fromkeys(biases[bias], ("n",)) | {"L": SCALAR}
    return Recurrence(
        "elman-vector",
        (Equation("h", Fn("tanh", add(*terms))), loss),
        shapes,
        totals={"C": Call("C", (At("h", Idx(HORIZON_NAME)),)), **totals},
        functions={"C": SCALAR, "L": SCALAR},
    )


def sigmoid_rnn(vector: bool = False, concat: bool = False) -> Recurrence:
    """The sigmoid RNN; with ``concat`` one matrix ``W`` multiplies ``[c_{t-1}, x_t]``."""
    if switch("concat", concat) and not switch("vector", vector):
        raise InputError("scalars are not concatenated", hint="add vector=True")
    shapes: dict[str, Shape] = {"c": ("n",), "x": ("m",), "h": ("k",)} if vector else {}
    if concat:
        a = _times("W", Concat((_before("c"), _now("x"))))
        shapes["W"] = ("n", "n+m")
    else:
        a = add(_times("W_{rec}", _before("c")), _times("W_{in}", _now("x")))
        if vector:
            shapes |= {"W_{rec}": ("n", "n"), "W_{in}": ("n", "m")}
    if not vector:
        shapes = dict.fromkeys(("c", "x", "h", "W_{rec}", "W_{in}"), SCALAR)
    loss, totals = _losses("E", "h")
    return Recurrence(
        "sigmoid-rnn-vector" if vector else "sigmoid-rnn",
        (Equation("c", Fn("sigma", a)), Equation("h", Call("g", (_now("c"),))), loss),
        {**shapes, "E": SCALAR},
        totals=totals,
        functions={"g": shapes["h"], "E": SCALAR},
        blocks={"W": ("c", "x")} if concat else {},
    )


def lstm(vector: bool = False, concat: bool = False, bias: bool = True) -> Recurrence:
    r"""The LSTM with a forget gate and without peepholes.

    Split weights are ``W_f`` (input) and ``U_f`` (recurrent), and so for i, o, c; with ``concat``
    ``W_f`` multiplies ``[h_{t-1}, x_t]``.
    """
    if switch("concat", concat) and not switch("vector", vector):
        raise InputError("scalars are not concatenated", hint="add vector=True")
    switch("bias", bias)
    state: Shape = ("n",) if vector else SCALAR
    sequences = ("f", "i", "o", r"\tilde{c}", "c", "h")
    shapes: dict[str, Shape] = {
        **dict.fromkeys(sequences, state),
        "x": ("m",) if vector else SCALAR,
        "E": SCALAR,
    }
    equations = []
    for gate, letter, function in (
        ("f", "f", "sigma"),
        ("i", "i", "sigma"),
        ("o", "o", "sigma"),
        (r"\tilde{c}", "c", "tanh"),
    ):
        w, u, b = f"W_{letter}", f"U_{letter}", f"b_{letter}"
        if concat:
            terms = [_times(w, Concat((_before("h"), _now("x"))))]
            shapes[w] = ("n", "n+m")
        else:
            terms = [_times(w, _now("x")), _times(u, _before("h"))]
            shapes[w] = ("n", "m") if vector else SCALAR
            shapes[u] = ("n", "n") if vector else SCALAR
        if bias:
            terms.append(Sym(b))
            shapes[b] = state
        equations.append(Equation(gate, Fn(function, add(*terms))))
    times = Had if vector else Mul
    equations += [
        Equation(
            "c",
            add(
                times((_now("f"), _before("c"))),
                times((_now("i"), _now(r"\tilde{c}"))),
            ),
        ),
        Equation("h", times((_now("o"), Fn("tanh", _now("c"))))),
    ]
    loss, totals = _losses("E", "h")
    return Recurrence(
        "lstm-vector" if vector else "lstm",
        (*equations, loss),
        shapes,
        totals=totals,
        functions={"E": SCALAR},
        blocks={f"W_{g}": ("h", "x") for g in "fioc"} if concat else {},
    )


_CELLS: dict[str, Callable[..., Recurrence]] = {
    "elman": elman,
    "elman-vector": elman_vector,
    "sigmoid-rnn": sigmoid_rnn,
    "sigmoid-rnn-vector": lambda **options: sigmoid_rnn(vector=True, **options),
    "lstm": lstm,
    "lstm-vector": lambda **options: lstm(vector=True, **options),
    "lstm-peephole": lambda **options: lstm_peephole(vector=False, **options),
    "lstm-peephole-vector": lstm_peephole,
    "gru": lambda **options: gru(vector=False, **options),
    "gru-vector": gru,
}


def names() -> tuple[str, ...]:
    """The names of the shipped cells."""
    return tuple(_CELLS)


def cell(name: str, **options: Any) -> Recurrence:
    """A shipped cell by name.

    Raises
    ------
    InputError
        If there is no such cell, or it has no such option.
    """
    make = _CELLS.get(name)
    if make is None:
        raise InputError(f"no cell {name!r}", token=name, hint="one of " + ", ".join(_CELLS))
    try:
        return make(**options)
    except TypeError as error:
        # A scalar or vector cell that passes options on has those of the other.
        base = name.removesuffix("-vector")
        made = [make, *(_CELLS[k] for k in (base, f"{base}-vector") if k in _CELLS)]
        takes = next(
            own for own in (signature(f).parameters for f in made)
            if all(p.kind is not p.VAR_KEYWORD for p in own.values())
        )  # fmt: skip
        known = sorted(set(takes) - {"vector"})
        given = ", ".join(k for k in options if k not in known) or ", ".join(options)
        its = f"its options are {', '.join(known)}" if known else "it has none"
        raise InputError(f"{name} has no option {given}", token=given, hint=its) from error
