"""Bounds by largest entries and singular values, and products of norms in either order; signs that
a text keeps for products entry by entry."""

from __future__ import annotations

import pytest

from tests.check.audited import judged, last, verdicts

NETWORK = "$$h_t = \\tanh(W h_{t-1} + U x_t + b)$$\n\n"
ABSTRACT = "$$z_t = W h_{t-1} + U x_t + b$$\n\n$$h_t = \\phi(z_t)$$\n\n"
STEP = r"\left\|\frac{\partial h_t}{\partial h_{t-1}}\right\|_2 \le "
LONG = r"\left\|\frac{\partial h_T}{\partial h_k}\right\| \le "
PRODUCT = r"\prod_{t=k+1}^T \|W\| \|\mathrm{diag}(\phi'(z_t))\|"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (NETWORK + f"$${STEP}\\|W\\|_2 \\max_i (1 - h_{{t,i}}^2)$$", "right"),
        (NETWORK + f"$${STEP}\\|W\\|_2 \\|1 - h_t^2\\|_\\infty$$", "right"),
        (ABSTRACT + f"$${STEP}\\|W\\|_2 \\max_i |\\phi'(z_{{t,i}})|$$", "right"),
        (ABSTRACT + f"$${LONG}{PRODUCT}$$", "right"),
        (NETWORK + f"$${STEP}\\sigma_{{\\max}}(W)$$", "right"),
        (NETWORK + f"$${LONG}\\sigma_{{\\max}}(W)^{{T-k}}$$", "right"),
        (NETWORK + f"$${LONG}\\sigma_1(W)^{{T-k+1}}$$", "wrong"),
        # of which sign it is is not known
        (NETWORK + f"$${STEP}\\|W\\|_2 \\max_i (h_{{t,i}})$$", "unreadable"),
        # the slope of the step before
        (ABSTRACT + f"$${STEP}\\|W\\|_2 \\max_i |\\phi'(z_{{t-1,i}})|$$", "wrong"),
    ],
)
def test_bounds_by_what_is_largest(text: str, expected: str) -> None:
    assert last(text + "\n") == expected


ROWS = "\n\n".join(
    f"$${line}$$"
    for line in (
        r"i_t = \sigma(x_t W_{xi} + h_{t-1} W_{hi})",
        r"f_t = \sigma(x_t W_{xf} + h_{t-1} W_{hf})",
        r"g_t = \tanh(x_t W_{xg} + h_{t-1} W_{hg})",
        r"c_t = f_t * c_{t-1} + i_t * g_t",
        r"h_t = \tanh(c_t)",
        r"\delta c_t = \delta c_{t+1} * f_{t+1} + \delta h_t * (1 - \tanh^2(c_t))",
    )
)


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        (r"\delta W_{xi} = \sum_t x_t^\top (\delta i_t * i_t * (1 - i_t))", "right"),
        (r"\delta W_{xi} = \sum_t x_t^\top (\delta i_t * i_t)", "wrong"),
        (r"\delta W_{hg} = \sum_t h_{t-1}^\top (\delta g_t * (1 - g_t^2))", "right"),
    ],
)
def test_a_sign_that_is_kept_for_entries(claim: str, expected: str) -> None:
    assert last(f"{ROWS}\n\n$${claim}$$\n") == expected


def test_a_sign_beside_matrices_as_well_is_left() -> None:
    text = ROWS.replace("x_t W_{xg}", "x_t * W_{xg}")
    found = judged(f"{text}\n\n$$\\delta i_t = \\delta c_t * g_t$$\n")[-1]
    assert found.verdict.is_right


#: The product that the chain rule takes is one of matrices, whatever sign stands there.
SLOPES = (r"\sigma", r"\sigma", r"\sigma", r"\tanh")
LSTM = "\n\n".join(
    [f"${g}_t = {f}(W_{g} x_t + U_{g} h_{{t-1}})$" for g, f in zip("fiog", SLOPES, strict=True)]
    + ["$c_t = f_t S c_{t-1} + i_t S g_t$", r"$h_t = o_t S \tanh(c_t)$", "The loss is $L$."]
)


@pytest.mark.parametrize("sign", [r"\cdot", "*", r"\ast", r"\times", r"\odot"])
def test_a_sign_between_jacobians_is_no_product_of_entries(sign: str) -> None:
    by = r"\frac{{\partial {}}}{{\partial {}}}".format
    paths = " + ".join(
        f"{by('L', f'{g}_t')} {sign} {by(f'{g}_t', 'h_{t-1}')}" for g in "fiog"
    )
    text = LSTM.replace(" S ", f" {sign} ")
    whole = f"{by('L', 'h_{t-1}')} = {paths}"
    by_one = f"{by('L', 'f_t')} = {by('L', 'c_t')} {sign} c_{{t-1}}"
    slip = by_one.replace(r"\partial f_t}", r"\partial i_t}")
    found = verdicts("\n\n".join([text, *(f"$${x}$$" for x in (whole, by_one, slip))]))[-3:]
    assert found[1:] == ["right", "wrong"]
    assert found[0] == "right" or sign == r"\odot"


def test_a_vector_scales_the_entries_of_the_derivative_by_a_matrix() -> None:
    cell = "$$z_t = W h_{t-1} + U x_t$$\n\n$$h_t = \\tanh(z_t)$$\n\n"
    row = r"\frac{\partial h_t}{\partial W} = (1-h_t^2) \odot \frac{\partial z_t}{\partial W}"
    mixed = row.replace(r"\odot", r"\odot W \odot")
    wrong = row.replace("h_t^2", "h_t")
    assert verdicts(cell + "\n\n".join(f"$${x}$$" for x in (row, mixed, wrong)))[2:] == [
        "right", "wrong", "wrong",
    ]  # fmt: skip
