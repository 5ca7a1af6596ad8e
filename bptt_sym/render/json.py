"""Expressions and derivations as JSON, and back.

An expression is a tree of objects ``{"op": "Pow", "base": …, "exp": …}``: ``op`` is the class in
:mod:`bptt_sym.notation`, the other keys its fields. Exact numbers are strings, ``"-3/7"``. Defaults
are written out, so that a reader of the file needs no table of them.

A derivation is one object whose ``schema`` is :data:`SCHEMA`; both sides of every step stand in it
as LaTeX and as a tree. Nothing in a file is ever evaluated, and a file that does not fit the schema
is refused with the place where it does not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from fractions import Fraction
from typing import Any, Final, get_args

from bptt_sym import notation
from bptt_sym.derive import Derivation, Range, Step
from bptt_sym.errors import LimitExceeded, ReadError
from bptt_sym.notation import D, Kind, Node, Norm, Num, Prod
from bptt_sym.printable import json_text
from bptt_sym.recurrence import Equation, Recurrence, Shape
from bptt_sym.render.latex import latex
from bptt_sym.render.layout import whole

SCHEMA: Final = "bptt-sym/derivation/1"
#: Nested expressions: JSON readers, Python's among them, recurse once or twice a level.
MAX_DEPTH: Final = 200

_TYPES: Final[Mapping[str, type[Node]]] = {
    cls.__name__: cls
    for cls in vars(notation).values()
    if isinstance(cls, type) and issubclass(cls, Node) and cls is not Node
}
_FIELDS: Final = {
    name: tuple((f.name, f.default is MISSING) for f in fields(cls) if f.name != "span")
    for name, cls in _TYPES.items()
}
#: Fields that hold a node, a tuple of nodes, or a plain value of the given type.
_NODE_FIELDS: Final = frozenset("arg base exp num den y x lo hi body left right time".split())
_KINDS: Final = frozenset(get_args(Kind))
_NORMS: Final = frozenset(("2", "1", "inf", "F", "any"))

Json = Any


def node_to_json(node: Node) -> Json:
    """The tree of an expression.

    Raises
    ------
    LimitExceeded
        It is nested deeper than :data:`MAX_DEPTH`.
    """
    holder: list[Json] = [None]
    # (node, depth, where its object goes): no recursion, and a clear error instead of Python's.
    todo: list[tuple[Node, int, Any, int | str]] = [(node, 1, holder, 0)]
    while todo:
        n, depth, place, key = todo.pop()
        if depth > MAX_DEPTH:
            raise LimitExceeded(
                f"an expression nested deeper than {MAX_DEPTH} is not written as JSON",
                hint="give its parts names of their own",
            )
        out: dict[str, Json] = {"op": type(n).__name__}
        place[key] = out
        for name, _ in _FIELDS[type(n).__name__]:
            value = getattr(n, name)
            if isinstance(value, Node):
                todo.append((value, depth + 1, out, name))
                out[name] = None  # keeps the order of the fields
            elif isinstance(value, Fraction):
                out[name] = whole(value.numerator)
                if value.denominator != 1:
                    out[name] += "/" + whole(value.denominator)
            elif name == "rows":
                out[name] = [[None] * len(entries) for entries in value]
                todo.extend(
                    (c, depth + 1, out[name][i], j)
                    for i, entries in enumerate(value)
                    for j, c in enumerate(entries)
                )
            elif name == "args":
                children: list[Json] = [None] * len(value)
                out[name] = children
                todo.extend((c, depth + 1, children, i) for i, c in enumerate(value))
            else:
                out[name] = value
    return holder[0]


def node_from_json(data: Json) -> Node:
    """The expression of a tree that :func:`node_to_json` wrote.

    Raises
    ------
    ReadError
        The tree does not fit the schema; the message names the place, such as ``$.args[2].base``.
    LimitExceeded
        It is nested deeper than :data:`MAX_DEPTH`.
    """
    return _node(data, "$", 1)


def _node(data: Json, path: str, depth: int) -> Node:
    if depth > MAX_DEPTH:
        raise LimitExceeded(f"{path[:60]}…: nested deeper than {MAX_DEPTH}")
    if not isinstance(data, dict) or not isinstance(data.get("op"), str):
        raise _bad(path, 'an object with "op"', data)
    op = data["op"]
    if op not in _TYPES:
        raise _bad(f"{path}.op", "one of " + ", ".join(sorted(_TYPES)), op)
    known = _FIELDS[op]
    extra = data.keys() - {"op"} - {name for name, _ in known}
    if extra:
        raise ReadError(f"{path}: {op} has no field {min(map(str, extra))!r}")
    values: dict[str, Any] = {}
    for name, required in known:
        if name not in data:
            if required:
                raise ReadError(f"{path}: {op} needs {name!r}")
            continue
        values[name] = _value(op, name, data[name], f"{path}.{name}", depth)
    node = _TYPES[op](**values)
    if isinstance(node, D) and node.kind not in _KINDS:
        raise _bad(f"{path}.kind", "one of " + ", ".join(sorted(_KINDS)), node.kind)
    if isinstance(node, Norm) and node.ord not in _NORMS:
        raise _bad(f"{path}.ord", "one of " + ", ".join(sorted(_NORMS)), node.ord)
    return node


def _value(op: str, name: str, value: Json, path: str, depth: int) -> Any:
    if name == "args":
        if not isinstance(value, list):
            raise _bad(path, "a list", value)
        return tuple(_node(v, f"{path}[{i}]", depth + 1) for i, v in enumerate(value))
    if name == "rows":
        return tuple(
            tuple(
                _node(v, f"{path}[{i}][{j}]", depth + 1)
                for j, v in enumerate(_list(entries, f"{path}[{i}]"))
            )
            for i, entries in enumerate(_list(value, path))
        )
    if op == Num.__name__:
        return _fraction(value, path)
    if name in _NODE_FIELDS:
        return _node(value, path, depth + 1)
    if name == "order":
        if type(value) is not int or not 0 <= value <= 1000:
            raise _bad(path, "a number of primes", value)
        return value
    if op == Prod.__name__ and name == "descending":
        if value is not None and type(value) is not bool:
            raise _bad(path, "true, false or null", value)
        return value
    if not isinstance(value, str):
        raise _bad(path, "a string", value)
    return value


def _fraction(value: Json, path: str) -> Fraction:
    # Fraction() itself takes floats and exponents, "1e999999999" among them.
    if isinstance(value, str) and len(value) <= 10_000:
        top, slash, bottom = value.partition("/")
        digits = top.removeprefix("-")
        fits = digits.isascii() and digits.isdigit()
        if slash:
            fits = fits and bottom.isascii() and bottom.isdigit() and bottom.strip("0") != ""
        if fits and len(value) < 4000:
            return Fraction(int(top), int(bottom) if slash else 1)
    raise _bad(path, 'an exact number such as "-3/7"', value)


def _bad(path: str, wanted: str, got: Json) -> ReadError:
    shown = repr(got)
    shown = shown if len(shown) <= 40 else shown[:40] + "…"
    return ReadError(f"{path}: {wanted} is wanted, not {shown}", token=shown)


# ---------------------------------------------------------------------------- recurrences


def recurrence_to_json(rec: Recurrence) -> Json:
    """A recurrence: names, shapes and equations."""
    return {
        "name": rec.name,
        "equations": [
            {"target": e.target, "rhs": node_to_json(e.rhs), "latex": latex(e.rhs, rec)}
            for e in rec.equations
        ],
        "shapes": {k: list(v) for k, v in rec.shapes.items()},
        "initial": {k: node_to_json(v) for k, v in rec.initial.items()},
        "totals": {k: node_to_json(v) for k, v in rec.totals.items()},
        "functions": {k: list(v) for k, v in rec.functions.items()},
        "latex": dict(rec.latex),
        "blocks": {k: list(v) for k, v in rec.blocks.items()},
    }


def recurrence_from_json(data: Json, path: str = "$") -> Recurrence:
    """The recurrence that :func:`recurrence_to_json` wrote.

    Raises
    ------
    ReadError
        The object does not fit the schema.
    ModelError
        It fits, and is no well-formed recurrence.
    """
    o = _object(data, path)
    equations = [
        (_object(e, f"{path}.equations[{i}]"), f"{path}.equations[{i}]")
        for i, e in enumerate(_list(o.get("equations"), f"{path}.equations"))
    ]
    return Recurrence(
        name=_string(o.get("name"), f"{path}.name"),
        equations=tuple(
            Equation(_string(e.get("target"), f"{at}.target"), _node(e.get("rhs"), f"{at}.rhs", 1))
            for e, at in equations
        ),
        shapes=_shapes(o.get("shapes"), f"{path}.shapes"),
        initial=_nodes(o.get("initial", {}), f"{path}.initial"),
        totals=_nodes(o.get("totals", {}), f"{path}.totals"),
        functions=_shapes(o.get("functions", {}), f"{path}.functions"),
        latex={
            k: _string(v, f"{path}.latex.{k}")
            for k, v in _object(o.get("latex", {}), f"{path}.latex").items()
        },
        blocks={
            k: tuple(_string(p, f"{path}.blocks.{k}") for p in _list(v, f"{path}.blocks.{k}"))
            for k, v in _object(o.get("blocks", {}), f"{path}.blocks").items()
        },
    )


def _nodes(data: Json, path: str) -> dict[str, Node]:
    return {k: _node(v, f"{path}.{k}", 1) for k, v in _object(data, path).items()}


def _shapes(data: Json, path: str) -> dict[str, Shape]:
    out: dict[str, Shape] = {}
    for name, dims in _object(data, path).items():
        for d in _list(dims, f"{path}.{name}"):
            if not isinstance(d, str) and (type(d) is not int or d < 1):
                raise _bad(f"{path}.{name}", "dimensions", d)
        out[name] = tuple(dims)
    return out


def _object(data: Json, path: str) -> dict[str, Json]:
    if not isinstance(data, dict):
        raise _bad(path, "an object", data)
    return data


def _list(data: Json, path: str) -> list[Json]:
    if not isinstance(data, list):
        raise _bad(path, "a list", data)
    return data


def _string(data: Json, path: str) -> str:
    if not isinstance(data, str):
        raise _bad(path, "a string", data)
    return data


# ---------------------------------------------------------------------------- derivations


def derivation_to_json(d: Derivation) -> Json:
    """A derivation as one object; see the module's docstring."""

    def shown(node: Node) -> Json:
        return {"latex": latex(node, d.recurrence), "tree": node_to_json(node)}

    def bounds(r: Range) -> Json:
        return {
            "name": r.name,
            "lo": node_to_json(r.lo),
            "hi": None if r.hi is None else node_to_json(r.hi),
        }

    return {
        "schema": SCHEMA,
        "title": d.title,
        "form": d.form,
        "T": d.T,
        "layout": d.layout,
        "target": None if d.target is None else shown(d.target),
        "recurrence": recurrence_to_json(d.recurrence),
        "steps": [
            {
                "number": number,
                "rule": s.rule,
                "cites": list(s.cites),
                "lhs": shown(s.lhs),
                "rhs": shown(s.rhs),
                "where": [bounds(r) for r in s.where],
                "label": s.label,
                "note": s.note,
            }
            for number, s in enumerate(d.steps, start=1)
        ],
        "inductions": [list(i) for i in d.inductions],
        "result": shown(d.result),
    }


