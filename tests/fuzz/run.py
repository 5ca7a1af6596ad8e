"""Fuzzes one target with atheris, guided by coverage.

    python tests/fuzz/run.py TARGET [CORPUS] [-runs=N] [-max_total_time=SECONDS] …

TARGET is a name of :mod:`tests.fuzz.targets`; CORPUS is a folder that keeps what reached new code;
the rest are libFuzzer's own options. It needs the ``fuzz`` extra and ends with status 0 if nothing
was found, otherwise with the input that failed, written to a file beside it.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

with atheris.instrument_imports(include=["bptt_sym.read", "bptt_sym.check"]):
    from tests.fuzz.targets import SEEDS, TARGETS, WORDS


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(f"usage: run.py {'|'.join(TARGETS)} [CORPUS] [-runs=N] …")
    name, *options = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        seeds = Path(folder) / "seeds"
        seeds.mkdir()
        for i, seed in enumerate(SEEDS[name]):
            (seeds / str(i)).write_bytes(seed.encode("utf-8"))
        words = Path(folder) / "words"
        lines = ('"' + "".join(f"\\x{b:02x}" for b in w.encode("utf-8")) + '"' for w in WORDS)
        words.write_text("\n".join(lines) + "\n")
        corpora = [o for o in options if not o.startswith("-")]
        rest = [o for o in options if o.startswith("-")]
        # What is found goes to the first folder.
        fresh = Path(folder) / "found"
        fresh.mkdir()
        first = corpora or [str(fresh)]
        limits = ["-max_len=2000", "-timeout=60", "-rss_limit_mb=3000"]
        atheris.Setup(
            [sys.argv[0], *limits, *rest, f"-dict={words}", *first, str(seeds)], TARGETS[name]
        )
        atheris.Fuzz()


if __name__ == "__main__":
    main()
