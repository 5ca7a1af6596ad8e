"""Exercises: the shipped ones with right and wrong answers, forms, points, feedback, languages."""

from __future__ import annotations

import gettext
import io
import re
from functools import cache
from pathlib import Path
from string import Formatter

import pytest

from bptt_sym.check.exercises import Exercise, Mark, catalogue, exercise, mark
from bptt_sym.check.exercises.exercise import from_toml, toml_of
from bptt_sym.check.exercises.feedback import HINTS, LEVELS, feedback
from bptt_sym.check.exercises.present import as_json, as_page, status, text
from bptt_sym.cli import main
from bptt_sym.diagnose.diagnosis import CODES
from bptt_sym.errors import InputError
from bptt_sym.messages import LANGUAGES, translator

BRACKET = r"\left[\frac{\partial h_t}{\partial w}\right]"
EX2 = (
    r"\left|(1-h_T^2)(1-h_{T-1}^2)\cdots(1-h_t^2)"
    r"\left[\frac{\partial h_{t-1}}{\partial w}\right]\right|"
)


@cache
def shipped(name: str) -> Exercise:
    return exercise(name)


def marked(name: str, answer: str) -> Mark:
    return mark(shipped(name), answer)


def outcome(name: str, answer: str) -> list[tuple[str, float]]:
    return [(p.status, p.score) for p in marked(name, answer).parts]


# ------------------------------------------------------------------------- the shipped library


@pytest.mark.parametrize("name", catalogue())
def test_every_shipped_solution_earns_all_points(name: str) -> None:
    found = shipped(name)
    for part in found.parts:
        one = from_toml(alone(name, part.id), name)
        for language in LANGUAGES:
            result = mark(one, part.solution.in_(language))
            assert result.score == part.points, (part.id, language, result.parts)
            assert result.is_right and not result.faults


def alone(name: str, part: str) -> dict[str, object]:
    from bptt_sym.check.exercises.exercise import LIBRARY

    table = toml_of(LIBRARY / f"{name}.toml")
    table["part"] = [p for p in table["part"] if p["id"] == part]
    return table


@pytest.mark.parametrize("name", catalogue())
def test_every_shipped_exercise_speaks_every_language_and_its_hints_are_used(name: str) -> None:
    found = shipped(name)
    for language in LANGUAGES:
        assert language in found.title.by_language
        assert language in found.statement.by_language
    for part in found.parts:
        assert "default" in part.hints
        for code, hint in part.hints.items():
            assert code in {*CODES, "default", "form"}
            assert set(hint.by_language) == set(LANGUAGES)


