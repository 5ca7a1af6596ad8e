"""SymPy in and out: values survive, and SymPy's own calculus is an independent oracle."""

from __future__ import annotations

import pytest
import sympy

from bptt_sym import cells
from bptt_sym.decide.domains import Modular
from bptt_sym.decide.identity import aligned, concrete_dims
from bptt_sym.decide.interpret import STRICT, Interpreter
from bptt_sym.decide.tensor import flat
from bptt_sym.decide.world import World
from bptt_sym.errors import InputError, ModelError, NotSupported
from bptt_sym.forms import derive
from bptt_sym.notation import At, Idx
from bptt_sym.sympy_bridge import from_sympy, recurrence_from_sympy, to_sympy
from tests.derive.oracle import failures, instances

t = sympy.Symbol("t", integer=True)
w, u, b = sympy.symbols("w u b")
h, x = sympy.IndexedBase("h"), sympy.IndexedBase("x")


@pytest.mark.parametrize("name", cells.names())
@pytest.mark.parametrize("form", ["series", "horner", "adjoint", "jacobian"])
def test_every_side_of_every_step_survives_the_passage(name: str, form: str) -> None:
    rec = cells.cell(name)
    state, parameter = rec.states[0], rec.parameters[-1]
    target = f"d{state}[t]/d{state}[t-1]" if form == "jacobian" else f"d{state}[T]/d{parameter}"
    try:
        d = derive(rec, target, form=form)
    except NotSupported:
        pytest.skip("this form does not exist for the target")
    dims = {} if d.recurrence.is_scalar else concrete_dims(d.recurrence, (2, 3, 4))
    world = World(d.recurrence, Modular(1), dims)
    for step in d.steps:
        horizon, env = [*instances(step, None, 3)][-1]
        interpreter = Interpreter(world, STRICT, horizon)
        for side in (step.lhs, step.rhs):
            back = from_sympy(to_sympy(side, d.recurrence))
            p, q = aligned(
                interpreter.value(side, env), interpreter.value(back, env), world.domain, False
            )
            assert all(world.domain.is_zero(a - c) for a, c in zip(flat(p), flat(q), strict=True))


def test_a_cell_declared_in_sympy_is_the_shipped_one() -> None:
    W, bi, bh = sympy.symbols("W_{input} b_{input} b_{hidden}")
    C = sympy.Function("C")
    rec = recurrence_from_sympy(
        [sympy.Eq(h[t], sympy.tanh(W * x[t] + bi + w * h[t - 1] + bh))],
        name="elman",
        totals={"C": C(h[sympy.Symbol("T", integer=True)])},
    )
    for target in ("dh[T]/dw", "dC/dw", "dh[T]/dh[0]"):
        ours, shipped = derive(rec, target), derive(cells.elman(), target)
        assert ours.result == shipped.result
        assert failures(ours) == []


def test_an_equation_for_the_next_step_is_the_one_for_this_step() -> None:
    later = recurrence_from_sympy([sympy.Eq(h[t + 1], sympy.tanh(w * h[t] + u * x[t + 1]))])
    now = recurrence_from_sympy([sympy.Eq(h[t], sympy.tanh(w * h[t - 1] + u * x[t]))])
    assert derive(later, "dh[T]/dw").result == derive(now, "dh[T]/dw").result


def test_a_vector_cell_keeps_the_order_of_its_products() -> None:
    W, U = sympy.symbols("W U", commutative=False)
    state, inputs = (sympy.Function(n, commutative=False) for n in ("s", "z"))
    rec = recurrence_from_sympy(
        [sympy.Eq(state(t), sympy.tanh(W * state(t - 1) + U * inputs(t)))],
        shapes={"s": ("n",), "z": ("m",), "W": ("n", "n"), "U": ("n", "m")},
    )
    d = derive(rec, "ds[T]/ds[0]")
    assert failures(d) == []


def test_a_matrix_that_commutes_is_refused() -> None:
    with pytest.raises(ModelError, match="commutative=False"):
        recurrence_from_sympy(
            [sympy.Eq(h[t], sympy.tanh(w * h[t - 1]))], shapes={"h": ("n",), "w": ("n", "n")}
        )


def test_sympy_diff_agrees_once_the_states_are_put_in() -> None:
    """SymPy's calculus on the cell written out: an oracle that shares nothing with ours."""
    h0 = sympy.Symbol("h0")
    xs = sympy.symbols("x1:4")
    state = [h0]
    for k in range(3):
        state.append(sympy.tanh(w * state[-1] + u * xs[k] + b))
    truth = sympy.diff(state[3], w)
    rec = recurrence_from_sympy([sympy.Eq(h[t], sympy.tanh(w * h[t - 1] + u * x[t] + b))])
    values = {w: 0.7, u: -1.1, b: 0.2, h0: 0.3, xs[0]: 0.5, xs[1]: -0.4, xs[2]: 0.9}
    for form in ("series", "horner"):
        ours = to_sympy(derive(rec, "dh[T]/dw", 3, form).result)
        put = ours.subs({h[k]: state[k] for k in range(4)})
        assert abs(float(put.subs(values)) - float(truth.subs(values))) < 1e-12
    second = to_sympy(derive(rec, "d2h[T]/dw2", 1).result).subs({h[0]: h0, h[1]: state[1]})
    firsts = {f: sympy.diff(state[1], w) for f in second.atoms(sympy.Function) if f.args}
    put = second.subs({f: v for f, v in firsts.items() if type(f).__name__ == "TotalDerivative"})
    assert abs(float(put.subs(values)) - float(sympy.diff(state[1], w, 2).subs(values))) < 1e-12


@pytest.mark.parametrize(
    "bad",
    [
        sympy.Float("0.5") * w,
        sympy.Piecewise((w, w > 0), (0, True)),
        sympy.sin(w),
        sympy.Indexed(sympy.IndexedBase("h"), t, t),
        sympy.Indexed(sympy.IndexedBase("h"), t**2),
    ],
)
def test_what_has_no_exact_meaning_is_refused(bad: sympy.Expr) -> None:
    with pytest.raises(InputError):
        from_sympy(bad)


def test_an_element_is_an_element() -> None:
    assert from_sympy(h[t]) == At("h", Idx("t"))
    assert to_sympy(At("h", Idx("t"))) == h[t]
