"""Numbers for problems, by regime: what hides a mistake in one regime shows in another."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import numpy as np

from bptt_sym.errors import InputError, NotSupported
from bptt_sym.evaluate.program import Size
from bptt_sym.testing.models import Model
from bptt_sym.testing.problems import Problem

Array = Any
Regime = Literal["tiny", "generic", "orthogonal", "large", "saturated", "huge", "long"]
REGIMES: tuple[Regime, ...] = (
    "tiny",
    "generic",
    "orthogonal",
    "large",
    "saturated",
    "huge",
    "long",
)


#: Problems that were drawn before, with what was computed for them: tests draw the same again.
_DRAWN: OrderedDict[Any, Problem] = OrderedDict()
_KEPT = 256


def draw(
    model: Model,
    seed: int,
    *,
    regime: Regime = "generic",
    steps: int = 5,
    batch: int = 2,
    dims: Mapping[str, int] | None = None,
    zero_start: bool = False,
    learned: bool = False,
    masked: bool = False,
    weighted: bool = False,
    dtype: Any = np.float64,
) -> Problem:
    """A problem of ``model`` with numbers drawn from ``seed``.

    * ``tiny``: everything about 0.01, the common initialisation;
    * ``generic``: pre-activations of order 1;
    * ``orthogonal``: recurrent matrices orthogonal, inputs small;
    * ``large``: recurrent matrices with norm above 1;
    * ``saturated``: pre-activations of order 10; ``huge``: of order 1000, where exp overflows;
    * ``long``: nothing decays. Recurrent matrices near signed permutations, states near 0 or
      gates that keep, so that every lag counts.

    Raises
    ------
    InputError
        Another regime, or a precision that nothing is judged in.
    NotSupported
        A recurrence that looks further back than one step.
    """
    if regime not in REGIMES:
        raise InputError(f"no regime {regime!r}", token=regime, hint=", ".join(REGIMES))
    if np.dtype(dtype) not in (np.float32, np.float64):
        hint = "float32 or float64"
        raise InputError(f"no problems in {np.dtype(dtype)}", token=str(dtype), hint=hint)
    if model.rec.max_lag > 1:
        raise NotSupported(
            f"{model.name}: problems have initial values of one step, and this looks back further"
        )
    key = (
        model, seed, regime, steps, batch, tuple(sorted((dims or {}).items())), zero_start, learned,
        masked, weighted, np.dtype(dtype),
    )  # fmt: skip
    made = _DRAWN.get(key)
    if made is None:
        made = _DRAWN[key] = _draw(*key[:5], dict(dims or {}), *key[6:])
        while len(_DRAWN) > _KEPT:
            _DRAWN.popitem(last=False)
    _DRAWN.move_to_end(key)
    return made.fresh()


def _draw(
    model: Model, seed: int, regime: Regime, steps: int, batch: int, sizes: dict[str, int],
    zero_start: bool, learned: bool, masked: bool, weighted: bool, dtype: Any,
) -> Problem:  # fmt: skip
    rng = np.random.default_rng(seed)
    rec = model.rec
    for d in rec.dims:
        sizes.setdefault(d, int(rng.integers(1, 5)))

    def shape(name: str) -> tuple[int, ...]:
        return tuple(Size.of(d).value(sizes) for d in rec.shape(name))

    params: dict[str, Array] = {}
    for packed, parts in model.layout.items():
        blocks = [_parameter(rng, model, regime, p, shape(p)) for p in parts]
        params[packed] = blocks[0] if len(parts) == 1 else np.concatenate(blocks, 0)
    if regime == "long" and model.gain == 4.0:
        # The logistic function is steepest at 0: centre the pre-activation of h = 1/2 there.
        params["b"] = -0.5 * params["U"].sum(1)
    inner = {"tiny": 1.0, "orthogonal": 0.3, "long": 0.01, "huge": 3.0}.get(regime, 1.0)
    series = {n: inner * rng.normal(size=(steps, batch, *shape(n))) for n in model.inputs}
    for n in model.targets.values():
        series[n] = rng.normal(size=(steps, batch, *shape(n)))
    initial: dict[str, Array] = {}
    for state in rec.states:
        if state in rec.initial:
            continue
        own = shape(state)
        scale = 0.02 if regime == "long" else 0.7
        start = np.zeros((batch, *own)) if zero_start else scale * rng.normal(size=(batch, *own))
        if learned:
            start = np.broadcast_to(start[0], start.shape).copy()
        initial[state] = start
    mask = np.ones((steps, batch))
    if masked:
        mask = (rng.random((steps, batch)) < 0.7).astype(float)
        if not mask.any():
            mask[-1, 0] = 1.0
    weights = rng.choice([0.25, 0.5, 1.0, 2.0, -1.5], steps) if weighted else np.ones(steps)

    def cast(a: Array) -> Array:
        return np.array(a, dtype)

    return Problem(
        model,
        {k: cast(v) for k, v in params.items()},
        {k: cast(v) for k, v in series.items()},
        {k: cast(v) for k, v in initial.items()},
        cast(mask),
        cast(weights),
        learned,
        regime,
        seed,
    )


def _parameter(
    rng: np.random.Generator, model: Model, regime: str, name: str, shape: tuple[int, ...]
) -> Array:
    value = rng.normal(size=shape)
    recurrent = len(shape) == 2 and model.rec.shape(name)[0] == model.rec.shape(name)[1]
    fan = np.sqrt(shape[-1]) if len(shape) == 2 else 1.0
    if regime == "tiny":
        return 0.01 * value
    if regime == "long":
        if name in model.keep:
            return model.keep[name] + 0.1 * value
        if model.keep and recurrent:
            return 0.05 * value
        if recurrent or not shape:
            return model.gain * _near_permutation(rng, shape)
        return (0.3 if len(shape) == 2 else 1e-3) * value / fan
    if regime == "orthogonal" and recurrent:
        return np.linalg.qr(value)[0]
    scale = {"large": 1.8, "saturated": 8.0, "huge": 300.0}.get(regime, 1.0)
    return scale * value / fan


def _near_permutation(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    sign = rng.choice([-1.0, 1.0], shape[:1])
    if not shape:
        return np.asarray(1.0 + 0.005 * rng.normal())
    base = np.eye(shape[0])[rng.permutation(shape[0])] * sign
    return base + 0.003 * rng.normal(size=shape)


def _distinct(rng: np.random.Generator, model: Model, low: int, high: int) -> dict[str, int]:
    """Sizes that all differ, so that no transposed or swapped operand fits by chance."""
    names = model.rec.dims
    high = max(high, low + len(names))
    return dict(zip(names, (int(v) for v in rng.permutation(range(low, high))), strict=False))


def cases(model: Model, profile: str = "quick", dtype: Any = None) -> Iterator[Problem]:
    """The problems of a profile, the revealing ones first.

    ``quick`` has 30, ``thorough`` 240. Both contain every regime, T = 1, all sizes 1 and all
    sizes different, square weights, several examples, masks, weights, learned and zero initial
    states, float32, and one long sequence in which every lag counts. With a ``dtype`` all have that
    one: for code that computes in float32 whatever it is given.

    Raises
    ------
    ValueError
        For another profile name.
    """
    if profile not in ("quick", "thorough"):
        raise ValueError(f"no profile {profile!r}; there are quick and thorough")
    rng = np.random.default_rng(20260101)
    rounds = 1 if profile == "quick" else 8
    for r in range(rounds):
        seed = 1000 * r

        def make(k: int, seed: int = seed, **more: Any) -> Problem:
            sizes = more.pop("dims", None) or _distinct(rng, model, 2, 6)
            own = more.pop("dtype", np.float64)
            return draw(model, seed + k, dims=sizes, dtype=own if dtype is None else dtype, **more)

        ones = dict.fromkeys(model.rec.dims, 1)
        threes = dict.fromkeys(model.rec.dims, 3)
        yield make(1, regime="generic", steps=5, batch=3)
        yield make(2, regime="generic", steps=4, batch=2, masked=True, weighted=True)
        yield make(3, regime="long", steps=150 + 10 * r, batch=2, dims=_distinct(rng, model, 2, 5))
        yield make(4, regime="saturated", steps=5, batch=2)
        yield make(5, regime="huge", steps=4, batch=2)
        yield make(6, regime="tiny", steps=5, batch=2)
        yield make(7, regime="tiny", steps=4, batch=1, zero_start=True)
        yield make(8, regime="generic", steps=1, batch=2)
        yield make(9, regime="generic", steps=1, batch=1, dims=ones)
        yield make(10, regime="generic", steps=4, batch=1, dims=ones)
        yield make(11, regime="orthogonal", steps=8, batch=2)
        yield make(12, regime="large", steps=6, batch=2)
        yield make(13, regime="generic", steps=3, batch=2, dims=threes)
        yield make(14, regime="generic", steps=2, batch=1, dims=threes, zero_start=True)
        yield make(15, regime="generic", steps=4, batch=3, learned=True)
        yield make(16, regime="generic", steps=5, batch=2, dtype=np.float32)
        yield make(17, regime="saturated", steps=3, batch=2, dtype=np.float32)
        yield make(18, regime="large", steps=9, batch=1, weighted=True)
        yield make(19, regime="orthogonal", steps=3, batch=4, masked=True)
        yield make(20, regime="generic", steps=12, batch=2, dims=ones, masked=True)
        yield make(21, regime="generic", steps=2, batch=5)
        yield make(22, regime="saturated", steps=8, batch=1, weighted=True)
        yield make(23, regime="huge", steps=2, batch=1, dims=ones)
        yield make(24, regime="long", steps=20, batch=1, dims=ones)
        yield make(25, regime="generic", steps=6, batch=2, learned=True, masked=True)
        yield make(26, regime="tiny", steps=7, batch=3, weighted=True, dtype=np.float32)
        yield make(27, regime="large", steps=4, batch=2, dims=threes, masked=True)
        yield make(28, regime="generic", steps=3, batch=1, zero_start=True)
        yield make(29, regime="orthogonal", steps=15, batch=1, dims=threes)
        yield make(30, regime="generic", steps=7, batch=2, weighted=True)
