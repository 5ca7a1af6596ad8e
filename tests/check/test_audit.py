"""Audit: what a document defines, which model a formula belongs to, and that nothing is lost."""

from __future__ import annotations

import pytest

from bptt_sym.check.audit import audit
from bptt_sym.check.judged import Judged, as_json, exit_status
from bptt_sym.documents.document import document_from_text

ELMAN = "$$h_t = \\tanh(w h_{t-1} + u_t)$$\n"
RIGHT = "$$\\frac{\\partial h_t}{\\partial h_{t-1}} = (1 - h_t^2) w$$\n"
WRONG = "$$\\frac{\\partial h_t}{\\partial h_{t-1}} = (1 + h_t^2) w$$\n"


def judged(text: str, *, tex: bool = False) -> list[Judged]:
    return audit(document_from_text(text, "n.md", tex=tex))


def verdicts(text: str, *, tex: bool = False) -> list[str]:
    return [j.verdict.verdict for j in judged(text, tex=tex)]


def test_a_planted_mistake_is_wrong_and_the_right_formula_is_right() -> None:
    assert verdicts(ELMAN + RIGHT + WRONG) == ["not_a_claim", "right", "wrong"]
    assert [(j.place.line, j.place.column) for j in judged(ELMAN + RIGHT)] == [(1, 3), (2, 3)]


def test_definitions_may_stand_after_the_claims() -> None:
    assert verdicts(RIGHT + ELMAN) == ["right", "not_a_claim"]


def test_a_second_definition_starts_the_next_model() -> None:
    sigmoid = "$$h_t = \\sigma(w h_{t-1} + u_t)$$\n"
    slope = "$$\\frac{\\partial h_t}{\\partial h_{t-1}} = h_t (1 - h_t) w$$\n"
    text = ELMAN + RIGHT + slope + sigmoid + slope + RIGHT
    assert verdicts(text) == [
        "not_a_claim", "right", "wrong", "not_a_claim", "right", "wrong",
    ]  # fmt: skip
    models = [j.model for j in judged(text)]
    assert models[1] == models[2] != models[4]


def test_a_definition_said_again_changes_nothing() -> None:
    text = ELMAN + RIGHT + "$$h_t = \\tanh( w h_{t-1} + u_t ).$$\n" + RIGHT
    found = judged(text)
    assert [j.verdict.verdict for j in found] == ["not_a_claim", "right"] * 2
    assert len({j.model for j in found[1:]}) == 1


def test_an_equation_of_a_known_name_that_holds_is_a_claim() -> None:
    text = ELMAN + "$$h_t = \\tanh(u_t + w h_{t-1})$$\n"
    assert verdicts(text) == ["not_a_claim", "right"]


def test_a_network_in_a_new_section_is_a_new_model() -> None:
    other = "## Next\n$$s_t = \\tanh(W s_{t-1} + V u_t)$$\n"
    product = (
        "$$\\frac{\\partial s_t}{\\partial s_{t-1}} = \\mathrm{diag}(1 - s_t^2) W$$\n"
    )
    text = "## First\n" + ELMAN + RIGHT + other + product + RIGHT
    assert verdicts(text) == ["not_a_claim", "right", "not_a_claim", "right", "right"]


def test_parts_that_use_each_other_stay_one_model() -> None:
    text = (
        "$$f_t = \\sigma(a h_{t-1} + u_t)$$\n## Update\n$$c_t = f_t c_{t-1} + u_t$$\n"
        "$$h_t = \\tanh(c_t)$$\n$$\\frac{\\partial h_t}{\\partial c_t} = 1 - h_t^2$$\n"
        "$$\\frac{\\partial c_t}{\\partial c_{t-1}} "
        "= f_t + c_{t-1} f_t (1 - f_t) a (1 - h_{t-1}^2)$$"
    )
    found = judged(text)
    assert [j.verdict.verdict for j in found[:4]] == ["not_a_claim"] * 3 + ["right"]
    assert found[4].verdict.is_right


def test_a_name_for_a_derivative_is_what_it_stands_for() -> None:
    text = (
        ELMAN
        + "$$J_t = \\frac{\\partial h_t}{\\partial h_{t-1}}$$\n$$J_t = (1 - h_t^2) w$$\n"
        + "$$\\frac{\\partial h_T}{\\partial h_0} = \\prod_{t=1}^{T} J_t$$\n$$J_t = w$$\n"
    )
    assert verdicts(text) == ["not_a_claim", "not_a_claim", "right", "right", "wrong"]


def test_an_initial_value_holds_from_its_place_on() -> None:
    claim = "$$\\frac{\\partial h_1}{\\partial w} = 0$$\n"
    before, start, after = judged(ELMAN + claim + "$$h_0 = 0$$\n" + claim)[1:]
    assert before.verdict.verdict == "right_under_reading" and before.verdict.assumptions
    assert (start.verdict.verdict, after.verdict.verdict) == ("not_a_claim", "right")


def test_rows_of_a_block_are_judged_one_by_one() -> None:
    text = (
        ELMAN + "\\begin{align}\n\\frac{\\partial h_t}{\\partial w} &= \\left[\\frac{\\partial h_t}"
        "{\\partial w}\\right] + (1-h_t^2) w \\frac{\\partial h_{t-1}}{\\partial w} \\\\\n"
        "&= (1-h_t^2)\\left(h_{t-1} + w \\frac{\\partial h_{t-1}}{\\partial w}\\right) \\\\\n"
        "&= (1-h_t^2) h_{t-1}\n\\end{align}\n"
    )
    rows = judged(text)[1:]
    assert [(j.place.line, j.verdict.verdict) for j in rows][:2] == [(3, "right"), (4, "right")]
    assert rows[2].place.line == 5
    # Earlier states held fixed on the left, the last row would be right: nothing says so here.
    assert rows[2].verdict.verdict in ("wrong", "right_under_reading")


