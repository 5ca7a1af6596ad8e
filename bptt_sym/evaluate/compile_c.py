"""Build generated C with the system's compiler into a cache, and call it.

There may be no compiler: :func:`compiler` says so, and callers fall back to NumPy.
"""

from __future__ import annotations

import ctypes
import hashlib
import math
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, final

import numpy as np

from bptt_sym.errors import ModelError, NotSupported
from bptt_sym.evaluate.c_plan import CSignature
from bptt_sym.evaluate.c_source import c_source
from bptt_sym.evaluate.fuse import fuse
from bptt_sym.evaluate.interpret import dimensions
from bptt_sym.evaluate.lower import lower
from bptt_sym.notation import Node
from bptt_sym.recurrence import Recurrence

Array = Any

#: No -ffast-math: it would break the exact reductions that exp rests on. These two only give up
#: errno and floating-point traps, which vector code cannot keep.
FLAGS = (
    "-O3",
    "-march=native",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-mprefer-vector-width=512",
)


@lru_cache(maxsize=1)
def compiler() -> str | None:
    """The path of ``cc`` (or of ``$CC``), ``None`` if there is none."""
    return shutil.which(os.environ.get("CC", "cc"))


def cache_directory() -> Path:
    """Where shared objects are kept: below ``$XDG_CACHE_HOME`` or ``~/.cache``."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "bptt-sym"


def build(source: str, defines: Mapping[str, int] | None = None) -> Path:
    """The shared object of ``source``; built once for each text, set of flags and processor.

    Raises
    ------
    NotSupported
        No compiler, or one that refuses the source.
    """
    cc = compiler()
    if cc is None:
        raise NotSupported("there is no C compiler; the numpy backend needs none")
    flags = [*FLAGS, *(f"-DFIXED_{k}={v}" for k, v in sorted((defines or {}).items()))]
    key = hashlib.sha256("\0".join([source, cc, _processor(), *flags]).encode()).hexdigest()[:24]
    folder = cache_directory()
    target = folder / f"{key}.so"
    if target.exists():
        return target
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix="bptt-sym-"))
        target = folder / f"{key}.so"
    # Built under another name and moved: two processes may build the same thing at once.
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        text, made = Path(scratch, "gradient.c"), Path(scratch, "gradient.so")
        text.write_text(source)
        result = subprocess.run(
            [cc, *flags, "-shared", "-fPIC", "-o", str(made), str(text), "-lm"],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if result.returncode and "-mprefer-vector-width=512" in flags:
            # Other processors and compilers do not know this flag.
            flags.remove("-mprefer-vector-width=512")
            result = subprocess.run(
                [cc, *flags, "-shared", "-fPIC", "-o", str(made), str(text), "-lm"],
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
        if result.returncode:
            raise NotSupported(f"{cc} refused the generated source: {result.stderr[:2000]}")
        made.replace(target)
    return target


@lru_cache(maxsize=1)
def _processor() -> str:
    """What -march=native depends on."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        import platform

        return platform.processor()
    return next((line for line in lines if line.startswith("flags")), "")


