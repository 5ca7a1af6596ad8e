"""Files that are none, TOML that is a trap, and what may be printed in a terminal."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from bptt_sym.check.report import workflow_command
from bptt_sym.cli import main
from bptt_sym.errors import InputError, LimitExceeded
from bptt_sym.files import data_of, opened, toml_of
from bptt_sym.printable import MAX_LINE, json_text, shown_line

needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")


@needs_pipes
@pytest.mark.parametrize(
    "argv",
    [["audit", "p"], ["check", "--batch", "p"], ["check", "--exercise", "ex1", "--file", "p"],
     ["check", "--exercise", "p.toml"], ["derive", "--across", "p", "--of", "a.b"],
     ["grade", "p", "p", "-o", "o"], ["prove", "p.json"],
     ["flow", "elman", "--weights", "p", "-T", "3"]],
)  # fmt: skip
def test_a_pipe_that_nobody_writes_to_is_an_error_at_once(
    argv: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    for name in ("p", "p.json", "p.toml"):
        os.mkfifo(name)
    status = main(argv)
    said = "".join(capsys.readouterr())
    assert status == 2
    assert "p" in said and "internal" not in said


@needs_pipes
def test_a_pipe_with_something_in_it_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "p")
    end = os.open(tmp_path / "p", os.O_RDWR)
    os.write(end, b"first and ")
    with opened(tmp_path / "p") as stream:
        os.write(end, b"second")
        os.close(end)
        assert stream.read() == b"first and second"


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no endless device here")
def test_of_an_endless_file_no_more_than_the_limit_is_read() -> None:
    assert len(data_of("/dev/zero", 1_000)) == 1_001


@pytest.mark.parametrize(
    ("text", "said"),
    [("a = " + "[" * 5_000, "nested"), (".".join("a" * 60) + " = 1", "parts"),
     ("[" + ".".join("a" * 60) + "]", "parts"), ("a = '''" + "x" * 200_000, "TOML"),
     ("a = 1\n" * 60_000, "larger"), ("a = 9" + "9" * 9_000, "TOML"), ("a = \x00", "TOML")],
)  # fmt: skip
def test_a_hostile_table_is_refused(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text(text)
    with pytest.raises(InputError, match=said):
        toml_of(file, 256 * 1024)


def test_dots_in_texts_and_comments_are_no_keys(tmp_path: Path) -> None:
    dots = ".".join("a" * 60)
    (tmp_path / "a.toml").write_text(f"a = \"{dots}\" # {dots}\nb = '''{dots}'''\nc.d = '{dots}'")
    assert toml_of(tmp_path / "a.toml", 10_000) == {"a": dots, "b": dots, "c": {"d": dots}}


def test_long_keys_are_a_limit(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(".".join(["'a'"] * 60) + " = 1")
    with pytest.raises(LimitExceeded):
        toml_of(tmp_path / "a.toml", 10_000)


@pytest.mark.parametrize("name", ["a\x1b[31mb.md", "a\u202eb.md", "a\x9bb.md", "b" * 5_000])
def test_a_name_does_not_steer_the_terminal(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", name]) == 2
    said = capsys.readouterr().err
    assert all(c.isprintable() or c == "\n" for c in said)
    assert max(map(len, said.split("\n"))) < MAX_LINE + 100


def test_a_long_line_says_what_it_leaves_out() -> None:
    assert shown_line("a" * 3_000, 10) == "a" * 10 + "… (2990 more characters)"
    assert shown_line("שלום\u200c") == "שלום\u200c"


def test_json_is_safe_in_a_terminal_and_says_the_same() -> None:
    value = {"a\x9b": ["\u202eb", "\x1b[2J", "\ud800", "ש", "\x7f"]}
    text = json_text(value)
    assert text.isprintable() and "ש" in text
    assert json.loads(text) == value
    text.encode("utf-8")


def test_an_annotation_is_one_line_without_controls() -> None:
    line = workflow_command("error", "a\nb::c.md", 1, 2, "t", "x\r\n::error::y\x1b[31m\u2028%")
    assert line.isprintable()
    assert line.startswith("::error file=a%0Ab%3A%3Ac.md,line=1,col=2,title=t::x%0D%0A::error")


def test_a_batch_answers_a_line_with_half_a_character(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ['{"id": "\\ud800", "claim": "h_t = \\udfff", "cell": "elman"}',
             '{"id": 2, "claim": "h_t^2 = h_t h_t", "cell": "elman"}']  # fmt: skip
    (tmp_path / "b").write_text("\n".join(lines))
    assert main(["check", "--batch", str(tmp_path / "b")]) == 2
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [f["verdict"] for f in found] == ["unreadable", "right"]


def test_a_line_of_a_table_that_is_too_long_takes_no_other_with_it(tmp_path: Path) -> None:
    from bptt_sym.check.grade import read_rubric, read_submissions
    from bptt_sym.check.grade.submissions import MAX_LINE as LONGEST

    rubric = read_rubric(Path("examples/homework/rubric.toml"))
    question = rubric.questions[0].id
    table = tmp_path / "s.csv"
    table.write_text(f"id,{question}\na,1\nb,{'w' * (2 * LONGEST)}\nc,2\n")
    found = list(read_submissions([table], rubric))
    assert [s.id for s in found][::2] == ["a", "c"]
    assert "longer than" in found[1].problem


@pytest.mark.parametrize("line", ["tied = 1", "wire = 1", "loss = []", "stage = 3", "x = 1"])
def test_joined_recurrences_of_wrong_types_name_file_and_line(
    line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stages = (
        "[stage.a]\ndefine = ['h_t = w h_{t-1}']\n[stage.b]\n"
        "define = ['s_t = v s_{t-1}', 'E = \\sum_{t=1}^T s_t']\n"
    )
    file = tmp_path / "j.toml"
    file.write_text(f"# joined\n{line}\n" + ("" if "stage" in line else stages))
    assert main(["derive", "--across", str(file), "--of", "a.w"]) == 2
    said = capsys.readouterr().err
    assert str(file) in said and "internal" not in said
    assert f"{file}:2:" in said or line not in ("tied = 1", "x = 1")
