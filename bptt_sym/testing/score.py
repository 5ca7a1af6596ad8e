"""Score test inputs: how many known mistakes would they catch?

The choice of inputs matters more than the choice of tool. With h0 = 0, T = 4 and weights of 0.01
many wrong gradients pass any checker.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from bptt_sym.errors import BpttError, InputError
from bptt_sym.recurrence import Recurrence
from bptt_sym.testing.check import as_model
from bptt_sym.testing.compare import FAILURES
from bptt_sym.testing.mistakes import library, right
from bptt_sym.testing.models import Model
from bptt_sym.testing.named import one_line, raised
from bptt_sym.testing.problems import Problem, problem
from bptt_sym.testing.time_limit import limited


@final
@dataclass(frozen=True)
class Score:
    """Of ``total`` mistakes that differ from the gradient somewhere, which these inputs show."""

    total: int
    caught: int
    missed: tuple[tuple[str, str], ...]
    """``(code, message)`` of the mistakes that would pass."""

    @property
    def ok(self) -> bool:
        """Whether nothing would pass."""
        return not self.missed

    def text(self) -> str:
        """For a person: the count, then what would pass."""
        lines = [f"these inputs catch {self.caught} of {self.total} known mistakes"]
        lines += [f"  would pass: {message}" for _, message in self.missed]
        return "\n".join(lines)

    def json(self) -> dict[str, Any]:
        """The same for machines."""
        return {
            "total": self.total,
            "caught": self.caught,
            "missed": [{"code": c, "message": m} for c, m in self.missed],
        }


def score_given(
    given: Any,
    cell: str | Model | Recurrence,
    *,
    rtol: float | None = None,
    atol: float | None = None,
) -> Score:
    """The score of a problem, or of its fields: ``{"params": …, "x": …, "targets": …}``.

    ``given`` may be a function that returns them.

    Raises
    ------
    InputError
        Something else, fields that are missing, unknown or of other shapes, and what is no number.
    """
    if callable(given) and not isinstance(given, Problem):
        try:
            with limited():
                given = given()
        except FAILURES as error:
            raise InputError(f"the function of the inputs fails: {raised(error)}") from error
    if isinstance(given, Problem):
        return score_inputs(given, rtol=rtol, atol=atol)
    if not isinstance(given, Mapping) or not {"params", "x", "targets"} <= set(given):
        raise InputError(
            "test inputs are a problem, or a mapping with params, x and targets",
            hint="return {'params': {'W': …}, 'x': …, 'targets': …, 'h0': …}",
        )
    fields = {k: v for k, v in given.items() if k != "params"}
    model = as_model(cell)
    known = {"x", "targets", "mask", "loss_weights", "learned", "dtype", *model.inputs}
    free = (s for s in model.rec.states if s not in model.rec.initial)
    known |= {*model.targets.values(), *(f"{s}0" for s in free)}
    unknown = [str(k) for k in fields if k not in known]
    if unknown:
        hint = f"known are {', '.join(sorted(known))}"
        raise InputError(f"{model.name} has no {', '.join(unknown)}", hint=hint)
    try:
        made = problem(model, given["params"], **fields)
        made.loss()
    except Exception as error:  # a tensor that takes part in a graph has a class of its own
        raise InputError(f"these inputs do not fit {model.name}: {one_line(error)}") from error
    arrays = {**made.params, **made.series, **made.initial, "mask": made.mask}
    arrays["loss_weights"] = made.loss_weights
    broken = [k for k, v in arrays.items() if not np.isfinite(v).all()]
    if broken:
        raise InputError(f"{', '.join(broken)}: not finite in these inputs")
    return score_inputs(made, rtol=rtol, atol=atol)


def score_inputs(
    problem: Problem, *, rtol: float | None = None, atol: float | None = None
) -> Score:
    """How many mistakes of the library ``problem``'s numbers would show.

    ``rtol`` and ``atol`` are those of the test that uses the inputs (gradcheck: 1e-3 and 1e-5;
    ``np.testing.assert_allclose``: 1e-7 and 0). Without them the running error bound decides.
    """
    exact = {k: v.astype(float) for k, v in right(problem).items()}
    known = library(problem.model)
    missed = []
    for mistake in known:
        try:
            with np.errstate(all="ignore"):
                wrong = mistake.gradient(problem)
        except BpttError:
            continue
        shown = (k for k in exact if k in wrong and k not in problem.model.inputs)
        if not any(_differs(problem, k, exact[k], wrong[k], rtol, atol) for k in shown):
            missed.append((mistake.code, mistake.message))
    return Score(len(known), len(known) - len(missed), tuple(missed))


def _differs(
    problem: Problem, name: str, exact: Any, wrong: Any, rtol: float | None, atol: float | None
) -> bool:
    off = np.abs(np.asarray(wrong, float) - exact)
    if rtol is None and atol is None:
        u = float(np.finfo(problem.dtype).eps) / 2
        return not bool((off <= problem.allowed(u)[name]).all())
    return not bool((off <= (atol or 0.0) + (rtol or 0.0) * np.abs(exact)).all())
