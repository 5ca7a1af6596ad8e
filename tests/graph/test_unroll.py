"""Recurrences unrolled, and their gradients against complex steps, SymPy and node counts."""

from __future__ import annotations

import random
from typing import Any

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from bptt_sym.cells import cell, elman, lstm, names
from bptt_sym.errors import InputError, LimitExceeded, ModelError, NotSupported, ShapeError
from bptt_sym.graph import Label, Unrolled, roll, unroll
from bptt_sym.graph.domains import Complexes, Floats, PrimeField, Rationals, SymPyExpressions
from bptt_sym.notation import (
    At,
    Call,
    Fn,
    Had,
    Idx,
    Mul,
    Neg,
    Node,
    Pow,
    Sum,
    Sym,
    add,
    index,
    num,
)
from bptt_sym.recurrence import Equation, Recurrence
from bptt_sym.rules import RULES, Rule

DIMS = {"n": 2, "m": 3, "k": 2}
CELLS: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in names()),
    ("sigmoid-rnn-vector", {"concat": True}),
    ("lstm-vector", {"concat": True}),
]


def now(name: str) -> Node:
    return At(name, Idx("t"))


def before(name: str, lag: int = 1) -> Node:
    return At(name, index("t", -lag))


@st.composite
def recurrences(draw: st.DrawFn) -> Recurrence:
    """Random scalar cells: several sequences, lags up to 3, gates, tied and unused parameters."""
    states = [f"s{i}" for i in range(draw(st.integers(1, 3)))]
    weights = ["w", "v", "b"]
    equations: list[Equation] = []
    for i, target in enumerate(states):
        lagged = [before(s, lag) for s in states for lag in (1, 2, 3)]
        pool: list[Node] = [*lagged, now("x"), before("x"), *map(Sym, weights), num(2)]
        pool += [now(s) for s in states[:i]]
        choose = st.sampled_from(pool)
        terms = [
            Mul(tuple(draw(st.lists(choose, min_size=1, max_size=3))))
            for _ in range(draw(st.integers(1, 3)))
        ]
        rhs: Node = add(*terms)
        if draw(st.booleans()):
            rhs = Fn(draw(st.sampled_from(("tanh", "sigma"))), rhs)
        if draw(st.booleans()):
            rhs = add(rhs, Neg(Pow(draw(choose), num(2))))
        equations.append(Equation(target, rhs))
    initial = draw(
        st.dictionaries(
            st.sampled_from(states), st.sampled_from([num(0), num(1), Sym("w"), Sym("start")])
        )
    )
    shapes = dict.fromkeys([*states, *weights, "x", "start"], ())
    totals = {"E": Sum("k", num(1), Idx("T"), Mul((At(states[-1], Idx("k")), Sym("v"))))}
    return Recurrence("random", tuple(equations), shapes, initial=initial, totals=totals)


def point(u: Unrolled, seed: int, roots: list[int]) -> dict[int, float]:
    rng = random.Random(seed)
    return {i: rng.uniform(-0.9, 0.9) for i in u.graph.live(roots) if u.graph.op[i] == 0}


def by_complex_step(u: Unrolled, output: int, at: dict[int, float], wrt: int) -> float:
    shifted = {i: complex(v, 1e-30 if i == wrt else 0.0) for i, v in at.items()}
    return u.graph.evaluate([output], Complexes(), shifted)[0].imag / 1e-30


def flat(arrays: Any) -> list[int]:
    return [row for rows in arrays for row in rows]


@given(recurrences(), st.integers(1, 5), st.integers(0, 1000))
def test_both_sweeps_are_the_complex_step(rec: Recurrence, T: int, seed: int) -> None:
    u = unroll(rec, T)
    output = u.node("E")
    u.check()
    sweep = u.sweep(output)
    general = u.gradient(output)
    u.check()
    wrt = flat(u.parameters.values())
    stamped = flat(sweep.parameters.values())
    at = point(u, seed, [output, *stamped, *general])
    values = u.graph.evaluate([*stamped, *general], Floats(), at)
    for k, w in enumerate(wrt):
        truth = by_complex_step(u, output, at, w)
        assert values[k] == pytest.approx(truth, rel=1e-6, abs=1e-8)
        assert values[len(wrt) + k] == pytest.approx(truth, rel=1e-6, abs=1e-8)


