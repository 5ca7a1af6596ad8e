r"""Definitions: lines of mathematics to a :class:`~bptt_sym.recurrence.Recurrence`.

What a name is follows from how it stands, not from its letter: with a time index it is a sequence,
without one a parameter; a left side with a time defines a sequence, one without a time a quantity
of the whole run. Only where a name stands directly before a parenthesis with one argument does the
letter decide (``f``, ``g``, ``\phi`` and the like are functions, others multiply), and
``\sigma(…)`` is the logistic function unless a line defines it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from bptt_sym.errors import BesideError, ModelError, ReadError, ShapeError
from bptt_sym.notation import (
    At,
    Call,
    Concat,
    Had,
    Idx,
    Mul,
    Node,
    Sum,
    Sym,
    Transpose,
    affine,
    from_affine,
    num,
    rebuild,
    substitute_index,
    walk,
)
from bptt_sym.read.expressions import Binder
from bptt_sym.read.function_names import LOSS_LETTERS, find_functions, function_alias
from bptt_sym.read.grammar import parse
from bptt_sym.read.left_sides import Line, left_sides, placed
from bptt_sym.read.squares import as_number, norms_squared
from bptt_sym.read.vocabulary import ACTIVATIONS, Vocabulary, plain_name, remember
from bptt_sym.recurrence import HORIZON, STEP, Equation, Recurrence, Shape
from bptt_sym.shapes import infer_shapes, shape_of


@dataclass
class Definitions:
    """What a list of definitions says, before shapes are inferred."""

    equations: list[tuple[str, Node]]
    totals: dict[str, Node]
    initial: dict[str, Node]
    functions: dict[str, str | None]
    #: For each opaque function the sequence whose shape its value has, or ``None`` for a scalar.
    activations: dict[str, str]
    vocabulary: Vocabulary


def read_equations(
    lines: Iterable[str], *, indices: Iterable[str] = (), words: Iterable[str] = ()
) -> Definitions:
    r"""Definitions from LaTeX or Unicode lines; a line may hold several rows.

    Raises
    ------
    ReadError, UnboundName, LimitExceeded
        With the span in the line.
    """
    known_words = frozenset(words)
    texts = list(lines)
    if not texts:
        raise ReadError("no definition is given", hint=r"write h_t = \tanh(w h_{t-1} + u_t)")
    parsed = [line for text in texts for line in left_sides(text, known_words)]
    defined = {p.name for p in parsed if p.time is not None and not _is_initial(p, parsed)}
    letters = {n for p in parsed if p.time is not None for n in _index_names(p.time)}
    superscript = any(p.superscript for p in parsed)
    calls = any(p.call for p in parsed)
    activations = dict(ACTIVATIONS)
    for p in parsed:
        if p.time is None and (alias := function_alias(p)) is not None:
            activations[p.name] = alias
    functions: dict[str, str | None] = {}
    for p in parsed:
        find_functions(p, defined, activations, functions, calls)
    for name in defined:
        activations.pop(name, None)
    vocabulary = Vocabulary(
        sequences=frozenset(defined),
        functions=frozenset(functions),
        activations=activations,
        indices=frozenset({STEP, HORIZON, *letters, *indices}),
        superscript_time=superscript,
        call_time=calls,
        open=True,
        unit_identity="I" not in defined and any(map(_adds_identity, parsed)),
    )
    equations: list[tuple[str, Node]] = []
    totals: dict[str, Node] = {}
    initial: dict[str, Node] = {}
    for p in parsed:
        if p.time is None and function_alias(p) is not None:
            continue
        with placed(p.text):
            rhs = Binder(vocabulary, p.right).expr(parse(p.right, p.right[-1].end))
        if p.time is None:
            _once(p, totals)
            if not any(isinstance(n, (At, Call)) for n in walk(rhs)):
                raise BesideError(
                    f"{p.name} is defined without any state", span=p.span, token=p.name,
                    hint="write the parameters out, or define a quantity of the run such as C(h_T)",
                )  # fmt: skip
            totals[p.name] = rhs
        elif _is_initial(p, parsed):
            initial[p.name] = rhs
        else:
            _once(p, dict(equations))
            equations.append((p.name, _normalised(p, rhs)))
    return Definitions(equations, totals, initial, functions, activations, vocabulary)


@lru_cache(maxsize=512)
def _equations_of(lines: tuple[str, ...], words: frozenset[str]) -> Definitions:
    """What was read from the same lines before: a document comes back to its model often.

    (Nobody changes it.)
    """
    return read_equations(lines, words=words)


def _adds_identity(p: Line) -> bool:
    """Whether ``I``, bare, begins a sum within brackets: ``S_{t-1} (I - k_t k_t^T)``."""
    return any(
        a.kind == "open" and b.kind == "word" and b.text == "I" and c.text in ("+", "-")
        for a, b, c in zip(p.right, p.right[1:], p.right[2:], strict=False)
    )


def recurrence_from_latex(
    lines: Sequence[str],
    *,
    name: str = "defined",
    shapes: Mapping[str, Shape] | None = None,
    scalar: bool = False,
    initial: Mapping[str, Node] | None = None,
    words: Iterable[str] = (),
) -> Recurrence:
    r"""A recurrence from its equations as they are written.

    Parameters
    ----------
    lines:
        Definitions such as ``h_t = \tanh(W h_{t-1} + U x_t + b)``, ``h_0 = 0``,
        ``C = C(h_T)`` or ``L = \frac{1}{T}\sum_{t=1}^T l(y_t, o_t)``, in any order. The
        left side may be ``h_t``, ``h_{t+1}``, ``h^{(t)}``, ``h^t`` or ``h(t)``.
    name:
        What messages call the recurrence.
    shapes:
        Shapes that override the inferred ones.
    scalar:
        Everything is a scalar.
    initial:
        Initial values, as in :class:`~bptt_sym.recurrence.Recurrence`.
    words:
        Names of several letters written without ``\mathrm``.

    Raises
    ------
    InputError
        A line that cannot be read; shapes that do not fit.
    ModelError
        Equations that are no recurrence.
    """
    found = _equations_of(tuple(lines), frozenset(words))
    if not found.equations:
        raise ReadError(
            "no line defines a sequence", token=lines[0][:40] if lines else "",
            hint=r"write a line such as h_t = \tanh(w h_{t-1} + u_t)",
        )  # fmt: skip
    functions: dict[str, Shape] = dict.fromkeys(found.functions, ())
    inferred: dict[str, Shape] = {}
    given = dict(shapes or {})
    # h_0 = q: what a state is at first has its shape.
    starts = [x for x in found.initial.items() if any(isinstance(n, Sym) for n in walk(x[1]))]
    for _ in range(len(functions) + 1):
        # An opaque function has the shape of what it defines, which may depend on others.
        inferred = infer_shapes(
            [*found.equations, *starts], given=given, scalar=scalar, totals=found.totals,
            functions=functions,
        )  # fmt: skip
        before = dict(functions)
        for f, owner in found.functions.items():
            if owner is not None:
                functions[f] = inferred.get(owner, ())
        if functions == before:
            break
    found = _with_squares(found, inferred, functions)
    inferred |= dict.fromkeys(_numbers(found, inferred, functions), ())
    roots = (*(rhs for _, rhs in found.equations), *found.totals.values(), *found.initial.values())
    used = {t for t, _ in found.equations} | {
        n.name
        for root in roots
        for n in walk(root)
        if isinstance(n, (At, Sym))
    }
    missing = [n for n in given if n not in used]
    if missing:
        raise ShapeError(f"a shape is given for {missing[0]}, which the definitions do not use",
                         token=missing[0])  # fmt: skip
    equations = [
        Equation(target, oriented(rhs, inferred, functions)) for target, rhs in found.equations
    ]
    for e in equations:
        _check_shape(e, inferred, functions)
    blocks: dict[str, tuple[str, ...]] = {}
    for e in equations:
        for n in walk(e.rhs):
            if isinstance(n, Mul):
                for left, right in zip(n.args, n.args[1:], strict=False):
                    left = left.arg if isinstance(left, Transpose) else left
                    if isinstance(left, Sym) and isinstance(right, Concat):
                        parts = [a.name for a in right.args if isinstance(a, At)]
                        if len(parts) == len(right.args):
                            blocks[left.name] = tuple(parts)
    rec = Recurrence(
        name,
        tuple(_ordered(equations)),
        inferred,
        initial={**found.initial, **(initial or {})},
        totals={n: oriented(v, inferred, functions) for n, v in found.totals.items()},
        functions=functions,
        blocks=blocks,
    )
    named = {f: g for f, g in found.activations.items() if ACTIVATIONS.get(f, f) != g}
    if found.vocabulary.superscript_time or named:
        superscript = found.vocabulary.superscript_time
        remember(rec, superscript_time=superscript, activations=named)
    return rec


def _with_squares(
    found: Definitions, shapes: Mapping[str, Shape], functions: Mapping[str, Shape]
) -> Definitions:
    """The definitions with the squares of vectors in losses as numbers."""

    def shape(node: Node) -> Shape:
        return shape_of(node, shapes, functions)

    lagged = {
        n.name for _, rhs in found.equations for n in walk(rhs)
        if isinstance(n, At) and n.time != Idx(STEP)
    }  # fmt: skip
    equations: list[tuple[str, Node]] = []
    for target, rhs in found.equations:
        rhs = norms_squared(rhs, shape)
        if plain_name(target) in LOSS_LETTERS and target not in lagged and shapes.get(target):
            rhs = as_number(rhs, shape)
        equations.append((target, rhs))
    totals = {n: as_number(norms_squared(v, shape), shape) for n, v in found.totals.items()}
    return replace(found, equations=equations, totals=totals)


def _numbers(
    found: Definitions, shapes: Mapping[str, Shape], functions: Mapping[str, Shape]
) -> list[str]:
    """The losses of one step whose right side turned out to be a number."""
    return [
        t for t, rhs in found.equations
        if plain_name(t) in LOSS_LETTERS and shapes.get(t) and _shape(rhs, shapes, functions) == ()
    ]  # fmt: skip


def _is_initial(p: Line, lines: list[Line]) -> bool:
    """``h_0 = …`` beside a definition of ``h_t``."""
    form = affine(p.time) if p.time is not None else None
    return form is not None and not form[0]


def _index_names(node: Node) -> list[str]:
    form = affine(node)
    return list(form[0]) if form else []


def _once(p: Line, seen: Mapping[str, Node]) -> None:
    if p.name in seen:
        raise ReadError(f"{p.name} is defined twice", span=p.span, token=p.name,
                        hint="leave one definition")  # fmt: skip


def _normalised(p: Line, rhs: Node) -> Node:
    """The right side with the left side's time moved to ``t``."""
    assert p.time is not None
    form = affine(p.time)
    if form is None or len(form[0]) != 1 or next(iter(form[0].values())) != 1:
        raise ReadError("the time on the left side is not a step", span=p.span, token=p.name,
                        hint=f"write {p.name}_t or {p.name}_{{t+1}}")  # fmt: skip
    (var,) = form[0]
    moved = from_affine({STEP: 1}, -form[1])
    if var == STEP and not form[1]:
        return _canonical(rhs)
    return _canonical(substitute_index(rhs, var, moved))


