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
    right, slip, whole = verdicts(twice).values()
    assert right.startswith("right") and slip == "wrong" and whole == "undecided"


def test_a_numbered_step_is_a_share() -> None:
    loss = "$$E = -\\sum_t y_t \\log \\hat{y}_t$$\n\n"
    share = r"\frac{\partial E}{\partial V} = (\hat{y}_3 - y_3) s_3^T"
    slips = (share.replace("s_3", "s_2"), share.replace("= (", "= -("))
    found = verdicts(NETWORK + loss + "\n\n".join(f"$${c}$$" for c in (share, *slips)))
    assert found == {share: "right_under_reading"} | dict.fromkeys(slips, "wrong")
