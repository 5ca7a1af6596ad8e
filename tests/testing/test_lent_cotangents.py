"""A ``backward`` that writes to what it is given is said to, and one that does not is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bptt_sym.testing import from_torch, run
from bptt_sym.testing.functions import judge_pair
from bptt_sym.testing.lent_cotangents import written_cotangents

torch: Any = pytest.importorskip("torch")

RIGHT = [
    "da = d * (1 - y * y)",
    "d = d.clone()\nda = d.mul_(1 - y * y)",
    "da = (d + 0).mul_(1 - y * y)",
    "d *= 1\nda = d * (1 - y * y)",
]
WRITES = [
    "da = d.mul_(1 - y * y)",
    "d *= 1 - y * y\nda = d",
    "row = d[0]\nrow.mul_(1 - y[0] ** 2)\nda = torch.cat([d[:1], d[1:] * (1 - y[1:] ** 2)])",
    "d.numpy()[...] *= 1 - y.numpy() ** 2\nda = d",
    "da = torch.mul(d, 1 - y * y, out=d)",
]


def tanh(back: str, called: str = "backward") -> Any:
    """tanh with a way back of one's own, lines that make ``da`` of ``d`` and ``y``."""

    def forward(ctx: Any, a: Any) -> Any:
        y = torch.tanh(a)
        ctx.save_for_backward(y)
        return y

    def backward(ctx: Any, d: Any) -> Any:
        space = {"d": d, "y": ctx.saved_tensors[0], "torch": torch}
        exec(back, space)  # the tests' own source
        return space["da"]

    parts = {"forward": staticmethod(forward), called: staticmethod(backward)}
    return type("Tanh", (torch.autograd.Function,), parts)


def elman(function: Any) -> Any:
    def outputs(t: dict[str, Any], problem: Any) -> Any:
        h, ys = t["h0"], []
        for x in t["x"]:
            h = function.apply(x @ t["W"].T + h @ t["U"].T + t["b"])
            ys.append(h @ t["V"].T + t["c"])
        return torch.stack(ys)

    return from_torch(outputs)


@pytest.mark.parametrize("back", RIGHT)
def test_copies_may_be_written_to(back: str) -> None:
    assert run(elman(tanh(back)), "elman").ok


@pytest.mark.parametrize("called", ["backward", "vjp"])
@pytest.mark.parametrize("back", WRITES)
def test_writing_is_said_where_the_numbers_are_right(back: str, called: str) -> None:
    (finding,) = run(elman(tanh(back, called)), "elman").findings
    assert finding.code == "wrote-to-cotangent"
    assert "Tanh.backward writes to `d`" in finding.message


def test_writing_is_said_beside_wrong_numbers() -> None:
    report = run(elman(tanh("da = d.mul_(1 - y)")), "elman")
    assert {f.code for f in report.findings} == {"value", "wrote-to-cotangent"}
    assert report.diagnoses


@pytest.mark.parametrize("back", [RIGHT[0], WRITES[0]])
def test_pairs(back: str) -> None:
    def grad(p: dict[str, Any]) -> dict[str, Any]:
        a = torch.tensor(p["a"], requires_grad=True)
        tanh(back).apply(a).mul(2).sum().backward()
        return {"a": a.grad.numpy()}

    point = {"a": np.array([[0.3, -1.0]] * 2)}
    found = judge_pair(lambda p: 2 * np.tanh(p["a"]).sum(), grad, point)
    assert [f.code for f in found] == ["wrote-to-cotangent"] * (back in WRITES)


def test_cotangents_without_a_name_are_counted() -> None:
    class Both(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, a: Any) -> Any:
            return 2 * a, 3 * a

        @staticmethod
        def backward(ctx: Any, *back: Any) -> Any:
            return (2 * back[0]).add_(back[1].mul_(3))

    with written_cotangents() as said:
        first, second = Both.apply(torch.ones(2, requires_grad=True))
        (first * second).sum().backward()
    assert [text.partition(",")[0] for text in said] == ["Both.backward writes to cotangent 2"]


def test_the_engine_is_left_as_it_was() -> None:
    base = torch.autograd.function.BackwardCFunction
    before = dict(base.__dict__)
    with pytest.raises(ZeroDivisionError), written_cotangents():
        raise ZeroDivisionError
    assert dict(base.__dict__) == before
