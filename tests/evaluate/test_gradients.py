"""One gradient, many ways: generated code, interpreters, high precision, balls, complex step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bptt_sym.evaluate.domains import floats, mpmath_numbers
from bptt_sym.evaluate.fuse import fuse
from bptt_sym.evaluate.program import check
from bptt_sym.testing.compare import mismatches
from bptt_sym.testing.draw import REGIMES, draw
from bptt_sym.testing.models import MODELS, model_of, named_model
from bptt_sym.testing.problems import Problem
from tests.evaluate.random_cells import random_cell

#: Of random cells that have parameters: without them there is no gradient.
seeds = st.integers(0, 400).filter(lambda seed: bool(random_cell(seed).parameters))
problems = st.builds(
    lambda model, seed, regime, steps, batch, weighted: draw(
        model, seed, regime=regime, steps=steps, batch=batch, weighted=weighted
    ),
    st.one_of(
        st.sampled_from(sorted(MODELS)).map(named_model),
        # (Problems have initial values of one step: see test_two_lags for more.)
        seeds.map(random_cell).filter(lambda rec: rec.max_lag <= 1).map(model_of),
    ),
    st.integers(0, 10_000),
    st.sampled_from([r for r in REGIMES if r != "long"]),
    st.integers(1, 6),
    st.integers(1, 3),
    st.booleans(),
)
modest = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def generated(p: Problem) -> dict[str, np.ndarray]:
    model = p.model
    with np.errstate(all="ignore"):
        _, grads = model.fast(model.unpack(p.params, p.dims), p._inputs(), p._starts())
    return {
        **model.pack(grads, lambda v, rank: np.concatenate(v, -rank)),
        **{f"{s}0": grads[f"{s}0"] for s in p.initial if f"{s}0" in grads},
        **({"x": grads["d_x"]} if "d_x" in grads else {}),
    }


@modest
@given(problems)
def test_generated_numpy_is_the_gradient_within_its_error_bound(p: Problem) -> None:
    assert mismatches(p, generated(p)) == []


@settings(parent=modest, max_examples=25)
@given(problems, st.integers(0, 2**32 - 1))
def test_complex_step_along_a_random_direction(p: Problem, seed: int) -> None:
    if p.regime == "huge":
        return  # complex exp overflows where the real function saturates
    rng = np.random.default_rng(seed)
    direction = {k: rng.normal(size=v.shape) for k, v in p.params.items()}
    moved = p.replaced(params={k: v + 1e-40j * direction[k] for k, v in p.params.items()})
    slope = float(moved.run(floats(np.complex128)).loss.imag) * 1e40
    if not np.isfinite(slope):
        assert p.regime in ("saturated", "large")
        return  # the same, for a state that grows
    exact = sum(float((p.exact[k] * direction[k]).sum()) for k in p.params)
    room = sum(float((p.allowed()[k] * np.abs(direction[k])).sum()) for k in p.params)
    assert abs(slope - exact) <= 2 * room


@settings(parent=modest, max_examples=10)
@given(problems)
def test_fifty_digits_agree_and_the_reference_is_better_than_its_claim(p: Problem) -> None:
    digits = p.gradient_in(mpmath_numbers(50))
    allowed = p.allowed(2.0**-60)
    for name, value in digits.items():
        # 80-bit numbers as two floats: mpmath would round them to one.
        high = np.asarray(p.exact[name], float)
        low = np.asarray(p.exact[name] - high, float)
        off = np.abs(np.asarray(value - high - low, object).astype(float))
        assert (off <= allowed[name] + 1e-300).all(), name


def test_a_bound_that_overflows_accuses_nobody() -> None:
    """States of 1e50 times slopes of 0: the bound of their error is no number."""
    p = draw(model_of(random_cell(364)), 0, regime="huge", steps=6, batch=1, dims={"m": 3, "n": 4})
    assert any(np.isinf(a).any() for a in p.allowed().values())
    assert not any(np.isnan(a).any() for a in p.allowed().values())
    assert mismatches(p, generated(p)) == []


@modest
@given(st.integers(0, 10_000).filter(lambda seed: bool(random_cell(seed).parameters)))
def test_fusion_keeps_the_table_well_formed(seed: int) -> None:
    model = model_of(random_cell(seed))
    fused = fuse(model.program)
    check(fused)
    assert len(fused.targets) == len(model.program.targets)


def test_fusion_leaves_one_recurrent_product_in_an_lstm() -> None:
    model = named_model("lstm")
    program = fuse(model.program)
    products = [op for op in program.ops if op.kind == "matvec"]
    assert len([op for op in model.program.ops if op.kind == "matvec"]) == 9
    assert len(products) == 3  # stacked W, stacked U, and the output layer


def test_two_lags() -> None:
    """A state read two steps back: initial values of two steps, cotangents that skip one."""
    from bptt_sym import notation as n
    from bptt_sym.evaluate.adjoint import adjoint
    from bptt_sym.evaluate.compiled import NumpyGradient
    from bptt_sym.evaluate.interpret import backward, forward
    from bptt_sym.evaluate.lower import lower
    from bptt_sym.recurrence import Equation, Recurrence

    t = n.Idx("t")
    rhs = n.Fn(
        "tanh",
        n.Add((
            n.Mul((n.Sym("U"), n.At("h", n.index("t", -1)))),
            n.Mul((n.Sym("K"), n.At("h", n.index("t", -2)))),
            n.Mul((n.Sym("W"), n.At("x", t))),
        )),
    )  # fmt: skip
    shapes = {"U": ("n", "n"), "K": ("n", "n"), "W": ("n", "m"), "h": ("n",), "x": ("m",)}
    rec = Recurrence("two-lags", (Equation("h", rhs),), shapes)
    loss = n.Sum("t", n.num(1), n.Idx("T"), n.Pow(n.Norm(n.At("h", t), "2"), n.num(2)))
    rng = np.random.default_rng(3)
    params = {k: rng.normal(size=[{"n": 3, "m": 2}[d] for d in shapes[k]]) for k in "UKW"}
    x, start = rng.normal(size=(5, 2, 2)), rng.normal(size=(2, 2, 3))
    value, grads = NumpyGradient(rec, loss=loss)(params, {"x": x}, {"h": start})

    def total(changed: dict[str, np.ndarray], h: np.ndarray) -> complex:
        past = [h[0], h[1]]
        out = 0
        for step in x:
            now = np.tanh(past[-1] @ changed["U"].T + past[-2] @ changed["K"].T
                          + step @ changed["W"].T)  # fmt: skip
            past.append(now)
            out = out + (now * now).sum()
        return out

    assert value == pytest.approx(total(params, start), rel=1e-14)
    for name in params:
        v = rng.normal(size=params[name].shape)
        slope = total({**params, name: params[name] + 1e-30j * v}, start).imag * 1e30
        assert (grads[name] * v).sum() == pytest.approx(slope, rel=1e-12)
    v = rng.normal(size=start.shape)
    slope = total(params, start + 1e-30j * v).imag * 1e30
    assert (grads["h0"] * v).sum() == pytest.approx(slope, rel=1e-12)
    domain = floats()
    program = lower(rec, loss=loss)
    run = forward(rec, program, domain, params, {"x": x}, {"h": start})
    slow, _ = backward(adjoint(rec, program), domain, run)
    for name in params:
        np.testing.assert_allclose(slow[name], grads[name], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_contributions_by_lag_add_up(name: str) -> None:
    p = draw(named_model(name), 5, steps=6, batch=2)
    for key, parts in p.parts.items():
        total = parts.sum((0, 1) if key.endswith("0") else (0, 1, 2))
        np.testing.assert_allclose(
            total.astype(float), p.exact[key].astype(float), rtol=1e-13, atol=1e-15
        )


def test_a_lag_is_what_truncation_removes() -> None:
    """Cutting the sequence before step s removes exactly the contributions of earlier uses."""
    p = draw(named_model("elman"), 1, steps=5, batch=1)
    lagged = p.parts["U"]
    # The loss of step 5 alone, with the first two steps' states frozen as initial value.
    only_last = p.replaced(loss_weights=np.array([0, 0, 0, 0, 1.0]))
    states = only_last.run(floats()).sequence(floats(), p.model.program, "h")
    short = only_last.replaced(
        series={k: v[2:] for k, v in p.series.items()},
        initial={"h": states[1]},
        mask=p.mask[2:],
        loss_weights=np.array([0, 0, 1.0]),
    )
    expected = sum(lagged[k, 4 - k, 0] for k in range(3))
    np.testing.assert_allclose(short.exact["U"].astype(float), expected.astype(float), rtol=1e-13)


HOSTILE = (
    'w"""\nraise SystemExit(1)\n#', "'); import os; ('", "\\", "{0}", "__import__('os')", "a\0",
)  # fmt: skip


