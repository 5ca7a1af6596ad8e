"""Random bounds with known best constants: what is proved and refuted, here and by z3.

Terms are products and sums of the cells' factors (tanh, σ, their slopes, weights) at independent
arguments, so that the least upper bound of the absolute value is the product (sum) of the factors'
own. A bound with a factor of at least 1 before the best constant is true, one with less is false;
a third set is about whole runs: |∂h_T/∂h_k| and |∂h_T/∂w| of random scalar cells, with the constant
(|w| times the largest slope) known from a run at rest. A false "theorem" or a true bound "refuted"
is printed as an error, and the exit status is then 1.

z3 gets the same statements with each tanh and σ replaced by a real variable in its range, which is
exact for independent arguments; statements about whole runs need induction and are not given to it.

    python benchmarks/bench_bounds.py [NUMBER [SECONDS]]   # 200 true, 200 false, 10 s for z3 each
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections import Counter
from fractions import Fraction
from typing import Any

from bptt_sym import prove
from bptt_sym.prove.language import Term, absolute, number, reals, sigmoid, tanh
from bptt_sym.read import recurrence_from_latex

ARGUMENTS, WEIGHTS = reals("a b c d"), reals("u v w x")
TRUE_SCALES = (Fraction(1), Fraction(1), Fraction(11, 10))
FALSE_SCALES = (Fraction(1, 2), Fraction(4, 5), Fraction(19, 20))


def factor(rng: random.Random, k: int) -> tuple[Term, Term]:
    """A factor at its own argument, and the least upper bound of its absolute value."""
    a, w = ARGUMENTS[k], WEIGHTS[k]
    return rng.choice([
        (tanh(a), number(1)), (sigmoid(a), number(1)), (1 - tanh(a) ** 2, number(1)),
        (sigmoid(a) * (1 - sigmoid(a)), number(Fraction(1, 4))), (w, absolute(w)),
        (sigmoid(a) ** 2 * (1 - sigmoid(a)), number(Fraction(4, 27))),
        (tanh(a) ** 2 * (1 - tanh(a) ** 2), number(Fraction(1, 4))),
    ])


def bound(rng: random.Random) -> tuple[Term, Term]:
    """A product of factors, or a sum of two, and its least upper bound in absolute value."""
    count = rng.randint(1, 4)
    split = rng.choice([0, 0, 1]) if count > 1 else 0
    parts = [factor(rng, k) for k in range(count)]
    t, size = parts[0]
    for k, (f, b) in enumerate(parts[1:], 1):
        t, size = (t + f, size + b) if split and k == 1 else (t * f, size * b)
    return t, size


def whole_run(rng: random.Random, truth: bool) -> tuple[Any, str]:
    """A random scalar cell and a bound on its derivative over all steps."""
    name, quarter = rng.choice([(r"\tanh", ""), (r"\sigma", r"\frac14 ")])
    bias = rng.choice(["", " + b", " - 2 b"])
    rec = recurrence_from_latex(
        [rf"h_t = {name}(w h_{{t-1}} + v x_t{bias})"], name="random", scalar=True)
    if truth:
        scale = rng.choice(["", "2", r"\frac{11}{10}"])
        claims = [rf"\left|\frac{{d h_T}}{{d h_k}}\right| \le {scale}({quarter}|w|)^{{T-k}}"]
        if not quarter:
            claims += [r"|w| \le 1 \implies \left|\frac{d h_T}{d w}\right| \le " + scale + " T",
                       r"|w| < 1 \implies \left|\frac{d h_T}{d w}\right| \le \frac{1}{1-|w|}"]
    else:
        scale = rng.choice([r"\frac12", r"\frac45", r"\frac{19}{20}"])
        claims = [rf"\left|\frac{{d h_T}}{{d h_k}}\right| \le {scale}({quarter}|w|)^{{T-k}}",
                  rf"\left|\frac{{d h_T}}{{d h_k}}\right| < ({quarter}|w|)^{{T-k}}"]
    return rec, rng.choice(claims)


def by_z3(t: Term, size: Term, scale: Fraction, seconds: float) -> str:
    """proved, refuted or undecided by z3 within the time."""
    import z3

    variables: dict[tuple[str, str], Any] = {}
    ranges: list[Any] = []

    def of(x: Term) -> Any:
        match x.op, x.args:
            case "num", (q,):
                return z3.Q(q.numerator, q.denominator)
            case "var", name:
                return variables.setdefault(("v", name[1]), z3.Real(name[1]))
            case ("tanh" | "sg") as op, (arg,):
                name = arg.args[1]
                if (op, name) not in variables:
                    value = variables[op, name] = z3.Real(f"{op}_{name}")
                    ranges.extend([value < 1, value > (-1 if op == "tanh" else 0)])
                return variables[op, name]
            case "abs", (arg,):
                inner = of(arg)
                return z3.If(inner >= 0, inner, -inner)
            case "pow", (a, n):
                return of(a) ** n
            case ("add" | "sub" | "mul") as op, (a, b):
                left, right = of(a), of(b)
                return {"add": left + right, "sub": left - right, "mul": left * right}[op]
        raise TypeError(x.op)

    solver = z3.Solver()
    solver.set("timeout", int(seconds * 1000))
    solver.add(of(absolute(t)) > of(scale * size))
    solver.add(*ranges)
    return {"unsat": "proved", "sat": "refuted"}.get(str(solver.check()), "undecided")


def line(name: str, truth: bool, found: Counter[str], times: list[float]) -> bool:
    """Print a row; whether something false was proved or something true refuted."""
    count = sum(found.values())
    wrong = found["refuted" if truth else "proved"]
    shares = ", ".join(f"{k} {found[k] / count:.1%}" for k in ("proved", "refuted", "undecided"))
    print(f"{name:<18}{count} {'true' if truth else 'false':<6}{shares}; median "
          f"{statistics.median(times) * 1000:.0f} ms, longest {max(times):.1f} s"
          + (f"; WRONG: {wrong}" if wrong else ""), flush=True)
    return wrong > 0


def main(count: int = 200, seconds: float = 10) -> int:
    """Print the shares; 1 if a verdict was wrong."""
    try:
        import z3

        others = f"z3 {z3.get_version_string()}"
    except ImportError:
        others = ""
    failed = False
    for truth in (True, False):
        rng = random.Random(20)
        cases = []
        for _ in range(count):
            t, size = bound(rng)
            cases.append((t, size, rng.choice(TRUE_SCALES if truth else FALSE_SCALES)))
        ours: Counter[str] = Counter()
        theirs: Counter[str] = Counter()
        our_times, their_times = [], []
        for t, size, scale in cases:
            start = time.perf_counter()
            ours[prove.decide(absolute(t) <= scale * size).status] += 1
            our_times.append(time.perf_counter() - start)
            if others:
                start = time.perf_counter()
                theirs[by_z3(t, size, scale, seconds)] += 1
                their_times.append(time.perf_counter() - start)
        failed |= line("bptt-sym", truth, ours, our_times)
        if others:
            line(others, truth, theirs, their_times)
        runs: Counter[str] = Counter()
        run_times = []
        for _ in range(count // 4):
            rec, tex = whole_run(rng, truth)
            start = time.perf_counter()
            runs[prove.bound(rec, tex).status] += 1
            run_times.append(time.perf_counter() - start)
        failed |= line("whole runs", truth, runs, run_times)
    return int(failed)


if __name__ == "__main__":
    given = sys.argv[1:]
    sys.exit(main(int(given[0]) if given else 200, float(given[1]) if len(given) > 1 else 10))
