"""Source that stands alone: it runs without this package and says what its formulas are."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import partial
from inspect import signature
from typing import Any

import numpy as np
import pytest

from bptt_sym import evaluate
from bptt_sym.cells import cell, names
from bptt_sym.errors import InputError, NotSupported
from bptt_sym.evaluate.adjoint import adjoint
from bptt_sym.evaluate.domains import balls, floats
from bptt_sym.evaluate.dual import rtrl
from bptt_sym.evaluate.formula import equation_text
from bptt_sym.evaluate.gradient_flow import SCENARIOS, flow, from_state_dict, scenario
from bptt_sym.evaluate.interpret import backward, forward
from bptt_sym.evaluate.lower import lower
from bptt_sym.evaluate.names import identifier
from bptt_sym.read import recurrence_from_latex
from bptt_sym.testing.draw import draw
from bptt_sym.testing.models import MODELS, Model, model_of, named_model
from tests.evaluate.random_cells import random_cell
from tests.nightly import some


@pytest.mark.parametrize("backend", evaluate.BACKENDS)
@pytest.mark.parametrize("name", sorted(names()))
def test_every_shipped_cell_has_source_in_every_backend(name: str, backend: str) -> None:
    text = evaluate.source(cell(name), backend, bind={"g": "tanh"})
    assert "bptt_sym" not in text
    sign = "//" if backend == "c" else "#"
    for equation in evaluate.executable(cell(name)).equations:
        formula = equation_text(equation)
        assert f"    {formula}\n" in text  # at the top, and again where it is computed
        assert f"{sign} {formula}\n" in text
    assert all(line == line.rstrip() for line in text.splitlines()) or backend == "c"


@pytest.mark.parametrize("backend", evaluate.BACKENDS)
def test_values_are_called_by_what_they_are(backend: str) -> None:
    if backend != "c":  # gradients are called as the arguments are, with no braces or backslashes
        assert "'W_hh': " in evaluate.source(cell("elman-vector"), backend)
    text = evaluate.source(cell("lstm-vector"), backend)
    for name in ("gates", "tanh_c", "slope_tanh_c", "slope_c_tilde", "d_h", "d_c", "d_c_before"):
        assert re.search(rf"\b{name}(_t|_rj)?\b", text), name
    assert not re.search(r"\b(i_2|tanh_2|slope|slope_2)\b", text)


def test_numpy_source_runs_alone(tmp_path) -> None:
    model = named_model("lstm")
    (tmp_path / "lstm.py").write_text(evaluate.source(model.rec, loss=model.loss))
    program = (
        "import sys, numpy as np, lstm, inspect\n"
        "names = list(inspect.signature(lstm.loss_and_gradient).parameters)\n"
        "r = np.random.default_rng(0)\n"
        "shape = {'V': (2, 3), 'c_y': (2,), 'x': (4, 1, 5), 'y_hat': (4, 1, 2),\n"
        "         'omega': (4, 1), 'h0': (1, 3), 'c0': (1, 3)}\n"
        "shape |= {n: {'W': (3, 5), 'U': (3, 3), 'b': (3,)}[n[0]] for n in names\n"
        "          if n not in shape}\n"
        "loss, g = lstm.loss_and_gradient(*(r.normal(size=shape[n]) for n in names))\n"
        "assert np.isfinite(loss) and g['U_f'].shape == (3, 3)\n"
        "assert not any(m.startswith('bptt_sym') for m in sys.modules)\n"
        "print(sorted(g))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True,
        timeout=60, check=False, env={"PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert "'c0'" in result.stdout


@pytest.mark.parametrize("module", ["torch", "jax"])
def test_torch_and_jax_sources_agree_with_numpy(module: str) -> None:
    library = pytest.importorskip(module, reason=f"{module} is not installed")
    if module == "jax":
        library.config.update("jax_enable_x64", True)
    # Of JAX it is the compiler that takes the time.
    count = 12 if module == "torch" else 3
    models = [named_model(n) for n in MODELS] + [model_of(random_cell(s)) for s in range(count)]
    for model in models:
        if model.rec.max_lag > 1:
            continue
        text = evaluate.source(model.rec, module, loss=model.loss, bind=model.bind)
        space: dict[str, object] = {}
        exec(text, space)
        p = draw(model, 3, steps=4, batch=2)
        given = (model.unpack(p.params, p.dims), p._inputs(), p._starts())
        _, expected = model.fast(*given)
        sig = model.fast.signature
        make = library.tensor if module == "torch" else library.numpy.asarray
        arguments = [
            make(np.array(table[n]))
            for group, table in zip((sig.params, sig.inputs, sig.initial), given, strict=True)
            for n, _ in group
        ]
        function = space["loss_and_gradient"]
        if module == "jax":
            function = library.jit(function)
        _, got = function(*arguments)
        for key in model.fast.signature.params:
            np.testing.assert_allclose(
                np.asarray(got[key[1]]), expected[key[0]], rtol=1e-9, atol=1e-12
            )


@pytest.mark.parametrize("backend", ["torch", "jax"])
@pytest.mark.parametrize("name", ["elman", "lstm"])
def test_autograd_agrees_within_the_error_bound(name: str, backend: str) -> None:
    """An independent reverse mode on an independently written forward pass."""
    pytest.importorskip(backend, reason=f"{backend} is not installed")
    from bptt_sym.testing.compare import mismatches

    steps = 5 if backend == "torch" else 2
    # JAX compiles every operation anew for every size.
    regimes = ("tiny", "generic", "large", "saturated")
    for seed, regime in enumerate(some(regimes, 2) if backend == "jax" else regimes):
        p = draw(named_model(name), seed, regime=regime, steps=steps, batch=2, weighted=True)
        assert mismatches(p, _autograd(p, backend)) == [], (regime, backend)


def _autograd(p, backend: str) -> dict[str, np.ndarray]:
    def forward(lib, q, h, c):
        n = q["U"].shape[1]
        out = []
        for x in p.x if backend == "jax" else lib.tensor(p.x):
            a = x @ q["W"].T + h @ q["U"].T + q["b"]
            if p.name == "elman":
                h = lib.tanh(a)
            else:
                s = 1 / (1 + lib.exp(-a[:, : 3 * n]))
                c = s[:, :n] * c + s[:, n : 2 * n] * lib.tanh(a[:, 3 * n :])
                h = s[:, 2 * n :] * lib.tanh(c)
            out.append(h @ q["V"].T + q["c"])
        return lib.stack(out)

    weight = (p.loss_weights[:, None] * p.mask)[..., None]
    c0 = p.c0 if p.name == "lstm" else p.h0
    if backend == "torch":
        import torch

        q = {k: torch.tensor(v, requires_grad=True) for k, v in p.params.items()}
        e = forward(torch, q, torch.tensor(p.h0), torch.tensor(c0)) - torch.tensor(p.targets)
        (0.5 * (torch.tensor(weight) * e * e).sum()).backward()
        return {k: v.grad.numpy() for k, v in q.items()}
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def loss(q):
        e = forward(jnp, q, jnp.asarray(p.h0), jnp.asarray(c0)) - p.targets
        return 0.5 * (weight * e * e).sum()

    grads = jax.grad(loss)({k: jnp.asarray(v) for k, v in p.params.items()})
    return {k: np.asarray(v) for k, v in grads.items()}


@pytest.mark.parametrize("name", sorted(MODELS))
def test_balls_enclose_the_gradient(name: str) -> None:
    from flint import ctx

    p = draw(named_model(name), 2, steps=3, batch=2, dims={"H": 2, "I": 1, "O": 1})
    with ctx.workprec(160):
        enclosures = p.gradient_in(balls())
        for key, exact in p.exact.items():
            high = np.asarray(exact, float)
            for ball, value in zip(np.ravel(enclosures[key]), np.ravel(high), strict=True):
                assert float(ball.rad()) < 1e-38
                assert abs(float(ball.mid()) - value) <= 2.0**-52 * abs(value)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_rtrl_gives_the_same_gradient(name: str) -> None:
    model: Model = named_model(name)
    p = draw(model, 4, steps=4, batch=2, weighted=True)
    params = model.unpack(p.params, p.dims)
    _, grads = rtrl(model.rec, model.program, floats(), params, p._inputs(), p._starts())
    packed = model.pack(grads, lambda v, rank: np.concatenate(v, -rank))
    allowed = p.allowed()
    for key, value in packed.items():
        assert (np.abs(value - p.exact[key]) <= allowed[key]).all(), key


class TestNames:
    """No text of a formula becomes code."""

    @pytest.mark.parametrize(
        ("name", "expected"),
        [(r"\tilde{c}", "c_tilde"), ("W_{hidden}", "W_hidden"), ("U_f", "U_f"), ("h'", "h_prime"),
         ("lambda", "lambda"), ("x; import os", "x_import_os"), ("2", "v2"), ("", "v")],
    )  # fmt: skip
    def test_identifiers(self, name: str, expected: str) -> None:
        assert identifier(name) == expected and identifier(name).isidentifier()

    def test_hostile_names_stay_names(self) -> None:
        from bptt_sym import notation as n
        from bptt_sym.recurrence import Equation, Recurrence

        bad = 'w"""\nraise SystemExit(1)\n#'
        rhs = n.Fn("tanh", n.Add((n.Mul((n.Sym(bad), n.At("h", n.index("t", -1)))),
                                  n.At("x", n.Idx("t")))))  # fmt: skip
        rec = Recurrence("a */ b", (Equation("h", rhs),), {bad: (), "h": (), "x": ()})
        for backend in evaluate.BACKENDS:
            text = evaluate.source(rec, backend)
            assert not any(line.strip().startswith("raise") for line in text.splitlines())
            assert "a */ b" not in text

    def test_what_is_run_has_no_text_of_a_name(self) -> None:
        from bptt_sym import notation as n
        from bptt_sym.evaluate.compiled import NumpyGradient
        from bptt_sym.recurrence import Equation, Recurrence

        def slope(weight: str, name: str) -> float:
            rhs = n.Fn("tanh", n.Add((n.Mul((n.Sym(weight), n.At("h", n.index("t", -1)))),
                                      n.At("x", n.Idx("t")))))  # fmt: skip
            rec = Recurrence(name, (Equation("h", rhs),), {weight: (), "h": (), "x": ()})
            grad = NumpyGradient(rec, loss=n.At("h", n.Idx("t")))
            given = {"x": np.array([[0.5], [-0.25]])}, {"h": np.array([0.5])}
            return float(grad({weight: np.array(0.75)}, *given)[1][weight])

        bad = 'w\'])\nraise SystemExit(1)\n#"""'
        assert slope(bad, "a\n>raise SystemExit(1)") == slope("w", "a")

    def test_no_name_takes_the_place_of_what_the_run_source_calls(self) -> None:
        from bptt_sym.evaluate.compiled import SHORT
        from bptt_sym.evaluate.names import Names
        from bptt_sym.evaluate.pooled import Pool

        names = Names()
        for helper in {*Pool().names(), *SHORT}:
            assert names.fresh(helper) != helper


