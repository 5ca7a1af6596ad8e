r"""Lecture notes: several problems on one page, commands of packages, one case beside the whole."""

from __future__ import annotations

import re

import pytest

from tests.check.audited import of_claims, verdicts

ELMAN = r"$s_t = \tanh(U x_t + W s_{t-1})$, $o_t = V s_t$, $E = \sum_t E_t(o_t)$" "\n\n"
GRU = r"""$$z_t = \sigma(W_z x_t + U_z h_{t-1}), \qquad r_t = \sigma(W_r x_t + U_r h_{t-1})$$

$$\tilde h_t = \tanh(W_h x_t + U_h (r_t \odot h_{t-1})), \qquad
h_t = (1 - z_t) \odot h_{t-1} + z_t \odot \tilde h_t$$

With $dh_t = \partial L/\partial h_t$: $dz_t = dh_t \odot (\tilde h_t %s h_{t-1})$.
"""
HEADINGS = (
    ("**Problem 1.** Consider ", "**Problem 2.** Now "),
    ("**Simple networks**\n\n", "**Gated networks**\n\n"),
    ("__Exercise 1:__ ", "__Exercise 2:__ "),
    ("## One\n\n", "## Two\n\n"),
)


@pytest.mark.parametrize(("first", "second"), HEADINGS)
def test_bold_lines_begin_problems_with_networks_of_their_own(first: str, second: str) -> None:
    page = first + ELMAN + second + GRU
    assert of_claims(page % "-")[-2:] == ["right", "right"]
    assert of_claims(page % "+")[-2:] == ["right", "wrong"]


def test_bold_words_in_a_sentence_begin_no_problem() -> None:
    page = ELMAN + "**Note** that\n\n" + GRU
    assert of_claims(page % "+")[-1] == "undecided"  # one network, whose loss h is not part of


@pytest.mark.parametrize("environment", ["problem", "exercise", "question"])
def test_problems_of_latex_have_networks_of_their_own(environment: str) -> None:
    begin, end = rf"\begin{{{environment}}}", rf"\end{{{environment}}}"
    page = rf"\begin{{document}}{begin}{ELMAN}{end}{begin}{GRU % '-'}{end}\end{{document}}"
    assert of_claims(page, "n.tex")[-2:] == ["right", "right"]


@pytest.mark.parametrize("d", [r"\mathrm d", r"\mathrm{d}", r"\operatorname{d}", "d", r"\partial"])
@pytest.mark.parametrize("fraction", [r"\dfrac", r"\frac"])
def test_limits_of_any_fraction(d: str, fraction: str) -> None:
    page = (
        r"$h_t = \sigma(w h_{t-1} + x_t)$. If $|w| < %s$, "
        rf"$\lim_{{T\to\infty}} {fraction}{{{d} h_T}}{{{d} h_0}} = 0$."
    )
    assert of_claims(page % "4") == ["right"]
    assert of_claims(page % "9") == ["wrong"]


PHYSICS = r"""\begin{document}
$\vb{s}_t = \tanh(\vb{W}\vb{s}_{t-1} + \vb{U}\vb{x}_t)$ and $L = \sum_t \ell_t(\vb{s}_t)$.
\[ \grad_{\vb{s}_t} L = \qty(\pdv{\vb{s}_{t+1}}{\vb{s}_t})^{\mathsf T} \grad_{\vb{s}_{t+1}} L
 + \grad_{\vb{s}_t} \ell_t \]
\[ \grad_{\vb{W}} L = \sum_t \qty{\operatorname{diag}\qty[1 - \vb{s}_t^2] \grad_{\vb{s}_t} L}
 \vb{s}_{%s}^{\mathsf T} \qedhere \]
%s
\end{document}"""


def test_delimiters_of_physics_are_read() -> None:
    assert of_claims(PHYSICS % ("t-1", ""), "n.tex") == ["right", "right"]
    assert of_claims(PHYSICS % ("t", ""), "n.tex") == ["right", "wrong"]


