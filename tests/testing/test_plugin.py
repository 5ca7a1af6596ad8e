"""The pytest plugin, run on a test file of its own."""

from __future__ import annotations

import numpy  # noqa: F401 - pytester forgets what is imported within it, and NumPy is imported once
import pytest

pytest_plugins = ["pytester"]

FILE = """
import pytest
from bptt_sym.evaluate.domains import floats
from bptt_sym.testing import assert_gradient

def right(problem):
    return {k: v.astype(problem.dtype) for k, v in problem.exact.items()}

def wrong(problem):
    return {k: -v if k == "U" else v for k, v in right(problem).items()}

@pytest.mark.gradient("elman")
def test_right(problem):
    assert_gradient(problem, right)

@pytest.mark.gradient("elman")
def test_wrong(problem):
    assert_gradient(problem, wrong)
"""


def run(pytester: pytest.Pytester, request: pytest.FixtureRequest, *more: str):
    known = request.config.pluginmanager.hasplugin("bptt-sym")
    load = () if known else ("-p", "bptt_sym.testing.plugin")
    return pytester.runpytest(*load, "-p", "no:cacheprovider", "-q", *more)


def test_marker_profile_and_section(
    pytester: pytest.Pytester, request: pytest.FixtureRequest
) -> None:
    pytester.makepyfile(FILE)
    # Every failure is explained, which takes its time: three are enough.
    result = run(pytester, request, "--maxfail=3")
    outcomes = result.parseoutcomes()
    # With T = 1 and h0 = 0 dU is 0, and its negative is right.
    assert 30 <= outcomes["passed"] <= 33 and outcomes["failed"] == 3
    text = result.stdout.str()
    assert "-- gradient --" in text.replace("-" * 20, "--") or " gradient " in text
    assert "dU: the sign is wrong" in text
    assert "def test_wrong() -> None:" in text


def test_unknown_cell_is_a_usage_error(
    pytester: pytest.Pytester, request: pytest.FixtureRequest
) -> None:
    pytester.makepyfile(FILE.replace('"elman"', '"elmann"'))
    result = run(pytester, request)
    assert result.ret != 0
    said = result.stdout.str() + result.stderr.str()
    assert "no cell 'elmann' (one of elman, " in said and "pluggy" not in said


def test_a_marker_takes_nothing_but_a_cell(
    pytester: pytest.Pytester, request: pytest.FixtureRequest
) -> None:
    pytester.makepyfile(FILE.replace('"elman"', '"elman", profile="thorough"'))
    said = run(pytester, request).stdout.str()
    assert "takes a cell and nothing else" in said


def test_a_marked_test_without_a_problem_is_a_usage_error(
    pytester: pytest.Pytester, request: pytest.FixtureRequest
) -> None:
    pytester.makepyfile(FILE.replace("def test_right(problem)", "def test_right()"))
    result = run(pytester, request)
    assert result.ret != 0
    assert "takes an argument 'problem'" in result.stdout.str() + result.stderr.str()