def dumps(d: Derivation, *, indent: int | None = 1) -> str:
    """A derivation as JSON text."""
    return json_text(derivation_to_json(d), indent)


def loads(text: str) -> Derivation:
    """The derivation that :func:`dumps` wrote. It is not replayed: its steps are claims.

    Raises
    ------
    ReadError
        The text is no JSON, or does not fit the schema.
    ModelError
        The recurrence or the order of the steps is not well formed.
    """
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise ReadError(f"line {error.lineno}, column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise LimitExceeded(f"JSON nested deeper than {MAX_DEPTH} expressions") from None
    return derivation_from_json(data)


def derivation_from_json(data: Json) -> Derivation:
    """The derivation of an object that :func:`derivation_to_json` wrote.

    Raises
    ------
    ReadError
        The object does not fit the schema.
    ModelError
        The recurrence or the order of the steps is not well formed.
    """
    o = _object(data, "$")
    if o.get("schema") != SCHEMA:
        raise _bad("$.schema", repr(SCHEMA), o.get("schema"))
    steps = [
        _step(_object(s, f"$.steps[{i}]"), f"$.steps[{i}]")
        for i, s in enumerate(_list(o.get("steps"), "$.steps"))
    ]
    horizon = o.get("T")
    if horizon is not None and (type(horizon) is not int or horizon < 1):
        raise _bad("$.T", "a positive whole number or null", horizon)
    target = o.get("target")
    goal = None if target is None else _tree(target, "$.target")
    if goal is not None and not isinstance(goal, D):
        raise _bad("$.target", "a derivative", target)
    inductions = []
    for i, triple in enumerate(_list(o.get("inductions", []), "$.inductions")):
        numbers = _whole(triple, f"$.inductions[{i}]")
        if len(numbers) != 3 or not all(1 <= n <= len(steps) for n in numbers):
            raise _bad(f"$.inductions[{i}]", "three numbers of steps", triple)
        inductions.append((numbers[0], numbers[1], numbers[2]))
    made = Derivation(
        recurrence=recurrence_from_json(o.get("recurrence"), "$.recurrence"),
        title=_string(o.get("title"), "$.title"),
        steps=tuple(steps),
        T=horizon,
        form=_string(o.get("form", ""), "$.form"),
        layout=_string(o.get("layout", ""), "$.layout"),
        target=goal,
        inductions=tuple(inductions),
    )
    # What the file displays must be what it says: the LaTeX beside a tree is checked, not trusted.
    for i, raw in enumerate(o["steps"]):
        for side in ("lhs", "rhs"):
            if raw[side].get("latex") != latex(getattr(made.steps[i], side), made.recurrence):
                raise ReadError(f"$.steps[{i}].{side}.latex is not the LaTeX of its tree")
    return made


def _step(o: dict[str, Json], path: str) -> Step:
    where = []
    for i, r in enumerate(_list(o.get("where", []), f"{path}.where")):
        at = f"{path}.where[{i}]"
        bounds = _object(r, at)
        hi = bounds.get("hi")
        where.append(
            Range(
                _string(bounds.get("name"), f"{at}.name"),
                _node(bounds.get("lo"), f"{at}.lo", 1),
                None if hi is None else _node(hi, f"{at}.hi", 1),
            )
        )
    return Step(
        rule=_string(o.get("rule"), f"{path}.rule"),
        cites=_whole(o.get("cites", []), f"{path}.cites"),
        lhs=_tree(o.get("lhs"), f"{path}.lhs"),
        rhs=_tree(o.get("rhs"), f"{path}.rhs"),
        note=_string(o.get("note", ""), f"{path}.note"),
        where=tuple(where),
        label=_string(o.get("label", ""), f"{path}.label"),
    )


def _tree(data: Json, path: str) -> Node:
    return _node(_object(data, path).get("tree"), f"{path}.tree", 1)


def _whole(data: Json, path: str) -> tuple[int, ...]:
    for v in _list(data, path):
        if type(v) is not int:
            raise _bad(path, "whole numbers", v)
    return tuple(data)
