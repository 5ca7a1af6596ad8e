"""The full gradient as a graph: its growth in T, and its speed beside other symbolic systems.

Everything is measured in one run, each system in a fresh process of its own with a time-out, in CPU
seconds, best of a few repetitions (a job that takes milliseconds is run in a loop, as `timeit`
does; "new cell" differentiates the cell anew each time, else it is kept with its recurrence). A job
is: from nothing built to expressions for the derivatives of ``h_T`` by all weights (Elman: 4, LSTM:
12). Ratios between rows of one run are the result; the seconds are only this machine's.

    python benchmarks/bench_graph.py [--quick] [--json FILE]
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bptt_sym.cells import cell as shipped
from bptt_sym.graph import roll, unroll
from bptt_sym.recurrence import Recurrence

HORIZONS = (64, 256, 1024, 4096, 16384)
TIMEOUT = 120.0
#: Shorter jobs are repeated until so many seconds have passed.
LOOP = 0.02

# ------------------------------------------------------------------ the jobs


def without_losses(cell: str) -> Recurrence:
    """A shipped cell's states and gates only: the others are not given losses to build either."""
    whole = shipped(cell)
    equations = tuple(e for e in whole.equations if e.target not in whole.totals)
    return replace(whole, equations=equations, totals={})


def ours(cell: str) -> Callable[[int], Any]:
    """Stamped adjoint: one cell is differentiated, then the steps are written out."""
    recurrence = without_losses(cell)

    def job(T: int) -> Any:
        u = unroll(recurrence, T)
        return u, u.sweep(u.node("h", T))

    return job


def ours_from_a_new_cell(cell: str) -> Callable[[int], Any]:
    """The same with nothing kept from call to call: the cell is differentiated each time."""
    recurrence = without_losses(cell)

    def job(T: int) -> Any:
        u = unroll(roll(recurrence), T)
        return u, u.sweep(u.node("h", T))

    return job


def ours_general(cell: str) -> Callable[[int], Any]:
    """The same by a general reverse sweep over the unrolled table."""
    recurrence = without_losses(cell)

    def job(T: int) -> Any:
        u = unroll(recurrence, T)
        return u, u.gradient(u.node("h", T))

    return job


def rolled(cell: str) -> Callable[[int], Any]:
    """Symbolic T: the step and its adjoint. ``T`` is ignored, which is the point."""
    recurrence = without_losses(cell)

    def job(T: int) -> Any:
        step = roll(recurrence)
        return step, step.adjoint(frozenset(recurrence.states))

    return job


def by_hand(cell: str, T: int, symbol: Any, tanh: Any, sigma: Any) -> tuple[Any, list[Any]]:
    """``h_T`` and the weights, built with another system's own operators."""
    h, c = symbol("h_0"), symbol("c_0")
    if cell == "elman":
        w, wi, bi, bh = weights = [symbol(n) for n in ("w", "wi", "bi", "bh")]
        for t in range(1, T + 1):
            h = tanh(wi * symbol(f"x_{t}") + bi + w * h + bh)
        return h, weights
    weights = [symbol(f"{kind}{gate}") for gate in "fioc" for kind in "WUb"]
    for t in range(1, T + 1):
        x = symbol(f"x_{t}")
        f, i, o, g = (
            (tanh if k == 3 else sigma)(
                weights[3 * k] * x + weights[3 * k + 1] * h + weights[3 * k + 2]
            )
            for k in range(4)
        )
        c = f * c + i * g
        h = o * tanh(c)
    return h, weights


def casadi(cell: str) -> Callable[[int], Any]:
    import casadi as ca

    def job(T: int) -> Any:
        y, weights = by_hand(cell, T, ca.SX.sym, ca.tanh, lambda a: 1 / (1 + ca.exp(-a)))
        return ca.gradient(y, ca.vertcat(*weights))

    return job


def symengine(cell: str) -> Callable[[int], Any]:
    import symengine as se

    def job(T: int) -> Any:
        y, weights = by_hand(cell, T, se.Symbol, se.tanh, lambda a: 1 / (1 + se.exp(-a)))
        return [y.diff(w) for w in weights]

    return job


def sympy(cell: str) -> Callable[[int], Any]:
    """Substitute every definition into ``h_T``, then ``diff``: the textbook way."""
    import sympy as sp

    def job(T: int) -> Any:
        sp.core.cache.clear_cache()
        definitions, weights = one_step_at_a_time(cell, T, sp)
        y = sp.Symbol(f"h_{T}")
        for name, value in reversed(definitions):
            y = y.subs(name, value)
        return [sp.diff(y, w) for w in weights]

    return job


def one_step_at_a_time(cell: str, T: int, sp: Any) -> tuple[list[tuple[Any, Any]], list[Any]]:
    """The definitions of all states and gates in SymPy, in order, and the weights."""
    definitions: list[tuple[Any, Any]] = []

    def let(name: str, value: Any) -> Any:
        definitions.append((sp.Symbol(name), value))
        return definitions[-1][0]

    h, c = sp.Symbol("h_0"), sp.Symbol("c_0")
    if cell == "elman":
        w, wi, bi, bh = weights = list(sp.symbols("w wi bi bh"))
        for t in range(1, T + 1):
            h = let(f"h_{t}", sp.tanh(wi * sp.Symbol(f"x_{t}") + bi + w * h + bh))
        return definitions, weights
    weights = [sp.Symbol(f"{kind}{gate}") for gate in "fioc" for kind in "WUb"]
    for t in range(1, T + 1):
        x = sp.Symbol(f"x_{t}")
        a = [weights[3 * k] * x + weights[3 * k + 1] * h + weights[3 * k + 2] for k in range(4)]
        f, i, o = (let(f"{n}_{t}", 1 / (1 + sp.exp(-a[k]))) for k, n in enumerate("fio"))
        g = let(f"g_{t}", sp.tanh(a[3]))
        c = let(f"c_{t}", f * c + i * g)
        h = let(f"h_{t}", o * sp.tanh(c))
    return definitions, weights


