"""Weights: to and from PyTorch's ``state_dict``, and files of them.

PyTorch stacks the gates by rows, r, z, n in ``nn.GRU`` and i, f, g, o in ``nn.LSTM``, and has two
biases, one with the input and one with the state. Where a recurrence has one bias for both, the two
are added on import, and exported as that bias and zeros.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bptt_sym.architectures import is_torch_gru, layer_name
from bptt_sym.errors import InputError, NotSupported
from bptt_sym.recurrence import Recurrence

Array = Any

FORMAT = "bptt-sym weights"
VERSION = 1

#: Input weights, state weights, biases of the input and of the state, gate by gate in PyTorch's
#: order. A bias of the state that is ``None`` has no place of its own.
_LAYOUTS: dict[str, tuple[tuple[str, str, str, str | None], ...]] = {
    "nn.RNN": (("W_{ih}", "W_{hh}", "b_{ih}", "b_{hh}"),),
    "nn.RNN, one bias": (("W_{ih}", "W_{hh}", "b", None),),
    "nn.GRU": (
        ("W_r", "U_r", "b_r", None),
        ("W_z", "U_z", "b_z", None),
        ("W_h", "U_h", "b_h", "c_h"),
    ),
    "nn.LSTM": tuple((f"W_{g}", f"U_{g}", f"b_{g}", None) for g in "ifco"),
}


def _layout(rec: Recurrence) -> tuple[tuple[tuple[str, str, str, str | None], ...], list[str]]:
    """The gates of one layer, and the format of each layer's names."""
    known = set(rec.parameters)
    layers = 0
    while any(p.startswith(layer_name("W", layers + 1)) for p in known):
        layers += 1
    for gates in _LAYOUTS.values():
        names = [n for gate in gates for n in gate if n is not None]
        for marks in ([""], [str(k + 1) for k in range(layers)]):
            if marks and all(_named(n, m) in known for n in names for m in marks):
                if len(gates) == 3 and not is_torch_gru(rec, len(marks) if marks[0] else 0):
                    raise NotSupported(
                        f"{rec.name}: its gates are not those of nn.GRU, for all their names"
                    )
                return gates, marks
    raise NotSupported(
        f"{rec.name} has not the weights of nn.RNN, nn.GRU (reset after the product, with biases) "
        "or nn.LSTM (split weights, with biases)"
    )


def _named(name: str, mark: str) -> str:
    return layer_name(name, int(mark)) if mark else name


def from_torch(rec: Recurrence, state: Mapping[str, Any], prefix: str = "") -> dict[str, Array]:
    """Parameters of ``rec`` from the ``state_dict`` of ``nn.RNN``, ``nn.GRU`` or ``nn.LSTM``.

    ``rec`` is the cell itself or a :func:`~bptt_sym.architectures.stack` of it. ``prefix`` selects
    a submodule, such as ``"rnn."``. Values may be tensors or arrays. ``nn.RNN`` is taken to have
    its default activation tanh: a ``state_dict`` does not say.

    Raises
    ------
    InputError
        A tensor that is missing, superfluous, of the wrong shape or not of numbers; it is named.
    NotSupported
        A recurrence or a module without counterpart (bidirectional, projections).
    """
    gates, marks = _layout(rec)
    given = {k[len(prefix) :]: v for k, v in state.items() if k.startswith(prefix)}
    for key in given:
        if key.endswith("_reverse") or key.startswith("weight_hr"):
            raise NotSupported(f"tensor {prefix + key!r}: bidirectional modules and projections")
    out: dict[str, Array] = {}
    for layer, mark in enumerate(marks):
        blocks = []
        for stem in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            key = f"{stem}_l{layer}"
            if key not in given:
                raise InputError(f"tensor {prefix + key!r} is missing", token=prefix + key)
            blocks.append(_array(given.pop(key), prefix + key))
        n = blocks[1].shape[-1] if blocks[1].ndim == 2 else 0
        m = n if layer else blocks[0].shape[-1]
        wanted = ((len(gates) * n, m), (len(gates) * n, n), (len(gates) * n,), (len(gates) * n,))
        for stem, block, want in zip(
            ("weight_ih", "weight_hh", "bias_ih", "bias_hh"), blocks, wanted, strict=True
        ):
            if block.shape != want or not n:
                key = f"{prefix}{stem}_l{layer}"
                raise InputError(
                    f"tensor {key!r} has shape {tuple(block.shape)}; {rec.name} with {n} states "
                    f"needs {want}",
                    token=key,
                )
        for k, names in enumerate(gates):
            rows = slice(k * n, (k + 1) * n)
            w, u, b, c = (None if name is None else _named(name, mark) for name in names)
            assert w is not None and u is not None and b is not None
            out[w], out[u] = blocks[0][rows].copy(), blocks[1][rows].copy()
            out[b] = blocks[2][rows].copy()
            if c is None:
                out[b] = out[b] + blocks[3][rows]
            else:
                out[c] = blocks[3][rows].copy()
    extra = [k for k in given if k.startswith(("weight_", "bias_"))]
    if extra:
        raise InputError(
            f"tensor {prefix + extra[0]!r} has no place in {rec.name}", token=prefix + extra[0]
        )
    return out


