"""Claims about a cell that call its loss by a name of their own."""

from __future__ import annotations

from bptt_sym.check.claims import check
from bptt_sym.check.setting import Setting
from bptt_sym.check.spoken_loss import spoken_loss
from bptt_sym.documents.document import formula_from_text

NUMBERS = Setting(define=(r"h_t = \tanh(w h_{t-1} + u x_t)",))


def judged(setting: Setting, *claims: str) -> list[tuple[str, tuple[str, ...]]]:
    found = check([formula_from_text(c, "claim") for c in claims], setting)
    return [(j.verdict.verdict, tuple(j.verdict.assumptions)) for j in found]


def test_a_shipped_cell_has_any_name_for_its_loss() -> None:
    carried = r"\frac{\partial L}{\partial c_{t+1}} \odot f_{t+1}"
    back = (
        r"\frac{\partial L}{\partial c_t} = \frac{\partial L}{\partial h_t} \odot o_t"
        r" \odot (1-\tanh^2(c_t)) + " + carried
    )
    found = judged(
        Setting(cell="lstm"),
        back,
        back.replace("L", r"\mathcal{L}"),
        back.replace(r"\tanh^2", r"\tanh"),
        back.replace(carried, "0"),
    )
    assert [v for v, _ in found] == ["right", "right", "wrong", "wrong"]
    assert found[0][1] == ("L is the sum of the losses of the steps",)
    assert found[1][1] == (r"\mathcal{L} is the sum of the losses of the steps",)


def test_definitions_without_a_loss_have_an_unknown_one() -> None:
    step = r"\frac{\partial L_t}{\partial h_t}"
    later = r"\frac{\partial L}{\partial h_{t+1}} w"
    claims = {
        rf"\frac{{\partial L}}{{\partial h_t}} = {step} + {later} (1-h_{{t+1}}^2)": "right",
        rf"\frac{{\partial L}}{{\partial h_t}} = {step} + {later}": "wrong",
        r"\frac{\partial L}{\partial w} = \sum_t \frac{\partial L_t}{\partial w}": "right",
        rf"\frac{{\partial L}}{{\partial w}} = \sum_t {step} (1-h_t^2) h_{{t-1}}": "wrong",
        r"\nabla_w J = \sum_t \frac{\partial J}{\partial h_t} (1-h_t^2) h_{t-1}": "right",
    }
    found = judged(NUMBERS, *claims)
    assert [v for v, _ in found] == list(claims.values())


def test_a_claim_fails_only_if_it_does_in_every_way_to_read_the_loss() -> None:
    last = (
        r"\frac{\partial C}{\partial w}"
        r" = \frac{\partial C}{\partial h_T}\frac{\partial h_T}{\partial w}"
    )
    mean = r"\frac{\partial L}{\partial w} = \frac{1}{T} \sum_t \frac{\partial L_t}{\partial w}"
    assert judged(NUMBERS, last, mean) == [
        ("right", ("C is a loss of the last step",)),
        ("right", ("L is the mean of the losses of the steps",)),
    ]
    slips = last.replace(r"h_T}{\partial w", r"h_{T-1}}{\partial w"), mean.replace("1}{T", "2}{T")
    assert {v for v, _ in judged(NUMBERS, *slips)} == {"wrong"}


def test_other_names_stay_unknown() -> None:
    both = r"\frac{\partial L}{\partial w} = \frac{\partial J}{\partial w}"
    other = r"\frac{\partial q}{\partial w} = 0"
    assert {v for v, _ in judged(NUMBERS, both, other)} == {"unreadable"}
    # The shipped cell has two losses: which of them J is nobody can say.
    assert judged(Setting(cell="elman"), r"\frac{\partial J}{\partial w} = 0") == [
        ("unreadable", ())
    ]
    model = NUMBERS.model
    assert spoken_loss(model, r"\frac{\partial L}{\partial w}") == "L"
    assert spoken_loss(model, r"L = \frac{\partial h_t}{\partial w}") == ""
    assert spoken_loss(model, r"\frac{\partial L}{\partial w}, \frac{\partial E}{\partial w}") == ""


def test_what_fits_no_shape_is_wrong_where_a_slip_explains_it() -> None:
    cell = Setting(define=(r"h_t = \tanh(W h_{t-1} + U x_t + b)",))
    share = r"\sum_t \text{diag}(1-h_t^2) \frac{\partial L}{\partial h_t}"
    claims = {
        rf"\frac{{\partial L}}{{\partial U}} = {share} x_t^T": "right_under_reading",
        rf"\frac{{\partial L}}{{\partial U}} = {share} h_{{t-1}}^T": "wrong",
        rf"\frac{{\partial L}}{{\partial b}} = {share} x_t^T": "wrong",
        rf"\frac{{\partial L}}{{\partial b}} = {share}": "right_under_reading",
    }
    found = list(check([formula_from_text(c, "claim") for c in claims], cell))
    assert [j.verdict.verdict for j in found] == list(claims.values())
    codes = [j.verdict.diagnosis.code for j in found if j.verdict.diagnosis]
    assert codes == ["BP018", "BP012"]
