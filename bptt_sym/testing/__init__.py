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
    from bptt_sym.testing.models import Model, model_of, named_model
    from bptt_sym.testing.problems import Problem, problem
    from bptt_sym.testing.report import GradientError, Report
    from bptt_sym.testing.strategies import elman, from_recurrence, gru, lstm, sigmoid_rnn

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
}

__all__ = [
    "GradientError",
    "Model",
    "Problem",
    "Report",
    "assert_gradient",
    "elman",
    "from_recurrence",
    "gru",
    "judge",
    "lstm",
    "model_of",
    "named_model",
    "problem",
    "run",
    "sigmoid_rnn",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: NumPy and Hypothesis are not free."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"bptt_sym.testing.{_HOME[name]}"), name)
