"""What is handed in and cannot be graded as it is: a person looks at it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bptt_sym.check.grade import Rubric, read_rubric, read_submissions
from bptt_sym.check.grade.grading import graded
from bptt_sym.cli import main

SERIES = r"\sum_{t=1}^T w^{T-t} \prod_{j=t}^T (1-h_j^2) h_{t-1}"
RUBRIC = """
title = "Homework 1"
[[question]]
id = "q1"
exercise = "ex3"
[[question]]
id = "q2"
exercise = "series"
"""


@pytest.fixture
def rubric(tmp_path: Path) -> Rubric:
    path = tmp_path / "rubric.toml"
    path.write_text(RUBRIC)
    return read_rubric(path)


def records(rubric: Rubric, path: Path) -> dict[str, dict[str, tuple[float, bool, str]]]:
    """By submission and question: the points, whether a person must look, and what is said."""
    out = {}
    for submission in read_submissions([path], rubric):
        found = graded(rubric.as_json(), submission.as_json())
        out[found["id"]] = {
            q["id"]: (q["score"], q["needs_review"], q["feedback"]) for q in found["questions"]
        }
    return out


def test_a_file_that_is_no_text_is_looked_at(rubric: Rubric, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    kinds = {"noa": b"\xff0", "amir": b"\0\0", "omid": "0".encode("utf-16"), "dana": b"0"}
    for name, first in kinds.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "q1.md").write_bytes(first)
        (folder / name / "q2.md").write_text(f"$${SERIES}$$")
    found = records(rubric, folder)
    for name, said in (("noa", "not UTF-8"), ("amir", "binary"), ("omid", "UTF-16")):
        score, looked_at, feedback = found[name]["q1"]
        assert (score, looked_at) == (0, True) and said in feedback and "q1.md" in feedback
        assert found[name]["q2"] == (4, False, "")
    assert found["dana"]["q1"] == (2, False, "")


def test_an_unread_file_may_hold_the_answer_that_is_missing(rubric: Rubric, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (folder / "noa").mkdir(parents=True)
    (folder / "noa" / "q1.md").write_text("0")
    (folder / "noa" / "series.md").write_bytes(b"\xff")
    found = records(rubric, folder)["noa"]
    assert found["q1"] == (2, False, "")
    assert found["q2"][:2] == (0, True) and "series.md" in found["q2"][2]


def test_of_several_files_the_first_is_taken_and_that_is_said(
    rubric: Rubric, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    (folder / "noa").mkdir(parents=True)
    (folder / "noa" / "q1.md").write_text("0")
    (folder / "noa" / "q1.tex").write_text("1")
    score, looked_at, feedback = records(rubric, folder)["noa"]["q1"]
    assert (score, looked_at) == (2, True) and "q1.md, q1.tex" in feedback


def test_answers_that_are_no_texts_or_to_no_question(rubric: Rubric, tmp_path: Path) -> None:
    lines = [
        {"id": "noa", "answers": {"q1": 0, "q2": SERIES}},
        {"id": "amir", "answers": {"1": "0", "2": SERIES}},
        {"id": "dana", "answers": {"q1": "0", "q2": None}},
    ]
    path = tmp_path / "all.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    found = records(rubric, path)
    assert found["noa"]["q1"] == (0, True, "not a text")
    assert found["amir"]["q1"][1] and "'1', '2'" in found["amir"]["q1"][2]
    assert found["dana"] == {"q1": (2, False, ""), "q2": (0, False, "No answer was found.")}


def test_a_right_answer_from_a_wrong_step_is_looked_at(rubric: Rubric, tmp_path: Path) -> None:
    left = r"\frac{\partial h_T}{\partial w}"
    slip = r"(1-h_T^2) h_{T-1} + (1-h_T^2) \frac{\partial h_{T-1}}{\partial w}"
    path = tmp_path / "all.jsonl"
    texts = {"lucky": f"$${left} = {slip} = {SERIES}$$", "right": f"$${left} = {SERIES}$$"}
    path.write_text("\n".join(
        json.dumps({"id": k, "answers": {"q2": v}}) for k, v in texts.items()
    ))  # fmt: skip
    found = records(rubric, path)
    assert found["lucky"]["q2"][:2] == (4, True)
    assert found["right"]["q2"][:2] == (4, False)


def test_folders_whose_files_are_named_after_the_questions_are_one_submission_each(
    rubric: Rubric, tmp_path: Path
) -> None:
    for name in ("noa", "amir"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "q1.md").write_text("0")
        (tmp_path / name / "q2.md").write_text(f"$${SERIES}$$")
    given = read_submissions([tmp_path / "noa", tmp_path / "amir"], rubric)
    assert [(s.id, len(s.answers)) for s in given] == [("noa", 2), ("amir", 2)]
    (tmp_path / "noa" / "other.md").write_text("0")
    given = read_submissions([tmp_path / "noa"], rubric)
    assert [s.id for s in given] == ["other", "q1", "q2"]


PART = """[model]
define = ['s_t = v s_{t-1}']
[[part]]
target = 's_t'
[[part]]
target = 'v'
"""


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("rubric", "title = 'a'\n[[question]]\nid = 'q1'\n", ":2: question 1 has no exercise"),
        ("rubric", RUBRIC + "piont = 2\n", ":9: question 2 has no key 'piont'"),
        ("rubric", RUBRIC + "points = -2\n", ":9: question 2: points is not a number"),
        ("rubric", RUBRIC.replace('"q2"', '"q1"'), ":7: question 2: two questions have the same"),
        ("rubric", RUBRIC.replace("series", "sereis"), ":8: question 2: no exercise 'sereis'"),
        ("rubric", 'level = "all"\n' + RUBRIC, ":1: level: no level 'all'"),
        ("rubric", RUBRIC + "points = \n", "(at line 9, column 10)"),
        ("mine", PART + "points = 'x'\n", ":7: part 2: points is not a number"),
        ("mine", PART + 'form = ["explicitt"]\n', ":7: part 2: no form 'explicitt'"),
        ("mine", PART + "[part.credit]\nBP999 = 1\n", ":8: part 2: credit: no diagnosis 'BP999'"),
        ("mine", PART.replace("'v'", "'q'"), "part 2: target:1:1: no definition gives q"),
    ],
)
def test_a_faulty_rubric_or_exercise_says_in_which_line(
    file: str, text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / f"{file}.toml").write_text(text)
    if file == "mine":
        (tmp_path / "rubric.toml").write_text('[[question]]\nexercise = "mine.toml"\n')
    (tmp_path / "a.md").write_text("0")
    out = str(tmp_path / "out.json")
    assert main(["grade", str(tmp_path / "rubric.toml"), str(tmp_path / "a.md"), "-o", out]) == 2
    assert f"{file}.toml" in (err := capsys.readouterr().err) and said in err
