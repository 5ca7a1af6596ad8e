"""What a ``backward`` leaves out of its ``forward``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bptt_sym.testing.torch_functions import wrong_backwards

torch: Any = pytest.importorskip("torch")
RNG = np.random.default_rng(6)


class Gate(torch.autograd.Function):
    back = "da, db, dh = g * (b - h) * s * (1 - s), g * s, g * (1 - s)"

    @staticmethod
    def forward(ctx: Any, a: Any, b: Any, h: Any) -> Any:
        s = torch.sigmoid(a)
        ctx.save_for_backward(s, b, h)
        return s * b + (1 - s) * h

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        s, b, h = ctx.saved_tensors
        space = {"g": g, "s": s, "b": b, "h": h}
        exec(Gate.back, space)  # the tests' own source
        return space["da"], space["db"], space["dh"]


class Leaky(torch.autograd.Function):
    back = "lam = k * lam"

    @staticmethod
    def forward(ctx: Any, u: Any, k: Any) -> Any:
        h, hs = torch.zeros_like(u[0]), []
        for row in u:
            h = k * h + torch.tanh(row)
            hs.append(h)
        out = torch.stack(hs)
        ctx.save_for_backward(u, k, out)
        return out

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        u, k, hs = ctx.saved_tensors
        du, dk, lam = torch.zeros_like(u), torch.zeros_like(k), torch.zeros_like(k)
        for t in reversed(range(len(u))):
            lam = lam + g[t]
            du[t] = lam * (1 - torch.tanh(u[t]) ** 2)
            dk += lam * hs[t - 1] if t else 0
            space = {"lam": lam, "k": k}
            exec(Leaky.back, space)  # the tests' own source
            lam = space["lam"]
        return du, dk


@pytest.mark.parametrize(
    ("kind", "old", "new", "words"),
    [
        (Gate, "(b - h)", "b", "`1 - s` passes nothing back to its argument"),
        (Gate, "(b - h) * s", "(b + h) * s", "`1 - s` passes back to its argument has the"),
        (Gate, " * s * (1 - s), g", ", g", "the derivative of `torch.sigmoid(a)` is left"),
        (Leaky, "k * lam", "0 * lam", "`k * h` passes nothing back to `h`"),
        (Leaky, "k * lam", "lam", "`k * h` passes back to `h` without the factor `k`"),
        (Leaky, "k * lam", "2 * k * lam", "`k * h` passes back to `h` is counted twice"),
        (Leaky, "k * lam", "k * lam * lam", ""),
    ],
)  # fmt: skip
def test_it_is_said(
    kind: Any, old: str, new: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shapes = {Gate: [(3, 4)] * 3, Leaky: [(4, 3), (3,)]}[kind]
    values = [torch.tensor(RNG.normal(size=s), requires_grad=True) for s in shapes]

    def call() -> None:
        (kind.apply(*values) ** 2).sum().backward()

    assert wrong_backwards(call) == []
    assert old in kind.back
    monkeypatch.setattr(kind, "back", kind.back.replace(old, new))
    found = wrong_backwards(call)
    if words:
        ((text, named),) = found
        text = re.sub(r" \(line \d+\)", "", text)
        assert named and words in text and text.startswith(f"{kind.__name__}.backward: ")
    else:
        assert found and not any(named for _, named in found)


SOURCE = """
class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, k):
        ctx.save_for_backward(x, k)
        return torch.sin(x) * k + x

    @staticmethod
    def backward(ctx, g):
        x, k = ctx.saved_tensors
        return g * torch.cos(x) * k, g * torch.sin(x)
"""


def test_modules_whose_name_begins_with_that_of_the_library(tmp_path: Path) -> None:
    path = tmp_path / "torch_layers.py"
    path.write_text(SOURCE)
    space: dict[str, Any] = {"__name__": "torch_layers", "torch": torch}
    exec(compile(SOURCE, str(path), "exec"), space)
    values = [torch.tensor(RNG.normal(size=3), requires_grad=True) for _ in range(2)]
    found = wrong_backwards(lambda: space["Square"].apply(*values).sum().backward())
    text = "Square.backward: `torch.sin(x) * k + x` (line 6) passes nothing back to `x`"
    assert found == [(text, True)]
