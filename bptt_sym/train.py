r"""One small training loop: Adam, minibatches, early stopping, checkpoints, resumption.

It knows nothing of recurrences: a :class:`Task` gives batches, gradients and a score. Everything
random comes from the seed and the place in the run, so that a run that was broken off and resumed
is, number for number, the run that was not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol, final

import numpy as np

from bptt_sym import weights
from bptt_sym.errors import BpttError, InputError

Array = Any
Arrays = dict[str, Array]


class GradientMismatch(BpttError):
    """The gradient differs from the reference's by more than is allowed."""


class Task(Protocol):
    """What is trained."""

    def batches(self, rng: np.random.Generator) -> Sequence[Any]:
        """The batches of one epoch, in order."""

    def gradient(
        self, params: Mapping[str, Array], batch: Any, rng: np.random.Generator
    ) -> tuple[float, Arrays]:
        """Mean loss of a batch and its gradient; ``rng`` is for dropout masks."""

    def score(self, params: Mapping[str, Array]) -> float:
        """What early stopping looks at, on held-out data; smaller is better."""

    def reference(
        self, params: Mapping[str, Array], batch: Any, rng: np.random.Generator
    ) -> tuple[float, Arrays] | None:
        """The same as :meth:`gradient` by another program, ``None`` where there is none."""


@final
@dataclass(frozen=True)
class Settings:
    """``check_every`` counts batches, ``checkpoint_every`` batches too; 0 is never.

    ``clip`` bounds the Euclidean norm of the whole gradient; ``patience`` is the number of epochs
    without a better score after which training stops (0: never). ``tolerance`` is the relative
    difference (of norms) to the reference that is allowed.
    """

    epochs: int
    rate: float = 1e-3
    clip: float = 0.0
    decay: float = 1.0
    patience: int = 0
    seed: int = 0
    checkpoint_every: int = 100
    check_every: int = 0
    tolerance: float = 1e-9
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8


@final
@dataclass
class Run:
    """Where a run is; what a checkpoint holds."""

    params: Arrays
    best: Arrays
    m: Arrays
    v: Arrays
    steps: int = 0
    epoch: int = 0
    batch: int = 0
    losses: list[float] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    seconds: float = 0.0
    partial: float = 0.0
    checked: int = 0
    worst: float = 0.0

    @property
    def best_epoch(self) -> int:
        """The epoch (from 0) of the best score."""
        return int(np.argmin(self.scores)) if self.scores else -1


@final
@dataclass(frozen=True)
class Progress:
    """What a callback is told after every batch."""

    epoch: int
    epochs: int
    batch: int
    batches: int
    loss: float
    losses: Sequence[float]
    scores: Sequence[float]


