"""Time and memory at the sizes of the case studies, beside PyTorch, in one run.

    python benchmarks/bench_training.py

One thread each. "fused" is what nn.RNN, nn.LSTM and nn.GRU call, "cells" a Python loop over
nn.RNNCell and so on; both with autograd. "A batch" is one gradient, the fastest of several rounds
in which all take turns; "an epoch" is the training loop with Adam over some of the study's batches,
scaled to all of them. In parentheses: multiples of the derived gradient's time in the same
precision. Memory is the most that a fresh process holds that does nothing but ten such updates.
"""

# The studies are scripts: their folders go on the path before they are imported, and a job is
# called at once, in the loop that made it.
# ruff: noqa: E402, B023
from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

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
from bptt_sym.train import Settings, peak_memory, train


def together(work: dict[str, Callable[[], object]], rounds: int = 9) -> dict[str, float]:
    """Milliseconds of each, the least of some rounds in which they take turns."""
    best = dict.fromkeys(work, float("inf"))
    for k in range(rounds + 1):
        for name, job in work.items():
            start = time.perf_counter()
            job()
            if k:
                best[name] = min(best[name], 1e3 * (time.perf_counter() - start))
    return best


class Some:
    """Some batches of a study as an epoch, with one of its ways to the gradient."""

    def __init__(self, study, side: str, dtype, most: int) -> None:
        self.study, self.most, self.dtype = study, most, dtype
        self.by = study.gradient if side == "derived" else study.reference

    def batches(self, rng):
        found = self.study.batches(rng)
        self.total = len(found)
        return found[:: max(1, len(found) // self.most)]

    def gradient(self, params, batch, rng):
        return self.by(params, batch, rng)

    def score(self, params) -> float:
        return 0.0

    def reference(self, params, batch, rng):
        return None

    def seconds(self, start) -> float:
        """An epoch's, from some of its batches."""
        done = train(self, start, Settings(epochs=1, clip=1.0))
        return done.seconds * self.total / done.steps


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


class LoopTranslator(translator.Translator):
    """GRU cells in a Python loop."""

    def reference(self, params, batch, rng):
        import torch

        def loop(x, h, flat, *_):
            out, h = [], h[0]
            for step in x:
                h = torch.gru_cell(step, h, *flat)
                out.append(h)
            return (torch.stack(out),)

        with patch.object(torch._VF, "gru", loop):
            return super().reference(params, batch, rng)


def cast(study, dtype):
    """The same study with its arrays in ``dtype``."""
    plain = study.arrays
    study.arrays = lambda *a: tuple(
        {k: v.astype(dtype, copy=False) for k, v in part.items()} for part in plain(*a)
    )
    return study


def studies(dtype) -> dict[str, Callable[[], tuple]]:
    """By name: the study, the same with cells, its parameters and one of its batches."""

    def forecasting():
        data = series.read()
        start = forecast.initial(forecast.network(), forecast.STATES, 0)
        pair = (cast(forecast.Forecast(data), dtype), cast(LoopForecast(data), dtype))
        return *pair, start, np.arange(32)

    def classifying():
        task = problems.problem("adding", 100)
        draw = task.draw
        object.__setattr__(task, "draw", lambda *a: tuple(v.astype(dtype) for v in draw(*a)))
        pair = (cast(classifier.LSTMClassifier(task), dtype), cast(LoopLSTM(task), dtype))
        return *pair, pair[0].initial(0), 32

    def translating(model):
        learn = words.split(words.read())[0]
        batch = next(g for g in words.same_length(learn, 64) if len(g) == 64 and len(g[0]) == 9)
        pair = [c(model, (learn, ()), dtype=dtype) for c in (translator.Translator, LoopTranslator)]
        return *pair, pair[0].initial(0), batch

    return {
        "forecast, 3 × RNN, T = 22, n = 32, B = 32": forecasting,
        "classifier, LSTM, T = 100, n = 32, B = 32": classifying,
        "Pig Latin, plain, GRU, n = 128, B = 64": lambda: translating("plain"),
        "Pig Latin, attention, GRU, n = 128, B = 64": lambda: translating("attention"),
    }


def memory(name: str, side: str, bits: str) -> None:
    """Print what ten updates take in this process."""
    dtype = np.dtype(bits).type
    made, _, start, batch = studies(dtype)[name]()
    start = {k: v.astype(dtype) for k, v in start.items()}
    work = made.gradient if side == "derived" else made.reference
    for k in range(10):
        work(start, batch, np.random.default_rng(k))
    print(f"{peak_memory():.0f}")


def main() -> None:
    import torch

    torch.set_num_threads(1)
    print("| study, precision | derived, ms | fused | cells | an epoch, s | fused | cells |")
    print("|---|--:|--:|--:|--:|--:|--:|", flush=True)
    for dtype in (np.float64, np.float32):
        for name, made in studies(dtype).items():
            own, loop, start, batch = made()
            start = {k: v.astype(dtype) for k, v in start.items()}
            sides = {"derived": own.gradient, "fused": own.reference, "cells": loop.reference}
            jobs = {
                k: lambda f=f: f(start, batch, np.random.default_rng(0)) for k, f in sides.items()
            }
            batches = together(jobs)
            epochs = dict.fromkeys(sides, float("inf"))
            for _ in range(2):
                for side in sides:
                    some = Some(loop if side == "cells" else own, side, dtype, 20)
                    epochs[side] = min(epochs[side], some.seconds(start))
            cells = [
                f"{found[k]:.1f} | " + " | ".join(
                    f"{found[s]:.1f} ({found[s] / found[k]:.2f}×)" for s in ("fused", "cells")
                )
                for found in (batches, epochs) for k in ("derived",)
            ]  # fmt: skip
            print(f"| {name}, {np.dtype(dtype).name} | {' | '.join(cells)} |", flush=True)
    print("\n| study, precision | derived, MiB | PyTorch, MiB |\n|---|--:|--:|")
    for dtype in (np.float64, np.float32):
        bits = np.dtype(dtype).name
        for name in studies(dtype):
            told = [
                subprocess.run(
                    [sys.executable, __file__, "--memory", name, side, bits],
                    capture_output=True, text=True, check=True,
                ).stdout.strip()
                for side in ("derived", "fused")
            ]  # fmt: skip
            print(f"| {name}, {bits} | {told[0]} | {told[1]} |", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--memory"]:
        memory(*sys.argv[2:5])
    else:
        main()
