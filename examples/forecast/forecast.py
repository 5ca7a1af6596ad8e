"""Forecast the yearly sunspot number with a stack of simple RNN layers and dropout.

    python examples/forecast/forecast.py --plot forecast.png

The gradients are the derived ones, as compiled C (NumPy where there is no compiler).
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from series import SUNSPOTS, Series, read, windows

from bptt_sym import elman_vector
from bptt_sym.architectures import layer_name, readout, squared_error, stack
from bptt_sym.errors import BpttError
from bptt_sym.evaluate import gradient
from bptt_sym.evaluate.compiled import NumpyGradient
from bptt_sym.train import Settings, bar, train

LAYERS, STATES, STEPS, DROP, BATCH = 3, 32, 22, 0.1, 32
SEASON = 11  # the solar cycle, in years


def network(layers: int = LAYERS):
    """Layers of h_t = tanh(W x_t + U h_{t-1} + b), masks between them, a linear output."""
    deep = stack(elman_vector("one"), layers, "between" if layers > 1 else "none")
    return squared_error(readout(deep, layer_name("h", layers)))


def initial(rec, states: int, seed: int) -> dict[str, np.ndarray]:
    """Uniform in ±1/√n, as PyTorch starts ``nn.RNN``."""
    rng, sizes = np.random.default_rng(seed), {"n": states, "m": 1, "k": 1}
    bound = states**-0.5
    return {
        p: rng.uniform(-bound, bound, [sizes[d] for d in rec.shape(p)]) for p in rec.parameters
    }


class Forecast:
    """One step ahead from a window; the loss looks at the last step alone."""

    def __init__(self, series: Series, layers=LAYERS, states=STATES, steps=STEPS, drop=DROP):
        self.rec, self.layers, self.states, self.drop = network(layers), layers, states, drop
        self.series, self.steps = series, steps
        self.x, self.y = windows(series.scaled(), steps)
        self.first = series.train - steps  # windows whose target is in the training part
        self.second = self.first + series.valid
        self.code = gradient(self.rec, loss="E", backend="c")
        self.values = NumpyGradient(self.rec, loss="E")

    def batches(self, rng):
        order = rng.permutation(self.first)
        return [order[k : k + BATCH] for k in range(0, self.first, BATCH)]

    def arrays(self, chosen, rng=None):
        x = np.ascontiguousarray(self.x[:, chosen])
        shape, target, weight = (self.steps, len(chosen), self.states), np.zeros_like(x), None
        target[-1, :, 0] = self.y[chosen]
        weight = np.zeros(shape[:2])
        weight[-1] = 2.0 / len(chosen)  # with the ½ of the loss: the mean squared error
        inputs = {"x": x, r"\hat{y}": target, r"\omega": weight}
        for layer in range(2, self.layers + 1):
            mask = np.ones(shape)
            if rng is not None and self.drop:
                mask = (rng.random(shape) >= self.drop) / (1 - self.drop)
            inputs[layer_name("d", layer)] = mask
        return inputs, {s: np.zeros(shape[1:]) for s in self.rec.states}

    def gradient(self, params, batch, rng):
        loss, grads = self.code(params, *self.arrays(batch, rng))
        return loss, {p: grads[p] for p in params}

    def predict(self, params, chosen):
        values, _ = self.values.forward(params, *self.arrays(np.asarray(chosen)))
        return values["y"][-1, :, 0]

    def error(self, params, chosen) -> float:
        """Mean absolute error in the series' unit."""
        off = self.predict(params, chosen) - self.y[chosen]
        return float(np.abs(off).mean() * (self.series.high - self.series.low))

    def score(self, params):
        return self.error(params, np.arange(self.first, self.second))

    @property
    def test(self):
        return np.arange(self.second, len(self.y))

    def reference(self, params, batch, rng):
        """The same loss and gradient by torch autograd, ``None`` without torch."""
        try:
            import torch
        except ImportError:
            return None
        inputs, _ = self.arrays(batch, rng)
        own = {k: torch.tensor(v, requires_grad=True) for k, v in params.items()}
        below = torch.from_numpy(inputs["x"])
        for layer in range(1, self.layers + 1):
            if layer > 1:
                below = below * torch.from_numpy(inputs[layer_name("d", layer)])
            w, u, b = (own[layer_name(n, layer)] for n in ("W_{ih}", "W_{hh}", "b"))
            none = torch.zeros_like(b)
            start = torch.zeros(1, len(batch), self.states, dtype=below.dtype)
            below, _ = torch._VF.rnn_tanh(
                below, start, [w, u, b, none], True, 1, 0.0, True, False, False
            )  # what nn.RNN calls
        out = below[-1] @ own["W_y"].T + own["b_y"]
        loss = ((out - torch.from_numpy(inputs[r"\hat{y}"][-1])) ** 2).mean()
        loss.backward()
        return float(loss.detach()), {k: v.grad.numpy() for k, v in own.items()}


