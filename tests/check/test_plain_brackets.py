"""Square brackets around one derivative, as a mark and as brackets."""

from __future__ import annotations

import pytest

from tests.check.audited import verdicts

ABSTRACT = r"""
$$h_t = f(x_t, h_{t-1}, w), \quad o_t = g(h_t, v), \quad L = \frac{1}{T} \sum_{t=1}^T l(y_t, o_t)$$
%s
$$\partial_{w} L = \frac{1}{T} \sum_{t=1}^T \partial_{o_t} l(y_t, o_t)\,
\partial_{h_t} g(h_t, v) \left[ \partial_{w} h_t \right]$$
"""
OWN = r"The brackets mark the immediate derivative."
SUM = (
    r"$$\partial_{w} h_t = \left[ \partial_{w} h_t \right]"
    r" + \partial_{h_{t-1}} f \, \partial_w h_{t-1}$$"
)


@pytest.mark.parametrize(("said", "expected"), [("", "right"), (OWN, "wrong"), (SUM, "wrong")])
def test_they_are_a_mark_only_where_the_text_shows_it(said: str, expected: str) -> None:
    assert verdicts(ABSTRACT % said)[-1] == expected


def test_a_wrong_symbol_behind_them_is_wrong_in_any_case() -> None:
    assert verdicts((ABSTRACT % "").replace("} g(h_t, v)", "} g(h_t, w)"))[-1] == "wrong"


def test_a_mark_with_an_equation() -> None:
    text = r"""
$$h_t = \tanh(w h_{t-1} + x_t)$$
$$\left[\frac{\partial h_t}{\partial w}\right] = (1 - h_t^2) h_{t-1}$$
$$\frac{\partial h_t}{\partial w} = \left[\frac{\partial h_t}{\partial w}\right] + w (1 - h_t^2)
\frac{\partial h_{t-1}}{\partial w}$$
"""
    assert verdicts(text)[-2:] == ["right", "right"]
