"""Claims beside definitions that are schematic, or that have a slip of their own."""

from __future__ import annotations

from bptt_sym.check.audit import audit
from bptt_sym.documents.document import document_from_text

NETWORK = "$$s_t = \\tanh(U x_t + W s_{t-1})$$\n\n$$\\hat{y}_t = softmax(V s_t)$$\n\n"
LSTM = "\n\n".join((
    r"$$f_t = \sigma(W_f [h_{t-1}, x_t])$$", r"$$i_t = \sigma(W_i [h_{t-1}, x_t])$$",
    r"$$o_t = \sigma(W_o [h_{t-1}, x_t])$$", r"$$\tilde{C}_t = \tanh(W_c [h_{t-1}, x_t])$$",
    r"$$C_t = f_t \odot C_{t-1} + i_t \odot \tilde{C}_t$$", r"$$h_t = o_t \odot \tanh(C_t)$$",
))  # fmt: skip


def verdicts(text: str) -> dict[str, str]:
    found = audit(document_from_text(text, "n.md"))
    return {j.latex: j.verdict.verdict for j in found if j.verdict.verdict != "not_a_claim"}


def test_what_a_sentence_gives_in_passing_is_not_what_claims_are_about() -> None:
    forget = r"\frac{\partial C_t}{\partial C_{t-1}} = f_t"
    passing = "In short it is additive: $C_t = C_{t-1} + \\Delta_t$, and the gradient a sum.\n\n"
    slip = forget.replace("f_t", "i_t")
    found = verdicts(f"{LSTM}\n\n{passing}$${forget}$$\n\n$${slip}$$\n")
    assert found == {forget: "right_under_reading", slip: "wrong"}


def test_a_loss_with_the_arguments_of_its_step_is_that_of_the_step() -> None:
    given = (
        "\\begin{align} E(y_t, \\hat{y}_t) &= -y_t \\log \\hat{y}_t \\\\\n"
        "E(y, \\hat{y}) &= %s\\sum_t E_t(y_t, \\hat{y}_t) \\\\\n &= %s \\end{align}\n\n"
    )
    share = r"\frac{\partial E_3}{\partial V} = (\hat{y}_3 - y_3) s_3^\top"
    summed = r"\frac{\partial E}{\partial W} = \sum_t \frac{\partial E_t}{\partial W}"
    claims = f"$${share}$$\n\n$${share.replace('= (', '= -(')}$$\n\n$${summed}$$\n"
    once = NETWORK + given % ("", r"-\sum_t y_t \log \hat{y}_t") + claims
    right, slip, whole = verdicts(once).values()
    assert right.startswith("right") and slip == "wrong" and whole.startswith("right")
    # The sign is put in twice: of the whole nothing that fails is wrong.
    twice = NETWORK + given % ("-", r"-\sum_t -y_t \log \hat{y}_t") + claims
    for text in (twice, twice.replace(r"\hat{y}_t", r"\hat{y_t}")):
        right, slip, whole = verdicts(text).values()
        assert right.startswith("right") and slip == "wrong" and whole == "undecided"


def test_a_numbered_step_is_a_share() -> None:
    loss = "$$E = -\\sum_t y_t \\log \\hat{y}_t$$\n\n"
    share = r"\frac{\partial E}{\partial V} = (\hat{y}_3 - y_3) s_3^T"
    slips = (share.replace("s_3", "s_2"), share.replace("= (", "= -("))
    found = verdicts(NETWORK + loss + "\n\n".join(f"$${c}$$" for c in (share, *slips)))
    assert found == {share: "right_under_reading"} | dict.fromkeys(slips, "wrong")


def test_the_loss_of_a_step_beside_a_later_one_is_what_its_state_acts_on() -> None:
    left = r"\frac{\partial L_{T-1}}{\partial h_{T-1}} = "
    own = r"\frac{\partial L_{T-1}}{\partial y_{T-1}} \frac{\partial y_{T-1}}{\partial h_{T-1}}"
    later = r"\frac{\partial L_T}{\partial h_T} \frac{\partial h_T}{\partial h_{T-1}}"
    given = "$$h_t = \\tanh(W h_{t-1} + U x_t)$$\n\n$$y_t = V h_t$$\n\n$$L = \\sum_t L_t$$\n\n"
    claims = (left + own + " + " + later, left + own + " - " + later, left + later)
    found = list(verdicts(given + "\n\n".join(f"$${c}$$" for c in claims)).values())
    assert found[:2] == ["right_under_reading", "undecided"] and not found[2].startswith("right")


def test_a_product_with_the_identity_is_one_of_kronecker() -> None:
    given = "$$\\mathbf{h}_t = f(\\mathbf{W} \\mathbf{h}_{t-1} + \\mathbf{U} \\mathbf{x}_t)$$\n\n"
    claim = (
        r"\frac{\partial (\mathbf{W} \mathbf{h}_{t-1})}{\partial \mathbf{W}}"
        r" = \mathbf{h}_{t-1}^T \otimes I"
    )
    assert list(verdicts(f"{given}$${claim}$$").values()) == ["undecided"]


def test_a_gate_of_its_own_is_no_letter_for_all_of_them() -> None:
    gates = [rf"$$a_{{{g},t}} = W_{g} x_t + U_{g} h_{{t-1}}$$" for g in "fiog"]
    gates += [rf"$${g}_t = \sigma(a_{{{g},t}})$$" for g in "fio"]
    gates += [r"$$g_t = \text{tanh}(a_{g,t})$$", r"$$c_t = f_t \odot c_{t-1} + i_t \odot g_t$$"]
    gates += [r"$$h_t = o_t \odot \text{tanh}(c_t)$$"]
    claims = (
        r"\frac{\partial L}{\partial a_{g,t}}"
        r" = \frac{\partial L}{\partial c_t} \odot i_t \odot (1 - g_t^2)",
        r"\frac{\partial L}{\partial a_{o,t}}"
        r" = \frac{\partial L}{\partial h_t} \odot \text{tanh}(c_t) \odot o_t \odot (1 - o_t)",
    )
    found = verdicts("\n\n".join([*gates, *(f"$${c}$$" for c in claims)]))
    assert all(v.startswith("right") for v in found.values()) and len(found) == 2


def test_escaped_bars_change_nothing() -> None:
    loss = "$$E(y_t, \\hat{y_t}) = -y_t \\log \\hat{y_t}$$\n\n"
    loss += "$$E = \\sum_t E_t(y_t, \\hat{y_t})$$\n\n"
    claims = (
        r"\frac{\partial E_3}{\partial V} = (\hat{y_3} - y_3) s_3^\top",
        r"\frac{\partial E_3}{\partial V} = -(\hat{y_3} - y_3) s_3^\top",
        r"\frac{\partial s_t}{\partial s_{t-1}} = \text{diag}(1 - s_t^2) W",
        r"\frac{\partial s_t}{\partial s_{t-1}} = \text{diag}(1 - s_{t-1}^2) W",
    )
    text = NETWORK + loss + "\n\n".join(f"$${c}$$" for c in claims)
    plain = list(verdicts(text).values())
    assert [v.split("_")[0] for v in plain] == ["right", "wrong"] * 2
    assert list(verdicts(text.replace("_", r"\_")).values()) == plain