@given(recurrences(), st.integers(1, 4))
def test_deltas_are_total_derivatives(rec: Recurrence, T: int) -> None:
    u = unroll(rec, T)
    output = u.node(rec.defined[-1], T)
    sweep = u.sweep(output)
    keys = list(u.rows)
    got = [row for key in keys for row in sweep.deltas.get(key, (0,) * len(u.rows[key]))]
    expected = u.gradient(output, [row for key in keys for row in u.rows[key]])
    field = PrimeField(seed=T)
    assert u.graph.evaluate(got, field, {}) == u.graph.evaluate(expected, field, {})


@pytest.mark.parametrize(("name", "options"), CELLS)
def test_shipped_cells(name: str, options: dict[str, Any]) -> None:
    rec = cell(name, **options)
    u = unroll(rec, 3, DIMS)
    state = rec.states[0]
    output = u.array(state, 3).nodes[-1]
    sweep = u.sweep(output)
    u.check()
    stamped = flat(sweep.parameters.values())
    at = point(u, 1, [output, *stamped])
    values = u.graph.evaluate(stamped, Floats(), at)
    for value, w in zip(values, flat(u.parameters.values()), strict=True):
        assert value == pytest.approx(by_complex_step(u, output, at, w), rel=1e-9, abs=1e-12)
    assert any(values)


@pytest.mark.parametrize(("make", "T"), [(elman, 1), (elman, 3), (lstm, 1)])
def test_sympy_substituting_everything_agrees(make: Any, T: int) -> None:
    rec = make()
    u = unroll(rec, T)
    output = u.node("h", T)
    sweep = u.sweep(output)
    domain = SymPyExpressions()
    inlined = u.graph.evaluate([output], domain, {})[0]
    at = {i: sympy.Rational(k + 1, 7) for k, i in enumerate(point(u, 0, [output]))}
    names_at = {domain.symbol(u.graph.label(i)): v for i, v in at.items()}  # type: ignore[arg-type]
    for name, rows in sweep.parameters.items():
        truth = sympy.diff(inlined, sympy.Symbol(name, real=True)).subs(names_at).evalf(30)
        ours = u.graph.evaluate([rows[0]], SymPyExpressions(), at)[0]
        assert abs(sympy.N(ours, 30) - truth) < 1e-25


def test_the_series_with_states_as_symbols() -> None:
    # States are bound to arbitrary rationals: the formula sum_t w^{T-t} prod (1-h_j^2) h_{t-1},
    # checked exactly, whatever the activation's values would have been.
    u = unroll(elman(), 4)
    d = u.sweep(u.node("h", 4)).parameters["w"][0]
    from fractions import Fraction as F

    h = [F(1, 3), F(2, 5), F(-3, 7), F(1, 2), F(4, 9)]
    w = F(5, 4)
    at = {u.node("h", t): h[t] for t in range(5)} | {u.node("w"): w}
    truth = F(0)
    for t in range(1, 5):
        term = (1 - h[t] ** 2) * h[t - 1]
        for j in range(t + 1, 5):
            term *= w * (1 - h[j] ** 2)
        truth += term
    assert u.graph.evaluate([d], Rationals(), at) == [truth]


def test_immediate_derivatives_hold_earlier_states() -> None:
    u = unroll(elman(), 3)
    h3, h2, w = u.node("h", 3), u.node("h", 2), u.node("w")
    (got,) = u.gradient(h3, [w], immediate=True)
    g = u.graph
    assert got == g.mul(h2, g.gradient(h3, [u.node("b_{hidden}")], fixed=[h2])[0])
    with pytest.raises(ModelError, match="immediate"):
        u.gradient(g.mul(h3, h3), [w], immediate=True)


def test_four_terms_of_the_lstm_are_in_the_one_step_jacobian() -> None:
    step = roll(lstm())
    g = step.graph
    jac = step.jacobian()
    c, h = Label("c", 0), Label("h", 0)
    assert jac[c, Label("c", -1)] == step.targets["f"][0]
    assert (h, Label("c", -1)) in jac and (c, Label("h", -1)) in jac
    assert (Label("f", 0), Label("c", -1)) not in jac
    g.check()