def test_a_scalar_case_leaves_matrices_as_they_are() -> None:
    case = r"In the scalar case $s_t = \tanh(w s_{t-1} + u x_t)$."
    assert of_claims(PHYSICS % ("t-1", case), "n.tex") == ["right", "right"]
    softmax = (
        r"$s_t = \tanh(W s_{t-1} + U x_t)$, $\hat y_t = \mathrm{softmax}(V s_t)$,"
        r" $L = -\sum_t y_t^\top \log \hat y_t$." "\n\n"
        r"$\frac{\partial L}{\partial V} = \sum_t (\hat y_t %s y_t) s_t^\top$" "\n\n" + case
    )  # fmt: skip
    assert of_claims(softmax % "-")[0] == "right"
    assert of_claims(softmax % "+")[0] == "wrong"


MARKS = r"""$$h_t = \tanh(W h_{t-1} + U x_t + b), \qquad o_t = V h_t + c$$

%s

$$dV = \sum_t do_t h_t^T$$
$$dh_t = V^T do_t + W^T da_{t+1}$$
$$da_t = (1 - h_t^2) \odot dh_t$$
$$dW = \sum_t da_t %s^T$$
"""


@pytest.mark.parametrize(
    "derivative",
    [
        r"$\frac{dL}{dV} = \sum_t \frac{dL}{do_t} \frac{do_t}{dV}$",
        r"$\frac{d\tanh(x)}{dx} = 1 - \tanh^2(x)$",
    ],
)
def test_marks_by_d_beside_fractions(derivative: str) -> None:
    assert of_claims(MARKS % (derivative, "h_{t-1}")) == ["right"] * 4
    assert of_claims(MARKS % (derivative, "h_t"))[-1] == "wrong"


@pytest.mark.parametrize(
    "line",
    [
        r"dh_t = \mathrm{diag}(1 - h_t^2) (W dh_{t-1} + dW\, h_{t-1})",
        r"dh_{t+1} = \mathrm{diag}(1 - h_{t+1}^2) W dh_t",
        r"dh_t = \mathrm{diag}(1 - h_t^2) U dx_t",
    ],
)
def test_differentials_beside_fractions_are_no_marks(line: str) -> None:
    page = (
        r"$h_t = \tanh(W h_{t-1} + U x_t + b)$, $L = \sum_t \ell_t(h_t)$. With $\frac{dL}{dh_t}$"
        f" known, a small change gives ${line}$."
    )
    assert set(of_claims(page)) <= {"right", "undecided"}
    # Nor is a row of the same text that alone would be read as one.
    backward = r"$$dh_t = W^T ((1 - h_{t+1}^2) \odot dh_{t+1})$$"
    assert of_claims(f"{page}\n\n{backward}")[-1] == "undecided"


LSTM = r"""$f = \sigma(U_f x_t + W_f h_{t-1})$, $i = \sigma(U_i x_t + W_i h_{t-1})$,
$o = \sigma(U_o x_t + W_o h_{t-1})$, $g = \tanh(U_g x_t + W_g h_{t-1})$,
$c_t = f \odot c_{t-1} + i \odot g$, $h_t = o \odot \tanh(c_t)$

1. $\frac{\partial L}{\partial c_t} = \frac{\partial L}{\partial h_t} \odot %s%s
2. $\frac{\partial L}{\partial f} = \frac{\partial L}{\partial c_t} \odot c_{t-1}$
"""


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("$ plus what comes back from the next step", "right"),
        ("$, plus the term of step t+1", "right"),
        ("$ by the chain rule", "wrong"),
    ],
)
def test_a_gradient_to_which_words_add_the_rest(rest: str, expected: str) -> None:
    page = LSTM % (r"o \odot (1 - \tanh^2(c_t))", rest)
    assert of_claims(page) == [expected, "right"]
    slipped = LSTM % (r"o \odot (1 - \tanh(c_t))", rest)
    assert verdicts(slipped)[-2] == ("wrong" if expected == "wrong" else "not_a_claim")


def test_what_breaks_off_in_a_sentence_is_shown() -> None:
    page = r"$h_t = \tanh(W h_{t-1} + U x_t)$ and $\frac{\partial h_t}{\partial U} = x_t + \cdots$"
    assert verdicts(page) == ["not_a_claim", "not_a_claim"]


