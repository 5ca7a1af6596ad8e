"""Time of one gradient at the sizes of the case studies, beside PyTorch, in one run.

    python benchmarks/bench_training.py

One thread each. "fused" is what nn.RNN, nn.LSTM and nn.GRU call, "cells" a Python loop over
nn.RNNCell and so on; both with autograd. Numbers are the fastest of several rounds, in
milliseconds a batch, and as multiples of the derived gradient's time in the same precision.
"""

# The studies are scripts: their folders go on the path before they are imported, and a job is
# called at once, in the loop that made it.
# ruff: noqa: E402, B023
from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import sys
import time
from pathlib import Path

import numpy as np

EXAMPLES = Path(__file__).parents[1] / "examples"
sys.path[:0] = [str(EXAMPLES / d) for d in ("forecast", "classifier", "pig_latin")]

import classifier
import forecast
import problems
import series
import translator
import words

from bptt_sym.architectures import layer_name
from bptt_sym.evaluate import gradient


def fastest(work, rounds: int = 7) -> float:
    work()
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return 1e3 * best


class LoopForecast(forecast.Forecast):
    """RNN cells in a Python loop."""

    def reference(self, params, batch, rng):
        import torch

        inputs, _ = self.arrays(batch, rng)
        own = {k: torch.tensor(v, requires_grad=True) for k, v in params.items()}
        below = torch.from_numpy(inputs["x"])
        for layer in range(1, self.layers + 1):
            if layer > 1:
                below = below * torch.from_numpy(inputs[layer_name("d", layer)])
            w, u, b = (own[layer_name(n, layer)] for n in ("W_{ih}", "W_{hh}", "b"))
            h, out = torch.zeros(len(batch), self.states, dtype=below.dtype), []
            for step in below:
                h = torch.rnn_tanh_cell(step, h, w, u, b, torch.zeros_like(b))
                out.append(h)
            below = torch.stack(out)
        y = below[-1] @ own["W_y"].T + own["b_y"]
        loss = ((y - torch.from_numpy(inputs[r"\hat{y}"][-1])) ** 2).mean()
        loss.backward()
        return float(loss.detach()), {k: v.grad.numpy() for k, v in own.items()}


class LoopLSTM(classifier.LSTMClassifier):
    """LSTM cells in a Python loop."""

    def fused(self, torch, own, below, layer):
        w, u, b = (torch.cat([own[layer_name(f"{p}_{g}", layer)] for g in "ifco"]) for p in "WUb")
        h = c = torch.zeros(below.shape[1], self.dims["n"], dtype=below.dtype)
        out = []
        for step in below:
            h, c = torch.lstm_cell(step, (h, c), w, u, b, torch.zeros_like(b))
            out.append(h)
        return torch.stack(out)


def row(name: str, times: dict[str, float]) -> None:
    own = times["derived"]
    others = " | ".join(
        f"{times[k]:.1f} ({times[k] / own:.2f}×)" if k in times else "" for k in ("fused", "cells")
    )
    print(f"| {name} | {own:.1f} | {others} |", flush=True)


def main() -> None:
    import torch

    torch.set_num_threads(1)
    print("| study, precision | derived | torch, fused | torch, cells |")
    print("|---|---|---|---|")
    data = series.read()
    for dtype in (np.float64, np.float32):
        bits = np.dtype(dtype).name
        made, loop = forecast.Forecast(data), LoopForecast(data)
        start = {k: v.astype(dtype) for k, v in forecast.initial(made.rec, 32, 0).items()}
        batch = np.arange(32)
        if dtype == np.float32:  # the C backend is float64 only
            made.code = gradient(made.rec, loss="E")
        for study in (made, loop):
            plain = forecast.Forecast.arrays
            study.arrays = lambda c, r=None, s=study, d=dtype, f=plain: tuple(
                {k: v.astype(d) for k, v in part.items()} for part in f(s, c, r)
            )
        rng = np.random.default_rng(0)
        if dtype == np.float64:
            work = {"derived": made.gradient, "fused": made.reference, "cells": loop.reference}
        else:
            work = {"derived": made.gradient, "cells": loop.reference}
        row(
            f"forecast, 3 × RNN, T = 22, n = 32, B = 32, {bits}",
            {k: fastest(lambda f=f: f(start, batch, rng)) for k, f in work.items()},
        )
    task = problems.problem("adding", 100)
    made, loop = classifier.LSTMClassifier(task), LoopLSTM(task)
    start, rng = made.initial(0), np.random.default_rng(0)
    work = {"derived": made.gradient, "fused": made.reference, "cells": loop.reference}
    row(
        "classifier, LSTM, T = 100, n = 32, B = 32, float64",
        {k: fastest(lambda f=f: f(start, 32, rng)) for k, f in work.items()},
    )
    workspace = made.code._work.nbytes / 2**20
    learn = words.split(words.read())[0]
    batch = next(g for g in words.same_length(learn, 64) if len(g) == 64 and len(g[0]) == 9)
    for dtype in (np.float64, np.float32):
        for model in translator.MODELS:
            made = translator.Translator(model, dtype=dtype)
            start = made.initial(0)
            work = {"derived": made.gradient, "fused": made.reference}
            row(
                f"Pig Latin, {model}, GRU, n = 128, B = 64, {np.dtype(dtype).name}",
                {k: fastest(lambda f=f: f(start, batch, None)) for k, f in work.items()},
            )
    print(f"\nWorkspace of the compiled LSTM at these sizes: {workspace:.1f} MiB")


if __name__ == "__main__":
    main()
