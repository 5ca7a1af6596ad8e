"""Generated gradients of an LSTM with a linear output layer, against what people use.

    python benchmarks/bench_code.py [--quick] [-n N] [-B BATCH] [-T STEPS]
    python benchmarks/bench_code.py --cell elman lstm gru [-n N] [-B BATCH] [-T STEPS]

With ``--cell`` only NumPy against NumPy by hand (``hand_written.py``), for each of these cells.

Processor time of one run, on one core, in float64, the contenders of a row in turns. The table
gives milliseconds (best of all repetitions) for our NumPy code and ratios (theirs / ours) for the
rest: the median over the turns of the ratio of the best times of a turn, since other programs slow
down whole turns. ``gemm`` is the limit: the same matrix products alone through NumPy's BLAS.
``floor`` for C is flops at the rate of the kernel's own best product plus the transcendentals at
the rate of its own loop. ``traffic`` is that floor with what no program can leave out: with few
examples the recurrent matrix is read at every step, forward and back, which takes longer than its
flops; and weights are read and their gradients written once. Both are timed on arrays of those
sizes in the same run.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ.setdefault(
    "XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
)

import argparse  # noqa: E402
import ctypes  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from fractions import Fraction  # noqa: E402
from functools import cache, partial  # noqa: E402
from itertools import product  # noqa: E402
from statistics import median  # noqa: E402
from typing import Any  # noqa: E402

import hand_written  # noqa: E402
import numpy as np  # noqa: E402

from bptt_sym.evaluate.c_kernels import prelude  # noqa: E402
from bptt_sym.evaluate.compile_c import CGradient, build, compiler  # noqa: E402
from bptt_sym.evaluate.compiled import NumpyGradient  # noqa: E402
from bptt_sym.notation import Add, At, Idx, Mul, Neg, Node, Norm, Pow, Sum, num  # noqa: E402
from bptt_sym.testing.models import named_model  # noqa: E402

Array = Any


def best(f: Callable[[], Any], seconds: float, fewest: int = 3) -> float:
    """The least time of at least ``fewest`` calls within about ``seconds``, after one more.

    Processor time of all threads: on a busy machine a call of some milliseconds never has a core to
    itself from beginning to end.
    """
    f()
    times: list[float] = []
    end = time.perf_counter() + seconds
    while len(times) < fewest or (time.perf_counter() < end and len(times) < 200):
        start = time.process_time()
        f()
        times.append(time.process_time() - start)
    return min(times)


TURNS = 9


def in_turns(contenders: dict[str, Callable[[], Any]], seconds: float) -> dict[str, list[float]]:
    """The least time of each in every turn: a slow second is one for all of them."""
    least: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(TURNS):
        for name, f in contenders.items():
            least[name].append(best(f, seconds / TURNS, fewest=1))
    return least


def ratio(theirs: list[float], ours: list[float]) -> float:
    return median(a / b for a, b in zip(theirs, ours, strict=True))


def torch_loop(p: dict[str, Array], x: Array, y: Array, h0: Array, c0: Array) -> Callable[[], Any]:
    import torch

    torch.set_num_threads(1)
    t = {k: torch.tensor(v, requires_grad=True) for k, v in p.items()}
    xs, ys, hs, cs = (torch.tensor(a) for a in (x, y, h0, c0))
    n = p["U"].shape[1]

    def run() -> Any:
        for a in t.values():
            a.grad = None
        h, c, out = hs, cs, []
        z = xs @ t["W"].T + t["b"]
        for s in z:
            a = s + h @ t["U"].T
            f, i, o = torch.sigmoid(a[:, : 3 * n]).split(n, 1)
            c = f * c + i * torch.tanh(a[:, 3 * n :])
            h = o * torch.tanh(c)
            out.append(h)
        e = torch.stack(out) @ t["V"].T + t["c"] - ys
        loss = 0.5 * (e * e).sum()
        loss.backward()
        return loss

    return run


def torch_fused(p: dict[str, Array], x: Array, y: Array, h0: Array, c0: Array) -> Callable[[], Any]:
    import torch

    torch.set_num_threads(1)
    n, m = p["U"].shape[1], x.shape[2]
    net = torch.nn.LSTM(m, n).double()
    order = [1, 0, 3, 2]  # PyTorch has i, f, g, o
    with torch.no_grad():
        for name, target in (
            ("W", net.weight_ih_l0),
            ("U", net.weight_hh_l0),
            ("b", net.bias_ih_l0),
        ):
            blocks = np.split(p[name], 4)
            target.copy_(torch.tensor(np.concatenate([blocks[k] for k in order])))
        net.bias_hh_l0.zero_()
    v, d = (torch.tensor(p[k], requires_grad=True) for k in ("V", "c"))
    xs, ys, hs, cs = (
        torch.tensor(x),
        torch.tensor(y),
        torch.tensor(h0)[None],
        torch.tensor(c0)[None],
    )

    def run() -> Any:
        net.zero_grad()
        v.grad = d.grad = None
        out, _ = net(xs, (hs, cs))
        e = out @ v.T + d - ys
        loss = 0.5 * (e * e).sum()
        loss.backward()
        return loss

    return run


def jax_jit(p: dict[str, Array], x: Array, y: Array, h0: Array, c0: Array) -> Callable[[], Any]:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    n = p["U"].shape[1]

    def loss(q: dict[str, Any], xs: Any, ys: Any, hs: Any, cs: Any) -> Any:
        def step(carry: Any, s: Any) -> Any:
            h, c = carry
            a = s + h @ q["U"].T
            f, i, o = (jax.nn.sigmoid(a[:, k * n : (k + 1) * n]) for k in range(3))
            c = f * c + i * jnp.tanh(a[:, 3 * n :])
            h = o * jnp.tanh(c)
            return (h, c), h

        _, out = jax.lax.scan(step, (hs, cs), xs @ q["W"].T + q["b"])
        e = out @ q["V"].T + q["c"] - ys
        return 0.5 * (e * e).sum()

    f = jax.jit(jax.value_and_grad(loss))
    given = [jnp.asarray(a) for a in (x, y, h0, c0)]
    params = {k: jnp.asarray(v) for k, v in p.items()}
    return lambda: jax.block_until_ready(f(params, *given))


def gemm_limit(n: int, steps: int, batch: int, rng: Any, seconds: float) -> float:
    """The products alone: per step forward and back, and the large ones before and after."""
    h, u = rng.normal(size=(batch, n)), rng.normal(size=(n, 4 * n))
    q = rng.normal(size=(batch, 4 * n))
    flat, wide = rng.normal(size=(steps * batch, n)), rng.normal(size=(steps * batch, 4 * n))
    v = rng.normal(size=(n, n))
    ut = u.T.copy()
    return (
        steps * (best(lambda: h @ u, seconds / 8) + best(lambda: q @ ut, seconds / 8))
        + best(lambda: flat @ u, seconds / 4)
        + 2 * best(lambda: wide.T @ flat, seconds / 4)
        + 2 * best(lambda: flat @ v, seconds / 8)
        + best(lambda: flat.T @ flat, seconds / 8)
    )


@cache
def _loops() -> Any:
    """The loops whose rates are the floor of the C code."""
    source = (
        prelude()
        + """
