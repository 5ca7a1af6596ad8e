"""Reports on documents: SARIF against its schema, HTML looked at by a browser, annotations."""

from __future__ import annotations

import json
import re
import shutil
import struct
import subprocess
import zlib
from functools import cache
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from bptt_sym.check.audit import audit
from bptt_sym.check.exercises import exercise, mark
from bptt_sym.check.exercises.feedback import feedback
from bptt_sym.check.judged import Judged
from bptt_sym.check.page import formula_html, mathml_of
from bptt_sym.check.report import entry, github, plain
from bptt_sym.check.report_html import report_html
from bptt_sym.check.reports import FORMATS, written
from bptt_sym.check.sarif import sarif, uri
from bptt_sym.cli import main
from bptt_sym.diagnose.diagnosis import CODES
from bptt_sym.documents.document import document_from_text, read_document
from bptt_sym.errors import NotSupported
from bptt_sym.messages import translator
from tests.check.notes import notes

CELL = r"The cell $h_t = \tanh(w h_{t-1} + u_t)$."
BROKEN = rf"""{CELL}

𝔸𝔹 $$h_t = \tanh(w h_{{t-1}}$$

$$\frac{{\partial h_t}}{{\partial w}} = (1 - h_t^2) h_{{t-1}}$$ and $q_t = q_{{t-1}} + r_0$

$$\frac{{\partial h_t}}{{\partial h_{{t-1}}}} = (1 - h_t^2)$$
"""


@cache
def broken() -> tuple[Judged, ...]:
    return tuple(audit(document_from_text(BROKEN, "my notes.md")))


SLIPS = [
    # (formula, what is wrong in it)
    (r"[\partial h_t/\partial w] = (1 - h_t^2) h_t", "h_t"),
    (r"\frac{\partial h_T}{\partial w} = \sum_{t=1}^T w^{T-t} \prod_{j=t+1}^T (1-h_j^2) h_{t-1}",
     r"\prod_{j=t+1}^T (1-h_j^2)"),
    (r"\frac{\partial h_t}{\partial h_{t-1}} = (1 + h_t^2) w", r"1 + h_t^2"),
]  # fmt: skip


@pytest.mark.parametrize(("latex", "wrong"), SLIPS)
def test_every_report_points_at_the_part_that_is_wrong(latex: str, wrong: str) -> None:
    line = f"Hence, as we saw, {' ' * 3}$${latex}$$ and so on."
    judged = audit(document_from_text(f"{CELL}\n\n{line}\n", "n.md"))[-1]
    part = judged.part
    assert part is not None and part.place.line == 3
    column = part.place.column - 1
    assert line[column : column + part.width] == wrong
    # The last place where it stands: the left sides have the same letters.
    assert column == line.rindex(wrong)
    shown = [plain(text) for text in entry(judged)]
    below = next(k for k, text in enumerate(shown) if text.endswith("^"))
    caret = shown[below].index("^")
    assert shown[below - 1][caret : caret + part.width] == wrong
    (result,) = [r for r in sarif([judged])["runs"][0]["results"] if r["level"] == "error"]
    region = result["locations"][0]["physicalLocation"]["region"]
    assert (region["startColumn"], region["endColumn"]) == (column + 1, column + 1 + part.width)
    assert f"col={column + 1}," in "".join(github([judged]))
    assert f"<mark>{escape(wrong)}</mark>" in report_html([judged])


def test_a_name_for_a_formula_is_not_pointed_at_as_if_it_were_the_formula() -> None:
    slope = r"\frac{\partial h_t}{\partial h_{t-1}}"
    text = f"{CELL}\n\n$$A_t = {slope}$$ $${slope} = w A_t$$"
    judged = audit(document_from_text(text, "n.md"))[-1]
    assert judged.verdict.verdict == "wrong"
    if judged.part is not None:
        column = judged.part.place.column - 1
        assert "A_t" in judged.part.line[column : column + judged.part.width]


