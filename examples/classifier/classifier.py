"""The notes' classifier: an RNN stack with a linear head, and the LSTM in its place.

    python examples/classifier/classifier.py --problem order --steps 100 --flow flow.png

The gradients are the derived ones, as compiled C (NumPy where there is no compiler).
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from flow import flows, gates, picture
from problems import NAMES, Problem, problem

from bptt_sym import elman_vector, lstm, weights
from bptt_sym.architectures import (
    cross_entropy,
    embedded,
    layer_name,
    readout,
    squared_error,
    stack,
)
from bptt_sym.errors import BpttError
from bptt_sym.evaluate import gradient
from bptt_sym.evaluate.compiled import NumpyGradient
from bptt_sym.train import Settings, bar, train


class Classifier:
    """Input (embedded if it is symbols), a stack of simple RNN layers, a linear head at the end."""

    kind = "rnn"

    def __init__(self, task: Problem, states=32, layers=1, batch=32, updates=100) -> None:
        self.task, self.layers, self.batch, self.updates = task, layers, batch, updates
        deep = readout(stack(self.cell(), layers), layer_name("h", layers))
        self.symbols = task.name == "order"
        if self.symbols:
            deep = embedded(deep)
        self.rec = cross_entropy(deep) if task.classes else squared_error(deep)
        inner = 8 if self.symbols else task.size
        self.dims = {"n": states, "m": inner, "v": task.size, "k": task.outputs}
        self.code = gradient(self.rec, loss="E", backend="c")
        self.values = NumpyGradient(self.rec, loss="E")

    def cell(self):
        return elman_vector("one")

    def initial(self, seed: int) -> dict[str, np.ndarray]:
        """Uniform in ±1/√n, as PyTorch's modules start."""
        rng, bound = np.random.default_rng(seed), self.dims["n"] ** -0.5
        return {
            p: rng.uniform(-bound, bound, [self.dims[d] for d in self.rec.shape(p)])
            for p in self.rec.parameters
        }

    def batches(self, rng):
        return [self.batch] * self.updates

    def arrays(self, x, y):
        steps, count = x.shape[:2]
        target, weight = np.zeros((steps, count, y.shape[1])), np.zeros((steps, count))
        target[-1], weight[-1] = y, 1.0 / count
        start = np.zeros((count, self.dims["n"]))
        inputs = {"x": np.ascontiguousarray(x), r"\hat{y}": target, r"\omega": weight}
        return inputs, dict.fromkeys(self.rec.states, start)

    def gradient(self, params, batch, rng):
        loss, grads = self.code(params, *self.arrays(*self.task.draw(rng, batch)))
        return loss, {p: grads[p] for p in params}

    def share_right(self, params) -> float:
        x, y = self.task.test()
        values, _ = self.values.forward(params, *self.arrays(x, y))
        return float(self.task.right(values["y"][-1], y).mean())

    def score(self, params):
        return 1 - self.share_right(params)

    def fused(self, torch, own, below, layer):
        """A layer by what nn.RNN calls."""
        w, u, b = (own[layer_name(p, layer)] for p in ("W_{ih}", "W_{hh}", "b"))
        start = torch.zeros(1, below.shape[1], self.dims["n"], dtype=below.dtype)
        none = torch.zeros_like(b)
        flat = [w, u, b, none]
        return torch._VF.rnn_tanh(below, start, flat, True, 1, 0.0, True, False, False)[0]

    def reference(self, params, batch, rng):
        """The same loss and gradient by torch's fused module and autograd."""
        try:
            import torch
        except ImportError:
            return None
        x, y = map(torch.from_numpy, self.task.draw(rng, batch))
        own = {k: torch.tensor(v, requires_grad=True) for k, v in params.items()}
        below = x @ own["W_e"].T if self.symbols else x
        for layer in range(1, self.layers + 1):
            below = self.fused(torch, own, below, layer)
        out = below[-1] @ own["W_y"].T + own["b_y"]
        if self.task.classes:
            loss = -(y * torch.log_softmax(out, -1)).sum() / batch
        else:
            loss = 0.5 * ((out - y) ** 2).sum() / batch
        loss.backward()
        return float(loss.detach()), {k: v.grad.numpy() for k, v in own.items()}