void products(long times, double *y, const double *x, const double *p)
{ for (long t = 0; t < times; t++) product(y, 256, 32, 256, x, 256, 1, p, 256, 0, 0); }
void activations(long times, double *y, const double *x)
{ for (long t = 0; t < times; t++) {
    _Pragma("GCC ivdep") for (long j = 0; j < 4096; j++) y[j] = act_tanh(x[j]); } }
void reads(long times, double *y, const double *x, long n)
{ vec a[8] = {{0}};
  for (long t = 0; t < times; t++)
    for (long j = 0; j + 8 * LANES <= n; j += 8 * LANES)
      _Pragma("GCC unroll 8") for (int k = 0; k < 8; k++) a[k] += *(const vec *)(x + j + k * LANES);
  for (int k = 0; k < 8; k++) *(vec *)(y + k * LANES) = a[k]; }
void moves(long times, double *y, const double *x, long n)
{ for (long t = 0; t < times; t++) {
    _Pragma("GCC ivdep") for (long j = 0; j < n; j++) y[j] = 2.0 * x[j] + t; } }
"""
    )
    return ctypes.CDLL(str(build(source)))


def _timed(name: str, times: int, *arguments: Any) -> float:
    """Seconds of one turn of a loop."""
    given = [
        ctypes.c_void_p(a.ctypes.data) if isinstance(a, np.ndarray) else ctypes.c_long(a)
        for a in arguments
    ]
    loop = getattr(_loops(), name)
    return best(lambda: loop(ctypes.c_long(times), *given), 0.15) / times


def c_rates() -> tuple[float, float]:
    """Flops per second of the C kernel's best product, transcendentals per second of its loop."""
    y, x, p = np.empty(32 * 256), np.random.default_rng(0).normal(size=8192), np.ones(256 * 256)
    products, activations = _timed("products", 4, y, x, p), _timed("activations", 50, y, x)
    return 2 * 32 * 256 * 256 / products, 4096 / activations


