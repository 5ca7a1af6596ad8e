"""Every command that makes something: derivations, theorems, reports of the flow, tests, code."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.cli.called import DEFINE

# -- derive and prove


def test_the_series_of_elman_is_derived(run) -> None:
    result = run("derive", "elman", "--of", "dh[T]/dw", "--form", "series", "--format", "latex")
    assert result.status == 0
    assert r"\sum_{t=1}^{T} w^{T-t}" in result.out


@pytest.mark.parametrize("format", ["text", "latex", "markdown", "html", "json"])
def test_derive_formats(run, format: str, tmp_path: Path) -> None:
    out = tmp_path / "d"
    assert run("derive", "elman", "-T", "3", "--format", format, "-o", str(out)).status == 0
    text = out.read_text(encoding="utf-8")
    assert text.strip()
    if format == "json":
        json.loads(text)


def test_the_four_terms_of_the_lstm_are_derived(run) -> None:
    result = run("derive", "lstm", "--form", "jacobian")
    assert result.status == 0
    for name in "ABCD":
        assert f"{name}ₜ" in result.out


@pytest.mark.parametrize(
    "cell",
    ["elman", "elman-vector", "sigmoid-rnn", "sigmoid-rnn-vector", "lstm", "lstm-vector"],
)
def test_every_cell_has_a_default_derivation(run, cell: str) -> None:
    result = run("derive", cell)
    assert result.status == 0 and "(1)" in result.out


def test_an_own_cell_is_derived(run) -> None:
    result = run("derive", "--define", r"s_t = s_{t-1} + \tanh(v s_{t-1} + x_t)",
                 "--of", "ds[T]/dv")  # fmt: skip
    assert result.status == 0 and "∂s_T/∂v" in result.out


def test_theorems_are_listed_shown_and_replayed(run) -> None:
    listed = run("prove", "--list")
    assert listed.status == 0 and "ex1" in listed.out
    assert "Proof." in run("prove", "ex3").out
    replayed = run("prove", "--replay", "ex3")
    assert replayed.status == 0 and "accepted" in replayed.out


def test_a_tampered_certificate_is_rejected(run, tmp_path: Path) -> None:
    from bptt_sym.prove import library_path

    good = (library_path() / "certificates" / "ex3.json").read_text(encoding="utf-8")
    data = json.loads(good)
    data["steps"] = data["steps"][1:]
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps(data), encoding="utf-8")
    result = run("prove", "--replay", str(bad))
    assert result.status == 1 and "REJECTED" in result.out


def test_theorems_are_exported_to_rocq(run) -> None:
    result = run("prove", "ex3", "--format", "rocq")
    assert result.status == 0 and "Print Assumptions" in result.out


@pytest.mark.coq
def test_coqc_accepts_an_export(run) -> None:
    from bptt_sym.prove.rocq import missing

    reason = missing()
    if reason is not None:
        pytest.skip(reason)
    result = run("prove", "ex3", "--coqc")
    assert result.status == 0 and "accepted by coqc" in result.out


# -- flow


def test_the_flow_of_a_scenario_and_of_a_cell(run) -> None:
    shown = run("flow", "--scenario", "vanishing", "-T", "20")
    assert shown.status == 0 and "vanishes" in shown.out
    report = json.loads(run("flow", "elman", "--T", "5", "--json").out)
    assert report["T"] == 5 and len(report["norms"]["h"]) == 6


def test_weights_of_a_file_are_used(run, tmp_path: Path) -> None:
    import numpy as np

    path = tmp_path / "w.npz"
    names = ("W_{input}", "b_{input}", "b_{hidden}")
    np.savez(path, w=np.float64(0.5), **{n: np.float64(0.0) for n in names})
    report = json.loads(run("flow", "elman", "-T", "3", "--weights", str(path), "--json").out)
    # At rest every slope is 1: the norms are the powers of w.
    assert report["norms"]["h"] == pytest.approx([0.125, 0.25, 0.5, 1.0])
    evil = tmp_path / "evil.npz"
    np.savez(evil, w=np.array([print], dtype=object))
    for bad in (evil, tmp_path / "missing.npz", Path(__file__)):
        assert run("flow", "elman", "--weights", str(bad)).status == 2


# -- test


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "gradients_of_a_user.py").write_text(
        "from bptt_sym.evaluate.domains import floats\n"
        "def right(problem):\n    return problem.gradient_in(floats())\n"
        "def wrong(problem):\n"
        "    g = dict(right(problem))\n    g['U'] = 0.5 * g['U']\n    return g\n"
        "def fails(problem):\n    raise SystemExit(0)\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    return "gradients_of_a_user"


def test_gradient_code_is_tested(run, code: str) -> None:
    assert run("test", f"{code}:right", "--cell", "elman").status == 0
    wrong = run("test", f"{code}:wrong", "--cell", "elman", "--json")
    report = json.loads(wrong.out)
    assert wrong.status == 1 and report["ok"] is False and report["findings"]
    failed = run("test", f"{code}:fails", "--cell", "elman")
    assert failed.status == 2 and "SystemExit: 0 (gradients_of_a_user.py, line 9" in failed.out
    inputs = run("test", f"{code}:fails", "--cell", "elman", "--score-inputs")
    assert inputs.status == 2 and "the function of the inputs fails" in inputs.err


@pytest.mark.parametrize("name", ["gradients_of_a_user", "no_such_module:f", "{}:nothing", "{}:f:"])
def test_gradient_code_that_is_not_there(run, code: str, name: str) -> None:
    result = run("test", name.format(code), "--cell", "elman")
    assert result.status == 2 and result.err.strip() and "Traceback" not in result.err


@pytest.mark.parametrize("backend", ["numpy", "torch", "jax", "c"])
def test_code_is_printed(run, backend: str) -> None:
    result = run("code", "elman", "--backend", backend)
    assert result.status == 0 and "h_t = tanh(" in result.out
    assert "bptt_sym" not in result.out


def test_c_is_printed_in_either_precision(run, tmp_path: Path) -> None:
    define = ["code", "--define", DEFINE, "--backend", "c"]
    double, single = run(*define), run(*define, "--float32")
    assert "typedef double real;" in double.out and "typedef float real;" in single.out
    other = run("code", "elman", "--float32")
    assert other.status == 2 and "call it with float32 arrays" in other.err
    assert "Traceback" not in other.err


def test_printed_code_is_the_gradient(run, tmp_path: Path) -> None:
    """The slope of the sum of the states by w, against a difference quotient."""
    import numpy as np

    out = tmp_path / "cell.py"
    assert run("code", "--define", DEFINE, "-o", str(out)).status == 0
    space: dict[str, object] = {}
    exec(compile(out.read_text(encoding="utf-8"), "cell", "exec"), space)
    forward, backward = space["forward"], space["backward"]
    u, h0 = np.array([[0.3], [-0.2], [0.9]]), np.array([0.4])

    def total(w: float) -> float:
        values, _ = forward(w, u, h0)  # type: ignore[operator]
        return float(values["h"].sum())

    _, saved = forward(0.7, u, h0)  # type: ignore[operator]
    gradients = backward(saved, np.ones((3, 1)))  # type: ignore[operator]
    quotient = (total(0.7 + 1e-6) - total(0.7 - 1e-6)) / 2e-6
    assert abs(float(gradients["w"]) - quotient) < 1e-8


def test_a_loss_without_numbers_is_refused(run) -> None:
    result = run("code", "elman", "--loss", "C")
    assert result.status == 2 and "C has no numbers" in result.err


def test_the_version_is_printed(run) -> None:
    result = run("--version")
    assert result.status == 0 and result.out.startswith("bptt-sym")