class LSTMClassifier(Classifier):
    """The same with nn.LSTM in place of nn.RNN."""

    kind = "lstm"

    def cell(self):
        return lstm(vector=True)

    def initial(self, seed):
        """Forget gates that start open for about as long as the sequence.

        b_f = log u, u uniform in [1, T−1], and b_i = −b_f (Tallec & Ollivier 2018).
        """
        params = super().initial(seed)
        if self.task.steps > 8:
            rng = np.random.default_rng([seed, 1])
            for layer in range(1, self.layers + 1):
                keep = np.log(rng.uniform(1, self.task.steps - 1, self.dims["n"]))
                params[layer_name("b_f", layer)] = keep
                params[layer_name("b_i", layer)] = -keep
        return params

    def fused(self, torch, own, below, layer):
        w, u, b = (
            torch.cat([own[layer_name(f"{p}_{g}", layer)] for g in "ifco"]) for p in "WUb"
        )
        start = torch.zeros(1, below.shape[1], self.dims["n"], dtype=below.dtype)
        flat = [w, u, b, torch.zeros_like(b)]
        return torch._VF.lstm(
            below, (start, start), flat, True, 1, 0.0, True, False, False
        )[0]  # fmt: skip


def halfway(made: Classifier, start, settings: Settings, file: Path) -> dict[str, np.ndarray]:
    """The weights after half of the epochs, kept beside the checkpoint that goes on from there."""
    kept = file.with_name(file.stem + ".half.npz")
    if not kept.exists():
        if file.exists():
            file.unlink()  # it may be past the half
        half = replace(settings, epochs=settings.epochs // 2)
        run = train(made, start, half, checkpoint=file, progress=bar(sys.stderr))
        weights.save(kept, run.params, {"epochs": run.epoch})
    return weights.load(kept, {k: v.shape for k, v in start.items()})[0]


KINDS = {"rnn": Classifier, "lstm": LSTMClassifier}


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--problem", choices=NAMES, action="append")
    parser.add_argument("--steps", type=int, action="append", help="50, 100 and 200 if not given")
    parser.add_argument("--cell", choices=KINDS, action="append")
    parser.add_argument("--epochs", type=int, default=12, help="of 100 batches of fresh sequences")
    parser.add_argument("--states", type=int, default=32)
    parser.add_argument("--layers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--check-every", type=int, default=0, metavar="N")
    parser.add_argument("--checkpoints", type=Path, help="folder; runs go on from what is there")
    parser.add_argument("--flow", type=Path, help="picture of each lag's share, PNG or SVG")
    args = parser.parse_args(argv)
    shown = {}
    print("| problem | T | cell | right on unseen | epochs | seconds | checked, worst |")
    print("|---|---|---|---|---|---|---|")
    try:
        for name in args.problem or NAMES:
            for steps in (8,) if name == "digits" else args.steps or (50, 100, 200):
                for kind in args.cell or KINDS:
                    task = problem(name, steps)
                    made = KINDS[kind](task, args.states, args.layers)
                    settings = Settings(
                        args.epochs, rate=3e-3, clip=1.0, seed=args.seed, patience=0,
                        check_every=args.check_every,
                    )  # fmt: skip
                    start = made.initial(args.seed)
                    file = args.checkpoints and args.checkpoints / f"{name}-{steps}-{kind}.npz"
                    half = None
                    if file:
                        half = halfway(made, start, settings, file)
                    run = train(made, start, settings, checkpoint=file, progress=bar(sys.stderr))
                    checked = f"{run.checked}, {run.worst:.0e}" if run.checked else ""
                    right = f"{100 * made.share_right(run.best):.1f} %"
                    print(f"| {name} | {steps} | {kind} | {right} | {run.epoch} "
                          f"| {run.seconds:.0f} | {checked} |", flush=True)  # fmt: skip
                    moments = {"before": start, "after": run.params}
                    if half is not None:
                        moments = {"before": start, "during": half, "after": run.params}
                    if args.flow and args.layers == 1:
                        shown[f"{name}, T = {steps}, {kind}"] = flows(made, moments)
                        if kind == "lstm":
                            print(gates(made, run.params), file=sys.stderr)
        if args.flow and shown:
            picture(args.flow, shown)
            print(f"wrote {args.flow}", file=sys.stderr)
    except BpttError as error:
        print(f"classifier: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