@pytest.mark.parametrize(
    ("bound", "expected"),
    [(r"\|W\|^{T-1}", "right"), (r"\|W\|^{T}", "wrong"), (r"(\|W\|/2)^{T-1}", "wrong")],
)
def test_a_rectifier_passes_on_at_most_everything(bound: str, expected: str) -> None:
    page = r"$h_t = \mathrm{ReLU}(W h_{t-1} + U x_t)$ and $\|\partial h_T/\partial h_1\| \le %s$"
    assert of_claims(page % bound) == [expected]


def test_the_input_of_gates_without_steps_is_that_of_their_step() -> None:
    page = LSTM.replace("U_f x_t", "x U_f").replace("U_g x_t", "x U_g").replace("U_i x_t", "x U_i")
    page = page.replace("U_o x_t", "x U_o").replace("W_", "h_{t-1} W_").replace(" h_{t-1})", ")")
    given = r"\frac{\partial L}{\partial f} \odot f \odot (1 - f)"
    page += rf"3. $\frac{{\partial L}}{{\partial U_f}} = %s^T ({given})$"
    kept = (r"o \odot (1 - \tanh^2(c_t))", "$ plus the term from the next step")
    assert of_claims(page % (*kept, "x")) == ["right"] * 3
    assert of_claims(page % (*kept, "h_{t-1}"))[-1] != "right"


SEQUENCES = r"""\begin{document}
$s_t = \tanh(W s_{t-1} + U x_t)$, $g_t = V s_t$,
$\mathcal{L}_\text{%s} = \sum_{t=1}^n \mathcal{L}_\text{elt}(g_t, y_t)$
\begin{align}
\frac{d \mathcal{L}_\text{%s}}{d W} & = \sum_t \frac{d \mathcal{L}_\text{elt}(g_t, y_t)}{d W} \\
~~~~ & = \sum_t \frac{d \mathcal{L}_\text{elt}(g_t, y_t)}{d s_t} \frac{d s_%s}{d W}
\end{align}
\end{document}"""


@pytest.mark.parametrize(
    ("word", "step", "expected"),
    [
        ("seq", "t", ["right", "right"]),
        ("total", "t", ["right", "right"]),
        ("seq", "{t-1}", ["right", "wrong"]),
    ],
)
def test_the_loss_of_a_sequence_beside_that_of_its_elements(
    word: str, step: str, expected: list[str]
) -> None:
    found = of_claims(SEQUENCES % (word, word, step), "n.tex")
    assert found == expected or (expected[1] == "wrong" and found[1] == "undecided")


SLOPES = r"""$$f_t = \sigma(W_f h_{t-1} + U_f x_t), \quad i_t = \sigma(W_i h_{t-1} + U_i x_t)$$
$$o_t = \sigma(W_o h_{t-1} + U_o x_t), \quad g_t = \tanh(W_g h_{t-1} + U_g x_t)$$
$$c_t = f_t \odot c_{t-1} + i_t \odot g_t, \quad h_t = o_t \odot \tanh(c_t)$$

- $\frac{\partial L}{\partial i_t} = \frac{\partial L}{\partial c_t} \odot g_t \odot \sigma'(i_t)$
- $\frac{\partial L}{\partial o_t} = \frac{\partial L}{\partial h_t} \odot \tanh(c_t) o_t (1 - o_t)$
- $\frac{\partial L}{\partial f_t} = \frac{\partial L}{\partial c_t} \odot %s$
"""


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (r"c_{t-1} \odot \sigma'(f_t)", ["right"] * 3),
        (r"c_{t-1} \odot f_t \odot (1 - f_t)", ["right"] * 3),
        (r"c_t \odot \sigma'(f_t)", ["right", "right", "wrong"]),
        # One of them is by the gate itself, and so are the others; of σ' it is not known.
        (r"c_{t-1}", ["undecided", "wrong", "right"]),
    ],
)
def test_gradients_by_gates_that_carry_their_slopes(last: str, expected: list[str]) -> None:
    assert of_claims(SLOPES % last) == expected