# ---------------------------------------------------------------------------------------- SARIF


def test_sarif_fits_the_schema_of_the_standard() -> None:
    model = pytest.importorskip(
        "pydantic_sarif.model", reason="pydantic-sarif, made from the schema, is not installed"
    )
    log = model.StaticAnalysisResultsFormatSarifVersion210JsonSchema
    for judged in (notes(), broken(), ()):
        report = json.loads(json.dumps(sarif(judged)))
        log.model_validate(report)
    report = sarif(notes())
    for spoil in (
        lambda r: r["runs"][0]["results"][0].update(level="loud"),
        lambda r: r["runs"][0]["results"][0].update(colour="red"),
        lambda r: r["runs"][0]["results"][0].pop("message"),
        lambda r: r.pop("runs"),
    ):
        bad: dict[str, Any] = json.loads(json.dumps(report))
        spoil(bad)
        with pytest.raises(ValueError):
            log.model_validate(bad)


def test_sarif_has_a_result_for_all_that_is_not_right_and_its_rule() -> None:
    (run,) = sarif(notes())["runs"]
    results, rules = run["results"], run["tool"]["driver"]["rules"]
    worth = [j for j in notes() if j.verdict.verdict not in ("right", "not_a_claim")]
    assert len(results) == len(worth) > 10
    for result, j in zip(results, worth, strict=True):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        region = result["locations"][0]["physicalLocation"]["region"]
        place = (j.fault or j.part or j).place
        assert region["startLine"] == place.line and region["startColumn"] >= 1
        assert result["message"]["text"]
    assert {r["id"] for r in rules} & set(CODES)
    # Code hosts ask for these.
    assert all(r["fullDescription"]["text"] and r["help"]["text"] for r in rules)
    assert run["tool"]["driver"].get("version") == run["tool"]["driver"].get("semanticVersion")
    wrong = [r for r in results if r["level"] == "error"]
    assert len(wrong) == sum(j.verdict.verdict in ("wrong", "unreadable") for j in notes())
    prints = [r["partialFingerprints"]["formula/v1"] for r in results]
    assert len(set(prints)) == len(prints)


def test_sarif_columns_count_utf16_units_and_end_with_the_fault() -> None:
    (result,) = [r for r in sarif(broken())["runs"][0]["results"] if r["ruleId"] == "unreadable"]
    region = result["locations"][0]["physicalLocation"]["region"]
    fault = next(j.fault for j in broken() if j.fault)
    # Two letters before the formula are beyond the first plane.
    assert region["startColumn"] == fault.place.column + 2
    assert region["endColumn"] == region["startColumn"] + fault.width


def test_a_finding_in_a_notebook_names_its_cell(tmp_path: Path) -> None:
    cells = [{"cell_type": "markdown", "metadata": {}, "source": [BROKEN]}]
    path = tmp_path / "n.ipynb"
    path.write_text(
        json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    )
    judged = audit(read_document(path))
    places = [r["locations"][0] for r in sarif(judged)["runs"][0]["results"]]
    assert places and all(p["logicalLocations"][0]["name"] == "cell 1" for p in places)
    assert "[1] 3:" in report_html(judged)


def test_a_finding_keeps_its_fingerprint_when_the_text_before_it_grows() -> None:
    moved = audit(document_from_text("One line more.\n\n" + BROKEN, "my notes.md"))
    before, after = (
        [r["partialFingerprints"] for r in sarif(j)["runs"][0]["results"]]
        for j in (broken(), moved)
    )
    assert before == after


@pytest.mark.parametrize(
    ("file", "shown"),
    [("a b/c.md", "a%20b/c.md"), ("/x/ü.md", "file:///x/%C3%BC.md"), ("<stdin>", "%3Cstdin%3E")],
)
def test_places_are_references(file: str, shown: str) -> None:
    assert uri(file) == shown