@final
class CGradient:
    """Loss and gradient of a recurrence as compiled C; float64, row-major.

    Called like :class:`~bptt_sym.evaluate.compiled.NumpyGradient`. With ``specialize`` a version
    is built for each set of sizes it meets (about half a second each, cached on disk); without,
    one version serves all sizes.

    Raises
    ------
    NotSupported
        No compiler, or a recurrence with matrix-valued sequences.
    """

    def __init__(
        self,
        rec: Recurrence,
        *,
        loss: str | Node | None = None,
        bind: Mapping[str, str] | None = None,
        wrt_inputs: bool = False,
        specialize: bool = False,
    ) -> None:
        if compiler() is None:
            raise NotSupported("there is no C compiler; the numpy backend needs none")
        self.rec = rec
        self.specialize = specialize
        program = fuse(lower(rec, loss=loss, bind=bind))
        shown = rec.totals[loss] if isinstance(loss, str) else loss
        self.source, self.signature = c_source(
            rec, program, loss=shown, seeds=loss is None, wrt_inputs=wrt_inputs
        )
        self._built: dict[tuple[int, ...], Any] = {}
        self._plans: dict[tuple[Any, ...], _Plan] = {}
        #: Shared by all sizes: sequences of many lengths need the memory of the longest one only.
        self._work: Array = np.empty(0)

    def _function(self, sizes: tuple[int, ...]) -> Any:
        key = sizes if self.specialize else ()
        if key not in self._built:
            defines = {}
            if self.specialize:
                from bptt_sym.evaluate.names import identifier

                defines = dict(zip(map(identifier, self.signature.dims), sizes, strict=True))
            library = ctypes.CDLL(str(build(self.source, defines)))
            library.gradient_workspace.restype = ctypes.c_size_t
            library.gradient.restype = None
            self._built[key] = library
        return self._built[key]

    def __call__(
        self,
        params: Mapping[str, Array],
        inputs: Mapping[str, Array],
        initial: Mapping[str, Array] | None = None,
        seeds: Mapping[str, Array] | None = None,
        *,
        sequences: bool = False,
        gradients: bool = True,
    ) -> tuple[float, dict[str, Array]]:
        """The loss and its gradient by name; with ``sequences`` also every defined sequence.

        Without ``gradients`` only the forward pass runs, and needs no ``seeds``.
        """
        sig: CSignature = self.signature
        arrays: list[Array] = []
        for names, given in (
            (sig.params, params),
            (sig.inputs, inputs),
            (sig.initial, initial or {}),
            (sig.seeds, seeds or {}),
        ):
            for name in names:
                if names is sig.seeds and not gradients:
                    continue
                if name not in given:
                    raise ModelError(f"{self.rec.name}: {name!r} is missing")
                arrays.append(np.ascontiguousarray(given[name], np.float64))
        key = (sequences, gradients, *(a.shape for a in arrays))
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = self._plan(
                params, inputs, initial or {}, sequences, gradients
            )
        pointers: list[int | None] = [a.__array_interface__["data"][0] for a in arrays]
        if not gradients:
            pointers += [None] * len(sig.seeds)
        results = np.empty(plan.total)
        base = results.__array_interface__["data"][0]
        plan.function(
            *plan.longs,
            *pointers,
            *(None if at is None else base + 8 * at for at in plan.offsets),
            self._work.__array_interface__["data"][0],
        )
        out = {
            name: results[at : at + size].reshape(shape) for name, at, size, shape in plan.results
        }
        loss = float(results[0]) if plan.has_loss else float("nan")
        return loss, out

    def _plan(
        self,
        params: Mapping[str, Array],
        inputs: Mapping[str, Array],
        initial: Mapping[str, Array],
        sequences: bool,
        gradients: bool,
    ) -> _Plan:
        """Sizes, places of the results and workspace for arrays of these shapes."""
        sig = self.signature
        first = {
            n: v[0] if np.ndim(v) == len(self.rec.shape(n)) + 2 else v for n, v in initial.items()
        }
        shaped = {k: np.asarray(v) for k, v in params.items()}
        dims, steps, batch = dimensions(self.rec, shaped, inputs, first)
        at, has_loss = 0, False
        offsets: list[int | None] = []
        results: list[tuple[str, int, int, tuple[int, ...]]] = []
        for name, shape, lead in sig.outputs:
            own = tuple(s.value(dims) for s in shape)
            wanted = gradients if name.startswith("grad ") else sequences or lead != 2
            if not wanted:
                offsets.append(None)
                continue
            front: tuple[int, ...] = ((), (batch,), (steps, batch))[lead]
            if lead == 1 and np.ndim(initial[name[5:-1]]) == len(own) + 2:
                front = (len(initial[name[5:-1]]), batch)
            size = math.prod((*front, *own))
            offsets.append(at)
            if name == "loss":
                has_loss = True
            else:
                results.append((name.removeprefix("grad "), at, size, (*front, *own)))
            at += size
        sizes = tuple(dims[d] for d in sig.dims)
        library = self._function(sizes)
        longs = [ctypes.c_long(v) for v in (steps, batch, *sizes)]
        count = len(sig.params) + len(sig.inputs) + len(sig.initial) + len(sig.seeds)
        function = library.gradient
        function.argtypes = [ctypes.c_long] * len(longs) + [ctypes.c_void_p] * (
            count + len(offsets) + 1
        )
        size = int(library.gradient_workspace(*longs))
        if size > len(self._work):
            self._work = np.empty(size)
        return _Plan(function, [v.value for v in longs], offsets, results, at, has_loss)


@final
@dataclass(frozen=True)
class _Plan:
    """How to call the compiled function for arrays of certain shapes."""

    function: Any
    longs: list[int]
    offsets: list[int | None]
    results: list[tuple[str, int, int, tuple[int, ...]]]
    total: int
    has_loss: bool
