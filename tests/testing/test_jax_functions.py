"""Which value that a ``custom_vjp`` passes back is wrong, and how."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bptt_sym.testing.functions import judge_pair
from bptt_sym.testing.jax_functions import compiled, wrong_vjps

jax: Any = pytest.importorskip("jax")
POINT = {"w": np.random.default_rng(9).normal(size=(3, 4))}
RIGHT = "(d - d.mean(1, keepdims=True) - y * (d * y).mean(1, keepdims=True)) * inv"


def pair(back: str) -> tuple[Any, Any]:
    """Rows that are normalised, within a scan."""
    jnp = jax.numpy

    def run(a: Any) -> Any:
        a = a - a.mean(1, keepdims=True)
        inv = 1 / jnp.sqrt((a * a).mean(1, keepdims=True) + 0.01)
        return a * inv, (a * inv, inv)

    @jax.custom_vjp
    def norm(a: Any) -> Any:
        return run(a)[0]

    def backward(saved: Any, d: Any) -> Any:
        return (eval(back, {"d": d, "y": saved[0], "inv": saved[1]}),)  # the tests' own source

    norm.defvjp(run, backward)

    def loss(p: Any, layer: Any) -> Any:
        def step(h: Any, _: Any) -> Any:
            h = jnp.tanh(layer(p["w"] + h))
            return h, (h * h * jnp.arange(1.0, 5.0)).sum()

        return jax.lax.scan(step, jnp.zeros((3, 4)), None, length=2)[1].sum()

    value = jax.jit(lambda p: loss(p, lambda a: run(a)[0]))
    grad = jax.grad(lambda p: loss(p, norm))
    return value, lambda p: grad({k: jnp.asarray(v) for k, v in p.items()})


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("- d.mean(1, keepdims=True) ", "", "off by the same number all along axis 1: a sum or"),
        (" - y * (d * y).mean(1, keepdims=True)", "", "off by a multiple of the output all along"),
        ("* inv", "* inv * 2", "for `a` is 2 times what it should be"),
        ("* inv", "* inv + y", "for `a` is not 0 where every cotangent is"),
        ("d.mean(1", "d.mean(0", "what it returns for `a` is wrong"),
    ],
)  # fmt: skip
def test_it_is_told_what_is_wrong_with_it(old: str, new: str, words: str) -> None:
    assert old in RIGHT
    found = wrong_vjps(lambda: pair(RIGHT.replace(old, new))[1](POINT))
    assert [text for text, _ in found if words in text], found
    assert all(text.startswith("the custom_vjp of norm: ") for text, _ in found)


def test_right_ones_pass_and_pairs_say_it() -> None:
    assert wrong_vjps(lambda: pair(RIGHT)[1](POINT)) == []
    with jax.enable_x64(True):
        found = judge_pair(*pair(RIGHT.replace("* inv", "* inv * 2")), POINT)
    assert "custom_vjp of norm" in found[-1].message and found[-1].code == "explained"


def test_a_loss_is_compiled_if_that_is_the_same_function() -> None:
    jnp, calls = jax.numpy, []

    def plain(p: Any) -> Any:
        calls.append(1)
        return jnp.tanh(p["w"]).sum()

    fast = compiled(plain, POINT)
    before = len(calls)
    first = fast(POINT)
    assert float(first) == pytest.approx(np.tanh(POINT["w"]).sum(), rel=1e-6)
    assert fast({"w": POINT["w"] + 1}) is not None and len(calls) == before

    def looks(p: Any) -> Any:
        return jnp.sum(p["w"]) if float(p["w"][0, 0]) > 100 else jnp.sum(p["w"] ** 2)

    def counts(p: Any) -> Any:
        calls.append(1)
        return jnp.sum(p["w"]) * len(calls)

    def in_numpy(p: Any) -> Any:
        return np.tanh(p["w"]).sum()

    assert all(compiled(f, POINT) is f for f in (looks, counts, in_numpy))


def test_a_pair_that_is_not_compiled_follows_its_loss_a_few_times_only() -> None:
    jnp, calls = jax.numpy, []

    def loss(p: Any) -> Any:
        calls.append(1)
        return jnp.sum(jnp.tanh(p["w"]) ** 2)

    found = judge_pair(loss, lambda p: {"w": 2 * np.tanh(p["w"])}, POINT)
    assert [f.code for f in found][:1] == ["value"]
    assert len(calls) < 20
