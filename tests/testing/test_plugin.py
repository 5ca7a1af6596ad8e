"""The pytest plugin, run on a test file of its own."""

from __future__ import annotations

import json
from xml.etree import ElementTree

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


def test_a_gradient_that_is_returned_is_not_passed(
    pytester: pytest.Pytester, request: pytest.FixtureRequest
) -> None:
    """pytest warns of it only, and the test would be green whatever the gradient is."""
    pytester.makepyfile(FILE.replace("assert_gradient(problem, wrong)", "return wrong(problem)"))
    result = run(pytester, request, "--maxfail=1")
    assert result.parseoutcomes()["failed"] == 1
    assert "give the function that computes it to assert_gradient" in result.stdout.str()


def test_a_method_of_unittest_gets_no_problem(
    pytester: pytest.Pytester, request: pytest.FixtureRequest
) -> None:
    pytester.makepyfile(
        "import pytest, unittest\n"
        "class TestIt(unittest.TestCase):\n"
        "    @pytest.mark.gradient('elman')\n"
        "    def test_it(self, problem): ...\n"
    )
    result = run(pytester, request)
    result.assert_outcomes(errors=1)
    assert "tests of unittest take no arguments" in result.stdout.str()


OTHERS = """
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from bptt_sym.testing import GradientError, assert_gradient
from bptt_sym.testing import elman as problems
from bptt_sym.testing.mistakes import right

def wrong(problem):
    return {k: -v for k, v in right(problem).items()}

@pytest.mark.gradient("elman")
@pytest.mark.gradient("sigmoid-rnn")
def test_two_cells(problem):
    assert problem.name in ("elman", "sigmoid_rnn")

@settings(phases=[Phase.generate], max_examples=1)
@given(problems(max_steps=2), st.integers(7, 7))
def test_with_another_argument(problem, other):
    assert_gradient(problem, wrong)

@settings(phases=[Phase.generate], max_examples=1)
@given(problems(max_steps=1))
def test_that_fails_after_it(problem):
    try:
        assert_gradient(problem, wrong, explain=False)
    except GradientError as error:
        error.not_there
"""


def test_several_cells_other_arguments_and_other_errors(
    pytester: pytest.Pytester, request: pytest.FixtureRequest
) -> None:
    pytester.makepyfile(OTHERS)
    # An editable install lists ``proofs/series.py`` as a module of a plugin; pytest warns of any
    # module of that name that another test of this process has imported.
    strict = ("-W", "error", "-W", "ignore::pytest.PytestAssertRewriteWarning", "--strict-markers")
    result = run(pytester, request, *strict, "--junitxml=found.xml")
    result.assert_outcomes(passed=60, failed=2)
    text = result.stdout.str()
    # Hypothesis notes all arguments; a problem is one line of them.
    assert "other=7" in text and "problem=Problem(elman, T=" in text and "Recurrence(" not in text
    assert "AttributeError: 'GradientError' object has no attribute 'not_there'" in text
    assert "has the wrong sign" in text
    entries = ElementTree.parse(pytester.path / "found.xml").iter("property")
    found = [json.loads(e.get("value", "")) for e in entries if e.get("name") == "gradient"]
    assert len(found) == 2 and "assert_gradient(p, wrong)" in found[0]["smallest"]["test"]
