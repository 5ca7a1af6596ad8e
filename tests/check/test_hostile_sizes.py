"""What is too long, too deep or too much is refused by itself, and the rest is judged."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from bptt_sym.check import models
from bptt_sym.check.audit import audit
from bptt_sym.check.reports import written
from bptt_sym.documents import document as documents
from bptt_sym.documents.document import MAX_ROWS, document_from_text, read_document
from bptt_sym.documents.formats import notebook
from bptt_sym.errors import LimitExceeded
from bptt_sym.read import recurrence_from_latex

CELL = "$$h_t = \\tanh(w h_{t-1} + u_t)$$\n\n"
CLAIM = "$$\\frac{\\partial h_t}{\\partial h_{t-1}} = w (1 - h_t^2)$$\n\n"
#: What is written before the cell and a claim about it, and words of the note.
TOO_MUCH = {
    "rows": ("$$\\begin{aligned}" + r"a_t &= b \\ " * (MAX_ROWS + 1) + "\\end{aligned}$$", "rows"),
    "orders": (CELL + "$$" + r"\frac{\partial}{\partial w}" * 40 + " h_t = 0$$", "order"),
    "equations": (
        "".join(f"$$a^{{({k})}}_t = v_{{{k}}} b^{{({k})}}_t$$\n\n" for k in range(13)),
        "definitions in force",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TOO_MUCH)
def test_what_is_too_much_is_named_and_the_rest_is_judged(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "MAX_DEFINED", 10)
    text, words = TOO_MUCH[name]
    start = time.process_time()
    found = audit(document_from_text(f"{text}\n\n# Another\n\n{CELL}{CLAIM}", "d.md"))
    assert time.process_time() - start < 10
    assert any(words in j.verdict.note for j in found)
    assert found[-1].verdict.verdict in ("right", "undecided")
    assert name == "equations" or found[-1].verdict.verdict == "right"


def test_shapes_of_deep_formulas_are_found_soon() -> None:
    def deep(by: str) -> str:
        return "h_t = " + rf"\tanh({by} " * 24 + "h_{t-1}" + ")" * 24

    start = time.process_time()
    assert recurrence_from_latex([deep("W")]).shape("W") == ("n", "n")
    assert recurrence_from_latex([deep("w")]).shape("w") == ()
    assert time.process_time() - start < 2


def test_a_document_of_too_much_text_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "MAX_TEXT", 4_000)
    for name in ("d.md", "d.tex", "d.html", "d.txt", "d.rst"):
        (tmp_path / name).write_text("the gradient flows back\n" * 210)
        with pytest.raises(LimitExceeded, match="4 million characters"):
            read_document(tmp_path / name)


def test_a_picture_in_the_text_is_no_text() -> None:
    picture = "![](data:image/png;base64," + "Ab9+" * 30_000 + ")\n\n"
    found = document_from_text(picture + CELL, "d.md")
    assert "Ab9+" not in found.words
    assert [f.latex.strip() for f in found.formulas] == [CELL.strip("$\n")]


def test_formulas_beyond_the_limit_are_said_not_to_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_FORMULAS", 3)
    found = audit(document_from_text(CELL + "\n\n".join(["$$a = b$$"] * 9), "d.md"))
    assert [j.verdict.verdict for j in found].count("unreadable") == 1
    assert found[-1].place.line == 7 and "from here on" in found[-1].verdict.note


def test_a_cell_that_is_too_long_takes_no_other_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from bptt_sym.documents import formats

    monkeypatch.setattr(formats, "MAX_TEXT", 1_000)
    cells = [{"cell_type": "markdown", "source": s} for s in (CELL, "words " * 400, CLAIM)]
    found = audit(notebook(json.dumps({"cells": cells}), "n.ipynb"))
    verdicts = [(j.place.cell, j.verdict.verdict) for j in found]
    assert verdicts == [(1, "not_a_claim"), (2, "unreadable"), (3, "right")]


def test_files_that_are_put_in_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bptt_sym.documents import formats

    monkeypatch.setattr(formats, "MAX_TEXT", 100)
    (tmp_path / "a.tex").write_text("words " * 40)
    (tmp_path / "d.tex").write_text("\\input{a}\n" + CELL)
    found = audit(read_document(tmp_path / "d.tex"))
    assert [j.verdict.verdict for j in found] == ["unreadable", "not_a_claim"]


def test_of_a_long_line_the_report_shows_a_part() -> None:
    found = audit(document_from_text("\\[" * 9_000, "d.md"))
    assert len(found) > 90
    for format in ("json", "sarif", "github", "html"):
        assert len(written(found, format)) < 400_000


def test_halves_of_characters_are_in_no_report_raw() -> None:
    cell = {"cell_type": "markdown", "source": "$$h_{\udfff} = \ud800$$"}
    found = audit(notebook(json.dumps({"cells": [cell]}), "a\udcff.ipynb"))
    for format in ("json", "sarif", "github", "html"):
        written(found, format).encode("utf-8")


def test_a_recurrence_that_looks_far_back_has_no_matrix_of_one_step() -> None:
    from bptt_sym.errors import NotSupported
    from bptt_sym.forms import derive

    terms = " + ".join(f"w_{{{k}}} h_{{t-{k}}}" for k in range(1, 67))
    with pytest.raises(NotSupported, match="66 rows"):
        derive(recurrence_from_latex([f"h_t = {terms}"]), "dh[T]/dw_{1}", 5, "series")