def to_torch(rec: Recurrence, params: Mapping[str, Array], prefix: str = "") -> dict[str, Array]:
    """The ``state_dict`` (of arrays) that makes the PyTorch module compute what ``rec`` does.

    Raises
    ------
    InputError
        A parameter that is missing.
    NotSupported
        A recurrence without a PyTorch counterpart.
    """
    gates, marks = _layout(rec)

    def take(name: str) -> Array:
        if name not in params:
            raise InputError(f"parameter {name!r} is missing", token=name)
        return np.asarray(params[name])

    out: dict[str, Array] = {}
    for layer, mark in enumerate(marks):
        columns: list[list[Array]] = [[], [], [], []]
        for names in gates:
            for column, name in zip(columns, names, strict=True):
                if name is None:
                    column.append(np.zeros_like(columns[2][-1]))
                else:
                    column.append(take(_named(name, mark)))
        for stem, column in zip(
            ("weight_ih", "weight_hh", "bias_ih", "bias_hh"), columns, strict=True
        ):
            out[f"{prefix}{stem}_l{layer}"] = np.concatenate(column)
    return out


def _array(value: Any, name: str) -> Array:
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    array = np.asarray(value)
    if array.dtype.kind not in "fiu":
        raise InputError(f"tensor {name!r} holds no numbers", token=name)
    if not np.isfinite(array).all():
        raise InputError(f"tensor {name!r} holds a number that is not finite", token=name)
    return array


# -- files ----------------------------------------------------------------------------------------


def save(path: Path | str, arrays: Mapping[str, Array], about: Mapping[str, Any]) -> None:
    """Write arrays and what they are (``about``, plain data) to one ``.npz`` file.

    It is written beside and moved into place, so that a broken-off write leaves the old file.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    header = json.dumps({"format": FORMAT, "version": VERSION, "about": dict(about)})
    beside = target.with_name(target.name + ".part")
    with beside.open("wb") as file:
        np.savez(file, header=np.array(header), **{f"={k}": v for k, v in arrays.items()})
        file.flush()
        os.fsync(file.fileno())
    beside.replace(target)


def load(
    path: Path | str, shapes: Mapping[str, tuple[int, ...]] | None = None
) -> tuple[dict[str, Array], dict[str, Any]]:
    """Arrays by name, and what they are. Nothing in the file is run.

    With ``shapes``, exactly these arrays must be there.

    Raises
    ------
    InputError
        No such file, another format or version, or an array that is missing, misshapen or not
        finite.
    """
    target = Path(path)
    try:
        with target.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            header = json.loads(str(file["header"])) if "header" in file.files else {}
            arrays = {k[1:]: file[k] for k in file.files if k.startswith("=")}
    except FileNotFoundError:
        raise InputError(f"no weights at {target}", token=str(path)) from None
    except Exception as error:
        # NumPy takes what is no archive for a pickle, and says how to run it.
        why = "it is no archive of arrays" if isinstance(error, ValueError) else str(error)
        raise InputError(f"{target} holds no weights: {why}", token=str(path)) from error
    if header.get("format") != FORMAT:
        raise InputError(f"{target} is not a file of weights", token=str(path))
    if header.get("version") != VERSION:
        raise InputError(
            f"{target} is of version {header.get('version')}, this reads version {VERSION}",
            token=str(path),
        )
    for name, want in (shapes or {}).items():
        if name not in arrays:
            raise InputError(f"{target}: tensor {name!r} is missing", token=name)
        if arrays[name].shape != tuple(want):
            raise InputError(
                f"{target}: tensor {name!r} has shape {arrays[name].shape}, not {tuple(want)}",
                token=name,
            )
        if not np.isfinite(arrays[name]).all():
            text = f"{target}: tensor {name!r} has entries that are no number"
            raise InputError(text, token=name)
    if shapes is not None and (extra := sorted(set(arrays) - set(shapes))):
        raise InputError(f"{target}: tensor {extra[0]!r} has no place here", token=extra[0])
    return arrays, dict(header.get("about", {}))
