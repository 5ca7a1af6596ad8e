"""The outcome of a check, as values: for messages, for terminals and for machines."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, final

from bptt_sym.testing.compare import Mismatch
from bptt_sym.testing.evidence import Diagnosis
from bptt_sym.testing.problems import Problem
from bptt_sym.testing.reproduction import Written, reproduction


@final
@dataclass(frozen=True)
class Finding:
    """Something wrong. ``code`` is stable: ``value``, ``not-finite``, ``missing``, ``shape``,
    ``not-numbers``, ``raised``, ``wrote-to-input``, ``wrote-to-cotangent``, ``not-repeatable``,
    ``keeps-state``, ``aliased``, ``cotangent-unused``; of a pair also ``explained``, ``located``
    and ``unexplained``."""

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
    written: Written = field(default_factory=lambda: Written((), "gradient", "gradient"))

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    @property
    def unjudged(self) -> bool:
        """Whether no number was compared: the code fails on the first problem already."""
        return self.problems == 1 and bool(self.findings) and all(
            f.code == "raised" for f in self.findings
        )  # fmt: skip

    def text(self) -> str:
        """Several lines for a person."""
        if self.ok:
            return (
                f"{self.function}: right on {self.problems} problems of {self.cell} "
                f"({self.seconds:.2f} s)"
            )
        said = "cannot be judged as" if self.unjudged else "is not"
        lines = [f"{self.function} {said} the gradient of {self.cell}"]
        if self.failing is not None:
            lines.append(f"  first seen on {self.failing!r}")
        for d in self.diagnoses:
            lines.append(f"  what is wrong   {d.text()}")
        for f in self.findings:
            lines.append(f"  {f.code:15} {f.message}")
        if self.smallest is not None:
            p = self.smallest
            dims = "".join(f", {k} = {v}" for k, v in p.dims.items())
            lines.append(f"  smallest        T = {p.steps}, B = {p.batch}{dims}")
            lines += ["", "  reproduce with", ""]
            lines += [f"    {line}" for line in reproduction(p, self.written).splitlines()]
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
                    # What is only located leaves nothing to measure, and JSON has no NaN.
                    "residual": d.residual if math.isfinite(d.residual) else None,
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
                "test": reproduction(self.smallest, self.written),
            },
        }


class GradientError(AssertionError):
    """A gradient that is wrong; ``report`` says how."""

    def __init__(self, report: Report) -> None:
        super().__init__(report.text())
        self.report = report
