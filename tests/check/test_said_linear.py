"""Networks that the words call linear, losses by J beside L, words of other cells of a notebook."""

from __future__ import annotations

import json

import pytest

from bptt_sym.check.audit import audit
from bptt_sym.documents.formats import notebook
from tests.check.audited import of_claims, shown

STATE = "$$s_t = f(w s_{t-1} + u x_t)$$\n\nAll of these are scalars. "
ROWS = (
    r"\frac{\partial s_t}{\partial s_{t-1}} = w",
    r"\frac{\partial J}{\partial s_{t-1}} = \frac{\partial J}{\partial s_t} w",
    r"\frac{\partial J}{\partial w} = \sum_{t=0}^{n} \frac{\partial J}{\partial s_t} s_{t-1}",
)
UPDATE = shown(r"w \leftarrow w - \eta \frac{\partial L}{\partial w}")
LINEAR = (
    "Note that this is a linear model.",
    "It is linear, since we do not apply any non-linear function.",
    "We don’t use a nonlinear activation here.",
    "There is no activation function.",
    "这里没有使用激活函数。",
)


@pytest.mark.parametrize("said", LINEAR)
def test_a_network_that_the_words_call_linear(said: str) -> None:
    assert of_claims(STATE + said + "\n\n" + shown(*ROWS) + UPDATE) == ["right"] * 3


@pytest.mark.parametrize("said", ["", "It is not linear.", "This is linear in w.", "A line."])
def test_what_says_nothing_of_it(said: str) -> None:
    assert "right" not in of_claims(STATE + said + "\n\n" + shown(*ROWS))


def test_words_of_another_cell_of_a_notebook() -> None:
    sources = [STATE, "## The model", LINEAR[0], shown(*ROWS)]
    cells = [{"cell_type": "markdown", "source": source} for source in sources]
    found = audit(notebook(json.dumps({"cells": cells, "nbformat": 4}), "n.ipynb"))
    assert [j.verdict.is_right for j in found[1:]] == [True] * 3
