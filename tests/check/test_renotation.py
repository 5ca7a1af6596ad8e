"""The verdicts of a text do not depend on its notation: a sample, and each respelling by itself.

The whole comparison is ``benchmarks/renotation.py``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bptt_sym.check.audit import audit
from bptt_sym.definitions.losses import gives_a_mean
from bptt_sym.documents.document import Formula, document_from_text
from bptt_sym.documents.names import names_in
from bptt_sym.spelling.below_the_sign import with_the_variable_beside
from bptt_sym.spelling.early_names import counted_from_their_step
from bptt_sym.spelling.gradients_by_variable import with_deltas_for_marks
from bptt_sym.spelling.loss_words import with_letters_for_losses
from bptt_sym.spelling.one_face import with_bold_for_arrows
from bptt_sym.spelling.signs import with_one_transpose, with_usual_signs
from bptt_sym.spelling.step_letters import with_the_usual_letters
from bptt_sym.spelling.steps import with_brackets_above, with_steps_below
from tests.check.audited import judged

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from gated_notation import Style
from gated_pages import written as gated_text
from gated_renotations import EVERY
from renotation import merged, verdicts_of
from renotation_gated import Count
from renotation_habits import Wider
from renotation_writer import templates

TEMPLATES = {t.name: t for t in templates()}


@pytest.mark.parametrize(
    ("document", "notation"),
    [
        ("number", ("letter n", "step ^(t)", "loss J")),
        ("deltas", ("vec", "from zero", "prime")),
        ("vanishing", ("letter k", "norm bars", "step ^t", "rows")),
        ("three", ("mark bar", "loss word", "D below")),
        ("number", ("Theta", "D below")),
        ("number", ("end n",)),
        ("number", ("end m", "step ^(t)")),
        ("number", ("step braces",)),
        ("number", ("step ,",)),
        ("number", ("step angle",)),
        ("number", ("W arrows",)),
        ("number", ("loss tot above",)),
        ("lastlabel", ("h prime",)),
        ("lastlabel", ("h (1)",)),
        ("lastlabel", ("coloured",)),
        ("generic", ("loss L and e",)),
        ("generic", ("immediate bar",)),
        ("generic", ("loss calL and L",)),
        ("three", ("loss of values",)),
        ("lecture", ("delta^{h_t}",)),
        ("deltas", ("grad h_t",)),
        ("vanishing", ("loss seq and elt", "step (t)")),
        ("lecture", ("loss seq and elt", "step ^(t)")),
        ("lastlabel", ("W commas", "target true")),
        ("ending", ("h enc", "step ,")),
        ("lecture", ("delta^{h_t}", "loss total")),
        ("lecture", ("delta_{h_t}", "alpha")),
        ("vanishing", ("product downward",)),
        ("double", ("identity minus diag",)),
        ("double", ("square by itself", "bar h")),
        ("generic", ("square brackets",)),
        ("every", ("D below",)),
        ("every", ("loss left out",)),
        ("every", ("loss of values",)),
        ("every", ("state H",)),
        ("lastlabel", ("state H",)),
        ("ending", ("pre",)),
    ],
)
def test_notations_change_no_verdict(document: str, notation: tuple[str, ...]) -> None:
    written = Wider(TEMPLATES[document], merged(*notation)).write()
    found = [(line.kind, verdict) for line, verdict, _ in verdicts_of(written)]
    assert [f for f in found if f[0] in ("right", "wrong") and f[0] != f[1]] == []
    assert ("def", "wrong") not in found and ("loss", "wrong") not in found


@pytest.mark.parametrize(
    ("document", "notation"),
    [
        ("separate", "steps: t above"),
        ("highway", "fonts: vec"),
        ("coupled", "letters: gates in words"),
        ("peephole", "derivatives: delta_f(t)"),
        ("chains", "products: cdot for both"),
        ("coupled", "definitions: after"),
        ("separate", "derivatives: g_{h_t}"),
        ("peephole", "steps: angles behind"),
        ("reset-after", "steps: rows"),
    ],
)
def test_notations_of_gates_change_no_verdict(document: str, notation: str) -> None:
    count = Count()
    count.add(document, gated_text(document, EVERY[notation](Style())))
    assert count.right == count.rights > 0
    assert (count.accused, count.accepted) == (0, 0) and count.wrong > count.wrongs / 2


def test_what_most_formulas_suppose_of_a_loss_is_no_basis_for_the_opposite() -> None:
    written = Wider(TEMPLATES["double"], merged("loss in words")).write()
    found = [(line.kind, verdict) for line, verdict, _ in verdicts_of(written)]
    assert ("wrong", "right") not in found and found.count(("right", "right")) > 8


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (r"g_{h_t} = \frac{\partial L}{\partial h_t}", r"\frac{\partial L}{\partial c_t}"),
        (r"g_{h_t} = \frac{\partial L}{\partial h_t} + A", "g_{c_t}"),
        (r"g_{h_t} = \frac{\partial L_t}{\partial h_t}", "g_{c_t}"),
        (r"g_{h_t} = \frac{\partial L}{\partial c_t}", "g_{c_t}"),
    ],
)
def test_a_mark_is_a_derivative_where_a_whole_equation_says_so(said: str, expected: str) -> None:
    assert with_deltas_for_marks(_formulas(said, "g_{c_t} = a"))[1].latex == f"{expected} = a"


def _formulas(*texts: str) -> list[Formula]:
    return document_from_text("".join(f"$${t}$$\n\n" for t in texts), "n.md").formulas


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (r"h^{(t)} = f(W h^{(t-1)})", r"h_{t} = f(W h_{t-1})"),
        (r"h^{\langle t \rangle} = f(W h^{\langle t-1 \rangle})", r"h_{t} = f(W h_{t-1})"),
        (r"h[t] = f(W h[t-1])", r"h_{t} = f(W h_{t-1})"),
        (r"h(t) = f(W h(t-1))", r"h_{t} = f(W h_{t-1})"),
        (r"h^t = f(W h^{t-1})", r"h_{t} = f(W h_{t-1})"),
        (r"\mathbf{h}_{(t)} = f(W \mathbf{h}_{(t-1)})", r"\mathbf{h}_{t} = f(W \mathbf{h}_{t-1})"),
        (r"h^t = f(W h^{t-1}), \quad \mathcal{L}^{t}(o^t)",
         r"h_{t} = f(W h_{t-1}), \quad \mathcal{L}_{t}(o_{t})"),
        # powers, layers, and functions of what is no step
        (r"h_t = w^t h_0", None),
        (r"h_t^{(l)} = f(W h_t^{(l-1)})", None),
        (r"h_t = f(t) h_{t-1}", None),
    ],
)
def test_steps_are_brought_below(written: str, expected: str | None) -> None:
    (found,) = with_steps_below(_formulas(written))
    assert found.latex == (expected or written)
    assert len(found.offsets) == len(found.latex) + 1


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ((r"a_f^t = b_o^t", r"h^t = W h^{t-1}"), (r"a_f^t = b_o^t", r"h^t = W h^{t-1}")),
        ((r"a_f^t = a_o^t", r"h^t = W h^{t-1}"),
         (r"a_f^{(t)} = a_o^{(t)}", r"h^{(t)} = W h^{(t-1)}")),
        ((r"a_f^t = a_o^t W^T", r"h^t = \lambda^t h^{t-1}"),
         (r"a_f^{(t)} = a_o^{(t)} W^T", r"h^{(t)} = \lambda^t h^{(t-1)}")),
        # units, and steps below
        ((r"a_i^t = a_j^t", r"h^t = W h^{t-1}"), (r"a_i^t = a_j^t", r"h^t = W h^{t-1}")),
        ((r"a_f^t = a_o^t", r"h_t = W h_{t-1}"), (r"a_f^t = a_o^t", r"h_t = W h_{t-1}")),
    ],
)  # fmt: skip
def test_steps_above_beside_labels_of_gates(
    written: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert tuple(f.latex for f in with_brackets_above(_formulas(*written))) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (r"\vec{h}_t = \vec h_{t-1} + \underline{\delta}_t", r"\mathbf{h}_t = \mathbf{h}_{t-1}"
         r" + \mathbf{\delta}_t"),
        (r"\vec{h}_t = \mathbf{h}_t", None),
        (r"\underline{h + x}", None),
        (r"\vec{h}_t = \overleftarrow{h}_t", None),
    ],
)  # fmt: skip
def test_arrows_are_a_font(written: str, expected: str | None) -> None:
    (found,) = with_bold_for_arrows(_formulas(written))
    assert found.latex == (expected or written)


def test_letters_of_steps_are_t_and_T() -> None:
    texts = (
        r"s_n = g(A s_{n-1} + B u_n)",
        r"E = \sum_{n=1}^{N} E_n",
        r"\delta_N = A^T \delta_n^\top",
    )
    found, letters = with_the_usual_letters(_formulas(*texts))
    assert [f.latex for f in found] == [
        "s_t = g(A s_{t-1} + B u_t)", r"E = \sum_{t=1}^{T} E_t", r"\delta_T = A^T \delta_t^\top",
    ]  # fmt: skip
    assert letters == {"t": "n", "T": "N"}


@pytest.mark.parametrize(
    "beside",
    [r"u_n \in \mathbb{R}^n", r"t_n = u_n", r"E = \sum_{n=1}^{N} E_n, \quad N_n = 1"],
)
def test_letters_that_mean_something_else_stay(beside: str) -> None:
    found, letters = with_the_usual_letters(_formulas(r"s_n = g(A s_{n-1} + B u_n)", beside))
    assert letters.get("t" if "sum" not in beside else "T") is None
    assert "\\sum" in beside or found[1].latex == beside


def test_steps_from_zero_end_at_the_last_one() -> None:
    texts = (r"h_t = f(h_{t-1})", r"L = \frac{1}{T} \sum_{t=0}^{T-1} L_t", r"h_{T-2}", r"w^{T-k-1}")
    found, letters = with_the_usual_letters(_formulas(*texts))
    assert [f.latex for f in found[1:]] == [
        r"L = \frac{1}{T+1} \sum_{t=0}^{T} L_t", "h_{T-1}", "w^{T-k}",
    ]  # fmt: skip
    assert letters == {"T": "T-1"}
    # The state behind the last input is a step as well.
    kept, letters = with_the_usual_letters(_formulas(*texts, "h_T"))
    assert [f.latex for f in kept] == [*texts, "h_T"] and not letters


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ((r"z = W h", r"W' \delta"), (r"z = W h", r"W^\top  \delta")),
        ((r"z = W h", r"W^{\text{tr}} \delta"), (r"z = W h", r"W^\top  \delta")),
        ((r"||W|| \le 1",), (r"\|W\| \le 1",)),
        ((r"|a| |b| \le 1",), (r"|a| |b| \le 1",)),
        ((r"\|W_h^\top\|^{t-k}",), (r"\|W_h\|^{t-k}",)),
        ((r"\|W^\top\|_1",), (r"\|W^\top\|_1",)),
        # slopes, names of their own, and primes beside a sign for transposes
        ((r"h = f(z)", r"f'(z) W"), (r"h = f(z)", r"f'(z) W")),
        ((r"W' = W - \eta G",), (r"W' = W - \eta G",)),
        ((r"z = W h", r"W^\top V'"), (r"z = W h", r"W^\top V'")),
    ],
)
def test_signs(written: tuple[str, ...], expected: tuple[str, ...]) -> None:
    assert tuple(f.latex for f in with_usual_signs(_formulas(*written))) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ((r"\partial_{h_t} L",), (r"\frac{\partial L}{\partial h_t}",)),
        ((r"D_{h_t} L = D_{h_t} h_{t+1}",), (
            r"\frac{\partial L}{\partial h_t} = \frac{\partial h_{t+1}}{\partial h_t}",)),
        ((r"D_W L_t",), (r"\frac{\partial L_t}{\partial W}",)),
        # a matrix, a divergence, and a function with its arguments
        ((r"D_t W", r"D_{h_t} L"), (r"D_t W", r"D_{h_t} L")),
        ((r"D_{KL}(p)", r"D_{h_t} L"), (r"D_{KL}(p)", r"D_{h_t} L")),
        ((r"\partial_h f(x_t, h_{t-1}, w)",), (r"\partial_h f(x_t, h_{t-1}, w)",)),
    ],
)  # fmt: skip
def test_derivatives_with_the_variable_below(
    written: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert tuple(f.latex for f in with_the_variable_beside(_formulas(*written))) == expected


def test_words_for_losses() -> None:
    texts = (r"\text{Loss} = \sum_t \text{loss}_t", r"\mathcal{L}_{\text{loss}}")
    found, names = with_letters_for_losses(_formulas(texts[0]))
    assert found[0].latex == r"L = \sum_t L_t" and names == {"L": r"\text{Loss}"}
    found, names = with_letters_for_losses(_formulas(*texts))
    assert [f.latex for f in found] == list(texts) and not names


@pytest.mark.parametrize("factor", ["", r"\frac{1}{T} "])
def test_a_loss_that_nobody_defines_may_be_a_mean(factor: str) -> None:
    text = rf"""$$h_t = \tanh(A h_{{t-1}} + B x_t), \quad o_t = C h_t$$