NETWORK = r"""$$z_t = U x_t + W s_{t-1}, \quad s_t = \tanh(z_t), \quad g_t = V s_t$$
$$\hat y_t = \mathrm{softmax}(g_t), \quad L_t = -\sum_{i=1}^C y_{t, i} \log \hat y_{t, i}$$
"""
SAME = [r"\mathbf{1}(i=%s)", r"\mathbb{1}_{i=%s}", r"\mathbb{1}\{i = %s\}", r"1_{\{i=%s\}}"]


@pytest.mark.parametrize("same", SAME)
def test_indicators_that_two_indices_are_the_same(same: str) -> None:
    left = r"\frac{\partial \hat y_{t, i}}{\partial g_{t, j}}"
    slope = rf"$${left} = \hat y_{{t, i}} (%s %s \hat y_{{t, j}})$$"
    weight = r"$$\frac{\partial g_{t, i}}{\partial V_{k, j}} = %s s_{t, %s}$$"
    page = NETWORK + slope + "\n\n" + weight
    assert of_claims(page % (same % "j", "-", same % "k", "j")) == ["right", "right"]
    found = of_claims(page % (same % "j", "+", same % "k", "i"))
    assert "right" not in found


RANGES = [
    r", \quad (i = 1, 2, \dots, C)",
    r", \quad i, j = 1, \ldots, n",
    r"\quad \text{for } i = 1, \dots, C",
    r", \quad 1 \le i \le C",
    r", \quad i \in \{1, \dots, C\}",
]


def test_ranges_of_entries_behind_an_equation() -> None:
    claim = r"$$\frac{\partial g_{t, k}}{\partial V_{i, j}} = \delta_{ik} s_{t, %s} %s$$"
    rows = [claim % (j, r) for r in RANGES for j in "ji"]
    found = of_claims(NETWORK + "\n\n".join(rows))
    assert found[::2] == ["right"] * len(RANGES)
    assert set(found[1::2]) <= {"wrong", "undecided"}


@pytest.mark.parametrize(("state", "expected"), [("h_{t-1}", "right"), ("h_t", "wrong")])
def test_steps_in_the_labels_of_weights(state: str, expected: str) -> None:
    page = (
        r"$$h_t = \tanh(W_x x_t + W_h h_{t-1} + b_h)$$" "\n\n"
        r"$$da_t = (1 - h_t^2) \odot dh_t$$" "\n\n"
        rf"$$dW_{{h_t}} = da_t {state}^T, \quad dW_{{x_t}} = da_t x_t^T, \quad db_{{h_t}} = da_t$$"
    )
    assert of_claims(page)[-3:] == [expected, "right", "right"]


@pytest.mark.parametrize("k", ["k", "i"])
def test_scripts_beside_a_sum(k: str) -> None:
    total = r"\sideset{}{_k}\sum \frac{\partial L_t}{\partial g_{t,k}}"
    claim = rf"$$\frac{{\partial L_t}}{{\partial V_{{ij}}}} = {total} \frac{{\partial g_{{t,{k}}}}}"
    found = of_claims(NETWORK + claim + r"{\partial V_{ij}}$$")
    assert (found == ["right"]) == (k == "k")


def test_a_supposed_loss_may_be_another_mean() -> None:
    page = (
        r"$h_s = f(x_s, h_{s-1}, W)$, $o_s = g(h_s, V)$" "\n\n"
        r"$\frac{\partial L}{\partial W} = \frac1T\sum_{s=0}^{S-1}\frac{\partial L_s}{\partial W}$"
    )
    assert of_claims(page) == ["undecided"]


SUMMED = (
    r"$h_t = \tanh(W h_{t-1} + U x_t)$, $o_t = V h_t$, $L = \frac1T \sum_{t=1}^T l(y_t, o_t)$"
    "\n\n" r"$$\frac{\partial L}{\partial V} = %s \sum_t \frac{\partial l}{\partial V}$$" "\n\n"
    r"$$\frac{\partial l}{\partial V} = \frac{\partial l}{\partial o_t} h_t^T$$" "\n\n"
)  # fmt: skip


