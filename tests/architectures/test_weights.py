"""Weights from and to PyTorch compute the same; what does not fit is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bptt_sym import elman_vector, lstm, weights
from bptt_sym.architectures import gru, layer_name, stack
from bptt_sym.errors import InputError, NotSupported
from bptt_sym.evaluate import executable
from bptt_sym.evaluate.compiled import NumpyGradient
from bptt_sym.evaluate.names import identifier
from bptt_sym.recurrence import Recurrence

CELLS = {"RNN": elman_vector(), "GRU": gru(), "LSTM": lstm(vector=True)}
T, B, M, H = 6, 3, 4, 5


def outputs(rec: Recurrence, params: dict, x: np.ndarray, top: str) -> np.ndarray:
    code = NumpyGradient(executable(rec))
    start = {s: np.zeros((B, H)) for s in rec.states}
    values, _ = code.forward(params, {"x": x}, start)
    return values[identifier(top)]


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("kind", sorted(CELLS))
def test_the_same_outputs_as_torch_and_back(kind: str, layers: int) -> None:
    torch = pytest.importorskip("torch")
    module = getattr(torch.nn, kind)(M, H, layers, dtype=torch.float64)
    rec = stack(CELLS[kind], layers)
    params = weights.from_torch(rec, module.state_dict())
    x = np.random.default_rng(layers).normal(size=(T, B, M))
    mine = outputs(rec, params, x, layer_name("h", layers))
    theirs = module(torch.from_numpy(x))[0].detach().numpy()
    assert np.abs(mine - theirs).max() < 1e-12
    # Back again, into a module with other weights.
    other = getattr(torch.nn, kind)(M, H, layers, dtype=torch.float64)
    back = weights.to_torch(rec, params)
    other.load_state_dict({k: torch.from_numpy(v) for k, v in back.items()})
    assert np.abs(mine - other(torch.from_numpy(x))[0].detach().numpy()).max() < 1e-12


def a_state(layers: int = 2) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    shapes = {"weight_ih": (3 * H, M), "weight_hh": (3 * H, H)}
    state = {}
    for k in range(layers):
        for stem in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            shape = shapes.get(stem, (3 * H,))
            state[f"rnn.{stem}_l{k}"] = rng.normal(
                size=(3 * H, H) if k and stem == "weight_ih" else shape
            )
    return state


@pytest.mark.parametrize("layers", [0, 2])
def test_the_names_of_a_gru_are_not_enough(layers: int) -> None:
    """Where z keeps the new state, PyTorch's weights would make another network."""
    cell = gru(keep="1-z")
    with pytest.raises(NotSupported, match="gates"):
        weights.from_torch(stack(cell, layers) if layers else cell, a_state(max(layers, 1)), "rnn.")


def test_one_layer_is_the_cell_itself_or_a_stack_of_one() -> None:
    a = weights.from_torch(gru(), a_state(1), "rnn.")
    b = weights.from_torch(stack(gru(), 1), a_state(1), "rnn.")
    assert np.array_equal(a["U_h"], b["U^{(1)}_h"]) and set(a) == set(gru().parameters)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda s: s.pop("rnn.bias_hh_l1"), "rnn.bias_hh_l1"),
        (lambda s: s.update({"rnn.weight_hh_l0": np.ones((3 * H, H + 1))}), "rnn.weight_"),
        (lambda s: s.update({"rnn.weight_ih_l1": np.ones((3 * H, M))}), "rnn.weight_ih_l1"),
        (lambda s: s.update({"rnn.bias_ih_l0": np.full(3 * H, np.nan)}), "rnn.bias_ih_l0"),
        (lambda s: s.update({"rnn.bias_ih_l0": np.full(3 * H, "a")}), "rnn.bias_ih_l0"),
        (lambda s: s.update({"rnn.weight_ih_l2": np.ones((3 * H, H))}), "rnn.weight_ih_l2"),
    ],
)
def test_a_tensor_that_does_not_fit_is_named(change, named: str) -> None:  # type: ignore[no-untyped-def]
    state = a_state()
    change(state)
    with pytest.raises(InputError) as caught:
        weights.from_torch(stack(gru(), 2), state, "rnn.")
    assert named in str(caught.value)


def test_what_torch_has_and_a_recurrence_has_not() -> None:
    state = a_state() | {"rnn.weight_ih_l0_reverse": np.ones((3 * H, M))}
    with pytest.raises(NotSupported, match="bidirectional"):
        weights.from_torch(stack(gru(), 2), state, "rnn.")
    with pytest.raises(NotSupported):
        weights.to_torch(gru(reset="before", bias=False), {})


def test_files_of_weights(tmp_path: Path) -> None:
    file = tmp_path / "w.npz"
    weights.save(file, {r"\tilde{c}/W": np.arange(6.0).reshape(2, 3)}, {"epoch": 3})
    arrays, about = weights.load(file, {r"\tilde{c}/W": (2, 3)})
    assert about == {"epoch": 3} and arrays[r"\tilde{c}/W"][1, 2] == 5.0
    for shapes, named in (
        ({r"\tilde{c}/W": (3, 2)}, "tilde"),
        ({"b": (1,)}, "'b'"),
        ({}, "no place"),
    ):
        with pytest.raises(InputError, match=named):
            weights.load(file, shapes)
    (tmp_path / "broken.npz").write_bytes(file.read_bytes()[:100])
    np.savez(tmp_path / "other.npz", a=np.ones(2))
    np.savez(tmp_path / "pickled.npz", header=np.array([{}], object))
    (tmp_path / "table.npz").write_text("1700,5\n")
    for name in ("broken", "other", "pickled", "absent", "table"):
        with pytest.raises(InputError, match=name) as caught:
            weights.load(tmp_path / f"{name}.npz")
        assert "allow_pickle" not in str(caught.value)
    weights.save(file, {"W": np.array([1.0, np.nan])}, {})
    with pytest.raises(InputError, match="'W' has entries that are no number"):
        weights.load(file, {"W": (2,)})


def test_weights_of_another_version_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "VERSION", 2)
    weights.save(tmp_path / "w.npz", {}, {})
    monkeypatch.undo()
    with pytest.raises(InputError, match="version 2"):
        weights.load(tmp_path / "w.npz")
