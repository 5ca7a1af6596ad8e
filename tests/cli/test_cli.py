"""The command line as a contract: exit status, streams, formats, messages, start-up."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from bptt_sym.cli import main
from tests.cli.called import BAD, DEFINE, GOOD, OPEN

# -- check


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ([GOOD], 0),
        ([BAD], 1),
        ([OPEN], 3),
        (["h_t = ("], 2),
        ([GOOD, BAD, OPEN], 1),
        ([GOOD, OPEN], 3),
        ([GOOD, BAD, "h_t = ("], 2),
    ],
)
def test_the_exit_status_is_that_of_the_contract(run, claims: list[str], status: int) -> None:
    assert run("check", "--cell", "elman", *claims).status == status


def test_results_and_messages_go_to_their_own_streams(run) -> None:
    result = run("check", "--cell", "elman", GOOD)
    assert "right" in result.out and result.err == ""
    result = run("check", "--cell", "nope", GOOD)
    assert result.out == "" and "nope" in result.err and "elman" in result.err


def test_own_definitions_hypotheses_and_references(run) -> None:
    claim = r"\frac{\partial h_1}{\partial w} = 0"
    assert run("check", "--define", DEFINE, "--assume", "h_0 = 0", claim).status == 0
    assert run("check", "--define", DEFINE, "--assume", "h_0 = 1", claim).status == 1


def test_a_condition_is_a_hypothesis_too(run):
    tends = r"\frac{\partial h_T}{\partial h_0} \to 0"
    shrinks = r"|\frac{\partial h_T}{\partial h_0}| \le 2^{-T}"
    equal = r"\frac{\partial h_t}{\partial h_{t-1}} = w"

    def status(claim: str, *hypotheses: str) -> int:
        options = [part for h in hypotheses for part in ("--assume", h)]
        return run("check", "--define", r"h_t = \tanh(w h_{t-1} + x_t)", *options, claim).status

    assert status(tends) == 1
    assert status(tends, "|w| < 1") == 0
    assert status(shrinks, "|w| \\le 1") == 1
    assert status(shrinks, r"|w| \le \frac12", "h_0 = 0") == 0
    assert status(equal) == 1
    assert status(equal, "w > 1") == 3  # it cannot be put in
    assert status(equal, "w > 1", "x_t = 0", "h_0 = 0") == 0
    assert status(equal, "x_t = 0", "h_0 = 0") == 0
    same = ("check", "--define", DEFINE, "--reference", "(1-h_t^2) h_{t-1}")
    assert run(*same, "h_{t-1}(1-h_t)(1+h_t)").status == 0
    wrong = run(*same, "h_{t-1}(1-h_t)")
    assert wrong.status == 1
    # The answer is mended, not the reference.
    assert "BP013" in wrong.out
    assert "right would be h_{t-1} \\left(1 - h_t^{2}\\right)\n" in wrong.out


def test_a_reference_is_taken_as_it_stands(run) -> None:
    """Only the answer may need a reading: the reference's derivative is the total one."""
    reference = r"(1-h_t^2)(h_{t-1} + w\frac{\partial h_{t-1}}{\partial w})"
    command = ("check", "--define", r"h_t = \tanh(w h_{t-1} + u_t)", "--reference", reference)
    assert run(*command, r"(1-h_t^2)(h_{t-1} + w (1-h_{t-1}^2) h_{t-2})").status == 1
    short = run(*command, r"(1-h_t^2) h_{t-1}")
    assert short.status == 1 and "BP001" in short.out
    assert run(*command, r"(1-h_t^2) h_{t-1} + (1-h_t^2) w \frac{d h_{t-1}}{d w}").status == 0


def test_shapes_may_be_given(run) -> None:
    define = ("check", "--define", r"h_t = \tanh(W h_{t-1} + u_t)")
    scalar = r"\frac{\partial h_t}{\partial h_{t-1}} = W (1 - h_t^2)"
    assert run(*define, "--scalar", scalar).status == 0
    assert "right if read so" not in run(*define, "--scalar", scalar).out
    matrix = r"\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1 - h_t^2) W"
    assert run(*define, "--shape", "W=n×n", matrix).status == 0
    clash = run(*define, "--shape", "W=3x2", matrix)
    assert clash.status == 2 and "3" in clash.err and "2" in clash.err


def test_an_error_shows_place_line_caret_and_hint(run) -> None:
    result = run("check", "--define", r"h_t = \tanh(w h_{t-1", GOOD)
    first, line, caret, hint = result.err.splitlines()
    assert first.startswith("--define:1:17: ")
    assert line.endswith(r"h_t = \tanh(w h_{t-1")
    assert caret.index("^") == line.index("{")
    assert hint.strip().startswith("hint:")


