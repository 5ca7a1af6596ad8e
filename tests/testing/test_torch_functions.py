"""Which value that a ``backward`` returns is wrong, and through which output."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bptt_sym.testing import from_torch, run
from bptt_sym.testing.functions import judge_pair
from bptt_sym.testing.torch_functions import wrong_backwards

torch: Any = pytest.importorskip("torch")
RNG = np.random.default_rng(8)
POINT = {"a": RNG.normal(size=(3, 4)), "u": RNG.normal(size=4), "h": RNG.normal(size=(3, 4))}
RIGHT = "d = d * (1 - y**2) + 2 * e * y\nda, du, dh = d, (d * h).sum(0), d * u"


def made(back: str = RIGHT, none: str = "") -> Any:
    """tanh(a + u h) and its square, with a way back of one's own."""

    class Step(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, a: Any, u: Any, h: Any) -> Any:
            y = torch.tanh(a + u * h)
            ctx.save_for_backward(y, u, h)
            return y, y * y

        @staticmethod
        def backward(ctx: Any, d: Any, e: Any) -> Any:
            y, u, h = ctx.saved_tensors
            e = e * (1 - y**2)
            space = {"d": d, "e": e, "y": y, "u": u, "h": h}
            exec(back, space)  # the tests' own source
            return tuple(None if k == none else space[k] for k in ("da", "du", "dh"))

    return Step


def applied(step: Any, apply: Any = None) -> list[tuple[str, bool]]:
    def call() -> None:
        t = {k: torch.tensor(v, requires_grad=True) for k, v in POINT.items()}
        y, square = (apply or step.apply)(t["a"], t["u"], t["h"])
        (y.sum() + square.sum()).backward()

    return wrong_backwards(call)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("d * u", "d", "for `h` lacks the factor `u`"),
        (".sum(0)", ".mean(0)", "for `u` is 0.333333 times what it should be"),
        (" + 2 * e * y", "", "nothing (0) comes back to `a`, `u`, `h`, through its second output"),
        ("du, dh = d, (d * h).sum(0), d * u", "du, dh = d * u, (d * h).sum(0), d",
         "what it returns for `a` is what belongs to `h`"),
        ("da, du", "d = d.flip(0)\nda, du", "`a`, `h` is in reverse order along its first axis"),
        ("2 * e * y", "2 * y", "for `a`, `u`, `h` is not 0 where every cotangent is: a part is"),
        ("e * y", "e * h", "what it returns for `a`, `u`, `h` is wrong, through its second output"),
    ],
)  # fmt: skip
def test_a_backward_is_told_what_is_wrong_with_it(old: str, new: str, words: str) -> None:
    assert old in RIGHT
    texts = [text for text, _ in applied(made(RIGHT.replace(old, new)))]
    assert any(words in text for text in texts), texts
    assert all(text.startswith("Step.backward: ") for text in texts)


def test_nothing_is_said_of_right_ones_and_of_none_where_none_is_needed() -> None:
    assert applied(made()) == []
    assert applied(made(none="du")) == [
        ("Step.backward: nothing (None) comes back to `u`", True)
    ]  # fmt: skip


def test_functions_that_were_bound_before_and_those_with_a_context_set_up_apart() -> None:
    step = made(RIGHT.replace("d * u", "d"))
    assert applied(step, step.apply) == applied(step) != []

    class Square(torch.autograd.Function):
        @staticmethod
        def forward(x: Any) -> Any:
            return x * x

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            ctx.save_for_backward(*inputs)

        @staticmethod
        def backward(ctx: Any, d: Any) -> Any:
            return d * ctx.saved_tensors[0]

    def call() -> None:
        Square.apply(torch.tensor([1.0, 3.0], requires_grad=True)).sum().backward()

    assert wrong_backwards(call) == [
        ("Square.backward: what it returns for `x` is 0.5 times what it should be", True)
    ]
    before = Square.forward
    call()
    assert Square.forward is before and "apply" in vars(torch.autograd.Function)


def test_pairs_and_cells_say_it() -> None:
    step = made(RIGHT.replace("d * u", "d * u * u"))

    def value(p: Any, *, back: bool) -> Any:
        t = {k: torch.tensor(v, requires_grad=back) for k, v in p.items()}
        total = step.apply(t["a"], t["u"], t["h"])[0].sum()
        if not back:
            return total.item()
        total.backward()
        return {k: v.grad for k, v in t.items()}

    found = judge_pair(lambda p: value(p, back=False), lambda p: value(p, back=True), POINT)
    assert found[-1].code == "explained" and "factor `u` once too" in found[-1].message

    class Halves(torch.autograd.Function):
        """Half of a sequence, whose last state is lost on the way back."""

        @staticmethod
        def forward(ctx: Any, x: Any, h: Any, W: Any, U: Any, b: Any) -> Any:
            with torch.enable_grad():
                inner = [v.detach().requires_grad_() for v in (x, h, W, U, b)]
                x, h, W, U, b = inner
                ys = []
                for row in x:
                    h = torch.tanh(row @ W.t() + h @ U.t() + b)
                    ys.append(h)
                ctx.inner, ctx.ys = inner, torch.stack(ys)
            return ctx.ys.detach(), h.detach().clone()

        @staticmethod
        def backward(ctx: Any, dys: Any, dh: Any) -> Any:
            return torch.autograd.grad(ctx.ys, ctx.inner, dys, retain_graph=True)

    def outputs(t: Any, p: Any) -> Any:
        h, ys, half = t["h0"], [], (p.steps + 1) // 2
        for x in (t["x"][:half], t["x"][half:]):
            if len(x):
                y, h = Halves.apply(x, h, t["W"], t["U"], t["b"])
                ys.append(y)
        return torch.cat(ys) @ t["V"].t() + t["c"]

    text = "\n".join(d.text() for d in run(from_torch(outputs), "elman").diagnoses)
    assert "nothing (0) comes back to `x`, `h`, `W`, `U`, `b`, through its second output" in text
    assert "no known mistake" not in text


def test_none_is_told_from_what_is_not_there() -> None:
    def value(p: Any) -> float:
        return float((p["a"] ** 2).sum() + (p["u"] ** 2).sum())

    found = judge_pair(value, lambda p: {"a": 2 * p["a"], "u": None}, POINT)
    texts = [f.message for f in found]
    assert "du is None: it is not used, it is cut off from the loss (detach" in " ".join(texts)
    assert "dh: not in the returned gradient" in texts
