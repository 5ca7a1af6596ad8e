"""Weights from files: NumPy archives, and PyTorch state dictionaries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from bptt_sym.errors import InputError

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
        return {name: np.asarray(value.detach(), dtype=float) for name, value in state.items()}
    except Exception as error:  # torch has no one class for a file that it cannot read
        raise InputError(f"{path} is not a state_dict: {str(error)[:200]}") from None
