r"""Names that a second equation of a state gives to what stands in a bracket of the first."""

from __future__ import annotations

import pytest

from bptt_sym.documents.document import document_from_text
from bptt_sym.spelling.passes import spelt
from tests.check.audited import of_claims, shown

ROWS = (
    r"\frac{\partial L}{\partial W} = \sum_t \frac{\partial L}{\partial UU}"
    r" \frac{\partial UU}{\partial W}",
    r"\frac{\partial h_t}{\partial UU} = \mathrm{diag}(1 - \tanh^2(UU))",
    r"\frac{\partial h_t}{\partial UU} = \mathrm{diag}(1 - \tanh(UU))",
)


@pytest.mark.parametrize("name", ["u", "a", r"\mathbf{z}", r"\hat{u}", "u_t"])
@pytest.mark.parametrize(
    ("whole", "named"),
    [
        (r"h_t = \tanh(W h_{t-1} + U x_t) + b", r"h_t = \tanh(UU) + b"),
        (r"h_{t} = \tanh\left(W h_{t-1} + U x_{t}\right) + b.", r"h_t = \tanh (UU) + b"),
        (r"h_t = b + \tanh(W h_{t-1} + U x_t)", r"h_t &= b + \tanh\left( UU \right),"),
    ],
)
def test_a_name_for_what_stands_in_a_bracket(name: str, whole: str, named: str) -> None:
    text = shown(whole, named.replace("UU", name), *(r.replace("UU", name) for r in ROWS))
    by_weight, slope, slipped = of_claims(text)
    assert by_weight == slope == "right"
    assert slipped != "right"


@pytest.mark.parametrize(
    "rows",
    [
        (r"h_t = \tanh(W h_{t-1}) + b", r"h_t = \tanh(u) + c"),  # around it stands another thing
        (r"h_t = \tanh(W h_{t-1} + c) + b", r"h_t = \tanh(u) + b", "u = 3"),
        (r"h_t = \tanh(W h_{t-1} + c) + b", r"h_t = \tanh(u) + b", r"y_t = V u_t"),
        (r"h_t = \tanh(u) + b", r"h_t = \tanh(W h_{t-1} + c) + b"),
    ],
)
def test_what_names_nothing(rows: tuple[str, ...]) -> None:
    assert spelt(document_from_text(shown(*rows), "n.md")).texts[1] == rows[1]
