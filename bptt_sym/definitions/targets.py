r"""Targets: what a prediction is compared with is given, and computed by nothing.

A text whose loss compares :math:`y_t` with :math:`\hat y_t` may use the letter y elsewhere, in
``y = Wx`` of an example or in ``y_t = g(h_t)`` of a general network. Taken up, that would make the
target depend on the weights, and every gradient of the loss would lack a path.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bptt_sym.definitions.defining import Definition
from bptt_sym.definitions.usage import LOSSES
from bptt_sym.read.vocabulary import plain_name

_HAT = re.compile(r"\\(?:wide)?hat\s*(?:\{[^{}]*(?:\{[^{}]*\})?[^{}]*\}|[A-Za-z])")
_SCRIPT = re.compile(r"[_^]\s*(?:\{(?:[^{}]|\{[^{}]*\})*\}|\\[A-Za-z]+|[A-Za-z0-9])")
_PREDICTION = re.compile(r"\\hat\{\s*([A-Za-z])\s*\}")


def without_targets(
    known: Mapping[str, Definition], *, residuals: bool = False
) -> dict[str, Definition]:
    r"""``known`` without what computes a target.

    With ``residuals``, a formula of the text compares :math:`\hat y_t` with :math:`y_t`, and that
    gives way unless something is computed from it.
    """
    named = {k: plain_name(d.name) for k, d in known.items()}
    out = dict(known)
    for name in named.values():
        if (m := _PREDICTION.fullmatch(name)) is None:
            continue
        computed = [k for k, n in named.items() if n == m[1]]
        if any(known[k].recursive for k in computed):
            continue  # a state, and \\hat{h} beside it is made of it
        others = [d for k, d in known.items() if k not in computed]
        compared = any(_compares(d.right, m[1]) for d in others)
        if not compared and residuals and m[1] == "y":
            compared = not any(_mentions(d.right, "y") for d in others)
        if computed and compared:
            for k in computed:
                out.pop(k, None)
    return out


def is_target(
    d: Definition, fresh: Sequence[Definition], known: Mapping[str, Definition]
) -> bool:
    r"""Whether ``y_t``, given as some function and no more, is what :math:`\hat y_t` should be.

    So where a loss among ``fresh`` is made of both, and an equation says what the latter is.
    """
    name = plain_name(d.name)
    predicted = rf"\hat{{{name}}}"
    both = {name, predicted}
    if not d.is_unknown or not any(f.base in LOSSES and both <= f.names for f in fresh):
        return False
    return any(plain_name(o.name) == predicted for o in (*known.values(), *fresh))


def _compares(right: str, letter: str) -> bool:
    return _HAT.search(right) is not None and _mentions(right, letter)


def _mentions(right: str, letter: str) -> bool:
    """Whether the letter stands there by itself, not in a script and without a hat."""
    rest = _SCRIPT.sub(" ", _HAT.sub(" ", right))
    return re.search(rf"(?<![A-Za-z\\]){letter}(?![A-Za-z])", rest) is not None
