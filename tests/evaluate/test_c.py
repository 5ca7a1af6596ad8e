"""The C backend: compiled, called, and compared within the error bound."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from bptt_sym import evaluate, recurrence_from_latex
from bptt_sym.architectures import gru
from bptt_sym.cells import cell
from bptt_sym.evaluate.c_kernels import DOUBLE, SINGLE, Precision, prelude
from bptt_sym.evaluate.c_source import c_source
from bptt_sym.evaluate.compile_c import CGradient, build, compiler
from bptt_sym.evaluate.compiled import NumpyGradient
from bptt_sym.evaluate.fuse import fuse
from bptt_sym.evaluate.lower import lower
from bptt_sym.evaluate.names import identifier
from bptt_sym.testing.compare import mismatches
from bptt_sym.testing.draw import cases
from bptt_sym.testing.models import model_of, named_model
from tests.evaluate.c_programs import built, ran
from tests.evaluate.random_cells import random_cell

pytestmark = pytest.mark.skipif(compiler() is None, reason="no C compiler")


@pytest.mark.parametrize("name", ["lstm", "gru", "random 20", "random 41"])
def test_compiled_gradient_in_every_regime(name: str) -> None:
    seed = name.removeprefix("random ")
    model = model_of(random_cell(int(seed))) if seed.isdigit() else named_model(name)
    if model.rec.max_lag > 1:
        pytest.skip("problems give initial values of one step")
    compiled = CGradient(model.rec, loss=model.loss, bind=model.bind, wrt_inputs=True)
    for p in cases(model):
        loss, grads = compiled(model.unpack(p.params, p.dims), p._inputs(), p._starts())
        given = model.pack(grads, lambda v, rank: np.concatenate(v, -rank))
        if not p.learned:
            given |= {f"{s}0": grads[f"{s}0"] for s in p.initial if f"{s}0" in grads}
        else:
            given |= {f"{s}0": grads[f"{s}0"].sum(0) for s in p.initial if f"{s}0" in grads}
        if model.inputs:
            given["x"] = grads["d_x"]
        assert mismatches(p, given) == []
        single = p.dtype == np.float32
        assert loss == pytest.approx(float(p.loss()), rel=1e-4 if single else 1e-11)


def test_sequences_come_back_when_asked_for() -> None:
    model = named_model("elman")
    p = next(iter(cases(model)))
    compiled = CGradient(model.rec, loss=model.loss)
    _, out = compiled(model.unpack(p.params, p.dims), p._inputs(), p._starts(), sequences=True)
    h, states = p.h0, []
    for t in range(p.steps):
        h = np.tanh(p.x[t] @ p.params["W"].T + h @ p.params["U"].T + p.params["b"])
        states.append(h)
    np.testing.assert_allclose(out["h"], states, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("precision", [DOUBLE, SINGLE], ids=["double", "float"])
def test_activations_in_c_keep_full_relative_precision(precision: Precision) -> None:
    import ctypes

    from bptt_sym.evaluate import activations
    from bptt_sym.evaluate.domains import mpmath_numbers

    # exp(-2a) is a normal number up to these.
    small, large = (1e-300, 340) if precision is DOUBLE else (1e-37, 43)
    a = np.concatenate([np.geomspace(small, large, 4000), np.linspace(0, 40, 4001)])
    a = np.concatenate([a, -a]).astype(precision.dtype)
    half_unit = float(np.finfo(precision.dtype).eps) / 2
    digits = mpmath_numbers(60)
    for name in ("tanh", "sigma"):
        for order in (0, 1):
            suffix = "_d1" if order else ""
            source = prelude(precision) + (
                f"void apply(long n, const real *a, real *y) "
                f"{{ for (long i = 0; i < n; i++) y[i] = act_{name}{suffix}(a[i]); }}"
            )
            y = np.empty_like(a)
            places = [ctypes.c_void_p(v.ctypes.data) for v in (a, y)]
            ctypes.CDLL(str(build(source))).apply(ctypes.c_long(a.size), *places)
            # tanh of 1e-300 to 60 digits needs no more than tanh(a) = a there.
            some = slice(None, None, 37)
            wide = a[some].astype(np.float64)
            exact = activations.value(name, order, digits.array(wide), digits.lib)
            small = np.abs(a[some]) < 1e-20
            for x, got, want, tiny in zip(wide, y[some].astype(float), exact, small, strict=True):
                value = want if not (tiny and name == "tanh" and order == 0) else x
                off = abs(float((got - value) / value)) if value else abs(got)
                assert off < 6 * half_unit, (name, order, x)


#: Widths around whole vectors and panels, and rows in all on both sides of what is packed twice.
SIZES = [
    (1, 1, 3),
    (3, 2, 2),
    (8, 1, 5),
    (13, 3, 12),
    (16, 1, 40),
    (20, 9, 4),
    (33, 1, 31),
    (5, 40, 45),
    (17, 2, 7),
    (21, 1, 2),
    (190, 1, 4),
]


@pytest.mark.parametrize("single", [False, True], ids=["double", "float"])
def test_products_of_every_extent(single: bool) -> None:
    """Stacked products, and a matrix used both as it is and transposed at every step."""
    define = ["h_t = \\tanh(W p_t + U h_{t-1})", "p_t = \\tanh(U^T h_{t-1} + W^T x_t)"]
    shapes = {"h": ("n",), "p": ("n",), "x": ("n",), "W": ("n", "n"), "U": ("n", "n")}
    tied = recurrence_from_latex(define, name="tied", shapes=shapes)
    rng = np.random.default_rng(0)
    compiled, reference = CGradient(tied), NumpyGradient(tied)
    for n, batch, steps in SIZES:
        dims = {"n": n}

        def numbers(name: str, *front: int, dims=dims) -> np.ndarray:
            shape = [dims[d] for d in tied.shape(name)]
            made = rng.normal(size=(*front, *shape)) / np.sqrt(max(shape, default=1))
            return made.astype(np.float32) if single else made

        params = {k: numbers(k) for k in tied.parameters}
        inputs = {k: numbers(k, steps, batch) for k, _ in reference.signature.inputs}
        start = {k: numbers(k, batch) for k, _ in reference.signature.initial}
        values, tape = compiled.forward(params, inputs, start)
        expected, kept = reference.forward(params, inputs, start)
        seeds = {k: numbers(k, steps, batch) for k, _ in reference.signature.seeds}
        got = compiled.backward(tape, seeds)
        want = reference.backward(kept, seeds)
        within = 1e-5 if single else 1e-12
        for key in seeds:
            np.testing.assert_allclose(values[key], expected[key], rtol=0, atol=within)
        for key in got:
            scale = np.abs(want[key]).max(initial=1e-30)
            np.testing.assert_allclose(got[key], want[key], rtol=0, atol=10 * within * scale)


@pytest.mark.parametrize("name", ["elman", "lstm", "gru"])
def test_every_other_step_goes_through_a_matrix_from_its_end(name: str) -> None:
    """What was read last is in the cache still. Long runs read what is packed in their order."""
    model = named_model(name)
    text = c_source(model.rec, fuse(model.program), loss=model.loss)[0]
    body = text[text.index("void gradient_sized") :]
    calls = re.findall(r" product(?:_turned)?\(.*\);", body)
    assert len(calls) >= 3 and all(call.endswith(", t & 1);") for call in calls)
    assert "if (T * B < FEW) product_turned(" in body


def test_calls_with_the_same_arrays_share_nothing_that_is_held() -> None:
    """Workspaces and memory for results are used again, but not while somebody has them."""
    model = named_model("elman")
    p = next(iter(cases(model)))
    params, inputs, start = model.unpack(p.params, p.dims), p._inputs(), p._starts()
    compiled = CGradient(model.rec, loss=model.loss)
    loss, grads = compiled(params, inputs, start)
    kept = {k: np.copy(v) for k, v in grads.items()}
    row = grads["U"][0]
    del grads
    _, tape = compiled.forward(params, inputs, start)
    for _ in range(3):
        params["U"] *= 2  # in place: the arrays are the same ones
        assert compiled(params, inputs, start)[0] != loss
        params["U"] /= 2
    np.testing.assert_array_equal(row, kept["U"][0])
    for k, v in compiled.backward(tape).items():
        np.testing.assert_array_equal(v, kept[k])
    workspaces = [plan.workspace for plan in compiled._plans.values()]
    assert compiled.memory <= 2 * (max(workspaces) + 64)


def test_other_arrays_under_the_same_names_are_seen() -> None:
    model = named_model("elman")
    p = next(iter(cases(model)))
    params, inputs, start = model.unpack(p.params, p.dims), p._inputs(), p._starts()
    compiled, rng = CGradient(model.rec, loss=model.loss), np.random.default_rng(0)
    first, _ = compiled(params, inputs, start)
    params["U"] = rng.normal(size=params["U"].shape)
    second, _ = compiled(params, inputs, start)
    again, _ = CGradient(model.rec, loss=model.loss)(params, inputs, start)
    assert first != second == again
    wide = {k: np.repeat(v, 2, axis=1) for k, v in inputs.items()}
    twice, _ = compiled(params, wide, {k: np.repeat(v, 2, axis=0) for k, v in start.items()})
    assert twice == pytest.approx(2 * second, rel=1e-12)


def test_arrays_that_got_another_shape_are_seen() -> None:
    model = named_model("elman")
    p = next(iter(cases(model)))
    params, start = model.unpack(p.params, p.dims), p._starts()
    inputs = {k: np.copy(v) for k, v in p._inputs().items()}
    compiled = CGradient(model.rec, loss=model.loss)
    whole, _ = compiled(params, inputs, start)
    for v in inputs.values():
        v.resize((p.steps - 1, *v.shape[1:]), refcheck=False)
    shorter, _ = compiled(params, inputs, start)
    again, _ = CGradient(model.rec, loss=model.loss)(params, inputs, start)
    assert whole != shorter == again


def test_addresses_are_found_in_other_pythons_too(monkeypatch: pytest.MonkeyPatch) -> None:
    model = named_model("elman")
    p = next(iter(cases(model)))
    arguments = model.unpack(p.params, p.dims), p._inputs(), p._starts()
    loss, grads = CGradient(model.rec, loss=model.loss)(*arguments)
    monkeypatch.setattr("bptt_sym.evaluate.buffers._KNOWN", False)
    again, other = CGradient(model.rec, loss=model.loss)(*arguments)
    assert again == loss and all((grads[k] == other[k]).all() for k in grads)


def test_results_outlive_the_next_calls() -> None:
    """Memory is lent again only when nobody holds an array that lies in it."""
    model = named_model("elman")
    p = next(iter(cases(model)))
    compiled = CGradient(model.rec, loss=model.loss)
    arguments = model.unpack(p.params, p.dims), p._inputs(), p._starts()
    kept = [compiled(*arguments)[1] for _ in range(3)]
    one = {k: v.copy() for k, v in kept[0].items()}
    part = kept[0].popitem()
    del kept[0]
    doubled = {k: 2 * v for k, v in arguments[0].items()}
    for _ in range(5):
        compiled(doubled, *arguments[1:])
    assert (part[1] == one[part[0]]).all()
    assert all((g[k] == one[k]).all() for g in kept for k in g)


def test_source_compiles_without_warnings(tmp_path) -> None:
    import subprocess

    model = named_model("lstm")
    sources = dict(CGradient(model.rec, loss=model.loss).sources)
    sources["scalar"] = evaluate.source(evaluate.executable(cell("elman")), "c")
    for kind, source in sources.items():
        path = tmp_path / f"lstm_{kind}.c"
        path.write_text(source)
        # In float nothing may be widened to double: that would undo the vector instructions.
        widened = ["-Wdouble-promotion"] if kind == "float" else []
        result = subprocess.run(
            [compiler(), "-std=c11", "-D_DEFAULT_SOURCE", "-O1", "-Wall", "-Wextra", *widened,
             "-Wno-unknown-pragmas", "-c", str(path), "-o",
             str(tmp_path / "lstm.o")],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert result.returncode == 0 and "warning" not in result.stderr, result.stderr


@pytest.mark.parametrize("kind", ["a loss with masks", "cotangents, in float"])
def test_source_runs_alone_under_sanitizers(kind: str, tmp_path: Path) -> None:
    """With NULL for sequences that nobody wants, T = 1, one unit, widths beside whole vectors."""
    single = "float" in kind
    model = named_model("lstm")
    rec, loss = (gru(), None) if single else (model.rec, model.loss)
    source = evaluate.source(rec, "c", loss=loss, float32=single, wrt_inputs=True)
    made = built(source, tmp_path, "gradient")
    if made is None:
        pytest.skip("the compiler has no sanitizers")
    runs = evaluate.executable(rec)
    reference = NumpyGradient(runs, loss=loss, wrt_inputs=True)
    _, sig = c_source(
        runs, fuse(lower(runs, loss=loss)), seeds=loss is None, wrt_inputs=True,
        precision=SINGLE if single else DOUBLE,
    )  # fmt: skip
    rng, kind_ = np.random.default_rng(0), np.float32 if single else np.float64
    for steps, batch, sizes in ((1, 1, (1, 1, 1)), (1, 3, (3, 2, 4)), (5, 2, (9, 17, 1))):
        dims = dict(zip(sig.dims, sizes, strict=False))

        def drawn(name: str, *front: int, dims=dims) -> np.ndarray:
            return rng.normal(size=(*front, *(dims[d] for d in runs.shape(name)))).astype(kind_)

        params = {k: drawn(k) for k in sig.params}
        inputs = {k: drawn(k, steps, batch) for k in sig.inputs}
        if "\\omega" in inputs:
            inputs["\\omega"] *= rng.integers(0, 2, (steps, batch))  # a mask
        start = {k: drawn(k, batch) for k in sig.initial}
        seeds = {k: drawn(k, steps, batch) for k in sig.seeds}
        values, tape = reference.forward(params, inputs, start)
        grads = reference.backward(tape, seeds) if loss is None else reference.backward(tape)
        table = {"loss": np.array(values.get("loss", 0.0), kind_)}
        table |= {k: np.asarray(values[identifier(k)]) for k in runs.defined}
        table |= {f"grad {k}": np.asarray(v, kind_) for k, v in grads.items()}
        wanted = [table[name] for name, _, _ in sig.outputs]
        if batch == 3:  # nobody wants the sequences
            wanted = [a if n.startswith("grad") or n == "loss" else None
                      for a, (n, _, _) in zip(wanted, sig.outputs, strict=True)]  # fmt: skip
        given = [t[k] for t, keys in ((params, sig.params), (inputs, sig.inputs),
                 (start, sig.initial), (seeds, sig.seeds)) for k in keys]  # fmt: skip
        size = [steps, batch, *(dims[d] for d in sig.dims)]
        found = ran(made, steps == 1, size, given, wanted)
        for got, want in zip(found, [a for a in wanted if a is not None], strict=True):
            scale = np.abs(want).max(initial=1e-30)
            np.testing.assert_allclose(got, want, rtol=0, atol=scale * (1e-4 if single else 1e-12))


def test_names_that_the_source_makes_itself() -> None:
    """A parameter ``h_{in}`` has the derivative ``d_h_in``, and so is the cotangent of h called."""
    shapes: dict[str, tuple[str, ...]] = {"h": (), "h_{in}": (), "x": ()}
    rec = recurrence_from_latex(
        [r"h_t = \tanh(h_{in} h_{t-1} + x_t)"], name="clash", shapes=shapes
    )
    one = np.ones((3, 1))
    results = []
    for made in (CGradient(rec), NumpyGradient(rec)):
        _, tape = made.forward({"h_{in}": np.array(0.5)}, {"x": one}, {"h": np.zeros(1)})
        results.append(float(made.backward(tape, {"h": one})["h_{in}"]))
    assert results[0] == pytest.approx(results[1], rel=1e-14)


def test_a_parameter_or_a_size_may_be_called_k() -> None:
    """Also beside a transpose, which is made before the loop over the steps."""
    line = r"h_t = \tanh(W^T x_t + U^T h_{t-1} + k)"
    shapes = {"h": ("n",), "U": ("n", "n"), "W": ("m", "n"), "k": ("n",)}
    model = model_of(recurrence_from_latex([line], shapes=shapes))
    text, signature = c_source(model.rec, fuse(model.program), loss=model.loss)
    assert "k" in signature.params and "k_2" not in text
    compiled = CGradient(model.rec, loss=model.loss)
    for p in list(cases(model))[:4]:
        _, grads = compiled(model.unpack(p.params, p.dims), p._inputs(), p._starts())
        assert mismatches(p, model.pack(grads, lambda v, rank: np.concatenate(v, -rank))) == []
    sized = model_of(recurrence_from_latex([r"s_t = \tanh(R s_{t-1} + d)"], shapes={"s": ("k",)}))
    assert "k" in c_source(sized.rec, fuse(sized.program), loss=sized.loss)[1].dims