def test_unknown_backend_and_opaque_functions_are_told() -> None:
    with pytest.raises(InputError, match="no backend"):
        evaluate.source(cell("elman"), "fortran")
    from bptt_sym import notation as n
    from bptt_sym.recurrence import Equation, Recurrence

    rhs = n.Fn(r"\phi", n.Add((n.At("h", n.index("t", -1)), n.At("x", n.Idx("t")))))
    rec = Recurrence("opaque", (Equation("h", rhs),), {"h": (), "x": ()})
    with pytest.raises(NotSupported, match="bind it"):
        evaluate.source(rec)
    assert "np.tanh(" in evaluate.source(rec, bind={r"\phi": "tanh"})


class TestFlow:
    """Curves against what is proved about them."""

    def test_exploding_is_a_power_of_w(self) -> None:
        report = scenario("exploding", 50)
        expected = [1.1 ** (50 - t) for t in range(51)]
        np.testing.assert_allclose(report.norms["h"].values, expected, rtol=1e-12)
        np.testing.assert_allclose(report.bounds["h"].values, expected, rtol=1e-12)

    def test_balanced_lstm_keeps_the_cell_gradient(self) -> None:
        report = scenario("balanced", 41)
        np.testing.assert_allclose(report.norms["c"].values[1:], 1.0, rtol=1e-4)

    def test_latching_vanishes_although_w_is_two(self) -> None:
        report = scenario("latching", 60)
        assert report.norms["h"].values[0] < 1e-30 < 1e15 < report.bounds["h"].values[0]

    @pytest.mark.parametrize("name", SCENARIOS)
    def test_bounds_bound_and_shares_share(self, name: str) -> None:
        report = scenario(name, 30)
        for state, bound in report.bounds.items():
            pairs = zip(report.norms[state].values, bound.values, strict=True)
            assert all(v <= b * (1 + 1e-9) for v, b in pairs)
        for share in report.shares.values():
            assert sum(share.values) == pytest.approx(1.0)
        assert report.text() and report.json()["T"] == 30

    @pytest.mark.parametrize("name", ["lstm-vector", "elman-vector", "sigmoid-rnn-vector"])
    def test_bound_of_a_vector_cell_and_norm_by_differences(self, name: str) -> None:
        report = flow(cell(name), 8, dims={"n": 3, "m": 2}, seed=4)
        for state, bound in report.bounds.items():
            pairs = zip(report.norms[state].values, bound.values, strict=True)
            assert all(v <= b * (1 + 1e-9) for v, b in pairs)

    def test_pytorch_weights_are_understood(self) -> None:
        rng = np.random.default_rng(0)
        n, m = 3, 2
        state = {
            "rnn.weight_ih_l0": rng.normal(size=(4 * n, m)),
            "rnn.weight_hh_l0": rng.normal(size=(4 * n, n)),
            "rnn.bias_ih_l0": rng.normal(size=4 * n),
            "rnn.bias_hh_l0": rng.normal(size=4 * n),
        }
        rec = evaluate.executable(cell("lstm-vector"))
        got = from_state_dict(rec, state)
        np.testing.assert_array_equal(got["U_f"], state["rnn.weight_hh_l0"][n : 2 * n])
        np.testing.assert_array_equal(got["W_c"], state["rnn.weight_ih_l0"][2 * n : 3 * n])
        np.testing.assert_array_equal(
            got["b_o"], (state["rnn.bias_ih_l0"] + state["rnn.bias_hh_l0"])[3 * n :]
        )
        assert flow(cell("lstm-vector"), 5, params=state).steps == 5

    def test_bad_input_is_told(self) -> None:
        with pytest.raises(InputError, match="at least one step"):
            flow(cell("elman"), 0)
        with pytest.raises(InputError, match="no parameter"):
            flow(cell("elman"), 5, params={"w": 0.5, "nonsense": 1.0})
        with pytest.raises(InputError, match="no scenario"):
            scenario("sideways")

    def test_pictures(self, tmp_path) -> None:
        pytest.importorskip("matplotlib", reason="matplotlib is not installed")
        for ending in ("png", "svg"):
            path = tmp_path / f"flow.{ending}"
            scenario("exploding", 5).save(path)  # without shares, and without a warning
            scenario("vanishing", 20).save(path)
            assert path.stat().st_size > 1000
        with pytest.raises(InputError, match="png or"):
            scenario("vanishing", 20).save(tmp_path / "flow.pdf")


