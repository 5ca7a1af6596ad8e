r"""Stacked networks whose weights, entries and outputs carry their layers in many ways."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.check.audited import judged, verdicts

#: A state of layer K at step S, whose name is B.
STATES = {
    "h_t^(l)": "B_{S}^{(K)}", "h_l^(t)": "B_{K}^{(S)}", "h^{l(t)}": "B^{K(S)}",
    "h^(l)(t)": "B^{(K)}(S)", "h_l[t]": "B_{K}[S]", "h_t^<l>": r"B_{S}^{\langle K\rangle}",
    "h_{l,t}": "B_{K,S}", "vec": r"\vec{B}_{K}^{(S)}",
}  # fmt: skip
#: The weights of layer K from below, which is layer J, and from its past, and its bias.
WEIGHTS = {
    "above": ("W^{(K)}", "U^{(K)}", "b^{(K)}"), "below": ("W_{K}", "U_{K}", "b_{K}"),
    "from-to": ("W^{J,K}", "W^{K,K}", "b^{K}"), "brackets": ("W^{(J,K)}", "W^{(K,K)}", "b^{(K)}"),
    "to-from": ("W_{K,J}", "W_{K,K}", "b_{K}"), "arrow": (r"W_{J \to K}", r"W_{K \to K}", "b_K"),
    "label": ("W_x^{(K)}", "W_h^{(K)}", "b^{(K)}"), "commas": ("W_{x,K}", "W_{h,K}", "b_{K}"),
    "labels": ("W_{K}^{x}", "W_{K}^{h}", "b_{K}"),
    "word": (r"W_{\text{in}}^{[K]}", "W^{[K]}", "b^{K}"),
}  # fmt: skip
_NAME = re.compile(r"([hzdWUb])<([^<>;]*)(?:;([^<>]*))?>")


def spelt(text: str, state: str, weight: str, letter: str = "l") -> str:
    """``h<l-1;t>`` as the state of the layer below, ``W<l>`` as a weight."""

    def name(m: re.Match[str]) -> str:
        layer = m[2].replace("l", letter)
        if m[3] is None:
            below = {"l": f"{letter}-1", "l+1": letter, "l-1": f"{letter}-2"}[m[2]]
            form = WEIGHTS[weight]["WUb".index(m[1])]
            return form.replace("J", "\0").replace("K", layer).replace("\0", below)
        base = r"\delta" if m[1] == "d" else m[1]
        form = STATES[state].replace("S", m[3]).replace("K", "\0").replace("B", base)
        return form.replace("\0", layer)

    return _NAME.sub(name, text)


NETWORK = r"""
$$z<l;t> = W<l> h<l-1;t> + U<l> h<l;t-1> + b<l>$$
$$h<l;t> = \tanh(z<l;t>)$$
$$d<l;t> = \frac{\partial L}{\partial z<l;t>}$$
"""
#: What holds, a piece of it, and what must not stand in its place.
CLAIMS = [
    (r"d<l;t> = \left((W<l+1>)^\top d<l+1;t> + (U<l>)^\top d<l;t+1>\right) \odot (1 - (h<l;t>)^2)",
     [("(U<l>)", "(U<l+1>)"), ("(W<l+1>)", "(W<l>)"), (r"(W<l+1>)^\top", "W<l+1>"),
      ("d<l;t+1>", "d<l+1;t+1>"), ("d<l+1;t>", "d<l+1;t+1>"), ("(h<l;t>)", "(h<l-1;t>)")]),
    (r"\frac{\partial L}{\partial W<l>} = \sum_t d<l;t> (h<l-1;t>)^\top",
     [("h<l-1;t>", "h<l;t>"), ("h<l-1;t>", "h<l-1;t-1>"), ("d<l;t>", "d<l+1;t>")]),
    (r"\frac{\partial L}{\partial U<l>} = \sum_t d<l;t> (h<l;t-1>)^\top",
     [("h<l;t-1>", "h<l-1;t>"), ("h<l;t-1>", "h<l;t>")]),
    (r"\frac{\partial h<l;t>}{\partial h<l;t-1>} = \mathrm{diag}(1 - (h<l;t>)^2) U<l>",
     [("U<l>", "W<l>"), ("U<l>", "U<l+1>")]),
    (r"\frac{\partial L}{\partial h<l;t>} = (W<l+1>)^\top d<l+1;t> + (U<l>)^\top d<l;t+1>",
     [(r"(U<l>)^\top", "U<l>"), ("d<l+1;t>", "d<l+1;t-1>")]),
]  # fmt: skip


@pytest.mark.parametrize("weight", WEIGHTS)
def test_weights_carry_their_layers_anywhere(weight: str) -> None:
    (error, slips), (gradient, others), *_ = CLAIMS
    claims = [error, gradient, error.replace(*slips[0]), gradient.replace(*others[0])]
    text = NETWORK + "".join(f"$${c}$$\n" for c in claims)
    for state in ("h_t^(l)", "h_l^(t)"):
        assert verdicts(spelt(text, state, weight))[-4:] == ["right"] * 2 + ["wrong"] * 2


@settings(max_examples=12, deadline=None)
@given(
    st.sampled_from(sorted(STATES)), st.sampled_from(sorted(WEIGHTS)), st.sampled_from("ln"),
    st.sampled_from([(c, s) for c, slips in CLAIMS for s in slips]),
)  # fmt: skip
def test_what_holds_is_right_and_a_slip_is_none(
    state: str, weight: str, letter: str, claim: tuple[str, tuple[str, str]]
) -> None:
    right, slip = claim
    text = f"{NETWORK}$${right}$$\n$${right.replace(*slip)}$$\n"
    found = verdicts(spelt(text, state, weight, letter))[-2:]
    assert found == ["right", "wrong"]


OUTPUT = r"""
$$z<l;t> = W<l> h<l-1;t> + U<l> h<l;t-1> + b<l>, \quad h<l;t> = \sigma_l(z<l;t>)$$
$$z<L+1;t> = W^{L,L+1} h<L;t> + b^{L+1}, \quad \hat y^{(t)} = \sigma_{L+1}(z<L+1;t>)$$
The cost is $C = \sum_t C^{(t)}(\hat y^{(t)}, y^{(t)})$.
$$d<l;t> = \frac{\partial C}{\partial z<l;t>}$$
"""


def test_the_output_is_one_layer_more() -> None:
    error = (
        r"d<l;t> = \left((W<l+1>)^\top d<l+1;t> + (U<l>)^\top d<l;t+1>\right) "
        r"\odot \sigma_l'(z<l;t>)"
    )
    pairs = [
        (r"d<L+1;t> = \frac{\partial C^{(t)}}{\partial \hat y^{(t)}} "
         r"\odot \sigma_{L+1}^\prime(z<L+1;t>)", ("(z<L+1;t>)", "(z<L+1;t-1>)")),
        (r"\frac{\partial C}{\partial W^{L,L+1}} = \sum_t d<L+1;t> (h<L;t>)^\top",
         ("h<L;t>", "h<L;t-1>")),
        (error, ("(W<l+1>)", "(W<l>)")),
        (r"\left(\frac{\partial C}{\partial W<l>}\right)^{(t)} = d<l;t> (h<l-1;t>)^\top",
         ("h<l-1;t>", "h<l;t-1>")),
    ]  # fmt: skip
    claims = [c for right, slip in pairs for c in (right, right.replace(*slip))]
    text = OUTPUT + "".join(f"$${c}$$\n" for c in claims)
    assert verdicts(spelt(text, "h_l^(t)", "from-to"))[-8:] == ["right", "wrong"] * 4


ENTRIES = r"""
$$z_{l,i}^{(t)} = \sum_j W^{l}_{ij} h_{l-1,j}^{(t)} + \sum_k U^{l}_{ik} h_{l,k}^{(t-1)} + b^l_i$$
$$h_{l,i}^{(t)} = \sigma(z_{l,i}^{(t)})$$
$$\delta_{l,i}^{(t)} = \frac{\partial C}{\partial z_{l,i}^{(t)}}$$
$$\delta_{l,i}^{(t)} = \sigma'(z_{l,i}^{(t)}) \left(\sum_j W^{l+1}_{ji} \delta_{l+1,j}^{(t)}
+ \sum_k U^l_{ki} \delta_{l,k}^{(t+1)}\right)$$
$$\frac{\partial C}{\partial W^l_{ij}} = \sum_t \delta_{l,i}^{(t)} h_{l-1,j}^{(t)}$$
$$\frac{\partial C}{\partial b^l_i} = \sum_t \delta_{l,i}^{(t)}$$
$$\frac{\partial C}{\partial W^l_{ij}} = \sum_t \sum_{k_1} \delta_{l,k_1}^{(t)}
\sum_{k_2} h_{l-1,k_2}^{(t)} \delta_{i k_1} \delta_{j k_2}$$
"""


def test_units_of_layers() -> None:
    assert verdicts(ENTRIES)[3:] == ["right"] * 4
    for right, slip in (
        ("U^l_{ki}", "U^l_{ik}"), (r"\delta_{l+1,j}^{(t)}", r"\delta_{l+1,j}^{(t+1)}"),
        ("W^{l+1}_{ji}", "W^{l}_{ji}"),
    ):  # fmt: skip
        found = verdicts(ENTRIES.replace(right, slip))
        assert found[3] in ("wrong", "undecided")
        assert found[4:] == ["right"] * 3
    assert verdicts(ENTRIES.replace("U^l_{ki}", "U^l_{ik}"))[3] == "wrong"
    raised = re.sub(
        r"([zh]|\\delta)_\{(l(?:[-+]1)?),(\w)\}\^\{\((t(?:[-+]1)?)\)\}", r"\1_{\3}^{\2(\4)}",
        ENTRIES.partition(r"$$\frac{\partial C}{\partial b")[0],
    )  # fmt: skip
    assert verdicts(raised)[3:] == ["right", "right"]


PARTS = r"""
$$\left(z_l^{(t)}\right)_{layer} = W^{l-1,l} h_{l-1}^{(t)} + b^{l-1,l}$$
$$\left(z_l^{(t)}\right)_{time} = W^{ll} h_l^{(t-1)} + b^{ll},$$
$$z_l^{(t)} = \left(z_l^{(t)}\right)_{layer} + \left(z_l^{(t)}\right)_{time}$$
$$h_l^{(t)} = \tanh(z_l^{(t)})$$
$$\delta_l^{(t)} = \frac{\partial L}{\partial z_l^{(t)}}$$
The contribution of step $t$ is $\left(\frac{\partial L}{\partial W^{ll}}\right)^{(t)}$.
"""


def test_a_sum_whose_parts_have_words_and_shares_of_its_weights() -> None:
    claims = [
        r"\frac{\partial L}{\partial W^{ll}} = \sum_t \left(\frac{\partial L}{\partial W^{ll}}"
        r"\right)^{(t)}",
        r"\left(\frac{\partial L}{\partial b^{ll}}\right)^{(t)} = \delta_l^{(t)}",
        r"\left(\frac{\partial L}{\partial W^{ll}}\right)^{(t)} = \delta_l^{(t)} (h_l^{(t-1)})^T",
        r"\left(\frac{\partial L}{\partial W^{ll}}\right)^{(t)} = \delta_l^{(t)} (h_l^{(t)})^T",
    ]
    found = verdicts(PARTS + "".join(f"$${c}$$\n" for c in claims))
    assert found[-4:] == ["right", "right", "right", "wrong"]


def test_of_which_layers_it_speaks_is_no_claim() -> None:
    text = spelt(
        r"""
