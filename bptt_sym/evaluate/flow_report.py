"""The gradient's flow through one run as text, numbers for machines and a picture."""

from __future__ import annotations

import math
import shutil
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import Any, final

from bptt_sym.errors import InputError
from bptt_sym.evaluate.names import identifier

#: Columns beside the bars of a chart, and those of the shortest and the longest bars.
_BESIDE, _SHORTEST, _LONGEST = 20, 8, 60


@final
@dataclass(frozen=True)
class Curve:
    """Numbers over t = 0 … T with what they are and, for a bound, why they hold."""

    label: str
    values: tuple[float, ...]
    because: str = ""


@final
@dataclass(frozen=True)
class FlowReport:
    r"""The flow of one run.

    Attributes
    ----------
    norms:
        For each state s: the spectral norm of :math:`\partial s_T/\partial s_t`, t = 0 … T.
    bounds:
        For each state with one: a bound of the same.
    shares:
        For each parameter: what part of :math:`\sum_k\|C_k\|` is :math:`\|C_k\|`, lag k = 0 … T−1,
        where :math:`C_k` is the contribution of lag k to the gradient of
        :math:`\tfrac12\|h_T\|^2`.
    """

    cell: str
    steps: int
    description: str
    norms: dict[str, Curve]
    bounds: dict[str, Curve]
    shares: dict[str, Curve]
    verdict: str

    def text(self, *, columns: int | None = None) -> str:
        """A chart for a terminal of so many columns: at most 25 lines, on a logarithmic scale."""
        if columns is None:
            columns = shutil.get_terminal_size().columns
        width = max(_SHORTEST, min(_LONGEST, columns - _BESIDE))

        def folded(line: str, indent: str = "  ") -> list[str]:
            return wrap(line, max(columns, 20), subsequent_indent=indent, drop_whitespace=True)

        lines = folded(f"{self.cell}, T = {self.steps}: {self.description}")
        lines += folded(self.verdict)
        for state, curve in self.norms.items():
            bound = self.bounds.get(state)
            lines += ["", curve.label]
            lines += folded(f"  | = bound: {bound.because}", " " * 4) if bound else []
            lines += _bars(curve.values, bound.values if bound else None, width)
        lines.append("")
        if not self.shares:
            lines += folded("no gradient by a parameter is finite and not 0: no lag has a share")
            return "\n".join(lines)
        lines += folded("shares of the lags in the gradient by each parameter")
        longest = max(len(identifier(name)) for name in self.shares)
        for name, curve in self.shares.items():
            top = sorted(range(len(curve.values)), key=lambda k: -curve.values[k])[:4]
            shown = [k for k in sorted(top) if curve.values[k] >= 5e-4]
            told = ", ".join(f"{k}: {100 * curve.values[k]:.1f} %" for k in shown)
            far = f"; from 10 on {100 * sum(curve.values[10:]):.3g} %" if self.steps > 10 else ""
            lines += folded(f"  {identifier(name):{longest}}  {told}{far}", " " * (longest + 4))
        return "\n".join(lines)

    def json(self) -> dict[str, Any]:
        """The same for machines; what is too large for a float is null."""

        def numbers(values: tuple[float, ...]) -> list[float | None]:
            return [v if math.isfinite(v) else None for v in values]

        return {
            "cell": self.cell,
            "T": self.steps,
            "description": self.description,
            "verdict": self.verdict,
            "norms": {k: numbers(c.values) for k, c in self.norms.items()},
            "bounds": {
                k: {"values": numbers(c.values), "because": c.because}
                for k, c in self.bounds.items()
            },
            "shares": {k: numbers(c.values) for k, c in self.shares.items()},
        }

    def save(self, path: str | Path) -> None:
        """Draw the curves as PNG or SVG, by the ending of ``path``.

        Raises
        ------
        InputError
            Another ending, a path that cannot be written to, or matplotlib is not installed.
        """
        target = Path(path)
        if target.suffix.lower() not in (".png", ".svg"):
            raise InputError(f"{target.name}: a picture is .png or .svg", token=target.suffix)
        try:
            from matplotlib.figure import Figure
        except ImportError:
            raise InputError(
                "matplotlib is not installed", hint="pip install 'bptt-sym[plot]'"
            ) from None
        figure = Figure(figsize=(10, 4.2), layout="constrained")
        left, right = figure.subplots(1, 2)
        for state, curve in self.norms.items():
            (line,) = left.semilogy(_positive(curve.values), label=curve.label)
            if state in self.bounds:
                bound = self.bounds[state]
                left.semilogy(
                    _positive(bound.values), "--", color=line.get_color(), label=bound.because
                )
        left.set_xlabel("t")
        left.legend(fontsize="small")
        for k, (name, curve) in enumerate(self.shares.items()):
            style = ("-", "--", ":", "-.")[k // 10 % 4]  # matplotlib has ten colours
            right.plot(curve.values, style, label=identifier(name))
        right.set_xlabel("lag")
        told = "share of each lag in the gradient" if self.shares else "no lag has a share"
        right.set_title(told)
        if self.shares:
            right.legend(fontsize="small", ncols=2)
        figure.suptitle(f"{self.cell}, T = {self.steps}: {self.description}")
        try:
            figure.savefig(target)
        except OSError as error:
            raise InputError(f"{path} cannot be written: {error.strerror}") from None


def _positive(values: tuple[float, ...]) -> list[float]:
    return [v if v > 0 else float("nan") for v in values]


def _bars(values: tuple[float, ...], bound: tuple[float, ...] | None, width: int) -> list[str]:
    finite = [v for v in (*values, *(bound or ())) if v > 0 and math.isfinite(v)]
    if not finite:
        return ["  all 0"]
    low, high = math.log10(min(finite)), math.log10(max(finite))
    low = max(low, high - 40.0)
    spread = max(high - low, 1e-9)

    def column(v: float) -> int:
        if not v > 0:
            return 0
        at = (min(math.log10(v), high) - low) / spread if math.isfinite(v) else 1.0
        return round(max(0.0, at) * (width - 1))

    count = len(values)
    picked = sorted({round(i * (count - 1) / min(24, count - 1)) for i in range(min(25, count))})
    lines = []
    for t in picked:
        cells = [" "] * width
        for i in range(column(values[t]) + (values[t] > 0)):
            cells[i] = "█"
        if bound is not None:
            cells[column(bound[t])] = "|"
        lines.append(f"  t = {t:<5d}{''.join(cells)} {values[t]:.3g}")
    return lines


__all__ = ["Curve", "FlowReport"]