def _canonical(node: Node) -> Node:
    node = rebuild(node, _canonical)
    if isinstance(node, At):
        form = affine(node.time)
        if form is not None:
            return replace(node, time=from_affine(*form))
    return node


# -- orientation


def oriented(node: Node, shapes: Mapping[str, Shape], functions: Mapping[str, Shape]) -> Node:
    r"""The same value with every product in column convention.

    In a definition ``x_t W`` with a vector left of a matrix is :math:`W^\top x_t`, and two column
    vectors side by side are multiplied elementwise: nothing else would have a shape.
    """
    node = rebuild(node, lambda c: oriented(c, shapes, functions))
    if not isinstance(node, Mul):
        return node
    out: list[Node] = []
    for a in node.args:
        if not out:
            out.append(a)
            continue
        left, right = _shape(out[-1], shapes, functions), _shape(a, shapes, functions)
        if left is None or right is None:
            out.append(a)
        elif len(left) == 1 and len(right) == 1:
            before = out.pop()
            parts = before.args if isinstance(before, Had) else (before,)
            out.append(Had((*parts, a), span=node.span))
        elif len(left) == 1 and len(right) == 2 and left[0] == right[0] and right[0] != 1:
            before = out.pop()
            flipped = a.arg if isinstance(a, Transpose) else Transpose(a, span=a.span)
            out.append(Mul((flipped, before), span=node.span))
        else:
            out.append(a)
    return out[0] if len(out) == 1 else Mul(tuple(out), span=node.span)


