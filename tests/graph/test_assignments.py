"""What is printed is run again, and gives the gradient."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest

from bptt_sym.cells import elman, lstm
from bptt_sym.graph import roll, rolled, text, to_sympy, unroll
from bptt_sym.graph.domains import Floats
from bptt_sym.recurrence import Recurrence


def sigma(a: float) -> float:
    return 1 / (1 + math.exp(-a))


class Names(dict[str, float]):
    """Runs one right-hand side of the printed text; every name in it must be known."""

    def run(self, source: str) -> float:
        keys = sorted(self, key=len, reverse=True)
        places = {f"q{i}_": self[k] for i, k in enumerate(keys)}
        pattern = re.compile("|".join(re.escape(k) for k in keys))
        plain = pattern.sub(lambda m: f"q{keys.index(m[0])}_", source).replace("^", "**")
        known: dict[str, Any] = {"tanh": math.tanh, "sigma": sigma, **places}
        return float(eval(plain, {"__builtins__": {}}, known))


def without_losses(rec: Recurrence) -> Recurrence:
    from dataclasses import replace

    keep = tuple(e for e in rec.equations if e.target not in rec.totals)
    return replace(rec, equations=keep, totals={})


@pytest.mark.parametrize("make", [elman, lstm])
def test_the_printed_program_computes_the_gradient(make: Any) -> None:
    u = unroll(without_losses(make()), 3)
    sweep = u.sweep(u.node("h", 3))
    outputs = {f"G{i}": rows[0] for i, rows in enumerate(sweep.parameters.values())}
    point = {
        i: 0.1 + 0.07 * k
        for k, i in enumerate(u.graph.live(outputs.values()))
        if u.graph.op[i] == 0
    }
    names = Names({str(u.graph.label(i)): v for i, v in point.items()})
    lines = text(u.graph, outputs).splitlines()
    for line in lines:
        name, _, value = line.partition(" = ")
        assert name not in names  # single assignment
        names[name] = names.run(value)
    truth = u.graph.evaluate(list(outputs.values()), Floats(), point)
    assert [names[k] for k in outputs] == pytest.approx(truth, rel=1e-12)
    # One row per state; the LSTM's gradient does not need its last h.
    assert sum(line.startswith("h_") for line in lines) == (3 if make is elman else 2)


@pytest.mark.parametrize("make", [elman, lstm])
def test_the_sympy_program_computes_the_gradient(make: Any) -> None:
    u = unroll(without_losses(make()), 2)
    sweep = u.sweep(u.node("h", 2))
    outputs = {f"G{i}": rows[0] for i, rows in enumerate(sweep.parameters.values())}
    point = {
        i: 0.1 + 0.07 * k
        for k, i in enumerate(u.graph.live(outputs.values()))
        if u.graph.op[i] == 0
    }
    values = {str(u.graph.label(i)): v for i, v in point.items()}
    for symbol, expression in to_sympy(u.graph, outputs):
        free = {s: values[s.name] for s in expression.free_symbols}
        values[symbol.name] = float(expression.subs(free))
    truth = u.graph.evaluate(list(outputs.values()), Floats(), point)
    assert [values[k] for k in outputs] == pytest.approx(truth, rel=1e-12)


@pytest.mark.parametrize("make", [elman, lstm])
@pytest.mark.parametrize("T", [1, 4])
def test_the_rolled_program_computes_the_gradient_for_any_horizon(make: Any, T: int) -> None:
    rec = without_losses(make())
    forward, backward = rolled(roll(rec), "h").split("for t = T .. 1:\n")
    u = unroll(rec, T)
    sweep = u.sweep(u.node("h", T))
    roots = [rows[0] for rows in sweep.parameters.values()]
    point = {i: 0.1 + 0.05 * k for k, i in enumerate(u.graph.live(roots)) if u.graph.op[i] == 0}
    store: dict[str, float] = {str(u.graph.label(i)): v for i, v in point.items()}
    store |= {f"δ{name}_{t}": 0.0 for name in ("c", "h", "x") for t in range(T + 1)}
    store |= {f"δ{name}": 0.0 for name in sweep.parameters}
    store[f"δh_{T}"] = 1.0

    def run(block: str, t: int) -> None:
        for line in block.splitlines():
            if not line.startswith("  "):
                continue
            stamped = line.strip().replace("_{t-1}", f"_{t - 1}")
            stamped = re.sub(r"_t\b", f"_{t}", stamped)
            name, sign, value = re.split(r" (\+?=) ", stamped, maxsplit=1)
            result = Names(store).run(value)
            store[name] = result if sign == "=" else store[name] + result

    for t in range(1, T + 1):
        run(forward, t)
    for t in range(T, 0, -1):
        run(backward, t)
    truth = u.graph.evaluate(roots, Floats(), point)
    assert [store[f"δ{n}"] for n in sweep.parameters] == pytest.approx(truth, rel=1e-12)


def test_long_sums_are_cut_into_short_lines() -> None:
    u = unroll(elman(), 300)
    d = u.sweep(u.node("h", 300)).parameters["w"][0]
    printed = text(u.graph, {"dw": d})
    assert max(map(len, printed.splitlines())) < 400
    assert len(printed) < 300 * 400
