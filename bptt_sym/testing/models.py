"""The cells that problems are made of, with an output layer and a loss.

A :class:`Model` joins a recurrence, its loss and the layout of its parameters as code has them
(``W``, ``U``, ``b`` with the gates stacked). Any recurrence becomes a model; the named ones are
ordinary recurrences too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Any, final

from bptt_sym import notation as n
from bptt_sym.errors import InputError, ModelError
from bptt_sym.evaluate.adjoint import Adjoint, adjoint
from bptt_sym.evaluate.compiled import NumpyGradient
from bptt_sym.evaluate.lower import lower
from bptt_sym.evaluate.program import Program
from bptt_sym.recurrence import Equation, Recurrence

Array = Any

#: The weight of a step's loss, mask included: an input sequence of every model.
WEIGHT = "\\omega"


@final
@dataclass(frozen=True, eq=False)
class Model:
    """A recurrence with a loss, as problems are drawn for it.

    Attributes
    ----------
    layout:
        Parameter as the code has it → the recurrence's parameters, stacked by rows in this order.
    gates:
        The names of the stacked blocks, for messages.
    inputs:
        Input sequences that are not targets or weights.
    targets:
        Target sequences of the squared error, by the sequence that they are compared with.
    bind:
        Numerical meanings of opaque activations.
    keep:
        Biases that make the cell remember, for problems with long lags.
    gain:
        The size of recurrent weights at which nothing decays: the reciprocal of the activation's
        greatest slope.
    """

    name: str
    rec: Recurrence
    loss: n.Node
    layout: Mapping[str, tuple[str, ...]]
    gates: tuple[str, ...]
    inputs: tuple[str, ...]
    targets: Mapping[str, str]
    bind: Mapping[str, str] = field(default_factory=dict)
    keep: Mapping[str, float] = field(default_factory=dict)
    gain: float = 1.0

    @cached_property
    def program(self) -> Program:
        """The lowered step."""
        return lower(self.rec, loss=self.loss, bind=self.bind)

    @cached_property
    def adjoint(self) -> Adjoint:
        """The step's adjoint; linear in the cotangent of the loss."""
        return adjoint(self.rec, self.program, loss_seed=True)

    @cached_property
    def fast(self) -> NumpyGradient:
        """Generated NumPy code of the loss and its gradient."""
        return NumpyGradient(self.rec, loss=self.loss, bind=self.bind, wrt_inputs=True)

    def unpack(self, params: Mapping[str, Array], dims: Mapping[str, int]) -> dict[str, Array]:
        """The recurrence's parameters from the stacked ones."""
        out: dict[str, Array] = {}
        for name, parts in self.layout.items():
            at = 0
            for part in parts:
                shape = self.rec.shape(part)
                rows = _size(shape[0], dims) if shape else 1
                out[part] = params[name][at : at + rows] if len(parts) > 1 else params[name]
                at += rows
        return out

    def pack(self, values: Mapping[str, Array], join: Any) -> dict[str, Array]:
        """Stacked parameters (or gradients) from the recurrence's; ``join(list, own rank)``."""
        return {
            name: values[parts[0]]
            if len(parts) == 1
            else join([values[p] for p in parts], len(self.rec.shape(parts[0])))
            for name, parts in self.layout.items()
        }


def _size(dim: str | int, dims: Mapping[str, int]) -> int:
    from bptt_sym.evaluate.program import Size

    return Size.of(dim).value(dims)


def _squared_error(pairs: Mapping[str, str], rec_shapes: Mapping[str, Any]) -> n.Node:
    """½ Σ_t ω_t Σ ‖y_t − target_t‖², summed over the batch by every backend."""
    t = n.Idx("t")
    terms: list[n.Node] = []
    for y, target in pairs.items():
        error = n.Add((n.At(y, t), n.Neg(n.At(target, t))))
        terms.append(n.Pow(n.Norm(error, "2") if rec_shapes[y] else error, n.num(2)))
    inner = terms[0] if len(terms) == 1 else n.Add(tuple(terms))
    body = n.Mul((n.Num(Fraction(1, 2)), n.At(WEIGHT, t), inner))
    return n.Sum("t", n.num(1), n.Idx("T"), body)


def _affine(gate: str, *, bias: bool, back: n.Node | None = None) -> n.Node:
    t = n.Idx("t")
    h = n.At("h", n.index("t", -1)) if back is None else back
    s = f"_{gate}" if gate else ""
    terms: list[n.Node] = [n.Mul((n.Sym(f"W{s}"), n.At("x", t))), n.Mul((n.Sym(f"U{s}"), h))]
    return n.Add((*terms, n.Sym(f"b{s}"))) if bias else n.Add(tuple(terms))


def _gated(
    name: str,
    equations: list[Equation],
    gates: tuple[str, ...],
    sequences: str,
    *,
    bias: bool = True,
    keep: Mapping[str, float] | None = None,
    gain: float = 1.0,
) -> Model:
    """A model with a linear output layer ``y = V h + c`` and squared error."""
    t = n.Idx("t")
    shapes: dict[str, tuple[str | int, ...]] = dict.fromkeys(sequences.split(), ("H",))
    shapes |= {"x": ("I",), "y": ("O",), "\\hat{y}": ("O",), WEIGHT: ()}
    shapes |= {"V": ("O", "H"), "c_y": ("O",)}
    for g in gates or ("",):
        s = f"_{g}" if g else ""
        shapes |= {f"W{s}": ("H", "I"), f"U{s}": ("H", "H"), f"b{s}": ("H",)}
    output = n.Add((n.Mul((n.Sym("V"), n.At("h", t))), n.Sym("c_y")))
    rec = Recurrence(name, (*equations, Equation("y", output)), shapes)
    blocks = [f"_{g}" for g in gates] or [""]
    layout = {k: tuple(f"{k}{s}" for s in blocks) for k in ("W", "U", "b") if k != "b" or bias}
    layout |= {"V": ("V",), "c": ("c_y",)}
    pairs = {"y": "\\hat{y}"}
    return Model(
        name,
        rec,
        _squared_error(pairs, shapes),
        layout,
        gates,
        ("x",),
        pairs,
        {},
        dict(keep or {}),
        gain,
    )


