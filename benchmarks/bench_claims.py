r"""One claim from its text to its verdict, and a batch of claims on all cores.

A document's claims are judged one after the other under one model; a claim's time is CPU time from
its text (reading included) to its verdict with scope, method and, if it is wrong, counterexample
and diagnosis. Each model is set up anew several times and the least time of each claim counts.
Nothing of a claim is known before it is judged, but what earlier claims have had computed about the
model (values and derivatives at the random points) is.

    python benchmarks/bench_claims.py [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Iterable

from bptt_sym.cells import cell
from bptt_sym.check.answer import Court
from bptt_sym.check.batch import judge_lines
from bptt_sym.check.claims import judge_formula
from bptt_sym.documents.document import formula_from_text


def by(y: str, x: str, times: str = "") -> str:
    return rf"\frac{{\partial {y}}}{{\partial {x}}}{times}"


def now(y: str, x: str) -> str:
    return rf"\left[{by(y, x)}\right]"


W = "W_{hh}"
SLOPE = r"\mathrm{diag}(1-h_t^2)"
NEXT = r"\mathrm{diag}(1-h_{t+1}^2)"

SCALAR = (
    f"{by('C', 'w')} = {by('C', 'h_T')}{by('h_T', 'w')}",
    f"{by('h_T', 'w')} = {now('h_T', 'w')} + {by('h_T', 'h_{T-1}')}{by('h_{T-1}', 'w')}",
    f"{by('h_t', 'h_{t-1}')} = w(1-h_t^2)",
    f"{now('h_t', 'w')} = (1-h_t^2)h_{{t-1}}",
    rf"{by('h_T', 'w')} = \sum_{{t=1}}^{{T}} \left(\prod_{{j=t+1}}^{{T}} w(1-h_j^2)\right)"
    r"(1-h_t^2)h_{t-1}",
    rf"{by('h_T', 'h_0')} = w^T \prod_{{j=1}}^T (1-h_j^2)",
    rf"{by('C', 'w')} = \sum_{{t=1}}^{{T}}{by('C', 'h_t')}{now('h_t', 'w')}",
    rf"{by('C', 'b_{input}')} = \sum_{{t=1}}^{{T}}{by('C', 'h_t')}(1-h_t^2)",
    f"{by('h_T', 'w')} = (1-h_T^2)(h_{{T-1}}+w{by('h_{T-1}', 'w')})",
    f"{by('h_T', 'h_{T-2}')} = w^2 (1-h_T^2)(1-h_{{T-1}}^2)",
)
DOTS = (
    f"{by('h_T', 'w')} = {now('h_T', 'w')} + w(1-h_T^2){now('h_{T-1}', 'w')}"
    f"+ w^2(1-h_T^2)(1-h_{{T-1}}^2){now('h_{T-2}', 'w')} + \\dots"
    rf"+ w^{{T-1}}(1-h_T^2)(1-h_{{T-1}}^2)\cdots(1-h_2^2){by('h_1', 'w')}",
    f"{by('h_T', 'w')} = {now('h_T', 'w')} + {by('h_T', 'h_{T-1}')}{now('h_{T-1}', 'w')}"
    rf"+ \dots + {by('h_T', 'h_{T-1}')}\cdots{by('h_2', 'h_1')}{by('h_1', 'w')}",
)
VECTOR = (
    f"{by('h_t', 'h_{t-1}')} = {SLOPE}{W}",
    f"{by('h_t', 'x_t')} = {SLOPE}W_{{ih}}",
    rf"{by('h_T', 'h_0')} = \prod_{{t=T}}^{{1}}{SLOPE}{W}",
    rf"{by('L', W)} = \sum_{{t=1}}^T {SLOPE}\left({by('L', 'h_t')}\right)^\top h_{{t-1}}^\top",
    rf"{by('L', 'b_{hh}')} = \sum_{{t=1}}^T {by('L', 'h_t')}{SLOPE}",
    f"{by('L', 'h_t')} = {by('L_t', 'h_t')} + {by('L', 'h_{t+1}')}{NEXT}{W}",
    rf"{by('h_T', 'b_{hh}')} = \sum_{{t=1}}^T \left(\prod_{{j=T}}^{{t+1}}"
    rf"\mathrm{{diag}}(1-h_j^2){W}\right){SLOPE}",
)
WRONG = (
    f"{by('h_t', 'h_{t-1}')} = w(1+h_t^2)",
    rf"{by('h_T', 'w')} = \sum_{{t=1}}^{{T}} w^{{T-t}} \prod_{{j=t}}^{{T}} (1-h_j^2) h_t",
)
GROUPS = {
    "scalar, right": ("elman", SCALAR, "right"),
    "scalar, with dots": ("elman", DOTS, "right"),
    "scalar, wrong": ("elman", WRONG, "wrong"),
    "vector, right": ("elman-vector", VECTOR, "right"),
}


def milliseconds(name: str, claims: Iterable[str], verdict: str, rounds: int = 9) -> list[float]:
    """The least CPU time of each claim."""
    best: dict[str, float] = {}
    for _ in range(rounds):
        court = Court.of(cell(name))
        for text in claims:
            start = time.process_time()
            (judged,) = judge_formula(formula_from_text(text, "claim"), court)
            spent = (time.process_time() - start) * 1e3
            assert judged.verdict.verdict == verdict, text
            assert verdict == "wrong" or judged.verdict.scope.startswith("every"), text
            best[text] = min(spent, best.get(text, spent))
    return [*best.values()]


def throughput(lines: list[bytes], jobs: int) -> float:
    start = time.perf_counter()
    for _ in judge_lines(lines, {}, jobs=jobs):
        pass
    return len(lines) / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", metavar="FILE", help="also write all figures there")
    options = parser.parse_args()
    results: dict[str, object] = {}
    print("| claims | number | median | slowest |\n|---|--:|--:|--:|")
    for group, (name, claims, verdict) in GROUPS.items():
        found = results[group] = milliseconds(name, claims, verdict)
        print(
            f"| {group} | {len(found)} | {statistics.median(found):.1f} ms | {max(found):.1f} ms |"
        )
    texts = [("elman", c) for c in (*SCALAR, *DOTS)] + [("elman-vector", c) for c in VECTOR]
    lines = [json.dumps({"cell": m, "claim": c}).encode() for m, c in texts * 60]
    print("\n| batch, processes | claims a second (wall clock) |\n|--:|--:|")
    for jobs in sorted({1, os.cpu_count() or 1}):
        rate = results[f"batch/{jobs}"] = throughput(lines, jobs)
        print(f"| {jobs} | {rate:.0f} |")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as out:
            json.dump(results, out, indent=1)


if __name__ == "__main__":
    main()