@given(name=st.text(min_size=1) | st.sampled_from(HOSTILE), title=st.text())
@example(name="'", title="")
@settings(max_examples=40)
def test_no_text_of_a_name_is_executed(name: str, title: str) -> None:
    """The source that is executed is the same whatever a parameter and the cell are called."""
    import ast

    from bptt_sym import notation as n
    from bptt_sym.evaluate.compiled import NumpyGradient
    from bptt_sym.recurrence import Equation, Recurrence

    def gradient(name: str, title: str) -> NumpyGradient:
        before = n.Mul((n.Sym(name), n.At("h", n.index("t", -1))))
        rhs = n.Fn("tanh", n.Add((before, n.At("x", n.Idx("t")))))
        rec = Recurrence(title, (Equation("h", rhs),), {name: (), "h": (), "x": ()})
        return NumpyGradient(rec)

    def shape(text: str, own: str) -> str:
        """The syntax tree without the docstrings and the names that are bound in it."""
        tree = ast.parse(text)
        nodes = list(ast.walk(tree))
        bound = {n.arg for n in nodes if isinstance(n, ast.arg)}
        bound |= {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        number: dict[str, str] = {}
        for node in nodes:
            if isinstance(node, ast.Name) and node.id in bound:
                node.id = number.setdefault(node.id, f"bound {len(number)}")
            elif isinstance(node, ast.arg):
                node.arg = number.setdefault(node.arg, f"bound {len(number)}")
            elif isinstance(node, ast.Constant) and node.value == own:
                node.value = "w"  # the key of its gradient
        assert isinstance(tree.body[0], ast.Expr)
        return ast.dump(ast.Module(tree.body[1:], []))

    if name in ("h", "x"):
        return
    plain, odd = gradient("w", "plain"), gradient(name, title)
    for kind in ("stacked", "apart", "large"):
        assert shape(odd.source(kind), name) == shape(plain.source(kind), "w")