# ---------------------------------------------------------------- in bulk and row by row


def tables(rec: Recurrence, T: int, bulk: bool) -> tuple[Any, ...]:
    """Everything that unrolling and sweeping leave behind."""
    u = unroll(rec, T, DIMS, bulk=bulk)
    outputs = [
        u.array(rec.defined[-1], T).nodes[0],
        u.array(rec.defined[0], max(T - 2, 1)).nodes[0],
    ]
    outputs += [rows[0] for rows in u.totals.values()]
    sweeps = [u.sweep(output, bulk=bulk) for output in outputs]
    u.check()
    g = u.graph
    g.catch_up()
    found = [(dict(s.deltas), s.parameters) for s in sweeps]
    fast = bool(u.growth) and not all(s.deltas.keys() == s.deltas.written().keys() for s in sweeps)
    return g.op, g.a, g.b, g.labels, g.calls, dict(u.rows), found, g.row_of, fast


@given(recurrences(), st.integers(5, 40))
def test_writing_in_bulk_makes_the_same_table(rec: Recurrence, T: int) -> None:
    assert tables(rec, T, True)[:-1] == tables(rec, T, False)[:-1]


@pytest.mark.parametrize(("name", "options"), CELLS)
def test_the_first_steps_that_a_cell_keeps_are_the_same_for_every_horizon(
    name: str, options: dict[str, Any]
) -> None:
    rec = cell(name, **options)
    for T in (30, 9, 17, 30):  # the first writes them, sweeps over its table, and leaves them be
        *bulk, _ = tables(rec, T, True)
        *rowwise, _ = tables(rec, T, False)
        assert bulk == rowwise
    kept = roll(rec, DIMS)
    first, second = unroll(kept, 30), unroll(kept, 12)
    assert kept.opening is not None
    first.graph.sym("another")
    first.gradient(first.node_at(rec.states[0], 30))
    assert unroll(kept, 12).graph.op == second.graph.op


@pytest.mark.parametrize(("name", "options"), CELLS)
@pytest.mark.parametrize("T", [8, 9, 30])
def test_shipped_cells_in_bulk(name: str, options: dict[str, Any], T: int) -> None:
    for rec in (cell(name, **options), cell(name, **options).with_initial_zero()):
        *bulk, fast = tables(rec, T, True)
        *rowwise, slow = tables(rec, T, False)
        assert bulk == rowwise
        assert (fast or T < 20) and not slow  # the fast way was taken, and only there


def test_a_step_that_never_settles_is_written_row_by_row() -> None:
    counting = Recurrence("scaled", (Equation("h", Mul((Idx("t"), before("h")))),), {"h": ()})
    assert not tables(counting, 30, True)[-1]
    assert tables(counting, 30, True) == tables(counting, 30, False)


# ---------------------------------------------------------------- growth, counted and not timed


@pytest.mark.parametrize(("make", "output"), [(elman, "h"), (lstm, "h")])
def test_the_table_grows_linearly(make: Any, output: str) -> None:
    sizes = {}
    for T in (50, 100, 200, 400):
        u = unroll(make(), T)
        before_sweep = len(u.graph)
        u.sweep(u.node(output, T))
        sizes[T] = (before_sweep, len(u.graph))
    for part in (0, 1):
        per_step = {(sizes[2 * T][part] - sizes[T][part]) / T for T in (50, 100, 200)}
        assert len(per_step) == 1  # exactly the same number of rows in every step
    assert sizes[400][1] < 4 * sizes[400][0]  # cheap gradient principle, all weights at once


def test_the_rolled_form_has_no_horizon_in_it() -> None:
    step = roll(lstm())
    step.adjoint(frozenset(("c", "h", "E")))
    size = len(step.graph)
    for T in (1, 10, 300):
        u = unroll(step, T)
        u.sweep(u.node("E"))
    # Other sets of seeded sequences may be added once each; T does not appear.
    grown = len(step.graph)
    u = unroll(step, 500)
    u.sweep(u.node("E"))
    assert len(step.graph) == grown <= 3 * size