def train(
    task: Task,
    params: Mapping[str, Array],
    settings: Settings,
    *,
    checkpoint: Path | str | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Run:
    """Train from ``params``, or from ``checkpoint`` if that file is there; ``best`` is the result.

    Adam is that of Kingma & Ba 2015, with bias correction; the rate is multiplied by ``decay``
    after every epoch.

    Raises
    ------
    InputError
        A checkpoint of other settings or of another model.
    GradientMismatch
        From ``check_every``: the gradient is not the reference's.
    """
    run = _resumed(checkpoint, params, settings) or _fresh(params)
    start = time.perf_counter() - run.seconds
    while run.epoch < settings.epochs and not _exhausted(run, settings):
        batches = task.batches(np.random.default_rng([settings.seed, run.epoch]))
        while run.batch < len(batches):
            batch, place = batches[run.batch], [settings.seed, run.epoch, run.batch]
            loss, grads = task.gradient(run.params, batch, np.random.default_rng(place))
            if not np.isfinite(loss):
                raise BpttError(f"the loss is {loss} in epoch {run.epoch}, batch {run.batch}")
            if settings.check_every and run.steps % settings.check_every == 0:
                _check(task, run, batch, place, grads, settings)
            _adam(run, grads, settings)
            run.batch += 1
            run.partial += loss
            if progress is not None:
                told = (run.batch, len(batches), run.partial / run.batch)
                progress(Progress(run.epoch, settings.epochs, *told, run.losses, run.scores))
            every = settings.checkpoint_every
            if checkpoint is not None and every and run.steps % every == 0:
                run.seconds = time.perf_counter() - start
                _write(checkpoint, run, settings)
        run.losses.append(run.partial / max(len(batches), 1))
        run.scores.append(task.score(run.params))
        if run.best_epoch == len(run.scores) - 1:
            run.best = {k: p.copy() for k, p in run.params.items()}
        run.epoch, run.batch, run.partial = run.epoch + 1, 0, 0.0
        run.seconds = time.perf_counter() - start
        if checkpoint is not None:
            _write(checkpoint, run, settings)
    return run


def _fresh(params: Mapping[str, Array]) -> Run:
    own = {k: np.array(p) for k, p in params.items()}
    zero = {k: np.zeros_like(p) for k, p in own.items()}
    copies = [{k: p.copy() for k, p in a.items()} for a in (own, zero, zero)]
    return Run(own, copies[0], copies[1], copies[2])


def _exhausted(run: Run, s: Settings) -> bool:
    return bool(s.patience) and len(run.scores) - 1 - run.best_epoch >= s.patience


def _adam(run: Run, grads: Mapping[str, Array], s: Settings) -> None:
    run.steps += 1
    scale = 1.0
    if s.clip:
        norm = float(np.sqrt(sum(float((g.astype(np.float64) ** 2).sum()) for g in grads.values())))
        scale = min(1.0, s.clip / norm) if norm else 1.0
    rate = s.rate * s.decay**run.epoch
    first, second = 1 - s.beta1**run.steps, 1 - s.beta2**run.steps
    for name, p in run.params.items():
        g = grads[name] if scale == 1.0 else scale * grads[name]
        m, v = run.m[name], run.v[name]
        m *= s.beta1
        m += (1 - s.beta1) * g
        v *= s.beta2
        v += (1 - s.beta2) * g * g
        p -= (rate / first) * m / (np.sqrt(v / second) + s.epsilon)


def _check(
    task: Task, run: Run, batch: Any, place: list[int], grads: Mapping[str, Array], s: Settings
) -> None:
    found = task.reference(run.params, batch, np.random.default_rng(place))
    if found is None:
        return
    for name, g in grads.items():
        other = found[1][name]
        size = float(np.linalg.norm(other)) + float(np.linalg.norm(g))
        off = 0.0 if size == 0 else 2 * float(np.linalg.norm(g - other)) / size
        run.worst = max(run.worst, off)
        if not off <= s.tolerance:
            raise GradientMismatch(
                f"epoch {run.epoch}, batch {run.batch}: the gradient of {name!r} differs from the "
                f"reference by {off:.1e} (allowed {s.tolerance:.0e})"
            )
    run.checked += 1


def bar(stream: Any, width: int = 24) -> Callable[[Progress], None]:
    """A progress bar for :func:`train` on a text stream, redrawn at most ten times a second.

    On a stream that is no terminal, one line an epoch.
    """
    last = 0.0
    drawn = stream.isatty()

    def told(p: Progress) -> None:
        nonlocal last
        done = p.batch == p.batches
        if not done and (not drawn or time.perf_counter() - last < 0.1):
            return
        last = time.perf_counter()
        full = width * p.batch // p.batches
        score = f", best score {min(p.scores):.4g}" if p.scores else ""
        text = f"epoch {p.epoch + 1}/{p.epochs} [{'#' * full}{'.' * (width - full)}]"
        line = f"{text} loss {p.loss:.4g}{score}"
        stream.write(f"\r{line}\x1b[K" if drawn else f"{line}\n")
        if drawn and done and p.epoch + 1 == p.epochs:
            stream.write("\n")
        stream.flush()

    return told


def peak_memory() -> float:
    """The most memory that this process has held, in MiB; nan where the system does not tell."""
    try:
        # Not getrusage: its maximum is inherited from the process that started this one.
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return float("nan")
    most = next((line.split()[1] for line in lines if line.startswith("VmHWM:")), "nan")
    return float(most) / 2**10


# -- checkpoints ----------------------------------------------------------------------------------

_GROUPS = ("params", "best", "m", "v")


def _write(path: Path | str, run: Run, settings: Settings) -> None:
    arrays = {f"{g}/{k}": a for g in _GROUPS for k, a in getattr(run, g).items()}
    plain = {k: v for k, v in vars(run).items() if k not in _GROUPS}
    weights.save(path, arrays, {"run": plain, "settings": _identity(settings)})


def _identity(settings: Settings) -> dict[str, Any]:
    """What a resumed run must have in common; how long it goes on may be changed."""
    free = ("epochs", "patience", "checkpoint_every", "check_every", "tolerance")
    return {k: v for k, v in asdict(settings).items() if k not in free}


def _resumed(
    path: Path | str | None, params: Mapping[str, Array], settings: Settings
) -> Run | None:
    if path is None or not Path(path).exists():
        return None
    shapes = {f"{g}/{k}": np.shape(p) for g in _GROUPS for k, p in params.items()}
    arrays, about = weights.load(path, shapes)
    if about.get("settings") != _identity(settings):
        raise InputError(
            f"{path} is a checkpoint of other settings: {about.get('settings')}", token=str(path)
        )
    groups = [
        {k: arrays[f"{g}/{k}"].astype(np.asarray(p).dtype) for k, p in params.items()}
        for g in _GROUPS
    ]
    own, best, m, v = groups
    return Run(own, best, m, v, **about["run"])
