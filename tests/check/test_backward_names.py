"""Names that only a recursion from the last step back gives, and what runs beside a recurrence."""

from __future__ import annotations

from bptt_sym.check.audit import audit
from bptt_sym.documents.document import document_from_text

ACCEPTED = ("right", "right_under_reading")
SYSTEM = r"h_t = \tanh(A h_{t-1} + B u_t), \qquad J = \sum_{t=1}^T \tfrac12 \|h_t - r_t\|^2"
BACK = r"\lambda_t = (h_t - r_t) + A^\top \operatorname{diag}(1 - h_{t+1}^2) \lambda_{t+1}"
BY_A = r"\frac{dJ}{dA} = \sum_{t=1}^T \operatorname{diag}(1 - h_t^2) \lambda_t h_{t-1}^\top"
BY_U = r"\frac{dJ}{du_t} = B^\top \operatorname{diag}(1 - h_t^2) \lambda_t"


def verdicts(*formulas: str) -> list[str]:
    """The verdict of each formula that stands alone in its display."""
    found = audit(document_from_text("\n\n".join(f"$$ {f} $$" for f in formulas), "n.md"))
    told = {e.place.line: e.verdict.verdict for e in found}
    return [
        "right" if (v := told[2 * k + 1]) in ACCEPTED else v for k in range(len(formulas))
    ]


def test_an_adjoint_is_the_derivative_of_which_its_recursion_holds() -> None:
    slips = (
        BY_A.replace("h_{t-1}^", "h_t^"), BY_U.replace(r"\operatorname{diag}(1 - h_t^2) ", ""),
        BY_A.replace("= ", "= -"), BY_A.replace(r"\lambda_t", r"\lambda_{t+1}"),
    )  # fmt: skip
    found = verdicts(SYSTEM, r"\lambda_{T+1} = 0", BACK, BY_A, BY_U, *slips)
    assert found[2:5] == ["right"] * 3
    assert found[5:] == ["wrong"] * 4


def test_an_adjoint_may_be_by_what_arrives_or_have_a_minus() -> None:
    by_argument = (
        r"h_t = \tanh(z_t), \quad z_t = A h_{t-1} + B u_t",
        r"J = \sum_{t=1}^T \tfrac12 \|h_t - r_t\|^2",
        r"p_t = \operatorname{diag}(1 - h_t^2) \left( (h_t - r_t) + A^\top p_{t+1} \right)",
        r"\frac{dJ}{dA} = \sum_{t=1}^T p_t h_{t-1}^\top",
        r"\frac{dJ}{dA} = \sum_{t=1}^T p_t h_t^\top",
    )
    assert verdicts(*by_argument)[2:] == ["right", "right", "wrong"]
    turned = BACK.replace("(h_t - r_t)", "(r_t - h_t)")
    assert verdicts(SYSTEM, turned, BY_A.replace("= ", "= -"), BY_A)[1:] == [
        "right", "right", "wrong",
    ]  # fmt: skip


def test_a_recursion_that_holds_of_nothing_tells_nothing() -> None:
    for slip in (
        BACK.replace("A^\\top", "A"), BACK.replace("h_{t+1}^2", "h_t^2"),
        BACK.replace("(h_t - r_t) + ", ""), BACK.replace("(h_t - r_t) +", "(h_t - r_t) -"),
    ):  # fmt: skip
        assert "right" not in verdicts(SYSTEM, slip, BY_A, BY_U)[1:]


def test_costates_of_an_abstract_system() -> None:
    found = verdicts(
        r"x_{t+1} = f(x_t, u_t, \theta)",
        r"J = \sum_{t=0}^{T-1} \ell(x_t, u_t) + \phi(x_T)",
        r"\lambda_T = \frac{\partial \phi}{\partial x_T}",
        r"\lambda_t = \frac{\partial\ell}{\partial x_t}"
        r" + \left(\frac{\partial f}{\partial x_t}\right)^\top \lambda_{t+1}",
        r"\frac{dJ}{d\theta} = \sum_{t=0}^{T-1}"
        r" \left(\frac{\partial f}{\partial\theta}\right)^\top \lambda_{t+1}",
        r"\frac{dJ}{du_t} = \frac{\partial\ell}{\partial u_t}"
        r" + \left(\frac{\partial f}{\partial u_t}\right)^\top \lambda_{t+1}",
        r"\frac{dJ}{du_t} = \left(\frac{\partial f}{\partial u_t}\right)^\top \lambda_{t+1}",
        r"\frac{dJ}{d\theta} = \sum_{t=0}^{T-1}"
        r" \left(\frac{\partial f}{\partial\theta}\right)^\top \lambda_t",
    )
    # (Of vectors the first needs a layout that nothing tells.)
    assert found[2:6] == ["undecided"] + ["right"] * 3
    assert "right" not in found[6:]


def test_what_does_not_fit_beside_a_recurrence_makes_no_numbers_of_it() -> None:
    found = verdicts(
        r"a_t = W h_{t-1} + U x_t + b, \qquad h_t = \tanh(a_t)",
        r"D_t = \operatorname{diag}(1 - h_t \odot h_t)",
        r"M_t = D_t \left( W M_{t-1} + h_{t-1}^\top \otimes I \right)",
        r"B_t = \frac{\partial h_t}{\partial b}",
        r"B_t = D_t (W B_{t-1} + I)",
        r"B_t = W D_t B_{t-1} + D_t",
    )
    assert found[4:] == ["right", "wrong"]