@pytest.mark.parametrize(
    ("name", "answer", "expected"),
    [
        ("ex1", r"(1-h_t^2)h_{t-1}", [("right", 2), ("missing", 0)]),
        ("ex1", rf"${BRACKET} = (1-\tanh^2(w h_{{t-1}}+u_t)) h_{{t-1}}$",
         [("right", 2), ("missing", 0)]),
        # The same without the brackets, which the exercise has in its question.
        ("ex1", r"\frac{\partial h_t}{\partial w} = (1-h_t^2)h_{t-1}",
         [("right", 2), ("missing", 0)]),
        # The total derivative has one term more.
        ("ex1", r"(1-h_t^2)(h_{t-1} + w \frac{\partial h_{t-1}}{\partial w})",
         [("wrong", 0), ("missing", 0)]),
        ("ex1", rf"{BRACKET} = {BRACKET}", [("restated", 0), ("missing", 0)]),
        ("ex1", rf"${BRACKET} = (1-h_t^2) h_{{t-1}}$, so $|(1-h_t^2)h_{{t-1}}| "
         r"\le |h_{t-1}| < 1$", [("right", 2), ("right", 2)]),
        ("ex2", "1", [("right", 2)]),
        ("ex2", rf"${EX2} \le 2$", [("right", 2)]),
        ("ex2", r"\frac12", [("wrong", 0)]),
        ("ex2", rf"${EX2} \le |h_{{t-2}}|$", [("form", 1)]),
        ("ex2", rf"${EX2} \ge 0$", [("wrong", 0)]),
        ("ex2", rf"${EX2} < \infty$", [("wrong", 0)]),
        ("ex2", r"2^{100} - 1", [("right", 2)]),
        ("ex2", r"(1 + 1)/3", [("wrong", 0)]),
        ("ex3", "0", [("right", 2)]),
        ("ex3", r"\frac{\partial h_1}{\partial w} = (1-h_1^2) h_0", [("form", 1)]),
        ("ex3", r"\frac{\partial h_1}{\partial w} = w", [("wrong", 0)]),
        ("series", r"\sum_{k=0}^{T-1} w^k \prod_{j=T-k}^T (1-h_j^2) h_{T-k-1}", [("right", 4)]),
        ("series", r"(1-h_T^2) h_{T-1} + w(1-h_T^2)(1-h_{T-1}^2)h_{T-2} + \dots "
         r"+ w^{T-1}(1-h_T^2)\cdots(1-h_1^2)h_0", [("right", 4)]),
        # One factor is lost: half of the points, by the exercise's own table.
        ("series", r"\sum_{t=1}^T w^{T-t} \prod_{j=t+1}^T (1-h_j^2) h_{t-1}", [("wrong", 2)]),
        ("series", r"(1-h_T^2)(h_{T-1} + w \frac{\partial h_{T-1}}{\partial w})", [("form", 2)]),
        ("recursion", r"(1-h_T^2)(h_{T-1} + w\frac{\partial h_{T-1}}{\partial w})",
         [("right", 2)]),
        ("recursion", r"\left[\frac{\partial h_T}{\partial w}\right] + \frac{\partial h_T}"
         r"{\partial h_{T-1}} \frac{\partial h_{T-1}}{\partial w}", [("right", 2)]),
        ("recursion", r"\frac{\partial h_T}{\partial w} \cdot 1", [("restated", 0)]),
        ("recursion", r"(1-h_T^2) h_{T-1}", [("wrong", 0)]),
        # An unmarked derivative could be read as the one in brackets: still the question.
        ("ex1", r"\frac{\partial h_t}{\partial w}", [("restated", 0), ("missing", 0)]),
        ("ex3", "We get ∂h_1/∂w = 0.", [("right", 2)]),
        ("ex3", "The derivative ∂h₁/∂w = w is what we get.", [("wrong", 0)]),
        ("chain", r"\frac{\partial h_T}{\partial h_0} = \prod_{t=1}^T w(1-h_t^2)",
         [("right", 2), ("missing", 0)]),
        ("sigmoid-step", r"$\frac{\partial c_t}{\partial c_{t-1}} = \sigma'(W c_{t-1} + V x_t) W$"
         r" and $\left|\frac{\partial c_t}{\partial c_{t-1}}\right| \le |W|$",
         [("right", 1), ("form", 0.75)]),
        ("lstm-terms", r"$$A_t = f_t(1-f_t) U_f o_{t-1} \tanh'(c_{t-1}) c_{t-1}$$ "
         r"$$D_t = \tilde c_t(1-\tilde c_t)U_c o_{t-1}(1-\tanh^2(c_{t-1})) i_t$$",
         [("right", 1), ("missing", 0), ("wrong", 0.5)]),
    ],
)  # fmt: skip
def test_answers_earn_what_they_deserve(
    name: str, answer: str, expected: list[tuple[str, float]]
) -> None:
    assert outcome(name, answer) == expected


def test_a_right_bound_from_a_wrong_step_earns_the_answer_and_not_the_argument() -> None:
    (part,) = marked(
        "ex2",
        rf"$${EX2} \le \frac12 \left|\left[\frac{{\partial h_{{t-1}}}}{{\partial w}}\right]\right|"
        r"\le 1$$",
    ).parts
    assert [s.status for s in part.steps] == ["wrong", "not_justified"]
    assert (part.status, part.score) == ("right", 2)


def test_inequalities_that_point_both_ways_give_no_bound() -> None:
    (part,) = marked("ex2", rf"$${EX2} \le 2 \ge 1$$").parts
    assert part.status == "wrong" and "directions" in part.note


