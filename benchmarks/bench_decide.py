"""Deciding identities: claims per second beside expansion and simplification, in one run.

Elman: the series by lag against the Horner form of the gradient over T steps. LSTM: the product
over T steps of the four-term one-step derivative, factored against written out. Each pair is
measured as it stands (equal) and with one sign changed (different as stated). The others are given
the states and tanh of each cell state as free symbols, which is easier than the claim that is
decided here: there the states are what the recurrence makes them, other readings are tried before a
claim is called wrong, and a "wrong" comes with a counterexample in numbers.

Every measurement runs in a process of its own with a time-out. Start-up times of the command line
are wall-clock seconds, best of a few.

    python benchmarks/bench_decide.py [--quick] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from operator import add as plus
from operator import mul as times
from typing import Any

from bptt_sym.notation import At, Claim, Fn, Neg, Pow, Sym, add, mul, num

HORIZONS = (1, 3, 5, 8)
TIMEOUT = 20.0
TILDE = r"\tilde{c}"


@dataclass(frozen=True)
class Builder:
    """One way to write formulas: sums, products, whole powers, names."""

    add: Callable[..., Any]
    mul: Callable[..., Any]
    power: Callable[[Any, int], Any]
    neg: Callable[[Any], Any]
    one: Any
    parameter: Callable[[str], Any]
    element: Callable[[str, int], Any]
    tanh: Callable[[Any], Any]

    def co(self, x: Any) -> Any:
        """1 - x."""
        return self.add(self.one, self.neg(x))


NOTATION = Builder(
    add,
    mul,
    lambda x, n: Pow(x, num(n)),
    Neg,
    num(1),
    Sym,
    lambda name, t: At(name, num(t)),
    lambda x: Fn("tanh", x),
)


def arithmetic(symbol: Callable[[str], Any], one: Any = 1) -> Builder:
    """Formulas by the operators of another system."""
    plain = {TILDE: "g"}
    return Builder(
        lambda *xs: reduce(plus, xs),
        lambda *xs: reduce(times, xs),
        lambda x, n: x**n,
        lambda x: -x,
        one,
        symbol,
        lambda name, t: symbol(f"{plain.get(name, name)}{t}"),
        lambda x: symbol(f"tanh_{x}"),
    )


def elman_pair(T: int, b: Builder, wrong: bool) -> tuple[Any, Any]:
    w = b.parameter("w")
    h = [b.element("h", t) for t in range(T + 1)]
    slope = [b.co(b.power(x, 2)) for x in h]
    terms = []
    for k in range(T):  # the term of lag k
        factors = [b.power(w, k)] if k else []
        terms.append(b.mul(*factors, *(slope[T - j] for j in range(k + 1)), h[T - k - 1]))
    if wrong:
        terms[-1] = b.neg(terms[-1])
    horner = b.mul(slope[1], h[0])
    for t in range(2, T + 1):
        horner = b.mul(slope[t], b.add(h[t - 1], b.mul(w, horner)))
    return b.add(*terms), horner


def lstm_pair(T: int, b: Builder, wrong: bool) -> tuple[Any, Any]:
    factored, written_out = [], []
    for t in range(2, T + 2):
        f, i, g = (b.element(n, t) for n in ("f", "i", TILDE))
        c, o = b.element("c", t - 1), b.element("o", t - 1)
        uf, ui, ug = (b.parameter(n) for n in ("U_f", "U_i", "U_c"))
        q = b.mul(o, b.co(b.power(b.tanh(c), 2)))
        kappa = b.add(
            b.mul(c, f, b.co(f), uf), b.mul(g, i, b.co(i), ui), b.mul(i, b.co(b.power(g, 2)), ug)
        )
        factored.append(b.add(f, b.mul(q, kappa)))
        last = b.mul(q, b.neg(i) if wrong and t == T + 1 else i, b.co(b.power(g, 2)), ug)
        written_out.append(b.add(b.mul(q, c, f, b.co(f), uf), f, b.mul(q, g, i, b.co(i), ui), last))
    return b.mul(*factored), b.mul(*written_out)


PAIRS: dict[str, Callable[[int, Builder, bool], tuple[Any, Any]]] = {
    "elman": elman_pair,
    "lstm": lstm_pair,
}

# ------------------------------------------------------------------ the systems


def ours(cell: str, T: int, wrong: bool) -> Callable[[], bool]:
    from bptt_sym.cells import cell as shipped
    from bptt_sym.decide import decide

    rec = shipped(cell)
    claim = Claim(PAIRS[cell](T, NOTATION, wrong), ("=",))
    return lambda: decide(claim, rec).verdict == "right"


def sympy_simplify(cell: str, T: int, wrong: bool) -> Callable[[], bool]:
    import sympy as sp

    a, b = PAIRS[cell](T, arithmetic(sp.Symbol), wrong)

    def job() -> bool:
        sp.core.cache.clear_cache()
        return bool(sp.simplify(a - b) == 0)

    return job


def sympy_ring(cell: str, T: int, wrong: bool) -> Callable[[], bool]:
    import sympy as sp

    names: dict[str, None] = {}
    PAIRS[cell](T, arithmetic(lambda n: names.setdefault(n) or sp.Symbol(n)), wrong)
    ring, *generators = sp.ring(list(names), sp.QQ)
    of = dict(zip(names, generators, strict=True))

    def job() -> bool:
        a, b = PAIRS[cell](T, arithmetic(of.__getitem__, ring.one), wrong)
        return bool(a - b == 0)

    return job


def symengine_expand(cell: str, T: int, wrong: bool) -> Callable[[], bool]:
    import symengine as se

    a, b = PAIRS[cell](T, arithmetic(se.Symbol), wrong)
    return lambda: bool(se.expand(a - b) == 0)


SYSTEMS = {
    "decide": ours,
    "symengine expand": symengine_expand,
    "sympy.ring": sympy_ring,
    "sympy.simplify": sympy_simplify,
}

# ------------------------------------------------------------------ measuring


def measure(system: str, cell: str, T: int, wrong: bool, seconds: float) -> dict[str, Any]:
    """Claims per CPU second, and whether the answer is the right one."""
    job = SYSTEMS[system](cell, T, wrong)
    answer = job()
    count, start = 0, time.process_time()
    while (spent := time.process_time() - start) < seconds or not count:
        job()
        count += 1
    return {"per_second": count / spent if spent else 0.0, "correct": answer is not wrong}


def in_a_process(system: str, cell: str, T: int, wrong: bool) -> dict[str, Any]:
    command = [sys.executable, __file__, "--one", system, cell, str(T), str(int(wrong))]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        return {"failed": f"> {TIMEOUT:.0f} s"}
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
        return {"failed": last[0].split(":")[0]}
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def cell_text(found: dict[str, Any]) -> str:
    if "failed" in found:
        return str(found["failed"])
    return f"{found['per_second']:,.2f}" + ("" if found["correct"] else " (wrong answer)")


def start_up(arguments: list[str]) -> float:
    """Wall-clock seconds of a cold command, best of five."""
    command = [sys.executable, "-m", "bptt_sym.cli", *arguments]
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run(command, capture_output=True, check=False)
        best = min(best, time.perf_counter() - start)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="T = 1 and 3 only")
    parser.add_argument("--json", metavar="FILE", help="also write all figures there")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        system, cell, T, wrong = options.one
        print(json.dumps(measure(system, cell, int(T), wrong == "1", 0.5)))
        return
    results: dict[str, Any] = {}
    print("Claims per CPU second.\n")
    print("| cell | T | sides | " + " | ".join(SYSTEMS) + " |")
    print("|---|--:|---|" + "--:|" * len(SYSTEMS))
    for cell in PAIRS:
        for T in HORIZONS[: 2 if options.quick else None]:
            for wrong in (False, True):
                found = {s: in_a_process(s, cell, T, wrong) for s in SYSTEMS}
                results[f"{cell}/{T}/{'different' if wrong else 'equal'}"] = found
                sides = "different" if wrong else "equal"
                print(
                    f"| {cell} | {T} | {sides} | "
                    + " | ".join(map(cell_text, found.values()))
                    + " |"
                )
                sys.stdout.flush()
    print("\n| command | start to end | target |\n|---|--:|--:|")
    claim = r"\frac{\partial h_t}{\partial h_{t-1}} = w (1 - h_t^2)"
    for arguments, target in ((["--help"], 0.1), (["check", "--cell", "elman", claim], 0.6)):
        seconds = results[" ".join(arguments[:1])] = start_up(arguments)
        print(f"| `bptt-sym {arguments[0]}` | {seconds:.3f} s | {target} s |")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as out:
            json.dump(results, out, indent=1)


if __name__ == "__main__":
    main()
