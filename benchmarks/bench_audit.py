"""Formulas a second of the audit: documents of scalar and of small vector claims.

    python benchmarks/bench_audit.py [--jobs N]

First each kind of formula in a document of its own, on one core. A wrong formula costs more than a
right one: every reading is refuted, a counterexample is enclosed and the slip is looked for. Then
whole documents, audited on ``N`` cores (all of them by default), the starting of the processes
included: each defines a cell and goes on with right formulas, one in ten of them with a slip
(``wrong_formulas.toml``).
"""

from __future__ import annotations

import argparse
import os
import resource
import time
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from bptt_sym.check.audit import audit
from bptt_sym.check.audits import audited
from bptt_sym.documents.document import Document, document_from_text

SCALAR = "$$h_t = \\tanh(w h_{t-1} + u_t)$$\n\n"
VECTOR = "$$h_t = \\tanh(W h_{t-1} + U x_t)$$\n\n"
#: Each claim has two places for one number, so that no two of a document are the same.
DOCUMENTS = {
    "scalar, right": (
        SCALAR,
        (
            r"\frac{\partial h_t}{\partial h_{t-1}} = %d(1-h_t^2) w / %d",
            r"\frac{\partial h_t}{\partial w} = "
            r"(1-h_t^2)(h_{t-1} + w\frac{\partial h_{t-1}}{\partial w}) + %d - %d",
            r"\frac{\partial h_T}{\partial h_k} = \prod_{j=k+1}^{T} w(1-h_j^2) + %d - %d",
        ),
    ),
    "vector, right": (
        VECTOR,
        (r"\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1-h_t^2) W \frac{%d}{%d}",),
    ),
    "scalar, wrong": (
        SCALAR,
        (r"\frac{\partial h_t}{\partial h_{t-1}} = %d(1+h_t^2) w / %d",),
    ),
}
COUNT = 150
#: The documents of the second part, and the formulas of each.
MIXED = ("Elman, scalar", "sigmoid, scalar", "GRU, scalar", "LSTM, scalar", "Elman, vector",
         "GRU, vector")  # fmt: skip
LENGTH = 200
#: One formula in so many has a slip.
SLIPS = 10


def mixed() -> Iterator[Document]:
    path = Path(__file__).parent / "wrong_formulas.toml"
    for d in tomllib.loads(path.read_text(encoding="utf-8"))["document"]:
        if d["name"] not in MIXED:
            continue
        right = [f["right"] for f in d["formula"]]
        wrong = [s for f in d["formula"] for codes, s in f["slip"] if codes != "hold"]
        lines = []
        for i in range(LENGTH):
            chosen = wrong[i % len(wrong)] if i % SLIPS == SLIPS - 1 else right[i % len(right)]
            left, _, rest = chosen.partition("=")
            number = i + 2
            lines.append(rf"$${left} = \frac{{{number}}}{{{number}}} \left({rest}\right)$$")
        yield document_from_text(d["text"] + "\n\n".join(lines), d["name"] + ".md")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the audit's throughput.")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    for name, (cell, claims) in DOCUMENTS.items():
        body = "".join(
            f"$${claims[i % len(claims)] % (i + 2, i + 2)}$$\n\n" for i in range(COUNT)
        )
        start = time.process_time()
        found = audit(document_from_text(cell + body, "bench.md"))
        spent = time.process_time() - start
        verdicts = Counter(j.verdict.verdict for j in found)
        print(f"{name:18} {len(found) / spent:7.0f} formulas/s   {dict(verdicts)}")
    documents = list(mixed())
    total = 0
    before = time.process_time()
    start = time.perf_counter()
    for document, found in zip(documents, audited(documents, options.jobs), strict=True):
        total += len(found)
        verdicts = Counter(j.verdict.verdict for j in found)
        print(f"{document.source.file:18} {'':19}   {dict(verdicts)}")
    spent = time.perf_counter() - start
    used = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    busy = sum(u.ru_utime + u.ru_stime for u in used) - before
    print(f"{options.jobs} processes: {total} formulas in {spent:.1f} s = {total / spent:.0f}/s")
    print(f"{total / busy:.0f} formulas in a second of one core's time")


if __name__ == "__main__":
    main()
