r"""Networks that read in both directions, whichever way the two are told apart."""

from __future__ import annotations

import pytest

from tests.check.audited import last, verdicts

NET = r"""
$$%(f)s = \tanh(A x_t + B %(fp)s), \quad %(b)s = \tanh(C x_t + D %(bn)s)$$
$$\hat y_t = \mathrm{softmax}(V %(f)s + Q %(b)s), \quad L = -\sum_t y_t^\top \log \hat y_t$$
"""
SUM = r"\sum_{t=1}^{T} \left(\frac{\partial L}{\partial %(b)s} \odot (1 - (%(b)s)^2)\right) "
BY_STATE = (
    r"\frac{\partial L}{\partial %(b)s} = Q^\top (\hat y_t - y_t) + D^\top \left("
    r"\frac{\partial L}{\partial %(bp)s} \odot (1 - (%(bp)s)^2)\right)"
)
CLAIMS = (
    (BY_STATE, "right"),
    (BY_STATE.replace("(bp)s", "(bn)s"), "wrong"),
    (r"\frac{\partial L}{\partial D} = " + SUM + r"(%(bn)s)^\top", "right"),
    (r"\frac{\partial L}{\partial D} = " + SUM + r"(%(bp)s)^\top", "wrong"),
    (r"\frac{\partial L}{\partial Q} = \sum_t (\hat y_t - y_t) (%(b)s)^\top", "right"),
    (r"\frac{\partial L}{\partial Q} = \sum_t (\hat y_t - y_t) (%(bn)s)^\top", "wrong"),
)
WAYS = {
    "arrows": (r"\overrightarrow{h}_{S}", r"\overleftarrow{h}_{S}"),
    "letters": ("h_{S}", "g_{S}"),
    "labels": (r"\mathbf{h}^{(f)}_{S}", r"\mathbf{h}^{(b)}_{S}"),
    "words": (r"h_{S}^{\text{fw}}", r"h_{S}^{\text{bw}}"),
}


def written(text: str, way: str) -> str:
    forwards, back = WAYS[way]
    steps = {"f": "t", "fp": "t-1", "b": "t", "bp": "t-1", "bn": "t+1"}
    return text % {
        k: (forwards if k[0] == "f" else back).replace("S", s) for k, s in steps.items()
    }


@pytest.mark.parametrize("way", WAYS)
def test_gradients_of_what_runs_backwards(way: str) -> None:
    for claim, expected in CLAIMS if way == "labels" else CLAIMS[:3]:
        assert last(written(f"{NET}$${claim}$$", way)) == expected


def test_sums_that_are_others_from_the_other_end_are_left_open() -> None:
    claim = r"\frac{\partial L}{\partial D} = " + SUM + r"(%(bn)s)^\top"
    shorter = claim.replace("{T}", "{T-1}")
    assert last(written(f"{NET}$${claim}$$\n\n$${shorter}$$", "arrows")) == "undecided"


@pytest.mark.parametrize(
    "recursion",
    [
        r"g_t = \mathrm{diag}(1 - h_t^2) (V^\top e_t + W^\top g_{t+1})",
        r"g_t = (1 - h_t^2) \odot (V^\top e_t + W^\top g_{t+1})",
    ],
)
def test_gradients_that_run_back_are_no_states(recursion: str) -> None:
    text = rf"""
$$h_t = \tanh(W h_{{t-1}} + U x_t), \quad o_t = V h_t, \quad L = \sum_t L_t(o_t)$$
With $e_t = \frac{{\partial L}}{{\partial o_t}}$ and $a_t = W h_{{t-1}} + U x_t$,
$g_t = \frac{{\partial L}}{{\partial a_t}}$:
$${recursion}$$
$$\frac{{\partial L}}{{\partial W}} = \sum_t g_t h_{{t-1}}^\top$$
"""
    assert verdicts(text)[-2:] == ["right", "right"]