class ByTorch(Forecast):
    """The same study with torch's gradients in the loop."""

    gradient = Forecast.reference


def persistence(study: Forecast) -> dict[str, float]:
    """Mean absolute errors of "as last year" and "as one solar cycle ago" on the test part."""
    values, at = study.series.values, study.test + study.steps
    return {
        "last year": float(np.abs(values[at] - values[at - 1]).mean()),
        f"{SEASON} years ago": float(np.abs(values[at] - values[at - SEASON]).mean()),
    }


def chart(real, predicted, years, height: int = 12) -> str:
    """Real (o), predicted (x), both (8), one column a year."""
    top = max(real.max(), predicted.max(), 1e-9)
    rows = [[" "] * len(real) for _ in range(height + 1)]
    for column, pair in enumerate(zip(real, predicted, strict=True)):
        for value, mark in zip(pair, "ox", strict=True):
            row = min(height, max(0, round(height * value / top)))
            rows[row][column] = "8" if rows[row][column] not in (" ", mark) else mark
    lines = [f"{top * k / height:6.0f} |" + "".join(rows[k]) for k in range(height, -1, -1)]
    return "\n".join([*lines, f"       {years[0]} … {years[-1]}   o real, x predicted, 8 both"])


def picture(path, study, run, predicted) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    series, at = study.series, study.test + study.steps
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), width_ratios=(2.2, 1))
    left.plot(series.years, series.values, color="0.6", lw=1, label="real")
    left.plot(series.years[at], predicted, color="C3", lw=1.4, label="predicted, unseen years")
    left.axvspan(series.years[at[0]], series.years[-1], color="0.95")
    left.set(xlabel="year", ylabel="sunspot number")
    left.legend(frameon=False)
    right.semilogy(run.losses, label="training loss")
    right.set(xlabel="epoch", ylabel="mean squared error (scaled)")
    right.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--series", type=Path, default=SUNSPOTS, help="CSV file of year,value")
    parser.add_argument("--epochs", type=int, default=300)
    parser.add_argument("--patience", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--check-every", type=int, default=0, metavar="N")
    parser.add_argument("--checkpoint", type=Path, help="written, and resumed from if it is there")
    parser.add_argument("--plot", type=Path, help="PNG or SVG file")
    parser.add_argument("--torch", action="store_true", help="train with torch's gradients as well")
    args = parser.parse_args(argv)
    try:
        study = Forecast(read(args.series))
        settings = Settings(
            args.epochs, rate=2e-3, clip=1.0, patience=args.patience, seed=args.seed,
            check_every=args.check_every,
        )  # fmt: skip
        start = initial(study.rec, study.states, args.seed)
        run = train(study, start, settings, checkpoint=args.checkpoint, progress=bar(sys.stderr))
    except BpttError as error:
        print(f"forecast: {error}", file=sys.stderr)
        return 2
    at = study.test + study.steps
    predicted = study.series.unscaled(study.predict(run.best, study.test))
    print(chart(study.series.values[at], predicted, study.series.years[at]))
    print(f"mean absolute error on {len(at)} unseen years (sunspot number):")
    print(f"  {study.layers} RNN layers       {study.error(run.best, study.test):6.2f}")
    for name, value in persistence(study).items():
        print(f"  as {name:14}  {value:6.2f}")
    print(f"{run.epoch} epochs in {run.seconds:.1f} s, best epoch {run.best_epoch + 1}")
    if run.checked:
        print(f"{run.checked} gradients checked against torch, worst difference {run.worst:.1e}")
    if args.torch:
        began = time.perf_counter()
        other = train(ByTorch(study.series), start, settings)
        gap = max(abs(a - b) / b for a, b in zip(run.losses, other.losses, strict=True))
        print(
            f"torch autograd, same seed: error {study.error(other.best, study.test):.2f}, "
            f"{time.perf_counter() - began:.1f} s, curves differ by {gap:.1e} (relative) at most"
        )
    if args.plot:
        picture(args.plot, study, run, predicted)
        print(f"wrote {args.plot}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
