"""The outcome of a check, as values: for messages, for terminals and for machines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from bptt_sym.testing.compare import Mismatch
from bptt_sym.testing.evidence import Diagnosis
from bptt_sym.testing.problems import Problem

Array = Any


@final
@dataclass(frozen=True)
class Finding:
    """Something wrong. ``code`` is stable: ``value``, ``not-finite``, ``missing``, ``shape``,
    ``raised``, ``wrote-to-input``, ``not-repeatable``, ``keeps-state``, ``aliased``,
    ``cotangent-unused``."""

    code: str
    message: str


@final
@dataclass(frozen=True)
class Report:
    """What checking one gradient function found. ``ok`` if nothing."""

    cell: str
    function: str
    problems: int
    seconds: float
    findings: tuple[Finding, ...] = ()
    mismatches: tuple[Mismatch, ...] = ()
    diagnoses: tuple[Diagnosis, ...] = ()
    failing: Problem | None = None
    smallest: Problem | None = None
    hidden_from: tuple[str, ...] = field(default_factory=tuple)

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def text(self) -> str:
        """Several lines for a person."""
        if self.ok:
            return (
                f"{self.function}: right on {self.problems} problems of {self.cell} "
                f"({self.seconds:.2f} s)"
            )
        lines = [f"{self.function} is not the gradient of {self.cell}"]
        if self.failing is not None:
            lines.append(f"  first seen on {self.failing!r}")
        for d in self.diagnoses:
            lines.append(f"  what is wrong   {d.text()}")
        for f in self.findings:
            lines.append(f"  {f.code:15} {f.message}")
        if self.smallest is not None:
            p = self.smallest
            dims = ", ".join(f"{k} = {v}" for k, v in p.dims.items())
            lines.append(f"  smallest        T = {p.steps}, B = {p.batch}, {dims}")
            lines += ["", "  reproduce with", ""]
            lines += [f"    {line}" for line in reproduction(p, self.function).splitlines()]
        return "\n".join(lines)

    def json(self) -> dict[str, Any]:
        """The same for machines."""
        return {
            "ok": self.ok,
            "cell": self.cell,
            "function": self.function,
            "problems": self.problems,
            "seconds": self.seconds,
            "findings": [{"code": f.code, "message": f.message} for f in self.findings],
            "diagnoses": [
                {
                    "code": d.code,
                    "message": d.message,
                    "parameters": list(d.parameters),
                    "residual": d.residual,
                    "problems": d.problems,
                }
                for d in self.diagnoses
            ],
            "smallest": None
            if self.smallest is None
            else {
                "T": self.smallest.steps,
                "B": self.smallest.batch,
                "dims": self.smallest.dims,
                "test": reproduction(self.smallest, self.function),
            },
        }


class GradientError(AssertionError):
    """A gradient that is wrong; ``report`` says how."""

    def __init__(self, report: Report) -> None:
        super().__init__(report.text())
        self.report = report


def reproduction(p: Problem, function: str) -> str:
    """A test function that shows the failure, ready to be pasted.

    Array literals are exact: ``repr`` of a float reads back as the same float.
    """
    name = function.rpartition(".")[2].rpartition(":")[2]
    name = name if name.isidentifier() else "gradient"
    maker = "named_model" if p.name in _NAMED else "model_of"
    what = f'"{p.name}"' if p.name in _NAMED else "recurrence"
    lines = [
        f"from bptt_sym.testing import assert_gradient, {maker}, problem",
        "",
        "",
        f"def test_{name}() -> None:",
        "    p = problem(",
        f"        {maker}({what}),",
        "        {",
    ]
    lines += [f"            {k!r}: {_literal(v)}," for k, v in p.params.items()]
    lines.append("        },")
    series = dict(p.series)
    main, target = p.model.inputs[0], next(iter(p.model.targets.values()))
    lines.append(f"        x={_literal(series.pop(main))},")
    lines.append(f"        targets={_literal(series.pop(target))},")
    extra = {}
    for state, value in p.initial.items():
        if not value.any():
            continue
        if state in ("h", "c"):
            lines.append(f"        {state}0={_literal(value)},")
        else:
            extra[f"{state}0"] = value
    if not (p.mask == 1).all():
        lines.append(f"        mask={_literal(p.mask)},")
    if not (p.loss_weights == 1).all():
        lines.append(f"        loss_weights={_literal(p.loss_weights)},")
    if p.learned:
        lines.append("        learned=True,")
    if p.dtype != np.float64:
        lines.append(f'        dtype="{p.dtype}",')
    for k, v in {**series, **extra}.items():
        lines.append(f"        **{{{k!r}: {_literal(v)}}},")
    lines += ["    )", f"    assert_gradient(p, {name})"]
    return "\n".join(lines)


_NAMED = ("elman", "sigmoid_rnn", "lstm", "gru")


def _literal(value: Array) -> str:
    return repr(np.asarray(value).tolist())
