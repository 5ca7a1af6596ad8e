r"""Both directions in one equation, ranges of what runs backwards, names of its gradients."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptt_sym.spelling.mirrored_steps import mirrored
from tests.check.audited import last, shown, verdicts

NET = r"""
$$\overrightarrow{h}_t = \tanh(\overrightarrow{W} x_t + \overrightarrow{U} \overrightarrow{h}_{t-1})$$
$$\overleftarrow{h}_t = \tanh(\overleftarrow{W} x_t + \overleftarrow{U} \overleftarrow{h}_{t+1})$$
$$o_t = \overrightarrow{V} \overrightarrow{h}_t + \overleftarrow{V} \overleftarrow{h}_t, \quad L = \sum_{t=1}^T L_t(o_t)$$
$$\overrightarrow{\delta}_t = \frac{\partial L}{\partial \overrightarrow{h}_t} \odot (1 - \overrightarrow{h}_t^2)$$
$$\overleftarrow{\delta}_t = \frac{\partial L}{\partial \overleftarrow{h}_t} \odot (1 - \overleftarrow{h}_t^2)$$
"""  # noqa: E501
BY_INPUT = r"\frac{\partial L}{\partial x_t} = \overrightarrow{W}^\top \overrightarrow{\delta}_t"
CLAIMS = (
    (BY_INPUT + r" + \overleftarrow{W}^\top \overleftarrow{\delta}_t", "right"),
    (BY_INPUT + r" + \overleftarrow{W}^\top \overleftarrow{\delta}_{t+1}", "wrong"),
    (BY_INPUT, "wrong"),
    (r"\frac{\partial \overleftarrow{h}_k}{\partial \overleftarrow{h}_t} = \prod_{j=k}^{t-1} "
     r"\mathrm{diag}(1 - \overleftarrow{h}_j^2) \overleftarrow{U}", "right"),
    (r"\frac{\partial \overleftarrow{h}_k}{\partial \overleftarrow{h}_t} = \prod_{j=k+1}^{t} "
     r"\mathrm{diag}(1 - \overleftarrow{h}_j^2) \overleftarrow{U}", "wrong"),
    (r"\frac{\partial \overleftarrow{h}_1}{\partial \overleftarrow{h}_T} = \prod_{t=1}^{T-1} "
     r"\frac{\partial \overleftarrow{h}_t}{\partial \overleftarrow{h}_{t+1}}", "right"),
    (r"\frac{\partial L}{\partial \overleftarrow{h}_1} = \overleftarrow{V}^\top "
     r"\frac{\partial L_1}{\partial o_1} + \overleftarrow{U}^\top \overleftarrow{\delta}_2",
     "wrong"),
    (r"\frac{\partial L}{\partial \overleftarrow{h}_1} = \overleftarrow{V}^\top "
     r"\frac{\partial L_1}{\partial o_1}", "right"),
    (r"\frac{\partial \overrightarrow{h}_t}{\partial \overleftarrow{h}_t} = 0", "right"),
    # What neither direction has stands at another step than both.
    (BY_INPUT.replace("_t", "_{t+1}") + r" + \overleftarrow{W}^\top \overleftarrow{\delta}_{t+1}",
     "undecided"),
)  # fmt: skip


@pytest.mark.parametrize(("claim", "expected"), CLAIMS)
def test_equations_about_both_directions_and_ranges(claim: str, expected: str) -> None:
    """All were undecided: about more than neighbouring steps."""
    # (A failing claim rests on one that holds beside it.)
    assert last(NET + shown(CLAIMS[7][0], CLAIMS[0][0], claim)) == expected


ENDS = r"""
$$\overrightarrow{h}_t = \tanh(W x_t + U \overrightarrow{h}_{t-1}), \quad \overleftarrow{h}_t = \tanh(A x_t + B \overleftarrow{h}_{t+1})$$
$$q = V \overrightarrow{h}_T + Q \overleftarrow{h}_1, \quad L = \frac12 \|q - d\|^2$$
"""  # noqa: E501


def test_an_output_of_both_ends() -> None:
    right = r"\frac{\partial L}{\partial Q} = (q - d) \overleftarrow{h}_1^\top"
    assert last(ENDS + shown(right)) == "right"
    assert last(ENDS + shown(right, right.replace("_1", "_T"))) == "wrong"


def test_arrows_over_letters_without_braces() -> None:
    bare = NET
    for name in (r"\delta", *"hWUV"):
        for arrow in (r"\overrightarrow", r"\overleftarrow"):
            bare = bare.replace(f"{arrow}{{{name}}}", f"{arrow} {name}")
    claim = r"\frac{\partial \overleftarrow h_t}{\partial \overleftarrow h_{t+1}} = "
    claim += r"\mathrm{diag}(1 - \overleftarrow h_t^2) \overleftarrow U"
    assert last(bare + shown(claim)) == "right"


def test_labels_before_the_step_are_none() -> None:
    found = mirrored(r"\overleftarrow{h}_{1,t+1} = \overleftarrow{W}_1 x_{t-1}", frozenset())
    assert found is not None and [new for *_, new in found] == ["_{1,t-1}", "_{t+1}"]


def test_a_chain_goes_on_over_its_rows() -> None:
    """Each row was counted by itself, the left side of the chain not at all."""
    chain = r"""
\begin{aligned} \frac{\partial L}{\partial x_t} &= \overrightarrow{W}^\top \overrightarrow{\delta}_t \\
&+ \overleftarrow{W}^\top \overleftarrow{\delta}_t \end{aligned}"""  # noqa: E501
    assert last(NET + shown(chain)) == "right"
    beside = r"""
