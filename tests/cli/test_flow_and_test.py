"""What people type and mistype for ``flow``, ``code`` and ``test``."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bptt_sym.cli import main
from tests.cli.called import Result


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])

    def call(*argv: str) -> Result:
        status = main(argv)
        printed = capsys.readouterr()
        return Result(status, printed.out, printed.err)

    return call


def test_weights_of_every_kind_of_file(run: Any, tmp_path: Path) -> None:
    some = {"W_{ih}": np.ones((3, 2)), "W_{hh}": np.ones((3, 3)) / 4}
    np.savez(tmp_path / "some.npz", **some)
    np.savez(tmp_path / "nan.npz", **{**some, "W_{hh}": np.full((3, 3), np.nan)})
    found = run("flow", "elman-vector", "-T", "4", "--weights", "some.npz")
    assert found.status == 0 and "given weights; b_ih, b_hh 0" in found.out
    np.savez(tmp_path / "one.npz", W_ih=np.ones((3, 2)))
    found = run("flow", "elman-vector", "-T", "4", "--weights", "one.npz")
    assert "given weights; W_hh drawn at random; b_ih, b_hh 0" in found.out
    np.save(tmp_path / "array.npy", np.eye(3))
    np.savez(tmp_path / "complex.npz", W_ih=np.ones((3, 2)) * 1j)
    for name, complaint in (("array.npy", "without a name"), ("complex.npz", "no array of real")):
        found = run("flow", "elman-vector", "--weights", name)
        assert found.status == 2 and complaint in found.err
    found = run("flow", "elman-vector", "--weights", "nan.npz")
    assert found.status == 2 and "'W_{hh}' is not finite" in found.err


def test_checkpoints_and_cells_of_pytorch(run: Any, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    nn = torch.nn
    cell = nn.LSTMCell(2, 3)
    torch.save(cell.state_dict(), tmp_path / "cell.pt")
    torch.save({"epoch": 3, "model": nn.LSTM(2, 3).state_dict()}, tmp_path / "checkpoint.pt")
    torch.save({"epoch": 3, "best": 0.1}, tmp_path / "none.pt")
    torch.save(nn.GRU(2, 3).state_dict(), tmp_path / "gru.pt")
    torch.save(nn.LSTM(2, 3).bfloat16().state_dict(), tmp_path / "bfloat.PT")
    torch.save({k: v.to_sparse() for k, v in cell.state_dict().items()}, tmp_path / "sparse.pt")
    for name in ("cell.pt", "checkpoint.pt", "bfloat.PT", "sparse.pt"):
        assert "given weights\n" in run("flow", "lstm-vector", "-T", "3", "--weights", name).out
    none = run("flow", "lstm-vector", "--weights", "none.pt")
    assert none.status == 2 and "it holds epoch, best" in none.err
    assert "given weights\n" in run("flow", "gru-vector", "-T", "3", "--weights", "gru.pt").out
    for option in ("reset=before", "keep=1-z", "bias=false"):
        gru = run("flow", "gru-vector", "--option", option, "--weights", "gru.pt")
        assert gru.status == 2 and ("is not nn.GRU" in gru.err or "no biases" in gru.err), option


def test_one_of_several_layers_is_named(run: Any, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    for name, prefixes in (("two", ("",)), ("joint", ("enc.", "dec."))):
        np.savez(tmp_path / f"{name}.npz", **{
            f"{prefix}weight_{side}_l{layer}": rng.normal(size=(12, 2 if side == "ih" else 3))
            for prefix in prefixes for layer in ("0", "0_reverse") for side in ("ih", "hh")
        })  # fmt: skip
    call = ("flow", "lstm-vector", "-T", "3", "--weights")
    several = run(*call, "two.npz")
    assert several.status == 2 and "name one of l0, l0_reverse" in several.err
    assert "no one layer is 1" in run(*call, "two.npz", "--layer", "1").err
    shown = {k: run(*call, "two.npz", "--layer", k).out for k in ("0", "l0", "l0_reverse")}
    assert shown["0"] == shown["l0"] != shown["l0_reverse"]
    assert "no one layer is 0" in run(*call, "joint.npz", "--layer", "0").err
    assert run(*call, "joint.npz", "--layer", "dec.l0_reverse").status == 0
    assert "no one layer is dec" in run(*call, "joint.npz", "--layer", "dec").err
    one = {f"{m}.weight_{side}_l0": rng.normal(size=(12, 2 if side == "ih" else 3))
           for m in ("net.enc", "net.dec") for side in ("ih", "hh")}  # fmt: skip
    np.savez(tmp_path / "one.npz", **one)
    modules = [run(*call, "one.npz", "--layer", k) for k in ("dec", "net.dec", "dec.l0", "enc")]
    assert all(m.status == 0 for m in modules)
    assert modules[0].out == modules[1].out == modules[2].out != modules[3].out
    assert "no one layer is net" in run(*call, "one.npz", "--layer", "net").err
    scalar = run("flow", "lstm", "-T", "3", "--weights", "one.npz", "--layer", "dec")
    assert scalar.status == 2 and "lstm-vector has vectors" in scalar.err
    np.savez(tmp_path / "odd.npz", weight_ih_l0=np.ones((12, 2)), weight_hh_l0=np.ones((12, 5)))
    assert "here 12×2 and 12×5" in run(*call, "odd.npz").err
    np.savez(tmp_path / "projected.npz", weight_ih_l0=np.ones((12, 2)),
             weight_hh_l0=np.ones((12, 2)), weight_hr_l0=np.ones((2, 3)))  # fmt: skip
    assert "proj_size" in run(*call, "projected.npz").err
    assert "layers are those" in run("flow", "elman", "--layer", "1").err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("flow elman-vector --dim q=3", "no dimension 'q'"),
        ("code lstm-vector --option nope=1", "has no option nope"),
        ("code lstm-vector --option nope=1", "its options are bias, concat"),
        ("flow elman --option concat=true", "it has none"),
        ("flow elman --dim n=3", "all is scalar"),
        ("flow elman --gain nan", "gain nan"),
        ("flow elman --seed -1", "seed -1"),
        ("flow elman --scenario vanishing", "it does not take a cell"),
        ("flow --scenario vanishing --dim n=3", "it does not take --dim"),
        ("flow lstm --bind g=tanh", "no function 'g'"),
        ("code lstm --bind g=tanh", "no function 'g'"),
        ("code sigmoid-rnn-vector --bind E=tanh", "it is not elementwise"),
        ("code lstm-vector --option concat=maybe", "concat=maybe: it is true or false"),
        ("flow gru-vector --option bias=none", "bias=none: it is true or false"),
        ("flow elman -T 3 -o no/such/picture.png", "cannot be written"),
        ("flow --scenario vanishing --gain 2", "it does not take --gain"),
        ("flow --scenario vanishing --seed 0", "it does not take --seed"),
        ("flow elman -T T", "-T T: not a number of steps"),
        ("flow --define y_t=wx_t --scalar", "the definitions has no state"),
        ("flow --define h_t=g(wh_{t-1}+u_t) --scalar", "what the function 'g' is"),
        ("flow --define h_t=\\log(wh_{t-1}+u_t) --scalar", "h_1 of this run is not a number"),
        ("code --backend c --define S_t=S_{t-1}+v_tk_t^\\top", "there is no C code for"),
        ("test nothing:f", "no recurrence is given"),
        ("test ../nothing:f --cell elman", "'../nothing' is no name of a module"),
    ],
)
def test_what_is_mistyped_is_said(run: Any, words: str, complaint: str) -> None:
    if ".png" in words:
        pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    found = run(*words.split())
    assert found.status == 2 and complaint in found.err and "internal" not in found.err


def test_files_that_hold_no_weights_of_the_cell(run: Any, tmp_path: Path) -> None:
    layer = {"weight_ih_l0": np.ones((12, 2)), "weight_hh_l0": np.ones((12, 3))}
    (tmp_path / "text.npz").write_text("no numbers\n")
    np.savez(tmp_path / "half.npz", **{k: v for k, v in layer.items() if "ih" in k})
    np.savez(tmp_path / "lstm.npz", **layer)
    np.savez(tmp_path / "other.npz", q=np.ones(3))
    for name, *complaints in (
        ("text.npz", "not a NumPy archive of plain arrays: it begins otherwise\n"),
        ("half.npz", "weight_hh_l0 is missing beside weight_ih_l0"),
        ("lstm.npz", "needs 'W_r'", "they are those of nn.LSTM: lstm-vector"),
        ("other.npz", "no weights of gru-vector among q\n", "W_r, U_r, b_r", "weight_hh_l0"),
    ):
        found = run("flow", "gru-vector", "-T", "3", "--weights", name)
        assert found.status == 2 and all(c in found.err for c in complaints), found.err


def test_files_that_pytorch_does_not_take(run: Any, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    (tmp_path / "text.pt").write_text("no numbers\n")
    (tmp_path / "empty.pt").write_text("")
    torch.save(torch.nn.RNN(2, 3), tmp_path / "module.pt")
    for name, complaint in (
        ("text.pt", "PyTorch has not written it\n"), ("empty.pt", "PyTorch has not written it\n"),
        ("module.pt", "it holds objects that are no tensors\n"),
    ):  # fmt: skip
        found = run("flow", "elman-vector", "--weights", name)
        assert found.status == 2 and complaint in found.err
        assert "torch.save(model.state_dict(), …)" in found.err


def test_names_that_stand_beside_the_equations_alone_have_shapes(run: Any) -> None:
    cell = ["code", "--define", r"h_t = \tanh(W h_{t-1} + U x_t)"]
    loss = ["--define", r"L = \sum_{t=1}^T \|h_t - y_t\|^2", "--loss", "L", "--shape", "y=n"]
    assert run(*cell, *loss).status == 0
    for shape in ([], ["--shape", "q=n"]):
        learned = run(*cell, "--define", "h_0 = q", *shape)
        space: dict[str, Any] = {}
        exec(learned.out, space)
        rng = np.random.default_rng(0)
        w, u, q, x = (rng.normal(size=s) for s in ((3, 3), (3, 2), (3,), (4, 5, 2)))

        def last(q: Any, w: Any = w, u: Any = u, x: Any = x, space: Any = space) -> float:
            return float(space["forward"](W=w, U=u, q=q, x=x)[0]["h"].sum())

        _, saved = space["forward"](W=w, U=u, q=q, x=x)
        found = space["backward"](saved, d_h_in=1.0)["q"]
        step = 1e-6 * np.eye(3)
        slopes = [(last(q + e) - last(q - e)) / 2e-6 for e in step]
        np.testing.assert_allclose(found, slopes, rtol=1e-6)
        assert run("flow", *cell[1:], "--define", "h_0 = q", *shape, "-T", "3").status == 0
    assert run(*cell, "--shape", "z=n").status == 2


def test_arguments_in_c_are_called_as_the_cell_calls_them(run: Any) -> None:
    gru = run("code", "gru-vector", "--backend", "c", "--inputs").out
    assert "const real *d_r_in" in gru and "real *r_out" in gru and "real *d_x" in gru
    assert "in numbers of type real" in gru and "d_d_x" not in gru
    one = run("code", "elman-vector", "--option", "bias=one", "--backend", "c").out
    assert "const real *b," in one and "real *d_b," in one


OWN = ["--define", r"h_t = \tanh(A h_{t-1} + B x_t)", "--shape", "A=n×n", "--shape", "B=n×m",
       "--shape", "h=n", "--shape", "x=m"]  # fmt: skip


def test_code_for_a_cell_of_ones_own(run: Any, tmp_path: Path) -> None:
    (tmp_path / "code_for_a_cell.py").write_text(
        "import numpy as np\n"
        "from bptt_sym.evaluate.domains import floats\n"
        "def right(problem):\n    return problem.gradient_in(floats())\n"
        "def wrong(problem):\n    return {k: -v for k, v in right(problem).items()}\n"
        "def flat():\n"
        "    p = {'A': np.eye(3), 'B': np.ones((3, 2))}\n"
        "    return {'params': p, 'x': np.ones((4, 2)), 'targets': np.ones((4, 2, 3))}\n"
        "def none():\n"
        "    return {**flat(), 'x': np.ones((0, 1, 2)), 'targets': np.ones((0, 1, 3))}\n"
    )
    assert run("test", "code_for_a_cell:right", *OWN).status == 0
    wrong = run("test", "code_for_a_cell:wrong", *OWN)
    assert wrong.status == 1 and "has the wrong sign" in wrong.out
    flat = run("test", "code_for_a_cell:flat", "--score-inputs", *OWN)
    assert flat.status == 2 and "x has shape (4, 2), not (T, B, m)" in flat.err
    none = run("test", "code_for_a_cell:none", "--score-inputs", *OWN)
    assert none.status == 2 and "x of shape (0, 1, 2) holds no numbers" in none.err


TALKS = """
import os
import time
from bptt_sym.testing.mistakes import right