def _shape(node: Node, shapes: Mapping[str, Shape], functions: Mapping[str, Shape]) -> Shape | None:
    try:
        return shape_of(node, shapes, functions)
    except ShapeError:
        return None


def _check_shape(e: Equation, shapes: Mapping[str, Shape], functions: Mapping[str, Shape]) -> None:
    found = shape_of(e.rhs, shapes, functions)
    if found and found != shapes[e.target]:
        from bptt_sym.shapes import show_shape

        raise ShapeError(
            f"{e.target} is {show_shape(shapes[e.target])}, its right side {show_shape(found)}",
            span=e.rhs.span, token=e.target,
        )  # fmt: skip


def _ordered(equations: list[Equation]) -> list[Equation]:
    """The equations so that each uses only values of its step that are computed before it."""
    targets = {e.target for e in equations}
    needs = {
        e.target: {
            n.name
            for n in walk(e.rhs)
            if isinstance(n, At) and n.name in targets and n.time == Idx(STEP)
        }
        for e in equations
    }
    out: list[Equation] = []
    ready: set[str] = set()
    waiting = list(equations)
    while waiting:
        e = next((e for e in waiting if needs[e.target] <= ready), None)
        if e is None:
            names = ", ".join(e.target for e in waiting)
            raise ModelError(f"each of {names} needs another of them at the same step")
        waiting.remove(e)
        out.append(e)
        ready.add(e.target)
    return out


__all__ = ["Call", "Definitions", "Sum", "num", "oriented", "read_equations",
           "recurrence_from_latex"]  # fmt: skip
