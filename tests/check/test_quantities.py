"""What stands in notes beside their recurrences: the chain rule, one neuron, networks of layers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptt_sym.check.audit import audit
from bptt_sym.check.judged import Judged
from bptt_sym.check.quantities.beside import Beside
from bptt_sym.documents.document import document_from_text
from tests.check.audited import of_claims, verdicts

RIGHT = ("right", "right_under_reading")


def judged(text: str) -> dict[str, Judged]:
    """The entries of ``text`` by their LaTeX."""
    return {j.latex: j for j in audit(document_from_text(text, "n.md"))}


def told(text: str, right: tuple[str, ...], wrong: tuple[str, ...]) -> None:
    """Each of ``right`` holds beside ``text``, and each of ``wrong`` is called wrong."""
    shown = "\n\n".join(f"$${f}$$" for f in (*right, *wrong))
    found = judged(f"{text}\n\n{shown}\n")
    assert {f: found[f].verdict.verdict for f in right if
            found[f].verdict.verdict not in RIGHT} == {}  # fmt: skip
    assert {f: found[f].verdict.verdict for f in wrong if
            found[f].verdict.verdict != "wrong"} == {}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        (
            "With $y = \\sin(u)$ and $u = 4x^3 - x$:",
            (
                r"\frac{dy}{dx} = \frac{dy}{du}\cdot\frac{du}{dx} = \cos(u)(12x^2 - 1)",
                r"\frac{dy}{dx} = (12x^2 - 1)\cos(4x^3 - x)",
            ),
            (r"\frac{dy}{dx} = -\cos(u)(12x^2 - 1)", r"\frac{dy}{dx} = \cos(u)\,12x^2"),
        ),
        (
            "Take $w = p q + p^2$ where $p = e^{2t}$ and $q = t^3$.",
            (
                r"\frac{dw}{dt} = \frac{\partial w}{\partial p}\frac{dp}{dt} + "
                r"\frac{\partial w}{\partial q}\frac{dq}{dt} = (q + 2p)\,2e^{2t} + 3pt^2",
                r"\frac{dp}{dt} = 2p",
            ),
            (
                r"\frac{dw}{dt} = \frac{\partial w}{\partial p}\frac{dp}{dt}",
                r"\frac{dw}{dt} = (q + 2p)\,2e^{2t} + 3pt^3",
            ),
        ),
        (
            "$s(x) = \\ln(1 + e^x)$ and $r(x) = s(3x)$.",
            (r"s'(x) = \frac{e^x}{1 + e^x}", r"r'(x) = 3\,s'(3x)"),
            (r"s'(x) = \frac{1}{1 + e^x}", r"r'(x) = s'(3x)"),
        ),
        (
            "Derivatives to know:",
            (
                r"\frac{d}{dx}\left(x^4 - 2x\right) = 4x^3 - 2",
                r"\frac{d}{dx} x^n = n x^{n-1}",
                r"\frac{d}{dx}\sin(x^2) = 2x\cos(x^2)",
                r"\frac{d}{dx}\frac{1}{x} = -\frac{1}{x^2}",
            ),
            (
                r"\frac{d}{dx}\left(x^4 - 2x\right) = 4x^3",
                r"\frac{d}{dx}\cos(x^2) = 2x\sin(x^2)",
            ),
        ),
        (
            "One neuron: $z = wx + b$, $a = \\sigma(z)$, $L = -(y\\log a + (1-y)\\log(1-a))$.",
            (
                r"\frac{\partial L}{\partial z} = \frac{\partial L}{\partial a}"
                r"\frac{\partial a}{\partial z} = a - y",
                r"\frac{\partial L}{\partial w} = (a - y)x",
                r"\frac{\partial^2 L}{\partial b^2} = a(1-a)",
            ),
            (
                r"\frac{\partial L}{\partial z} = y - a",
                r"\frac{\partial L}{\partial w} = (a - y)w",
                r"\frac{\partial L}{\partial b} = (a - y)a(1-a)",
            ),
        ),
        (
            "$$z_1 = w_1 x + b_1,\\quad h = \\tanh(z_1),\\quad \\hat y = w_2 h,\\quad "
            "E = \\tfrac12(\\hat y - y)^2$$",
            (
                r"\frac{\partial E}{\partial w_1} = (\hat y - y)w_2(1 - h^2)x",
                r"\frac{\partial E}{\partial w_2} = (\hat y - y)h",
            ),
            (
                r"\frac{\partial E}{\partial w_1} = (\hat y - y)w_2(1 - h)x",
                r"\frac{\partial E}{\partial w_1} = (\hat y - y)(1 - h^2)x",
            ),
        ),
    ],
    ids=["chain", "paths", "functions", "operators", "neuron", "hidden"],
)  # fmt: skip
def test_calculus_without_time(
    text: str, right: tuple[str, ...], wrong: tuple[str, ...]
) -> None:
    told(text, right, wrong)


def test_a_partial_derivative_may_hold_fixed_what_else_is_named() -> None:
    found = judged("$f = x^2 y$ where $y = x^3$: $\\frac{\\partial f}{\\partial x} = 2xy$ but "
                   "$\\frac{df}{dx} = 5x^4$. A slip: $\\frac{df}{dx} = 2xy$.")  # fmt: skip
    assert found[r"\frac{\partial f}{\partial x} = 2xy"].verdict.verdict == "right_under_reading"
    assert found[r"\frac{df}{dx} = 5x^4"].verdict.verdict == "right"
    slip = found[r"\frac{df}{dx} = 2xy"].verdict
    assert slip.verdict == "wrong" and slip.diagnosis is not None
    assert slip.counterexample is not None and set(slip.counterexample.values) == {"x"}


def test_a_variable_t_is_shown_as_it_stands() -> None:
    found = judged(r"$z = 3t$, so $$\frac{dz}{dt} = 3 + 2t$$")
    assert found[r"\frac{dz}{dt} = 3 + 2t"].verdict.verdict == "wrong"


def test_what_may_mean_something_else_accuses_nobody() -> None:
    for text in (
        # the rule alone: nothing is known of the functions
        r"$\frac{dy}{dx} = \frac{dy}{du}\frac{dx}{du}$",
        # f is nowhere given
        r"$f'(x) = \sigma'(2x)\cdot 2$",
        # an equation to be solved, a condition for a minimum, a differential equation
        r"$y = x^2 - 4x$. $\frac{dy}{dx} = 0$",
        r"$\frac{dx}{dt} = -x$",
        # two meanings of one name in one place
        r"$y = x^2$, $y = x^3$, $\frac{dy}{dx} = 2x$",
        # values put in
        r"$y = x^2$. $\frac{dy}{dx} = 2 \cdot 0.5 = 1.1$",
        # another activation
        r"$a = \sigma(z)$ gives $\frac{da}{dz} = 1 - a^2$",
    ):
        found = audit(document_from_text(text, "n.md"))
        assert [j.latex for j in found if j.verdict.verdict == "wrong"] == [], text


def test_each_section_has_its_own_meanings() -> None:
    text = (
        "# One\n\n$y = u^2$, $u = 3x$.\n\n$\\frac{dy}{dx} = 18x$\n\n"
        "# Two\n\n$y = u^3$ and $u = x + 1$.\n\n$\\frac{dy}{dx} = 3(x+1)^2$\n\n"
        "$\\frac{dy}{dx} = 18x$"
    )
    found = [j.verdict.verdict for j in audit(document_from_text(text, "n.md"))
             if j.latex.startswith(r"\frac")]  # fmt: skip
    assert found == ["right", "right", "wrong"]


RECURRENCE = (
    "# Network\n\n$$h_t = \\tanh(W h_{t-1} + U x_t)$$\n\n$$y_t = V h_t$$\n\n"
    "$$L = \\sum_t L_t(y_t)$$\n\n"
)


def test_names_that_run_in_time_are_not_those_of_a_warm_up() -> None:
    warm_up = (
        "# Chain rule\n\n$L = (h - y)^2$ with $h = wx$: "
        "$\\frac{\\partial L}{\\partial w} = 2(h-y)x$.\n\n"
    )
    later = "# Time\n\n$$\\frac{\\partial L}{\\partial w} = 2(h - y) x$$\n\n"
    found = audit(document_from_text(RECURRENCE + warm_up + later, "n.md"))
    claims = [j.verdict.verdict for j in found if j.latex.startswith(r"\frac")]
    assert claims == ["right", "undecided"]


def test_a_step_below_a_name_in_upright_type_is_one() -> None:
    upright = r"\\frac{\\partial L}{\\partial \\mathrm{h}_t} = \\mathrm{W} \\mathrm{h}_t"
    assert Beside(document_from_text(f"$${upright}$$", "n.md")).has_steps


ROWS = (
    "$$Z_1 = XW_1 + b_1,\\quad A_1 = \\sigma(Z_1),\\quad Z_2 = A_1W_2 + b_2$$\n\n"
    "with $L = \\frac{1}{2}\\|Z_2 - Y\\|_F^2$.\n\n"
)
COLUMNS = (
    "$$z^{(1)} = W^{(1)}x + b^{(1)},\\quad a^{(1)} = \\tanh(z^{(1)}),\\quad "
    "z^{(2)} = W^{(2)}a^{(1)} + b^{(2)}$$\n\nand $L = \\frac12\\|z^{(2)} - y\\|^2$.\n\n"
    "$$\\delta^{(2)} = \\frac{\\partial L}{\\partial z^{(2)}} = z^{(2)} - y$$\n\n"
)


@pytest.mark.parametrize(
    ("text", "right", "slips"),
    [
        (
            ROWS,
            (
                r"\frac{\partial L}{\partial Z_2} = Z_2 - Y",
                r"\frac{\partial L}{\partial W_2} = A_1^\top \frac{\partial L}{\partial Z_2}",
                r"\frac{\partial L}{\partial b_2} = \mathbf{1}^\top "
                r"\frac{\partial L}{\partial Z_2}",
                r"\frac{\partial L}{\partial A_1} = \frac{\partial L}{\partial Z_2} W_2^\top",
                r"\frac{\partial L}{\partial W_1} = X^\top\left[\left((Z_2-Y)W_2^\top\right)"
                r"\odot\sigma'(Z_1)\right]",
            ),
            (
                r"\frac{\partial L}{\partial W_2} = Z_1^\top \frac{\partial L}{\partial Z_2}",
                r"\frac{\partial L}{\partial W_2} = \frac{\partial L}{\partial Z_2} A_1^\top",
                r"\frac{\partial L}{\partial A_1} = \frac{\partial L}{\partial Z_2} W_2",
                r"\frac{\partial L}{\partial Z_1} = \frac{\partial L}{\partial A_1}\odot (1 - A_1)",
                r"\frac{\partial L}{\partial W_1} = 2X^\top \frac{\partial L}{\partial Z_1}",
                r"\frac{\partial L}{\partial Z_2} = Y - Z_2",
            ),
        ),
        (
            COLUMNS,
            (
                r"\delta^{(1)} = (W^{(2)})^\top\delta^{(2)}\odot(1 - a^{(1)}\odot a^{(1)})",
                r"\frac{\partial L}{\partial W^{(2)}} = \delta^{(2)}(a^{(1)})^\top",
                r"\frac{\partial L}{\partial W^{(1)}} = \delta^{(1)}x^\top",
                r"\frac{\partial L}{\partial b^{(1)}} = \delta^{(1)}",
            ),
            (
                r"\frac{\partial L}{\partial W^{(2)}} = \delta^{(2)}(z^{(1)})^\top",
                r"\frac{\partial L}{\partial W^{(1)}} = \delta^{(1)}(a^{(1)})^\top",
                r"\frac{\partial L}{\partial W^{(2)}} = a^{(1)}(\delta^{(2)})^\top",
            ),
        ),
    ],
    ids=["rows", "columns"],
)  # fmt: skip
def test_networks_in_matrices(text: str, right: tuple[str, ...], slips: tuple[str, ...]) -> None:
    told(text, right, ())
    shown = "\n\n".join(f"$${f}$$" for f in slips)
    found = judged(text + shown)
    assert [f for f in slips if found[f].verdict.verdict not in ("wrong", "undecided")] == []


def test_a_loss_that_is_not_given_is_one_of_what_leaves_the_network() -> None:
    text = ROWS.partition("with")[0]
    claim = r"\frac{\partial L}{\partial W_1} = X^\top \frac{\partial L}{\partial Z_1}"
    verdict = judged(f"{text}$${claim}$$")[claim].verdict
    assert verdict.verdict == "right_under_reading" and "Z_2" in verdict.readings[-1]


MARKS = (
    "$Z^{[1]} = W^{[1]}X + b^{[1]}$, $A^{[1]} = \\tanh(Z^{[1]})$, $Z^{[2]} = W^{[2]}A^{[1]} + "
    "b^{[2]}$, $A^{[2]} = \\sigma(Z^{[2]})$\n\n"
)


def test_gradients_as_code_names_them() -> None:
    right = (
        r"dZ^{[2]} = A^{[2]} - Y",
        r"dW^{[2]} = \frac{1}{m} dZ^{[2]} A^{[1]T}",
        r"db^{[2]} = \frac{1}{m}\sum_{i} dZ^{[2](i)}",
        r"dZ^{[1]} = W^{[2]T} dZ^{[2]} * (1 - (A^{[1]})^2)",
        r"dW^{[1]} = \frac{1}{m} dZ^{[1]} X^T",
    )
    told(MARKS, right, ())
    slips = (
        r"dW^{[2]} = \frac{1}{m} A^{[1]T} dZ^{[2]}",
        r"dZ^{[1]} = W^{[2]T} dZ^{[2]} * (1 - A^{[1]})",
        r"dZ^{[1]} = W^{[1]T} dZ^{[2]} * (1 - (A^{[1]})^2)",
        r"dZ^{[2]} = Y - A^{[2]}",
    )
    shown = "\n\n".join(f"$${f}$$" for f in (*right, *slips))
    found = judged(MARKS + shown)
    assert [f for f in slips if found[f].verdict.verdict not in ("wrong", "undecided")] == []


@pytest.mark.parametrize("loss", [
    r"$L = -\sum_k y_k \log \hat y_k$", "the cross-entropy loss", r"$L = -y^\top \log \hat y$"
])  # fmt: skip
def test_a_softmax_and_its_cross_entropy(loss: str) -> None:
    text = f"$z = W x + b$, $\\hat y = \\mathrm{{softmax}}(z)$, and {loss}.\n\n"
    told(text, (
        r"\frac{\partial L}{\partial z} = \hat y - y",
        r"\frac{\partial L}{\partial W} = (\hat y - y) x^\top",
    ), ())  # fmt: skip
    found = judged(text + r"$$\frac{\partial L}{\partial z} = y - \hat y$$")
    assert found[r"\frac{\partial L}{\partial z} = y - \hat y"].verdict.verdict not in RIGHT


def test_rules_for_any_functions() -> None:
    told(
        "$f(x) = u(x)v(x)$ and $q(x) = \\frac{u(x)}{v(x)}$.",
        (
            r"f'(x) = u'(x)v(x) + u(x)v'(x)",
            r"q'(x) = \frac{u'(x)v(x) - u(x)v'(x)}{v(x)^2}",
            r"\frac{d}{dx}\left[u(v(x))\right] = u'(v(x))\,v'(x)",
        ),
        (r"f'(x) = u'(x)v'(x)",),
    )
    told(
        "$g(x, y) = x^2 y + 3y$.",
        (r"\frac{\partial g}{\partial x} = 2xy", r"\frac{\partial g}{\partial y} = x^2 + 3"),
        (r"\frac{\partial g}{\partial y} = x^2",),
    )


def test_a_squared_vector_is_a_loss_of_one_unit_or_a_sum() -> None:
    text = (
        "$z = W_1 x$, $h = \\sigma(z)$, $\\hat{y} = W_2 h$, $L = \\frac{1}{2}(y - \\hat{y})^2$\n\n"
    )
    told(text, (
        r"\frac{\partial L}{\partial W_1} = (\hat{y} - y) \cdot W_2 \cdot h(1-h) \cdot x",
        r"\frac{\partial L}{\partial W_2} = \frac{\partial L}{\partial \hat{y}} "
        r"\frac{\partial \hat{y}}{\partial W_2} = (\hat{y} - y) h",
        r"\frac{\partial h}{\partial z} = \sigma'(z) = h(1-h)",
    ), ())  # fmt: skip
    slips = (
        r"\frac{\partial L}{\partial W_1} = (\hat{y} - y) W_2 (1-h) x",
        r"\frac{\partial L}{\partial W_1} = (y - \hat{y}) W_2 h(1-h) x",
        r"\frac{\partial L}{\partial W_2} = h^T (\hat{y} - y)",
    )
    found = judged(text + "\n\n".join(f"$${f}$$" for f in slips))
    assert [f for f in slips if found[f].verdict.verdict in RIGHT] == []


LAYERS = (
    "$$z^{%(a)sl%(b)s} = W^{%(a)sl%(b)s}a^{%(a)sl-1%(b)s} + b^{%(a)sl%(b)s}$$\n\n"
    "$$a^{%(a)sl%(b)s} = g(z^{%(a)sl%(b)s})$$\n\n"
    "$$\\delta^{%(a)sl%(b)s} = \\frac{\\partial J}{\\partial z^{%(a)sl%(b)s}}$$\n\n"
)


@pytest.mark.parametrize("brackets", ["()", "[]", "  "])
def test_a_network_of_layers_is_a_recurrence_in_the_layer(brackets: str) -> None:
    def at(layer: str) -> str:
        return "{" + f"{brackets[0]}{layer}{brackets[1]}".strip() + "}"

    l, up, down, last = at("l"), at("l+1"), at("l-1"), at("L")  # noqa: E741
    told(
        LAYERS % {"a": brackets[0].strip(), "b": brackets[1].strip()},
        (
            rf"\delta^{l} = ((W^{up})^T \delta^{up}) \odot g'(z^{l})",
            rf"\delta^{last} = \frac{{\partial J}}{{\partial a^{last}}} \odot g'(z^{last})",
            rf"\frac{{\partial J}}{{\partial W^{l}}} = \delta^{l} (a^{down})^T",
            rf"\frac{{\partial J}}{{\partial b^{l}}} = \delta^{l}",
            rf"\frac{{\partial a^{last}}}{{\partial a^{l}}} = "
            rf"\prod_{{k=l+1}}^{{L}} \mathrm{{diag}}(g'(z^{at('k')})) W^{at('k')}"
            if brackets.strip() else rf"\frac{{\partial J}}{{\partial b^{last}}} = \delta^{last}",
        ),
        (
            rf"\delta^{l} = ((W^{l})^T \delta^{up}) \odot g'(z^{l})",
            rf"\delta^{l} = (W^{up} \delta^{up}) \odot g'(z^{l})",
            rf"\delta^{l} = ((W^{up})^T \delta^{up}) \odot g'(z^{up})",
            rf"\frac{{\partial J}}{{\partial W^{l}}} = \delta^{l} (a^{l})^T",
        ),
    )  # fmt: skip


def test_layers_unit_by_unit() -> None:
    text = (
        "$z^l \\equiv w^l a^{l-1} + b^l$ and $$a^l = \\sigma(z^l)$$ The error is "
        "$$\\delta^l_j \\equiv \\frac{\\partial C}{\\partial z^l_j}$$\n\n"
    )
    told(
        text,
        (
            r"\delta^L_j = \frac{\partial C}{\partial a^L_j} \sigma'(z^L_j)",
            r"\delta^l_j = \sum_k w^{l+1}_{kj} \delta^{l+1}_k \sigma'(z^l_j)",
            r"\frac{\partial z^{l+1}_k}{\partial z^l_j} = w^{l+1}_{kj} \sigma'(z^l_j)",
            r"\frac{\partial C}{\partial w^l_{jk}} = a^{l-1}_k \delta^l_j",
        ),
        (
            r"\delta^l_j = \sum_k w^{l+1}_{jk} \delta^{l+1}_k \sigma'(z^l_j)",
            r"\frac{\partial C}{\partial w^l_{jk}} = a^{l-1}_j \delta^l_k",
        ),
    )


@given(st.text(alphabet="xyzuwft=^_{}()\\ dL+-1230'$|", max_size=60))
def test_whatever_stands_beside_ends_in_a_verdict(text: str) -> None:
    Beside(document_from_text(f"$y = u^2$ $${text}$$", "n.md")).entries(None)


def test_layers_below_the_name_and_residual_paths() -> None:
    told(
        "A block computes $$x_{l+1} = x_l + F(x_l)$$\n\n",
        (
            r"\frac{\partial x_{l+1}}{\partial x_l} = I + F'(x_l)",
            r"\frac{\partial x_L}{\partial x_l} = \prod_{i=l}^{L-1} (I + F'(x_i))",
            r"x_L = x_l + \sum_{i=l}^{L-1} F(x_i)",
        ),
        (),
    )
    told(
        "$$x_{l+1} = x_l + W_l \\tanh(x_l)$$\n\n",
        (
            r"\frac{\partial x_{l+1}}{\partial x_l} = I + W_l \mathrm{diag}(1 - \tanh^2(x_l))",
            r"\frac{\partial x_L}{\partial x_l} = \prod_{i=l}^{L-1} "
            r"(I + W_i \mathrm{diag}(1 - \tanh^2(x_i)))",
        ),
        (
            r"\frac{\partial x_{l+1}}{\partial x_l} = W_l \mathrm{diag}(1 - \tanh^2(x_l))",
            r"\frac{\partial x_{l+1}}{\partial x_l} = I + W_{l+1} \mathrm{diag}(1 - \tanh^2(x_l))",
            r"\frac{\partial x_L}{\partial x_l} = I + \prod_{i=l}^{L-1} "
            r"W_i \mathrm{diag}(1 - \tanh^2(x_i))",
        ),
    )


STACK = (
    "$$a_t^{(l)} = W^{(l)} h_{t-1}^{(l)} + U^{(l)} h_t^{(l-1)} + b^{(l)}$$\n\n"
    "$$h_t^{(l)} = \\tanh(a_t^{(l)})$$\n\n"
    "$$\\delta_t^{(l)} = \\frac{\\partial L}{\\partial a_t^{(l)}}$$\n\n"
)


def test_recurrent_networks_above_each_other() -> None:
    claims = (
        r"\frac{\partial h_t^{(l)}}{\partial h_{t-1}^{(l)}} = "
        r"\mathrm{diag}(1 - (h_t^{(l)})^2) W^{(l)}",
        r"\frac{\partial L}{\partial h_t^{(l)}} = (W^{(l)})^T \delta_{t+1}^{(l)} + "
        r"(U^{(l+1)})^T \delta_t^{(l+1)}",
        r"\frac{\partial L}{\partial U^{(l)}} = \sum_t \delta_t^{(l)} (h_t^{(l-1)})^T",
        r"\frac{\partial L}{\partial h_t^{(l)}} = (W^{(l)})^T \delta_{t+1}^{(l)} + "
        r"(U^{(l)})^T \delta_t^{(l+1)}",
        r"\frac{\partial L}{\partial U^{(l)}} = \sum_t \delta_t^{(l)} (h_t^{(l)})^T",
        # The top layer has none above it.
        r"\frac{\partial L}{\partial h_t^{(l)}} = (W^{(l)})^T \delta_{t+1}^{(l)}",
    )
    text = STACK + "\n\n".join(f"$${f}$$" for f in claims)
    found = [j.verdict for j in audit(document_from_text(text, "n.md"))][-len(claims) :]
    assert all(v.is_right for v in found[:3])
    assert not any(v.is_right for v in found[3:5])
    assert found[5].verdict != "wrong"
    names = [n for v in found if v.counterexample is not None for n in v.counterexample.values]
    assert not any("breve" in n or "check" in n for n in names)


@pytest.mark.parametrize("step", ["h[%s]", "h(%s)"])
def test_a_step_in_brackets_is_no_argument(step: str) -> None:
    now, before, entered = step % "t", step % "t-1", (step % "t").replace("h", "x")
    cell = rf"$${now} = \tanh(w {before} + u {entered} + b)$$" + "\n\n"
    slope = rf"\frac{{\partial {now}}}{{\partial w}} = (1 - ({now})^2) "
    rest = rf"w \frac{{\partial {before}}}{{\partial w}}"
    found = verdicts(f"{cell}$${slope} {rest}$$\n\n$${slope} ({before} + {rest})$$")
    assert found[-2:] == ["wrong", "right"]


ANY_VECTORS = r"""If $v = f(Wq)$, then

$$dq = W^{\text{T}} (f'(Wq) \odot dv)$$

$$dW = (f'(Wq) \odot dv) q^{\text{T}}$$

and of $p = u \odot f(v)$

$$du = f(v) \odot dp$$

$$dv = f'(v) \odot u \odot dp$$

## The network

$$q_t = \tanh(W q_{t-1} + U x_t)$$
"""


@pytest.mark.parametrize(
    ("text", "slip", "expected"),
    [
        ("", "", ["right"] * 4),
        (r"dq = W^{\text{T}} (f'", "dq = W (f'", ["undecided", "right", "right", "right"]),
        (r"dq = W^{\text{T}} (f'", r"dq = W^{\text{T}} (f", ["undecided", *["right"] * 3]),
        (r"u \odot dp", r"du \odot dp", ["right", "right", "right", "undecided"]),
        (r"du = f(v)", "du = f'(v)", ["right", "right", "undecided", "right"]),
    ],
)
def test_marks_of_vectors_without_time_beside_a_recurrence(
    text: str, slip: str, expected: list[str]
) -> None:
    found = of_claims(ANY_VECTORS.replace(text, slip) if text else ANY_VECTORS)
    assert found == expected
