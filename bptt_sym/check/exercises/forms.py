"""What an answer must look like besides being right: ``explicit``, ``constant``, ``only: h, w``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from bptt_sym.messages import marked
from bptt_sym.notation import At, Call, D, Fn, Idx, Node, Prod, Sum, Sym, free_indices, walk


@dataclass(frozen=True)
class Requirement:
    """A form by name; ``message`` says what is missing, with ``{names}`` for ``only``."""

    name: str
    message: str
    holds: Callable[[Node], bool]
    names: str = ""


def _without(*kinds: type[Node]) -> Callable[[Node], bool]:
    return lambda node: not any(isinstance(n, kinds) for n in walk(node))


def _with(*kinds: type[Node]) -> Callable[[Node], bool]:
    return lambda node: any(isinstance(n, kinds) for n in walk(node))


def _constant(node: Node) -> bool:
    variable = any(isinstance(n, (At, Sym, Fn, Call, D)) for n in walk(node))
    return not variable and not free_indices(node)


def _timeless(node: Node) -> bool:
    return not free_indices(node) and not any(isinstance(n, (At, Idx)) for n in walk(node))


REQUIREMENTS: Final[Mapping[str, Requirement]] = {
    r.name: r
    for r in (
        Requirement(
            "explicit",
            marked("No derivative and no unknown function may be left in the answer."),
            _without(D, Call),
        ),
        Requirement(
            "no-derivative", marked("No derivative may be left in the answer."), _without(D)
        ),
        Requirement(
            "no-activation",
            marked("The answer should be written with the states, not with the activation."),
            _without(Fn),
        ),
        Requirement(
            "no-sum", marked("The answer should have no sum over the steps."), _without(Sum)
        ),
        Requirement(
            "no-product",
            marked("The answer should have no product over the steps."),
            _without(Prod),
        ),
        Requirement(
            "sum", marked("The answer should be written as a sum over the steps."), _with(Sum)
        ),
        Requirement(
            "recursion",
            marked("The answer should use the derivative of an earlier or later step."),
            _with(D),
        ),
        Requirement("number", marked("The answer should be a number."), _constant),
        Requirement(
            "constant",
            marked("The bound must be a number: the same for every step, weight and input."),
            _constant,
        ),
        Requirement(
            "timeless",
            marked("The bound may not depend on the step or on a state."),
            _timeless,
        ),
    )
}
_ONLY: Final = marked("Only these names may stand in the answer: {names}.")


def requirement(text: str) -> Requirement | None:
    """The form that ``text`` names, ``None`` if there is none."""
    if not text.startswith("only:"):
        return REQUIREMENTS.get(text)
    names = frozenset(n.strip() for n in text.removeprefix("only:").split(",") if n.strip())

    def holds(node: Node) -> bool:
        used = {n.name for n in walk(node) if isinstance(n, (At, Sym, Call))}
        return used <= names

    return Requirement("only", _ONLY, holds, ", ".join(sorted(names)))
