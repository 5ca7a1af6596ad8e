"""A test that shows a failure again, as source: the numbers, and where the code is from."""

from __future__ import annotations

import sys
from ast import literal_eval
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from types import MethodType
from typing import Any, final

import numpy as np

from bptt_sym.cells import cell, names
from bptt_sym.errors import BpttError
from bptt_sym.notation import At, Idx, num
from bptt_sym.read import recurrence_from_latex
from bptt_sym.recurrence import Recurrence
from bptt_sym.render.latex import latex
from bptt_sym.testing.models import MODELS, WEIGHT, Model, model_of
from bptt_sym.testing.named import held, name_of
from bptt_sym.testing.problems import Problem

Array = Any


@final
@dataclass(frozen=True)
class Written:
    """A gradient function as source: what is imported for it, and the expression itself.

    ``absent`` is what a person has to put in, where nothing can be imported: a local function.
    """

    imports: tuple[str, ...]
    expression: str
    name: str
    absent: str = ""

    @staticmethod
    def of(gradient: Callable[..., Any]) -> Written:
        """What a person writes for ``gradient``."""
        module, held_as = held(gradient)
        if held_as and module != "__main__":
            return Written((f"from {module} import {held_as}",), held_as, held_as)
        if hasattr(gradient, "made_by"):
            maker, inner, rest = gradient.made_by
            own = Written.of(inner)
            imports = (f"from bptt_sym.testing import {maker}", *own.imports)
            return replace(own, imports=imports, expression=f"{maker}({own.expression}{rest})")
        if isinstance(gradient, partial):
            return _partial(gradient)
        home, path = _home(gradient)
        name = path.rpartition(".")[2]
        name = name if name.isidentifier() else "gradient"
        if home:
            return Written((f"from {home} import {path.partition('.')[0]}",), path, name)
        return Written((), name, name, name_of(gradient))


def _partial(gradient: partial[Any]) -> Written:
    """``partial(f, 2, transpose=False)``, if all arguments can be written."""
    own = Written.of(gradient.func)
    named = [f"{k}={v!r}" for k, v in gradient.keywords.items()]
    try:
        for value in (*gradient.args, *gradient.keywords.values()):
            literal_eval(repr(value))
    except (ValueError, SyntaxError):
        return Written((), own.name, own.name, f"partial of {name_of(gradient)}")
    expression = f"partial({', '.join([own.expression, *map(repr, gradient.args), *named])})"
    return replace(own, imports=("from functools import partial", *own.imports),
                   expression=expression)  # fmt: skip


def _home(gradient: Any) -> tuple[str, str]:
    """The module that ``gradient`` can be imported from, and what it is called there."""
    kind = gradient if hasattr(gradient, "__qualname__") else type(gradient)
    module, path = getattr(kind, "__module__", None) or "", kind.__qualname__
    space = getattr(sys.modules.get(module), "__dict__", {})
    if module == "__main__":
        return "", path
    found: Any = space.get(path.partition(".")[0])
    for part in path.split(".")[1:]:
        found = getattr(found, part, None)
    if found is gradient or (isinstance(found, MethodType) and found == gradient):
        return module, path
    # An object that a module holds, or a method of one.
    owner = getattr(gradient, "__self__", gradient)
    for name, value in list(space.items()):
        if value is owner and name.isidentifier():
            return module, name if owner is gradient else f"{name}.{path.rpartition('.')[2]}"
    return "", path


def reproduction(p: Problem, gradient: Written) -> str:
    """A test function that shows the failure, ready to be pasted.

    Array literals are exact: ``repr`` of a float reads back as the same float.
    """
    imports, before, model = _model(p.model)
    lines = [*before, "    p = problem(", f"        {model},", "        {"]
    lines += [f"            {k!r}: {_literal(v)}," for k, v in p.params.items()]
    lines.append("        },")
    series = dict(p.series)
    target = next(iter(p.model.targets.values()))
    if p.model.inputs:
        lines.append(f"        x={_literal(series.pop(p.model.inputs[0]))},")
    lines.append(f"        targets={_literal(series.pop(target))},")
    extra = {}
    for state, value in p.initial.items():
        if not value.any():
            continue
        if state in ("h", "c"):
            lines.append(f"        {state}0={_literal(value)},")
        else:
            extra[f"{state}0"] = value
    if not (p.mask == 1).all():
        lines.append(f"        mask={_literal(p.mask)},")
    if not (p.loss_weights == 1).all():
        lines.append(f"        loss_weights={_literal(p.loss_weights)},")
    if p.learned:
        lines.append("        learned=True,")
    if p.dtype != np.float64:
        lines.append(f'        dtype="{p.dtype}",')
    for k, v in {**series, **extra}.items():
        lines.append(f"        **{{{k!r}: {_literal(v)}}},")
    head = [*imports, "from bptt_sym.testing import assert_gradient, problem", *gradient.imports]
    test = ["", "", f"def test_{gradient.name}() -> None:", *lines, "    )"]
    if gradient.absent:
        test.insert(2, f"# Put {gradient.name} in here: {gradient.absent} cannot be imported.")
    return "\n".join([*_sorted(head), *test, f"    assert_gradient(p, {gradient.expression})"])


def _sorted(imports: list[str]) -> Iterator[str]:
    """One line for each module."""
    by: dict[str, set[str]] = {}
    for line in imports:
        module, _, found = line.removeprefix("from ").partition(" import ")
        by.setdefault(module, set()).update(found.split(", "))
    for module in sorted(by, key=lambda m: (not m.startswith("bptt_sym"), m)):
        yield f"from {module} import {', '.join(sorted(by[module]))}"


def _model(model: Model) -> tuple[list[str], list[str], str]:
    """The model as source, by its name, its cell's, or its equations: imports, lines before it."""
    if model.name in MODELS:
        return ["from bptt_sym.testing import named_model"], [], f'named_model("{model.name}")'
    imports = ["from bptt_sym.testing import model_of"]
    bound = dict(model.bind)
    rest = f", bind={bound!r}" if bound else ""
    if model.name in names() and model_of(cell(model.name), bind=bound).rec == model.rec:
        imports.append("from bptt_sym.cells import cell")
        return imports, [], f'model_of(cell("{model.name}"){rest})'
    written = _equations(model, bound)
    if written:
        imports.append("from bptt_sym.read import recurrence_from_latex")
    return imports, written, f"model_of(recurrence{rest})"


def _equations(model: Model, bound: dict[str, str]) -> list[str]:
    """What the recurrence is read from; nothing if that would be another one."""
    own = {*model.targets.values(), WEIGHT}
    shapes = {k: v for k, v in model.rec.shapes.items() if k not in own}
    t = Idx("t")
    lines = [f"{latex(At(e.target, t))} = {latex(e.rhs)}" for e in model.rec.equations]
    lines += [f"{latex(At(s, num(0)))} = {latex(v)}" for s, v in model.rec.initial.items()]
    try:
        read: Recurrence = recurrence_from_latex(lines, name=model.name, shapes=shapes)
        if model_of(read, bind=bound).rec != model.rec:
            return []
    except BpttError:
        return []
    return [
        "    recurrence = recurrence_from_latex(", "        [",
        *(f'            r"{line}",' for line in lines), "        ],",
        f"        name={model.name!r},", f"        shapes={shapes!r},", "    )",
    ]  # fmt: skip


def _literal(value: Array) -> str:
    return repr(np.asarray(value).tolist())


__all__ = ["Written", "reproduction"]