def test_a_function_that_is_summed_is_the_loss_of_a_step_where_it_stands_bare() -> None:
    assert of_claims(SUMMED % r"\frac1T") == ["right", "right"]
    assert of_claims(SUMMED % "2")[0] != "right"
    # Beside a later step it is the whole, but of a parameter in a sum over the steps.
    later = r"$$\frac{\partial l}{\partial h_t} = \frac{\partial l}{\partial h_{t+1}} h_t$$"
    assert of_claims(SUMMED % r"\frac1T" + later) == ["right", "right", "wrong"]
    assert of_claims(SUMMED % "2" + later)[0] != "right"


BACK = r"""$$i_t = \sigma(U_i h_{t-1} + W_i x_t), \quad g_t = \tanh(U_g h_{t-1} + W_g x_t)$$
$$c_t = c_{t-1} + i_t \odot g_t, \quad h_t = \tanh(c_t), \quad \hat y_t = \mathrm{softmax}(V h_t)$$

$$\frac{\partial L}{\partial U_i} = \sum_t
\left(\frac{\partial L}{\partial c_t} \odot g_t \odot {\sigma_{i_t}}^\prime\right) h_{t-1}^T$$
$$\frac{\partial L}{\partial U_g} = \sum_t
\left(\frac{\partial L}{\partial c_t} \odot i_t \odot \tanh_{g_t}'\right) %s^T$$
"""


def test_slopes_by_the_gate_below_the_letter() -> None:
    assert of_claims(BACK % "h_{t-1}") == ["right", "right"]
    assert of_claims(BACK % "h_t") == ["right", "wrong"]


@pytest.mark.parametrize("slope", [r"{\sigma_{a_t}}^\prime", r"\sigma_{a_t}'"])
def test_slopes_by_the_argument_below_the_letter(slope: str) -> None:
    page = (
        r"$h_t = \sigma(a_t)$, $a_t = W h_{t-1} + U x_t$." "\n\n"
        rf"$$\frac{{\partial h_t}}{{\partial h_{{t-1}}}} = \mathrm{{diag}}({slope}) %s$$"
    )
    assert of_claims(page % "W") == ["right"]
    assert of_claims(page % "U") != ["right"]
    # What stands below is given nowhere.
    assert "wrong" not in of_claims(page.replace("a_t =", "z_t =").replace("(a_t)", "(z_t)") % "W")


def test_the_last_step_is_no_excuse_where_the_loss_of_a_step_before_stands() -> None:
    """The cell passes on more than what comes through the state of this step."""
    delta = r"\frac{\partial L}{\partial h_t} \odot (1 - \tanh^2(c_t))"
    row = (
        r"$$\frac{\partial L}{\partial h_{t-1}} = V^T (\hat y_{t-1} - y_{t-1})"
        rf" + U_i^T ({delta} \odot g_t \odot i_t \odot (1 - i_t))"
        rf" + U_g^T ({delta} \odot i_t \odot (1 - g_t^2))$$"
    )
    assert of_claims(BACK % "h_{t-1}" + row)[-1] in ("wrong", "undecided")


WALK = r"""$$s_\tau = \tanh(U x_\tau + W s_{\tau-1}), \quad o_\tau = V s_\tau$$

$$\frac{\partial s_3}{\partial s_1} =
\frac{\partial s_3}{\partial s_2} \frac{\partial s_2}{\partial s_1}$$

$$\frac{\partial s_3}{\partial s_2} = \operatorname{diag}(1 - s_3^2) W$$

$$\frac{\partial s_3}{\partial s_2} = \operatorname{diag}(1 - s_2^2) W$$
"""


@pytest.mark.parametrize("fraction", [r"\frac{\1}{\2}", r"\1 / \2"])
def test_what_numbered_lines_give_together_is_not_judged_itself(fraction: str) -> None:
    """It stands nowhere: one of the lines may be a slip, and its verdict is its own."""
    walk = re.sub(r"\\frac\{([^}]*)\}\{([^}]*)\}", fraction.replace("\\frac", r"\\frac"), WALK)
    assert of_claims(walk) == ["right", "right", "wrong"]


