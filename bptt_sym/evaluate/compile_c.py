"""Build generated C with the system's compiler into a cache, and call it.

There may be no compiler: :func:`compiler` says so, and callers fall back to NumPy.
"""

from __future__ import annotations

import ctypes
import hashlib
import math
import operator
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, final

import numpy as np

from bptt_sym.errors import ModelError, NotSupported
from bptt_sym.evaluate.buffers import LINE, RESHAPED, Buffers, address, pointers, shapes
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
        sig = self.signature
        self._names = [*sig.params, *sig.contexts, *sig.inputs, *sig.initial]
        self._given = [_fields(n) for n in (sig.params, sig.contexts, sig.inputs, sig.initial)]
        self._built: dict[tuple[Any, ...], Any] = {}
        self._plans: dict[tuple[Any, ...], _Plan] = {}
        self._last: _Arguments | None = None
        #: Sequences of many lengths share the longest one's workspace.
        self._workspaces = Buffers()
        self._results = Buffers(idle=2)

    @property
    def source(self) -> str:
        """The float64 source."""
        return self.sources[DOUBLE.name]

    @property
    def memory(self) -> int:
        """Bytes of all workspaces that are held."""
        return self._workspaces.memory

    def _function(self, precision: Precision, sizes: tuple[int, ...]) -> Any:
        key = (precision.name, *(sizes if self.specialize else ()))
        if key not in self._built:
            defines = {}
            if self.specialize:
                defines = dict(zip(map(identifier, self.signature.dims), sizes, strict=True))
            text = self.sources[precision.name] + self._entry
            library = ctypes.CDLL(str(build(text, defines)))
            library.gradient_workspace.restype = ctypes.c_size_t
            library.gradient_of.restype = None
            library.gradient_of.argtypes = [ctypes.c_int, *[ctypes.c_void_p] * 5]
            library.reshaped.argtypes = [ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
            self._built[key] = library
        return self._built[key]

    @property
    def _entry(self) -> str:
        """A function that takes its many arguments in arrays: fifty of them cost time.

        Outputs are given as bytes from the beginning of the results, -1 for what nobody wants.
        """
        sig = self.signature
        sizes = [f"s[{k}]" for k in range(2 + len(sig.dims))]
        given = [f"*p[{k}]" for k in range(len(self._names) + len(sig.seeds))]
        wanted = [f"at[{k}] < 0 ? NULL : (void *)(r + at[{k}])" for k in range(len(sig.outputs))]
        return (
            RESHAPED + "\nvoid gradient_of(int part, const long *s, void *const *const *p,\n"
            "    const long *at, char *r, void *work)\n{\n    gradient(part, "
            + ", ".join([*sizes, *given, *wanted, "work"])
            + ");\n}\n"
        )

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
        call = self._arguments(params, inputs, initial or {}, context or {})
        wanted = self.rec.defined if sequences else ()
        cotangents = self._seeds(call.plan, seeds) if seeds or self.signature.seeds else _NONE
        work = call.workspace(self._workspaces)
        values = call.run(FORWARD | BACKWARD, wanted, cotangents, work, self._results)
        call.idle.append(work)
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
        call = self._arguments(params, inputs, initial or {}, context or {})
        wanted = self.rec.defined if sequences is None else sequences
        tape = _Tape(call, call.workspace(self._workspaces))
        values = call.run(FORWARD, wanted, _NONE, tape.work, self._results)
        return {identifier(k): v for k, v in values.items()}, tape

    def backward(self, tape: _Tape, seeds: Mapping[str, Array] | None = None) -> dict[str, Array]:
        """The gradient by name; an initial value's is under its state's name and ``0``."""
        cotangents = self._seeds(tape.call.plan, seeds)
        return tape.call.run(BACKWARD, (), cotangents, tape.work, self._results)

    def _seeds(self, plan: _Plan, seeds: Mapping[str, Array] | None) -> dict[str, Array]:
        """Cotangents of every sequence that has some; those not given are 0."""
        out: dict[str, Array] = {}
        for name in self.signature.seeds:
            shape = plan.shapes[name]
            value = (seeds or {}).get(name)
            if value is None:
                out[name] = np.zeros(shape, plan.precision.dtype)
                continue
            out[name] = np.asarray(value, plan.precision.dtype, order="C")
            if out[name].shape != shape:
                raise ModelError(
                    f"{self.rec.name}: the cotangent of {name!r} has shape {out[name].shape}, "
                    f"the sequence {shape}"
                )
        for name in seeds or {}:
            if name not in out:
                raise ModelError(f"{self.rec.name}: no cotangent of {name!r} enters here")
        return out

    def _arguments(
        self,
        params: Mapping[str, Array],
        inputs: Mapping[str, Array],
        initial: Mapping[str, Array],
        context: Mapping[str, Array],
    ) -> _Arguments:
        """The arguments as C takes them, and the plan for their sizes."""
        weights, contexts, series, starts = self._given
        try:
            given = weights(params) + contexts(context) + series(inputs) + starts(initial)
        except KeyError as error:
            raise ModelError(f"{self.rec.name}: {error.args[0]!r} is missing") from None
        last = self._last
        # Training calls with the same arrays again and again.
        if last is not None and last.holds(given):
            return last
        self._last = None  # and with it its workspace
        count = len(self.signature.params)
        single = count > 0 and _dtypes(given[:count]) == _SINGLE_ONLY
        precision = SINGLE if single else DOUBLE
        arrays = list(map(partial(np.asarray, dtype=precision.dtype, order="C"), given))
        key = (precision.name, *[a.shape for a in arrays])
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = self._plan(
                precision, dict(zip(self._names, arrays, strict=True))
            )
        call = _Arguments(arrays, plan, pointers(arrays), shapes(arrays))
        if all(map(operator.is_, arrays, given)):
            self._last = call
        return call

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
        longs = np.array([steps, batch, *sizes], ctypes.c_long)
        size = int(library.gradient_workspace(*map(ctypes.c_long, longs.tolist())))
        return _Plan(
            library.gradient_of, library.reshaped, precision, longs, address(longs), outputs,
            {n: outputs[n] for n in sig.seeds}, size * np.dtype(precision.dtype).itemsize,
            list(sig.seeds),
        )  # fmt: skip


FORWARD, BACKWARD = 1, 2


@final
@dataclass(frozen=True)
class _Layout:
    """Where what is asked for lies in one array of bytes."""

    #: By output: how many bytes from the beginning, or -1 for what is not asked for.
    places: Array
    places_address: int
    #: The same for what is asked for, as a data type with a field for each.
    record: np.dtype[Any]
    names: tuple[str, ...]
    fields: Callable[[Array], tuple[Array, ...]]


@final
@dataclass(frozen=True)
class _Plan:
    """How to call the compiled function for arrays of certain shapes."""

    function: Any
    reshaped: Any
    precision: Precision
    longs: Array
    longs_address: int
    outputs: dict[str, tuple[int, ...]]
    shapes: dict[str, tuple[int, ...]]
    workspace: int
    seeds: list[str]
    _layouts: dict[tuple[int, tuple[str, ...]], _Layout] = field(default_factory=dict)

    def layout(self, part: int, sequences: tuple[str, ...]) -> _Layout:
        """Where what is asked for is to be put."""
        known = self._layouts.get((part, sequences))
        if known is not None:
            return known
        at = 0
        places = np.full(len(self.outputs), -1, ctypes.c_long)
        number = np.dtype(self.precision.dtype)
        wanted: Any = {"names": [], "formats": [], "offsets": []}
        for k, (name, shape) in enumerate(self.outputs.items()):
            given = part & FORWARD and (name == "loss" or name in sequences)
            if part & BACKWARD if name.startswith("grad ") else given:
                places[k] = at
                wanted["names"].append(name.removeprefix("grad "))
                wanted["formats"].append((number, shape))
                wanted["offsets"].append(at)
                at += (number.itemsize * math.prod(shape) + LINE - 1) // LINE * LINE
        wanted["itemsize"] = at
        record = np.dtype(wanted)
        names = tuple(wanted["names"])
        made = _Layout(places, address(places), record, names, _fields(names))
        return self._layouts.setdefault((part, sequences), made)


@final
@dataclass(frozen=True, eq=False)
class _Arguments:
    """The arrays of a call that C takes as they are, and what was found out about them."""

    arrays: list[Array]
    plan: _Plan
    #: See the functions of :mod:`~bptt_sym.evaluate.buffers`.
    places: Any
    shapes: Array | None
    shapes_address: int = field(init=False)
    #: Workspaces, with their addresses, that no call has in use.
    idle: list[tuple[Array, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        where = 0 if self.shapes is None else address(self.shapes)
        object.__setattr__(self, "shapes_address", where)

    def holds(self, given: tuple[Array, ...]) -> bool:
        """Whether these are the same arrays, of the same shapes; what is in them may differ."""
        if self.shapes is None or not all(map(operator.is_, given, self.arrays)):
            return False
        return not self.plan.reshaped(len(given), self.places, self.shapes_address)

    def workspace(self, stock: Buffers) -> tuple[Array, int]:
        """One that is idle, or from the stock."""
        try:
            return self.idle.pop()  # in one step: other threads may call, too
        except IndexError:
            return stock.lend(self.plan.workspace)

    def run(
        self,
        part: int,
        sequences: Collection[str],
        seeds: Mapping[str, Array],
        work: tuple[Array, int],
        results: Buffers,
    ) -> dict[str, Array]:
        """Call the compiled function for one part, or both; the values asked for by name."""
        plan = self.plan
        layout = plan.layout(part, tuple(sequences))
        record, base = results.lend(layout.record.itemsize, layout.record)
        out = dict(zip(layout.names, layout.fields(record), strict=True))
        places = self.places
        if plan.seeds:
            places = pointers([*self.arrays, *(seeds.get(n) for n in plan.seeds)])
        plan.function(part, plan.longs_address, places, layout.places_address, base, work[1])
        return out


@final
@dataclass(frozen=True, eq=False)
class _Tape:
    """One pass: its arguments and the workspace that the forward part has filled."""

    call: _Arguments
    work: tuple[Array, int]


def _fields(names: Sequence[str]) -> Callable[[Any], tuple[Array, ...]]:
    """What takes the values of these names out of a mapping or a record."""
    if len(names) > 1:
        return operator.itemgetter(*names)
    return (lambda given: (given[names[0]],)) if names else (lambda _: ())


_NONE: Mapping[str, Array] = MappingProxyType({})


def _dtypes(given: Iterable[Array]) -> set[np.dtype[Any]]:
    try:
        return {a.dtype for a in given}
    except AttributeError:  # a list of numbers
        return {np.asarray(a).dtype for a in given}


_SINGLE_ONLY = {np.dtype(np.float32)}
