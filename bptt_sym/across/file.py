r"""Joined recurrences told in a file: stages, what each hands to the next, tied parameters.

.. code-block:: toml

    loss = "E"                      # a total of the last stage; E if it is left out

    [stage.encoder]                 # a cell with its options, or definitions with shapes
    define = ['h_t = \tanh(W x_t + U h_{t-1} + b)']

    [stage.decoder]
    define = ['s_t = \tanh(V s_{t-1})', 'E = \sum_{t=1}^T v^\top s_t']
    shape = ['v=n']

    [[wire]]                        # how: same, reversed, memory or last
    from = "encoder.h"
    to = "decoder.s"
    how = "last"

    [tied]                          # "backward.U" = "forward.U"
"""

from __future__ import annotations

import json
from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import Any

from bptt_sym.across.derivation import Across, derive_across
from bptt_sym.check.exercises.toml_lines import with_lines
from bptt_sym.check.setting import Setting
from bptt_sym.errors import InputError, ModelError
from bptt_sym.evaluate import executable
from bptt_sym.files import toml_of
from bptt_sym.joined import Joined, Wire
from bptt_sym.printable import json_text

#: Bytes of one file.
MAX_BYTES = 256 * 1024
FORMATS = ("text", "latex", "markdown", "json")
_HOW = ("same", "reversed", "memory", "last")
_KNOWN = {
    "": {"loss", "stage", "wire", "tied"},
    "stage": {"cell", "option", "define", "shape", "scalar"},
    "wire": {"from", "to", "how"},
}


def joined_from_file(path: str | Path) -> Joined:
    """The joined model that a TOML file tells of; opaque losses of shipped cells are left out.

    Raises
    ------
    InputError
        The file is not there, is no TOML, or has a key, a stage or a name that is not known.
    ModelError
        The stages do not fit: see :class:`~bptt_sym.joined.Joined`.
    """
    with with_lines(Path(path)):
        return _joined(path)


def _joined(path: str | Path) -> Joined:
    data = toml_of(path, MAX_BYTES)
    _only(data, "", str(path))
    told = data.get("stage")
    if not isinstance(told, dict) or len(told) < 2:
        raise InputError(f"{path}: two or more stages are needed", hint="write [stage.encoder] …")
    stages = {name: executable(_stage(path, name, entry)) for name, entry in told.items()}
    wires = [_wire(path, entry) for entry in _list(data.get("wire", []))]
    loss = str(data.get("loss", "E"))
    last = [*stages][-1]
    if loss not in stages[last].totals:
        raise InputError(
            f"{path}: the last stage, {last}, has no total {loss!r}", token=loss,
            hint="define it: E = \\sum_{t=1}^T …; an opaque loss has no value to hand back",
        )  # fmt: skip
    tied = {str(k): str(v) for k, v in _table(path, data, "tied").items()}
    return Joined(stages, wires, loss=loss, tied=tied)


def printed(asked: Namespace) -> str:
    """What ``bptt-sym derive --across`` prints: the derivation of the file's loss by ``--of``."""
    path, parameter, format = asked.across, asked.of, asked.format
    if asked.cell or asked.define or asked.T != "T":
        raise InputError(
            "--across has recurrences of its own, each for every T",
            hint="leave out CELL, -T and --define",
        )
    if format not in FORMATS:
        raise InputError(
            f"no format {format!r} across recurrences", token=format, hint=", ".join(FORMATS)
        )
    try:
        net = joined_from_file(path)
    except ModelError as error:
        raise InputError(f"{path}: {error}") from error
    if parameter is None:
        raise InputError("--across needs --of stage.name", hint=", ".join(net.parameters))
    across = derive_across(net, parameter, asked.form or "adjoint")
    return as_json(across) if format == "json" else str(getattr(across, format)())


def as_json(across: Across) -> str:
    """Every part with its heading, its derivation and the equation between cotangents."""
    parts = [
        {"part": heading, "derivation": json.loads(body) if body else None, "equation": equation}
        for heading, body, equation in across._sections("json")
    ]
    return json_text({"title": across.title, "parts": parts}, indent=2)


def _stage(path: str | Path, name: str, entry: Any) -> Any:
    if not isinstance(entry, dict):
        raise InputError(f"{path}: stage.{name} is not a table")
    _only(entry, "stage", f"{path}: stage.{name}")
    try:
        told = Setting(
            cell=str(entry.get("cell", "")),
            define=tuple(map(str, _list(entry.get("define", [])))),
            shape=tuple(map(str, _list(entry.get("shape", [])))),
            scalar=bool(entry.get("scalar", False)),
            options=tuple(map(str, _list(entry.get("option", [])))),
        ).model
        return replace(told, name=name)
    except InputError as error:
        raise InputError(
            f"{path}: stage.{name}: {error.message}", token=error.token, hint=error.hint
        ) from error


def _wire(path: str | Path, entry: Any) -> Wire:
    if not isinstance(entry, dict):
        raise InputError(f"{path}: a wire is a table", hint="write [[wire]]")
    _only(entry, "wire", f"{path}: wire")
    ends = [str(entry.get(end, "")).partition(".") for end in ("from", "to")]
    if not all(stage and name for stage, _, name in ends):
        raise InputError(
            f"{path}: a wire goes from one stage's sequence to another's name",
            hint='from = "encoder.h", to = "decoder.s"',
        )
    how = entry.get("how", "same")
    if how not in _HOW:
        raise InputError(f"{path}: how = {how!r}", token=str(how), hint=", ".join(_HOW))
    (source, _, sequence), (target, _, name) = ends
    return Wire(source, sequence, target, name, how)


def _table(path: str | Path, data: dict[str, Any], key: str) -> dict[str, Any]:
    value = data.get(key, {})
    if not isinstance(value, dict):
        raise InputError(f"{path}: {key} is not a table", token=key)
    return value


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _only(entry: dict[str, Any], kind: str, where: str) -> None:
    unknown = sorted(set(entry) - _KNOWN[kind])
    if unknown:
        raise InputError(
            f"{where}: {unknown[0]!r} is not known", token=unknown[0],
            hint="there are " + ", ".join(sorted(_KNOWN[kind])),
        )  # fmt: skip


__all__ = ["as_json", "joined_from_file", "printed"]
