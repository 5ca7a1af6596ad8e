"""The pytest plugin: ``@pytest.mark.gradient`` and ``--gradient-profile``.

    @pytest.mark.gradient("lstm")
    def test_backward(problem):
        assert_gradient(problem, my_backward)

runs the test on every problem of the profile. A failure's report gets a section of its own that
says what is wrong with the gradient.
"""

from __future__ import annotations

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
    """One test for each problem of the profile."""
    marker = metafunc.definition.get_closest_marker("gradient")
    if marker is None:
        return
    if "problem" not in metafunc.fixturenames:
        name = metafunc.definition.name
        _refused(f"{name}: a test marked 'gradient' takes an argument 'problem'")
    if len(marker.args) != 1 or marker.kwargs:
        _refused(
            "@pytest.mark.gradient takes a cell and nothing else: @pytest.mark.gradient('lstm')"
        )
    from bptt_sym.errors import BpttError
    from bptt_sym.testing.check import as_model
    from bptt_sym.testing.draw import cases

    profile = metafunc.config.getoption("--gradient-profile")
    try:
        problems = list(cases(as_model(marker.args[0]), profile))
    except BpttError as error:
        hint = getattr(error, "hint", "")
        _refused(f"{error} ({hint})" if hint else str(error))
    ids = [f"{i}-{p.regime}-T{p.steps}-B{p.batch}" for i, p in enumerate(problems)]
    metafunc.parametrize("problem", problems, ids=ids)


def _refused(text: str) -> NoReturn:
    """An error of the collection, without a traceback through pytest."""
    pytest.fail(text, pytrace=False)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Any:
    """Add the gradient report as a section of a failure."""
    outcome = yield
    report = outcome.get_result()
    if call.excinfo is None or call.when != "call":
        return
    found = _gradient_report(call.excinfo.value)
    if found is None:
        return
    report.sections.append(("gradient", found.text()))
    report.user_properties.append(("gradient", found.json()))
    head = found.text().splitlines()[0]
    named = [d.text() for d in found.diagnoses] or [f.message for f in found.findings]
    # The section has the rest; a traceback through the checker helps nobody.
    report.longrepr = "\n".join([head, *(f"  {n}" for n in named)])


def _gradient_report(error: BaseException | None) -> Any:
    from bptt_sym.testing.report import GradientError

    while error is not None:
        if isinstance(error, GradientError):
            return error.report
        error = error.__cause__ or error.__context__
    return None
