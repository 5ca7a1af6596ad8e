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
import weakref
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, final

import numpy as np

from bptt_sym.errors import ModelError, NotSupported
from bptt_sym.evaluate.c_kernels import DOUBLE, SINGLE, Precision
from bptt_sym.evaluate.c_plan import CSignature
from bptt_sym.evaluate.c_source import c_source
from bptt_sym.evaluate.fuse import fuse
from bptt_sym.evaluate.interpret import dimensions
from bptt_sym.evaluate.lower import lower
from bptt_sym.evaluate.names import identifier
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
    """Loss and gradient of a recurrence as compiled C; row-major, float64 or float32.

    Called like :class:`~bptt_sym.evaluate.compiled.NumpyGradient`. Parameters that are all float32
    are computed with in float32, anything else in float64. With ``specialize`` a version is built
    for each set of sizes it meets (about half a second each, cached on disk); without, one version
    serves all sizes.

    Parameters
    ----------
    rec, loss, context, bind:
        As for :func:`~bptt_sym.evaluate.lower.lower`.
    seeds:
        Without a loss: the sequences that cotangents are given for (all of them by default).
    wrt_inputs:
        Whether gradients of the inputs are wanted, or of which.

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
        context: Iterable[str] = (),
        bind: Mapping[str, str] | None = None,
        seeds: Collection[str] | None = None,
        wrt_inputs: bool | Collection[str] = False,
        specialize: bool = False,
    ) -> None:
        if compiler() is None:
            raise NotSupported("there is no C compiler; the numpy backend needs none")
        self.rec = rec
        self.specialize = specialize
        program = fuse(lower(rec, loss=loss, context=context, bind=bind))
        shown = rec.totals[loss] if isinstance(loss, str) else loss
        entering: bool | Collection[str] = (loss is None) if seeds is None else seeds
        self.signature: CSignature
        self.sources: dict[str, str] = {}
        for precision in (SINGLE, DOUBLE):
            self.sources[precision.name], self.signature = c_source(
                rec, program, loss=shown, seeds=entering, wrt_inputs=wrt_inputs, precision=precision
            )
        self._built: dict[tuple[Any, ...], Any] = {}
        self._plans: dict[tuple[Any, ...], _Plan] = {}
        #: Workspaces of passes that are over: sequences of many lengths share the longest one's.
        self._free: list[tuple[weakref.ref[_Tape] | None, Array]] = []

    @property
    def source(self) -> str:
        """The float64 source."""
        return self.sources[DOUBLE.name]

    @property
    def memory(self) -> int:
        """Bytes of all workspaces that are held."""
        return sum(work.nbytes for _, work in self._free)

    def _function(self, precision: Precision, sizes: tuple[int, ...]) -> Any:
        key = (precision.name, *(sizes if self.specialize else ()))
        if key not in self._built:
            defines = {}
            if self.specialize:
                defines = dict(zip(map(identifier, self.signature.dims), sizes, strict=True))
            library = ctypes.CDLL(str(build(self.sources[precision.name], defines)))
            library.gradient_workspace.restype = ctypes.c_size_t
            library.gradient.restype = None
            self._built[key] = library
        return self._built[key]

    def __call__(
        self,
        params: Mapping[str, Array],
        inputs: Mapping[str, Array],
        initial: Mapping[str, Array] | None = None,
        context: Mapping[str, Array] | None = None,
        *,
        seeds: Mapping[str, Array] | None = None,
        sequences: bool = False,
    ) -> tuple[float, dict[str, Array]]:
        """The loss and its gradient by name; with ``sequences`` also every defined sequence."""
        tape = self._start(params, inputs, initial or {}, context or {})
        wanted = self.rec.defined if sequences else ()
        values = tape.run(FORWARD | BACKWARD, wanted, self._seeds(tape, seeds))
        loss = float(values.pop("loss")) if "loss" in values else float("nan")
        return loss, values

    def forward(
        self,
        params: Mapping[str, Array],
        inputs: Mapping[str, Array],
        initial: Mapping[str, Array] | None = None,
        context: Mapping[str, Array] | None = None,
        *,
        sequences: Collection[str] | None = None,
    ) -> tuple[dict[str, Array], _Tape]:
        """Sequences by identifier (all, or those named) and ``"loss"``; the tape for the way back.

        As long as the tape is kept, the workspace of this pass is.
        """
        tape = self._start(params, inputs, initial or {}, context or {})
        wanted = self.rec.defined if sequences is None else sequences
        values = tape.run(FORWARD, wanted, {})
        return {identifier(k): v for k, v in values.items()}, tape

    def backward(self, tape: _Tape, seeds: Mapping[str, Array] | None = None) -> dict[str, Array]:
        """The gradient by name; an initial value's is under its state's name and ``0``."""
        return tape.run(BACKWARD, (), self._seeds(tape, seeds))

    def _seeds(self, tape: _Tape, seeds: Mapping[str, Array] | None) -> dict[str, Array]:
        """Cotangents of every sequence that has some; those not given are 0."""
        out: dict[str, Array] = {}
        for name in self.signature.seeds:
            shape = tape.plan.shapes[name]
            value = (seeds or {}).get(name)
            if value is None:
                out[name] = np.zeros(shape, tape.plan.precision.dtype)
                continue
            out[name] = np.asarray(value, tape.plan.precision.dtype, order="C")
            if out[name].shape != shape:
                raise ModelError(
                    f"{self.rec.name}: the cotangent of {name!r} has shape {out[name].shape}, "
                    f"the sequence {shape}"
                )
        for name in seeds or {}:
            if name not in out:
                raise ModelError(f"{self.rec.name}: no cotangent of {name!r} enters here")
        return out

    def _start(
        self,
        params: Mapping[str, Array],
        inputs: Mapping[str, Array],
        initial: Mapping[str, Array],
        context: Mapping[str, Array],
    ) -> _Tape:
        """The arguments as C takes them, the plan for their sizes, and a workspace."""
        sig: CSignature = self.signature
        groups = ((sig.params, params), (sig.contexts, context), (sig.inputs, inputs),
                  (sig.initial, initial))  # fmt: skip
        for names, given in groups:
            for name in names:
                if name not in given:
                    raise ModelError(f"{self.rec.name}: {name!r} is missing")
        single = bool(sig.params) and all(
            np.asarray(params[n]).dtype == np.float32 for n in sig.params
        )
        precision = SINGLE if single else DOUBLE
        pairs = [(n, g[n]) for names, g in groups for n in names]
        arrays = [np.asarray(v, precision.dtype, order="C") for _, v in pairs]
        key = (precision.name, *(a.shape for a in arrays))
        plan = self._plans.get(key)
        if plan is None:
            given = dict(zip([n for n, _ in pairs], arrays, strict=True))
            plan = self._plans[key] = self._plan(precision, given)
        place = next(
            (
                k for k, (held, work) in enumerate(self._free)
                if (held is None or held() is None) and work.nbytes >= plan.workspace
            ),
            None,
        )  # fmt: skip
        if place is None:
            # A longer one takes the place of one that nobody uses any more.
            idle = [k for k, (held, _) in enumerate(self._free) if held is None or held() is None]
            place = idle[0] if idle else len(self._free)
            self._free[place : place + 1] = [(None, np.empty(plan.workspace, np.uint8))]
        work = self._free[place][1]
        tape = _Tape(plan, arrays, work)
        self._free[place] = (weakref.ref(tape), work)
        return tape

    def _plan(self, precision: Precision, given: Mapping[str, Array]) -> _Plan:
        """Sizes, places of the results and workspace for arrays of these shapes."""
        sig, rec = self.signature, self.rec
        first = {}
        for n in sig.initial:
            v = given[n]
            first[n] = v[0] if v.ndim == len(rec.shape(n)) + 2 else v
        # A context is (B, ...), as an initial value is.
        first |= {n: given[n] for n in sig.contexts}
        dims, steps, batch = dimensions(
            rec, {n: given[n] for n in sig.params}, {n: given[n] for n in sig.inputs}, first
        )
        outputs: dict[str, tuple[int, ...]] = {}
        for name, shape, lead in sig.outputs:
            own = tuple(s.value(dims) for s in shape)
            front: tuple[int, ...] = ((), (batch,), (steps, batch))[lead]
            start = given.get(name[5:-1]) if name.endswith("0") else None
            if lead == 1 and start is not None and start.ndim == len(own) + 2:
                front = (len(start), batch)
            outputs[name] = (*front, *own)
        sizes = tuple(dims[d] for d in sig.dims)
        library = self._function(precision, sizes)
        longs = [ctypes.c_long(v) for v in (steps, batch, *sizes)]
        count = len(given) + len(sig.seeds) + len(sig.outputs) + 1
        function = library.gradient
        function.argtypes = [ctypes.c_int] + [ctypes.c_long] * len(longs)
        function.argtypes += [ctypes.c_void_p] * count
        size = int(library.gradient_workspace(*longs)) * np.dtype(precision.dtype).itemsize
        shapes = {n: outputs[n] for n in sig.seeds}
        return _Plan(
            function, precision, [v.value for v in longs], outputs, shapes, size, list(sig.seeds)
        )


FORWARD, BACKWARD = 1, 2
#: Numbers in all; each output's place in bytes; (name, from, to, shape) of those asked for.
_Layout = tuple[int, list[int | None], list[tuple[str, int, int, tuple[int, ...]]]]


@final
@dataclass(frozen=True)
class _Plan:
    """How to call the compiled function for arrays of certain shapes."""

    function: Any
    precision: Precision
    longs: list[int]
    outputs: dict[str, tuple[int, ...]]
    shapes: dict[str, tuple[int, ...]]
    workspace: int
    seeds: list[str]
    _layouts: dict[tuple[int, tuple[str, ...]], _Layout] = field(default_factory=dict)

    def layout(self, part: int, sequences: tuple[str, ...]) -> _Layout:
        """Where what is asked for lies in one array: its size, bytes by output, and names."""
        known = self._layouts.get((part, sequences))
        if known is not None:
            return known
        at = 0
        places: list[int | None] = []
        named: list[tuple[str, int, int, tuple[int, ...]]] = []
        for name, shape in self.outputs.items():
            given = part & FORWARD and (name == "loss" or name in sequences)
            if not (part & BACKWARD if name.startswith("grad ") else given):
                places.append(None)
                continue
            end = at + math.prod(shape)
            places.append(at * np.dtype(self.precision.dtype).itemsize)
            named.append((name.removeprefix("grad "), at, end, shape))
            at = end
        return self._layouts.setdefault((part, sequences), (at, places, named))


@final
@dataclass(eq=False)
class _Tape:
    """One pass: its arguments and the workspace that the forward part has filled."""

    plan: _Plan
    arrays: list[Array]
    work: Array

    def run(
        self, part: int, sequences: Collection[str], seeds: Mapping[str, Array]
    ) -> dict[str, Array]:
        """Call the compiled function for one part, or both; the values asked for by name."""
        plan = self.plan
        total, places, named = plan.layout(part, tuple(sequences))
        results = np.empty(total, plan.precision.dtype)
        base = _address(results)
        out = {name: results[at:end].reshape(shape) for name, at, end, shape in named}
        entering = [seeds.get(n) for n in plan.seeds]
        plan.function(
            part,
            *plan.longs,
            *map(_address, self.arrays),
            *(None if a is None else _address(a) for a in entering),
            *(None if at is None else base + at for at in places),
            _address(self.work),
        )
        return out


def _address(a: Array) -> int:
    """Where an array's numbers begin; the buffer protocol is three times as fast as NumPy's own."""
    try:
        return ctypes.addressof(ctypes.c_char.from_buffer(a))
    except (TypeError, ValueError):  # not to be written to, or empty
        return int(a.__array_interface__["data"][0])