def test_what_cannot_be_read_is_said_with_its_place_and_earns_nothing() -> None:
    result = marked("ex3", "Answer:\n\n$$\\frac{\\partial h_1}{$$\n")
    assert [p.status for p in result.parts] == ["unreadable"] and result.needs_review
    assert result.faults[0].place.line == 3
    assert status([result]) == 2


def test_a_notebook_is_a_solution(tmp_path: Path) -> None:
    import json

    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["By the chain rule"]},
        {"cell_type": "markdown", "metadata": {}, "source": [
            "$$\\frac{\\partial h_1}{\\partial w} = (1-h_1^2) h_0$$\n", "$$= 0$$"]},
    ]  # fmt: skip
    text = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    result = mark(shipped("ex3"), text, "solution.ipynb")
    assert result.is_right and result.parts[0].steps[1].line.place.cell == 2
    with pytest.raises(InputError):
        mark(shipped("ex3"), "no notebook", "solution.ipynb")


def test_files_that_latex_puts_in_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.tex").write_text("$$\\frac{\\partial h_1}{\\partial w} = 0$$")
    name = str(tmp_path / "solution.tex")
    result = mark(shipped("ex3"), "\\input{secret}", name, tex=True)
    assert [p.status for p in result.parts] != ["right"]


def test_an_empty_answer_is_missing() -> None:
    result = marked("ex3", "  \n")
    assert [p.status for p in result.parts] == ["missing"] and not result.needs_review


# -------------------------------------------------------------------------- exercises of one's own

OWN = {
    "model": {"define": [r"s_t = s_{t-1} + \tanh(v s_{t-1} + x_t)"]},
    "part": [
        {"target": r"\frac{\partial s_t}{\partial s_{t-1}}", "form": ["explicit", "only: s, v, x"]}
    ],
}


def test_an_exercise_of_ones_own(tmp_path: Path) -> None:
    own = from_toml(OWN, "residual")
    assert mark(own, r"1 + v (1 - \tanh^2(v s_{t-1} + x_t))").is_right
    assert [p.status for p in mark(own, r"v (1 - \tanh^2(v s_{t-1} + x_t))").parts] == ["wrong"]
    file = tmp_path / "residual.toml"
    file.write_text(
        "[model]\ndefine = ['s_t = s_{t-1} + \\tanh(v s_{t-1} + x_t)']\n"
        "[[part]]\ntarget = '\\frac{\\partial s_t}{\\partial s_{t-1}}'\n"
    )
    assert exercise(file).parts == from_toml({**OWN, "part": [
        {"target": OWN["part"][0]["target"]}]}, "residual").parts  # type: ignore[index]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"part": []}, "no [[part]]"),
        ({"part": [{"target": "s_t", "colour": 1}]}, "no key 'colour'"),
        ({"part": [{"target": "q_t"}]}, "q_t"),
        ({"part": [{"target": "s_t", "form": ["pretty"]}]}, "no form 'pretty'"),
        ({"part": [{"target": "s_t", "points": -1}]}, "points"),
        ({"part": [{"target": "s_t", "relation": "~"}]}, "relation"),
        ({"part": [{"target": "s_t", "hints": {"default": {"xx": "a"}}}]}, "no such language"),
        ({"part": [{}]}, "target"),
        ({"title": 3}, "title"),
        ({"model": {"cell": "nonesuch"}}, "no cell"),
        ({"names": {"s_t": "1"}}, "has a meaning already"),
    ],
)
def test_a_faulty_exercise_says_where(change: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=re.escape(words)):
        from_toml({**OWN, **change}, "own")