def test_an_unknown_name_is_undecided_and_named_with_its_place() -> None:
    (entry,) = judged(ELMAN + "$$\\frac{\\partial h_t}{\\partial q} = 0$$\n" + RIGHT)[1:2]
    assert entry.verdict.verdict == "undecided"
    assert "q" in entry.verdict.note
    assert entry.fault is not None and (entry.fault.place.line, entry.fault.place.column) == (2, 32)


def test_an_unreadable_formula_does_not_stop_the_others() -> None:
    text = ELMAN + "$$\\frac{\\partial h_t}{ = (1$$\n" + RIGHT
    assert verdicts(text) == ["not_a_claim", "unreadable", "right"]
    assert judged(text)[1].fault is not None
    assert exit_status(judged(text)) == 2


def test_without_any_definition_nothing_is_accused() -> None:
    assert verdicts(RIGHT + WRONG) == ["undecided", "undecided"]
    assert "no definition gives w" in judged(WRONG)[0].verdict.note


@pytest.mark.parametrize(
    "formula",
    [
        "$$w \\leftarrow w - \\alpha \\frac{\\partial h_T}{\\partial w}$$",
        "$$u_t \\in \\mathbb{R}^n$$",
        "$$\\alpha = 0.1$$",
        "$$T \\ge 1$$",
        "$$h_t$$",
    ],
)
def test_what_claims_nothing_is_no_claim(formula: str) -> None:
    assert verdicts(ELMAN + formula)[1] == "not_a_claim"


def test_a_symbol_in_a_sentence_has_no_entry_and_a_claim_in_one_has() -> None:
    text = ELMAN + "The state $h_t$ obeys $\\frac{\\partial h_t}{\\partial u_t} = 1 - h_t^2$.\n"
    assert verdicts(text) == ["not_a_claim", "right"]


def test_an_equation_as_hypothesis_is_put_in() -> None:
    text = ELMAN + "$$h_0 = 0 \\implies \\frac{\\partial h_1}{\\partial w} = 0$$\n"
    assert verdicts(text)[1] == "right"
    text = ELMAN + "$$|w| < 1 \\implies \\frac{\\partial h_1}{\\partial w} = w$$\n"
    assert verdicts(text)[1] == "undecided"
    text = ELMAN + "$$h_0 = 1 \\implies \\frac{\\partial h_1}{\\partial w} = 0$$\n"
    assert verdicts(text)[1] == "wrong"


def test_tex_documents_with_macros_are_judged() -> None:
    text = (
        "\\newcommand{\\pd}[2]{\\frac{\\partial #1}{\\partial #2}}\n"
        "\\begin{equation} h_t = \\tanh(w h_{t-1} + u_t) \\label{eq:h} \\end{equation}\n"
        "\\[ \\pd{h_t}{h_{t-1}} = (1 - h_t^2) w \\tag{2} \\] % $x=$\n"
    )
    assert verdicts(text, tex=True) == ["not_a_claim", "right"]


def test_a_failure_of_the_program_is_said_to_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr("bptt_sym.decide.decide", broken)
    (entry,) = judged(ELMAN + RIGHT)[1:]
    assert entry.verdict.verdict == "undecided"
    assert "internal error" in entry.verdict.note and "planted" in entry.verdict.note


def test_the_report_for_machines_has_the_agreed_keys() -> None:
    report = as_json(judged(ELMAN + RIGHT + WRONG))
    assert set(report) == {"equations", "summary"}
    for entry in report["equations"]:
        assert {"file", "line", "column", "latex", "verdict", "scope", "readings", "assumptions",
                "method", "counterexample", "diagnosis", "model"} <= set(entry)  # fmt: skip
    example = report["equations"][2]["counterexample"]
    assert {"T", "values", "left", "right"} <= set(example)
    assert example["values"]["t"] == "1"
    assert report["equations"][1]["counterexample"] is None
    assert report["summary"] == {
        "right": 1, "right_under_reading": 0, "wrong": 1, "undecided": 0, "unreadable": 0,
        "not_a_claim": 1,
    }  # fmt: skip


def test_documents_side_by_side_have_the_same_verdicts(monkeypatch: pytest.MonkeyPatch) -> None:
    from bptt_sym.check import audits

    cell = "$$h_t = \\tanh(w h_{t-1} + u_t)$$\n\n"
    left = r"\frac{\partial h_t}{\partial h_{t-1}}"
    claims = (r"w(1-h_t^2)", r"w(1+h_t^2)", r"w")
    documents = [
        document_from_text(f"{cell}$${left} = {c}$$", f"{i}.md")
        for i, c in enumerate(claims)
    ]
    alone = list(audits.audited(documents, 1))
    monkeypatch.setattr(audits, "WORTH", 1)
    assert list(audits.audited(documents, 2)) == alone
    assert [found[-1].verdict.verdict for found in alone] == ["right", "wrong", "wrong"]


def test_the_first_state_is_no_singular_value() -> None:
    """``s_1`` names the largest singular value only where ``s`` names nothing else."""
    text = (
        "$$s_t = \\sigma(w s_{t-1} + v x_t)$$\n\n"
        r"$$\frac{\partial s_2}{\partial s_1} = w s_2 (1 - s_2)$$"
        "\n\n"
        r"$$\frac{\partial s_1}{\partial w} = s_1 (1 - s_1) s_1$$"
    )
    assert [j.verdict.verdict for j in audit(document_from_text(text, "d.md"))] == [
        "not_a_claim", "right", "wrong"
    ]  # fmt: skip