print("imported")

def talks(p):
    print("called")
    os.write(1, b"by the system")
    return right(p)

def goes_on(p):
    while p.steps == 1:
        try:
            time.sleep(1)
        except Exception:
            pass
    return right(p)
"""


def test_what_code_prints_is_not_in_the_report(run: Any, tmp_path: Path) -> None:
    (tmp_path / "talking.py").write_text(TALKS)
    found = run("test", "talking:talks", "--cell", "elman-vector", "--json")
    assert json.loads(found.out)["ok"] and found.err.startswith("imported\ncalled\n")
    # Who catches exceptions does not catch the limit.
    found = run("test", "talking:goes_on", "--cell", "elman-vector", "--limit", "0.2")
    assert found.status == 1 and "TimeoutError: it did not return within 0.2 s" in found.out
    found = run("test", "talking:talks", "--cell", "elman", "--limit", "soon")
    assert found.status == 2 and "'soon' is no number of seconds" in found.err


def test_what_the_system_prints_is_not_in_the_report(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "talking_below.py").write_text(TALKS)
    monkeypatch.syspath_prepend(tmp_path)
    assert main(["test", "talking_below:talks", "--cell", "elman-vector", "--json"]) == 0
    printed = capfd.readouterr()
    assert json.loads(printed.out)["ok"] and "by the system" in printed.err


def test_a_terminal_that_has_ascii_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = []
    for argv in (["flow", "elman", "-T", "3"], ["derive", "elman"]):
        raw = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
        assert main(argv) == 0
        shown.append(raw.getvalue().decode("ascii"))
    assert "||dh_T / dh_t||" in shown[0] and " ###" in shown[0] and r"\u2202h" in shown[1]


def test_without_an_output_there_is_a_status(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["derive", "--list"]) == 0
    assert main(["test", "bptt_sym.testing.mistakes:right", "--cell", "elman"]) == 0


@pytest.mark.parametrize("tolerance", ["nan", "-1", "inf", "small"])
def test_tolerances_that_are_none(run: Any, tolerance: str) -> None:
    """With them every mistake would be caught, or none."""
    found = run("test", "a:b", "--cell", "elman", "--score-inputs", f"--rtol={tolerance}")
    assert found.status == 2 and f"'{tolerance}' is no number from 0 on" in found.err


def test_an_output_function_with_a_meaning(run: Any) -> None:
    """`h_t = g(c_t)`: without one, h has no numbers and is left out."""
    printed = run("code", "sigmoid-rnn-vector", "--bind", "g=tanh").out
    space: dict[str, Any] = {}
    exec(printed, space)
    rng = np.random.default_rng(0)
    w, v, x, c0 = (rng.normal(size=s) for s in ((3, 3), (3, 2), (4, 5, 2), (5, 3)))
    values, saved = space["forward"](W_rec=w, W_in=v, x=x, c0=c0)
    np.testing.assert_allclose(values["h"], np.tanh(values["c"]))
    by_h = space["backward"](saved, d_h_in=np.ones((4, 5, 3)))
    by_c = space["backward"](saved, d_c_in=1 - values["h"] ** 2)
    np.testing.assert_allclose(by_h["W_rec"], by_c["W_rec"], rtol=1e-12)
    plain = run("code", "sigmoid-rnn-vector").out
    assert "d_h_in" not in plain and "d_c_in" in plain
    shown = run("code", "--define", "h_t = |h_{t-1}| + x_t", "--scalar").out
    assert "    h_t = |h_{t-1}| + x_t\n" in shown
