r"""Commands whose definitions are in another file: what their use tells, and what it does not."""

from __future__ import annotations

import pytest

from bptt_sym.check.audit import audit
from bptt_sym.documents.document import document_from_text
from tests.check.audited import of_claims, shown


def _text(state: str, weight: str, step: str) -> str:
    now, before = step % "t", step % "t-1"
    return shown(
        rf"{state}{now} = \tanh({weight} {state}{before} + U x{now})",
        rf"\frac{{\partial {state}{now}}}{{\partial {state}{before}}} = "
        rf"\mathrm{{diag}}(1 - ({state}{now})^2) {weight}",
    )


@pytest.mark.parametrize("state", [r"\hid", r"\vh", r"\hh", r"\state", "h"])
@pytest.mark.parametrize("weight", [r"\mt{W}_{hh}", r"\weight_{hh}", "W"])
@pytest.mark.parametrize("step", ["_{%s}", "^{(%s)}", r"\tm{%s}"])
def test_names_faces_and_steps(state: str, weight: str, step: str) -> None:
    right = _text(state, weight, step)
    if weight == r"\weight_{hh}":
        # Nothing tells a name from an operator with a range.
        assert "wrong" not in of_claims(right)
        return
    assert of_claims(right) == ["right"]
    assert of_claims(right.replace("1 - (", "2 - (")) == ["wrong"]


def test_what_is_differentiated_is_a_name() -> None:
    text = _text("h", r"\W_{hh}", "_{%s}") + shown(
        r"\frac{\partial L_t}{\partial \W_{hh}} = \sum_{k=1}^t \frac{\partial L_t}{\partial h_k}"
        r"\frac{\partial^+ h_k}{\partial \W_{hh}}"
    )
    assert of_claims(text) == ["right", "right"]


def test_a_letter_of_the_text_with_braces_is_a_face() -> None:
    text = _text(r"\vc{h}", r"\mt{W}_{hh}", "_{%s}")
    assert of_claims(text) == ["right"]


@pytest.mark.parametrize(
    "unknown", [r"a_t \had b_t", r"\argmost_x f(x)", r"\pair{a}{b}", r"\op [x]"]
)
def test_whatever_is_used_otherwise_is_reported(unknown: str) -> None:
    text = shown(r"h_t = \tanh(W h_{t-1})", rf"\frac{{\partial h_t}}{{\partial W}} = {unknown}")
    (found,) = [j for j in audit(document_from_text(text, "a.md")) if j.place.line > 1][-1:]
    assert found.verdict.verdict in ("unreadable", "undecided")
    assert found.fault is not None
