r"""Encoder and decoder, without and with attention.

The two run over different times, so they are two recurrences. The decoder knows the encoder's
states as a matrix ``M`` (one row a source position) that does not change while it runs; the
cotangent of ``M`` is what the encoder's states receive (:mod:`bptt_sym.joined` passes it on).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from bptt_sym.architectures.terms import (
    Equation,
    Fn,
    Mul,
    Node,
    Recurrence,
    Shape,
    Sym,
    Transpose,
    add,
    before,
    now,
    swap,
    times,
)
from bptt_sym.errors import InputError
from bptt_sym.notation import Outer

#: What differs from example to example and not from step to step: the memory, the additive mask of
#: the scores (0, or very negative where the source has ended), and a one for each position.
CONTEXT = ("M", r"\mu", r"\iota")
WEIGHTS, ATTENDED = r"\alpha", "a"


def attention(cell: Recurrence, score: Literal["dot", "additive"] = "dot") -> Recurrence:
    r"""A decoder of any cell that attends to the rows of ``M``; its output state is ``s``.

    ``"dot"`` (Luong et al. 2015): after the step,
    :math:`\alpha_t=\mathrm{softmax}(Mh_t+\mu)`, :math:`a_t=M^\top\alpha_t`,
    :math:`s_t=\tanh(W_sh_t+A_sa_t)`.

    ``"additive"`` (Bahdanau et al. 2015): before the step, with :math:`\iota` all ones,
    :math:`\alpha_t=\mathrm{softmax}(\tanh(MU_a^\top+\iota(W_ah_{t-1})^\top)v_a+\mu)`, the cell
    reads :math:`u_t=W_ux_t+A_ua_t`, and :math:`s_t` is as above.

    Raises
    ------
    InputError
        Another score, or a cell without input ``x`` and state ``h`` as vectors.
    """
    if score not in ("dot", "additive"):
        raise InputError(f"no score {score!r}", token=score, hint="dot or additive")
    if "x" not in cell.inputs or "h" not in cell.states or len(cell.shape("h")) != 1:
        raise InputError(f"{cell.name} has not the input x and the vector state h", token=cell.name)
    (n,), (m,) = cell.shape("h"), cell.shape("x")
    own = tuple(e for e in cell.equations if e.target not in cell.totals)
    shapes: dict[str, Shape] = {k: v for k, v in cell.shapes.items() if k not in cell.totals}
    shapes |= {"M": ("s", n), r"\mu": ("s",), WEIGHTS: ("s",), ATTENDED: (n,)}
    shapes |= {"s": (n,), "W_s": (n, n), "A_s": (n, n)}
    attend = Equation(ATTENDED, Mul((Transpose(Sym("M")), now(WEIGHTS))))
    out = add(times("W_s", now("h")), times("A_s", now(ATTENDED)))
    after: tuple[Equation, ...] = (Equation("s", Fn("tanh", out)),)
    if score == "dot":
        weigh = add(times("M", now("h")), Sym(r"\mu"))
        equations = (*own, Equation(WEIGHTS, Fn("softmax", weigh)), attend, *after)
    else:
        shapes |= {"U_a": ("q", n), "W_a": ("q", n), "v_a": ("q",), r"\iota": ("s",)}
        shapes |= {"u": (m,), "W_u": (m, m), "A_u": (m, n)}
        keys = Mul((Sym("M"), Transpose(Sym("U_a"))))
        query = Outer(Sym(r"\iota"), times("W_a", before("h")))
        weigh = add(Mul((Fn("tanh", add(keys, query)), Sym("v_a"))), Sym(r"\mu"))
        reads: Node = add(times("W_u", now("x")), times("A_u", now(ATTENDED)))
        inner = tuple(Equation(e.target, swap(e.rhs, {now("x"): now("u")})) for e in own)
        equations = (
            Equation(WEIGHTS, Fn("softmax", weigh)), attend, Equation("u", reads), *inner, *after,
        )  # fmt: skip
    return replace(
        cell,
        name=f"{cell.name}-{score}-attention",
        equations=equations,
        shapes=shapes,
        totals={},
        functions={},
    )