def test_no_horizon_exhausts_the_stack() -> None:
    u = unroll(elman(), 20_000)
    sweep = u.sweep(u.node("h", 20_000))
    (value,) = u.graph.evaluate(
        sweep.parameters["w"],
        Floats(),
        dict.fromkeys(point(u, 0, list(sweep.parameters["w"])), 0.5),
    )
    assert value == pytest.approx(unrolled_by_hand(20_000), rel=1e-9)


def unrolled_by_hand(T: int) -> float:
    import math

    h, d = 0.5, 0.0
    for _ in range(T):
        new = math.tanh(0.25 + 0.5 + 0.5 * h + 0.5)
        d = (1 - new * new) * (h + 0.5 * d)
        h = new
    return d


def test_a_row_costs_less_than_a_kilobyte() -> None:
    u = unroll(lstm(), 500)
    u.sweep(u.node("h", 500))
    assert u.graph.statistics()["bytes_per_row"] < 1000


# ---------------------------------------------------------------- particular recurrences


def test_equal_initial_values_are_different_variables() -> None:
    u = unroll(lstm().with_initial_zero(), 2)
    sweep = u.sweep(u.node("h", 2))
    dc, dh = sweep.deltas["c", 0][0], sweep.deltas["h", 0][0]
    at = point(u, 4, [dc, dh])
    got = u.graph.evaluate([dc, dh], Floats(), at)
    for name, value in zip(("c", "h"), got, strict=True):
        free = unroll(lstm(), 2)
        moved = {free.graph.sym(u.graph.label(i)): v for i, v in at.items()}  # type: ignore[arg-type]
        for other in ("c", "h"):
            moved[free.node(other, 0)] = 0.0
        truth = by_complex_step(free, free.node("h", 2), moved, free.node(name, 0))
        assert value == pytest.approx(truth, rel=1e-10)


def test_initial_values_that_depend_on_weights_and_on_each_other() -> None:
    rec = Recurrence(
        "tied",
        (
            Equation("c", Mul((Sym("w"), before("c"), before("h")))),
            Equation("h", Fn("tanh", add(now("c"), before("h")))),
        ),
        dict.fromkeys(("c", "h", "w"), ()),
        initial={"c": Pow(Sym("w"), num(2)), "h": Fn("sigma", At("c", Idx("t")))},
    )
    u = unroll(rec, 3)
    output, w = u.node("h", 3), u.node("w")
    sweep = u.sweep(output)
    u.check()
    got = u.graph.evaluate(
        [sweep.parameters["w"][0], u.gradient(output, [w])[0]], Floats(), {w: 0.7}
    )
    truth = by_complex_step(u, output, {w: 0.7}, w)
    assert got == pytest.approx([truth, truth], rel=1e-10)


def test_an_initial_value_that_needs_itself() -> None:
    rec = Recurrence(
        "loop", (Equation("h", before("h")),), {"h": ()}, initial={"h": At("h", Idx("t"))}
    )
    with pytest.raises(ModelError, match="needs itself"):
        unroll(rec, 1)


def test_a_target_that_is_the_same_at_every_step() -> None:
    rec = Recurrence(
        "constant",
        (Equation("a", Pow(Sym("w"), num(2))), Equation("h", add(now("a"), before("h")))),
        dict.fromkeys(("a", "h", "w"), ()),
    )
    u = unroll(rec, 3)
    u.check()
    w = u.node("w")
    rows = [u.sweep(u.node("h", 3)).parameters["w"][0], u.gradient(u.node("h", 3), [w])[0]]
    assert u.graph.evaluate(rows, Floats(), {w: 5.0}) == [30.0, 30.0]
    assert u.gradient(u.node("h", 3), [u.node("a", 2)]) == [1]


def test_the_step_number_as_a_value_and_as_an_exponent() -> None:
    scaled = Recurrence("scaled", (Equation("h", Mul((Idx("t"), before("h")))),), {"h": ()})
    u = unroll(scaled, 5)
    assert u.graph.evaluate(u.gradient(u.node("h", 5), [u.node("h", 0)]), Floats(), {}) == [120.0]
    power = Recurrence("power", (Equation("h", Pow(before("h"), Idx("t"))),), {"h": ()})
    with pytest.raises(NotSupported, match="whole"):
        unroll(power, 2)


