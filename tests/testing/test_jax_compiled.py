"""JAX code is compiled once for each program, and what it computes is its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bptt_sym.errors import NotSupported
from bptt_sym.testing import from_jax, named_model
from bptt_sym.testing.compare import call
from bptt_sym.testing.draw import draw
from bptt_sym.testing.jax_compiled import Compiled

jax: Any = pytest.importorskip("jax")


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    made, original = [0], jax.stages.Lowered.compile

    def counted(lowered: Any, *given: Any, **named: Any) -> Any:
        made[0] += 1
        return original(lowered, *given, **named)

    monkeypatch.setattr(jax.stages.Lowered, "compile", counted)
    return made


def test_a_loop_of_operations_is_one_program(compilations: list[int]) -> None:
    def outputs(q: Any, _: Any) -> Any:
        h, made = q["h0"], []
        for x in q["x"]:
            h = jax.numpy.tanh(x @ q["W"].T + h @ q["U"].T + q["b"])
            made.append(h @ q["V"].T + q["c"])
        return jax.numpy.stack(made)

    problem = draw(named_model("elman"), 4, steps=4)
    with jax.enable_x64(True):
        gradient = from_jax(outputs)
        first, second = (call(gradient, problem.fresh()) for _ in range(2))
        assert compilations == [1]
        as_it_is = call(from_jax(outputs, jit=False), problem.fresh())
    for name, value in as_it_is.items():
        np.testing.assert_allclose(first[name], value, rtol=1e-12, atol=1e-12)
        np.testing.assert_array_equal(first[name], second[name])


def test_what_is_kept_between_calls_shows(compilations: list[int]) -> None:
    calls = [0.0]

    def function(x: Any) -> Any:
        calls[0] += 1.0
        return x * calls[0]

    compiled = Compiled()
    assert [float(compiled(function, 2.0)) for _ in range(3)] == [2.0, 4.0, 6.0]
    assert compilations == [3]


def test_programs_that_differ_in_one_number_of_many_are_two() -> None:
    numbers, compiled = np.arange(4096.0, dtype=np.float32), Compiled()

    def function(x: Any) -> Any:
        return (jax.numpy.asarray(numbers) * x).sum()

    first = float(compiled(function, 1.0))
    numbers = numbers.copy()
    numbers[2048] += 512.0
    assert float(compiled(function, 1.0)) == first + 512.0


def test_code_that_looks_at_its_numbers_is_run_as_it_is() -> None:
    compiled = Compiled()
    assert float(compiled(lambda x: x if x > 0 else -x, -2.0)) == 2.0
    assert compiled.eager


def test_what_keeps_values_of_jax_is_told_how_to_be_run() -> None:
    kept: list[Any] = []

    def function(x: Any) -> Any:
        kept.append(x * 2.0)
        return kept[0] + x

    compiled = Compiled()
    with pytest.raises(NotSupported, match="jit=False"):
        for _ in range(2):
            compiled(function, jax.numpy.asarray(1.0))
