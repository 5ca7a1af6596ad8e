"""Proofs: the time to find and to replay each theorem, and the size of its certificate.

    python benchmarks/bench_prove.py

Bounds that nobody has proved before are in ``bench_bounds.py``.
"""

from __future__ import annotations

import time

from bptt_sym import prove


def published() -> None:
    print(f"{'theorem':<12}{'find':>8}{'replay':>8}{'bytes':>9}")
    finds, replays = 0.0, 0.0
    for entry in prove.catalogue():
        start = time.perf_counter()
        prove.prove(entry.name)
        found = time.perf_counter() - start
        start = time.perf_counter()
        prove.replay(entry.certificate)
        again = time.perf_counter() - start
        finds, replays = finds + found, replays + again
        print(f"{entry.name:<12}{found:8.2f}{again:8.2f}{entry.certificate.stat().st_size:9d}")
    print(f"{'all':<12}{finds:8.2f}{replays:8.2f}")


if __name__ == "__main__":
    published()
