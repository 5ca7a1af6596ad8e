"""The test that a report ends with: pasted into a file it fails for the reason that is reported."""

from __future__ import annotations

from functools import partial
from textwrap import dedent
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptt_sym.cells import cell, names
from bptt_sym.testing import GradientError, Problem, Report, judge, run
from bptt_sym.testing.check import as_model
from bptt_sym.testing.draw import draw
from bptt_sym.testing.mistakes import right as exact
from bptt_sym.testing.models import MODELS
from bptt_sym.testing.reproduction import Written
from bptt_sym.testing.same_function import sameness
from bptt_sym.testing.shrink import shrink
from tests.nightly import NIGHTLY, examples

CELLS = [*MODELS, *(n for n in names() if n not in MODELS and cell(n).states)]
QUICK = ["elman", "gru", "sigmoid-rnn", "elman-vector"]


def right(p: Problem) -> dict[str, Any]:
    return {k: v.astype(p.dtype) for k, v in exact(p).items()}


def changed(p: Problem, change: Any) -> dict[str, Any]:
    first = next(iter(p.params))
    given = right(p)
    return {**given, first: change(given[first])}


def negated(p: Problem) -> dict[str, Any]:
    return changed(p, np.negative)


def from_three_steps(p: Problem) -> dict[str, Any]:
    return changed(p, lambda v: 1.5 * v if p.steps > 2 else v)


def without_mask(p: Problem) -> dict[str, Any]:
    return right(p.replaced(mask=np.ones_like(p.mask)))


def without_weights(p: Problem) -> dict[str, Any]:
    return right(p.replaced(loss_weights=np.ones_like(p.loss_weights)))


def without_start(p: Problem) -> dict[str, Any]:
    return right(p.replaced(initial={k: 0 * v for k, v in p.initial.items()}))


def incomplete(p: Problem) -> dict[str, Any]:
    return {k: v for k, v in right(p).items() if k != next(iter(p.params))}


def with_an_axis(p: Problem) -> dict[str, Any]:
    return changed(p, lambda v: v[None])


def not_finite(p: Problem) -> dict[str, Any]:
    return changed(p, lambda v: v * np.nan if p.batch > 1 else v)


def complex_numbers(p: Problem) -> dict[str, Any]:
    return changed(p, lambda v: v + 1e-3j)


def writes(p: Problem) -> dict[str, Any]:
    given = right(p)
    p.targets[...] = 0.0
    return given


BUFFERS: dict[Any, Any] = {}


def overwrites(p: Problem) -> dict[str, Any]:
    def kept(v: Any) -> Any:
        buffer = BUFFERS.setdefault((v.shape, v.dtype), np.empty_like(v))
        buffer[...] = v
        return buffer

    return changed(p, kept)


def fails_on_batches(p: Problem) -> dict[str, Any]:
    if p.batch > 1:
        raise IndexError("one example at a time")
    return right(p)


def leaves_on_one_step(p: Problem) -> dict[str, Any]:
    if p.steps == 1:
        raise SystemExit(3)
    return negated(p)


WRONG = [
    negated, from_three_steps, without_mask, without_weights, without_start, incomplete,
    with_an_axis, not_finite, complex_numbers, writes, overwrites, fails_on_batches,
    leaves_on_one_step,
]  # fmt: skip


def pasted(report: Report, **instead: Any) -> None:
    """Run the test that stands in a report, with some of what it imports replaced."""
    text = report.text()
    assert "reproduce with" in text
    space: dict[str, Any] = {}
    exec(dedent(text.partition("reproduce with\n\n")[2]), space)
    space.update(instead)
    next(v for k, v in space.items() if k.startswith("test_"))()


