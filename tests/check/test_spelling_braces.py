r"""Whatever names a formula has, no pass of the spelling leaves a brace without its other one.

Patterns that take a brace in passing, ``_\{?\s*j\s*\}?``, cut names with scripts in their scripts.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptt_sym.documents.document import document_from_text
from bptt_sym.spelling.one_pass import Pass, Spelling
from bptt_sym.spelling.passes import PASSES, spelt
from tests.check.audited import verdicts

LETTERS = st.sampled_from(list("hscazoxW") + [r"\delta", r"\hat{y}", r"\mathbf{h}"])
INNER = st.sampled_from(
    ["t", "t-1", "T", "i", "j", "hh", "1", "c_j", "t_i", "{t}", r"\mathrm{in}_j", "(t)", "(t)_i"]
    + ["<t>", "i,t", "t,i", "k_{n}", r"\text{rec}"]
)
BEHIND = st.sampled_from(["", "", "(t)", "(t-1)", "^2", "'", r"^\top", "[i]"])


@st.composite
def names(draw: st.DrawFn) -> str:
    """A name with scripts, and scripts in these."""
    marks = draw(st.sampled_from([("_",), ("^",), ("_", "^"), ("^", "_"), ()]))
    return draw(LETTERS) + "".join(f"{m}{{{draw(INNER)}}}" for m in marks) + draw(BEHIND)


FRAMES = (
    r"\frac{\partial %s}{\partial %s} = %s",
    r"\frac{\partial %s}{\partial %s} = \sum_{j} \frac{\partial %s}{\partial %s} %s",
    r"%s = \tanh(%s %s + %s)",
    r"%s = \frac{e^{%s}}{\sum_{j} e^{%s}}",
    r"\delta_{t} = %s \odot \underbrace{%s}_{%s} + \text{a term of } %s",
    r"L = -\sum_i %s \log %s",
    r"\nabla_{%s} L = \left(%s - %s\right) %s",
)


def depth_is_kept(latex: str) -> bool:
    """Whether every brace has its other one."""
    plain = latex.replace("\\\\", "").replace("\\{", "").replace("\\}", "")
    depth = 0
    for c in plain:
        depth += (c == "{") - (c == "}")
        if depth < 0:
            return False
    return depth == 0


@given(st.sampled_from(FRAMES), st.data())
def test_every_pass_keeps_the_braces_of_a_formula(frame: str, data: st.DataObject) -> None:
    latex = frame % tuple(data.draw(names()) for _ in range(frame.count("%s")))
    cell = r"$$h_t = \tanh(W h_{t-1} + U x_t)$$" "\n\n"
    document = document_from_text(f"{cell}$${latex}$$\n", "n.md")
    spelling = Spelling(document, [replace(f, origin=f) for f in document.formulas])
    for each in PASSES:
        each.run(spelling)
        for formula in spelling.formulas:
            assert depth_is_kept(formula.latex), f"{each.name}: {latex} -> {formula.latex}"


@pytest.mark.parametrize(
    "claim",
    [
        r"\frac{\partial s_{c_j}(t)}{\partial s_{c_j}(t-1)} \approx 1",
        r"v = \frac{2}{\text{number of input units} + \text{number of output units}}",
    ],
)
def test_names_with_scripts_in_scripts_are_not_cut(claim: str) -> None:
    assert verdicts(rf"$$h_t = \tanh(W h_{{t-1}})$$" "\n\n" rf"$${claim}$$")[-1] != "unreadable"


def test_a_pass_that_breaks_off_takes_no_formula_with_it() -> None:
    def broken(spelling: Spelling) -> None:
        spelling.formulas = []
        raise IndexError("list index out of range")

    document = document_from_text("$$h_t = \\tanh(w h_{t-1})$$\n\n$$h_t = h_t$$\n", "a.md")
    with pytest.warns(RuntimeWarning, match="an internal error in broken"):
        found = spelt(document, (*PASSES[:3], Pass("broken", broken), *PASSES[3:]))
    assert [f.latex for f in found.formulas] == [f.latex for f in spelt(document).formulas]
