"""JAX code as a gradient function: ``custom_vjp`` rules and whatever else ``jax.grad`` takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bptt_sym.errors import NotSupported
from bptt_sym.testing.jax_compiled import Compiled
from bptt_sym.testing.problems import Problem, compared

Array = Any


def from_jax(
    outputs: Callable[[dict[str, Any], Problem], Any], *, jit: bool | None = None
) -> Callable[[Problem], dict[str, Array]]:
    """A gradient function from JAX code that computes the outputs.

    ``outputs(arrays, problem)`` gets the parameters, ``x`` and the initial states and returns the
    outputs, (T, B, O), or a mapping with those of each state that the loss compares. A
    ``jax.custom_vjp`` inside it is what gets tested. float64 problems need
    ``jax.config.update("jax_enable_x64", True)``; without it they are judged, and fail, as float32.

    It is followed at each call and compiled, little optimised, where that can be done: operation by
    operation JAX takes three times as long on problems of many sizes. ``jit`` is ``True`` for code
    that is optimised, ``False`` for code that is never compiled, such as code that keeps values of
    JAX from one call to the next.
    """
    compiled = Compiled()

    def gradient(problem: Problem) -> dict[str, Array]:
        try:
            import jax
            import jax.numpy as jnp
        except ImportError:
            raise NotSupported("JAX is not installed; the extra bptt-sym[jax] has it") from None
        arrays = {k: jnp.asarray(v) for k, v in problem.params.items()}
        arrays["x"] = jnp.asarray(problem.x)
        arrays |= {f"{s}0": jnp.asarray(problem.start(s)) for s in problem.initial}
        weight = problem.loss_weights[:, None] * problem.mask

        def loss(given: dict[str, Any]) -> Any:
            pairs = compared(outputs(given, problem), problem)
            return sum(squares(y - target) for y, target in pairs)

        def squares(error: Any) -> Any:
            by = weight.reshape(*weight.shape, *[1] * (error.ndim - 2))
            return 0.5 * (by * error * error).sum()

        grad = jax.grad(loss)
        if jit is None:
            made = compiled(grad, arrays)
        else:
            made = (jax.jit(grad) if jit else grad)(arrays)
        return {k: np.asarray(v) for k, v in made.items()}

    gradient.__qualname__ = getattr(outputs, "__qualname__", "outputs")
    gradient.__module__ = getattr(outputs, "__module__", "")
    gradient.made_by = ("from_jax", outputs, "" if jit is None else f", jit={jit}")  # type: ignore[attr-defined]
    return gradient