@settings(deadline=None, max_examples=examples(10, 5_000))
@given(
    st.sampled_from(CELLS if NIGHTLY else QUICK), st.sampled_from(WRONG), st.integers(0, 99),
    st.integers(1, 4), st.integers(1, 2), st.booleans(), st.booleans(), st.booleans(),
    st.sampled_from([np.float64, np.float32]),
)  # fmt: skip
def test_pasted_it_fails_for_the_same_reason(
    name: str, wrong: Any, seed: int, steps: int, batch: int, masked: bool, weighted: bool,
    learned: bool, dtype: Any,
) -> None:  # fmt: skip
    p = draw(
        as_model(name), seed, steps=steps, batch=batch, masked=masked, weighted=weighted,
        learned=learned, dtype=dtype,
    )  # fmt: skip
    report = judge(p, wrong)
    if report.ok:
        return
    with pytest.raises(GradientError) as failure:
        pasted(report)
    reproduced = failure.value.report
    codes = {f.code for f in report.findings}
    assert codes & {f.code for f in reproduced.findings}
    assert reproduced.failing is not None and reproduced.failing.steps <= steps
    # What is right passes there.
    pasted(report, **{wrong.__name__: right})


class Net:
    """An object whose gradient is wrong by a factor."""

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def gradient(self, p: Problem) -> dict[str, Any]:
        return scaled(p, self.factor)

    @classmethod
    def doubled(cls, p: Problem) -> dict[str, Any]:
        return scaled(p, 2.0)

    __call__ = gradient


def scaled(p: Problem, factor: float = 1.0) -> dict[str, Any]:
    return changed(p, lambda v: factor * v)


NET = Net(2.0)


@pytest.mark.parametrize(
    ("gradient", "expression"),
    [
        (Net.doubled, "Net.doubled"),
        (NET, "NET"),
        (NET.gradient, "NET.gradient"),
        (partial(scaled, factor=2.0), "partial(scaled, factor=2.0)"),
    ],
)
def test_what_can_be_imported_is(gradient: Any, expression: str) -> None:
    report = judge(draw(as_model("elman"), 1), gradient)
    assert f"assert_gradient(p, {expression})" in report.text()
    with pytest.raises(GradientError, match="it is twice the gradient"):
        pasted(report)


def test_what_cannot_be_imported_is_put_in_by_a_person() -> None:
    def local(p: Problem) -> dict[str, Any]:
        return scaled(p, 2.0)

    report = run(local, "elman")
    assert f"# Put local in here: {__name__}.test_what" in report.text()
    with pytest.raises(NameError):
        pasted(report)
    with pytest.raises(GradientError):
        pasted(report, local=local)
    assert Written.of(partial(scaled, factor=np.ones(2))).absent


def test_functions_made_anew_are_the_same_where_they_do_the_same() -> None:
    def made(factor: Any) -> Any:
        return lambda p: scaled(p, factor)

    for make in (made, Net, lambda f: Net(f).gradient, lambda f: partial(scaled, factor=f)):
        assert sameness(make(2.0)) == sameness(make(2.0))
        assert sameness(make(2.0)) != sameness(make(3.0))
    assert sameness(made(1)) != sameness(made(True))
    with pytest.raises(TypeError):
        sameness(made(np.ones(2)))


def test_writing_to_inputs_does_not_look_like_state() -> None:
    assert [f.code for f in run(writes, "elman").findings] == ["wrote-to-input"]


def test_a_long_sequence_is_cut_by_halves() -> None:
    calls = []

    def fails(p: Problem) -> bool:
        calls.append(p)
        return p.steps > 40 and p.dims["H"] > 1

    p = shrink(draw(as_model("lstm"), 0, steps=150, batch=3, dims={"H": 4, "I": 3}), fails)
    assert (p.steps, p.batch, *sorted(p.dims.values())) == (41, 1, 1, 1, 2)
    before = calls.index(next(q for q in calls if q.steps == 41 and q.batch == 1))
    assert before < 60
    assert all(np.array_equal(np.round(v, 1), v) for v in (*p.params.values(), p.x, p.targets))
