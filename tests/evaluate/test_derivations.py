"""The printed derivation, put into numbers, is the generated gradient."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptt_sym import derive
from bptt_sym import notation as n
from bptt_sym.cells import cell
from bptt_sym.evaluate import executable, gradient
from bptt_sym.evaluate.names import identifier


def value(node: n.Node, params: dict[str, float], states: dict[str, np.ndarray]) -> np.ndarray:
    """A closed formula of numbers, parameters and elements of sequences; matrices of these."""

    def of(child: n.Node) -> np.ndarray:
        return value(child, params, states)

    match node:
        case n.Num(value=v):
            return np.asarray(float(v))
        case n.Sym(name=name):
            return np.asarray(params[name])
        case n.At(name=name, time=n.Num(value=t)):
            return np.asarray(states[name][int(t)])
        case n.Add(args=args):
            return sum((of(a) for a in args), np.asarray(0.0))
        case n.Neg(arg=a):
            return -of(a)
        case n.Mul(args=args) | n.Had(args=args):
            out = of(args[0])
            for a in args[1:]:
                right = of(a)
                out = out @ right if out.ndim == 2 and right.ndim == 2 else out * right
            return out
        case n.Div(num=a, den=b):
            return of(a) / of(b)
        case n.Pow(base=a, exp=b):
            return of(a) ** of(b)
        case n.Fn(name="tanh", arg=a, order=k):
            return np.tanh(of(a)) if not k else 1 - np.tanh(of(a)) ** 2
        case n.Fn(name="sigma", arg=a, order=0):
            return 1 / (1 + np.exp(-of(a)))
        case n.Matrix(rows=rows):
            return np.array([[float(of(x)) for x in row] for row in rows])
    raise AssertionError(f"{type(node).__name__} in a result")


@pytest.mark.parametrize(
    ("name", "form"), [("elman", "series"), ("elman", "horner"), ("lstm", "series")]
)
@settings(max_examples=6)
@given(st.integers(1, 4), st.integers(0, 1000))
def test_derivative_of_the_last_state(name: str, form: str, steps: int, seed: int) -> None:
    rec = executable(cell(name))
    rng = np.random.default_rng(seed)
    params = {p: float(rng.normal()) for p in rec.parameters}
    x = rng.normal(size=(steps, 1))
    start = {s: rng.normal(size=1) for s in rec.states}
    code = gradient(rec, loss=n.At("h", n.Idx("T")))
    arrays = {k: np.asarray(v) for k, v in params.items()}
    sequences, _ = code.forward(arrays, {"x": x}, start)
    _, grads = code(arrays, {"x": x}, start)
    columns = {s: sequences[identifier(s)][:, 0] for s in rec.defined} | {"x": x[:, 0]}
    states = {s: np.concatenate([[np.nan], v]) for s, v in columns.items()}
    for s, v in start.items():
        states[s][0] = v[0]
    for parameter in rec.parameters:
        result = derive(cell(name), (n.At("h", n.Idx("T")), n.Sym(parameter)), T=steps, form=form)
        got = float(np.squeeze(value(result.steps[-1].rhs, params, states)))
        assert got == pytest.approx(float(grads[parameter]), rel=1e-10, abs=1e-13), parameter