$$h<l;t> = \tanh(W<l> h<l-1;t> + U<l> h<l;t-1>), \quad L = \sum_t L_t(h<L;t>)$$
$$d<l;t> = \frac{\partial L}{\partial h<l;t>} \odot (1 - (h<l;t>)^2)$$
$$\frac{\partial L}{\partial h<l;t>} = (W<l+1>)^\top d<l+1;t> + (U<l>)^\top d<l;t+1>, \quad l < L$$
""", "h_t^(l)", "above")  # fmt: skip
    assert verdicts(text)[-2:] == ["right", "not_a_claim"]


def test_a_layer_that_is_not_understood_is_no_ground() -> None:
    text = spelt(NETWORK, "h_t^(l)", "above")
    claim = (
        r"$$\frac{\partial h_t^{(l)}}{\partial h_{t-1}^{(l)}} = "
        r"\mathrm{diag}(1 - (h_t^{(l)})^2) U^{(l;m)}$$"
    )
    assert judged(text + claim)[-1].verdict.verdict in ("undecided", "unreadable")


COLUMN = r"""
$$h_t^l = \tanh\left(W^l \begin{pmatrix} h_t^{l-1} \\ h_{t-1}^l \end{pmatrix}\right)$$
$$\delta_t^l = \frac{\partial L}{\partial h_t^l} \odot (1 - (h_t^l)^2)$$
$$\frac{\partial L}{\partial W^l} = \sum_t \delta_t^l
\begin{pmatrix} h_t^{l-1} \\ h_{t-1}^l \end{pmatrix}^\top$$
"""


@pytest.mark.parametrize(
    ("h", "h_below", "h_before"),
    [("h_t^l", "h_t^{l-1}", "h_{t-1}^l"), ("h_l^{(t)}", "h_{l-1}^{(t)}", "h_l^{(t-1)}")],
)
def test_a_column_of_the_layer_below_and_the_past(h: str, h_below: str, h_before: str) -> None:
    text = COLUMN.replace(r"\delta_t^l", h.replace("h", r"\delta", 1))
    text = text.replace("h_t^{l-1}", h_below).replace("h_{t-1}^l", h_before).replace("h_t^l", h)
    assert verdicts(text)[-1] == "right"
    head, _, claim = text.rpartition(r"\sum_t")
    assert verdicts(head + r"\sum_t" + claim.replace(h_before, h))[-1] == "wrong"


CHAIN = r"""
$$h_t^{(1)} = \sigma(W^{(1)} h_{t-1}^{(1)} + U^{(1)} x_t)$$
$$h_t^{(l)} = \sigma(W^{(l)} h_{t-1}^{(l)} + U^{(l)} h_t^{(l-1)})$$
"""
#: Products and sums over the layers, and what must not stand in them.
OVER_LAYERS = [
    (r"\frac{\partial h_t^{(L)}}{\partial h_t^{(1)}} = \prod_{l=2}^{L} "
     r"\frac{\partial h_t^{(l)}}{\partial h_t^{(l-1)}}", "{l=2}", "{l=1}"),
    (r"\frac{\partial h_t^{(L)}}{\partial h_t^{(l)}} = \prod_{k=l+1}^{L} "
     r"\mathrm{diag}(h_t^{(k)} (1 - h_t^{(k)})) U^{(k)}", "U^{(k)}", "W^{(k)}"),
    (r"\frac{\partial h_t^{(L)}}{\partial h_t^{(1)}} = \prod_{k=2}^{L} "
     r"\frac{\partial h_t^{(k)}}{\partial h_t^{(k-1)}}", r"h_t^{(k)}}", r"h_{t+1}^{(k)}}"),
]  # fmt: skip


@pytest.mark.parametrize(("right", "piece", "slip"), OVER_LAYERS)
def test_products_over_layers(right: str, piece: str, slip: str) -> None:
    assert verdicts(f"{CHAIN}$${right}$$")[-1] == "right"
    assert verdicts(f"{CHAIN}$${right.replace(piece, slip)}$$")[-1] in ("wrong", "undecided")


def test_the_factors_of_a_product_over_layers_have_an_order() -> None:
    (right, *_), *_ = OVER_LAYERS
    found = judged(f"{CHAIN}$${right}$$")[-1].verdict
    assert any("from the last layer" in said for said in found.readings)


def test_a_sum_over_layers_counts_each_path_once() -> None:
    text = CHAIN + "$$L = \\sum_t L_t(h_t^{(L)})$$\n"
    total = (
        r"$$\frac{\partial L}{\partial h_t^{(1)}} = \sum_{l=1}^{L} \frac{\partial L}"
        r"{\partial h_t^{(l)}} \prod_{k=2}^{l} \frac{\partial h_t^{(k)}}{\partial h_t^{(k-1)}}$$"
    )
    assert verdicts(text + total)[-1] == "wrong"


def test_the_first_layer_keeps_an_equation_of_its_own() -> None:
    claim = (
        r"$$\frac{\partial h_t^{(1)}}{\partial x_t} = \mathrm{diag}(h_t^{(1)} (1 - h_t^{(1)})) "
        r"U^{(1)}$$"
    )
    assert verdicts(CHAIN + claim)[-1] == "right"
    assert verdicts(CHAIN + claim.replace("U^", "W^"))[-1] == "wrong"


LEAKY = r"""
$$u_t^l = \lambda u_{t-1}^l + W^l s_t^{l-1}, \quad s_t^l = \sigma(u_t^l)$$
$$\delta_t^l = \frac{\partial L}{\partial u_t^l}$$
"""


def test_what_goes_on_and_what_goes_up_may_be_two() -> None:
    for right, piece, slip in (
        (r"\delta_t^l = \lambda \delta_{t+1}^l + \sigma'(u_t^l) \odot ((W^{l+1})^\top "
         r"\delta_t^{l+1})",
         "W^{l+1}", "W^l"),
        (r"\frac{\partial L}{\partial W^l} = \sum_t \delta_t^l (s_t^{l-1})^\top",
         "s_t^{l-1}", "s_{t-1}^{l-1}"),
    ):  # fmt: skip
        assert verdicts(f"{LEAKY}$${right}$$")[-1] == "right"
        assert verdicts(f"{LEAKY}$${right.replace(piece, slip)}$$")[-1] == "wrong"


def test_a_vector_that_recurs_by_a_number_has_a_vector_for_its_input() -> None:
    text = r"""
$$u_t = \lambda u_{t-1} + W x_t, \quad s_t = \sigma(u_t), \quad y_t = V s_t$$
$$L = \sum_t L_t(y_t), \quad \frac{\partial L}{\partial W} = \sum_t
\frac{\partial L}{\partial u_t} x_t^\top$$
"""
    assert verdicts(text)[-1] == "right"