@pytest.mark.parametrize("backend", ["numpy", "torch", "jax"])
def test_source_computes_in_the_type_and_on_the_device_of_its_arrays(backend: str) -> None:
    """Also where only one cotangent is given: the others are zeros of the same type."""
    library = pytest.importorskip(backend, reason=f"{backend} is not installed")
    space: dict[str, Any] = {}
    rec = evaluate.executable(cell("lstm-vector"))
    exec(evaluate.source(rec, backend), space)
    r, sizes = np.random.default_rng(0), {"n": 3, "m": 2}
    shapes = {p: [sizes[d] for d in rec.shape(p)] for p in rec.parameters}
    shapes |= {"x": [4, 5, 2], "h0": [5, 3], "c0": [5, 3]}
    names_ = signature(space["forward"]).parameters
    arrays = {k: np.float32(r.normal(size=shapes[k])) for k in names_}
    seed = np.float32(r.normal(size=(4, 5, 3)))
    convert: Any = np.asarray
    if backend == "torch":  # a device that holds no numbers, and refuses arrays of others
        convert = partial(library.tensor, device="meta")
    if backend == "jax":
        library.config.update("jax_enable_x64", True)
        convert = library.numpy.asarray
    values, saved = space["forward"](**{k: convert(v) for k, v in arrays.items()})
    grads = space["backward"](saved, d_h_in=convert(seed))
    assert set(grads) == set(names_) - {"x"}
    for name, value in {**values, **grads}.items():
        assert str(value.dtype).endswith("float32"), name
        assert backend != "torch" or value.device.type == "meta", name