def test_an_opaque_cell() -> None:
    rec = Recurrence(
        "opaque",
        (Equation("h", Call("f", (now("x"), before("h"), Sym("w")))),),
        dict.fromkeys(("x", "h", "w"), ()),
        functions={"f": ()},
    )
    u = unroll(rec, 2)
    (d,) = u.gradient(u.node("h", 2), [u.node("w")])
    g = u.graph
    step = lambda t, k: g.call(  # noqa: E731
        "f", [u.node("x", t), u.node("h", t - 1), u.node("w")], [int(i == k) for i in range(3)]
    )
    expected = g.add(step(2, 2), g.mul(step(2, 1), step(1, 2)))
    assert g.evaluate([d], PrimeField(), {}) == g.evaluate([expected], PrimeField(), {})


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize("T", [0, -3])
def test_a_horizon_below_one(T: int) -> None:
    with pytest.raises(InputError, match=f"T = {T}"):
        unroll(elman(), T)


def test_a_horizon_beyond_the_limit_is_refused_at_once() -> None:
    with pytest.raises(LimitExceeded, match="T = 1000000000"):
        unroll(elman(), 10**9)


def test_a_dimension_without_a_number() -> None:
    with pytest.raises(ModelError, match="dimension 'm' has no number"):
        unroll(cell("lstm-vector"), 2, {"n": 2})
    with pytest.raises(ModelError, match="below 1"):
        unroll(cell("lstm-vector"), 2, {"n": 0, "m": 1})


def test_shapes_that_do_not_fit() -> None:
    product = Equation("h", Had((before("h"), now("x"))))
    with pytest.raises(ModelError, match="clash: 'h': n and m are multiplied elementwise"):
        Recurrence("clash", (product,), {"h": ("n",), "x": ("m",)})
    with pytest.raises(ModelError, match="'h' is n, its right side n×n"):
        Recurrence("square", (Equation("h", Sym("W")),), {"h": ("n",), "W": ("n", "n")})
    # What declared shapes do not show: a total and an initial value.
    total = {"E": Mul((At("h", Idx("T")), At("h", Idx("T"))))}
    rec = Recurrence("sum", (product,), {"h": ("n",), "x": ("n",)}, totals=total)
    with pytest.raises(ShapeError):
        unroll(rec, 2, {"n": 2})


def test_names_and_steps_that_are_not_there() -> None:
    u = unroll(elman(), 2)
    for bad in (("h", 3), ("z", 1), ("z", None)):
        with pytest.raises(ModelError):
            u.node(*bad)
    with pytest.raises(ModelError, match="no component"):
        unroll(cell("elman-vector"), 1, DIMS).node("h", 1, (2,))


def test_a_planted_wrong_rule_is_caught() -> None:
    def disagreement(rules: dict[str, Rule]) -> float:
        u = unroll(lstm(), 3, rules=rules)
        output = u.node("h", 3)
        rows = list(u.sweep(output).parameters["U_f"])
        at = point(u, 2, [output, *rows])
        got = u.graph.evaluate(rows, Floats(), at)[0]
        return abs(got - by_complex_step(u, output, at, u.node("U_f")))

    assert disagreement(dict(RULES)) < 1e-12
    for name in ("tanh", "sigma"):
        assert disagreement({**RULES, name: Rule(lambda a, y, f: 1 + y**2)}) > 1e-6


def test_a_planted_misfiled_row_is_found() -> None:
    u = unroll(elman(), 3)
    u.rows["h", 2], u.rows["h", 3] = u.rows["h", 3], u.rows["h", 2]
    with pytest.raises(ModelError, match="named otherwise"):
        u.check()
    u = unroll(elman(), 3)
    u.graph.sym("stranger")
    with pytest.raises(ModelError, match="stranger"):
        u.check()
    u = unroll(elman(), 3)
    u.parameters["w"] = ()
    with pytest.raises(ModelError, match="0 rows"):
        u.check()
