"""Weights given by a person: read from files, and matched with a cell's parameters.

Files are NumPy archives or PyTorch state dictionaries; names are the cell's, their identifiers, or
those of ``nn.RNN`` and ``nn.LSTM``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bptt_sym.errors import InputError
from bptt_sym.evaluate.names import identifier
from bptt_sym.recurrence import Recurrence

Array = Any


def read_weights(path: str | Path) -> dict[str, Array]:
    """The arrays of a ``.npz`` or ``.pt`` file by name. Nothing stored in it is executed.

    Raises
    ------
    InputError
        No such file, another format, an object that is no array, or PyTorch is needed and missing.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: there is no such file")
    if path.suffix in (".pt", ".pth"):
        return _torch(path)
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (ValueError, OSError, AttributeError, EOFError) as error:
        raise InputError(
            f"{path} is not a NumPy archive of plain arrays: {error}",
            hint="write it with numpy.savez",
        ) from None


def _torch(path: Path) -> dict[str, Array]:
    try:
        import torch
    except ImportError:
        raise InputError(
            f"{path}: PyTorch is needed to read this", hint="pip install 'bptt-sym[torch]'"
        ) from None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch has no one class for a file that it cannot read
        why = str(error).partition("\n")[0].partition(".")[0] or type(error).__name__
        raise InputError(f"{path} is not a state_dict: {why[:100]}") from None

    def tensors(table: Any) -> bool:
        return isinstance(table, Mapping) and bool(table) and all(
            isinstance(v, torch.Tensor) for v in table.values()
        )  # fmt: skip

    if isinstance(state, Mapping) and not tensors(state):
        # A checkpoint: one of its entries is what is meant.
        inner = [v for v in state.values() if tensors(v)]
        if len(inner) != 1:
            raise InputError(
                f"{path} is not a state_dict: it holds {', '.join(map(str, list(state)[:6]))}",
                hint="torch.save(model.state_dict(), …)",
            )  # fmt: skip
        state = inner[0]
    if not tensors(state):
        raise InputError(
            f"{path} is not a state_dict: it holds a {type(state).__name__}",
            hint="torch.save(model.state_dict(), …)",
        )  # fmt: skip
    return {name: np.asarray(value.detach(), dtype=float) for name, value in state.items()}


def named(cell: Recurrence, params: Mapping[str, Array]) -> dict[str, Array]:
    """Parameters by the cell's names, from those, from identifiers or from PyTorch's."""
    by_identifier = {identifier(p): p for p in cell.parameters}
    out = {}
    for key, value in params.items():
        if key in cell.parameters:
            out[key] = value
        elif key in by_identifier:
            out[by_identifier[key]] = value
    if out or not params:
        unknown = [k for k in params if k not in out and by_identifier.get(k) not in out]
        if unknown:
            raise InputError(
                f"{cell.name} has no parameter {unknown[0]!r}",
                token=unknown[0],
                hint=", ".join(cell.parameters),
            )
        return out
    return from_state_dict(cell, params)


def from_state_dict(
    cell: Recurrence, state: Mapping[str, Array], *, layer: int = 0
) -> dict[str, Array]:
    """The cell's parameters from those of ``nn.RNN`` or ``nn.LSTM``.

    The stacked rows of an LSTM are i, f, g, o in PyTorch; the cell's gates are found by name.

    Raises
    ------
    InputError
        Arrays of another module, or a cell that they do not fit.
    """

    def find(name: str) -> Array | None:
        # Those of nn.RNNCell and nn.LSTMCell have no layer.
        for wanted in (f"{name}_l{layer}", name):
            for key, value in state.items():
                if key == wanted or key.endswith(f".{wanted}"):
                    return np.asarray(value, float)
        return None

    w, u = find("weight_ih"), find("weight_hh")
    if w is None or u is None:
        raise InputError(
            f"no weights of layer {layer} among {', '.join(list(state)[:4])} …",
            hint="weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0",
        )
    hidden = u.shape[1]
    zero = np.zeros(u.shape[0])
    first, second = (find("bias_ih"), find("bias_hh"))
    bi, bh = (zero if first is None else first), (zero if second is None else second)
    names = set(cell.parameters)
    if u.shape[0] == hidden:
        table = {"W_{ih}": w, "W_{hh}": u, "b_{ih}": bi, "b_{hh}": bh, "W": w, "U": u, "b": bi + bh}
        out = {k: v for k, v in table.items() if k in names}
    else:
        out = {}
        order = {"i": 0, "f": 1, "g": 2, "c": 2, "o": 3}
        if u.shape[0] != 4 * hidden:
            hint = "nn.GRU resets behind the recurrent matrix, the shipped cell before it"
            raise InputError(
                "these are neither weights of nn.RNN nor of nn.LSTM",
                hint=hint if u.shape[0] == 3 * hidden else "",
            )
        for gate, k in order.items():
            rows = slice(k * hidden, (k + 1) * hidden)
            for name, value in (("W", w[rows]), ("U", u[rows]), ("b", (bi + bh)[rows])):
                if f"{name}_{gate}" in names:
                    out[f"{name}_{gate}"] = value
    missing = [p for p in cell.parameters if p not in out]
    if missing:
        raise InputError(f"{cell.name} needs {missing[0]!r}, which these weights do not give")
    return out


def sizes(
    cell: Recurrence,
    params: Mapping[str, Array],
    inputs: Mapping[str, Array],
    dims: Mapping[str, int],
) -> dict[str, int]:
    unknown = [d for d in dims if d not in cell.dims]
    if unknown:
        hint = f"its dimensions are {', '.join(cell.dims)}" if cell.dims else "all is scalar"
        raise InputError(f"{cell.name} has no dimension {unknown[0]!r}", hint=hint)
    out = dict(dims)
    for lead, table in ((0, params), (1, inputs)):
        for name, value in table.items():
            shape = np.shape(value)[lead:]
            declared = cell.shape(name)
            if not np.isfinite(np.asarray(value, float)).all():
                raise InputError(f"{name!r} is not finite")
            if len(shape) != len(declared):
                raise InputError(f"{name!r} has {len(shape)} axes, the cell has {len(declared)}")
            for d, size in zip(declared, shape, strict=True):
                if isinstance(d, str) and "+" not in d and out.setdefault(d, size) != size:
                    raise InputError(f"{name!r}: dimension {d} is {out[d]} elsewhere")
    for d in cell.dims:
        if "+" not in d:
            out.setdefault(d, 16)
    return out
