r"""Programs that show formulas: in strings, with one backslash or two, and in comments."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptt_sym.documents.code_files import mask_code, mask_python
from tests.check.test_formats import CELL, RIGHT, WRONG, audited


def twice(latex: str) -> str:
    return latex.replace("\\", "\\\\")


SHOWN = {
    "raw.py": 'st.latex(r"{}")\n', "raw3.py": "display(Math(r'''\n{}\n'''))\n",
    "within.py": 'X = rf"""\nIt is $${}$$ here.\n"""\n',
    "raw.jsx": "<B math={{String.raw`{}`}} />\n",
}  # fmt: skip
DOUBLED = {
    "plain.py": 'st.latex("{}")\n', "doc.py": 'TEXT = """\n<p>It is \\\\({}\\\\), so</p>\n"""\n',
    "page.tsx": '<p>It&apos;s so, isn\'t it: <MB>{{"{}"}}</MB></p>\n',
    "one.js": "katex.render('{}', element);\n", "tick.ts": "const f = `{}`;\n",
    "bank.json": '{{"question": "Show that $${}$$ holds.", "points": 2}}\n',
}  # fmt: skip


@pytest.mark.parametrize("name", [*SHOWN, *DOUBLED])
def test_formulas_of_strings(name: str, tmp_path: Path) -> None:
    line = {**SHOWN, **DOUBLED}[name]
    doubled = twice if name in DOUBLED else str
    text = "".join(line.format(doubled(f)) for f in (CELL, RIGHT, WRONG))
    places, found = zip(*audited(tmp_path, name, text), strict=True)
    assert found == ("not_a_claim", "right", "wrong")
    rows = [text[: text.index(doubled(f))].count("\n") + 1 for f in (CELL, RIGHT, WRONG)]
    assert [int(p.split(":")[1]) for p in places] == rows


def test_ends_of_rows_and_environments_in_doubled_strings(tmp_path: Path) -> None:
    cell, right = (f.replace("=", "&=") for f in (CELL, RIGHT))
    rows = rf"\begin{{align}} {cell} \\" f"\n{right}\n" r"\end{align}"
    text = f'content = """\nThe cell\n{twice(rows)}\n'  # an excerpt that ends in the string
    assert [v for _, v in audited(tmp_path, "e.py", text)] == ["not_a_claim", "right"]


def test_what_is_no_formula_in_a_program_stays_code(tmp_path: Path) -> None:
    text = (
        'import re\nPATTERN = re.compile(r"\\d+=\\w+|\\\\frac")\nh_t = np.tanh(W @ x + U @ h)\n'
        'print("loss = \\t%f" % loss)\nname = "\\\\text files = all of them here"\n'
        "dW = dz.T @ h  # accumulated over all of the steps\n"
    )
    assert audited(tmp_path, "n.py", text) == []


def test_a_comment_holds_text(tmp_path: Path) -> None:
    text = f"# The cell is ${CELL}$.\nh = cell(x)  # so ${RIGHT}$\n"
    assert [v for _, v in audited(tmp_path, "c.py", text)] == ["not_a_claim", "right"]


@given(st.text(alphabet="\"'`\\ \nrf#axt=${}()", max_size=200))
def test_every_character_keeps_its_place(text: str) -> None:
    for mask in (mask_code, mask_python):
        shown = mask(text).text
        assert len(shown) == len(text)
        assert [k for k, c in enumerate(shown) if c == "\n"] == [
            k for k, c in enumerate(text) if c == "\n"
        ]


@pytest.mark.parametrize("piece", ['"""', "'''", "`", '"a', "\\", 'r"', '""" `'])
def test_strings_that_nothing_closes_take_little_time(piece: str) -> None:
    start = time.process_time()
    mask_python(piece * 40_000)
    assert time.process_time() - start < 5
