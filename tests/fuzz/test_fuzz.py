"""The fuzzer's targets: inputs that failed once, mutations of good input, a short guided run."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import SEEDS, TARGETS, WORDS

ROOT = Path(__file__).parent.parent.parent
#: What the fuzzer found, by target.
FOUND = {
    "answer": [  # a lag of 122222 steps took a minute
        b"\x01$$\\frac{\\partial h_T}{\\partial w} = \\sum_{t=0}^{T} w^{T-t} "
        b"\\prod_{j=t}^{T} (0-h_j^2)0h_{t-122222}$$"
    ],
    "claims": [rb"\frac{\partial h_T}{\partial w} = \sum_\left(^{T-t} \prod_Zj=t}^{D} ()D}"],
}
PIECES = st.sampled_from([w.encode() for w in WORDS])


@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_is_mended(name: str) -> None:
    for data in FOUND[name]:
        TARGETS[name](data)


@pytest.mark.parametrize("name", TARGETS)
def test_the_inputs_to_begin_with(name: str) -> None:
    for seed in SEEDS[name]:
        TARGETS[name](seed.encode())


@st.composite
def mutated(draw: st.DrawFn, name: str) -> bytes:
    """A seed with a few stretches cut out, doubled, or replaced by a word or by any bytes."""
    data = draw(st.sampled_from(SEEDS[name])).encode()
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 12)))
        middle = draw(st.one_of(st.just(b""), PIECES, st.binary(max_size=4), st.just(data[:end])))
        data = data[:start] + middle + data[end:]
    return data


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=15)
@given(st.data())
def test_mutations_of_good_input(name: str, data: st.DataObject) -> None:
    TARGETS[name](data.draw(mutated(name)))


@pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None,
    reason="atheris is not installed (pip install 'bptt-sym[fuzz]')",
)
@pytest.mark.parametrize("name", ["tokens", "claims", "document"])
def test_a_short_run_guided_by_coverage(name: str, tmp_path: Path) -> None:
    """A run from a fixed seed, the same each time; ``tests/fuzz/run.py`` runs as long as it may."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "run.py"), name, "-runs=120", "-seed=1"],
        cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Done 120 runs" in done.stderr