$$\frac{{\partial L}}{{\partial C}} = {factor}\sum_{{t=1}}^T \frac{{\partial L_t}}{{\partial C}}$$
"""
    assert judged(text)[-1].verdict.is_right


def test_shapes_that_do_not_fit_elsewhere_are_no_internal_error() -> None:
    text = r"""$$s_t^e = \phi(A^e [x_t; s_{t-1}^e])$$

$$c = s_T^e$$

$$s_t^d = \phi(A^d [c; y_{t-1}; s_{t-1}^d])$$

$$h_t = \tanh(W_{hh} h_{t-1} + W_{hx} x_t)$$

$$\|\frac{\partial h_t}{\partial h_k}\| =
\|\prod_{i=k+1}^t W_{hh}^\top \cdot \mathrm{diag}(\tanh'(\cdot))\|$$
"""
    assert judged(text)[-1].verdict.is_right


@pytest.mark.parametrize("matrix", ["A", r"A^\top"])
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("step", ["t", "{t-1}"])
def test_norms_are_numbers_in_any_order(matrix: str, first: bool, step: str) -> None:
    slope = rf"\|\mathrm{{diag}}(1 - h_{step}^2)\|"
    factors = [rf"\|{matrix}\|", slope][:: 1 if first else -1]
    text = rf"""$$h_t = \tanh(A h_{{t-1}} + B x_t)$$

$$\|\frac{{\partial h_t}}{{\partial h_{{t-1}}}}\| \le {" ".join(factors)}$$
"""
    assert judged(text)[-1].verdict.is_right == (step == "t")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ((r"V^T d_t", r"e_t h_t^T"), (r"V^{\top} d_t", r"e_t h_t^{\top}")),
        ((r"(p_t - y_t)^T", r"h_{t-1}^T"), (r"(p_t - y_t)^{\top}", r"h_{t-1}^{\top}")),
        # bounds, powers, norms, and a T that may be the last step
        ((r"\sum_{t=1}^T \lambda^T h_t^T",), (r"\sum_{t=1}^T \lambda^T h_t^{\top}",)),
        ((r"\|W\|^T h_t^T",), (r"\|W\|^T h_t^{\top}",)),
        ((r"W^T h_0", r"h_t = W h_{t-1}"), (r"W^T h_0", r"h_t = W h_{t-1}")),
        ((r"h^{t} = W h^{t-1}", r"x_t^T"), (r"h^{t} = W h^{t-1}", r"x_t^T")),
    ],
)
def test_one_sign_for_transposes(written: tuple[str, ...], expected: tuple[str, ...]) -> None:
    assert tuple(f.latex for f in with_one_transpose(_formulas(*written))) == expected


@pytest.mark.parametrize("font", ["%s", r"\boldsymbol{%s}"])
@pytest.mark.parametrize(("output", "target"), [("p", "d"), (r"\hat{p}", "p")])
def test_outputs_of_the_last_step_in_any_font(font: str, output: str, target: str) -> None:
    output = output.replace("{p}", f"{{{font % 'p'}}}") if "hat" in output else font % output
    target = font % target
    rows = [
        r"h_t = \tanh(A h_{t-1} + B x_t)",
        rf"{output} = \mathrm{{softmax}}(o)",
        "o = C h_T",
        rf"L = -{target}^\top \log {output}",
        rf"\frac{{\partial L}}{{\partial C}} = ({output} - {target}) h_T^\top",
        rf"\frac{{\partial L}}{{\partial C}} = ({output} - {target}) h_{{T-1}}^\top",
    ]
    found = judged("".join(f"$${row}$$\n\n" for row in rows))[-2:]
    assert found[0].verdict.is_right and found[1].verdict.verdict == "wrong"


def test_the_script_of_a_script_belongs_to_the_name() -> None:
    found = {n.base: [s.inside for s in n.scripts] for n in names_in(r"h_n^\top \hat{y}^{(t)}")}
    assert found == {"h": ["n", r"\top"], "n": [], r"\hat{y}": ["(t)"], "t": []}


def test_a_slip_is_told_in_the_letters_of_the_text() -> None:
    text = r"""$$h_n = \tanh(A h_{n-1} + B x_n)$$

$$\frac{\partial h_n}{\partial h_{n-1}} = \mathrm{diag}(1 - h_{n-1}^2) A$$
"""
    found = judged(text)[-1].verdict
    assert found.verdict == "wrong" and found.diagnosis is not None
    assert "hₙ in place of hₙ₋₁" in found.diagnosis.message
    assert "h_n" in found.diagnosis.corrected.replace("{n}", "n")
    assert "_t" not in found.diagnosis.corrected


def test_a_text_with_steps_from_zero_accuses_nobody() -> None:
    text = "".join(
        f"$${row}$$\n\n" for row in (
            r"h_t = \tanh(A h_{t-1} + B x_t)", "o_t = C h_t", r"L = \sum_{t=0}^{T-1} L_t",
            r"L_t = \frac12 \|o_t - y_t\|^2", r"\frac{\partial L}{\partial o_t} = o_t - y_t",
        )
    )  # fmt: skip
    assert audit(document_from_text(text, "n.md"))[-1].verdict.verdict.startswith("right")


@pytest.mark.parametrize("predicted", ["ŷ", "y\u0302", "p"])
def test_predictions_in_plain_text(predicted: str) -> None:
    text = f"```text\n∂L/∂c = Σ_{{t=1}}^{{T}} ({predicted}_t - y_t)\n```\n"
    document = document_from_text(text, "n.md")
    (found,) = (*document.formulas, *document.plain)
    assert found.latex.endswith(f"({predicted}_t - y_t)")


def test_rows_that_are_respelt_stay_in_their_lines() -> None:
    rows = [r"h_t &= \tanh(W h_{t-1} + U x_t) \\"] + [
        rf"\Delta {w} &= \sum_t (\Delta h_t \odot (1-h_t^2)) {of}^\top \\"
        for w, of in (("W", "h_{t-1}"), ("U", "x_t"), ("W", "h_t"))
    ]
    text = "\n".join([r"$$\begin{aligned}", *rows, r"\end{aligned}$$"])
    found = [(j.place.line, j.place.column, j.verdict.is_right) for j in judged(text)]
    assert found[1:] == [(3, 1, True), (4, 1, True), (5, 1, False)]


def test_names_of_the_step_before_are_no_gradients() -> None:
    texts = (r"\bar{h}_{t-1} = W^\top \bar{a}_t", r"\tilde{h}_{t-1} = r_t \odot h_{t-1}")
    kept, made = counted_from_their_step(_formulas(*texts))
    assert kept.latex == texts[0] and made.latex.startswith(r"\tilde{h}_{t} =")


@pytest.mark.parametrize("left", [r"\nabla_W L", r"\delta W", r"\frac{\partial L}{\partial W}"])
def test_gradients_that_are_means(left: str) -> None:
    mean = rf"{left} = \frac{{1}}{{T}} \sum_t \delta_t x_t^\top"
    assert gives_a_mean([mean])
    assert not gives_a_mean([mean.replace("{T}", "{2}")])


def test_letters_of_a_word_are_no_names() -> None:
    found = [n.base for n in names_in(r"q = softmax(o_i) + tanh(W h_{i-1}) + maxi")]
    assert found == ["q", "softmax", "o", "i", "tanh", "W", "h", "i", *"maxi"]


@pytest.mark.parametrize(("claim", "expected"), [("h_i", "right"), ("h_{i-1}", "wrong")])
def test_words_without_a_sign_stay_where_the_step_is_one_of_their_letters(
    claim: str, expected: str
) -> None:
    text = (
        r"$a_i = W h_{i-1} + U x_i$, $h_i = tanh(a_i)$, $o_i = V h_i$, $\hat{y}_i = softmax(o_i)$,"
        r" $L = -\sum_{i=1}^N y_i^\top \log \hat{y}_i$" "\n\n"
        rf"$$\frac{{\partial L}}{{\partial V}} = \sum_{{i=1}}^N (\hat{{y}}_i - y_i) {claim}^\top$$"
    )
    assert judged(text)[-1].verdict.verdict.replace("_under_reading", "") == expected
