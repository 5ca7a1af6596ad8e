"""Proofs: the CPU time to find and to replay each theorem, and the size of its certificate.

    python benchmarks/bench_prove.py             # find and replay
    python benchmarks/bench_prove.py compile     # and the time that coqc takes for each, one by one

Bounds that nobody has proved before are in ``bench_bounds.py``.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

from bptt_sym import prove
from bptt_sym.prove import rocq
from bptt_sym.prove.library import certificate_path


def compiling(name: str, cache: Path) -> float:
    """The CPU seconds of coqc on a theorem's file, the compiled lemmas being there already."""
    text = rocq.export(certificate_path(name))
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    result = rocq.compile_text(name, text, cache)
    if not result.ok:
        raise RuntimeError(result.log)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def published(compile_too: bool) -> None:
    print(f"{'theorem':<16}{'find':>8}{'replay':>8}{'bytes':>9}{'coqc':>8}")
    totals = [0.0, 0.0, 0.0]
    with tempfile.TemporaryDirectory() as folder:
        if compile_too:
            rocq.coqc.compiled_library(Path(folder))
        for entry in prove.catalogue():
            start = time.process_time()
            prove.prove(entry.name)
            found = time.process_time() - start
            start = time.process_time()
            prove.replay(entry.certificate)
            again = time.process_time() - start
            compiled = compiling(entry.name, Path(folder)) if compile_too else 0.0
            totals = [a + b for a, b in zip(totals, (found, again, compiled), strict=True)]
            print(f"{entry.name:<16}{found:8.2f}{again:8.2f}{entry.certificate.stat().st_size:9d}"
                  f"{compiled:8.2f}", flush=True)
    print(f"{'all':<16}{totals[0]:8.2f}{totals[1]:8.2f}{'':9}{totals[2]:8.2f}")


if __name__ == "__main__":
    published(sys.argv[1:] == ["compile"])
