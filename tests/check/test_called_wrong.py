"""Formulas that a text quotes as mistakes are not its claims; those that it makes are."""

from __future__ import annotations

import pytest

from bptt_sym.check.called_wrong import QUOTED
from tests.check.audited import judged

CELL = "$$h_t = \\tanh(W h_{t-1} + U x_t + b)$$\n\n"
WRONG = r"\frac{\partial h_t}{\partial h_{t-1}} = W"
QUOTES = (
    "A common mistake is to write\n$$%s$$\nwhich forgets the slope.",
    "A common mistake is to drop $h_t$ and to write $%s$.",
    "It is **not** true that $%s$ here.",
    "One might think that $%s$ holds.",
    "A tempting slip is $%s$, which forgets the slope.",
    "Wrong: $%s$",
    "- **Incorrect** (no slope): $%s$",
    "> **Myth.** $%s$",
    "Students often claim that $%s$.",
    "You will see $%s$; this is clearly wrong.",
    "~~$%s$~~",
    "Show that the following is false: $%s$.",
    "Rather than $%s$ use the slope.",
    "Ein häufiger Fehler ist $%s$.",
    "Une erreur fréquente est d'écrire $%s$.",
    "Un error común es escribir $%s$.",
    "Частая ошибка: $%s$.",
    "常见的错误写法是 $%s$。",
    "よくある間違いは $%s$ である。",
    "טעות נפוצה היא $%s$.",
    "اشتباه رایج این است: $%s$.",
)
CLAIMS = (
    "A common mistake is to forget the slope. The Jacobian is $%s$.",
    "A common mistake is to forget the slope, but the Jacobian is $%s$.",
    "To avoid this common mistake, note that $%s$.",
    "Rather than $W^\\top$, the correct expression is $%s$.",
    "It is true that $%s$.",
    "We have no mistake in\n$$%s$$",
    "This is wrong.\n\n$$%s$$",
    "$%s$. This error is propagated back.",
    "Wrong signs are common. So $%s$.",
    "The error is $e_t$ and $%s$.",
)


@pytest.mark.parametrize("words", QUOTES)
def test_what_the_text_calls_wrong_is_no_claim(words: str) -> None:
    verdict = next(
        j.verdict for j in judged(CELL + words % WRONG) if j.latex.strip() == WRONG
    )
    assert (verdict.verdict, verdict.note) == ("not_a_claim", QUOTED)


@pytest.mark.parametrize("words", CLAIMS)
def test_what_the_text_claims_is_wrong(words: str) -> None:
    found = [j for j in judged(CELL + words % WRONG) if j.latex.strip() == WRONG]
    assert [j.verdict.verdict for j in found] == ["wrong"]


def test_what_holds_is_right_whatever_is_said_of_it() -> None:
    right = r"\frac{\partial h_t}{\partial h_{t-1}} = \operatorname{diag}(1 - h_t^2) W"
    text = f"{CELL}A common mistake is to write ${right}$.\n"
    assert judged(text)[-1].verdict.verdict == "right"