@pytest.mark.parametrize(
    ("cell", "claim", "token", "words"),
    [
        ("elman-vector", "h_t = W_{ih} W_{ih}", "W_{ih} W_{ih}", "inner dimensions"),
        ("elman-vector", "h_t = x_t", "x_t", "the right side is m, the left side n"),
        ("elman", "h_t = q", "q", "no definition gives q"),
    ],
)
def test_clashing_shapes_and_unknown_names_have_a_place(
    run, cell: str, claim: str, token: str, words: str
) -> None:
    result = run("check", "--cell", cell, claim)
    assert result.status == 2 and words in result.out
    line, caret = (row.split("| ", 1)[1] for row in result.out.splitlines() if "| " in row)
    start = caret.index("^")
    assert line[start : start + caret.count("^")] in token


def test_json_is_the_report_for_machines(run) -> None:
    result = run("check", "--json", "--cell", "elman", GOOD, BAD, "h_t = (")
    report = json.loads(result.out)
    assert [e["verdict"] for e in report["equations"]] == ["right", "wrong", "unreadable"]
    assert report["summary"]["wrong"] == 1 and result.status == 2
    assert "<claim 3>:1:" in result.err


def test_a_claim_is_read_from_standard_input(run, monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(f"$$\n{GOOD}\n$$\n".encode()))
    monkeypatch.setattr("sys.stdin", stdin)
    result = run("check", "--cell", "elman", "-")
    assert result.status == 0 and "<stdin>" in result.out


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["nonsense"],
        ["check"],
        ["check", "--cell", "elman"],
        ["check", GOOD],
        ["check", "--cell", "elman", "--define", DEFINE, GOOD],
        ["check", "--define", DEFINE, "--shape", "W", GOOD],
        ["check", "--define", DEFINE, "--shape", "q=n", GOOD],
        ["check", "--cell", "elman", "--option", "bias", GOOD],
        ["check", "--cell", "elman", "--assume", "h_0 = w", GOOD],
        ["check", "--batch", "no such file"],
        ["derive", "nope"],
        ["derive", "elman", "-T", "0"],
        ["derive", "elman", "-T", "x"],
        ["derive", "elman", "--of", "dq[T]/dw"],
        ["derive", "elman", "--form", "nonsense"],
        ["derive"],
        ["audit"],
        ["audit", "no such file"],
        ["prove", "nope"],
        ["flow", "elman", "-T", "0"],
        ["flow", "elman", "-T", "T"],
        ["flow", "elman", "--dim", "n=0"],
        ["flow", "--scenario", "nope"],
        ["flow", "--scenario", "vanishing", "--weights", "w.npz"],
    ],
)
def test_wrong_use_is_a_message_and_status_2(run, argv: list[str]) -> None:
    result = run(*argv)
    assert result.status == 2
    assert result.err.strip() and "Traceback" not in result.err


# -- batch


def write_lines(path: Path, entries: list[object]) -> str:
    path.write_text("".join(json.dumps(e) + "\n" for e in entries))
    return str(path)


def test_a_batch_keeps_the_order_and_survives_bad_lines(run, tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    write_lines(path, [
        {"id": 1, "claim": GOOD, "cell": "elman"},
        {"id": "b", "claim": BAD, "define": [DEFINE]},
        ["not an object"],
        {"id": 4},
        {"id": 5, "claim": "h_t", "cell": "elman", "reference": "h_t"},
        {"id": 6, "claim": "h_0 = 0", "define": DEFINE, "assume": "h_0 = 0"},
        {"id": 7, "claim": GOOD, "cell": "nope"},
    ])  # fmt: skip
    with path.open("ab") as file:
        file.write(b"{broken\n\n\xff\xfe\n")
    result = run("check", "--batch", str(path))
    lines = [json.loads(line) for line in result.out.splitlines()]
    assert [(line["id"], line["verdict"]) for line in lines] == [
        (1, "right"), ("b", "wrong"), (None, "unreadable"), (4, "unreadable"), (5, "right"),
        (6, "right"), (7, "unreadable"), (None, "unreadable"), (None, "unreadable"),
    ]  # fmt: skip
    assert result.status == 2
    assert "line 3" in lines[2]["note"] and result.err == ""


def test_a_batch_on_several_processes_says_the_same(run, tmp_path: Path) -> None:
    entries: list[object] = [
        {"id": n, "claim": (GOOD, BAD, OPEN)[n % 3], "cell": "elman"} for n in range(99)
    ]
    path = write_lines(tmp_path / "in.jsonl", entries)
    one, two = (run("check", "--batch", path, "--jobs", n) for n in ("1", "2"))
    assert one.out == two.out and one.status == two.status == 1
    assert [json.loads(line)["id"] for line in two.out.splitlines()] == list(range(99))


def test_options_are_the_defaults_of_a_batch(run, tmp_path: Path) -> None:
    path = write_lines(tmp_path / "in.jsonl", [{"claim": GOOD}, {"claim": GOOD, "cell": "lstm"}])
    result = run("check", "--cell", "elman", "--batch", path)
    verdicts = [json.loads(line)["verdict"] for line in result.out.splitlines()]
    assert verdicts == ["right", "unreadable"]


def test_a_batch_draws_its_progress_on_a_terminal_only(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "in.jsonl", [{"claim": GOOD, "cell": "elman"}] * 7)
    argv = [sys.executable, "-m", "bptt_sym.cli", "check", "--batch", path]
    env = {"PYTHONPATH": ":".join(p for p in sys.path if p), "TERM": "xterm"}
    reader, terminal = pty.openpty()
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=terminal, env=env, check=True)
    os.close(terminal)
    drawn = b""
    with contextlib.suppress(OSError):  # the other end of the terminal is closed
        while chunk := os.read(reader, 4096):
            drawn += chunk
    os.close(reader)
    assert b"7/7" in drawn
    assert [json.loads(line)["verdict"] for line in done.stdout.splitlines()] == ["right"] * 7
    quiet = subprocess.run(argv, capture_output=True, env=env, check=True)
    assert quiet.stderr == b"" and quiet.stdout == done.stdout