\begin{aligned} \frac{\partial L}{\partial x_{t+1}} &= \overrightarrow{W}^\top \overrightarrow{\delta}_{t+1} \\
&+ \overleftarrow{W}^\top \overleftarrow{\delta}_{t+1} \end{aligned}"""  # noqa: E501
    assert last(NET + shown(beside)) == "undecided"


TAGGER = r"""
$$\overleftarrow{a}_t = A x_t + B \overleftarrow{h}_{t+1}, \quad \overleftarrow{h}_t = \tanh(\overleftarrow{a}_t)$$
$$\overrightarrow{a}_t = W x_t + U \overrightarrow{h}_{t-1}, \quad \overrightarrow{h}_t = \tanh(\overrightarrow{a}_t)$$
$$h_t = [\overrightarrow{h}_t; \overleftarrow{h}_t], \quad z_t = V h_t + c, \quad \hat y_t = \mathrm{softmax}(z_t)$$
$$\mathcal{L}_t = -\sum_k y_{t,k} \log \hat y_{t,k}$$
$$\overleftarrow{g}_t = \frac{\partial \mathcal{L}}{\partial \overleftarrow{h}_t}\Bigg|_{\text{output}}$$
$$\overleftarrow{\bar{g}}_t = \overleftarrow{g}_t + B^\top \overleftarrow{\delta}_{t-1}$$
"""  # noqa: E501
DELTA = (
    r"\overleftarrow{\delta}_t = \frac{\partial \mathcal{L}}{\partial \overleftarrow{a}_t} = "
    r"\overleftarrow{\bar{g}}_t \odot (1 - \overleftarrow{h}_t \odot \overleftarrow{h}_t)"
)


def test_names_that_use_what_is_named_after_them() -> None:
    """No definition gave the name with a bar, nor the loss without a step in its font."""
    by_weight = r"\frac{\partial \mathcal{L}}{\partial B} = \sum_{t=1}^T \overleftarrow{\delta}_t "
    found = verdicts(TAGGER + shown(
        DELTA, by_weight + r"\overleftarrow{h}_{t+1}^\top",
        r"\frac{\partial \mathcal{L}}{\partial V} = \sum_{t=1}^T (\hat y_t - y_t) h_t^\top",
        DELTA.replace(r"\odot \overleftarrow{h}_t)", ")"),
        by_weight + r"\overleftarrow{h}_{t-1}^\top",
    ))  # fmt: skip
    assert found[-5:] == ["right", "right", "right", "wrong", "wrong"]


SECTIONS = r"""
$$z_t = V h_t + c, \quad \mathcal{L}_t = \frac12 \|z_t - y_t\|^2, \quad h_t = [\overrightarrow{h}_t; \overleftarrow{h}_t]$$

## Forwards

$$\overrightarrow{h}_t = \tanh(\overrightarrow{a}_t), \quad \overrightarrow{a}_t = W x_t + U \overrightarrow{h}_{t-1}$$
$$\overrightarrow{\delta}_t = \frac{\partial \mathcal{L}}{\partial \overrightarrow{a}_t}$$

## Backwards

$$\overleftarrow{h}_t = \tanh(\overleftarrow{a}_t), \quad \overleftarrow{a}_t = A x_t + B \overleftarrow{h}_{t+1}$$
$$\overleftarrow{\delta}_t = \frac{\partial \mathcal{L}}{\partial \overleftarrow{a}_t}$$

"""  # noqa: E501


def test_both_directions_in_sections_of_their_own() -> None:
    """The second one took the place of the first, and of the names of its gradients."""
    claim = (
        r"\frac{\partial \mathcal{L}}{\partial x_t} = W^\top \overrightarrow{\delta}_t + "
        r"A^\top \overleftarrow{\delta}_t"
    )
    assert last(SECTIONS + shown(claim)) == "right"
    assert verdicts(SECTIONS + shown(claim, claim.replace("A^", "W^")))[-1] == "wrong"


@pytest.mark.parametrize("loss", ["L", r"\mathcal{L}", r"\mathcal{J}"])
def test_the_whole_beside_the_loss_of_a_step_has_its_font(loss: str) -> None:
    text = rf"""
$$h_t = \tanh(W h_{{t-1}} + U x_t), \quad o_t = V h_t, \quad {loss}_t = \frac12 \|o_t - y_t\|^2$$
$$\frac{{\partial {loss}}}{{\partial V}} = \sum_{{t=1}}^T (o_t - y_t) h_t^\top$$
$$\frac{{\partial {loss}}}{{\partial V}} = \sum_{{t=1}}^T (o_t - y_t) h_{{t-1}}^\top$$
"""
    assert verdicts(text)[-2:] == ["right", "wrong"]


@given(
    st.sampled_from(["h", r"\delta", r"\bar{g}"]),
    st.sampled_from("tjk"),
    st.integers(-3, 3),
    st.sampled_from(["x", "o"]),
    st.integers(-2, 2),
)
def test_from_the_end_and_back_again(
    name: str, letter: str, lag: int, beside: str, other: int
) -> None:
    """Steps that are counted from the end twice are those of the text."""
    row = (
        rf"\overleftarrow{{{name}}}_{{{letter}{lag:+d}}} = \overleftarrow{{W}}_h^\top "
        rf"{beside}_{{{letter}{other:+d}}} + \prod_{{i={letter}}}^{{k-1}} \overleftarrow{{a}}_i"
    )

    def again(text: str) -> str:
        edits = mirrored(text, frozenset(), {"o"})
        assert edits is not None
        for start, end, new in reversed(edits):
            text = text[:start] + new + text[end:]
        return text

    def tidy(text: str) -> str:
        return text.replace("+0}", "}").replace("-0}", "}")

    assert tidy(again(again(row))) == tidy(row)
    assert lag == 0 or f"_{{{letter}{-lag:+d}}}" in again(row)
