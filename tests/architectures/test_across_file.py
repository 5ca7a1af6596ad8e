"""Joined recurrences told in a file, and the command line that derives across them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bptt_sym.across import derive_across, joined_from_file
from bptt_sym.cli import main
from bptt_sym.errors import BpttError, InputError

TRANSLATOR = Path(__file__).parents[2] / "examples" / "translator.toml"
BIDIRECTIONAL = r"""
loss = "E"

[stage.forward]
cell = "elman-vector"
option = ["bias=one"]

[stage.backward]
cell = "elman-vector"
option = ["bias=one"]

[stage.top]
define = [
  'o_t = A p_t + B q_t',
  'e_t = (v^\top o_t)^2',
  'E = \sum_{t=1}^T e_t',
]
shape = ['v=k', 'e=scalar', 'o=k', 'p=n', 'q=n', 'A=k×n', 'B=k×n']

[[wire]]
from = "forward.h"
to = "top.p"

[[wire]]
from = "backward.h"
to = "top.q"
how = "reversed"

[tied]
"backward.W_{ih}" = "forward.W_{ih}"
"""


def test_the_example_is_derived_by_every_parameter() -> None:
    net = joined_from_file(TRANSLATOR)
    assert net.parameters == ("encoder.W", "encoder.U", "encoder.b", "decoder.V", "decoder.p")
    for parameter in net.parameters:
        assert all(v.is_right for v in derive_across(net, parameter).replay())


def test_two_directions_with_a_tied_weight(tmp_path: Path) -> None:
    file = tmp_path / "net.toml"
    file.write_text(BIDIRECTIONAL, encoding="utf-8")
    across = derive_across(joined_from_file(file), "forward.W_{ih}", "series")
    across.replay()
    assert {w.words.partition(" passes")[0] for w in across.parts if not isinstance(w, tuple)} == {
        "what top"
    }
    assert sum(isinstance(p, tuple) for p in across.parts) == 2  # used in both directions


@pytest.mark.parametrize("format", ["text", "latex", "markdown", "json"])
def test_the_command_line_prints_it(format: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["derive", "--across", str(TRANSLATOR), "--of", "encoder.U", "--form", "series"]
    assert main([*arguments, "--format", format]) == 0
    out = capsys.readouterr().out
    if format == "json":
        parts = json.loads(out)["parts"]
        assert [len(p["derivation"]["steps"]) > 5 for p in parts[:2]] == [True, True]
        assert parts[2]["derivation"] is None
    else:
        assert {"text": "η = (∂E/∂s₀)ᵀ"}.get(format, r"\eta = (") in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--across", "nowhere.toml", "--of", "a.b"], "no such file"),
        (["--across", str(TRANSLATOR)], "needs --of"),
        (["--across", str(TRANSLATOR), "--of", "encoder.Q"], "no parameter 'encoder.Q'"),
        (["--across", str(TRANSLATOR), "--of", "encoder.U", "--format", "html"], "no format"),
        (["--across", str(TRANSLATOR), "elman"], "leave out CELL"),
    ],
)
def test_wrong_use_is_a_message(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["derive", *arguments]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[stage.forward]", "[stage.forward", "Expected"),
        ('how = "reversed"', 'how = "backwards"', "how = 'backwards'"),
        ('cell = "elman-vector"', 'cell = "elmann"', "stage.forward: no cell 'elmann'"),
        ("[stage.top]", "[stage.top]\nsteps = 3", "'steps' is not known"),
        ('from = "forward.h"', 'from = "forward"', "a wire goes from"),
        ('loss = "E"', 'loss = "L"', "no total 'L'"),
        ('to = "top.p"', 'to = "top.z"', "no input or state 'z'"),
        ("'o_t = A p_t + B q_t'", "'o_t = A p_t +'", "stage.top"),
    ],
)
def test_a_mistake_in_the_file_is_a_message(
    old: str, new: str, said: str, tmp_path: Path
) -> None:
    assert old in BIDIRECTIONAL
    file = tmp_path / "net.toml"
    file.write_text(BIDIRECTIONAL.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BpttError, match=said):
        joined_from_file(file)


def test_one_stage_is_no_join(tmp_path: Path) -> None:
    file = tmp_path / "net.toml"
    file.write_text("[stage.one]\ncell = 'elman'\n", encoding="utf-8")
    with pytest.raises(InputError, match="two or more stages"):
        joined_from_file(file)
