"""Formulas a second of the audit, on one core: documents of scalar and of small vector claims.

    python benchmarks/bench_audit.py

A wrong formula costs more than a right one: every reading is tried, a counterexample is enclosed
and the slip is looked for.
"""

from __future__ import annotations

import time
from collections import Counter

from bptt_sym.check.audit import audit
from bptt_sym.check.document import document_from_text

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


def main() -> None:
    for name, (cell, claims) in DOCUMENTS.items():
        body = "".join(
            f"$${claims[i % len(claims)] % (i + 2, i + 2)}$$\n\n" for i in range(COUNT)
        )
        start = time.process_time()
        found = audit(document_from_text(cell + body, "bench.md"))
        spent = time.process_time() - start
        verdicts = Counter(j.verdict.verdict for j in found)
        print(f"{name:14} {len(found) / spent:7.0f} formulas/s   {dict(verdicts)}")


if __name__ == "__main__":
    main()
