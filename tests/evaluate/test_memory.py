"""Memory that is used again, weights that are not copied, loops over rows."""

from __future__ import annotations

import time
import tracemalloc
import weakref
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptt_sym.evaluate import pooled
from bptt_sym.evaluate.adjoint import adjoint
from bptt_sym.evaluate.buffers import SLAB, Buffers
from bptt_sym.evaluate.compiled import NumpyGradient
from bptt_sym.evaluate.domains import floats
from bptt_sym.evaluate.jacobians import one_step
from bptt_sym.evaluate.loop_rows import flat_once, looked_up_once, over_rows, turned_once
from bptt_sym.evaluate.names import Names
from bptt_sym.evaluate.pooled import LARGE, Pool, common, dots, stacked
from bptt_sym.read import recurrence_from_latex
from bptt_sym.testing.draw import cases, draw
from bptt_sym.testing.models import named_model


@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 3)), max_size=25), st.booleans())
def test_what_is_lent_is_never_lent_twice(steps: list[tuple[int, int]], slabs: bool) -> None:
    buffers, held = Buffers(idle=2, slabs=slabs), []
    for size, keep in steps:
        lent, start = buffers.lend(size)
        assert start % 64 == 0 and lent.nbytes == size
        if size:
            assert start == lent.ctypes.data
        view = np.ndarray((size // 8,), np.dtype(float), lent)
        view[:] = len(held)
        held = [*held, (view, len(held))][-(keep + 1) :]
        del lent
        for values, number in held:
            assert (values == number).all()
        held = [(values, n) for n, (values, _) in enumerate(held)]
        for values, n in held:
            values[:] = n


def test_slabs_go_with_what_was_cut_from_them() -> None:
    buffers = Buffers(idle=0, slabs=True)
    first, other = buffers.lend(SLAB // 4)[0], buffers.lend(SLAB // 3)[0]
    slab = weakref.ref(buffers._slab[0])
    assert buffers._slab[1] >= SLAB // 4 + SLAB // 3
    large = buffers.lend(SLAB)[0]
    assert slab() is buffers._slab[0]  # what is large lies elsewhere
    del first, other
    kept = [buffers.lend(SLAB // 2 - 64)[0] for _ in range(2)]  # a second slab, in their places
    assert slab() is None and len(kept) == 2 and large.nbytes == SLAB


def test_blocks_of_one_array_are_stacked_without_a_copy() -> None:
    whole = np.arange(4.0 * LARGE).reshape(4, -1, 8)
    rows = whole.reshape(-1, 8)
    n = len(rows) // 4
    parts = [rows[k * n : (k + 1) * n] for k in range(4)]
    assert np.shares_memory(stacked(parts, -2), whole)
    assert (stacked(parts, -2) == rows).all()
    swapped = [parts[1], parts[0], *parts[2:]]
    gap = [parts[0], parts[2], parts[3]]
    turned = [p.T for p in np.split(np.asfortranarray(rows), 4)]
    copies = [p.copy() for p in parts]
    narrow = [p[:, :4] for p in parts]
    for other in (swapped, gap, turned, copies, narrow, [parts[0], parts[1].astype(np.float32)]):
        made = stacked(other, 0)
        assert (made == np.concatenate(other, 0)).all()
        assert not np.shares_memory(made, whole)


def test_remembered_stacks_follow_their_parts() -> None:
    pool, rows = Pool(), np.zeros((LARGE, 2))
    parts = [rows[: LARGE // 2], rows[LARGE // 2 :]]
    assert pool.stacked(parts, -2) is pool.stacked(list(parts), -2)
    rows[-1] = 1.0
    assert pool.stacked(parts, -2)[-1, 0] == 1.0
    assert (pool.stacked(parts[::-1], -2)[LARGE // 2 - 1] == 1.0).all()


def test_loops_over_rows_say_the_same() -> None:
    lines = [
        "z[t] += h[t] @ U",
        "np.exp(-z[t, ..., :2], out=z[t, ..., :2])",
        "h[t + 1] = z[t, :, :2] + last[t]",
        "carry, d[t] = h[t + 2], z[t, ..., 1:]",
        "total = total + carry.sum() + d[t].sum()",
    ]
    for back in (False, True):
        results = []
        for rows in (False, True):
            rng = np.random.default_rng(0)
            space = {
                "np": np, "T": 4, "total": 0.0, "U": rng.normal(size=(2, 3)),
                "z": rng.normal(size=(4, 5, 3)), "h": rng.normal(size=(6, 5, 2)),
                "last": rng.normal(size=(4, 5, 1)), "d": np.zeros((4, 5, 2)),
            }  # fmt: skip
            header = "for t in reversed(range(T)):" if back else "for t in range(T):"
            longer = {"h"}
            header, body = (
                over_rows(lines, Names(), back=back, longer=longer) if rows else (header, lines)
            )
            exec("\n".join([header, *(f"    {line}" for line in body)]), space)  # our own lines
            results.append((space["z"], space["h"], space["d"], space["total"]))
        for plain, by_rows in zip(*results, strict=True):
            np.testing.assert_array_equal(plain, by_rows)


def test_large_gradients_do_not_share_memory_with_later_ones() -> None:
    model = named_model("elman")
    p = next(iter(cases(model)))
    rng = np.random.default_rng(0)
    f = NumpyGradient(model.rec, loss=model.loss)
    params = {k: rng.normal(size=(40,) * v.ndim) for k, v in model.unpack(p.params, p.dims).items()}
    inputs = {k: rng.normal(size=(300, 3, 40)) for k, _ in f.signature.inputs if k != "m"}
    inputs |= {k: np.ones((300, 3)) for k, _ in f.signature.inputs if k not in inputs}
    inputs = {k: v if f.rec.shape(k) else np.ones((300, 3)) for k, v in inputs.items()}
    start = {k: rng.normal(size=(3, 40)) for k, _ in f.signature.initial}
    values, tape = f.forward(params, inputs, start)
    kept = {k: np.copy(v) for k, v in values.items()}
    once = f.backward(tape)
    again = {k: np.copy(v) for k, v in f.backward(tape).items()}
    f(params, {k: 2 * v for k, v in inputs.items()}, start)
    assert all((once[k] == again[k]).all() for k in once)
    assert all((values[k] == kept[k]).all() for k in kept)


def test_jacobians_let_go_of_what_is_not_read_again() -> None:
    """Kept to the end, an LSTM's values of the way back take 27 times what is returned."""
    model = named_model("lstm")
    p = draw(model, 1, steps=20, batch=1, dims={"H": 24, "I": 1, "O": 1})
    adj, run, domain = adjoint(model.rec, model.program, seeds=True), p.plain_run, floats()
    tracemalloc.start()
    found = one_step(adj, domain, run, "h", "h")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.shape == (20, 1, 24, 24)
    assert peak < 14 * found.nbytes, peak / found.nbytes


@pytest.mark.parametrize("batch", [1, 3, 100])  # 100: slopes are made in the loop
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_logistic_slope_keeps_its_digits_where_its_exponential_overflows(
    batch: int, dtype: type
) -> None:
    far = 700 if dtype is np.float64 else 80
    a = np.array([0, 1, -1, 30, -30, far, -far, -11 * far / 10, 11 * far / 10, -1e30, 1e30], dtype)
    n = len(a)
    params = {
        "W": a[:, None], "U": np.zeros((n, n), dtype), "b": np.zeros(n, dtype),
        "V": np.ones((1, n), dtype), "c_y": np.zeros(1, dtype),
    }  # fmt: skip
    one = np.ones((1, batch, 1), dtype)
    inputs = {"x": one, "\\hat{y}": 5000 * one, "\\omega": np.ones((1, batch), dtype)}
    run = named_model("sigmoid_rnn").fast
    assert set(run.signature.params) >= {(k, k) for k in "WUV"}
    values, tape = run.forward(params, inputs, {"h": np.zeros((batch, n), dtype)})
    slopes = run.backward(tape)["b"] / run.backward(tape)["b"][0] / 4
    assert np.isfinite(values["h"]).all()
    tiny = np.finfo(dtype).tiny
    with mpmath.workdps(400):
        exact = [mpmath.sech(mpmath.mpf(float(x)) / 2) ** 2 / 4 for x in a]
        for got, true in zip(slopes, exact, strict=True):
            assert abs(mpmath.mpf(float(got)) - true) <= 8 * np.finfo(dtype).eps * true + tiny


@pytest.mark.parametrize("across", [False, True])
def test_turned_matrices_and_rooms_of_their_own_change_nothing(
    across: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever way round a matrix has to lie for the BLAS of the machine."""
    monkeypatch.setattr(pooled, "across", lambda: across)
    monkeypatch.setattr(pooled, "WIDE", 4)
    names = Names()
    plain = ["z[t] += h[t].dot(U.T)", "v = h[t].dot(U.T) + s.dot(W.T)", "y[t] = q.dot(V)",
             "r = q[:, 0]", "z[t, 0] += U.dot(q[0])", "y[t, 0] += q.dot(V).T.dot(r)"]  # fmt: skip
    lines = list(plain)
    before = turned_once(lines, names)
    rng = np.random.default_rng(3)
    for steps, batch in ((2, 3), (9, 3), (9, 1)):
        made = []
        for extra, loop in (
            ([], plain),
            (before, lines),
        ):
            rng = np.random.default_rng(3)
            space = {**Pool().names(), "np": np, "T": steps, "B": batch}
            for key, shape in {"U": (5, 4), "W": (5, 4), "V": (4, 2), "z": (steps, batch, 5),
                               "h": (steps, batch, 4), "s": (batch, 4), "q": (batch, 4),
                               "y": (steps, batch, 2)}.items():  # fmt: skip
                space[key] = rng.normal(size=shape)
            exec("\n".join([*extra, "for t in range(T):", *(f"    {x}" for x in loop)]), space)
            made.append((space["z"], space["v"], space["y"]))
        for u, v in zip(*made, strict=True):
            np.testing.assert_allclose(u, v, rtol=1e-13)
    assert sum("turned" in b for b in before) == 2
    assert [b for b in before if "straight" in b] == ["V_laid = straight(V, T, B)"]
    assert not any(".dot(U.T)" in x or ".dot(V)" in x for x in lines)


def test_few_rows_are_multiplied_by_what_blas_packs_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    pool, rng = Pool(), np.random.default_rng(5)
    matrix, rows = rng.normal(size=(130, 140)), rng.normal(size=(9, 130))
    expected = rows @ matrix
    assert isinstance(pooled.across(), bool)
    for across in (False, True):
        monkeypatch.setattr(pooled, "across", lambda across=across: across)
        found = pool.product(rows, matrix)
        np.testing.assert_allclose(found, expected, rtol=1e-12)
        assert found.flags.c_contiguous  # its rows are gone through
        laid = pool.straight(matrix, 100, 9)
        np.testing.assert_array_equal(laid, matrix)
        assert laid.T.flags.c_contiguous == across
        assert pool.straight(matrix, 100, 1) is matrix is pool.straight(matrix, 2, 9)
        turned = pool.turned(matrix, 100, 9)
        np.testing.assert_array_equal(turned, matrix.T)
        assert turned.flags.c_contiguous != across


def test_what_is_looked_up_once_is_the_same() -> None:
    """Float32 holds 0.5, not 0.1; exponents stay numbers; what is written into comes by place."""
    plain = [
        "np.add(1.0 - x, 0.1 * np.exp(x), out=z)",
        "y = 0.5 * z ** 2.0 + np.cosh(x) ** 2 - a1.sum()",
    ]
    lines = list(plain)
    before = looked_up_once(lines, Names())
    assert len(before) == 5 and "np." not in "".join(lines) and "0.1" in lines[0]
    assert "out=" not in lines[0] and "** 2.0" in lines[1]
    for dtype in (np.float64, np.float32):
        made = []
        for extra, body in (([], plain), (before, lines)):
            x = np.linspace(-2, 2, 7, dtype=dtype)
            space = {"np": np, "x": x, "a1": x, "z": np.empty_like(x), "dtype": np.dtype(dtype)}
            exec("\n".join([*extra, *body]), space)  # our own lines
            made.append(space["y"])
        assert made[0].dtype == made[1].dtype == dtype
        np.testing.assert_array_equal(*made)


def test_rows_of_all_steps_are_made_once() -> None:
    names = Names()
    lines = [
        "u = a.reshape(T * B, -1).sum()", "b = 2 * a", "return {", "  'v': b.reshape(T * B, -1),",
        "  'w': (a.reshape(T * B, -1), b.reshape(T * B, -1), a[1:-1].reshape(T * B, -1)),", "}",
    ]  # fmt: skip
    out = flat_once(lines, names)
    assert out[:2] == ["flat = a.reshape(T * B, -1)", "u = flat.sum()"]
    assert out[2:5] == ["b = 2 * a", "flat_2 = b.reshape(T * B, -1)", "return {"]
    assert out[5:7] == ["  'v': flat_2,", "  'w': (flat, flat_2, a[1:-1].reshape(T * B, -1)),"]


def test_a_loop_over_rows_ends_where_an_array_of_all_steps_does() -> None:
    longer = {"h"}
    assert over_rows(["z[t] += h[t]"], Names(), back=False, longer=longer)[0] == (
        "for z_t, h_t in zip(z, h):"
    )
    for lines in (["h[t + 1] = h[t]"], ["z[t] += t"]):
        assert "range(T)" in over_rows(lines, Names(), back=False, longer=longer)[0]
    assert "range(T)" in over_rows(["z[t] += h[t]"], Names(), back=False)[0]
    types = [(np.float32, np.float32, np.float32), (np.float64, np.float64, np.float64),
             (np.float16, np.float16, np.float32), (np.int64, np.int64, np.float64),
             (np.float32, np.float64, np.float64)]  # fmt: skip
    for a, b, c in types:
        assert common(np.zeros(1, a), np.zeros(1, b)) == c


@pytest.mark.parametrize("shape", [(3, 2, 5), (300, 100, 7), (260, 80, 1030), (80, 260, 1030)])
def test_products_and_sums_of_any_size(shape: tuple[int, int, int]) -> None:
    rows, columns, inner = shape
    rng, pool = np.random.default_rng(0), Pool()
    a, b = rng.normal(size=(inner, rows)), rng.normal(size=(inner, columns))
    made = pool.product(a.T, b)
    np.testing.assert_allclose(made, a.T @ b, atol=1e-11)
    assert made.flags.c_contiguous
    np.testing.assert_allclose(pool.total(a), a.sum(0), atol=1e-11)
    np.testing.assert_allclose(pool.total(b[:3]), b[:3].sum(0), atol=1e-11)
    for c in (a, a + 1j):
        np.testing.assert_allclose(dots(c, c), (c * c).sum(-1), atol=1e-11)


def test_threads_are_never_lent_the_same_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the look at the stock until it is noted there who has what, no other thread looks."""
    buffers = Buffers(idle=8)
    for lent in [buffers.lend(256)[0] for _ in range(4)]:
        lent[:] = 0
    del lent
    note = weakref.ref

    def slowly(lent: np.ndarray) -> weakref.ref[np.ndarray]:
        time.sleep(0.002)  # lets another thread run
        return note(lent)

    monkeypatch.setattr("bptt_sym.evaluate.buffers.weakref", SimpleNamespace(ref=slowly))
    with ThreadPoolExecutor(4) as pool:
        given = list(pool.map(lambda _: buffers.lend(256), range(4)))
    assert len({start for _, start in given}) == 4


@pytest.mark.parametrize(("cell", "most"), [("elman", 3), ("lstm", 9), ("gru", 7)])
def test_what_cotangents_meet_is_put_together_before_the_loop(cell: str, most: int) -> None:
    run = named_model(cell).fast
    for kind in ("stacked", "apart", "large"):
        loop = run.source(kind).split("\n    for ")[2].split("\n    return")[0]
        loop = loop.split("\n    d_")[0]
        lines = [line for line in loop.split("\n")[1:] if line.startswith("        ")]
        assert cell == "elman" or kind == "large" or not any("slope" in line for line in lines)
        assert not any("concatenate" in line for line in lines)
        assert len(lines) <= most + 2 or kind == "large", lines
    if cell == "gru":  # one product for both uses of a cotangent; parts written side by side
        assert "(h[:-1] - g)" in run.source("stacked")
        assert "d_a_g = d_z_2[..., 2*H:" in run.source("stacked")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("cell", ["elman", "sigmoid_rnn", "lstm", "gru"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_derivatives_computed_on_the_way_forward_are_the_same(
    cell: str, dtype: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = named_model(cell)
    early, late = model.fast.source("large"), model.fast.source("stacked")
    assert ("logistic(" in early or "tangent(" in early) and "logistic(" not in late
    for regime in ("generic", "huge", "saturated"):
        p = draw(model, 3, regime=regime, steps=5, batch=3, dtype=dtype)
        found = []
        for kind in ("stacked", "large"):
            monkeypatch.setattr(NumpyGradient, "_arrangement", lambda *_, k=kind: k)
            found.append(
                model.fast(model.unpack(p.params, p.dims), p._inputs(), p._starts())[1]
            )
        for k, one in found[0].items():
            near = 4 * np.finfo(dtype).eps * np.abs(one).max(initial=0.0)
            assert np.abs(one - found[1][k]).max(initial=0.0) <= near


def test_what_is_a_value_of_the_cell_is_not_written_over() -> None:
    """A gate is put where its argument was, unless that is asked for; rooms fit their products."""
    text = [r"a_t = W x_t + U h_{t-1}", r"g_t = \sigma(a_t)", r"s_t = \tanh(V x_t + A h_{t-1})",
            r"p_t = \sigma(C x_t + D h_{t-1})",
            r"h_t = g_t \odot s_t + \tanh(B p_t)"]  # fmt: skip
    shapes = {"h": ("n",), "x": ("m",), "p": ("k",), "B": ("n", "k"), "D": ("k", "n"),
              "C": ("k", "m")}  # fmt: skip
    rec = recurrence_from_latex(text, name="explicit", shapes=shapes)
    f = NumpyGradient(rec)
    large, plain = f._module("large", True), f._module("stacked", True)
    assert "s = z" in f.source("large") and "g = a" not in f.source("large")
    assert "another(room, " in f.source("large")
    rng = np.random.default_rng(0)
    sizes = {"n": 3, "m": 2, "k": 4}
    params = {k: rng.normal(size=[sizes[str(d)] for d in rec.shape(k)]) for k in rec.parameters}
    given = {**params, "x": rng.normal(size=(5, 2, 2)), "h": rng.normal(size=(2, 3))}
    arguments = [given[name] for _, name in f._wanted]
    found = []
    for module in (plain, large):
        order = module.order or range(len(arguments))
        values, saved = module.forward(*(arguments[k] for k in order))
        values |= module.backward(saved, d_h_in=np.ones((5, 2, 3)))
        found.append(values)
    assert found[0].keys() == found[1].keys() >= {"a", "g", "W", "h0"}
    for k, v in found[0].items():
        np.testing.assert_allclose(v, found[1][k], rtol=1e-12, atol=1e-13, err_msg=k)
