"""Proofs that read: every theorem prints in every format, and what is printed parses back."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from fractions import Fraction

import pytest
from published import load

from bptt_sym import prove
from bptt_sym.prove import language, library, notation, printing
from bptt_sym.prove.kernel import Poly, term
from bptt_sym.prove.language import claim_of, integers, product, reals, tanh, total
from bptt_sym.prove.limits import vanishes

NAMES = library.names()


@pytest.mark.parametrize("name", ["ex1", "ex2", "p4", "p5", "p12", "series"])
def test_a_theorem_prints_in_every_format(name: str) -> None:
    made = load(name)
    for form in ("text", "latex", "markdown", "json"):
        assert prove.render(made, form)
    with pytest.raises(ValueError, match="no such format: pdf"):
        prove.render(made, "pdf")


@pytest.mark.parametrize("name", NAMES)
def test_latex_is_ascii_and_its_braces_and_dollars_balance(name: str) -> None:
    tex = printing.latex(load(name))
    assert re.findall(r"[^\x00-\x7f]", tex) == []
    bare = tex.replace(r"\{", "").replace(r"\}", "")
    assert bare.count("{") == bare.count("}")
    assert tex.count("$") % 2 == 0
    assert "$$" not in tex
    assert tex.count(r"\left") == tex.count(r"\right")


def test_the_induction_is_spelled_out() -> None:
    text = prove.render(load("ex2"))
    assert "By induction on T. Base: ∏[j=t..t − 1] (1 − hⱼ²) ≤ 1. Step: suppose" in text
    assert text.rstrip().endswith("tanh_exp.")
    assert "∎" in text


def test_json_has_the_statement_the_steps_and_the_trusted_facts() -> None:
    data = json.loads(prove.render(load("ex3"), "json"))
    assert data["steps"][-1]["claim"] == r"\frac{\partial h_{1}}{\partial w} = 0"
    assert data["trusted_facts"] == ["differentiation rules"]


def test_a_statement_keeps_its_shape_and_comes_back_from_json() -> None:
    (x, y), (k, n) = reals("x y"), integers("k n")
    claim = total(k, 1, n, x**k * product(k, 1, n, 1 - tanh(y) ** 2)) <= (x + y) / (1 - x)
    assert notation.text(claim) == (
        "Σ[k=1..n] xᵏ (∏[k=1..n] (1 − tanh(y)²)) ≤ (x + y)/(1 − x)")
    table: list[object] = []
    again = notation.from_json(json.loads(json.dumps(notation.to_json(claim, table))), table)
    assert again.formula == claim.formula
    assert notation.latex(again) == notation.latex(claim)


def test_a_kernel_formula_prints_with_its_negative_part_on_the_other_side() -> None:
    x = term(("v", "x"))
    assert notation.text(claim_of(("ge", Poly.of(1) - x * x))) == "x² ≤ 1"
    assert notation.text(claim_of(("gt", x))) == "x > 0"


def test_the_catalogue_names_every_theorem_once() -> None:
    entries = prove.catalogue()
    assert [e.name for e in entries] == list(NAMES)
    assert len(set(NAMES)) == len(NAMES) >= 29
    assert all(e.title and e.source and e.statement_latex for e in entries)


def test_an_unknown_theorem_is_named() -> None:
    with pytest.raises(prove.UnknownTheorem, match="no theorem 'ex9'; there are ex1"):
        prove.load("ex9")


def test_the_functions_of_the_package_do_not_depend_on_what_was_imported_before() -> None:
    code = ("import bptt_sym.prove.printing, bptt_sym.prove.library\n"
            "from bptt_sym import prove\n"
            "print(all(callable(getattr(prove, n)) for n in prove.__all__))")
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "True"


def test_a_limit_prints_as_one_and_nothing_else_does() -> None:
    n, x, eps = integers("n")[0], reals("x")[0], reals("epsilon")[0]
    r = language.sequence("r", n)
    assert notation.text(vanishes(n, r)) == "rₙ → 0 (n → ∞)"
    assert notation.text(vanishes(n, r - x)) == "rₙ → x (n → ∞)"
    assert notation.latex(vanishes(n, r - x)) == r"r_{n} \to x \;\; (n \to \infty)"
    assert "→" not in notation.text(vanishes(n, r * eps))  # ε is bound there: no limit


@pytest.mark.parametrize(("value", "shown"), [
    (Fraction(216, 10**157), "216·10⁻¹⁵⁷"), (Fraction(-1, 10**9), "−10⁻⁹"), (10**12, "10¹²"),
    (123456789012, "123456789012"), (Fraction(1663715, 10**7), "0.1663715"), (0, "0"),
])
def test_very_small_and_very_large_numbers_print_as_powers_of_ten(value, shown) -> None:
    assert notation.text(language.number(value)) == shown
