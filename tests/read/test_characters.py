"""What HTML writes for a character is that character, wherever it stands."""

from __future__ import annotations

import html
from html.entities import html5
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptt_sym.check.audit import audit
from bptt_sym.documents.characters import with_characters, with_padded_characters
from bptt_sym.documents.document import document_from_text
from bptt_sym.documents.formats import document_in

NAMES = st.sampled_from([n for n in html5 if n.endswith(";") and len(n) > 2])
NUMBERS = st.integers(33, 0x2FFF).map(lambda n: f"#{n};") | st.just("#x2212;")


def decoded(text: str) -> str:
    return "".join(c for c, _ in with_characters([(c, i) for i, c in enumerate(text)]))


@given(st.lists(st.sampled_from(["a", " ", "& b &= c;", "&;", "1"]) | (NAMES | NUMBERS).map(
    lambda n: f"&{n}"), max_size=6))  # fmt: skip
def test_names_are_those_of_html(pieces: list[str]) -> None:
    text = "".join(pieces)
    wanted = "".join(html.unescape(p) if p.startswith("&") and " " not in p and p != "&;" else p
                     for p in pieces)  # fmt: skip
    assert "".join(decoded(text).split()) == "".join(wanted.split())
    padded = with_padded_characters(text)
    assert len(padded) == len(text)


def test_columns_of_an_alignment_are_no_names() -> None:
    for text in (r"a &x; &= b", "h_t &= w; c", "&nothing;", "&" * 100_000, "&a" * 50_000):
        assert decoded(text) == with_padded_characters(text) == text


@pytest.mark.parametrize("minus", ["&minus;", "&#8722;", "&#x2212;", "−", "-"])
def test_formulas_in_the_words_of_a_page_are_read(minus: str) -> None:
    text = (
        "<p>h<sub>t</sub> = tanh(w h<sub>t%1</sub> + u<sub>t</sub>)</p>"
        "<p>&part;h<sub>t</sub>/&part;h<sub>t%1</sub> = (1 % h<sub>t</sub><sup>2</sup>) w</p>"
        "<p>&part;h<sub>t</sub>/&part;h<sub>t%1</sub> = (1 % h<sub>t</sub>) w</p>"
    ).replace("%", minus)
    found = audit(document_in(Path("p.html"), text))
    assert [j.verdict.verdict for j in found] == ["right", "wrong"]


def test_characters_in_a_formula_of_latex_are_read() -> None:
    cell = r"$$h_t = \tanh(w h_{t&minus;1} + u_t)$$"
    text = cell + r"$$\partial h_t/\partial h_{t-1} = (1&#45;h_t^2)w$$"
    found = audit(document_from_text(text, "a.tex", tex=True))
    assert [j.verdict.verdict for j in found] == ["not_a_claim", "right"]