def _at(name: str, lag: int = 0) -> n.Node:
    return n.At(name, n.index("t", -lag))


def elman() -> Model:
    """``h_t = tanh(W x_t + U h_{t-1} + b)``, ``y_t = V h_t + c``."""
    return _gated("elman", [Equation("h", n.Fn("tanh", _affine("", bias=True)))], (), "h")


def sigmoid_rnn() -> Model:
    """``h_t = σ(W x_t + U h_{t-1} + b)``, ``y_t = V h_t + c``."""
    equations = [Equation("h", n.Fn("sigma", _affine("", bias=True)))]
    return _gated("sigmoid_rnn", equations, (), "h", gain=4.0)


def lstm() -> Model:
    """The LSTM of notes B with biases; rows in the order f, i, o, g."""
    equations = [Equation(g, n.Fn("sigma", _affine(g, bias=True))) for g in "fio"]
    equations += [
        Equation("g", n.Fn("tanh", _affine("g", bias=True))),
        Equation("c", n.Add((n.Had((_at("f"), _at("c", 1))), n.Had((_at("i"), _at("g")))))),
        Equation("h", n.Had((_at("o"), n.Fn("tanh", _at("c"))))),
    ]
    return _gated("lstm", equations, ("f", "i", "o", "g"), "f i o g c h", keep={"b_f": 6.0})


def gru() -> Model:
    """GRU, ``h_t = (1 - z_t) g_t + z_t h_{t-1}``, reset before the product; rows r, z, g."""
    equations = [Equation(g, n.Fn("sigma", _affine(g, bias=True))) for g in "rz"]
    reset = n.Had((_at("r"), _at("h", 1)))
    one_minus = n.Add((n.num(1), n.Neg(_at("z"))))
    equations += [
        Equation("g", n.Fn("tanh", _affine("g", bias=True, back=reset))),
        Equation("h", n.Add((n.Had((one_minus, _at("g"))), n.Had((_at("z"), _at("h", 1)))))),
    ]
    return _gated("gru", equations, ("r", "z", "g"), "r z g h", keep={"b_z": 6.0})


def model_of(
    rec: Recurrence, *, bind: Mapping[str, str] | None = None,
    outputs: Sequence[str] | None = None,
) -> Model:  # fmt: skip
    """Any recurrence as a model: squared error on every state, parameters by their own names.

    ``bind`` says what opaque activations are, ``{"g": "tanh"}``: the gradient by them depends on
    it. Opaque losses of the recurrence are not used. With ``outputs`` the loss compares these
    sequences, in place of all states: the upper one of two layers.

    Raises
    ------
    ModelError
        A recurrence without a state or without parameters, or an output that it does not define.
    InputError
        An activation without a meaning.
    """
    if not rec.states:
        raise ModelError(f"{rec.name}: a recurrence without a state has no gradient through time")
    meanings = dict(bind or {})
    equations = tuple(
        e for e in rec.equations if not any(isinstance(x, n.Call) for x in n.walk(e.rhs))
    )
    defined = [e.target for e in equations]
    for name in outputs or ():
        if name not in defined:
            raise ModelError(f"{rec.name} defines no {name!r}; it defines {', '.join(defined)}")
    targets = {s: f"\\hat{{{s}}}" for s in (outputs or rec.states)}
    shapes = {**rec.shapes, WEIGHT: (), **{v: rec.shape(s) for s, v in targets.items()}}
    inner = replace(rec, equations=equations, shapes=shapes, totals={})
    for name in inner.activations:
        if name not in meanings:
            raise InputError(
                f"{rec.name}: nothing says what the function {name!r} is", token=name,
                hint=f"--bind {name}=tanh, or model_of(recurrence, bind={{{name!r}: 'tanh'}})",
            )  # fmt: skip
    pairs: dict[str, str] = dict(targets)
    loss = _squared_error(pairs, shapes)
    layout = {p: (p,) for p in (*inner.parameters, *inner.learned)}
    if not layout:
        raise ModelError(f"{rec.name} has no parameters: there is no gradient by them to test")
    return Model(rec.name, inner, loss, layout, (), rec.inputs, pairs, meanings)


MODELS = {"elman": elman, "sigmoid_rnn": sigmoid_rnn, "lstm": lstm, "gru": gru}
_MADE: dict[str, Model] = {}


def named_model(name: str) -> Model:
    """A model by name; ``-`` and ``_`` are the same.

    Raises
    ------
    ModelError
        For an unknown name; the message lists the known ones.
    """
    key = name.replace("-", "_")
    if key not in MODELS:
        raise ModelError(f"no cell {name!r} to test; there are {', '.join(MODELS)}")
    if key not in _MADE:
        _MADE[key] = MODELS[key]()
    return _MADE[key]
