"""Hypotheses on weights with their signs: what bounds and limits follow from them, and what not."""

from dataclasses import replace

import pytest

from bptt_sym.check.answer import Court
from bptt_sym.check.audit import audit
from bptt_sym.check.spectral import with_sizes
from bptt_sym.documents.document import document_from_text
from bptt_sym.read import Vocabulary, read_claim, recurrence_from_latex

NUMBERS = Court.of(recurrence_from_latex([r"h_t = \tanh(w h_{t-1} + u_t)"], name="n", scalar=True))
VECTORS = Court.of(
    recurrence_from_latex(
        [r"h_t = \tanh(W h_{t-1} + u_t)"], name="v", shapes={"W": ("n", "n"), "u": ("n",)}
    )
)
SLOPE = r"\left|\frac{\partial h_T}{\partial h_k}\right|"
NORM = r"\|\frac{\partial h_T}{\partial h_k}\|"


@pytest.mark.parametrize(
    ("court", "tex", "verdict"),
    [
        # A number that may be negative bounds nothing: it is said that it is supposed not to be.
        (NUMBERS, rf"{SLOPE} \le w^{{T-k}}", "right_under_reading"),
        (NUMBERS, rf"{SLOPE} \le w^{{T-k+1}}", "wrong"),
        (NUMBERS, rf"0 < w < 1 \implies {SLOPE} \le w^{{T-k}}", "right"),
        (NUMBERS, rf"w < 0 \implies {SLOPE} \le w^{{T-k}}", "wrong"),
        (NUMBERS, rf"-1 < w < 1 \implies {SLOPE} \le w^{{T-k}}", "wrong"),
        (NUMBERS, r"\left|\frac{\partial h_t}{\partial h_{t-2}}\right| \le w^2", "right"),
        (NUMBERS, rf"w < 1 \implies {SLOPE} \to 0", "right_under_reading"),
        (NUMBERS, rf"-1 < w < 1 \implies {SLOPE} \to 0", "right"),
        (NUMBERS, rf"-1 < w < 2 \implies {SLOPE} \to 0", "wrong"),
        (NUMBERS, rf"w > 0 \implies {SLOPE} \to 0", "wrong"),
        # Values are put in, and equal sizes are bounds from both sides.
        (NUMBERS, rf"w = 1/2 \implies {SLOPE} \le 1", "right"),
        (NUMBERS, rf"w = 2 \implies {SLOPE} \le 1", "wrong"),
        (NUMBERS, rf"|w| = 1 \implies {SLOPE} \le 1", "right"),
        (VECTORS, rf"W^\top W = I \implies {NORM} \le 1", "right"),
        (VECTORS, rf"W^\top W = I \implies {NORM} \to 0", "wrong"),
        (VECTORS, rf"W^\top W = I \implies {NORM} \le \|W\|/2", "undecided"),
        (VECTORS, rf"\frac12 \|W\| < 1 \implies {NORM} \le 1", "wrong"),
        (VECTORS, rf"2 \|W\| < 1 \implies {NORM} \le 1", "right"),
        # Of other hypotheses nothing is known, and what needs none is right.
        (VECTORS, rf"W = W^\top \implies {NORM} \le \|W\|^{{T-k}}", "right"),
        (VECTORS, rf"W = W^\top \implies {NORM} \le 1", "undecided"),
    ],
)
def test_hypotheses_with_signs(court: Court, tex: str, verdict: str) -> None:
    assert court.judge(read_claim(tex, court.model)).verdict == verdict


def test_what_is_supposed_of_a_sign_is_said() -> None:
    found = NUMBERS.judge(read_claim(rf"{SLOPE} \le w^{{T-k}}", NUMBERS.model))
    assert found.assumptions == ("0 ≤ w",)
    put = NUMBERS.judge(read_claim(rf"w = 1/2 \implies {SLOPE} \le 1", NUMBERS.model))
    assert put.assumptions == ("w = 1/2",)


def test_intervals_in_sentences() -> None:
    text = r"""A network of numbers: $$s_t = \tanh(v s_{t-1} + x_t)$$
If $0 < v < 1$, then $\left|\frac{\partial s_t}{\partial s_k}\right| \le v^{t-k} \to 0$.

For $v \in (0, 1)$: $\left|\frac{\partial s_t}{\partial s_k}\right| < 1$.

For $v \in (0, 2)$: $\left|\frac{\partial s_t}{\partial s_k}\right| < 1$.
"""
    judged = audit(document_from_text(text, "n.md"))
    found = [j.verdict.verdict for j in judged if "partial" in j.latex]
    assert found[:2] == ["right", "right"]
    assert found[2] in ("wrong", "undecided")


def _vectors(equation: str) -> Court:
    shapes = {"W": ("n", "n"), **({"u": ("n",)} if "u_t" in equation else {})}
    return Court.of(recurrence_from_latex([equation], name="v", shapes=shapes))


@pytest.mark.parametrize(
    ("equation", "tex", "verdict"),
    [
        # Powers of the weight go by its spectral radius,
        (r"h_t = W h_{t-1} + u_t", rf"\rho(W) < 1 \implies {NORM} \to 0", "right"),
        (r"h_t = W h_{t-1} + u_t", rf"\rho(W) > 1 \implies {NORM} \to \infty", "right"),
        (r"h_t = W h_{t-1} + u_t", rf"\rho(W) < 2 \implies {NORM} \to 0", "undecided"),
        (r"h_t = W h_{t-1} + u_t", rf"\rho(W) > 1/2 \implies {NORM} \to \infty", "undecided"),
        # and with slopes between them they do not (Pascanu, Mikolov and Bengio 2013 have norms).
        (r"h_t = \tanh(W h_{t-1} + u_t)", rf"\rho(W) < 1 \implies {NORM} \to 0", "wrong"),
        (r"h_t = \sigma(W h_{t-1} + u_t)", rf"\rho(W) < 4 \implies {NORM} \to 0", "wrong"),
        (r"h_t = \tanh(W h_{t-1})", rf"\rho(W) < 1 \implies {NORM} \to 0", "undecided"),
        (r"h_t = \sigma(W h_{t-1} + u_t)", rf"\|W\| > 4 \implies {NORM} \to \infty", "wrong"),
        (r"h_t = \sigma(W h_{t-1})", rf"\|W\| > 4 \implies {NORM} \to \infty", "undecided"),
        (r"h_t = \sigma(W h_{t-1} + u_t)", rf"\|W\| < 4 \implies {NORM} \to 0", "right"),
    ],
)
def test_spectral_radii_and_steady_runs(equation: str, tex: str, verdict: str) -> None:
    court = _vectors(equation)
    vocabulary = with_sizes(Vocabulary.of(court.model), tex)
    known = vocabulary.parameters | {r"\infty"}
    claim = read_claim(tex, court.model, vocabulary=replace(vocabulary, parameters=known))
    assert court.judge(claim).verdict == verdict
