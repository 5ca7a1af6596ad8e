r"""Layers: any cell stacked, with dropout as given masks, an embedding, an output and a loss.

A cell here is any recurrence with the input ``x`` and the state ``h``; nothing else about it is
known. The functions return recurrences again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from bptt_sym.architectures.terms import (
    SCALAR,
    WEIGHT,
    At,
    Equation,
    Fn,
    Had,
    Mul,
    Neg,
    Node,
    Recurrence,
    Shape,
    Sym,
    Transpose,
    add,
    before,
    half,
    now,
    swap,
    times,
    total,
)
from bptt_sym.errors import InputError
from bptt_sym.notation import Call, rebuild, walk
from bptt_sym.recurrence import references

Dropout = Literal["none", "between", "variational"]


def layer_name(name: str, layer: int) -> str:
    """``W_{hh}`` of layer 2 is ``W^{(2)}_{hh}``; ``\\tilde{c}`` is ``\\tilde{c}^{(2)}``."""
    letter, underscore, sub = name.partition("_")
    return f"{letter}^{{({layer})}}{underscore}{sub}"


def stack(cell: Recurrence, layers: int, dropout: Dropout = "none") -> Recurrence:
    r"""Layers of a cell; layer l reads the h of layer l - 1, layer 1 reads ``x``.

    Every name gets its layer, ``h^{(2)}``, except ``x`` and the opaque losses, which are those of
    the last layer. All layers have n states.

    ``dropout="between"`` multiplies what a layer l > 1 reads by a given mask sequence ``d^{(l)}``;
    ``"variational"`` also multiplies :math:`h_{t-1}` in the matrix products of every layer by
    ``e^{(l)}`` (Gal & Ghahramani 2016: those masks are the same at every step, which is for the
    masks that are given). With masks of ones both are the plain stack.

    Raises
    ------
    InputError
        No layer, an unknown kind of dropout, or a cell without input ``x`` and state ``h``.
    """
    if layers < 1:
        raise InputError(f"{layers} layers", token=str(layers), hint="at least 1")
    if dropout not in ("none", "between", "variational"):
        raise InputError(
            f"no dropout {dropout!r}", token=dropout, hint="none, between or variational"
        )
    opaque = {e.target for e in cell.equations if _opaque(e.rhs)}
    if "x" not in cell.inputs or "h" not in {*cell.defined} - opaque or len(cell.shape("h")) > 1:
        raise InputError(f"{cell.name} has not the input x and the state h", token=cell.name)
    equations: list[Equation] = []
    shapes: dict[str, Shape] = {"x": cell.shape("x")}
    initial: dict[str, Node] = {}
    blocks: dict[str, tuple[str, ...]] = {}
    latex: dict[str, str] = {}
    own = [e for e in cell.equations if e.target not in opaque]
    losses = [e for e in cell.equations if e.target in opaque]
    kept = {e.target for e in losses} | set(cell.totals)
    for layer in range(1, layers + 1):
        names = {
            n: "x" if n == "x" and layer == 1 else layer_name(n, layer)
            for n in cell.shapes
            if n not in kept
        }
        read: Node = now("x")
        if layer > 1:
            names["x"] = layer_name("h", layer - 1)
            read = now(names["x"])
            if dropout != "none":
                mask = layer_name("d", layer)
                shapes[mask] = cell.shape("h")
                read = _product(cell)((now(mask), read))
        for e in own:
            rhs = e.rhs
            if dropout == "variational":
                rhs = _masked(cell, rhs, layer_name("e", layer))
                shapes[layer_name("e", layer)] = cell.shape("h")
            rhs = _renamed(rhs, names)
            if layer > 1:
                rhs = swap(rhs, {now(names["x"]): read})
            equations.append(Equation(names[e.target], rhs))
        for n, new in names.items():
            if n != "x":
                shapes[new] = _above(cell, cell.shape(n)) if layer > 1 else cell.shape(n)
        initial |= {names[n]: v for n, v in cell.initial.items()}
        blocks |= {names[w]: tuple(names[p] for p in ps) for w, ps in cell.blocks.items()}
    top = {"h": layer_name("h", layers)}
    equations += [Equation(e.target, _renamed(e.rhs, top)) for e in losses]
    return Recurrence(
        f"{cell.name}-{layers}",
        tuple(equations),
        {**shapes, **{n: cell.shape(n) for n in kept if n in cell.shapes}},
        initial,
        {n: _renamed(v, top) for n, v in cell.totals.items()},
        cell.functions,
        latex,
        blocks,
    )


def _above(cell: Recurrence, shape: Shape) -> Shape:
    """A layer above the first reads n values in place of m."""
    (m,), (n,) = cell.shape("x") or ("",), cell.shape("h") or ("",)
    return tuple("+".join(str(n) if p == m else p for p in str(d).split("+")) for d in shape)


def _product(rec: Recurrence) -> type[Had] | type[Mul]:
    return Mul if rec.shape("h") == SCALAR else Had


def _opaque(node: Node) -> bool:
    return any(isinstance(n, Call) for n in walk(node))


def _renamed(node: Node, names: dict[str, str]) -> Node:
    if isinstance(node, (At, Sym)):
        return replace(node, name=names.get(node.name, node.name))
    return rebuild(node, lambda c: _renamed(c, names))


def _masked(cell: Recurrence, node: Node, mask: str) -> Node:
    """The mask on h_{t-1} wherever a parameter multiplies it: not where a gate keeps it."""
    if isinstance(node, Mul) and isinstance(node.args[0], Sym):
        masked = _product(cell)((now(mask), before("h")))
        return swap(node, {before("h"): masked})
    return rebuild(node, lambda c: _masked(cell, c, mask))


def embedded(rec: Recurrence, size: str = "v") -> Recurrence:
    r"""``rec`` reading :math:`e_t=W_ex_t`: an embedding; the input is one-hot, ``size`` rows."""
    names: dict[Node, Node] = {now("x"): now("e")}
    equations = tuple(Equation(q.target, swap(q.rhs, names)) for q in rec.equations)
    inner = rec.shape("x")
    shapes = {**rec.shapes, "x": (size,), "e": inner, "W_e": (*inner, size)}
    return replace(
        rec,
        name=f"{rec.name}-embedded",
        equations=(Equation("e", times("W_e", now("x"))), *equations),
        shapes=shapes,
    )


def readout(rec: Recurrence, state: str = "h", size: str = "k") -> Recurrence:
    r"""``rec`` with the output :math:`y_t=W_yh_t+b_y` in place of its opaque losses."""
    kept = tuple(e for e in rec.equations if not _opaque(e.rhs))
    dropped = {e.target for e in rec.equations} - {e.target for e in kept}
    n = rec.shape(state)
    own: Shape = (size,) if n else SCALAR
    shapes = {k: v for k, v in rec.shapes.items() if k not in dropped | set(rec.totals)}
    shapes |= {"y": own, "W_y": (*own, *n), "b_y": own}
    return replace(
        rec,
        equations=(*kept, Equation("y", add(times("W_y", now(state)), Sym("b_y")))),
        shapes=shapes,
        totals={},
        functions={},
    )


def apart(rec: Recurrence) -> tuple[Recurrence, Recurrence]:
    """What the states are computed from, and the rest, which only reads it.

    The rest has no step to wait for: joined to the first by wires it can be done for all steps at
    once, and be given what the first has no use for.

    Raises
    ------
    InputError
        A recurrence in which nothing is left over, or whose rest looks back.
    """
    needed, todo = set[str](), list(rec.states)
    while todo:
        name = todo.pop()
        if name in rec.defined and name not in needed:
            needed.add(name)
            todo += [n for n, _ in references(rec.rhs(name))]
    core = tuple(e for e in rec.equations if e.target in needed)
    rest = tuple(e for e in rec.equations if e.target not in needed)
    if not rest or any(lag for e in rest for _, lag in references(e.rhs)):
        raise InputError(f"{rec.name} does not come apart", token=rec.name)

    def used(equations: tuple[Equation, ...]) -> dict[str, Shape]:
        names = {n.name for e in equations for n in walk(e.rhs) if isinstance(n, (At, Sym))}
        names |= {e.target for e in equations}
        return {k: v for k, v in rec.shapes.items() if k in names}

    return (
        replace(
            rec, name=f"{rec.name}-states", equations=core, shapes=used(core), totals={},
            functions={},
        ),
        replace(rec, name=f"{rec.name}-outputs", equations=rest, shapes=used(rest), initial={}),
    )  # fmt: skip


def cross_entropy(rec: Recurrence, output: str = "y") -> Recurrence:
    r"""With :math:`p_t=\mathrm{softmax}(y_t)` and :math:`E_t=-\omega_t\,\hat y_t^\top\log p_t`.

    The target ``\hat{y}`` is a distribution (one-hot for a class), the weight ``\omega`` 0 where
    there is nothing to predict; ``E`` is the sum over all steps.
    """
    target = _target(rec, output)
    surprise = Mul((now(WEIGHT), Transpose(now(target)), Fn("log", now("p"))))
    return _with_loss(
        rec,
        output,
        (Equation("p", Fn("softmax", now(output))), Equation("E", Neg(surprise))),
        {"p": rec.shape(output)},
    )


def squared_error(rec: Recurrence, output: str = "y") -> Recurrence:
    r"""With :math:`E_t=\tfrac12\omega_t\|y_t-\hat y_t\|^2`; ``E`` is the sum over all steps."""
    error = add(now(output), Neg(now(_target(rec, output))))
    square = (Transpose(error), error) if rec.shape(output) else (error, error)
    return _with_loss(rec, output, (Equation("E", Mul((half(), now(WEIGHT), *square))),), {})


def _target(rec: Recurrence, output: str) -> str:
    if output not in rec.defined:
        raise InputError(f"{rec.name} has no output {output!r}", token=output, hint="use readout")
    return rf"\hat{{{output}}}"


def _with_loss(
    rec: Recurrence, output: str, equations: tuple[Equation, ...], shapes: dict[str, Shape]
) -> Recurrence:
    shapes |= {_target(rec, output): rec.shape(output), WEIGHT: SCALAR, "E": SCALAR}
    return replace(
        rec,
        equations=(*rec.equations, *equations),
        shapes={**rec.shapes, **shapes},
        totals={"E": total("E")},
    )
