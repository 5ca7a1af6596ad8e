"""Expressions and derivations as JSON: what is written is read back, the rest is refused."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptt_sym import notation
from bptt_sym.cells import elman
from bptt_sym.errors import LimitExceeded, ReadError
from bptt_sym.forms import derive
from bptt_sym.notation import (
    Abs,
    Add,
    At,
    Block,
    Call,
    Concat,
    D,
    Diag,
    Div,
    Fn,
    Had,
    Idx,
    Matrix,
    Mul,
    Neg,
    Node,
    Norm,
    Num,
    Ones,
    Outer,
    Pow,
    Prod,
    Sum,
    Sym,
    Transpose,
    num,
)
from bptt_sym.render import node_from_json, node_to_json
from bptt_sym.render.json import MAX_DEPTH, derivation_to_json, dumps, loads

NAMES = st.text(min_size=1, max_size=6)


def above(below: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    some = st.lists(below, max_size=3).map(tuple)
    return st.one_of(
        *(st.builds(cls, some) for cls in (Add, Mul, Had, Concat)),
        *(st.builds(cls, below) for cls in (Neg, Diag, Transpose, Abs)),
        *(st.builds(cls, below, below) for cls in (Div, Pow, Outer)),
        st.builds(At, NAMES, below),
        st.builds(Fn, NAMES, below, st.integers(0, 5)),
        st.builds(Call, NAMES, some),
        st.builds(D, below, below, st.sampled_from(("total", "immediate", "direct", "unmarked"))),
        st.builds(Sum, NAMES, below, below, below),
        st.builds(Prod, NAMES, below, below, below, st.sampled_from((True, False, None))),
        st.builds(Block, below, NAMES),
        st.builds(Matrix, st.lists(some, max_size=2).map(tuple)),
        st.builds(Norm, below, st.sampled_from(("2", "1", "inf", "F", "any"))),
    )


LEAVES = st.one_of(
    st.fractions().map(Num),
    st.builds(Idx, NAMES),
    st.builds(Sym, NAMES),
    st.just(Ones()),
)
NODES = st.recursive(LEAVES, above, max_leaves=12)


def test_no_class_of_node_is_left_out() -> None:
    every = {c for c in vars(notation).values() if isinstance(c, type) and issubclass(c, Node)}
    imported = {c for c in globals().values() if isinstance(c, type) and issubclass(c, Node)}
    assert every == imported


@given(NODES)
def test_an_expression_survives_the_way_there_and_back(node: Node) -> None:
    assert node_from_json(json.loads(json.dumps(node_to_json(node)))) == node


def test_the_schema() -> None:
    assert node_to_json(Pow(Sym("w"), num(Fraction(-3, 7)))) == {
        "op": "Pow",
        "base": {"op": "Sym", "name": "w"},
        "exp": {"op": "Num", "value": "-3/7"},
    }


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ({"op": "Evil"}, r"\$\.op"),
        ({"op": "__class__"}, r"\$\.op"),
        ("w", r"\$"),
        ({"op": "Sym"}, "needs 'name'"),
        ({"op": "Sym", "name": 3}, r"\$\.name"),
        ({"op": "Sym", "name": "w", "span": 1}, "no field 'span'"),
        ({"op": "Num", "value": 0.5}, r"\$\.value"),
        ({"op": "Num", "value": "1e999999999"}, r"\$\.value"),
        ({"op": "Num", "value": "1/0"}, r"\$\.value"),
        ({"op": "Num", "value": "9" * 5000}, r"\$\.value"),
        ({"op": "Add", "args": {"op": "Sym", "name": "w"}}, r"\$\.args"),
        ({"op": "Neg", "arg": {"op": "Add", "args": [{"op": "Sym"}]}}, r"\$\.arg\.args\[0\]"),
        ({"op": "Norm", "arg": {"op": "Ones"}, "ord": "7"}, r"\$\.ord"),
        ({"op": "D", "y": {"op": "Ones"}, "x": {"op": "Ones"}, "kind": "odd"}, r"\$\.kind"),
        ({"op": "Fn", "name": "tanh", "arg": {"op": "Ones"}, "order": True}, r"\$\.order"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(data: object, place: str) -> None:
    with pytest.raises(ReadError, match=place):
        node_from_json(data)


def test_depth_is_bounded_on_both_ways() -> None:
    node: Node = Sym("w")
    for _ in range(MAX_DEPTH - 1):
        node = Neg(node)
    tree = node_to_json(node)
    assert node_from_json(tree) == node
    with pytest.raises(LimitExceeded):
        node_to_json(Neg(node))
    with pytest.raises(LimitExceeded):
        node_from_json({"op": "Neg", "arg": tree})
    with pytest.raises((LimitExceeded, ReadError)):
        loads("[" * 100_000)


def test_a_derivation_survives_the_way_there_and_back() -> None:
    d = derive(elman(), "dh[T]/dw", form="series")
    again = loads(dumps(d))
    assert again == d
    data = derivation_to_json(d)
    assert data["schema"] == "bptt-sym/derivation/1"
    assert [s["number"] for s in data["steps"]] == list(range(1, len(d.steps) + 1))
    assert data["result"] == data["steps"][-1]["rhs"]


def tampered(change) -> str:  # type: ignore[no-untyped-def]
    data = derivation_to_json(derive(elman(), "dh[T]/dw", form="series"))
    change(data)
    return json.dumps(data)


def test_latex_that_is_not_that_of_its_tree_is_refused() -> None:
    def change(data) -> None:  # type: ignore[no-untyped-def]
        data["steps"][0]["rhs"]["latex"] = "0"

    with pytest.raises(ReadError, match=r"steps\[0\]\.rhs\.latex"):
        loads(tampered(change))


@pytest.mark.parametrize(
    ("key", "value"),
    [("schema", "bptt-sym/derivation/0"), ("T", 0), ("T", "3"), ("steps", {}), ("title", None),
     ("recurrence", []), ("inductions", [[1, 2]])],
)  # fmt: skip
def test_a_derivation_that_does_not_fit_is_refused(key: str, value: object) -> None:
    def change(data) -> None:  # type: ignore[no-untyped-def]
        data[key] = value

    with pytest.raises(ReadError, match=rf"\$\.{key}"):
        loads(tampered(change))


def test_text_that_is_no_json() -> None:
    with pytest.raises(ReadError, match="line 1, column 2"):
        loads("{]")