JOBS = {
    "stamped": ours,
    "new cell": ours_from_a_new_cell,
    "general": ours_general,
    "rolled": rolled,
    "casadi": casadi,
    "symengine": symengine,
    "sympy": sympy,
}

# ------------------------------------------------------------------ measuring


def measure(system: str, cell: str, T: int, repeat: int) -> dict[str, float]:
    """Best CPU seconds of one job, in this process; rows and bytes where the job is ours."""
    job = JOBS[system](cell)
    best = math.inf
    result: Any = None
    loops = 1
    for _ in range(repeat):
        result = None
        gc.collect()
        start = time.process_time()
        for _ in range(loops):
            result = job(T)
        best = min(best, (time.process_time() - start) / loops)
        loops = max(1, round(LOOP / best))
    out = {"seconds": best}
    if system in ("stamped", "new cell", "general", "rolled"):
        stats = result[0].graph.statistics()
        out |= {"rows": stats["rows"], "bytes_per_row": stats["bytes_per_row"]}
    return out


def in_a_process(system: str, cell: str, T: int, repeat: int) -> dict[str, Any]:
    command = [sys.executable, __file__, "--one", system, cell, str(T), str(repeat)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        return {"failed": f"> {TIMEOUT:.0f} s"}
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
        return {"failed": last[0].split(":")[0]}
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def exponent(points: list[tuple[int, float]]) -> float:
    """The slope of log(seconds) against log(T), least squares."""
    xs = [math.log(T) for T, _ in points]
    ys = [math.log(s) for _, s in points]
    mx, my = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((x - mx) * (y - my) for x, y in zip(xs, ys, strict=True)) / sum(
        (x - mx) ** 2 for x in xs
    )


def show(seconds: float) -> str:
    return f"{seconds * 1e3:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def growth(cell: str, quick: bool, results: dict[str, Any]) -> None:
    print(f"\n### Growth in T: {cell}\n")
    print("| T | stamped | general | rows (stamped) | bytes per row | symbolic T |")
    print("|--:|--:|--:|--:|--:|--:|")
    points: dict[str, list[tuple[int, float]]] = {"stamped": [], "general": []}
    for T in HORIZONS[: 3 if quick else None]:
        found = {s: in_a_process(s, cell, T, 5) for s in ("stamped", "general", "rolled")}
        for system in points:
            points[system].append((T, found[system]["seconds"]))
        stamped = found["stamped"]
        print(
            f"| {T} | {show(stamped['seconds'])} | {show(found['general']['seconds'])} "
            f"| {stamped['rows']:,} | {stamped['bytes_per_row']:.0f} "
            f"| {show(found['rolled']['seconds'])}, {found['rolled']['rows']} rows |"
        )
        results[f"{cell}/{T}"] = found
    for system, series in points.items():
        k = exponent(series)
        results[f"{cell}/exponent/{system}"] = k
        print(f"\nfitted exponent, {system}: {k:.3f} (target at most 1.1)")


def peers(cell: str, T: int, systems: tuple[str, ...], results: dict[str, Any]) -> None:
    base = in_a_process("stamped", cell, T, 20)
    results[f"peers/{cell}/{T}"] = {"stamped": base}
    print(f"| {cell} | {T} | stamped | {show(base['seconds'])} | 1 |")
    for system in systems:
        found = in_a_process(system, cell, T, 1 if system == "sympy" else 10)
        results[f"peers/{cell}/{T}"][system] = found
        if "failed" in found:
            floor = f"> {TIMEOUT / base['seconds']:,.0f}" if found["failed"][0] == ">" else "—"
            print(f"| {cell} | {T} | {system} | {found['failed']} | {floor} |")
        else:
            ratio = found["seconds"] / base["seconds"]
            print(f"| {cell} | {T} | {system} | {show(found['seconds'])} | {ratio:,.1f} |")
        sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="horizons up to 1024 only")
    parser.add_argument("--json", metavar="FILE", help="also write all figures there")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        system, cell, T, repeat = options.one
        sys.setrecursionlimit(10_000)  # generous to those that recurse
        print(json.dumps(measure(system, cell, int(T), int(repeat))))
        return
    results: dict[str, Any] = {}
    for cell in ("elman", "lstm"):
        growth(cell, options.quick, results)
    print("\n### Beside other systems, same run\n")
    print("| cell | T | system | CPU time | times ours |")
    print("|---|--:|---|--:|--:|")
    for cell in ("elman", "lstm"):
        peers(cell, 1024, ("general", "casadi", "symengine"), results)
    peers("elman", 32, ("new cell", "casadi", "symengine", "sympy"), results)
    peers("lstm", 3, ("new cell", "casadi", "symengine", "sympy"), results)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as out:
            json.dump(results, out, indent=1)


if __name__ == "__main__":
    main()
