"""Gated cells by the differential of the loss, with slopes by the names of the gates."""

from __future__ import annotations

import pytest

from tests.check.audited import last, verdicts

CELL = r"""
$q_t=\sigma\left(z_{q_t}\right)=\sigma\left(A_qs_{t-1}+B_qx_t+e_q\right)$

$f_t=\sigma\left(z_{f_t}\right)=\sigma\left(A_fs_{t-1}+B_fx_t+e_f\right)$

$o_t=\sigma\left(z_{o_t}\right)=\sigma\left(A_os_{t-1}+B_ox_t+e_o\right)$

$i_t=\sigma\left(z_{i_t}\right)=\sigma\left(A_is_{t-1}+B_ix_t+e_i\right)$

$c_t=i_t\odot q_t+f_t\odot c_{t-1}$

$s_t=o_t\odot tanh\left(c_t\right)$

$z_t=Vs_t+e_z$

$\widehat{y_t}=softmax\left(z_t\right)$

"""
PATH = r"\frac{\partial L}{\partial c_t}\odot c_{t-1}\odot{\sigma_{f_t}}^\prime"
OUT = r"\frac{\partial L}{\partial s_t}\odot t a n h\left(c_t\right)\odot{\sigma_{o_t}}^\prime"
NET = r"""
$$s_t = \tanh(z_t),\quad z_t = W s_{t-1} + U x_t + b$$
$$o_t = V s_t + c$$
with $L = \sum_t L_t(o_t)$.

"""
BY_Z = r"\frac{\partial L}{\partial z_t}"
LATER = (
    r"tr((\frac{\partial L_t}{\partial s_t})^T ds_t)"
    r" + tr((@\frac{\partial L}{\partial z_{t+1}})^T ds_t)"
)


@pytest.mark.parametrize(
    ("claim", "slip"),
    [
        (rf"\frac{{\partial L}}{{\partial e_f}}=\sum_{{t=1}}^{{T}}{{{PATH}}}", (r"c_{t-1}", "c_t")),
        (rf"\frac{{\partial L}}{{\partial A_o}}=\sum_{{t=1}}^{{T}}{{{OUT}{{s_{{t-1}}}}^T}}",
         ("s_{t-1}", "s_t")),
        (r"\frac{\partial L}{\partial e_z}=\sum_{t=1}^{T}\left(\widehat{y_t}-y_t\right)",
         ("-y", "+y")),
        (rf"dL=tr\left(\sum_{{t=1}}^{{T}}{{\left({PATH}\right)^T d A_fs_{{t-1}}}}\right)"
         rf"=tr\left(\sum_{{t=1}}^{{T}}{{\left({PATH}{{s_{{t-1}}}}^T\right)^TdA_f}}\right)",
         ("c_{t-1}", "c_t")),
        (rf"dL=tr\left(\sum_{{t=1}}^{{T}}{{\left({PATH}\right)^Tde_f}}\right)", ("c_{t-1}", "c_t")),
    ],
)  # fmt: skip
def test_slopes_and_traces_of_a_gated_cell(claim: str, slip: tuple[str, str]) -> None:
    assert last(f"{CELL}${claim}$") == "right"
    # (Which loss the output has is a guess, under which nothing is called wrong.)
    verdict = "undecided" if "widehat" in claim else "wrong"
    assert last(f"{CELL}${claim.replace(*slip)}$") == verdict


@pytest.mark.parametrize(
    ("trace", "verdict"),
    [
        (rf"\sum_t tr(({BY_Z})^T dW s_{{t-1}}) = \sum_t tr(({BY_Z} s_{{t-1}}^T)^T dW)", "right"),
        (rf"\sum_t tr(({BY_Z} s_t^T)^T dW)", "wrong"),
        (rf"tr(\sum_t s_{{t-1}} ({BY_Z})^T dW)", "right"),
        (rf"tr(\sum_t x_t ({BY_Z})^T dW)", "wrong"),
        (LATER.replace("@", "W^T"), "right"),
        (LATER.replace("@", "W"), "wrong"),
        # Nothing is said of a sum over what itself runs, nor where one variable changes another.
        (rf"tr(\sum_t ({BY_Z} + {BY_Z})^T dz_t)", "undecided"),
        (rf"tr((V^T {BY_Z})^T ds_t) + tr(({BY_Z})^T dz_t)", "undecided"),
        (rf"tr(\sum_t (s_{{t-1}})^T {BY_Z} \odot db)", "undecided"),
    ],
)
def test_a_trace_tells_a_gradient(trace: str, verdict: str) -> None:
    assert last(f"{NET}$$dL = {trace}$$") == verdict


def test_terms_of_several_parameters_are_told_apart() -> None:
    of = rf"dL = tr(\sum_t ({BY_Z} x_t^T)^T dU) + tr(\sum_t (@)^T db)"
    assert verdicts(f"{NET}$${of.replace('@', BY_Z)}$$")[-2:] == ["right", "right"]
    slip = of.replace("@", r"\frac{\partial L}{\partial s_t}")
    assert verdicts(f"{NET}$${slip}$$")[-2:] == ["right", "wrong"]
