"""Property tests for gradient code: problems, strategies, and a check that names the mistake.

from hypothesis import given
from bptt_sym.testing import assert_gradient, lstm

@given(lstm())
def test_backward(problem):
    assert_gradient(problem, my_backward)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bptt_sym.testing.check import assert_gradient, judge, run
    from bptt_sym.testing.functions import assert_pair
    from bptt_sym.testing.jax_entry import from_jax
    from bptt_sym.testing.models import Model, model_of, named_model
    from bptt_sym.testing.problems import Problem, problem
    from bptt_sym.testing.report import GradientError, Report
    from bptt_sym.testing.score import score_inputs
    from bptt_sym.testing.strategies import elman, from_recurrence, gru, lstm, sigmoid_rnn
    from bptt_sym.testing.torch_entry import from_module, from_torch

_HOME = {
    "assert_gradient": "check",
    "judge": "check",
    "run": "check",
    "Model": "models",
    "model_of": "models",
    "named_model": "models",
    "Problem": "problems",
    "problem": "problems",
    "GradientError": "report",
    "Report": "report",
    "elman": "strategies",
    "sigmoid_rnn": "strategies",
    "lstm": "strategies",
    "gru": "strategies",
    "from_recurrence": "strategies",
    "assert_pair": "functions",
    "score_inputs": "score",
    "from_torch": "torch_entry",
    "from_module": "torch_entry",
    "from_jax": "jax_entry",
}

__all__ = [
    "GradientError",
    "Model",
    "Problem",
    "Report",
    "assert_gradient",
    "assert_pair",
    "elman",
    "from_jax",
    "from_module",
    "from_recurrence",
    "from_torch",
    "gru",
    "judge",
    "lstm",
    "model_of",
    "named_model",
    "problem",
    "run",
    "score_inputs",
    "sigmoid_rnn",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: NumPy and Hypothesis are not free."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"bptt_sym.testing.{_HOME[name]}"), name)
