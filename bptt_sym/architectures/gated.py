r"""Gated cells beside the LSTM: the GRU in its four variants, and the LSTM with peepholes.

All are declared like the shipped cells: input ``x``, output ``h``, an opaque loss ``E`` of each
state, free initial values.
"""

from __future__ import annotations

from typing import Literal

from bptt_sym.architectures.layers import stack
from bptt_sym.architectures.terms import (
    SCALAR,
    Equation,
    Fn,
    Had,
    Mul,
    Node,
    Recurrence,
    Shape,
    Sym,
    add,
    before,
    now,
    one_minus,
    opaque_loss,
    switch,
    times,
)
from bptt_sym.errors import InputError

CANDIDATE = r"\tilde{h}"


def gru(
    vector: bool = True,
    keep: Literal["z", "1-z"] = "z",
    reset: Literal["before", "after"] = "after",
    bias: bool = True,
) -> Recurrence:
    r"""The gated recurrent unit.

    Parameters
    ----------
    vector:
        n states and m inputs, or all scalar.
    keep:
        What multiplies :math:`h_{t-1}`: ``"z"`` is :math:`h_t=(1-z_t)\tilde h_t+z_th_{t-1}` (Cho
        et al. 2014, and PyTorch), ``"1-z"`` is :math:`h_t=z_t\tilde h_t+(1-z_t)h_{t-1}` (Chung et
        al. 2014).
    reset:
        ``"before"`` the matrix product, :math:`U_h(r_t\odot h_{t-1})` (both papers), or
        ``"after"`` it, :math:`r_t\odot(U_hh_{t-1}+c_h)` (PyTorch), which has a bias of its own.

    Raises
    ------
    InputError
        An option that does not exist.
    """
    switch("vector", vector)
    switch("bias", bias)
    for name, value, known in (("keep", keep, ("z", "1-z")), ("reset", reset, ("before", "after"))):
        if value not in known:
            raise InputError(f"no {name} {value!r}", token=str(value), hint=" or ".join(known))
    state: Shape = ("n",) if vector else SCALAR
    product = Had if vector else Mul
    shapes: dict[str, Shape] = dict.fromkeys(("r", "z", CANDIDATE, "h"), state)
    shapes |= {"x": ("m",) if vector else SCALAR, "E": SCALAR}
    for g in "rzh":
        shapes |= {f"W_{g}": ("n", "m"), f"U_{g}": ("n", "n")} if vector else {}
        shapes |= {} if vector else {f"W_{g}": SCALAR, f"U_{g}": SCALAR}
        shapes |= {f"b_{g}": state} if bias else {}

    def affine(g: str, back: Node) -> Node:
        return add(times(f"W_{g}", now("x")), back, *([Sym(f"b_{g}")] if bias else []))

    if reset == "before":
        back = times("U_h", product((now("r"), before("h"))))
    else:
        inner = times("U_h", before("h"))
        if bias:
            inner, shapes["c_h"] = add(inner, Sym("c_h")), state
        back = product((now("r"), inner))
    z, stays = now("z"), one_minus(now("z"))
    old, new = (z, stays) if keep == "z" else (stays, z)
    loss, totals = opaque_loss("E", "h")
    return Recurrence(
        "gru-vector" if vector else "gru",
        (
            Equation("r", Fn("sigma", affine("r", times("U_r", before("h"))))),
            Equation("z", Fn("sigma", affine("z", times("U_z", before("h"))))),
            Equation(CANDIDATE, Fn("tanh", affine("h", back))),
            Equation("h", add(product((new, now(CANDIDATE))), product((old, before("h"))))),
            loss,
        ),
        shapes,
        totals=totals,
        functions={"E": SCALAR},
    )


def lstm_peephole(vector: bool = True) -> Recurrence:
    r"""The LSTM whose gates see the cell: f and i see :math:`c_{t-1}`, o sees :math:`c_t`.

    The peephole weights :math:`p_f,p_i,p_o` act elementwise (Gers, Schraudolph & Schmidhuber 2002).
    """
    state: Shape = ("n",) if switch("vector", vector) else SCALAR
    product = Had if vector else Mul
    shapes: dict[str, Shape] = dict.fromkeys(("f", "i", "o", r"\tilde{c}", "c", "h"), state)
    shapes |= {"x": ("m",) if vector else SCALAR, "E": SCALAR}

    def gate(name: str, g: str, function: str, sees: Node | None) -> Equation:
        terms = [times(f"W_{g}", now("x")), times(f"U_{g}", before("h")), Sym(f"b_{g}")]
        shapes[f"W_{g}"] = ("n", "m") if vector else SCALAR
        shapes[f"U_{g}"] = ("n", "n") if vector else SCALAR
        shapes[f"b_{g}"] = state
        if sees is not None:
            terms.append(product((Sym(f"p_{g}"), sees)))
            shapes[f"p_{g}"] = state
        return Equation(name, Fn(function, add(*terms)))

    loss, totals = opaque_loss("E", "h")
    keeps = product((now("f"), before("c")))
    writes = product((now("i"), now(r"\tilde{c}")))
    return Recurrence(
        "lstm-peephole-vector" if vector else "lstm-peephole",
        (
            gate("f", "f", "sigma", before("c")),
            gate("i", "i", "sigma", before("c")),
            gate(r"\tilde{c}", "c", "tanh", None),
            Equation("c", add(keeps, writes)),
            gate("o", "o", "sigma", now("c")),
            Equation("h", product((now("o"), Fn("tanh", now("c"))))),
            loss,
        ),
        shapes,
        totals=totals,
        functions={"E": SCALAR},
    )


def is_torch_gru(rec: Recurrence, layers: int = 0) -> bool:
    """Whether the gates and states of ``rec`` have the equations of ``nn.GRU``.

    ``layers`` is how many there are of a :func:`~bptt_sym.architectures.stack`, 0 for the cell
    itself. The names are not enough: ``gru(keep="1-z")`` has the same ones, and its z is one minus
    that of PyTorch.
    """
    for bias in (True, False):
        cell = stack(gru(bias=bias), layers) if layers else gru(bias=bias)
        if {e for e in cell.equations if rec.shapes.get(e.target)} <= set(rec.equations):
            return True
    return False
