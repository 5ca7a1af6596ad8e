"""Derivations: every step replayed exactly, on random cells, targets, forms and horizons."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptt_sym import cells, rules
from bptt_sym.decide import replay
from bptt_sym.errors import InputError, NotSupported, ReplayError
from bptt_sym.forms import FORMS, STEPWISE, derive, without
from bptt_sym.notation import (
    ONE,
    Add,
    At,
    D,
    Fn,
    Idx,
    Matrix,
    Mul,
    Neg,
    Node,
    Outer,
    Pow,
    Prod,
    Sum,
    Sym,
    Transpose,
    index,
    num,
    rebuild,
    walk,
)
from bptt_sym.read import recurrence_from_latex
from bptt_sym.recurrence import Recurrence
from tests.derive.oracle import failures, scalar_among_vectors
from tests.nightly import examples

USERS = {
    "residual": [r"h_t = h_{t-1} + \tanh(w h_{t-1} + u x_t + b)"],
    "leaky": [r"h_t = (1-\alpha) h_{t-1} + \alpha \tanh(w h_{t-1} + u x_t)"],
    "leaky vector": [
        r"h_t = (1-\alpha) h_{t-1} + \alpha \tanh(W h_{t-1} + U x_t)",
        "C = C(h_T)",
    ],
    "gru": [
        r"z_t = \sigma(W_z x_t + U_z h_{t-1} + b_z)",
        r"r_t = \sigma(W_r x_t + U_r h_{t-1} + b_r)",
        r"\tilde h_t = \tanh(W_h x_t + U_h (r_t \odot h_{t-1}) + b_h)",
        r"h_t = (1-z_t)\odot h_{t-1} + z_t \odot \tilde h_t",
        r"E_t = E(h_t)",
        r"E = \sum_{t=1}^T E_t",
    ],
    "two steps back": [r"h_t = \tanh(a h_{t-1} + b h_{t-2} + x_t)"],
    "two steps back, vector": [r"h_t = \tanh(A h_{t-1} + B h_{t-2} + U x_t + b)", "C = C(h_T)"],
    "reading two inputs": [r"h_t = \tanh(w h_{t-1} + u x_t + v x_{t-1})", "C = C(h_T)"],
    "opaque": [r"h_t = f(x_t, h_{t-1}, w)"],
    "two opaque": [
        r"c_t = f(c_{t-1}, h_{t-1}, w)",
        r"h_t = g(c_t, w)",
        "C = C(h_T, w)",
    ],
    "squared": [
        r"h_t = \tanh(w h_{t-1} + u x_t)",
        r"o_t = v h_t + c",
        r"L = \sum_{t=1}^T (o_t - y_t)^2",
    ],
    "opaque activation": [r"h_t = \phi(w h_{t-1} + u_t)"],
    "stacked": [
        r"h_t = \tanh(W h_{t-1} + U x_t)",
        r"g_t = \sigma(V g_{t-1} + R h_t)",
        r"L_t = L(g_t)",
        r"L = \sum_{t=1}^T L_t",
    ],
}


def models() -> dict[str, Recurrence]:
    shipped = {n: cells.cell(n) for n in cells.names()}
    shipped["lstm concatenated"] = cells.lstm(vector=True, concat=True)
    shipped["elman from 0"] = cells.elman().with_initial_zero()
    shipped["scalar among vectors"] = scalar_among_vectors()
    return shipped | {n: recurrence_from_latex(lines, name=n) for n, lines in USERS.items()}


MODELS = models()


@st.composite
def targets(draw: st.DrawFn) -> tuple[str, str]:
    name = draw(st.sampled_from(sorted(MODELS)))
    rec = MODELS[name]
    y = draw(st.sampled_from([f"{s}[T]" for s in (*rec.states, *rec.gates)] + sorted(rec.totals)))
    x = draw(
        st.sampled_from(
            list(rec.parameters)
            + [f"{s}[{k}]" for s in rec.states for k in ("0", "s", "t", "1", "T-1")]
            + [f"{s}[{k}]" for s in rec.inputs for k in ("s", "t", "1", "T")]
        )
    )
    return name, f"d{y}/d{x}"


@given(
    targets(),
    st.sampled_from(FORMS),
    st.sampled_from((None, None, 1, 2, 3, 9)),
    st.integers(1, 10**6),
)
def test_every_step_of_every_derivation_holds_wherever_it_says(
    target: tuple[str, str], form: str, T: int | None, seed: int
) -> None:
    name, text = target
    try:
        derivation = derive(MODELS[name], text, T, form)
    except NotSupported:
        return
    except InputError as error:
        said = ("does not exist", "behind the last step", "lies before", "without one index")
        assert any(s in str(error) for s in said)
        return
    assert failures(derivation, longest=3, seed=seed) == []


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_pair_has_every_form(name: str) -> None:
    """A share of all pairs, forms and horizons, another one of every cell; each step replayed."""
    rec = MODELS[name]
    pairs = []
    for T in (None, 1, 3):
        steps = {None: ("s", "1", "T-1", "T"), 1: ("1",), 3: ("s", "1", "3")}[T]
        variables = [*rec.parameters, *(f"{s}[0]" for s in rec.states)]
        variables += [f"{s}[{k}]" for s in (*rec.states, *rec.inputs) for k in steps]
        for y in (*(f"{s}[T]" for s in (*rec.states, *rec.gates)), *rec.totals):
            pairs += [(y, x, T, form) for x in variables for form in STEPWISE]
    for y, x, T, form in pairs[len(name) % 7 :: max(1, len(pairs) // examples(10, 50))]:
        try:
            d = derive(rec, f"d{y}/d{x}", T, form)
        except NotSupported as error:
            assert "the derivative is 0" in str(error)
        else:
            assert d.steps[-1].lhs == d.target, (y, x, form, T)
            deep = 5 if rec.max_lag > 1 or name == "reading two inputs" else 3
            assert failures(d, longest=deep) == [], (y, x, form, T)


@pytest.mark.parametrize(
    ("name", "target", "T", "form"),
    [
        ("elman", "dh[T]/dh[s]", 3, "horner"),
        ("lstm-vector", "dh[T]/dc[s]", 4, "horner"),
        ("elman", "dh[T]/dx[T]", None, "horner"),
        ("elman", "dL/dx[T]", None, "adjoint"),
        ("scalar among vectors", "ds[T]/dW", None, "telescoped"),
        ("scalar among vectors", "dh[T]/dU", 3, "series"),
        ("reading two inputs", "dC/dx[s]", None, "series"),
        ("two steps back", "dh[T]/dh[-1]", None, "telescoped"),
        ("squared", "do[T]/dv", None, "adjoint"),
    ],
)
def test_pairs_that_want_care(name: str, target: str, T: int | None, form: str) -> None:
    rec = MODELS[name]
    derivation = derive(rec, target, T, form)
    assert derivation.steps[-1].lhs == derivation.target
    assert all(v.is_right for v in derivation.replay())


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("elman", "d2C/dw2"),
        ("elman", "d2L/db_{input}2"),
        ("lstm", "d2E/dU_f2"),
        ("lstm", "d2h[T]/dU_o2"),
        ("squared", "d2L/dw2"),
        ("squared", "d2o[T]/du2"),
        ("squared", "d2L/dv2"),
        ("opaque", "d2h[T]/dw2"),
        ("opaque activation", "d2h[T]/dw2"),
        ("two opaque", "d2C/dw2"),
        ("two opaque", "d2h[T]/dw2"),
        ("scalar among vectors", "d2r[T]/da2"),
    ],
)
@pytest.mark.parametrize("T", [None, 3])
def test_second_derivatives(name: str, target: str, T: int | None) -> None:
    derivation = derive(MODELS[name], target, T)
    last = derivation.steps[-1].lhs
    assert isinstance(last, D) and isinstance(last.y, D) and last.x == last.y.x
    assert last.y.y == derivation.target.y and failures(derivation, 3) == []


def test_second_derivatives_of_an_unknown_function_of_vectors_have_no_form() -> None:
    with pytest.raises(NotSupported, match="unknown function of vectors"):
        derive(MODELS["leaky vector"], "d2C/d\\alpha2")


def test_the_mixed_term_of_an_unknown_cell_counts_twice() -> None:
    derivation = derive(MODELS["opaque"], "d2h[T]/dw2")
    assert derivation.text().count("+ 2 · ") >= 1
    number = next(n for n, s in enumerate(derivation.steps) if s.rule == "differentiate again")
    step = derivation.steps[number]

    def once(n: Node) -> Node:
        return Mul(n.args[1:]) if isinstance(n, Mul) and n.args[0] == num(2) else rebuild(n, once)

    halved = replace(step, rhs=once(step.rhs))
    steps = (*derivation.steps[:number], halved, *derivation.steps[number + 1 :])
    assert [n for n, _ in failures(replace(derivation, steps=steps), 3)] == [number + 1]


def test_a_step_that_lies_before_is_a_message() -> None:
    with pytest.raises(InputError, match="lies before"):
        derive(cells.elman(), "dh[s]/dh[s+1]")
    with pytest.raises(InputError, match="depends on T"):
        derive(cells.elman(), "dh[t]/dh[T]")
    with pytest.raises(InputError, match="without one index"):
        derive(cells.elman(), "dh[T]/dx[s]", 1, "horner")


@pytest.mark.parametrize(
    ("name", "target", "T", "form"),
    [
        ("elman", "dh[T]/dw", None, "series"),
        ("elman", "dh[T]/dw", 3, "agree"),
        ("elman", "dC/dw", 3, "series"),
        ("elman", "dh[T]/dh[s]", None, "agree"),
        ("elman", "dL/dx[t]", None, "adjoint"),
        ("elman", "d2h[T]/dw2", None, "series"),
        ("elman", "d2C/dw2", None, "series"),
        ("squared", "d2L/dw2", None, "series"),
        ("opaque", "d2h[T]/dw2", None, "series"),
        ("elman-vector", "dL/dW_{hh}", None, "agree"),
        ("sigmoid-rnn", "dE/dW_rec", None, "agree"),
        ("lstm", "dc[t]/dc[t-1]", None, "jacobian"),
        ("lstm", "dc[T]/dc[s]", None, "series"),
        ("gru", "dE/dU_h", None, "adjoint"),
        ("leaky vector", "dC/d\\alpha", None, "agree"),
        ("lstm-vector", "dh[T]/dU_f", 3, "series"),
        ("lstm-vector", "dE/dU_f", None, "telescoped"),
        ("two steps back, vector", "dC/dA", None, "series"),
    ],
)
def test_the_decision_engine_replays_it(name: str, target: str, T: int | None, form: str) -> None:
    derivation = derive(MODELS[name], target, T, form)
    verdicts = derivation.replay()
    assert len(verdicts) == len(derivation.steps)
    assert all(v.is_right for v in verdicts)


@pytest.mark.parametrize("form", ["series", "horner", "adjoint", "immediate"])
def test_a_planted_wrong_rule_fails_at_its_step(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    planted = {**rules.RULES, "tanh": rules.Rule(lambda a, y, f: 1 + y**2)}
    monkeypatch.setattr(rules, "RULES", planted)
    derivation = derive(cells.elman(), "dh[T]/dw" if form != "immediate" else "dh[t]/dw", form=form)
    wrong = [n for n, _ in failures(derivation)]
    first = next(
        n
        for n, s in enumerate(derivation.steps, 1)
        if Add((ONE, Pow(At("h", Idx("t")), num(2)))) in set(walk(s.rhs))
        or Add((ONE, Pow(At("h", index("t", 1)), num(2)))) in set(walk(s.rhs))
    )
    assert wrong[0] == first
    with pytest.raises(ReplayError) as caught:
        replay(derivation)
    assert caught.value.step == first


# ------------------------------------------------------------------ the notes' own formulas
def lag_term(top: str) -> Mul:
    t = Idx("t")
    slope = Add((ONE, Neg(Pow(At("h", Idx("j")), num(2)))))
    return Mul(
        (
            Pow(Sym("w"), index(top, "-t")),
            Prod("j", index("t", 1), Idx(top), slope, descending=True),
            Add((ONE, Neg(Pow(At("h", t), num(2))))),
            At("h", index("t", -1)),
        )
    )


def test_the_series_of_the_elman_cell_is_that_of_the_notes() -> None:
    derivation = derive(cells.elman(), "dh[T]/dw")
    assert derivation.result == Sum("t", ONE, Idx("T"), lag_term("T"))
    base, step, conclusion = derivation.inductions[0]
    assert [derivation.steps[n - 1].rule for n in (base, step, conclusion)] == [
        "induction: base",
        "induction: step",
        "induction: conclusion",
    ]


def test_the_immediate_derivative_is_exercise_1() -> None:
    t = Idx("t")
    derivation = derive(cells.elman(), "dh[t]/dw", form="immediate")
    assert derivation.steps[-1].lhs == D(At("h", t), Sym("w"), "immediate")
    slope = Add((ONE, Neg(Pow(At("h", t), num(2)))))
    assert derivation.result == Mul((slope, At("h", index("t", -1))))


def test_started_from_zero_the_first_derivative_vanishes_which_is_exercise_3() -> None:
    from_zero = cells.elman().with_initial_zero()
    assert derive(from_zero, "dh[T]/dw", 1).result == num(0)
    assert derive(cells.elman(), "dh[T]/dw", 1).result != num(0)


def test_the_lstm_has_four_named_terms_in_the_order_of_the_notes() -> None:
    derivation = derive(cells.lstm(), "dc[t]/dc[t-1]", form="jacobian")
    terms = [s for s in derivation.steps if s.label]
    assert [s.label for s in terms] == ["A_t", "B_t", "C_t", "D_t"]
    assert derivation.result == Add(tuple(s.rhs for s in terms))
    a, b, c, d = (s.rhs for s in terms)
    assert b == At("f", Idx("t"))
    for term, weight in ((a, "U_f"), (c, "U_i"), (d, "U_c")):
        assert Sym(weight) in set(walk(term))
        assert Fn("tanh", At("c", index("t", -1)), 1) in set(walk(term))
    # tanh' and not σ' in the candidate's term
    assert Add((ONE, Neg(Pow(At(r"\tilde{c}", Idx("t")), num(2))))) in set(walk(d))


def test_by_a_matrix_the_gradient_is_a_sum_of_outer_products() -> None:
    derivation = derive(cells.elman_vector(), "dL/dW_hh", form="adjoint")
    delta = Transpose(D(Sym("L"), At("a", Idx("t")), "total"))
    outer = Outer(delta, At("h", index("t", -1)))
    assert derivation.result == Sum("t", ONE, Idx("T"), outer)
    assert "numerator layout" in derivation.layout


def test_the_joint_state_of_the_lstm_has_a_block_matrix_for_each_step() -> None:
    derivation = derive(cells.lstm(), "dc[T]/dc[s]")
    (product,) = [n for n in walk(derivation.result) if isinstance(n, Prod)]
    assert isinstance(product.body, Matrix) and product.descending
    assert len(product.body.rows) == 2


def test_the_product_of_the_four_term_sums_misses_the_path_through_the_output_gate() -> None:
    lstm = cells.lstm()
    two_steps = derive(lstm, "dc[T]/dc[s]", form="composition")
    step = next(s for s in two_steps.steps if s.rule == "two steps")
    assert isinstance(step.rhs, Add) and "U_o = 0" in step.note
    assert failures(two_steps) == []
    # Without U_o nothing is missed, for any number of steps.
    closed = derive(without(lstm, "U_o"), "dc[T]/dc[s]", form="composition")
    assert isinstance(closed.result, Prod) and closed.steps[-1].lhs == closed.target
    assert failures(closed) == []
    # And with it the product is not the derivative: the same claim fails over two steps.
    claim = replace(closed, recurrence=lstm, steps=(replace(closed.steps[-1], cites=()),))
    assert [n for n, _ in failures(claim)] == [1]


# ------------------------------------------------------------------ what is refused, and how
@pytest.mark.parametrize(
    ("target", "T", "form"),
    [
        ("dh[T]/dq", None, "series"),
        ("dh/dw", None, "series"),
        ("dw[t]/dw", None, "series"),
        ("h[T]/w", None, "series"),
        ("dh[T]/dw", 0, "series"),
        ("dh[T]/dw", -3, "series"),
        ("dh[9]/dw", 3, "series"),
        ("dh[T]/dx[0]", None, "series"),
        ("dh[T]/dw", None, "taylor"),
        ("dh[t*t]/dw", None, "series"),
        ("dh[2t]/dw", None, "series"),
    ],
)
def test_a_bad_target_is_the_askers_error(target: str, T: int | None, form: str) -> None:
    with pytest.raises(InputError):
        derive(cells.elman(), target, T, form)


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading_of_targets(text: str) -> None:
    try:
        derive(cells.elman(), text)
    except (InputError, NotSupported):
        return


def test_a_long_horizon_is_linear_in_terms_and_needs_no_recursion() -> None:
    derivation = derive(cells.elman(), "dh[T]/dw", 1000)
    assert isinstance(derivation.result, Add) and len(derivation.result.args) == 1000
    assert sum(1 for _ in walk(derivation.result)) < 60_000
    assert len(derive(cells.elman(), "dh[T]/dw", 1000, "horner").steps) > 1000
