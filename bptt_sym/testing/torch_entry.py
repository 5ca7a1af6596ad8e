"""PyTorch code as a gradient function: a custom ``autograd.Function`` or an ``nn.Module``.

The adapters make ``gradient(problem)`` out of PyTorch code, so that
:func:`~bptt_sym.testing.check.assert_gradient` applies with all it knows. PyTorch is imported when
an adapter is called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bptt_sym.errors import InputError, NotSupported
from bptt_sym.testing.compare import NoGradient
from bptt_sym.testing.problems import Problem, compared

Array = Any
Tensor = Any


def _torch() -> Any:
    try:
        import torch
    except ImportError:
        raise NotSupported("PyTorch is not installed; the extra bptt-sym[torch] has it") from None
    return torch


def _loss(outputs: Any, problem: Problem) -> Tensor:
    """The problem's loss of what PyTorch code returns."""
    torch = _torch()
    weight = torch.tensor(problem.loss_weights[:, None] * problem.mask)
    total = 0.0
    for y, target in compared(outputs, problem):
        if not isinstance(y, torch.Tensor):
            raise TypeError(f"the outputs are {type(y).__name__}, no tensor")
        error = y - torch.tensor(target)
        by = weight.reshape(*weight.shape, *[1] * (error.ndim - 2))
        total = total + 0.5 * (by * error * error).sum()
    return total


def _gradient(tensor: Tensor) -> Array:
    """What came back to a tensor, in its shape."""
    if tensor.grad is None:
        return np.zeros(tuple(tensor.shape)).view(NoGradient)
    return tensor.grad.numpy()


def from_torch(
    outputs: Callable[[dict[str, Tensor], Problem], Tensor],
) -> Callable[[Problem], dict[str, Array]]:
    """A gradient function from PyTorch code that computes the outputs.

    ``outputs(tensors, problem)`` gets the parameters, ``x`` and the initial states as tensors and
    returns the outputs, (T, B, O), or a mapping with those of each state that the loss compares. A
    custom ``autograd.Function`` inside it is what gets tested:
    its ``backward`` receives the cotangents of the problem's loss, with weights and mask.
    """

    def gradient(problem: Problem) -> dict[str, Array]:
        torch = _torch()
        tensors = {k: torch.tensor(v, requires_grad=True) for k, v in problem.params.items()}
        tensors["x"] = torch.tensor(problem.x, requires_grad=True)
        for state in problem.initial:
            tensors[f"{state}0"] = torch.tensor(problem.start(state), requires_grad=True)
        before = {k: v.detach().clone() for k, v in tensors.items()}
        _loss(outputs(tensors, problem), problem).backward()
        for name, value in tensors.items():
            if not torch.equal(value.detach(), before[name]):
                raise AssertionError(f"the tensor {name} was changed in place")
        return {k: _gradient(v) for k, v in tensors.items()}

    gradient.__qualname__ = getattr(outputs, "__qualname__", "outputs")
    gradient.__module__ = getattr(outputs, "__module__", "")
    gradient.made_by = ("from_torch", outputs, "")  # type: ignore[attr-defined]
    return gradient


def from_module(
    make: Callable[[Problem], Any],
    names: Mapping[str, str | Sequence[str]],
    *,
    gates: str = "",
) -> Callable[[Problem], dict[str, Array]]:
    """A gradient function from an ``nn.Module``.

    Parameters
    ----------
    make:
        The module for a problem's sizes; it is called as ``module(x, h0[, c0])`` with x (T, B, I)
        and returns the outputs (T, B, O), or a tuple that starts with them; a mapping from states
        to theirs if the loss compares several.
    names:
        Problem parameter → parameter of the module. With several, the first gets the value and
        the others 0 (PyTorch's second bias); the gradient is that of the first.
    gates:
        The module's order of stacked gates, such as ``"ifgo"`` for ``nn.LSTM``.
    """

    def gradient(problem: Problem) -> dict[str, Array]:
        torch = _torch()
        module = make(problem)
        if not isinstance(module, torch.nn.Module):
            raise InputError(f"make(problem) returned {type(module).__name__}, no nn.Module")
        module = module.to(getattr(torch, str(problem.dtype)))
        table = dict(module.named_parameters())
        own = problem.model.gates
        _check(problem, table, names, gates)
        order = [own.index(g) for g in gates] if gates else None

        def permuted(value: Array, indices: Sequence[int] | None) -> Array:
            if indices is None or len(value) % max(1, len(own)):
                return value
            blocks = np.split(value, len(own))
            return np.concatenate([blocks[i] for i in indices])

        with torch.no_grad():
            for name, targets in names.items():
                group = [targets] if isinstance(targets, str) else list(targets)
                value = problem.params[name]
                stacked = len(problem.model.layout.get(name, ())) > 1
                table[group[0]].copy_(torch.tensor(permuted(value, order) if stacked else value))
                for extra in group[1:]:
                    table[extra].zero_()
        starts = {
            s: torch.tensor(problem.start(s), requires_grad=True) for s in problem.initial
        }
        given = [v for _, v in sorted(starts.items(), key=lambda item: item[0] != "h")]
        result = module(torch.tensor(problem.x), *given)
        _loss(result[0] if isinstance(result, tuple) else result, problem).backward()
        back = None
        if order is not None:
            back = [order.index(i) for i in range(len(order))]
        out = {}
        for name, targets in names.items():
            value = _gradient(table[targets if isinstance(targets, str) else targets[0]])
            stacked = len(problem.model.layout.get(name, ())) > 1
            moved = stacked and not isinstance(value, NoGradient)
            out[name] = permuted(value, back) if moved else value
        # A module may take its initial states as given: their gradients are judged if there.
        out |= {f"{s}0": v.grad.numpy() for s, v in starts.items() if v.grad is not None}
        return out

    gradient.__qualname__ = getattr(make, "__qualname__", "module")
    gradient.__module__ = getattr(make, "__module__", "")
    rest = f", {dict(names)!r}" + (f", gates={gates!r}" if gates else "")
    gradient.made_by = ("from_module", make, rest)  # type: ignore[attr-defined]
    return gradient


def _check(
    problem: Problem, table: Mapping[str, Any], names: Mapping[str, str | Sequence[str]], gates: str
) -> None:
    """That gates and parameters have the names that there are.

    Raises
    ------
    InputError
        One has another; those that there are stand in the message.
    """
    own = problem.model.gates
    if gates and sorted(gates) != sorted(own):
        its = f"the gates of {problem.name} are {', '.join(own)}" if own else "the cell has none"
        raise InputError(f"gates={gates!r}: {its}")
    for name, targets in names.items():
        if name not in problem.params:
            known = ", ".join(problem.params)
            raise InputError(f"{problem.name} has no parameter {name!r}; it has {known}")
        for target in [targets] if isinstance(targets, str) else targets:
            if target not in table:
                raise InputError(f"the module has no {target!r}; it has {', '.join(table)}")