def test_what_is_taken_away_from_an_output_is_a_target() -> None:
    """A right recursion was called wrong: y was taken for a further output."""
    page = (
        r"$z^{(t)} = W a^{(t-1)} + U x^{(t)}$, $a^{(t)} = \sigma(z^{(t)})$, $p^{(t)} = V a^{(t)}$."
        r" Let $\delta^{(t)} = \frac{\partial L}{\partial z^{(t)}}$." "\n\n"
        r"$$\delta^{(t)} = (V^\top (p^{(t)} - y^{(t)}) + %s \delta^{(t+1)})"
        r" \odot a^{(t)} \odot (1 - a^{(t)})$$"
    )  # fmt: skip
    assert of_claims(page % r"W^\top")[-1] == "right"
    assert of_claims(page % "W")[-1] in ("wrong", "undecided")


def test_an_output_with_weights_of_its_own_gets_no_further_layer() -> None:
    """What a figure defines is not in the text: a right formula was called wrong."""
    page = r"""
$$h_t = f(x_t, h_{t-1}, w_h), \quad o_t = g(h_t, w_o)$$

# Details

Now $\mathbf{h}_t$ and $\mathbf{o}_t$ are computed as in the figure, with $\mathbf{W}_{qh}$.

$$L = \frac{1}{T} \sum_{t=1}^T l(\mathbf{o}_t, y_t)$$

$$\frac{\partial L}{\partial \mathbf{W}_{qh}} = \sum_{t=1}^T \text{prod}\left(
\frac{\partial L}{\partial \mathbf{o}_t},
\frac{\partial \mathbf{o}_t}{\partial \mathbf{W}_{qh}}\right)$$
"""
    assert of_claims(page) in (["right"], ["undecided"])


def test_one_step_of_a_softmax_that_has_two_names() -> None:
    """Right formulas were undecided, and one called wrong where labels had another name."""
    page = r"""
The cell is $q_t = \tanh(A x_t + B q_{t-1})$ with output $o_t = \mathrm{softmax}(C q_t)$.

$$\hat{y}_t = \mathrm{softmax}(C q_t)$$

$$E_t(y_t, \hat{y}_t) = - y_t \log \hat{y}_t$$

Take step 2:

$$\begin{aligned} \hat{y}_2 &= \mathrm{softmax}(C q_2) \\ &= \mathrm{softmax}(z_2) \end{aligned}$$

$$\hat{y}_{2i} = \frac{e^{z_{2i}}}{\sum_{k=1}^{m} e^{z_{2k}}}$$

$$E_2(y_2, \hat{y}_2) = - y_2 \log \hat{y}_2$$

$$\frac{\partial E_2}{\partial C}
= \frac{\partial E_2}{\partial \hat{y}_2} \frac{\partial \hat{y}_2}{\partial z_2}
\frac{\partial z_2}{\partial C}$$

$$\frac{\partial E_2}{\partial C} = (\hat{y}_2 - y_2) \otimes q_2$$

Here $z_2 = C q_2$, and $\otimes$ is the outer product.
"""
    assert set(of_claims(page)) == {"right"}
    slipped = page.replace("2) \\otimes q_2", "2) \\otimes q_1")
    assert of_claims(slipped)[-2] == "wrong"


def test_an_arrow_over_a_name_and_its_step() -> None:
    page = r"""
$$\overrightarrow{h_t} =
\tanh(\overrightarrow{W} x_t + \overrightarrow{V} \overrightarrow{h}_{t-1}),
\quad \overleftarrow{h_t} =
\tanh(\overleftarrow{W} x_t + \overleftarrow{V} \overleftarrow{h}_{t+1})$$

$$\frac{\partial \overrightarrow{h_t}}{\partial \overrightarrow{h_{t-1}}} =
\mathrm{diag}(1 - \overrightarrow{h_t}^2) %s$$
"""
    assert of_claims(page % r"\overrightarrow{V}") == ["right"]
    assert of_claims(page % r"\overleftarrow{V}") == ["wrong"]