@pytest.mark.parametrize("module", ["numpy", "torch", "jax", "c"])
def test_an_argument_of_a_gate_that_is_a_value_of_its_own(module: str) -> None:
    """Its slice of what is stacked lies within the slice of all gates with this activation."""
    if module != "c":
        library = pytest.importorskip(module, reason=f"{module} is not installed")
    if module == "jax":
        library.config.update("jax_enable_x64", True)
    text = [r"a_t = W x_t + U h_{t-1}", r"g_t = \sigma(a_t)", r"p_t = \sigma(C x_t + D h_{t-1})",
            r"s_t = \tanh(V x_t + A h_{t-1})", r"h_t = g_t \odot p_t + s_t"]  # fmt: skip
    rec = recurrence_from_latex(text, name="explicit", shapes={"h": ("n",), "x": ("m",)})
    rng = np.random.default_rng(0)
    sizes = {"n": 3, "m": 2}
    params = {k: rng.normal(size=[sizes[str(d)] for d in rec.shape(k)]) for k in rec.parameters}
    given = {**params, "x": rng.normal(size=(4, 2, 2)), "h0": rng.normal(size=(2, 3))}
    seeds = {k: rng.normal(size=(4, 2, 3)) for k in rec.defined}
    f = evaluate.gradient(rec, backend="numpy")
    _, tape = f.forward(params, {"x": given["x"]}, {"h": given["h0"]})
    exact = dict(f.backward(tape, seeds))
    slow = backward(adjoint(rec, lower(rec), seeds=True), floats(), forward(
        rec, lower(rec), floats(), params, {"x": given["x"]}, {"h": given["h0"]}), seeds)[0]
    for k, v in slow.items():
        np.testing.assert_allclose(exact[k], v, rtol=1e-10, err_msg=k)
    if module == "c":
        g = evaluate.gradient(rec, backend="c")
        _, tape = g.forward(params, {"x": given["x"]}, {"h": given["h0"]})
        found = g.backward(tape, seeds)
    else:
        make = {"torch": "tensor", "jax": "array", "numpy": "asarray"}[module]
        made = getattr(library.numpy if module == "jax" else library, make)
        space: dict[str, Any] = {}
        exec(evaluate.source(rec, module), space)  # our own source
        order = signature(space["forward"]).parameters
        _, saved = space["forward"](*(made(given[k]) for k in order))
        found = space["backward"](saved, **{f"d_{k}_in": made(v) for k, v in seeds.items()})
    for k, v in exact.items():
        np.testing.assert_allclose(np.asarray(found[k]), v, rtol=1e-9, err_msg=k)