def traffic(n: int, steps: int, batch: int, flops_rate: float) -> float:
    """Seconds beyond the flops: the recurrent matrix at every step, all weights and gradients."""
    x, y = np.ones(9 * n * n + 64), np.empty(9 * n * n + 64)
    times = max(3, 400_000 // (n * n))
    again = _timed("reads", times, y, x, 4 * n * n) - 2 * batch * 4 * n * n / flops_rate
    return 2 * steps * max(0.0, again) + _timed("moves", times, y, x, 9 * n * n)


def squares() -> Node:
    """What all compute: half the squared error, every step and example with weight 1."""
    t = Idx("t")
    miss = Norm(Add((At("y", t), Neg(At("\\hat{y}", t)))), "2")
    return Sum("t", num(1), Idx("T"), Mul((num(Fraction(1, 2)), Pow(miss, num(2)))))


def against_hand(name: str, args: argparse.Namespace) -> None:
    """Our NumPy code of a cell and the hand-written one; also the ratio of their least times."""
    model, (hand, blocks) = named_model(name), hand_written.CELLS[name]
    ours = NumpyGradient(model.rec, loss=squares())
    rng = np.random.default_rng(0)
    print(f"{name}\n{'n':>4} {'B':>3} {'T':>5} | {'numpy ms':>9} {'by hand':>8} {'of least':>8}")
    for n, batch, steps in product(
        args.n or (1, 16, 64, 128), args.B or (1, 32), args.T or (10, 100, 1000)
    ):
        p = {k: rng.normal(size=(blocks * n, n)) / np.sqrt(n) for k in "WU"}
        p |= {"b": np.zeros(blocks * n), "V": rng.normal(size=(n, n)) / np.sqrt(n)}
        p["c"] = np.zeros(n)
        x, y = rng.normal(size=(2, steps, batch, n))
        start = {k: rng.normal(size=(batch, n)) for k, _ in ours.signature.initial}
        first = [start[k] for k in sorted(start, reverse=True)]  # h, then c
        params = model.unpack(p, {"H": n, "I": n, "O": n})
        series = {"x": x, "\\hat{y}": y}
        times = in_turns(
            {"ours": partial(ours, params, series, start), "hand": partial(hand, p, x, y, *first)},
            0.2 if args.quick else 0.5,
        )
        least = min(times["hand"]) / min(times["ours"])
        print(
            f"{n:4d} {batch:3d} {steps:5d} | {1e3 * min(times['ours']):9.3f} "
            f"{ratio(times['hand'], times['ours']):8.2f} {least:8.2f}", flush=True,
        )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer sizes, less time for each")
    for name, what in (("-n", "units"), ("-B", "examples"), ("-T", "steps")):
        parser.add_argument(name, type=int, nargs="+", help=f"numbers of {what}, in place of all")
    parser.add_argument("--cell", nargs="+", choices=sorted(hand_written.CELLS))
    args = parser.parse_args()
    quick = args.quick
    if args.cell:
        for name in args.cell:
            against_hand(name, args)
        return
    model = named_model("lstm")
    loss = squares()
    ours = NumpyGradient(model.rec, loss=loss)
    has_c = compiler() is not None
    compiled = CGradient(model.rec, loss=loss, specialize=True) if has_c else None
    flops_rate, exp_rate = (0.0, 0.0) if has_c else (float("nan"), float("nan"))
    peers: dict[str, Any] = {}
    for name, module, make in (
        ("torch loop", "torch", torch_loop),
        ("nn.LSTM", "torch", torch_fused),
        ("jax jit", "jax", jax_jit),
    ):  # fmt: skip
        try:
            __import__(module)
            peers[name] = make
        except ImportError:
            print(f"({module} is not installed)")
    rng = np.random.default_rng(0)
    print(
        f"{'n':>4} {'B':>3} {'T':>5} | {'numpy ms':>9} {'gemm ms':>8} {'by hand':>8} "
        + " ".join(f"{k:>10}" for k in peers)
        + f" | {'C ms':>8} {'speedup':>8} {'of floor':>8} {'traffic':>8}"
    )
    for n in args.n or ((16, 64) if quick else (1, 16, 64, 128)):
        for batch in args.B or (1, 32):
            for steps in args.T or ((10, 100) if quick else (10, 100, 1000)):
                seconds = 0.2 if quick else 0.5
                p = {
                    "W": rng.normal(size=(4 * n, n)) / np.sqrt(n), "b": np.zeros(4 * n),
                    "U": rng.normal(size=(4 * n, n)) / np.sqrt(n),
                    "V": rng.normal(size=(n, n)) / np.sqrt(n), "c": np.zeros(n),
                }  # fmt: skip
                x, y = rng.normal(size=(2, steps, batch, n))
                h0, c0 = rng.normal(size=(2, batch, n))
                params = model.unpack(p, {"H": n, "I": n, "O": n})
                series = {"x": x, "\\hat{y}": y}
                start = {"h": h0, "c": c0}
                contenders: dict[str, Callable[[], Any]] = {
                    "ours": partial(ours, params, series, start),
                    "by hand": partial(hand_written.lstm, p, x, y, h0, c0),
                    **{name: make(p, x, y, h0, c0) for name, make in peers.items()},
                }
                if compiled is not None:
                    contenders["C"] = partial(compiled, params, series, start)
                times = in_turns(contenders, seconds)
                mine, limit = times["ours"], gemm_limit(n, steps, batch, rng, seconds)
                row = f"{n:4d} {batch:3d} {steps:5d} | {1e3 * min(mine):9.3f} {1e3 * limit:8.3f} "
                row += f"{ratio(times['by hand'], mine):8.2f} "
                row += "".join(f"{ratio(times[name], mine):10.2f} " for name in peers)
                if compiled is not None:
                    # The best rates so far: other programs can only slow them down.
                    flops_rate, exp_rate = map(max, c_rates(), (flops_rate, exp_rate))
                    # Forward: x W, h U, h V; back: r V, q U; gradients of W, U, V.
                    flops = steps * batch * 2 * n * n * (4 + 4 + 1 + 1 + 4 + 4 + 4 + 1)
                    floor = flops / flops_rate + steps * batch * n * (5 + 5) / exp_rate
                    whole = floor + traffic(n, steps, batch, flops_rate)
                    taken = min(times["C"])
                    row += f"| {1e3 * taken:8.3f} {ratio(mine, times['C']):8.1f} "
                    row += f"{taken / floor:8.2f} {taken / whole:8.2f}"
                print(row, flush=True)
    print(f"C kernel: {flops_rate / 1e9:.1f} Gflop/s, {exp_rate / 1e6:.0f} M tanh/s")


if __name__ == "__main__":
    main()
