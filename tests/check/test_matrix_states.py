"""States that are matrices: memories to which a column times a row is added."""

from __future__ import annotations

import pytest

from bptt_sym.check.audit import audit
from bptt_sym.documents.document import document_from_text

ACCEPTED = ("right", "right_under_reading")
ATTENTION = (
    r"S_t = S_{t-1} + v_t k_t^\top, \qquad o_t = S_t q_t",
    r"L = \sum_t \ell(o_t)",
    r"dS_t = \frac{\partial L}{\partial S_t}",
    r"do_t = \frac{\partial L}{\partial o_t}",
)
DELTA_RULE = (
    r"S_t = S_{t-1} (I - \beta_t k_t k_t^\top) + \beta_t v_t k_t^\top, \qquad o_t = S_t q_t",
    r"L = \sum_t \ell(o_t)",
)
BACK = (
    r"\frac{\partial L}{\partial S_t} = \frac{\partial L}{\partial o_t} q_t^\top"
    r" + \frac{\partial L}{\partial S_{t+1}} (I - \beta_{t+1} k_{t+1} k_{t+1}^\top)"
)


def verdicts(definitions: tuple[str, ...], *claims: str) -> list[str]:
    text = "\n\n".join(f"$$ {f} $$" for f in (*definitions, *claims))
    found = audit(document_from_text(text, "n.md"))
    told = {e.place.line: e.verdict.verdict for e in found}
    lines = [2 * k + 1 for k in range(len(definitions), len(definitions) + len(claims))]
    return ["right" if told[n] in ACCEPTED else told[n] for n in lines]


def test_gradients_of_linear_attention() -> None:
    right = (
        r"dS_t = do_t q_t^\top + dS_{t+1}", r"\frac{\partial L}{\partial v_t} = dS_t k_t",
        r"\frac{\partial L}{\partial k_t} = dS_t^\top v_t",
        r"\frac{\partial L}{\partial q_t} = S_t^\top do_t",
    )  # fmt: skip
    slips = (
        r"dS_t = q_t do_t^\top + dS_{t+1}", r"\frac{\partial L}{\partial v_t} = dS_t^\top k_t",
        r"\frac{\partial L}{\partial k_t} = dS_t v_t",
        r"\frac{\partial L}{\partial q_t} = S_t do_t",
        r"dS_t = do_t q_t^\top + dS_{t-1}", r"\frac{\partial L}{\partial v_t} = dS_{t+1} k_t",
    )  # fmt: skip
    found = verdicts(ATTENTION, *right, *slips)
    assert found[:4] == ["right"] * 4
    assert "right" not in found[4:]


def test_gradients_of_the_delta_rule() -> None:
    by_rate = (
        r"\frac{\partial L}{\partial\beta_t}"
        r" = (v_t - S_{t-1} k_t)^\top \frac{\partial L}{\partial S_t} k_t"
    )
    found = verdicts(
        DELTA_RULE, BACK, by_rate,
        r"\frac{\partial L}{\partial v_t} = \beta_t \frac{\partial L}{\partial S_t} k_t",
        BACK.replace("(I -", "(I +"), by_rate.replace("v_t - S", "v_t + S"),
        r"\frac{\partial L}{\partial v_t} = \frac{\partial L}{\partial S_t} k_t",
    )  # fmt: skip
    assert found == ["right"] * 3 + ["wrong"] * 3


@pytest.mark.parametrize(
    ("memory", "back"),
    [
        (
            r"C_t = f_t C_{t-1} + i_t v_t k_t^\top, \qquad h_t = C_t q_t",
            r"\frac{\partial L}{\partial C_t} = \frac{\partial L}{\partial h_t} q_t^\top"
            r" + f_{t+1} \frac{\partial L}{\partial C_{t+1}}",
        ),
        (
            r"C_t = \mathrm{diag}(a_t) C_{t-1} + k_t v_t^\top, \qquad h_t = C_t^\top q_t",
            r"\frac{\partial L}{\partial C_t} = q_t \left(\frac{\partial L}{\partial h_t}\right)"
            r"^\top + \mathrm{diag}(a_{t+1}) \frac{\partial L}{\partial C_{t+1}}",
        ),
    ],
)
def test_memories_with_decay(memory: str, back: str) -> None:
    slip = back.replace("{t+1}", "t", 1)
    assert verdicts((memory, r"L = \sum_t \ell(h_t)"), back, slip) == ["right", "wrong"]


def test_a_row_times_a_column_may_be_a_number_and_is_said_to_be_one() -> None:
    text = "\n\n".join(
        f"$$ {f} $$" for f in (
            r"S_t = \lambda S_{t-1} + k_t^\top v_t, \qquad o_t = q_t S_t", r"L = \sum_t \ell(o_t)",
            r"\frac{\partial L}{\partial v_t} = k_t \frac{\partial L}{\partial S_t}",
        )
    )  # fmt: skip
    (found,) = [e for e in audit(document_from_text(text, "n.md")) if e.verdict.is_right]
    assert any("every quantity is a number" in r for r in found.verdict.readings)
