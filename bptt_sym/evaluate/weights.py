"""Weights given by a person: read from files, and matched with a cell's parameters.

Files are NumPy archives or PyTorch state dictionaries; names are the cell's, their identifiers, or
those of ``nn.RNN``, ``nn.LSTM`` and ``nn.GRU``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from bptt_sym.architectures import is_torch_gru
from bptt_sym.cells import names
from bptt_sym.errors import InputError, LimitExceeded
from bptt_sym.evaluate.names import identifier
from bptt_sym.recurrence import Recurrence

Array = Any
#: Bytes of all arrays of a file together.
MAX_BYTES = 1 << 30


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
    if path.suffix.lower() in (".pt", ".pth"):
        return _torch(path)
    try:
        with path.open("rb") as file:
            if not file.read(6).startswith((b"PK", b"\x93NUMPY")):
                raise ValueError("it begins otherwise")
        archive = np.load(path, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise ValueError("one array without a name")
        with archive:
            entries = archive.zip.infolist() if archive.zip is not None else ()
            if sum(int(entry.file_size) for entry in entries) > MAX_BYTES:
                raise ValueError(f"it unpacks to more than {MAX_BYTES >> 20} MB")
            found = {name: _real(archive[name], name) for name in archive.files}
        if not found:
            raise ValueError("it holds no array")
        return found
    except MemoryError:
        raise LimitExceeded(f"{path}: an array of it is larger than the memory") from None
    except (ValueError, OSError, AttributeError, EOFError, BadZipFile) as error:
        raise InputError(
            f"{path} is not a NumPy archive of plain arrays: {error}",
            hint="write it with numpy.savez",
        ) from None


def _real(value: Array, name: str) -> Array:
    """``value``, if its numbers are those of a weight.

    Raises
    ------
    InputError
        Complex numbers, texts, times.
    """
    if value.dtype.kind not in "biuf":
        raise InputError(f"{name!r} is no array of real numbers, but of {value.dtype}", token=name)
    return value


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
        why = str(error).partition("\n")[0].partition(".")[0]
        with path.open("rb") as file:
            begins = file.read(2)
        if not begins.startswith((b"PK", b"\x80")):  # neither an archive nor pickled
            why = "PyTorch has not written it"
        elif "Weights only" in why or not why:
            why = "it holds objects that are no tensors"
        raise InputError(
            f"{path} is not a state_dict: {why[:100]}", hint="torch.save(model.state_dict(), …)"
        ) from None

    def tensors(table: Any) -> bool:
        return isinstance(table, Mapping) and bool(table) and all(
            isinstance(v, torch.Tensor) for v in table.values()
        )  # fmt: skip

    if isinstance(state, Mapping) and not tensors(state):
        # A checkpoint: one of its entries is what is meant.
        inner = [v for v in state.values() if tensors(v)]
        if len(inner) != 1:
            held = ", ".join(map(str, list(state)[:6])) or "nothing"
            raise InputError(
                f"{path} is not a state_dict: it holds {held}",
                hint="torch.save(model.state_dict(), …)",
            )  # fmt: skip
        state = inner[0]
    if not tensors(state):
        raise InputError(
            f"{path} is not a state_dict: it holds a {type(state).__name__}",
            hint="torch.save(model.state_dict(), …)",
        )  # fmt: skip
    if wrong := [k for k, v in state.items() if v.is_complex() or v.is_quantized]:
        raise InputError(f"{wrong[0]!r} is no tensor of real numbers", token=wrong[0])
    return {k: v.detach().to_dense().to(torch.float64).numpy() for k, v in state.items()}


def named(
    cell: Recurrence, params: Mapping[str, Array], layer: int | str | None = None
) -> dict[str, Array]:
    """Parameters by the cell's names, from those, from identifiers or from PyTorch's."""
    own = (*cell.parameters, *cell.learned)
    by_identifier = {identifier(p): p for p in own}
    out = {}
    for key, value in params.items():
        if key in own:
            out[key] = value
        elif key in by_identifier:
            out[by_identifier[key]] = value
    if not out and params:
        return from_state_dict(cell, params, layer=layer)
    unknown = [k for k in params if k not in out and by_identifier.get(k) not in out]
    if unknown:
        raise InputError(
            f"{cell.name} has no parameter {unknown[0]!r}",
            token=unknown[0],
            hint=", ".join(own),
        )
    if layer is not None:
        raise InputError(
            f"layer {layer}: layers are those of a PyTorch state_dict", token=str(layer)
        )
    return out


#: The tensors of one layer and direction: what stands before, and ``_l1_reverse`` behind the name.
_TENSOR = re.compile(r"(?P<module>.*\.)?(weight|bias)_[ih][hr](?P<layer>(_l\d+(_reverse)?)?)")


def layers(state: Mapping[str, Array]) -> dict[str, dict[str, Array]]:
    """The tensors of each layer and direction of a state_dict, by names such as ``rnn.l1_reverse``.

    Those of ``nn.RNNCell`` and its like have no number; their name is that of the module.
    """
    found: dict[str, dict[str, Array]] = {}
    for key, value in state.items():
        if match := _TENSOR.fullmatch(key):
            module, layer = match["module"] or "", match["layer"]
            own = found.setdefault((module + layer[1:]).rstrip("."), {})
            own[key[len(module) : len(key) - len(layer)]] = np.asarray(value, float)
    return {name: own for name, own in found.items() if "weight_hh" in own}


def _layer(
    cell: Recurrence, state: Mapping[str, Array], layer: int | str | None
) -> dict[str, Array]:
    """The tensors of the one layer that is meant."""
    found = layers(state)
    if not found:
        parts = [key for key in state if "weight_ih" in key and _TENSOR.fullmatch(key)]
        if parts:
            missing = parts[0].replace("weight_ih", "weight_hh")
            raise InputError(f"{missing} is missing beside {parts[0]}", token=missing)
        more = " …" if len(state) > 4 else ""
        raise InputError(
            f"no weights of {cell.name} among {', '.join(list(state)[:4])}{more}",
            hint=f"{', '.join(map(identifier, cell.parameters))}; or PyTorch's weight_ih_l0, "
            "weight_hh_l0, bias_ih_l0, bias_hh_l0",
        )
    wanted = f"l{layer}" if str(layer)[:1].isdigit() else str(layer)
    # By its name, or by that of a module without any other layer.
    chosen = [
        name for name in found
        if layer is None or name == layer or any(
            f".{whole}".endswith(f".{wanted}") for whole in (name, name.rpartition(".")[0]) if whole
        )
    ]  # fmt: skip
    if len(chosen) != 1:
        several = "there are several layers" if layer is None else f"no one layer is {layer}"
        raise InputError(
            several, token="" if layer is None else str(layer),
            hint=f"name one of {', '.join(found)}",
        )  # fmt: skip
    return found[chosen[0]]


def from_state_dict(
    cell: Recurrence, state: Mapping[str, Array], *, layer: int | str | None = None
) -> dict[str, Array]:
    """The cell's parameters from those of ``nn.RNN``, ``nn.LSTM`` or ``nn.GRU``.

    The stacked rows are i, f, g, o in PyTorch's LSTM and r, z, n in its GRU; the cell's gates are
    found by name. Of several layers or directions ``layer`` names one: ``1``, ``"l1_reverse"``,
    ``"encoder.l0"``.

    Raises
    ------
    InputError
        Arrays of another module, a cell that they do not fit, or no one layer that is meant.
    """
    given = _layer(cell, state, layer)
    if "weight_hr" in given:
        raise InputError("a projected state (proj_size): the shipped cells have none")
    if "weight_ih" not in given:
        raise InputError("weight_hh without weight_ih: these are not the weights of a layer")
    w, u = given["weight_ih"], given["weight_hh"]
    hidden = u.shape[-1] if u.ndim == 2 else 0
    zero = np.zeros(len(u))
    bi, bh = (given.get(k, zero) for k in ("bias_ih", "bias_hh"))
    own = set(cell.parameters)
    gates = {1: "", 3: "rzh", 4: "ifco"}.get(len(u) // hidden if hidden else 0)
    if gates is None or {len(u), len(w), len(bi), len(bh)} != {max(len(gates), 1) * hidden}:
        shapes = " and ".join("×".join(map(str, a.shape)) for a in (w, u))
        raise InputError(
            "these are weights neither of nn.RNN nor of nn.LSTM nor of nn.GRU",
            hint=f"weight_ih and weight_hh, here {shapes}, have 1, 4 or 3 times as many rows as "
            "weight_hh has columns, and each bias one number a row",
        )
    if not gates:
        table = {"W_{ih}": w, "W_{hh}": u, "b_{ih}": bi, "b_{hh}": bh, "W": w, "U": u, "b": bi + bh}
    else:
        if len(gates) == 3 and not is_torch_gru(cell):
            raise InputError(
                f"{cell.name} is not nn.GRU, which keeps z and resets behind the recurrent matrix",
                hint="gru-vector without options",
            )
        table = {}
        for k, gate in enumerate(gates):
            rows = slice(k * hidden, (k + 1) * hidden)
            both = bi[rows] + bh[rows]
            for g in (gate, "g") if gate == "c" else (gate,):
                table |= {f"W_{g}": w[rows], f"U_{g}": u[rows], f"b_{g}": both}
            if f"c_{gate}" in own:
                table |= {f"b_{gate}": bi[rows], f"c_{gate}": bh[rows]}
    out = {k: v for k, v in table.items() if k in own}
    missing = [p for p in cell.parameters if p not in out]
    if missing:
        kind = {0: "RNN", 3: "GRU", 4: "LSTM"}[len(gates)]
        fits = {0: "elman-vector", 3: "gru-vector", 4: "lstm-vector"}[len(gates)]
        raise InputError(
            f"{cell.name} needs {missing[0]!r}, which these weights do not give",
            hint=f"they are those of nn.{kind}" + f": {fits}" * (cell.name != fits),
        )
    if (bi.any() or bh.any()) and not any(k.startswith("b") for k in out):
        raise InputError(f"{cell.name} has no biases, these weights have")
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
                vector = f"{cell.name}-vector"
                raise InputError(
                    f"{name!r} has {len(shape)} axes, the cell has {len(declared)}",
                    hint=f"{vector} has vectors and matrices" if vector in names() else "",
                )
            for d, size in zip(declared, shape, strict=True):
                if isinstance(d, str) and "+" not in d and out.setdefault(d, size) != size:
                    raise InputError(f"{name!r}: dimension {d} is {out[d]} elsewhere")
    for d in cell.dims:
        if "+" not in d:
            out.setdefault(d, 16)
    return out