def test_there_is_no_such_exercise(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no exercise"):
        exercise("../ex1")
    with pytest.raises(InputError, match="cannot be read"):
        exercise(tmp_path / "absent.toml")
    broken = tmp_path / "broken.toml"
    broken.write_bytes(b"\xff = 1")
    with pytest.raises(InputError, match="not TOML"):
        exercise(broken)


# ------------------------------------------------------------------------------------- feedback

SLIP = rf"""$${BRACKET}=(1-h_t^2)h_{{t}}$$
Then $|(1-h_t^2)h_{{t-1}}| \le \frac12 |h_{{t-1}}| < 1$."""


def test_each_level_tells_more_and_only_the_last_the_answer() -> None:
    told = {level: text(marked("ex1", SLIP), level, translator("en")) for level in LEVELS}
    sizes = [len(told[level]) for level in LEVELS]
    assert sizes == sorted(sizes)
    assert "time indices" in told["hint"] and "Look at line 2" in told["hint"]
    assert "time indices" not in told["verdict"] and "h_t^2" not in told["verdict"]
    for secret in ("h_{t-1}$", "BP004", "u_1 = ", "Right would be"):
        found = secret in told["full"]
        assert found, secret
        if secret != "h_{t-1}$":  # a hint of the exercise has it
            assert secret not in told["hint"], secret


@pytest.mark.parametrize("language", ["he", "fa"])
def test_other_languages_leave_no_english(language: str) -> None:
    lines = list(feedback(marked("ex1", SLIP), "full", translator(language)))
    words = " ".join(s.words for s in lines)
    words = re.sub(r"\$[^$]*\$|BP\d+", "", words)
    assert not re.search(r"[A-Za-z]{2,}", words), words
    letter = {"he": "[א-ת]", "fa": "[آ-ی]"}[language]
    assert len(re.findall(letter, words)) > 100


@pytest.mark.parametrize("language", ["he", "fa"])
def test_catalogues_are_compiled_complete_and_keep_their_fields(language: str) -> None:
    pofile = pytest.importorskip("babel.messages.pofile", reason="Babel is not installed")
    from babel.messages.mofile import write_mo

    import bptt_sym.messages

    path = Path(bptt_sym.messages.__file__).parent / language / "LC_MESSAGES" / "bptt_sym.po"
    with path.open("rb") as handle:
        catalogue = pofile.read_po(handle, locale=language, domain="bptt_sym")
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    fresh = gettext.GNUTranslations(compiled)
    tr = translator(language)
    for message in catalogue:
        if not message.id:
            continue
        assert tr(message.id) == fresh.gettext(message.id), message.id
        if message.string:
            wanted = {f for _, f, _, _ in Formatter().parse(message.id) if f}
            assert {f for _, f, _, _ in Formatter().parse(message.string) if f} == wanted
    assert [m for m in said_in_the_sources() if tr(m) == m] == []


@cache
def said_in_the_sources() -> list[str]:
    """Every message given to ``tr`` or ``marked``, and the meanings of the codes."""
    from babel.messages.extract import extract_from_dir

    import bptt_sym

    folder = Path(bptt_sym.__file__).parent
    found = extract_from_dir(
        folder, [("**.py", "python")], keywords={"tr": None, "marked": None}
    )
    return [m for _, _, m, _, _ in found if isinstance(m, str) and m] + [*CODES.values()]


def test_every_code_has_a_hint_that_is_not_its_meaning() -> None:
    assert set(HINTS) == set(CODES) and not set(HINTS.values()) & set(CODES.values())


def test_pages_run_from_right_to_left_and_formulas_do_not() -> None:
    result = marked("ex1", SLIP)
    page = as_page([result], "full", translator("he"))
    assert '<html lang="he" dir="rtl">' in page
    assert "math { direction: ltr" in page and page.count("<math") > 5
    assert '<html lang="en" dir="ltr">' in as_page([result], "full", translator("en"))


def test_a_page_has_nothing_that_an_answer_could_run() -> None:
    evil = r"$h_t = \text{<script>alert(1)</script>}$ $<img src=x onerror=alert(1)> = 1$"
    page = as_page([marked("ex3", evil)], "full", translator("en"))
    assert "<script" not in page and "<img" not in page


def test_json_has_every_step_with_its_place() -> None:
    report = as_json(marked("ex1", SLIP), "full", translator("en"))
    assert report["score"] == 2 and report["points"] == 4
    a, b = report["parts"]
    assert (a["line"], a["column"]) == (1, SLIP.index("(1-h") + 1)
    assert [s["status"] for s in b["steps"]] == ["wrong", "not_justified"]
    assert a["verdict"]["diagnosis"]["code"] == "BP004"


def test_joiners_of_persian_are_kept_and_controls_are_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    evil = "$h_t = $ $x\x1b[31m\u202e = 1$"
    assert main(["check", "--exercise", "ex1", "--lang", "fa", SLIP, evil]) == 2
    shown = capsys.readouterr().out
    assert "\u200c" in shown and "\x1b" not in shown and "\u202e" not in shown


# --------------------------------------------------------------------------------- command line


def test_the_command_line_marks(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["check", "--exercise", "ex3", "0"]) == 0
    assert "2 of 2 points" in capsys.readouterr().out
    assert main(["check", "--exercise", "ex3", "--lang", "he", "w"]) == 1
    assert "מתוך" in capsys.readouterr().out
    file = tmp_path / "solution.tex"
    file.write_text("\\begin{document}\\[\\frac{\\partial h_1}{\\partial w} = 0\\]\\end{document}")
    page = tmp_path / "page.html"
    arguments = ["check", "--exercise", "ex3", "--file", str(file), "--html", str(page)]
    assert main(arguments) == 0
    assert "<math" in page.read_text()
    assert main(["check", "--exercise", "list"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in catalogue())
    assert main(["check", "--exercise", "nonesuch", "0"]) == 2
    assert main(["check", "--exercise", "ex3", "--cell", "elman", "0"]) == 2
    capsys.readouterr()
    assert main(["check", "--exercise", "ex3"]) == 0
    assert "h_0 = 0" in capsys.readouterr().out


def test_a_chain_from_the_total_derivative_is_no_argument_for_the_bracketed_one() -> None:
    total = "(1 - h_t^2) h_{t-1} + w (1 - h_t^2) \\frac{\\partial h_{t-1}}{\\partial w}"
    chain = rf"\frac{{\partial h_t}}{{\partial w}} = {total} = (1 - h_t^2) h_{{t-1}}"
    found = marked("ex1", chain)
    first = found.parts[0]
    assert (first.status, first.score) == ("form", 1)
    told = [said.words for said in feedback(found, "hint", translator("en"))]
    assert any("starts from the total derivative" in words for words in told)
    # An unmarked derivative that is the bracketed one from the start is as good as a marked one.
    assert outcome("ex1", r"\frac{\partial h_t}{\partial w} = (1-h_t^2) h_{t-1}")[0] == ("right", 2)
    assert outcome("ex1", chain.replace(r"\frac{\partial h_t}", r"[\frac{\partial h_t}", 1).replace(
        r"{\partial w} =", r"{\partial w}] =", 1))[0][1] <= 2  # fmt: skip


def test_a_bound_of_ones_own_wrong_expression_is_seen() -> None:
    found = marked("ex1", BRACKET + r" = (1 + h_t^2) h_{t-1}, |(1 + h_t^2) h_{t-1}| \le 2")
    assert [p.status for p in found.parts] == ["wrong", "carried"]
    assert found.parts[1].score == 0
    assert not found.lemmas
    told = "\n".join(said.words for said in feedback(found, "hint", translator("en")))
    assert "your own expression" in told
    assert "No answer was found" not in told
    # What bounds something else is no answer.
    other = marked("ex1", BRACKET + r" = (1 + h_t^2) h_{t-1}, |h_t| \le 2")
    assert other.parts[1].status == "missing"


def test_a_bare_bound_is_told_that_the_argument_is_missing() -> None:
    found = marked("sigmoid-step", r"\frac{\partial c_t}{\partial c_{t-1}} = c_t (1-c_t) W, "
                   r"\left|\frac{\partial c_t}{\partial c_{t-1}}\right| \le |W|/4")  # fmt: skip
    told = [said.words for said in feedback(found, "hint", translator("en"))]
    assert sum("is for the argument" in words for words in told) == 1


def test_what_is_nothing_is_not_mended_by_another_nothing() -> None:
    found = marked("ex3", r"\frac{\partial h_1}{\partial w} = 1")
    verdict = found.parts[0].verdict
    assert verdict is not None and verdict.verdict == "wrong"
    assert verdict.diagnosis is None