# ----------------------------------------------------------------------------------------- HTML


class Page(HTMLParser):
    """Tags, attributes and text, and whether the tags are closed in order."""

    VOID = frozenset(("meta",))

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_the_page_needs_nothing_else() -> None:
    text = report_html(notes())
    page = Page(text)
    assert not {"script", "link", "img", "iframe", "object", "base"} & set(page.tags)
    names = {name for name, _ in page.attributes}
    assert not {"src", "href", "onload", "onclick"} & names
    # The name of MathML is an identifier and not fetched.
    rest = text.replace('xmlns="http://www.w3.org/1998/Math/MathML"', "")
    assert "http" not in re.sub(r"http-equiv", "", rest)
    assert "default-src 'none'" in text


def test_the_page_shows_every_formula_with_its_verdict_and_evidence() -> None:
    page = Page(report_html(notes()))
    assert page.tags.count("section") == len(notes())
    formulas = page.tags.count("math")
    assert formulas >= len(notes()) and "code" in page.tags
    text = "".join(page.texts)
    for j in notes():
        assert f"{j.place.line}:{j.place.column}" in text
        if j.verdict.diagnosis is not None:
            assert j.verdict.diagnosis.message in text
        if j.verdict.counterexample is not None:
            assert j.verdict.counterexample.left in text
        for reading in j.verdict.readings:
            assert reading in text


def test_what_cannot_be_read_is_shown_with_a_caret_below() -> None:
    text = report_html(broken())
    line, under = re.search(r"<pre>(.*)\n<mark>( *\^+)</mark></pre>", text).groups()  # type: ignore[union-attr]
    fault = next(j.fault for j in broken() if j.fault)
    shown = re.sub("<[^>]*>", "", line)
    assert shown.startswith("𝔸𝔹") and under.index("^") == fault.place.column - 1


def test_formulas_among_words_from_right_to_left_are_isolated() -> None:
    cell = r"$$h_t = \tanh(w h_{t-1} + u_t)$$"
    text = cell + r"$$\frac{\partial h_t}{\partial h_{t-1}} = w(1+h_t^2)$$"
    judged = audit(document_from_text(text, "d.md"))
    assert "<bdi" not in report_html(judged)
    page = report_html(judged, "he")
    assert page.count('<bdi dir="ltr">') == 2
    assert "\u2066" not in page and "\u2069" not in page
    assert "הגדרה" in page


@pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("he", "rtl"), ("fa", "rtl")])
def test_the_page_speaks_a_language_in_its_direction(language: str, direction: str) -> None:
    text = report_html(broken(), language)
    assert f'<html lang="{language}" dir="{direction}">' in text
    assert ("wrong" in text.split("</style>")[1].replace('"entry wrong"', "")) == (
        language == "en"
    )


EVIL = [
    r"\text{<script>alert(1)</script>}",
    r"\text{<img src=x onerror=alert(1)>}",
    r"\href{javascript:alert(1)}{x}",
    r"\style{background:url(javascript:1)}{x}",
    r"\class{a}{x}",
    r"\text{</math><script>alert(1)</script>}",
    r"a<script>b",
    r"\text{&lt;script&gt;}",
    r"\mathrm{\text{]]>}}",
    r"<!DOCTYPE x [<!ENTITY a 'b'>]>",
]


@pytest.mark.parametrize("latex", EVIL)
def test_no_formula_brings_markup_of_its_own(latex: str) -> None:
    for display in (False, True):
        page = Page(formula_html(latex, display))
        assert not {"script", "img", "a", "style"} & set(page.tags)
        assert not {"href", "onerror", "src", "style", "class"} & {n for n, _ in page.attributes}


@pytest.mark.parametrize(
    "latex",
    ["{" * 3000, "x" * 100_000, r"\left(" * 500, r"\frac" * 500, "^" * 999, "", r"\\" * 999],
)
def test_formulas_that_cannot_be_set_are_shown_as_written(latex: str) -> None:
    assert Page(formula_html(latex)).tags.count("math") <= 1


