"""Every published certificate replays; every bad one is refused; mutants prove nothing false."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from published import load
from semantics import refuted

from bptt_sym import prove
from bptt_sym.prove import certificate, library, theorem
from bptt_sym.prove.kernel import KernelError, Poly, Thm
from tests.nightly import examples

LIBRARY = prove.library_path()
NAMES = library.names()
BAD = sorted((LIBRARY / "bad").glob("*.json"))
SMALL = [n for n in NAMES if (LIBRARY / "certificates" / f"{n}.json").stat().st_size < 40_000]


def text_of(name: str) -> str:
    return (LIBRARY / "certificates" / f"{name}.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_a_published_certificate_replays_and_shows_what_it_proves(name: str) -> None:
    made = load(name)
    assert made.name == name
    assert made.lines, "a proof that reads has steps"


def size(t: Thm) -> int:
    """The monomials of a statement, at its top level: a bound on what sampling it costs."""
    return sum(len(p.terms) for f in (*t.hyps, t.concl) for p in f if isinstance(p, Poly))


@pytest.mark.parametrize("name", NAMES)
def test_no_step_of_a_published_proof_is_false_at_sampled_points(name: str) -> None:
    thms = [t for t in certificate.steps(load(name).thm) if size(t) < 100]
    chosen = random.Random(name).sample(thms, min(examples(8, 40), len(thms)))
    assert [t.rule for t in chosen if refuted(t, worlds=2)] == []


@pytest.mark.parametrize("name", ["ex1", "ex2", "ex3", "series", "p4", "p5", "refute-c"])
def test_the_script_finds_the_published_certificate_again(name: str) -> None:
    assert prove.prove(name).certificate() == text_of(name)


@pytest.mark.parametrize("path", BAD, ids=lambda p: p.stem)
def test_a_bad_certificate_is_refused_by_name(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    try:
        expected = json.loads(text)["about"]["refused_by"]
    except ValueError:
        expected = "not JSON, or truncated"
    with pytest.raises((KernelError, prove.CertificateError)) as refusal:
        if path.stem.startswith("display"):
            theorem.from_certificate(text)
        else:
            certificate.replay(text)
    assert str(refusal.value).startswith(expected)


def test_there_are_enough_bad_certificates() -> None:
    assert len(BAD) >= 25


def test_replay_imports_the_kernel_and_no_tactics() -> None:
    code = (
        "import sys; from bptt_sym.prove import replay;"
        f"replay({str(LIBRARY / 'certificates' / 'ex2.json')!r});"
        "print([m for m in sys.modules if m.startswith('bptt_sym.prove.')])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                         cwd=Path(__file__).parents[2])
    assert set(eval(out.stdout)) == {"bptt_sym.prove.certificate", "bptt_sym.prove.kernel"}


# ---------------------------------------------------------------- mutants
def leaves(x: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all strings and integers, and of all references, in a JSON value."""
    if isinstance(x, dict):
        return [p for k, v in x.items() for p in leaves(v, (*path, k))]
    if isinstance(x, list):
        return [p for k, v in enumerate(x) for p in leaves(v, (*path, k))]
    return [path]


def changed(x: Any, path: tuple[Any, ...], value: Any) -> None:
    for k in path[:-1]:
        x = x[k]
    x[path[-1]] = value


def at(x: Any, path: tuple[Any, ...]) -> Any:
    for k in path:
        x = x[k]
    return x


PARTS = ("nodes", "steps")
PATHS = {n: [p for part in PARTS for p in leaves(json.loads(text_of(n))[part], (part,))]
         for n in SMALL}


@settings(max_examples=100, deadline=None, derandomize=True,
          suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_mutant_is_refused_or_proves_nothing_false(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(SMALL))
    certificate_ = json.loads(text_of(name))
    for _ in range(data.draw(st.integers(1, 2))):
        path = data.draw(st.sampled_from(PATHS[name]))
        old = at(certificate_, path)
        if isinstance(old, int):
            new: Any = old + data.draw(st.sampled_from([-1, 1, 2]))
        elif old.lstrip("-").replace("/", "").isdigit():
            new = data.draw(st.sampled_from(["-" + old if old[0] != "-" else old[1:], "0", "1/2",
                                             "2", "1"]))
        else:
            new = data.draw(st.sampled_from(["v", "i", "ge", "gt", "eq", "w", "n", "tanh", "abs",
                                             "psatz", "cut", "inst", "split"]))
        changed(certificate_, path, new)
    try:
        made = certificate.replay(json.dumps(certificate_))
    except (KernelError, prove.CertificateError):
        return
    assert refuted(made, worlds=3) is None


def test_the_oracle_finds_a_planted_falsehood() -> None:
    from bptt_sym.prove.kernel import ONE, assume, term

    x = term(("v", "x"))
    false = assume(("ge", x))
    object.__setattr__(false, "hyps", frozenset())  # a forged theorem: x >= 0 for all x
    object.__setattr__(false, "concl", ("ge", x * x * x - ONE))
    assert refuted(false) is not None
