"""The pytest plugin: ``@pytest.mark.gradient`` and ``--gradient-profile``.

    @pytest.mark.gradient("lstm")
    def test_backward(problem):
        assert_gradient(problem, my_backward)

runs the test on every problem of the profile; with several markers, on those of several cells. A
failure's report gets a section of its own that says what is wrong with the gradient.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterator
from typing import Any, NoReturn

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--gradient-profile quick|thorough``."""
    group = parser.getgroup("gradient", "gradient checks of bptt-sym")
    group.addoption(
        "--gradient-profile",
        choices=("quick", "thorough"),
        default="quick",
        help="how many problems a test marked 'gradient' is run on (30 or 240)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        "gradient(cell): run the test on the gradient problems of a cell "
        "(elman, sigmoid_rnn, lstm, gru, or a recurrence); it takes an argument 'problem'",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each problem of the profile, of each cell that is marked."""
    markers = _markers(metafunc.definition)
    if not markers:
        return
    if "problem" not in metafunc.fixturenames:
        name = metafunc.definition.name
        _refused(f"{name}: a test marked 'gradient' takes an argument 'problem'")
    if any(len(m.args) != 1 or m.kwargs for m in markers):
        _refused(
            "@pytest.mark.gradient takes a cell and nothing else: @pytest.mark.gradient('lstm')"
        )
    from bptt_sym.errors import BpttError
    from bptt_sym.testing.check import as_model
    from bptt_sym.testing.draw import cases

    profile = metafunc.config.getoption("--gradient-profile")
    problems, ids = [], []
    for marker in markers:
        try:
            drawn = list(cases(as_model(marker.args[0]), profile))
        except BpttError as error:
            hint = getattr(error, "hint", "")
            _refused(f"{error} ({hint})" if hint else str(error))
        problems += drawn
        for i, p in enumerate(drawn):
            own = f"{i}-{p.regime}-T{p.steps}-B{p.batch}"
            ids.append(f"{p.name}-{own}" if len(markers) > 1 else own)
    metafunc.parametrize("problem", problems, ids=ids)


def _markers(node: Any) -> list[pytest.Mark]:
    """The markers of a test from top to bottom, or those of its class or module."""
    for holder in reversed(node.listchain()):
        own = [m for m in holder.own_markers if m.name == "gradient"]
        if own:
            return own[::-1]
    return []


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A method of a ``unittest.TestCase`` gets no arguments from pytest, and so no problem."""
    if _markers(item) and "problem" not in getattr(getattr(item, "callspec", None), "params", ()):
        _refused(
            f"{item.name}: tests of unittest take no arguments and so cannot be marked 'gradient'; "
            "call bptt_sym.testing.run(function, cell) in them, or make them functions"
        )


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Any:
    """A gradient that is returned is judged by nobody: pytest only warns of it."""
    if not _markers(pyfuncitem):
        return (yield)
    with warnings.catch_warnings():
        warnings.simplefilter("error", pytest.PytestReturnNotNoneWarning)
        try:
            return (yield)
        except pytest.PytestReturnNotNoneWarning:
            _refused(
                f"{pyfuncitem.name} returns a value, which is not looked at: give the function "
                "that computes it to assert_gradient(problem, function)"
            )


def _refused(text: str) -> NoReturn:
    """An error of the collection, without a traceback through pytest."""
    pytest.fail(text, pytrace=False)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Any:
    """Add the gradient report as a section of a failure, and to its JUnit properties."""
    outcome = yield
    report = outcome.get_result()
    if call.excinfo is None or call.when != "call":
        return
    error = call.excinfo.value
    for found in _reports(error, set()):
        report.sections.append(("gradient", found.text()))
        entry = ("gradient", json.dumps(found.json(), ensure_ascii=False))
        report.user_properties.append(entry)
        item.user_properties.append(entry)
    found = _report(error)
    if found is not None:
        head = found.text().splitlines()[0]
        named = [d.text() for d in found.diagnoses] or [f.message for f in found.findings]
        # The section has the rest; a traceback through the checker helps nobody. What Hypothesis
        # notes are the values of the other arguments.
        notes = getattr(error, "__notes__", ())
        report.longrepr = "\n".join([head, *(f"  {n}" for n in named), *notes])


def _report(error: BaseException) -> Any:
    """That of a gradient error; without the module that defines it there is none."""
    module = sys.modules.get("bptt_sym.testing.report")
    return error.report if module and isinstance(error, module.GradientError) else None


def _reports(error: BaseException | None, seen: set[int]) -> Iterator[Any]:
    """Those of an exception, of what it came from, and of the exceptions in a group."""
    if error is None or id(error) in seen:
        return
    seen.add(id(error))
    found = _report(error)
    if found is not None:
        yield found
        return
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    for cause in (*inner, error.__cause__, error.__context__):
        yield from _reports(cause, seen)