def test_mathematics_becomes_mathml_or_nothing() -> None:
    assert "<mfrac>" in str(mathml_of(r"\frac{\partial h_t}{\partial w}"))
    assert "<mtable" in str(mathml_of(r"a &= b \\ &= c", True))
    # A command that is not known is not shown as half a formula.
    assert mathml_of(r"\nonesuch x") is None


# ------------------------------------------------------------------------------- a real browser


def browser() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome", "chrome"):
        found = shutil.which(name)
        if found:
            return found
    pytest.skip("no Chromium to show the page in")


def pixels(png: bytes) -> tuple[int, int, list[bytes]]:
    """Width, height and rows (8-bit RGB or RGBA) of a picture without interlacing."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    pos, data, header = 8, b"", b""
    while pos < len(png):
        (length,), kind = struct.unpack(">I", png[pos : pos + 4]), png[pos + 4 : pos + 8]
        body = png[pos + 8 : pos + 8 + length]
        header = body if kind == b"IHDR" else header
        data += body if kind == b"IDAT" else b""
        pos += 12 + length
    width, height, depth, colour = struct.unpack(">IIBB", header[:10])
    assert depth == 8 and colour in (2, 6)
    size = 3 if colour == 2 else 4
    raw, rows, last = zlib.decompress(data), [], bytes(width * size)
    for y in range(height):
        start = y * (width * size + 1)
        kind_, line = raw[start], bytearray(raw[start + 1 : start + 1 + width * size])
        for x in range(len(line)):
            a = line[x - size] if x >= size else 0
            b, c = last[x], last[x - size] if x >= size else 0
            if kind_ == 1:
                line[x] = (line[x] + a) & 255
            elif kind_ == 2:
                line[x] = (line[x] + b) & 255
            elif kind_ == 3:
                line[x] = (line[x] + (a + b) // 2) & 255
            elif kind_ == 4:
                p = a + b - c
                near = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
                line[x] = (line[x] + near) & 255
        last = bytes(line)
        rows.append(b"".join(last[i : i + 3] for i in range(0, len(last), size)))
    return width, height, rows


def shown(program: str, folder: Path, body: str) -> tuple[int, int, list[bytes]]:
    page, picture = folder / "page.html", folder / "page.png"
    page.write_text(body)
    subprocess.run(
        [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
         "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder / 'profile'}",
         "--window-size=500,260", f"--screenshot={picture}", page.as_uri()],
        check=True, timeout=60, capture_output=True,
    )  # fmt: skip
    return pixels(picture.read_bytes())


def ink(rows: list[bytes]) -> list[int]:
    """How many dark points each row has."""
    return [sum(max(r[i : i + 3]) < 128 for i in range(0, len(r), 3)) for r in rows]


def test_a_browser_sets_the_fraction_without_a_network(tmp_path: Path) -> None:
    program = browser()
    style = "<body style='margin:20px;background:#fff;color:#000;font-size:40px'>"
    fraction = style + formula_html(r"\frac{h}{w}", True)
    _, _, rows = shown(program, tmp_path, fraction)
    dark = ink(rows)
    bands = [y for y in range(1, len(dark)) if dark[y] and not dark[y - 1]]
    # Numerator, bar, denominator one below the other: not the text "\frac{h}{w}" on one line.
    assert len(bands) == 3
    _, _, rows = shown(program, tmp_path, style + "<code>\\frac{h}{w}</code>")
    dark = ink(rows)
    assert len([y for y in range(1, len(dark)) if dark[y] and not dark[y - 1]]) == 1


def test_a_browser_shows_hebrew_from_the_right(tmp_path: Path) -> None:
    program = browser()
    width, _, rows = shown(program, tmp_path, report_html(broken()[:1], "he"))
    columns = [x for r in rows[:80] for x in range(width) if max(r[3 * x : 3 * x + 3]) < 128]
    assert columns and min(columns) > width - max(columns)


# ----------------------------------------------------------------------------- command line


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_from_the_command_line(format: str, tmp_path: Path) -> None:
    document, out = tmp_path / "notes.md", tmp_path / "out"
    document.write_text(BROKEN)
    assert main(["audit", "--format", format, "-o", str(out), str(document)]) == 2
    text = out.read_text()
    assert {"json": '"unreadable": 1', "sarif": '"2.1.0"', "github": "::error ",
            "html": "</html>"}[format] in text  # fmt: skip
    assert written((), format) is not None


def test_the_page_in_hebrew_from_the_command_line(tmp_path: Path) -> None:
    document, out = tmp_path / "notes.md", tmp_path / "out.html"
    document.write_text(BROKEN)
    main(["audit", "--format", "html", "--lang", "he", "-o", str(out), str(document)])
    assert 'dir="rtl"' in out.read_text() and "שגוי" in out.read_text()


def test_an_unknown_format_is_an_error() -> None:
    with pytest.raises(NotSupported):
        written((), "pdf")


def test_the_hook_is_a_command_that_exists() -> None:
    hooks = (Path(__file__).parents[2] / ".pre-commit-hooks.yaml").read_text()
    ids = re.findall(r"^- id: (\S+)$", hooks, re.MULTILINE)
    entries = re.findall(r"^  entry: bptt-sym (.*)$", hooks, re.MULTILINE)
    assert ids == ["bptt-sym-audit"] and len(entries) == 1
    pattern = re.search(r"^  files: (.*)$", hooks, re.MULTILINE)
    assert pattern is not None
    from bptt_sym.arguments import build_parser

    build_parser().parse_args([*entries[0].split(), "notes.md"])
    assert re.search(pattern.group(1), "docs/notes.md") and not re.search(pattern.group(1), "a.py")


def test_a_formula_is_shown_as_the_text_has_it() -> None:
    """What is rewritten to be read (entries of a loss, letters for functions) is not shown so."""
    loss = r"L = -\sum_t \sum_i y_{t,i} \log \hat y_{t,i}"
    rows = (
        r"\frac{\partial L}{\partial V} &= \sum_t (\hat y_t - y_t) h_t^\top",
        r"&= \sum_t (p_t - y_t) h_t^\top",
    )
    text = (
        r"$$h_t = \tanh(W h_{t-1} + U x_t)$$ $$\hat y_t = \mathrm{softmax}(V h_t)$$"
        f"\n\n$${loss}$$\n\n\\begin{{align}}{rows[0]} \\\\ {rows[1]}\\end{{align}}\n"
    )
    shown = [j.latex for j in audit(document_from_text(text, "notes.md"))]
    assert loss in shown
    assert rows[0].replace("&", "").replace("  ", " ") in [" ".join(s.split()) for s in shown]
    assert any(s.startswith(r"\frac{\partial L}{\partial V}") and "p_t" in s for s in shown)


def test_what_cannot_be_read_is_shown_as_it_is_and_in_its_own_direction() -> None:
    text = "$$h_t = \\tanh(w h_{t-1})$$\n\n$$\\frac{ h $$\n"
    page = report_html(audit(document_from_text(text, "n.md")), "he")
    assert "<code>\\frac{ h</code>" in page
    # English words in a Hebrew page: their signs stay in place.
    assert '<p class="open" dir="auto">a brace' in page
    assert '<p class="dim" dir="auto">write }</p>' in page
    marked = mark(exercise("ex3"), r"$$\frac{\partial h_1}{\partial w} = \foo$$")
    lines = [s.words for s in feedback(marked, "hint", translator("he"))]
    assert any("\u2066the command \\foo is not known\u2069" in line for line in lines)