# -- audit


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    path = tmp_path / "notes.md"
    path.write_text(f"# Notes\n\n$${DEFINE}$$\n\n$${GOOD}$$\n\n$${BAD}$$\n\n$$h_t = ($$\n")
    return path


def test_an_audit_reports_every_formula(run, notes: Path) -> None:
    result = run("audit", str(notes))
    assert result.status == 2
    assert result.out.splitlines()[0] == str(notes)
    assert "1 right, 1 wrong, 1 unreadable, 1 not a claim" in result.out
    assert "\x1b" not in result.out


def test_a_missing_file_does_not_stop_the_others(run, notes: Path, tmp_path: Path) -> None:
    binary = tmp_path / "b.md"
    binary.write_bytes(b"\0\1")
    result = run("audit", "missing.md", str(binary), str(notes))
    assert result.status == 2
    assert "missing.md: there is no such file" in result.err
    assert "binary" in result.err
    assert "1 right, 1 wrong" in result.out


def test_audit_formats(run, notes: Path, tmp_path: Path) -> None:
    report = json.loads(run("audit", "--format", "json", str(notes)).out)
    entry = report["equations"][2]
    assert (entry["file"], entry["line"], entry["column"]) == (str(notes), 7, 3)
    assert entry["verdict"] == "wrong" and entry["counterexample"]["values"]
    annotations = run("audit", "--format", "github", str(notes)).out.splitlines()
    assert [a.split(" ")[0] for a in annotations] == ["::error", "::error"]
    assert f"file={notes},line=7,col=44," in annotations[0]
    out = tmp_path / "report.txt"
    result = run("audit", "-o", str(out), str(notes))
    assert result.out == "" and "WRONG" in out.read_text()
    assert run("audit", "-o", str(tmp_path / "no" / "x"), str(notes)).status == 2


def test_control_characters_of_a_document_are_not_printed(run, tmp_path: Path) -> None:
    path = tmp_path / "n.md"
    path.write_text("$$h_t = \x1b[31m 1$$\n$$x = \x9b1 y$$\n", encoding="utf-8")
    result = run("audit", str(path))
    assert "\x1b" not in result.out + result.err and "\x9b" not in result.out + result.err


# -- start-up and failures


def test_a_failure_of_the_program_is_a_message(run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr("bptt_sym.check.setting.horizon", broken)
    result = run("derive", "elman")
    assert result.status == 3 and "internal error" in result.err and "planted" in result.err
    with pytest.raises(ZeroDivisionError):
        main(["derive", "--debug", "elman"])


def imported(*argv: str) -> tuple[subprocess.CompletedProcess[str], set[str]]:
    """A run of the program in a process of its own, and the packages that it imports."""
    code = (
        "import sys; from bptt_sym.cli import main; status = main();"
        "sys.stdout.flush(); print(*sys.modules, file=sys.stderr); sys.exit(status)"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code, *argv],
        env={"PYTHONPATH": ":".join(p for p in sys.path if p)}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    modules = {tuple(m.split(".")) for m in done.stderr.split()}
    foreign = {m[0] for m in modules} - sys.stdlib_module_names - {"__main__", "bptt_sym"}
    return done, foreign | {f"bptt_sym.{m[1]}" for m in modules if m[0] == "bptt_sym" and m[1:]}


def test_help_shows_the_commands_and_imports_nothing_that_takes_time() -> None:
    done, packages = imported("--help")
    assert done.returncode == 0
    for name in ("derive", "check", "audit", "prove"):
        assert name in done.stdout
    assert packages == {"bptt_sym.arguments", "bptt_sym.cli"}


def test_a_check_imports_no_more_than_it_needs() -> None:
    done, packages = imported("check", "--cell", "elman", GOOD)
    assert done.returncode == 0, done.stderr
    assert {p for p in packages if "." not in p} == {"numpy"}
    unneeded = {"definitions", "evaluate", "graph", "prove", "spelling", "testing", "train"}
    assert packages & {f"bptt_sym.{name}" for name in unneeded} == set()
    assert {"bptt_sym.decide", "bptt_sym.read"} <= packages


def test_a_reader_that_goes_away_is_no_failure() -> None:
    done = subprocess.run(
        f"{sys.executable} -m bptt_sym.cli derive elman -T 30 --format latex | head -1",
        shell=True, env={"PYTHONPATH": ":".join(p for p in sys.path if p), "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr == ""
